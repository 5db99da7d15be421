//! Calls, read only.

use std::str::FromStr;

use actix_web::{HttpRequest, HttpResponse, Responder, body::BoxBody, http::header};
use serde::{Deserialize, Serialize};
use time::{
    Date, Duration, OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description,
};
use url::form_urlencoded;
use utoipa::{IntoParams, ToSchema};

use crate::{
    access::{Denied, Scope, permission::View},
    domain::calls::{
        self, Call, CallStatus, Direction, EndReason, Sentiment, Speaker, Turn,
        list::{self, Filter, Order},
    },
    error::Error,
    values::{AgentId, CallId, Part},
};

use super::{
    reply::Reply,
    request::{Path, Query},
    timestamp::Timestamp,
};

/// A direction to sort in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SortWay {
    /// The least first.
    Asc,
    /// The greatest first.
    Desc,
}

/// Which calls. Several values of one parameter stand with commas between them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CallQuery {
    /// Of one of these agents.
    #[param(pattern = "^agt_[0-7][0-9a-hjkmnp-tv-z]{25}(,agt_[0-7][0-9a-hjkmnp-tv-z]{25}){0,49}$")]
    agent_id: Option<String>,
    /// One of these calls.
    #[param(pattern = "^call_[0-7][0-9a-hjkmnp-tv-z]{25}(,call_[0-7][0-9a-hjkmnp-tv-z]{25}){0,49}$")]
    call_id: Option<String>,
    /// From this number, in E.164. A plus sign in an address is written `%2B`.
    #[param(pattern = r"^\+?[0-9]{7,15}$", example = "+919876543210")]
    from: Option<String>,
    /// To this number, in E.164.
    #[param(pattern = r"^\+?[0-9]{7,15}$", example = "+918047182200")]
    to: Option<String>,
    /// From or to this number, in E.164.
    #[param(pattern = r"^\+?[0-9]{7,15}$", example = "+919876543210")]
    number: Option<String>,
    /// Words that were said, in English or Hindi: all of them, the last as the beginning of a
    /// longer one too. Sorted otherwise than by the newest, the latest 5,000 such calls are searched.
    #[param(max_length = 200, example = "refund")]
    transcript: Option<String>,
    /// `phone` or `web`. All calls so far are over the phone.
    #[serde(rename = "type")]
    #[param(pattern = "^(phone|web)(,(phone|web)){0,9}$", example = "phone")]
    kind: Option<String>,
    /// `inbound` or `outbound`.
    #[param(pattern = "^(inbound|outbound)(,(inbound|outbound)){0,9}$", example = "inbound")]
    call_direction: Option<String>,
    /// `positive`, `neutral`, `negative` or `unknown`.
    #[param(pattern = "^(positive|neutral|negative|unknown)(,(positive|neutral|negative|unknown)){0,9}$")]
    sentiment: Option<String>,
    /// Statuses, such as `completed`.
    #[param(
        pattern = "^(created|initiated|sent|received|completed|did_not_pick|busy|no_answer|failed|cancelled|retry_expired)(,(created|initiated|sent|received|completed|did_not_pick|busy|no_answer|failed|cancelled|retry_expired)){0,19}$",
        example = "completed"
    )]
    status: Option<String>,
    /// Reasons why calls ended, such as `user_disconnected`.
    #[param(
        pattern = "^(user_disconnected|agent_disconnected|user_did_not_pick_up|user_busy|user_unreachable|invalid_phone_number|destination_forbidden|network_failure|voicemail_detected|system_at_capacity|insufficient_balance)(,(user_disconnected|agent_disconnected|user_did_not_pick_up|user_busy|user_unreachable|invalid_phone_number|destination_forbidden|network_failure|voicemail_detected|system_at_capacity|insufficient_balance)){0,19}$",
        example = "user_disconnected"
    )]
    end_reason: Option<String>,
    /// Made then or later; a day alone begins at midnight in UTC.
    #[param(format = DateTime, example = "2026-03-01T00:00:00Z")]
    start_date: Option<String>,
    /// Made then or earlier; a day alone is meant to its end in UTC.
    #[param(format = DateTime, example = "2026-03-31T23:59:59Z")]
    end_date: Option<String>,
    /// At least so many milliseconds long.
    #[param(minimum = 0, maximum = 86400000)]
    duration_greater_than: Option<i64>,
    /// At most so many milliseconds long.
    #[param(minimum = 0, maximum = 86400000)]
    duration_less_than: Option<i64>,
    /// At least so many milliseconds long.
    #[param(minimum = 0, maximum = 86400000)]
    duration_min: Option<i64>,
    /// At most so many milliseconds long.
    #[param(minimum = 0, maximum = 86400000)]
    duration_max: Option<i64>,
    /// Goes on after this call, the newest first: the id of the last one of the page before, as
    /// its header `Link` says.
    #[param(pattern = "^call_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    cursor: Option<CallId>,
    /// The page, from 1. Further in, follow `Link`.
    #[param(minimum = 1, maximum = 1000, example = 1)]
    page: Option<i64>,
    /// Calls on a page.
    #[param(minimum = 1, maximum = 200, example = 20)]
    limit: Option<i64>,
    /// Sorts by when they were made.
    #[param(inline)]
    created_at: Option<SortWay>,
    /// Sorts by how long they are, and goes before `created_at`.
    #[param(inline)]
    duration: Option<SortWay>,
}

