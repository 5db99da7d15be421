//! Where the sound of a call is.

use diesel::prelude::*;

use crate::{
    access::{
        RegionTx,
        permission::{Includes, PlayRecordings},
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

/// The key under which a recording lies.
pub fn key(organization: OrganizationId, account: AccountId, call: CallId) -> String {
    format!("{organization}/{account}/{call}.wav")
}

/// The recording of a call.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not one of this account's, or a call without
/// recording.
pub fn of_call<P: Includes<PlayRecordings>>(
    tx: &mut RegionTx<'_, P>,
    id: CallId,
) -> Result<Recording, Error> {
    let bytes = calls::table
        .filter(calls::call_id.eq(id))
        .select(calls::recording_bytes)
        .first::<Option<i64>>(tx.connection())?
        .and_then(|bytes| u64::try_from(bytes).ok())
        .ok_or(Error::NotFound)?;
    Ok(Recording { key: key(tx.organization(), tx.account().id, id), bytes })
}
