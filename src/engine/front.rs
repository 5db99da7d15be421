//! What stands before every request of an engine.

use std::{future::Future, pin::Pin, sync::Arc};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    body::{BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::StatusCode,
    middleware::Next,
    web,
};

use crate::{
    access::{Access, Denied, Engine, Lease, Scope, facts, permission::RecordCalls},
    error::Error,
    json::{
        refusal::{Refusal, dress},
        request::bearer,
    },
    values::{CallId, EngineKey, Sealer},
};

/// The header that says of which call an engine speaks, and proves that it was given it.
pub const LEASE: &str = "lease";

/// The middleware around the engines' face.
///
/// # Errors
/// None of its own: what fails is answered.
pub async fn surround(
    access: web::Data<Access>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let request_id = facts(request.request()).request_id;
    let refuse = |request: ServiceRequest, refusal: Refusal| {
        let response = refusal.response(&request_id);
        request.into_response(response)
    };
    let unknown = || {
        Refusal::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "Send the key of a telephony engine: Authorization: Bearer dnx_engine_…",
        )
    };
    // Its checksum is looked at before any database is.
    let Some(key) = bearer(request.request()).and_then(EngineKey::presented) else {
        return Ok(refuse(request, unknown()));
    };
    match access.into_inner().engine_by_key(key).await {
        Ok(engine) => {
            request.extensions_mut().insert(Arc::new(engine));
            let response = next.call(request).await?.map_into_boxed_body();
            Ok(dress(response, &request_id))
        }
        Err(Error::SignedOut) => Ok(refuse(request, unknown())),
        Err(error) => Ok(refuse(request, Refusal::of(&error))),
    }
}

/// The engine that asks.
#[derive(Debug, Clone)]
pub struct Asking(pub Arc<Engine>);

impl FromRequest for Asking {
    type Error = Denied;
    type Future = std::future::Ready<Result<Self, Denied>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let engine = request.extensions().get::<Arc<Engine>>().cloned();
        std::future::ready(engine.map(Self).ok_or(Denied(Error::SignedOut)))
    }
}

/// The call in the address, and the proof that the engine was given it.
pub struct OnCall {
    /// The call.
    pub call: CallId,
    /// The scope of its account.
    pub scope: Scope<RecordCalls>,
}

impl OnCall {
    /// A lease that is none, of another call or of a region that the engine does not serve is
    /// as a call that is not there.
    fn of(request: &HttpRequest) -> Result<Self, Error> {
        let engine = request.extensions().get::<Arc<Engine>>().cloned().ok_or(Error::SignedOut)?;
        let access = request.app_data::<web::Data<Access>>().cloned();
        let sealer = request.app_data::<web::Data<Sealer>>();
        let (access, sealer) = access.zip(sealer).ok_or_else(|| Error::internal("no access or no sealer"))?;
        let call = request.match_info().get("call_id").and_then(|id| id.parse::<CallId>().ok());
        let lease = request.headers().get(LEASE).and_then(|lease| lease.to_str().ok());
        let lease = lease.and_then(|text| Lease::open(sealer, text));
        let lease = lease.filter(|lease| Some(lease.call) == call).ok_or(Error::NotFound)?;
        let scope = access.into_inner().scope_of_lease(&engine, &lease)?;
        Ok(Self { call: lease.call, scope })
    }
}

impl FromRequest for OnCall {
    type Error = Denied;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Denied>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = Self::of(request).map_err(Denied);
        Box::pin(async move { found })
    }
}
