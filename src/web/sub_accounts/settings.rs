//! The settings of one sub-account: its name, and the danger zone.

use actix_web::{HttpResponse, http::StatusCode, web};
use serde::Deserialize;

use crate::{
    access::{Denied, Scope, permission::ManageSubAccounts},
    domain::sub_accounts::{SubAccountName, lifecycle, list::Listed},
    error::{Error, FieldError},
    values::SubAccountStatus,
    web::{
        forms::Submitted,
        notices::told,
        page::{Here, Visit, html_as, see},
        parts::{Badge, ErrorSummary, Field},
        views::sub_accounts::SettingsPage,
    },
};

use super::Place;

/// The name form as it is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenameForm {
    name: String,
    /// The name that the editor was shown.
    seen: String,
}

/// `GET /accounts/{account}/sub-accounts/{sub_account}/settings`
pub async fn show(
    scope: Scope<ManageSubAccounts>,
    visit: Visit,
    place: web::Path<Place>,
) -> Result<HttpResponse, Denied> {
    let listed = super::find(&scope, place.sub_account).await?;
    page(&scope, &visit, &listed, &listed.name, &[], StatusCode::OK)
}

/// `POST /accounts/{account}/sub-accounts/{sub_account}/rename`
pub async fn rename(
    scope: Scope<ManageSubAccounts>,
    visit: Visit,
    place: web::Path<Place>,
    form: Submitted<RenameForm>,
) -> Result<HttpResponse, Denied> {
    let form = form.by(&scope)?;
    let id = place.sub_account;
    let renamed = match SubAccountName::parse(&form.name) {
        Ok(name) => {
            let seen = form.seen.clone();
            scope.write(move |tx| lifecycle::rename(tx, id, Some(&seen), &name)).await
        }
        Err(wrong) => Err(Error::Invalid(vec![wrong])),
    };
    let (wrong, status) = match renamed {
        Ok(()) => return Ok(see(told(&format!("{}/settings", super::href(&scope, id)), "renamed"))),
        Err(Error::Conflict { message, .. }) => {
            let message = format!("{message} Your text is kept here: save again to put it in its place.");
            (vec![FieldError::new("name", message)], StatusCode::CONFLICT)
        }
        Err(error) => (super::wrong_fields(error)?, StatusCode::UNPROCESSABLE_ENTITY),
    };
    let listed = super::find(&scope, id).await?;
    page(&scope, &visit, &listed, &form.name, &wrong, status)
}

fn page(
    scope: &Scope<ManageSubAccounts>,
    visit: &Visit,
    listed: &Listed,
    typed: &str,
    wrong: &[FieldError],
    status: StatusCode,
) -> Result<HttpResponse, Denied> {
    let base = super::href(scope, listed.id);
    let suspended = listed.status == SubAccountStatus::Suspended;
    let name_field = super::with_error(Field::new("name", "Name").value(typed), wrong);
    let mut frame = visit.frame(scope, format!("Settings of {}", listed.name), Here::SubAccounts);
    frame.has_errors = !wrong.is_empty();
    html_as(
        &SettingsPage {
            frame,
            crumbs: super::crumbs(scope, None),
            tabs: super::tabs(scope, listed.id, "/settings"),
            errors: ErrorSummary::of([&name_field]),
            name: listed.name.clone(),
            badge: Badge::account(listed.status.as_str()),
            rename_href: format!("{base}/rename"),
            seen: listed.name.clone(),
            name_field,
            suspended,
            suspend_href: format!("{base}/{}", if suspended { "reactivate" } else { "suspend" }),
            delete_href: format!("{base}/delete"),
        },
        status,
    )
}
