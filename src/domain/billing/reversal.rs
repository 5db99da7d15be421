//! Undoing entries: the ledger is never changed, what was wrong is set right by its opposite
//! (`domain.md` 4.6).

use diesel::prelude::*;
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    access::{Change, Event, Tx, permission::Permission},
    error::Error,
    schema::control::ledger_postings,
    values::{CallId, SubAccountId, TransactionId},
};

use super::{
    books::{LedgerAccount, out_of_range},
    ledger::{self, Entry, EntryKind},
};

/// Undoes an entry of the account by its exact opposite, once. The money of a call comes back to
/// the wallet that paid it.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not an entry's here; [`Error::Conflict`] with code
/// `not_reversible` for a transfer, whose other side is another's, or for a correction;
/// `already_reversed` for one that was undone; [`Error::Unpaid`] when the wallet holds too little.
pub fn reverse<P: Permission>(
    tx: &mut Tx<'_, P>,
    transaction: TransactionId,
    reason: &str,
) -> Result<Change<TransactionId>, Error> {
    let conflict = |code, message: &str| Error::Conflict { code, message: message.to_owned() };
    let account = tx.tenant().uuid();
    let own = ledger_postings::table
        .filter(ledger_postings::organization_id.eq(tx.organization()))
        .filter(ledger_postings::account_id.eq(account));
    let postings = own
        .filter(ledger_postings::ledger_account.eq_any(LedgerAccount::ALL))
        .filter(ledger_postings::transaction_id.eq(transaction))
        .select((
            ledger_postings::ledger_account,
            ledger_postings::amount_minor,
            ledger_postings::kind,
            ledger_postings::call_id,
            ledger_postings::minutes,
            ledger_postings::charged_for,
        ))
        .load::<(LedgerAccount, i64, EntryKind, Option<CallId>, i64, Option<SubAccountId>)>(
            tx.connection(),
        )?;
    let (_, _, kind, call, minutes, charged_for) = *postings.first().ok_or(Error::NotFound)?;
    if matches!(kind, EntryKind::Transfer | EntryKind::Correction | EntryKind::WriteOff) {
        return Err(conflict("not_reversible", "An entry of this kind is not undone."));
    }
    let opposite = postings
        .iter()
        .map(|(name, minor, ..)| Ok((*name, minor.checked_neg().ok_or_else(out_of_range)?)))
        .collect::<Result<Vec<_>, Error>>()?;
    let entry = Entry {
        reference: reason.to_owned(),
        call,
        minutes,
        charged_for,
        reverses: Some(transaction),
        ..Entry::of(EntryKind::Correction, OffsetDateTime::now_utc(), opposite)
    };
    // Its books are locked before it is asked whether it was undone.
    ledger::lock(tx, std::slice::from_ref(&entry))?;
    let undone = own.filter(
        ledger_postings::ledger_account
            .eq_any(LedgerAccount::ALL)
            .and(ledger_postings::reverses.eq(transaction)),
    );
    if diesel::select(diesel::dsl::exists(undone)).get_result(tx.connection())? {
        return Err(conflict("already_reversed", "This entry was undone before."));
    }
    let undone = ledger::post(tx, entry)?;
    let event = Event {
        account: tx.tenant(),
        action: "ledger.entry_reversed",
        object: transaction.to_string(),
        object_id: undone.to_string(),
        details: json!({ "reason": reason }),
    };
    Ok(Change::new(undone, event))
}
