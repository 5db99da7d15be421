//! Holding and charging calls, whoever pays for them (`domain.md` 4.2 to 4.5, `trust.md` R3).
//!
//! Prepaid means prepaid: a minute is held before it begins. An isolated account's calls hold of
//! its own wallet and are posted to its ledger as they end. Those that the organization pays for
//! hold of their account's [allowance](super::allowances); what they come to is a row of `charges`
//! until it is [posted](post_some), many at a time, to the organization's ledger. It stays held
//! meanwhile, so that nobody else draws it.

use std::collections::BTreeMap;

use diesel::prelude::*;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    access::{
        GateTx, Tx,
        permission::{HoldsSlots, RecordCalls},
    },
    error::Error,
    schema::control::charges,
    values::{AccountId, BillingMode, CallId, OrganizationId, SubAccountId},
};

use super::{
    allowances,
    ledger::{self, Entry},
    rates::{self, Speaking},
    wallet,
};

/// On what terms a call is made: it keeps them to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Who pays: the account itself, or its organization.
    pub payer: BillingMode,
    /// What a started minute costs, in minor units.
    pub cost_per_minute: i64,
    /// What the account is charged for it, in minor units.
    pub price_per_minute: i64,
}

impl Terms {
    /// What a started minute draws from the wallet that pays.
    pub fn minute(&self) -> i64 {
        match self.payer {
            BillingMode::Isolated => self.price_per_minute,
            BillingMode::Consolidated => self.cost_per_minute,
        }
    }

    /// How many whole minutes `held` pays for; `None`: as many as one likes.
    pub fn minutes_of(&self, held: i64) -> Option<i64> {
        held.checked_div(self.minute())
    }
}

/// What an account's calls cost now, before it is known who pays.
#[derive(Debug, Clone, Copy)]
pub struct Quote {
    cost: i64,
    price: Option<i64>,
}

impl Quote {
    /// The terms of a call that `payer` pays for.
    pub fn for_payer(self, payer: BillingMode) -> Terms {
        let price_per_minute = rates::charged(payer, self.cost, self.price);
        Terms { payer, cost_per_minute: self.cost, price_per_minute }
    }
}

/// What a started minute of a call with these parts costs in the account now.
pub fn quote<P: HoldsSlots>(tx: &mut Tx<'_, P>, speaking: &Speaking) -> Result<Quote, Error> {
    let cost = rates::card(tx)?.cost(speaking).total;
    let price = match tx.tenant() {
        AccountId::SubAccount(_) => rates::price(tx)?,
        AccountId::Organization(_) => Some(cost),
    };
    Ok(Quote { cost, price })
}

/// Holds `minor` for a call, of what its payer has.
///
/// # Errors
/// [`Error::Unpaid`] when there is not as much left; the transaction can go on.
pub fn hold<P: HoldsSlots>(tx: &mut Tx<'_, P>, payer: BillingMode, minor: i64) -> Result<(), Error> {
    match payer {
        _ if minor == 0 => Ok(()),
        BillingMode::Isolated => wallet::hold(tx, minor),
        BillingMode::Consolidated => allowances::hold(tx, minor),
    }
}

/// Gives back what was held for a call that costs nothing.
pub fn release<P: HoldsSlots>(tx: &mut Tx<'_, P>, payer: BillingMode, held: i64) -> Result<(), Error> {
    match payer {
        _ if held == 0 => Ok(()),
        BillingMode::Isolated => wallet::release(tx, held),
        BillingMode::Consolidated => allowances::draw(tx, held, 0),
    }
}

/// A call that has ended and is to be charged.
#[derive(Debug, Clone)]
pub struct Due {
    /// The call.
    pub call: CallId,
    /// Its terms.
    pub terms: Terms,
    /// What is held for it.
    pub held: i64,
    /// Started minutes from answer to end.
    pub minutes: i64,
}

impl Due {
    /// Whether what is held pays for all of it.
    fn is_held(&self) -> bool {
        self.terms.minutes_of(self.held).is_none_or(|paid| paid >= self.minutes)
    }

    /// What so many of its minutes come to.
    fn charged(&self, minutes: i64) -> Result<Charged, Error> {
        let times = |rate: i64| rate.checked_mul(minutes).ok_or_else(super::books::out_of_range);
        let Terms { cost_per_minute, price_per_minute, .. } = self.terms;
        Ok(Charged { minutes, cost: times(cost_per_minute)?, price: times(price_per_minute)? })
    }
}

/// What a call was charged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Charged {
    /// The minutes that were paid for.
    pub minutes: i64,
    /// What they cost, in minor units.
    pub cost: i64,
    /// What the account is charged for them, in minor units.
    pub price: i64,
}

