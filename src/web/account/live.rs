//! The numbers of an account's overview that change while one looks.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::{
    access::{Denied, Scope, permission::View},
    web::{
        filters::number_text,
        live::{CallsNow, Live, LiveUrl},
        page::home_href,
        parts::Stat,
    },
};

/// `GET /accounts/{account}/live`
pub async fn follow(
    scope: Scope<View>,
    request: HttpRequest,
    live: web::Data<Live>,
    url: web::Query<LiveUrl>,
) -> Result<HttpResponse, Denied> {
    let page = home_href(scope.asker().account.id);
    live.account(scope, &request, &url, page, |now| Ok(vec![calls_now(*now).render()?])).await
}

/// Calls in progress, of so many at once: of the account, or of all that a page is about.
pub(in crate::web) fn calls_now(now: CallsNow) -> Stat {
    let note = format!("of {} at once", number_text(now.limit));
    Stat::new("Calls in progress", number_text(now.in_use), note).id("calls-now").meter(now.in_use, now.limit)
}
