//! The letters that invite. The row of a letter is the job of sending it, written with the
//! invitation itself; [`due`] finds one wherever it waits, [`claim`] makes a link of which
//! only the hash stays, the letter is sent outside of any transaction, and [`settle`] or
//! [`postpone`] closes the round.

use diesel::{
    PgConnection,
    dsl::{IntervalDsl, now},
    prelude::*,
    sql_types::Timestamptz,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    access::{Change, GateTx, PRODUCT_NAME, Tx, permission::Administer},
    error::Error,
    schema::control::{brands, invitation_letters, invitations, organizations, sub_accounts},
    values::{AccountId, InvitationId, OrganizationId, Role, Secret},
};

use super::InviterKind;

/// How often a letter is tried to be sent.
const ATTEMPTS: i32 = 8;

/// How many seconds a letter waits that was tried so often: longer each time. `None`: it is given up.
pub(in crate::domain) fn pause_after(attempts: i32) -> Option<i32> {
    (attempts < ATTEMPTS).then(|| 5 * 2_i32.pow(attempts.clamp(1, 10).unsigned_abs()))
}

/// Asks for a letter with a link to accept `invitation`.
pub(super) fn request(tx: &mut Tx<'_, Administer>, invitation: InvitationId) -> Result<(), Error> {
    diesel::insert_into(invitation_letters::table)
        .values((
            invitation_letters::letter_id.eq(Uuid::now_v7()),
            invitation_letters::invitation_id.eq(invitation),
        ))
        .execute(tx.connection())?;
    Ok(())
}

/// Makes the links of an invitation's letters dead: a newer one takes their place.
pub(super) fn replace(tx: &mut Tx<'_, Administer>, invitation: InvitationId) -> Result<(), Error> {
    diesel::update(invitation_letters::table)
        .filter(invitation_letters::invitation_id.eq(invitation))
        .filter(invitation_letters::replaced_at.is_null())
        .set(invitation_letters::replaced_at.eq(now))
        .execute(tx.connection())?;
    settle_all(tx.connection(), Some(&[invitation]))
}

/// Letters that wait are not wanted any more: those of some invitations, or of all.
pub(super) fn settle_all(
    connection: &mut PgConnection,
    invitations: Option<&[InvitationId]>,
) -> Result<(), Error> {
    let waiting = diesel::update(invitation_letters::table)
        .filter(invitation_letters::settled_at.is_null())
        .set(invitation_letters::settled_at.eq(now));
    match invitations {
        Some(ids) => waiting.filter(invitation_letters::invitation_id.eq_any(ids)).execute(connection)?,
        None => waiting.execute(connection)?,
    };
    Ok(())
}

/// A letter that waits to be sent, wherever it does.
#[derive(Debug, Clone, Copy)]
pub struct Due {
    /// The root of the tenant tree.
    pub organization: OrganizationId,
    /// The account that invites.
    pub account: AccountId,
    letter: Uuid,
}

/// The letter that has waited longest.
///
/// # Errors
/// Those of the database.
pub fn due(tx: &mut GateTx<'_>) -> Result<Option<Due>, Error> {
    let found = invitation_letters::table
        .filter(invitation_letters::settled_at.is_null())
        .filter(invitation_letters::claimed_until.is_null().or(invitation_letters::claimed_until.lt(now)))
        .order(invitation_letters::requested_at)
        .select((
            invitation_letters::organization_id,
            invitation_letters::account_id,
            invitation_letters::letter_id,
        ))
        .first::<(OrganizationId, Uuid, Uuid)>(tx.connection())
        .optional()?;
    Ok(found.map(|(organization, account, letter)| Due {
        organization,
        account: AccountId::of_row(organization, account),
        letter,
    }))
}

/// A letter to be sent.
#[derive(Debug, Clone)]
pub struct Letter {
    id: Uuid,
    attempts: i32,
    /// The address.
    pub email: String,
    /// Where to.
    pub account: AccountId,
    /// What that is called.
    pub account_name: String,
    /// What the product is called there.
    pub brand: String,
    /// Who invites, as the account may name them.
    pub invited_by: String,
    /// As what.
    pub role: Role,
    /// Until when.
    pub expires_at: OffsetDateTime,
    /// What the link carries.
    pub token: Secret,
}

