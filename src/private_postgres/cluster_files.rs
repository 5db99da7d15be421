//! The files of the cluster: made once, whole or not at all.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, chown},
    path::{Path, PathBuf},
    process::Stdio,
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use sha2::{Digest, Sha256};

use super::{
    OWNER,
    account::{self, Account},
    binaries::Binaries,
    contents,
};
use crate::start::{StartError, Stop};

/// The longest path of a socket that every system takes, in bytes.
const LONGEST_SOCKET: usize = 107;

/// The socket's file name: the port is never used, 5432 is what programs suppose.
const SOCKET_NAME: &str = ".s.PGSQL.5432";

/// Who may sign in: the owner by reaching the socket, which its folder allows to the cluster's account and to
/// root only; everybody else by password.
const SIGN_IN: &str = "# Written by dialnexa when the cluster was made.\n\
                       local all dialnexa trust\n\
                       local all all scram-sha-256\n";

/// Where the cluster is and which programs fit it.
pub(super) struct ClusterFiles {
    folder: PathBuf,
    log: PathBuf,
    socket_folder: String,
    pub(super) binaries: Binaries,
}

impl ClusterFiles {
    /// Makes the cluster if there is none.
    pub(super) fn prepare(data_dir: &Path, account: &Account, stop: &Stop) -> Result<Self, StartError> {
        let folder = data_dir.join("postgres");
        let unusable = |error: io::Error| {
            StartError::DataFolder(format!("the folder {} cannot be used: {error}", folder.display()))
        };
        let data_dir = data_dir.canonicalize().map_err(unusable)?;
        let folder = data_dir.join("postgres");
        let major = match fs::read_to_string(folder.join("PG_VERSION")) {
            Ok(version) => version.trim().parse().ok(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(unusable(error)),
        };
        let binaries = Binaries::find(major)?;
        if major.is_none() {
            make(&data_dir, &folder, account, &binaries, stop)?;
        } else if folder.metadata().is_ok_and(|found| found.uid() != account.uid()) {
            let folder = folder.display();
            return Err(StartError::DataFolder(format!(
                "{folder} belongs to another user; DIALNEXA_DATA_DIR names another folder"
            )));
        }
        let socket_folder = socket_folder(&folder, account).map_err(unusable)?;
        Ok(Self { log: data_dir.join("postgres.log"), folder, socket_folder, binaries })
    }

    /// The folder that PostgreSQL calls its data directory, without symbolic links.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of the socket.
    pub(super) fn socket_folder(&self) -> &str {
        &self.socket_folder
    }

    /// What PostgreSQL's log goes to.
    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    /// The lines of the file with which a running postmaster marks the folder: process id, folder, start,
    /// port, socket folder, address, shared memory, state.
    pub(super) fn postmaster_lines(&self) -> Vec<String> {
        contents(&self.postmaster_file()).lines().map(str::to_owned).collect()
    }

    /// The path of that file.
    pub(super) fn postmaster_file(&self) -> PathBuf {
        self.folder.join("postmaster.pid")
    }
}

/// Makes the cluster beside its place and moves it there when it is whole, so that one killed half-way leaves
/// nothing that looks like a cluster.
fn make(
    data_dir: &Path,
    folder: &Path,
    account: &Account,
    binaries: &Binaries,
    stop: &Stop,
) -> Result<(), StartError> {
    let failed =
        |error: io::Error| StartError::DataFolder(format!("cannot make {}: {error}", folder.display()));
    for entry in fs::read_dir(data_dir).map_err(failed)?.flatten() {
        if entry.file_name().to_string_lossy().starts_with("postgres.new-") {
            remove(&entry.path()).map_err(failed)?;
        }
    }
    let new = data_dir.join(format!("postgres.new-{}", std::process::id()));
    private_folder(&new, account).map_err(failed)?;
    tracing::info!("making a PostgreSQL {} cluster in {}", binaries.major, folder.display());
    // Sorting by code point: the same on every system and after every upgrade. Systems without C.UTF-8 get C.
    let made = initdb(&new, "C.UTF-8", account, binaries, stop).or_else(|error| {
        if error == StartError::Interrupted {
            return Err(error);
        }
        remove(&new).and_then(|()| private_folder(&new, account)).map_err(failed)?;
        initdb(&new, "C", account, binaries, stop)
    });
    let moved = made.and_then(|()| {
        let write = || {
            let mut file = File::create(new.join("pg_hba.conf"))?;
            file.write_all(SIGN_IN.as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, folder)?;
            File::open(data_dir)?.sync_all()
        };
        write().map_err(failed)
    });
    if moved.is_err() {
        let _ = remove(&new);
    }
    moved
}

/// Removes a half-made cluster. A killed program's `initdb` may still be at work in it, and fails when its
/// files go; until then the folder does not stay empty.
fn remove(folder: &Path) -> io::Result<()> {
    for _ in 0..200 {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                thread::sleep(Duration::from_millis(50));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            done => return done,
        }
    }
    fs::remove_dir_all(folder)
}

fn initdb(
    folder: &Path,
    locale: &str,
    account: &Account,
    binaries: &Binaries,
    stop: &Stop,
) -> Result<(), StartError> {
    let mut command = account.command(&binaries.program("initdb"));
    command.arg("-D").arg(folder).args(["-U", OWNER, "--encoding=UTF8", "--data-checksums"]);
    command.args([&format!("--locale={locale}"), "--lc-messages=C", "--auth=trust"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut child =
        child.map_err(|error| StartError::PrivatePostgres(format!("initdb does not start: {error}")))?;
    while matches!(child.try_wait(), Ok(None)) {
        if stop.requested() {
            let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            let _ = group.map(|group| kill_process_group(group, Signal::KILL));
            let _ = child.wait();
            return Err(StartError::Interrupted);
        }
        thread::sleep(Duration::from_millis(20));
    }
    account::outcome("initdb", child.wait_with_output())
}

/// The cluster's folder if the socket's path is short enough there, else a folder of its own with a short name.
fn socket_folder(folder: &Path, account: &Account) -> io::Result<String> {
    let text = folder.to_str().ok_or_else(|| io::Error::other("its name is not UTF-8"))?;
    if text.len() + 1 + SOCKET_NAME.len() <= LONGEST_SOCKET {
        return Ok(text.to_owned());
    }
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(text)[..6]);
    let mut last = io::Error::other("its name is too long for a socket");
    for parent in ["/run", "/tmp"] {
        let short = format!("{parent}/dialnexa-{}-{digest}", account.uid());
        match private_folder(Path::new(&short), account) {
            Ok(()) => return Ok(short),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// A folder that only the account enters: made, or found to be exactly that.
fn private_folder(folder: &Path, account: &Account) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => account.owner().map_or(Ok(()), |(uid, gid)| chown(folder, Some(uid), Some(gid))),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(folder)?;
            let ours = found.is_dir() && found.uid() == account.uid() && found.mode() & 0o077 == 0;
            let taken = || io::Error::other(format!("{} is another's", folder.display()));
            if ours { Ok(()) } else { Err(taken()) }
        }
        Err(error) => Err(error),
    }
}
