//! Invoices and credit notes (`domain.md` 4.8).

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use time::{Date, macros::format_description};
use utoipa::{IntoParams, ToSchema};

use crate::{
    access::{Denied, Scope, permission::ViewBilling},
    domain::billing::invoices::{
        Kind, Line as InvoicedLine, Party,
        list::{self, Issued, Listed},
    },
    invoice_file,
    values::{InvoiceId, Money, SubAccountId},
};

use super::{
    amount::Amount,
    reply::{List, Paging, Reply},
    request::{Path, Query},
    timestamp::Timestamp,
    wallet::check_seen,
};

/// An invoice or a credit note in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvoiceSummary {
    /// Its id.
    pub invoice_id: InvoiceId,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Its number, consecutive within a financial year.
    #[schema(example = "NV/26-27/00001")]
    pub number: String,
    /// The month in India that it accounts for.
    #[schema(example = "2026-10")]
    pub month: String,
    /// The day in India on which it was issued.
    #[schema(example = "2026-11-01")]
    pub issued_on: String,
    /// When exactly.
    pub issued_at: Timestamp,
    /// What is taxed.
    pub taxable: Amount,
    /// The total, its tax in it.
    pub total: Amount,
    /// Its currency, by ISO 4217.
    #[schema(example = "INR")]
    pub currency: String,
}

fn day(date: Date) -> String {
    date.format(format_description!("[year]-[month]-[day]")).unwrap_or_default()
}

fn month(date: Date) -> String {
    date.format(format_description!("[year]-[month]")).unwrap_or_default()
}

fn amount(minor: i64, currency: &str) -> Amount {
    Amount::from(&Money::new(minor, currency))
}

impl From<Listed> for InvoiceSummary {
    fn from(listed: Listed) -> Self {
        Self {
            invoice_id: listed.id,
            kind: listed.kind,
            number: listed.number,
            month: month(listed.month),
            issued_on: day(listed.issued_on),
            issued_at: listed.issued_at.into(),
            taxable: amount(listed.taxable, &listed.currency),
            total: amount(listed.total, &listed.currency),
            currency: listed.currency,
        }
    }
}

/// Which part of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InvoicesQuery {
    /// The page, from 1.
    #[param(minimum = 1, maximum = 10000, example = 1)]
    page: Option<i64>,
    /// Rows on a page.
    #[param(minimum = 1, maximum = 100, example = 20)]
    limit: Option<i64>,
}

/// Lists invoices
///
/// Those of the account's own wallet with the credit notes to them, the latest first. There is one
/// for each month in which calls were charged.
#[utoipa::path(get, path = "/invoices", tag = "Wallets", operation_id = "listInvoices", params(InvoicesQuery),
    responses((status = 200, description = "A page of invoices.", body = List<InvoiceSummary>)))]
pub async fn list(
    scope: Scope<ViewBilling>,
    query: Query<InvoicesQuery>,
) -> Result<Reply<List<InvoiceSummary>>, Denied> {
    check_seen(&scope)?;
    let InvoicesQuery { page, limit } = query.0;
    let paging = Paging::of(page, limit, None)?;
    let (skip, limit) = (paging.skip(), paging.limit);
    let (rows, total) = scope.read(move |tx| Ok((list::page(tx, skip, limit)?, list::count(tx)?))).await?;
    let rows = rows.into_iter().map(InvoiceSummary::from).collect();
    Ok(Reply(List::new(rows, &paging, total, None)))
}

/// Who invoices, or is invoiced.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvoiceParty {
    /// What it is called.
    pub name: String,
    /// Its name by law; empty where it is not known.
    pub legal_name: String,
    /// Its address, in lines.
    pub address: String,
    /// Its state's code for GST; empty where it is not known.
    pub state: String,
    /// Its registration for GST.
    pub gstin: Option<String>,
}

impl From<Party> for InvoiceParty {
    fn from(party: Party) -> Self {
        let Party { name, legal_name, address, state, gstin } = party;
        Self { name, legal_name, address, state, gstin }
    }
}

/// A line of an invoice.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvoiceLine {
    /// What it is for.
    pub text: String,
    /// The sub-account whose calls your organization paid for.
    pub sub_account_id: Option<SubAccountId>,
    /// Calls that were charged.
    pub calls: i64,
    /// Minutes that were charged.
    pub minutes: i64,
    /// What it came to before tax.
    pub taxable: Amount,
    /// What it came to.
    pub amount: Amount,
    /// The first of the wallet's transactions that it sums up, by its place in the statement.
    pub first_sequence: i64,
    /// The last.
    pub last_sequence: i64,
}

