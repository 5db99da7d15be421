//! Who belongs to the accounts of the demo world.

use crate::{
    access::{Change, OperatorTx},
    domain::{identity::passwords, operator},
    error::Error,
    values::{AccountId, OrganizationId, UserId},
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
