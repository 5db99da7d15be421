//! Members and invitations: on an account's own dashboard, and on the parent's pages over a
//! sub-account (`domain.md` 5, 7.5).

pub mod invite;
pub mod leave;
pub mod list;
pub mod member;
pub mod pending;
pub mod recharge;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use serde::Deserialize;

use crate::{
    access::Denied,
    domain::identity::roles,
    error::{Error, FieldError},
    values::{InvitationId, Role, UserId},
};

use super::{
    desk::Desk,
    parts::{Choice, Field},
    sign_in::{Confirmed, Gate, too_many},
    sub_accounts::{with_error, wrong_fields},
};

/// The last part of the address of the list.
const PATH: &str = "/members";

/// The member in the address.
#[derive(Debug, Deserialize)]
pub struct MemberPlace {
    /// Who.
    pub member: UserId,
}

/// The invitation in the address.
#[derive(Debug, Deserialize)]
pub struct InvitationPlace {
    /// Which.
    pub invitation: InvitationId,
}

/// A form that confirms, with a password where one is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConfirmForm {
    password: String,
}

fn list_href(desk: &Desk) -> String {
    format!("{}{PATH}", desk.base())
}

/// The roles to choose from, each with what it can do.
fn role_field(desk: &Desk, known: &[Role], chosen: &str, wrong: &[FieldError]) -> Field {
    let account = desk.asker().account.id;
    let greatest = roles::greatest_given_by(desk.asker());
    let options = known
        .iter()
        .filter(|role| greatest.is_some_and(|greatest| greatest <= **role))
        .map(|role| Choice::new(role.as_str(), roles::label(*role, account), roles::words(*role, account)));
    with_error(Field::new("role", "Role").value(chosen).options(options.collect()), wrong)
}

/// What is wrong, beside the field it is about, with the status that says so. A conflict is
/// told beside `field`.
fn refused(error: Error, field: &str) -> Result<(Vec<FieldError>, StatusCode), Denied> {
    match error {
        Error::Conflict { code: "idempotency_key_reused", message } => {
            Err(Denied(Error::Conflict { code: "idempotency_key_reused", message }))
        }
        Error::Conflict { code: "role_unavailable", message } => {
            Ok((vec![FieldError::new("role", message)], StatusCode::CONFLICT))
        }
        Error::Conflict { message, .. } => Ok((vec![FieldError::new(field, message)], StatusCode::CONFLICT)),
        other => Ok((wrong_fields(other)?, StatusCode::UNPROCESSABLE_ENTITY)),
    }
}

/// Asks for the password where it must be confirmed; gives what to answer when it is not.
async fn unconfirmed(
    desk: &Desk,
    gate: &web::Data<Gate>,
    request: &HttpRequest,
    password: &str,
    again: impl FnOnce(Vec<FieldError>, StatusCode) -> Result<HttpResponse, Denied>,
) -> Result<Option<HttpResponse>, Denied> {
    let of_password = |text: &str| vec![FieldError::new("password", text)];
    match desk.confirm(gate, request, password.to_owned()).await? {
        Confirmed::Yes => Ok(None),
        Confirmed::No(why) => again(of_password(why), StatusCode::UNPROCESSABLE_ENTITY).map(Some),
        Confirmed::Wait(wait) => {
            too_many(wait, |text| again(of_password(text), StatusCode::TOO_MANY_REQUESTS)).map(Some)
        }
    }
}
