//! What was sent to a webhook, sending it again, and tests.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use utoipa::{IntoParams, ToSchema};

use crate::{
    access::{Denied, Scope, permission::Administer},
    domain::webhooks::{
        deliveries::{self, DeliveryStatus},
        endpoints,
    },
    error::Error,
    values::{EventId, EventKind, WebhookId},
};

use super::{
    reply::{Accepted, List, Paging, Reply},
    request::{Body, Once, Path, Query},
    timestamp::Timestamp,
    webhooks::Place,
};

/// One attempt to send.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookAttempt {
    /// Its number, from 1.
    #[schema(minimum = 1, example = 1)]
    pub attempt: i32,
    /// When.
    pub attempted_at: Timestamp,
    /// How long it took, in milliseconds.
    #[schema(minimum = 0, example = 45)]
    pub duration_ms: i32,
    /// The status of the answer; null when there was none.
    #[schema(example = 500)]
    pub status: Option<i16>,
    /// Why it failed: `refused`, `redirected`, `timed_out`, `not_connected`, `name_not_found`,
    /// `address_refused`, `no_answer`; null for a success.
    #[schema(example = "refused")]
    pub error: Option<String>,
}

/// One event for one webhook.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookDelivery {
    /// The event: the `webhook-id` that it is sent with each time.
    pub event_id: EventId,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// What became of it.
    pub status: DeliveryStatus,
    /// When it is tried next; null when it is not.
    pub next_attempt_at: Option<Timestamp>,
    /// The attempts so far.
    pub attempts: Vec<WebhookAttempt>,
}

impl From<deliveries::Delivery> for WebhookDelivery {
    fn from(delivery: deliveries::Delivery) -> Self {
        Self {
            event_id: delivery.event,
            kind: delivery.kind,
            occurred_at: delivery.occurred_at.into(),
            status: delivery.status,
            next_attempt_at: delivery.due_at.map(Timestamp),
            attempts: delivery
                .attempts
                .into_iter()
                .map(|attempt| WebhookAttempt {
                    attempt: attempt.number,
                    attempted_at: attempt.at.into(),
                    duration_ms: attempt.duration_ms,
                    status: attempt.status,
                    error: attempt.error,
                })
                .collect(),
        }
    }
}

/// Which part of the log.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveriesQuery {
    /// The page, from 1.
    #[param(minimum = 1, maximum = 10000, example = 1)]
    page: Option<i64>,
    /// Rows on a page.
    #[param(minimum = 1, maximum = 100, example = 20)]
    limit: Option<i64>,
    /// `next_cursor` of the page before, instead of `page`.
    #[param(pattern = "^evt_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    cursor: Option<String>,
}

/// Lists a webhook's deliveries
///
/// What was sent in the last 30 days with every attempt, the latest event first.
#[utoipa::path(get, path = "/user-webhooks/{webhook_id}/deliveries", tag = "Webhooks",
    operation_id = "listWebhookDeliveries",
    params(("webhook_id" = WebhookId, Path, description = "The webhook."), DeliveriesQuery),
    responses((status = 200, description = "A page of them.", body = List<WebhookDelivery>)))]
pub async fn list(
    scope: Scope<Administer>,
    place: Path<Place>,
    query: Query<DeliveriesQuery>,
) -> Result<Reply<List<WebhookDelivery>>, Denied> {
    let id = place.0.webhook_id;
    let paging = Paging::of(query.0.page, query.0.limit, query.0.cursor)?;
    let before = paging.cursor.as_deref().map(str::parse::<EventId>).transpose();
    let before = before.map_err(|_| Error::invalid("cursor", "It is not one that was given."))?;
    let (skip, limit) = (paging.skip(), paging.limit);
    let (mut rows, total) = scope.read(move |tx| deliveries::listed(tx, id, before, skip, limit)).await?;
    let limit = usize::try_from(limit).map_err(Error::internal)?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| row.event.to_string());
    Ok(Reply(List::new(rows.into_iter().map(WebhookDelivery::from).collect(), &paging, total, next)))
}

