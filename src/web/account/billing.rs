//! The wallet of an account: what is in it, and the statement of its entries (`trust.md` U9).

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    access::{
        Denied, Scope,
        permission::{ManageSubAccounts, ManageWallet, PushFunds, ViewBilling},
        principal::Standing,
    },
    domain::{
        billing::{
            ledger::EntryKind,
            statement::{self, Filter, Flow, Posting, Search, Sums},
            wallet::{self, Standing as Wallet},
        },
        sub_accounts,
    },
    error::Error,
    values::{AccountId, Part, SubAccountId},
    web::{
        filters::{Zone, counted, day_text, money_text},
        page::{Here, Visit, home_href, html, zone},
        parts::{Choice, Empty, Field, Pager, Stat},
        views::account::{BillingSection, PostingRow, SectionPage},
    },
};

use super::{calls::day, payments, sees_wallet};

/// Rows on a page.
const PAGE: u16 = 50;

/// The statement as its URL describes it; anything that is not understood is left out.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct BillingUrl {
    what: String,
    direction: String,
    from: String,
    to: String,
    /// A whole reference, or the id of a call or an entry.
    q: String,
    /// The sub-account that the organization paid for.
    paid_for: String,
    older: Option<i64>,
    newer: Option<i64>,
}

impl BillingUrl {
    pub(super) fn filter(&self) -> Filter {
        let q = self.q.trim();
        let search = match (q.parse(), q.parse()) {
            _ if q.is_empty() => None,
            (Ok(call), _) => Some(Search::Call(call)),
            (_, Ok(transaction)) => Some(Search::Transaction(transaction)),
            _ => Some(Search::Reference(q.to_owned())),
        };
        // Whoever names the later day first means the same time.
        let (from, to) = match (day(&self.from), day(&self.to)) {
            (Some(from), Some(to)) => (Some(from.min(to)), Some(from.max(to))),
            open => open,
        };
        Filter {
            from,
            to,
            kind: self.what.parse().ok(),
            flow: self.direction.parse().ok(),
            charged_for: self.paid_for.trim().parse().ok(),
            search,
        }
    }

    fn part(&self) -> Part<i64> {
        Part::between(self.older, self.newer)
    }

    /// What it is filtered by, as a query.
    pub(super) fn query(&self) -> String {
        let pairs = [
            ("what", &self.what),
            ("direction", &self.direction),
            ("from", &self.from),
            ("to", &self.to),
            ("q", &self.q),
            ("paid_for", &self.paid_for),
        ];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty())).finish()
    }

    fn href(&self, base: &str, key: &str, sequence: i64) -> String {
        let query = self.query();
        let and = if query.is_empty() { "" } else { "&" };
        format!("{base}?{query}{and}{key}={sequence}")
    }
}

/// How long a balance lasts, in words; nothing where there is plenty.
pub(super) fn lasts(days_left: Option<i64>) -> Option<String> {
    match days_left? {
        0 => Some("less than a day left".into()),
        1 => Some("about 1 day left".into()),
        days @ 2..=60 => Some(format!("about {days} days left")),
        _ => None,
    }
}

/// What an entry's names are looked up by.
#[derive(Debug, Default)]
pub(super) struct Names {
    actors: HashMap<Uuid, String>,
    sub_accounts: HashMap<SubAccountId, String>,
}

impl Names {
    /// The names of all that some entries tell of, by one query each. Those above a sub-account are
    /// known on their own pages alone.
    pub(super) async fn of(
        scope: &Scope<ViewBilling>,
        above: Option<&Scope<ManageSubAccounts>>,
        postings: &[Posting],
    ) -> Result<Self, Error> {
        let mut ids: Vec<Uuid> = postings.iter().filter_map(|posting| posting.actor).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut names = Self::default();
        if !ids.is_empty() {
            let wanted = ids.clone();
            names.actors = scope.read(move |tx| statement::actors(tx, &wanted)).await?;
            if let Some(above) = above {
                names.actors.extend(above.read(move |tx| statement::actors(tx, &ids)).await?);
            }
        }
        let beneath: Vec<_> = postings.iter().filter_map(|posting| posting.charged_for).collect();
        if let Some(parent) = scope.also::<ManageSubAccounts>().filter(|_| !beneath.is_empty()) {
            names.sub_accounts = parent.overview(move |tx| sub_accounts::names(tx, &beneath)).await?;
        }
        Ok(names)
    }

