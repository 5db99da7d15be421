//! What was issued.

use diesel::{pg::Pg, prelude::*};
use serde_json::Value;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::{
    access::{
        Overview, Tx,
        permission::{Includes, Permission, ViewBilling},
    },
    error::Error,
    schema::{
        containing,
        control::{invoice_recipients, invoices, sub_accounts},
    },
    values::{AccountId, InvoiceId, OrganizationId, Part, Slice, SubAccountId},
};

use super::{Document, Kind, Month, Party};

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

impl Listed {
    /// The month that it accounts for, as it is shown: `October 2026`.
    pub fn period(&self) -> String {
        super::period(self.month)
    }
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

/// Takes one part of a list, with one row more than fits.
macro_rules! part {
    ($query:expr, $part:expr, $limit:expr) => {{
        let query = $query.limit(i64::from($limit) + 1);
        // Ids are of the moment of issue.
        match $part {
            Part::Newest => query.order(invoices::invoice_id.desc()),
            Part::OlderThan(id) => {
                query.filter(invoices::invoice_id.lt(id)).order(invoices::invoice_id.desc())
            }
            Part::NewerThan(id) => {
                query.filter(invoices::invoice_id.gt(id)).order(invoices::invoice_id.asc())
            }
        }
    }};
}

/// A part of those of the account, the latest first.
pub fn slice<P: Includes<ViewBilling>>(
    tx: &mut Tx<'_, P>,
    part: Part<InvoiceId>,
    limit: u16,
) -> Result<Slice<Listed>, Error> {
    let own = invoices::table
        .filter(invoices::organization_id.eq(tx.organization()))
        .filter(invoices::account_id.eq(tx.tenant().uuid()))
        .select(Listed::as_select())
        .into_boxed::<Pg>();
    Ok(Slice::of(part!(own, part, limit).load(tx.connection())?, &part, limit.into()))
}

/// Which of those that the organization issued are wanted. What is `None` does not narrow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The whole number of one, the id of a sub-account, or a part of a sub-account's name.
    pub search: Option<String>,
    /// Of this month.
    pub month: Option<Month>,
}

/// A part of those that the organization issued to its sub-accounts, deleted ones included, the
/// latest first.
pub fn issued(
    tx: &mut Overview<'_>,
    filter: &Filter,
    part: Part<InvoiceId>,
    limit: u16,
) -> Result<Slice<(AccountId, Listed)>, Error> {
    let organization = tx.organization();
    let mut query = invoices::table
        .filter(invoices::issuer_id.eq(organization.uuid()))
        .select(Listed::as_select())
        .into_boxed::<Pg>();
    if let Some(search) = &filter.search {
        let named = sub_accounts::table
            .filter(sub_accounts::organization_id.eq(organization))
            .filter(sub_accounts::name_key.like(containing(&search.to_lowercase())))
            .select(sub_accounts::sub_account_id);
        query = match search.parse::<SubAccountId>() {
            Ok(id) => query.filter(invoices::account_id.eq(id.uuid())),
            Err(_) => query
                .filter(invoices::number.eq(search.to_uppercase()).or(invoices::account_id.eq_any(named))),
        };
    }
    if let Some(month) = filter.month {
        query = query.filter(invoices::month.eq(month.first_day()));
    }
    let found = Slice::of(part!(query, part, limit).load::<Listed>(tx.connection())?, &part, limit.into());
    let rows = found.rows.into_iter().map(|row| (AccountId::of_row(organization, row.account), row));
    Ok(Slice { rows: rows.collect(), has_newer: found.has_newer, has_older: found.has_older })
}

/// One as it is shown and printed.
#[derive(Debug, Clone)]
pub struct Issued {
    /// Which.
    pub id: InvoiceId,
    /// Whose wallet it accounts for.
    pub account: AccountId,
    /// All that is printed on it.
    pub document: Document,
    /// Whom it is made out to; none once the account was erased.
    pub recipient: Option<Party>,
    /// The invoice that a credit note is for.
    pub credits: Option<InvoiceId>,
    /// When it was issued.
    pub issued_at: OffsetDateTime,
    /// The credit notes to it, the first first.
    pub notes: Vec<Listed>,
}

impl Issued {
    /// What of it was given back, in minor units.
    pub fn given_back(&self) -> i64 {
        self.notes.iter().map(|note| note.total).sum()
    }

    /// What of it can still be given back, in minor units; of a credit note nothing.
    pub fn left(&self) -> i64 {
        match self.document.kind {
            Kind::Invoice => self.document.total - self.given_back(),
            Kind::CreditNote => 0,
        }
    }
}

/// The credit notes to an invoice, the first first.
fn notes_to(
    connection: &mut PgConnection,
    organization: OrganizationId,
    account: Uuid,
    id: InvoiceId,
) -> Result<Vec<Listed>, Error> {
    Ok(invoices::table
        .filter(invoices::organization_id.eq(organization))
        .filter(invoices::account_id.eq(account))
        .filter(invoices::credits.eq(id))
        .order(invoices::invoice_id)
        .select(Listed::as_select())
        .load(connection)?)
}

/// One of the account's.
///
/// # Errors
/// [`Error::NotFound`] where it is none of the account's.
pub fn find<P: Permission>(tx: &mut Tx<'_, P>, id: InvoiceId) -> Result<Issued, Error> {
    let (organization, account) = (tx.organization(), tx.tenant());
    let row = invoices::table
        .find((organization, account.uuid(), id))
        .select((invoices::account_id, invoices::document, invoices::credits, invoices::issued_at))
        .first::<Row>(tx.connection())?;
    assemble(tx.connection(), organization, id, row)
}

/// One that the organization issued, whether its account is still there or not.
///
/// # Errors
/// [`Error::NotFound`] where it is none of the organization's.
pub fn find_issued(tx: &mut Overview<'_>, id: InvoiceId) -> Result<Issued, Error> {
    let organization = tx.organization();
    let row = invoices::table
        .filter(invoices::issuer_id.eq(organization.uuid()))
        .filter(invoices::invoice_id.eq(id))
        .select((invoices::account_id, invoices::document, invoices::credits, invoices::issued_at))
        .first::<Row>(tx.connection())?;
    assemble(tx.connection(), organization, id, row)
}

/// Whose it is, what is printed on it, what it credits, when it was issued.
type Row = (Uuid, Value, Option<InvoiceId>, OffsetDateTime);

fn assemble(
    connection: &mut PgConnection,
    organization: OrganizationId,
    id: InvoiceId,
    (account, document, credits, issued_at): Row,
) -> Result<Issued, Error> {
    let recipient: Option<Value> = invoice_recipients::table
        .find((organization, account, id))
        .select(invoice_recipients::recipient)
        .first(connection)
        .optional()?;
    let notes = notes_to(connection, organization, account, id)?;
    let account = AccountId::of_row(organization, account);
    let document = serde_json::from_value(document).map_err(Error::internal)?;
    let recipient = recipient.map(serde_json::from_value).transpose().map_err(Error::internal)?;
    Ok(Issued { id, account, document, recipient, credits, issued_at, notes })
}
