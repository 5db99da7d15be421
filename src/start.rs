//! Starting and stopping: why the program cannot start, and whether it is asked to stop.

use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use actix_web::rt::signal::unix::{Signal, SignalKind, signal};
use futures_util::{
    FutureExt,
    future::{self, BoxFuture, Shared},
};

/// Why the program cannot start. Each is one line for the person at the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartError {
    /// The data folder cannot be used.
    DataFolder(String),
    /// The address to listen on cannot be had.
    Listen(String),
    /// The private PostgreSQL cluster cannot be made or started.
    PrivatePostgres(String),
    /// A database server cannot be reached or refuses the login.
    Connect(String),
    /// A database is not as it must be, or the login lacks a privilege.
    Database(String),
    /// A migration failed; the database is as it was before it.
    Migration(String),
    /// The database was migrated by a newer program that this one cannot work beside.
    TooNew(String),
    /// A command was refused.
    Refused(String),
    /// Somebody asked the program to stop meanwhile.
    Interrupted,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::DataFolder(text)
            | Self::Listen(text)
            | Self::PrivatePostgres(text)
            | Self::Connect(text)
            | Self::Database(text)
            | Self::Migration(text)
            | Self::TooNew(text)
            | Self::Refused(text) => text,
            Self::Interrupted => "stopped before it was ready",
        };
        f.write_str(&one_line(text))
    }
}

impl std::error::Error for StartError {}

/// The text with its line ends and the blanks around them replaced by single blanks.
pub fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Resolves when the program is asked to stop.
pub type Stopping = Shared<BoxFuture<'static, ()>>;

/// Whether, and since when, the program is asked to stop.
#[derive(Clone)]
pub struct Stop {
    requested: Arc<AtomicBool>,
    waiting: Stopping,
}

impl Stop {
    /// Asked by SIGTERM, SIGINT (Ctrl-C), SIGQUIT or SIGHUP (the terminal has gone). A second such signal
    /// ends the program at once.
    ///
    /// Must be called inside the actix runtime.
    ///
    /// # Errors
    ///
    /// When the operating system refuses to register a handler.
    pub fn on_signals() -> io::Result<Self> {
        let mut first = listeners()?;
        let requested = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&requested);
        let waiting = async move {
            future::select_all(first.iter_mut().map(|signal| signal.recv().boxed())).await;
            flag.store(true, Ordering::SeqCst);
        };
        let waiting = waiting.boxed().shared();
        let asked = waiting.clone();
        actix_web::rt::spawn(async move {
            asked.await;
            if let Ok(mut second) = listeners() {
                future::select_all(second.iter_mut().map(|signal| signal.recv().boxed())).await;
                std::process::exit(130);
            }
        });
        Ok(Self { requested, waiting })
    }

    /// Never asked: for tests.
    pub fn never() -> Self {
        Self { requested: Arc::default(), waiting: future::pending().boxed().shared() }
    }

    /// Asked when `asked` resolves: for tests.
    pub fn when(asked: impl Future<Output = ()> + Send + 'static) -> Self {
        let requested = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&requested);
        let waiting = async move {
            asked.await;
            flag.store(true, Ordering::SeqCst);
        };
        Self { requested, waiting: waiting.boxed().shared() }
    }

    /// Whether it has been asked.
    pub fn requested(&self) -> bool {
        self.requested.load(Ordering::SeqCst)
    }

    /// Resolves when it is asked.
    pub fn wait(&self) -> Stopping {
        self.waiting.clone()
    }

    /// Fails when it has been asked: for the steps of a longer work.
    ///
    /// # Errors
    ///
    /// [`StartError::Interrupted`].
    pub fn check(&self) -> Result<(), StartError> {
        if self.requested() { Err(StartError::Interrupted) } else { Ok(()) }
    }
}

fn listeners() -> io::Result<Vec<Signal>> {
    [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::quit(), SignalKind::hangup()]
        .into_iter()
        .map(signal)
        .collect()
}
