//! The logo of an account's brand (`domain.md` 8): that of its organization, of today or of when an
//! invoice was issued.

use actix_web::{HttpResponse, http::header, web};
use serde::Deserialize;

use crate::{
    access::{Denied, Scope, permission::View},
    domain::brands,
    values::{AccountId, LogoId},
    web::page::home_href,
};

/// The logo in the address.
#[derive(Debug, Deserialize)]
pub struct LogoPlace {
    logo: LogoId,
}

/// Where an account sees a logo.
pub(in crate::web) fn href(account: AccountId, logo: LogoId) -> String {
    format!("{}/logos/{logo}", home_href(account))
}

/// `GET /accounts/{account}/logos/{logo}`
pub async fn show(scope: Scope<View>, place: web::Path<LogoPlace>) -> Result<HttpResponse, Denied> {
    let id = place.logo;
    let logo = scope.read(move |tx| brands::logo(tx, id)).await?;
    Ok(HttpResponse::Ok()
        .content_type("image/png")
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header((header::CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"))
        .body(logo.png))
}
