//! What a sub-account is charged per started minute (`domain.md` 4.4): its organization's alone to know.

use serde::{Deserialize, Serialize};
use time::{Date, macros::format_description};
use utoipa::ToSchema;

use crate::{
    access::{Denied, Scope, permission::ManageSubAccounts},
    domain::sub_accounts::price,
    error::{Error, FieldError},
    values::{Money, SubAccountId},
};

use super::{
    amount::{Amount, nullable},
    reply::Reply,
    request::{Body, Path},
    sub_accounts::Place,
};

/// What a sub-account is charged.
#[derive(Debug, Serialize, ToSchema)]
pub struct Price {
    /// Whose calls.
    pub sub_account_id: SubAccountId,
    /// What is charged per started minute now; null: what the call costs.
    pub price_per_minute: Option<Amount>,
    /// The currency.
    #[schema(example = "INR")]
    pub currency: String,
}

async fn now(scope: &Scope<ManageSubAccounts>, id: SubAccountId) -> Result<Reply<Price>, Denied> {
    let prices = scope.read(move |tx| price::prices(tx, id)).await?;
    let money = |minor| Amount::from(&Money::new(minor, prices.currency.clone()));
    Ok(Reply(Price {
        sub_account_id: id,
        price_per_minute: prices.now_minor.map(money),
        currency: prices.currency.clone(),
    }))
}

/// Shows a sub-account's price
///
/// What your client is charged per started minute, in place of what calls cost.
#[utoipa::path(get, path = "/sub-accounts/{sub_account_id}/price", tag = "Wallets", operation_id = "getPrice",
    responses((status = 200, description = "The price now.", body = Price)))]
pub async fn show(scope: Scope<ManageSubAccounts>, place: Path<Place>) -> Result<Reply<Price>, Denied> {
    now(&scope, place.0.sub_account_id).await
}

/// A price to be set.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPrice {
    /// What is charged per started minute, in decimal major units; null: what the call costs.
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<f64>, required = true, minimum = 0, maximum = 10000, multiple_of = 0.01, example = 4.5)]
    price_per_minute: Option<Amount>,
    /// The day in India from whose midnight on it is; from now on, unless said.
    #[schema(value_type = Option<String>, format = Date, example = "2026-12-01")]
    valid_from: Option<String>,
}

/// Sets a sub-account's price
///
/// An isolated sub-account is never charged less than its calls cost. Calls in progress keep the price
/// that they began with. The answer tells the price that is valid now.
#[utoipa::path(put, path = "/sub-accounts/{sub_account_id}/price", tag = "Wallets", operation_id = "setPrice",
    request_body(content = SetPrice, example = json!({ "price_per_minute": 4.5 })),
    responses(
        (status = 200, description = "The price now.", body = Price),
        (status = 409, description = "`day_out_of_range`: that day is over, or more than a year away.", body = super::refusal::ErrorBody),
    ))]
pub async fn set(
    scope: Scope<ManageSubAccounts>,
    place: Path<Place>,
    body: Body<SetPrice>,
) -> Result<Reply<Price>, Denied> {
    let (id, asked) = (place.0.sub_account_id, body.into_inner());
    let currency = scope.read(move |tx| price::prices(tx, id)).await?.currency;
    let minor = asked
        .price_per_minute
        .map(|amount| {
            let field = "price_per_minute".to_owned();
            amount.minor(&currency).map_err(|wrong| Error::Invalid(vec![FieldError { field, ..wrong }]))
        })
        .transpose()?;
    let read = |text: String| {
        Date::parse(&text, format_description!("[year]-[month]-[day]"))
            .map_err(|_| Error::invalid("valid_from", "Name a day as 2026-12-01."))
    };
    let from = asked.valid_from.map(read).transpose()?;
    scope.write(move |tx| price::set(tx, id, minor, from)).await?;
    now(&scope, id).await
}
