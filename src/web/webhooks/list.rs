//! The list of an account's webhooks.

use actix_web::HttpResponse;

use crate::{
    access::{Denied, Scope, permission::Administer},
    domain::webhooks::endpoints::{self, MOST},
    web::{
        filters::counted,
        page::{Here, Visit, html, zone},
        parts::Empty,
        views::webhooks::{WebhookRow, WebhooksPage},
    },
};

/// `GET /accounts/{account}/webhooks`
pub async fn list(scope: Scope<Administer>, visit: Visit) -> Result<HttpResponse, Denied> {
    let endpoints = scope.read(endpoints::list).await?;
    let zone = zone(scope.asker());
    let new_href = format!("{}/new", super::list_href(&scope));
    let rows: Vec<_> = endpoints
        .iter()
        .map(|endpoint| WebhookRow {
            href: super::href(&scope, endpoint.id),
            url: endpoint.url.clone(),
            description: endpoint.description.clone(),
            badge: super::badge(endpoint),
            events: match endpoint.kinds.len() {
                0 => "All events".to_owned(),
                kinds => counted(kinds, "kind of event", "kinds of events"),
            },
            created: zone.show(endpoint.created_at),
        })
        .collect();
    let has_room = i64::try_from(rows.len()).is_ok_and(|rows| rows < MOST);
    html(&WebhooksPage {
        frame: visit.frame(&scope, "Webhooks", Here::Webhooks),
        new_href: (has_room && !rows.is_empty()).then(|| new_href.clone()),
        summary: format!("{} of {MOST} possible", counted(rows.len(), "webhook", "webhooks")),
        empty: rows.is_empty().then(|| Empty::First {
            title: "No webhooks yet".into(),
            text: "A webhook tells a program of yours at once when something happens here.".into(),
            action: Some(("Add webhook".into(), new_href)),
            icon: "webhooks",
        }),
        rows,
    })
}
