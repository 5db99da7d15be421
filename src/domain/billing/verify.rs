//! The proof that an organization's money adds up (`domain.md` 4.6, `trust.md` R1): each entry sums
//! to zero, each balance is the sum of its postings, what is held is held by something, and each day
//! of a statement is what the postings of it come to.
//!
//! All is read in one snapshot, deleted accounts' ledgers too.

use std::{collections::BTreeMap, fmt};

use diesel::{dsl::sum, prelude::*};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::{
    access::Overview,
    error::Error,
    schema::{
        control::{allowances, charges, ledger_accounts, ledger_postings, slots, wallet_days},
        whole,
    },
    values::{AccountId, BillingMode, OrganizationId, TransactionId, indian_day},
};

use super::{books::LedgerAccount, ledger::EntryKind};

/// Something that does not add up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// A posting that does not follow the one before it.
    Posting {
        /// Whose.
        account: AccountId,
        /// In which of its ledger accounts.
        ledger_account: LedgerAccount,
        /// Its place there.
        sequence: i64,
        /// What is wrong.
        why: &'static str,
    },
    /// A ledger account that is not what its postings make of it.
    Balance {
        /// Whose.
        account: AccountId,
        /// Which.
        ledger_account: LedgerAccount,
        /// What stands there, in minor units.
        stands: i64,
        /// What it should be.
        should_be: i64,
    },
    /// An entry that makes or loses money.
    Entry {
        /// Which.
        transaction: TransactionId,
        /// What its postings sum to, in minor units.
        sum: i64,
    },
    /// Money that is held and by nothing, or the other way round.
    Held {
        /// Whose.
        account: AccountId,
        /// What is held: `wallet` or `allowance`.
        what: &'static str,
        /// What stands there, in minor units.
        stands: i64,
        /// What it should be.
        should_be: i64,
    },
    /// A day of a wallet's statement that is not what its postings come to.
    Day {
        /// Whose.
        account: AccountId,
        /// The day in India.
        day: Date,
        /// The entries of which kind.
        kind: EntryKind,
        /// What stands there; none: nothing does.
        stands: Option<Day>,
        /// What its postings come to; none: there are none.
        should_be: Option<Day>,
    },
}

/// What a day's entries of a kind come to, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// How many there are.
    pub entries: i64,
    /// What came in.
    pub credits: i64,
    /// What went out.
    pub debits: i64,
    /// Their first and last places in the statement.
    pub span: (i64, i64),
}

impl Day {
    /// With one more posting, which comes after those that it holds.
    fn with(before: Option<Self>, sequence: i64, amount: i64) -> Self {
        let before = before.unwrap_or(Self { entries: 0, credits: 0, debits: 0, span: (sequence, sequence) });
        Self {
            entries: before.entries + 1,
            // Sums that overflow are wrong elsewhere.
            credits: before.credits.saturating_add(amount.max(0)),
            debits: before.debits.saturating_add(amount.min(0).saturating_neg()),
            span: (before.span.0, sequence),
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entries, credits, debits, span: (first, last) } = self;
        write!(f, "{entries} entries ({first} to {last}), {credits} in, {debits} out")
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Posting { account, ledger_account, sequence, why } => {
                write!(f, "{account} {ledger_account}, posting {sequence}: {why}")
            }
            Self::Balance { account, ledger_account, stands, should_be } => {
                write!(
                    f,
                    "{account} {ledger_account}: the balance is {stands}, its postings make {should_be}"
                )
            }
            Self::Entry { transaction, sum } => write!(f, "{transaction}: its postings sum to {sum}"),
            Self::Held { account, what, stands, should_be } => {
                write!(f, "{account} {what}: {stands} is held, calls and charges make {should_be}")
            }
            Self::Day { account, day, kind, stands, should_be } => {
                let told = |day: &Option<Day>| day.map_or("nothing".to_owned(), |day| day.to_string());
                let (stands, should_be) = (told(stands), told(should_be));
                write!(
                    f,
                    "{account} statement of {day}, {kind}: {stands} stands, its postings make {should_be}"
                )
            }
        }
    }
}

