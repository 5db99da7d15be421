//! The double-entry ledger (`domain.md` 4.6).
//!
//! An entry is postings that sum to zero; it is added in one transaction with the
//! balances it changes, and never changed afterwards. Every account has four ledger
//! accounts: money comes into the wallet from `payments`, goes out of it to `usage` as
//! calls are charged, and to `write_offs` when it is given up.

use std::collections::BTreeMap;

use diesel::prelude::*;
use time::OffsetDateTime;

use crate::{
    access::{
        InAccount, Tx,
        permission::{Includes, ManageSubAccounts, Permission, ViewBilling},
    },
    error::Error,
    schema::control::{ledger_accounts, ledger_postings},
    values::{CallId, Money, Part, Slice, SubAccountId, TransactionId, words},
};

words! {
    /// One of the ledger accounts of an account.
    LedgerAccount {
        /// What may be spent; never below zero.
        Wallet = "wallet" / "Wallet",
        /// The world the money came from: its balance is what was paid in, negated.
        Payments = "payments" / "Payments",
        /// What calls earned.
        Usage = "usage" / "Usage",
        /// What was given up.
        WriteOffs = "write_offs" / "Write-offs",
    }
}

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
    }
}

/// An entry to be made: what happened and where the money went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Why.
    pub kind: EntryKind,
    /// The payment's reference; may be empty.
    pub reference: String,
    /// The call that is charged.
    pub call: Option<CallId>,
    /// The consolidated sub-account whose call it was; `None` for the account's own.
    pub charged_for: Option<SubAccountId>,
    /// When it happened.
    pub occurred_at: OffsetDateTime,
    /// Amounts in minor units; they sum to zero.
    pub postings: Vec<(LedgerAccount, i64)>,
}

