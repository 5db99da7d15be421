//! What comes of an invitation's link. Looking uses nothing up: mail is opened by scanners
//! before people see it. Accepting makes one member, however often it is sent.

use diesel::{dsl::now, prelude::*};
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    access::{Change, Event, GateTx, LinkTx, Notice, principal::Person},
    error::{Error, FieldError},
    schema::control::{api_keys, invitation_letters, invitations, memberships, organizations, users},
    values::{
        AccountId, ApiKeyId, EventKind, KeyArea, KeyLevel, KeyScope, KeyScopes, Role, Secret, SessionId,
        UserId,
    },
};

use super::{
    InviterKind,
    letters::{Place, place},
};
use crate::domain::identity::memberships as members;

/// How a link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It can be accepted.
    Open,
    /// Its seven days are over.
    Expired,
    /// A newer letter was sent.
    Replaced,
    /// The invitation was taken back, or stands on nobody's right any more.
    Revoked,
    /// It was accepted, by this person.
    Used(UserId),
}

/// An invitation as its holder sees it.
#[derive(Debug, Clone)]
pub struct Invited {
    /// How the link stands.
    pub state: State,
    /// To whom it was sent.
    pub email: String,
    /// As what.
    pub role: Role,
    /// Where to.
    pub account: AccountId,
    /// What that is called.
    pub account_name: String,
    /// What the product is called there.
    pub brand: String,
    /// Who invites, as the account may name them.
    pub invited_by: String,
    /// Until when.
    pub expires_at: OffsetDateTime,
    /// Whether somebody signs in with the address.
    pub has_sign_in: bool,
}

#[derive(Queryable)]
struct Row {
    email: String,
    role: Role,
    inviter_kind: InviterKind,
    inviter_id: Option<Uuid>,
    inviter_is_above: bool,
    inviter_name: Option<String>,
    expires_at: OffsetDateTime,
    accepted_by: Option<UserId>,
    is_revoked: bool,
    is_expired: bool,
    is_replaced: bool,
}

fn row(tx: &mut LinkTx<'_>, link: &Secret) -> Result<Row, Error> {
    let id = tx.invitation();
    Ok(invitations::table
        .inner_join(
            invitation_letters::table.on(invitation_letters::invitation_id.eq(invitations::invitation_id)),
        )
        .filter(invitations::invitation_id.eq(id))
        .filter(invitation_letters::token_hash.eq(link.hash()))
        .select((
            invitations::email,
            invitations::role,
            invitations::inviter_kind,
            invitations::inviter_id,
            invitations::inviter_is_above,
            invitations::inviter_name,
            invitations::expires_at,
            invitations::accepted_by,
            invitations::revoked_at.is_not_null(),
            invitations::expires_at.le(now),
            invitation_letters::replaced_at.is_not_null(),
        ))
        .first(tx.connection())?)
}

/// What the link is for, and whether it can still be accepted. It uses nothing up.
///
/// # Errors
/// [`Error::NotFound`] when the account is being deleted.
pub fn look(tx: &mut LinkTx<'_>, link: &Secret) -> Result<Change<Invited>, Error> {
    let row = row(tx, link)?;
    let account = tx.account();
    let place = place(tx.connection(), account)?.ok_or(Error::NotFound)?;
    let has_sign_in = tx.at_gate(|gate| Ok(user_of(gate, &row.email)?.is_some()))?;
    let state = state(tx, &row)?;
    Ok(Change::none(invited(account, row, place, state, has_sign_in)))
}

fn invited(account: AccountId, row: Row, place: Place, state: State, has_sign_in: bool) -> Invited {
    Invited {
        state,
        invited_by: place.named(row.inviter_kind, row.inviter_name, row.inviter_is_above),
        email: row.email,
        role: row.role,
        account,
        account_name: place.name,
        brand: place.brand,
        expires_at: row.expires_at,
        has_sign_in,
    }
}

fn user_of(gate: &mut GateTx<'_>, email: &str) -> Result<Option<(UserId, String)>, Error> {
    Ok(users::table
        .filter(users::email.eq(email))
        .select((users::user_id, users::name))
        .first(gate.connection())
        .optional()?)
}

