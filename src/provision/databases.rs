//! One database and its owner.

use std::{fmt, thread, time::Duration};

use data_encoding::HEXLOWER;
use diesel::{
    Connection, OptionalExtension, QueryResult, RunQueryDsl,
    connection::SimpleConnection,
    pg::PgConnection,
    sql_query,
    sql_types::{Bool, Integer, Text},
};

use super::{connect, quoted};
use crate::{
    start::{StartError, Stop, one_line},
    values::{DatabaseUrl, Region},
};

/// The oldest server, as PostgreSQL numbers them.
const OLDEST_SERVER: i32 = 140_000;

/// "dialnexa" in ASCII: the advisory lock of whoever prepares a deployment.
const LOCK: i64 = 0x6469_616c_6e65_7861;

/// How long to wait for another program that prepares the same deployment, in seconds.
const LOCK_PATIENCE: u64 = 300;

/// What a database is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Accounts, people, keys, money, limits.
    Control,
    /// The call content of a region.
    Region(Region),
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Control => f.write_str("control"),
            Self::Region(region) => write!(f, "region {region}"),
        }
    }
}

/// What the deployment keeps in its control database, where only the owner reads it.
pub(super) struct Kept {
    pub(super) deployment: String,
    pub(super) app_password: String,
    pub(super) secret: [u8; 32],
}

/// A database, opened by its owner.
pub(super) struct Owned {
    url: DatabaseUrl,
    pub(super) connection: PgConnection,
}

#[derive(diesel::QueryableByName)]
struct Is {
    #[diesel(sql_type = Bool)]
    so: bool,
}

#[derive(diesel::QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    value: String,
}

#[derive(diesel::QueryableByName)]
struct Server {
    #[diesel(sql_type = Integer)]
    version: i32,
    #[diesel(sql_type = Text)]
    encoding: String,
    #[diesel(sql_type = Bool)]
    owned: bool,
}

impl Owned {
    /// Opens the database, creating it if it is missing.
    pub(super) fn open(url: &DatabaseUrl, stop: &Stop) -> Result<Self, StartError> {
        stop.check()?;
        let connection = match connect(url) {
            Ok(connection) => connection,
            Err(error) => {
                create(url, error)?;
                connect(url)?
            }
        };
        let mut database = Self { url: url.clone(), connection };
        database.check()?;
        Ok(database)
    }

    /// Its address, as the owner.
    pub(super) fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// Runs statements that are ours, not a person's.
    pub(super) fn execute(&mut self, statements: &str) -> Result<(), StartError> {
        let done = self.connection.batch_execute(statements);
        done.map_err(|error| self.refused(&error))
    }

    /// Whether `condition`, in which `$1` is `value`, holds.
    pub(super) fn holds(&mut self, condition: &str, value: &str) -> Result<bool, StartError> {
        let found = sql_query(format!("SELECT coalesce(({condition}), false) AS so"))
            .bind::<Text, _>(value)
            .get_result::<Is>(&mut self.connection);
        found.map(|is| is.so).map_err(|error| self.refused(&error))
    }

    /// What a failed statement tells the person who starts the program.
    pub(super) fn refused(&self, error: &diesel::result::Error) -> StartError {
        StartError::Database(format!("{}: {}", self.url.shown(), one_line(&error.to_string())))
    }

    /// Waits until no other program prepares this deployment. The lock ends with the connection.
    pub(super) fn lock(&mut self, stop: &Stop) -> Result<(), StartError> {
        for _ in 0..LOCK_PATIENCE * 10 {
            if self.holds(&format!("pg_try_advisory_lock({LOCK}) AND $1 = ''"), "")? {
                return Ok(());
            }
            stop.check()?;
            thread::sleep(Duration::from_millis(100));
        }
        let shown = self.url.shown();
        Err(StartError::Database(format!("{shown}: another program has been preparing it for too long")))
    }

