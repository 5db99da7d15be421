//! Admitting calls within the limits (`domain.md` 3, `trust.md` R6).
//!
//! A call in progress holds a slot: a row with a deadline on the database's clock. It is
//! admitted under the lock of its account's row, renewed while the call lives, and deleted
//! when the call is [settled]. A slot whose deadline passed is *reclaimed*: its place is free
//! again at once, and the row stays until background work has closed its call.
//!
//! The row holds money too: a minute before it begins (`domain.md` 4.5).
//!
//! The row is the call's open account until then.
//!
//! [settled]: super::settlement

use std::time::Duration;

use diesel::{
    dsl::{IntervalDsl, now},
    prelude::*,
    sql_types::Timestamptz,
};
use time::OffsetDateTime;

use crate::{
    access::{
        Change, Tx,
        permission::{HoldsSlots, Includes, RecordCalls, View},
    },
    domain::{
        billing::{
            charges::{self, Terms},
            rates::Speaking,
        },
        usage::peaks,
    },
    error::Error,
    schema::control::{organizations, slots, sub_accounts, usage_days},
    values::{
        AccountId, BillingMode, CallId, Direction, EngineId, OrganizationId, SubAccountStatus, indian_day,
    },
};

/// A call that asks for a slot.
#[derive(Debug, Clone)]
pub struct Asking {
    /// The call.
    pub call: CallId,
    /// Which way it goes.
    pub direction: Direction,
    /// The engine that has it already; none for one that waits for an engine.
    pub engine: Option<EngineId>,
    /// By what that engine knows it.
    pub reference: Option<String>,
    /// How long its slot is held without a heartbeat.
    pub lease: Duration,
    /// What is to speak in it: by that it is charged.
    pub speaking: Speaking,
}

/// What became of a call that asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds a slot and the money of its first minute, on these terms.
    Admitted(Terms),
    /// It is the call that asked under the same reference before, and holds its slot.
    Again(CallId),
    /// It does not: it leaves nothing but a count.
    Refused(Refusal),
}

/// Why a call was not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// So many calls are in progress already (`domain.md` 3.4).
    AtLimit(i32),
    /// The sub-account is suspended (`domain.md` 2.3).
    Suspended,
    /// The first minute cannot be paid (`domain.md` 4.5): the code says by what.
    Unpaid(&'static str),
}

impl Refusal {
    /// Its code, as programs read it.
    pub fn code(self) -> &'static str {
        match self {
            Self::AtLimit(_) => "concurrency_limit_reached",
            Self::Suspended => "sub_account_suspended",
            Self::Unpaid(code) => code,
        }
    }

    fn limit(self) -> Option<i32> {
        match self {
            Self::AtLimit(limit) => Some(limit),
            Self::Suspended | Self::Unpaid(_) => None,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let message = match refusal {
            Refusal::AtLimit(limit) => {
                format!(
                    "All of the {limit} calls that may go on at once are in progress. Try again when one has ended."
                )
            }
            Refusal::Suspended => "This account is suspended: it takes and makes no calls.".to_owned(),
            Refusal::Unpaid(code) => {
                let message = match code {
                    "spend_cap_reached" => "What calls may cost today is spent.",
                    _ => "There is not enough money for the first minute of a call.",
                };
                return Self::Unpaid { code, message: message.to_owned() };
            }
        };
        Self::Conflict { code: refusal.code(), message }
    }
}

/// What stands against another call in an account, read under its lock.
pub(super) struct Room {
    status: SubAccountStatus,
    payer: BillingMode,
    pub limit: i32,
    pub in_use: i32,
    /// The most there were at once today.
    peak: Option<i32>,
}

