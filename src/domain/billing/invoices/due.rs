//! Which accounts are to be looked at for months to invoice. The row of an account says when;
//! it is taken by one worker at a time, and what two do at once is done once.

use diesel::{dsl, prelude::*, sql_types::Timestamptz};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    access::{
        Change, GateTx, Tx,
        permission::{EditBillingDetails, IssueInvoices, ManageSubAccounts},
    },
    domain::billing::ledger::{EntryKind, LedgerAccount},
    error::Error,
    schema::control::{accounts, ledger_postings, sub_accounts},
    values::{AccountId, OrganizationId},
};

use super::{
    Month,
    details::{self, Part},
    issue::{Outcome, at},
};

/// How long a worker may take with an account before another takes over.
const CLAIM: Duration = Duration::minutes(2);
/// How long after its end a month is invoiced: calls that began in it have ended by then.
const AFTER: Duration = Duration::hours(6);
/// When it is tried again where charges are still to be posted.
const SOON: Duration = Duration::minutes(5);
/// When it is tried again where the organization has yet to say who it is.
const TOMORROW: Duration = Duration::days(1);
/// How many months are looked back on: where an organization was late to say who it is.
pub const MONTHS: usize = 12;

/// An account to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The root of the tenant tree.
    pub organization: OrganizationId,
    /// Which of its accounts.
    pub account: AccountId,
}

/// Takes the account that is due for the longest and that nobody is at.
pub fn claim(tx: &mut GateTx<'_>) -> Result<Option<Due>, Error> {
    let time = OffsetDateTime::now_utc();
    let found = accounts::table
        .filter(accounts::invoices_due_at.le(dsl::now.into_sql::<Timestamptz>().nullable()))
        .filter(accounts::invoices_claimed_until.is_null().or(accounts::invoices_claimed_until.lt(time)))
        .order(accounts::invoices_due_at)
        .select((accounts::organization_id, accounts::account_id))
        .for_no_key_update()
        .skip_locked()
        .first::<(OrganizationId, Uuid)>(tx.connection())
        .optional()?;
    let Some((organization, account)) = found else { return Ok(None) };
    diesel::update(accounts::table.find((organization, account)))
        .set(accounts::invoices_claimed_until.eq(time + CLAIM))
        .execute(tx.connection())?;
    Ok(Some(Due { organization, account: AccountId::of_row(organization, account) }))
}

/// The months that may be invoiced now, the oldest first.
pub fn months(now: OffsetDateTime) -> Vec<Month> {
    let mut month = Month::of(now - AFTER).before();
    let mut months = Vec::new();
    for _ in 0..MONTHS {
        months.push(month);
        month = month.before();
    }
    months.reverse();
    months
}

/// Says when the account is looked at next, by what came of its months.
pub fn finish(
    tx: &mut Tx<'_, ManageSubAccounts>,
    account: AccountId,
    outcomes: &[Outcome],
    now: OffsetDateTime,
) -> Result<Change<()>, Error> {
    let organization = tx.organization();
    let is_gone = match account {
        AccountId::Organization(_) => false,
        AccountId::SubAccount(id) => {
            let row = sub_accounts::table.find((organization, id));
            !diesel::select(dsl::exists(row)).get_result::<bool>(tx.connection())?
        }
    };
    let next = if outcomes.contains(&Outcome::Early) {
        Some(now + SOON)
    } else if outcomes.contains(&Outcome::NoIssuer) {
        // Details that are entered from here on make it due again; those of before are seen.
        at(tx, account, |tx| lock(tx, account))?;
        let is_said = details::of(tx, Part::Issuer)?.is_some();
        Some(if is_said { now } else { now + TOMORROW })
    } else {
        let open = Month::of(now - AFTER);
        let is_over = is_gone && !at(tx, account, |tx| was_charged_since(tx, open.begins()))?;
        (!is_over).then(|| open.ends() + AFTER)
    };
    at(tx, account, |tx| {
        diesel::update(accounts::table.find((organization, account.uuid())))
            .set((
                accounts::invoices_due_at.eq(next),
                accounts::invoices_claimed_until.eq(None::<OffsetDateTime>),
            ))
            .execute(tx.connection())?;
        Ok(())
    })?;
    Ok(Change::none(()))
}

/// Locks the row of the account that the transaction is on.
fn lock(tx: &mut Tx<'_, ManageSubAccounts>, account: AccountId) -> Result<Uuid, Error> {
    Ok(accounts::table
        .find((tx.organization(), account.uuid()))
        .select(accounts::account_id)
        .for_no_key_update()
        .first(tx.connection())?)
}

/// Has the account that the transaction is on looked at soon: it has months that were entered after the
/// fact.
pub fn wake(tx: &mut Tx<'_, EditBillingDetails>) -> Result<(), Error> {
    diesel::update(
        accounts::table
            .find((tx.organization(), tx.tenant().uuid()))
            .filter(accounts::invoices_due_at.is_not_null()),
    )
    .set(accounts::invoices_due_at.eq(dsl::now.into_sql::<Timestamptz>().nullable()))
    .execute(tx.connection())?;
    Ok(())
}

/// Has all sub-accounts of the organization looked at soon, deleted ones with months to invoice
/// included.
pub(super) fn wake_all_beneath(tx: &mut Tx<'_, IssueInvoices>) -> Result<(), Error> {
    let organization = tx.organization();
    diesel::update(
        accounts::table
            .filter(accounts::organization_id.eq(organization))
            .filter(accounts::account_id.ne(organization.uuid()))
            .filter(accounts::invoices_due_at.is_not_null()),
    )
    .set(accounts::invoices_due_at.eq(dsl::now.into_sql::<Timestamptz>().nullable()))
    .execute(tx.connection())?;
    Ok(())
}

/// Whether calls were charged since a moment in the account that the transaction is on: after its
/// deletion, in the month in progress.
fn was_charged_since(tx: &mut Tx<'_, ManageSubAccounts>, since: OffsetDateTime) -> Result<bool, Error> {
    let charged = ledger_postings::table
        .filter(ledger_postings::organization_id.eq(tx.organization()))
        .filter(ledger_postings::account_id.eq(tx.tenant().uuid()))
        .filter(ledger_postings::ledger_account.eq(LedgerAccount::Wallet))
        .filter(ledger_postings::kind.eq(EntryKind::Call))
        .filter(ledger_postings::occurred_at.ge(since));
    Ok(dsl::select(dsl::exists(charged)).get_result(tx.connection())?)
}