    /// Reads what the deployment keeps, making it at the first start.
    pub(super) fn secrets(&mut self) -> Result<Kept, StartError> {
        self.execute(
            "CREATE SCHEMA IF NOT EXISTS deployment;
             REVOKE ALL ON SCHEMA deployment FROM PUBLIC;
             CREATE TABLE IF NOT EXISTS deployment.secrets (name text PRIMARY KEY, value text NOT NULL);
             REVOKE ALL ON deployment.secrets FROM PUBLIC;",
        )?;
        let deployment = self.kept("deployment")?;
        let app_password = self.kept("app_password")?;
        let secret = self.kept("secret")?;
        let bytes = HEXLOWER.decode(secret.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        let secret = bytes.ok_or_else(|| {
            let shown = self.url.shown();
            StartError::Database(format!(
                "{shown}: the secret in deployment.secrets is not 64 hexadecimal digits"
            ))
        })?;
        Ok(Kept { deployment, app_password, secret })
    }

    /// A kept value; 32 random bytes in hexadecimal when there is none yet.
    fn kept(&mut self, name: &str) -> Result<String, StartError> {
        let mut random = [0; 32];
        getrandom::fill(&mut random)
            .map_err(|error| StartError::Database(format!("no random numbers: {error}")))?;
        let read = |connection: &mut PgConnection| -> QueryResult<Found> {
            sql_query("INSERT INTO deployment.secrets (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                .bind::<Text, _>(name)
                .bind::<Text, _>(HEXLOWER.encode(&random))
                .execute(connection)?;
            sql_query("SELECT value FROM deployment.secrets WHERE name = $1")
                .bind::<Text, _>(name)
                .get_result(connection)
        };
        read(&mut self.connection).map(|found| found.value).map_err(|error| self.refused(&error))
    }

    /// Marks the database as this deployment's for this purpose, and refuses one that is marked otherwise: two
    /// swapped addresses must not mix the data of two regions.
    pub(super) fn claim(&mut self, deployment: &str, purpose: &Purpose) -> Result<(), StartError> {
        self.execute(
            "CREATE SCHEMA IF NOT EXISTS deployment;
             REVOKE ALL ON SCHEMA deployment FROM PUBLIC;
             CREATE TABLE IF NOT EXISTS deployment.facts (name text PRIMARY KEY, value text NOT NULL);
             REVOKE ALL ON deployment.facts FROM PUBLIC;",
        )?;
        for (name, wanted) in [("deployment", deployment), ("purpose", &purpose.to_string())] {
            match self.fact(name)? {
                None => self.set_fact(name, wanted)?,
                Some(found) if found == wanted => {}
                Some(found) => {
                    let what = if name == "purpose" { found } else { "another deployment".to_owned() };
                    let shown = self.url.shown();
                    return Err(StartError::Database(format!(
                        "{shown} holds the data of {what} and cannot become {purpose} of this one"
                    )));
                }
            }
        }
        Ok(())
    }

    /// What is noted in the database under this name.
    pub(super) fn fact(&mut self, name: &str) -> Result<Option<String>, StartError> {
        let found = sql_query("SELECT value FROM deployment.facts WHERE name = $1")
            .bind::<Text, _>(name)
            .get_result::<Found>(&mut self.connection)
            .optional();
        found.map(|found| found.map(|found| found.value)).map_err(|error| self.refused(&error))
    }

    /// Notes a fact in the database.
    pub(super) fn set_fact(&mut self, name: &str, value: &str) -> Result<(), StartError> {
        let done = sql_query(
            "INSERT INTO deployment.facts (name, value) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind::<Text, _>(name)
        .bind::<Text, _>(value)
        .execute(&mut self.connection);
        done.map(drop).map_err(|error| self.refused(&error))
    }

    /// Only the program's role connects, and what it becomes may use, not create in, the schema `public`.
    pub(super) fn restrict_to(&mut self, role: &str, groups: &[&str]) -> Result<(), StartError> {
        let name = quoted(self.url.database().unwrap_or_default());
        let role_name = quoted(role);
        let groups = groups.join(", ");
        let done = self.connection.transaction(|connection| {
            connection.batch_execute(&format!(
                "REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC;
                 GRANT CONNECT ON DATABASE {name} TO {role_name};
                 REVOKE CREATE ON SCHEMA public FROM PUBLIC;
                 GRANT USAGE ON SCHEMA public TO {groups};"
            ))
        });
        done.map_err(|error: diesel::result::Error| self.refused(&error))?;
        if self.holds("has_schema_privilege($1, 'public', 'CREATE')", role)? {
            let shown = self.url.shown();
            let why = "everybody may create in the schema public, and its owner must revoke that";
            return Err(StartError::Database(format!("{shown}: {why}")));
        }
        Ok(())
    }

    fn check(&mut self) -> Result<(), StartError> {
        let server = sql_query(
            "SELECT current_setting('server_version_num')::int AS version, getdatabaseencoding()::text AS encoding,
                    pg_has_role(datdba, 'USAGE') AS owned
             FROM pg_database WHERE datname = current_database()",
        )
        .get_result::<Server>(&mut self.connection)
        .map_err(|error| self.refused(&error))?;
        let shown = self.url.shown();
        let wrong = if server.version < OLDEST_SERVER {
            format!("PostgreSQL {} or newer is needed", OLDEST_SERVER / 10_000)
        } else if server.encoding != "UTF8" {
            format!("the database must be in UTF8, and is in {}", server.encoding)
        } else if !server.owned {
            "the login must own the database".to_owned()
        } else {
            return Ok(());
        };
        Err(StartError::Database(format!("{shown}: {wrong}")))
    }
}

/// Creates a database that could not be opened, if the server answers elsewhere and does not have it;
/// otherwise `error` stands.
fn create(url: &DatabaseUrl, error: StartError) -> Result<(), StartError> {
    let name = url.database().unwrap_or_default();
    let Ok(mut maintenance) = connect(&url.with_database("postgres")) else { return Err(error) };
    let there = |connection: &mut PgConnection| {
        let rows = sql_query("SELECT true AS so FROM pg_database WHERE datname = $1").bind::<Text, _>(name);
        rows.get_result::<Is>(connection).optional().map(|found| found.is_some())
    };
    match there(&mut maintenance) {
        // Somebody has made it meanwhile, or opening it again gives the reason.
        Ok(true) => return Ok(()),
        Ok(false) => {}
        Err(_) => return Err(error),
    }
    let statement = format!("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0", quoted(name));
    match maintenance.batch_execute(&statement) {
        Ok(()) => Ok(()),
        // Somebody else may have been faster.
        Err(_) if there(&mut maintenance).unwrap_or(false) => Ok(()),
        Err(refusal) => Err(StartError::Database(format!(
            "{} does not exist and cannot be created: {}",
            url.shown(),
            one_line(&refusal.to_string())
        ))),
    }
}
