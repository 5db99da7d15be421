//! Giving back what was invoiced: a credit note, and the money with it.

use diesel::prelude::*;
use time::OffsetDateTime;

use crate::{
    access::{Change, Tx, permission::ManageSubAccounts},
    domain::billing::ledger::{self, Entry, EntryKind, LedgerAccount},
    error::Error,
    schema::control::{invoices, ledger_accounts},
    values::{AccountId, InvoiceId, indian_day},
};

use super::{
    Credited, Document, Kind, Line, Party, gst,
    issue::{New, ask_to_send, at, keep, share_out, told},
    list, numbers,
};

/// The longest reason, in characters.
pub const LONGEST_REASON: usize = 200;

/// What of an invoice was not given back yet, in minor units.
///
/// # Errors
/// [`Error::NotFound`] where it is no invoice of the account's.
fn left(tx: &mut Tx<'_, ManageSubAccounts>, id: InvoiceId) -> Result<i64, Error> {
    let (organization, account) = (tx.organization(), tx.tenant().uuid());
    let total: i64 = invoices::table
        .find((organization, account, id))
        .filter(invoices::kind.eq(Kind::Invoice))
        .select(invoices::total_minor)
        .first(tx.connection())?;
    let notes: Vec<i64> = invoices::table
        .filter(invoices::organization_id.eq(organization))
        .filter(invoices::account_id.eq(account))
        .filter(invoices::credits.eq(id))
        .select(invoices::total_minor)
        .load(tx.connection())?;
    Ok(total - notes.iter().sum::<i64>())
}

/// Gives back `amount` minor units of an invoice, or all that is left of it, for a reason that is
/// printed: a credit note of its own series, and an entry that puts the money into the wallet.
///
/// # Errors
/// [`Error::Invalid`] on `amount` above what is left, or on `reason`; [`Error::NotFound`] where it
/// is no invoice of the account's.
pub fn give_back(
    tx: &mut Tx<'_, ManageSubAccounts>,
    account: AccountId,
    invoice: InvoiceId,
    amount: Option<i64>,
    reason: &str,
) -> Result<Change<InvoiceId>, Error> {
    let reason = reason.trim();
    if !(1..=LONGEST_REASON).contains(&reason.chars().count()) || reason.chars().any(char::is_control) {
        let message = format!("Say why, in at most {LONGEST_REASON} characters on one line.");
        return Err(Error::invalid("reason", message));
    }
    let now = OffsetDateTime::now_utc();
    let (issued, left) = at(tx, account, |tx| {
        // Two credit notes at once wait for each other at the wallet.
        ledger_accounts::table
            .find((tx.organization(), tx.tenant().uuid(), "wallet"))
            .select(ledger_accounts::currency)
            .for_no_key_update()
            .first::<String>(tx.connection())?;
        let left = left(tx, invoice)?;
        Ok((list::find(tx, invoice)?, left))
    })?;
    let total = amount.unwrap_or(left);
    if total <= 0 || total > left {
        let message = if left == 0 {
            "All of this invoice was given back.".to_owned()
        } else {
            format!("At most {}.{:02} of this invoice is left to give back.", left / 100, left % 100)
        };
        return Err(Error::invalid("amount", message));
    }
    let of_platform = matches!(account, AccountId::Organization(_));
    let issuer = numbers::issuer(of_platform, tx.organization().uuid());
    let issued_on = indian_day(now);
    let (number, financial_year) = numbers::next(tx, issuer, Kind::CreditNote, issued_on)?;
    let original = issued.document;
    let within_state = original.place_of_supply == original.supplier.state;
    let line = Line {
        text: reason.to_owned(),
        sub_account: None,
        calls: 0,
        minutes: 0,
        amount: total,
        taxable: 0,
        postings: (0, 0),
    };
    let mut document = Document {
        kind: Kind::CreditNote,
        number,
        issued_on,
        split: gst::split(total, original.rate, within_state),
        lines: vec![line],
        total,
        credited: Some(Credited {
            number: original.number.clone(),
            issued_on: original.issued_on,
            reason: reason.to_owned(),
        }),
        ..original
    };
    share_out(&mut document)?;
    let id = InvoiceId::at(now);
    let is_there = issued.recipient.is_some();
    let recipient = issued.recipient.unwrap_or_else(|| Party::named(account.to_string()));
    at(tx, account, |tx| {
        let entry =
            Entry::moved(EntryKind::Correction, LedgerAccount::Usage, LedgerAccount::Wallet, total, now)?;
        let entry = Entry { invoice: Some(id), reference: document.number.clone(), ..entry };
        ledger::post(tx, entry)?;
        let credits = Some(invoice);
        keep(
            tx,
            id,
            &New { document: &document, recipient: &recipient, credits, issuer, financial_year, now },
        )?;
        if is_there { ask_to_send(tx, id) } else { Ok(()) }
    })?;
    Ok(told(id, tx, account, id, &document, is_there))
}
