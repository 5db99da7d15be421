//! The account of the operating system that the cluster's processes run as.
//!
//! PostgreSQL refuses to run as root, so a server started by root runs it as an unprivileged account. When
//! that account cannot pass through a folder above the data folder (a checkout below `/root`, say), it gets
//! the one capability that lets it pass.

use std::{
    fs, io,
    os::unix::{
        fs::MetadataExt,
        process::{CommandExt, ExitStatusExt},
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::start::StartError;

/// Who the cluster's processes are.
pub(super) struct Account {
    other: Option<Identity>,
    passes_by_capability: bool,
}

struct Identity {
    name: String,
    uid: u32,
    gid: u32,
}

impl Account {
    /// We ourselves; or, for root, whoever owns the cluster, else `postgres`, else `nobody`.
    pub(super) fn choose(data_dir: &Path) -> Result<Self, StartError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self { other: None, passes_by_capability: false });
        }
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let owner = fs::metadata(data_dir.join("postgres")).ok().filter(|owner| owner.uid() != 0);
        let identity = match owner {
            Some(owner) => {
                let name = identities(&passwd).find(|known| known.uid == owner.uid()).map(|known| known.name);
                let name = name.unwrap_or_else(|| owner.uid().to_string());
                Identity { name, uid: owner.uid(), gid: owner.gid() }
            }
            None => ["postgres", "nobody"]
                .iter()
                .find_map(|wanted| identities(&passwd).find(|known| known.name == *wanted && known.uid != 0))
                .ok_or_else(|| {
                    let why =
                        "PostgreSQL does not run as root, and there is neither a user postgres nor nobody";
                    StartError::PrivatePostgres(why.to_owned())
                })?,
        };
        let mut account = Self { other: Some(identity), passes_by_capability: false };
        account.find_a_way_into(data_dir)?;
        Ok(account)
    }

    /// The user and group that own the cluster's files, when they are not ours.
    pub(super) fn owner(&self) -> Option<(u32, u32)> {
        self.other.as_ref().map(|identity| (identity.uid, identity.gid))
    }

    /// The user id the cluster's processes have.
    pub(super) fn uid(&self) -> u32 {
        self.owner().map_or_else(|| rustix::process::geteuid().as_raw(), |(uid, _)| uid)
    }

    /// A program run as this account, in a process group of its own so that Ctrl-C at the terminal is ours to
    /// answer, and with nothing of our environment that PostgreSQL would heed.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = match &self.other {
            None => Command::new(program),
            Some(identity) if self.passes_by_capability => {
                let mut command = Command::new("setpriv");
                command
                    .arg(format!("--reuid={}", identity.uid))
                    .arg(format!("--regid={}", identity.gid))
                    .args([
                        "--clear-groups",
                        "--inh-caps=+dac_read_search",
                        "--ambient-caps=+dac_read_search",
                        "--",
                    ])
                    .arg(program);
                command
            }
            Some(identity) => {
                let mut command = Command::new(program);
                command.uid(identity.uid).gid(identity.gid);
                command
            }
        };
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") || name.to_string_lossy().starts_with("DIALNEXA_") {
                command.env_remove(name);
            }
        }
        command.env("LC_ALL", "C").current_dir("/").stdin(Stdio::null()).process_group(0);
        command
    }

    fn find_a_way_into(&mut self, folder: &Path) -> Result<(), StartError> {
        let Some(identity) = &self.other else { return Ok(()) };
        let name = identity.name.clone();
        if self.enters(folder) {
            return Ok(());
        }
        let closed = folders_down_to(folder).into_iter().find(|step| !self.enters(step));
        self.passes_by_capability = true;
        if self.enters(folder) {
            return Ok(());
        }
        Err(StartError::DataFolder(format!(
            "PostgreSQL runs as the user {name}, which cannot enter {}: open that folder, or choose another data \
             folder with DIALNEXA_DATA_DIR",
            closed.unwrap_or_else(|| folder.to_owned()).display()
        )))
    }

    fn enters(&self, folder: &Path) -> bool {
        let mut probe = self.command(Path::new("/bin/sh"));
        probe.args(["-c", "cd -- \"$1\"", "sh"]).arg(folder).stdout(Stdio::null()).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    }
}

/// What a program said and whether it did its work: its last line of errors when it did not.
pub(super) fn outcome(program: &str, ended: io::Result<std::process::Output>) -> Result<(), StartError> {
    let failed = |why: String| Err(StartError::PrivatePostgres(format!("{program} failed: {why}")));
    match ended {
        Err(error) => failed(error.to_string()),
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let telling = said.lines().rfind(|line| line.contains("error:") || line.contains("FATAL:"));
            let line = telling.or_else(|| said.lines().rfind(|line| !line.trim().is_empty()));
            failed(match (line, output.status.signal()) {
                (Some(line), _) => line.trim().to_owned(),
                (None, Some(signal)) => format!("ended by signal {signal}"),
                (None, None) => output.status.to_string(),
            })
        }
    }
}

fn folders_down_to(folder: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = folder.ancestors().map(Path::to_owned).collect();
    folders.reverse();
    folders
}

fn identities(passwd: &str) -> impl Iterator<Item = Identity> + '_ {
    passwd.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Identity { name, uid, gid })
    })
}
