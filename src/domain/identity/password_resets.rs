//! A new password for somebody who forgot theirs (`trust.md` S13).
//!
//! Asking writes the same row for every address, and that is all the asker can see.
//! What follows happens in the background: [`claim`] takes a row, and where the address
//! is somebody's makes a token of which only the hash stays; the letter is sent outside
//! of any transaction; [`settle`] or [`postpone`] closes the round.

use diesel::{
    dsl::{IntervalDsl, now},
    pg::data_types::PgInterval,
    prelude::*,
    sql_types::Timestamptz,
};
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    access::{Deed, GateTx},
    error::Error,
    schema::control::{password_resets, users},
    values::{Email, Secret, UserId},
};

use super::sessions;

/// How long a link works, in minutes.
pub const MINUTES_VALID: i32 = 60;
/// The most letters one address gets in an hour, however often they are asked for.
const LETTERS_PER_HOUR: i64 = 5;
/// How often a letter is tried to be sent.
const ATTEMPTS: i32 = 8;

/// Notes that somebody asked for a new password for this address.
///
/// # Errors
/// Those of the database; never whether the address is anybody's.
pub fn request(tx: &mut GateTx<'_>, email: &Email, ip: &str) -> Result<(), Error> {
    diesel::insert_into(password_resets::table)
        .values((
            password_resets::password_reset_id.eq(Uuid::now_v7()),
            password_resets::email.eq(email.as_str()),
            password_resets::ip.eq(ip),
        ))
        .execute(tx.connection())?;
    Ok(())
}

/// A letter to be sent.
#[derive(Debug, Clone)]
pub struct Letter {
    id: Uuid,
    attempts: i32,
    /// To whom.
    pub user: UserId,
    /// The address they sign in with.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// What the link carries.
    pub token: Secret,
}

/// What a round of the background work found.
#[derive(Debug)]
pub enum Claimed {
    /// Nothing waits.
    Nothing,
    /// A request that no letter answers.
    Silence,
    /// A letter, ours to send until the claim runs out.
    Letter(Letter),
}

/// So long from now, on the database's clock.
#[diesel::dsl::auto_type]
fn in_future(time: PgInterval) -> _ {
    (now.into_sql::<Timestamptz>() + time).nullable()
}

/// Takes the longest waiting request, for two minutes.
///
/// # Errors
/// Those of the database.
pub fn claim(tx: &mut GateTx<'_>) -> Result<Claimed, Error> {
    let waiting = password_resets::table
        .filter(password_resets::settled_at.is_null())
        .filter(password_resets::claimed_until.is_null().or(password_resets::claimed_until.lt(now)))
        .order(password_resets::requested_at)
        .select((password_resets::password_reset_id, password_resets::email, password_resets::attempts))
        .for_update()
        .skip_locked()
        .first::<(Uuid, String, i32)>(tx.connection())
        .optional()?;
    let Some((id, email, attempts)) = waiting else { return Ok(Claimed::Nothing) };
    let person = users::table
        .filter(users::email.eq(&email))
        .select((users::user_id, users::name))
        .first::<(UserId, String)>(tx.connection())
        .optional()?;
    let sent: i64 = password_resets::table
        .filter(password_resets::email.eq(&email).and(password_resets::token_hash.is_not_null()))
        .filter(password_resets::password_reset_id.ne(id))
        .filter(password_resets::requested_at.gt(now.into_sql::<Timestamptz>() - 1.hour()))
        .count()
        .get_result(tx.connection())?;
    let Some((user, name)) = person.filter(|_| sent < LETTERS_PER_HOUR) else {
        settle_row(tx, id)?;
        return Ok(Claimed::Silence);
    };
    let token = Secret::new().map_err(Error::internal)?;
    diesel::update(password_resets::table.find(id))
        .set((
            password_resets::claimed_until.eq(in_future(2.minutes())),
            password_resets::attempts.eq(attempts + 1),
            password_resets::user_id.eq(user),
            password_resets::token_hash.eq(token.hash()),
            password_resets::expires_at.eq(in_future(MINUTES_VALID.minutes())),
        ))
        .execute(tx.connection())?;
    Ok(Claimed::Letter(Letter { id, attempts: attempts + 1, user, email, name, token }))
}

