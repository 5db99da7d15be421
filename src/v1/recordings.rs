//! The sound of calls.

use actix_web::{HttpRequest, HttpResponse, http::Method, http::header::DispositionType};
use utoipa::ToSchema;

use crate::{
    access::{Denied, Scope, permission::PlayRecordings},
    domain::calls::recording,
    playback,
    values::CallId,
};

use super::{calls::Place, refusal::ErrorBody, request::Path};

/// Sound, as a WAV file.
#[derive(Debug, ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct Sound(#[allow(dead_code)] Vec<u8>);

/// Downloads a recording
///
/// A WAV file, whole or, with `Range`, a part of it. It is there once the call has ended and
/// until the account keeps recordings no longer; `has_recording` of the call says whether it
/// is. Each download stands in the account's audit log.
#[utoipa::path(get, path = "/calls/{call_id}/recording", tag = "Calls", operation_id = "getCallRecording",
    params(("call_id" = CallId, Path, description = "The call.")),
    responses(
        (status = 200, description = "The sound.", body = Sound, content_type = "audio/wav"),
        (status = 206, description = "The part of it that `Range` asks for.", body = Sound, content_type = "audio/wav"),
        (status = 416, description = "There are no such bytes; `Content-Range` says how many there are.", body = ErrorBody),
    ))]
pub async fn show(
    scope: Scope<PlayRecordings>,
    request: HttpRequest,
    place: Path<Place>,
) -> Result<HttpResponse, Denied> {
    let id = place.0.call_id;
    let recording = scope.read_region(move |tx| recording::of_call(tx, id)).await?;
    if *request.method() != Method::HEAD {
        scope.write(move |tx| Ok(recording::note_heard(tx, id, true))).await?;
    }
    Ok(playback::answer(&scope, &request, id, recording, DispositionType::Attachment).await?)
}
