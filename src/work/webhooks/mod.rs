//! Sends what happened to whoever asked to be told: the outbox's worker.
//!
//! Any number of processes may run it on one database. Each takes endpoints that are due
//! and at which nobody is, and serves several at the same time; see
//! [`sending`](crate::domain::webhooks::sending) for the rules.

pub mod sender;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::rt::spawn;
use tokio::sync::Semaphore;

use crate::{
    access::{Access, Scope, permission::Administer},
    domain::webhooks::{
        deliveries,
        sending::{self, Claimed, Letter, Work},
    },
    error::Error,
    values::Sealer,
};

use super::mail::{self, Mailer};
use sender::Sender;

/// How many endpoints are served at the same time.
const LANES: usize = 16;
/// How long an endpoint is served before others have their turn. With one attempt more it
/// is well within a claim.
const TURN: Duration = Duration::from_secs(20);

/// What sends webhooks.
pub struct Webhooks {
    access: Arc<Access>,
    sender: Sender,
    sealer: Sealer,
    mailer: Mailer,
    public_url: String,
    lanes: Arc<Semaphore>,
}

impl Webhooks {
    /// Sends by `sender` what is kept under `sealer`; letters lead to `public_url`.
    pub fn new(
        access: &Arc<Access>,
        sender: Sender,
        sealer: Sealer,
        mailer: Mailer,
        public_url: String,
    ) -> Arc<Self> {
        let lanes = Arc::new(Semaphore::new(LANES));
        Arc::new(Self { access: access.clone(), sender, sealer, mailer, public_url, lanes })
    }

    /// Takes endpoints that are due, as many as there are lanes, and begins to serve them;
    /// tells whether there were any.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn take_some(self: &Arc<Self>) -> Result<bool, Error> {
        let free = i64::try_from(self.lanes.available_permits()).unwrap_or(0);
        if free == 0 {
            return Ok(false);
        }
        let claimed = self.access.gate(None, move |tx| sending::claim(tx, free)).await?;
        let found = !claimed.is_empty();
        for endpoint in claimed {
            let lane = self.lanes.clone().acquire_owned().await.map_err(Error::internal)?;
            let webhooks = self.clone();
            spawn(async move {
                if let Err(error) = webhooks.serve(endpoint).await {
                    tracing::warn!(webhook = %endpoint.webhook, %error, "a webhook is served again later");
                }
                drop(lane);
            });
        }
        Ok(found)
    }

    /// Waits until whoever is being served has been.
    pub async fn finish(&self) {
        let all = u32::try_from(LANES).unwrap_or(u32::MAX);
        drop(self.lanes.acquire_many(all).await);
    }

    async fn serve(&self, endpoint: Claimed) -> Result<(), Error> {
        let Claimed { organization, account, webhook } = endpoint;
        let scope = self.access.scope_anywhere::<Administer>("webhooks", organization, account)?;
        let since = Instant::now();
        while since.elapsed() < TURN {
            // Read anew before each: whoever is suspended or deleted is sent nothing more.
            let sealer = self.sealer.clone();
            match scope.read(move |tx| sending::work(tx, webhook, &sealer)).await? {
                Work::Nothing => break,
                Work::Delivery { url, keys, due } => {
                    let outcome = self.sender.send(&url, &keys, &due).await;
                    let event = due.event;
                    if !scope.write(move |tx| sending::note(tx, webhook, event, &outcome)).await? {
                        break;
                    }
                }
                Work::Letter(letter) => {
                    self.tell_owner(&scope, endpoint, letter).await?;
                    break;
                }
            }
        }
        scope.write(move |tx| sending::release(tx, webhook)).await
    }

    async fn tell_owner(
        &self,
        scope: &Scope<Administer>,
        endpoint: Claimed,
        letter: Option<Letter>,
    ) -> Result<(), Error> {
        let Claimed { account, webhook, .. } = endpoint;
        let told = match letter {
            None => true,
            Some(letter) => {
                let link = format!("{}/accounts/{account}/webhooks/{webhook}", self.public_url);
                let sent = self.mailer.send(written(letter, &link)).await;
                if let Err(error) = &sent {
                    tracing::warn!(%error, "a letter could not be sent");
                }
                sent.is_ok()
            }
        };
        scope.write(move |tx| sending::note_letter(tx, webhook, told)).await
    }
}

fn written(letter: Letter, link: &str) -> mail::Letter {
    let Letter { to, brand, account, url, because } = letter;
    let why = match because.as_str() {
        "gone" => "the receiver answered 410 Gone",
        _ => "nothing that was sent to it succeeded for three days",
    };
    let text = format!(
        "Hello {},\n\n\
         a webhook of {account} was switched off, because {why}:\n\n\
         {url}\n\n\
         Nothing is sent to it any more. When the receiver works again, switch it on here and send again \
         what was missed:\n\n\
         {link}\n\n\
         {brand}\n",
        to.0
    );
    let subject = format!("A webhook of {account} was switched off");
    mail::Letter { subject, to, from: brand, text, file: None }
}

/// Removes what the log need not keep any longer.
///
/// # Errors
/// Those of the database.
pub async fn sweep(access: &Arc<Access>) -> Result<(), Error> {
    access.gate(None, deliveries::sweep).await.map(drop)
}