/// Settles what is held for a call with what it came to. Minutes that were not held are held now;
/// those that cannot be are not charged: no wallet goes below zero.
pub fn settle(tx: &mut Tx<'_, RecordCalls>, due: &Due) -> Result<Charged, Error> {
    let (payer, minute) = (due.terms.payer, due.terms.minute());
    let (mut held, mut minutes) = (due.held, due.minutes);
    while due.terms.minutes_of(held).is_some_and(|paid| paid < minutes) {
        match hold(tx, payer, minute) {
            Ok(()) => held += minute,
            Err(Error::Unpaid { .. }) => {
                let paid = due.terms.minutes_of(held).unwrap_or(minutes);
                tracing::warn!(call = %due.call, minutes, paid, "minutes of a call could not be charged");
                minutes = paid;
            }
            Err(error) => return Err(error),
        }
    }
    let charged = due.charged(minutes)?;
    let occurred_at = OffsetDateTime::now_utc();
    match payer {
        BillingMode::Isolated if charged.price == 0 => release(tx, payer, held)?,
        BillingMode::Isolated => {
            let entry = Entry { minutes, ..Entry::call(charged.price, due.call, occurred_at)? };
            ledger::post_held(tx, &[entry.with_margin(charged.price - charged.cost)], held)?;
        }
        BillingMode::Consolidated => {
            allowances::draw(tx, held, charged.cost)?;
            keep(tx, [(tx.tenant().uuid(), due.call, charged)], occurred_at)?;
        }
    }
    Ok(charged)
}

/// Settles calls that the organization pays for, of its sub-accounts, as [`settle`] does each: by
/// one statement of a kind for all of which all is held.
pub fn settle_many<'d>(
    tx: &mut Tx<'_, RecordCalls>,
    dues: impl Iterator<Item = (SubAccountId, &'d Due)>,
) -> Result<Vec<Charged>, Error> {
    let (mut outcomes, mut rows) = (Vec::new(), Vec::new());
    let mut drawn: BTreeMap<SubAccountId, (i64, i64)> = BTreeMap::new();
    for (account, due) in dues {
        if !due.is_held() {
            outcomes.push(tx.at(account, |tx| settle(tx, due))?);
            continue;
        }
        let charged = due.charged(due.minutes)?;
        let (held, cost) = drawn.entry(account).or_default();
        *held = held.checked_add(due.held).ok_or_else(super::books::out_of_range)?;
        *cost = cost.checked_add(charged.cost).ok_or_else(super::books::out_of_range)?;
        rows.push((account.uuid(), due.call, charged));
        outcomes.push(charged);
    }
    allowances::draw_many(tx, &drawn)?;
    keep(tx, rows, OffsetDateTime::now_utc())?;
    Ok(outcomes)
}

#[derive(Insertable)]
#[diesel(table_name = charges)]
struct NewCharge {
    account_id: Uuid,
    call_id: CallId,
    minutes: i64,
    cost_minor: i64,
    occurred_at: OffsetDateTime,
}

/// Keeps what calls cost until it is posted.
fn keep(
    tx: &mut Tx<'_, RecordCalls>,
    charged: impl IntoIterator<Item = (Uuid, CallId, Charged)>,
    occurred_at: OffsetDateTime,
) -> Result<(), Error> {
    let rows: Vec<_> = charged
        .into_iter()
        .map(|(account_id, call_id, Charged { minutes, cost: cost_minor, .. })| NewCharge {
            account_id,
            call_id,
            minutes,
            cost_minor,
            occurred_at,
        })
        .filter(|charge| charge.cost_minor > 0)
        .collect();
    if !rows.is_empty() {
        diesel::insert_into(charges::table).values(&rows).execute(tx.connection())?;
    }
    Ok(())
}

/// The organizations whose ledgers have charges to come.
pub fn due(tx: &mut GateTx<'_>) -> Result<Vec<OrganizationId>, Error> {
    Ok(charges::table.select(charges::organization_id).distinct().load(tx.connection())?)
}

#[derive(Queryable)]
struct Waiting {
    account: Uuid,
    call: CallId,
    minutes: i64,
    cost: i64,
    occurred_at: OffsetDateTime,
}

/// Posts `most` of the charges that wait for the organization's ledger, the oldest first; tells how
/// many. Others may post at the same time: nobody posts one twice.
pub fn post_some(tx: &mut Tx<'_, RecordCalls>, most: i64) -> Result<usize, Error> {
    let organization = tx.organization();
    let waiting: Vec<Waiting> = charges::table
        .filter(charges::organization_id.eq(organization))
        .order(charges::occurred_at)
        .limit(most)
        .select((
            charges::account_id,
            charges::call_id,
            charges::minutes,
            charges::cost_minor,
            charges::occurred_at,
        ))
        .for_update()
        .skip_locked()
        .load(tx.connection())?;
    let entries = waiting
        .iter()
        .map(|charge| {
            let charged_for = match AccountId::of_row(organization, charge.account) {
                AccountId::SubAccount(id) => Some(id),
                AccountId::Organization(_) => None,
            };
            let entry = Entry::call(charge.cost, charge.call, charge.occurred_at)?;
            Ok(Entry { minutes: charge.minutes, charged_for, ..entry })
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let held = waiting
        .iter()
        .try_fold(0_i64, |sum, charge| sum.checked_add(charge.cost))
        .ok_or_else(super::books::out_of_range)?;
    if !entries.is_empty() {
        ledger::post_held(tx, &entries, held)?;
        diesel::delete(charges::table.filter(charges::organization_id.eq(organization)))
            .filter(charges::call_id.eq_any(waiting.iter().map(|charge| charge.call)))
            .execute(tx.connection())?;
    }
    Ok(waiting.len())
}

/// Gives back what a deleted account was granted, to the organization that paid for it.
pub fn close(tx: &mut Tx<'_, RecordCalls>) -> Result<(), Error> {
    allowances::close(tx)
}
