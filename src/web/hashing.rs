//! Where passwords are hashed: beside the rest, few at a time, so that a flood of
//! sign-ins starves no other page (`trust.md` S14).

use std::time::Duration;

use actix_web::web;
use tokio::{sync::Semaphore, time::timeout};

use crate::error::Error;

/// How many at a time.
const AT_ONCE: usize = 2;
/// How long one waits for a turn before being told to come back.
const PATIENCE: Duration = Duration::from_secs(10);

/// Turns at hashing a password.
pub struct Hashing(Semaphore);

impl Default for Hashing {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

impl Hashing {
    /// Does `work` when it is its turn, where waiting is allowed.
    ///
    /// # Errors
    /// [`Error::Busy`] when the turn does not come in time.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let turn = timeout(PATIENCE, self.0.acquire()).await.map_err(|_| Error::Busy)?;
        let _turn = turn.map_err(Error::internal)?;
        web::block(work).await.map_err(Error::internal)
    }
}
