//! Payments into a wallet, from the wish to the money (`domain.md` 4.7, `trust.md` R10).
//!
//! What a payment came to is read back from its provider, outside of any transaction, and kept
//! by [`settle::settle`]: whoever tells of it, in whatever order and however often.

pub mod held;
pub mod settle;

use diesel::{OptionalExtension, prelude::*};
use serde_json::json;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    access::{
        Change, Event, GateTx, Tx,
        permission::{AddFunds, Includes, Permission, ViewBilling},
    },
    domain::billing::ledger,
    error::Error,
    schema::control::payments,
    values::{AccountId, KeyMode, Money, OrganizationId, PaymentId, PaymentProvider, TransactionId, words},
};

words! {
    /// How far a payment is.
    PaymentState {
        /// Wished, and its provider not asked yet.
        Created = "created" / "Begun",
        /// The money is waited for.
        Waiting = "waiting" / "Waiting",
        /// The money is in the wallet.
        Paid = "paid" / "Paid",
        /// Refused or called off.
        Failed = "failed" / "Failed",
        /// Nothing came in time.
        Expired = "expired" / "Expired",
    }
}

/// How long one can pay on a provider's page: less than the day it keeps one open at most.
const OPEN_FOR: Duration = Duration::hours(23);
/// How long a bank transfer may take.
const TRANSFER_TAKES: Duration = Duration::days(30);
/// How long it is waited for a provider's word before it is asked, at first and after that.
const FIRST_ASKED: Duration = Duration::minutes(2);
const ASKED_AGAIN: Duration = Duration::minutes(10);
/// The most payments of an account that may be under way at once.
const MOST_OPEN: i64 = 20;

/// A payment.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Payment {
    /// Which.
    pub id: PaymentId,
    /// How far it is.
    pub state: PaymentState,
    /// How it is paid.
    pub provider: PaymentProvider,
    amount_minor: i64,
    currency: String,
    /// What its provider calls it.
    pub provider_id: Option<String>,
    /// Where it is paid.
    pub provider_url: Option<String>,
    /// What the provider or the bank calls the money that came.
    pub paid_by: Option<String>,
    /// When it was begun.
    pub created_at: OffsetDateTime,
    /// Until when it can be paid.
    pub expires_at: OffsetDateTime,
    /// The entry that put it into the wallet.
    pub transaction: Option<TransactionId>,
    /// Why money that came was not put there: a person must look.
    pub problem: Option<String>,
    /// What was given back of it, in minor units.
    pub refunded_minor: i64,
    came_minor: Option<i64>,
    came_currency: Option<String>,
    /// The reference under which what came was given back, without ever being in the wallet.
    pub returned_as: Option<String>,
}

impl Payment {
    /// How much it is.
    pub fn amount(&self) -> Money {
        Money::new(self.amount_minor, &self.currency)
    }

    /// What came, while it is held back.
    pub fn came(&self) -> Option<Money> {
        Some(Money::new(self.came_minor?, self.came_currency.as_ref()?))
    }
}

macro_rules! columns {
    () => {
        (
            payments::payment_id,
            payments::state,
            payments::provider,
            payments::amount_minor,
            payments::currency,
            payments::provider_id,
            payments::provider_url,
            payments::paid_by,
            payments::created_at,
            payments::expires_at,
            payments::transaction_id,
            payments::problem,
            payments::refunded_minor,
            payments::came_minor,
            payments::came_currency,
            payments::returned_as,
        )
    };
}
use columns;

/// How an audit log calls an amount.
fn named(money: &Money) -> String {
    format!("{} {}.{:02}", money.currency, money.minor / 100, money.minor % 100)
}

fn event(account: AccountId, action: &'static str, payment: &Payment, details: serde_json::Value) -> Event {
    Event { account, action, object: named(&payment.amount()), object_id: payment.id.to_string(), details }
}

/// Begins a payment of `amount` into the account's wallet.
///
/// # Errors
/// [`Error::Conflict`] with code `wallet_frozen` while the organization pays for the account,
/// `currency_mismatch` where its wallet is of another currency, or `too_many_payments` while as many
/// as may be are under way; [`Error::Forbidden`] with a test key.
pub fn begin(
    tx: &mut Tx<'_, AddFunds>,
    provider: PaymentProvider,
    amount: &Money,
) -> Result<Change<PaymentId>, Error> {
    if tx.asker().mode() == KeyMode::Test {
        return Err(Error::Forbidden("A test key moves no money: a payment is real. Use a live key."));
    }
    let conflict = |code, message: &str| Err(Error::Conflict { code, message: message.to_owned() });
    if !tx.account().pays_itself() {
        return conflict("wallet_frozen", "This account has no wallet of its own to pay into.");
    }
    let currency = ledger::balance(tx)?.currency;
    if currency != amount.currency {
        return conflict("currency_mismatch", &format!("The wallet of this account is in {currency}."));
    }
    let under_way = payments::table
        .filter(payments::state.eq_any([PaymentState::Created, PaymentState::Waiting]))
        .count()
        .get_result::<i64>(tx.connection())?;
    if under_way >= MOST_OPEN {
        return conflict(
            "too_many_payments",
            "Too many payments are under way. Complete one of them, or wait until they expire.",
        );
    }
    let (id, now) = (PaymentId::new(), OffsetDateTime::now_utc());
    let begun_by = tx.asker().principal.actor();
    let (state, expires_at, due_at) = match provider {
        PaymentProvider::Manual => (PaymentState::Waiting, now + TRANSFER_TAKES, now + TRANSFER_TAKES),
        // What its provider was never asked for is over when one could not have paid either.
        _ => (PaymentState::Created, now + OPEN_FOR, now + OPEN_FOR),
    };
    diesel::insert_into(payments::table)
        .values((
            payments::payment_id.eq(id),
            payments::state.eq(state),
            payments::provider.eq(provider),
            payments::amount_minor.eq(amount.minor),
            payments::currency.eq(&amount.currency),
            payments::begun_by.eq(begun_by),
            payments::created_at.eq(now),
            payments::expires_at.eq(expires_at),
            payments::due_at.eq(due_at),
        ))
        .execute(tx.connection())?;
    let payment = find(tx, id)?;
    let told = event(tx.account().id, "payment.begun", &payment, json!({ "provider": provider }));
    Ok(Change::new(id, told))
}

