//! Posts what calls came to that organizations pay for, many at a time.

use std::sync::Arc;

use crate::{
    access::{Access, Change, permission::RecordCalls},
    domain::billing::charges,
    error::Error,
};

/// As many charges are posted by one transaction: their organization's wallet is locked meanwhile.
const MOST: i64 = 1_000;

/// Posts some charges of one organization; tells whether more may wait.
pub async fn post_some(access: &Arc<Access>) -> Result<bool, Error> {
    let Some((organization, region)) = access.gate(None, charges::due).await? else { return Ok(false) };
    let scope = access.scope_of_job::<RecordCalls>("charges", organization, organization.into(), region)?;
    let posted = scope.write(move |tx| charges::post_some(tx, MOST).map(Change::none)).await?;
    // Few at a time would lock the wallet as often as if each were posted by itself.
    Ok(posted >= MOST_AT_ONCE)
}

/// From so many on, more are posted at once.
const MOST_AT_ONCE: usize = 500;
