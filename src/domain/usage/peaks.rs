//! How many calls there were at once, and which were refused (`domain.md` 3.4).

use diesel::{prelude::*, upsert::excluded};
use time::{Date, OffsetDateTime};

use crate::{
    access::{
        Tx,
        permission::{HoldsSlots, Includes, View},
    },
    error::Error,
    schema::control::{refusals, usage_days},
    values::indian_day,
};

/// Calls that were refused on one day for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusals {
    /// The code that the callers were answered, such as `concurrency_limit_reached`.
    pub code: String,
    /// The limit that refused them, in calls at once; `None` where it was no limit.
    pub at_limit: Option<i32>,
    /// How many.
    pub refused: i64,
}

/// How full one day was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayPeak {
    /// The day in India.
    pub day: Date,
    /// The most calls at once.
    pub peak: i32,
    /// What was refused, the highest limit first.
    pub refusals: Vec<Refusals>,
}

impl DayPeak {
    /// Calls that were refused, for any reason.
    pub fn refused(&self) -> i64 {
        self.refusals.iter().map(|refusals| refusals.refused).sum()
    }
}

/// Enters the most calls at once on some days; what is known and higher stays.
///
/// # Errors
/// Those of the database.
pub fn enter<P: HoldsSlots>(tx: &mut Tx<'_, P>, peaks: &[(Date, i32)]) -> Result<(), Error> {
    diesel::define_sql_function! {
        /// The greater of two numbers.
        #[sql_name = "greatest"]
        fn greater(a: diesel::sql_types::Integer, b: diesel::sql_types::Integer) -> diesel::sql_types::Integer;
    }
    if peaks.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = peaks
        .iter()
        .map(|(day, peak)| (usage_days::day.eq(*day), usage_days::peak_in_use.eq(*peak)))
        .collect();
    diesel::insert_into(usage_days::table)
        .values(rows)
        .on_conflict((usage_days::organization_id, usage_days::account_id, usage_days::day))
        .do_update()
        .set(usage_days::peak_in_use.eq(greater(usage_days::peak_in_use, excluded(usage_days::peak_in_use))))
        .execute(tx.connection())?;
    Ok(())
}

/// Counts a call that is refused today for the reason of this code, by this limit.
///
/// # Errors
/// Those of the database.
pub fn refuse<P: HoldsSlots>(tx: &mut Tx<'_, P>, code: &str, at_limit: Option<i32>) -> Result<(), Error> {
    diesel::insert_into(refusals::table)
        .values((
            refusals::day.eq(indian_day(OffsetDateTime::now_utc())),
            refusals::code.eq(code),
            refusals::at_limit.eq(at_limit.unwrap_or(NO_LIMIT)),
            refusals::refused.eq(1),
        ))
        .on_conflict((
            refusals::organization_id,
            refusals::account_id,
            refusals::day,
            refusals::code,
            refusals::at_limit,
        ))
        .do_update()
        .set(refusals::refused.eq(refusals::refused + excluded(refusals::refused)))
        .execute(tx.connection())?;
    Ok(())
}

/// What stands for no limit in a key, which cannot be empty.
const NO_LIMIT: i32 = -1;

/// The last `days` days, oldest first; days without calls are there with zeros.
///
/// # Errors
/// Those of the database.
pub fn last_peaks<P: Includes<View>>(tx: &mut Tx<'_, P>, days: u16) -> Result<Vec<DayPeak>, Error> {
    let today = indian_day(OffsetDateTime::now_utc());
    let first = super::since(today, days);
    let known = usage_days::table
        .filter(usage_days::day.between(first, today))
        .order(usage_days::day)
        .select((usage_days::day, usage_days::peak_in_use))
        .load::<(Date, i32)>(tx.connection())?;
    let refused = refusals::table
        .filter(refusals::day.between(first, today))
        .order((refusals::day, refusals::code, refusals::at_limit.desc()))
        .select((refusals::day, refusals::code, refusals::at_limit, refusals::refused))
        .load::<(Date, String, i32, i64)>(tx.connection())?;
    let mut refused = refused.into_iter().peekable();
    let days = super::filled(known, today, days, |row| row.0, |day| (day, 0));
    Ok(days
        .into_iter()
        .map(|(day, peak)| {
            let mut refusals = Vec::new();
            while let Some((_, code, at_limit, refused)) = refused.next_if(|row| row.0 == day) {
                let at_limit = Some(at_limit).filter(|limit| *limit != NO_LIMIT);
                refusals.push(Refusals { code, at_limit, refused });
            }
            DayPeak { day, peak, refusals }
        })
        .collect())
}
