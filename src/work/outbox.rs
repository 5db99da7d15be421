//! Relays audit entries of changes in a region that a crash left behind.

use std::sync::Arc;

use crate::{access::Access, error::Error};

/// Relays some; tells whether there were any.
pub async fn relay_some(access: &Arc<Access>) -> Result<bool, Error> {
    access.relay_left_behind().await
}