/// Takes a letter, for two minutes. Gives `None` when somebody else has it, or nobody wants
/// it any more.
///
/// # Errors
/// Those of the database.
pub fn claim(tx: &mut Tx<'_, Administer>, due: Due) -> Result<Change<Option<Letter>>, Error> {
    let waiting = invitation_letters::table
        .filter(invitation_letters::letter_id.eq(due.letter))
        .filter(invitation_letters::settled_at.is_null())
        .filter(invitation_letters::claimed_until.is_null().or(invitation_letters::claimed_until.lt(now)))
        .select((invitation_letters::invitation_id, invitation_letters::attempts))
        .for_update()
        .skip_locked()
        .first::<(InvitationId, i32)>(tx.connection())
        .optional()?;
    let Some((invitation, attempts)) = waiting else { return Ok(Change::none(None)) };
    let open = invitations::table
        .filter(invitations::invitation_id.eq(invitation))
        .filter(invitations::accepted_at.is_null().and(invitations::revoked_at.is_null()))
        .filter(invitations::expires_at.gt(now))
        .select((
            invitations::email,
            invitations::role,
            invitations::inviter_kind,
            invitations::inviter_name,
            invitations::inviter_is_above,
            invitations::expires_at,
        ))
        .first::<(String, Role, InviterKind, Option<String>, bool, OffsetDateTime)>(tx.connection())
        .optional()?;
    let place = match open {
        Some(_) => place(tx.connection(), due.account)?,
        None => None,
    };
    let Some(((email, role, kind, inviter, is_above, expires_at), place)) = open.zip(place) else {
        settle_row(tx, due.letter)?;
        return Ok(Change::none(None));
    };
    let token = Secret::new().map_err(Error::internal)?;
    diesel::update(invitation_letters::table.filter(invitation_letters::letter_id.eq(due.letter)))
        .set((
            invitation_letters::claimed_until.eq((now.into_sql::<Timestamptz>() + 2.minutes()).nullable()),
            invitation_letters::attempts.eq(attempts + 1),
            invitation_letters::token_hash.eq(token.hash()),
        ))
        .execute(tx.connection())?;
    let letter = Letter {
        id: due.letter,
        attempts: attempts + 1,
        email,
        account: due.account,
        invited_by: place.named(kind, inviter, is_above),
        account_name: place.name,
        brand: place.brand,
        role,
        expires_at,
        token,
    };
    Ok(Change::none(Some(letter)))
}

/// An account as whoever is invited reads of it.
#[derive(Debug, Clone)]
pub(in crate::domain) struct Place {
    pub(in crate::domain) name: String,
    pub(in crate::domain) brand: String,
    is_sub_account: bool,
}

impl Place {
    /// How whoever invites is named: those above a sub-account by its brand, never by their
    /// own name or their organization's (`domain.md` 2.5, 7.6). Whoever is invited knows no
    /// key by its name.
    pub(super) fn named(&self, kind: InviterKind, inviter: Option<String>, is_above: bool) -> String {
        match inviter {
            Some(name) if kind == InviterKind::Person => name,
            _ if is_above && self.is_sub_account => format!("The {} administrator", self.brand),
            _ => self.brand.clone(),
        }
    }
}

/// The account that the connection is in; `None` while it is being deleted.
pub(in crate::domain) fn place(
    connection: &mut PgConnection,
    account: AccountId,
) -> Result<Option<Place>, Error> {
    use crate::values::SubAccountStatus::Deleting;
    let name = match account {
        AccountId::Organization(id) => organizations::table
            .find(id)
            .select(organizations::name)
            .first::<String>(connection)
            .optional()?,
        AccountId::SubAccount(id) => sub_accounts::table
            .filter(sub_accounts::sub_account_id.eq(id).and(sub_accounts::status.ne(Deleting)))
            .select(sub_accounts::name)
            .first(connection)
            .optional()?,
    };
    let is_sub_account = matches!(account, AccountId::SubAccount(_));
    // An organization goes by the platform's name, its sub-accounts by its brand.
    let brand = if is_sub_account {
        brands::table.select(brands::product_name).first::<String>(connection).optional()?
    } else {
        None
    };
    let brand = brand.unwrap_or_else(|| PRODUCT_NAME.to_owned());
    Ok(name.map(|name| Place { name, brand, is_sub_account }))
}

fn settle_row(tx: &mut Tx<'_, Administer>, letter: Uuid) -> Result<(), Error> {
    diesel::update(invitation_letters::table.filter(invitation_letters::letter_id.eq(letter)))
        .set(invitation_letters::settled_at.eq(now))
        .execute(tx.connection())?;
    Ok(())
}

/// The letter is sent.
///
/// # Errors
/// Those of the database.
pub fn settle(tx: &mut Tx<'_, Administer>, letter: &Letter) -> Result<Change<()>, Error> {
    diesel::update(invitation_letters::table.filter(invitation_letters::letter_id.eq(letter.id)))
        .set(invitation_letters::sent_at.eq(now))
        .execute(tx.connection())?;
    settle_row(tx, letter.id)?;
    Ok(Change::none(()))
}

/// The letter could not be sent: it is tried again later, each time after a longer pause,
/// and given up in the end. Tells whether it is.
///
/// # Errors
/// Those of the database.
pub fn postpone(tx: &mut Tx<'_, Administer>, letter: &Letter) -> Result<Change<bool>, Error> {
    let Some(pause) = pause_after(letter.attempts) else {
        settle_row(tx, letter.id)?;
        return Ok(Change::none(true));
    };
    diesel::update(invitation_letters::table.filter(invitation_letters::letter_id.eq(letter.id)))
        .set(
            invitation_letters::claimed_until
                .eq((now.into_sql::<Timestamptz>() + pause.seconds()).nullable()),
        )
        .execute(tx.connection())?;
    Ok(Change::none(false))
}
