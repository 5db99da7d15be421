//! What background work does to send: claim an endpoint, read what is due, note what came
//! of it, and let go of it. Each step is a short transaction; nothing is sent inside of one.
//!
//! An endpoint is served by one worker at a time, its deliveries in the order of their
//! events' ids, and those endpoints first that waited the longest: neither a slow receiver
//! nor one with much to be told holds up the others. A worker that dies leaves a claim
//! that runs out after [`CLAIM`].
//!
//! **Retries.** A delivery is tried at once and then after 5 s, 5 min, 30 min, 2 h, 5 h,
//! 10 h and 10 h, each with up to a fifth more by chance: 8 times in 28 to 33 hours. Any
//! 2xx is success. Then it is given up, and can be sent again by hand.
//!
//! **Switching off.** An endpoint that answers 410 is switched off at once; one where
//! nothing succeeded for 3 days and at least 10 attempts failed, then. Its owner is told.

use diesel::{
    dsl::{min, now},
    prelude::*,
    sql_types::Timestamptz,
};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    access::{Change, Event, GateTx, PRODUCT_NAME, Tx, permission::Administer},
    domain::identity::memberships,
    error::Error,
    schema::control::{
        brands, organizations, sub_accounts, webhook_attempts, webhook_deliveries, webhook_endpoints,
        webhook_events,
    },
    values::{
        AccountId, EventId, EventKind, OrganizationId, Role, Sealer, SubAccountId, SubAccountStatus,
        WebhookId,
    },
};

use super::{
    deliveries::{DeliveryStatus, payload},
    endpoints::end_pending,
    signing::{open, signing_key},
};

/// How long a worker may take with an endpoint before another takes over.
pub const CLAIM: Duration = Duration::seconds(45);
/// The pauses before a delivery is tried again, in seconds.
const PAUSES: [i64; 7] = [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000];
/// After how long without a success, and how many failures, an endpoint is switched off.
const PATIENCE: Duration = Duration::days(3);
const FAILURES: i32 = 10;
/// How long an endpoint rests after a failure, at most: what else is due for it would likely
/// fail too.
const LONGEST_REST: Duration = Duration::seconds(60);
/// How long what is due for a suspended account is left alone before it is looked at again.
const HELD: Duration = Duration::seconds(15);
/// How often it is tried to tell the owner, and how long after a failure.
const LETTER_TRIES: i32 = 8;
const LETTER_PAUSE: Duration = Duration::minutes(5);

/// An endpoint to serve.
#[derive(Debug, Clone, Copy)]
pub struct Claimed {
    /// The root of the tenant tree.
    pub organization: OrganizationId,
    /// Whose it is.
    pub account: AccountId,
    /// Which.
    pub webhook: WebhookId,
}

/// Takes endpoints for which something is due and at which nobody is, `most` at most.
///
/// # Errors
/// Those of the database.
pub fn claim(tx: &mut GateTx<'_>, most: i64) -> Result<Vec<Claimed>, Error> {
    let time = OffsetDateTime::now_utc();
    let rows = webhook_endpoints::table
        .filter(webhook_endpoints::due_at.le(now.into_sql::<Timestamptz>().nullable()))
        .filter(webhook_endpoints::claimed_until.is_null().or(webhook_endpoints::claimed_until.lt(time)))
        .order(webhook_endpoints::served_at)
        .limit(most)
        .select((
            webhook_endpoints::organization_id,
            webhook_endpoints::account_id,
            webhook_endpoints::webhook_id,
        ))
        .for_no_key_update()
        .skip_locked()
        .load::<(OrganizationId, Uuid, WebhookId)>(tx.connection())?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    diesel::update(webhook_endpoints::table)
        .filter(webhook_endpoints::webhook_id.eq_any(rows.iter().map(|row| row.2)))
        .set((webhook_endpoints::claimed_until.eq(time + CLAIM), webhook_endpoints::served_at.eq(time)))
        .execute(tx.connection())?;
    Ok(rows
        .into_iter()
        .map(|(organization, account, webhook)| Claimed {
            organization,
            account: if account == organization.uuid() {
                organization.into()
            } else {
                SubAccountId::from_uuid(account).into()
            },
            webhook,
        })
        .collect())
}

