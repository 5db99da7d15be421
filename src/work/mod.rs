//! Background work: what is done without anybody asking for it at that moment.

pub mod calls;
pub mod counters;
pub mod erasure;
pub mod invitations;
pub mod mail;
pub mod numbers;
pub mod outbox;
pub mod password_resets;
pub mod retention;
pub mod stays;
pub mod webhooks;

use std::{future::Future, sync::Arc, time::Duration};

use actix_web::rt::{spawn, task::JoinHandle};
use futures_util::future::{BoxFuture, Either, Shared, join_all, select};
use tokio::time::{sleep, timeout};

use crate::{
    access::Access,
    domain::{
        calls::life,
        idempotency,
        identity::{password_resets as requests, sessions},
    },
    error::Error,
};

use mail::Mailer;
use webhooks::Webhooks;

/// How often is looked for something to do.
const PAUSE: Duration = Duration::from_secs(1);
/// How often is looked for counters that are old.
const COUNTERS: Duration = Duration::from_secs(30);
/// How often what is long over is removed.
const SWEEP: Duration = Duration::from_secs(600);
/// How often it is looked for months that are over or have yet to be made.
const MONTHS: Duration = Duration::from_secs(3_600);
/// How long to leave alone what failed, at first and at most.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(60);

/// Resolves when the program is asked to stop.
pub type Stopping = Shared<BoxFuture<'static, ()>>;

/// The work that goes on until the program stops.
pub struct Work(Vec<JoinHandle<()>>);

/// Begins all background work, each kind by itself: what fails or waits holds up no other.
pub fn begin(
    access: &Arc<Access>,
    mailer: Mailer,
    public_url: String,
    webhooks: Arc<Webhooks>,
    stopping: &Stopping,
) -> Work {
    let for_erasure = access.clone();
    let erasure = repeat("erasure", PAUSE, stopping.clone(), move || {
        let access = for_erasure.clone();
        async move { erasure::erase_one(&access).await }
    });
    let for_stays = access.clone();
    let stays = repeat("stays", PAUSE, stopping.clone(), move || {
        let access = for_stays.clone();
        async move { stays::close_some(&access).await }
    });
    let for_counters = access.clone();
    let counters = repeat("counters", COUNTERS, stopping.clone(), move || {
        let access = for_counters.clone();
        async move { counters::refresh_one(&access).await }
    });
    let for_outbox = access.clone();
    let entries = repeat("outbox", PAUSE, stopping.clone(), move || {
        let access = for_outbox.clone();
        async move { outbox::relay_some(&access).await }
    });
    let for_numbers = access.clone();
    let moves = repeat("numbers", PAUSE, stopping.clone(), move || {
        let access = for_numbers.clone();
        async move { numbers::settle_some(&access).await }
    });
    let for_letters = access.clone();
    let (mailer_of_letters, url_of_letters) = (mailer.clone(), public_url.clone());
    let letters = repeat("letters", PAUSE, stopping.clone(), move || {
        let (access, mailer, public_url) =
            (for_letters.clone(), mailer_of_letters.clone(), url_of_letters.clone());
        async move { password_resets::answer_one(&access, &mailer, &public_url).await }
    });
    let for_invitations = access.clone();
    let invitations = repeat("invitations", PAUSE, stopping.clone(), move || {
        let (access, mailer, public_url) = (for_invitations.clone(), mailer.clone(), public_url.clone());
        async move { invitations::send_one(&access, &mailer, &public_url).await }
    });
    let for_retention = access.clone();
    let retention = repeat("retention", PAUSE, stopping.clone(), move || {
        let access = for_retention.clone();
        async move { retention::serve_one(&access).await }
    });
    let for_months = access.clone();
    let months = repeat("months", MONTHS, stopping.clone(), move || {
        let access = for_months.clone();
        async move { retention::keep_months(&access).await.map(|()| false) }
    });
    let for_overdue = access.clone();
    let overdue = repeat("overdue calls", PAUSE, stopping.clone(), move || {
        let access = for_overdue.clone();
        async move { calls::close_overdue(&access).await }
    });
    let for_tests = access.clone();
    let tests = repeat("test calls", PAUSE, stopping.clone(), move || {
        let access = for_tests.clone();
        async move { calls::advance_tests(&access).await }
    });
    let for_sweep = access.clone();
    let sweep = repeat("sweep", SWEEP, stopping.clone(), move || {
        let access = for_sweep.clone();
        async move {
            access
                .gate(None, |tx| Ok((sessions::sweep(tx)?, requests::sweep(tx)?, idempotency::sweep(tx)?)))
                .await?;
            access.gate_of_each_region(idempotency::sweep).await?;
            access.gate_of_each_region(life::sweep_references).await?;
            webhooks::sweep(&access).await?;
            Ok(false)
        }
    });
    let stop_taking = stopping.clone();
    let sending = async move {
        let taking = webhooks.clone();
        repeat("webhooks", PAUSE, stop_taking, move || {
            let webhooks = taking.clone();
            async move { webhooks.take_some().await }
        })
        .await;
        webhooks.finish().await;
    };
    Work(vec![
        spawn(erasure),
        spawn(entries),
        spawn(moves),
        spawn(overdue),
        spawn(tests),
        spawn(stays),
        spawn(counters),
        spawn(letters),
        spawn(invitations),
        spawn(retention),
        spawn(months),
        spawn(sweep),
        spawn(sending),
    ])
}

impl Work {
    /// Waits until what is at work has finished, but not for ever.
    pub async fn finish(self, patience: Duration) {
        if timeout(patience, join_all(self.0)).await.is_err() {
            tracing::warn!("background work was left unfinished; it is taken up again at the next start");
        }
    }
}

/// Does `work` again and again until the program is asked to stop: at once while it
/// finds something to do, else after a pause, and after a longer one when it fails.
async fn repeat<F: Future<Output = Result<bool, Error>>>(
    name: &'static str,
    pause: Duration,
    stopping: Stopping,
    work: impl Fn() -> F,
) {
    let mut rest = FIRST_REST;
    while stopping.peek().is_none() {
        let wait = match work().await {
            Ok(found) => {
                rest = FIRST_REST;
                if found { Duration::ZERO } else { pause }
            }
            Err(error) => {
                tracing::warn!(work = name, %error, "background work failed and is tried again");
                rest = (rest * 2).min(LONGEST_REST);
                rest
            }
        };
        if let Either::Right(_) = select(Box::pin(sleep(wait)), stopping.clone()).await {
            return;
        }
    }
}
