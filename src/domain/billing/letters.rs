//! Letters about wallets. The row of a letter is the job of sending it, kept by the commit of what it
//! tells of; [`due`] finds one wherever it waits, [`claim`] takes it, it is sent outside of any
//! transaction, and [`settle`] or [`postpone`] closes the round.

use diesel::{
    dsl::{IntervalDsl, now},
    prelude::*,
    sql_types::Timestamptz,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    access::{
        Change, GateTx, Tx,
        permission::{Permission, ViewBilling},
    },
    domain::identity::invitations::letters::{pause_after, place},
    error::Error,
    schema::control::{memberships, users, wallet_letters},
    values::{AccountId, OrganizationId, Role},
};

/// What a letter tells of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Content {
    /// The wallet is below what its owner wants to be told of.
    LowBalance {
        /// What was in it.
        balance_minor: i64,
        /// Below which balance one is told.
        threshold_minor: i64,
        /// The currency.
        currency: String,
    },
    /// The organization cannot recharge one of its sub-accounts by itself.
    AutoRechargeStopped {
        /// The sub-account.
        sub_account: String,
        /// What stands in the way, in words.
        reason: String,
        /// How much it would have been.
        amount_minor: i64,
        /// The currency.
        currency: String,
    },
}

/// Asks for a letter to the owner of the account whose rows the transaction is on.
pub(in crate::domain) fn request<P: Permission>(tx: &mut Tx<'_, P>, content: &Content) -> Result<(), Error> {
    diesel::insert_into(wallet_letters::table)
        .values((
            wallet_letters::letter_id.eq(Uuid::now_v7()),
            wallet_letters::content.eq(serde_json::to_value(content).map_err(Error::internal)?),
        ))
        .execute(tx.connection())?;
    Ok(())
}

/// A letter that waits to be sent, wherever it does.
#[derive(Debug, Clone, Copy)]
pub struct Due {
    /// The root of the tenant tree.
    pub organization: OrganizationId,
    /// Whose wallet it is about.
    pub account: AccountId,
    /// Which it is.
    pub letter: Uuid,
}

/// The letter that has waited longest, but none of `resting`.
pub fn due(tx: &mut GateTx<'_>, resting: &[Uuid]) -> Result<Option<Due>, Error> {
    let found = wallet_letters::table
        .filter(wallet_letters::settled_at.is_null())
        .filter(wallet_letters::claimed_until.is_null().or(wallet_letters::claimed_until.lt(now)))
        .filter(wallet_letters::letter_id.ne_all(resting))
        .order(wallet_letters::requested_at)
        .select((wallet_letters::organization_id, wallet_letters::account_id, wallet_letters::letter_id))
        .first::<(OrganizationId, Uuid, Uuid)>(tx.connection())
        .optional()?;
    Ok(found.map(|(organization, account, letter)| Due {
        organization,
        account: AccountId::of_row(organization, account),
        letter,
    }))
}

/// A letter to be sent.
#[derive(Debug, Clone)]
pub struct Letter {
    id: Uuid,
    attempts: i32,
    /// The owner's name and address.
    pub to: (String, String),
    /// What the account is called.
    pub account_name: String,
    /// What the product is called there.
    pub brand: String,
    /// Whose wallet.
    pub account: AccountId,
    /// What it tells of.
    pub content: Content,
}

/// Takes a letter, for two minutes. Gives `None` when somebody else has it, or there is nobody to
/// send it to.
pub fn claim(tx: &mut Tx<'_, ViewBilling>, due: Due) -> Result<Change<Option<Letter>>, Error> {
    let waiting = wallet_letters::table
        .filter(wallet_letters::letter_id.eq(due.letter))
        .filter(wallet_letters::settled_at.is_null())
        .filter(wallet_letters::claimed_until.is_null().or(wallet_letters::claimed_until.lt(now)))
        .select((wallet_letters::content, wallet_letters::attempts))
        .for_update()
        .skip_locked()
        .first::<(Value, i32)>(tx.connection())
        .optional()?;
    let Some((content, attempts)) = waiting else { return Ok(Change::none(None)) };
    let owner = memberships::table
        .inner_join(users::table.on(users::user_id.eq(memberships::user_id)))
        .filter(memberships::role.eq(Role::Owner))
        .select((users::name, users::email))
        .first::<(String, String)>(tx.connection())
        .optional()?;
    let place = place(tx.connection(), due.account)?;
    let Some((to, place)) = owner.zip(place) else {
        settle_row(tx, due.letter)?;
        return Ok(Change::none(None));
    };
    diesel::update(wallet_letters::table.filter(wallet_letters::letter_id.eq(due.letter)))
        .set((
            wallet_letters::claimed_until.eq((now.into_sql::<Timestamptz>() + 2.minutes()).nullable()),
            wallet_letters::attempts.eq(attempts + 1),
        ))
        .execute(tx.connection())?;
    Ok(Change::none(Some(Letter {
        id: due.letter,
        attempts: attempts + 1,
        to,
        account_name: place.name,
        brand: place.brand,
        account: due.account,
        content: serde_json::from_value(content).map_err(Error::internal)?,
    })))
}

fn settle_row(tx: &mut Tx<'_, ViewBilling>, letter: Uuid) -> Result<(), Error> {
    diesel::update(wallet_letters::table.filter(wallet_letters::letter_id.eq(letter)))
        .set(wallet_letters::settled_at.eq(now))
        .execute(tx.connection())?;
    Ok(())
}

/// The letter is sent.
pub fn settle(tx: &mut Tx<'_, ViewBilling>, letter: &Letter) -> Result<Change<()>, Error> {
    settle_row(tx, letter.id).map(Change::none)
}

/// The letter could not be sent: it is tried again later, each time after a longer pause, and given
/// up in the end. Tells whether it is.
pub fn postpone(tx: &mut Tx<'_, ViewBilling>, letter: &Letter) -> Result<Change<bool>, Error> {
    let Some(pause) = pause_after(letter.attempts) else {
        settle_row(tx, letter.id)?;
        return Ok(Change::none(true));
    };
    diesel::update(wallet_letters::table.filter(wallet_letters::letter_id.eq(letter.id)))
        .set(wallet_letters::claimed_until.eq((now.into_sql::<Timestamptz>() + pause.seconds()).nullable()))
        .execute(tx.connection())?;
    Ok(Change::none(false))
}
