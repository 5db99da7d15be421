//! Wallets, their transactions, and recharges (`domain.md` 4).

use serde::{Deserialize, Serialize};
use time::{Date, macros::format_description};
use utoipa::{IntoParams, ToSchema};

use crate::{
    access::{
        Denied, Scope,
        permission::{PushFunds, ViewBilling},
        principal::Standing,
    },
    domain::{
        billing::{
            ledger::EntryKind,
            statement::{self, Filter, Posting},
            wallet,
        },
        sub_accounts::recharge::{self, LONGEST_REFERENCE, Recharge},
    },
    error::Error,
    values::{AccountId, CallId, InvoiceId, Money, Part, PaymentId, SubAccountId, TransactionId},
};

use super::{
    amount::Amount,
    line::Line,
    reply::{Created, List, Paging, Reply},
    request::{Body, Once, Path, Query},
    sub_accounts::Place,
    timestamp::Timestamp,
};

/// A prepaid wallet.
#[derive(Debug, Serialize, ToSchema)]
pub struct Wallet {
    /// Whose it is.
    pub account_id: AccountId,
    /// What is in it.
    pub balance: Amount,
    /// What of that is spoken for, by calls in progress and calls that are being charged.
    pub held: Amount,
    /// What new calls may draw: the balance without what is held.
    pub available: Amount,
    /// For how many days it lasts if calls go on as in the last seven; null where none were paid.
    #[schema(required = true, minimum = 0, example = 3)]
    pub days_left: Option<i64>,
    /// Its currency, by ISO 4217.
    #[schema(example = "INR")]
    pub currency: String,
    /// Whether it rests while the organization pays for the sub-account.
    pub frozen: bool,
}

/// Refuses a wallet that the asker sees nothing of: a sub-account for which its
/// organization pays has none to its own eyes (`domain.md` 4.2).
pub(super) fn check_seen(scope: &Scope<ViewBilling>) -> Result<bool, Error> {
    let asker = scope.asker();
    let is_frozen = !asker.account.pays_itself();
    if is_frozen && asker.standing != Standing::ParentAdministrator {
        Err(Error::NotFound)
    } else {
        Ok(is_frozen)
    }
}

/// Shows the wallet
///
/// A sub-account that its organization pays for has no wallet of its own to its own keys;
/// the organization's keys see what rests in it.
#[utoipa::path(get, path = "/wallet", tag = "Wallets", operation_id = "getWallet",
    responses((status = 200, description = "The wallet.", body = Wallet)))]
pub async fn show(scope: Scope<ViewBilling>) -> Result<Reply<Wallet>, Denied> {
    let frozen = check_seen(&scope)?;
    let (wallet, days_left) = scope
        .read(|tx| {
            let wallet = wallet::standing(tx)?;
            let left = statement::days_left(tx, &wallet.available())?;
            Ok((wallet, left))
        })
        .await?;
    Ok(Reply(Wallet {
        account_id: scope.asker().account.id,
        balance: Amount::from(&wallet.balance),
        held: Amount::from(&wallet.held),
        available: Amount::from(&wallet.available()),
        days_left,
        currency: wallet.balance.currency,
        frozen,
    }))
}

/// A line of a wallet's statement.
#[derive(Debug, Serialize, ToSchema)]
pub struct Transaction {
    /// Its id. Both sides of a transfer have the same.
    pub transaction_id: TransactionId,
    /// Why.
    #[serde(rename = "type")]
    pub kind: EntryKind,
    /// What came in, or with a minus went out.
    pub amount: Amount,
    /// What was in the wallet after it.
    pub balance_after: Amount,
    /// Its currency.
    #[schema(example = "INR")]
    pub currency: String,
    /// The reference of the payment; may be empty.
    #[schema(example = "UTR 4711")]
    pub reference: String,
    /// The call that was charged.
    pub call_id: Option<CallId>,
    /// The sub-account whose call your organization paid for, or to whose wallet a transfer went; null
    /// for the account's own.
    pub sub_account_id: Option<SubAccountId>,
    /// The payment that it keeps.
    pub payment_id: Option<PaymentId>,
    /// The credit note that it keeps.
    pub invoice_id: Option<InvoiceId>,
    /// When it happened.
    pub occurred_at: Timestamp,
}

impl From<Posting> for Transaction {
    fn from(posting: Posting) -> Self {
        let money = |minor| Amount::from(&Money::new(minor, posting.currency.clone()));
        Self {
            transaction_id: posting.transaction,
            kind: posting.kind,
            amount: money(posting.amount_minor),
            balance_after: money(posting.balance_after_minor),
            reference: posting.reference,
            call_id: posting.call,
            sub_account_id: posting.charged_for,
            payment_id: posting.payment,
            invoice_id: posting.invoice,
            occurred_at: posting.occurred_at.into(),
            currency: posting.currency,
        }
    }
}

/// Which part of a statement.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StatementQuery {
    /// The page, from 1.
    #[param(minimum = 1, maximum = 10000, example = 1)]
    page: Option<i64>,
    /// Rows on a page.
    #[param(minimum = 1, maximum = 100, example = 20)]
    limit: Option<i64>,
    /// `next_cursor` of the page before; `page` is then not looked at.
    #[param(pattern = "^[1-9][0-9]{0,17}$")]
    cursor: Option<String>,
    /// From this day on, as India counts days.
    #[param(value_type = Option<String>, format = Date, example = "2026-11-01")]
    from: Option<String>,
    /// Up to this day and with it.
    #[param(value_type = Option<String>, format = Date, example = "2026-11-30")]
    to: Option<String>,
    /// Of this kind alone.
    #[serde(rename = "type")]
    kind: Option<EntryKind>,
}

