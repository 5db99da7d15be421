//! What is watched in a wallet, and how an organization recharges its sub-accounts by itself
//! (`domain.md` 4.7).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    access::{
        Denied, Scope,
        permission::{ManageWallet, PushFunds},
    },
    domain::{
        billing::{
            alerts::{self, Watch},
            wallet,
        },
        sub_accounts::auto_recharge::{self, AutoRecharge as Rule},
    },
    error::Error,
    values::Money,
};

use super::{
    amount::{Amount, nullable},
    reply::Reply,
    request::{Body, Path},
    sub_accounts::Place,
    wallet::check_seen,
};

/// What is watched in a wallet.
#[derive(Debug, Serialize, ToSchema)]
pub struct WalletRules {
    /// Below which balance the account's Owner is told by e-mail, and `wallet.low` to webhooks; null:
    /// nobody is.
    pub low_balance: Option<Amount>,
    /// The most that calls may draw on one day in India; null: as much as there is.
    pub daily_spend_cap: Option<Amount>,
    /// What they drew today.
    pub spent_today: Amount,
    /// The currency.
    #[schema(example = "INR")]
    pub currency: String,
}

async fn watched(scope: &Scope<ManageWallet>) -> Result<Reply<WalletRules>, Denied> {
    let standing = scope.read(wallet::standing).await?;
    let money = |minor| Amount::from(&Money::new(minor, standing.balance.currency.clone()));
    Ok(Reply(WalletRules {
        low_balance: standing.rules.low_balance_minor.map(money),
        daily_spend_cap: standing.rules.spend_cap_minor.map(money),
        spent_today: money(standing.spent_today_minor),
        currency: standing.balance.currency.clone(),
    }))
}

/// Shows what is watched in the wallet
#[utoipa::path(get, path = "/wallet/rules", tag = "Wallets", operation_id = "getWalletRules",
    responses((status = 200, description = "What is watched.", body = WalletRules)))]
pub async fn show(scope: Scope<ManageWallet>) -> Result<Reply<WalletRules>, Denied> {
    check_seen(&scope.narrow())?;
    watched(&scope).await
}

/// What is to be watched.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetWalletRules {
    /// Below which balance to tell, in decimal major units; null: tell nobody.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<f64>, required = true, exclusive_minimum = 0, maximum = 1000000000, multiple_of = 0.01, example = 500)]
    low_balance: Option<Amount>,
    /// The most that calls may draw on one day; null: as much as there is.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<f64>, required = true, exclusive_minimum = 0, maximum = 1000000000, multiple_of = 0.01, example = 10000)]
    daily_spend_cap: Option<Amount>,
}

/// Sets what is watched in the wallet
///
/// Once the cap is reached, new calls are refused with 402 `spend_cap_reached` until the day is over in
/// India, and calls in progress end with the minute they have paid for.
#[utoipa::path(put, path = "/wallet/rules", tag = "Wallets", operation_id = "setWalletRules",
    request_body(content = SetWalletRules, example = json!({ "low_balance": 500, "daily_spend_cap": null })),
    responses((status = 200, description = "What is watched from now on.", body = WalletRules)))]
pub async fn set(
    scope: Scope<ManageWallet>,
    body: Body<SetWalletRules>,
) -> Result<Reply<WalletRules>, Denied> {
    check_seen(&scope.narrow())?;
    let asked = body.into_inner();
    let currency = scope.read(wallet::standing).await?.balance.currency;
    let read =
        |field, amount: Option<Amount>| amount.map(|amount| amount.above_zero(field, &currency)).transpose();
    let to = Watch {
        low_balance_minor: read("low_balance", asked.low_balance)?,
        spend_cap_minor: read("daily_spend_cap", asked.daily_spend_cap)?,
    };
    scope.write(move |tx| alerts::watch(tx, to)).await?;
    watched(&scope).await
}

/// When a sub-account is recharged from your organization's wallet by itself, and how much.
#[derive(Debug, Serialize, ToSchema)]
pub struct AutoRecharge {
    /// Whether it is.
    pub active: bool,
    /// Below which balance; null where nobody ever said, as the rest.
    pub below: Option<Amount>,
    /// How much at a time.
    pub amount: Option<Amount>,
    /// At most so much on one day in India.
    pub daily_cap: Option<Amount>,
    /// At most so much in one month.
    pub monthly_cap: Option<Amount>,
    /// The currency.
    #[schema(example = "INR")]
    pub currency: String,
}

