//! Invitations to an account: by e-mail, with one role, for seven days (`domain.md` 5.4,
//! `trust.md` S13).
//!
//! - here: inviting, listing, asking again, taking back.
//! - [`letters`]: the links, each sent by background work and kept as a hash.
//! - [`acceptance`]: what comes of a link.
//!
//! An invitation stands on the right of whoever gave it last. As it is accepted that right
//! is looked at again: who may no longer administer, or not give that role, has invited
//! nobody. It can be accepted while the account is suspended, because members go on
//! reading then (`domain.md` 2.3); a deletion ends it.

pub mod acceptance;
pub mod letters;

use std::collections::HashMap;

use diesel::{
    dsl::{IntervalDsl, exists, now},
    prelude::*,
    sql_types::Timestamptz,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    access::{
        Change, Event, Tx,
        permission::{Administer, Permission},
        principal::{Asker, Principal, Standing},
    },
    error::{Error, FieldError},
    schema::control::{invitation_letters, invitations, memberships, users},
    values::{AccountId, Email, InvitationId, Role, UserId, words},
};

use super::{memberships as members, roles};

/// How many days an invitation can be accepted.
pub const DAYS_VALID: i32 = 7;
/// The most letters that an account sends in an hour, so that nobody floods others by it.
pub const LETTERS_PER_HOUR: i64 = 50;
/// The most of them to one address.
pub const LETTERS_TO_ADDRESS_PER_HOUR: i64 = 5;
/// How long what is over stays known, in days.
const DAYS_KEPT: i32 = 90;

words! {
    /// On whose right an invitation stands.
    InviterKind {
        /// A person's.
        Person = "person" / "Person",
        /// A key's.
        ApiKey = "api_key" / "API key",
        /// The platform's own.
        Platform = "platform" / "Platform",
    }
}

/// Whoever invites, as the invitation keeps them.
#[derive(Debug, Insertable, AsChangeset)]
#[diesel(table_name = invitations, treat_none_as_null = true)]
struct Inviter {
    inviter_kind: InviterKind,
    inviter_id: Option<Uuid>,
    inviter_is_above: bool,
    inviter_name: Option<String>,
}

impl Inviter {
    fn of(asker: &Asker) -> Self {
        let is_above = asker.standing == Standing::ParentAdministrator;
        let (kind, id, name) = match &asker.principal {
            Principal::Member(person) | Principal::Delegate(person, _) => {
                (InviterKind::Person, Some(person.id.uuid()), Some(person.name.clone()))
            }
            Principal::Key(key) => {
                (InviterKind::ApiKey, Some(key.id.uuid()), Some(format!("API key {}", key.name)))
            }
            Principal::Platform(_) => (InviterKind::Platform, None, None),
        };
        Self {
            inviter_kind: kind,
            inviter_id: id,
            inviter_is_above: is_above,
            inviter_name: name.filter(|_| !is_above),
        }
    }
}

/// Whom to invite, as what.
#[derive(Debug, Clone, Serialize)]
pub struct NewInvitation {
    email: String,
    role: Role,
}

impl NewInvitation {
    /// Checks what was typed.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every field that is wrong.
    pub fn check(email: &str, role: &str, account: AccountId) -> Result<Self, Error> {
        let mut wrong = Vec::new();
        let email = Email::parse(email).ok().filter(Email::can_be_written_to);
        if email.is_none() {
            wrong.push(FieldError::new("email", "Enter an e-mail address, such as asha@example.com."));
        }
        let role = roles::parse(role, account);
        if let Err(Error::Invalid(fields)) = &role {
            wrong.extend(fields.iter().cloned());
        }
        match (email, role) {
            (Some(email), Ok(role)) => Ok(Self { email: email.as_str().to_owned(), role }),
            (_, Err(other)) if !matches!(other, Error::Invalid(_)) => Err(other),
            _ => Err(Error::Invalid(wrong)),
        }
    }
}

fn conflict<T>(code: &'static str, message: impl Into<String>) -> Result<T, Error> {
    Err(Error::Conflict { code, message: message.into() })
}

