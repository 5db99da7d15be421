//! The addresses at which an account is told of its events.

use diesel::{prelude::*, sql_types::Timestamptz};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::{
    access::{
        Change, Event, Tx,
        permission::{Administer, Includes, Permission},
    },
    error::Error,
    schema::control::{webhook_deliveries, webhook_endpoints, webhook_events},
    values::{EventId, EventKind, Sealer, WebhookId},
};

use super::{
    input::CheckedEndpoint,
    signing::{new_secret, open, seal},
};

/// The most endpoints of one account.
pub const MOST: i64 = 20;
/// How long the former secret signs beside its successor, in hours.
pub const OVERLAP_HOURS: i64 = 24;

/// An endpoint.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Its id.
    pub id: WebhookId,
    /// Where events are sent.
    pub url: String,
    /// What it is for, in the account's own words; may be empty.
    pub description: String,
    /// The kinds of events it wants; none for all.
    pub kinds: Vec<EventKind>,
    /// Whether events are sent to it.
    pub active: bool,
    /// Why it was switched off without anybody asking for it: `gone` or `failing`.
    pub disabled_because: Option<String>,
    /// Attempts that failed since the last that succeeded.
    pub failures: i32,
    /// Since when only failures.
    pub failing_since: Option<OffsetDateTime>,
    /// Until when the former secret signs too.
    pub former_secret_until: Option<OffsetDateTime>,
    /// When it was created.
    pub created_at: OffsetDateTime,
}

type Row = (
    (WebhookId, String, String, Vec<String>, bool, Option<String>),
    (i32, Option<OffsetDateTime>, Option<OffsetDateTime>, OffsetDateTime),
);

macro_rules! endpoints {
    () => {
        webhook_endpoints::table.select((
            (
                webhook_endpoints::webhook_id,
                webhook_endpoints::url,
                webhook_endpoints::description,
                webhook_endpoints::kinds,
                webhook_endpoints::active,
                webhook_endpoints::disabled_because,
            ),
            (
                webhook_endpoints::failures,
                webhook_endpoints::failing_since,
                webhook_endpoints::former_retires_at,
                webhook_endpoints::created_at,
            ),
        ))
    };
}

impl From<Row> for Endpoint {
    fn from(row: Row) -> Self {
        let (
            (id, url, description, kinds, active, disabled_because),
            (failures, failing_since, former_secret_until, created_at),
        ) = row;
        let now = OffsetDateTime::now_utc();
        Self {
            id,
            url,
            description,
            kinds: kinds.iter().filter_map(|kind| kind.parse().ok()).collect(),
            active,
            disabled_because,
            failures,
            failing_since,
            former_secret_until: former_secret_until.filter(|until| *until > now),
            created_at,
        }
    }
}

/// The account's endpoints, in the order in which they were made.
pub fn list<P: Permission + Includes<Administer>>(tx: &mut Tx<'_, P>) -> Result<Vec<Endpoint>, Error> {
    let rows = endpoints!().order(webhook_endpoints::webhook_id).limit(MOST).load::<Row>(tx.connection())?;
    Ok(rows.into_iter().map(Endpoint::from).collect())
}

/// One endpoint.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not one of this account's.
pub fn get<P: Permission + Includes<Administer>>(
    tx: &mut Tx<'_, P>,
    id: WebhookId,
) -> Result<Endpoint, Error> {
    let row = endpoints!().filter(webhook_endpoints::webhook_id.eq(id)).first::<Row>(tx.connection())?;
    Ok(row.into())
}

fn event<P: Permission>(
    tx: &Tx<'_, P>,
    action: &'static str,
    endpoint: &Endpoint,
    details: serde_json::Value,
) -> Event {
    Event {
        account: tx.account().id,
        action,
        object: endpoint.url.clone(),
        object_id: endpoint.id.to_string(),
        details,
    }
}

fn words(kinds: &[EventKind]) -> Vec<&'static str> {
    kinds.iter().map(|kind| kind.as_str()).collect()
}

