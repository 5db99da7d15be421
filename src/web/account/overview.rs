//! The first page of an account.

use actix_web::HttpResponse;
use time::OffsetDateTime;

use crate::{
    access::{
        Denied, Scope,
        permission::{View, ViewBilling},
    },
    domain::{
        billing::{statement, wallet},
        calls::list,
        sub_accounts::allocation,
        usage::{self, peaks::last_peaks},
    },
    values::Part,
    web::{
        chart::{Unit, bars},
        filters::{money_text, number_text, percent_text},
        live::CallsNow,
        page::{Here, Visit, home_href, html, zone},
        parts::{Empty, LiveBar, Stat},
        views::account::{CallsTable, OverviewPage},
    },
};

use super::{DAYS, billing::lasts, calls::row, live::calls_now, peaks, sees_cost, sees_wallet};

/// `GET /accounts/{account}`
pub async fn show(scope: Scope<View>, visit: Visit) -> Result<HttpResponse, Denied> {
    let (volumes, fullness, (in_use, limit)) = scope
        .read(|tx| Ok((usage::last_days(tx, DAYS)?, last_peaks(tx, DAYS)?, allocation::own(tx)?)))
        .await?;
    let recent = scope.read_region(|tx| list::page(tx, &list::Filter::default(), Part::Newest, 5)).await?;
    let whole = |number: i64| u64::try_from(number).unwrap_or(0);
    let calls: i64 = volumes.iter().map(|day| day.calls).sum();
    let answered: i64 = volumes.iter().map(|day| day.answered).sum();
    let minutes: i64 = volumes.iter().map(|day| day.minutes).sum();
    let mut stats = vec![
        calls_now(CallsNow { in_use: in_use.into(), limit: limit.into() }),
        Stat::new("Calls", number_text(calls), "last 30 days"),
        Stat::new("Answered", percent_text(answered, calls), format!("{} calls", number_text(answered))),
        Stat::new("Minutes", number_text(minutes), "last 30 days"),
    ];
    let home = home_href(scope.asker().account.id);
    if let Some(billing) = scope.also::<ViewBilling>().filter(|_| sees_cost(&scope)) {
        let (wallet, costs) =
            billing.read(|tx| Ok((wallet::standing(tx)?, usage::last_costs(tx, DAYS)?))).await?;
        let sum: i64 = costs.iter().map(|(_, minor)| minor).sum();
        if let Some(minutes) = stats.last_mut() {
            minutes.note = format!("cost {}", money_text(sum, &wallet.balance.currency));
        }
        if sees_wallet(&scope) {
            let available = wallet.available();
            let left = billing.read(move |tx| statement::days_left(tx, &available)).await?;
            let note = lasts(left).unwrap_or_else(|| "prepaid wallet".into());
            let balance = money_text(wallet.balance.minor, &wallet.balance.currency);
            stats.insert(0, Stat::new("Balance", balance, note));
        }
    }
    let per_day = |value: fn(&usage::DayVolume) -> i64| {
        volumes.iter().map(|day| (day.day, whole(value(day)))).collect::<Vec<_>>()
    };
    let frame = visit.frame(&scope, "Overview", Here::Overview);
    let is_new = recent.rows.is_empty();
    html(&OverviewPage {
        text: format!("What happened in {} in the last 30 days.", scope.asker().account.name),
        actions: Vec::new(),
        live: LiveBar { at: zone(scope.asker()).show(OffsetDateTime::now_utc()) },
        live_source: format!("{home}/live"),
        stats,
        charts: [
            bars("Calls per day", Unit::Things("calls".into()), &per_day(|day| day.calls)),
            bars("Minutes per day", Unit::Things("minutes".into()), &per_day(|day| day.minutes)),
        ]
        .into_iter()
        .chain(peaks::charts(&fullness, limit.into()))
        .collect(),
        allocation: None,
        recent: CallsTable {
            columns: CallsTable::columns(sees_cost(&scope)),
            rows: recent.rows.iter().map(|call| row(&scope, call)).collect(),
            pager: None,
            export_href: None,
            empty: is_new.then(|| Empty::First {
                title: "No calls yet".into(),
                text: "Calls appear here as soon as an agent has taken or made one.".into(),
                action: None,
                icon: "calls",
            }),
        },
        calls_href: format!("{home}/calls"),
        frame,
    })
}
