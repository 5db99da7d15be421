//! The sound of a call, whole or in ranges (RFC 9110, section 14).

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, ContentDisposition, DispositionParam, DispositionType, Header, Range},
    },
    web,
};
use futures_util::StreamExt;
use object_store::{GetOptions, GetRange, path::Path};
use serde::Deserialize;

use crate::{
    access::{Denied, Scope, permission::PlayRecordings},
    domain::calls::recording,
    error::Error,
};

use super::call::Place;

/// Whether the browser is to keep the file.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RecordingUrl {
    download: Option<String>,
}

/// The bytes that a request asks for, of a file of `size` bytes: the first of its
/// ranges, the whole without any. `Err` when there are none such.
fn wanted(request: &HttpRequest, size: u64) -> Result<Option<(u64, u64)>, ()> {
    let Ok(Range::Bytes(ranges)) = Range::parse(request) else { return Ok(None) };
    match ranges.first() {
        Some(range) => range.to_satisfiable_range(size).map(Some).ok_or(()),
        None => Ok(None),
    }
}

/// `GET /accounts/{account}/calls/{call}/recording`
pub async fn play(
    scope: Scope<PlayRecordings>,
    request: HttpRequest,
    place: web::Path<Place>,
    url: web::Query<RecordingUrl>,
) -> Result<HttpResponse, Denied> {
    let id = place.call;
    let recording = scope.read_region(move |tx| recording::of_call(tx, id)).await?;
    let range = match wanted(&request, recording.bytes) {
        Ok(range) => range,
        Err(()) => {
            // For a player, not for a person: the size is the answer.
            return Ok(HttpResponse::RangeNotSatisfiable()
                .content_type("text/plain; charset=utf-8")
                .insert_header((header::CONTENT_RANGE, format!("bytes */{}", recording.bytes)))
                .body("The recording has no such bytes."));
        }
    };
    let (status, first, last) = match range {
        Some((first, last)) => (StatusCode::PARTIAL_CONTENT, first, last),
        None => (StatusCode::OK, 0, recording.bytes.saturating_sub(1)),
    };
    // The first piece tells that somebody listens; the rest belongs to the same listening.
    if first == 0 {
        let taken_away = url.download.is_some();
        scope.write(move |tx| recording::note_heard(tx, id, taken_away)).await?;
    }
    let options = GetOptions { range: Some(GetRange::Bounded(first..last + 1)), ..GetOptions::default() };
    let object = match scope.objects()?.get_opts(&Path::from(recording.key), options).await {
        Ok(object) => object,
        // The row is there and the file is not: say so, rather than that it never was.
        Err(error) => return Err(Denied(Error::internal(error))),
    };
    let mut response = HttpResponse::build(status);
    response
        .content_type("audio/wav")
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header(("Cross-Origin-Resource-Policy", "same-origin"))
        .insert_header(ContentDisposition {
            disposition: match url.download {
                Some(_) => DispositionType::Attachment,
                None => DispositionType::Inline,
            },
            parameters: vec![DispositionParam::Filename(format!("{id}.wav"))],
        });
    if status == StatusCode::PARTIAL_CONTENT {
        response.insert_header((header::CONTENT_RANGE, format!("bytes {first}-{last}/{}", recording.bytes)));
    }
    let length = last + 1 - first;
    let stream = object.into_stream().map(|piece| piece.map_err(Error::internal));
    Ok(response.no_chunking(length).streaming(stream))
}