/// As many values as one parameter may have.
const MOST_VALUES: usize = 50;

fn several<T: FromStr>(field: &str, text: Option<&str>) -> Result<Vec<T>, Error> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let parsed: Result<Vec<T>, _> = text.split(',').map(str::parse).collect();
    match parsed {
        Ok(values) if values.len() <= MOST_VALUES => Ok(values),
        Ok(_) => Err(Error::invalid(field, format!("Name at most {MOST_VALUES}."))),
        Err(_) => {
            Err(Error::invalid(field, "must be one of the known values, or several with commas between"))
        }
    }
}

/// A sentiment, or that it is not known.
struct Felt(Option<Sentiment>);

impl FromStr for Felt {
    type Err = crate::values::UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "unknown" { Ok(Self(None)) } else { text.parse().map(|felt| Self(Some(felt))) }
    }
}

#[derive(PartialEq, Eq)]
enum Medium {
    Phone,
    Web,
}

impl FromStr for Medium {
    type Err = crate::values::UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "phone" => Ok(Self::Phone),
            "web" => Ok(Self::Web),
            _ => Err(crate::values::UnknownWord),
        }
    }
}

fn moment(field: &str, text: Option<&str>, at_end: bool) -> Result<Option<OffsetDateTime>, Error> {
    let Some(text) = text else { return Ok(None) };
    if let Ok(moment) = OffsetDateTime::parse(text, &Rfc3339) {
        // The API tells moments to the second: one that is told whole is meant to its end.
        let is_whole = at_end && moment.nanosecond() == 0;
        let rest = if is_whole { Duration::milliseconds(999) } else { Duration::ZERO };
        return Ok(moment.checked_add(rest));
    }
    let day = Date::parse(text, format_description!("[year]-[month]-[day]")).map_err(|_| {
        Error::invalid(field, "must be a moment as in RFC 3339, such as 2026-03-01T00:00:00Z")
    })?;
    let time = if at_end { time::macros::time!(23:59:59.999) } else { time::Time::MIDNIGHT };
    Ok(Some(day.with_time(time).assume_utc()))
}

/// A number as people put it into an address, where a plus sign left as it is means a space.
fn number(field: &str, text: Option<&str>) -> Result<Option<String>, Error> {
    let Some(text) = text else { return Ok(None) };
    let digits = text.strip_prefix('+').unwrap_or(text).trim_start();
    if (7..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit()) {
        Ok(Some(format!("+{digits}")))
    } else {
        Err(Error::invalid(field, "must be a phone number in E.164, such as +919876543210"))
    }
}

fn seconds(field: &str, millis: Option<i64>, up: bool) -> Result<Option<i32>, Error> {
    let Some(millis) = millis else { return Ok(None) };
    if !(0..=86_400_000).contains(&millis) {
        return Err(Error::invalid(field, "must be 0 to 86400000 milliseconds"));
    }
    let seconds = if up { (millis + 999) / 1_000 } else { millis / 1_000 };
    i32::try_from(seconds).map(Some).map_err(Error::internal)
}

