//! The sound of the demo world's latest calls.

use std::{collections::BTreeSet, sync::Arc};

use object_store::{ObjectStoreExt, PutPayload, path::Path};
use time::{Duration, OffsetDateTime};

use crate::{
    access::{Change, RegionTx, Scope, permission::RecordCalls},
    domain::calls::{
        self, CallStatus, Turn,
        list::{self, Filter},
        record, recording,
    },
    error::Error,
    spoken::voice::Voices,
    values::{CallId, Part, indian_day, start_of_indian_day},
};

/// As many recordings as are in memory at a time.
const BATCH: usize = 50;

/// Answered calls that want a recording: the latest, and all of the last days.
fn wanted(tx: &mut RegionTx<'_, RecordCalls>, latest: u16, days: u16) -> Result<BTreeSet<CallId>, Error> {
    let answered = Filter { statuses: vec![CallStatus::Completed], ..Filter::default() };
    let mut calls = list::page(tx, &answered, Part::Newest, latest)?.rows;
    if days > 0 {
        let since = indian_day(OffsetDateTime::now_utc() - Duration::days(days.into()));
        let recent = Filter { since: Some(start_of_indian_day(since)), ..answered };
        let mut part = Part::Newest;
        loop {
            let page = list::page(tx, &recent, part, 500)?;
            let last = page.rows.last().map(|call| call.id);
            calls.extend(page.rows);
            match last.filter(|_| page.has_older) {
                Some(id) => part = Part::OlderThan(id),
                None => break,
            }
        }
    }
    // What has one already was made by an earlier attempt.
    Ok(calls.into_iter().filter(|call| call.recording_bytes.is_none()).map(|call| call.id).collect())
}

/// Makes the recordings that an account lacks. The object is there before the call says
/// so: a kill in between leaves a call without recording, and the next attempt makes it.
pub async fn make(
    scope: &Scope<RecordCalls>,
    voices: &Arc<Voices>,
    latest: u16,
    days: u16,
) -> Result<usize, Error> {
    let wanted: Vec<_> = scope.read_region(move |tx| wanted(tx, latest, days)).await?.into_iter().collect();
    let (organization, account) = (scope.asker().account.organization, scope.asker().account.id);
    for batch in wanted.chunks(BATCH) {
        let (batch, voices) = (batch.to_vec(), voices.clone());
        let sounds = scope
            .read_region(move |tx| {
                batch
                    .into_iter()
                    .map(|id| Ok((id, sound(tx, &voices, id)?)))
                    .collect::<Result<Vec<_>, Error>>()
            })
            .await?;
        let mut made = Vec::new();
        for (id, sound) in sounds {
            let bytes = i64::try_from(sound.len()).map_err(Error::internal)?;
            let key = Path::from(recording::key(organization, account, id));
            scope.objects()?.put(&key, PutPayload::from(sound)).await.map_err(Error::internal)?;
            made.push((id, bytes));
        }
        scope
            .write_region(move |tx| {
                made.into_iter().try_for_each(|(id, bytes)| record::note_recording(tx, id, bytes))?;
                Ok(Change::none(()))
            })
            .await?;
    }
    Ok(wanted.len())
}

fn sound(tx: &mut RegionTx<'_, RecordCalls>, voices: &Voices, id: CallId) -> Result<Vec<u8>, Error> {
    let turns: Vec<Turn> = calls::transcript(tx, id)?;
    voices.speak(&turns)
}
