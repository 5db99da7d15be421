//! How calls go on and end.

use actix_web::web;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    access::{Change, Denied},
    domain::{
        calls::{
            Call, CallStatus, EndReason, Sentiment,
            engine::settle,
            life::{self, Ending, Step},
        },
        limits::{
            leases::{self, Renewal},
            together::Together,
        },
    },
    error::Error,
    json::{
        reply::Reply,
        request::{Body, present},
    },
    values::CallId,
};

use super::front::OnCall;

/// A body that says nothing.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// How a call stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct Followed {
    /// The call.
    pub call_id: CallId,
    /// How it stands.
    pub status: CallStatus,
    /// Why it ended; null while it goes on.
    #[schema(required = true)]
    pub end_reason: Option<EndReason>,
    /// Seconds from answer to end.
    #[schema(minimum = 0, example = 263)]
    pub duration_seconds: i32,
    /// It had ended before, otherwise than you say: what stands here is what counts.
    pub late: bool,
}

impl Followed {
    fn of(call: Call, late: bool) -> Self {
        Self {
            call_id: call.id,
            status: call.status,
            end_reason: call.end_reason,
            duration_seconds: call.duration_seconds,
            late,
        }
    }
}

async fn advance(on: OnCall, step: Step) -> Result<Reply<Followed>, Denied> {
    let id = on.call;
    let call = on.scope.write_region(move |tx| life::advance(tx, id, step).map(Change::none)).await?;
    let late = call.ended_at.is_some();
    Ok(Reply(Followed::of(call, late)))
}

/// Reports that it rings
///
/// Reports may come twice and out of order: a call never goes back.
#[utoipa::path(post, path = "/calls/{call_id}/ringing", tag = "Reports", operation_id = "reportRinging",
    request_body(content = Nothing, example = json!({})),
    responses((status = 200, description = "How it stands.", body = Followed)))]
pub async fn ringing(on: OnCall, _: Body<Nothing>) -> Result<Reply<Followed>, Denied> {
    advance(on, Step::Ringing).await
}

/// Reports that it was answered
///
/// From then on it is charged.
#[utoipa::path(post, path = "/calls/{call_id}/answered", tag = "Reports", operation_id = "reportAnswered",
    request_body(content = Nothing, example = json!({})),
    responses((status = 200, description = "How it stands.", body = Followed)))]
pub async fn answered(on: OnCall, _: Body<Nothing>) -> Result<Reply<Followed>, Denied> {
    let (id, scope) = (on.call, on.scope.clone());
    let followed = advance(on, Step::Answered).await?;
    if !followed.0.late {
        scope.write(move |tx| leases::answer(tx, id)).await?;
    }
    Ok(followed)
}

/// What to do with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Go on.
    Continue,
    /// End it now, and report that.
    End,
}

/// The answer to a heartbeat.
#[derive(Debug, Serialize, ToSchema)]
pub struct Heard {
    /// What to do.
    pub action: Action,
    /// Why it is to be ended, `account_closed` or `insufficient_balance`; null where it goes on.
    #[schema(required = true, example = "account_closed")]
    pub reason: Option<&'static str>,
    /// In how many seconds it is to be ended: what is paid lasts so long. Null where it goes on.
    #[schema(required = true, minimum = 0, example = 0)]
    pub in_seconds: Option<i64>,
}

impl Heard {
    const GO_ON: Self = Self { action: Action::Continue, reason: None, in_seconds: None };

    fn end(reason: &'static str, in_seconds: i64) -> Self {
        Self { action: Action::End, reason: Some(reason), in_seconds: Some(in_seconds) }
    }
}

/// Says that a call lives
///
/// Holds its place for another `lease_seconds`, and its next minute before the one that is paid runs
/// out. It may answer that the call is to be ended, and in how many seconds.
/// `lease_lost` (410) says that its place was given to others: end it, and report that.
#[utoipa::path(post, path = "/calls/{call_id}/heartbeat", tag = "Reports", operation_id = "heartbeat",
    request_body(content = Nothing, example = json!({})),
    responses(
        (status = 200, description = "What to do.", body = Heard),
        (status = 410, description = "Its place was given to others, or it has ended.", body = crate::json::refusal::ErrorBody),
    ))]
pub async fn heartbeat(on: OnCall, _: Body<Nothing>) -> Result<Reply<Heard>, Denied> {
    let (id, lease) = (on.call, on.scope.lease());
    match on.scope.write(move |tx| leases::renew(tx, id, lease)).await? {
        Renewal::Continue => Ok(Reply(Heard::GO_ON)),
        Renewal::AccountClosed => Ok(Reply(Heard::end("account_closed", 0))),
        Renewal::OutOfFunds(seconds) => Ok(Reply(Heard::end("insufficient_balance", seconds))),
        Renewal::Lost => Err(Denied(Error::Conflict {
            code: "lease_lost",
            message: "This call holds no place any more. End it, and report its end.".into(),
        })),
    }
}

/// What was found out about a call.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Analysis {
    /// How the other side felt about it.
    #[serde(default)]
    sentiment: Option<Sentiment>,
    /// What it came to.
    #[serde(default)]
    #[schema(max_length = 5000, example = "The order arrives tomorrow.")]
    summary: Option<String>,
}

/// How a call ended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndReport {
    /// Why.
    end_reason: EndReason,
    /// Seconds from answer to end. It must be there for a call that was answered.
    #[serde(default, deserialize_with = "present")]
    #[schema(minimum = 0, maximum = 86400, example = 263, value_type = i32, required = false)]
    duration_seconds: Option<i32>,
    /// What was found out about it.
    #[serde(default)]
    analysis: Option<Analysis>,
}

/// Reports the end
///
/// Its place is free from then on. Reported again it is answered alike and changes nothing. A
/// call whose place was given to others has ended already: the answer says how, and `late`.
#[utoipa::path(post, path = "/calls/{call_id}/ended", tag = "Reports", operation_id = "reportEnd",
    request_body(content = EndReport, example = json!({
        "end_reason": "user_disconnected", "duration_seconds": 263,
        "analysis": { "sentiment": "positive", "summary": "The order arrives tomorrow." } })),
    responses((status = 200, description = "How it ended.", body = Followed)))]
pub async fn ended(
    on: OnCall,
    together: web::Data<Together>,
    body: Body<EndReport>,
) -> Result<Reply<Followed>, Denied> {
    let EndReport { end_reason, duration_seconds, analysis } = body.into_inner();
    let analysis = analysis.unwrap_or_default();
    if analysis.summary.as_ref().is_some_and(|text| text.chars().count() > 5_000) {
        return Err(Error::invalid("analysis.summary", "must be at most 5000 characters").into());
    }
    let ending = Ending {
        reason: end_reason,
        seconds: duration_seconds,
        sentiment: analysis.sentiment,
        summary: analysis.summary,
    };
    let id = on.call;
    let over = on.scope.write_region(move |tx| life::end(tx, id, &ending).map(Change::none)).await?;
    settle(&together, &on.scope, &over.call).await?;
    Ok(Reply(Followed::of(over.call, over.is_late)))
}