    /// Who did it, as this account may name them.
    pub(super) fn actor(&self, scope: &Scope<ViewBilling>, posting: &Posting) -> String {
        let account = &scope.asker().account;
        let Some(id) = posting.actor else { return "The platform".to_owned() };
        match (self.actors.get(&id), account.id) {
            (Some(name), _) => name.clone(),
            (None, AccountId::SubAccount(_)) if posting.kind != EntryKind::Recharge => {
                format!("{} administrator", account.brand_beneath)
            }
            (None, _) => "Somebody who is no longer here".to_owned(),
        }
    }

    /// The sub-account that an entry was for: its name, or its id once it is gone.
    pub(super) fn beneath(&self, posting: &Posting) -> Option<String> {
        posting.charged_for.map(|id| self.sub_accounts.get(&id).cloned().unwrap_or_else(|| id.to_string()))
    }
}

/// Where an entry leads to: what it is called, and where it stands. All links of a statement are made
/// here.
fn links(home: &str, calls: Option<&str>, names: &Names, posting: &Posting) -> Vec<(String, String)> {
    let mut links = Vec::new();
    if let Some(id) = posting.charged_for {
        let name = names.beneath(posting).unwrap_or_default();
        if names.sub_accounts.contains_key(&id) {
            let page = if posting.kind == EntryKind::Transfer { "/billing" } else { "" };
            links.push((name, format!("{home}/sub-accounts/{id}{page}")));
        }
    }
    // Payments and credit notes are on the account's own pages.
    if let Some((_, payment)) = calls.zip(posting.payment) {
        links.push(("Payment".to_owned(), format!("{home}/payments/{payment}")));
    }
    if let Some((_, note)) = calls.zip(posting.invoice) {
        links.push(("Credit note".to_owned(), format!("{home}/invoices/{note}")));
    }
    // A sub-account's call is opened from within the sub-account alone.
    if let Some((calls, call)) = calls.zip(posting.call).filter(|_| posting.charged_for.is_none()) {
        links.push(("Call".to_owned(), format!("{calls}/{call}")));
    }
    links
}

fn row(
    scope: &Scope<ViewBilling>,
    calls: Option<&str>,
    names: &Names,
    zone: Zone,
    posting: &Posting,
) -> PostingRow {
    let home = home_href(scope.asker().account.id);
    let links = links(&home, calls, names, posting);
    let mut reference = posting.reference.clone();
    if let Some(gone) = names.beneath(posting).filter(|_| links.is_empty()) {
        reference = format!("{gone} {reference}").trim().to_owned();
    }
    PostingRow {
        id: posting.transaction.to_string(),
        at: zone.show(posting.occurred_at),
        kind: posting.kind.label().to_owned(),
        reference,
        links,
        actor: names.actor(scope, posting),
        amount: money_text(posting.amount_minor, &posting.currency),
        is_credit: posting.amount_minor > 0,
        balance: money_text(posting.balance_after_minor, &posting.currency),
    }
}

/// What is in the wallet, in words.
fn stats(wallet: &Wallet, beneath: i64, forecast: Option<String>, note: &str) -> Vec<Stat> {
    let (currency, available) = (&wallet.balance.currency, wallet.available());
    let money = |minor| money_text(minor, currency);
    let mut held = "for calls in progress and calls that are being charged".to_owned();
    if beneath > 0 {
        held = format!("{held}, {} of it by sub-accounts that you pay for", money(beneath));
    }
    let lasts = forecast.unwrap_or_else(|| "for new calls".to_owned());
    let mut stats = vec![
        Stat::new("Available", money(available.minor), format!("{lasts}: the balance without what is held")),
        Stat::new("Held", money(wallet.held.minor), held),
        Stat::new("Balance", money(wallet.balance.minor), note.to_owned()),
    ];
    if let Some(cap) = wallet.rules.spend_cap_minor {
        let spent = money(wallet.spent_today_minor);
        stats.push(Stat::new("Spent today", spent, format!("of a cap of {}", money(cap))));
    }
    stats
}

