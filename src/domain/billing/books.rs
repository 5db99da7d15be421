//! The ledger accounts of an account: one row each, with what is in it (`domain.md` 4.6).

use diesel::prelude::*;
use time::{Date, OffsetDateTime};

use crate::{
    access::{InAccount, Tx, permission::Permission},
    error::Error,
    schema::control::ledger_accounts,
    values::{indian_day, words},
};

words! {
    /// One of the ledger accounts of an account.
    LedgerAccount {
        /// What the parent's price adds to what calls cost.
        Margin = "margin" / "Margin",
        /// The world the money came from: its balance is what was paid in, negated.
        Payments = "payments" / "Payments",
        /// What calls earned.
        Usage = "usage" / "Usage",
        /// What may be spent; never below zero.
        Wallet = "wallet" / "Wallet",
        /// What was given up.
        WriteOffs = "write_offs" / "Write-offs",
    }
}

/// A ledger account's row. What is held, capped and watched is so of wallets alone.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = ledger_accounts, treat_none_as_null = true)]
pub(super) struct Book {
    pub ledger_account: LedgerAccount,
    pub currency: String,
    pub balance_minor: i64,
    pub held_minor: i64,
    pub last_sequence: i64,
    pub spend_cap_minor: Option<i64>,
    pub spent_on: Option<Date>,
    pub spent_minor: i64,
    pub low_balance_minor: Option<i64>,
    pub low_since: Option<OffsetDateTime>,
    pub low_told_at: Option<OffsetDateTime>,
    pub recharge_below_minor: Option<i64>,
    pub recharge_due_since: Option<OffsetDateTime>,
}

impl Book {
    /// What was drawn on a day in India.
    pub fn spent_on(&self, day: Date) -> i64 {
        if self.spent_on == Some(day) { self.spent_minor } else { 0 }
    }

    /// How much more may be held now: what is neither spoken for nor beyond today's cap.
    pub fn room(&self) -> i64 {
        let free = self.balance_minor - self.held_minor;
        let spoken_for = self.spent_on(today()).saturating_add(self.held_minor);
        self.spend_cap_minor.map_or(free, |cap| free.min(cap.saturating_sub(spoken_for)))
    }

    /// Why `minor` more cannot be held.
    pub fn refusal(&self, minor: i64) -> Error {
        if self.balance_minor - self.held_minor < minor {
            too_little()
        } else {
            let message = "The wallet’s spend cap for today is reached.".to_owned();
            Error::Unpaid { code: "spend_cap_reached", message }
        }
    }

    /// Counts what calls draw to its day.
    pub fn spend(&mut self, minor: i64) -> Result<(), Error> {
        let day = today();
        self.spent_minor = self.spent_on(day).checked_add(minor).ok_or_else(out_of_range)?;
        self.spent_on = Some(day);
        Ok(())
    }

    /// Notes since when the balance is below what is watched.
    pub fn watch(&mut self) {
        let now = OffsetDateTime::now_utc();
        let is_below = |threshold: Option<i64>| threshold.is_some_and(|minor| self.balance_minor < minor);
        self.low_since = is_below(self.low_balance_minor).then(|| self.low_since.unwrap_or(now));
        self.low_told_at = self.low_told_at.filter(|_| self.low_since.is_some());
        self.recharge_due_since =
            is_below(self.recharge_below_minor).then(|| self.recharge_due_since.unwrap_or(now));
    }
}

/// Today in India, where days of money begin and end.
pub(super) fn today() -> Date {
    indian_day(OffsetDateTime::now_utc())
}

/// The wallet does not hold enough.
pub(super) fn too_little() -> Error {
    Error::Unpaid {
        code: "insufficient_balance",
        message: "The wallet does not hold enough for this.".to_owned(),
    }
}

/// A sum that does not fit.
pub(super) fn out_of_range() -> Error {
    Error::invalid("amount", "The amount is too large.")
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

/// The row of one ledger account of the account that a transaction is in.
macro_rules! book {
    ($tx:expr, $name:expr) => {
        ledger_accounts::table.find(($tx.organization(), $tx.tenant().uuid(), $name))
    };
}
pub(super) use book;

/// Locks some of the account's ledger accounts, always in the order of their names, so that two
/// entries never wait for each other in a circle.
pub(super) fn lock<P: Permission>(tx: &mut Tx<'_, P>, names: &[LedgerAccount]) -> Result<Vec<Book>, Error> {
    Ok(ledger_accounts::table
        .filter(ledger_accounts::organization_id.eq(tx.organization()))
        .filter(ledger_accounts::account_id.eq(tx.tenant().uuid()))
        .filter(ledger_accounts::ledger_account.eq_any(names))
        .order(ledger_accounts::ledger_account)
        .select(Book::as_select())
        .for_no_key_update()
        .load(tx.connection())?)
}

/// Opens a ledger account that accounts of before do not have.
pub(super) fn open_late<P: Permission>(
    tx: &mut Tx<'_, P>,
    name: LedgerAccount,
    currency: &str,
) -> Result<(), Error> {
    diesel::insert_into(ledger_accounts::table)
        .values((ledger_accounts::ledger_account.eq(name), ledger_accounts::currency.eq(currency)))
        .on_conflict_do_nothing()
        .execute(tx.connection())?;
    Ok(())
}

/// Keeps what was made of a ledger account that is locked.
pub(super) fn keep<P: Permission>(tx: &mut Tx<'_, P>, book: &Book) -> Result<(), Error> {
    diesel::update(book!(tx, book.ledger_account)).set(book).execute(tx.connection())?;
    Ok(())
}
