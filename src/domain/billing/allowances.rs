//! What accounts may draw that their organization pays for (`domain.md` 4.2).
//!
//! Were each of their calls to hold money of the organization's wallet, all would wait for that
//! one row. So each account has an *allowance*: money of the wallet that is set aside for it in
//! parts of many minutes, and of which its calls hold. The wallet's row is locked only to set
//! aside another part. What is set aside and not held goes back as soon as anybody else needs it,
//! so that it never keeps a call from being made.
//!
//! Allowances are locked before the wallet. Whoever has the wallet takes back only of those that
//! nobody has locked.

use std::collections::BTreeMap;

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{Array, BigInt, Uuid as SqlUuid},
};
use uuid::Uuid;

use crate::{
    access::{
        Tx,
        permission::{Permission, RecordCalls},
    },
    error::Error,
    schema::control::{allowances, ledger_accounts},
    values::SubAccountId,
};

use super::books::{Book, LedgerAccount, too_little};

/// How many times the amount that is asked for is set aside at once.
const PART: i64 = 20;

/// How many allowances are looked at for what is idle, at once.
const MOST: i64 = 1_000;

macro_rules! own {
    ($tx:expr) => {
        allowances::table.find(($tx.organization(), $tx.tenant().uuid()))
    };
}

/// The wallet of the organization.
macro_rules! payer {
    ($tx:expr) => {
        ledger_accounts::table.find(($tx.organization(), $tx.organization().uuid(), LedgerAccount::Wallet))
    };
}

/// Holds `minor` of the account's allowance, which grows where it is too small.
///
/// # Errors
/// [`Error::Unpaid`] when the organization's wallet has not as much left, or not today.
pub(super) fn hold<P: Permission>(tx: &mut Tx<'_, P>, minor: i64) -> Result<(), Error> {
    let held = diesel::update(own!(tx))
        .filter((allowances::granted_minor - allowances::held_minor).ge(minor))
        .set(allowances::held_minor.eq(allowances::held_minor + minor))
        .execute(tx.connection())?;
    if held == 1 { Ok(()) } else { grow(tx, minor) }
}

fn grow<P: Permission>(tx: &mut Tx<'_, P>, minor: i64) -> Result<(), Error> {
    diesel::insert_into(allowances::table)
        .values(allowances::granted_minor.eq(0))
        .on_conflict_do_nothing()
        .execute(tx.connection())?;
    let (granted, held) = own!(tx)
        .select((allowances::granted_minor, allowances::held_minor))
        .for_no_key_update()
        .first::<(i64, i64)>(tx.connection())?;
    let missing = minor - (granted - held);
    let mut wallet = lock_payer(tx)?;
    if wallet.room() < missing {
        wallet.held_minor -= take_back(tx)?;
    }
    if wallet.room() < missing {
        // Whoever is refused goes on: what was taken back stays so.
        set_aside(tx, wallet.held_minor)?;
        return Err(wallet.refusal(missing));
    }
    let part = minor.saturating_mul(PART).max(missing).min(wallet.room());
    set_aside(tx, wallet.held_minor + part)?;
    diesel::update(own!(tx))
        .set((allowances::granted_minor.eq(granted + part), allowances::held_minor.eq(held + minor)))
        .execute(tx.connection())?;
    Ok(())
}

fn lock_payer<P: Permission>(tx: &mut Tx<'_, P>) -> Result<Book, Error> {
    Ok(payer!(tx).select(Book::as_select()).for_no_key_update().first(tx.connection())?)
}

/// Notes what is set aside of the organization's wallet, which is locked.
fn set_aside<P: Permission>(tx: &mut Tx<'_, P>, minor: i64) -> Result<(), Error> {
    diesel::update(payer!(tx)).set(ledger_accounts::held_minor.eq(minor)).execute(tx.connection())?;
    Ok(())
}

