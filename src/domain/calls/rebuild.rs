//! Rebuilding from calls the counters that lists and charts read.
//!
//! Counters are kept as calls end, in two databases. Here both are held still for one account:
//! its row is locked, so that no call is admitted or settled; and its calls in progress are
//! locked, so that none ends. What calls say then is what the counters say afterwards.

use diesel::{
    dsl::{count_star, max, sql},
    prelude::*,
    sql_query,
    sql_types::{BigInt, Date as SqlDate, Uuid as SqlUuid},
};
use time::{Date, Duration, OffsetDateTime};

use crate::{
    access::{Change, RegionTx, Tx, permission::RecordCalls},
    domain::{
        limits::admission,
        usage::{self, Addition},
    },
    error::Error,
    schema::region::{call_days, calls},
    values::{CallId, KeyMode, indian_day, start_of_indian_day},
};

/// As many days back as call records are kept (`domain.md` 9): what is older has no calls to
/// count any more, and stays as it is.
const DAYS: i64 = 364;

/// Makes the counters of an account what its calls say. Tells how many days differed.
///
/// # Errors
/// Those of the databases. Where the control database fails last, the counters of agents and
/// numbers are new already; doing it again does no harm.
pub fn rebuild(
    tx: &mut Tx<'_, RecordCalls>,
    region: &mut RegionTx<'_, RecordCalls>,
) -> Result<Change<usize>, Error> {
    let open = admission::hold_still(tx)?;
    // None of these ends before this does.
    calls::table
        .filter(calls::call_id.eq_any(&open))
        .select(calls::call_id)
        .for_update()
        .load::<CallId>(region.connection())?;
    let since = indian_day(OffsetDateTime::now_utc()) - Duration::days(DAYS);
    replace_call_days(region, since)?;
    let days = days(region, since, &open)?;
    Ok(Change::none(usage::replace(tx, since, &days)?))
}

/// The day in India on which a call was made: no function of the DSL changes time zones.
macro_rules! day_of_call {
    () => {
        sql::<SqlDate>("(created_at AT TIME ZONE 'Asia/Kolkata')::date")
    };
}

/// Calls that have ended since a day, and are real.
macro_rules! ended_since {
    ($since:expr) => {
        calls::table
            .filter(calls::mode.eq(KeyMode::Live))
            .filter(calls::ended_at.is_not_null())
            .filter(calls::call_id.ge(CallId::least_at(start_of_indian_day($since))))
    };
}

/// One statement counts and replaces, by agent and by number: the DSL groups by no expression
/// beside a column.
fn replace_call_days(region: &mut RegionTx<'_, RecordCalls>, since: Date) -> Result<(), Error> {
    diesel::update(call_days::table.filter(call_days::day.ge(since)))
        .set(call_days::calls.eq(0))
        .execute(region.connection())?;
    sql_query(
        "INSERT INTO call_days (subject_id, day, calls)
         SELECT subject_id, (created_at AT TIME ZONE 'Asia/Kolkata')::date, count(*)
         FROM calls, unnest(ARRAY[agent_id, number_id]) AS subject_id
         WHERE mode = 'live' AND ended_at IS NOT NULL AND call_id >= $1 AND subject_id IS NOT NULL
         GROUP BY 1, 2
         ON CONFLICT (organization_id, account_id, subject_id, day) DO UPDATE SET calls = excluded.calls",
    )
    .bind::<SqlUuid, _>(CallId::least_at(start_of_indian_day(since)))
    .execute(region.connection())?;
    Ok(())
}

/// What calls add to each day, without those that are not settled: who settles them adds them.
fn days(
    region: &mut RegionTx<'_, RecordCalls>,
    since: Date,
    open: &[CallId],
) -> Result<Vec<Addition>, Error> {
    // Minutes started (`domain.md` 4.4), as a call counts them.
    let minutes = sql::<BigInt>("sum((greatest(duration_seconds, 0) + 59) / 60)");
    let rows = ended_since!(since)
        .filter(calls::call_id.ne_all(open))
        .group_by(day_of_call!())
        .select((
            day_of_call!(),
            count_star(),
            diesel::dsl::count(calls::answered_at),
            minutes,
            max(calls::created_at),
        ))
        .load::<(Date, i64, i64, i64, Option<OffsetDateTime>)>(region.connection())?;
    let days = rows.into_iter().map(|(day, calls, answered, minutes, last_call_at)| Addition {
        day,
        calls,
        answered,
        minutes,
        // Money is the ledger's: it is not counted from calls.
        cost_minor: 0,
        margin_minor: 0,
        last_call_at,
    });
    Ok(days.collect())
}
