//! Money pushed from the parent's wallet into a sub-account's (`domain.md` 4.7).

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    access::{
        Change, Event, Tx,
        permission::{Includes, ManageSubAccounts, PushFunds},
    },
    domain::billing::{
        ledger::{self, EntryKind},
        receipts::{self, Receipt},
        wallet,
    },
    error::Error,
    schema::control::sub_accounts,
    values::{BillingMode, EventKind, KeyMode, Money, SubAccountId, SubAccountStatus, TransactionId},
};

/// A recharge that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recharge {
    /// Its entry in the ledger.
    pub transaction: TransactionId,
    /// What came into the sub-account's wallet.
    pub amount: Money,
    /// What is in it now.
    pub balance: Money,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// The longest reference, in characters.
pub const LONGEST_REFERENCE: usize = 100;

/// Pushes `amount` from the organization's wallet into a sub-account's: one entry, both
/// sides or none. Nobody can pull.
///
/// # Errors
/// [`Error::Unpaid`] when the organization's wallet holds too little; [`Error::Conflict`]
/// with code `wallet_frozen` while the organization pays for the sub-account anyway, or
/// `currency_mismatch` when the wallet has another currency; [`Error::Invalid`] on
/// `reference`; [`Error::Forbidden`] with a test key.
pub fn recharge(
    tx: &mut Tx<'_, PushFunds>,
    to: SubAccountId,
    amount: &Money,
    reference: &str,
) -> Result<Change<Recharge>, Error> {
    if reference.chars().count() > LONGEST_REFERENCE || reference.chars().any(char::is_control) {
        let message = format!("The reference must be at most {LONGEST_REFERENCE} characters, on one line.");
        return Err(Error::invalid("reference", message));
    }
    if tx.asker().mode() == KeyMode::Test {
        return Err(Error::Forbidden("A test key moves no money: a recharge is real. Use a live key."));
    }
    let organization = tx.organization();
    let (name, mode) = sub_accounts::table
        .find((organization, to))
        .filter(sub_accounts::status.ne(SubAccountStatus::Deleting))
        .select((sub_accounts::name, sub_accounts::billing_mode))
        // It is neither deleted nor switched while money is on its way.
        .for_share()
        .first::<(String, BillingMode)>(tx.connection())?;
    let refused = |code, message: String| Err(Error::Conflict { code, message });
    if mode == BillingMode::Consolidated {
        let message = "The organization pays for this sub-account: its wallet is frozen.".to_owned();
        return refused("wallet_frozen", message);
    }
    let currency = ledger::balance(tx)?.currency;
    if currency != amount.currency {
        return refused("currency_mismatch", format!("The wallets of this organization are in {currency}."));
    }
    let at = OffsetDateTime::now_utc();
    let (transaction, balance) = ledger::transfer(tx, to, amount.minor, reference, at)?;
    let event = |account| Event {
        account,
        action: "wallet.recharged",
        object: name.clone(),
        object_id: to.to_string(),
        details: json!({ "amount_minor": amount.minor, "currency": currency, "transaction": transaction }),
    };
    let events = (event(organization.into()), [event(to.into())]);
    let told = json!({
        "sub_account_id": to,
        "transaction_id": transaction,
        "amount": amount.major(),
        "balance": balance.major(),
        "currency": currency,
    });
    let made = Recharge { transaction, amount: amount.clone(), balance, at };
    Ok(Change::told_by(made, events.0, events.1).publishing_to_both(
        organization,
        to,
        EventKind::WalletRecharged,
        told,
    ))
}

/// How the two wallets stand before a recharge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wallets {
    /// What the organization can give.
    pub ours: Money,
    /// What is in the sub-account's wallet.
    pub theirs: Money,
}

/// How the wallets of the organization and of one of its sub-accounts stand.
pub fn wallets<P: Includes<ManageSubAccounts>>(
    tx: &mut Tx<'_, P>,
    of: SubAccountId,
) -> Result<Wallets, Error> {
    Ok(Wallets { ours: wallet::standing(tx)?.available(), theirs: tx.within(of, ledger::balance)? })
}

/// What a recharge did to both wallets: the organization's, and the sub-account's.
///
/// # Errors
/// [`Error::NotFound`] when `transaction` is no transfer between these two.
pub fn receipts(
    tx: &mut Tx<'_, ManageSubAccounts>,
    to: SubAccountId,
    transaction: TransactionId,
) -> Result<(Receipt, Receipt), Error> {
    let ours = receipts::receipt(tx, transaction)?;
    let theirs = tx.within(to, |tx| receipts::receipt(tx, transaction))?;
    if ours.kind == EntryKind::Transfer { Ok((ours, theirs)) } else { Err(Error::NotFound) }
}