fn event<P: Permission>(
    tx: &Tx<'_, P>,
    action: &'static str,
    id: InvitationId,
    email: &str,
    details: Value,
) -> Event {
    Event { account: tx.account().id, action, object: email.to_owned(), object_id: id.to_string(), details }
}

/// Invites somebody to the account. The letter is sent by background work.
///
/// # Errors
/// [`Error::Conflict`] with code `role_unavailable` for one that the asker may not give,
/// `already_member`, `already_invited`, `owner_exists` or `too_many_invitations`. None tells
/// whether the address is known elsewhere.
pub fn invite(tx: &mut Tx<'_, Administer>, new: &NewInvitation) -> Result<Change<Invitation>, Error> {
    roles::check_given(tx.asker(), new.role)?;
    let account = tx.account().id;
    members::lock(tx.connection(), account)?;
    tidy(tx, &new.email)?;
    check_is_no_member(tx, &new.email)?;
    let open =
        invitations::table.filter(invitations::accepted_at.is_null().and(invitations::revoked_at.is_null()));
    let is_invited = diesel::select(exists(open.filter(invitations::email.eq(&new.email))))
        .get_result::<bool>(tx.connection())?;
    if is_invited {
        return conflict(
            "already_invited",
            format!("{} is invited already. Send the invitation again, or revoke it first.", new.email),
        );
    }
    if new.role == Role::Owner {
        let awaited = open.filter(invitations::role.eq(Role::Owner).and(invitations::expires_at.gt(now)));
        if members::has_owner(tx.connection())? {
            return conflict("owner_exists", "An account has exactly one owner, and this one has theirs.");
        }
        if diesel::select(exists(awaited)).get_result::<bool>(tx.connection())? {
            return conflict(
                "owner_exists",
                "Somebody is invited as the owner already; there is exactly one.",
            );
        }
    }
    check_bounds(tx, &new.email)?;
    let id = InvitationId::new();
    diesel::insert_into(invitations::table)
        .values((
            invitations::invitation_id.eq(id),
            invitations::email.eq(&new.email),
            invitations::role.eq(new.role),
            invitations::expires_at.eq(now.into_sql::<Timestamptz>() + DAYS_VALID.days()),
            Inviter::of(tx.asker()),
        ))
        .execute(tx.connection())?;
    letters::request(tx, id)?;
    let told = event(tx, "invitation.created", id, &new.email, json!({ "role": new.role }));
    Ok(Change::new(find(tx, id)?, told))
}

/// Ends what has expired for this address, so that it makes room for a new invitation, and
/// forgets what has long been over.
fn tidy(tx: &mut Tx<'_, Administer>, email: &str) -> Result<(), Error> {
    diesel::update(invitations::table)
        .filter(invitations::email.eq(email).and(invitations::expires_at.le(now)))
        .filter(invitations::accepted_at.is_null().and(invitations::revoked_at.is_null()))
        .set(invitations::revoked_at.eq(now))
        .execute(tx.connection())?;
    diesel::delete(invitations::table)
        .filter(invitations::expires_at.lt(now.into_sql::<Timestamptz>() - DAYS_KEPT.days()))
        .execute(tx.connection())?;
    Ok(())
}

fn check_is_no_member(tx: &mut Tx<'_, Administer>, email: &str) -> Result<(), Error> {
    // Row-level security shows an account its own members and nobody else.
    let member = memberships::table
        .inner_join(users::table.on(users::user_id.eq(memberships::user_id)))
        .filter(users::email.eq(email));
    if diesel::select(exists(member)).get_result::<bool>(tx.connection())? {
        return conflict("already_member", format!("{email} is a member of this account already."));
    }
    Ok(())
}

