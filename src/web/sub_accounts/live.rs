//! The numbers of the parent's list that change while one looks.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::{
    access::{Denied, Scope, permission::ManageSubAccounts},
    domain::sub_accounts::allocation::InUse,
    values::SubAccountId,
    web::{
        account::live::calls_now,
        live::{CallsNow, ListNow, Live, LiveUrl},
        parts::{LiveMeter, Meter},
    },
};

use super::Place;

/// `GET /accounts/{account}/sub-accounts/live`
pub async fn follow(
    scope: Scope<ManageSubAccounts>,
    request: HttpRequest,
    live: web::Data<Live>,
    url: web::Query<LiveUrl>,
) -> Result<HttpResponse, Denied> {
    let page = super::list_href(&scope);
    live.organization(scope, &request, &url, page, parts).await
}

fn parts(now: &ListNow) -> askama::Result<Vec<String>> {
    let mut parts = vec![calls_now(now.all).render()?];
    for InUse { id, in_use, limit } in &now.rows {
        parts.push(slots(*id, (*in_use).into(), (*limit).into()).render()?);
    }
    Ok(parts)
}

/// `GET /accounts/{account}/sub-accounts/{sub_account}/live`
pub async fn follow_one(
    scope: Scope<ManageSubAccounts>,
    request: HttpRequest,
    live: web::Data<Live>,
    place: web::Path<Place>,
    url: web::Query<LiveUrl>,
) -> Result<HttpResponse, Denied> {
    let id = super::find(&scope, place.sub_account).await?.id;
    let (page, url) = (super::href(&scope, id), url.into_inner().of(id));
    live.organization(scope, &request, &url, page, |now| now.rows.iter().map(of_one).collect()).await
}

fn of_one(row: &InUse) -> askama::Result<String> {
    calls_now(CallsNow { in_use: row.in_use.into(), limit: row.limit.into() }).render()
}

/// The calls in progress of one row of the list.
pub(super) fn slots(id: SubAccountId, used: i64, limit: i64) -> LiveMeter {
    LiveMeter { id: format!("slots-{id}"), meter: Meter { used, limit } }
}

/// The stream of a page of the list.
pub(super) fn source(base: &str, ids: impl Iterator<Item = SubAccountId>) -> String {
    let ids: Vec<_> = ids.map(|id| id.to_string()).collect();
    format!("{base}/live?ids={}", ids.join(","))
}
