//! Money that the parent pushes into a sub-account's wallet by itself, whenever that is below a balance
//! (`domain.md` 4.7).
//!
//! The row of a sub-account's rule is locked by whoever recharges it, and what was recharged on a day
//! and in a month is counted on it by the transaction that does it: servers that are many, or that are
//! killed, neither recharge twice nor beyond a cap.

use diesel::{dsl::now, prelude::*};
use serde_json::json;
use time::{Date, Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    access::{Change, Event, GateTx, Notice, Tx, permission::PushFunds},
    domain::billing::{
        letters::{self, Content},
        wallet::{self, Rules},
    },
    error::{Error, FieldError},
    schema::control::{auto_recharges, ledger_accounts, sub_accounts},
    values::{
        BillingMode, EventKind, Money, OrganizationId, SubAccountId, SubAccountStatus, indian_day,
        start_of_indian_day, words,
    },
};

use super::recharge::recharge;

/// When a sub-account is recharged by itself, and how much, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AutoRecharge {
    /// Whether it is at all.
    pub active: bool,
    /// Below which balance.
    pub below_minor: i64,
    /// How much at a time.
    pub amount_minor: i64,
    /// At most so much on one day in India.
    pub daily_cap_minor: i64,
    /// At most so much in one month.
    pub monthly_cap_minor: i64,
}

impl AutoRecharge {
    /// Checks that the amounts agree with each other.
    ///
    /// # Errors
    /// [`Error::Invalid`] on `below`, `amount`, `daily_cap` and `monthly_cap`.
    pub fn check(self) -> Result<Self, Error> {
        let mut wrong = Vec::new();
        let mut must = |holds: bool, field: &str, message: &str| {
            if !holds {
                wrong.push(FieldError::new(field, message));
            }
        };
        must(self.below_minor > 0, "below", "The balance must be above zero.");
        must(self.amount_minor > 0, "amount", "The amount must be above zero.");
        let (day, month) = (self.daily_cap_minor, self.monthly_cap_minor);
        must(
            day >= self.amount_minor,
            "daily_cap",
            "The daily cap must be at least the amount of one recharge.",
        );
        must(month >= day, "monthly_cap", "The monthly cap must be at least the daily cap.");
        if wrong.is_empty() { Ok(self) } else { Err(Error::Invalid(wrong)) }
    }

    fn told(&self) -> serde_json::Value {
        json!({
            "on": self.active,
            "below_minor": self.below_minor,
            "amount_minor": self.amount_minor,
            "daily_cap_minor": self.daily_cap_minor,
            "monthly_cap_minor": self.monthly_cap_minor,
        })
    }
}

words! {
    /// What stands in the way of a recharge.
    Obstacle {
        /// The organization's wallet holds too little.
        Short = "insufficient_balance" / "your wallet holds too little.",
        /// So much was recharged today.
        Day = "daily_cap" / "the daily cap is reached.",
        /// So much was recharged this month.
        Month = "monthly_cap" / "the monthly cap is reached.",
    }
}

/// A rule as it is kept.
#[derive(Debug, Clone, Copy, Queryable, Selectable)]
#[diesel(table_name = auto_recharges)]
struct Kept {
    active: bool,
    amount_minor: i64,
    daily_cap_minor: i64,
    monthly_cap_minor: i64,
    day: Date,
    day_minor: i64,
    month: Date,
    month_minor: i64,
    told_of: Option<Obstacle>,
}

impl Kept {
    /// What was recharged on a day and in its month.
    fn so_far(&self, today: Date) -> (i64, i64) {
        let of = |kept: Date, wanted: Date, minor: i64| if kept == wanted { minor } else { 0 };
        (of(self.day, today, self.day_minor), of(self.month, first_of(today), self.month_minor))
    }
}

fn first_of(day: Date) -> Date {
    day.replace_day(1).unwrap_or(day)
}

macro_rules! own {
    ($tx:expr) => {
        auto_recharges::table.find(($tx.organization(), $tx.tenant().uuid()))
    };
}

/// How a sub-account is recharged by itself; `None` where nobody ever said.
pub fn current(tx: &mut Tx<'_, PushFunds>, id: SubAccountId) -> Result<Option<AutoRecharge>, Error> {
    sub_accounts::table
        .find((tx.organization(), id))
        .filter(sub_accounts::status.ne(SubAccountStatus::Deleting))
        .select(sub_accounts::sub_account_id)
        .first::<SubAccountId>(tx.connection())?;
    tx.within(id, |tx| {
        let kept = own!(tx).select(Kept::as_select()).first(tx.connection()).optional()?;
        let below = wallet::standing(tx)?.rules.recharge_below_minor;
        Ok(kept.map(|kept| AutoRecharge {
            active: kept.active,
            // What is off has no threshold: it begins with the amount.
            below_minor: below.unwrap_or(kept.amount_minor),
            amount_minor: kept.amount_minor,
            daily_cap_minor: kept.daily_cap_minor,
            monthly_cap_minor: kept.monthly_cap_minor,
        }))
    })
}

