//! Migrations, run so that they never hold up those who are at work.

use std::{
    thread,
    time::{Duration, Instant},
};

use diesel::{
    migration::{Migration, MigrationSource, MigrationVersion},
    pg::Pg,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::databases::{Owned, Purpose};
use crate::start::{StartError, Stop, one_line};

const CONTROL: EmbeddedMigrations = embed_migrations!("migrations/control");
const REGION: EmbeddedMigrations = embed_migrations!("migrations/region");

/// The oldest newest-known migration of a program that still works beside this one. Migrations are additive, so
/// that an older program goes on working and can be returned to; a migration that ends that raises this to the
/// version of the newest migration before which a program is too old.
const CONTROL_WORKS_FROM: &str = "0";
const REGION_WORKS_FROM: &str = "0";

/// How long a migration waits for a lock, while everybody queues behind it.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// How often it tries again.
const ATTEMPTS: u32 = 30;

/// Brings the database to this program's version.
pub(super) fn run(database: &mut Owned, purpose: &Purpose, stop: &Stop) -> Result<(), StartError> {
    let (source, works_from): (fn() -> EmbeddedMigrations, _) = match purpose {
        Purpose::Control => (|| CONTROL, CONTROL_WORKS_FROM),
        Purpose::Region(_) => (|| REGION, REGION_WORKS_FROM),
    };
    let shown = database.url().shown();
    let failed = |error: &dyn std::fmt::Display| {
        StartError::Migration(format!("migrating {shown}: {}", one_line(&error.to_string())))
    };
    let known: Vec<Box<dyn Migration<Pg>>> = source().migrations().map_err(|error| failed(&error))?;
    let mut known: Vec<_> = known.iter().map(|migration| migration.name().version().as_owned()).collect();
    known.sort();
    let applied = database.connection.applied_migrations().map_err(|error| failed(&error))?;
    if applied.iter().any(|version| !known.contains(version)) {
        return beside_newer(database, known.last());
    }
    if known.iter().all(|version| applied.contains(version)) {
        return Ok(());
    }
    database.execute(&format!("SET lock_timeout = {}", LOCK_TIMEOUT.as_millis()))?;
    for attempt in 1..=ATTEMPTS {
        stop.check()?;
        let since = Instant::now();
        match database.connection.run_pending_migrations(source()) {
            Ok(done) => {
                tracing::info!("{shown}: {} migrations done", done.len());
                break;
            }
            Err(error) => {
                let held_up = error.to_string().contains("lock timeout") || since.elapsed() >= LOCK_TIMEOUT;
                if !held_up || attempt == ATTEMPTS {
                    return Err(failed(&error));
                }
                tracing::warn!("{shown}: a migration waits for others to finish");
                thread::sleep(Duration::from_millis(u64::from(200 * attempt.min(10))));
            }
        }
    }
    database.execute("RESET lock_timeout")?;
    database.set_fact("works_from", works_from)
}

/// Goes on beside a newer program's database if that program said that it may.
fn beside_newer(database: &mut Owned, newest: Option<&MigrationVersion<'static>>) -> Result<(), StartError> {
    let shown = database.url().shown();
    let works_from = database.fact("works_from")?.unwrap_or_else(|| "0".to_owned());
    let newest = newest.map(ToString::to_string).unwrap_or_default();
    if newest < works_from {
        return Err(StartError::TooNew(format!(
            "{shown} was migrated by a newer program (this one knows {newest}, {works_from} is needed): start the \
             newer one"
        )));
    }
    tracing::warn!("{shown} was migrated by a newer program; this one works beside it");
    Ok(())
}
