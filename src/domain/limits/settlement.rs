//! Settling calls that have ended.
//!
//! Whoever deletes the row of a slot counts the call, charges it and tells of it, in that
//! transaction: the row is the call's open account, so that this happens exactly once, whoever dies
//! when. Calls of one organization that end at about the same time are settled
//! [by one commit](settle_many).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;
use uuid::Uuid;

use crate::{
    access::{Change, Notice, Tx, permission::RecordCalls},
    domain::{
        billing::charges::{self, Charged, Due},
        usage::{self, Addition},
    },
    error::Error,
    schema::control::{slots, sub_accounts},
    values::{AccountId, BillingMode, CallId, SubAccountId},
};

use super::admission::{Purse, delete, lock, lock_whole, purse};

/// What a call came to, as the control database counts it.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The call.
    pub call: CallId,
    /// What it adds to its day.
    pub addition: Addition,
    /// What webhooks are told of it, each for its account.
    pub notices: Vec<Notice>,
}

impl Ended {
    /// What is charged for it, as its slot's row says.
    fn due(&self, purse: &Purse) -> Due {
        Due { call: self.call, terms: purse.terms(), held: purse.held, minutes: self.addition.minutes }
    }

    /// What it adds to its day with what it was charged.
    fn addition(&self, charged: Charged) -> Addition {
        Addition { cost_minor: charged.cost, margin_minor: charged.price - charged.cost, ..self.addition }
    }
}

/// What became of settling a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It was counted and charged now.
    Now(Charged),
    /// It had been before.
    Before,
    /// More calls are in progress than a lowered limit allows: the organization's row has to
    /// be locked first. Nothing was changed.
    OrganizationFirst,
}

/// Deletes the slot of a call that has ended, counts and charges the call, and tells of it: once, however
/// often and by however many it is asked for.
pub fn settle(
    tx: &mut Tx<'_, RecordCalls>,
    ended: &Ended,
    organization_first: bool,
) -> Result<Change<Settled>, Error> {
    if organization_first {
        lock_whole(tx)?;
    } else {
        let room = lock(tx)?;
        // The end of such a call shrinks the claim at the organization (`domain.md` 3.3).
        if room.in_use > room.limit && matches!(tx.account().id, AccountId::SubAccount(_)) {
            return Ok(Change::none(Settled::OrganizationFirst));
        }
    }
    let Some(purse) = delete(tx, ended.call)? else { return Ok(Change::none(Settled::Before)) };
    let charged = charges::settle(tx, &ended.due(&purse))?;
    usage::record(tx, &[ended.addition(charged)])?;
    Ok(ended.notices.iter().cloned().fold(Change::none(Settled::Now(charged)), Change::publishing))
}

/// Settles calls of an organization's sub-accounts, as [`settle`] does each, with one statement for
/// all of them where it can be. `None` for a call that has to be settled by itself: its account pays
/// for it, somebody else is at work there, more calls are in progress than a lowered limit allows, or
/// it was settled before. Nobody is waited for, so that no account keeps others from being settled.
pub fn settle_many(
    tx: &mut Tx<'_, RecordCalls>,
    ended: &[(SubAccountId, Ended)],
) -> Result<Change<Vec<Option<Settled>>>, Error> {
    let free = lock_free(tx, ended)?;
    let mut purses = delete_many(tx, &free, ended)?;
    let mut dues = Vec::new();
    for (at, (account, one)) in ended.iter().enumerate() {
        if let Some(purse) = purses.remove(&one.call) {
            dues.push((at, *account, one.due(&purse)));
        }
    }
    let charged = charges::settle_many(tx, dues.iter().map(|(_, account, due)| (*account, due)))?;
    let (mut outcomes, mut notices) = (vec![None; ended.len()], Vec::new());
    let mut days: BTreeMap<_, Addition> = BTreeMap::new();
    for ((at, account, _), charged) in dues.iter().zip(charged) {
        outcomes[*at] = Some(Settled::Now(charged));
        let one = &ended[*at].1;
        notices.extend(one.notices.iter().cloned());
        let addition = one.addition(charged);
        days.entry((*account, addition.day)).and_modify(|day| *day = day.and(&addition)).or_insert(addition);
    }
    usage::record_many(tx, days.into_iter().map(|((account, _), day)| (account.into(), day)))?;
    Ok(notices.into_iter().fold(Change::none(outcomes), Change::publishing))
}

/// Locks the rows of those accounts in which nobody else is at work, and in which a call that ends
/// changes no claim.
fn lock_free(
    tx: &mut Tx<'_, RecordCalls>,
    ended: &[(SubAccountId, Ended)],
) -> Result<BTreeSet<SubAccountId>, Error> {
    let locked = sub_accounts::table
        .filter(sub_accounts::organization_id.eq(tx.organization()))
        .filter(sub_accounts::sub_account_id.eq_any(ended.iter().map(|(account, _)| *account)))
        .filter(sub_accounts::slots_in_use.le(sub_accounts::concurrency_limit))
        .select(sub_accounts::sub_account_id)
        .for_no_key_update()
        .skip_locked()
        .load::<SubAccountId>(tx.connection())?;
    Ok(locked.into_iter().collect())
}

/// Deletes those slots that are still there and for which the organization pays.
fn delete_many(
    tx: &mut Tx<'_, RecordCalls>,
    accounts: &BTreeSet<SubAccountId>,
    ended: &[(SubAccountId, Ended)],
) -> Result<HashMap<CallId, Purse>, Error> {
    let asked: BTreeMap<CallId, SubAccountId> = ended
        .iter()
        .filter(|(account, _)| accounts.contains(account))
        .map(|(account, one)| (one.call, *account))
        .collect();
    let deleted = diesel::delete(slots::table)
        .filter(slots::organization_id.eq(tx.organization()))
        .filter(slots::account_id.eq_any(accounts.iter().map(|account| account.uuid())))
        .filter(slots::call_id.eq_any(asked.keys()))
        .filter(slots::payer.eq(BillingMode::Consolidated))
        .returning((slots::account_id, slots::call_id, purse!()))
        .get_results::<(Uuid, CallId, Purse)>(tx.connection())?;
    deleted
        .into_iter()
        .map(|(account, call, purse)| match asked.get(&call) {
            Some(owner) if owner.uuid() == account => Ok((call, purse)),
            // The call of one account was reported for another: nothing of this is kept.
            _ => Err(Error::NotFound),
        })
        .collect()
}