/// The sub-account, locked against being deleted or switched; with whether it may be recharged.
fn subject(tx: &mut Tx<'_, PushFunds>, id: SubAccountId) -> Result<(String, bool), Error> {
    let (name, status, mode) = sub_accounts::table
        .find((tx.organization(), id))
        .filter(sub_accounts::status.ne(SubAccountStatus::Deleting))
        .select((sub_accounts::name, sub_accounts::status, sub_accounts::billing_mode))
        .for_share()
        .first::<(String, SubAccountStatus, BillingMode)>(tx.connection())?;
    Ok((name, status == SubAccountStatus::Active && mode == BillingMode::Isolated))
}

/// Recharges a sub-account by itself in another way from now on.
///
/// # Errors
/// [`Error::Invalid`] as [`AutoRecharge::check`]; [`Error::NotFound`] for an id that is not one of
/// this organization's.
pub fn change(tx: &mut Tx<'_, PushFunds>, id: SubAccountId, to: AutoRecharge) -> Result<Change<()>, Error> {
    let to = to.check()?;
    let organization = tx.organization();
    let (name, _) = subject(tx, id)?;
    let before = current(tx, id)?;
    if before == Some(to) {
        return Ok(Change::none(()));
    }
    let currency = tx.within(id, |tx| {
        let values = (
            auto_recharges::active.eq(to.active),
            auto_recharges::amount_minor.eq(to.amount_minor),
            auto_recharges::daily_cap_minor.eq(to.daily_cap_minor),
            auto_recharges::monthly_cap_minor.eq(to.monthly_cap_minor),
            auto_recharges::next_try_at.eq(now),
            auto_recharges::told_of.eq(None::<Obstacle>),
        );
        diesel::insert_into(auto_recharges::table)
            .values(values)
            .on_conflict((auto_recharges::organization_id, auto_recharges::account_id))
            .do_update()
            .set(values)
            .execute(tx.connection())?;
        let standing = wallet::standing(tx)?;
        let recharge_below_minor = to.active.then_some(to.below_minor);
        wallet::change_rules(tx, Rules { recharge_below_minor, ..standing.rules })?;
        Ok(standing.balance.currency)
    })?;
    let event = Event {
        account: organization.into(),
        action: "auto_recharge.changed",
        object: name,
        object_id: id.to_string(),
        details: json!({
            "before": before.map(|before| before.told()),
            "after": to.told(),
            "currency": currency,
        }),
    };
    Ok(Change::new((), event))
}

/// A sub-account whose wallet waits to be recharged, wherever it does; none of those that rest.
pub fn due(tx: &mut GateTx<'_>, resting: &[Uuid]) -> Result<Option<(OrganizationId, SubAccountId)>, Error> {
    Ok(auto_recharges::table
        .inner_join(
            ledger_accounts::table.on(ledger_accounts::organization_id
                .eq(auto_recharges::organization_id)
                .and(ledger_accounts::account_id.eq(auto_recharges::account_id))
                .and(ledger_accounts::ledger_account.eq("wallet"))),
        )
        .filter(auto_recharges::active.and(auto_recharges::next_try_at.le(now)))
        .filter(ledger_accounts::recharge_due_since.is_not_null())
        .filter(auto_recharges::account_id.ne_all(resting))
        .order(auto_recharges::next_try_at)
        .select((auto_recharges::organization_id, auto_recharges::account_id))
        .first::<(OrganizationId, SubAccountId)>(tx.connection())
        .optional()?)
}

/// How long it is left alone what cannot be recharged now.
const LATER: Duration = Duration::minutes(5);

/// The rule of a sub-account whose wallet waits to be recharged, locked; with the wallet's currency.
/// Nothing where it waits no more.
fn locked(tx: &mut Tx<'_, PushFunds>, id: SubAccountId) -> Result<Option<(Kept, String)>, Error> {
    tx.within(id, |tx| {
        let kept = own!(tx)
            .filter(auto_recharges::active.and(auto_recharges::next_try_at.le(now)))
            .select(Kept::as_select())
            .for_update()
            .first(tx.connection())
            .optional()?;
        let wallet = ledger_accounts::table
            .find((tx.organization(), tx.tenant().uuid(), "wallet"))
            .filter(ledger_accounts::recharge_due_since.is_not_null())
            .select(ledger_accounts::currency)
            .first::<String>(tx.connection())
            .optional()?;
        Ok(kept.zip(wallet))
    })
}