/// An invoice or a credit note, as it is printed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Invoice {
    /// Its id.
    pub invoice_id: InvoiceId,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Its number.
    pub number: String,
    /// The month in India that it accounts for.
    #[schema(example = "2026-10")]
    pub month: String,
    /// The day in India on which it was issued.
    #[schema(example = "2026-11-01")]
    pub issued_on: String,
    /// When exactly.
    pub issued_at: Timestamp,
    /// Who issued it.
    pub supplier: InvoiceParty,
    /// Whom it is made out to.
    pub recipient: Option<InvoiceParty>,
    /// The code of the state where the service is used; empty where it is not known.
    pub place_of_supply: String,
    /// What the service is, by the Scheme of Classification of Services.
    pub sac: String,
    /// Its lines.
    pub lines: Vec<InvoiceLine>,
    /// What is taxed.
    pub taxable: Amount,
    /// The centre's tax.
    pub cgst: Amount,
    /// The state's tax.
    pub sgst: Amount,
    /// The tax between states.
    pub igst: Amount,
    /// The total, its tax in it.
    pub total: Amount,
    /// Its currency, by ISO 4217.
    #[schema(example = "INR")]
    pub currency: String,
    /// The invoice that a credit note is for.
    pub credits: Option<InvoiceId>,
}

/// The invoice in the address.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct InvoicePlace {
    /// An invoice.
    #[param(value_type = String, example = "inv_01h455vb4pex5vsknk084sn02q")]
    pub invoice_id: InvoiceId,
}

/// A document, as a PDF file.
#[derive(Debug, ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct Pdf(#[allow(dead_code)] Vec<u8>);

/// Downloads an invoice
///
/// The invoice as a PDF file, as it is printed: the same each time.
#[utoipa::path(get, path = "/invoices/{invoice_id}/pdf", tag = "Wallets", operation_id = "getInvoicePdf",
    params(InvoicePlace),
    responses((status = 200, description = "The file.", body = Pdf, content_type = "application/pdf")))]
pub async fn pdf(scope: Scope<ViewBilling>, place: Path<InvoicePlace>) -> Result<HttpResponse, Denied> {
    check_seen(&scope)?;
    let id = place.0.invoice_id;
    let issued = scope.read(move |tx| list::find(tx, id)).await?;
    Ok(invoice_file::answer(&scope, issued).await?)
}

/// Shows an invoice
///
/// It never changes once it is issued; what is given back is a credit note.
#[utoipa::path(get, path = "/invoices/{invoice_id}", tag = "Wallets", operation_id = "getInvoice", params(InvoicePlace),
    responses((status = 200, description = "The invoice.", body = Invoice)))]
pub async fn show(scope: Scope<ViewBilling>, place: Path<InvoicePlace>) -> Result<Reply<Invoice>, Denied> {
    check_seen(&scope)?;
    let id = place.0.invoice_id;
    let Issued { document, recipient, credits, issued_at, .. } =
        scope.read(move |tx| list::find(tx, id)).await?;
    let money = |minor| amount(minor, &document.currency);
    let line = |line: &InvoicedLine| InvoiceLine {
        text: line.text.clone(),
        sub_account_id: line.sub_account,
        calls: line.calls,
        minutes: line.minutes,
        taxable: money(line.taxable),
        amount: money(line.amount),
        first_sequence: line.postings.0,
        last_sequence: line.postings.1,
    };
    Ok(Reply(Invoice {
        invoice_id: id,
        kind: document.kind,
        number: document.number.clone(),
        month: month(document.month),
        issued_on: day(document.issued_on),
        issued_at: issued_at.into(),
        supplier: document.supplier.clone().into(),
        recipient: recipient.map(InvoiceParty::from),
        place_of_supply: document.place_of_supply.clone(),
        sac: document.sac.clone(),
        lines: document.lines.iter().map(line).collect(),
        taxable: money(document.split.taxable),
        cgst: money(document.split.cgst),
        sgst: money(document.split.sgst),
        igst: money(document.split.igst),
        total: money(document.total),
        currency: document.currency.clone(),
        credits,
    }))
}
