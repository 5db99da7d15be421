//! A write of somebody about themselves, outside of any account: signing in and out, a
//! new password. The log of each account they belong to tells of it (`trust.md` S18).

use std::sync::Arc;

use diesel::{PgConnection, prelude::*};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    error::Error,
    schema::control::{memberships, sub_accounts},
    values::{AccountId, OrganizationId, SessionId, SubAccountId, SubAccountStatus, UserId},
};

use super::{
    Access, GateTx, authenticate,
    change::{Author, Event, append},
    pools::connection,
    principal::{Principal, RequestFacts},
    tx::{DatabaseRole, enter_gate, enter_gate_role, enter_tenant, transaction},
};

/// The result of a write of somebody about themselves, with what the logs tell of it.
#[derive(Debug)]
pub struct Deed<T> {
    value: T,
    told: Option<(&'static str, Value)>,
}

impl<T> Deed<T> {
    /// A write that `action`, such as `person.signed_in`, tells of; never with a secret in
    /// the details.
    pub fn new(value: T, action: &'static str, details: Value) -> Self {
        Self { value, told: Some((action, details)) }
    }

    /// Nothing was changed, so there is nothing to tell.
    pub fn none(value: T) -> Self {
        Self { value, told: None }
    }
}

impl Access {
    /// A write of `user` about themselves: it and its entry in the log of each account they
    /// belong to are kept together or not at all. Who belongs to none has no log.
    ///
    /// # Errors
    /// Those of `work`; [`Error::Busy`] when no connection is free in time.
    pub async fn write_of_person<T: Send + 'static>(
        self: &Arc<Self>,
        user: UserId,
        request: RequestFacts,
        work: impl FnOnce(&mut GateTx<'_>) -> Result<Deed<T>, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.run(move |access| {
            // Not a connection of the gate: a log's head may be waited for.
            let mut pooled = connection(&access.control)?;
            transaction(&mut pooled, false, |c| {
                enter_gate_role(c)?;
                enter_gate(c, Some(user.uuid()))?;
                let Deed { value, told } = work(&mut GateTx::new(c))?;
                if let Some((action, details)) = told {
                    tell(c, user, &request, action, &details)?;
                }
                Ok(value)
            })
        })
        .await
    }
}

/// Adds an entry to the log of each account that the gate's person belongs to.
fn tell(
    connection: &mut PgConnection,
    user: UserId,
    request: &RequestFacts,
    action: &'static str,
    details: &Value,
) -> Result<(), Error> {
    let logs = logs(connection)?;
    if logs.is_empty() {
        return Ok(());
    }
    let person = authenticate::person(connection, user, SessionId::new())?;
    let name = person.name.clone();
    let principal = Principal::Member(person);
    for (organization, account) in logs {
        enter_tenant(connection, DatabaseRole::Tenant, organization, account)?;
        let event = Event {
            account,
            action,
            object: name.clone(),
            object_id: user.to_string(),
            details: details.clone(),
        };
        append(connection, Author::unbranded(&principal, account, request), event)?;
    }
    Ok(())
}

/// The accounts that the gate's person belongs to, in the order in which logs are locked.
/// The log of a sub-account that is being erased stays closed.
fn logs(connection: &mut PgConnection) -> Result<Vec<(OrganizationId, AccountId)>, Error> {
    // Row-level security shows the gate the memberships of its person alone.
    let mut logs: Vec<(OrganizationId, AccountId)> = memberships::table
        .left_join(
            sub_accounts::table.on(sub_accounts::organization_id
                .eq(memberships::organization_id)
                .and(memberships::account_id.eq(sub_accounts::sub_account_id))),
        )
        .select((
            memberships::organization_id,
            memberships::account_id,
            (sub_accounts::sub_account_id, sub_accounts::status).nullable(),
        ))
        .load::<(OrganizationId, Uuid, Option<(SubAccountId, SubAccountStatus)>)>(connection)?
        .into_iter()
        .filter_map(|(organization, account, beneath)| match beneath {
            Some((_, SubAccountStatus::Deleting)) => None,
            Some((sub_account, _)) => Some((organization, sub_account.into())),
            None => (account == organization.uuid()).then(|| (organization, organization.into())),
        })
        .collect();
    logs.sort_unstable_by_key(|(_, account)| *account);
    Ok(logs)
}
