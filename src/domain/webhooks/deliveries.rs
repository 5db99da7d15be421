//! The log of what was sent: each event for each endpoint, with every attempt; and
//! sending again. It reaches back [`DAYS_KEPT`](super::DAYS_KEPT) days.

use std::collections::HashMap;

use diesel::{dsl::now, prelude::*, sql_types::Timestamptz};
use serde::Serialize;
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    access::{
        Change, Event, GateTx, Tx,
        permission::{Administer, Includes, Permission},
    },
    error::Error,
    schema::control::{webhook_attempts, webhook_deliveries, webhook_events},
    values::{EventId, EventKind, Part, Slice, WebhookId, words},
};

use super::endpoints;

words! {
    /// What became of a delivery.
    DeliveryStatus {
        /// It is sent, or sent again, in its time.
        Pending = "pending" / "Pending",
        /// The receiver took it.
        Delivered = "delivered" / "Delivered",
        /// It is not tried any more.
        Failed = "failed" / "Failed",
    }
}

/// One attempt to send.
#[derive(Debug, Clone, Queryable)]
pub struct Attempt {
    /// Its number, from 1.
    pub number: i32,
    /// When it began.
    pub at: OffsetDateTime,
    /// How long it took, in milliseconds.
    pub duration_ms: i32,
    /// The status of the answer, if there was one.
    pub status: Option<i16>,
    /// Why it failed, in one word.
    pub error: Option<String>,
}

/// One event for one endpoint.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Of what it tells: also its own id, and the `webhook-id` that it is sent with.
    pub event: EventId,
    /// What happened.
    pub kind: EventKind,
    /// When it happened.
    pub occurred_at: OffsetDateTime,
    /// What became of it.
    pub status: DeliveryStatus,
    /// When it is tried next.
    pub due_at: Option<OffsetDateTime>,
    /// The attempts so far, in their order.
    pub attempts: Vec<Attempt>,
}

