//! Deletes what was kept long enough (`domain.md` 9).

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::{Error as StoreError, ObjectStore, path::Path};
use time::OffsetDateTime;

use crate::{
    access::{Access, Scope, permission::RecordCalls},
    domain::calls::{
        recording,
        retention::sweep::{self, Due},
    },
    error::Error,
    values::CallId,
};

/// Serves one account that is due; tells whether there was one.
pub async fn serve_one(access: &Arc<Access>) -> Result<bool, Error> {
    let Some(due) = access.gate(None, sweep::claim).await? else { return Ok(false) };
    // Where the account is says its own row, which is in the control database.
    let scope = access.scope_anywhere::<RecordCalls>("retention", due.organization, due.account)?;
    let Some(subject) = scope.read(sweep::subject).await? else {
        scope.write(sweep::give_up).await?;
        return Ok(true);
    };
    let there =
        access.scope_of_job::<RecordCalls>("retention", due.organization, due.account, subject.region)?;
    let now = OffsetDateTime::now_utc();
    let before = subject.retention.recordings_before(now);
    while delete_recordings(&there, due, before).await? {}
    if subject.walk {
        delete_strays(&there, due, before).await?;
    }
    let before = subject.retention.transcripts_before(now);
    while there.write_region(move |tx| sweep::delete_transcripts(tx, before)).await? > 0 {}
    scope.write(move |tx| sweep::finish(tx, due, subject.walk)).await?;
    Ok(true)
}

/// Deletes some recordings of calls made before a moment; tells whether there were any. The
/// objects go before the calls forget them: a kill in between leaves calls whose recordings
/// are looked for in vain, and then forgotten.
async fn delete_recordings(
    scope: &Scope<RecordCalls>,
    due: Due,
    before: OffsetDateTime,
) -> Result<bool, Error> {
    let some = scope.read_region(move |tx| sweep::recordings(tx, before)).await?;
    if some.is_empty() {
        return Ok(false);
    }
    let keys: Vec<_> =
        some.iter().map(|id| Ok(Path::from(recording::key(due.organization, due.account, *id)))).collect();
    delete(scope, stream::iter(keys).boxed()).await?;
    scope.write_region(move |tx| sweep::forget_recordings(tx, &some)).await?;
    Ok(true)
}

/// Deletes recordings in the store of calls made before a moment, whether a call knows of them
/// or not.
async fn delete_strays(scope: &Scope<RecordCalls>, due: Due, before: OffsetDateTime) -> Result<(), Error> {
    let folder = Path::from(recording::folder(due.organization, due.account));
    let first_kept = CallId::least_at(before);
    let strays = scope.objects()?.list(Some(&folder)).try_filter_map(move |object| async move {
        let call = object.location.filename().and_then(recording::call_of);
        Ok(call.filter(|call| *call < first_kept).map(|_| object.location))
    });
    delete(scope, strays.boxed()).await
}

/// Deletes objects; one that is not there is as good as deleted.
async fn delete(
    scope: &Scope<RecordCalls>,
    keys: stream::BoxStream<'static, Result<Path, StoreError>>,
) -> Result<(), Error> {
    let mut deleted = scope.objects()?.delete_stream(keys);
    while let Some(outcome) = deleted.next().await {
        match outcome {
            Ok(_) | Err(StoreError::NotFound { .. }) => {}
            Err(error) => return Err(Error::internal(error)),
        }
    }
    Ok(())
}

/// Makes the months to come and drops those that are over, in every region.
pub async fn keep_months(access: &Arc<Access>) -> Result<(), Error> {
    let done = access.gate_of_each_region(sweep::months).await?;
    if done > 0 {
        tracing::info!(done, "months of calls were made or dropped");
    }
    Ok(())
}
