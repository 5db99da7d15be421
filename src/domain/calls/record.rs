//! Entering calls that took place, with the counters that lists and charts read.

use std::collections::BTreeMap;

use diesel::{prelude::*, upsert::excluded};
use time::Date;
use uuid::Uuid;

use crate::{
    access::{RegionTx, permission::RecordCalls},
    error::Error,
    schema::region::{call_days, calls},
    values::{AgentId, CallId, NumberId, indian_day},
};

use super::{Call, Turn, transcripts};

/// A call that took place.
#[derive(Debug, Clone)]
pub struct Entered {
    /// The call.
    pub call: Call,
    /// What was said.
    pub turns: Vec<Turn>,
}

/// As many rows as one statement can hold.
const BATCH: usize = 2_000;

/// Enters calls with their transcripts and counts them.
pub fn enter(tx: &mut RegionTx<'_, RecordCalls>, entered: &[Entered]) -> Result<(), Error> {
    for batch in entered.chunks(BATCH) {
        let rows: Vec<_> = batch.iter().map(|entered| &entered.call).collect();
        diesel::insert_into(calls::table).values(rows).execute(tx.connection())?;
        let said: Vec<_> = batch
            .iter()
            .filter(|entered| !entered.turns.is_empty())
            .map(|entered| (entered.call.id, entered.turns.as_slice()))
            .collect();
        transcripts::enter(tx, &said)?;
    }
    count(tx, entered.iter().map(|entered| &entered.call))
}

/// Counts calls to their agents and numbers, in the order of their ids, so that no two who
/// count wait for each other.
pub(super) fn count<'c>(
    tx: &mut RegionTx<'_, RecordCalls>,
    calls: impl IntoIterator<Item = &'c Call>,
) -> Result<(), Error> {
    let mut days = BTreeMap::<(Uuid, Date), i64>::new();
    for call in calls {
        let day = indian_day(call.created_at);
        for subject in call.agent.map(AgentId::uuid).into_iter().chain(call.number.map(NumberId::uuid)) {
            *days.entry((subject, day)).or_default() += 1;
        }
    }
    let rows: Vec<_> = days
        .into_iter()
        .map(|((subject, day), calls)| {
            (call_days::subject_id.eq(subject), call_days::day.eq(day), call_days::calls.eq(calls))
        })
        .collect();
    for batch in rows.chunks(BATCH) {
        diesel::insert_into(call_days::table)
            .values(batch)
            .on_conflict((
                call_days::organization_id,
                call_days::account_id,
                call_days::subject_id,
                call_days::day,
            ))
            .do_update()
            .set(call_days::calls.eq(call_days::calls + excluded(call_days::calls)))
            .execute(tx.connection())?;
    }
    Ok(())
}

/// Notes that a call's recording lies in the object store.
///
/// # Errors
/// [`Error::NotFound`] for a call that is not there, or no longer.
pub fn note_recording(tx: &mut RegionTx<'_, RecordCalls>, id: CallId, bytes: i64) -> Result<(), Error> {
    let noted = diesel::update(calls::table.filter(calls::call_id.eq(id)))
        .set(calls::recording_bytes.eq(bytes))
        .execute(tx.connection())?;
    if noted == 1 { Ok(()) } else { Err(Error::NotFound) }
}
