//! Access Dashboard: entering a sub-account, and leaving it (`domain.md` 2.5).

use actix_session::Session;
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::{
    access::{
        Denied, Scope,
        permission::{ManageSubAccounts, View},
        session_store::state,
    },
    domain::delegations,
    error::Error,
    values::AccountId,
    web::{
        forms::{ConfirmForm, Submitted},
        notices::told,
        page::{home_href, see},
    },
};

use super::Place;

/// The form that enters.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccessForm {
    reason: String,
}

/// `POST /accounts/{account}/sub-accounts/{sub_account}/access`
pub async fn enter(
    scope: Scope<ManageSubAccounts>,
    session: Session,
    place: web::Path<Place>,
    form: Submitted<AccessForm>,
) -> Result<HttpResponse, Denied> {
    let form = form.by(&scope)?;
    let reason = delegations::reason(&form.reason).map_err(|wrong| Error::Invalid(vec![wrong]))?;
    let id = place.sub_account;
    let stay = scope.write(move |tx| delegations::start(tx, id, reason)).await?;
    // The right to more goes with a new key (trust.md S5).
    session.insert(state::RIGHTS_CHANGED, stay.to_string()).map_err(Error::internal)?;
    Ok(see(told(&home_href(id.into()), "entered")))
}

/// `POST /accounts/{account}/leave`: back to the row one came from.
pub async fn leave(
    scope: Scope<View>,
    session: Session,
    form: Submitted<ConfirmForm>,
) -> Result<HttpResponse, Denied> {
    form.by(&scope)?;
    let account = &scope.asker().account;
    let AccountId::SubAccount(id) = account.id else { return Err(Denied(Error::NotFound)) };
    let list = format!("/accounts/{}/sub-accounts#{id}", account.organization);
    scope.write(delegations::leave).await?;
    session.insert(state::RIGHTS_CHANGED, "left").map_err(Error::internal)?;
    let mut response = see(told(&list, "left"));
    // What was seen inside does not come back from the browser's caches (trust.md S20).
    response.headers_mut().insert(
        actix_web::http::header::HeaderName::from_static("clear-site-data"),
        actix_web::http::header::HeaderValue::from_static("\"cache\""),
    );
    Ok(response)
}
