//! The list of sub-accounts.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{
    access::{Denied, Scope, permission::ManageSubAccounts},
    domain::{
        sub_accounts::{
            allocation,
            list::{self, Cursor, Listed, Query, Sort},
        },
        usage,
    },
    values::{BillingMode, SubAccountStatus},
    web::{
        account::live::calls_now,
        filters::{Zone, number_text},
        live::CallsNow,
        page::{Here, Visit, html, zone},
        parts::{Allocation, Badge, Choice, Column, Empty, Field, LiveBar, Pager, Stat},
        views::sub_accounts::{ListFilters, ListPage, ListRow, ListTable},
    },
};

use super::live;

/// The list as its URL describes it; anything it does not understand is left out.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct ListUrl {
    q: String,
    status: String,
    billing: String,
    region: String,
    /// A column's word, with `-` before it for the other way round.
    sort: String,
    from: String,
}

impl ListUrl {
    /// What to list.
    pub fn query(&self) -> Query {
        let search = Some(self.q.trim()).filter(|q| !q.is_empty()).map(str::to_owned);
        let (word, descending) = match self.sort.strip_prefix('-') {
            Some(word) => (word, true),
            None => (self.sort.as_str(), false),
        };
        Query {
            search,
            status: self.status.parse().ok(),
            region: self.region.parse().ok(),
            billing_mode: self.billing.parse().ok(),
            sort: word.parse().unwrap_or(Sort::Name),
            descending,
            from: Cursor::decode(&self.from),
            ..Query::default()
        }
    }

    /// The address of this list at `base`.
    fn href(&self, base: &str) -> String {
        let pairs = [
            ("q", &self.q),
            ("status", &self.status),
            ("billing", &self.billing),
            ("region", &self.region),
            ("sort", &self.sort),
            ("from", &self.from),
        ];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty()));
        match query.finish() {
            query if query.is_empty() => base.to_owned(),
            query => format!("{base}?{query}"),
        }
    }

    fn sorted_by(&self, sort: String) -> Self {
        Self { sort, from: String::new(), ..self.clone() }
    }

    fn from(&self, cursor: &Cursor) -> Self {
        Self { from: cursor.encode(), ..self.clone() }
    }
}

/// `GET /accounts/{account}/sub-accounts`
pub async fn list(
    scope: Scope<ManageSubAccounts>,
    visit: Visit,
    url: web::Query<ListUrl>,
) -> Result<HttpResponse, Denied> {
    let url = url.into_inner();
    let query = url.query();
    let whole_page = !visit.fragment;
    let (page, costs, matching, totals, largest) = scope
        .overview({
            let query = query.clone();
            move |tx| {
                let page = list::page(tx, &query)?;
                let costs = usage::costs_of(tx, &page.consolidated(), usage::WINDOW)?;
                let matching = if query.is_filtered() { Some(list::count(tx, &query)?) } else { None };
                let largest = if whole_page { allocation::largest(tx)? } else { Vec::new() };
                Ok((page, costs, matching, list::totals(tx)?, largest))
            }
        })
        .await?;
    let (shares, in_use) = (totals.allocation, totals.in_use.unwrap_or(0));
    let frame = visit.frame(&scope, "Sub-accounts", Here::SubAccounts);
    let base = super::list_href(&scope);
    let count = i64::from(totals.active) + i64::from(totals.suspended);
    let regions = scope.regions();
    let table = ListTable {
        csrf: frame.csrf.clone(),
        list_href: base.clone(),
        live_source: live::source(&base, page.rows.iter().map(|listed| listed.id)),
        bulk_href: format!("{base}/bulk"),
        export_href: url.href(&format!("{base}/export.csv")),
        filters: filters(&url, &query, regions.iter().map(|region| (region.to_string(), region.label()))),
        columns: columns(&url, &query, &base),
        empty: page.rows.is_empty().then(|| nothing(count, &base)),
        pager: Pager {
            summary: summary(page.rows.len(), matching, count),
            newer_href: page.previous.as_ref().map(|cursor| url.from(cursor).href(&base)),
            older_href: page.next.as_ref().map(|cursor| url.from(cursor).href(&base)),
            newer_label: "Previous".into(),
            older_label: "Next".into(),
        },
        rows: page
            .rows
            .iter()
            .map(|listed| row(listed, costs.get(&listed.id).copied(), &base, zone(scope.asker())))
            .collect(),
    };
    if visit.fragment {
        return html(&table);
    }
    html(&ListPage {
        stats: vec![
            Stat::new(
                "Sub-accounts",
                number_text(count),
                format!("{} active, {} suspended", totals.active, totals.suspended),
            ),
            calls_now(CallsNow { in_use, limit: shares.total.into() }),
            Stat::new("Calls", number_text(totals.calls_30d), "last 30 days"),
            Stat::new("Minutes", number_text(totals.minutes_30d), "last 30 days"),
        ],
        live: LiveBar { at: zone(scope.asker()).show(OffsetDateTime::now_utc()) },
        allocation: Some(Allocation::of_shares(&shares, largest)),
        limits_href: format!("{base}/limits"),
        new_href: format!("{base}/new"),
        table,
        frame,
    })
}