impl Entry {
    fn moved(
        kind: EntryKind,
        from: LedgerAccount,
        to: LedgerAccount,
        minor: i64,
        occurred_at: OffsetDateTime,
    ) -> Result<Self, Error> {
        if minor <= 0 {
            return Err(Error::internal(format!("an entry moves more than nothing, not {minor}")));
        }
        let postings = vec![(from, -minor), (to, minor)];
        Ok(Self { kind, reference: String::new(), call: None, charged_for: None, occurred_at, postings })
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

    /// The charge of a call, out of the wallet.
    ///
    /// # Errors
    /// An amount that is not above zero.
    pub fn call(minor: i64, call: CallId, at: OffsetDateTime) -> Result<Self, Error> {
        let entry = Self::moved(EntryKind::Call, LedgerAccount::Wallet, LedgerAccount::Usage, minor, at)?;
        Ok(Self { call: Some(call), ..entry })
    }
}

/// Opens the ledger accounts of an account, all empty.
pub(crate) fn open(tx: &mut impl InAccount, currency: &str) -> Result<(), Error> {
    let rows: Vec<_> = LedgerAccount::ALL
        .iter()
        .map(|name| (ledger_accounts::ledger_account.eq(*name), ledger_accounts::currency.eq(currency)))
        .collect();
    diesel::insert_into(ledger_accounts::table).values(rows).execute(tx.rows())?;
    Ok(())
}

/// How a ledger account stands while its row is locked.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
struct Standing {
    account: LedgerAccount,
    currency: String,
    balance: i64,
    sequence: i64,
}

/// Locks the account's ledger accounts, always in the order of their names, so that two
/// entries never wait for each other in a circle.
fn lock<P: Permission>(tx: &mut Tx<'_, P>) -> Result<BTreeMap<LedgerAccount, Standing>, Error> {
    let rows: Vec<Standing> = ledger_accounts::table
        .order(ledger_accounts::ledger_account)
        .select((
            ledger_accounts::ledger_account,
            ledger_accounts::currency,
            ledger_accounts::balance_minor,
            ledger_accounts::last_sequence,
        ))
        .for_update()
        .load(tx.connection())?;
    Ok(rows.into_iter().map(|row| (row.account, row)).collect())
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
    charged_for: Option<SubAccountId>,
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

fn out_of_range() -> Error {
    Error::invalid("amount", "The amount is too large.")
}

/// Works out what one entry's postings in an account make of its balances.
fn place(
    standings: &mut BTreeMap<LedgerAccount, Standing>,
    entry: &Entry,
    id: TransactionId,
) -> Result<Vec<NewPosting>, Error> {
    let mut rows = Vec::new();
    for (account, minor) in &entry.postings {
        let standing = standings.get_mut(account).ok_or(Error::NotFound)?;
        standing.balance = standing.balance.checked_add(*minor).ok_or_else(out_of_range)?;
        standing.sequence += 1;
        if *account == LedgerAccount::Wallet && standing.balance < 0 {
            return Err(Error::Unpaid {
                code: "insufficient_balance",
                message: "The wallet does not hold enough for this.".to_owned(),
            });
        }
        rows.push(NewPosting {
            ledger_account: *account,
            sequence: standing.sequence,
            transaction_id: id,
            currency: standing.currency.clone(),
            amount_minor: *minor,
            balance_after_minor: standing.balance,
            kind: entry.kind,
            reference: entry.reference.clone(),
            call_id: entry.call,
            charged_for: entry.charged_for,
            occurred_at: entry.occurred_at,
        });
    }
    Ok(rows)
}

/// Works out what the entries make of the balances, without touching the database.
fn apply(
    standings: &mut BTreeMap<LedgerAccount, Standing>,
    entries: &[Entry],
) -> Result<(Vec<TransactionId>, Vec<NewPosting>), Error> {
    let (mut ids, mut rows) = (Vec::new(), Vec::new());
    for entry in entries {
        check(entry)?;
        let id = TransactionId::at(entry.occurred_at);
        rows.extend(place(standings, entry, id)?);
        ids.push(id);
    }
    Ok((ids, rows))
}

/// Adds an entry.
///
/// # Errors
/// [`Error::Unpaid`] when the wallet holds too little.
pub fn post<P: Permission>(tx: &mut Tx<'_, P>, entry: Entry) -> Result<TransactionId, Error> {
    post_all(tx, &[entry])?.pop().ok_or_else(|| Error::internal("an entry got no id"))
}

/// As many postings as one statement can hold.
const BATCH: usize = 5_000;

/// Adds entries in their order, all or none.
///
/// # Errors
/// As [`post`], for the first that the wallet cannot pay.
pub fn post_all<P: Permission>(tx: &mut Tx<'_, P>, entries: &[Entry]) -> Result<Vec<TransactionId>, Error> {
    let before = lock(tx)?;
    let mut after = before.clone();
    let (ids, rows) = apply(&mut after, entries)?;
    keep(tx, &before, &after, &rows)?;
    Ok(ids)
}

/// Keeps postings with the balances that they make.
fn keep<P: Permission>(
    tx: &mut Tx<'_, P>,
    before: &BTreeMap<LedgerAccount, Standing>,
    after: &BTreeMap<LedgerAccount, Standing>,
    rows: &[NewPosting],
) -> Result<(), Error> {
    for standing in after.values().filter(|standing| before.get(&standing.account) != Some(standing)) {
        diesel::update(ledger_accounts::table)
            .filter(ledger_accounts::ledger_account.eq(standing.account))
            .set((
                ledger_accounts::balance_minor.eq(standing.balance),
                ledger_accounts::last_sequence.eq(standing.sequence),
            ))
            .execute(tx.connection())?;
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
        let entry = Entry {
            kind: EntryKind::Transfer,
            reference: reference.to_owned(),
            call: None,
            charged_for: None,
            occurred_at: at,
            postings: vec![(LedgerAccount::Wallet, minor)],
        };
        let before = lock(tx)?;
        let mut after = before.clone();
        let rows = place(&mut after, &entry, id)?;
        keep(tx, &before, &after, &rows)?;
        after.remove(&LedgerAccount::Wallet).ok_or(Error::NotFound)
    };
    post(tx, -minor)?;
    let theirs = tx.within(to, |tx| post(tx, minor))?;
    Ok((id, Money::new(theirs.balance, theirs.currency)))
}

/// Writes off what is left in the wallet, before its account is deleted. Nothing flows
/// to anybody.
pub fn write_off<P: Permission>(tx: &mut Tx<'_, P>) -> Result<Money, Error> {
    let left = lock(tx)?.remove(&LedgerAccount::Wallet).ok_or(Error::NotFound)?;
    if left.balance > 0 {
        let now = OffsetDateTime::now_utc();
        let (from, to) = (LedgerAccount::Wallet, LedgerAccount::WriteOffs);
        post(tx, Entry::moved(EntryKind::WriteOff, from, to, left.balance, now)?)?;
    }
    Ok(Money::new(left.balance, left.currency))
}

/// What is in the account's wallet.
pub fn balance<P: Permission>(tx: &mut Tx<'_, P>) -> Result<Money, Error> {
    let (minor, currency) = ledger_accounts::table
        .filter(ledger_accounts::ledger_account.eq(LedgerAccount::Wallet))
        .select((ledger_accounts::balance_minor, ledger_accounts::currency))
        .first::<(i64, String)>(tx.connection())?;
    Ok(Money::new(minor, currency))
}

/// How many lines the wallet's statement has.
pub fn length<P: Includes<ViewBilling>>(tx: &mut Tx<'_, P>) -> Result<i64, Error> {
    Ok(ledger_accounts::table
        .filter(ledger_accounts::ledger_account.eq(LedgerAccount::Wallet))
        .select(ledger_accounts::last_sequence)
        .first(tx.connection())?)
}

/// One line of the wallet's statement.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Posting {
    /// Its place in the statement, from 1.
    pub sequence: i64,
    /// The entry.
    pub transaction: TransactionId,
    /// When it happened.
    pub occurred_at: OffsetDateTime,
    /// Why.
    pub kind: EntryKind,
    /// The payment's reference; may be empty.
    pub reference: String,
    /// The call that was charged.
    pub call: Option<CallId>,
    /// The consolidated sub-account whose call it was; `None` for the account's own.
    pub charged_for: Option<SubAccountId>,
    /// What came in, or with a minus went out, in minor units.
    pub amount_minor: i64,
    /// What was in the wallet after it.
    pub balance_after_minor: i64,
    /// ISO 4217.
    pub currency: String,
}

/// The wallet's statement, newest first; of one kind only where said.
pub fn postings<P: Includes<ViewBilling>>(
    tx: &mut Tx<'_, P>,
    kind: Option<EntryKind>,
    part: Part<i64>,
    limit: u16,
) -> Result<Slice<Posting>, Error> {
    let mut query = ledger_postings::table
        .filter(ledger_postings::ledger_account.eq(LedgerAccount::Wallet))
        .select((
            ledger_postings::sequence,
            ledger_postings::transaction_id,
            ledger_postings::occurred_at,
            ledger_postings::kind,
            ledger_postings::reference,
            ledger_postings::call_id,
            ledger_postings::charged_for,
            ledger_postings::amount_minor,
            ledger_postings::balance_after_minor,
            ledger_postings::currency,
        ))
        .limit(i64::from(limit) + 1)
        .into_boxed();
    if let Some(kind) = kind {
        query = query.filter(ledger_postings::kind.eq(kind));
    }
    query = match part {
        Part::Newest => query.order(ledger_postings::sequence.desc()),
        Part::OlderThan(at) => {
            query.filter(ledger_postings::sequence.lt(at)).order(ledger_postings::sequence.desc())
        }
        Part::NewerThan(at) => {
            query.filter(ledger_postings::sequence.gt(at)).order(ledger_postings::sequence.asc())
        }
    };
    Ok(Slice::of(query.load(tx.connection())?, &part, limit.into()))
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
