//! An invoice as a PDF file: what both faces give, and what mails carry.

use actix_web::{
    HttpResponse,
    http::header::{self, ContentDisposition, DispositionParam, DispositionType},
    web,
};
use tokio::sync::Semaphore;

use crate::{
    access::{Scope, permission::Permission},
    domain::{
        billing::invoices::{Document, list::Issued},
        brands,
    },
    error::Error,
    typeset,
};

/// As many are set at once: setting one of thousands of lines keeps a processor busy, and whoever
/// asks for many must not keep all of them.
static PRESSES: Semaphore = Semaphore::const_new(2);

/// What the file is called: `INV-26-27-000001.pdf`.
pub fn name(document: &Document) -> String {
    format!("{}.pdf", document.number.replace('/', "-"))
}

/// The file.
///
/// # Errors
/// [`Error::Internal`] when it cannot be written.
pub async fn pdf<P: Permission>(scope: &Scope<P>, issued: Issued) -> Result<Vec<u8>, Error> {
    let logo = match issued.document.logo {
        Some(id) => Some(scope.read(move |tx| brands::logo(tx, id)).await?),
        None => None,
    };
    let _press = PRESSES.acquire().await.map_err(Error::internal)?;
    web::block(move || typeset::invoice(&issued, logo)).await.map_err(Error::internal)?
}

/// The file as an answer, to be kept by its reader and by nobody on the way.
///
/// # Errors
/// [`Error::Internal`] when it cannot be written.
pub async fn answer<P: Permission>(scope: &Scope<P>, issued: Issued) -> Result<HttpResponse, Error> {
    let name = name(&issued.document);
    let file = pdf(scope, issued).await?;
    Ok(HttpResponse::Ok()
        .content_type("application/pdf")
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header((header::CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"))
        .insert_header(ContentDisposition {
            disposition: DispositionType::Attachment,
            parameters: vec![DispositionParam::Filename(name)],
        })
        .body(file))
}
