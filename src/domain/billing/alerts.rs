//! Who watches a wallet, and telling them that it runs low (`domain.md` 4.7, 6.7).

use diesel::{dsl::now, prelude::*};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    access::{
        Change, Event, GateTx, Notice, Tx,
        permission::{ManageWallet, Permission, ViewBilling},
    },
    error::Error,
    schema::control::{ledger_accounts, sub_accounts},
    values::{AccountId, BillingMode, EventKind, Money, OrganizationId},
};

use super::{
    books::{LedgerAccount, book},
    letters::{self, Content},
    wallet::{self, Rules},
};

/// What the owner of an account wants watched in its wallet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Watch {
    /// Below which balance its people are told, in minor units.
    pub low_balance_minor: Option<i64>,
    /// The most that calls may draw on one day in India, in minor units.
    pub spend_cap_minor: Option<i64>,
}

/// What is watched now.
pub fn watched(rules: &Rules) -> Watch {
    Watch { low_balance_minor: rules.low_balance_minor, spend_cap_minor: rules.spend_cap_minor }
}

/// Watches something else from now on.
///
/// # Errors
/// [`Error::Invalid`] on an amount that is not above zero.
pub fn watch(tx: &mut Tx<'_, ManageWallet>, to: Watch) -> Result<Change<()>, Error> {
    let amounts = [("low_balance", to.low_balance_minor), ("spend_cap", to.spend_cap_minor)];
    if let Some((field, _)) = amounts.iter().find(|(_, minor)| minor.is_some_and(|minor| minor <= 0)) {
        return Err(Error::invalid(*field, "The amount must be above zero."));
    }
    let before = wallet::standing(tx)?;
    if watched(&before.rules) == to {
        return Ok(Change::none(()));
    }
    let rules = Rules {
        low_balance_minor: to.low_balance_minor,
        spend_cap_minor: to.spend_cap_minor,
        ..before.rules
    };
    wallet::change_rules(tx, rules)?;
    let told = |watch: Watch| json!({ "low_balance_minor": watch.low_balance_minor, "spend_cap_minor": watch.spend_cap_minor });
    let account = tx.account().id;
    let event = Event {
        account,
        action: "wallet.rules_changed",
        object: "Wallet rules".to_owned(),
        object_id: account.to_string(),
        details: json!({
            "before": told(watched(&before.rules)),
            "after": told(to),
            "currency": before.balance.currency,
        }),
    };
    Ok(Change::new((), event))
}

/// A wallet that is low and of which nobody was told, longest first; none of the accounts that rest.
pub fn due(tx: &mut GateTx<'_>, resting: &[Uuid]) -> Result<Option<(OrganizationId, AccountId)>, Error> {
    let found = ledger_accounts::table
        .filter(ledger_accounts::ledger_account.eq(LedgerAccount::Wallet))
        .filter(ledger_accounts::low_since.is_not_null().and(ledger_accounts::low_told_at.is_null()))
        .filter(ledger_accounts::account_id.ne_all(resting))
        .order(ledger_accounts::low_since)
        .select((ledger_accounts::organization_id, ledger_accounts::account_id))
        .first::<(OrganizationId, Uuid)>(tx.connection())
        .optional()?;
    Ok(found.map(|(organization, account)| (organization, AccountId::of_row(organization, account))))
}

/// Tells once that the account's wallet is low: its owner by a letter, and the webhooks of both sides.
/// One that rests while the organization pays is nobody's worry until it pays itself again
/// ([`tell_anew`]).
pub fn tell(tx: &mut Tx<'_, ViewBilling>) -> Result<Change<()>, Error> {
    let (organization, account) = (tx.organization(), tx.account().id);
    let told = diesel::update(book!(tx, LedgerAccount::Wallet))
        .filter(ledger_accounts::low_since.is_not_null().and(ledger_accounts::low_told_at.is_null()))
        .set(ledger_accounts::low_told_at.eq(now))
        .returning((
            ledger_accounts::balance_minor,
            ledger_accounts::low_balance_minor,
            ledger_accounts::currency,
        ))
        .get_result::<(i64, Option<i64>, String)>(tx.connection())
        .optional()?;
    let Some((balance_minor, Some(threshold_minor), currency)) = told else { return Ok(Change::none(())) };
    if let AccountId::SubAccount(id) = account {
        let mode = sub_accounts::table
            .filter(sub_accounts::sub_account_id.eq(id))
            .select(sub_accounts::billing_mode)
            .first::<BillingMode>(tx.connection())
            .optional()?;
        if mode != Some(BillingMode::Isolated) {
            return Ok(Change::none(()));
        }
    }
    letters::request(
        tx,
        &Content::LowBalance { balance_minor, threshold_minor, currency: currency.clone() },
    )?;
    let money = |minor| Money::new(minor, currency.clone()).major();
    let mut data = json!({
        "balance": money(balance_minor),
        "below": money(threshold_minor),
        "currency": currency,
    });
    let AccountId::SubAccount(id) = account else {
        return Ok(Change::none(()).publishing(Notice::new(organization, EventKind::WalletLow, data)));
    };
    if let Value::Object(fields) = &mut data {
        fields.insert("sub_account_id".into(), id.to_string().into());
    }
    Ok(Change::none(()).publishing_to_both(organization, id, EventKind::WalletLow, data))
}

/// Has a wallet told of again if it is low: it was frozen, and its account pays from it from now on.
pub(in crate::domain) fn tell_anew<P: Permission>(tx: &mut Tx<'_, P>) -> Result<(), Error> {
    diesel::update(book!(tx, LedgerAccount::Wallet))
        .filter(ledger_accounts::low_since.is_not_null())
        .set(ledger_accounts::low_told_at.eq(None::<OffsetDateTime>))
        .execute(tx.connection())?;
    Ok(())
}
