//! Views of invoices.

use askama::Template;

use super::{super::filters, Frame};
use crate::web::parts::{Crumb, Empty, ErrorSummary, Field, Pager};

/// The invoices of an account.
#[derive(Template)]
#[template(path = "money/invoices.html")]
pub struct InvoicesPage {
    pub frame: Frame,
    /// Where is said who the account is, by whoever may: what it is called, and the address.
    pub details: Option<(String, String)>,
    pub rows: Vec<InvoiceRow>,
    pub pager: Pager,
    pub empty: Option<Empty>,
}

/// What an organization issued to its sub-accounts.
#[derive(Template)]
#[template(path = "money/issued_invoices.html")]
pub struct IssuedPage {
    pub frame: Frame,
    pub waiting: Option<Waiting>,
    /// Where is said who the organization is, by whoever may.
    pub details_href: Option<String>,
    pub list_href: String,
    pub q: String,
    pub month: String,
    pub filtered: bool,
    pub rows: Vec<InvoiceRow>,
    pub pager: Pager,
    pub empty: Option<Empty>,
}

/// Sub-accounts are not invoiced: their organization has yet to say who it is.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Where it says so, for whoever may.
    pub href: Option<String>,
}

/// Who an account is on invoices.
#[derive(Template)]
#[template(path = "money/details.html")]
pub struct DetailsPage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub errors: ErrorSummary,
    pub heading: &'static str,
    pub text: &'static str,
    pub action: String,
    /// What the editor is shown, as a word.
    pub seen: String,
    pub legal_name: Field,
    pub address: Field,
    pub state: Field,
    pub gstin: Field,
    pub email: Option<Field>,
    /// The logo of whoever issues invoices.
    pub logo: Option<LogoCard>,
}

/// A logo, and where it is changed.
#[derive(Debug, Clone)]
pub struct LogoCard {
    pub href: String,
    /// What the brand is called.
    pub brand: String,
    /// Where the picture is, if there is one.
    pub picture: Option<String>,
}

/// The logo of an organization's brand.
#[derive(Template)]
#[template(path = "money/logo.html")]
pub struct LogoPage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub errors: ErrorSummary,
    pub action: String,
    /// What the brand is called.
    pub brand: String,
    /// Where the picture is, if there is one.
    pub picture: Option<String>,
    /// The file to choose.
    pub file: Field,
}

/// How much of an invoice is given back, and why.
#[derive(Template)]
#[template(path = "money/give_back.html")]
pub struct GiveBackPage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub errors: ErrorSummary,
    pub heading: String,
    pub text: String,
    /// Terms with their values.
    pub facts: Vec<(String, String)>,
    /// Why there is no form.
    pub instead: Option<String>,
    pub action: String,
    pub how: Field,
    pub amount: Field,
    pub reason: Field,
    pub cancel_href: String,
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
    /// Whom it is made out to, in the list of who issued it, and whether that account was deleted.
    pub account: Option<(String, bool)>,
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
    /// Which of the wallet's entries it sums up; empty on credit notes.
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
    /// The logo of whoever issued it: where it is, and what it says.
    pub logo: Option<(String, String)>,
    /// Who issued it, and what became of the money.
    pub text: String,
    /// Where a part of it is given back, by whoever may.
    pub give_back_href: Option<String>,
    pub supplier: Side,
    /// None once its account was erased.
    pub recipient: Option<Side>,
    pub facts: Vec<(String, String)>,
    pub credited_href: Option<String>,
    pub lines: Vec<InvoiceLine>,
    pub totals: Vec<(String, String)>,
    pub total: String,
    /// The credit notes to it.
    pub notes: Vec<InvoiceRow>,
    /// What of it was given back, and what is left.
    pub given_back: Option<(String, String)>,
}
