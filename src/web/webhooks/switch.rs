//! What one does to a webhook by one button: switch, test, send again, delete.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use time::{Duration, OffsetDateTime};

use crate::{
    access::{Denied, Scope, permission::Administer},
    domain::webhooks::{DAYS_KEPT, deliveries, endpoints},
    values::WebhookId,
    web::{
        forms::{ConfirmForm, Submitted},
        notices::told,
        page::{Here, Visit, html, see},
        parts::ErrorSummary,
        views::sub_accounts::ConfirmPage,
    },
};

use super::Place;

/// `POST /accounts/{account}/webhooks/{webhook}/enable`
pub async fn enable(
    scope: Scope<Administer>,
    place: web::Path<Place>,
    form: Submitted<ConfirmForm>,
) -> Result<HttpResponse, Denied> {
    form.by(&scope)?;
    switch(&scope, place.webhook, true).await
}

/// `POST /accounts/{account}/webhooks/{webhook}/disable`
pub async fn disable(
    scope: Scope<Administer>,
    place: web::Path<Place>,
    form: Submitted<ConfirmForm>,
) -> Result<HttpResponse, Denied> {
    form.by(&scope)?;
    switch(&scope, place.webhook, false).await
}

async fn switch(scope: &Scope<Administer>, id: WebhookId, on: bool) -> Result<HttpResponse, Denied> {
    scope.write(move |tx| endpoints::switch(tx, id, on)).await?;
    Ok(see(told(&super::href(scope, id), if on { "webhook-on" } else { "webhook-off" })))
}

/// `POST /accounts/{account}/webhooks/{webhook}/test`
pub async fn test(
    scope: Scope<Administer>,
    place: web::Path<Place>,
    form: Submitted<ConfirmForm>,
) -> Result<HttpResponse, Denied> {
    form.by(&scope)?;
    let id = place.webhook;
    scope.write(move |tx| endpoints::test(tx, id)).await?;
    Ok(see(told(&super::href(&scope, id), "webhook-test")))
}

/// How far back is sent again.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgainForm {
    hours: i64,
}

/// `POST /accounts/{account}/webhooks/{webhook}/redeliver`
pub async fn redeliver_failed(
    scope: Scope<Administer>,
    place: web::Path<Place>,
    form: Submitted<AgainForm>,
) -> Result<HttpResponse, Denied> {
    let hours = form.by(&scope)?.hours.clamp(1, DAYS_KEPT * 24);
    let id = place.webhook;
    let since = OffsetDateTime::now_utc() - Duration::hours(hours);
    let again = scope.write(move |tx| deliveries::redeliver_failed(tx, id, since)).await?;
    let word = if again == 0 { "webhook-none-failed" } else { "webhook-again" };
    Ok(see(told(&super::href(&scope, id), word)))
}

/// `GET /accounts/{account}/webhooks/{webhook}/delete`
pub async fn ask_delete(
    scope: Scope<Administer>,
    visit: Visit,
    place: web::Path<Place>,
) -> Result<HttpResponse, Denied> {
    let id = place.webhook;
    let endpoint = scope.read(move |tx| endpoints::get(tx, id)).await?;
    let href = super::href(&scope, id);
    html(&ConfirmPage {
        frame: visit.frame(&scope, "Delete webhook", Here::Webhooks),
        crumbs: super::crumbs(&scope, Some(&endpoint)),
        errors: ErrorSummary::default(),
        button: "Delete webhook".to_owned(),
        heading: "Delete webhook".to_owned(),
        text: endpoint.url,
        consequences: vec![
            "Nothing is sent to it any more, from now on.".into(),
            "Its log of deliveries and its secret are erased. This cannot be undone.".into(),
        ],
        action: format!("{href}/delete"),
        hidden: Vec::new(),
        button_icon: "trash",
        danger: true,
        cancel_href: href,
    })
}

/// `POST /accounts/{account}/webhooks/{webhook}/delete`
pub async fn delete(
    scope: Scope<Administer>,
    place: web::Path<Place>,
    form: Submitted<ConfirmForm>,
) -> Result<HttpResponse, Denied> {
    form.by(&scope)?;
    let id = place.webhook;
    scope.write(move |tx| endpoints::delete(tx, id)).await?;
    Ok(see(told(&super::list_href(&scope), "webhook-deleted")))
}
