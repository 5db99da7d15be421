//! Whether the server lives, and whether it can serve.

use actix_web::{HttpResponse, web};

use crate::access::Access;

/// Whether the server has been asked to stop.
pub struct Readiness(Box<dyn Fn() -> bool + Send + Sync>);

impl Readiness {
    /// Asks `is_stopping` each time.
    pub fn new(is_stopping: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Box::new(is_stopping))
    }

    /// Whether no new work should come here.
    pub fn is_stopping(&self) -> bool {
        (self.0)()
    }
}

/// `GET /healthz`: the process answers.
pub async fn live() -> HttpResponse {
    plain(HttpResponse::Ok().body("ok"))
}

/// `GET /readyz`: it also reaches its database and is not about to stop.
pub async fn ready(access: web::Data<Access>, readiness: web::Data<Readiness>) -> HttpResponse {
    let word = if readiness.is_stopping() {
        "stopping"
    } else if access.gate(None, |_| Ok(())).await.is_err() {
        "the database does not answer"
    } else {
        return plain(HttpResponse::Ok().body("ready"));
    };
    plain(HttpResponse::ServiceUnavailable().body(word))
}

fn plain(mut response: HttpResponse) -> HttpResponse {
    use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
