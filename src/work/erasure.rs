//! Erases what deleted sub-accounts leave, step by repeatable step (`domain.md` 2.4).

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt};
use object_store::{ObjectStore, path::Path};

use crate::{
    access::{
        Access, Change, Scope,
        permission::{ManageSubAccounts, RecordCalls, View},
    },
    domain::{
        billing::charges,
        deletion::{self, Erasure},
        limits::admission,
    },
    error::Error,
};

/// Does one erasure that nobody is at; tells whether there was one.
pub async fn erase_one(access: &Arc<Access>) -> Result<bool, Error> {
    let Some(job) = access.gate(None, deletion::claim).await? else { return Ok(false) };
    let scope = access.scope_of_job::<View>(
        "erasure",
        job.organization,
        job.sub_account.into(),
        job.region.clone(),
    )?;
    // Calls in progress are told to end, or come to their deadline, before anything goes.
    if scope.read(admission::are_any).await? {
        access.gate(None, move |tx| deletion::put_off(tx, job.certificate)).await?;
        return Ok(false);
    }
    tracing::info!(sub_account = %job.sub_account, "erasing a deleted sub-account");
    let parent = access.scope_of_job::<ManageSubAccounts>(
        "erasure",
        job.organization,
        job.organization.into(),
        job.region.clone(),
    )?;
    let paying = access.scope_of_job::<RecordCalls>(
        "erasure",
        job.organization,
        job.sub_account.into(),
        job.region.clone(),
    )?;
    paying.write(|tx| charges::close(tx).map(Change::none)).await?;
    let (certificate, id) = (job.certificate, job.sub_account);
    parent.write(move |tx| deletion::write_off_rest(tx, certificate, id)).await?;
    count(access, &parent, &job).await?;
    erase_objects(&parent, &job).await?;
    while in_region(access, &job, deletion::erase_region).await? {}
    // What was being uploaded when access ended.
    erase_objects(&parent, &job).await?;
    access.erase(job.organization, job.sub_account, deletion::erase_control).await?;
    parent.write(move |tx| deletion::complete(tx, &job)).await?;
    Ok(true)
}

async fn in_region<T: Send + 'static>(
    access: &Arc<Access>,
    job: &Erasure,
    work: impl FnOnce(&mut crate::access::EraserTx<'_>) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    access.erase_in_region(job.region.clone(), job.organization, job.sub_account, work).await
}

/// Notes what there is, unless an earlier attempt did: what it erased must count too.
async fn count(access: &Arc<Access>, parent: &Scope<ManageSubAccounts>, job: &Erasure) -> Result<(), Error> {
    if job.counted().is_some() {
        return Ok(());
    }
    let contents = in_region(access, job, deletion::count_region).await?;
    let contents = access
        .erase(job.organization, job.sub_account, move |tx| deletion::count_control(tx, contents))
        .await?;
    let certificate = job.certificate;
    parent.write(move |tx| deletion::note_contents(tx, certificate, contents)).await
}

async fn erase_objects(parent: &Scope<ManageSubAccounts>, job: &Erasure) -> Result<(), Error> {
    let store = parent.objects()?;
    let folder = Path::from_iter([job.organization.to_string(), job.sub_account.to_string()]);
    let objects = store.list(Some(&folder)).map_ok(|object| object.location).boxed();
    store.delete_stream(objects).try_for_each(|_| async { Ok(()) }).await.map_err(Error::internal)
}
