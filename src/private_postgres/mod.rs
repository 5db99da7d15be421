//! A PostgreSQL cluster of our own, in the data folder, for those who give no database.
//!
//! It listens on a unix socket only. Every command that needs it enters it and leaves it; the first to enter
//! starts it and the last to leave stops it. A server that was killed leaves it running, and the next to
//! enter takes it over. Two locks in the data folder keep the order: the *gate* is held while somebody looks
//! whether it runs, starts or stops it; the *users* lock is shared by all who use it.

mod account;
mod binaries;
mod cluster_files;
mod postmaster;

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use crate::{
    start::{StartError, Stop},
    values::DatabaseUrl,
};
use account::Account;
use cluster_files::ClusterFiles;
use postmaster::Postmaster;

/// The superuser of the private cluster: for provisioning only.
const OWNER: &str = "dialnexa";

/// How long to wait for another program that is starting or stopping the cluster.
const GATE_PATIENCE: Duration = Duration::from_secs(180);

/// The private cluster, running, and our share in it.
///
/// When dropped it is left, and stopped if nobody else uses it.
pub struct Cluster {
    inner: Arc<Inner>,
}

struct Inner {
    files: ClusterFiles,
    account: Account,
    gate: File,
    users: File,
    postmaster: Mutex<Option<Postmaster>>,
}

impl Cluster {
    /// Makes the cluster of `data_dir` if there is none, starts it if it does not run, and takes a share.
    ///
    /// # Errors
    ///
    /// When the folder cannot be used, PostgreSQL is missing, refuses to start, or `stop` was asked for.
    pub fn enter(data_dir: &Path, stop: &Stop) -> Result<Self, StartError> {
        make_data_dir(data_dir)?;
        let gate = lock_file(&data_dir.join("postgres.lock"))?;
        let users = lock_file(&data_dir.join("postgres.users.lock"))?;
        let pass = Gate::pass(&gate, data_dir, stop)?;
        let account = Account::choose(data_dir)?;
        let files = ClusterFiles::prepare(data_dir, &account, stop)?;
        let postmaster = Postmaster::running_or_started(&files, &account, stop)?;
        users.lock_shared().map_err(|error| cannot_lock(data_dir, &error))?;
        drop(pass);
        let postmaster = Mutex::new(Some(postmaster));
        Ok(Self { inner: Arc::new(Inner { files, account, gate, users, postmaster }) })
    }

    /// The cluster's superuser, for a database of the cluster.
    pub fn owner_url(&self, database: &str) -> DatabaseUrl {
        DatabaseUrl::on_socket(self.inner.files.socket_folder(), OWNER, database)
    }

    /// Starts the cluster again whenever it has died, until this is dropped.
    pub fn keep_alive(&self) {
        let inner = Arc::downgrade(&self.inner);
        thread::spawn(move || {
            while let Some(inner) = inner.upgrade() {
                inner.revive();
                drop(inner);
                thread::sleep(Duration::from_secs(1));
            }
        });
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Err(error) = self.inner.leave() {
            tracing::error!("{error}");
        }
    }
}

impl Inner {
    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Postmaster>> {
        self.postmaster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Restarts a postmaster that has died although we have not left.
    fn revive(&self) {
        let mut slot = self.slot();
        let Some(postmaster) = slot.as_mut() else { return };
        if postmaster.lives() {
            return;
        }
        tracing::error!("the private PostgreSQL has stopped, starting it again");
        let stop = Stop::never();
        let started = Gate::pass(&self.gate, self.files.folder(), &stop)
            .and_then(|_pass| Postmaster::running_or_started(&self.files, &self.account, &stop));
        match started {
            Ok(started) => *postmaster = started,
            Err(error) => tracing::error!("{error}"),
        }
    }

    fn leave(&self) -> Result<(), StartError> {
        let Some(postmaster) = self.slot().take() else { return Ok(()) };
        let _pass = Gate::pass(&self.gate, self.files.folder(), &Stop::never())?;
        self.users.unlock().map_err(|error| cannot_lock(self.files.folder(), &error))?;
        match self.users.try_lock() {
            Ok(()) => postmaster.stop(&self.files),
            Err(TryLockError::WouldBlock) => Ok(()),
            Err(TryLockError::Error(error)) => Err(cannot_lock(self.files.folder(), &error)),
        }
    }
}

/// The right to look whether the cluster runs, and to start or stop it, until dropped.
struct Gate<'a>(&'a File);

impl<'a> Gate<'a> {
    fn pass(gate: &'a File, folder: &Path, stop: &Stop) -> Result<Self, StartError> {
        let since = Instant::now();
        loop {
            match gate.try_lock() {
                Ok(()) => return Ok(Self(gate)),
                Err(TryLockError::Error(error)) => return Err(cannot_lock(folder, &error)),
                Err(TryLockError::WouldBlock) if since.elapsed() > GATE_PATIENCE => {
                    return Err(StartError::PrivatePostgres(format!(
                        "another program has been starting or stopping PostgreSQL in {} for too long",
                        folder.display()
                    )));
                }
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(50)),
            }
            stop.check()?;
        }
    }
}

impl Drop for Gate<'_> {
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

/// The right to be the one server of a data folder, until dropped or killed.
pub struct ServerLock {
    _file: File,
}

impl ServerLock {
    /// Takes it, making the folder if need be.
    ///
    /// # Errors
    ///
    /// When another server holds it (with its process id), or the folder cannot be used.
    pub fn take(data_dir: &Path) -> Result<Self, StartError> {
        make_data_dir(data_dir)?;
        let mut file = lock_file(&data_dir.join("server.lock"))?;
        match file.try_lock() {
            Ok(()) => {
                let noted = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
                noted.map_err(|error| cannot_lock(data_dir, &error))?;
                Ok(Self { _file: file })
            }
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let read = file.rewind().and_then(|()| file.read_to_string(&mut pid));
                let pid = if read.is_ok() && !pid.trim().is_empty() { pid.trim() } else { "unknown" };
                let folder = data_dir.display();
                Err(StartError::DataFolder(format!(
                    "already running (pid {pid}) on the data folder {folder}"
                )))
            }
            Err(TryLockError::Error(error)) => Err(cannot_lock(data_dir, &error)),
        }
    }
}

/// Others may pass through the folder (the cluster's account must) but not look into it.
fn make_data_dir(folder: &Path) -> Result<(), StartError> {
    DirBuilder::new().recursive(true).mode(0o711).create(folder).map_err(|error| {
        let folder = folder.display();
        StartError::DataFolder(format!(
            "cannot make the data folder {folder}: {error}; DIALNEXA_DATA_DIR names another"
        ))
    })
}

fn lock_file(path: &PathBuf) -> Result<File, StartError> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(|error| {
        let file = path.display();
        let hint = "is it another user's data folder? DIALNEXA_DATA_DIR names another";
        StartError::DataFolder(format!("cannot write {file}: {error}; {hint}"))
    })
}

fn cannot_lock(folder: &Path, error: &std::io::Error) -> StartError {
    StartError::DataFolder(format!("cannot lock a file in {}: {error}", folder.display()))
}

/// What is written in a file, or nothing when it cannot be read.
fn contents(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