/// A delivery that is due.
#[derive(Debug, Clone)]
pub struct Due {
    /// The event, by whose id it is sent each time.
    pub event: EventId,
    /// The body.
    pub body: String,
}

/// A letter about an endpoint that was switched off.
#[derive(Debug, Clone)]
pub struct Letter {
    /// What the owner is called, and their address.
    pub to: (String, String),
    /// What the product is called in the account.
    pub brand: String,
    /// What the account is called.
    pub account: String,
    /// The endpoint's address.
    pub url: String,
    /// Why: `gone` or `failing`.
    pub because: String,
}

/// What is to be done for an endpoint.
#[derive(Debug, Clone)]
pub enum Work {
    /// Nothing, or nothing now.
    Nothing,
    /// The first delivery that is due.
    Delivery {
        /// Where to.
        url: String,
        /// The keys that sign, the newest first.
        keys: Vec<Vec<u8>>,
        /// What to send.
        due: Due,
    },
    /// The owner is told that it was switched off, where there is one.
    Letter(Option<Letter>),
}

/// Whether the account may be told of anything: a suspended one waits, a deleted one has an
/// end.
fn is_open(tx: &mut Tx<'_, Administer>) -> Result<bool, Error> {
    let AccountId::SubAccount(id) = tx.account().id else { return Ok(true) };
    let status = sub_accounts::table
        .find((tx.organization(), id))
        .select(sub_accounts::status)
        .first::<SubAccountStatus>(tx.connection())
        .optional()?;
    Ok(status == Some(SubAccountStatus::Active))
}

/// Reads what is to be done for an endpoint.
///
/// # Errors
/// [`Error::Internal`] when its secret cannot be opened.
pub fn work(tx: &mut Tx<'_, Administer>, webhook: WebhookId, sealer: &Sealer) -> Result<Work, Error> {
    type Row = (String, bool, Vec<u8>, Option<Vec<u8>>, Option<OffsetDateTime>, i32, Option<String>);
    let row = webhook_endpoints::table
        .filter(webhook_endpoints::webhook_id.eq(webhook))
        .select((
            webhook_endpoints::url,
            webhook_endpoints::active,
            webhook_endpoints::secret,
            webhook_endpoints::former_secret,
            webhook_endpoints::former_retires_at,
            webhook_endpoints::letter_tries_left,
            webhook_endpoints::disabled_because,
        ))
        .first::<Row>(tx.connection())
        .optional()?;
    let Some((url, active, secret, former, retires_at, letter_tries, because)) = row else {
        return Ok(Work::Nothing);
    };
    if !is_open(tx)? {
        return Ok(Work::Nothing);
    }
    if !active {
        return match because {
            Some(because) if letter_tries > 0 => letter(tx, url, because),
            _ => Ok(Work::Nothing),
        };
    }
    let mut keys = vec![signing_key(&open(sealer, webhook, &secret)?)];
    if let (Some(former), Some(retires_at)) = (former, retires_at)
        && retires_at > OffsetDateTime::now_utc()
    {
        keys.push(signing_key(&open(sealer, webhook, &former)?));
    }
    let due = webhook_deliveries::table
        .inner_join(
            webhook_events::table.on(webhook_events::organization_id
                .eq(webhook_deliveries::organization_id)
                .and(webhook_events::account_id.eq(webhook_deliveries::account_id))
                .and(webhook_events::event_id.eq(webhook_deliveries::event_id))),
        )
        .filter(webhook_deliveries::webhook_id.eq(webhook))
        .filter(webhook_deliveries::due_at.le(now.into_sql::<Timestamptz>().nullable()))
        .order(webhook_deliveries::event_id)
        .select((
            webhook_deliveries::event_id,
            webhook_events::kind,
            webhook_events::occurred_at,
            webhook_events::data,
        ))
        .first::<(EventId, EventKind, OffsetDateTime, Value)>(tx.connection())
        .optional()?;
    let Some((event, kind, at, data)) = due else { return Ok(Work::Nothing) };
    Ok(Work::Delivery { url, keys, due: Due { event, body: payload(kind, at, &data)? } })
}

