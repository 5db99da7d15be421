//! The OpenAPI 3.1 document for telephony teams, made of the handlers themselves.

use actix_web::{HttpResponse, web};
use utoipa::{
    OpenApi,
    openapi::{
        self, Content, ObjectBuilder, Ref, Required, ResponseBuilder, Server,
        path::{ParameterBuilder, ParameterIn},
        schema::Type,
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use crate::{json::refusal::ErrorBody, values::CallId};

use super::{admission, reports, uploads};

#[derive(OpenApi)]
#[openapi(
    paths(
        admission::ask, admission::claim,
        reports::ringing, reports::answered, reports::heartbeat, reports::ended,
        uploads::recording, uploads::transcript,
    ),
    components(schemas(ErrorBody, CallId)),
    tags(
        (name = "Admission", description = "Calls that ring, and calls that wait to be made."),
        (name = "Reports", description = "How calls go on and end."),
        (name = "Uploads", description = "Recordings and transcripts."),
    ),
)]
struct Handlers;

const INTRODUCTION: &str = "For the telephony side: whoever carries calls asks here whether they may be, reports how \
they go, and uploads what was said. Send the engine's key as `Authorization: Bearer dnx_engine_…`.\n\n\
A call that you are given comes with a *lease*. Send it in the header `Lease` with everything about the call. It \
holds the call's place for `lease_seconds`; a heartbeat every `heartbeat_seconds` holds it on. Without one the place \
goes to others, and the call counts as ended when it was last heard of. Everything may be sent again after a lost \
answer: nothing is counted twice.\n\n\
The way of a call: ask or claim, then `ringing`, `answered`, heartbeats from the first moment on, `ended`. One that \
is not answered ends without `answered`. Recording and transcript may come before or after the end.";

/// The answers that any request may get.
const REFUSALS: [(&str, &str); 8] = [
    ("400", "Something in the request is wrong; `message` names it."),
    ("401", "The key is missing, unknown or revoked."),
    ("404", "There is no such call or number for this engine, or the lease is not that call's."),
    ("409", "The state of things forbids it; `code` says which."),
    ("413", "The body is too large."),
    ("415", "The body is not of the type that is asked for."),
    ("500", "Something went wrong on our side."),
    ("503", "Too much is going on. Nothing was changed; try again after `Retry-After`."),
];

/// The document of a server at `public_url`.
pub fn document(public_url: &str) -> openapi::OpenApi {
    let mut document = Handlers::openapi();
    document.info = openapi::Info::new("DialNexa telephony engines", env!("CARGO_PKG_VERSION"));
    document.info.description = Some(INTRODUCTION.to_owned());
    document.servers = Some(vec![Server::new(public_url)]);
    let bearer =
        HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An engine's key.")).build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("engine", SecurityScheme::Http(bearer));
    let paths = std::mem::take(&mut document.paths.paths);
    for (path, mut item) in paths {
        for operation in item.post.iter_mut().chain(item.put.iter_mut()) {
            operation.security = Some(vec![SecurityRequirement::new("engine", Vec::<String>::new())]);
            if path.contains("{call_id}") {
                let parameters = operation.parameters.get_or_insert_default();
                parameters.push(call_in_path());
                parameters.push(lease_in_header());
            }
            for (status, told) in REFUSALS {
                let content = Content::new(Some(Ref::from_schema_name("ErrorResponse")));
                let refusal = ResponseBuilder::new().description(told).content("application/json", content);
                operation
                    .responses
                    .responses
                    .entry(status.to_owned())
                    .or_insert_with(|| refusal.build().into());
            }
        }
        document.paths.paths.insert(format!("/engine/v1{path}"), item);
    }
    document
}

fn call_in_path() -> openapi::path::Parameter {
    ParameterBuilder::new()
        .name("call_id")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some("The call."))
        .schema(Some(Ref::from_schema_name("CallId")))
        .build()
}

fn lease_in_header() -> openapi::path::Parameter {
    ParameterBuilder::new()
        .name("Lease")
        .parameter_in(ParameterIn::Header)
        .required(Required::True)
        .description(Some("The lease that came with the call."))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Za-z0-9_-]+$"))))
        .build()
}

/// The document, written out.
pub struct Written(String);

impl Written {
    /// Writes a document.
    ///
    /// # Errors
    /// Never for one of [`document`].
    pub fn of(document: &openapi::OpenApi) -> Result<Self, serde_json::Error> {
        serde_json::to_string(document).map(Self)
    }
}

/// `GET /engine/v1/openapi.json`
pub async fn show(written: web::Data<Written>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(written.0.clone())
}
