//! CSV files (RFC 4180) of any length that people take away: written as they are read.

use std::{future::Future, time::Duration};

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, ContentDisposition, DispositionParam, DispositionType},
    web::Bytes,
};
use futures_util::stream;

use crate::error::Error;

/// How long whoever takes a file is believed to be who they were (`trust.md` S6 gives 15 s).
pub const BELIEVED: Duration = Duration::from_secs(5);

/// A file on its way.
pub trait Export: Sized + 'static {
    /// What the file is called.
    const NAME: &'static str;

    /// The next piece of the file, read when the one before has been taken; `None` at its end.
    fn next(&mut self) -> impl Future<Output = Result<Option<Bytes>, Error>>;
}

/// Rows as a piece of a file.
pub fn written<R, C>(rows: impl IntoIterator<Item = R>) -> Result<Bytes, Error>
where
    R: IntoIterator<Item = C>,
    C: AsRef<[u8]>,
{
    let mut file = csv::Writer::from_writer(Vec::new());
    for row in rows {
        file.write_record(row).map_err(Error::internal)?;
    }
    Ok(file.into_inner().map_err(Error::internal)?.into())
}

/// Says that the answer is a file of this name.
pub fn attachment(name: &str) -> ContentDisposition {
    ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(name.to_owned())],
    }
}

/// The answer that is the file, piece by piece.
pub fn streamed<E: Export>(export: E) -> HttpResponse {
    let pieces = stream::unfold(Some(export), |export| async move {
        let mut export = export?;
        match export.next().await {
            Ok(piece) => piece.map(|piece| (Ok(piece), Some(export))),
            // The file breaks off, and whoever loads it is told so by their program.
            Err(error) => {
                tracing::info!(file = E::NAME, %error, "a file ends before its end");
                Some((Err(std::io::Error::other(error.to_string())), None))
            }
        }
    });
    HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(attachment(E::NAME))
        .streaming(pieces)
}
