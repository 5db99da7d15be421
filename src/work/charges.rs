//! Posts what calls came to that organizations pay for, many at a time.

use std::sync::Arc;

use crate::{
    access::{Access, Change, permission::RecordCalls},
    domain::billing::charges,
    error::Error,
    values::OrganizationId,
};

/// As many charges are posted by one transaction: their organization's wallet is locked meanwhile.
const MOST: i64 = 1_000;
/// From so many on, more are posted at once. Few at a time would lock the wallet as often as if each
/// were posted by itself.
const MANY: usize = 500;

/// Posts some charges of every organization that has any, so that none waits for another; tells
/// whether many may be left.
pub async fn post_some(access: &Arc<Access>) -> Result<bool, Error> {
    let mut are_many = false;
    for organization in access.gate(None, charges::due).await? {
        match post(access, organization).await {
            Ok(posted) => are_many |= posted >= MANY,
            Err(error) => tracing::warn!(%organization, %error, "charges are posted later"),
        }
    }
    Ok(are_many)
}

async fn post(access: &Arc<Access>, organization: OrganizationId) -> Result<usize, Error> {
    let scope = access.scope_anywhere::<RecordCalls>("charges", organization, organization.into())?;
    scope.write(|tx| charges::post_some(tx, MOST).map(Change::none)).await
}
