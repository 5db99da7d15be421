//! Inviting somebody.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use crate::{
    access::Denied,
    domain::{
        idempotency::{self, IdempotencyKey},
        identity::invitations::{self, NewInvitation},
    },
    error::FieldError,
    web::{desk::Desk, forms::Submitted, notices::told, page::see, sign_in::Gate},
};

use super::{list, list_href, refused, unconfirmed};

/// The form as it is sent.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Typed {
    pub(super) idempotency_key: String,
    pub(super) email: String,
    pub(super) role: String,
    pub(super) password: String,
}

/// `POST …/members`
pub async fn invite(
    request: HttpRequest,
    desk: Desk,
    gate: web::Data<Gate>,
    form: Submitted<Typed>,
) -> Result<HttpResponse, Denied> {
    let typed = form.by(&desk)?;
    let lists = list::load(&desk).await?;
    let again = |wrong: Vec<FieldError>, status| list::page(&desk, lists, &typed, &wrong, status);
    let new = match NewInvitation::check(&typed.email, &typed.role, desk.asker().account.id) {
        Ok(new) => new,
        Err(error) => {
            let (wrong, status) = refused(error, "email")?;
            return again(wrong, status);
        }
    };
    if let Some(answer) = unconfirmed(&desk, &gate, &request, &typed.password, again).await? {
        return Ok(answer);
    }
    let key = IdempotencyKey::parse("idempotency_key", &typed.idempotency_key)?;
    let invited = desk
        .scope
        .write(move |tx| {
            idempotency::once(tx, "invitations.create", &key, &new, |tx| invitations::invite(tx, &new))
        })
        .await;
    match invited {
        Ok(_) => Ok(see(told(&list_href(&desk), "invited"))),
        Err(error) => {
            let (wrong, status) = refused(error, "email")?;
            list::page(&desk, list::load(&desk).await?, &typed, &wrong, status)
        }
    }
}
