//! How long an account keeps what its calls leave.

use actix_web::{HttpRequest, http::header};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::{
    access::{
        Denied, Scope,
        permission::{Administer, View},
    },
    domain::calls::retention::{self, CALL_RECORD_DAYS, Outcome, Retention},
    error::Error,
};

use super::{front::etag, reply::Reply, request::Body};

/// For how long recordings, transcripts and records of calls are kept.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeptFor {
    /// Days for which recordings are kept; null where calls are not recorded.
    #[schema(required = true, minimum = 7, maximum = 90, example = 90)]
    pub recording_days: Option<i16>,
    /// Days for which transcripts are kept.
    #[schema(minimum = 30, maximum = 365, example = 365)]
    pub transcript_days: i16,
    /// Days for which records of calls are kept: a month goes once it ended so long ago.
    #[schema(minimum = 365, maximum = 365, example = 365)]
    pub call_record_days: i16,
}

impl From<Retention> for KeptFor {
    fn from(retention: Retention) -> Self {
        Self {
            recording_days: retention.recording_days,
            transcript_days: retention.transcript_days,
            call_record_days: CALL_RECORD_DAYS,
        }
    }
}

/// Shows how long things are kept
#[utoipa::path(get, path = "/retention", tag = "Calls", operation_id = "getRetention",
    responses((status = 200, description = "For how long.", body = KeptFor)))]
pub async fn show(scope: Scope<View>) -> Result<Reply<KeptFor>, Denied> {
    Ok(Reply(scope.read(retention::current).await?.into()))
}

/// For how long things are to be kept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeepFor {
    /// Days for which recordings are kept; null to record no calls at all.
    #[schema(value_type = Option<i16>, required = true, minimum = 7, maximum = 90, example = 30)]
    #[serde(deserialize_with = "nullable")]
    recording_days: Option<i64>,
    /// Days for which transcripts are kept.
    #[schema(value_type = i16, minimum = 30, maximum = 365, example = 180)]
    transcript_days: i64,
}

/// Reads what may be null and must be said.
fn nullable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Option::deserialize(deserializer)
}

/// Changes how long things are kept
///
/// It acts on what there is: recordings and transcripts that are older are deleted at once,
/// for good. What was deleted does not come back when things are kept for longer again. With
/// the header `If-Match` and the `ETag` you read, a change that somebody else made in between
/// is not overwritten but answered with 412.
#[utoipa::path(put, path = "/retention", tag = "Calls", operation_id = "setRetention",
    params(("If-Match" = Option<String>, Header, description = "The `ETag` of what you read.", pattern = "^\"[A-Za-z0-9_-]{22}\"$")),
    request_body(content = KeepFor, example = json!({ "recording_days": 30, "transcript_days": 180 })),
    responses(
        (status = 200, description = "For how long from now on.", body = KeptFor),
        (status = 412, description = "It was changed since you read it.", body = super::refusal::ErrorBody),
    ))]
pub async fn set(
    scope: Scope<Administer>,
    body: Body<KeepFor>,
    request: HttpRequest,
) -> Result<Reply<KeptFor>, Denied> {
    let asked = body.into_inner();
    let to = Retention::check(asked.recording_days, asked.transcript_days)?;
    let seen = match request.headers().get(header::IF_MATCH) {
        Some(tag) => Some(seen(&scope, tag.to_str().unwrap_or_default()).await?),
        None => None,
    };
    match scope.write(move |tx| retention::change(tx, seen, to)).await? {
        Outcome::Done { .. } => Ok(Reply(to.into())),
        Outcome::Overtaken { .. } => Err(overtaken().into()),
    }
}

/// What the tag was given for, if nothing has changed since.
async fn seen(scope: &Scope<Administer>, tag: &str) -> Result<Retention, Error> {
    let now = scope.read(retention::current).await?;
    let bytes = serde_json::to_vec(&KeptFor::from(now)).map_err(Error::internal)?;
    if tag == "*" || tag == etag(&bytes) { Ok(now) } else { Err(overtaken()) }
}

fn overtaken() -> Error {
    let message = "It was changed since you read it. Read it again, then decide.".to_owned();
    Error::Conflict { code: "stale", message }
}