/// The letter to the account's owner.
fn letter(tx: &mut Tx<'_, Administer>, url: String, because: String) -> Result<Work, Error> {
    let members = memberships::list(tx)?;
    let Some(owner) = members.into_iter().find(|member| member.role == Role::Owner) else {
        return Ok(Work::Letter(None));
    };
    let organization = tx.organization();
    let (brand, account) = match tx.account().id {
        AccountId::Organization(id) => {
            let name = organizations::table.find(id).select(organizations::name).first(tx.connection())?;
            (PRODUCT_NAME.to_owned(), name)
        }
        AccountId::SubAccount(id) => {
            let name = sub_accounts::table
                .find((organization, id))
                .select(sub_accounts::name)
                .first(tx.connection())?;
            let brand = brands::table
                .find(organization)
                .select(brands::product_name)
                .first::<String>(tx.connection())
                .optional()?;
            (brand.unwrap_or_else(|| PRODUCT_NAME.to_owned()), name)
        }
    };
    Ok(Work::Letter(Some(Letter { to: (owner.name, owner.email), brand, account, url, because })))
}

/// What came of an attempt.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// When it began.
    pub at: OffsetDateTime,
    /// How long it took, in milliseconds.
    pub duration_ms: i32,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// Why it failed, in one word; `None` for a success.
    pub error: Option<&'static str>,
}

/// After which pause a delivery is tried again that failed so many times; `None` when it is
/// given up. `chance` is from 0 to 1.
fn pause(tries: i32, chance: f64) -> Option<Duration> {
    let at = usize::try_from(tries).ok()?.checked_sub(1)?;
    PAUSES.get(at).map(|seconds| Duration::seconds(*seconds) * (1.0 + chance / 5.0))
}

/// Notes an attempt. Tells whether the endpoint took it.
///
/// # Errors
/// Those of the database.
pub fn note(
    tx: &mut Tx<'_, Administer>,
    webhook: WebhookId,
    event: EventId,
    outcome: &Outcome,
) -> Result<Change<bool>, Error> {
    let succeeded = outcome.error.is_none();
    let endpoint = webhook_endpoints::table
        .filter(webhook_endpoints::webhook_id.eq(webhook))
        .select((
            webhook_endpoints::url,
            webhook_endpoints::active,
            webhook_endpoints::failures,
            webhook_endpoints::failing_since,
        ))
        .for_no_key_update()
        .first::<(String, bool, i32, Option<OffsetDateTime>)>(tx.connection())
        .optional()?;
    let mine = webhook_deliveries::webhook_id.eq(webhook).and(webhook_deliveries::event_id.eq(event));
    let tries = webhook_deliveries::table
        .filter(mine)
        .select(webhook_deliveries::tries)
        .first::<i32>(tx.connection())
        .optional()?;
    // Either may have been deleted meanwhile.
    let (Some((url, active, failures, since)), Some(tries)) = (endpoint, tries) else {
        return Ok(Change::none(false));
    };
    let attempts: i64 = webhook_attempts::table
        .filter(webhook_attempts::webhook_id.eq(webhook).and(webhook_attempts::event_id.eq(event)))
        .count()
        .get_result(tx.connection())?;
    diesel::insert_into(webhook_attempts::table)
        .values((
            webhook_attempts::webhook_id.eq(webhook),
            webhook_attempts::event_id.eq(event),
            webhook_attempts::attempt.eq(i32::try_from(attempts).unwrap_or(i32::MAX - 1) + 1),
            webhook_attempts::attempted_at.eq(outcome.at),
            webhook_attempts::duration_ms.eq(outcome.duration_ms),
            webhook_attempts::status.eq(outcome.status.and_then(|status| i16::try_from(status).ok())),
            webhook_attempts::error.eq(outcome.error),
        ))
        .execute(tx.connection())?;
    let time = OffsetDateTime::now_utc();
    let next = pause(tries + 1, rand::random()).filter(|_| active && !succeeded).map(|pause| time + pause);
    let status = match (succeeded, next) {
        (true, _) => DeliveryStatus::Delivered,
        (false, Some(_)) => DeliveryStatus::Pending,
        (false, None) => DeliveryStatus::Failed,
    };
    diesel::update(webhook_deliveries::table.filter(mine))
        .set((
            webhook_deliveries::status.eq(status),
            webhook_deliveries::tries.eq(tries + 1),
            webhook_deliveries::due_at.eq(next),
        ))
        .execute(tx.connection())?;
    let (failures, since) =
        if succeeded { (0, None) } else { (failures.saturating_add(1), Some(since.unwrap_or(outcome.at))) };
    let own = webhook_endpoints::table.filter(webhook_endpoints::webhook_id.eq(webhook));
    diesel::update(own)
        .set((webhook_endpoints::failures.eq(failures), webhook_endpoints::failing_since.eq(since)))
        .execute(tx.connection())?;
    let has_failed_long = failures >= FAILURES && since.is_some_and(|since| since <= time - PATIENCE);
    let because = match outcome.status {
        Some(410) => Some("gone"),
        _ if has_failed_long => Some("failing"),
        _ => None,
    };
    let Some(because) = because.filter(|_| active) else { return Ok(Change::none(succeeded)) };
    diesel::update(own)
        .set((
            webhook_endpoints::active.eq(false),
            webhook_endpoints::disabled_because.eq(because),
            webhook_endpoints::letter_tries_left.eq(LETTER_TRIES),
        ))
        .execute(tx.connection())?;
    end_pending(tx, webhook)?;
    let event = Event {
        account: tx.account().id,
        action: "webhook.disabled",
        object: url,
        object_id: webhook.to_string(),
        details: json!({ "reason": because, "failures": failures }),
    };
    Ok(Change::new(false, event))
}

