//! The double-entry ledger (`domain.md` 4.6).

use diesel::prelude::*;

use crate::{
    access::{Tx, permission::Permission},
    error::Error,
    schema::control::ledger_accounts,
    values::Money,
};

/// Opens the ledger accounts of an account, all empty.
pub fn open<P: Permission>(tx: &mut Tx<'_, P>, currency: &str) -> Result<(), Error> {
    let rows: Vec<_> = ["wallet", "payments", "usage", "write_offs"]
        .into_iter()
        .map(|name| (ledger_accounts::ledger_account.eq(name), ledger_accounts::currency.eq(currency)))
        .collect();
    diesel::insert_into(ledger_accounts::table).values(rows).execute(tx.connection())?;
    Ok(())
}

/// What is in the account's wallet.
pub fn balance<P: Permission>(tx: &mut Tx<'_, P>) -> Result<Money, Error> {
    let (minor, currency) = ledger_accounts::table
        .filter(ledger_accounts::ledger_account.eq("wallet"))
        .select((ledger_accounts::balance_minor, ledger_accounts::currency))
        .first::<(i64, String)>(tx.connection())?;
    Ok(Money::new(minor, currency))
}

/// Placeholder until the ledger lands.
pub fn write_off<P: Permission>(_: &mut Tx<'_, P>) -> Result<(), Error> {
    Ok(())
}
