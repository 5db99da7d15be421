//! Pages that say why nothing was shown or done (`trust.md` S22, U2, U12).

use std::fmt;

use actix_session::SessionExt;
use actix_web::{
    HttpResponse, ResponseError,
    body::{BodySize, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
};
use askama::Template;
use url::form_urlencoded;

use crate::{
    access::{Denied, PRODUCT_NAME, session_store::state},
    error::Error,
};

use super::{
    frame::Frame,
    site::{Site, local_path},
    views::gate::{RefusalFragment, RefusalPage},
};

/// What a page about an error needs to know of the request.
pub struct Asked {
    pub(super) request_id: String,
    pub(super) path: String,
    /// The page it was asked from or for, to come back to after signing in.
    page: Option<String>,
    by_htmx: bool,
    brand: String,
}

impl Asked {
    /// Notes it down before the request goes its way.
    pub(super) fn of(request: &ServiceRequest, site: &Site, request_id: String) -> Self {
        let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let by_htmx = text("hx-request").is_some() && text("hx-history-restore-request").is_none();
        let page = if by_htmx {
            text("hx-current-url").and_then(|url| site.local_part(url, text("host")))
        } else if *request.method() == Method::GET {
            local_path(&request.uri().to_string())
        } else {
            text("referer").and_then(|url| site.local_part(url, text("host")))
        };
        let brand = site.remembered_brand(request.request()).unwrap_or_else(|| PRODUCT_NAME.to_owned());
        Self { request_id, path: request.path().to_owned(), page, by_htmx, brand }
    }

    fn sign_in_href(&self) -> String {
        match self.page.as_deref() {
            Some(page) if page != "/" => {
                let next: String = form_urlencoded::byte_serialize(page.as_bytes()).collect();
                format!("/sign-in?next={next}")
            }
            _ => "/sign-in".to_owned(),
        }
    }
}

/// Whether a path is for programs or for the page's own files: those answer in their own
/// way.
pub(super) fn is_for_programs(path: &str) -> bool {
    ["/v1/", "/engine/", "/static/"].iter().any(|start| path.starts_with(start))
        || matches!(path, "/healthz" | "/readyz")
}

/// What a person is told.
struct Told {
    icon: &'static str,
    heading: &'static str,
    text: String,
    action: Option<(&'static str, &'static str)>,
    retry_after: Option<u32>,
}

impl Told {
    fn new(icon: &'static str, heading: &'static str, text: impl Into<String>) -> Self {
        Self {
            icon,
            heading,
            text: text.into(),
            action: Some(("Go to your accounts", "/")),
            retry_after: None,
        }
    }

    fn of(error: &Error) -> Self {
        match error {
            Error::NotFound | Error::SignedOut => Self::status(StatusCode::NOT_FOUND),
            Error::FeatureNotEnabled => Self::new(
                "lock",
                "Sub-accounts are not enabled",
                "Sub-accounts are separate environments beneath your organization, each with its own agents, \
                 numbers, calls, members, limits and wallet: for customers and brands that must not see each \
                 other. They are part of the Enterprise plan. Ask your account manager to enable them for \
                 this organization.",
            ),
            Error::Forbidden(why) => Self::new("lock", "You may not do this", *why),
            Error::TargetRequired => Self::status(StatusCode::BAD_REQUEST),
            Error::Unpaid { message, .. } => {
                Self::new("wallet", "There is not enough money for this", message)
            }
            Error::Invalid(_) => Self::new("error", "Something in the form is not right", error.to_string()),
            Error::Conflict { code: "other_context", message } => {
                Self::new("warning", "You are somewhere else now", message)
            }
            Error::Conflict { message, .. } => {
                Self::new("warning", "This was changed in the meantime", message)
            }
            Error::Busy => Self::status(StatusCode::SERVICE_UNAVAILABLE),
            Error::Internal(_) => Self::status(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    fn status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::new(
                "search",
                "Page not found",
                "There is nothing at this address, or you may not see it. Check the address, or begin from \
                 your accounts.",
            ),
            StatusCode::METHOD_NOT_ALLOWED => Self::new(
                "warning",
                "This address cannot be opened like that",
                "Nothing was changed. Open the page that the form is on, and send it from there.",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => {
                Self::new("warning", "This is too much to send", "Nothing was changed. Send less at once.")
            }
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::new(
                "warning",
                "This is not a form",
                "Nothing was changed. Open the page that the form is on, and send it from there.",
            ),
            StatusCode::SERVICE_UNAVAILABLE => Self {
                action: None,
                retry_after: Some(3),
                ..Self::new(
                    "clock",
                    "Too busy at the moment",
                    "Nothing was changed. Wait a few seconds, then try again.",
                )
            },
            status if status.is_server_error() => Self::new(
                "error",
                "Something went wrong on our side",
                "It was noted. Try again; when it happens again, tell support the request number below.",
            ),
            _ => Self::new(
                "warning",
                "This request was not understood",
                "Nothing was changed. Go back, reload the page and try again.",
            ),
        }
    }
}

/// Turns an answer that is an error and not yet a page into one.
pub(super) fn dress(response: ServiceResponse<BoxBody>, asked: &Asked) -> ServiceResponse<BoxBody> {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let is_bare = response.response().error().is_some()
        || matches!(response.response().body().size(), BodySize::None | BodySize::Sized(0));
    // Which bytes there are is an answer for players: its headers tell it.
    let is_for_players = status == StatusCode::RANGE_NOT_SATISFIABLE;
    if !is_error || !is_bare || is_for_players || is_for_programs(&asked.path) {
        return response;
    }
    let error = response.response().error();
    let told = match error.and_then(|error| error.as_error::<Denied>()) {
        Some(Denied(Error::SignedOut)) => return to_sign_in(response, asked),
        Some(Denied(error)) => {
            if let Error::Internal(cause) = error {
                tracing::error!(cause, "a request failed");
            }
            Told::of(error)
        }
        None => {
            if let Some(error) = error.filter(|_| status.is_server_error()) {
                tracing::error!(cause = %error, "a request failed");
            }
            Told::status(status)
        }
    };
    let allow = response.headers().get(header::ALLOW).cloned();
    let mut page = page(status, &told, asked);
    if let Some(allow) = allow {
        page.headers_mut().insert(header::ALLOW, allow);
    }
    response.into_response(page)
}

/// A page that stands for itself, for what fails before or after every handler.
fn page(status: StatusCode, told: &Told, asked: &Asked) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    response.content_type("text/html; charset=utf-8");
    if let Some(seconds) = told.retry_after {
        response.insert_header((header::RETRY_AFTER, seconds.to_string()));
    }
    response.body(body(told, asked))
}

fn body(told: &Told, asked: &Asked) -> String {
    let rendered = if asked.by_htmx {
        RefusalFragment { heading: told.heading, text: &told.text, request_id: &asked.request_id }.render()
    } else {
        let frame = Frame { title: told.heading.to_owned(), brand: asked.brand.clone(), ..Frame::default() };
        RefusalPage {
            frame,
            icon: told.icon,
            heading: told.heading,
            text: &told.text,
            action: told.action,
            request_id: &asked.request_id,
        }
        .render()
    };
    rendered.unwrap_or_else(|_| told.heading.to_owned())
}

/// Whoever is signed out signs in and comes back.
fn to_sign_in(response: ServiceResponse<BoxBody>, asked: &Asked) -> ServiceResponse<BoxBody> {
    // A session whose person is gone must not be kept.
    let session = response.request().get_session();
    if session.contains_key(state::USER) {
        session.purge();
    }
    let href = asked.sign_in_href();
    let answer = if asked.by_htmx {
        HttpResponse::Unauthorized().insert_header((HeaderName::from_static("hx-redirect"), href)).finish()
    } else {
        HttpResponse::SeeOther().insert_header((header::LOCATION, href)).finish()
    };
    response.into_response(answer)
}

/// Refuses a request that another site sent.
pub(super) fn refuse_foreign(request: ServiceRequest, asked: &Asked) -> ServiceResponse<BoxBody> {
    let told = Told::new(
        "shield",
        "This came from another site",
        "For your safety it was refused, and nothing was changed. Open the page here and send the form from \
         it.",
    );
    request.into_response(page(StatusCode::FORBIDDEN, &told, asked))
}

/// Refuses a request that holds what no text can.
pub(super) fn refuse_unreadable(request: ServiceRequest, asked: &Asked) -> ServiceResponse<BoxBody> {
    let status = StatusCode::BAD_REQUEST;
    request.into_response(page(status, &Told::status(status), asked))
}

/// Says that nothing is served under the name that was asked, and no name at all.
const NOT_HERE: &str = "<!doctype html>\n<html lang=\"en\">\n<title>Nothing is served here</title>\n<h1>Nothing \
     is served under this address</h1>\n<p>Check the address, or ask whoever gave it to you.</p>\n</html>\n";

/// Refuses a request for a host that is none of ours: by no brand, and with no link.
pub(super) fn refuse_host(request: ServiceRequest) -> ServiceResponse<BoxBody> {
    tracing::info!("asked for an unknown host; people reach the site at its public address alone");
    let mut response = HttpResponse::build(StatusCode::MISDIRECTED_REQUEST);
    response.content_type("text/html; charset=utf-8");
    request.into_response(response.body(NOT_HERE))
}

/// A finished page on the way that errors take.
#[derive(Debug)]
pub(super) struct FinishedPage {
    status: StatusCode,
    pub(super) headers: HeaderMap,
    body: String,
}

impl fmt::Display for FinishedPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)
    }
}

impl ResponseError for FinishedPage {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status).body(self.body.clone());
        for (name, value) in &self.headers {
            response.headers_mut().append(name.clone(), value.clone());
        }
        response
    }
}

/// What fails outside of every handler is the store of sessions: it is tried again.
pub(super) fn outside_of_handlers(error: actix_web::Error, asked: &Asked) -> FinishedPage {
    tracing::warn!(cause = %error, "no session could be read or kept");
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let told = Told::status(status);
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static("3"));
    FinishedPage { status, headers, body: body(&told, asked) }
}
