//! Volumes of calls per day, kept as calls are entered: nothing that a page shows scans
//! calls. A day is a day in India (`trust.md` U16).
//!
//! - [`peaks`]: how many calls there were at once, and which were refused.

pub mod peaks;

use std::collections::HashMap;

use diesel::{
    dsl::{max, sum},
    prelude::*,
    upsert::excluded,
};
use time::{Date, Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    access::{
        Change, GateTx, Overview, Tx,
        permission::{Includes, ManageSubAccounts, RecordCalls, View, ViewBilling},
        principal::Standing,
    },
    error::Error,
    schema::{
        control::{organizations, sub_accounts, usage_days},
        whole,
    },
    values::{AccountId, OrganizationId, Region, SubAccountId, indian_day},
};

/// How many days a chart and a counter look back, today included.
pub const WINDOW: u16 = 30;

/// What happened on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable)]
pub struct DayVolume {
    /// The day in India.
    pub day: Date,
    /// Calls that were made or came in.
    pub calls: i64,
    /// Those that were answered.
    pub answered: i64,
    /// Minutes started.
    pub minutes: i64,
}

impl DayVolume {
    /// A day on which nothing happened.
    pub fn nothing(day: Date) -> Self {
        Self { day, calls: 0, answered: 0, minutes: 0 }
    }
}

/// The first day of the window that ends with `today`.
fn since(today: Date, days: u16) -> Date {
    today - Duration::days(i64::from(days.max(1)) - 1)
}

/// Every day of the window, from what is known of some of them.
fn filled<T>(known: Vec<T>, today: Date, days: u16, day: fn(&T) -> Date, nothing: fn(Date) -> T) -> Vec<T> {
    let mut known = known.into_iter().peekable();
    let first = since(today, days);
    (0..i64::from(days.max(1)))
        .map(|offset| first + Duration::days(offset))
        .map(|wanted| known.next_if(|row| day(row) == wanted).unwrap_or_else(|| nothing(wanted)))
        .collect()
}

/// The last `days` days, oldest first; days without calls are there with zeros.
pub fn last_days<P: Includes<View>>(tx: &mut Tx<'_, P>, days: u16) -> Result<Vec<DayVolume>, Error> {
    let today = indian_day(OffsetDateTime::now_utc());
    let known = usage_days::table
        .filter(usage_days::day.between(since(today, days), today))
        .order(usage_days::day)
        .select((usage_days::day, usage_days::calls, usage_days::answered, usage_days::minutes))
        .load::<DayVolume>(tx.connection())?;
    Ok(filled(known, today, days, |row| row.day, DayVolume::nothing))
}

/// What the account is charged for the calls of the last `days` days, oldest first, in minor units.
/// What the parent adds to their cost is its own to know: to the parent they come to what they cost.
pub fn last_costs<P: Includes<ViewBilling>>(
    tx: &mut Tx<'_, P>,
    days: u16,
) -> Result<Vec<(Date, i64)>, Error> {
    let today = indian_day(OffsetDateTime::now_utc());
    let known = usage_days::table
        .filter(usage_days::day.between(since(today, days), today))
        .order(usage_days::day)
        .select((usage_days::day, usage_days::cost_minor, usage_days::margin_minor))
        .load::<(Date, i64, i64)>(tx.connection())?;
    let is_above = tx.asker().standing == Standing::ParentAdministrator;
    let known = known
        .into_iter()
        .map(|(day, cost, margin)| (day, if is_above { cost } else { cost.saturating_add(margin) }))
        .collect();
    Ok(filled(known, today, days, |row| row.0, |day| (day, 0)))
}

/// What calls cost, and what their account is charged beyond it, in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Earned {
    /// What they cost.
    pub cost_minor: i64,
    /// What the parent's price adds.
    pub margin_minor: i64,
}

/// What the calls of a sub-account came to in the last `days` days, for its parent alone.
pub fn earned<P: Includes<ManageSubAccounts>>(
    tx: &mut Tx<'_, P>,
    id: SubAccountId,
    days: u16,
) -> Result<Earned, Error> {
    let today = indian_day(OffsetDateTime::now_utc());
    tx.within(id, |tx| {
        let (cost, margin) = usage_days::table
            .filter(usage_days::day.between(since(today, days), today))
            .select((whole(sum(usage_days::cost_minor)), whole(sum(usage_days::margin_minor))))
            .first::<(Option<i64>, Option<i64>)>(tx.connection())?;
        Ok(Earned { cost_minor: cost.unwrap_or(0), margin_minor: margin.unwrap_or(0) })
    })
}

/// What calls add to a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = usage_days)]
pub struct Addition {
    /// The day in India.
    pub day: Date,
    /// Calls.
    pub calls: i64,
    /// Answered calls.
    pub answered: i64,
    /// Minutes started.
    pub minutes: i64,
    /// What they cost, in minor units.
    pub cost_minor: i64,
    /// What the account is charged for them beyond their cost, in minor units.
    pub margin_minor: i64,
    /// When the last of them was made.
    pub last_call_at: Option<OffsetDateTime>,
}

