//! What surrounds every request: its id, where it may come from, and the headers of its
//! answer (`trust.md` S8, S9, S20).

use actix_web::{
    Error, HttpMessage,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web,
};
use tracing::Instrument;
use uuid::Uuid;

use crate::access::RequestId;

use super::{
    errors::{self, Asked},
    health::Readiness,
    site::Site,
    visitor::NewVisitor,
};

const CONTENT_SECURITY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; font-src 'self'; media-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The outermost middleware.
///
/// # Errors
/// Only with a page that says what is wrong, for what fails outside of every handler.
pub async fn surround<B: MessageBody + 'static>(
    site: web::Data<Site>,
    readiness: web::Data<Readiness>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let id = Uuid::now_v7().simple().to_string();
    request.extensions_mut().insert(RequestId(id.clone()));
    let asked = Asked::of(&request, &site, id.clone());
    let span = tracing::info_span!("request", id, method = %request.method());
    let answer = async {
        let answered = if !is_for_probes(request.path()) && !is_asked_here(&request, &site) {
            Ok(errors::refuse_host(request))
        } else if !answers_nul_itself(request.path()) && has_nul(&request) {
            Ok(errors::refuse_unreadable(request, &asked))
        } else if is_foreign(&request, &site) {
            Ok(errors::refuse_foreign(request, &asked))
        } else {
            match next.call(request).await {
                Ok(response) => Ok(errors::dress(response.map_into_boxed_body(), &asked)),
                Err(error) => Err(errors::outside_of_handlers(error, &asked)),
            }
        };
        match &answered {
            Ok(response) => tracing::debug!(
                status = response.status().as_u16(),
                // The pattern, not the path: a path may hold a secret.
                route = response.request().match_pattern().unwrap_or_default(),
                "answered"
            ),
            Err(_) => tracing::debug!("answered outside of every handler"),
        }
        answered
    }
    .instrument(span)
    .await;
    let is_asset = asked.path.starts_with("/static/");
    match answer {
        Ok(mut response) => {
            let new_visitor = response.request().extensions_mut().remove::<NewVisitor>();
            let head = response.response_mut();
            if let Some(NewVisitor(cookie)) = new_visitor {
                // A cookie that cannot be written is one the browser does without.
                let _ = head.add_cookie(&cookie);
            }
            // Only a file is kept by browsers, never the answer that there is none.
            let is_file = is_asset && !head.status().is_client_error() && !head.status().is_server_error();
            protect(head.headers_mut(), &site, &asked.request_id, is_file);
            if readiness.is_stopping() {
                head.head_mut().set_connection_type(actix_web::http::ConnectionType::Close);
            }
            Ok(response)
        }
        Err(mut page) => {
            protect(&mut page.headers, &site, &asked.request_id, false);
            Err(page.into())
        }
    }
}

/// Whether a path is for those who watch the server: they ask under any name.
fn is_for_probes(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

/// Whether a request names this site, once, as the one it asks (`trust.md` S16).
fn is_asked_here(request: &ServiceRequest, site: &Site) -> bool {
    let mut hosts = request.headers().get_all(header::HOST);
    let host = hosts.next().and_then(|host| host.to_str().ok());
    // A whole address in the first line names a host too.
    let named = request.uri().authority().is_none_or(|named| site.is_known_host(named.as_str()));
    named && hosts.next().is_none() && host.is_some_and(|host| site.is_known_host(host))
}

/// Whether a path is of the API, which refuses a NUL in its own words.
fn answers_nul_itself(path: &str) -> bool {
    path.starts_with("/v1/") && path != "/v1/openapi.json"
}

/// Whether there is a NUL in the address, which no text of ours holds and no database
/// keeps.
fn has_nul(request: &ServiceRequest) -> bool {
    request.uri().path_and_query().is_some_and(|address| address.as_str().contains("%00"))
}

/// Whether an unsafe request comes from another site, or does not say from where.
fn is_foreign(request: &ServiceRequest, site: &Site) -> bool {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return false;
    }
    // Programs sign in with keys, never with a browser's cookies.
    if errors::is_for_programs(request.path()) {
        return false;
    }
    let headers = request.headers();
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = headers.get("sec-fetch-site") {
        // Sub-domains of tenants are siblings: `same-site` is not enough.
        return site.as_bytes() != b"same-origin";
    }
    match text(header::ORIGIN) {
        // The page of a link with a token gives no origin away; the token is the proof.
        Some("null") => {
            !["/reset-password/", "/invitations/"].iter().any(|start| request.path().starts_with(start))
        }
        Some(origin) => !site.is_own_origin(origin, text(header::HOST)),
        None => headers.contains_key(header::COOKIE),
    }
}

fn protect(headers: &mut HeaderMap, site: &Site, request_id: &str, is_file: bool) {
    let mut set = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    set(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, "same-origin");
    set(header::CROSS_ORIGIN_OPENER_POLICY, "same-origin");
    set(header::CROSS_ORIGIN_RESOURCE_POLICY, "same-origin");
    set(header::PERMISSIONS_POLICY, "camera=(), geolocation=(), microphone=(), payment=()");
    if site.is_https() {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    if !is_file {
        set(header::CACHE_CONTROL, "no-store");
        headers.append(header::VARY, HeaderValue::from_static("HX-Request, Cookie"));
    }
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
}
