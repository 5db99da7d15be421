//! Phone numbers of an account, and those that can be bought.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    access::{
        Denied, Scope,
        permission::{ManageContent, View},
    },
    domain::{
        numbers::{self, Line, NumberType, Offer, Purchase},
        workspaces,
    },
    error::Error,
    values::{AgentId, E164, NumberId, WorkspaceId},
};

use super::{
    countries::{PROVIDER_ID, price},
    reply::{Created, Paging, Reply},
    request::{Body, Once, Path, Query},
    timestamp::Timestamp,
};

/// How a number stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum NumberStatus {
    /// It can be called and called from.
    Active,
    /// It is bought, and on its way to where your data is.
    Pending,
}

/// A phone number of an account.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhoneNumber {
    /// Its id.
    pub id: NumberId,
    /// The number in E.164.
    #[schema(pattern = r"^\+[1-9][0-9]{6,14}$", example = "+918047193100")]
    pub phone_number: String,
    /// Who provides it.
    #[schema(example = "plivo")]
    pub provider: String,
    /// How it stands.
    pub status: NumberStatus,
    /// Its country, by ISO 3166-1; null for a number of no single country.
    #[schema(required = true, example = "IN")]
    pub country_code: Option<String>,
    /// What people call it.
    #[schema(required = true, example = "Customers call in")]
    pub nickname: Option<String>,
    /// What kind it is.
    #[serde(rename = "type")]
    pub kind: NumberType,
    /// The workspace it belongs to.
    pub workspace_id: WorkspaceId,
    /// The agent that answers it.
    #[schema(required = true)]
    pub inbound_agent_id: Option<AgentId>,
    /// The agent that calls from it.
    #[schema(required = true)]
    pub outbound_agent_id: Option<AgentId>,
    /// Its rent per month, in rupees.
    #[schema(pattern = r"^[0-9]+\.[0-9]{2}$", example = "299.00")]
    pub monthly_rental_rate: String,
    /// Whether it goes over a SIP trunk of yours; none does yet.
    #[schema(example = false)]
    pub sip_trunk_enabled: bool,
    /// Since when the account has it.
    pub created_at: Timestamp,
}

impl PhoneNumber {
    fn of(line: Line, status: NumberStatus) -> Self {
        let number = line.number;
        Self {
            id: number.id,
            country_code: E164::parse(&number.e164).ok().and_then(|e164| e164.country_iso()),
            phone_number: number.e164,
            provider: line.provider,
            status,
            nickname: Some(number.label).filter(|label| !label.is_empty()),
            kind: line.number_type,
            workspace_id: number.workspace,
            inbound_agent_id: number.agent,
            outbound_agent_id: line.outbound_agent,
            monthly_rental_rate: price(number.monthly_cost_minor),
            sip_trunk_enabled: false,
            created_at: number.created_at.into(),
        }
    }
}

/// Which part of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NumberQuery {
    /// The page, from 1.
    #[param(minimum = 1, maximum = 10000, example = 1)]
    page: Option<i64>,
    /// Rows on a page.
    #[param(minimum = 1, maximum = 100, example = 20)]
    limit: Option<i64>,
}

/// A page of phone numbers.
#[derive(Debug, Serialize, ToSchema)]
pub struct NumberPage {
    /// The numbers.
    pub items: Vec<PhoneNumber>,
    /// How many there are in all.
    #[schema(minimum = 0, example = 1)]
    pub total: i64,
    /// The page.
    #[schema(minimum = 1, example = 1)]
    pub page: i64,
    /// Rows on a page.
    #[schema(minimum = 1, maximum = 100, example = 20)]
    pub limit: i64,
}

/// Lists the phone numbers
///
/// The latest come first. A workspace's key sees those of its workspace.
#[utoipa::path(get, path = "/organization-phone-numbers", tag = "Phone numbers", operation_id = "listPhoneNumbers",
    params(NumberQuery),
    responses((status = 200, description = "A page of the account's numbers.", body = NumberPage)))]
pub async fn list(scope: Scope<View>, query: Query<NumberQuery>) -> Result<Reply<NumberPage>, Denied> {
    let paging = Paging::of(query.0.page, query.0.limit, None)?;
    let (limit, skip) = (paging.limit, paging.skip());
    let (lines, total) = scope.read_region(move |tx| numbers::page(tx, limit, skip)).await?;
    let items = lines.into_iter().map(|line| PhoneNumber::of(line, NumberStatus::Active)).collect();
    Ok(Reply(NumberPage { items, total, page: paging.page, limit }))
}

/// The id in the address.
#[derive(Debug, Deserialize)]
pub struct Place {
    number_id: NumberId,
}

