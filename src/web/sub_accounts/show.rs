//! One sub-account as its parent sees it: the overview.

use actix_web::{HttpResponse, web};
use time::OffsetDateTime;

use crate::{
    access::{
        Denied, Scope,
        permission::{ManageSubAccounts, PushFunds, View},
    },
    domain::{
        audit, delegations,
        usage::{self, peaks::last_peaks},
    },
    values::{BillingMode, Part, SubAccountStatus},
    web::{
        account::{audit::event, live::calls_now, peaks},
        chart::{Unit, bars},
        filters::{money_text, number_text},
        live::CallsNow,
        page::{Here, Visit, home_href, html, zone},
        parts::{Badge, LiveBar, Stat},
        views::sub_accounts::ShowPage,
    },
};

use super::{Place, recharge};

/// `GET /accounts/{account}/sub-accounts/{sub_account}`
pub async fn show(
    scope: Scope<ManageSubAccounts>,
    visit: Visit,
    place: web::Path<Place>,
) -> Result<HttpResponse, Denied> {
    let listed = super::find(&scope, place.sub_account).await?;
    let inside = scope.sub_account(place.sub_account).await?;
    let (volumes, fullness) = inside
        .narrow::<View>()
        .read(|tx| Ok((usage::last_days(tx, usage::WINDOW)?, last_peaks(tx, usage::WINDOW)?)))
        .await?;
    let recent = inside.read(|tx| audit::page(tx, &audit::Filter::default(), Part::Newest, 5)).await?;
    let is_inside = scope.overview(move |tx| delegations::is_inside(tx, place.sub_account)).await?;
    let zone = zone(scope.asker());
    let answered: i64 = volumes.iter().map(|day| day.answered).sum();
    let base = super::href(&scope, listed.id);
    let id = listed.id;
    let earned = scope.read(move |tx| usage::earned(tx, id, usage::WINDOW)).await?;
    let money = |minor| money_text(minor, &listed.currency);
    // Whom nothing is charged has no margin to speak of.
    let sum = earned.cost_minor + earned.margin_minor;
    let charged = (sum > 0).then(|| {
        Stat::new("Charged, 30 days", money(sum), format!("{} of it margin", money(earned.margin_minor)))
    });
    let balance = match listed.billing_mode {
        BillingMode::Isolated => {
            Stat::new("Balance", money_text(listed.balance_minor, &listed.currency), "its own wallet")
        }
        BillingMode::Consolidated => {
            Stat::new("Cost, 30 days", money(earned.cost_minor), "consolidated: your wallet")
        }
    };
    let days: Vec<_> = volumes.iter().map(|day| (day.day, u64::try_from(day.calls).unwrap_or(0))).collect();
    let frame = visit.frame(&scope, &listed.name, Here::SubAccounts);
    html(&ShowPage {
        crumbs: super::crumbs(&scope, None),
        tabs: super::tabs(&scope, listed.id, ""),
        id: listed.id.to_string(),
        name: listed.name.clone(),
        badge: Badge::account(listed.status.as_str()),
        access_href: format!("{base}/access"),
        recharge_href: (listed.billing_mode == BillingMode::Isolated && scope.also::<PushFunds>().is_some())
            .then(|| recharge::href(&scope, listed.id)),
        reactivate_href: (listed.status == SubAccountStatus::Suspended).then(|| format!("{base}/reactivate")),
        inside_href: is_inside.then(|| home_href(listed.id.into())),
        live: LiveBar { at: zone.show(OffsetDateTime::now_utc()) },
        live_source: format!("{base}/live"),
        stats: [
            balance,
            calls_now(CallsNow { in_use: listed.in_use.into(), limit: listed.limit.into() }),
            Stat::new(
                "Calls, 30 days",
                number_text(listed.calls_30d),
                format!("{} answered", number_text(answered)),
            ),
            Stat::new("Minutes, 30 days", number_text(listed.minutes_30d), "of answered calls"),
        ]
        .into_iter()
        .chain(charged)
        .collect(),
        charts: [bars("Calls per day", Unit::Things("calls".into()), &days)]
            .into_iter()
            .chain(peaks::charts(&fullness, listed.limit.into()))
            .collect(),
        audit_href: format!("{base}/audit-log"),
        events: recent.rows.iter().map(|entry| event(entry, zone)).collect(),
        facts: vec![
            ("Billing".into(), listed.billing_mode.label().into()),
            ("Data region".into(), listed.region.label()),
            ("Concurrency limit".into(), format!("{} calls at once", listed.limit)),
            ("Your reference".into(), listed.external_id.clone().unwrap_or_else(|| "None".into())),
        ],
        created: zone.show(listed.created_at),
        frame,
    })
}
