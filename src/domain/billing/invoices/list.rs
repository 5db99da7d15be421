//! What was issued.

use diesel::prelude::*;
use serde_json::Value;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::{
    access::{
        Overview, Tx,
        permission::{Includes, Permission, ViewBilling},
    },
    error::Error,
    schema::control::{invoice_recipients, invoices},
    values::{AccountId, InvoiceId},
};

use super::{Document, Kind, Party};

/// As many as a list shows: those of eight years and more of months, credit notes included.
pub const MOST: i64 = 200;

/// One in a list.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = invoices)]
pub struct Listed {
    /// Which.
    #[diesel(column_name = invoice_id)]
    pub id: InvoiceId,
    #[diesel(column_name = account_id)]
    account: Uuid,
    /// What it is.
    pub kind: Kind,
    /// Its number.
    pub number: String,
    /// The first day of the month that it accounts for.
    pub month: Date,
    /// When it was issued, in India.
    pub issued_on: Date,
    /// When exactly.
    pub issued_at: OffsetDateTime,
    /// ISO 4217.
    pub currency: String,
    /// What was taxed, in minor units.
    #[diesel(column_name = taxable_minor)]
    pub taxable: i64,
    /// The total, in minor units.
    #[diesel(column_name = total_minor)]
    pub total: i64,
}

/// How many the account has.
pub fn count<P: Includes<ViewBilling>>(tx: &mut Tx<'_, P>) -> Result<i64, Error> {
    Ok(invoices::table.count().get_result(tx.connection())?)
}

/// Those of the account, the latest first.
pub fn page<P: Includes<ViewBilling>>(
    tx: &mut Tx<'_, P>,
    skip: i64,
    limit: i64,
) -> Result<Vec<Listed>, Error> {
    Ok(invoices::table
        .order((invoices::issued_at.desc(), invoices::invoice_id.desc()))
        .select(Listed::as_select())
        .offset(skip)
        .limit(limit)
        .load(tx.connection())?)
}

/// Those that the organization issued to its sub-accounts, deleted ones included, the latest first.
pub fn issued(tx: &mut Overview<'_>) -> Result<Vec<(AccountId, Listed)>, Error> {
    let organization = tx.organization();
    let rows: Vec<Listed> = invoices::table
        .filter(invoices::issuer_id.eq(organization.uuid()))
        .order((invoices::issued_at.desc(), invoices::invoice_id.desc()))
        .select(Listed::as_select())
        .limit(MOST)
        .load(tx.connection())?;
    Ok(rows.into_iter().map(|row| (AccountId::of_row(organization, row.account), row)).collect())
}

/// One as it is shown and printed.
#[derive(Debug, Clone)]
pub struct Issued {
    /// Which.
    pub id: InvoiceId,
    /// All that is printed on it.
    pub document: Document,
    /// Whom it is made out to; none once the account was erased.
    pub recipient: Option<Party>,
    /// The invoice that a credit note is for.
    pub credits: Option<InvoiceId>,
    /// When it was issued.
    pub issued_at: OffsetDateTime,
}

/// One of the account's.
///
/// # Errors
/// [`Error::NotFound`] where it is none of the account's.
pub fn find<P: Permission>(tx: &mut Tx<'_, P>, id: InvoiceId) -> Result<Issued, Error> {
    let key = (tx.organization(), tx.tenant().uuid(), id);
    let (document, credits, issued_at) = invoices::table
        .find(key)
        .select((invoices::document, invoices::credits, invoices::issued_at))
        .first::<(Value, Option<InvoiceId>, OffsetDateTime)>(tx.connection())?;
    let recipient: Option<Value> = invoice_recipients::table
        .find(key)
        .select(invoice_recipients::recipient)
        .first(tx.connection())
        .optional()?;
    assemble(id, document, recipient, credits, issued_at)
}

/// One that the organization issued, whether its account is still there or not.
///
/// # Errors
/// [`Error::NotFound`] where it is none of the organization's.
pub fn find_issued(tx: &mut Overview<'_>, id: InvoiceId) -> Result<Issued, Error> {
    let organization = tx.organization();
    let (document, credits, issued_at) = invoices::table
        .filter(invoices::issuer_id.eq(organization.uuid()))
        .filter(invoices::invoice_id.eq(id))
        .select((invoices::document, invoices::credits, invoices::issued_at))
        .first::<(Value, Option<InvoiceId>, OffsetDateTime)>(tx.connection())?;
    let recipient: Option<Value> = invoice_recipients::table
        .filter(invoice_recipients::organization_id.eq(organization))
        .filter(invoice_recipients::invoice_id.eq(id))
        .select(invoice_recipients::recipient)
        .first(tx.connection())
        .optional()?;
    assemble(id, document, recipient, credits, issued_at)
}

fn assemble(
    id: InvoiceId,
    document: Value,
    recipient: Option<Value>,
    credits: Option<InvoiceId>,
    issued_at: OffsetDateTime,
) -> Result<Issued, Error> {
    let document = serde_json::from_value(document).map_err(Error::internal)?;
    let recipient = recipient.map(serde_json::from_value).transpose().map_err(Error::internal)?;
    Ok(Issued { id, document, recipient, credits, issued_at })
}
