//! Sub-accounts by which an organization's statement is filtered (`domain.md` 4.2, `trust.md` U9).

use diesel::{
    dsl::{exists, not},
    prelude::*,
};
use uuid::Uuid;

use crate::{
    access::{Tx, permission::ManageSubAccounts},
    domain::billing::ledger::LedgerAccount,
    error::Error,
    schema::control::{accounts, ledger_postings, sub_accounts},
    values::{SubAccountId, SubAccountStatus},
};

/// The most that are chosen from: whoever has more names one by its id.
const MOST: i64 = 300;

/// A sub-account to choose, with its name unless it was deleted.
pub type Choice = (SubAccountId, Option<String>);

/// The organization's sub-accounts with their names, in the order of these, and after them those that
/// were deleted and that its statement tells of. Nothing where there are too many to choose from.
pub fn choices(tx: &mut Tx<'_, ManageSubAccounts>) -> Result<Option<Vec<Choice>>, Error> {
    let organization = tx.organization();
    let own = sub_accounts::table.filter(sub_accounts::organization_id.eq(organization));
    let mut found = own
        .filter(sub_accounts::status.ne(SubAccountStatus::Deleting))
        .order((sub_accounts::name_key, sub_accounts::sub_account_id))
        .limit(MOST + 1)
        .select((sub_accounts::sub_account_id, sub_accounts::name.nullable()))
        .load::<Choice>(tx.connection())?;
    let is_there = sub_accounts::table
        .filter(sub_accounts::organization_id.eq(accounts::organization_id))
        .filter(sub_accounts::sub_account_id.eq(accounts::account_id))
        .filter(sub_accounts::status.ne(SubAccountStatus::Deleting));
    let is_told_of = ledger_postings::table
        .filter(ledger_postings::organization_id.eq(accounts::organization_id))
        .filter(ledger_postings::account_id.eq(accounts::organization_id))
        .filter(ledger_postings::ledger_account.eq(LedgerAccount::Wallet))
        .filter(ledger_postings::charged_for.eq(accounts::account_id.nullable()));
    let gone = accounts::table
        .filter(accounts::organization_id.eq(organization))
        .filter(accounts::account_id.ne(organization.uuid()))
        .filter(not(exists(is_there)))
        .filter(exists(is_told_of))
        .order(accounts::account_id)
        .limit(MOST + 1)
        .select(accounts::account_id)
        .load::<Uuid>(tx.connection())?;
    found.extend(gone.into_iter().map(|id| (SubAccountId::from_uuid(id), None)));
    let most = usize::try_from(MOST).map_err(Error::internal)?;
    Ok((found.len() <= most).then_some(found))
}
