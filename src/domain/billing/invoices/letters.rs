//! Sending what was issued. The row of a letter is the job: it is written by the transaction
//! that issued the invoice, tried until it was sent, and marked then; a kill in between sends it
//! twice, never not at all.

use diesel::{dsl::now, prelude::*, sql_types::Timestamptz};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    access::{Change, GateTx, Tx, permission::ViewBilling},
    domain::identity::invitations::letters::place,
    error::Error,
    schema::control::{invoice_letters, memberships, users},
    values::{AccountId, InvoiceId, OrganizationId, Role},
};

use super::details::{self, Part};

/// How often it is tried.
const TRIES: i32 = 10;

/// A letter that is due, wherever it is.
#[derive(Debug, Clone, Copy)]
pub struct Due {
    /// The root of the tenant tree.
    pub organization: OrganizationId,
    /// The account that is written to.
    pub account: AccountId,
    /// What is sent.
    pub invoice: InvoiceId,
}

/// The letter that is due for the longest.
pub fn due(tx: &mut GateTx<'_>) -> Result<Option<Due>, Error> {
    let found = invoice_letters::table
        .filter(invoice_letters::due_at.le(now.into_sql::<Timestamptz>().nullable()))
        .filter(
            invoice_letters::claimed_until
                .is_null()
                .or(invoice_letters::claimed_until.lt(now.into_sql::<Timestamptz>().nullable())),
        )
        .order(invoice_letters::due_at)
        .select((invoice_letters::organization_id, invoice_letters::account_id, invoice_letters::invoice_id))
        .first::<(OrganizationId, Uuid, InvoiceId)>(tx.connection())
        .optional()?;
    Ok(found.map(|(organization, account, invoice)| Due {
        organization,
        account: AccountId::of_row(organization, account),
        invoice,
    }))
}

/// A letter to be sent.
#[derive(Debug, Clone)]
pub struct Letter {
    /// The name of whom it goes to, where that is known, and the address.
    pub to: (String, String),
    /// What the account is called.
    pub account_name: String,
    /// What the product is called there.
    pub brand: String,
    tries: i32,
}

/// Takes a letter, for two minutes. `None`: somebody else has it, nobody is there to read it, or
/// whoever took it was ended each time.
pub fn claim(tx: &mut Tx<'_, ViewBilling>, due: Due) -> Result<Change<Option<Letter>>, Error> {
    let time = OffsetDateTime::now_utc();
    let tries = invoice_letters::table
        .find((due.organization, due.account.uuid(), due.invoice))
        .filter(invoice_letters::due_at.is_not_null())
        .filter(invoice_letters::claimed_until.is_null().or(invoice_letters::claimed_until.lt(time)))
        .select(invoice_letters::tries)
        .for_update()
        .skip_locked()
        .first::<i32>(tx.connection())
        .optional()?;
    let Some(tries) = tries else { return Ok(Change::none(None)) };
    let place = place(tx.connection(), due.account)?;
    let reader = if tries < TRIES { reader(tx, due)? } else { None };
    let Some((to, place)) = reader.zip(place) else {
        settle(tx, due, None, None)?;
        return Ok(Change::none(None));
    };
    diesel::update(invoice_letters::table.find((due.organization, due.account.uuid(), due.invoice)))
        .set((
            invoice_letters::claimed_until.eq(time + Duration::minutes(2)),
            invoice_letters::tries.eq(tries + 1),
        ))
        .execute(tx.connection())?;
    Ok(Change::none(Some(Letter { to, account_name: place.name, brand: place.brand, tries: tries + 1 })))
}

/// Whom it goes to: the address that the account's details name or, without one, its owner.
fn reader(tx: &mut Tx<'_, ViewBilling>, due: Due) -> Result<Option<(String, String)>, Error> {
    if let Some(email) = details::of(tx, Part::Recipient)?.and_then(|details| details.email) {
        return Ok(Some((String::new(), email)));
    }
    Ok(memberships::table
        .inner_join(users::table.on(users::user_id.eq(memberships::user_id)))
        .filter(memberships::organization_id.eq(due.organization))
        .filter(memberships::account_id.eq(due.account.uuid()))
        .filter(memberships::role.eq(Role::Owner))
        .select((users::name, users::email))
        .first(tx.connection())
        .optional()?)
}

/// Marks a letter as sent.
pub fn sent(tx: &mut Tx<'_, ViewBilling>, due: Due) -> Result<Change<()>, Error> {
    settle(tx, due, Some(OffsetDateTime::now_utc()), None).map(Change::none)
}

/// Tries again later, after a longer pause each time, unless it was tried too often. Tells whether
/// it is given up.
pub fn postpone(tx: &mut Tx<'_, ViewBilling>, due: Due, letter: &Letter) -> Result<Change<bool>, Error> {
    let minutes = 1_i64 << letter.tries.clamp(0, 10);
    let next = (letter.tries < TRIES).then(|| OffsetDateTime::now_utc() + Duration::minutes(minutes));
    settle(tx, due, None, next)?;
    Ok(Change::none(next.is_none()))
}

fn settle(
    tx: &mut Tx<'_, ViewBilling>,
    due: Due,
    sent_at: Option<OffsetDateTime>,
    due_at: Option<OffsetDateTime>,
) -> Result<(), Error> {
    diesel::update(invoice_letters::table.find((due.organization, due.account.uuid(), due.invoice)))
        .set((
            invoice_letters::sent_at.eq(sent_at),
            invoice_letters::due_at.eq(due_at),
            invoice_letters::claimed_until.eq(None::<OffsetDateTime>),
        ))
        .execute(tx.connection())?;
    Ok(())
}
