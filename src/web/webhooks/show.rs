//! One webhook: its settings, and what was sent.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::{
    access::{Denied, Scope, permission::Administer},
    domain::webhooks::{
        deliveries::{self, Delivery, DeliveryStatus},
        endpoints,
    },
    values::{EventId, Part},
    web::{
        filters::{Zone, counted},
        page::{Here, Visit, html, zone},
        parts::{Choice, Empty, Field, Pager},
        views::webhooks::{DeliveryRow, WebhookPage},
    },
};

use super::Place;

/// Rows on a page.
const PAGE: u16 = 25;

/// The log as its URL describes it; anything it does not understand is left out.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct LogUrl {
    status: String,
    older: String,
    newer: String,
}

impl LogUrl {
    fn part(&self) -> Part<EventId> {
        Part::between(self.older.parse().ok(), self.newer.parse().ok())
    }
}

/// `GET /accounts/{account}/webhooks/{webhook}`
pub async fn show(
    scope: Scope<Administer>,
    visit: Visit,
    place: web::Path<Place>,
    url: web::Query<LogUrl>,
) -> Result<HttpResponse, Denied> {
    let id = place.webhook;
    let status: Option<DeliveryStatus> = url.status.parse().ok();
    let part = url.part();
    let (endpoint, log) = scope
        .read(move |tx| Ok((endpoints::get(tx, id)?, deliveries::page(tx, id, status, part, PAGE)?)))
        .await?;
    let href = super::href(&scope, id);
    let zone = zone(scope.asker());
    let mut facts = vec![
        ("Address".to_owned(), endpoint.url.clone()),
        (
            "Events".to_owned(),
            match endpoint.kinds.as_slice() {
                [] => "All".to_owned(),
                kinds => kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", "),
            },
        ),
        ("Id".to_owned(), id.to_string()),
    ];
    if endpoint.former_secret_until.is_some() {
        facts.push(("Signed by".to_owned(), "The new secret, and the former one for 24 hours".to_owned()));
    }
    if endpoint.active && endpoint.failures > 0 {
        facts.push(("Failures".to_owned(), format!("{} since the last success", endpoint.failures)));
    }
    html(&WebhookPage {
        frame: visit.frame(&scope, super::called(&endpoint), Here::Webhooks),
        crumbs: super::crumbs(&scope, None),
        heading: super::called(&endpoint).to_owned(),
        badge: super::badge(&endpoint),
        warning: endpoint.disabled_because.as_deref().map(|because| {
            let why = match because {
                "gone" => "The receiver answered 410 Gone",
                _ => "Nothing that was sent to it succeeded for three days",
            };
            format!(
                "{why}, so this webhook was switched off. When the receiver works again, switch it on and send \
                 again what failed."
            )
        }),
        active: endpoint.active,
        facts,
        filter: Field::new("status", "Status").value(&url.status).options(
            std::iter::once(Choice::new("", "All", ""))
                .chain(DeliveryStatus::ALL.iter().map(|status| Choice::new(status.as_str(), status.label(), "")))
                .collect(),
        ),
        filtered: status.is_some(),
        pager: Pager::newest_first(
            &counted(log.rows.len(), "delivery", "deliveries"),
            log.ends(|row| row.event),
            |key, event| {
                let status = status.map(|status| format!("status={status}&")).unwrap_or_default();
                format!("{href}?{status}{key}={event}")
            },
        ),
        empty: log.rows.is_empty().then(|| match status {
            Some(_) => Empty::NoMatch { title: "No delivery matches".into(), clear_href: href.clone() },
            None => Empty::First {
                title: "Nothing was sent yet".into(),
                text: "Events appear here with every attempt to send them.".into(),
                action: None,
                icon: "inbox",
            },
        }),
        rows: log.rows.iter().map(|delivery| row(delivery, &href, zone)).collect(),
        url: endpoint.url,
        href,
    })
}

fn row(delivery: &Delivery, href: &str, zone: Zone) -> DeliveryRow {
    DeliveryRow {
        href: format!("{href}/deliveries/{}", delivery.event),
        kind: delivery.kind.as_str(),
        id: delivery.event.to_string(),
        badge: super::delivery_badge(delivery.status),
        occurred: zone.show(delivery.occurred_at),
        attempts: delivery.attempts.len(),
        last: delivery.attempts.last().map(super::answer).unwrap_or_default(),
        next: delivery.due_at.filter(|_| !delivery.attempts.is_empty()).map(|at| zone.show(at)),
    }
}
