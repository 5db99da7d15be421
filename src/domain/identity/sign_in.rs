//! Proving by e-mail and password who one is.

use diesel::prelude::*;

use crate::{
    access::GateTx,
    error::Error,
    schema::control::users,
    values::{Email, UserId},
};

use super::passwords;

/// Who signs in with an address, before they have proved it.
#[derive(Debug, Clone, Queryable)]
pub struct Claimant {
    id: UserId,
    password_hash: Option<String>,
}

/// Who signs in with this address, if anybody.
///
/// # Errors
/// Those of the database.
pub fn claimant(tx: &mut GateTx<'_>, email: &Email) -> Result<Option<Claimant>, Error> {
    Ok(users::table
        .filter(users::email.eq(email.as_str()))
        .select((users::user_id, users::password_hash))
        .first(tx.connection())
        .optional()?)
}

/// The person, if the password is theirs. For an unknown address it takes as long.
pub fn prove(claimant: Option<&Claimant>, password: &str) -> Option<UserId> {
    let kept = claimant.and_then(|claimant| claimant.password_hash.as_deref());
    let right = passwords::is_right(kept, password);
    claimant.filter(|_| right).map(|claimant| claimant.id)
}
