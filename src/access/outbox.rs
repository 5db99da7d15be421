//! What is told to the outside, kept by the commit of what it tells of (`trust.md` R9).
//!
//! A write says in its [`Change`](super::Change) what to tell; here the event is stored
//! with one delivery for each endpoint of the account that wants it. Background work
//! sends them.

use std::collections::BTreeSet;

use diesel::{PgConnection, prelude::*, sql_types::Timestamptz};
use serde_json::Value;

use crate::{
    error::Error,
    schema::control::{webhook_deliveries, webhook_endpoints, webhook_events},
    values::{AccountId, EventId, EventKind, WebhookId},
};

/// News for the webhooks of an account: one for each side of an operation. A
/// sub-account's never holds what is the parent's alone.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Whose webhooks are told.
    pub account: AccountId,
    /// What happened.
    pub kind: EventKind,
    /// To what, as a JSON object; never a secret.
    pub data: Value,
}

impl Notice {
    /// News for the webhooks of `account`.
    pub fn new(account: impl Into<AccountId>, kind: EventKind, data: Value) -> Self {
        Self { account: account.into(), kind, data }
    }
}

#[derive(Insertable)]
#[diesel(table_name = webhook_events)]
struct NewEvent<'n> {
    event_id: EventId,
    kind: EventKind,
    data: &'n Value,
}

/// Stores news for the account that `connection` is in, as far as endpoints there want it.
///
/// Every write locks endpoints before it locks the accounts' logs, so that no two wait for
/// each other in a circle.
pub(super) fn publish(connection: &mut PgConnection, notices: &[Notice]) -> Result<(), Error> {
    let active = webhook_endpoints::table
        .filter(webhook_endpoints::active)
        .order(webhook_endpoints::webhook_id)
        .select((webhook_endpoints::webhook_id, webhook_endpoints::kinds))
        .for_no_key_update()
        .load::<(WebhookId, Vec<String>)>(connection)?;
    let (mut events, mut deliveries, mut wanting) = (Vec::new(), Vec::new(), BTreeSet::new());
    for notice in notices {
        let wants =
            |kinds: &[String]| kinds.is_empty() || kinds.iter().any(|kind| kind == notice.kind.as_str());
        let webhooks: Vec<_> =
            active.iter().filter(|(_, kinds)| wants(kinds)).map(|(webhook, _)| *webhook).collect();
        if webhooks.is_empty() {
            continue;
        }
        // The rows that were just locked are unchanged: their order is the events' order.
        let event = EventId::new();
        events.push(NewEvent { event_id: event, kind: notice.kind, data: &notice.data });
        for webhook in webhooks {
            let delivery =
                (webhook_deliveries::webhook_id.eq(webhook), webhook_deliveries::event_id.eq(event));
            deliveries.push(delivery);
            wanting.insert(webhook);
        }
    }
    if events.is_empty() {
        return Ok(());
    }
    diesel::insert_into(webhook_events::table).values(&events).execute(connection)?;
    diesel::insert_into(webhook_deliveries::table).values(&deliveries).execute(connection)?;
    diesel::update(webhook_endpoints::table.filter(webhook_endpoints::webhook_id.eq_any(&wanting)))
        .set(webhook_endpoints::due_at.eq(diesel::dsl::now.into_sql::<Timestamptz>().nullable()))
        .execute(connection)?;
    Ok(())
}
