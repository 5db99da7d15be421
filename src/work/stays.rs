//! Closes stays by Access Dashboard whose time or session is over.

use std::sync::Arc;

use crate::{
    access::{Access, permission::Administer},
    domain::delegations,
    error::Error,
};

/// Closes some stays that are over; tells whether there were any.
pub async fn close_some(access: &Arc<Access>) -> Result<bool, Error> {
    let stays = access.gate(None, delegations::over).await?;
    for stay in &stays {
        let stay = *stay;
        let region = access.regions().next().cloned().ok_or_else(|| Error::internal("no region"))?;
        access
            .scope_of_job::<Administer>("expiry", stay.organization, stay.sub_account.into(), region)?
            .write(move |tx| delegations::close(tx, stay))
            .await?;
    }
    Ok(!stays.is_empty())
}