impl Addition {
    /// This and another of the same day.
    pub fn and(self, other: &Self) -> Self {
        Self {
            day: self.day,
            calls: self.calls + other.calls,
            answered: self.answered + other.answered,
            minutes: self.minutes + other.minutes,
            cost_minor: self.cost_minor + other.cost_minor,
            margin_minor: self.margin_minor + other.margin_minor,
            last_call_at: self.last_call_at.max(other.last_call_at),
        }
    }
}

/// What calls of one account add to a day.
#[derive(Insertable)]
#[diesel(table_name = usage_days)]
struct AccountDay {
    account_id: Uuid,
    #[diesel(embed)]
    addition: Addition,
}

/// Adds calls to their days, one addition per day.
pub fn record(tx: &mut Tx<'_, RecordCalls>, additions: &[Addition]) -> Result<(), Error> {
    let account = tx.tenant();
    record_many(tx, additions.iter().map(|addition| (account, *addition)))
}

/// Adds calls of accounts to their days, one addition per account and day.
pub fn record_many(
    tx: &mut Tx<'_, RecordCalls>,
    additions: impl Iterator<Item = (AccountId, Addition)>,
) -> Result<(), Error> {
    diesel::define_sql_function! {
        /// The greatest of two moments; a missing one does not count.
        #[sql_name = "greatest"]
        fn later(
            a: diesel::sql_types::Nullable<diesel::sql_types::Timestamptz>,
            b: diesel::sql_types::Nullable<diesel::sql_types::Timestamptz>,
        ) -> diesel::sql_types::Nullable<diesel::sql_types::Timestamptz>;
    }
    let rows: Vec<_> =
        additions.map(|(account, addition)| AccountDay { account_id: account.uuid(), addition }).collect();
    if rows.is_empty() {
        return Ok(());
    }
    diesel::insert_into(usage_days::table)
        .values(rows)
        .on_conflict((usage_days::organization_id, usage_days::account_id, usage_days::day))
        .do_update()
        .set((
            usage_days::calls.eq(usage_days::calls + excluded(usage_days::calls)),
            usage_days::answered.eq(usage_days::answered + excluded(usage_days::answered)),
            usage_days::minutes.eq(usage_days::minutes + excluded(usage_days::minutes)),
            usage_days::cost_minor.eq(usage_days::cost_minor + excluded(usage_days::cost_minor)),
            usage_days::margin_minor.eq(usage_days::margin_minor + excluded(usage_days::margin_minor)),
            usage_days::last_call_at.eq(later(usage_days::last_call_at, excluded(usage_days::last_call_at))),
        ))
        .execute(tx.connection())?;
    Ok(())
}

/// Makes the days since `since` what `days` say, but for their peaks and their money, which the
/// ledger knows better; a day that is missing had no calls. Tells how many differed.
pub fn replace(tx: &mut Tx<'_, RecordCalls>, since: Date, days: &[Addition]) -> Result<usize, Error> {
    // At an organization the work on calls sees the days of its sub-accounts too.
    let known = usage_days::table
        .filter(usage_days::organization_id.eq(tx.organization()))
        .filter(usage_days::account_id.eq(tx.tenant().uuid()))
        .filter(usage_days::day.ge(since))
        .select(Addition::as_select())
        .load::<Addition>(tx.connection())?;
    let nothing = |day| Addition {
        day,
        calls: 0,
        answered: 0,
        minutes: 0,
        cost_minor: 0,
        margin_minor: 0,
        last_call_at: None,
    };
    let missing = known.iter().filter(|known| days.iter().all(|day| day.day != known.day));
    let money = |wanted: Addition| {
        let known = known.iter().find(|known| known.day == wanted.day).copied();
        let Addition { cost_minor, margin_minor, .. } = known.unwrap_or(nothing(wanted.day));
        Addition { cost_minor, margin_minor, ..wanted }
    };
    let wanted: Vec<Addition> =
        days.iter().copied().map(money).chain(missing.map(|known| money(nothing(known.day)))).collect();
    let differs = |wanted: &&Addition| {
        let known = known.iter().find(|known| known.day == wanted.day);
        known.copied().unwrap_or(nothing(wanted.day)) != **wanted
    };
    let different: Vec<Addition> = wanted.iter().filter(differs).copied().collect();
    diesel::insert_into(usage_days::table)
        .values(&different)
        .on_conflict((usage_days::organization_id, usage_days::account_id, usage_days::day))
        .do_update()
        .set((
            usage_days::calls.eq(excluded(usage_days::calls)),
            usage_days::answered.eq(excluded(usage_days::answered)),
            usage_days::minutes.eq(excluded(usage_days::minutes)),
            usage_days::last_call_at.eq(excluded(usage_days::last_call_at)),
        ))
        .execute(tx.connection())?;
    Ok(different.len())
}

/// One account's counters over the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// Whose.
    pub account: AccountId,
    /// Calls.
    pub calls: i64,
    /// Minutes started.
    pub minutes: i64,
    /// The last call within the window.
    pub last_call_at: Option<OffsetDateTime>,
}

