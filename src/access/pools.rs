//! The connections. They are private to `access`: nobody else can reach a database
//! without saying which tenant they are.

use std::time::Duration;

use diesel::{
    PgConnection, RunQueryDsl,
    r2d2::{ConnectionManager, CustomizeConnection, Pool, PooledConnection},
};

use crate::error::Error;

pub(super) type Connections = Pool<ConnectionManager<PgConnection>>;
pub(super) type Pooled = PooledConnection<ConnectionManager<PgConnection>>;

/// How long a request waits for a connection before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(3);

/// Limits on each connection, so that one slow statement or a forgotten transaction
/// cannot hold a place for long (`trust.md` R8).
#[derive(Debug)]
struct TimeLimits;

impl CustomizeConnection<PgConnection, diesel::r2d2::Error> for TimeLimits {
    fn on_acquire(&self, connection: &mut PgConnection) -> Result<(), diesel::r2d2::Error> {
        // SET takes no typed form in the DSL.
        for limit in [
            "SET statement_timeout = '15s'",
            "SET lock_timeout = '5s'",
            "SET idle_in_transaction_session_timeout = '30s'",
        ] {
            diesel::sql_query(limit).execute(connection).map_err(diesel::r2d2::Error::QueryError)?;
        }
        Ok(())
    }
}

/// Connections to the database at `url`, `size` at most, opened as they are needed.
pub(super) fn connect(url: &str, size: u32) -> Result<Connections, Error> {
    Pool::builder()
        .max_size(size)
        .min_idle(Some(1))
        .connection_timeout(PATIENCE)
        .connection_customizer(Box::new(TimeLimits))
        .build(ConnectionManager::new(url))
        .map_err(Error::internal)
}

/// A connection, or [`Error::Busy`] when none came free in time.
pub(super) fn connection(pool: &Connections) -> Result<Pooled, Error> {
    pool.get().map_err(|error| {
        tracing::warn!(%error, "no database connection in time");
        Error::Busy
    })
}
