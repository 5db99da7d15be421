//! Doing once what is asked twice (`trust.md` R4): a double click, a form sent again by
//! Back, a request retried after a lost answer.

use diesel::{OptionalExtension, prelude::*};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    access::{Change, GateTx, Tx, permission::Permission, principal::Principal},
    error::Error,
    schema::control::idempotency_keys,
};

/// The key under which something is done once, chosen by the asker.
#[derive(Debug, Clone)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// A key of 1 to 255 printable ASCII characters.
    ///
    /// # Errors
    /// [`Error::Invalid`] on `field` for any other text.
    pub fn parse(field: &str, text: &str) -> Result<Self, Error> {
        if (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::invalid(field, "The key must be 1 to 255 printable characters without spaces."))
        }
    }
}

/// Forgets what was done long ago, in every account; tells how much.
pub fn sweep(tx: &mut GateTx<'_>) -> Result<usize, Error> {
    // The gate sees, and may remove, only what is over.
    Ok(diesel::delete(idempotency_keys::table.filter(idempotency_keys::created_at.lt(diesel::dsl::now)))
        .execute(tx.connection())?)
}

/// Does `work` unless this asker did `operation` under `key` before, and then answers
/// what was answered then. The record and the effect are kept by one commit; a second
/// asker waits for the first. The records of a region's changes are in a table of the
/// region's database that has the same name and columns as the one in the control database.
///
/// # Errors
/// [`Error::Conflict`] with code `idempotency_key_reused` when the key was used for
/// something else; those of `work`.
pub fn once<P: Permission, D, T: Serialize + DeserializeOwned>(
    tx: &mut Tx<'_, P, D>,
    operation: &'static str,
    key: &IdempotencyKey,
    request: &impl Serialize,
    work: impl FnOnce(&mut Tx<'_, P, D>) -> Result<Change<T>, Error>,
) -> Result<Change<T>, Error> {
    let (principal, fingerprint) = asked(tx, request)?;
    let is_first = diesel::insert_into(idempotency_keys::table)
        .values((
            idempotency_keys::principal_id.eq(principal),
            idempotency_keys::operation.eq(operation),
            idempotency_keys::idempotency_key.eq(&key.0),
            idempotency_keys::fingerprint.eq(&fingerprint),
        ))
        .on_conflict_do_nothing()
        .execute(tx.connection())?
        == 1;
    let record = idempotency_keys::table
        .filter(idempotency_keys::principal_id.eq(principal))
        .filter(idempotency_keys::operation.eq(operation))
        .filter(idempotency_keys::idempotency_key.eq(&key.0));
    if is_first {
        let change = work(tx)?;
        let result = serde_json::to_value(change.value()).map_err(Error::internal)?;
        diesel::update(record).set(idempotency_keys::result.eq(result)).execute(tx.connection())?;
        return Ok(change);
    }
    let recorded = record
        .select((idempotency_keys::fingerprint, idempotency_keys::result))
        .first::<(Vec<u8>, Option<Value>)>(tx.connection())
        .optional()?
        .ok_or(Error::Busy)?;
    Ok(Change::none(answer(recorded, &fingerprint)?))
}

/// What was answered to this asker who did `operation` under `key` before; nothing when
/// nobody did, or is at it.
///
/// # Errors
/// [`Error::Conflict`] with code `idempotency_key_reused` when the key was used for
/// something else.
pub fn recorded<P: Permission, D, T: DeserializeOwned>(
    tx: &mut Tx<'_, P, D>,
    operation: &'static str,
    key: &IdempotencyKey,
    request: &impl Serialize,
) -> Result<Option<T>, Error> {
    let (principal, fingerprint) = asked(tx, request)?;
    let recorded = idempotency_keys::table
        .filter(idempotency_keys::principal_id.eq(principal))
        .filter(idempotency_keys::operation.eq(operation))
        .filter(idempotency_keys::idempotency_key.eq(&key.0))
        .select((idempotency_keys::fingerprint, idempotency_keys::result))
        .first::<(Vec<u8>, Option<Value>)>(tx.connection())
        .optional()?;
    recorded.map(|recorded| answer(recorded, &fingerprint)).transpose()
}

/// Who asks, and what exactly for.
fn asked<P: Permission, D>(tx: &Tx<'_, P, D>, request: &impl Serialize) -> Result<(Uuid, Vec<u8>), Error> {
    let principal = match &tx.asker().principal {
        Principal::Member(person) | Principal::Delegate(person, _) => person.id.uuid(),
        Principal::Key(key) => key.id.uuid(),
        Principal::Platform(_) => Uuid::nil(),
    };
    let request = serde_json::to_vec(request).map_err(Error::internal)?;
    Ok((principal, Sha256::digest(&request).to_vec()))
}

/// What is answered again, to the same request.
fn answer<T: DeserializeOwned>(recorded: (Vec<u8>, Option<Value>), fingerprint: &[u8]) -> Result<T, Error> {
    let (known, result) = recorded;
    if known != fingerprint {
        return Err(Error::Conflict {
            code: "idempotency_key_reused",
            message: "This was already sent once with other values. Start again from a fresh form.".into(),
        });
    }
    serde_json::from_value(result.ok_or(Error::Busy)?).map_err(Error::internal)
}