/// The delivery in the address.
#[derive(Debug, Deserialize)]
pub struct DeliveryPlace {
    webhook_id: WebhookId,
    event_id: EventId,
}

/// What is on its way.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookSent {
    /// The event: look for it among the deliveries.
    pub event_id: EventId,
}

/// Sends a delivery again
///
/// Under the same `webhook-id`, whatever became of it before, with all attempts before it. 409
/// `webhook_disabled` when the webhook is switched off.
#[utoipa::path(post, path = "/user-webhooks/{webhook_id}/deliveries/{event_id}/redeliver", tag = "Webhooks",
    operation_id = "redeliverWebhookEvent",
    params(
        ("webhook_id" = WebhookId, Path, description = "The webhook."),
        ("event_id" = EventId, Path, description = "The event."),
    ),
    responses((status = 202, description = "It is on its way.", body = WebhookSent)))]
pub async fn redeliver(
    scope: Scope<Administer>,
    once: Once,
    place: Path<DeliveryPlace>,
) -> Result<Accepted<WebhookSent>, Denied> {
    let DeliveryPlace { webhook_id, event_id } = place.0;
    let event_id = scope
        .write(move |tx| {
            let asked = (webhook_id, event_id);
            once.perform(tx, "webhook.redeliver", &asked, |tx| {
                deliveries::redeliver(tx, webhook_id, event_id)
            })
        })
        .await?;
    Ok(Accepted(WebhookSent { event_id }))
}

/// How far back to send again.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Redeliver {
    /// What happened within so many hours.
    #[schema(minimum = 1, maximum = 720, example = 24)]
    since_hours: i64,
}

/// What is on its way again.
#[derive(Debug, Serialize, ToSchema)]
pub struct Redelivered {
    /// How many deliveries.
    #[schema(minimum = 0, example = 3)]
    pub redelivered: usize,
}

/// Sends again what failed
///
/// Every delivery that failed of what happened since a time, in the order of events. 409
/// `webhook_disabled` when the webhook is switched off.
#[utoipa::path(post, path = "/user-webhooks/{webhook_id}/redeliver", tag = "Webhooks",
    operation_id = "redeliverFailedWebhookEvents",
    params(("webhook_id" = WebhookId, Path, description = "The webhook.")),
    request_body(content = Redeliver, example = json!({ "since_hours": 24 })),
    responses((status = 202, description = "They are on their way.", body = Redelivered)))]
pub async fn redeliver_failed(
    scope: Scope<Administer>,
    once: Once,
    place: Path<Place>,
    body: Body<Redeliver>,
) -> Result<Accepted<Redelivered>, Denied> {
    let (id, asked) = (place.0.webhook_id, body.into_inner());
    if !(1..=720).contains(&asked.since_hours) {
        return Err(Error::invalid("since_hours", "Ask for 1 to 720 hours.").into());
    }
    let since = OffsetDateTime::now_utc() - Duration::hours(asked.since_hours);
    let redelivered = scope
        .write(move |tx| {
            let asked = (id, &asked);
            once.perform(tx, "webhook.redeliver_failed", &asked, |tx| {
                deliveries::redeliver_failed(tx, id, since)
            })
        })
        .await?;
    Ok(Accepted(Redelivered { redelivered }))
}

/// Tests a webhook
///
/// Sends it an event `webhook.test`, and to no other. 409 `webhook_disabled` when it is switched
/// off.
#[utoipa::path(post, path = "/user-webhooks/{webhook_id}/test", tag = "Webhooks", operation_id = "testWebhook",
    params(("webhook_id" = WebhookId, Path, description = "The webhook.")),
    responses((status = 202, description = "The test is on its way.", body = WebhookSent)))]
pub async fn test(
    scope: Scope<Administer>,
    once: Once,
    place: Path<Place>,
) -> Result<Accepted<WebhookSent>, Denied> {
    let id = place.0.webhook_id;
    let event_id =
        scope.write(move |tx| once.perform(tx, "webhook.test", &id, |tx| endpoints::test(tx, id))).await?;
    Ok(Accepted(WebhookSent { event_id }))
}
