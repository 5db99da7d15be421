//! Countries: how their numbers are built, and what one costs there. The same for every key.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{
    catalogues::{self, countries},
    numbers::PROVIDER,
};

use super::reply::Reply;

/// How numbers of a country are built.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountryRule {
    /// Its id.
    #[schema(example = "pcr_in")]
    pub id: &'static str,
    /// The country, by ISO 3166-1.
    #[schema(min_length = 2, max_length = 2, example = "IN")]
    pub country_iso: &'static str,
    /// Its name.
    #[schema(example = "India")]
    pub country_name: &'static str,
    /// What comes after the plus sign.
    #[schema(example = "91")]
    pub calling_code: &'static str,
    /// Most digits after the calling code.
    #[schema(minimum = 1, maximum = 15, example = 10)]
    pub max_length: u8,
    /// How mobile numbers begin, after the calling code; none where they are not told apart.
    #[schema(value_type = Vec<String>)]
    pub prefixes: &'static [&'static str],
    /// Never for one that is listed.
    #[schema(example = false)]
    pub is_deleted: bool,
}

/// Lists the countries that can be called
#[utoipa::path(get, path = "/phone-country-rules/countries", tag = "Phone numbers", operation_id = "listPhoneCountryRules",
    responses((status = 200, description = "The countries.", body = Vec<CountryRule>)))]
pub async fn countries() -> Reply<Vec<CountryRule>> {
    let rule = |country: &catalogues::Country| CountryRule {
        id: country.id,
        country_iso: country.iso,
        country_name: country.name,
        calling_code: country.calling_code,
        max_length: country.max_length,
        prefixes: country.prefixes,
        is_deleted: false,
    };
    Reply(countries::COUNTRIES.iter().map(rule).collect())
}

/// The id of the telephony provider whose numbers are sold.
pub(super) const PROVIDER_ID: &str = "tp_plivo";

/// A telephony provider.
#[derive(Debug, Serialize, ToSchema)]
pub struct TelephonyProvider {
    /// Its id.
    #[schema(example = "tp_plivo")]
    pub id: &'static str,
    /// Its name.
    #[schema(example = "plivo")]
    pub name: &'static str,
}

/// What a number costs in a country.
#[derive(Debug, Serialize, ToSchema)]
pub struct NumberPrice {
    /// The provider's id.
    #[schema(example = "tp_plivo")]
    pub telephony_provider_id: &'static str,
    /// The country, by ISO 3166-1.
    #[schema(min_length = 2, max_length = 2, example = "IN")]
    pub country_iso: &'static str,
    /// Its name.
    #[schema(example = "India")]
    pub country_name: &'static str,
    /// The rent per month, in rupees.
    #[schema(pattern = r"^[0-9]+\.[0-9]{2}$", example = "299.00")]
    pub credit_cost: String,
    /// The provider.
    #[serde(rename = "telephonyProvider")]
    pub provider: TelephonyProvider,
}

/// Minor units as decimal text: `299.00`.
pub(super) fn price(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

/// Lists what numbers cost by country
#[utoipa::path(get, path = "/phone-number-pricing", tag = "Phone numbers", operation_id = "listPhoneNumberPricing",
    responses((status = 200, description = "The prices.", body = Vec<NumberPrice>)))]
pub async fn prices() -> Reply<Vec<NumberPrice>> {
    let price = |country: &catalogues::Country| {
        Some(NumberPrice {
            telephony_provider_id: PROVIDER_ID,
            country_iso: country.iso,
            country_name: country.name,
            credit_cost: price(country.monthly_minor?),
            provider: TelephonyProvider { id: PROVIDER_ID, name: PROVIDER },
        })
    };
    Reply(countries::COUNTRIES.iter().filter_map(price).collect())
}