/// Locks the account's row: whoever admits, releases or changes a limit passes here.
pub(super) fn lock<P: HoldsSlots>(tx: &mut Tx<'_, P>) -> Result<Room, Error> {
    let (organization, account) = (tx.organization(), tx.account().id);
    let peak = usage_days::table
        .filter(usage_days::organization_id.eq(organization))
        .filter(usage_days::account_id.eq(account.uuid()))
        .filter(usage_days::day.eq(indian_day(OffsetDateTime::now_utc())))
        .select(usage_days::peak_in_use);
    match account {
        AccountId::SubAccount(id) => {
            let (status, payer, limit, in_use, peak) = sub_accounts::table
                .find((organization, id))
                .select((
                    sub_accounts::status,
                    sub_accounts::billing_mode,
                    sub_accounts::concurrency_limit,
                    sub_accounts::slots_in_use,
                    peak.single_value(),
                ))
                .for_no_key_update()
                .first::<(SubAccountStatus, BillingMode, i32, i32, Option<i32>)>(tx.connection())?;
            Ok(Room { status, payer, limit, in_use, peak })
        }
        AccountId::Organization(id) => {
            let (total, claimed, in_use, peak) = organizations::table
                .find(id)
                .select((
                    organizations::total_concurrency,
                    organizations::claimed_concurrency,
                    organizations::slots_in_use,
                    peak.single_value(),
                ))
                .for_no_key_update()
                .first::<(i32, i32, i32, Option<i32>)>(tx.connection())?;
            let (status, payer) = (SubAccountStatus::Active, BillingMode::Consolidated);
            Ok(Room { status, payer, limit: total - claimed, in_use, peak })
        }
    }
}

/// The deadline of a slot that is held for so long from now on, on the database's clock.
macro_rules! deadline {
    ($lease:expr) => {
        now.into_sql::<Timestamptz>() + i32::try_from($lease.as_secs()).unwrap_or(i32::MAX).seconds()
    };
}

/// The slots of the account that a transaction is in, or the one of a call.
macro_rules! own {
    ($tx:expr) => {
        slots::table
            .filter(slots::organization_id.eq($tx.organization()))
            .filter(slots::account_id.eq($tx.account().id.uuid()))
    };
    ($tx:expr, $call:expr) => {
        slots::table.find(($tx.organization(), $tx.account().id.uuid(), $call))
    };
}

pub(super) use deadline;
pub(super) use own;

/// What a slot's row says of money.
#[derive(Debug, Queryable)]
pub(super) struct Purse {
    pub payer: BillingMode,
    cost_per_minute: i64,
    price_per_minute: i64,
    pub held: i64,
}

impl Purse {
    /// The terms that the call keeps.
    pub fn terms(&self) -> Terms {
        let Self { payer, cost_per_minute, price_per_minute, .. } = *self;
        Terms { payer, cost_per_minute, price_per_minute }
    }
}

macro_rules! purse {
    () => {
        (slots::payer, slots::cost_per_minute, slots::price_per_minute, slots::held_minor)
    };
}
pub(super) use purse;

/// Admits a call, or counts that it was refused. Never one over the limit, at any instant:
/// the account's row is locked, and what is in use is what rows say. The money of its first minute
/// is held with its slot.
///
/// # Errors
/// [`Error::NotFound`] for an account that is being deleted.
pub fn admit<P: HoldsSlots>(tx: &mut Tx<'_, P>, asking: &Asking) -> Result<Change<Verdict>, Error> {
    // Before the lock: many calls of an account wait for that.
    let quote = charges::quote(tx, &asking.speaking)?;
    let mut room = lock(tx)?;
    let terms = quote.for_payer(room.payer);
    let mut refusal = match room.status {
        SubAccountStatus::Deleting => return Err(Error::NotFound),
        SubAccountStatus::Suspended => Some(Refusal::Suspended),
        SubAccountStatus::Active => {
            // Above a limit that was lowered, a place given back changes the organization's
            // claim too, whose row is locked first by whoever does that: not here.
            if room.in_use == room.limit {
                room.in_use -= reclaim_overdue(tx)?;
            }
            (room.in_use >= room.limit).then_some(Refusal::AtLimit(room.limit))
        }
    };
    if refusal.is_none() {
        refusal = match charges::hold(tx, terms.payer, terms.minute()) {
            Err(Error::Unpaid { code, .. }) => Some(Refusal::Unpaid(code)),
            held => held.map(|()| None)?,
        };
    }
    if let Some(refusal) = refusal {
        if let Some(call) = holding(tx, asking)? {
            return Ok(Change::none(Verdict::Again(call)));
        }
        peaks::refuse(tx, refusal.code(), refusal.limit())?;
        return Ok(Change::none(Verdict::Refused(refusal)));
    }
    let admitted = diesel::insert_into(slots::table)
        .values((
            slots::call_id.eq(asking.call),
            slots::direction.eq(asking.direction),
            slots::region.eq(tx.account().region.clone()),
            slots::engine_id.eq(asking.engine),
            slots::engine_reference.eq(asking.reference.as_deref()),
            slots::expires_at.eq(deadline!(asking.lease)),
            slots::payer.eq(terms.payer),
            slots::cost_per_minute.eq(terms.cost_per_minute),
            slots::price_per_minute.eq(terms.price_per_minute),
            slots::held_minor.eq(terms.minute()),
        ))
        .on_conflict((slots::organization_id, slots::account_id, slots::engine_reference))
        .do_nothing()
        .execute(tx.connection())?;
    if admitted == 0 {
        charges::release(tx, terms.payer, terms.minute())?;
        let call = holding(tx, asking)?.ok_or(Error::Busy)?;
        return Ok(Change::none(Verdict::Again(call)));
    }
    if room.peak.is_none_or(|peak| peak < room.in_use + 1) {
        peaks::enter(tx, &[(indian_day(OffsetDateTime::now_utc()), room.in_use + 1)])?;
    }
    // A call is a record itself: the log does not repeat it.
    Ok(Change::none(Verdict::Admitted(terms)))
}

