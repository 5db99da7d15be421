//! The running cluster: found, started, stopped.

use std::{
    fs::{self, OpenOptions},
    io::{Read, Seek, SeekFrom},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use diesel::{Connection, RunQueryDsl, pg::PgConnection, sql_query, sql_types::Text};
use rustix::{
    io::Errno,
    process::{Pid, Signal, kill_process, test_kill_process},
};

use super::{OWNER, account::Account, cluster_files::ClusterFiles};
use crate::{
    start::{StartError, Stop, one_line},
    values::DatabaseUrl,
};

/// How long recovery after a crash may take before we give up waiting.
const START_PATIENCE: Duration = Duration::from_secs(600);

/// How long a shutdown may take before it is made an immediate one.
const STOP_PATIENCE: Duration = Duration::from_secs(60);

const STEP: Duration = Duration::from_millis(25);

/// Whatever the configuration file says: durable, local, and small enough for a small machine.
const SETTINGS: [&str; 14] = [
    "listen_addresses=",
    "port=5432",
    "unix_socket_permissions=0700",
    "cluster_name=dialnexa",
    "shared_buffers=128MB",
    "max_connections=100",
    "fsync=on",
    "full_page_writes=on",
    "synchronous_commit=on",
    "password_encryption=scram-sha-256",
    "timezone=UTC",
    "log_timezone=UTC",
    "log_destination=stderr",
    "jit=off",
];

/// A postmaster: our child, or one that an earlier program left or another one started.
pub(super) struct Postmaster {
    pid: Pid,
    child: Option<Child>,
    /// Where in the log its own words begin, in bytes.
    log_begins: u64,
}

impl Postmaster {
    /// Takes over the one that runs on these files, or starts one, and waits until it answers.
    pub(super) fn running_or_started(
        files: &ClusterFiles,
        account: &Account,
        stop: &Stop,
    ) -> Result<Self, StartError> {
        if let Some(pid) = running(files) {
            let mut found = Self { pid, child: None, log_begins: 0 };
            if found.answers_in_time(files, stop)? {
                return Ok(found);
            }
        }
        let mut why = String::new();
        // Processes of a crashed postmaster need a moment to notice, and hold the files until then.
        for _ in 0..20 {
            let mut started = start(files, account)?;
            match started.answers_in_time(files, stop) {
                Ok(true) => return Ok(started),
                Ok(false) => {
                    why = started.last_words(files);
                    if !why.contains("still in use") {
                        break;
                    }
                    thread::sleep(STEP * 10);
                }
                Err(error) => {
                    started.stop(files)?;
                    return Err(error);
                }
            }
        }
        Err(StartError::PrivatePostgres(format!(
            "PostgreSQL does not start: {why} ({})",
            files.log().display()
        )))
    }

    /// Whether the process is there.
    pub(super) fn lives(&mut self) -> bool {
        match &mut self.child {
            Some(child) => matches!(child.try_wait(), Ok(None)),
            None => exists(self.pid),
        }
    }

    /// Stops it: sessions are ended, everything is on disk afterwards.
    pub(super) fn stop(mut self, files: &ClusterFiles) -> Result<(), StartError> {
        for (signal, patience) in [(Signal::INT, STOP_PATIENCE), (Signal::QUIT, STOP_PATIENCE / 4)] {
            let since = Instant::now();
            let _ = kill_process(self.pid, signal);
            while since.elapsed() < patience {
                let marked = files.postmaster_lines().first().is_some_and(|pid| *pid == pid_text(self.pid));
                if !self.lives() || (self.child.is_none() && !marked) {
                    let folder = Path::new(files.socket_folder());
                    if folder != files.folder() {
                        let _ = fs::remove_dir(folder);
                    }
                    return Ok(());
                }
                thread::sleep(STEP);
            }
        }
        let pid = pid_text(self.pid);
        Err(StartError::PrivatePostgres(format!("PostgreSQL (pid {pid}) does not stop")))
    }

    /// Waits until it answers; false when it has ended instead.
    fn answers_in_time(&mut self, files: &ClusterFiles, stop: &Stop) -> Result<bool, StartError> {
        let since = Instant::now();
        let mut told = Duration::from_secs(10);
        while since.elapsed() < START_PATIENCE {
            stop.check()?;
            if !self.lives() {
                return Ok(false);
            }
            let lines = files.postmaster_lines();
            let ours = lines.first().is_some_and(|pid| *pid == pid_text(self.pid));
            let ready = lines.get(7).is_some_and(|state| state.trim() == "ready");
            if ours && ready && answers(files) {
                return Ok(true);
            }
            if since.elapsed() > told {
                tracing::info!("PostgreSQL is starting: {}", self.last_words(files));
                told *= 2;
            }
            thread::sleep(STEP);
        }
        let log = files.log().display();
        Err(StartError::PrivatePostgres(format!("PostgreSQL does not become ready, see {log}")))
    }

    /// The last thing of importance that it has said in the log.
    fn last_words(&self, files: &ClusterFiles) -> String {
        let mut said = Vec::new();
        if let Ok(mut log) = fs::File::open(files.log()) {
            let length = log.metadata().map_or(0, |found| found.len());
            let from = self.log_begins.max(length.saturating_sub(8192));
            let _ = log.seek(SeekFrom::Start(from)).and_then(|_| log.read_to_end(&mut said));
        }
        let said = String::from_utf8_lossy(&said);
        let telling = said.lines().rfind(|line| line.contains("FATAL:") || line.contains("PANIC:"));
        let last: Vec<&str> = said.lines().rev().take(3).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        telling.map_or_else(|| one_line(&last.join("\n")), |line| line.trim().to_owned())
    }
}

fn start(files: &ClusterFiles, account: &Account) -> Result<Postmaster, StartError> {
    let failed =
        |error: std::io::Error| StartError::PrivatePostgres(format!("PostgreSQL does not start: {error}"));
    let log = OpenOptions::new().create(true).append(true).mode(0o600).open(files.log()).map_err(failed)?;
    let log_begins = log.metadata().map_or(0, |found| found.len());
    let mut command = account.command(&files.binaries.program("postgres"));
    command.arg("-D").arg(files.folder());
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    let quoted = files.socket_folder().replace('"', "\"\"");
    command.args(["-c", &format!("unix_socket_directories=\"{quoted}\"")]);
    let copy = log.try_clone().map_err(failed)?;
    let child = command.stdout(Stdio::from(copy)).stderr(Stdio::from(log)).spawn().map_err(failed)?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| StartError::PrivatePostgres("PostgreSQL has no process id".to_owned()))?;
    Ok(Postmaster { pid, child: Some(child), log_begins })
}

