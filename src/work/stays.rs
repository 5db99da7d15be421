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
        access
            .scope_anywhere::<Administer>("expiry", stay.organization, stay.sub_account.into())?
            .write(move |tx| delegations::close(tx, stay))
            .await?;
    }
    Ok(!stays.is_empty())
}
