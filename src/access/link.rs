//! Coming by the link of an invitation (`trust.md` S13): before one is a member of the
//! account that it leads to, and perhaps before one is anybody.

use std::sync::Arc;

use diesel::{OptionalExtension, PgConnection, prelude::*};
use uuid::Uuid;

use crate::{
    error::Error,
    schema::control::invitation_letters,
    values::{AccountId, InvitationId, OrganizationId, Secret},
};

use super::{
    Access, Change, GateTx,
    change::Author,
    pools::connection,
    principal::{Person, Principal, RequestFacts},
    tx::{DatabaseRole, enter_gate_by_link, enter_gate_role, enter_tenant, transaction},
};

/// A transaction in the account that an invitation's link leads to, of whoever holds the
/// link. The account is the one of the invitation's own row, never one that was asked for.
pub struct LinkTx<'t> {
    connection: &'t mut PgConnection,
    organization: OrganizationId,
    account: AccountId,
    invitation: InvitationId,
    holder: Option<Person>,
}

impl LinkTx<'_> {
    /// The connection, for the domain's queries in the account.
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        self.connection
    }

    /// The root of the tenant tree.
    pub fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// The account that the link leads to.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The invitation that the link belongs to.
    pub fn invitation(&self) -> InvitationId {
        self.invitation
    }

    /// Says who the holder is: in whose name the log tells what they do.
    pub fn is(&mut self, person: Person) {
        self.holder = Some(person);
    }

    /// Runs `work` at the gate, in the same transaction: where people are who belong to no
    /// account yet.
    pub(crate) fn at_gate<T>(
        &mut self,
        work: impl FnOnce(&mut GateTx<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        enter_gate_role(self.connection)?;
        let result = work(&mut GateTx::new(self.connection))?;
        enter_tenant(self.connection, DatabaseRole::Tenant, self.organization, self.account)?;
        Ok(result)
    }

    /// Runs `work` in the organization's own account, in the same transaction: where the
    /// rights of a parent's people and keys are.
    pub(crate) fn above<T>(
        &mut self,
        work: impl FnOnce(&mut PgConnection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        enter_tenant(self.connection, DatabaseRole::Tenant, self.organization, self.organization.into())?;
        let result = work(self.connection)?;
        enter_tenant(self.connection, DatabaseRole::Tenant, self.organization, self.account)?;
        Ok(result)
    }
}

impl Access {
    /// A transaction by the link of an invitation: what it changes and the audit entries of
    /// that are kept together or not at all.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such link; those of `work`; [`Error::Busy`] when
    /// no connection is free in time.
    pub async fn by_link<T: Send + 'static>(
        self: &Arc<Self>,
        link: &Secret,
        request: RequestFacts,
        work: impl FnOnce(&mut LinkTx<'_>) -> Result<Change<T>, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let hash = link.hash();
        self.run(move |access| {
            let mut pooled = connection(&access.control)?;
            transaction(&mut pooled, false, |c| {
                enter_gate_role(c)?;
                enter_gate_by_link(c, &hash)?;
                let (organization, account, invitation) = invitation_letters::table
                    .filter(invitation_letters::token_hash.eq(&hash))
                    .select((
                        invitation_letters::organization_id,
                        invitation_letters::account_id,
                        invitation_letters::invitation_id,
                    ))
                    .first::<(OrganizationId, Uuid, InvitationId)>(c)
                    .optional()?
                    .ok_or(Error::NotFound)?;
                let account = AccountId::of_row(organization, account);
                enter_tenant(c, DatabaseRole::Tenant, organization, account)?;
                let mut tx = LinkTx { connection: c, organization, account, invitation, holder: None };
                let change = work(&mut tx)?;
                let principal =
                    tx.holder.take().map_or(Principal::Platform("invitations"), Principal::Member);
                let author = Author::unbranded(&principal, account, &request);
                change.keep(c, DatabaseRole::Tenant, organization, account, author)
            })
        })
        .await
    }
}
