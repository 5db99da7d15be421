//! The sound of a call as an answer, whole or in ranges (RFC 9110, section 14): what both
//! faces give of recordings.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, ContentDisposition, DispositionParam, DispositionType, Header, Range},
    },
};
use futures_util::StreamExt;
use object_store::{GetOptions, GetRange, path::Path};

use crate::{
    access::{Scope, permission::PlayRecordings},
    domain::calls::recording::Recording,
    error::Error,
    values::CallId,
};

/// The bytes that a request asks for, of a file of `size` bytes: the first of its
/// ranges, the whole without any. `Err` when there are none such.
fn wanted(request: &HttpRequest, size: u64) -> Result<Option<(u64, u64)>, ()> {
    // There is no version to compare with: a range on condition is none.
    if request.headers().contains_key(header::IF_RANGE) {
        return Ok(None);
    }
    let Ok(Range::Bytes(ranges)) = Range::parse(request) else { return Ok(None) };
    match ranges.first() {
        Some(range) => range.to_satisfiable_range(size).map(Some).ok_or(()),
        None => Ok(None),
    }
}

/// A recording, or the bytes of it that the request asks for: kept by nobody, for no other
/// site, and sound whatever it holds (`trust.md` S15).
///
/// # Errors
/// [`Error::Internal`] when the object is not where its call says.
pub async fn answer(
    scope: &Scope<PlayRecordings>,
    request: &HttpRequest,
    call: CallId,
    recording: Recording,
    disposition: DispositionType,
) -> Result<HttpResponse, Error> {
    let Ok(range) = wanted(request, recording.bytes) else {
        // For a player, not for a person: the size is the answer.
        return Ok(HttpResponse::RangeNotSatisfiable()
            .insert_header((header::CONTENT_RANGE, format!("bytes */{}", recording.bytes)))
            .finish());
    };
    let (status, first, last) = match range {
        Some((first, last)) => (StatusCode::PARTIAL_CONTENT, first, last),
        None => (StatusCode::OK, 0, recording.bytes.saturating_sub(1)),
    };
    let options = GetOptions { range: Some(GetRange::Bounded(first..last + 1)), ..GetOptions::default() };
    // The row is there and the file is not: say so, rather than that it never was.
    let object =
        scope.objects()?.get_opts(&Path::from(recording.key), options).await.map_err(Error::internal)?;
    let mut response = HttpResponse::build(status);
    response
        .content_type("audio/wav")
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header((header::CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"))
        .insert_header(ContentDisposition {
            disposition,
            parameters: vec![DispositionParam::Filename(format!("{call}.wav"))],
        });
    if status == StatusCode::PARTIAL_CONTENT {
        response.insert_header((header::CONTENT_RANGE, format!("bytes {first}-{last}/{}", recording.bytes)));
    }
    let length = last + 1 - first;
    let stream = object.into_stream().map(|piece| piece.map_err(Error::internal));
    Ok(response.no_chunking(length).streaming(stream))
}
