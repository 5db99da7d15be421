//! One entry of a wallet, looked up by its id: what a result page shows, however often.

use diesel::prelude::*;
use time::OffsetDateTime;

use crate::{
    access::{Tx, permission::Permission},
    error::Error,
    schema::control::ledger_postings,
    values::{Money, TransactionId},
};

use super::ledger::{EntryKind, LedgerAccount};

/// What an entry did to a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Why.
    pub kind: EntryKind,
    /// What came in, or with a minus went out.
    pub amount: Money,
    /// What was in the wallet after it.
    pub balance_after: Money,
    /// What was noted with it; may be empty.
    pub reference: String,
    /// When it happened.
    pub at: OffsetDateTime,
}

/// What the entry `transaction` did to the account's wallet.
///
/// # Errors
/// [`Error::NotFound`] when it is none of that wallet's.
pub fn receipt<P: Permission>(tx: &mut Tx<'_, P>, transaction: TransactionId) -> Result<Receipt, Error> {
    // Whose wallet it is, row-level security says.
    let (kind, amount, balance, currency, reference, at) = ledger_postings::table
        .filter(ledger_postings::ledger_account.eq(LedgerAccount::Wallet))
        .filter(ledger_postings::transaction_id.eq(transaction))
        .select((
            ledger_postings::kind,
            ledger_postings::amount_minor,
            ledger_postings::balance_after_minor,
            ledger_postings::currency,
            ledger_postings::reference,
            ledger_postings::occurred_at,
        ))
        .first::<(EntryKind, i64, i64, String, String, OffsetDateTime)>(tx.connection())?;
    Ok(Receipt {
        kind,
        amount: Money::new(amount, &currency),
        balance_after: Money::new(balance, currency),
        reference,
        at,
    })
}
