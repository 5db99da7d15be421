//! A person's way out of payments that are held back (`trust.md` R10): money that is not what was asked
//! for, or that came after its account was deleted, is accepted as it came or given back.

use diesel::prelude::*;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    access::{Change, Overview, Tx, permission::AddFunds},
    domain::billing::ledger,
    error::Error,
    schema::control::payments,
    values::{AccountId, Money, PaymentId, PaymentProvider},
};

use super::{
    Payment, PaymentState, event, named,
    settle::{self, Settled},
};

/// A payment that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Which.
    pub id: PaymentId,
    /// Whose.
    pub account: AccountId,
    /// Why.
    pub problem: String,
    /// When it was begun.
    pub created_at: OffsetDateTime,
}

/// What is held back in an organization, deleted accounts' payments too, the oldest first.
pub fn held(tx: &mut Overview<'_>) -> Result<Vec<Held>, Error> {
    let organization = tx.organization();
    let rows = payments::table
        .filter(payments::organization_id.eq(organization))
        .filter(payments::problem.is_not_null())
        .order(payments::payment_id)
        .select((
            payments::payment_id,
            payments::account_id,
            payments::problem.assume_not_null(),
            payments::created_at,
        ))
        .load::<(PaymentId, Uuid, String, OffsetDateTime)>(tx.connection())?;
    let held = |(id, account, problem, created_at)| Held {
        id,
        account: AccountId::of_row(organization, account),
        problem,
        created_at,
    };
    Ok(rows.into_iter().map(held).collect())
}

fn conflict(code: &'static str, message: impl Into<String>) -> Error {
    Error::Conflict { code, message: message.into() }
}

/// Refuses a payment of which no other money came than was asked for: it is neither held back nor a bank
/// transfer, of which nobody but the operator knows.
fn check_held(payment: &Payment) -> Result<(), Error> {
    let is_unknown = payment.provider == PaymentProvider::Manual && payment.state != PaymentState::Paid;
    if payment.problem.is_some() || is_unknown || payment.returned_as.is_some() {
        Ok(())
    } else if payment.state == PaymentState::Paid {
        Err(conflict("already_paid", "It is in the wallet. What is given back of it is refunded."))
    } else {
        Err(conflict("not_held", "Nothing came that is held back."))
    }
}

/// Puts what came of a payment into the wallet, though other money was asked for. Said twice with the
/// same reference, it counts once.
///
/// # Errors
/// [`Error::Conflict`] with code `not_held`, `already_paid`, `given_back`, `currency_mismatch`, or
/// `account_deleted` when there is nobody left to have it; [`Error::Invalid`] on `amount` when it is
/// not what came.
pub fn accept(
    tx: &mut Tx<'_, AddFunds>,
    id: PaymentId,
    amount_minor: i64,
    reference: &str,
) -> Result<Change<Settled>, Error> {
    let mut payment = settle::lock(tx, id)?;
    if payment.state == PaymentState::Paid && payment.paid_by.as_deref() == Some(reference) {
        return Ok(Change::none(Settled::Already));
    }
    check_held(&payment)?;
    if payment.returned_as.is_some() {
        return Err(conflict("given_back", "What came was given back."));
    }
    let currency = ledger::balance(tx)?.currency;
    if let Some(came) = payment.came() {
        if came.currency != currency {
            let message = format!("{} came, and the wallet is in {currency}. Give it back.", named(&came));
            return Err(conflict("currency_mismatch", message));
        }
        if came.minor != amount_minor {
            return Err(Error::invalid("amount", format!("{} came.", named(&came))));
        }
    }
    if !(1..=Money::LARGEST).contains(&amount_minor) {
        return Err(Error::invalid("amount", "The amount must be above zero."));
    }
    if !settle::is_there(tx)? {
        return Err(conflict("account_deleted", "The account was deleted. Give the money back."));
    }
    let asked = named(&payment.amount());
    payment.amount_minor = amount_minor;
    settle::credit(tx, &payment, Some(reference), json!({ "asked": asked }))
}

/// Notes that what came of a payment was given back to whoever paid, outside of here. It never was in a
/// wallet. Said twice with the same reference, it counts once.
///
/// # Errors
/// [`Error::Conflict`] with code `not_held`, `already_paid`, or `given_back` when it was done under
/// another reference.
pub fn give_back(
    tx: &mut Tx<'_, AddFunds>,
    id: PaymentId,
    reference: &str,
) -> Result<Change<Settled>, Error> {
    let payment = settle::lock(tx, id)?;
    check_held(&payment)?;
    if let Some(before) = &payment.returned_as {
        return if before == reference {
            Ok(Change::none(Settled::Already))
        } else {
            Err(conflict("given_back", format!("It was given back before, as {before}.")))
        };
    }
    let now = OffsetDateTime::now_utc();
    diesel::update(payments::table.filter(payments::payment_id.eq(id)))
        .set((
            payments::state.eq(PaymentState::Failed),
            payments::returned_as.eq(reference),
            payments::problem.eq(None::<String>),
            payments::settled_at.eq(now),
            payments::due_at.eq(None::<OffsetDateTime>),
        ))
        .execute(tx.connection())?;
    let came = payment.came().unwrap_or_else(|| payment.amount());
    let log = settle::log(tx)?;
    let mut told = event(log, "payment.returned", &payment, json!({ "reference": reference }));
    told.object = named(&came);
    Ok(Change::new(Settled::Over, told))
}
