//! A file that somebody sends with a form.

use std::{future::Future, pin::Pin, time::Duration};

use actix_multipart::{Field, Multipart};
use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    error::{ErrorPayloadTooLarge, ErrorRequestTimeout, PayloadError},
};
use futures_util::{StreamExt, TryStreamExt};
use tokio::time::timeout;

use super::forms::{ConfirmForm, LARGEST, Submitted};

/// The field that a file is sent in.
pub const FILE: &str = "file";
/// The largest file that anybody may send, in bytes.
const LARGEST_FILE: usize = 2 * 1024 * 1024;
/// As much is read of a request that is larger: a browser looks for an answer once it has sent everything.
const FARTHEST: usize = 16 * 1024 * 1024;
/// The most parts: the file, and the hidden fields of a form.
const MOST_PARTS: usize = 8;
/// How long a file may be on its way.
const PATIENCE: Duration = Duration::from_secs(120);

/// A form with a file, closed until it is known who sends it.
pub struct Uploaded {
    /// The form.
    pub form: Submitted<ConfirmForm>,
    /// The file; empty where none was chosen.
    pub file: Received,
}

/// A file as it came.
pub enum Received {
    /// All of it.
    Whole(Vec<u8>),
    /// It is larger than anybody may send, and was not kept.
    TooLarge,
}

impl FromRequest for Uploaded {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, actix_web::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if !request.content_type().eq_ignore_ascii_case("multipart/form-data") {
            // It carries no file.
            let form = Submitted::from_request(request, payload);
            return Box::pin(
                async move { Ok(Self { form: form.await?, file: Received::Whole(Vec::new()) }) },
            );
        }
        let request = request.clone();
        let mut left = FARTHEST;
        // Whatever is between the parts counts too.
        let counted = payload.take().map(move |chunk| {
            let chunk = chunk?;
            left = left.checked_sub(chunk.len()).ok_or(PayloadError::Overflow)?;
            Ok(chunk)
        });
        let parts = Multipart::new(request.headers(), counted);
        Box::pin(async move {
            let (fields, file) = timeout(PATIENCE, read(parts)).await.map_err(ErrorRequestTimeout)??;
            Ok(Self { form: Submitted::of(&request, fields)?, file })
        })
    }
}

type Fields = Vec<(String, String)>;

/// The fields of a form and its file.
async fn read(mut parts: Multipart) -> Result<(Fields, Received), actix_web::Error> {
    let (mut fields, mut file) = (Vec::new(), Received::Whole(Vec::new()));
    let mut room = LARGEST;
    for _ in 0..MOST_PARTS {
        let Some(part) = parts.try_next().await? else { return Ok((fields, file)) };
        let name = part.name().unwrap_or_default().to_owned();
        if name == FILE {
            file = receive(part, LARGEST_FILE).await?;
            continue;
        }
        let Received::Whole(value) = receive(part, room).await? else { break };
        room = room.saturating_sub(name.len() + value.len());
        fields.push((name, String::from_utf8_lossy(&value).into_owned()));
    }
    Err(ErrorPayloadTooLarge("a form"))
}

/// Reads a part to its end, and keeps it unless it is larger than `largest` bytes.
async fn receive(mut part: Field, largest: usize) -> Result<Received, actix_web::Error> {
    let mut bytes = Vec::new();
    let mut fits = true;
    while let Some(chunk) = part.try_next().await? {
        fits = fits && bytes.len() + chunk.len() <= largest;
        if fits {
            bytes.extend_from_slice(&chunk);
        } else {
            bytes.clear();
        }
    }
    Ok(if fits { Received::Whole(bytes) } else { Received::TooLarge })
}
