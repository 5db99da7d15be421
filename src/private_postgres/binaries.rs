//! Where PostgreSQL's programs are.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::start::StartError;

/// The oldest PostgreSQL that the migrations work on.
const OLDEST: u32 = 14;

/// Folders with a folder per version inside, and what leads from there to the programs.
const VERSIONED: [(&str, &str); 4] = [
    ("/usr/lib/postgresql", "bin"),
    ("/usr", "bin"),
    ("/opt/homebrew/opt", "bin"),
    ("/usr/local/opt", "bin"),
];

/// A folder with `postgres` and `initdb`, and their major version.
#[derive(Debug, Clone)]
pub(super) struct Binaries {
    folder: PathBuf,
    pub(super) major: u32,
}

impl Binaries {
    /// The programs for an existing cluster of `major`, or the newest there are.
    pub(super) fn find(major: Option<u32>) -> Result<Self, StartError> {
        let mut found: Vec<Self> = candidates().into_iter().filter_map(Self::at).collect();
        found.sort_by_key(|binaries| binaries.major);
        let mut majors: Vec<String> = found.iter().map(|binaries| binaries.major.to_string()).collect();
        majors.dedup();
        let there = majors.join(", ");
        let chosen = match major {
            Some(major) => found.into_iter().rfind(|binaries| binaries.major == major),
            None => found.pop().filter(|newest| newest.major >= OLDEST),
        };
        chosen.ok_or_else(|| {
            let there = if there.is_empty() { "none is installed".to_owned() } else { format!("there is {there}") };
            StartError::PrivatePostgres(match major {
                Some(major) => format!("the data folder was made by PostgreSQL {major}, and {there}"),
                None => format!(
                    "no PostgreSQL server ({OLDEST} or newer) is found, {there}: run `make install`, install the \
                     package postgresql, or give a database with DIALNEXA_DATABASE_URL"
                ),
            })
        })
    }

    /// The path of one of the programs.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn at(folder: PathBuf) -> Option<Self> {
        let program = folder.join("postgres");
        if !program.is_file() || !folder.join("initdb").is_file() {
            return None;
        }
        let output = Command::new(program).arg("--version").output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let version = text.split_once("(PostgreSQL) ")?.1;
        let major = version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
        Some(Self { folder, major })
    }
}

fn candidates() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path).filter(|folder| folder.is_absolute()).collect();
    for (parent, below) in VERSIONED {
        let entries = fs::read_dir(parent).into_iter().flatten().flatten();
        let versions =
            entries.map(|entry| entry.path()).filter(|path| parent == VERSIONED[0].0 || is_postgres(path));
        folders.extend(versions.map(|version| version.join(below)));
    }
    folders.push("/usr/local/pgsql/bin".into());
    folders
}

fn is_postgres(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("pgsql-") || name.starts_with("postgresql@")
}
