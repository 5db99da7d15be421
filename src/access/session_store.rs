//! Sessions in the control database, behind actix-session.
//!
//! They survive a restart, can be ended from the server, and are stored under a hash of
//! their key (`trust.md` S7).

use std::{collections::HashMap, sync::Arc};

use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_web::cookie::time::Duration;
use anyhow::anyhow;
use diesel::{OptionalExtension, PgConnection, dsl::now, prelude::*};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::{
    error::Error,
    schema::control::{session_keys, sessions},
    values::{Secret, SessionId, UserId},
};

use super::{Access, GateTx};

/// The longest a session lives, however much it is used.
pub const ABSOLUTE_LIFETIME: time::Duration = time::Duration::days(14);
/// How long a session lives that is not used.
const IDLE_LIFETIME: time::Duration = time::Duration::hours(24);
/// How often use is noted: not at each request.
const NOTE_USE_EVERY: time::Duration = time::Duration::minutes(1);

/// How long a key goes on opening its session after it was changed for another.
const GRACE: time::Duration = time::Duration::seconds(10);

/// What a session remembers: who signed in, when, from where.
pub mod state {
    /// The person ([`crate::values::UserId`]).
    pub const USER: &str = "user";
    /// The session's lasting id, which outlives renewals of the key.
    pub const SESSION: &str = "session";
    /// When the person signed in, in Unix seconds.
    pub const SINCE: &str = "since";
    /// The address it was signed in from.
    pub const IP: &str = "ip";
    /// The browser it was signed in with.
    pub const USER_AGENT: &str = "user_agent";
    /// When it last gained or lost a right; a change of it changes the session's key.
    pub const RIGHTS_CHANGED: &str = "rights_changed";
}

type State = HashMap<String, String>;

/// The store that the session middleware uses.
#[derive(Clone)]
pub struct Sessions(pub Arc<Access>);

impl Sessions {
    async fn gate<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut GateTx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, anyhow::Error> {
        self.0.gate(None, work).await.map_err(|error| anyhow!(error))
    }
}

fn read(state: &State, key: &str) -> Option<Value> {
    state.get(key).and_then(|text| serde_json::from_str(text).ok())
}

fn save(tx: &mut GateTx<'_>, key: &Secret, state: &State) -> Result<(), Error> {
    let text = |key| read(state, key).and_then(|value| value.as_str().map(str::to_owned));
    let user = text(state::USER).and_then(|id| id.parse::<UserId>().ok());
    let session = text(state::SESSION).and_then(|id| id.parse().ok()).unwrap_or_else(SessionId::new);
    let since = read(state, state::SINCE)
        .and_then(|value| value.as_i64())
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .unwrap_or_else(OffsetDateTime::now_utc);
    diesel::insert_into(sessions::table)
        .values((
            sessions::session_id.eq(session),
            sessions::user_id.eq(user),
            sessions::state.eq(json!(state)),
            sessions::ip.eq(text(state::IP).unwrap_or_default()),
            sessions::user_agent.eq(text(state::USER_AGENT).unwrap_or_default()),
            sessions::created_at.eq(since),
            sessions::expires_at
                .eq((OffsetDateTime::now_utc() + IDLE_LIFETIME).min(since + ABSOLUTE_LIFETIME)),
        ))
        .execute(tx.connection())?;
    add_key(tx, key, session)
}

fn add_key(tx: &mut GateTx<'_>, key: &Secret, session: SessionId) -> Result<(), Error> {
    diesel::insert_into(session_keys::table)
        .values((session_keys::key_hash.eq(key.hash()), session_keys::session_id.eq(session)))
        .execute(tx.connection())?;
    Ok(())
}

/// What is known of a session: its state, and whether its use wants noting.
#[derive(Queryable)]
struct Known {
    id: SessionId,
    state: Value,
    seen_at: OffsetDateTime,
    created_at: OffsetDateTime,
}

