//! `dialnexa simulate`: a telephony engine that is played, with the customers who call and
//! the programs that have agents call them (`domain.md` 10).
//!
//! It is a process of its own and meets the server over HTTP alone, by the contracts that
//! are published: `/engine/v1` with an engine's key, `/v1` with an API key. What it reports
//! is true to the clock: a conversation of forty seconds takes forty.
//!
//! - [`options`]: what is played, and against which server.
//! - [`accounts`]: who can be called and who calls.
//! - [`callers`]: when calls come.
//! - [`call`]: one call from its admission to its end.
//! - [`fate`]: what becomes of it.
//! - [`report`]: what happened.
//! - [`client`], [`wire`]: HTTP, and what goes over it.

mod accounts;
mod call;
mod callers;
mod client;
mod fate;
mod options;
mod report;
mod wire;

use std::{
    io::{IsTerminal, Write},
    sync::{Arc, Mutex, RwLock},
    time::Duration,
};

use futures_util::future::{Either, select};
use rand::{SeedableRng, rngs::StdRng};
use tokio::sync::{Semaphore, oneshot};

use crate::{
    spoken::voice::Voices,
    start::{StartError, Stop},
};

use accounts::Accounts;
use call::Engine;
use callers::Traffic;
use client::{Client, Trouble};
use fate::Fates;
use report::Report;

pub use fate::Fate;
pub use options::{Mix, SimulateOptions};

/// How long calls may take to end after it was asked to stop.
const TO_HANG_UP: Duration = Duration::from_secs(10);

/// Plays until it is asked to stop, or as long as the options say, and gives the closing
/// table.
///
/// # Errors
/// [`StartError::Refused`] where the server cannot be reached or does not take a key, and
/// where there is no number to call.
pub async fn run(options: SimulateOptions, stop: Stop) -> Result<String, StartError> {
    let report = Arc::new(Report::default());
    let server = options.server.clone();
    let client = Client::new(
        options.server.clone(),
        options.engine_key.clone(),
        options.api_key.clone(),
        report.clone(),
    )
    .map_err(|error| StartError::Refused(format!("no HTTP client: {error}")))?;
    let accounts = Accounts::read(&client, &Accounts::default()).await.map_err(|trouble| {
        StartError::Refused(match trouble {
            Trouble::Broken(why) => format!("{server}: {why}"),
            Trouble::Refused { status: 401, .. } => format!("{server} does not take the API key"),
            Trouble::Refused { status, code } => format!("{server} answers {status} {code}"),
        })
    })?;
    if accounts.is_empty() {
        return Err(StartError::Refused(
            "no account of the key has a number that an agent answers".to_owned(),
        ));
    }
    let engine = Arc::new(Engine {
        client,
        report: report.clone(),
        fates: Fates::new(options.mix.0.clone(), options.seconds),
        voices: Voices::new(),
        stop: stop.clone(),
    });
    let concurrency = options.concurrency;
    let traffic = Arc::new(Traffic {
        engine,
        accounts: RwLock::new(Arc::new(accounts)),
        places: Arc::new(Semaphore::new(usize::try_from(concurrency).unwrap_or(usize::MAX))),
        random: Mutex::new(StdRng::from_os_rng()),
    });
    let progress = tokio::spawn(show_progress(report.clone()));
    let looking = tokio::spawn(traffic.clone().look_around());

    let (done, asked_for) = oneshot::channel::<()>();
    let claims = tokio::spawn(traffic.clone().take_over(async move {
        let _ = asked_for.await;
    }));
    traffic.make(options.rate, options.inbound, options.duration.map(Duration::from_secs)).await;
    drop(done);
    let _ = claims.await;
    // A call has given its place back when it has ended.
    let ended = Box::pin(traffic.places.acquire_many(concurrency));
    let out_of_time = Box::pin(async {
        stop.wait().await;
        tokio::time::sleep(TO_HANG_UP).await;
    });
    if let Either::Left((Ok(all), _)) = select(ended, out_of_time).await {
        drop(all);
    }
    looking.abort();
    progress.abort();
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K");
    }
    Ok(report.table())
}

/// Says how things stand: at a terminal in one line that changes each second, else now and then.
async fn show_progress(report: Arc<Report>) {
    let terminal = std::io::stderr().is_terminal();
    loop {
        tokio::time::sleep(Duration::from_secs(if terminal { 1 } else { 10 })).await;
        let line = report.progress();
        let mut out = std::io::stderr().lock();
        // Who does not read it any more does not miss it.
        let _ = if terminal {
            write!(out, "\r\x1b[K{line}").and_then(|()| out.flush())
        } else {
            writeln!(out, "{line}")
        };
    }
}
