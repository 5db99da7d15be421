//! Recordings and transcripts.

use actix_web::{
    HttpRequest,
    http::header,
    web::{self, Bytes},
};
use futures_util::StreamExt;
use object_store::{ObjectStoreExt, WriteMultipart, path::Path};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    access::{Change, Denied, Objects},
    domain::calls::{self, Speaker, Turn, record, recording, transcripts},
    error::Error,
    json::{reply::NoContent, request::Body},
};

use super::front::OnCall;

/// The largest body of JSON, in bytes: a transcript of a long call.
pub(crate) const LARGEST_JSON: usize = 4 * 1024 * 1024;
/// The largest recording, in bytes.
const LARGEST: usize = 200 * 1024 * 1024;
/// As many pieces as are on their way to the store at once.
const IN_FLIGHT: usize = 4;
/// Every WAV file begins so, with its size between.
const RIFF: (&[u8], &[u8]) = (b"RIFF", b"WAVE");

/// Uploads the recording
///
/// As WAV, streamed, before or after the end of the call. Uploaded again, it replaces the one
/// before.
#[utoipa::path(put, path = "/calls/{call_id}/recording", tag = "Uploads", operation_id = "uploadRecording",
    request_body(content_type = "audio/wav", description = "RIFF WAVE, at most 200 MiB."),
    responses((status = 204, description = "It is kept, unless the account keeps no recordings.")))]
pub async fn recording(on: OnCall, request: HttpRequest, payload: web::Payload) -> Result<NoContent, Denied> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !matches!(kind, Some("audio/wav" | "audio/x-wav" | "audio/wave")) {
        return Err(Error::invalid("Content-Type", "must be audio/wav").into());
    }
    let id = on.call;
    on.scope.read_region(move |tx| calls::get(tx, id).map(drop)).await?;
    let account = &on.scope.asker().account;
    let place = Path::from(recording::key(account.organization, account.id, id));
    let store = on.scope.objects()?;
    let bytes = store_recording(store, &place, payload).await?;
    let noted =
        on.scope.write_region(move |tx| record::note_recording(tx, id, bytes).map(Change::none)).await;
    if noted.is_err() {
        // Its account may have been erased meanwhile: what nobody knows of is not kept.
        store.delete(&place).await.map_err(Error::internal)?;
    }
    noted?;
    Ok(NoContent)
}

/// Streams a recording into the store; what is not whole is never there. Gives its size.
async fn store_recording(store: &Objects, place: &Path, mut payload: web::Payload) -> Result<i64, Error> {
    let upload = store.put_multipart(place).await.map_err(Error::internal)?;
    let mut writer = WriteMultipart::new(upload);
    let (mut head, mut size) = (Vec::with_capacity(12), 0);
    while let Some(piece) = payload.next().await {
        let wrong = match piece {
            Err(_) => Some(Error::invalid("body", "broke off")),
            Ok(piece) => match accept(&mut head, &mut size, &piece) {
                Err(error) => Some(error),
                Ok(()) => {
                    writer.wait_for_capacity(IN_FLIGHT).await.map_err(Error::internal)?;
                    writer.put(piece);
                    None
                }
            },
        };
        if let Some(error) = wrong {
            writer.abort().await.map_err(Error::internal)?;
            return Err(error);
        }
    }
    if head.len() < 12 {
        writer.abort().await.map_err(Error::internal)?;
        return Err(Error::invalid("body", "must be a WAV file"));
    }
    writer.finish().await.map_err(Error::internal)?;
    i64::try_from(size).map_err(Error::internal)
}

/// Looks at a piece before it is kept.
fn accept(head: &mut Vec<u8>, size: &mut usize, piece: &Bytes) -> Result<(), Error> {
    *size += piece.len();
    if *size > LARGEST {
        return Err(Error::invalid("body", "must be at most 200 MiB"));
    }
    if head.len() < 12 {
        head.extend_from_slice(&piece[..piece.len().min(12 - head.len())]);
        if head.len() == 12 && (&head[..4], &head[8..]) != RIFF {
            return Err(Error::invalid("body", "must be a WAV file"));
        }
    }
    Ok(())
}

/// One thing that was said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaidTurn {
    /// By whom.
    speaker: Speaker,
    /// Seconds after the answer.
    #[schema(maximum = 86400, example = 4)]
    at: u32,
    /// What.
    #[schema(min_length = 1, max_length = 10000, example = "Namaste, how can I help?")]
    text: String,
    /// The language, such as `hi`.
    #[serde(default)]
    #[schema(max_length = 20, example = "en")]
    language: String,
}

/// What was said in a call.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Transcript {
    /// In order.
    #[schema(min_items = 1, max_items = 5000)]
    turns: Vec<SaidTurn>,
}

/// Uploads the transcript
///
/// Before or after the end of the call. Uploaded again, it replaces the one before.
#[utoipa::path(put, path = "/calls/{call_id}/transcript", tag = "Uploads", operation_id = "uploadTranscript",
    request_body(content = Transcript, example = json!({ "turns": [
        { "speaker": "agent", "at": 0, "text": "Namaste, how can I help?", "language": "en" },
        { "speaker": "caller", "at": 4, "text": "मेरा ऑर्डर कहाँ है?", "language": "hi" } ] })),
    responses((status = 204, description = "It is kept.")))]
pub async fn transcript(on: OnCall, body: Body<Transcript>) -> Result<NoContent, Denied> {
    let turns = body.into_inner().turns;
    if !(1..=5_000).contains(&turns.len()) {
        return Err(Error::invalid("turns", "must be 1 to 5000").into());
    }
    for (at, turn) in turns.iter().enumerate() {
        if !(1..=10_000).contains(&turn.text.chars().count()) || turn.at > 86_400 || turn.language.len() > 20
        {
            return Err(Error::invalid(
                format!("turns[{at}]"),
                "has a text, second or language out of range",
            )
            .into());
        }
    }
    let id = on.call;
    let turns: Vec<_> = turns
        .into_iter()
        .map(|said| Turn { speaker: said.speaker, at: said.at, text: said.text, language: said.language })
        .collect();
    on.scope.write_region(move |tx| transcripts::keep(tx, id, &turns).map(Change::none)).await?;
    Ok(NoContent)
}
