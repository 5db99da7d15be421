//! The wallet of an account: balance and entries.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::{
    access::{Denied, Scope, permission::ViewBilling},
    domain::billing::ledger,
    error::Error,
    values::Part,
    web::{
        filters::{counted, money_text},
        page::{Here, Visit, home_href, html, zone},
        parts::{Empty, Pager, Stat},
        views::account::{BillingSection, PostingRow, SectionPage},
    },
};

use super::sees_cost;

/// Rows on a page.
const PAGE: u16 = 50;

/// A place among the entries.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct BillingUrl {
    older: Option<i64>,
    newer: Option<i64>,
}

/// The section at `href`. `note` says what the balance means here; calls are linked
/// where the reader can open them.
pub async fn section(
    scope: &Scope<ViewBilling>,
    url: &BillingUrl,
    href: &str,
    note: &str,
    calls_href: Option<&str>,
) -> Result<BillingSection, Denied> {
    let part = match (url.older, url.newer) {
        (Some(sequence), _) => Part::OlderThan(sequence),
        (_, Some(sequence)) => Part::NewerThan(sequence),
        _ => Part::Newest,
    };
    let (balance, page) =
        scope.read(move |tx| Ok((ledger::balance(tx)?, ledger::postings(tx, None, part, PAGE)?))).await?;
    let zone = zone(scope.asker());
    let rows: Vec<_> = page
        .rows
        .iter()
        .map(|posting| PostingRow {
            at: zone.show(posting.occurred_at),
            kind: posting.kind.label().to_owned(),
            reference: posting.reference.clone(),
            href: calls_href.zip(posting.call).map(|(calls, call)| format!("{calls}/{call}")),
            amount: money_text(posting.amount_minor, &posting.currency),
            is_credit: posting.amount_minor > 0,
            balance: money_text(posting.balance_after_minor, &posting.currency),
        })
        .collect();
    Ok(BillingSection {
        stats: vec![Stat::new("Balance", money_text(balance.minor, &balance.currency), note)],
        pager: Pager {
            summary: format!("{} shown, newest first", counted(rows.len(), "entry", "entries")),
            newer_href: page
                .rows
                .first()
                .filter(|_| page.has_newer)
                .map(|row| format!("{href}?newer={}", row.sequence)),
            older_href: page
                .rows
                .last()
                .filter(|_| page.has_older)
                .map(|row| format!("{href}?older={}", row.sequence)),
            newer_label: "Newer".into(),
            older_label: "Older".into(),
        },
        empty: rows.is_empty().then(|| Empty::First {
            title: "No entries yet".into(),
            text: "Recharges and charges appear here as they happen.".into(),
            action: None,
            icon: "wallet",
        }),
        rows,
    })
}

/// `GET /accounts/{account}/billing`
pub async fn show(
    scope: Scope<ViewBilling>,
    visit: Visit,
    url: web::Query<BillingUrl>,
) -> Result<HttpResponse, Denied> {
    // A consolidated sub-account has no wallet to see (domain.md 4.2).
    if !sees_cost(&scope) {
        return Err(Denied(Error::NotFound));
    }
    let home = home_href(scope.asker().account.id);
    let calls = format!("{home}/calls");
    let section = section(&scope, &url, &format!("{home}/billing"), "prepaid wallet", Some(&calls)).await?;
    html(&SectionPage::of(
        visit.frame(&scope, "Billing", Here::Billing),
        "The prepaid wallet that calls are paid from, with every entry. Amounts are in INR.",
        section,
    ))
}
