//! Brings phone numbers that were bought, or given back, to where a crash kept them from
//! going.

use std::sync::Arc;

use crate::{access::Access, domain::numbers::inventory, error::Error};

/// Finishes some moves; tells whether there were any.
pub async fn settle_some(access: &Arc<Access>) -> Result<bool, Error> {
    inventory::settle_left_behind(access).await
}
