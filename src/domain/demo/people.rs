//! Who belongs to the accounts of the demo world.

use std::sync::Arc;

use diesel::prelude::*;

use crate::{
    access::{Access, Change, OperatorTx, permission::Administer},
    domain::{
        idempotency::{self, IdempotencyKey},
        identity::{
            invitations::{self, NewInvitation},
            passwords,
        },
        operator,
    },
    error::Error,
    schema::control::invitation_letters,
    values::{AccountId, OrganizationId, Role, UserId},
};

use super::{
    Loading,
    world::{Member, PASSWORD},
};

/// Whose members can sign in: everybody else stands in lists only.
const WITH_PASSWORD: [&str; 4] = ["northwind", "southwind", "eastgate", "acme"];

impl Loading {
    /// Makes people and their memberships, unless they are there; the owner comes first.
    pub(super) async fn members(
        &self,
        organization: OrganizationId,
        account: AccountId,
        domain: &'static str,
        members: &'static [Member],
    ) -> Result<Vec<UserId>, Error> {
        let mut ids = Vec::new();
        for member in members {
            let ensure = move |tx: &mut OperatorTx<'_>| ensure(tx, domain, member);
            let id = match self.access.operate(organization, account, ensure).await {
                // Another loading made them at the same moment.
                Err(Error::Conflict { .. }) => self.access.operate(organization, account, ensure).await?,
                other => other?,
            };
            ids.push(id);
        }
        Ok(ids)
    }
}

/// Somebody who was invited and has not answered: address, role.
pub(super) type Invited = (&'static str, Role);

/// Invites somebody as `owner` does, once. Nobody reads mail at the addresses of the demo:
/// no letter is sent, unless somebody sends the invitation again.
pub(super) async fn invite(
    access: &Arc<Access>,
    owner: UserId,
    account: AccountId,
    (email, role): Invited,
) -> Result<(), Error> {
    let scope = access.scope_of_member::<Administer>(owner, account).await?;
    let new = NewInvitation::check(email, role.as_str(), account)?;
    scope
        .write(move |tx| {
            let key = IdempotencyKey::parse("key", email)?;
            idempotency::once(tx, "demo.invite", &key, &new, |tx| {
                let invited = invitations::invite(tx, &new)?;
                diesel::update(invitation_letters::table)
                    .filter(invitation_letters::invitation_id.eq(invited.value().id))
                    .set((
                        invitation_letters::sent_at.eq(diesel::dsl::now),
                        invitation_letters::settled_at.eq(diesel::dsl::now),
                    ))
                    .execute(tx.connection())?;
                Ok(invited)
            })
        })
        .await?;
    Ok(())
}

fn ensure(
    tx: &mut OperatorTx<'_>,
    domain: &str,
    (name, local, role): &Member,
) -> Result<Change<UserId>, Error> {
    let email = format!("{local}@{domain}.example");
    let person = match operator::find_person(tx, &email)? {
        Some(id) => Change::none(id),
        None => {
            let password =
                if WITH_PASSWORD.contains(&domain) { Some(passwords::hash(PASSWORD)?) } else { None };
            operator::create_person(tx, &email, name, password)?
        }
    };
    let id = *person.value();
    match operator::add_member(tx, id, *role) {
        Ok(added) => Ok(person.and(added)),
        Err(Error::Conflict { code: "already_member", .. }) => Ok(person),
        Err(error) => Err(error),
    }
}
