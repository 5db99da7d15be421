//! Who calls: customers that call numbers, and programs that have agents call somebody.

use std::{
    pin::pin,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, Instant},
};

use futures_util::future::{Either, select};
use rand::{Rng, RngCore, SeedableRng, prelude::Distribution, rngs::StdRng};
use rand_distr::Exp;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};
use uuid::Uuid;

use crate::values::Direction;

use super::{
    accounts::{Accounts, somebody},
    call::Engine,
    client::{Kind, Trouble},
    wire::{Admitted, Claimed},
};

/// How often it is looked for new accounts, and limits that were changed.
const LOOK_AROUND: Duration = Duration::from_secs(60);
/// How long the server may hold an answer back until a call waits: no longer than it may take to stop.
const WAIT_SECONDS: u32 = 3;
/// As many waiting calls are taken over at a time.
const AT_ONCE: u32 = 10;

/// Who is so late with a call was halted.
const HALTED: Duration = Duration::from_secs(2);

/// The traffic.
pub struct Traffic {
    /// Who plays the calls.
    pub engine: Arc<Engine>,
    /// Who calls and is called.
    pub accounts: RwLock<Arc<Accounts>>,
    /// One for each call that may be played now.
    pub places: Arc<Semaphore>,
    /// What chance decides by.
    pub random: Mutex<StdRng>,
}