fn settle_row(tx: &mut GateTx<'_>, id: Uuid) -> Result<(), Error> {
    diesel::update(password_resets::table.find(id))
        .set(password_resets::settled_at.eq(now))
        .execute(tx.connection())?;
    Ok(())
}

/// The letter is sent.
///
/// # Errors
/// Those of the database.
pub fn settle(tx: &mut GateTx<'_>, letter: &Letter) -> Result<(), Error> {
    settle_row(tx, letter.id)
}

/// The letter could not be sent: it is tried again later, each time after a longer
/// pause, and given up in the end. Tells whether it is.
///
/// # Errors
/// Those of the database.
pub fn postpone(tx: &mut GateTx<'_>, letter: &Letter) -> Result<bool, Error> {
    if letter.attempts >= ATTEMPTS {
        settle_row(tx, letter.id)?;
        return Ok(true);
    }
    let pause = 5 * 2_i32.pow(letter.attempts.clamp(1, 10).unsigned_abs());
    diesel::update(password_resets::table.find(letter.id))
        .set(password_resets::claimed_until.eq(in_future(pause.seconds())))
        .execute(tx.connection())?;
    Ok(false)
}

/// Whose password a link sets.
#[derive(Debug, Clone, Queryable)]
pub struct Holder {
    /// Who.
    pub user: UserId,
    /// The address they sign in with.
    pub email: String,
    /// What they are called.
    pub name: String,
}

/// Whose link it is. Looking does not use it up.
///
/// # Errors
/// [`Error::NotFound`] when it is unknown, used or too old.
pub fn holder(tx: &mut GateTx<'_>, token: &Secret) -> Result<Holder, Error> {
    Ok(password_resets::table
        .inner_join(users::table.on(password_resets::user_id.eq(users::user_id.nullable())))
        .filter(password_resets::token_hash.eq(token.hash()))
        .filter(password_resets::used_at.is_null())
        .filter(password_resets::expires_at.gt(now))
        .select((users::user_id, users::email, users::name))
        .first(tx.connection())?)
}

/// Sets a new password of `user`, of which `hash` is kept. The link and every other of the same
/// person are used up, and all their sessions end.
///
/// # Errors
/// [`Error::NotFound`] when the link is unknown, used, too old or not theirs.
pub fn complete(tx: &mut GateTx<'_>, user: UserId, token: &Secret, hash: &str) -> Result<Deed<()>, Error> {
    // The row's lock makes a second use wait for the first, and then find it used.
    let used = diesel::update(password_resets::table)
        .filter(password_resets::token_hash.eq(token.hash()).and(password_resets::user_id.eq(user)))
        .filter(password_resets::used_at.is_null())
        .filter(password_resets::expires_at.gt(now))
        .set(password_resets::used_at.eq(now))
        .execute(tx.connection())?;
    if used == 0 {
        return Err(Error::NotFound);
    }
    diesel::update(password_resets::table)
        .filter(password_resets::user_id.eq(user).and(password_resets::used_at.is_null()))
        .set(password_resets::used_at.eq(now))
        .execute(tx.connection())?;
    diesel::update(users::table.find(user)).set(users::password_hash.eq(hash)).execute(tx.connection())?;
    let ended = sessions::end_all(tx, user)?;
    Ok(Deed::new((), "person.password_reset", json!({ "sessions": ended })))
}

/// Removes requests that are long over; tells how many.
///
/// # Errors
/// Those of the database.
pub fn sweep(tx: &mut GateTx<'_>) -> Result<usize, Error> {
    let before = OffsetDateTime::now_utc() - time::Duration::days(30);
    Ok(diesel::delete(password_resets::table)
        .filter(password_resets::requested_at.lt(before).and(password_resets::settled_at.is_not_null()))
        .execute(tx.connection())?)
}
