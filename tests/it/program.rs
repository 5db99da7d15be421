//! The program as a process: run, signalled, and looked at from outside.

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

/// A data folder that goes away, with whatever still runs on it.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("dialnexa-it-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self(std::env::temp_dir().join(name))
    }

    /// One whose path is too long for a socket.
    pub fn with_a_long_name() -> Self {
        let Self(path) = &Self::new();
        Self(path.join("long".repeat(30)))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The process id of the cluster's postmaster, as its own file says.
    pub fn postmaster(&self) -> Option<String> {
        let text = fs::read_to_string(self.0.join("postgres/postmaster.pid")).ok()?;
        text.lines().next().map(str::to_owned)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(pid) = self.postmaster() {
            signal("QUIT", &pid);
            until("the postmaster is gone", || !is_alive(&pid));
        }
        let top = self.0.ancestors().find(|path| path.parent() == Some(&std::env::temp_dir()));
        let _ = fs::remove_dir_all(top.unwrap_or(&self.0));
    }
}

/// The program on a data folder, without anything of our own environment.
pub fn dialnexa(folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dialnexa"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("DIALNEXA_")) {
        command.env_remove(name);
    }
    command.env_remove("RUST_LOG").env("DIALNEXA_DATA_DIR", folder.path()).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A server that is ended when dropped.
pub struct Server {
    child: Child,
    pub port: u16,
}

impl Server {
    pub fn start(folder: &Folder) -> Self {
        let port = free_port();
        Self::spawn(dialnexa(folder, &["run", "--listen", &format!("127.0.0.1:{port}")]), port)
    }

    /// One that a command starts on this port.
    pub fn spawn(mut command: Command, port: u16) -> Self {
        let child = command.stderr(Stdio::null()).spawn();
        let server = Self { child: child.unwrap(), port };
        until("the server answers", || server.answers());
        server
    }

    pub fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        let mut answer = String::new();
        stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let _ = stream.read_to_string(&mut answer);
        answer.starts_with("HTTP/1.1 200")
    }

    pub fn pid(&self) -> String {
        self.child.id().to_string()
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop and returns its exit code.
    pub fn stop(mut self, name: &str) -> Option<i32> {
        signal(name, &self.pid());
        let since = Instant::now();
        while since.elapsed() < Duration::from_secs(60) {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("the server does not stop");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub fn signal(name: &str, pid: &str) {
    Command::new("kill").args(["-s", name, pid]).stderr(Stdio::null()).status().unwrap();
}

/// Whether the process runs; one that has ended and is not yet waited for does not.
pub fn is_alive(pid: &str) -> bool {
    let output = Command::new("ps").args(["-o", "stat=", "-p", pid]).output().unwrap();
    let state = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    !state.is_empty() && !state.starts_with('Z')
}

pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < Duration::from_secs(60), "not in time: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// What the program says on stderr, which must be one line and no panic.
pub fn one_line_of(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with("dialnexa: ") && !text.contains("panicked"), "{text}");
    text
}

#[test]
fn a_taken_port_is_one_line_and_starts_no_postgres() {
    let folder = Folder::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let line = one_line_of(&dialnexa(&folder, &["--listen", &address]).output().unwrap());
    assert!(line.contains(&address) && line.contains("in use"), "{line}");
    assert!(!folder.path().join("postgres").exists());
}

#[test]
fn wrong_settings_are_one_line_and_the_environment_is_read() {
    let folder = Folder::new();
    let output =
        dialnexa(&folder, &["run"]).env("DIALNEXA_LISTEN", "x").env("DIALNEXA_SMTP_URL", "y").output();
    let line = one_line_of(&output.unwrap());
    assert!(line.contains("DIALNEXA_LISTEN") && line.contains("DIALNEXA_SMTP_URL"), "{line}");
}

#[test]
fn a_flag_wins_over_the_environment_and_the_environment_over_the_file() {
    let folder = Folder::new();
    let file = folder.path().with_extension("toml");
    fs::write(&file, "listen = 'in-file'\n").unwrap();
    let said = |environment: &str, arguments: &[&str]| {
        let mut command = dialnexa(&folder, arguments);
        one_line_of(
            &command.env("DIALNEXA_CONFIG", &file).env("DIALNEXA_LISTEN", environment).output().unwrap(),
        )
    };
    assert!(said("in-environment", &["--listen", "in-flag"]).contains("\"in-flag\""));
    assert!(said("in-environment", &[]).contains("\"in-environment\""));
    let mut command = dialnexa(&folder, &[]);
    assert!(one_line_of(&command.env("DIALNEXA_CONFIG", &file).output().unwrap()).contains("\"in-file\""));
    fs::remove_file(&file).unwrap();
}

#[test]
fn an_unreachable_database_is_one_line_without_the_password() {
    let folder = Folder::new();
    let url = format!("postgres://owner:hunter2@127.0.0.1:{}/dialnexa", free_port());
    let mut command = dialnexa(&folder, &["run", "--listen", "127.0.0.1:0"]);
    let line = one_line_of(&command.env("DIALNEXA_DATABASE_URL", url).output().unwrap());
    assert!(
        line.contains("cannot sign in to postgres://owner@127.0.0.1") && !line.contains("hunter2"),
        "{line}"
    );
}

#[test]
fn every_command_explains_itself() {
    let folder = Folder::new();
    for arguments in [&["--help"][..], &["run", "--help"], &["migrate", "--help"]] {
        let output = dialnexa(&folder, arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && text.contains("DIALNEXA_DATA_DIR"), "{text}");
    }
}