fn state(tx: &mut LinkTx<'_>, row: &Row) -> Result<State, Error> {
    Ok(match row.accepted_by {
        Some(by) => State::Used(by),
        None if row.is_revoked => State::Revoked,
        None if row.is_replaced => State::Replaced,
        None if row.is_expired => State::Expired,
        None if stands(tx, row)? => State::Open,
        None => State::Revoked,
    })
}

/// Whether whoever invited may still do so, in this role, now.
fn stands(tx: &mut LinkTx<'_>, row: &Row) -> Result<bool, Error> {
    // One owner: whoever was invited as the first comes too late for a second.
    if row.role == Role::Owner && members::has_owner(tx.connection())? {
        return Ok(false);
    }
    match (row.inviter_kind, row.inviter_id, row.inviter_is_above) {
        (InviterKind::Platform, ..) => Ok(true),
        (InviterKind::Person, Some(id), false) => {
            let held = role_of(tx.connection(), id)?;
            Ok(held.is_some_and(|held| held <= Role::Admin && held <= row.role))
        }
        (InviterKind::ApiKey, Some(id), false) => {
            Ok(row.role >= Role::Admin && key_is_alive(tx.connection(), ApiKeyId::from_uuid(id))?)
        }
        (InviterKind::Person, Some(id), true) => tx.above(|above| {
            let held = role_of(above, id)?;
            Ok(held.is_some_and(|held| held <= Role::Admin) && has_sub_accounts(above)?)
        }),
        (InviterKind::ApiKey, Some(id), true) => {
            tx.above(|above| Ok(key_is_alive(above, ApiKeyId::from_uuid(id))? && has_sub_accounts(above)?))
        }
        (_, None, _) => Ok(false),
    }
}

/// The role of a person in the account that the connection is in.
fn role_of(connection: &mut diesel::PgConnection, user: Uuid) -> Result<Option<Role>, Error> {
    Ok(memberships::table
        .filter(memberships::user_id.eq(user))
        .select(memberships::role)
        .first(connection)
        .optional()?)
}

fn has_sub_accounts(connection: &mut diesel::PgConnection) -> Result<bool, Error> {
    Ok(organizations::table.select(organizations::sub_accounts_enabled).first(connection)?)
}

/// How many rotations of a key are followed.
const ROTATIONS: usize = 20;

/// Whether a key of the account that the connection is in, or the one that followed it,
/// may still invite. One that somebody revoked may not, and leaves no heir.
fn key_is_alive(connection: &mut diesel::PgConnection, id: ApiKeyId) -> Result<bool, Error> {
    let mut next = Some(id);
    for _ in 0..ROTATIONS {
        let Some(id) = next else { break };
        let found = api_keys::table
            .filter(api_keys::api_key_id.eq(id))
            .select((
                api_keys::revoked_at.is_not_null(),
                api_keys::expires_at,
                api_keys::scopes,
                api_keys::replaced_by,
            ))
            .first::<(bool, Option<OffsetDateTime>, KeyScopes, Option<ApiKeyId>)>(connection)
            .optional()?;
        let Some((is_revoked, expires_at, scopes, replaced_by)) = found else { break };
        if is_revoked {
            break;
        }
        if expires_at.is_none_or(|at| at > OffsetDateTime::now_utc()) {
            return Ok(scopes.allow(KeyScope { area: KeyArea::Members, level: KeyLevel::Write }));
        }
        next = replaced_by;
    }
    Ok(false)
}

/// What somebody has become by accepting.
#[derive(Debug, Clone)]
pub struct Joined {
    /// Who.
    pub user: UserId,
    /// Of which account.
    pub account: AccountId,
}

/// What a link is told that cannot be accepted (any more).
fn dead<T>() -> Result<T, Error> {
    Err(Error::Conflict {
        code: "invitation_closed",
        message: "This invitation cannot be accepted any more. Nothing was changed.".to_owned(),
    })
}

