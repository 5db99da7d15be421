//! What becomes of a payment: money in the wallet once, or none; and money given back.

use diesel::prelude::*;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::{
    access::{Change, Notice, Tx, permission::AddFunds},
    domain::billing::ledger::{self, Entry, EntryKind, LedgerAccount},
    error::Error,
    schema::control::{ledger_postings, payment_events, payments, sub_accounts},
    values::{
        AccountId, EventKind, Money, PaymentEvent, PaymentId, PaymentOutcome, PaymentProvider, SeenPayment,
        SubAccountId, SubAccountStatus, TransactionId,
    },
};

use super::{ASKED_AGAIN, Payment, PaymentState, columns, event, named};

/// What came of a look at a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It was told of before, or is settled already: nothing was changed.
    Already,
    /// It may still come.
    Waiting,
    /// The money is in the wallet.
    Credited(TransactionId),
    /// Nothing comes any more.
    Over,
    /// What came is not what was asked for: nothing was put into the wallet, a person must look.
    Held,
}

/// Locks a payment of the account, whoever tells of it.
pub(super) fn lock(tx: &mut Tx<'_, AddFunds>, id: PaymentId) -> Result<Payment, Error> {
    Ok(payments::table
        .filter(payments::payment_id.eq(id))
        .select(columns!())
        .for_update()
        .first(tx.connection())?)
}

/// Whether the account is there to have money. One that is is not deleted before the transaction ends.
pub(super) fn is_there(tx: &mut Tx<'_, AddFunds>) -> Result<bool, Error> {
    let AccountId::SubAccount(id) = tx.account().id else { return Ok(true) };
    let found = sub_accounts::table
        .filter(sub_accounts::sub_account_id.eq(id))
        .filter(sub_accounts::status.ne(SubAccountStatus::Deleting))
        .select(sub_accounts::sub_account_id)
        // Calls may be admitted meanwhile.
        .for_key_share()
        .first::<SubAccountId>(tx.connection());
    Ok(found.optional()?.is_some())
}

/// The log that tells of the account's payments: its organization's once it is being deleted.
pub(super) fn log(tx: &mut Tx<'_, AddFunds>) -> Result<AccountId, Error> {
    Ok(if is_there(tx)? { tx.account().id } else { tx.organization().into() })
}

/// Notes an event; tells whether it is new. Whoever brings the same one waits for the first.
fn note(tx: &mut Tx<'_, AddFunds>, payment: &Payment, event: &PaymentEvent) -> Result<bool, Error> {
    let kind: String = event.kind.chars().take(100).collect();
    Ok(diesel::insert_into(payment_events::table)
        .values((
            payment_events::provider.eq(payment.provider),
            payment_events::event_id.eq(&event.id),
            payment_events::payment_id.eq(payment.id),
            payment_events::kind.eq(kind),
        ))
        .on_conflict_do_nothing()
        .execute(tx.connection())?
        == 1)
}

/// Keeps what a payment came to, as its provider says now. Told of by an event, the event is
/// noted by the same commit and acts once. What is paid stays paid; money that came after it was
/// given up for is money that came. A wallet that was frozen meanwhile is paid into all the same; money
/// for an account that was deleted meanwhile is held back, and never in a wallet.
///
/// # Errors
/// [`Error::NotFound`] when the account has no such payment.
pub fn settle(
    tx: &mut Tx<'_, AddFunds>,
    id: PaymentId,
    told: Option<&PaymentEvent>,
    seen: &SeenPayment,
) -> Result<Change<Settled>, Error> {
    let payment = lock(tx, id)?;
    if let Some(told) = told
        && !note(tx, &payment, told)?
    {
        return Ok(Change::none(Settled::Already));
    }
    let is_open = matches!(payment.state, PaymentState::Created | PaymentState::Waiting);
    match seen.outcome {
        _ if payment.state == PaymentState::Paid || payment.returned_as.is_some() => {
            Ok(Change::none(Settled::Already))
        }
        PaymentOutcome::Paid => {
            let (asked, came) = (payment.amount(), Money::new(seen.amount_minor, &seen.currency));
            if !is_there(tx)? {
                let why = format!("{} came after the account was deleted", named(&came));
                hold_back(tx, &payment, &came, "payment.came_late", why)
            } else if came == asked {
                credit(tx, &payment, seen.paid_by.as_deref(), json!({}))
            } else {
                let why = format!("{} came, {} was asked for", named(&came), named(&asked));
                hold_back(tx, &payment, &came, "payment.held", why)
            }
        }
        PaymentOutcome::Open if is_open => {
            ask_again(tx, id, Some(OffsetDateTime::now_utc() + ASKED_AGAIN))?;
            Ok(Change::none(Settled::Waiting))
        }
        PaymentOutcome::Failed if is_open => end(tx, &payment, PaymentState::Failed, "payment.failed"),
        PaymentOutcome::Expired if is_open => end(tx, &payment, PaymentState::Expired, "payment.expired"),
        _ => {
            ask_again(tx, id, None)?;
            Ok(Change::none(Settled::Already))
        }
    }
}

