//! Views of invoices.

use askama::Template;

use super::{super::filters, Frame};
use crate::web::parts::Crumb;

/// The invoices of an account.
#[derive(Template)]
#[template(path = "money/invoices.html")]
pub struct InvoicesPage {
    pub frame: Frame,
    pub rows: Vec<InvoiceRow>,
}

/// One of them.
#[derive(Debug, Clone)]
pub struct InvoiceRow {
    pub href: String,
    pub number: String,
    pub kind: String,
    pub month: String,
    pub issued_on: String,
    pub total: String,
}

/// Who invoices, or is invoiced.
#[derive(Debug, Clone)]
pub struct Side {
    pub name: String,
    pub address: Vec<String>,
    pub state: Option<String>,
    pub gstin: Option<String>,
}

/// A line of an invoice.
#[derive(Debug, Clone)]
pub struct InvoiceLine {
    pub text: String,
    pub calls: String,
    pub minutes: String,
    pub taxable: String,
    pub amount: String,
    /// Which of the wallet's entries it sums up.
    pub postings: String,
}

/// An invoice or a credit note, as it is printed.
#[derive(Template)]
#[template(path = "money/invoice.html")]
pub struct InvoicePage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub title: String,
    pub pdf_href: String,
    pub brand: String,
    pub supplier: Side,
    /// None once its account was erased.
    pub recipient: Option<Side>,
    pub facts: Vec<(String, String)>,
    pub credited_href: Option<String>,
    pub lines: Vec<InvoiceLine>,
    pub totals: Vec<(String, String)>,
    pub total: String,
}