fn check_bounds(tx: &mut Tx<'_, Administer>, email: &str) -> Result<(), Error> {
    let recent = invitation_letters::table
        .inner_join(invitations::table.on(invitations::invitation_id.eq(invitation_letters::invitation_id)))
        .filter(invitation_letters::requested_at.gt(now.into_sql::<Timestamptz>() - 1.hour()));
    let all: i64 = recent.count().get_result(tx.connection())?;
    let to_address: i64 = recent.filter(invitations::email.eq(email)).count().get_result(tx.connection())?;
    if all >= LETTERS_PER_HOUR {
        return conflict(
            "too_many_invitations",
            format!("This account has sent {LETTERS_PER_HOUR} invitations within the hour. Try again later."),
        );
    }
    if to_address >= LETTERS_TO_ADDRESS_PER_HOUR {
        return conflict(
            "too_many_invitations",
            format!(
                "{email} was sent {LETTERS_TO_ADDRESS_PER_HOUR} invitations within the hour. Try again later."
            ),
        );
    }
    Ok(())
}

words! {
    /// How a letter stands.
    Delivery {
        /// It waits to be sent.
        Waiting = "waiting" / "Being sent",
        /// The mail server took it.
        Sent = "sent" / "Sent",
        /// It could not be sent, and is not tried any more.
        Failed = "failed" / "Could not be sent",
    }
}

/// An invitation that nobody has accepted and nobody has revoked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Invitation {
    /// Which.
    pub id: InvitationId,
    /// To whom.
    pub email: String,
    /// As what.
    pub role: Role,
    /// By whom, as this account may name them; `None` for whoever is above it.
    pub invited_by: Option<String>,
    /// When it was first given.
    pub created_at: OffsetDateTime,
    /// When it ends, or has ended, by itself.
    pub expires_at: OffsetDateTime,
    /// How its newest letter stands.
    pub delivery: Delivery,
}

impl Invitation {
    /// Whether its time is over.
    pub fn is_expired(&self) -> bool {
        self.expires_at <= OffsetDateTime::now_utc()
    }
}

type Row = (InvitationId, String, Role, Option<String>, OffsetDateTime, OffsetDateTime);

macro_rules! open_rows {
    () => {
        invitations::table
            .filter(invitations::accepted_at.is_null().and(invitations::revoked_at.is_null()))
            .select((
                invitations::invitation_id,
                invitations::email,
                invitations::role,
                invitations::inviter_name,
                invitations::created_at,
                invitations::expires_at,
            ))
    };
}

/// The invitations of the account that wait for an answer, the newest first.
///
/// # Errors
/// Those of the database.
pub fn pending(tx: &mut Tx<'_, Administer>) -> Result<Vec<Invitation>, Error> {
    let rows =
        open_rows!().order(invitations::invitation_id.desc()).limit(500).load::<Row>(tx.connection())?;
    with_delivery(tx, rows)
}

/// One that waits for an answer.
///
/// # Errors
/// [`Error::NotFound`] when there is no such one, or no longer.
pub fn find(tx: &mut Tx<'_, Administer>, id: InvitationId) -> Result<Invitation, Error> {
    let row = open_rows!().filter(invitations::invitation_id.eq(id)).first::<Row>(tx.connection())?;
    with_delivery(tx, vec![row])?.pop().ok_or(Error::NotFound)
}

fn with_delivery(tx: &mut Tx<'_, Administer>, rows: Vec<Row>) -> Result<Vec<Invitation>, Error> {
    let ids: Vec<InvitationId> = rows.iter().map(|row| row.0).collect();
    // Of each, the newest letter is read last and stays.
    let newest: HashMap<InvitationId, Delivery> = invitation_letters::table
        .filter(invitation_letters::invitation_id.eq_any(ids))
        .order(invitation_letters::requested_at)
        .select((
            invitation_letters::invitation_id,
            invitation_letters::sent_at.is_not_null(),
            invitation_letters::settled_at.is_not_null(),
        ))
        .load::<(InvitationId, bool, bool)>(tx.connection())?
        .into_iter()
        .map(|(id, is_sent, is_settled)| match (is_sent, is_settled) {
            (true, _) => (id, Delivery::Sent),
            (false, true) => (id, Delivery::Failed),
            (false, false) => (id, Delivery::Waiting),
        })
        .collect();
    Ok(rows
        .into_iter()
        .map(|(id, email, role, invited_by, created_at, expires_at)| Invitation {
            id,
            email,
            role,
            invited_by,
            created_at,
            expires_at,
            delivery: newest.get(&id).copied().unwrap_or(Delivery::Waiting),
        })
        .collect())
}