fn ask_again(tx: &mut Tx<'_, AddFunds>, id: PaymentId, at: Option<OffsetDateTime>) -> Result<(), Error> {
    diesel::update(payments::table.filter(payments::payment_id.eq(id)))
        .set(payments::due_at.eq(at))
        .execute(tx.connection())?;
    Ok(())
}

/// Puts the amount of a payment into the wallet, and tells the webhooks of both sides.
pub(super) fn credit(
    tx: &mut Tx<'_, AddFunds>,
    payment: &Payment,
    paid_by: Option<&str>,
    mut details: Value,
) -> Result<Change<Settled>, Error> {
    let (now, amount) = (OffsetDateTime::now_utc(), payment.amount());
    let paid_by: Option<String> = paid_by.map(|text| text.chars().take(255).collect());
    let reference = paid_by.clone().unwrap_or_else(|| payment.id.to_string());
    let entry = Entry { payment: Some(payment.id), ..Entry::recharge(amount.minor, reference, now)? };
    let transaction = ledger::post(tx, entry)?;
    let balance = ledger::balance(tx)?;
    diesel::update(payments::table.filter(payments::payment_id.eq(payment.id)))
        .set((
            payments::state.eq(PaymentState::Paid),
            payments::amount_minor.eq(amount.minor),
            payments::paid_by.eq(paid_by),
            payments::transaction_id.eq(transaction),
            payments::settled_at.eq(now),
            payments::due_at.eq(None::<OffsetDateTime>),
            payments::problem.eq(None::<String>),
        ))
        .execute(tx.connection())?;
    if let Value::Object(fields) = &mut details {
        fields.insert("transaction".into(), json!(transaction));
        fields.insert("amount_minor".into(), json!(amount.minor));
        fields.insert("balance_minor".into(), json!(balance.minor));
        fields.insert("currency".into(), json!(amount.currency));
    }
    let log = log(tx)?;
    let change = Change::new(Settled::Credited(transaction), event(log, "payment.paid", payment, details));
    let mut told = json!({
        "payment_id": payment.id,
        "transaction_id": transaction,
        "amount": amount.major(),
        "balance": balance.major(),
        "currency": amount.currency,
    });
    let organization = tx.organization();
    let AccountId::SubAccount(id) = tx.account().id else {
        return Ok(change.publishing(Notice::new(organization, EventKind::WalletRecharged, told)));
    };
    if let Value::Object(fields) = &mut told {
        fields.insert("sub_account_id".into(), json!(id));
    }
    Ok(change.publishing_to_both(organization, id, EventKind::WalletRecharged, told))
}

/// Money came that is not put into the wallet. It is not lost: it is told to the log of the account and
/// of the program, and waits for a person.
fn hold_back(
    tx: &mut Tx<'_, AddFunds>,
    payment: &Payment,
    came: &Money,
    action: &'static str,
    why: String,
) -> Result<Change<Settled>, Error> {
    tracing::error!(payment = %payment.id, %why, "a payment is held back");
    ask_again(tx, payment.id, None)?;
    if payment.problem.as_ref() == Some(&why) {
        return Ok(Change::none(Settled::Held));
    }
    diesel::update(payments::table.filter(payments::payment_id.eq(payment.id)))
        .set((
            payments::problem.eq(why),
            payments::came_minor.eq(came.minor),
            payments::came_currency.eq(&came.currency),
        ))
        .execute(tx.connection())?;
    let log = log(tx)?;
    Ok(Change::new(Settled::Held, event(log, action, payment, json!({ "came": named(came) }))))
}

