//! Keeps the counters of the last 30 days true as days pass.

use std::sync::Arc;

use crate::{
    access::{Access, permission::ManageSubAccounts},
    domain::usage,
    error::Error,
};

/// Refreshes one organization's counters; tells whether any were due.
pub async fn refresh_one(access: &Arc<Access>) -> Result<bool, Error> {
    let Some((organization, region)) = access.gate(None, usage::due).await? else { return Ok(false) };
    let scope =
        access.scope_of_job::<ManageSubAccounts>("counters", organization, organization.into(), region)?;
    let counters = scope.overview(usage::counters).await?;
    scope.write(move |tx| usage::refresh(tx, &counters)).await?;
    Ok(true)
}