fn find(connection: &mut PgConnection, key: &Secret) -> Result<Option<Known>, Error> {
    Ok(session_keys::table
        .inner_join(sessions::table.on(sessions::session_id.eq(session_keys::session_id)))
        .filter(session_keys::key_hash.eq(key.hash()))
        .filter(session_keys::retires_at.is_null().or(session_keys::retires_at.gt(now)))
        .filter(sessions::expires_at.gt(now))
        .select((sessions::session_id, sessions::state, sessions::seen_at, sessions::created_at))
        .first(connection)
        .optional()?)
}

fn note_use(tx: &mut GateTx<'_>, known: &Known) -> Result<(), Error> {
    let moment = OffsetDateTime::now_utc();
    diesel::update(sessions::table.find(known.id))
        .set((
            sessions::seen_at.eq(moment),
            sessions::expires_at.eq((moment + IDLE_LIFETIME).min(known.created_at + ABSOLUTE_LIFETIME)),
        ))
        .execute(tx.connection())?;
    diesel::delete(session_keys::table)
        .filter(session_keys::session_id.eq(known.id).and(session_keys::retires_at.lt(now)))
        .execute(tx.connection())?;
    Ok(())
}

/// Keeps a changed state under a new key: whoever knew the old one before the session
/// gained or lost a right has nothing of it (`trust.md` S5, S7).
fn change_key(tx: &mut GateTx<'_>, old: &Secret, new: &Secret, state: &State) -> Result<(), Error> {
    let session: SessionId = session_keys::table
        .filter(session_keys::key_hash.eq(old.hash()))
        .select(session_keys::session_id)
        .first(tx.connection())?;
    diesel::update(sessions::table.find(session))
        .set(sessions::state.eq(json!(state)))
        .execute(tx.connection())?;
    diesel::update(session_keys::table.find(old.hash()))
        .filter(session_keys::retires_at.is_null())
        .set(session_keys::retires_at.eq(OffsetDateTime::now_utc() + GRACE))
        .execute(tx.connection())?;
    add_key(tx, new, session)
}

fn new_key() -> Result<(Secret, SessionKey), anyhow::Error> {
    let key = Secret::new()?;
    let session_key = SessionKey::try_from(key.reveal().to_owned())
        .map_err(|_| anyhow!("a session key is of the wrong length"))?;
    Ok((key, session_key))
}

impl SessionStore for Sessions {
    async fn load(&self, session_key: &SessionKey) -> Result<Option<State>, LoadError> {
        let key = Secret::presented(session_key.as_ref());
        let found = self.0.ask_gate(move |connection| find(connection, &key)).await;
        let Some(known) = found.map_err(|error| LoadError::Other(anyhow!(error)))? else { return Ok(None) };
        let state = serde_json::from_value(known.state.clone()).ok();
        if OffsetDateTime::now_utc() - known.seen_at > NOTE_USE_EVERY {
            self.gate(move |tx| note_use(tx, &known)).await.map_err(LoadError::Other)?;
        }
        Ok(state)
    }

    async fn save(&self, session_state: State, _: &Duration) -> Result<SessionKey, SaveError> {
        let (key, session_key) = new_key().map_err(SaveError::Other)?;
        self.gate(move |tx| save(tx, &key, &session_state)).await.map_err(SaveError::Other)?;
        Ok(session_key)
    }

    /// A changed state gets a new key.
    async fn update(
        &self,
        session_key: SessionKey,
        session_state: State,
        _: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        let old = Secret::presented(session_key.as_ref());
        let (key, session_key) = new_key().map_err(UpdateError::Other)?;
        self.gate(move |tx| change_key(tx, &old, &key, &session_state)).await.map_err(UpdateError::Other)?;
        Ok(session_key)
    }

    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        // Use is noted as a session is loaded.
        Ok(())
    }

    async fn delete(&self, session_key: &SessionKey) -> Result<(), anyhow::Error> {
        let key = Secret::presented(session_key.as_ref());
        self.gate(move |tx| {
            let session = session_keys::table
                .filter(session_keys::key_hash.eq(key.hash()))
                .select(session_keys::session_id)
                .first::<SessionId>(tx.connection())
                .optional()?;
            if let Some(session) = session {
                diesel::delete(sessions::table.find(session)).execute(tx.connection())?;
            }
            Ok(())
        })
        .await
    }
}