/// The counters of an organization and of each of its sub-accounts with calls in the
/// window.
pub fn counters(tx: &mut Overview<'_>) -> Result<Vec<Counters>, Error> {
    let organization = tx.organization();
    let today = indian_day(OffsetDateTime::now_utc());
    let rows = usage_days::table
        .filter(usage_days::organization_id.eq(organization))
        .filter(usage_days::day.between(since(today, WINDOW), today))
        .group_by(usage_days::account_id)
        .select((
            usage_days::account_id,
            whole(sum(usage_days::calls)),
            whole(sum(usage_days::minutes)),
            max(usage_days::last_call_at),
        ))
        .load::<(uuid::Uuid, Option<i64>, Option<i64>, Option<OffsetDateTime>)>(tx.connection())?;
    let counters = rows.into_iter().map(|(account, calls, minutes, last_call_at)| {
        let account = AccountId::of_row(organization, account);
        Counters { account, calls: calls.unwrap_or(0), minutes: minutes.unwrap_or(0), last_call_at }
    });
    Ok(counters.collect())
}

/// What the calls of some sub-accounts cost in the last `days` days, in minor units, by one query; those
/// without calls are left out.
pub fn costs_of(
    tx: &mut Overview<'_>,
    ids: &[SubAccountId],
    days: u16,
) -> Result<HashMap<SubAccountId, i64>, Error> {
    let today = indian_day(OffsetDateTime::now_utc());
    let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = usage_days::table
        .filter(usage_days::organization_id.eq(tx.organization()))
        .filter(usage_days::account_id.eq_any(ids))
        .filter(usage_days::day.between(since(today, days), today))
        .group_by(usage_days::account_id)
        .select((usage_days::account_id, whole(sum(usage_days::cost_minor))))
        .load::<(uuid::Uuid, Option<i64>)>(tx.connection())?;
    Ok(rows.into_iter().map(|(id, cost)| (SubAccountId::from_uuid(id), cost.unwrap_or(0))).collect())
}

/// An organization whose counters have not been refreshed for a while.
pub fn due(tx: &mut GateTx<'_>) -> Result<Option<(OrganizationId, Region)>, Error> {
    Ok(organizations::table
        .filter(organizations::counters_at.lt(OffsetDateTime::now_utc() - REFRESHED_EVERY))
        .order(organizations::counters_at)
        .select((organizations::organization_id, organizations::region))
        .first(tx.connection())
        .optional()?)
}

/// How old the counters may be: a day of the window passes unseen for this long.
const REFRESHED_EVERY: Duration = Duration::minutes(15);

/// Keeps the counters where the parent's list sorts by them, and their totals beside the
/// organization. Sub-accounts that are missing from `counters` had no calls.
pub fn refresh(tx: &mut Tx<'_, ManageSubAccounts>, counters: &[Counters]) -> Result<Change<()>, Error> {
    let organization = tx.organization();
    let (mut with_calls, mut calls, mut minutes) = (Vec::new(), 0, 0);
    for counter in counters {
        let AccountId::SubAccount(id) = counter.account else { continue };
        with_calls.push(id);
        calls += counter.calls;
        minutes += counter.minutes;
        diesel::update(sub_accounts::table.find((organization, id)))
            .filter(
                sub_accounts::calls_30d
                    .ne(counter.calls)
                    .or(sub_accounts::minutes_30d.ne(counter.minutes))
                    .or(sub_accounts::last_call_at.is_distinct_from(counter.last_call_at)),
            )
            .set((
                sub_accounts::calls_30d.eq(counter.calls),
                sub_accounts::minutes_30d.eq(counter.minutes),
                sub_accounts::last_call_at.eq(counter.last_call_at),
            ))
            .execute(tx.connection())?;
    }
    diesel::update(sub_accounts::table)
        .filter(sub_accounts::organization_id.eq(organization))
        .filter(sub_accounts::calls_30d.gt(0).or(sub_accounts::minutes_30d.gt(0)))
        .filter(sub_accounts::sub_account_id.ne_all(with_calls))
        .set((sub_accounts::calls_30d.eq(0), sub_accounts::minutes_30d.eq(0)))
        .execute(tx.connection())?;
    diesel::update(organizations::table.find(organization))
        .set((
            organizations::calls_30d.eq(calls),
            organizations::minutes_30d.eq(minutes),
            organizations::counters_at.eq(diesel::dsl::now),
        ))
        .execute(tx.connection())?;
    // Counters are derived: there is nothing to tell.
    Ok(Change::none(()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn days_without_calls_are_there_with_zeros() {
        let busy = DayVolume { day: date!(2026 - 03 - 01), calls: 7, answered: 5, minutes: 9 };
        let days = filled(vec![busy], date!(2026 - 03 - 02), 3, |row| row.day, DayVolume::nothing);
        let nothing = DayVolume::nothing;
        assert_eq!(days, [nothing(date!(2026 - 02 - 28)), busy, nothing(date!(2026 - 03 - 02))]);
    }
}
