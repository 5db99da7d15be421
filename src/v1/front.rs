//! What stands before every request of a program, and what every answer to one gets.

use std::{collections::HashMap, sync::Arc, time::Duration};

use actix_web::{
    HttpMessage, HttpRequest,
    body::{BodySize, BoxBody, MessageBody, to_bytes},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::{self, Bytes, BytesMut},
};
use data_encoding::BASE64URL_NOPAD;
use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use crate::{
    access::{Access, Program, facts, principal::Asker},
    error::Error,
    values::{KeyArea, KeyLevel, KeyScope, KeyText},
};

use super::{
    rate::{Rate, Rates},
    refusal::{Refusal, dress},
    request::{LARGEST, bearer, idempotency_key},
};

/// How long a body may be on its way.
const PATIENCE: Duration = Duration::from_secs(30);

/// The right that each route takes, by its method and pattern; nothing for what every key
/// may ask.
#[derive(Debug, Clone, Default)]
pub struct Rights(HashMap<&'static str, Vec<(Method, Option<KeyScope>)>>);

impl Rights {
    /// The rights of a table of routes: to read takes `area:read`, anything else
    /// `area:write`.
    pub fn of(routes: impl IntoIterator<Item = (Method, &'static str, Option<KeyArea>)>) -> Self {
        let mut rights = Self::default();
        for (method, path, area) in routes {
            let level = if method == Method::GET { KeyLevel::Read } else { KeyLevel::Write };
            let scope = area.map(|area| KeyScope { area, level });
            rights.0.entry(path).or_default().push((method, scope));
        }
        rights
    }

    /// The right that a route takes.
    pub fn needed(&self, method: &Method, pattern: &str) -> Option<KeyScope> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        self.0.get(pattern)?.iter().find(|(of, _)| of == method)?.1
    }
}

/// The middleware around the API.
///
/// # Errors
/// None of its own: what fails is answered.
pub async fn surround(
    access: web::Data<Access>,
    rights: web::Data<Rights>,
    rates: web::Data<Rates>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let facts = facts(request.request());
    let request_id = facts.request_id.clone();
    let refuse = |request: ServiceRequest, refusal: Refusal| {
        let response = refusal.response(&request_id);
        request.into_response(response)
    };
    // Its checksum is looked at before any database is (`trust.md` S10).
    let Some(key) = bearer(request.request()).and_then(KeyText::presented) else {
        return Ok(refuse(request, Refusal::unknown_key()));
    };
    // All of it is there before anything is decided: a key that is revoked while it comes in is none any more
    // (`trust.md` S6).
    let body = timeout(PATIENCE, whole_body(&mut request)).await;
    let asker = match access.into_inner().asker_by_key(key, facts).await {
        Ok(asker) => asker,
        Err(error) => {
            let error = actix_web::Error::from(crate::access::Denied(error));
            return Ok(refuse(request, Refusal::of_answer(StatusCode::INTERNAL_SERVER_ERROR, Some(&error))));
        }
    };
    let Some(key) = asker.principal.key() else {
        return Ok(refuse(request, Refusal::unknown_key()));
    };
    let rate = rates.count(key.id);
    let answered = if let Some(seconds) = rate.wait {
        Ok(refuse(request, Refusal::too_often(seconds)))
    } else if let Some(refusal) = refusal_before(&request, &rights, &asker) {
        Ok(refuse(request, refusal))
    } else {
        match body {
            Ok(Ok(body)) => {
                request.set_payload(Payload::from(body));
                request.extensions_mut().insert(Program(Arc::new(asker)));
                let response = next.call(request).await?.map_into_boxed_body();
                tagged(dress(response, &request_id)).await
            }
            Ok(Err(status)) => Ok(refuse(request, Refusal::of_status(status))),
            Err(_) => Ok(refuse(request, Refusal::of_status(StatusCode::REQUEST_TIMEOUT))),
        }
    };
    answered.map(|mut response| {
        announce(&mut response, rate);
        response
    })
}

fn refusal_before(request: &ServiceRequest, rights: &Rights, asker: &Asker) -> Option<Refusal> {
    if request.uri().path_and_query().is_some_and(|address| address.as_str().contains("%00")) {
        return Some(Refusal::of(&Error::invalid("query", "Text must not contain the character U+0000.")));
    }
    if let Err(error) = idempotency_key(request.headers()) {
        return Some(Refusal::of(&error));
    }
    let needed = rights.needed(request.method(), request.match_pattern().as_deref().unwrap_or_default())?;
    let key = asker.principal.key()?;
    if !key.reach().areas().any(|area| area == needed.area) {
        // What no key of its kind can ask does not exist for it.
        return Some(Refusal::of(&Error::NotFound));
    }
    if key.scopes.allow(needed) {
        return None;
    }
    let text = format!("This key lacks the scope {needed}.");
    Some(Refusal::new(StatusCode::FORBIDDEN, "scope_missing", text))
}

/// Reads the body: one that is left unread closes the connection, and whether it was read would
/// depend on what was found first.
async fn whole_body(request: &mut ServiceRequest) -> Result<Bytes, StatusCode> {
    let mut payload = request.take_payload();
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| StatusCode::BAD_REQUEST)?;
        if body.len() + chunk.len() > LARGEST {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Tags what was read, and answers 304 to whoever has it already (RFC 9110, 8.8.3, 13.1.2).
async fn tagged(response: ServiceResponse<BoxBody>) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let is_read = matches!(*response.request().method(), Method::GET | Method::HEAD);
    let is_whole = matches!(response.response().body().size(), BodySize::Sized(_));
    if !is_read || response.status() != StatusCode::OK || !is_whole {
        return Ok(response);
    }
    let (request, response) = response.into_parts();
    let (head, body) = response.into_parts();
    let bytes = to_bytes(body).await.map_err(actix_web::error::ErrorInternalServerError)?;
    let tag = etag(&bytes);
    let mut response = head.set_body(BoxBody::new(bytes));
    if is_known(&request, &tag) {
        response = actix_web::HttpResponse::new(StatusCode::NOT_MODIFIED);
    }
    if let Ok(value) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    Ok(ServiceResponse::new(request, response))
}

/// The entity tag of a body.
pub(super) fn etag(bytes: &[u8]) -> String {
    format!("\"{}\"", BASE64URL_NOPAD.encode(&Sha256::digest(bytes)[..16]))
}

fn is_known(request: &HttpRequest, tag: &str) -> bool {
    let known = request.headers().get_all(header::IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    known
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}

/// Tells how often the key may ask.
fn announce(response: &mut ServiceResponse<BoxBody>, rate: Rate) {
    let told = [
        ("x-ratelimit-limit", u64::from(rate.limit)),
        ("x-ratelimit-remaining", u64::from(rate.remaining)),
        ("x-ratelimit-reset", rate.reset),
    ];
    for (name, number) in told {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from(number));
    }
}