impl Traffic {
    fn seed(&self) -> u64 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).next_u64()
    }

    fn accounts(&self) -> Arc<Accounts> {
        self.accounts.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes new calls, so many a minute, until the engine stops or the time is over. All have
    /// been asked for when it returns.
    pub async fn make(self: &Arc<Self>, rate: u32, inbound_percent: u8, duration: Option<Duration>) {
        let mut random = StdRng::seed_from_u64(self.seed());
        let until = duration.and_then(|duration| Instant::now().checked_add(duration));
        // A rate from 1 is always good.
        let Ok(gaps) = Exp::new(f64::from(rate) / 60.0) else { return };
        let mut next = Instant::now();
        let mut asking = JoinSet::new();
        loop {
            // Who was halted does not make up for the calls that did not come meanwhile.
            if next.elapsed() > HALTED {
                next = Instant::now();
            }
            next += Duration::from_secs_f64(gaps.sample(&mut random));
            let end = until.is_some_and(|until| next > until);
            let waiting = pin!(tokio::time::sleep_until(until.unwrap_or(next).min(next).into()));
            if matches!(select(waiting, self.engine.stop.wait()).await, Either::Right(_)) || end {
                break;
            }
            while asking.try_join_next().is_some() {}
            let this = self.clone();
            if random.random_ratio(inbound_percent.into(), 100) {
                asking.spawn(async move { this.call_in().await });
            } else {
                asking.spawn(async move { this.place().await });
            }
        }
        while asking.join_next().await.is_some() {}
    }

    /// Somebody calls a number. The call is then played on its own.
    async fn call_in(self: Arc<Self>) {
        let mut random = StdRng::seed_from_u64(self.seed());
        let accounts = self.accounts();
        let Some((account, to)) = accounts.called(&mut random) else { return };
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            return self.engine.report.held_back();
        };
        let from = somebody(&mut random, &account.region);
        let asked = json!({ "to": to, "from": from, "reference": Uuid::new_v4().to_string() });
        let (client, report) = (&self.engine.client, &self.engine.report);
        report.asked(Direction::Inbound);
        // The same reference again is the same call: asking twice does no harm.
        let request = || client.engine(Method::POST, "/calls").json(&asked);
        match client.insist::<Admitted>(Kind::Ask, Duration::from_secs(5), request).await {
            Ok(call) => {
                report.admitted(Direction::Inbound);
                self.play(call, place);
            }
            Err(trouble) => self.refused(Direction::Inbound, &trouble),
        }
    }

    /// A program has an agent call somebody.
    async fn place(self: Arc<Self>) {
        let mut random = StdRng::seed_from_u64(self.seed());
        let accounts = self.accounts();
        let Some((account, agent)) = accounts.calling(&mut random) else { return };
        if self.places.available_permits() == 0 {
            return self.engine.report.held_back();
        }
        let to = somebody(&mut random, &account.region);
        let asked = json!({ "phone_number": to, "agent_id": agent, "metadata": {} });
        let (client, report) = (&self.engine.client, &self.engine.report);
        report.asked(Direction::Outbound);
        let request = client.program(Method::POST, &format!("{}/calls", account.path)).json(&asked);
        match client.send::<Value>(Kind::Place, request).await {
            Ok(_) => report.admitted(Direction::Outbound),
            Err(trouble) => self.refused(Direction::Outbound, &trouble),
        }
    }

    fn refused(&self, direction: Direction, trouble: &Trouble) {
        match trouble {
            Trouble::Refused { status, code } if code.is_empty() => {
                self.engine.report.refused(direction, &status.to_string());
            }
            Trouble::Refused { code, .. } => self.engine.report.refused(direction, code),
            // It is counted as an error.
            Trouble::Broken(_) => {}
        }
    }

    fn play(self: &Arc<Self>, call: Admitted, place: OwnedSemaphorePermit) {
        let (this, seed) = (self.clone(), self.seed());
        tokio::spawn(async move {
            let accounts = this.accounts();
            let account = accounts.of_number(call.own_number()).cloned();
            drop(accounts);
            this.engine.play(call, account.as_ref(), seed).await;
            drop(place);
        });
    }

    /// Takes over calls that wait for an engine, whoever asked for them, until `done` is ready;
    /// then those that still wait.
    pub async fn take_over(self: Arc<Self>, done: impl Future<Output = ()>) {
        let mut done = pin!(done);
        let mut last = false;
        while !last {
            let free = u32::try_from(self.places.available_permits()).unwrap_or(AT_ONCE);
            // Some places are left to those who call.
            let most = AT_ONCE.min(free.div_ceil(2));
            let places = self.places.clone().try_acquire_many_owned(most).ok().filter(|_| most > 0);
            let round = pin!(async {
                match places {
                    Some(places) => {
                        self.claim(places, most).await;
                    }
                    None => tokio::time::sleep(Duration::from_millis(200)).await,
                }
            });
            // A claim that is under way is waited for: calls may come with it.
            if let Either::Right(((), round)) = select(round, done.as_mut()).await {
                round.await;
                last = true;
            }
        }
        loop {
            let free = u32::try_from(self.places.available_permits()).unwrap_or(AT_ONCE);
            let most = AT_ONCE.min(free).max(1);
            let Ok(places) = self.places.clone().try_acquire_many_owned(most) else { return };
            if self.claim(places, most).await == 0 {
                return;
            }
        }
    }

    /// Takes over waiting calls, `most` of them; tells how many.
    async fn claim(self: &Arc<Self>, mut places: OwnedSemaphorePermit, most: u32) -> usize {
        let client = &self.engine.client;
        let wait = if self.engine.stop.requested() { 0 } else { WAIT_SECONDS };
        let request =
            client.engine(Method::POST, "/calls/claim").json(&json!({ "most": most, "wait_seconds": wait }));
        match client.send::<Claimed>(Kind::Claim, request).await {
            Ok(claimed) => {
                let taken = claimed.calls.len();
                for call in claimed.calls {
                    let place = match places.split(1) {
                        Some(place) => place,
                        None => match self.places.clone().acquire_owned().await {
                            Ok(place) => place,
                            Err(_) => return taken,
                        },
                    };
                    self.engine.report.claimed();
                    self.play(call, place);
                }
                taken
            }
            Err(trouble) => {
                if let Trouble::Refused { status, code } = trouble {
                    self.engine.report.broke(Kind::Claim, &format!("refused: {status} {code}"));
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
                0
            }
        }
    }

    /// Looks now and then for new accounts, and for limits that were changed.
    pub async fn look_around(self: Arc<Self>) {
        loop {
            tokio::time::sleep(LOOK_AROUND).await;
            let before = self.accounts();
            if let Ok(now) = Accounts::read(&self.engine.client, &before).await {
                *self.accounts.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(now);
            }
        }
    }
}
