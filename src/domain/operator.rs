//! What the platform's operator does from the command line: organizations, their feature
//! and concurrency, people and their memberships.

use diesel::{OptionalExtension, prelude::*};
use serde_json::json;

use crate::{
    access::{Change, Event, Notice, OperatorTx, Overview},
    error::Error,
    schema::control::{accounts, brands, memberships, organizations, users},
    values::{AccountId, EventKind, Region, Role, UserId},
};

use super::{billing::ledger, workspaces};

/// An organization to be created under the id that the transaction is opened for.
#[derive(Debug, Clone)]
pub struct NewOrganization {
    /// Its name.
    pub name: String,
    /// Where its own call content lives.
    pub region: Region,
    /// ISO 4217; one for all its money.
    pub currency: String,
    /// Calls at the same time, of it and its sub-accounts together.
    pub total_concurrency: i32,
    /// Whether it has the Enterprise feature.
    pub sub_accounts_enabled: bool,
    /// What its sub-accounts see: the product's name and the address of support.
    pub brand: Option<(String, Option<String>)>,
}

/// Whether the organization that the transaction is opened for exists.
pub fn exists(tx: &mut OperatorTx<'_>) -> Result<bool, Error> {
    let organization = tx.organization();
    Ok(diesel::select(diesel::dsl::exists(organizations::table.find(organization)))
        .get_result(tx.connection())?)
}

/// Creates an organization with its first workspace and its ledger.
///
/// # Errors
/// [`Error::Conflict`] with code `organization_exists`.
pub fn create_organization(tx: &mut OperatorTx<'_>, new: &NewOrganization) -> Result<Change<()>, Error> {
    let id = tx.organization();
    if new.total_concurrency < 0 {
        return Err(not_below_zero());
    }
    let created = diesel::insert_into(organizations::table)
        .values((
            organizations::organization_id.eq(id),
            organizations::name.eq(&new.name),
            organizations::region.eq(&new.region),
            organizations::currency.eq(&new.currency),
            organizations::sub_accounts_enabled.eq(new.sub_accounts_enabled),
            organizations::total_concurrency.eq(new.total_concurrency),
        ))
        .on_conflict_do_nothing()
        .execute(tx.connection())?;
    if created == 0 {
        return Err(Error::Conflict {
            code: "organization_exists",
            message: "This organization exists already.".to_owned(),
        });
    }
    diesel::insert_into(accounts::table)
        .values((accounts::organization_id.eq(id), accounts::account_id.eq(id.uuid())))
        .execute(tx.connection())?;
    workspaces::open_first(tx, &new.region)?;
    ledger::open(tx, &new.currency)?;
    if let Some((product_name, support_email)) = &new.brand {
        diesel::insert_into(brands::table)
            .values((
                brands::organization_id.eq(id),
                brands::product_name.eq(product_name),
                brands::support_email.eq(support_email),
            ))
            .execute(tx.connection())?;
    }
    let details = json!({
        "region": new.region,
        "total_concurrency": new.total_concurrency,
        "sub_accounts_enabled": new.sub_accounts_enabled,
    });
    Ok(Change::new((), event(tx, "organization.created", new.name.clone(), details)))
}

/// Gives or takes the Enterprise feature `sub_accounts`. Tells whether anything changed.
///
/// # Errors
/// [`Error::NotFound`] when there is no such organization.
pub fn enable_sub_accounts(tx: &mut OperatorTx<'_>, enabled: bool) -> Result<Change<bool>, Error> {
    let id = tx.organization();
    let (name, before) = organizations::table
        .find(id)
        .select((organizations::name, organizations::sub_accounts_enabled))
        .for_update()
        .first::<(String, bool)>(tx.connection())?;
    if before == enabled {
        return Ok(Change::none(false));
    }
    diesel::update(organizations::table.find(id))
        .set(organizations::sub_accounts_enabled.eq(enabled))
        .execute(tx.connection())?;
    let details = json!({ "feature": "sub_accounts", "before": before, "after": enabled });
    Ok(Change::new(true, event(tx, "organization.feature_changed", name, details)))
}

