//! Deleting what was kept long enough.
//!
//! An account is due every hour, and at once when it wishes less. Whoever serves it goes on
//! in small steps that can each be repeated: a kill at any point loses nothing, and two at
//! once only do the same.
//!
//! A recording goes before its call forgets it. One that no call knows of, because whoever
//! kept it was killed before saying so, is found by its key: that carries the call's id,
//! which begins with its time. The store of an account is walked for such once a day.

use diesel::{dsl::now, prelude::*, sql_types::Timestamptz};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    access::{Change, GateTx, RegionTx, Tx, permission::RecordCalls},
    error::Error,
    schema::{
        control::{accounts, organizations, sub_accounts},
        region::{calls, transcripts},
    },
    values::{AccountId, CallId, OrganizationId, Region, SubAccountStatus},
};

use super::{Retention, current};

/// How long a worker may take with an account before another takes over.
const CLAIM: Duration = Duration::minutes(5);
/// How often it is looked for what is over.
const EVERY: Duration = Duration::hours(1);
/// How often an account's store is walked.
const WALKED_EVERY: Duration = Duration::days(1);
/// As many recordings, or transcripts, as go in one step.
pub const BATCH: i64 = 500;

/// An account to serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The root of the tenant tree.
    pub organization: OrganizationId,
    /// Which of its accounts.
    pub account: AccountId,
    /// Since when: another moment means that it is due anew.
    pub since: OffsetDateTime,
}

/// Takes the account that is due for the longest and that nobody is at.
pub fn claim(tx: &mut GateTx<'_>) -> Result<Option<Due>, Error> {
    let time = OffsetDateTime::now_utc();
    let found = accounts::table
        .filter(accounts::retention_due_at.le(now.into_sql::<Timestamptz>().nullable()))
        .filter(accounts::retention_claimed_until.is_null().or(accounts::retention_claimed_until.lt(time)))
        .order(accounts::retention_due_at)
        .select((
            accounts::organization_id,
            accounts::account_id,
            accounts::retention_due_at.assume_not_null(),
        ))
        .for_no_key_update()
        .skip_locked()
        .first::<(OrganizationId, Uuid, OffsetDateTime)>(tx.connection())
        .optional()?;
    let Some((organization, account, since)) = found else { return Ok(None) };
    diesel::update(accounts::table.find((organization, account)))
        .set(accounts::retention_claimed_until.eq(time + CLAIM))
        .execute(tx.connection())?;
    Ok(Some(Due { organization, account: AccountId::of_row(organization, account), since }))
}

/// Where an account is and what it wishes.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Where its content is.
    pub region: Region,
    /// For how long it keeps things.
    pub retention: Retention,
    /// Whether its store is to be walked.
    pub walk: bool,
}

/// The account that the transaction is in; `None` for one that is deleted or being deleted,
/// which is never due again.
pub fn subject(tx: &mut Tx<'_, RecordCalls>) -> Result<Option<Subject>, Error> {
    let id = tx.account().id;
    let region = match id {
        AccountId::Organization(id) => {
            organizations::table.find(id).select(organizations::region).first(tx.connection()).optional()?
        }
        AccountId::SubAccount(sub_account) => sub_accounts::table
            .find((tx.organization(), sub_account))
            .filter(sub_accounts::status.ne(SubAccountStatus::Deleting))
            .select(sub_accounts::region)
            .first(tx.connection())
            .optional()?,
    };
    let Some(region) = region else { return Ok(None) };
    let walked = accounts::table
        .find((tx.organization(), id.uuid()))
        .select(accounts::recordings_walked_at)
        .first::<Option<OffsetDateTime>>(tx.connection())?;
    let walk = walked.is_none_or(|walked| walked < OffsetDateTime::now_utc() - WALKED_EVERY);
    Ok(Some(Subject { region, retention: current(tx)?, walk }))
}

/// Never looks at a deleted account again, and forgets what it wished.
pub fn give_up(tx: &mut Tx<'_, RecordCalls>) -> Result<Change<()>, Error> {
    diesel::update(accounts::table.find((tx.organization(), tx.account().id.uuid())))
        .set((
            accounts::retention_due_at.eq(None::<OffsetDateTime>),
            accounts::retention_claimed_until.eq(None::<OffsetDateTime>),
            accounts::recording_days.eq(super::RECORDING_DAYS.1),
            accounts::transcript_days.eq(super::TRANSCRIPT_DAYS.1),
        ))
        .execute(tx.connection())?;
    Ok(Change::none(()))
}

/// Ends the service of an account until the next time, unless it is due anew by now.
pub fn finish(tx: &mut Tx<'_, RecordCalls>, due: Due, walked: bool) -> Result<Change<()>, Error> {
    let time = OffsetDateTime::now_utc();
    let row = accounts::table.find((tx.organization(), tx.account().id.uuid()));
    if walked {
        diesel::update(row).set(accounts::recordings_walked_at.eq(time)).execute(tx.connection())?;
    }
    diesel::update(row.filter(accounts::retention_due_at.eq(due.since)))
        .set((
            accounts::retention_due_at.eq(time + EVERY),
            accounts::retention_claimed_until.eq(None::<OffsetDateTime>),
        ))
        .execute(tx.connection())?;
    Ok(Change::none(()))
}

/// Calls made before `moment` of which there is a recording, oldest first, [`BATCH`] at most.
pub fn recordings(tx: &mut RegionTx<'_, RecordCalls>, moment: OffsetDateTime) -> Result<Vec<CallId>, Error> {
    Ok(calls::table
        .filter(calls::recording_bytes.is_not_null())
        .filter(calls::call_id.lt(CallId::least_at(moment)))
        .order(calls::call_id)
        .limit(BATCH)
        .select(calls::call_id)
        .load(tx.connection())?)
}

/// Notes that recordings are gone from the store.
pub fn forget_recordings(tx: &mut RegionTx<'_, RecordCalls>, gone: &[CallId]) -> Result<Change<()>, Error> {
    diesel::update(calls::table.filter(calls::call_id.eq_any(gone)))
        .set((
            calls::recording_bytes.eq(None::<i64>),
            calls::recording_deleted_at.eq(now.into_sql::<Timestamptz>().nullable()),
        ))
        .execute(tx.connection())?;
    Ok(Change::none(()))
}

/// Deletes transcripts of calls made before `moment`, oldest first; tells how many, [`BATCH`]
/// at most.
pub fn delete_transcripts(
    tx: &mut RegionTx<'_, RecordCalls>,
    moment: OffsetDateTime,
) -> Result<Change<usize>, Error> {
    let some = transcripts::table
        .filter(transcripts::call_id.lt(CallId::least_at(moment)))
        .order(transcripts::call_id)
        .limit(BATCH)
        .select(transcripts::call_id)
        .load::<CallId>(tx.connection())?;
    let gone = diesel::delete(transcripts::table.filter(transcripts::call_id.eq_any(&some)))
        .execute(tx.connection())?;
    Ok(Change::none(gone))
}

diesel::define_sql_function! {
    /// Makes the months to come and drops those that are over, in the tables of a region.
    fn keep_months() -> Integer;
}

/// Makes the partitions of the months to come and drops those of months that ended more than
/// [`super::CALL_RECORD_DAYS`] ago; tells how many.
pub fn months(tx: &mut GateTx<'_>) -> Result<usize, Error> {
    let done: i32 = diesel::select(keep_months()).get_result(tx.connection())?;
    usize::try_from(done).map_err(Error::internal)
}
