//! The connections. They are private to `access`: nobody else can reach a database
//! without saying which tenant they are.

use std::time::Duration;

use diesel::{
    PgConnection, RunQueryDsl,
    r2d2::{ConnectionManager, CustomizeConnection, Pool, PooledConnection},
};

use crate::error::Error;

use super::tx::{DatabaseRole, set_config};

pub(super) type Connections = Pool<ConnectionManager<PgConnection>>;
pub(super) type Pooled = PooledConnection<ConnectionManager<PgConnection>>;

/// How long a request waits for a connection before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(3);

/// What each connection begins with: limits, so that one slow statement or a forgotten
/// transaction cannot hold a place for long (`trust.md` R8), and for some a group role
/// that they keep.
#[derive(Debug)]
struct Beginning {
    role: Option<DatabaseRole>,
}

impl CustomizeConnection<PgConnection, diesel::r2d2::Error> for Beginning {
    fn on_acquire(&self, connection: &mut PgConnection) -> Result<(), diesel::r2d2::Error> {
        let settings = [
            ("statement_timeout", "15s"),
            ("lock_timeout", "5s"),
            ("idle_in_transaction_session_timeout", "30s"),
            // Statements are few and alike: planning them anew each time, policies
            // included, costs more than running them.
            ("plan_cache_mode", "force_generic_plan"),
            ("jit", "off"),
        ];
        let role = self.role.map(|role| ("role", role.name()));
        for (name, value) in settings.into_iter().chain(role) {
            diesel::select(set_config(name, value, false))
                .execute(connection)
                .map_err(diesel::r2d2::Error::QueryError)?;
        }
        Ok(())
    }
}

/// Connections to the database at `url`, `size` at most, opened as they are needed; in
/// `role` for good, or in none.
pub(super) fn connect(url: &str, size: u32, role: Option<DatabaseRole>) -> Result<Connections, Error> {
    Pool::builder()
        .max_size(size)
        .min_idle(Some(1))
        .connection_timeout(PATIENCE)
        .connection_customizer(Box::new(Beginning { role }))
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