/// Sets the total concurrency. Tells what it was before.
///
/// # Errors
/// [`Error::Invalid`] on `total_concurrency` when less is wished than is shared out or in
/// use.
pub fn set_total_concurrency(tx: &mut OperatorTx<'_>, total: i32) -> Result<Change<i32>, Error> {
    let id = tx.organization();
    let (name, before, allocated, claimed, in_use) = organizations::table
        .find(id)
        .select((
            organizations::name,
            organizations::total_concurrency,
            organizations::allocated_concurrency,
            organizations::claimed_concurrency,
            organizations::slots_in_use,
        ))
        .for_update()
        .first::<(String, i32, i32, i32, i32)>(tx.connection())?;
    let least = allocated.max(claimed.saturating_add(in_use));
    if total < 0 {
        return Err(not_below_zero());
    }
    if total < least {
        return Err(Error::invalid(
            "total_concurrency",
            format!("{least} calls are shared out or in use; the total cannot be below that."),
        ));
    }
    if before == total {
        return Ok(Change::none(before));
    }
    diesel::update(organizations::table.find(id))
        .set(organizations::total_concurrency.eq(total))
        .execute(tx.connection())?;
    let details = json!({ "before": before, "after": total });
    Ok(Change::new(before, event(tx, "organization.concurrency_changed", name, details)))
}

fn not_below_zero() -> Error {
    Error::invalid("total_concurrency", "The total concurrency is 0 or more.")
}

/// The person who signs in with this address.
pub fn find_person(tx: &mut OperatorTx<'_>, email: &str) -> Result<Option<UserId>, Error> {
    Ok(users::table
        .filter(users::email.eq(email.trim().to_lowercase()))
        .select(users::user_id)
        .first(tx.connection())
        .optional()?)
}

/// Creates a person. `password_hash` is what the identity area makes of a password;
/// without one they set theirs by mail.
///
/// # Errors
/// [`Error::Conflict`] with code `email_taken`.
pub fn create_person(
    tx: &mut OperatorTx<'_>,
    email: &str,
    name: &str,
    password_hash: Option<String>,
) -> Result<Change<UserId>, Error> {
    let (id, email) = (UserId::new(), email.trim().to_lowercase());
    let created = diesel::insert_into(users::table)
        .values((
            users::user_id.eq(id),
            users::email.eq(&email),
            users::name.eq(name),
            users::password_hash.eq(password_hash),
        ))
        .on_conflict(users::email)
        .do_nothing()
        .execute(tx.connection())?;
    if created == 0 {
        return Err(Error::Conflict {
            code: "email_taken",
            message: format!("Somebody signs in with {email} already."),
        });
    }
    let event = Event {
        account: tx.account(),
        action: "person.created",
        object: name.to_owned(),
        object_id: id.to_string(),
        details: json!({ "email": email }),
    };
    Ok(Change::new(id, event))
}

/// Makes a person a member of the account that the transaction is opened for.
///
/// # Errors
/// [`Error::Conflict`] with code `already_member` or `owner_exists`; [`Error::Invalid`]
/// on `role` for a role that the account does not know.
pub fn add_member(tx: &mut OperatorTx<'_>, person: UserId, role: Role) -> Result<Change<()>, Error> {
    if role == Role::Member && matches!(tx.account(), AccountId::Organization(_)) {
        return Err(Error::invalid("role", "An organization has an owner, admins and viewers."));
    }
    let roles = memberships::table
        .filter(memberships::role.eq(Role::Owner).or(memberships::user_id.eq(person)))
        .select((memberships::user_id, memberships::role))
        .load::<(UserId, Role)>(tx.connection())?;
    let conflict = |code, message: &str| Err(Error::Conflict { code, message: message.to_owned() });
    if roles.iter().any(|(member, _)| *member == person) {
        return conflict("already_member", "They are a member of this account already.");
    }
    if role == Role::Owner && !roles.is_empty() {
        return conflict("owner_exists", "An account has exactly one owner.");
    }
    let name: String = users::table.find(person).select(users::name).first(tx.connection())?;
    diesel::insert_into(memberships::table)
        .values((memberships::user_id.eq(person), memberships::role.eq(role)))
        .execute(tx.connection())?;
    let event = Event {
        account: tx.account(),
        action: "member.added",
        object: name,
        object_id: person.to_string(),
        details: json!({ "role": role }),
    };
    let told = json!({ "user_id": person, "role": role });
    Ok(Change::new((), event).publishing(Notice::new(tx.account(), EventKind::MemberAdded, told)))
}

/// Where an organization's own call content is.
pub fn region(tx: &mut Overview<'_>) -> Result<Region, Error> {
    let organization = tx.organization();
    Ok(organizations::table.find(organization).select(organizations::region).first(tx.connection())?)
}

fn event(tx: &OperatorTx<'_>, action: &'static str, object: String, details: serde_json::Value) -> Event {
    Event { account: tx.account(), action, object, object_id: tx.organization().to_string(), details }
}
