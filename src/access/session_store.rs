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
    schema::control::sessions,
    values::{Secret, SessionId, UserId},
};

use super::{Access, GateTx};

/// The longest a session lives, however much it is used.
pub const ABSOLUTE_LIFETIME: time::Duration = time::Duration::days(14);
/// How long a session lives that is not used.
const IDLE_LIFETIME: time::Duration = time::Duration::hours(24);
/// How often use is noted: not at each request.
const NOTE_USE_EVERY: time::Duration = time::Duration::minutes(1);

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
            sessions::key_hash.eq(key.hash()),
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
    Ok(())
}

/// What is known of a session: its state, and whether its use wants noting.
type Known = (Value, OffsetDateTime, OffsetDateTime);

fn find(connection: &mut PgConnection, key: &Secret) -> Result<Option<Known>, Error> {
    Ok(sessions::table
        .find(key.hash())
        .filter(sessions::expires_at.gt(now))
        .select((sessions::state, sessions::seen_at, sessions::created_at))
        .first(connection)
        .optional()?)
}

fn note_use(tx: &mut GateTx<'_>, key: &Secret, created_at: OffsetDateTime) -> Result<(), Error> {
    let moment = OffsetDateTime::now_utc();
    diesel::update(sessions::table.find(key.hash()))
        .set((
            sessions::seen_at.eq(moment),
            sessions::expires_at.eq((moment + IDLE_LIFETIME).min(created_at + ABSOLUTE_LIFETIME)),
        ))
        .execute(tx.connection())?;
    Ok(())
}

impl SessionStore for Sessions {
    async fn load(&self, session_key: &SessionKey) -> Result<Option<State>, LoadError> {
        let key = Secret::presented(session_key.as_ref());
        let found = self.0.ask_gate({
            let key = key.clone();
            move |connection| find(connection, &key)
        });
        let Some((state, seen_at, created_at)) =
            found.await.map_err(|error| LoadError::Other(anyhow!(error)))?
        else {
            return Ok(None);
        };
        if OffsetDateTime::now_utc() - seen_at > NOTE_USE_EVERY {
            self.gate(move |tx| note_use(tx, &key, created_at)).await.map_err(LoadError::Other)?;
        }
        Ok(serde_json::from_value(state).ok())
    }

    async fn save(&self, session_state: State, _: &Duration) -> Result<SessionKey, SaveError> {
        let key = Secret::new().map_err(|error| SaveError::Other(anyhow!(error)))?;
        let session_key = SessionKey::try_from(key.reveal().to_owned())
            .map_err(|_| SaveError::Other(anyhow!("a session key is of the wrong length")))?;
        self.gate(move |tx| save(tx, &key, &session_state)).await.map_err(SaveError::Other)?;
        Ok(session_key)
    }

    async fn update(
        &self,
        session_key: SessionKey,
        session_state: State,
        _: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        let key = Secret::presented(session_key.as_ref());
        self.gate(move |tx| {
            diesel::update(sessions::table.find(key.hash()))
                .set(sessions::state.eq(json!(session_state)))
                .execute(tx.connection())?;
            Ok(())
        })
        .await
        .map_err(UpdateError::Other)?;
        Ok(session_key)
    }

    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        // Use is noted as a session is loaded.
        Ok(())
    }

    async fn delete(&self, session_key: &SessionKey) -> Result<(), anyhow::Error> {
        let key = Secret::presented(session_key.as_ref());
        self.gate(move |tx| {
            diesel::delete(sessions::table.find(key.hash())).execute(tx.connection())?;
            Ok(())
        })
        .await
    }
}
