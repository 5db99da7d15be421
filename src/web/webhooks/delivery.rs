//! One delivery with its attempts, and sending it again.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::{
    access::{Denied, Scope, permission::Administer},
    domain::webhooks::{deliveries, endpoints},
    values::{EventId, WebhookId},
    web::{
        forms::{ConfirmForm, Submitted},
        notices::told,
        page::{Here, Visit, html, see, zone},
        parts::Badge,
        views::webhooks::{AttemptRow, DeliveryPage},
    },
};

/// The ids in the address.
#[derive(Debug, Deserialize)]
pub struct DeliveryPlace {
    webhook: WebhookId,
    event: EventId,
}

/// `GET /accounts/{account}/webhooks/{webhook}/deliveries/{event}`
pub async fn show(
    scope: Scope<Administer>,
    visit: Visit,
    place: web::Path<DeliveryPlace>,
) -> Result<HttpResponse, Denied> {
    let DeliveryPlace { webhook, event } = place.into_inner();
    let (endpoint, (delivery, body)) = scope
        .read(move |tx| Ok((endpoints::get(tx, webhook)?, deliveries::get(tx, webhook, event)?)))
        .await?;
    let zone = zone(scope.asker());
    html(&DeliveryPage {
        frame: visit.frame(&scope, delivery.kind.as_str(), Here::Webhooks),
        crumbs: super::crumbs(&scope, Some(&endpoint)),
        heading: delivery.kind.as_str(),
        badge: super::delivery_badge(delivery.status),
        id: event.to_string(),
        occurred: zone.show(delivery.occurred_at),
        next: delivery.due_at.filter(|_| !delivery.attempts.is_empty()).map(|at| zone.show(at)),
        body,
        attempts: delivery
            .attempts
            .iter()
            .map(|attempt| AttemptRow {
                number: attempt.number,
                at: zone.show(attempt.at),
                badge: match attempt.error {
                    None => Badge::new("Taken", "good", "check"),
                    Some(_) => Badge::new("Failed", "bad", "error"),
                },
                status: super::answer(attempt),
                duration: format!("{} ms", attempt.duration_ms),
            })
            .collect(),
        again_href: endpoint
            .active
            .then(|| format!("{}/deliveries/{event}/redeliver", super::href(&scope, webhook))),
    })
}

/// `POST /accounts/{account}/webhooks/{webhook}/deliveries/{event}/redeliver`
pub async fn redeliver(
    scope: Scope<Administer>,
    place: web::Path<DeliveryPlace>,
    form: Submitted<ConfirmForm>,
) -> Result<HttpResponse, Denied> {
    form.by(&scope)?;
    let DeliveryPlace { webhook, event } = place.into_inner();
    scope.write(move |tx| deliveries::redeliver(tx, webhook, event)).await?;
    Ok(see(told(&format!("{}/deliveries/{event}", super::href(&scope, webhook)), "webhook-again")))
}
