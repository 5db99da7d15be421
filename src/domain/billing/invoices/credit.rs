//! Giving back what was invoiced: a credit note, and the money with it.

use time::OffsetDateTime;

use crate::{
    access::{Change, Tx, permission::IssueInvoices, principal::Standing},
    domain::billing::{
        books,
        ledger::{self, Entry, EntryKind, LedgerAccount},
    },
    error::Error,
    values::{AccountId, InvoiceId, indian_day},
};

use super::{
    Credited, Document, Kind, Line, Party, gst,
    issue::{New, ask_to_send, at, keep, name_of, share_out, told},
    list, numbers,
};

/// The longest reason, in characters.
pub const LONGEST_REASON: usize = 200;

/// Whether this says why something is given back: on one line, not empty, not too long.
pub fn is_reason(text: &str) -> bool {
    (1..=LONGEST_REASON).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// Gives back `amount` minor units of an invoice, or all that is left of it, for a reason that is
/// printed: a credit note of its own series, and an entry that puts the money into the wallet. What is
/// given back to an account that was deleted is written off at once, as its balance was: nobody is
/// there to spend it, and it never flows to the organization (`domain.md` 2.4).
///
/// # Errors
/// [`Error::Invalid`] on `amount` above what is left, or on `reason`; [`Error::NotFound`] where it
/// is no invoice of the account's, or one that the asker did not issue.
pub fn give_back(
    tx: &mut Tx<'_, IssueInvoices>,
    account: AccountId,
    invoice: InvoiceId,
    amount: Option<i64>,
    reason: &str,
) -> Result<Change<InvoiceId>, Error> {
    if matches!(account, AccountId::Organization(_)) && tx.asker().standing != Standing::Platform {
        // It is the platform that invoices organizations.
        return Err(Error::NotFound);
    }
    let reason = reason.trim();
    if !is_reason(reason) {
        let message = format!("Say why, in at most {LONGEST_REASON} characters on one line.");
        return Err(Error::invalid("reason", message));
    }
    let now = OffsetDateTime::now_utc();
    let (issued, left) = at(tx, account, |tx| {
        // Two credit notes at once wait for each other here, in the order in which all lock.
        books::lock(tx, &[LedgerAccount::Usage, LedgerAccount::Wallet])?;
        let issued = list::find(tx, invoice)?;
        let left = issued.left();
        Ok((issued, left))
    })?;
    if issued.document.kind == Kind::CreditNote {
        return Err(Error::NotFound);
    }
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
    let is_there = name_of(tx, account)?.is_some();
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
        if is_there { ask_to_send(tx, id) } else { ledger::write_off(tx).map(|_| ()) }
    })?;
    Ok(told(id, tx, account, id, &document, is_there))
}
