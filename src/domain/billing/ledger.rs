//! The double-entry ledger (`domain.md` 4.6).
//!
//! An entry is postings that sum to zero; it is added in one transaction with the
//! balances it changes, and never changed afterwards. Every account has ledger accounts of
//! its own: money comes into the wallet from `payments`, goes out of it to `usage` as
//! calls are charged, what the parent's price adds to their cost to `margin`, and to
//! `write_offs` what is given up.

use std::collections::BTreeMap;

use diesel::prelude::*;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    access::{
        Tx,
        permission::{Includes, ManageSubAccounts, Permission},
    },
    error::Error,
    schema::control::{ledger_accounts, ledger_postings},
    values::{AccountId, CallId, InvoiceId, Money, PaymentId, SubAccountId, TransactionId, words},
};

use super::{
    allowances,
    books::{self, Book, book, out_of_range, too_little},
};

pub use super::books::LedgerAccount;
pub(crate) use super::books::open;

words! {
    /// Why an entry was made.
    EntryKind {
        /// Money paid in.
        Recharge = "recharge" / "Recharge",
        /// A call.
        Call = "call" / "Call",
        /// Pushed by the parent from its own wallet.
        Transfer = "transfer" / "Transfer",
        /// Given up.
        WriteOff = "write_off" / "Written off",
        /// An earlier entry set right.
        Correction = "correction" / "Correction",
        /// A payment given back to whoever paid.
        Refund = "refund" / "Refund",
    }
}

/// An entry to be made: what happened and where the money went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Why.
    pub kind: EntryKind,
    /// The payment's reference; may be empty. It outlives the account: no personal data.
    pub reference: String,
    /// The call that is charged.
    pub call: Option<CallId>,
    /// How many minutes of it are charged.
    pub minutes: i64,
    /// The consolidated sub-account whose call it was, or to whose wallet a transfer went; `None` for
    /// the account's own.
    pub charged_for: Option<SubAccountId>,
    /// The payment that it keeps.
    pub payment: Option<PaymentId>,
    /// The credit note that it keeps.
    pub invoice: Option<InvoiceId>,
    /// The entry that it undoes.
    pub reverses: Option<TransactionId>,
    /// When it happened.
    pub occurred_at: OffsetDateTime,
    /// Amounts in minor units; they sum to zero.
    pub postings: Vec<(LedgerAccount, i64)>,
}

impl Entry {
    pub(super) fn of(
        kind: EntryKind,
        occurred_at: OffsetDateTime,
        postings: Vec<(LedgerAccount, i64)>,
    ) -> Self {
        Self {
            kind,
            reference: String::new(),
            call: None,
            minutes: 0,
            charged_for: None,
            payment: None,
            invoice: None,
            reverses: None,
            occurred_at,
            postings,
        }
    }

    /// `minor` units that go from one ledger account to another.
    ///
    /// # Errors
    /// An amount that is not above zero.
    pub(crate) fn moved(
        kind: EntryKind,
        from: LedgerAccount,
        to: LedgerAccount,
        minor: i64,
        occurred_at: OffsetDateTime,
    ) -> Result<Self, Error> {
        if minor <= 0 {
            return Err(Error::internal(format!("an entry moves more than nothing, not {minor}")));
        }
        Ok(Self::of(kind, occurred_at, vec![(from, -minor), (to, minor)]))
    }

    /// A payment into the wallet.
    ///
    /// # Errors
    /// An amount that is not above zero.
    pub fn recharge(minor: i64, reference: impl Into<String>, at: OffsetDateTime) -> Result<Self, Error> {
        let entry =
            Self::moved(EntryKind::Recharge, LedgerAccount::Payments, LedgerAccount::Wallet, minor, at)?;
        Ok(Self { reference: reference.into(), ..entry })
    }

    /// The charge of a call, out of the wallet: what it cost.
    ///
    /// # Errors
    /// An amount that is not above zero.
    pub fn call(minor: i64, call: CallId, at: OffsetDateTime) -> Result<Self, Error> {
        let entry = Self::moved(EntryKind::Call, LedgerAccount::Wallet, LedgerAccount::Usage, minor, at)?;
        Ok(Self { call: Some(call), ..entry })
    }

    /// The same entry, of which `margin` is what the parent's price adds to the cost.
    pub(super) fn with_margin(mut self, margin: i64) -> Self {
        if margin > 0 {
            for (account, minor) in &mut self.postings {
                if *account == LedgerAccount::Usage {
                    *minor -= margin;
                }
            }
            self.postings.push((LedgerAccount::Margin, margin));
            self.postings.retain(|(_, minor)| *minor != 0);
        }
        self
    }
}

