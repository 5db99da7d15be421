//! Invoices and credit notes of an account (`domain.md` 4.8).

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::{
    access::{Denied, Scope, permission::ViewBilling},
    domain::billing::invoices::{
        Party,
        gst::state_name,
        list::{self, Issued, Listed},
    },
    error::Error,
    invoice_file,
    values::InvoiceId,
    web::{
        filters::{day_text, money_text, number_text},
        page::{Here, Visit, home_href, html},
        parts::Crumb,
        views::invoices::{InvoiceLine, InvoicePage, InvoiceRow, InvoicesPage, Side},
    },
};

use super::sees_wallet;

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

/// `GET /accounts/{account}/invoices`
pub async fn list(scope: Scope<ViewBilling>, visit: Visit) -> Result<HttpResponse, Denied> {
    check_seen(&scope)?;
    let found = scope.read(|tx| list::page(tx, 0, list::MOST)).await?;
    let base = base(&scope);
    let row = |listed: Listed| InvoiceRow {
        href: format!("{base}/{}", listed.id),
        number: listed.number,
        kind: listed.kind.label().to_owned(),
        month: month_text(listed.month),
        issued_on: day_text(listed.issued_on),
        total: money_text(listed.total, &listed.currency),
    };
    html(&InvoicesPage {
        frame: visit.frame(&scope, "Invoices", Here::Billing),
        rows: found.into_iter().map(row).collect(),
    })
}

fn month_text(day: time::Date) -> String {
    format!("{} {}", day.month(), day.year())
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
    html(&InvoicePage { frame, ..page(issued, &base(&scope)) })
}

/// `GET /accounts/{account}/invoices/{invoice}/pdf`
pub async fn pdf(scope: Scope<ViewBilling>, place: web::Path<InvoicePlace>) -> Result<HttpResponse, Denied> {
    check_seen(&scope)?;
    let id = place.invoice;
    let issued = scope.read(move |tx| list::find(tx, id)).await?;
    Ok(invoice_file::answer(issued).await?)
}

fn side(party: &Party) -> Side {
    let state = state_name(&party.state).map(|name| format!("{name} ({})", party.state));
    Side {
        name: if party.legal_name.is_empty() { party.name.clone() } else { party.legal_name.clone() },
        address: party.address.lines().map(str::to_owned).collect(),
        gstin: party.gstin.clone(),
        state,
    }
}

fn page(issued: Issued, base: &str) -> InvoicePage {
    let document = issued.document;
    let money = |minor: i64| money_text(minor, &document.currency);
    let percent = |rate: i64| {
        let (whole, part) = (rate / 100, rate % 100);
        if part == 0 { format!("{whole} %") } else { format!("{whole}.{part:02} %") }
    };
    let split = document.split;
    let taxes = [
        ("CGST", split.cgst, document.rate / 2),
        ("SGST", split.sgst, document.rate / 2),
        ("IGST", split.igst, document.rate),
    ];
    let taxes = taxes.iter().filter(|(_, minor, _)| *minor != 0);
    let mut totals = vec![("Taxable value".to_owned(), money(split.taxable))];
    totals.extend(taxes.map(|(name, minor, rate)| (format!("{name} {}", percent(*rate)), money(*minor))));
    let mut facts = vec![
        ("Number".to_owned(), document.number.clone()),
        ("Date".to_owned(), day_text(document.issued_on)),
        ("Period".to_owned(), month_text(document.month)),
    ];
    if let Some(name) = state_name(&document.place_of_supply) {
        facts.push(("Place of supply".to_owned(), format!("{name} ({})", document.place_of_supply)));
    }
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
        brand: document.supplier.name.clone(),
        supplier: side(&document.supplier),
        recipient: issued.recipient.as_ref().map(side),
        facts,
        credited_href: credited.filter(|href| !href.is_empty()),
        lines: document
            .lines
            .iter()
            .map(|line| InvoiceLine {
                text: line.text.clone(),
                calls: number_text(line.calls),
                minutes: number_text(line.minutes),
                taxable: money(line.taxable),
                amount: money(line.amount),
                postings: match line.postings {
                    (first, last) if first == last => format!("Entry {first}"),
                    (first, last) => format!("Entries {first} to {last}"),
                },
            })
            .collect(),
        totals,
        total: money(document.total),
    }
}
