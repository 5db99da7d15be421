//! Suspend, reactivate, rename (`domain.md` 2.3), change who pays (4.3).

use diesel::prelude::*;
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    access::{Change, Event, Tx, permission::ManageSubAccounts},
    domain::billing::alerts,
    error::Error,
    schema::control::sub_accounts,
    values::{BillingMode, EventKind, SubAccountId, SubAccountStatus},
};

use super::{allocation, name::SubAccountName};

/// Locks a sub-account that is not being deleted and gives its name and status.
fn lock(tx: &mut Tx<'_, ManageSubAccounts>, id: SubAccountId) -> Result<(String, SubAccountStatus), Error> {
    let organization = tx.organization();
    Ok(sub_accounts::table
        .find((organization, id))
        .filter(sub_accounts::status.ne(SubAccountStatus::Deleting))
        .select((sub_accounts::name, sub_accounts::status))
        .for_update()
        .first(tx.connection())?)
}

/// The same event in the logs of both sides, and `told` to the webhooks of both.
fn both_sides<T>(
    tx: &Tx<'_, ManageSubAccounts>,
    value: T,
    id: SubAccountId,
    action: &'static str,
    object: String,
    details: serde_json::Value,
    told: (EventKind, serde_json::Value),
) -> Change<T> {
    let event = |account| Event {
        account,
        action,
        object: object.clone(),
        object_id: id.to_string(),
        details: details.clone(),
    };
    let (kind, data) = told;
    Change::told_by(value, event(tx.organization().into()), [event(id.into())]).publishing_to_both(
        tx.organization(),
        id,
        kind,
        data,
    )
}

fn set_status(
    tx: &mut Tx<'_, ManageSubAccounts>,
    id: SubAccountId,
    to: SubAccountStatus,
    action: &'static str,
    kind: EventKind,
) -> Result<Change<bool>, Error> {
    let organization = tx.organization();
    // The organization keeps count of statuses: its row is locked first, as by everyone.
    allocation::lock(tx)?;
    let (name, from) = lock(tx, id)?;
    if from == to {
        return Ok(Change::none(false));
    }
    let suspended_at = (to == SubAccountStatus::Suspended).then(OffsetDateTime::now_utc);
    diesel::update(sub_accounts::table.find((organization, id)))
        .set((sub_accounts::status.eq(to), sub_accounts::suspended_at.eq(suspended_at)))
        .execute(tx.connection())?;
    let told = (kind, json!({ "sub_account_id": id, "name": name, "status": to }));
    Ok(both_sides(tx, true, id, action, name, json!({ "before": from, "after": to }), told))
}

/// Blocks new calls at once; calls in progress finish and members keep reading. Tells
/// whether anything changed.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not one of this organization's.
pub fn suspend(tx: &mut Tx<'_, ManageSubAccounts>, id: SubAccountId) -> Result<Change<bool>, Error> {
    set_status(tx, id, SubAccountStatus::Suspended, "sub_account.suspended", EventKind::SubAccountSuspended)
}

/// Undoes [`suspend`]. Tells whether anything changed.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not one of this organization's.
pub fn reactivate(tx: &mut Tx<'_, ManageSubAccounts>, id: SubAccountId) -> Result<Change<bool>, Error> {
    set_status(tx, id, SubAccountStatus::Active, "sub_account.reactivated", EventKind::SubAccountReactivated)
}

/// Gives a sub-account another name. `seen` is the name that the editor was shown, where
/// they were shown one.
///
/// # Errors
/// [`Error::Conflict`] with code `name_changed` when somebody else renamed it meanwhile.
pub fn rename(
    tx: &mut Tx<'_, ManageSubAccounts>,
    id: SubAccountId,
    seen: Option<&str>,
    to: &SubAccountName,
) -> Result<Change<()>, Error> {
    let organization = tx.organization();
    let (name, _) = lock(tx, id)?;
    if name == to.as_str() {
        return Ok(Change::none(()));
    }
    if seen.is_some_and(|seen| seen != name) {
        return Err(Error::Conflict {
            code: "name_changed",
            message: format!("Somebody renamed this sub-account to “{name}” while you were editing."),
        });
    }
    diesel::update(sub_accounts::table.find((organization, id)))
        .set(sub_accounts::name.eq(to.as_str()))
        .execute(tx.connection())?;
    let details = json!({ "before": name, "after": to.as_str() });
    let told = json!({ "sub_account_id": id, "changes": { "name": details } });
    let told = (EventKind::SubAccountUpdated, told);
    Ok(both_sides(tx, (), id, "sub_account.renamed", to.as_str().to_owned(), details, told))
}

/// Changes who pays. Calls in progress settle in the mode they began in; what is in the
/// sub-account's wallet stays there, frozen while the parent pays. `seen` is the mode that
/// the editor was shown, where they were shown one. Tells whether anything changed.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not one of this organization's;
/// [`Error::Conflict`] with code `billing_mode_changed` when somebody else changed it
/// meanwhile.
pub fn change_billing_mode(
    tx: &mut Tx<'_, ManageSubAccounts>,
    id: SubAccountId,
    seen: Option<BillingMode>,
    to: BillingMode,
) -> Result<Change<bool>, Error> {
    let organization = tx.organization();
    let (name, _) = lock(tx, id)?;
    let row = sub_accounts::table.find((organization, id));
    let from: BillingMode = row.select(sub_accounts::billing_mode).first(tx.connection())?;
    if from == to {
        return Ok(Change::none(false));
    }
    if seen.is_some_and(|seen| seen != from) {
        return Err(Error::Conflict {
            code: "billing_mode_changed",
            message: "Somebody changed who pays for this sub-account while you were editing.".to_owned(),
        });
    }
    diesel::update(row).set(sub_accounts::billing_mode.eq(to)).execute(tx.connection())?;
    if to == BillingMode::Isolated {
        tx.within(id, alerts::tell_anew)?;
    }
    let details = json!({ "before": from, "after": to });
    let told = json!({ "sub_account_id": id, "changes": { "billing_mode": details } });
    let told = (EventKind::SubAccountUpdated, told);
    Ok(both_sides(tx, true, id, "sub_account.billing_mode_changed", name, details, told))
}
