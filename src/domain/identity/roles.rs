//! What the roles of an account are, and who may give which (`domain.md` 5.2, 5.3).

use crate::{
    access::principal::{Asker, Standing},
    error::Error,
    values::{AccountId, Role},
};

/// The roles that an account knows, the greatest first.
pub fn known_in(account: AccountId) -> &'static [Role] {
    match account {
        AccountId::Organization(_) => &[Role::Owner, Role::Admin, Role::Viewer],
        AccountId::SubAccount(_) => Role::ALL,
    }
}

/// What a role is called where it is held.
pub fn label(role: Role, account: AccountId) -> &'static str {
    match (account, role) {
        (AccountId::Organization(_), Role::Admin) => "Org Admin",
        (AccountId::Organization(_), Role::Viewer) => "Org Viewer",
        _ => role.label(),
    }
}

/// What a role can do, in words (`trust.md` U18).
pub fn words(role: Role, account: AccountId) -> &'static str {
    match (account, role) {
        (AccountId::Organization(_), Role::Owner) => "Everything, billing included. There is exactly one.",
        (AccountId::Organization(_), Role::Admin) => {
            "Manages members, workspaces and sub-accounts, and sees balances. Cannot change billing or delete \
             the organization."
        }
        (AccountId::Organization(_), _) => {
            "Reads the organization’s own agents, calls and numbers. Changes nothing and sees no sub-accounts."
        }
        (AccountId::SubAccount(_), Role::Owner) => {
            "Everything, billing and ownership included. There is exactly one."
        }
        (AccountId::SubAccount(_), Role::Admin) => {
            "Manages agents, numbers, calls, API keys, members and settings. Does not see billing."
        }
        (AccountId::SubAccount(_), Role::Member) => {
            "Creates and edits agents, makes test calls and plays recordings. Deletes nothing and manages nobody."
        }
        (AccountId::SubAccount(_), Role::Viewer) => {
            "Reads agents, calls and numbers. Changes nothing and plays no recordings."
        }
    }
}

/// The greatest role that somebody may give: never more than their own. Only a parent, on
/// its own pages or by its key, may name the first owner of a sub-account; inside one, by
/// Access Dashboard, it never touches ownership (`domain.md` 2.5).
pub fn greatest_given_by(asker: &Asker) -> Option<Role> {
    match asker.standing {
        Standing::Organization(role) | Standing::SubAccount(role) => {
            matches!(role, Role::Owner | Role::Admin).then_some(role)
        }
        Standing::ParentAdministrator if asker.principal.delegation().is_some() => Some(Role::Admin),
        Standing::ParentAdministrator | Standing::Platform => Some(Role::Owner),
        Standing::Key => Some(Role::Admin),
        Standing::WorkspaceKey => None,
    }
}

fn unavailable(message: impl Into<String>) -> Error {
    Error::Conflict { code: "role_unavailable", message: message.into() }
}

/// Reads the word of a role.
///
/// # Errors
/// [`Error::Invalid`] on `role`, naming the roles that `account` knows.
pub fn parse(text: &str, account: AccountId) -> Result<Role, Error> {
    text.parse().map_err(|_| Error::invalid("role", format!("Choose a role: {}.", names(account))))
}

fn names(account: AccountId) -> String {
    known_in(account).iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")
}

/// Checks that somebody may give `role` where they are.
///
/// # Errors
/// [`Error::Conflict`] with code `role_unavailable` when the account knows no such role, or
/// when it is more than the asker's own.
pub fn check_given(asker: &Asker, role: Role) -> Result<(), Error> {
    let account = asker.account.id;
    if !known_in(account).contains(&role) {
        return Err(unavailable(format!("The roles of an organization are: {}.", names(account))));
    }
    if role == Role::Owner && matches!(account, AccountId::Organization(_)) {
        return Err(unavailable("Nobody is made the owner of an organization: it has exactly one."));
    }
    // Roles are in the order of what they may, the greatest first.
    if greatest_given_by(asker).is_some_and(|greatest| greatest <= role) {
        return Ok(());
    }
    Err(unavailable(match role {
        Role::Owner => "You cannot give the role Owner.",
        _ => "You cannot give a role that may more than your own.",
    }))
}