/// The body that is sent: `type`, `timestamp` and `data` (Standard Webhooks).
///
/// # Errors
/// [`Error::Internal`] when the time cannot be written.
pub fn payload(kind: EventKind, occurred_at: OffsetDateTime, data: &Value) -> Result<String, Error> {
    #[derive(Serialize)]
    struct Payload<'a> {
        r#type: EventKind,
        timestamp: String,
        data: &'a Value,
    }
    let timestamp = occurred_at
        .replace_nanosecond(0)
        .map_err(Error::internal)?
        .to_offset(time::UtcOffset::UTC)
        .format(&Rfc3339)
        .map_err(Error::internal)?;
    serde_json::to_string(&Payload { r#type: kind, timestamp, data }).map_err(Error::internal)
}

type Row = (EventId, EventKind, OffsetDateTime, DeliveryStatus, Option<OffsetDateTime>);

macro_rules! deliveries_of {
    ($webhook:expr) => {
        webhook_deliveries::table
            .inner_join(
                webhook_events::table.on(webhook_events::organization_id
                    .eq(webhook_deliveries::organization_id)
                    .and(webhook_events::account_id.eq(webhook_deliveries::account_id))
                    .and(webhook_events::event_id.eq(webhook_deliveries::event_id))),
            )
            .filter(webhook_deliveries::webhook_id.eq($webhook))
            .select((
                webhook_deliveries::event_id,
                webhook_events::kind,
                webhook_events::occurred_at,
                webhook_deliveries::status,
                webhook_deliveries::due_at,
            ))
    };
}

fn with_attempts<P: Permission>(
    tx: &mut Tx<'_, P>,
    webhook: WebhookId,
    rows: Vec<Row>,
) -> Result<Vec<Delivery>, Error> {
    let ids: Vec<EventId> = rows.iter().map(|row| row.0).collect();
    let mut attempts: HashMap<EventId, Vec<Attempt>> = HashMap::new();
    let made = webhook_attempts::table
        .filter(webhook_attempts::webhook_id.eq(webhook).and(webhook_attempts::event_id.eq_any(&ids)))
        .order(webhook_attempts::attempt)
        .select((
            webhook_attempts::event_id,
            (
                webhook_attempts::attempt,
                webhook_attempts::attempted_at,
                webhook_attempts::duration_ms,
                webhook_attempts::status,
                webhook_attempts::error,
            ),
        ))
        .load::<(EventId, Attempt)>(tx.connection())?;
    for (event, attempt) in made {
        attempts.entry(event).or_default().push(attempt);
    }
    Ok(rows
        .into_iter()
        .map(|(event, kind, occurred_at, status, due_at)| Delivery {
            event,
            kind,
            occurred_at,
            status,
            due_at,
            attempts: attempts.remove(&event).unwrap_or_default(),
        })
        .collect())
}

/// A part of an endpoint's log, newest first; only those of one status, where given.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not one of this account's.
pub fn page<P: Permission + Includes<Administer>>(
    tx: &mut Tx<'_, P>,
    webhook: WebhookId,
    status: Option<DeliveryStatus>,
    part: Part<EventId>,
    limit: u16,
) -> Result<Slice<Delivery>, Error> {
    endpoints::get(tx, webhook)?;
    let mut query = deliveries_of!(webhook).limit(i64::from(limit) + 1).into_boxed::<diesel::pg::Pg>();
    if let Some(status) = status {
        query = query.filter(webhook_deliveries::status.eq(status));
    }
    query = match part {
        Part::Newest => query.order(webhook_deliveries::event_id.desc()),
        Part::OlderThan(at) => {
            query.filter(webhook_deliveries::event_id.lt(at)).order(webhook_deliveries::event_id.desc())
        }
        Part::NewerThan(at) => {
            query.filter(webhook_deliveries::event_id.gt(at)).order(webhook_deliveries::event_id.asc())
        }
    };
    let rows = query.load::<Row>(tx.connection())?;
    let Slice { rows, has_newer, has_older } = Slice::of(rows, &part, limit.into());
    Ok(Slice { rows: with_attempts(tx, webhook, rows)?, has_newer, has_older })
}

/// `limit` rows of an endpoint's log and one more, newest first, after `skip` rows or from
/// what is older than `before`; and how many there are in all.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not one of this account's.
pub fn listed<P: Permission + Includes<Administer>>(
    tx: &mut Tx<'_, P>,
    webhook: WebhookId,
    before: Option<EventId>,
    skip: i64,
    limit: i64,
) -> Result<(Vec<Delivery>, i64), Error> {
    endpoints::get(tx, webhook)?;
    let total = webhook_deliveries::table
        .filter(webhook_deliveries::webhook_id.eq(webhook))
        .count()
        .get_result(tx.connection())?;
    let mut query = deliveries_of!(webhook)
        .order(webhook_deliveries::event_id.desc())
        .offset(skip)
        .limit(limit + 1)
        .into_boxed::<diesel::pg::Pg>();
    if let Some(before) = before {
        query = query.filter(webhook_deliveries::event_id.lt(before));
    }
    let rows = query.load::<Row>(tx.connection())?;
    Ok((with_attempts(tx, webhook, rows)?, total))
}

/// One delivery, and the body that is sent.
///
/// # Errors
/// [`Error::NotFound`] for ids that are not of this account.
pub fn get<P: Permission + Includes<Administer>>(
    tx: &mut Tx<'_, P>,
    webhook: WebhookId,
    event: EventId,
) -> Result<(Delivery, String), Error> {
    let row = deliveries_of!(webhook)
        .filter(webhook_deliveries::event_id.eq(event))
        .first::<Row>(tx.connection())?;
    let data: Value = webhook_events::table
        .filter(webhook_events::event_id.eq(event))
        .select(webhook_events::data)
        .first(tx.connection())?;
    let body = payload(row.1, row.2, &data)?;
    let delivery = with_attempts(tx, webhook, vec![row])?.pop().ok_or(Error::NotFound)?;
    Ok((delivery, body))
}

fn event<P: Permission>(tx: &Tx<'_, P>, endpoint: &endpoints::Endpoint, details: Value) -> Event {
    Event {
        account: tx.account().id,
        action: "webhook.redelivered",
        object: endpoint.url.clone(),
        object_id: endpoint.id.to_string(),
        details,
    }
}

/// What a delivery is set to that is sent anew: at once, and with all its attempts before it.
macro_rules! anew {
    () => {
        (
            webhook_deliveries::status.eq(DeliveryStatus::Pending),
            webhook_deliveries::tries.eq(0),
            webhook_deliveries::due_at.eq(now.into_sql::<Timestamptz>().nullable()),
        )
    };
}

/// Sends one delivery again, under the same event id, whatever became of it before.
///
/// # Errors
/// [`Error::NotFound`] for ids that are not of this account; [`Error::Conflict`] with code
/// `webhook_disabled` when the endpoint is switched off.
pub fn redeliver<P: Permission + Includes<Administer>>(
    tx: &mut Tx<'_, P>,
    webhook: WebhookId,
    id: EventId,
) -> Result<Change<EventId>, Error> {
    let endpoint = endpoints::lock_active(tx, webhook)?;
    let again = diesel::update(webhook_deliveries::table)
        .filter(webhook_deliveries::webhook_id.eq(webhook).and(webhook_deliveries::event_id.eq(id)))
        .set(anew!())
        .execute(tx.connection())?;
    if again == 0 {
        return Err(Error::NotFound);
    }
    let event = event(tx, &endpoint, json!({ "event": id }));
    Ok(Change::new(id, event))
}

/// Sends again all that failed of what happened since a time; tells how many.
///
/// # Errors
/// Those of [`redeliver`].
pub fn redeliver_failed<P: Permission + Includes<Administer>>(
    tx: &mut Tx<'_, P>,
    webhook: WebhookId,
    since: OffsetDateTime,
) -> Result<Change<usize>, Error> {
    let endpoint = endpoints::lock_active(tx, webhook)?;
    let again = diesel::update(webhook_deliveries::table)
        .filter(webhook_deliveries::webhook_id.eq(webhook))
        .filter(webhook_deliveries::status.eq(DeliveryStatus::Failed))
        .filter(webhook_deliveries::event_id.ge(EventId::least_at(since)))
        .set(anew!())
        .execute(tx.connection())?;
    if again == 0 {
        return Ok(Change::none(0));
    }
    let event = event(tx, &endpoint, json!({ "since": since.unix_timestamp(), "deliveries": again }));
    Ok(Change::new(again, event))
}

/// Removes events that are older than is kept, with their deliveries, of all accounts; tells
/// how many. The gate can delete those and no other.
///
/// # Errors
/// Those of the database.
pub fn sweep(tx: &mut GateTx<'_>) -> Result<usize, Error> {
    Ok(diesel::delete(webhook_events::table).execute(tx.connection())?)
}
