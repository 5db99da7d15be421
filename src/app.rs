//! The server.

use std::{io, net::TcpListener};

use actix_web::{App, HttpResponse, HttpServer, web};

use crate::{provision::Ready, start::Stop};

/// Serves on `listener` until `stop` is asked for and the requests at work have finished.
///
/// # Errors
///
/// When the listener cannot be used.
pub async fn serve(listener: TcpListener, _ready: Ready, stop: Stop) -> io::Result<()> {
    HttpServer::new(|| {
        App::new().route("/healthz", web::get().to(|| async { HttpResponse::Ok().body("ok") }))
    })
    .shutdown_signal(stop.wait())
    .listen(listener)?
    .run()
    .await
}
