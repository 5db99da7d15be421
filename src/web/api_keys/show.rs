//! One key: what it may do, when it was used, its name.

use actix_web::{HttpResponse, http::StatusCode, web};
use serde::Deserialize;

use crate::{
    access::Denied,
    domain::identity::api_keys::{self, ApiKey, KeyName},
    error::{Error, FieldError},
    web::{
        forms::Submitted,
        notices::told,
        page::{html_as, see},
        parts::{ErrorSummary, Field},
        sub_accounts::{with_error, wrong_fields},
        views::api_keys::KeyPage,
    },
};

use super::{Desk, KeyPlace, words};

/// The name form as it is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenameForm {
    name: String,
}

/// `GET …/api-keys/{api_key}`
pub async fn show(desk: Desk, place: web::Path<KeyPlace>) -> Result<HttpResponse, Denied> {
    let key = desk.find(&place).await?;
    let name = key.name.clone();
    page(&desk, &key, &name, &[], StatusCode::OK).await
}

/// `POST …/api-keys/{api_key}/rename`
pub async fn rename(
    desk: Desk,
    place: web::Path<KeyPlace>,
    form: Submitted<RenameForm>,
) -> Result<HttpResponse, Denied> {
    let form = form.by(&desk)?;
    let id = place.api_key;
    let renamed = match KeyName::parse(&form.name) {
        Ok(name) => desk.scope.write(move |tx| api_keys::rename(tx, id, &name)).await,
        Err(wrong) => Err(Error::Invalid(vec![wrong])),
    };
    match renamed {
        Ok(_) => Ok(see(told(&desk.key_href(id), "renamed"))),
        Err(error) => {
            let wrong = wrong_fields(error)?;
            let key = desk.find(&place).await?;
            page(&desk, &key, &form.name, &wrong, StatusCode::UNPROCESSABLE_ENTITY).await
        }
    }
}

async fn page(
    desk: &Desk,
    key: &ApiKey,
    typed: &str,
    wrong: &[FieldError],
    status: StatusCode,
) -> Result<HttpResponse, Denied> {
    let workspaces = desk.workspaces().await?;
    let workspace = workspaces.into_iter().find(|(id, _)| Some(*id) == key.workspace).map(|(_, name)| name);
    let facts = words::facts(key, desk.reach(key.workspace), workspace, desk.zone());
    let name_field = with_error(Field::new("name", "Name").value(typed), wrong);
    let accepted = key.is_accepted(time::OffsetDateTime::now_utc());
    let href = desk.key_href(key.id);
    let mut frame = desk.frame(&format!("API key {}", key.name));
    frame.has_errors = !wrong.is_empty();
    html_as(
        &KeyPage {
            frame,
            crumbs: desk.crumbs(),
            errors: ErrorSummary::of([&name_field]),
            rename_href: format!("{href}/rename"),
            rotate_href: (accepted && !facts.is_retiring).then(|| format!("{href}/rotate")),
            revoke_href: accepted.then(|| format!("{href}/revoke")),
            replaced_by_href: key.replaced_by.map(|id| desk.key_href(id)),
            id: key.id.to_string(),
            facts,
            name_field,
        },
        status,
    )
}