/// The ledger accounts of an account while their rows are locked.
pub(super) type Books = BTreeMap<LedgerAccount, Book>;

/// Locks those ledger accounts that entries post to.
pub(super) fn lock<P: Permission>(tx: &mut Tx<'_, P>, entries: &[Entry]) -> Result<Books, Error> {
    let mut names: Vec<_> = entries.iter().flat_map(|entry| &entry.postings).map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    let mut books = books::lock(tx, &names)?;
    if books.len() < names.len() {
        // Accounts of before margins were kept have no book for them.
        let currency = super::wallet::currency(tx)?;
        for name in &names {
            books::open_late(tx, *name, &currency)?;
        }
        books = books::lock(tx, &names)?;
    }
    Ok(books.into_iter().map(|book| (book.ledger_account, book)).collect())
}

#[derive(Insertable)]
#[diesel(table_name = ledger_postings)]
struct NewPosting {
    ledger_account: LedgerAccount,
    sequence: i64,
    transaction_id: TransactionId,
    currency: String,
    amount_minor: i64,
    balance_after_minor: i64,
    kind: EntryKind,
    reference: String,
    call_id: Option<CallId>,
    minutes: i64,
    charged_for: Option<SubAccountId>,
    actor_id: Option<Uuid>,
    payment_id: Option<PaymentId>,
    invoice_id: Option<InvoiceId>,
    reverses: Option<TransactionId>,
    occurred_at: OffsetDateTime,
}

/// Refuses an entry that makes or loses money, or posts to one ledger account twice.
fn check(entry: &Entry) -> Result<(), Error> {
    let mut sum = 0_i64;
    for (at, (account, minor)) in entry.postings.iter().enumerate() {
        if *minor == 0 || entry.postings[..at].iter().any(|(other, _)| other == account) {
            return Err(Error::internal("an entry posts something, once, to each of its ledger accounts"));
        }
        sum = sum.checked_add(*minor).ok_or_else(out_of_range)?;
    }
    if entry.postings.is_empty() || sum != 0 {
        return Err(Error::internal(format!("the postings of an entry sum to {sum}, not to zero")));
    }
    Ok(())
}

/// Works out what one entry's postings in an account make of its balances.
fn place(
    books: &mut Books,
    entry: &Entry,
    id: TransactionId,
    actor: Option<Uuid>,
) -> Result<Vec<NewPosting>, Error> {
    let mut rows = Vec::new();
    for (account, minor) in &entry.postings {
        let book = books.get_mut(account).ok_or(Error::NotFound)?;
        book.balance_minor = book.balance_minor.checked_add(*minor).ok_or_else(out_of_range)?;
        book.last_sequence += 1;
        if *account == LedgerAccount::Wallet {
            // What is held is another's: nobody else draws it.
            if book.balance_minor < book.held_minor {
                return Err(too_little());
            }
            if entry.kind == EntryKind::Call {
                book.spend(minor.checked_neg().ok_or_else(out_of_range)?)?;
            }
            book.watch();
        }
        rows.push(NewPosting {
            ledger_account: *account,
            sequence: book.last_sequence,
            transaction_id: id,
            currency: book.currency.clone(),
            amount_minor: *minor,
            balance_after_minor: book.balance_minor,
            kind: entry.kind,
            reference: entry.reference.clone(),
            call_id: entry.call,
            minutes: entry.minutes,
            charged_for: entry.charged_for,
            actor_id: actor,
            payment_id: entry.payment,
            invoice_id: entry.invoice,
            reverses: entry.reverses,
            occurred_at: entry.occurred_at,
        });
    }
    Ok(rows)
}

/// Works out what the entries make of the balances, without touching the database.
fn apply(
    books: &mut Books,
    entries: &[Entry],
    actor: Option<Uuid>,
) -> Result<(Vec<TransactionId>, Vec<NewPosting>), Error> {
    let (mut ids, mut rows) = (Vec::new(), Vec::new());
    for entry in entries {
        check(entry)?;
        let id = TransactionId::at(entry.occurred_at);
        rows.extend(place(books, entry, id, actor)?);
        ids.push(id);
    }
    Ok((ids, rows))
}

/// Adds an entry.
///
/// # Errors
/// [`Error::Unpaid`] when the wallet holds too little that is not spoken for.
pub fn post<P: Permission>(tx: &mut Tx<'_, P>, entry: Entry) -> Result<TransactionId, Error> {
    post_all(tx, &[entry])?.pop().ok_or_else(|| Error::internal("an entry got no id"))
}

/// Adds entries in their order, all or none.
///
/// # Errors
/// As [`post`], for the first that the wallet cannot pay.
pub fn post_all<P: Permission>(tx: &mut Tx<'_, P>, entries: &[Entry]) -> Result<Vec<TransactionId>, Error> {
    post_held(tx, entries, 0)
}