/// What was looked at, and what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Postings that were followed.
    pub postings: i64,
    /// What does not add up.
    pub wrong: Vec<Wrong>,
}

#[derive(Queryable)]
struct Book {
    account: Uuid,
    name: LedgerAccount,
    balance: i64,
    held: i64,
    last_sequence: i64,
}

/// Proves the ledger of an organization and all its sub-accounts.
pub fn verify(tx: &mut Overview<'_>) -> Result<Report, Error> {
    let organization = tx.organization();
    let books: Vec<Book> = ledger_accounts::table
        .filter(ledger_accounts::organization_id.eq(organization))
        .order((ledger_accounts::account_id, ledger_accounts::ledger_account))
        .select((
            ledger_accounts::account_id,
            ledger_accounts::ledger_account,
            ledger_accounts::balance_minor,
            ledger_accounts::held_minor,
            ledger_accounts::last_sequence,
        ))
        .load(tx.connection())?;
    let mut report = Report::default();
    for book in &books {
        follow(tx, book, &mut report)?;
    }
    entries(tx, &mut report)?;
    held(tx, &books, &mut report)?;
    Ok(report)
}

/// As many postings are read at once.
const BATCH: i64 = 10_000;

/// Follows a ledger account from its first posting to its last.
fn follow(tx: &mut Overview<'_>, book: &Book, report: &mut Report) -> Result<(), Error> {
    let organization = tx.organization();
    let account = AccountId::of_row(organization, book.account);
    let (mut at, mut balance) = (0_i64, 0_i64);
    let mut days = Days::new();
    loop {
        let postings = ledger_postings::table
            .filter(ledger_postings::organization_id.eq(organization))
            .filter(ledger_postings::account_id.eq(book.account))
            .filter(ledger_postings::ledger_account.eq(book.name))
            .filter(ledger_postings::sequence.gt(at))
            .order(ledger_postings::sequence)
            .limit(BATCH)
            .select((
                ledger_postings::sequence,
                ledger_postings::amount_minor,
                ledger_postings::balance_after_minor,
                ledger_postings::kind,
                ledger_postings::occurred_at,
            ))
            .load::<(i64, i64, i64, EntryKind, OffsetDateTime)>(tx.connection())?;
        if postings.is_empty() {
            break;
        }
        for (sequence, amount, after, kind, occurred_at) in postings {
            let day = days.entry((indian_day(occurred_at), kind)).or_default();
            *day = Some(Day::with(*day, sequence, amount));
            let wrong = |why| Wrong::Posting { account, ledger_account: book.name, sequence, why };
            if sequence != at + 1 {
                report.wrong.push(wrong("one before it is missing"));
            }
            let sum = balance.checked_add(amount);
            if sum != Some(after) {
                report.wrong.push(wrong("the balance after it is not what it makes"));
            }
            (at, balance) = (sequence, sum.unwrap_or(after));
            report.postings += 1;
        }
    }
    if (at, balance) != (book.last_sequence, book.balance) {
        let (ledger_account, stands) = (book.name, book.balance);
        report.wrong.push(Wrong::Balance { account, ledger_account, stands, should_be: balance });
    }
    if book.name == LedgerAccount::Wallet { check_days(tx, account, days, report) } else { Ok(()) }
}

/// What the entries of a day and of a kind come to.
type Days = BTreeMap<(Date, EntryKind), Option<Day>>;