/// Takes back from the organization's other accounts what they do not hold; gives how much. The
/// wallet is locked.
fn take_back<P: Permission>(tx: &mut Tx<'_, P>) -> Result<i64, Error> {
    let (organization, own) = (tx.organization(), tx.tenant().uuid());
    let others = allowances::table
        .filter(allowances::organization_id.eq(organization))
        .filter(allowances::account_id.ne(own));
    let mut back = 0;
    loop {
        let idle = others
            .filter(allowances::granted_minor.gt(allowances::held_minor))
            .limit(MOST)
            .select((allowances::account_id, allowances::granted_minor, allowances::held_minor))
            .for_no_key_update()
            .skip_locked()
            .load::<(Uuid, i64, i64)>(tx.connection())?;
        if idle.is_empty() {
            return Ok(back);
        }
        diesel::update(
            others.filter(allowances::account_id.eq_any(idle.iter().map(|(account, ..)| *account))),
        )
        .set(allowances::granted_minor.eq(allowances::held_minor))
        .execute(tx.connection())?;
        back += idle.iter().map(|(_, granted, held)| granted - held).sum::<i64>();
    }
}

/// Takes back what no account holds, for what an organization pays that is no call; gives how much.
/// Its wallet is locked.
pub(super) fn take_back_all<P: Permission>(tx: &mut Tx<'_, P>) -> Result<i64, Error> {
    let others = take_back(tx)?;
    let own: Option<(i64, i64)> = own!(tx)
        .select((allowances::granted_minor, allowances::held_minor))
        .for_no_key_update()
        .skip_locked()
        .first(tx.connection())
        .optional()?;
    let Some((granted, held)) = own else { return Ok(others) };
    diesel::update(own!(tx)).set(allowances::granted_minor.eq(held)).execute(tx.connection())?;
    Ok(others + granted - held)
}

/// Gives back what a call held, and draws what it cost.
pub(super) fn draw<P: Permission>(tx: &mut Tx<'_, P>, held: i64, cost: i64) -> Result<(), Error> {
    let drawn = diesel::update(own!(tx))
        .set((
            allowances::held_minor.eq(allowances::held_minor - held),
            allowances::granted_minor.eq(allowances::granted_minor - cost),
        ))
        .execute(tx.connection())?;
    if drawn == 1 || (held == 0 && cost == 0) { Ok(()) } else { Err(too_little()) }
}

/// As [`draw`] for sub-accounts of the organization, each with what its calls held and what they cost.
pub(super) fn draw_many(
    tx: &mut Tx<'_, RecordCalls>,
    drawn: &BTreeMap<SubAccountId, (i64, i64)>,
) -> Result<(), Error> {
    if drawn.is_empty() {
        return Ok(());
    }
    let accounts: Vec<_> = drawn.keys().map(|account| account.uuid()).collect();
    let (held, cost): (Vec<_>, Vec<_>) = drawn.values().copied().unzip();
    // The query builder cannot update rows from a list of values.
    let changed = sql_query(
        "UPDATE allowances a SET held_minor = a.held_minor - d.held, granted_minor = a.granted_minor - d.cost
         FROM unnest($2, $3, $4) AS d (account_id, held, cost)
         WHERE a.organization_id = $1 AND a.account_id = d.account_id",
    )
    .bind::<SqlUuid, _>(tx.organization().uuid())
    .bind::<Array<SqlUuid>, _>(accounts)
    .bind::<Array<BigInt>, _>(held)
    .bind::<Array<BigInt>, _>(cost)
    .execute(tx.connection())?;
    let needed = drawn.values().filter(|(held, cost)| *held != 0 || *cost != 0).count();
    if changed >= needed { Ok(()) } else { Err(too_little()) }
}

/// Gives the account's whole allowance back to the organization's wallet: the account is deleted and
/// has no calls any more.
pub(super) fn close<P: Permission>(tx: &mut Tx<'_, P>) -> Result<(), Error> {
    let Some(left) = own!(tx)
        .filter(allowances::held_minor.eq(0))
        .select(allowances::granted_minor)
        .for_no_key_update()
        .first::<i64>(tx.connection())
        .optional()?
    else {
        return Ok(());
    };
    diesel::update(own!(tx)).set(allowances::granted_minor.eq(0)).execute(tx.connection())?;
    diesel::update(payer!(tx))
        .set(ledger_accounts::held_minor.eq(ledger_accounts::held_minor - left))
        .execute(tx.connection())?;
    Ok(())
}
