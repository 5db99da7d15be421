//! API keys: made, listed, renamed, followed by another, ended (`domain.md` 6.1,
//! `trust.md` S10). The text of a key is shown once and kept as a hash.

mod create;
mod life;

use diesel::{pg::Pg, prelude::*, sql_types::Timestamptz};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::{
    access::{Event, Notice, Tx, permission::Administer},
    error::Error,
    schema::control::api_keys,
    values::{ApiKeyId, EventKind, KeyMode, KeyScopes, Part, Slice, WorkspaceId, words},
};

pub use create::{Again, KeyName, Lifetime, MadeKey, NewKey, create, keep};
pub use life::{LONGEST_OVERLAP_HOURS, Rotated, Rotation, USUAL_OVERLAP_HOURS, rename, revoke, rotate};

/// The most keys of an account that are in use at the same time.
pub const MOST_IN_USE: i64 = 100;

/// How long a key that has ended is listed among the others.
pub const LISTED_AFTER_END: Duration = Duration::days(30);

words! {
    /// Where a key stands in its life.
    KeyStatus {
        /// Requests with it are answered.
        InUse = "in_use" / "In use",
        /// Another follows it; requests with it are answered until it expires.
        Retiring = "retiring" / "Retiring",
        /// It ended by itself, or another has followed it.
        Expired = "expired" / "Expired",
        /// Somebody ended it.
        Revoked = "revoked" / "Revoked",
    }
}

/// A key as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Serialize, Deserialize)]
#[diesel(table_name = api_keys, check_for_backend(Pg))]
pub struct ApiKey {
    /// Its id.
    #[diesel(column_name = api_key_id)]
    pub id: ApiKeyId,
    /// What it is for.
    pub name: String,
    /// Live or test.
    pub mode: KeyMode,
    /// What it may do.
    pub scopes: KeyScopes,
    /// The one workspace it works in; `None` for the whole account.
    #[diesel(column_name = workspace_id)]
    pub workspace: Option<WorkspaceId>,
    /// Its last four characters.
    #[diesel(column_name = token_hint)]
    pub hint: String,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it was last used, to about a minute.
    pub last_used_at: Option<OffsetDateTime>,
    /// From which address it was last used.
    pub last_used_ip: Option<String>,
    /// When it ends by itself.
    pub expires_at: Option<OffsetDateTime>,
    /// When somebody ended it.
    pub revoked_at: Option<OffsetDateTime>,
    /// The key that follows it after a rotation.
    pub replaced_by: Option<ApiKeyId>,
}

impl ApiKey {
    /// Where it stands at `now`.
    pub fn status(&self, now: OffsetDateTime) -> KeyStatus {
        match self {
            Self { revoked_at: Some(_), .. } => KeyStatus::Revoked,
            Self { expires_at: Some(at), .. } if *at <= now => KeyStatus::Expired,
            Self { replaced_by: Some(_), .. } => KeyStatus::Retiring,
            _ => KeyStatus::InUse,
        }
    }

    /// Whether requests with it are answered at `now`.
    pub fn is_accepted(&self, now: OffsetDateTime) -> bool {
        matches!(self.status(now), KeyStatus::InUse | KeyStatus::Retiring)
    }
}

/// The database's own clock, by which keys end.
fn now(connection: &mut PgConnection) -> Result<OffsetDateTime, Error> {
    Ok(diesel::select(diesel::dsl::now.into_sql::<Timestamptz>()).get_result(connection)?)
}

/// Which keys are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// Those in use, and those that ended within [`LISTED_AFTER_END`].
    Current,
    /// All there ever were.
    All,
}

/// The keys that are `listed`, as a query to go on with.
macro_rules! listed {
    ($connection:expr, $listed:expr) => {{
        let query = api_keys::table.into_boxed::<Pg>();
        match $listed {
            Listed::All => query,
            Listed::Current => {
                let since = now($connection)? - LISTED_AFTER_END;
                query
                    .filter(api_keys::revoked_at.is_null().or(api_keys::revoked_at.gt(since)))
                    .filter(api_keys::expires_at.is_null().or(api_keys::expires_at.gt(since)))
            }
        }
    }};
}

/// Keys of the account, newest first, without the first `skip` of them.
///
/// # Errors
/// Those of the database.
pub fn page(
    tx: &mut Tx<'_, Administer>,
    listed: Listed,
    part: Part<ApiKeyId>,
    skip: i64,
    limit: u16,
) -> Result<Slice<ApiKey>, Error> {
    let query = listed!(tx.connection(), listed).offset(skip).limit(i64::from(limit) + 1);
    let query = match part {
        Part::Newest => query.order(api_keys::api_key_id.desc()),
        Part::OlderThan(at) => query.filter(api_keys::api_key_id.lt(at)).order(api_keys::api_key_id.desc()),
        Part::NewerThan(at) => query.filter(api_keys::api_key_id.gt(at)).order(api_keys::api_key_id.asc()),
    };
    let rows = query.select(ApiKey::as_select()).load(tx.connection())?;
    Ok(Slice::of(rows, &part, limit.into()))
}

/// How many keys there are.
///
/// # Errors
/// Those of the database.
pub fn count(tx: &mut Tx<'_, Administer>, listed: Listed) -> Result<i64, Error> {
    Ok(listed!(tx.connection(), listed).count().get_result(tx.connection())?)
}

/// One of the account's keys.
///
/// # Errors
/// [`Error::NotFound`] for an id that is none of its keys.
pub fn find(tx: &mut Tx<'_, Administer>, id: ApiKeyId) -> Result<ApiKey, Error> {
    Ok(api_keys::table
        .filter(api_keys::api_key_id.eq(id))
        .select(ApiKey::as_select())
        .first(tx.connection())?)
}

/// What happened to `key`, for the log of its account.
fn told(tx: &Tx<'_, Administer>, action: &'static str, key: &ApiKey, details: Value) -> Event {
    Event {
        account: tx.account().id,
        action,
        object: key.name.clone(),
        object_id: key.id.to_string(),
        details,
    }
}

/// What happened to `key`, for the webhooks of its account.
fn noticed(tx: &Tx<'_, Administer>, kind: EventKind, key: &ApiKey) -> Notice {
    let data = json!({ "api_key_id": key.id, "name": key.name, "type": key.mode });
    Notice::new(tx.account().id, kind, data)
}

/// A program that may only simulate does not touch keys that make real calls, whichever
/// way (`trust.md` S10).
fn check_mode(tx: &Tx<'_, Administer>, mode: KeyMode) -> Result<(), Error> {
    let asker = tx.asker().principal.key().map(|key| key.mode);
    if asker == Some(KeyMode::Test) && mode == KeyMode::Live {
        return Err(Error::Forbidden("A test key can manage test keys only."));
    }
    Ok(())
}
