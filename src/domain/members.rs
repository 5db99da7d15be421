//! What becomes of members (`domain.md` 5): they get another role, are removed, or leave.
//!
//! Ownership is never touched here: an account has exactly one owner, who neither leaves
//! nor is removed. Nobody changes their own role or removes themselves by a list's button;
//! leaving is an act of its own. A right is read anew at each request, so that what is
//! taken away is gone with the next click; what was begun by it is ended here: the
//! person's invitations and, in an organization, their stays by Access Dashboard.

use diesel::prelude::*;
use serde_json::{Value, json};

use crate::{
    access::{
        Change, Event, Notice, Tx,
        permission::{Administer, GrantRecharge, Permission, View},
        principal::{Principal, Standing},
    },
    error::Error,
    schema::control::memberships,
    values::{EventKind, Role, UserId},
};

use super::{
    delegations,
    identity::{
        invitations,
        memberships::{self as people, Member},
        roles,
    },
};

fn conflict<T>(code: &'static str, message: impl Into<String>) -> Result<T, Error> {
    Err(Error::Conflict { code, message: message.into() })
}

fn event<P: Permission>(tx: &Tx<'_, P>, action: &'static str, member: &Member, details: Value) -> Event {
    Event {
        account: tx.account().id,
        action,
        object: member.name.clone(),
        object_id: member.user.to_string(),
        details,
    }
}

/// A member that the asker may change: neither the owner nor themselves.
fn changeable(tx: &mut Tx<'_, Administer>, user: UserId) -> Result<Member, Error> {
    let account = tx.account().id;
    people::lock(tx.connection(), account)?;
    let member = people::find(tx, user)?;
    if member.role == Role::Owner {
        return conflict("owner_stays", "The owner keeps their role and cannot be removed.");
    }
    if tx.asker().principal.person().is_some_and(|person| person.id == user) {
        return conflict(
            "own_membership",
            "You cannot change your own role or remove yourself. Ask another administrator, or leave the \
             account.",
        );
    }
    Ok(member)
}

/// What somebody began by a right that they lose: it ends with it.
fn end_what_they_began<P: Permission>(tx: &mut Tx<'_, P>, user: UserId) -> Result<Vec<Event>, Error> {
    let mut events = invitations::revoke_given_by(tx, user)?;
    events.extend(delegations::end_all_of(tx, user)?);
    Ok(events)
}

/// What became of `member`, for the webhooks of the account.
fn noticed<P: Permission>(tx: &Tx<'_, P>, kind: EventKind, member: &Member) -> Notice {
    Notice::new(tx.account().id, kind, json!({ "user_id": member.user, "role": member.role }))
}

/// Gives a member another role, which acts with their next request.
///
/// # Errors
/// [`Error::NotFound`] for somebody who is not a member; [`Error::Conflict`] with code
/// `role_unavailable` for one that the asker may not give, `owner_stays` or
/// `own_membership`.
pub fn change_role(tx: &mut Tx<'_, Administer>, user: UserId, role: Role) -> Result<Change<Member>, Error> {
    let member = changeable(tx, user)?;
    if role == Role::Owner {
        return conflict("role_unavailable", "Nobody is made the owner: an account has exactly one.");
    }
    roles::check_given(tx.asker(), role)?;
    if role == member.role {
        return Ok(Change::none(member));
    }
    diesel::update(memberships::table)
        .filter(memberships::user_id.eq(user))
        // What was given to them in another role does not come back by itself.
        .set((memberships::role.eq(role), memberships::may_recharge.eq(false)))
        .execute(tx.connection())?;
    let ended = if role > Role::Admin { end_what_they_began(tx, user)? } else { Vec::new() };
    let account = tx.account().id;
    let (before, after) = (roles::label(member.role, account), roles::label(role, account));
    let told = event(tx, "member.role_changed", &member, json!({ "before": before, "after": after }));
    let member = Member { role, may_recharge: false, ..member };
    let notice = noticed(tx, EventKind::MemberChanged, &member);
    Ok(Change::told_by(member, told, ended).publishing(notice))
}

/// Lets an Org Admin recharge sub-accounts from the organization's wallet, or not any more; it
/// acts with their next request. Tells whether anything changed.
///
/// # Errors
/// [`Error::NotFound`] for somebody who is not a member; [`Error::Conflict`] with code
/// `not_an_admin` for one who could not use it.
pub fn allow_recharge(
    tx: &mut Tx<'_, GrantRecharge>,
    user: UserId,
    allowed: bool,
) -> Result<Change<bool>, Error> {
    let account = tx.account().id;
    people::lock(tx.connection(), account)?;
    let member = people::find(tx, user)?;
    if member.role != Role::Admin {
        return conflict(
            "not_an_admin",
            "Recharging sub-accounts can be given to Org Admins. The Owner may do it anyway, and an Org Viewer \
             sees no sub-accounts.",
        );
    }
    if member.may_recharge == allowed {
        return Ok(Change::none(false));
    }
    diesel::update(memberships::table)
        .filter(memberships::user_id.eq(user))
        .set(memberships::may_recharge.eq(allowed))
        .execute(tx.connection())?;
    let action = if allowed { "member.recharge_given" } else { "member.recharge_taken" };
    Ok(Change::new(true, event(tx, action, &member, json!({ "may_recharge": allowed }))))
}

/// Removes a member: with their next request the account is none of theirs.
///
/// # Errors
/// Those of [`change_role`] but for the role.
pub fn remove(tx: &mut Tx<'_, Administer>, user: UserId) -> Result<Change<()>, Error> {
    let member = changeable(tx, user)?;
    end(tx, &member, "member.removed")
}

/// Leaves the account.
///
/// # Errors
/// [`Error::Forbidden`] for whoever is here but no member; [`Error::Conflict`] with code
/// `owner_stays`.
pub fn leave(tx: &mut Tx<'_, View>) -> Result<Change<()>, Error> {
    let asker = tx.asker();
    let user = match (&asker.principal, asker.standing) {
        (Principal::Member(person), Standing::Organization(_) | Standing::SubAccount(_)) => person.id,
        _ => return Err(Error::Forbidden("Only a member can leave this account.")),
    };
    let account = tx.account().id;
    people::lock(tx.connection(), account)?;
    let member = people::find(tx, user)?;
    if member.role == Role::Owner {
        return conflict("owner_stays", "The owner cannot leave: an account has exactly one owner.");
    }
    end(tx, &member, "member.left")
}

fn end<P: Permission>(
    tx: &mut Tx<'_, P>,
    member: &Member,
    action: &'static str,
) -> Result<Change<()>, Error> {
    let told = event(tx, action, member, json!({ "role": member.role }));
    let notice = noticed(tx, EventKind::MemberRemoved, member);
    let ended = end_what_they_began(tx, member.user)?;
    diesel::delete(memberships::table)
        .filter(memberships::user_id.eq(member.user))
        .execute(tx.connection())?;
    Ok(Change::told_by((), told, ended).publishing(notice))
}
