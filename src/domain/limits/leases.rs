//! Slots as leases: renewed while their calls live, given back when their deadline passes
//! (`domain.md` 3.5, 4.5; `trust.md` R6).

use std::time::Duration;

use diesel::{
    dsl::{IntervalDsl, now},
    prelude::*,
    sql_types::Timestamptz,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    access::{Change, GateTx, Tx, permission::RecordCalls},
    domain::billing::charges,
    error::Error,
    schema::control::{slots, sub_accounts},
    values::{AccountId, CallId, EngineId, OrganizationId, Region, SubAccountStatus},
};

use super::admission::{Purse, deadline, lock_whole, own, purse};

/// How a call may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// For as long again.
    Continue,
    /// It is to be ended: its account is being deleted.
    AccountClosed,
    /// It is to be ended: its next minute cannot be held. What is paid lasts so many seconds more.
    OutOfFunds(i64),
    /// Its place was given back, or it has ended: it holds no slot.
    Lost,
}

/// Notes that a call was answered: from then on it is charged.
pub fn answer(tx: &mut Tx<'_, RecordCalls>, call: CallId) -> Result<Change<()>, Error> {
    diesel::update(own!(tx, call).filter(slots::answered_at.is_null()))
        .set(slots::answered_at.eq(now.into_sql::<Timestamptz>().nullable()))
        .execute(tx.connection())?;
    Ok(Change::none(()))
}

/// How long before the minutes that are held run out another is held: an engine that sends its
/// heartbeats in time sends one in between.
const LEAD: i64 = 15;

/// Renews the slot of a call that lives, and holds its next minute in time. One that is overdue,
/// and was not given back, still counts and may be renewed.
pub fn renew(tx: &mut Tx<'_, RecordCalls>, call: CallId, lease: Duration) -> Result<Change<Renewal>, Error> {
    let live = own!(tx, call).filter(slots::reclaimed_at.is_null());
    let renewed = diesel::update(live)
        .set(slots::expires_at.eq(deadline!(lease)))
        .returning((purse!(), slots::answered_at, slots::expires_at))
        .get_result::<(Purse, Option<OffsetDateTime>, OffsetDateTime)>(tx.connection())
        .optional()?;
    let Some((purse, answered_at, deadline)) = renewed else { return Ok(Change::none(Renewal::Lost)) };
    if let AccountId::SubAccount(id) = tx.account().id {
        let status = sub_accounts::table
            .find((tx.organization(), id))
            .select(sub_accounts::status)
            .first::<SubAccountStatus>(tx.connection())?;
        if status == SubAccountStatus::Deleting {
            return Ok(Change::none(Renewal::AccountClosed));
        }
    }
    let Some(answered_at) = answered_at else { return Ok(Change::none(Renewal::Continue)) };
    // Both moments are of the database's clock.
    let spoken = (deadline - lease - answered_at).whole_seconds();
    extend(tx, call, &purse, spoken).map(Change::none)
}

/// Holds the minutes that begin before the next heartbeat but one.
fn extend(tx: &mut Tx<'_, RecordCalls>, call: CallId, purse: &Purse, spoken: i64) -> Result<Renewal, Error> {
    let terms = purse.terms();
    let Some(paid) = terms.minutes_of(purse.held) else { return Ok(Renewal::Continue) };
    let missing = (spoken + LEAD) / 60 + 1 - paid;
    if missing <= 0 {
        return Ok(Renewal::Continue);
    }
    let more = terms.minute().checked_mul(missing).ok_or_else(|| Error::internal("a hold out of range"))?;
    match charges::hold(tx, terms.payer, more) {
        Ok(()) => {
            diesel::update(own!(tx, call))
                .set(slots::held_minor.eq(slots::held_minor + more))
                .execute(tx.connection())?;
            Ok(Renewal::Continue)
        }
        Err(Error::Unpaid { .. }) => Ok(Renewal::OutOfFunds((paid * 60 - spoken).max(0))),
        Err(error) => Err(error),
    }
}

/// Gives back the place of a call whose deadline has passed; tells whether it had.
pub fn reclaim(tx: &mut Tx<'_, RecordCalls>, call: CallId) -> Result<Change<bool>, Error> {
    lock_whole(tx)?;
    let overdue = own!(tx, call);
    diesel::update(overdue.filter(slots::reclaimed_at.is_null().and(slots::expires_at.lt(now))))
        .set(slots::reclaimed_at.eq(now.into_sql::<Timestamptz>().nullable()))
        .execute(tx.connection())?;
    let reclaimed = overdue.filter(slots::reclaimed_at.is_not_null());
    Ok(Change::none(diesel::select(diesel::dsl::exists(reclaimed)).get_result(tx.connection())?))
}

/// A call whose deadline has passed.
#[derive(Debug, Clone)]
pub struct Overdue {
    /// The root of the tenant tree.
    pub organization: OrganizationId,
    /// Its account.
    pub account: AccountId,
    /// The call.
    pub call: CallId,
    /// Where its content is.
    pub region: Region,
    /// When its deadline was.
    pub expired_at: OffsetDateTime,
    /// Whether an engine ever took it.
    pub was_taken: bool,
}

/// Calls whose deadline has passed, `most` of them, those first that are overdue the longest.
pub fn overdue(tx: &mut GateTx<'_>, most: i64) -> Result<Vec<Overdue>, Error> {
    let rows = slots::table
        .filter(slots::expires_at.lt(now))
        .order(slots::expires_at)
        .limit(most)
        .select((
            slots::organization_id,
            slots::account_id,
            slots::call_id,
            slots::region,
            slots::expires_at,
            slots::engine_id,
        ))
        .load::<(OrganizationId, Uuid, CallId, Region, OffsetDateTime, Option<Uuid>)>(tx.connection())?;
    let calls = rows.into_iter().map(|(organization, account, call, region, expired_at, engine)| Overdue {
        organization,
        account: AccountId::of_row(organization, account),
        call,
        region,
        expired_at,
        was_taken: engine.is_some(),
    });
    Ok(calls.collect())
}

/// An outbound call that an engine took.
#[derive(Debug, Clone, Queryable)]
pub struct Taken {
    /// The root of the tenant tree.
    pub organization: OrganizationId,
    account: Uuid,
    /// The call.
    pub call: CallId,
    /// Where its content is.
    pub region: Region,
}

impl Taken {
    /// The account it belongs to.
    pub fn account(&self) -> AccountId {
        AccountId::of_row(self.organization, self.account)
    }
}

/// Gives an engine outbound calls that wait in its regions, `most` of them, those first that
/// wait the longest. Two engines never get the same one.
pub fn take(
    tx: &mut GateTx<'_>,
    engine: EngineId,
    regions: &[Region],
    most: i64,
    lease: Duration,
) -> Result<Vec<Taken>, Error> {
    let taken: Vec<Taken> = slots::table
        .filter(slots::engine_id.is_null().and(slots::reclaimed_at.is_null()))
        .filter(slots::region.eq_any(regions))
        .filter(slots::expires_at.gt(now))
        .order(slots::admitted_at)
        .limit(most)
        .select((slots::organization_id, slots::account_id, slots::call_id, slots::region))
        .for_update()
        .skip_locked()
        .load(tx.connection())?;
    if !taken.is_empty() {
        let calls = slots::table.filter(slots::call_id.eq_any(taken.iter().map(|call| call.call)));
        diesel::update(calls.filter(slots::engine_id.is_null()))
            .set((slots::engine_id.eq(engine), slots::expires_at.eq(deadline!(lease))))
            .execute(tx.connection())?;
    }
    Ok(taken)
}