/// What the period comes to.
fn period(filter: &Filter, sums: &Sums, currency: &str) -> Vec<Stat> {
    let money = |minor| money_text(minor, currency);
    let before =
        filter.from.map_or("before the first entry".to_owned(), |day| format!("as {} began", day_text(day)));
    let after = filter.to.map_or("now".to_owned(), |day| format!("as {} ended", day_text(day)));
    let whole = "in the whole period";
    vec![
        Stat::new("Opening balance", money(sums.opening_minor), before),
        Stat::new("Money in", money(sums.in_minor), whole),
        Stat::new("Money out", money(-sums.out_minor), whole),
        Stat::new("Closing balance", money(sums.closing_minor()), after),
    ]
}

fn filters(url: &BillingUrl, beneath: Beneath) -> (Vec<Field>, Vec<Field>) {
    let mut kinds = vec![Choice::new("", "Everything", "")];
    kinds.extend(EntryKind::ALL.iter().map(|kind| Choice::new(kind.as_str(), kind.label(), "")));
    let mut flows = vec![Choice::new("", "In and out", "")];
    flows.extend(Flow::ALL.iter().map(|flow| Choice::new(flow.as_str(), flow.label(), "")));
    let mut texts = vec![Field::new("q", "Reference, call or entry").value(&url.q)];
    let mut selects = vec![
        Field::new("what", "What").value(&url.what).options(kinds),
        Field::new("direction", "Direction").value(&url.direction).options(flows),
    ];
    match beneath {
        Beneath::None => {}
        Beneath::Many => {
            texts.push(Field::new("paid_for", "Sub-account, by its id").value(&url.paid_for));
        }
        Beneath::Some(choices) => selects.push(sub_account_choice(url.paid_for.trim(), choices)),
    }
    (selects, texts)
}

/// The sub-accounts by which a statement can be filtered.
enum Beneath {
    /// It is no organization's.
    None,
    /// Too many to choose from.
    Many,
    /// These; one that was deleted has no name.
    Some(Vec<(SubAccountId, Option<String>)>),
}

impl Beneath {
    async fn of(scope: &Scope<ViewBilling>) -> Result<Self, Error> {
        let Some(parent) = scope.also::<ManageSubAccounts>() else { return Ok(Self::None) };
        Ok(match parent.read(sub_accounts::charged::choices).await? {
            Some(choices) if choices.is_empty() => Self::None,
            Some(choices) => Self::Some(choices),
            None => Self::Many,
        })
    }
}

fn sub_account_choice(chosen: &str, choices: Vec<(SubAccountId, Option<String>)>) -> Field {
    let mut options = vec![Choice::new("", "All, and none", "")];
    options.extend(choices.into_iter().map(|(id, name)| {
        let label = name.unwrap_or_else(|| format!("Deleted: {id}"));
        Choice::new(id.to_string(), label, "")
    }));
    // What an address names is shown, whatever it is.
    if options.iter().all(|option| option.value != chosen) {
        options.push(Choice::new(chosen, chosen, ""));
    }
    Field::new("paid_for", "Sub-account").value(chosen).options(options)
}