/// Compares what is kept of a wallet's days with what its postings come to.
fn check_days(
    tx: &mut Overview<'_>,
    account: AccountId,
    mut days: Days,
    report: &mut Report,
) -> Result<(), Error> {
    let kept = wallet_days::table
        .filter(wallet_days::organization_id.eq(tx.organization()))
        .filter(wallet_days::account_id.eq(account.uuid()))
        .order((wallet_days::day, wallet_days::kind))
        .select((
            (wallet_days::day, wallet_days::kind),
            wallet_days::entries,
            wallet_days::credits_minor,
            wallet_days::debits_minor,
            (wallet_days::first_sequence, wallet_days::last_sequence),
        ))
        .load::<((Date, EntryKind), i64, i64, i64, (i64, i64))>(tx.connection())?;
    let mut compare = |(day, kind): (Date, EntryKind), stands: Option<Day>, should_be: Option<Day>| {
        if stands != should_be {
            report.wrong.push(Wrong::Day { account, day, kind, stands, should_be });
        }
    };
    for (place, entries, credits, debits, span) in kept {
        let stands = Day { entries, credits, debits, span };
        compare(place, Some(stands), days.remove(&place).flatten());
    }
    for (place, should_be) in days {
        compare(place, None, should_be);
    }
    Ok(())
}

fn entries(tx: &mut Overview<'_>, report: &mut Report) -> Result<(), Error> {
    let total = || whole(sum(ledger_postings::amount_minor));
    let unbalanced = ledger_postings::table
        .filter(ledger_postings::organization_id.eq(tx.organization()))
        .group_by(ledger_postings::transaction_id)
        .having(total().ne(0))
        .select((ledger_postings::transaction_id, total()))
        .load::<(TransactionId, Option<i64>)>(tx.connection())?;
    report.wrong.extend(
        unbalanced.into_iter().map(|(transaction, sum)| Wrong::Entry { transaction, sum: sum.unwrap_or(0) }),
    );
    Ok(())
}

/// What calls in progress hold, by account and payer.
fn by_calls(
    tx: &mut Overview<'_>,
    organization: OrganizationId,
) -> Result<BTreeMap<(Uuid, bool), i64>, Error> {
    let rows = slots::table
        .filter(slots::organization_id.eq(organization))
        .group_by((slots::account_id, slots::payer))
        .select((slots::account_id, slots::payer, whole(sum(slots::held_minor))))
        .load::<(Uuid, BillingMode, Option<i64>)>(tx.connection())?;
    let held = rows
        .into_iter()
        .map(|(account, payer, held)| ((account, payer == BillingMode::Consolidated), held.unwrap_or(0)));
    Ok(held.collect())
}

fn held(tx: &mut Overview<'_>, books: &[Book], report: &mut Report) -> Result<(), Error> {
    let organization = tx.organization();
    let mut calls = by_calls(tx, organization)?;
    let allowances = allowances::table
        .filter(allowances::organization_id.eq(organization))
        .select((allowances::account_id, allowances::granted_minor, allowances::held_minor))
        .load::<(Uuid, i64, i64)>(tx.connection())?;
    let waiting = charges::table
        .filter(charges::organization_id.eq(organization))
        .select(whole(sum(charges::cost_minor)))
        .first::<Option<i64>>(tx.connection())?;
    let granted: i64 = allowances.iter().map(|(_, granted, _)| granted).sum();
    let set_aside = granted + waiting.unwrap_or(0);
    let mut check = |account: Uuid, what, stands: i64, should_be: i64| {
        if stands != should_be {
            let account = AccountId::of_row(organization, account);
            report.wrong.push(Wrong::Held { account, what, stands, should_be });
        }
    };
    for (account, _, stands) in allowances {
        check(account, "allowance", stands, calls.remove(&(account, true)).unwrap_or(0));
    }
    for book in books.iter().filter(|book| book.name == LedgerAccount::Wallet) {
        let isolated = calls.remove(&(book.account, false)).unwrap_or(0);
        let is_payer = book.account == organization.uuid();
        check(book.account, "wallet", book.held, if is_payer { set_aside } else { isolated });
    }
    for ((account, _), held) in calls {
        check(account, "call", 0, held);
    }
    Ok(())
}
