//! Why a request was refused, as programs read it (`domain.md` 6.4).

use actix_web::{
    HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    dev::ServiceResponse,
    http::{StatusCode, header},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    access::Denied,
    error::{Error, FieldError},
};

/// What a refusal says: one reason, or one for each field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Message {
    /// One reason.
    One(String),
    /// One for each wrong field.
    Several(Vec<String>),
}

/// The body of every answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ErrorResponse)]
pub struct ErrorBody {
    /// The HTTP status again.
    #[serde(rename = "statusCode")]
    #[schema(minimum = 400, maximum = 599, example = 400)]
    pub status: u16,
    /// What is wrong; a list when several fields are.
    #[schema(example = "name: Enter a name for the sub-account.")]
    pub message: Message,
    /// The status in words.
    #[schema(example = "Bad Request")]
    pub error: String,
    /// A word that stays the same, for programs to tell one case from another.
    #[schema(example = "validation_failed")]
    pub code: String,
    /// The request, to name when asking for help. It stands in the header `X-Request-Id` too.
    #[schema(example = "01978a3c5f7e7d3a9f6a1a4d2b3c4d5e")]
    pub request_id: String,
}

/// A refusal before it is written out.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    code: &'static str,
    message: Message,
    /// Seconds after which it may be tried again.
    pub(crate) retry_after: Option<u64>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: Message::One(message.into()), retry_after: None }
    }

    /// Nobody is known by what the request presents as its key.
    pub(crate) fn unknown_key() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "Send a valid API key: Authorization: Bearer dnx_live_… or dnx_test_…",
        )
    }

    /// The key asks too often; it may go on after `seconds`.
    pub(crate) fn too_often(seconds: u64) -> Self {
        let text = format!("This key asks too often. Go on after {seconds} s.");
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", text);
        Self { retry_after: Some(seconds), ..refusal }
    }

    /// What a domain operation refused, in its own words.
    pub(crate) fn of(error: &Error) -> Self {
        let (status, code) = match error {
            Error::SignedOut => return Self::unknown_key(),
            Error::Invalid(fields) => return Self::invalid(fields),
            Error::Busy => return Self::of_status(StatusCode::SERVICE_UNAVAILABLE),
            Error::Internal(_) => return Self::of_status(StatusCode::INTERNAL_SERVER_ERROR),
            Error::NotFound => return Self::of_status(StatusCode::NOT_FOUND),
            Error::FeatureNotEnabled => (StatusCode::FORBIDDEN, "feature_not_enabled"),
            Error::TargetRequired => (StatusCode::FORBIDDEN, "target_required"),
            Error::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden"),
            Error::Unpaid { code, .. } => (StatusCode::PAYMENT_REQUIRED, *code),
            Error::Conflict { code: "idempotency_key_reused", .. } => {
                return Self::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "idempotency_key_reused",
                    "This Idempotency-Key was used with another body. Take a new key for a new request.",
                );
            }
            Error::Conflict { code: code @ "provider_unavailable", .. } => {
                let refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, error.to_string());
                return Self { retry_after: Some(10), ..refusal };
            }
            Error::Conflict { code: code @ "lease_lost", .. } => (StatusCode::GONE, *code),
            Error::Conflict { code: code @ "stale", .. } => (StatusCode::PRECONDITION_FAILED, *code),
            Error::Conflict { code, .. } => (StatusCode::CONFLICT, *code),
        };
        Self::new(status, code, error.to_string())
    }

    fn invalid(fields: &[FieldError]) -> Self {
        let mut texts: Vec<_> =
            fields.iter().map(|wrong| format!("{}: {}", wrong.field, wrong.message)).collect();
        let message = match texts.len() {
            1 => Message::One(texts.remove(0)),
            _ => Message::Several(texts),
        };
        let refusal = Self::new(StatusCode::BAD_REQUEST, "validation_failed", "");
        Self { message, ..refusal }
    }

    /// What a status alone says.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let (code, text) = match status {
            StatusCode::NOT_FOUND => ("not_found", "There is nothing here for this key."),
            StatusCode::METHOD_NOT_ALLOWED => {
                ("method_not_allowed", "This address does not answer to this method.")
            }
            StatusCode::PAYLOAD_TOO_LARGE => ("payload_too_large", "The body is larger than 256 KiB."),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                ("unsupported_media_type", "Send JSON in UTF-8: Content-Type: application/json")
            }
            StatusCode::RANGE_NOT_SATISFIABLE => {
                ("range_not_satisfiable", "There are no such bytes; Content-Range tells how many there are.")
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                let refusal = Self::new(
                    status,
                    "busy",
                    "Too much is going on. Nothing was changed; try again shortly.",
                );
                return Self { retry_after: Some(2), ..refusal };
            }
            status if status.is_server_error() => {
                ("internal", "Something went wrong on our side. It was noted under the request_id.")
            }
            _ => ("bad_request", "The request was not understood."),
        };
        Self::new(status, code, text)
    }

    /// What an answer that is an error without a body of ours says.
    pub(crate) fn of_answer(status: StatusCode, error: Option<&actix_web::Error>) -> Self {
        match error.and_then(|error| error.as_error::<Denied>()) {
            Some(Denied(error)) => {
                if let Error::Internal(cause) = error {
                    tracing::error!(cause, "a request failed");
                }
                Self::of(error)
            }
            None => {
                if let Some(error) = error.filter(|_| status.is_server_error()) {
                    tracing::error!(cause = %error, "a request failed");
                }
                Self::of_status(status)
            }
        }
    }

    pub(crate) fn response(&self, request_id: &str) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if self.status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        response.json(ErrorBody {
            status: self.status.as_u16(),
            message: self.message.clone(),
            error: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            code: self.code.to_owned(),
            request_id: request_id.to_owned(),
        })
    }
}

/// Gives an answer that is an error a body that says why.
pub(crate) fn dress(response: ServiceResponse<BoxBody>, request_id: &str) -> ServiceResponse<BoxBody> {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let is_bare = response.response().error().is_some()
        || matches!(response.response().body().size(), BodySize::None | BodySize::Sized(0));
    if !is_error || !is_bare {
        return response;
    }
    let kept = [header::ALLOW, header::CONTENT_RANGE]
        .map(|name| response.headers().get(&name).cloned().map(|value| (name, value)));
    let refusal = Refusal::of_answer(status, response.response().error());
    let mut dressed = refusal.response(request_id);
    for (name, value) in kept.into_iter().flatten() {
        dressed.headers_mut().insert(name, value);
    }
    response.into_response(dressed)
}