/// Notes whether the owner could be told.
///
/// # Errors
/// Those of the database.
pub fn note_letter(tx: &mut Tx<'_, Administer>, webhook: WebhookId, sent: bool) -> Result<Change<()>, Error> {
    let own = webhook_endpoints::table.filter(webhook_endpoints::webhook_id.eq(webhook));
    if sent {
        diesel::update(own).set(webhook_endpoints::letter_tries_left.eq(0)).execute(tx.connection())?;
    } else {
        diesel::update(own.filter(webhook_endpoints::letter_tries_left.gt(0)))
            .set(webhook_endpoints::letter_tries_left.eq(webhook_endpoints::letter_tries_left - 1))
            .execute(tx.connection())?;
    }
    // Who was told stands in no log: that it was switched off does.
    Ok(Change::none(()))
}

/// Lets go of an endpoint, and says when there is something to do for it next.
///
/// # Errors
/// Those of the database.
pub fn release(tx: &mut Tx<'_, Administer>, webhook: WebhookId) -> Result<Change<()>, Error> {
    let own = webhook_endpoints::table.filter(webhook_endpoints::webhook_id.eq(webhook));
    // Locked first: what is published until then is seen by the next statement.
    let locked = own
        .select((
            webhook_endpoints::active,
            webhook_endpoints::failures,
            webhook_endpoints::letter_tries_left,
        ))
        .for_no_key_update()
        .first::<(bool, i32, i32)>(tx.connection())
        .optional()?;
    let Some((active, failures, letters)) = locked else { return Ok(Change::none(())) };
    let time = OffsetDateTime::now_utc();
    let open = is_open(tx)?;
    let next = if active {
        let first = webhook_deliveries::table
            .filter(webhook_deliveries::webhook_id.eq(webhook))
            .select(min(webhook_deliveries::due_at))
            .first::<Option<OffsetDateTime>>(tx.connection())?;
        let rest = (Duration::SECOND * failures).min(LONGEST_REST);
        first.map(|first| first.max(if open { time + rest } else { time + HELD }))
    } else {
        (letters > 0).then_some(if open && letters == LETTER_TRIES { time } else { time + LETTER_PAUSE })
    };
    diesel::update(own)
        .set((
            webhook_endpoints::due_at.eq(next),
            webhook_endpoints::claimed_until.eq(None::<OffsetDateTime>),
        ))
        .execute(tx.connection())?;
    Ok(Change::none(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_tried_eight_times_in_about_a_day() {
        let total = |chance| {
            let pauses: Vec<_> = (1..).map_while(|tries| pause(tries, chance)).collect();
            (pauses.len() + 1, pauses.into_iter().sum::<Duration>().whole_hours())
        };
        assert_eq!(total(0.0), (8, 27));
        assert_eq!(total(1.0), (8, 33));
        assert_eq!(pause(0, 0.0), None);
    }
}
