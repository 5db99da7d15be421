//! The connections. They are private to `access`: nobody else can reach a database
//! without saying which tenant they are.

use std::{
    ops::{Deref, DerefMut},
    time::{Duration, Instant},
};

use diesel::{
    PgConnection, RunQueryDsl,
    r2d2::{ConnectionManager, CustomizeConnection, ManageConnection, Pool, PooledConnection},
};

use crate::{
    error::Error,
    values::{AccountId, OrganizationId},
};

use super::tx::{DatabaseRole, enter_tenant, set_config, transaction};

pub(super) type Connections = Pool<Manager>;
pub(super) type Pooled = PooledConnection<Manager>;

/// How long a connection is believed to be alive after it was asked: asking at each use
/// costs as much as a small query, and a server that is gone is noticed soon enough.
const BELIEVED: Duration = Duration::from_secs(1);

/// A connection, and when it was last known to be alive.
pub(super) struct Checked {
    connection: PgConnection,
    alive_at: Instant,
}

impl Deref for Checked {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Checked {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

/// Opens connections, and asks now and then whether they are alive.
#[derive(Debug)]
pub(super) struct Manager(ConnectionManager<PgConnection>);

impl ManageConnection for Manager {
    type Connection = Checked;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<Checked, Self::Error> {
        Ok(Checked { connection: self.0.connect()?, alive_at: Instant::now() })
    }

    fn is_valid(&self, checked: &mut Checked) -> Result<(), Self::Error> {
        if checked.alive_at.elapsed() > BELIEVED {
            self.0.is_valid(&mut checked.connection)?;
            checked.alive_at = Instant::now();
        }
        Ok(())
    }

    fn has_broken(&self, checked: &mut Checked) -> bool {
        self.0.has_broken(&mut checked.connection)
    }
}

/// How long a request waits for a connection before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(3);

/// What each connection begins with: limits, so that one slow statement or a forgotten
/// transaction cannot hold a place for long (`trust.md` R8), and for some a group role
/// that they keep.
#[derive(Debug)]
struct Beginning {
    role: Option<DatabaseRole>,
}

impl CustomizeConnection<Checked, diesel::r2d2::Error> for Beginning {
    fn on_acquire(&self, connection: &mut Checked) -> Result<(), diesel::r2d2::Error> {
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
                .execute(&mut connection.connection)
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
        .build(Manager(ConnectionManager::new(url)))
        .map_err(Error::internal)
}

/// A connection, or [`Error::Busy`] when none came free in time.
pub(super) fn connection(pool: &Connections) -> Result<Pooled, Error> {
    pool.get().map_err(|error| {
        tracing::warn!(%error, "no database connection in time");
        Error::Busy
    })
}

/// Runs `work` in a transaction of its own, as `role` in one tenant: the one place where
/// a connection is taken and a tenant set.
pub(super) fn in_tenant<T>(
    pool: &Connections,
    read_only: bool,
    role: DatabaseRole,
    organization: OrganizationId,
    account: AccountId,
    work: impl FnOnce(&mut PgConnection) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut pooled = connection(pool)?;
    transaction(&mut pooled, read_only, |c| {
        enter_tenant(c, role, organization, account)?;
        work(c)
    })
}