/// Sends an invitation again, for seven days from now: with a new link, and the one before
/// is dead. From now on it stands on the right of whoever sends it.
///
/// # Errors
/// [`Error::NotFound`] when nobody waits for an answer to it; those of [`invite`].
pub fn resend(tx: &mut Tx<'_, Administer>, id: InvitationId) -> Result<Change<Invitation>, Error> {
    let account = tx.account().id;
    members::lock(tx.connection(), account)?;
    let found = find(tx, id)?;
    roles::check_given(tx.asker(), found.role)?;
    check_is_no_member(tx, &found.email)?;
    check_bounds(tx, &found.email)?;
    diesel::update(invitations::table.filter(invitations::invitation_id.eq(id)))
        .set((
            invitations::expires_at.eq(now.into_sql::<Timestamptz>() + DAYS_VALID.days()),
            Inviter::of(tx.asker()),
        ))
        .execute(tx.connection())?;
    letters::replace(tx, id)?;
    letters::request(tx, id)?;
    let told = event(tx, "invitation.resent", id, &found.email, json!({ "role": found.role }));
    Ok(Change::new(find(tx, id)?, told))
}

/// Takes an invitation back: its link is dead at once. Taken back already, it stays so.
///
/// # Errors
/// [`Error::NotFound`] for one that is not this account's; [`Error::Conflict`] with code
/// `already_accepted`.
pub fn revoke(tx: &mut Tx<'_, Administer>, id: InvitationId) -> Result<Change<()>, Error> {
    let account = tx.account().id;
    members::lock(tx.connection(), account)?;
    let row = invitations::table.filter(invitations::invitation_id.eq(id));
    let (email, accepted, revoked) = row
        .select((
            invitations::email,
            invitations::accepted_at.is_not_null(),
            invitations::revoked_at.is_not_null(),
        ))
        .first::<(String, bool, bool)>(tx.connection())?;
    if accepted {
        return conflict(
            "already_accepted",
            format!("{email} has accepted and is a member. Remove them instead."),
        );
    }
    if revoked {
        return Ok(Change::none(()));
    }
    diesel::update(row).set(invitations::revoked_at.eq(now)).execute(tx.connection())?;
    letters::settle_all(tx.connection(), Some(&[id]))?;
    Ok(Change::new((), event(tx, "invitation.revoked", id, &email, json!({}))))
}

/// Takes back what somebody has given who may not invite any more; tells whom it was for.
pub(crate) fn revoke_given_by<P: Permission>(tx: &mut Tx<'_, P>, user: UserId) -> Result<Vec<Event>, Error> {
    let revoked: Vec<(InvitationId, String)> = diesel::update(invitations::table)
        .filter(invitations::inviter_kind.eq(InviterKind::Person))
        .filter(invitations::inviter_id.eq(user.uuid()).and(invitations::inviter_is_above.eq(false)))
        .filter(invitations::accepted_at.is_null().and(invitations::revoked_at.is_null()))
        .set(invitations::revoked_at.eq(now))
        .returning((invitations::invitation_id, invitations::email))
        .get_results(tx.connection())?;
    let ids: Vec<InvitationId> = revoked.iter().map(|(id, _)| *id).collect();
    letters::settle_all(tx.connection(), Some(&ids))?;
    let why = json!({ "reason": "inviter_lost_right" });
    Ok(revoked
        .into_iter()
        .map(|(id, email)| event(tx, "invitation.revoked", id, &email, why.clone()))
        .collect())
}

/// Takes back every invitation of the account that the transaction is in: it is being
/// deleted.
pub(crate) fn revoke_all<P: Permission>(tx: &mut Tx<'_, P>) -> Result<(), Error> {
    diesel::update(invitations::table)
        .filter(invitations::accepted_at.is_null().and(invitations::revoked_at.is_null()))
        .set(invitations::revoked_at.eq(now))
        .execute(tx.connection())?;
    letters::settle_all(tx.connection(), None)
}