/// Adds entries of which the wallet held `held` minor units, all or none: those are held no more.
///
/// # Errors
/// As [`post_all`].
pub(super) fn post_held<P: Permission>(
    tx: &mut Tx<'_, P>,
    entries: &[Entry],
    held: i64,
) -> Result<Vec<TransactionId>, Error> {
    let mut books = lock(tx, entries)?;
    if let Some(wallet) = books.get_mut(&LedgerAccount::Wallet) {
        wallet.held_minor -= held;
    }
    let actor = tx.asker().principal.actor();
    let (ids, rows) = with_room(tx, &mut books, |books| apply(books, entries, actor))?;
    keep(tx, &books, &rows)?;
    Ok(ids)
}

/// Works out what entries make of books that are locked. Where the wallet has too little that is
/// free, what an organization has set aside for its accounts and none of them holds is freed first.
fn with_room<P: Permission, T>(
    tx: &mut Tx<'_, P>,
    books: &mut Books,
    work: impl Fn(&mut Books) -> Result<T, Error>,
) -> Result<T, Error> {
    let before = books.clone();
    match work(books) {
        Err(Error::Unpaid { .. }) if matches!(tx.tenant(), AccountId::Organization(_)) => {
            *books = before;
            if let Some(wallet) = books.get_mut(&LedgerAccount::Wallet) {
                wallet.held_minor -= allowances::take_back_all(tx)?;
            }
            work(books)
        }
        done => done,
    }
}

/// As many postings as one statement can hold.
const BATCH: usize = 4_000;

/// Keeps postings with the balances that they make.
fn keep<P: Permission>(tx: &mut Tx<'_, P>, books: &Books, rows: &[NewPosting]) -> Result<(), Error> {
    for book in books.values() {
        books::keep(tx, book)?;
    }
    for batch in rows.chunks(BATCH) {
        diesel::insert_into(ledger_postings::table).values(batch).execute(tx.connection())?;
    }
    Ok(())
}

/// Moves `minor` units from the organization's wallet to a sub-account's: one entry with a
/// posting on either side, kept by one commit. Gives its id and what the sub-account's
/// wallet holds after it. The organization's ledger is locked first, by everyone.
///
/// # Errors
/// [`Error::Unpaid`] when the organization's wallet holds too little.
pub fn transfer<P: Includes<ManageSubAccounts>>(
    tx: &mut Tx<'_, P>,
    to: SubAccountId,
    minor: i64,
    reference: &str,
    at: OffsetDateTime,
) -> Result<(TransactionId, Money), Error> {
    if minor <= 0 {
        return Err(Error::invalid("amount", "The amount must be above zero."));
    }
    let id = TransactionId::at(at);
    let post = |tx: &mut Tx<'_, P>, minor: i64| {
        let posting = vec![(LedgerAccount::Wallet, minor)];
        // The organization's side tells whose wallet it went to.
        let charged_for = (minor < 0).then_some(to);
        let reference = reference.to_owned();
        let entry = Entry { reference, charged_for, ..Entry::of(EntryKind::Transfer, at, posting) };
        let mut books = lock(tx, std::slice::from_ref(&entry))?;
        let actor = tx.asker().principal.actor();
        let rows = with_room(tx, &mut books, |books| place(books, &entry, id, actor))?;
        keep(tx, &books, &rows)?;
        books.remove(&LedgerAccount::Wallet).ok_or(Error::NotFound)
    };
    post(tx, -minor)?;
    let theirs = tx.within(to, |tx| post(tx, minor))?;
    Ok((id, Money::new(theirs.balance_minor, theirs.currency)))
}

/// Writes off what is left in the wallet and spoken for by nobody, as its account is deleted.
/// Nothing flows to anybody.
pub fn write_off<P: Permission>(tx: &mut Tx<'_, P>) -> Result<Money, Error> {
    let wallet = super::wallet::lock(tx)?;
    let left = wallet.balance_minor - wallet.held_minor;
    if left > 0 {
        let now = OffsetDateTime::now_utc();
        let (from, to) = (LedgerAccount::Wallet, LedgerAccount::WriteOffs);
        post(tx, Entry::moved(EntryKind::WriteOff, from, to, left, now)?)?;
    }
    Ok(Money::new(left, wallet.currency))
}

/// What is in the account's wallet.
pub fn balance<P: Permission>(tx: &mut Tx<'_, P>) -> Result<Money, Error> {
    let (minor, currency) = book!(tx, LedgerAccount::Wallet)
        .select((ledger_accounts::balance_minor, ledger_accounts::currency))
        .first::<(i64, String)>(tx.connection())?;
    Ok(Money::new(minor, currency))
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
