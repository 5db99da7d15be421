//! Where a person is signed in (`trust.md` S7).

use diesel::{dsl::now, prelude::*};
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    access::{Deed, GateTx, principal::Person},
    error::Error,
    schema::control::sessions,
    values::{SessionId, UserId},
};

/// A browser that somebody is signed in with.
#[derive(Debug, Clone, Queryable)]
pub struct OwnSession {
    /// Which.
    pub id: SessionId,
    /// The address it was signed in from.
    pub ip: String,
    /// What the browser calls itself.
    pub user_agent: String,
    /// When it was signed in.
    pub created_at: OffsetDateTime,
    /// When it was last used, to the minute.
    pub seen_at: OffsetDateTime,
}

/// The person's sessions, the last used first.
///
/// # Errors
/// Those of the database.
pub fn list(tx: &mut GateTx<'_>, person: &Person) -> Result<Vec<OwnSession>, Error> {
    Ok(sessions::table
        .filter(sessions::user_id.eq(person.id).and(sessions::expires_at.gt(now)))
        .order(sessions::seen_at.desc())
        .select((
            sessions::session_id,
            sessions::ip,
            sessions::user_agent,
            sessions::created_at,
            sessions::seen_at,
        ))
        .load(tx.connection())?)
}

/// Ends one of the person's sessions; the one they ask with by signing out.
///
/// # Errors
/// [`Error::NotFound`] when it is over already or somebody else's.
pub fn end(tx: &mut GateTx<'_>, person: &Person, session: SessionId) -> Result<Deed<()>, Error> {
    if remove(tx, person, session)? == 0 {
        return Err(Error::NotFound);
    }
    let action = if session == person.session { "person.signed_out" } else { "person.session_ended" };
    Ok(Deed::new((), action, json!({ "session": session })))
}

/// Signs the person out: the session they ask with ends. Where another request was faster
/// there is nothing left to do.
///
/// # Errors
/// Those of the database.
pub fn sign_out(tx: &mut GateTx<'_>, person: &Person) -> Result<Deed<()>, Error> {
    if remove(tx, person, person.session)? == 0 {
        return Ok(Deed::none(()));
    }
    Ok(Deed::new((), "person.signed_out", json!({ "session": person.session })))
}

fn remove(tx: &mut GateTx<'_>, person: &Person, session: SessionId) -> Result<usize, Error> {
    Ok(diesel::delete(sessions::table)
        .filter(sessions::user_id.eq(person.id).and(sessions::session_id.eq(session)))
        .execute(tx.connection())?)
}

/// Ends the person's sessions but for the one they ask with; tells how many.
///
/// # Errors
/// Those of the database.
pub fn end_others(tx: &mut GateTx<'_>, person: &Person) -> Result<Deed<usize>, Error> {
    let ended = diesel::delete(sessions::table)
        .filter(sessions::user_id.eq(person.id).and(sessions::session_id.ne(person.session)))
        .execute(tx.connection())?;
    if ended == 0 {
        return Ok(Deed::none(ended));
    }
    Ok(Deed::new(ended, "person.session_ended", json!({ "sessions": ended })))
}

/// Ends every session of somebody whose password has changed; tells how many.
pub(super) fn end_all(tx: &mut GateTx<'_>, user: UserId) -> Result<usize, Error> {
    Ok(diesel::delete(sessions::table).filter(sessions::user_id.eq(user)).execute(tx.connection())?)
}

/// Removes sessions that are over; tells how many.
///
/// # Errors
/// Those of the database.
pub fn sweep(tx: &mut GateTx<'_>) -> Result<usize, Error> {
    Ok(diesel::delete(sessions::table).filter(sessions::expires_at.le(now)).execute(tx.connection())?)
}
