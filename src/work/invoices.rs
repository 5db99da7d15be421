//! Issues invoices as their months end, for whoever is due (`domain.md` 4.8).

use std::sync::Arc;

use time::OffsetDateTime;

use crate::{
    access::{Access, Scope, permission::ManageSubAccounts},
    domain::billing::invoices::{
        Month, Platform,
        due::{self, Due},
        issue::{self, Outcome},
    },
    error::Error,
    values::{AccountId, OrganizationId},
};

/// Serves one account that is due; tells whether there was one.
pub async fn issue_some(access: &Arc<Access>, platform: &Arc<Platform>) -> Result<bool, Error> {
    let Some(Due { organization, account }) = access.gate(None, due::claim).await? else { return Ok(false) };
    let scope = scope(access, organization)?;
    let now = OffsetDateTime::now_utc();
    let mut outcomes = Vec::new();
    for month in due::months(now) {
        outcomes.push(issue_one(&scope, account, month, platform).await?);
    }
    scope.write(move |tx| due::finish(tx, account, &outcomes, now)).await?;
    Ok(true)
}

/// The platform's scope in an organization, over all its accounts.
fn scope(access: &Arc<Access>, organization: OrganizationId) -> Result<Scope<ManageSubAccounts>, Error> {
    access.scope_anywhere("invoices", organization, organization.into())
}

/// Issues the invoice of one account for one month, in a transaction of its own.
async fn issue_one(
    scope: &Scope<ManageSubAccounts>,
    account: AccountId,
    month: Month,
    platform: &Arc<Platform>,
) -> Result<Outcome, Error> {
    let platform = platform.clone();
    let now = OffsetDateTime::now_utc();
    scope.write(move |tx| issue::issue(tx, account, month, &platform, now)).await
}