/// The section at `href`. `note` says what the balance means here; calls are linked where the reader
/// can open them; `above` is the parent that looks at its sub-account.
pub async fn section(
    scope: &Scope<ViewBilling>,
    above: Option<&Scope<ManageSubAccounts>>,
    url: &BillingUrl,
    href: &str,
    note: &str,
    calls_href: Option<&str>,
) -> Result<BillingSection, Denied> {
    let (part, filter) = (url.part(), url.filter());
    let is_organization = matches!(scope.asker().account.id, AccountId::Organization(_));
    let asked = filter.clone();
    let (wallet, beneath, left, sums, page) = scope
        .read(move |tx| {
            let wallet = wallet::standing(tx)?;
            let beneath = if is_organization { statement::held_beneath(tx)? } else { 0 };
            let left = statement::days_left(tx, &wallet.available())?;
            let sums = statement::sums(tx, &asked)?;
            let page = statement::page(tx, &asked, &sums, part, (0, PAGE))?;
            Ok((wallet, beneath, left, sums, page))
        })
        .await?;
    let names = Names::of(scope, above, &page.rows).await?;
    let zone = zone(scope.asker());
    let rows: Vec<_> =
        page.rows.iter().map(|posting| row(scope, calls_href, &names, zone, posting)).collect();
    let filtered = filter != Filter::default();
    let (selects, texts) = filters(url, Beneath::of(scope).await?);
    let rules = match (above, scope.asker().account.id) {
        (None, _) => {
            scope.holds::<ManageWallet>().then(|| ("Wallet rules".to_owned(), format!("{href}/rules")))
        }
        (Some(above), AccountId::SubAccount(id)) if above.also::<PushFunds>().is_some() => {
            let home = home_href(above.asker().account.id);
            Some(("Auto-recharge".to_owned(), format!("{home}/sub-accounts/{id}/auto-recharge")))
        }
        _ => None,
    };
    Ok(BillingSection {
        list_href: href.to_owned(),
        rules,
        export_href: format!("{href}/export.csv?{}", url.query()),
        stats: stats(&wallet, beneath, lasts(left), note),
        period: period(&filter, &sums, &wallet.balance.currency),
        filters: selects,
        texts,
        days: vec![
            Field::new("from", "From day").value(&url.from),
            Field::new("to", "To day").value(&url.to),
        ],
        filtered,
        pager: Pager::newest_first(
            &counted(rows.len(), "entry", "entries"),
            page.ends(|posting| posting.sequence),
            |key, sequence| url.href(href, key, sequence),
        ),
        empty: rows.is_empty().then(|| {
            if filtered {
                Empty::NoMatch { title: "No entry matches".into(), clear_href: href.to_owned() }
            } else {
                Empty::First {
                    title: "No entries yet".into(),
                    text: "Recharges and charges appear here as they happen.".into(),
                    action: None,
                    icon: "wallet",
                }
            }
        }),
        rows,
    })
}

/// Refuses whoever sees nothing of a wallet: a consolidated sub-account has none to its own eyes
/// (`domain.md` 4.2).
pub(super) fn check_seen(scope: &Scope<ViewBilling>) -> Result<(), Denied> {
    let is_above = scope.asker().standing == Standing::ParentAdministrator;
    if sees_wallet(scope) || (is_above && scope.asker().principal.delegation().is_none()) {
        Ok(())
    } else {
        Err(Denied(Error::NotFound))
    }
}

/// `GET /accounts/{account}/billing`
pub async fn show(
    scope: Scope<ViewBilling>,
    visit: Visit,
    url: web::Query<BillingUrl>,
) -> Result<HttpResponse, Denied> {
    check_seen(&scope)?;
    let home = home_href(scope.asker().account.id);
    let calls = format!("{home}/calls");
    let note = "the prepaid wallet: paid in and not drawn";
    let section = section(&scope, None, &url, &format!("{home}/billing"), note, Some(&calls)).await?;
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

    #[test]
    fn what_is_left_is_told_in_days() {
        assert_eq!(lasts(Some(0)).as_deref(), Some("less than a day left"));
        assert_eq!(lasts(Some(1)).as_deref(), Some("about 1 day left"));
        assert_eq!(lasts(Some(3)).as_deref(), Some("about 3 days left"));
        assert_eq!(lasts(Some(61)), None);
        assert_eq!(lasts(None), None);
    }
}