fn end(
    tx: &mut Tx<'_, AddFunds>,
    payment: &Payment,
    state: PaymentState,
    action: &'static str,
) -> Result<Change<Settled>, Error> {
    diesel::update(payments::table.filter(payments::payment_id.eq(payment.id)))
        .set((
            payments::state.eq(state),
            payments::settled_at.eq(OffsetDateTime::now_utc()),
            payments::due_at.eq(None::<OffsetDateTime>),
        ))
        .execute(tx.connection())?;
    let log = log(tx)?;
    Ok(Change::new(Settled::Over, event(log, action, payment, json!({}))))
}

/// The platform's operator confirms that a bank transfer came. Said twice with the same
/// reference, it counts once.
///
/// # Errors
/// [`Error::Conflict`] with code `other_provider` for a payment that its provider tells of, or
/// `already_paid` when it came under another reference, `given_back` when it was, or `account_deleted`
/// when there is nobody left to have it; [`Error::Invalid`] on `amount` when
/// another amount came.
pub fn confirm(
    tx: &mut Tx<'_, AddFunds>,
    id: PaymentId,
    amount_minor: i64,
    reference: &str,
) -> Result<Change<Settled>, Error> {
    let payment = lock(tx, id)?;
    let conflict = |code, message: String| Err(Error::Conflict { code, message });
    if payment.provider != PaymentProvider::Manual {
        return conflict(
            "other_provider",
            format!("Its provider, {}, tells of this payment.", payment.provider),
        );
    }
    if payment.state == PaymentState::Paid {
        return match payment.paid_by.as_deref() {
            Some(before) if before != reference => {
                conflict("already_paid", format!("It was confirmed before, as {before}."))
            }
            _ => Ok(Change::none(Settled::Already)),
        };
    }
    if payment.returned_as.is_some() {
        return conflict("given_back", "What came was given back.".to_owned());
    }
    if amount_minor != payment.amount().minor {
        return Err(Error::invalid("amount", format!("The payment is of {}.", named(&payment.amount()))));
    }
    if !is_there(tx)? {
        return conflict("account_deleted", "The account was deleted. Give the money back.".to_owned());
    }
    credit(tx, &payment, Some(reference), json!({}))
}

/// Takes money of a payment out of the wallet again, because it is given back to whoever paid.
/// Said twice with the same reference, it counts once.
///
/// # Errors
/// [`Error::Conflict`] with code `not_paid`; [`Error::Invalid`] on `amount` for more than is left
/// of the payment; [`Error::Unpaid`] when the wallet does not hold so much any more.
pub fn refund(
    tx: &mut Tx<'_, AddFunds>,
    id: PaymentId,
    amount_minor: i64,
    reference: &str,
) -> Result<Change<Settled>, Error> {
    let payment = lock(tx, id)?;
    if payment.state != PaymentState::Paid {
        let message = "Nothing was paid that could be given back.".to_owned();
        return Err(Error::Conflict { code: "not_paid", message });
    }
    let before = ledger_postings::table
        .filter(ledger_postings::ledger_account.eq(LedgerAccount::Wallet))
        .filter(ledger_postings::kind.eq(EntryKind::Refund))
        .filter(ledger_postings::payment_id.eq(id).and(ledger_postings::reference.eq(reference)));
    if diesel::select(diesel::dsl::exists(before)).get_result::<bool>(tx.connection())? {
        return Ok(Change::none(Settled::Already));
    }
    let left = payment.amount().minor - payment.refunded_minor;
    if !(1..=left).contains(&amount_minor) {
        let left = named(&Money::new(left, payment.amount().currency));
        return Err(Error::invalid("amount", format!("{left} is left of the payment.")));
    }
    let now = OffsetDateTime::now_utc();
    let (from, to) = (LedgerAccount::Wallet, LedgerAccount::Payments);
    let entry = Entry {
        payment: Some(id),
        reference: reference.to_owned(),
        ..Entry::moved(EntryKind::Refund, from, to, amount_minor, now)?
    };
    let transaction = ledger::post(tx, entry)?;
    diesel::update(payments::table.filter(payments::payment_id.eq(id)))
        .set(payments::refunded_minor.eq(payment.refunded_minor + amount_minor))
        .execute(tx.connection())?;
    let log = log(tx)?;
    let mut told = event(log, "payment.refunded", &payment, json!({ "transaction": transaction }));
    told.object = named(&Money::new(amount_minor, payment.amount().currency));
    Ok(Change::new(Settled::Credited(transaction), told))
}
