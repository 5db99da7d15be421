//! A file that somebody sends with a form.

use std::{future::Future, pin::Pin};

use actix_multipart::{Field, Multipart};
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, error::ErrorPayloadTooLarge};
use futures_util::TryStreamExt;

use super::forms::{ConfirmForm, LARGEST, Submitted};

/// The field that a file is sent in.
pub const FILE: &str = "file";
/// The largest file that anybody may send, in bytes.
const LARGEST_FILE: usize = 2 * 1024 * 1024;
/// As much is read of what is larger: a browser looks for an answer once it has sent everything.
const FARTHEST: usize = 32 * 1024 * 1024;

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
        if request.content_type() != "multipart/form-data" {
            // It carries no file.
            let form = Submitted::from_request(request, payload);
            return Box::pin(
                async move { Ok(Self { form: form.await?, file: Received::Whole(Vec::new()) }) },
            );
        }
        let request = request.clone();
        let mut parts = Multipart::new(request.headers(), payload.take());
        Box::pin(async move {
            let (mut fields, mut file) = (Vec::new(), Received::Whole(Vec::new()));
            let (mut room, mut patience) = (LARGEST, FARTHEST);
            while let Some(part) = parts.try_next().await? {
                let name = part.name().unwrap_or_default().to_owned();
                if name == FILE {
                    file = receive(part, LARGEST_FILE, &mut patience).await?;
                    continue;
                }
                let Received::Whole(value) = receive(part, room, &mut patience).await? else {
                    return Err(ErrorPayloadTooLarge("a form"));
                };
                room = room.saturating_sub(name.len() + value.len());
                fields.push((name, String::from_utf8_lossy(&value).into_owned()));
            }
            Ok(Self { form: Submitted::of(&request, fields)?, file })
        })
    }
}

/// Reads a part to its end, and keeps it unless it is larger than `largest` bytes. `patience` is what
/// may still be read of the whole form.
async fn receive(
    mut part: Field,
    largest: usize,
    patience: &mut usize,
) -> Result<Received, actix_web::Error> {
    let mut bytes = Vec::new();
    let mut fits = true;
    while let Some(chunk) = part.try_next().await? {
        *patience = patience.checked_sub(chunk.len()).ok_or_else(|| ErrorPayloadTooLarge("a form"))?;
        fits = fits && bytes.len() + chunk.len() <= largest;
        if fits {
            bytes.extend_from_slice(&chunk);
        } else {
            bytes.clear();
        }
    }
    Ok(if fits { Received::Whole(bytes) } else { Received::TooLarge })
}