/// Shows a phone number
#[utoipa::path(get, path = "/organization-phone-numbers/{number_id}", tag = "Phone numbers",
    operation_id = "getPhoneNumber", params(("number_id" = NumberId, Path, description = "The number's id.")),
    responses((status = 200, description = "The number, and how it is routed.", body = PhoneNumber)))]
pub async fn show(scope: Scope<View>, place: Path<Place>) -> Result<Reply<PhoneNumber>, Denied> {
    let id = place.0.number_id;
    let line = scope.read_region(move |tx| numbers::get(tx, id)).await?;
    Ok(Reply(PhoneNumber::of(line, NumberStatus::Active)))
}

/// What to look for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// The country, by ISO 3166-1.
    #[param(pattern = "^[A-Z]{2}$", example = "IN")]
    country_iso: String,
    /// What kind of number.
    #[serde(rename = "type")]
    kind: Option<NumberType>,
}

/// A number that can be bought.
#[derive(Debug, Serialize, ToSchema)]
pub struct AvailableNumber {
    /// The number in E.164.
    #[schema(pattern = r"^\+[1-9][0-9]{6,14}$", example = "+918047193100")]
    pub number: String,
    /// What kind it is.
    #[serde(rename = "type")]
    pub kind: NumberType,
    /// Its rent per month.
    #[schema(pattern = r"^[0-9]+\.[0-9]{2}$", example = "299.00")]
    pub monthly_rental_rate: String,
    /// What it costs once.
    #[schema(pattern = r"^[0-9]+\.[0-9]{2}$", example = "0.00")]
    pub setup_rate: String,
    /// The currency of both, by ISO 4217.
    #[schema(example = "INR")]
    pub currency: String,
    /// It can be called.
    pub voice_enabled: bool,
    /// Whether it takes text messages.
    pub sms_enabled: bool,
    /// It takes no pictures.
    pub mms_enabled: bool,
    /// Its country.
    #[schema(example = "IN")]
    pub country_iso: String,
    /// The number as people write it.
    #[schema(example = "+91 80471 93100")]
    pub number_format: String,
}

impl From<Offer> for AvailableNumber {
    fn from(offer: Offer) -> Self {
        Self {
            number_format: offer.e164.international(),
            number: offer.e164.into(),
            kind: offer.number_type,
            monthly_rental_rate: price(offer.monthly_minor),
            setup_rate: price(offer.setup_minor),
            currency: offer.currency,
            voice_enabled: true,
            sms_enabled: offer.sms_enabled,
            mms_enabled: false,
            country_iso: offer.country_iso,
        }
    }
}

/// How many numbers were found.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundMeta {
    /// How many there are in all; the first of them are shown.
    #[schema(minimum = 0, example = 60)]
    pub total_count: i64,
}

/// Numbers that can be bought.
#[derive(Debug, Serialize, ToSchema)]
pub struct AvailableNumbers {
    /// The request's id.
    pub api_id: String,
    /// Numbers, 20 at most.
    pub objects: Vec<AvailableNumber>,
    /// How many there are.
    pub meta: FoundMeta,
}

/// Searches for numbers to buy
#[utoipa::path(get, path = "/organization-phone-numbers/plivo-numbers", tag = "Phone numbers",
    operation_id = "searchAvailablePhoneNumbers", params(SearchQuery),
    responses((status = 200, description = "Numbers that can be bought.", body = AvailableNumbers)))]
pub async fn search(
    scope: Scope<View>,
    query: Query<SearchQuery>,
) -> Result<Reply<AvailableNumbers>, Denied> {
    let SearchQuery { country_iso, kind } = query.0;
    check_country("country_iso", &country_iso)?;
    let (offers, total_count) = scope.read(move |tx| numbers::search(tx, &country_iso, kind)).await?;
    Ok(Reply(AvailableNumbers {
        api_id: scope.asker().request.request_id.clone(),
        objects: offers.into_iter().map(AvailableNumber::from).collect(),
        meta: FoundMeta { total_count },
    }))
}

fn check_country(field: &str, iso: &str) -> Result<(), Error> {
    let is_code = iso.len() == 2 && iso.bytes().all(|letter| letter.is_ascii_uppercase());
    if is_code {
        Ok(())
    } else {
        Err(Error::invalid(field, "Name a country by two capital letters, such as IN."))
    }
}

