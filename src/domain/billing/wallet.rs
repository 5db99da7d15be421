//! Wallets: what is in them, what of it is spoken for, and what is watched
//! (`domain.md` 4.2, 4.5, 4.7).

use diesel::prelude::*;

use crate::{
    access::{Tx, permission::Permission},
    error::Error,
    schema::control::{allowances, ledger_accounts},
    values::{AccountId, Money},
};

use super::books::{self, Book, LedgerAccount, book, today};

/// What is in a wallet, and what may be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What was paid in and not drawn.
    pub balance: Money,
    /// What of that is spoken for: by calls in progress and by charges that are not posted yet.
    pub held: Money,
    /// What was drawn today, in minor units.
    pub spent_today_minor: i64,
    /// What is watched.
    pub rules: Rules,
}

impl Standing {
    /// What may be drawn now, the day's cap aside.
    pub fn available(&self) -> Money {
        Money::new(self.balance.minor - self.held.minor, &self.balance.currency)
    }
}

/// What is watched in a wallet; `None`: not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rules {
    /// The most that calls may draw on one day in India, in minor units.
    pub spend_cap_minor: Option<i64>,
    /// Below which balance its people are told, in minor units.
    pub low_balance_minor: Option<i64>,
    /// Below which balance the parent recharges it, in minor units.
    pub recharge_below_minor: Option<i64>,
}

/// What is in the account's wallet.
pub fn standing<P: Permission>(tx: &mut Tx<'_, P>) -> Result<Standing, Error> {
    let wallet: Book = book!(tx, LedgerAccount::Wallet).select(Book::as_select()).first(tx.connection())?;
    // What is set aside and held by nobody is given back whenever it is needed.
    let idle = match tx.tenant() {
        AccountId::Organization(_) => idle(tx)?,
        AccountId::SubAccount(_) => 0,
    };
    Ok(Standing {
        balance: Money::new(wallet.balance_minor, &wallet.currency),
        held: Money::new(wallet.held_minor - idle, &wallet.currency),
        spent_today_minor: wallet.spent_on(today()),
        rules: Rules {
            spend_cap_minor: wallet.spend_cap_minor,
            low_balance_minor: wallet.low_balance_minor,
            recharge_below_minor: wallet.recharge_below_minor,
        },
    })
}

/// What the accounts of an organization were granted and do not hold: a row for each that has calls.
fn idle<P: Permission>(tx: &mut Tx<'_, P>) -> Result<i64, Error> {
    let granted = allowances::table
        .filter(allowances::organization_id.eq(tx.organization()))
        .filter(allowances::granted_minor.gt(allowances::held_minor))
        .select((allowances::granted_minor, allowances::held_minor))
        .load::<(i64, i64)>(tx.connection())?;
    Ok(granted.iter().map(|(granted, held)| granted - held).sum())
}

/// The currency of the account's money.
pub(super) fn currency<P: Permission>(tx: &mut Tx<'_, P>) -> Result<String, Error> {
    Ok(book!(tx, LedgerAccount::Wallet).select(ledger_accounts::currency).first(tx.connection())?)
}

/// Locks the account's wallet.
pub(super) fn lock<P: Permission>(tx: &mut Tx<'_, P>) -> Result<Book, Error> {
    books::lock(tx, &[LedgerAccount::Wallet])?.pop().ok_or(Error::NotFound)
}

/// Holds `minor` of the account's own wallet, by one statement that asks whether it may.
///
/// # Errors
/// [`Error::Unpaid`] with code `insufficient_balance` or `spend_cap_reached`.
pub(super) fn hold<P: Permission>(tx: &mut Tx<'_, P>, minor: i64) -> Result<(), Error> {
    use ledger_accounts::{balance_minor, held_minor, spend_cap_minor, spent_minor, spent_on};
    let is_within_cap = spend_cap_minor
        .is_null()
        .or(spent_on
            .is_distinct_from(today())
            .and((held_minor + minor).nullable().le(spend_cap_minor).assume_not_null()))
        .or(spent_on
            .eq(today())
            .and((spent_minor + held_minor + minor).nullable().le(spend_cap_minor))
            .assume_not_null());
    let held = diesel::update(book!(tx, LedgerAccount::Wallet))
        .filter((balance_minor - held_minor).ge(minor).and(is_within_cap))
        .set(held_minor.eq(held_minor + minor))
        .execute(tx.connection())?;
    if held == 1 { Ok(()) } else { Err(lock(tx)?.refusal(minor)) }
}

/// Gives back what was held of the account's own wallet.
pub(super) fn release<P: Permission>(tx: &mut Tx<'_, P>, minor: i64) -> Result<(), Error> {
    diesel::update(book!(tx, LedgerAccount::Wallet))
        .set(ledger_accounts::held_minor.eq(ledger_accounts::held_minor - minor))
        .execute(tx.connection())?;
    Ok(())
}

/// Changes what is watched in the account's wallet, from this moment on.
pub fn change_rules<P: Permission>(tx: &mut Tx<'_, P>, rules: Rules) -> Result<(), Error> {
    let mut wallet = lock(tx)?;
    wallet.spend_cap_minor = rules.spend_cap_minor;
    wallet.low_balance_minor = rules.low_balance_minor;
    wallet.recharge_below_minor = rules.recharge_below_minor;
    wallet.watch();
    books::keep(tx, &wallet)
}
