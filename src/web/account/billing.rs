//! The wallet of an account: balance and entries.

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use time::Date;

use crate::{
    access::{
        Denied, Scope,
        permission::{ManageSubAccounts, ViewBilling},
    },
    domain::{
        billing::ledger::{self, EntryKind, Posting},
        sub_accounts, usage,
    },
    error::Error,
    values::{Money, Part, SubAccountId},
    web::{
        filters::{counted, money_text},
        page::{Here, Visit, home_href, html, zone},
        parts::{Choice, Empty, Field, Pager, Stat},
        views::account::{BillingSection, PostingRow, SectionPage},
    },
};

use super::{payments, sees_wallet};

/// Rows on a page.
const PAGE: u16 = 50;

/// A place among the entries; anything that is not understood is left out.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct BillingUrl {
    what: String,
    older: Option<i64>,
    newer: Option<i64>,
}

impl BillingUrl {
    fn kind(&self) -> Option<EntryKind> {
        self.what.parse().ok()
    }

    fn part(&self) -> Part<i64> {
        match (self.older, self.newer) {
            (Some(sequence), _) => Part::OlderThan(sequence),
            (_, Some(sequence)) => Part::NewerThan(sequence),
            _ => Part::Newest,
        }
    }

    fn href(&self, base: &str, key: &str, sequence: i64) -> String {
        let what = self.kind().map(|kind| format!("what={kind}&")).unwrap_or_default();
        format!("{base}?{what}{key}={sequence}")
    }
}

/// How many days of calls a forecast looks back on.
const FORECAST_FROM: usize = 7;

/// How long the balance lasts if calls go on as in the last days: "about 3 days left".
/// `None` where nothing is spent or there is plenty.
pub(super) fn days_left(balance: &Money, costs: &[(Date, i64)]) -> Option<String> {
    let recent = &costs[costs.len().saturating_sub(FORECAST_FROM)..];
    let spent: i64 = recent.iter().map(|(_, minor)| minor).sum();
    let days = i64::try_from(recent.len()).ok()?;
    let left = balance.minor.checked_mul(days)?.checked_div(spent.max(0))?;
    match left {
        0 => Some("less than a day left".into()),
        1 => Some("about 1 day left".into()),
        2..=60 => Some(format!("about {left} days left")),
        _ => None,
    }
}

/// The names of the sub-accounts whose calls these entries paid.
async fn names(
    scope: &Scope<ViewBilling>,
    postings: &[Posting],
) -> Result<HashMap<SubAccountId, String>, Error> {
    let ids: Vec<_> = postings.iter().filter_map(|posting| posting.charged_for).collect();
    match scope.also::<ManageSubAccounts>() {
        Some(parent) if !ids.is_empty() => parent.overview(move |tx| sub_accounts::names(tx, &ids)).await,
        _ => Ok(HashMap::new()),
    }
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
    let (part, kind) = (url.part(), url.kind());
    let (balance, costs, page) = scope
        .read(move |tx| {
            let costs = usage::last_costs(tx, super::DAYS)?;
            Ok((ledger::balance(tx)?, costs, ledger::postings(tx, kind, part, PAGE)?))
        })
        .await?;
    let names = names(scope, &page.rows).await?;
    let home = home_href(scope.asker().account.id);
    let zone = zone(scope.asker());
    let rows: Vec<_> = page
        .rows
        .iter()
        .map(|posting| {
            let charged_for = posting.charged_for;
            let name = charged_for.and_then(|id| names.get(&id));
            PostingRow {
                at: zone.show(posting.occurred_at),
                kind: posting.kind.label().to_owned(),
                reference: match (name, charged_for) {
                    (Some(name), _) => name.clone(),
                    // It was deleted since: its id is all that is left.
                    (None, Some(id)) => id.to_string(),
                    (None, None) => posting.reference.clone(),
                },
                reference_href: name.zip(charged_for).map(|(_, id)| format!("{home}/sub-accounts/{id}")),
                // A sub-account's call is opened from within the sub-account alone.
                href: calls_href
                    .zip(posting.call)
                    .filter(|_| charged_for.is_none())
                    .map(|(calls, call)| format!("{calls}/{call}")),
                amount: money_text(posting.amount_minor, &posting.currency),
                is_credit: posting.amount_minor > 0,
                balance: money_text(posting.balance_after_minor, &posting.currency),
            }
        })
        .collect();
    // An organization's wallet also pays for others, whose usage is not its own.
    let forecast = scope.asker().account.sub_account.and_then(|_| days_left(&balance, &costs));
    let note = forecast.map_or_else(|| note.to_owned(), |forecast| format!("{note}, {forecast}"));
    let mut kinds = vec![Choice::new("", "Everything", "")];
    kinds.extend(EntryKind::ALL.iter().map(|kind| Choice::new(kind.as_str(), kind.label(), "")));
    let place = |key: &str, posting: Option<&Posting>| posting.map(|row| url.href(href, key, row.sequence));
    Ok(BillingSection {
        list_href: href.to_owned(),
        stats: vec![Stat::new("Balance", money_text(balance.minor, &balance.currency), note)],
        filters: vec![Field::new("what", "What").value(&url.what).options(kinds)],
        filtered: kind.is_some(),
        pager: Pager {
            summary: format!("{} shown, newest first", counted(rows.len(), "entry", "entries")),
            newer_href: place("newer", page.rows.first().filter(|_| page.has_newer)),
            older_href: place("older", page.rows.last().filter(|_| page.has_older)),
            newer_label: "Newer".into(),
            older_label: "Older".into(),
        },
        empty: rows.is_empty().then(|| match kind {
            Some(_) => Empty::NoMatch { title: "No entry matches".into(), clear_href: href.to_owned() },
            None => Empty::First {
                title: "No entries yet".into(),
                text: "Recharges and charges appear here as they happen.".into(),
                action: None,
                icon: "wallet",
            },
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
    if !sees_wallet(&scope) {
        return Err(Denied(Error::NotFound));
    }
    let home = home_href(scope.asker().account.id);
    let calls = format!("{home}/calls");
    let section = section(&scope, &url, &format!("{home}/billing"), "prepaid wallet", Some(&calls)).await?;
    let mut page = SectionPage::of(
        visit.frame(&scope, "Billing", Here::Billing),
        "The prepaid wallet that calls are paid from, with every entry. Amounts are in INR.",
        section,
    );
    page.actions = payments::actions(&scope);
    html(&page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn a_balance_lasts_as_long_as_calls_go_on_as_they_did() {
        let last_week = |minor: i64| vec![(date!(2026 - 11 - 24), minor); 7];
        let left = |balance, per_day| days_left(&Money::new(balance, "INR"), &last_week(per_day));
        assert_eq!(left(3_000, 1_000).as_deref(), Some("about 3 days left"));
        assert_eq!(left(1_500, 1_000).as_deref(), Some("about 1 day left"));
        assert_eq!(left(10, 1_000).as_deref(), Some("less than a day left"));
        assert_eq!(left(0, 1_000).as_deref(), Some("less than a day left"));
        assert_eq!(left(3_000, 0), None);
        assert_eq!(left(1_000_000, 1_000), None);
        assert_eq!(days_left(&Money::new(5, "INR"), &[]), None);
    }
}
