//! Invoices and credit notes of an account (`domain.md` 4.8).

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::{
    access::{Denied, Scope, permission::ViewBilling},
    domain::billing::invoices::{
        Kind, Party,
        gst::state_text,
        list::{self, Issued, Listed},
    },
    error::Error,
    invoice_file,
    values::{AccountId, InvoiceId, Part},
    web::{
        filters::{counted, day_text, money_text, number_text},
        page::{Here, Visit, home_href, html},
        parts::{Crumb, Empty, Pager},
        views::invoices::{InvoiceLine, InvoicePage, InvoiceRow, InvoicesPage, Side},
    },
};

use super::{billing_details, logo, sees_wallet};

/// Rows on a page.
const PAGE: u16 = 50;

/// The invoice in the address.
#[derive(Debug, Deserialize)]
pub struct InvoicePlace {
    invoice: InvoiceId,
}

fn base(scope: &Scope<ViewBilling>) -> String {
    format!("{}/invoices", home_href(scope.asker().account.id))
}

/// The way to the list, for the page of the wallet.
pub fn action(scope: &Scope<ViewBilling>) -> (String, String) {
    ("Invoices".to_owned(), base(scope))
}

/// A consolidated sub-account has no invoices: its organization has.
fn check_seen(scope: &Scope<ViewBilling>) -> Result<(), Denied> {
    if sees_wallet(scope) { Ok(()) } else { Err(Denied(Error::NotFound)) }
}

/// Which part of a list its URL asks for.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub struct PartUrl {
    older: Option<InvoiceId>,
    newer: Option<InvoiceId>,
}

/// A row that leads beneath `base`.
pub(in crate::web) fn row(base: &str, listed: &Listed) -> InvoiceRow {
    InvoiceRow {
        href: format!("{base}/{}", listed.id),
        number: listed.number.clone(),
        kind: match listed.kind {
            Kind::Invoice => "Invoice".to_owned(),
            Kind::CreditNote => "Credit note".to_owned(),
        },
        month: listed.period(),
        issued_on: day_text(listed.issued_on),
        total: money_text(listed.total, &listed.currency),
        account: None,
    }
}

/// `GET /accounts/{account}/invoices`
pub async fn list(
    scope: Scope<ViewBilling>,
    visit: Visit,
    url: web::Query<PartUrl>,
) -> Result<HttpResponse, Denied> {
    check_seen(&scope)?;
    let part = Part::between(url.older, url.newer);
    let found = scope.read(move |tx| list::slice(tx, part, PAGE)).await?;
    let base = base(&scope);
    html(&InvoicesPage {
        frame: visit.frame(&scope, "Invoices", Here::Billing),
        details: billing_details::way(&scope),
        pager: Pager::newest_first(
            &counted(found.rows.len(), "document", "documents"),
            found.ends(|listed| listed.id),
            |key, id| format!("{base}?{key}={id}"),
        ),
        empty: found.rows.is_empty().then(|| Empty::First {
            title: "No invoices yet".into(),
            text: "A month in which calls were charged is invoiced some hours after it is over.".into(),
            action: None,
            icon: "invoice",
        }),
        rows: found.rows.iter().map(|listed| row(&base, listed)).collect(),
    })
}

/// `GET /accounts/{account}/invoices/{invoice}`
pub async fn show(
    scope: Scope<ViewBilling>,
    visit: Visit,
    place: web::Path<InvoicePlace>,
) -> Result<HttpResponse, Denied> {
    check_seen(&scope)?;
    let id = place.invoice;
    let issued = scope.read(move |tx| list::find(tx, id)).await?;
    let frame = visit.frame(&scope, &issued.document.number, Here::Billing);
    html(&InvoicePage { frame, ..page(issued, scope.asker().account.id, &base(&scope)) })
}

/// `GET /accounts/{account}/invoices/{invoice}/pdf`
pub async fn pdf(scope: Scope<ViewBilling>, place: web::Path<InvoicePlace>) -> Result<HttpResponse, Denied> {
    check_seen(&scope)?;
    let id = place.invoice;
    let issued = scope.read(move |tx| list::find(tx, id)).await?;
    Ok(invoice_file::answer(&scope, issued).await?)
}

/// One side of an invoice.
pub(in crate::web) fn side(party: &Party) -> Side {
    Side {
        name: party.formal_name().to_owned(),
        address: party.address.lines().map(str::to_owned).collect(),
        gstin: party.gstin.clone(),
        state: state_text(&party.state),
    }
}

/// An invoice or a credit note, as it is seen from an account, among others beneath `base`.
pub(in crate::web) fn page(issued: Issued, seen_from: AccountId, base: &str) -> InvoicePage {
    let (given_back, left) = (issued.given_back(), issued.left());
    let document = issued.document;
    let money = |minor: i64| money_text(minor, &document.currency);
    let mut totals = vec![("Taxable value".to_owned(), money(document.split.taxable))];
    totals.extend(document.taxes().into_iter().map(|(name, minor)| (name, money(minor))));
    let mut facts = vec![
        ("Number".to_owned(), document.number.clone()),
        ("Date".to_owned(), day_text(document.issued_on)),
        ("Period".to_owned(), document.period()),
    ];
    facts.extend(state_text(&document.place_of_supply).map(|name| ("Place of supply".to_owned(), name)));
    facts.push(("SAC".to_owned(), document.sac.clone()));
    let credited = document.credited.as_ref().map(|credited| {
        facts.push(("For invoice".to_owned(), credited.number.clone()));
        facts.push(("Of".to_owned(), day_text(credited.issued_on)));
        facts.push(("Reason".to_owned(), credited.reason.clone()));
        issued.credits.map(|id| format!("{base}/{id}")).unwrap_or_default()
    });
    InvoicePage {
        frame: Default::default(),
        crumbs: vec![Crumb::new("Invoices", base)],
        title: document.title().to_owned(),
        pdf_href: format!("{base}/{}/pdf", issued.id),
        logo: document.logo.map(|id| (logo::href(seen_from, id), document.supplier.name.clone())),
        text: format!(
            "{}. {}",
            document.supplier.name,
            match document.kind {
                Kind::Invoice => "Paid from the prepaid wallet.",
                Kind::CreditNote => "Given back into the prepaid wallet.",
            }
        ),
        give_back_href: None,
        supplier: side(&document.supplier),
        recipient: issued.recipient.as_ref().map(side),
        facts,
        credited_href: credited.filter(|href| !href.is_empty()),
        lines: document
            .lines
            .iter()
            .map(|line| InvoiceLine {
                text: line.text.clone(),
                calls: counted_there(document.kind, line.calls),
                minutes: counted_there(document.kind, line.minutes),
                taxable: money(line.taxable),
                amount: money(line.amount),
                postings: match line.postings {
                    (0, 0) => String::new(),
                    (first, last) if first == last => format!("Entry {first}"),
                    (first, last) => format!("Entries {first} to {last}"),
                },
            })
            .collect(),
        totals,
        total: money(document.total),
        notes: issued.notes.iter().map(|note| row(base, note)).collect(),
        given_back: (given_back > 0).then(|| (money(given_back), money(left))),
    }
}

/// How many calls or minutes; a credit note has none.
fn counted_there(kind: Kind, number: i64) -> String {
    match kind {
        Kind::Invoice => number_text(number),
        Kind::CreditNote => "–".to_owned(),
    }
}