/// Recharges a sub-account once, if its wallet still waits for it and no cap stands in the way.
///
/// # Errors
/// [`Error::Unpaid`] when the organization's wallet holds too little: nothing was changed then, and
/// [`fall_short`] tells of it.
pub fn perform(tx: &mut Tx<'_, PushFunds>, id: SubAccountId) -> Result<Change<()>, Error> {
    let Some((kept, currency)) = locked(tx, id)? else { return Ok(Change::none(())) };
    let at = OffsetDateTime::now_utc();
    // Who is suspended, paid for anyway or being deleted is sent no money.
    let takes_money = match subject(tx, id) {
        Ok((_, takes_money)) => takes_money,
        Err(Error::NotFound) => false,
        Err(error) => return Err(error),
    };
    if !takes_money {
        postpone(tx, id, at + LATER, kept.told_of)?;
        return Ok(Change::none(()));
    }
    let today = indian_day(at);
    let (day, month) = kept.so_far(today);
    let with = |so_far: i64| so_far.saturating_add(kept.amount_minor);
    if with(month) > kept.monthly_cap_minor {
        return stop(tx, id, (&kept, currency), Obstacle::Month);
    }
    if with(day) > kept.daily_cap_minor {
        return stop(tx, id, (&kept, currency), Obstacle::Day);
    }
    let made = recharge(tx, id, &Money::new(kept.amount_minor, currency), "Auto-recharge")?;
    tx.within(id, |tx| {
        diesel::update(own!(tx))
            .set((
                auto_recharges::day.eq(today),
                auto_recharges::day_minor.eq(with(day)),
                auto_recharges::month.eq(first_of(today)),
                auto_recharges::month_minor.eq(with(month)),
                auto_recharges::told_of.eq(None::<Obstacle>),
                // Whoever is still below it goes on after all others that wait.
                auto_recharges::next_try_at.eq(now),
            ))
            .execute(tx.connection())?;
        Ok(())
    })?;
    made.try_map(|_| Ok(()))
}

/// The organization's wallet held too little for a recharge.
pub fn fall_short(tx: &mut Tx<'_, PushFunds>, id: SubAccountId) -> Result<Change<()>, Error> {
    match locked(tx, id)? {
        Some((kept, currency)) => stop(tx, id, (&kept, currency), Obstacle::Short),
        None => Ok(Change::none(())),
    }
}

fn postpone(
    tx: &mut Tx<'_, PushFunds>,
    id: SubAccountId,
    until: OffsetDateTime,
    told_of: Option<Obstacle>,
) -> Result<(), Error> {
    tx.within(id, |tx| {
        diesel::update(own!(tx))
            .set((auto_recharges::next_try_at.eq(until), auto_recharges::told_of.eq(told_of)))
            .execute(tx.connection())?;
        Ok(())
    })
}

/// Leaves a sub-account alone until later, and tells its parent once what stands in the way.
fn stop(
    tx: &mut Tx<'_, PushFunds>,
    id: SubAccountId,
    (kept, currency): (&Kept, String),
    obstacle: Obstacle,
) -> Result<Change<()>, Error> {
    let at = OffsetDateTime::now_utc();
    // A cap lasts as long as its day; whether the month is over is looked at each day too.
    let tomorrow = indian_day(at).next_day().map_or(at + LATER, start_of_indian_day);
    let until = if obstacle == Obstacle::Short { at + LATER } else { tomorrow };
    postpone(tx, id, until, Some(obstacle))?;
    if kept.told_of == Some(obstacle) {
        return Ok(Change::none(()));
    }
    let (name, _) = subject(tx, id)?;
    let organization = tx.organization();
    letters::request(
        tx,
        &Content::AutoRechargeStopped {
            sub_account: name.clone(),
            reason: obstacle.label().to_owned(),
            amount_minor: kept.amount_minor,
            currency: currency.clone(),
        },
    )?;
    let event = Event {
        account: organization.into(),
        action: "auto_recharge.held_up",
        object: name,
        object_id: id.to_string(),
        details: json!({
            "reason": obstacle.as_str(),
            "amount_minor": kept.amount_minor,
            "currency": currency,
        }),
    };
    let told = json!({
        "sub_account_id": id,
        "reason": obstacle.as_str(),
        "amount": Money::new(kept.amount_minor, currency.clone()).major(),
        "currency": currency,
    });
    Ok(Change::new((), event).publishing(Notice::new(organization, EventKind::AutoRechargeHeldUp, told)))
}