/// A day as it stands in a query.
fn day(field: &str, text: Option<String>) -> Result<Option<Date>, Error> {
    let read = |text: String| {
        Date::parse(&text, format_description!("[year]-[month]-[day]"))
            .map_err(|_| Error::invalid(field, "Name a day as 2026-11-24."))
    };
    text.map(read).transpose()
}

/// Lists the wallet's transactions
///
/// The latest come first; each has the balance after it.
#[utoipa::path(get, path = "/transactions", tag = "Wallets", operation_id = "listTransactions", params(StatementQuery),
    responses((status = 200, description = "A page of the statement.", body = List<Transaction>)))]
pub async fn transactions(
    scope: Scope<ViewBilling>,
    query: Query<StatementQuery>,
) -> Result<Reply<List<Transaction>>, Denied> {
    check_seen(&scope)?;
    let StatementQuery { page, limit, cursor, from, to, kind } = query.0;
    let filter = Filter { from: day("from", from)?, to: day("to", to)?, kind, ..Filter::default() };
    let paging = Paging::of(page, limit, cursor)?;
    let from = paging.sequence()?;
    let limit = u16::try_from(paging.limit).map_err(Error::internal)?;
    let skip = paging.skip();
    let (slice, total) = scope
        .read(move |tx| {
            let sums = statement::sums(tx, &filter)?;
            let (part, skip) = match from {
                Some(from) => (Part::OlderThan(from), 0),
                None => (Part::Newest, skip),
            };
            Ok((statement::page(tx, &filter, &sums, part, (skip, limit))?, sums.entries))
        })
        .await?;
    let next = slice.rows.last().filter(|_| slice.has_older).map(|row| row.sequence.to_string());
    let rows = slice.rows.into_iter().map(Transaction::from).collect();
    Ok(Reply(List::new(rows, &paging, total, next)))
}

/// Refuses what is no currency's code.
pub(super) fn currency_code(text: &str) -> Result<(), Error> {
    if text.len() == 3 && text.bytes().all(|letter| letter.is_ascii_uppercase()) {
        Ok(())
    } else {
        Err(Error::invalid("currency", "Name a currency by its three letters, such as INR."))
    }
}

/// A recharge to be made.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRecharge {
    /// How much, in decimal major units: 5000 is five thousand rupees.
    #[schema(value_type = f64, exclusive_minimum = 0, maximum = 1000000000, multiple_of = 0.01, example = 5000)]
    amount: Amount,
    /// The currency of your organization's wallets, by ISO 4217.
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "INR")]
    currency: String,
    /// A reference of your own, for the statements of both sides.
    #[schema(value_type = Option<Line>)]
    reference: Option<String>,
}

/// A recharge that was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeRecharge {
    /// Its entry in the ledger, in both wallets.
    pub transaction_id: TransactionId,
    /// Whose wallet it came into.
    pub sub_account_id: SubAccountId,
    /// How much.
    pub amount: Amount,
    /// Its currency.
    #[schema(example = "INR")]
    pub currency: String,
    /// What is in the sub-account's wallet now.
    pub balance: Amount,
    /// The reference.
    pub reference: Option<String>,
    /// When.
    pub created_at: Timestamp,
}

/// Recharges a sub-account's wallet
///
/// Moves money from your organization's wallet into the sub-account's, at once and whole.
/// Send an `Idempotency-Key`, so that a request that is sent twice moves money once. Too
/// little in your wallet is answered with 402; a sub-account that your organization pays
/// for has a frozen wallet, 409 `wallet_frozen`. A test key moves no money, 403.
#[utoipa::path(post, path = "/sub-accounts/{sub_account_id}/wallet/recharge", tag = "Wallets",
    operation_id = "rechargeWallet",
    request_body(content = CreateRecharge, example = json!({ "amount": 5000, "currency": "INR" })),
    responses(
        (status = 201, description = "The money is in the sub-account's wallet.", body = MadeRecharge),
        (status = 402, description = "Your organization's wallet holds too little.", body = super::refusal::ErrorBody),
    ))]
pub async fn recharge(
    scope: Scope<PushFunds>,
    place: Path<Place>,
    once: Once,
    body: Body<CreateRecharge>,
) -> Result<Created<MadeRecharge>, Denied> {
    let (id, asked) = (place.0.sub_account_id, body.into_inner());
    currency_code(&asked.currency)?;
    let minor = asked.amount.above_zero("amount", &asked.currency)?;
    let reference = asked.reference.clone();
    if reference
        .as_ref()
        .is_some_and(|text| text.trim().is_empty() || text.chars().count() > LONGEST_REFERENCE)
    {
        let message = format!("A reference has 1 to {LONGEST_REFERENCE} characters.");
        return Err(Error::invalid("reference", message).into());
    }
    let amount = Money::new(minor, asked.currency.clone());
    let made: Recharge = scope
        .write(move |tx| {
            once.perform(tx, "wallet.recharge", &(id, &asked), |tx| {
                recharge::recharge(tx, id, &amount, asked.reference.as_deref().unwrap_or_default())
            })
        })
        .await?;
    Ok(Created(MadeRecharge {
        transaction_id: made.transaction,
        sub_account_id: id,
        amount: Amount::from(&made.amount),
        balance: Amount::from(&made.balance),
        currency: made.amount.currency,
        reference,
        created_at: made.at.into(),
    }))
}