/// Makes `person`, who is signed in, a member. Accepted by them before, it changes nothing.
///
/// # Errors
/// [`Error::Forbidden`] when the invitation is for another address; [`Error::Conflict`] with
/// code `invitation_closed` when it cannot be accepted any more.
pub fn accept(tx: &mut LinkTx<'_>, link: &Secret, person: Person) -> Result<Change<Joined>, Error> {
    let account = tx.account();
    members::lock(tx.connection(), account)?;
    let row = row(tx, link)?;
    if row.email != person.email {
        return Err(Error::Forbidden("This invitation is for another e-mail address. Nothing was changed."));
    }
    join(tx, &row, person)
}

/// Makes a sign-in for the invited address, of which nobody is the owner yet, and its person
/// a member.
///
/// # Errors
/// [`Error::Conflict`] with code `sign_in_first` when somebody signs in with the address by
/// now; those of [`accept`].
pub fn accept_as_new(
    tx: &mut LinkTx<'_>,
    link: &Secret,
    name: &str,
    password_hash: &str,
) -> Result<Change<Joined>, Error> {
    let account = tx.account();
    members::lock(tx.connection(), account)?;
    let row = row(tx, link)?;
    if state(tx, &row)? != State::Open {
        return dead();
    }
    let id = UserId::new();
    let made = tx.at_gate(|gate| {
        if user_of(gate, &row.email)?.is_some() {
            return Ok(0);
        }
        Ok(diesel::insert_into(users::table)
            .values((
                users::user_id.eq(id),
                users::email.eq(&row.email),
                users::name.eq(name),
                users::password_hash.eq(password_hash),
            ))
            .on_conflict(users::email)
            .do_nothing()
            .execute(gate.connection())?)
    })?;
    if made == 0 {
        return Err(Error::Conflict {
            code: "sign_in_first",
            message: "Somebody signs in with this address already. Sign in, then accept.".to_owned(),
        });
    }
    let person = Person {
        id,
        name: name.to_owned(),
        email: row.email.clone(),
        time_zone: String::new(),
        session: SessionId::new(),
    };
    join(tx, &row, person)
}

fn join(tx: &mut LinkTx<'_>, row: &Row, person: Person) -> Result<Change<Joined>, Error> {
    let (account, invitation) = (tx.account(), tx.invitation());
    let joined = Joined { user: person.id, account };
    match state(tx, row)? {
        State::Open => {}
        State::Used(by) if by == person.id => return Ok(Change::none(joined)),
        _ => return dead(),
    }
    if place(tx.connection(), account)?.is_none() {
        return dead();
    }
    let added = diesel::insert_into(memberships::table)
        .values((memberships::user_id.eq(person.id), memberships::role.eq(row.role)))
        .on_conflict((memberships::organization_id, memberships::account_id, memberships::user_id))
        .do_nothing()
        .execute(tx.connection())?;
    diesel::update(invitations::table.filter(invitations::invitation_id.eq(invitation)))
        .set((invitations::accepted_at.eq(now), invitations::accepted_by.eq(person.id.uuid())))
        .execute(tx.connection())?;
    super::letters::settle_all(tx.connection(), Some(&[invitation]))?;
    let event = Event {
        account,
        // Whoever became a member in another way meanwhile keeps the role they have.
        action: if added == 1 { "member.joined" } else { "invitation.accepted" },
        object: person.name.clone(),
        object_id: person.id.to_string(),
        details: json!({ "role": row.role, "invitation": invitation }),
    };
    let told = json!({ "user_id": person.id, "role": row.role });
    let notice = (added == 1).then(|| Notice::new(account, EventKind::MemberAdded, told));
    tx.is(person);
    Ok(notice.into_iter().fold(Change::new(joined, event), Change::publishing))
}

/// The longest name of a person, in characters.
pub const LONGEST_NAME: usize = 100;

/// Reads what somebody calls themselves.
///
/// # Errors
/// On the field `name`.
pub fn name(text: &str) -> Result<String, FieldError> {
    let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match name.chars().count() {
        0 => Err(FieldError::new("name", "Enter your name, as others shall read it.")),
        count if count > LONGEST_NAME => Err(FieldError::new(
            "name",
            format!("The name has {count} characters; at most {LONGEST_NAME} fit."),
        )),
        _ if name.chars().any(char::is_control) => {
            Err(FieldError::new("name", "The name must not contain control characters."))
        }
        _ => Ok(name),
    }
}
