//! Somebody who is not signed in.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpMessage, HttpRequest, cookie::Cookie, dev::Payload, web};

use crate::{access::Denied, error::Error, values::Secret};

use super::site::Site;

const COOKIE: &str = "visitor";

/// Somebody who is not signed in, told from others by a signed cookie, so that the form
/// they send is one that this browser was shown (`trust.md` S8).
#[derive(Debug, Clone)]
pub struct Visitor {
    pub(super) id: String,
}

/// A cookie that the answer sets because the visitor is new.
#[derive(Debug, Clone)]
pub(super) struct NewVisitor(pub(super) Cookie<'static>);

impl FromRequest for Visitor {
    type Error = Denied;
    type Future = Ready<Result<Self, Denied>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(visitor(request).map_err(Denied))
    }
}

fn visitor(request: &HttpRequest) -> Result<Visitor, Error> {
    let site = request
        .app_data::<web::Data<Site>>()
        .ok_or_else(|| Error::internal("the application was built without a site"))?;
    let known = site.cookie_of(request, COOKIE).and_then(|value| {
        let (id, signature) = value.split_once('.')?;
        site.signer.is_signed(COOKIE, &[id], signature).then(|| id.to_owned())
    });
    if let Some(id) = known {
        return Ok(Visitor { id });
    }
    let id = Secret::new().map_err(Error::internal)?.reveal().to_owned();
    let value = format!("{id}.{}", site.signer.sign(COOKIE, &[&id]));
    request.extensions_mut().insert(NewVisitor(site.cookie(COOKIE, value, 1).finish()));
    Ok(Visitor { id })
}
