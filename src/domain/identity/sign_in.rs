//! Proving by e-mail and password who one is.

use diesel::prelude::*;
use serde_json::json;

use crate::{
    access::{Deed, GateTx},
    error::Error,
    schema::control::users,
    values::{Email, SessionId, UserId},
};

use super::{memberships, memberships::OwnAccount, passwords};

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

/// Signs somebody in who proved who they are, with a session that begins right after:
/// tells the accounts they belong to.
///
/// # Errors
/// Those of the database.
pub fn enter(tx: &mut GateTx<'_>, session: SessionId) -> Result<Deed<Vec<OwnAccount>>, Error> {
    let accounts = memberships::own_accounts(tx)?;
    Ok(Deed::new(accounts, "person.signed_in", json!({ "session": session })))
}