fn summary(shown: usize, matching: Option<i64>, count: i64) -> String {
    match matching {
        Some(matching) => format!("{shown} shown of {} that match", number_text(matching)),
        None => format!("{shown} shown of {}", number_text(count)),
    }
}

fn nothing(count: i64, base: &str) -> Empty {
    if count == 0 {
        Empty::First {
            title: "No sub-accounts yet".into(),
            text: "A sub-account is a separate entity for one of your clients or businesses: its own agents, \
                   numbers, calls, members and keys. To divide your own work, such as staging and production, \
                   use a workspace instead."
                .into(),
            action: Some(("Create Sub-Account".into(), format!("{base}/new"))),
            icon: "sub-accounts",
        }
    } else {
        Empty::NoMatch { title: "No sub-account matches".into(), clear_href: base.to_owned() }
    }
}

fn filters(url: &ListUrl, query: &Query, regions: impl Iterator<Item = (String, String)>) -> ListFilters {
    let any = |label: &str| Choice::new("", label, "");
    let mut statuses = vec![any("Any status")];
    statuses.extend(
        [SubAccountStatus::Active, SubAccountStatus::Suspended]
            .map(|status| Choice::new(status.as_str(), status.label(), "")),
    );
    let mut modes = vec![any("Any billing")];
    modes.extend(BillingMode::ALL.iter().map(|mode| Choice::new(mode.as_str(), mode.label(), "")));
    let mut places = vec![any("Any region")];
    places.extend(regions.map(|(value, label)| Choice::new(value, label, "")));
    let mut orders = Vec::new();
    for sort in Sort::ALL {
        let (up, down) = match sort {
            Sort::Name => ("A to Z", "Z to A"),
            Sort::Created => ("oldest first", "newest first"),
            Sort::Calls | Sort::Balance | Sort::Limit => ("least first", "most first"),
        };
        orders.push(Choice::new(sort.as_str(), format!("{}, {up}", sort.label()), ""));
        orders.push(Choice::new(format!("-{sort}"), format!("{}, {down}", sort.label()), ""));
    }
    let sort = format!("{}{}", if query.descending { "-" } else { "" }, query.sort);
    ListFilters {
        q: url.q.clone(),
        status: Field::new("status", "Status").value(&url.status).options(statuses),
        billing: Field::new("billing", "Billing").value(&url.billing).options(modes),
        region: Field::new("region", "Region").value(&url.region).options(places),
        sort: Field::new("sort", "Sort by").value(sort).options(orders),
        active: query.is_filtered(),
    }
}

fn columns(url: &ListUrl, query: &Query, base: &str) -> Vec<Column> {
    let sortable = |label: &str, sort: Sort| {
        let (now, other) = match (query.sort == sort, query.descending) {
            (true, false) => ("ascending", format!("-{sort}")),
            (true, true) => ("descending", sort.to_string()),
            (false, _) => ("", sort.to_string()),
        };
        Column::new(label).sort(url.sorted_by(other).href(base), now)
    };
    vec![
        sortable("Name", Sort::Name),
        Column::new("Status"),
        sortable("Balance", Sort::Balance).end(),
        sortable("Calls at once", Sort::Limit),
        sortable("Calls, 30 days", Sort::Calls).end(),
        Column::new("Region"),
        sortable("Created", Sort::Created),
        Column::new("Actions").hidden(),
    ]
}

fn row(listed: &Listed, cost: Option<i64>, base: &str, zone: Zone) -> ListRow {
    ListRow {
        id: listed.id.to_string(),
        name: listed.name.clone(),
        href: format!("{base}/{}", listed.id),
        external_id: listed.external_id.clone().unwrap_or_default(),
        badge: Badge::account(listed.status.as_str()),
        balance: (listed.billing_mode == BillingMode::Isolated).then_some(listed.balance_minor),
        cost: cost.unwrap_or(0),
        currency: listed.currency.clone(),
        slots: live::slots(listed.id, listed.in_use.into(), listed.limit.into()),
        calls: listed.calls_30d,
        minutes: listed.minutes_30d,
        region: listed.region.label(),
        created: zone.show(listed.created_at),
        last_call: listed.last_call_at.map(|at| zone.show(at)),
        enter_href: format!("{base}/{}/access", listed.id),
    }
}
