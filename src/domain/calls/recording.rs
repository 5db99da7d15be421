//! Where the sound of a call is.

use diesel::prelude::*;
use time::OffsetDateTime;

use crate::{
    access::{
        Change, Event, RegionTx, Tx,
        permission::{Includes, PlayRecordings, View},
    },
    error::Error,
    schema::region::calls,
    values::{AccountId, CallId, OrganizationId},
};

/// A recording in the object store of the account's region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Its key there: the tenant stands first, so that a deletion finds all of them.
    pub key: String,
    /// Its size.
    pub bytes: u64,
}

/// Where the recordings of an account lie.
pub fn folder(organization: OrganizationId, account: AccountId) -> String {
    format!("{organization}/{account}")
}

/// The key under which a recording lies.
pub fn key(organization: OrganizationId, account: AccountId, call: CallId) -> String {
    format!("{}/{call}.wav", folder(organization, account))
}

/// The call whose recording is called so in its folder.
pub fn call_of(name: &str) -> Option<CallId> {
    name.strip_suffix(".wav")?.parse().ok()
}

/// The recording of a call: for a key, of a call of its mode and, where it is bound to one,
/// of its workspace.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not one of these, or a call without recording.
pub fn of_call<P: Includes<PlayRecordings>>(
    tx: &mut RegionTx<'_, P>,
    id: CallId,
) -> Result<Recording, Error> {
    let mut query = calls::table
        .filter(calls::call_id.eq(id))
        .select(calls::recording_bytes)
        .into_boxed::<diesel::pg::Pg>();
    if let Some(key) = tx.asker().principal.key() {
        query = query.filter(calls::mode.eq(key.mode));
    }
    if let Some(workspace) = tx.asker().workspace() {
        query = query.filter(calls::workspace_id.eq(workspace));
    }
    let bytes = query
        .first::<Option<i64>>(tx.connection())?
        .and_then(|bytes| u64::try_from(bytes).ok())
        .filter(|bytes| *bytes > 0)
        .ok_or(Error::NotFound)?;
    Ok(Recording { key: key(tx.organization(), tx.account().id, id), bytes })
}

/// When the recording of a call was deleted because it had been kept long enough, if that
/// is why there is none.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not one of this account's.
pub fn deleted_at<P: Includes<View>>(
    tx: &mut RegionTx<'_, P>,
    id: CallId,
) -> Result<Option<OffsetDateTime>, Error> {
    Ok(calls::table
        .filter(calls::call_id.eq(id))
        .select(calls::recording_deleted_at)
        .first(tx.connection())?)
}

/// Notes in the log that a recording is listened to, or taken away (`trust.md` S15).
pub fn note_heard<P: Includes<PlayRecordings>>(tx: &Tx<'_, P>, id: CallId, taken_away: bool) -> Change<()> {
    let event = Event {
        account: tx.account().id,
        action: if taken_away { "recording.downloaded" } else { "recording.played" },
        object: id.to_string(),
        object_id: id.to_string(),
        details: serde_json::json!({}),
    };
    Change::new((), event)
}