async fn ruled(scope: &Scope<PushFunds>, place: Place) -> Result<Reply<AutoRecharge>, Denied> {
    let id = place.sub_account_id;
    let (rule, wallet) =
        scope.read(move |tx| Ok((auto_recharge::current(tx, id)?, wallet::standing(tx)?))).await?;
    let currency = wallet.balance.currency;
    let money = |minor| Amount::from(&Money::new(minor, currency.clone()));
    Ok(Reply(AutoRecharge {
        active: rule.is_some_and(|rule| rule.active),
        below: rule.map(|rule| money(rule.below_minor)),
        amount: rule.map(|rule| money(rule.amount_minor)),
        daily_cap: rule.map(|rule| money(rule.daily_cap_minor)),
        monthly_cap: rule.map(|rule| money(rule.monthly_cap_minor)),
        currency,
    }))
}

/// Shows a sub-account's auto-recharge
#[utoipa::path(get, path = "/sub-accounts/{sub_account_id}/wallet/auto-recharge", tag = "Wallets",
    operation_id = "getAutoRecharge",
    responses((status = 200, description = "When, and how much.", body = AutoRecharge)))]
pub async fn show_auto_recharge(
    scope: Scope<PushFunds>,
    place: Path<Place>,
) -> Result<Reply<AutoRecharge>, Denied> {
    ruled(&scope, place.0).await
}

/// An auto-recharge to be set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetAutoRecharge {
    /// Whether the sub-account is recharged by itself.
    active: bool,
    /// Below which balance, in decimal major units.
    #[schema(value_type = f64, exclusive_minimum = 0, maximum = 1000000000, multiple_of = 0.01, example = 1000)]
    below: Amount,
    /// How much at a time.
    #[schema(value_type = f64, exclusive_minimum = 0, maximum = 1000000000, multiple_of = 0.01, example = 5000)]
    amount: Amount,
    /// At most so much on one day in India: as much as one recharge, or more.
    #[schema(value_type = f64, exclusive_minimum = 0, maximum = 1000000000, multiple_of = 0.01, example = 10000)]
    daily_cap: Amount,
    /// At most so much in one month: as much as on one day, or more.
    #[schema(value_type = f64, exclusive_minimum = 0, maximum = 1000000000, multiple_of = 0.01, example = 100000)]
    monthly_cap: Amount,
}

/// Sets a sub-account's auto-recharge
///
/// Whenever its wallet is below a balance, money goes into it from yours: whole, and never beyond the
/// caps. When your wallet holds too little or a cap is reached, your Owner is told once, and your
/// webhooks by `wallet.auto_recharge_held_up`; it is tried again later. Caps that do not agree with the
/// amount are answered with 409 `caps_too_low`.
#[utoipa::path(put, path = "/sub-accounts/{sub_account_id}/wallet/auto-recharge", tag = "Wallets",
    operation_id = "setAutoRecharge",
    request_body(content = SetAutoRecharge,
        example = json!({ "active": true, "below": 1000, "amount": 5000, "daily_cap": 10000, "monthly_cap": 100000 })),
    responses(
        (status = 200, description = "When, and how much, from now on.", body = AutoRecharge),
        (status = 409, description = "`caps_too_low`", body = super::refusal::ErrorBody),
    ))]
pub async fn set_auto_recharge(
    scope: Scope<PushFunds>,
    place: Path<Place>,
    body: Body<SetAutoRecharge>,
) -> Result<Reply<AutoRecharge>, Denied> {
    let (place, asked) = (place.0, body.into_inner());
    let id = place.sub_account_id;
    let currency = scope
        .read(move |tx| {
            // Whether it is there is asked before what is wrong with the amounts is told.
            auto_recharge::current(tx, id)?;
            wallet::standing(tx)
        })
        .await?
        .balance
        .currency;
    let rule = Rule {
        active: asked.active,
        below_minor: asked.below.above_zero("below", &currency)?,
        amount_minor: asked.amount.above_zero("amount", &currency)?,
        daily_cap_minor: asked.daily_cap.above_zero("daily_cap", &currency)?,
        monthly_cap_minor: asked.monthly_cap.above_zero("monthly_cap", &currency)?,
    };
    if let Err(Error::Invalid(wrong)) = rule.check() {
        let message = wrong.into_iter().map(|wrong| wrong.message).collect::<Vec<_>>().join(" ");
        return Err(Error::Conflict { code: "caps_too_low", message }.into());
    }
    scope.write(move |tx| auto_recharge::change(tx, id, rule)).await?;
    ruled(&scope, place).await
}
