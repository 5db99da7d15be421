//! Background work: what is done without anybody asking for it at that moment.

pub mod calls;
pub mod charges;
pub mod counters;
pub mod erasure;
pub mod invitations;
pub mod invoices;
pub mod mail;
pub mod numbers;
pub mod outbox;
pub mod password_resets;
pub mod payments;
pub mod resting;
pub mod retention;
pub mod stays;
pub mod wallets;
pub mod webhooks;

use std::{sync::Arc, time::Duration};

use actix_web::rt::{spawn, task::JoinHandle};
use futures_util::future::{Either, join_all, select};
use tokio::time::{sleep, timeout};

use crate::{
    access::Access,
    domain::{
        billing::invoices::Platform,
        calls::life,
        idempotency,
        identity::{password_resets as requests, sessions},
    },
    error::Error,
    payment_providers::Providers,
    start::Stopping,
};

use mail::Mailer;
use resting::Resting;
use webhooks::Webhooks;

/// How often is looked for something to do.
const PAUSE: Duration = Duration::from_secs(1);
/// How often what calls came to is posted.
const CHARGES: Duration = Duration::from_millis(300);
/// How often is looked for counters that are old.
const COUNTERS: Duration = Duration::from_secs(30);
/// How often what is long over is removed.
const SWEEP: Duration = Duration::from_secs(600);
/// How often it is looked for months that are over or have yet to be made.
const MONTHS: Duration = Duration::from_secs(3_600);
/// How long to leave alone what failed, at first and at most.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(60);

/// The work that goes on until the program stops.
pub struct Work(Vec<JoinHandle<()>>);

/// Begins all background work, each kind by itself: what fails or waits holds up no other.
pub fn begin(
    access: &Arc<Access>,
    mailer: Mailer,
    public_url: String,
    webhooks: Arc<Webhooks>,
    platform: Arc<Platform>,
    providers: Arc<Providers>,
    stopping: &Stopping,
) -> Work {
    let on = Beginning { access, stopping };
    let (for_resets, for_wallets) =
        ((mailer.clone(), public_url.clone()), (mailer.clone(), public_url.clone()));
    let for_invoices = (mailer.clone(), public_url.clone());
    let for_invitations = (mailer, public_url);
    Work(vec![
        on.repeat("erasure", PAUSE, erasure::erase_one),
        on.repeat("outbox", PAUSE, outbox::relay_some),
        on.repeat("numbers", PAUSE, numbers::settle_some),
        on.repeat("overdue calls", PAUSE, calls::close_overdue),
        on.repeat("charges", CHARGES, charges::post_some),
        on.repeat("test calls", PAUSE, calls::advance_tests),
        on.repeat("stays", PAUSE, stays::close_some),
        on.repeat("counters", COUNTERS, counters::refresh_one),
        on.repeat("letters", PAUSE, async move |access| {
            password_resets::answer_one(access, &for_resets.0, &for_resets.1).await
        }),
        on.repeat("invitations", PAUSE, async move |access| {
            invitations::send_one(access, &for_invitations.0, &for_invitations.1).await
        }),
        on.repeat("invoices", PAUSE, async move |access| invoices::issue_some(access, &platform).await),
        on.repeat("letters with invoices", PAUSE, async move |access| {
            invoices::send_one(access, &for_invoices.0, &for_invoices.1).await
        }),
        on.repeat("payments", PAUSE, async move |access| payments::ask_one(access, &providers).await),
        on.repeat("low wallets", PAUSE, {
            let resting = Resting::default();
            async move |access| wallets::tell_one(access, &resting).await
        }),
        on.repeat("auto-recharge", PAUSE, {
            let resting = Resting::default();
            async move |access| wallets::recharge_one(access, &resting).await
        }),
        on.repeat("letters about wallets", PAUSE, {
            let resting = Resting::default();
            async move |access| wallets::send_one(access, &resting, &for_wallets.0, &for_wallets.1).await
        }),
        on.repeat("retention", PAUSE, retention::serve_one),
        on.repeat("months", MONTHS, async |access| retention::keep_months(access).await.map(|()| false)),
        on.repeat("sweep", SWEEP, sweep),
        on.send(webhooks),
    ])
}

/// Removes in all databases what is long over.
async fn sweep(access: &Arc<Access>) -> Result<bool, Error> {
    access.gate(None, |tx| Ok((sessions::sweep(tx)?, requests::sweep(tx)?, idempotency::sweep(tx)?))).await?;
    access.gate_of_each_region(idempotency::sweep).await?;
    access.gate_of_each_region(life::sweep_references).await?;
    webhooks::sweep(access).await?;
    Ok(false)
}

/// What each kind of work begins with.
struct Beginning<'b> {
    access: &'b Arc<Access>,
    stopping: &'b Stopping,
}

impl Beginning<'_> {
    /// Does `work` again and again until the program is asked to stop; see [`repeat`].
    fn repeat(
        &self,
        name: &'static str,
        pause: Duration,
        work: impl AsyncFn(&Arc<Access>) -> Result<bool, Error> + 'static,
    ) -> JoinHandle<()> {
        let (access, stopping) = (self.access.clone(), self.stopping.clone());
        spawn(async move { repeat(name, pause, stopping, async || work(&access).await).await })
    }

    /// Sends webhooks, and finishes what is being sent when the program is asked to stop.
    fn send(&self, webhooks: Arc<Webhooks>) -> JoinHandle<()> {
        let stopping = self.stopping.clone();
        spawn(async move {
            repeat("webhooks", PAUSE, stopping, async || webhooks.take_some().await).await;
            webhooks.finish().await;
        })
    }
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
async fn repeat(
    name: &'static str,
    pause: Duration,
    stopping: Stopping,
    work: impl AsyncFn() -> Result<bool, Error>,
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