impl CallQuery {
    fn filter(&self) -> Result<Filter, Error> {
        let least = seconds("duration_min", self.duration_min, true)?;
        let greater = seconds("duration_greater_than", self.duration_greater_than, true)?;
        let most = seconds("duration_max", self.duration_max, false)?;
        let less = seconds("duration_less_than", self.duration_less_than, false)?;
        let felt: Vec<Felt> = several("sentiment", self.sentiment.as_deref())?;
        Ok(Filter {
            agents: several::<AgentId>("agent_id", self.agent_id.as_deref())?,
            calls: several::<CallId>("call_id", self.call_id.as_deref())?,
            from: number("from", self.from.as_deref())?,
            to: number("to", self.to.as_deref())?,
            directions: several::<Direction>("call_direction", self.call_direction.as_deref())?,
            sentiments: felt.into_iter().map(|felt| felt.0).collect(),
            statuses: several::<CallStatus>("status", self.status.as_deref())?,
            end_reasons: several::<EndReason>("end_reason", self.end_reason.as_deref())?,
            since: moment("start_date", self.start_date.as_deref(), false)?,
            until: moment("end_date", self.end_date.as_deref(), true)?,
            at_least: least.max(greater),
            at_most: most.into_iter().chain(less).min(),
            number: number("number", self.number.as_deref())?,
            text: self.transcript.clone().filter(|text| !text.trim().is_empty()),
            mode: None,
        })
    }

    fn order(&self) -> Order {
        match (self.duration, self.created_at) {
            (Some(SortWay::Asc), _) => Order::Shortest,
            (Some(SortWay::Desc), _) => Order::Longest,
            (None, Some(SortWay::Asc)) => Order::Oldest,
            (None, _) => Order::Newest,
        }
    }
}

/// A call.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallLog {
    /// Its id.
    pub id: CallId,
    /// The agent that spoke; null where none did, and kept after the agent was deleted.
    #[schema(required = true)]
    pub agent_id: Option<AgentId>,
    /// What that agent was called then.
    #[schema(example = "Asha, order support")]
    pub agent_name: String,
    /// The number that was called.
    #[schema(example = "+919876543210")]
    pub to_number: String,
    /// The number that called.
    #[schema(example = "+918047182200")]
    pub from_number: String,
    /// How it stands.
    pub status: CallStatus,
    /// Who called whom.
    pub call_direction: Direction,
    /// Over the phone.
    #[serde(rename = "type")]
    #[schema(example = "phone")]
    pub kind: &'static str,
    /// When it was made or came in.
    #[serde(rename = "createdAt")]
    pub created_at: Timestamp,
    /// When it was answered.
    #[schema(required = true)]
    pub answered_at: Option<Timestamp>,
    /// When it ended.
    #[schema(required = true)]
    pub ended_at: Option<Timestamp>,
    /// Seconds from answer to end.
    #[schema(minimum = 0, example = 42)]
    pub duration: i32,
    /// Why it ended.
    #[schema(required = true)]
    pub end_reason: Option<EndReason>,
    /// How the other side felt about it, by the analysis.
    #[schema(required = true)]
    pub sentiment: Option<Sentiment>,
    /// What it came to.
    #[schema(required = true)]
    pub summary: Option<String>,
    /// Whether there is a recording of it.
    pub has_recording: bool,
}

impl From<Call> for CallLog {
    fn from(call: Call) -> Self {
        Self {
            id: call.id,
            agent_id: call.agent,
            agent_name: call.agent_name,
            to_number: call.to_e164,
            from_number: call.from_e164,
            status: call.status,
            call_direction: call.direction,
            kind: "phone",
            created_at: call.created_at.into(),
            answered_at: call.answered_at.map(Timestamp::from),
            ended_at: call.ended_at.map(Timestamp::from),
            duration: call.duration_seconds,
            end_reason: call.end_reason,
            sentiment: call.sentiment,
            summary: call.summary,
            has_recording: call.recording_bytes.is_some(),
        }
    }
}

/// Calls on a page where none are asked for, and most.
const LIMIT: i64 = 20;
const MOST: i64 = 200;
/// The last page that is read by number.
const LAST_PAGE: i64 = 1_000;

/// A page of calls, and where the next one is.
pub struct Calls {
    calls: Vec<CallLog>,
    next: Option<String>,
}

impl Responder for Calls {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        if let Some(next) = self.next {
            response.insert_header((header::LINK, format!("<{next}>; rel=\"next\"")));
        }
        response.json(self.calls)
    }
}