/// Creates an endpoint; its secret is made here unless the caller chose one.
///
/// # Errors
/// [`Error::Invalid`] on `url` when there is none; [`Error::Conflict`] with code
/// `too_many_webhooks` beyond [`MOST`].
pub fn create<P: Permission + Includes<Administer>>(
    tx: &mut Tx<'_, P>,
    new: &CheckedEndpoint,
    sealer: &Sealer,
) -> Result<Change<WebhookId>, Error> {
    let url =
        new.url.as_ref().ok_or_else(|| Error::invalid("url", "Enter the address to send events to."))?;
    // Whoever adds one waits for the others: the most is the most.
    let present: Vec<WebhookId> = webhook_endpoints::table
        .order(webhook_endpoints::webhook_id)
        .select(webhook_endpoints::webhook_id)
        .for_no_key_update()
        .load(tx.connection())?;
    if i64::try_from(present.len()).unwrap_or(i64::MAX) >= MOST {
        return Err(Error::Conflict {
            code: "too_many_webhooks",
            message: format!("An account can have {MOST} webhooks. Delete one that is no longer needed."),
        });
    }
    let id = WebhookId::new();
    let secret = match &new.secret {
        Some(chosen) => chosen.clone(),
        None => new_secret()?,
    };
    let kinds = new.kinds.clone().unwrap_or_default();
    diesel::insert_into(webhook_endpoints::table)
        .values((
            webhook_endpoints::webhook_id.eq(id),
            webhook_endpoints::url.eq(url.as_str()),
            webhook_endpoints::description.eq(new.description.as_deref().unwrap_or_default()),
            webhook_endpoints::kinds.eq(words(&kinds)),
            webhook_endpoints::secret.eq(seal(sealer, id, &secret)?),
            webhook_endpoints::active.eq(new.active.unwrap_or(true)),
        ))
        .execute(tx.connection())?;
    let created = get(tx, id)?;
    let details = json!({ "events": words(&kinds), "active": created.active });
    let event = event(tx, "webhook.created", &created, details);
    Ok(Change::new(id, event))
}

/// The secret of an endpoint, for the one answer that shows it.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not one of this account's.
pub fn secret<P: Permission + Includes<Administer>>(
    tx: &mut Tx<'_, P>,
    id: WebhookId,
    sealer: &Sealer,
) -> Result<String, Error> {
    let sealed: Vec<u8> = webhook_endpoints::table
        .filter(webhook_endpoints::webhook_id.eq(id))
        .select(webhook_endpoints::secret)
        .first(tx.connection())?;
    open(sealer, id, &sealed)
}

/// Locks an endpoint and gives it.
fn lock<P: Permission + Includes<Administer>>(tx: &mut Tx<'_, P>, id: WebhookId) -> Result<Endpoint, Error> {
    let row = endpoints!()
        .filter(webhook_endpoints::webhook_id.eq(id))
        .for_no_key_update()
        .first::<Row>(tx.connection())?;
    Ok(row.into())
}

/// Changes what is given of an endpoint: address, description, kinds, whether it is
/// active, and the secret, which then replaces the former at once.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not one of this account's.
pub fn change<P: Permission + Includes<Administer>>(
    tx: &mut Tx<'_, P>,
    id: WebhookId,
    to: &CheckedEndpoint,
    sealer: &Sealer,
) -> Result<Change<()>, Error> {
    let before = lock(tx, id)?;
    let mut details = serde_json::Map::new();
    let mut note = |name: &str, from: serde_json::Value, to: serde_json::Value| {
        if from != to {
            details.insert(name.to_owned(), json!({ "before": from, "after": to }));
        }
    };
    let url = to.url.as_ref().map_or(before.url.as_str(), |url| url.as_str());
    let description = to.description.as_ref().unwrap_or(&before.description);
    let kinds = to.kinds.as_ref().unwrap_or(&before.kinds);
    note("url", json!(before.url), json!(url));
    note("description", json!(before.description), json!(description));
    note("events", json!(words(&before.kinds)), json!(words(kinds)));
    diesel::update(webhook_endpoints::table.filter(webhook_endpoints::webhook_id.eq(id)))
        .set((
            webhook_endpoints::url.eq(url),
            webhook_endpoints::description.eq(description),
            webhook_endpoints::kinds.eq(words(kinds)),
        ))
        .execute(tx.connection())?;
    if let Some(secret) = &to.secret {
        details.insert("secret".to_owned(), json!("replaced"));
        diesel::update(webhook_endpoints::table.filter(webhook_endpoints::webhook_id.eq(id)))
            .set((
                webhook_endpoints::secret.eq(seal(sealer, id, secret)?),
                webhook_endpoints::former_secret.eq(None::<Vec<u8>>),
                webhook_endpoints::former_retires_at.eq(None::<OffsetDateTime>),
            ))
            .execute(tx.connection())?;
    }
    let switched = match to.active {
        Some(active) => Some(switch(tx, id, active)?),
        None => None,
    };
    let changed = if details.is_empty() {
        Change::none(())
    } else {
        let after = get(tx, id)?;
        Change::new((), event(tx, "webhook.updated", &after, details.into()))
    };
    Ok(match switched {
        Some(switched) => changed.and(switched),
        None => changed,
    })
}

/// Gives an endpoint a new secret. The former signs too for [`OVERLAP_HOURS`], so that the
/// receiver can change over without losing an event.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not one of this account's.
pub fn rotate<P: Permission + Includes<Administer>>(
    tx: &mut Tx<'_, P>,
    id: WebhookId,
    sealer: &Sealer,
) -> Result<Change<WebhookId>, Error> {
    let endpoint = lock(tx, id)?;
    let retires_at = OffsetDateTime::now_utc() + Duration::hours(OVERLAP_HOURS);
    diesel::update(webhook_endpoints::table.filter(webhook_endpoints::webhook_id.eq(id)))
        .set((
            webhook_endpoints::former_secret.eq(webhook_endpoints::secret.nullable()),
            webhook_endpoints::former_retires_at.eq(retires_at),
            webhook_endpoints::secret.eq(seal(sealer, id, &new_secret()?)?),
        ))
        .execute(tx.connection())?;
    let event = event(tx, "webhook.secret_rotated", &endpoint, json!({}));
    Ok(Change::new(id, event))
}