/// The call that holds a slot under the same reference, and may go on.
fn holding<P: HoldsSlots>(tx: &mut Tx<'_, P>, asking: &Asking) -> Result<Option<CallId>, Error> {
    let Some(reference) = &asking.reference else { return Ok(None) };
    Ok(own!(tx)
        .filter(slots::engine_reference.eq(reference))
        .select(slots::call_id)
        .first(tx.connection())
        .optional()?)
}

/// Gives back the places of calls whose deadline has passed; tells how many.
fn reclaim_overdue<P: HoldsSlots>(tx: &mut Tx<'_, P>) -> Result<i32, Error> {
    let overdue = own!(tx).filter(slots::reclaimed_at.is_null().and(slots::expires_at.lt(now)));
    let given_back = diesel::update(overdue)
        .set(slots::reclaimed_at.eq(now.into_sql::<Timestamptz>().nullable()))
        .execute(tx.connection())?;
    i32::try_from(given_back).map_err(Error::internal)
}

/// Gives back the slot of a call that does not come about: nothing is counted.
pub fn withdraw<P: HoldsSlots>(tx: &mut Tx<'_, P>, call: CallId) -> Result<Change<()>, Error> {
    lock_whole(tx)?;
    if let Some(purse) = delete(tx, call)? {
        charges::release(tx, purse.payer, purse.held)?;
    }
    Ok(Change::none(()))
}

/// Locks the organization's row and then the account's, as whoever changes limits does.
pub(super) fn lock_whole<P: HoldsSlots>(tx: &mut Tx<'_, P>) -> Result<(), Error> {
    let organization = tx.organization();
    organizations::table
        .find(organization)
        .select(organizations::organization_id)
        .for_no_key_update()
        .first::<OrganizationId>(tx.connection())?;
    lock(tx).map(drop)
}

pub(super) fn delete<P: HoldsSlots>(tx: &mut Tx<'_, P>, call: CallId) -> Result<Option<Purse>, Error> {
    Ok(diesel::delete(own!(tx, call)).returning(purse!()).get_result(tx.connection()).optional()?)
}

/// Locks the account's row until the transaction ends, so that no call is admitted or settled.
/// Gives the calls that are not settled.
pub fn hold_still(tx: &mut Tx<'_, RecordCalls>) -> Result<Vec<CallId>, Error> {
    lock(tx)?;
    Ok(own!(tx).select(slots::call_id).load(tx.connection())?)
}

/// Whether an account has calls that are not settled.
pub fn are_any<P: Includes<View>>(tx: &mut Tx<'_, P>) -> Result<bool, Error> {
    Ok(diesel::select(diesel::dsl::exists(own!(tx))).get_result(tx.connection())?)
}