/// The address of this request, going on after `last`.
fn after(request: &HttpRequest, last: CallId) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let asked = form_urlencoded::parse(request.query_string().as_bytes());
    query.extend_pairs(asked.filter(|(name, _)| name != "cursor" && name != "page"));
    format!("{}?{}", request.path(), query.append_pair("cursor", &last.to_string()).finish())
}

/// Lists calls
///
/// The newest come first unless sorted otherwise. A test key sees the simulated calls of test
/// keys, a live key the real ones; a workspace's key sees those of its workspace. What calls
/// are not filtered by is refused: latency, batches, versions of agents, exports.
///
/// While there are more, the newest first, the header `Link` has the address of the next page
/// (RFC 8288), also where a search stopped before it was through: a page may then be short.
#[utoipa::path(get, path = "/calls", tag = "Calls", operation_id = "listCalls", params(CallQuery),
    responses((status = 200, description = "A page of calls.", body = Vec<CallLog>,
        headers(("Link" = String, description = "Where the next page is.")))))]
pub async fn list(
    scope: Scope<View>,
    request: HttpRequest,
    query: Query<CallQuery>,
) -> Result<Calls, Denied> {
    let asked = query.0;
    let (page, limit) = (asked.page.unwrap_or(1), asked.limit.unwrap_or(LIMIT));
    if !(1..=LAST_PAGE).contains(&page) {
        let message = format!("Ask for a page from 1 to {LAST_PAGE}; further in, follow Link.");
        return Err(Error::invalid("page", message).into());
    }
    if !(1..=MOST).contains(&limit) {
        return Err(Error::invalid("limit", format!("Ask for 1 to {MOST} calls.")).into());
    }
    if asked.transcript.as_ref().is_some_and(|text| text.chars().count() > 200) {
        return Err(Error::invalid("transcript", "must be at most 200 characters").into());
    }
    let (filter, order) = (asked.filter()?, asked.order());
    let media: Vec<Medium> = several("type", asked.kind.as_deref())?;
    if !media.is_empty() && !media.contains(&Medium::Phone) {
        return Ok(Calls { calls: Vec::new(), next: None });
    }
    if order != Order::Newest || (page > 1 && asked.cursor.is_none()) {
        let offset = (page - 1) * limit;
        let found = scope.read_region(move |tx| list::search(tx, &filter, order, limit, offset)).await?;
        return Ok(Calls { calls: found.into_iter().map(CallLog::from).collect(), next: None });
    }
    let part = asked.cursor.map_or(Part::Newest, Part::OlderThan);
    let limit = u16::try_from(limit).map_err(Error::internal)?;
    let found = scope.read_region(move |tx| list::page(tx, &filter, part, limit)).await?;
    let last = found.stopped.or_else(|| found.rows.last().map(|call| call.id));
    let next = last.filter(|_| found.has_older).map(|last| after(&request, last));
    Ok(Calls { calls: found.rows.into_iter().map(CallLog::from).collect(), next })
}

/// A call with what was said.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallDetails {
    #[serde(flatten)]
    call: CallLog,
    /// What was said, line by line; null where no transcript was kept.
    #[schema(required = true, example = "Agent: Hello Priya.\nUser: I am interested in the loan offer.")]
    transcript: Option<String>,
}

fn transcript(turns: &[Turn]) -> Option<String> {
    let lines = turns.iter().map(|turn| {
        let speaker = match turn.speaker {
            Speaker::Agent => "Agent",
            Speaker::Caller => "User",
        };
        format!("{speaker}: {}", turn.text)
    });
    (!turns.is_empty()).then(|| lines.collect::<Vec<_>>().join("\n"))
}

/// The id in the address.
#[derive(Debug, Deserialize)]
pub struct Place {
    pub(super) call_id: CallId,
}

/// Shows a call
///
/// With its transcript, once there is one.
#[utoipa::path(get, path = "/calls/{call_id}", tag = "Calls", operation_id = "getCall",
    params(("call_id" = CallId, Path, description = "The call.")),
    responses((status = 200, description = "The call.", body = CallDetails)))]
pub async fn show(scope: Scope<View>, place: Path<Place>) -> Result<Reply<CallDetails>, Denied> {
    let id = place.0.call_id;
    let (call, turns) = scope.read_region(move |tx| calls::get_with_transcript(tx, id)).await?;
    Ok(Reply(CallDetails { call: call.into(), transcript: transcript(&turns) }))
}