/// The postmaster that has marked the files, if it is alive and at work on them. A mark of a process that is
/// now another program's (the machine has been restarted since) is removed.
fn running(files: &ClusterFiles) -> Option<Pid> {
    let lines = files.postmaster_lines();
    let pid = Pid::from_raw(lines.first()?.trim().parse().ok()?)?;
    if !exists(pid) {
        return None;
    }
    match fs::read_link(format!("/proc/{}/cwd", pid_text(pid))) {
        Ok(folder) if folder != files.folder() => {
            let _ = fs::remove_file(files.postmaster_file());
            None
        }
        _ => Some(pid),
    }
}

/// Whether the process exists and has not ended (a zombie has).
fn exists(pid: Pid) -> bool {
    let there = !matches!(test_kill_process(pid), Err(Errno::SRCH));
    let state = fs::read_to_string(format!("/proc/{}/stat", pid_text(pid))).unwrap_or_default();
    there && !state.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with(['Z', 'X']))
}

/// Whether the server on our socket serves our files.
fn answers(files: &ClusterFiles) -> bool {
    #[derive(diesel::QueryableByName)]
    struct Shown {
        #[diesel(sql_type = Text)]
        data_directory: String,
    }
    let url =
        DatabaseUrl::on_socket(files.socket_folder(), OWNER, "postgres").with_default("connect_timeout", "5");
    let Ok(mut connection) = PgConnection::establish(&url.to_string()) else { return false };
    let shown = sql_query("SHOW data_directory").get_result::<Shown>(&mut connection);
    shown.is_ok_and(|shown| Path::new(&shown.data_directory) == files.folder())
}

fn pid_text(pid: Pid) -> String {
    pid.as_raw_nonzero().to_string()
}
