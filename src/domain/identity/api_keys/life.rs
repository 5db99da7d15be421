//! What becomes of a key: another name, a key that follows it, its end.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::{
    access::{Change, Tx, permission::Administer},
    error::Error,
    schema::control::api_keys,
    values::{ApiKeyId, EventKind},
};

use super::{
    ApiKey, KeyStatus, check_mode,
    create::{Again, KeyName, Lifetime, MadeKey, check_rights, insert, make_room},
    noticed, now, told,
};

/// The longest that a key is accepted beside the one that follows it, in hours.
pub const LONGEST_OVERLAP_HOURS: u16 = 7 * 24;
/// How long it is where nothing is said, in hours.
pub const USUAL_OVERLAP_HOURS: u16 = 24;

/// How a key is to be followed by another.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Rotation {
    /// How long both are accepted, in hours: 0 ends the old one at once.
    pub overlap_hours: u16,
    /// How long the new one is accepted; `None` for as long as the old one was made for.
    pub lifetime: Option<Lifetime>,
}

/// A key and the one that follows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rotated {
    /// The one that follows.
    pub new: MadeKey,
    /// The one before, which ends with the overlap.
    pub old: ApiKey,
}

fn locked(tx: &mut Tx<'_, Administer>, id: ApiKeyId) -> Result<ApiKey, Error> {
    Ok(api_keys::table
        .filter(api_keys::api_key_id.eq(id))
        .select(ApiKey::as_select())
        .for_update()
        .first(tx.connection())?)
}

/// Makes a key of the same name, type, rights and workspace; the one before is accepted
/// beside it for the overlap, or until it would have ended anyway.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Conflict`] with code `api_key_ended` for a key that is not
/// accepted any more, `api_key_replaced` for one that another follows already,
/// `too_many_keys`; [`Error::Invalid`] on `overlap_hours` and `expires_at`;
/// [`Error::Forbidden`] to a key that may do less than this one.
pub fn rotate(
    tx: &mut Tx<'_, Administer>,
    id: ApiKeyId,
    rotation: &Rotation,
    again: Again<'_>,
) -> Result<Change<Rotated>, Error> {
    if rotation.overlap_hours > LONGEST_OVERLAP_HOURS {
        let message = format!("Both keys can be accepted for at most {LONGEST_OVERLAP_HOURS} hours.");
        return Err(Error::invalid("overlap_hours", message));
    }
    let old = locked(tx, id)?;
    check_mode(tx, old.mode)?;
    check_rights(tx, &old.scopes)?;
    let now = now(tx.connection())?;
    match old.status(now) {
        KeyStatus::InUse => {}
        KeyStatus::Retiring => {
            return Err(Error::Conflict {
                code: "api_key_replaced",
                message: "Another key follows this one already. Rotate that one instead.".into(),
            });
        }
        KeyStatus::Expired | KeyStatus::Revoked => {
            return Err(Error::Conflict {
                code: "api_key_ended",
                message: "This key has ended. Create a new one instead.".into(),
            });
        }
    }
    let end = match (rotation.lifetime, old.expires_at) {
        (Some(lifetime), _) => lifetime.end(now)?,
        (None, None) => None,
        (None, Some(end)) => Some(now + (end - old.created_at)),
    };
    let overlap_ends = now + Duration::hours(rotation.overlap_hours.into());
    let old_ends = old.expires_at.map_or(overlap_ends, |end| end.min(overlap_ends));
    // The old one ends first: without an overlap it makes room for the new one.
    diesel::update(api_keys::table.filter(api_keys::api_key_id.eq(id)))
        .set(api_keys::expires_at.eq(old_ends))
        .execute(tx.connection())?;
    make_room(tx)?;
    let name = KeyName::parse(&old.name).map_err(|_| Error::internal("a stored name breaks the rules"))?;
    let new = insert(tx, &name, old.mode, old.scopes, old.workspace, end, again)?;
    let old = diesel::update(api_keys::table.filter(api_keys::api_key_id.eq(id)))
        .set(api_keys::replaced_by.eq(new.key.id))
        .returning(ApiKey::as_returning())
        .get_result(tx.connection())?;
    let details = json!({
        "hint": old.hint,
        "new_key": new.key.id,
        "new_hint": new.key.hint,
        "overlap_hours": rotation.overlap_hours,
        "ends_at": old_ends.unix_timestamp(),
        "expires_at": end.map(OffsetDateTime::unix_timestamp),
    });
    let event = told(tx, "api_key.rotated", &old, details);
    let notice = noticed(tx, EventKind::ApiKeyRotated, &new.key);
    Ok(Change::new(Rotated { new, old }, event).publishing(notice))
}

/// Ends a key: the next request with it is refused. One that has ended stays as it is.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`] to a test key, of a live one.
pub fn revoke(tx: &mut Tx<'_, Administer>, id: ApiKeyId) -> Result<Change<()>, Error> {
    let key = locked(tx, id)?;
    check_mode(tx, key.mode)?;
    let now = now(tx.connection())?;
    if !key.is_accepted(now) {
        return Ok(Change::none(()));
    }
    diesel::update(api_keys::table.filter(api_keys::api_key_id.eq(id)))
        .set(api_keys::revoked_at.eq(now))
        .execute(tx.connection())?;
    let details = json!({ "mode": key.mode, "hint": key.hint });
    let notice = noticed(tx, EventKind::ApiKeyRevoked, &key);
    Ok(Change::new((), told(tx, "api_key.revoked", &key, details)).publishing(notice))
}

/// Gives a key another name.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`] to a test key, of a live one.
pub fn rename(tx: &mut Tx<'_, Administer>, id: ApiKeyId, name: &KeyName) -> Result<Change<ApiKey>, Error> {
    let before = locked(tx, id)?;
    check_mode(tx, before.mode)?;
    if before.name == name.as_str() {
        return Ok(Change::none(before));
    }
    let key = diesel::update(api_keys::table.filter(api_keys::api_key_id.eq(id)))
        .set(api_keys::name.eq(name.as_str()))
        .returning(ApiKey::as_returning())
        .get_result(tx.connection())?;
    let details = json!({ "before": before.name, "after": key.name, "hint": key.hint });
    let event = told(tx, "api_key.renamed", &key, details);
    Ok(Change::new(key, event))
}