/// A number to buy.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PurchasePhoneNumber {
    /// The number, as the search for numbers to buy gives it.
    #[serde(rename = "phoneNumber")]
    #[schema(pattern = r"^\+[1-9][0-9]{6,14}$", example = "+918047193100")]
    number: String,
    /// The telephony provider, as GET /v1/phone-number-pricing names it.
    #[serde(rename = "telephonyProviderId")]
    #[schema(pattern = "^tp_plivo$", example = "tp_plivo")]
    provider: String,
    /// The country of the number, by ISO 3166-1.
    #[serde(rename = "countryISO")]
    #[schema(pattern = "^[A-Z]{2}$", example = "IN")]
    country: String,
}

/// A number that was bought.
#[derive(Debug, Serialize, ToSchema)]
pub struct PurchasedPhoneNumber {
    /// The number in E.164.
    #[serde(rename = "phoneNumber")]
    #[schema(example = "+918047193100")]
    pub number: String,
    /// Pending while it is on its way to where your data is; it gets there by itself.
    pub status: NumberStatus,
    /// In words.
    pub message: &'static str,
    /// The number as the account has it.
    #[serde(rename = "organizationPhoneNumber")]
    pub record: PhoneNumber,
}

/// Buys a phone number
///
/// The number belongs to the key's workspace, or to the account's first one. Of several who
/// buy the same number at the same time one gets it; the others get 409
/// `number_not_available`. A test key buys none.
#[utoipa::path(post, path = "/organization-phone-numbers/purchase", tag = "Phone numbers",
    operation_id = "purchasePhoneNumber",
    request_body(content = PurchasePhoneNumber,
        example = json!({ "phoneNumber": "+918047193100", "telephonyProviderId": "tp_plivo", "countryISO": "IN" })),
    responses((status = 201, description = "The number is the account's.", body = PurchasedPhoneNumber)))]
pub async fn purchase(
    scope: Scope<ManageContent>,
    once: Once,
    body: Body<PurchasePhoneNumber>,
) -> Result<Created<PurchasedPhoneNumber>, Denied> {
    let asked = body.into_inner();
    check_country("countryISO", &asked.country)?;
    let digits = asked.number.strip_prefix('+').unwrap_or_default();
    if !(7..=15).contains(&digits.len())
        || digits.starts_with('0')
        || !digits.bytes().all(|digit| digit.is_ascii_digit())
    {
        return Err(
            Error::invalid("phoneNumber", "must be a phone number in E.164, such as +918047193100").into()
        );
    }
    if asked.provider != PROVIDER_ID {
        return Err(Error::invalid("telephonyProviderId", format!("must be {PROVIDER_ID}")).into());
    }
    let workspace = scope.read(workspaces::target).await?;
    let wanted = Purchase { number: asked.number, country_iso: asked.country, workspace };
    let line: Line = scope
        .write(move |tx| once.perform(tx, "numbers.purchase", &wanted, |tx| numbers::purchase(tx, &wanted)))
        .await?;
    let status = settle(&scope).await;
    Ok(Created(PurchasedPhoneNumber {
        number: line.number.e164.clone(),
        status,
        message: match status {
            NumberStatus::Active => "Phone number purchased and registered successfully",
            NumberStatus::Pending => "Phone number purchased; its registration goes on by itself",
        },
        record: PhoneNumber::of(line, status),
    }))
}

/// Brings what is on its way to where it belongs. What fails here goes on in the background:
/// the number is bought, or given back, all the same.
async fn settle(scope: &Scope<ManageContent>) -> NumberStatus {
    match numbers::settle(scope).await {
        Ok(()) => NumberStatus::Active,
        Err(error) => {
            tracing::warn!(%error, "phone numbers are settled later");
            NumberStatus::Pending
        }
    }
}

/// That something is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct Gone {
    /// It is.
    #[schema(example = true)]
    pub success: bool,
    /// In words.
    pub message: &'static str,
}

/// Gives a phone number back
///
/// It goes back to its provider, is answered by nobody any more, and its rent ends. A test
/// key gives none back.
#[utoipa::path(delete, path = "/organization-phone-numbers/{number_id}", tag = "Phone numbers",
    operation_id = "deletePhoneNumber", params(("number_id" = NumberId, Path, description = "The number's id.")),
    responses((status = 200, description = "It is gone.", body = Gone,
        example = json!({ "success": true, "message": "Phone number deleted successfully" }))))]
pub async fn release(scope: Scope<ManageContent>, place: Path<Place>) -> Result<Reply<Gone>, Denied> {
    let id = place.0.number_id;
    let line = scope.read_region(move |tx| numbers::get(tx, id)).await?;
    scope.write(move |tx| numbers::release(tx, &line)).await?;
    settle(&scope).await;
    Ok(Reply(Gone { success: true, message: "Phone number deleted successfully" }))
}