/// Notes where the provider takes a payment. What was noted before stays.
pub fn opened(
    tx: &mut Tx<'_, AddFunds>,
    id: PaymentId,
    provider_id: &str,
    provider_url: &str,
) -> Result<Change<()>, Error> {
    diesel::update(payments::table)
        .filter(payments::payment_id.eq(id).and(payments::state.eq(PaymentState::Created)))
        .set((
            payments::state.eq(PaymentState::Waiting),
            payments::provider_id.eq(provider_id),
            payments::provider_url.eq(provider_url),
            payments::due_at.eq(OffsetDateTime::now_utc() + FIRST_ASKED),
        ))
        .execute(tx.connection())?;
    Ok(Change::none(()))
}

/// One payment of the account.
///
/// # Errors
/// [`Error::NotFound`] when it is none of its own.
pub fn find<P: Permission + Includes<ViewBilling>>(
    tx: &mut Tx<'_, P>,
    id: PaymentId,
) -> Result<Payment, Error> {
    Ok(payments::table.filter(payments::payment_id.eq(id)).select(columns!()).first(tx.connection())?)
}

/// A part of the account's payments, the latest first: those after one where it is given, then without
/// the first `skip`.
pub fn list(
    tx: &mut Tx<'_, ViewBilling>,
    after: Option<PaymentId>,
    skip: i64,
    limit: i64,
) -> Result<Vec<Payment>, Error> {
    // By the tenant first, so that one index is read in the order of the list.
    let own = payments::table
        .filter(payments::organization_id.eq(tx.organization()))
        .filter(payments::account_id.eq(tx.tenant().uuid()))
        .order(payments::payment_id.desc())
        .offset(skip)
        .limit(limit)
        .select(columns!())
        .into_boxed();
    Ok(match after {
        Some(after) => own.filter(payments::payment_id.lt(after)).load(tx.connection())?,
        None => own.load(tx.connection())?,
    })
}

/// How many payments the account has, whatever became of them.
pub fn count(tx: &mut Tx<'_, ViewBilling>) -> Result<i64, Error> {
    Ok(payments::table.count().get_result(tx.connection())?)
}

/// Whose a payment is, and where to ask what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whose {
    /// The payment.
    pub id: PaymentId,
    /// The root of the account's tenant tree.
    pub organization: OrganizationId,
    /// The account.
    pub account: AccountId,
    /// How it is paid.
    pub provider: PaymentProvider,
    /// What its provider calls it.
    pub provider_id: Option<String>,
    /// How much it is.
    pub amount: Money,
}

type WhoseRow = (PaymentId, OrganizationId, Uuid, PaymentProvider, Option<String>, i64, String);

impl Whose {
    fn of((id, organization, account, provider, provider_id, minor, currency): WhoseRow) -> Self {
        let account = AccountId::of_row(organization, account);
        Self { id, organization, account, provider, provider_id, amount: Money::new(minor, currency) }
    }
}

macro_rules! whose {
    () => {
        payments::table.select((
            payments::payment_id,
            payments::organization_id,
            payments::account_id,
            payments::provider,
            payments::provider_id,
            payments::amount_minor,
            payments::currency,
        ))
    };
}

/// Whose the payment is that the gate was shown; nothing when there is none.
pub fn whose(tx: &mut GateTx<'_>, id: PaymentId) -> Result<Option<Whose>, Error> {
    let found = whose!().filter(payments::payment_id.eq(id)).first::<WhoseRow>(tx.connection());
    Ok(found.optional()?.map(Whose::of))
}

/// Takes a payment whose provider is due to be asked what became of it.
pub fn claim(tx: &mut GateTx<'_>) -> Result<Option<Whose>, Error> {
    let now = OffsetDateTime::now_utc();
    let due = whose!()
        .filter(payments::due_at.le(now))
        .order(payments::due_at)
        .for_update()
        .skip_locked()
        .first::<WhoseRow>(tx.connection())
        .optional()?;
    let Some(due) = due.map(Whose::of) else { return Ok(None) };
    // Where asking fails, it is asked again.
    diesel::update(payments::table.filter(payments::payment_id.eq(due.id)))
        .set(payments::due_at.eq(now + ASKED_AGAIN))
        .execute(tx.connection())?;
    Ok(Some(due))
}
