//! Calls that end at about the same time are settled by one commit.
//!
//! A transaction for each would lock, count and wait for the disk for each. So whoever has a call
//! settled joins those of its organization who wait, and one task settles all who wait by then with
//! each commit. Nobody waits for others to come: where nobody is at work, it begins at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::oneshot;

use crate::{
    access::{Access, Scope, permission::RecordCalls},
    error::Error,
    values::{AccountId, OrganizationId, SubAccountId},
};

use super::settlement::{self, Ended, Settled};

/// How many are settled by one commit.
const MOST: usize = 64;
/// After how long a call is settled by itself: whoever was at it has died.
const PATIENCE: Duration = Duration::from_secs(10);

/// A call that is to be settled.
struct Waiting {
    account: SubAccountId,
    ended: Ended,
    /// Told what became of it; `None`: it has to be settled by itself.
    told: oneshot::Sender<Option<Settled>>,
}

/// Those who wait, by organization. One that is here has a task at work.
type Queues = Arc<Mutex<HashMap<OrganizationId, Vec<Waiting>>>>;

/// Settles calls, those of an organization together.
pub struct Together {
    access: Arc<Access>,
    queues: Queues,
}

impl Together {
    /// With nobody waiting.
    pub fn new(access: Arc<Access>) -> Self {
        Self { access, queues: Queues::default() }
    }

    /// Settles a call, as [`settlement::settle`] says.
    ///
    /// # Errors
    /// Those of the control database: whoever reports the end again, or the deadline, settles it.
    pub async fn settle(&self, scope: &Scope<RecordCalls>, ended: Ended) -> Result<Settled, Error> {
        let account = &scope.asker().account;
        if let AccountId::SubAccount(id) = account.id {
            let told = self.join(account.organization, id, ended.clone());
            if let Ok(Ok(Some(settled))) = tokio::time::timeout(PATIENCE, told).await {
                return Ok(settled);
            }
        }
        alone(scope, ended).await
    }

    /// Adds a call to those of its organization, and sets a task to work where there is none.
    fn join(
        &self,
        organization: OrganizationId,
        account: SubAccountId,
        ended: Ended,
    ) -> oneshot::Receiver<Option<Settled>> {
        let (told, outcome) = oneshot::channel();
        let waiting = Waiting { account, ended, told };
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queues.get_mut(&organization) {
            queue.push(waiting);
        } else {
            queues.insert(organization, vec![waiting]);
            let turn = Turn { queues: self.queues.clone(), organization, is_over: false };
            tokio::spawn(work(self.access.clone(), turn));
        }
        outcome
    }
}

/// A task's time at the queue of an organization. When it is over, however it ended, whoever still
/// waits is let go, to settle by themselves.
struct Turn {
    queues: Queues,
    organization: OrganizationId,
    is_over: bool,
}

impl Turn {
    /// Those who wait, as many as are settled at once. Where there are none the turn is over: whoever
    /// comes next sets another task to work.
    fn next(&mut self) -> Option<Vec<Waiting>> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queues.get_mut(&self.organization)?;
        if queue.is_empty() {
            queues.remove(&self.organization);
            self.is_over = true;
            return None;
        }
        let rest = queue.split_off(queue.len().min(MOST));
        Some(std::mem::replace(queue, rest))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.is_over {
            self.queues.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.organization);
        }
    }
}

async fn work(access: Arc<Access>, mut turn: Turn) {
    while let Some(batch) = turn.next() {
        let (ended, told): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|one| ((one.account, one.ended), one.told)).unzip();
        let outcomes = settle_many(&access, turn.organization, ended).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "calls are settled one by one");
            Vec::new()
        });
        let outcomes = outcomes.into_iter().chain(std::iter::repeat(None));
        for (told, outcome) in told.into_iter().zip(outcomes) {
            // Whoever asked may be gone; the call is settled all the same.
            let _ = told.send(outcome);
        }
    }
}

async fn settle_many(
    access: &Arc<Access>,
    organization: OrganizationId,
    ended: Vec<(SubAccountId, Ended)>,
) -> Result<Vec<Option<Settled>>, Error> {
    let scope = access.scope_anywhere::<RecordCalls>("settlement", organization, organization.into())?;
    scope.write(move |tx| settlement::settle_many(tx, &ended)).await
}

/// Settles a call by itself.
///
/// # Errors
/// Those of the control database.
pub async fn alone(scope: &Scope<RecordCalls>, ended: Ended) -> Result<Settled, Error> {
    let ended = Arc::new(ended);
    let at_first = ended.clone();
    match scope.write(move |tx| settlement::settle(tx, &at_first, false)).await? {
        Settled::OrganizationFirst => scope.write(move |tx| settlement::settle(tx, &ended, true)).await,
        settled => Ok(settled),
    }
}