/// Switches an endpoint on or off. What waits for one that is switched off is not sent any
/// more; it can be sent again later. Tells whether anything changed.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not one of this account's.
pub fn switch<P: Permission + Includes<Administer>>(
    tx: &mut Tx<'_, P>,
    id: WebhookId,
    active: bool,
) -> Result<Change<bool>, Error> {
    let before = lock(tx, id)?;
    if before.active == active {
        return Ok(Change::none(false));
    }
    diesel::update(webhook_endpoints::table.filter(webhook_endpoints::webhook_id.eq(id)))
        .set((
            webhook_endpoints::active.eq(active),
            webhook_endpoints::disabled_because.eq(None::<String>),
            webhook_endpoints::letter_tries_left.eq(0),
            webhook_endpoints::failures.eq(0),
            webhook_endpoints::failing_since.eq(None::<OffsetDateTime>),
        ))
        .execute(tx.connection())?;
    if !active {
        end_pending(tx, id)?;
    }
    let action = if active { "webhook.enabled" } else { "webhook.disabled" };
    let event = event(tx, action, &before, json!({}));
    Ok(Change::new(true, event))
}

/// Ends what waits to be sent to an endpoint.
pub(super) fn end_pending<P: Permission>(tx: &mut Tx<'_, P>, id: WebhookId) -> Result<(), Error> {
    diesel::update(webhook_deliveries::table)
        .filter(webhook_deliveries::webhook_id.eq(id).and(webhook_deliveries::status.eq("pending")))
        .set((webhook_deliveries::status.eq("failed"), webhook_deliveries::due_at.eq(None::<OffsetDateTime>)))
        .execute(tx.connection())?;
    Ok(())
}

/// Deletes an endpoint with its log.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not one of this account's.
pub fn delete<P: Permission + Includes<Administer>>(
    tx: &mut Tx<'_, P>,
    id: WebhookId,
) -> Result<Change<()>, Error> {
    let endpoint = get(tx, id)?;
    diesel::delete(webhook_endpoints::table.filter(webhook_endpoints::webhook_id.eq(id)))
        .execute(tx.connection())?;
    let event = event(tx, "webhook.deleted", &endpoint, json!({}));
    Ok(Change::new((), event))
}

/// Sends a test to an endpoint, and to no other.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not one of this account's; [`Error::Conflict`]
/// with code `webhook_disabled` for one that is switched off.
pub fn test<P: Permission + Includes<Administer>>(
    tx: &mut Tx<'_, P>,
    id: WebhookId,
) -> Result<Change<EventId>, Error> {
    let endpoint = lock(tx, id)?;
    require_active(&endpoint)?;
    let sent = EventId::new();
    diesel::insert_into(webhook_events::table)
        .values((
            webhook_events::event_id.eq(sent),
            webhook_events::kind.eq(EventKind::Test),
            webhook_events::data.eq(json!({ "webhook_id": id, "message": "This is a test." })),
        ))
        .execute(tx.connection())?;
    diesel::insert_into(webhook_deliveries::table)
        .values((webhook_deliveries::webhook_id.eq(id), webhook_deliveries::event_id.eq(sent)))
        .execute(tx.connection())?;
    due_now(tx, id)?;
    let event = event(tx, "webhook.tested", &endpoint, json!({ "event": sent }));
    Ok(Change::new(sent, event))
}

pub(super) fn require_active(endpoint: &Endpoint) -> Result<(), Error> {
    if endpoint.active {
        return Ok(());
    }
    Err(Error::Conflict {
        code: "webhook_disabled",
        message: "This webhook is switched off. Switch it on first; nothing was sent.".to_owned(),
    })
}

/// Has an endpoint served as soon as may be.
pub(super) fn due_now<P: Permission>(tx: &mut Tx<'_, P>, id: WebhookId) -> Result<(), Error> {
    diesel::update(webhook_endpoints::table.filter(webhook_endpoints::webhook_id.eq(id)))
        .set(webhook_endpoints::due_at.eq(diesel::dsl::now.into_sql::<Timestamptz>().nullable()))
        .execute(tx.connection())?;
    Ok(())
}

/// Locks an endpoint that is active and has it served.
pub(super) fn lock_active<P: Permission + Includes<Administer>>(
    tx: &mut Tx<'_, P>,
    id: WebhookId,
) -> Result<Endpoint, Error> {
    let endpoint = lock(tx, id)?;
    require_active(&endpoint)?;
    due_now(tx, id)?;
    Ok(endpoint)
}
