//! One call: timeline, transcript, recording, analysis.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use time::{Duration, OffsetDateTime};

use crate::{
    access::{
        Denied, Scope,
        permission::{Permission, PlayRecordings, View},
    },
    domain::{
        calls::{
            self, Call, CallStatus, Direction, Speaker, recording,
            retention::{self, Retention},
        },
        catalogues::languages,
    },
    values::{CallId, KeyMode},
    web::{
        filters::{Zone, clock_text, counted, duration_text, money_text, phone_text},
        page::{Here, Visit, home_href, html, zone},
        parts::{Badge, Crumb},
        site::Site,
        views::account::{CallPage, Moments, Recording, Turn},
    },
};

use super::{recording_link, sees_cost};

/// The ids in a call's address.
#[derive(Debug, Deserialize)]
pub struct Place {
    /// The call.
    pub call: CallId,
}

/// What the page tells of.
struct Found {
    call: Call,
    turns: Vec<calls::Turn>,
    /// When its recording was deleted because it was kept long enough.
    recording_deleted_at: Option<OffsetDateTime>,
    retention: Retention,
}

/// `GET /accounts/{account}/calls/{call}`
pub async fn show(
    scope: Scope<View>,
    visit: Visit,
    site: web::Data<Site>,
    place: web::Path<Place>,
) -> Result<HttpResponse, Denied> {
    let id = place.call;
    let (call, turns, recording_deleted_at) = scope
        .read_region(move |tx| {
            Ok((calls::get(tx, id)?, calls::transcript(tx, id)?, recording::deleted_at(tx, id)?))
        })
        .await?;
    let retention = scope.read(retention::current).await?;
    let found = Found { call, turns, recording_deleted_at, retention };
    let call = &found.call;
    let home = home_href(scope.asker().account.id);
    let zone = zone(scope.asker());
    html(&CallPage {
        frame: visit.frame(&scope, format!("Call {}", phone_text(call.other_number())), Here::Calls),
        crumbs: vec![Crumb::new("Calls", format!("{home}/calls"))],
        id: id.to_string(),
        number: phone_text(call.other_number()),
        direction: call.direction.label(),
        badge: Badge::call(call.status.as_str()),
        agent: call.agent_name.clone(),
        started: zone.show(call.created_at),
        timeline: timeline(call, zone),
        recording: recording(&scope, &site, &found, zone),
        no_transcript: no_transcript(&found),
        facts: facts(call, sees_cost(&scope)),
        analysis: analysis(call),
        turns: found.turns.into_iter().map(|turn| shown(turn, found.call.direction)).collect(),
    })
}

fn facts(call: &Call, with_cost: bool) -> Vec<(String, String)> {
    let fact = |term: &str, value: &str| (term.to_owned(), value.to_owned());
    let mut facts = vec![fact("From", &phone_text(&call.from_e164)), fact("To", &phone_text(&call.to_e164))];
    if let Some(version) = call.agent_version {
        facts.push(fact("Agent", &format!("{}, version {version}", call.agent_name)));
    }
    if call.ended_at.is_some() && call.answered_at.is_some() {
        facts.push(fact("Length", &duration_text(call.duration_seconds.into())));
    }
    if let Some(reason) = call.end_reason {
        facts.push(fact("Ended because", reason.label()));
    }
    if call.mode == KeyMode::Test {
        facts.push(fact("Test call", "Simulated for a test key; it costs nothing."));
    } else if with_cost && call.ended_at.is_none() {
        facts.push(fact("Cost", "Known once the call has ended"));
    } else if with_cost {
        let minutes = usize::try_from(call.minutes()).unwrap_or(0);
        let started = match call.answered_at {
            Some(_) => format!(" for {} started", counted(minutes, "minute", "minutes")),
            None => String::new(),
        };
        facts.push(fact("Cost", &format!("{}{started}", money_text(call.cost_minor, &call.currency))));
    }
    facts
}

fn analysis(call: &Call) -> Vec<(String, String)> {
    let sentiment = call.sentiment.map(|felt| ("Sentiment".to_owned(), felt.label().to_owned()));
    let summary = call.summary.clone().map(|summary| ("Summary".to_owned(), summary));
    sentiment.into_iter().chain(summary).collect()
}

/// What happened so far; what is only known to go on has no time.
fn timeline(call: &Call, zone: Zone) -> Vec<Moments> {
    let moment = |word, icon, at: Option<OffsetDateTime>, note: String| Moments {
        word,
        icon,
        at: at.map(|at| zone.show(at)),
        note,
    };
    let began = match call.direction {
        Direction::Inbound => "Came in",
        Direction::Outbound => "Created",
    };
    let mut timeline = vec![moment(began, "clock", Some(call.created_at), String::new())];
    if let Some(at) = call.answered_at {
        let waited = clock_text((at - call.created_at).whole_seconds());
        timeline.push(moment("Answered", "check", Some(at), format!("after {waited}")));
    }
    timeline.push(match (call.ended_at, call.status, call.direction) {
        (Some(at), ..) => {
            let why = call.end_reason.map(|reason| reason.label().to_owned()).unwrap_or_default();
            moment("Ended", "close", Some(at), why)
        }
        (None, CallStatus::Received, _) => {
            moment("In progress", "recording", None, "and not ended when this page was opened".into())
        }
        (None, CallStatus::Sent, _) | (None, _, Direction::Inbound) => {
            moment("Ringing", "call-out", None, "and not answered when this page was opened".into())
        }
        (None, ..) => moment("Waiting", "clock", None, "to be dialled when this page was opened".into()),
    });
    timeline
}

/// Who speaks, in a call of this direction: whoever is called is not the caller.
fn speaker(speaker: Speaker, direction: Direction) -> &'static str {
    match (speaker, direction) {
        (Speaker::Caller, Direction::Outbound) => "Customer",
        (speaker, _) => speaker.label(),
    }
}

fn shown(turn: calls::Turn, direction: Direction) -> Turn {
    let language = languages::spoken(&turn.language);
    Turn {
        speaker: speaker(turn.speaker, direction).to_owned(),
        agent: turn.speaker == Speaker::Agent,
        second: turn.at.into(),
        language: language.unwrap_or_default().to_owned(),
        // What is no language, whoever said so, is none to a browser.
        lang: language.map(|_| turn.language).unwrap_or_default(),
        text: turn.text,
    }
}

/// How long after its end what is uploaded of a call may be on its way.
const ON_ITS_WAY: Duration = Duration::minutes(10);

fn is_on_its_way(call: &Call) -> bool {
    call.ended_at.is_some_and(|ended| OffsetDateTime::now_utc() - ended < ON_ITS_WAY)
}

fn no_transcript(found: &Found) -> String {
    let Found { call, retention, .. } = found;
    if call.ended_at.is_none() {
        "The call goes on. What is said appears here after its end: reload the page then.".into()
    } else if call.answered_at.is_none() {
        "The call was not answered, so nothing was said.".into()
    } else if call.created_at < retention.transcripts_before(OffsetDateTime::now_utc()) {
        format!(
            "The transcript was deleted: transcripts are kept for {} days here.",
            retention.transcript_days
        )
    } else if is_on_its_way(call) {
        "No transcript has come in yet. It may be on its way: reload the page in a moment.".into()
    } else {
        "No transcript was kept of this call.".into()
    }
}

fn recording<P: Permission>(scope: &Scope<P>, site: &Site, found: &Found, zone: Zone) -> Recording {
    let Found { call, retention, recording_deleted_at, .. } = found;
    if call.recording_bytes.is_some() {
        if !scope.holds::<PlayRecordings>() {
            return Recording::None(PlayRecordings::REFUSAL.into());
        }
        let href = recording_link::href(site, scope, call.id);
        return Recording::Ready {
            download_href: format!("{href}&download=yes"),
            audio_href: href,
            until: match retention.recording_days {
                Some(days) => {
                    format!("Kept until {}", zone.show(call.created_at + Duration::days(days.into())).day())
                }
                None => "About to be deleted: recording is off".into(),
            },
        };
    }
    let off = retention.recording_days.is_none();
    Recording::None(match recording_deleted_at {
        Some(at) => format!(
            "The recording was deleted on {}: it was kept as long as is wished here.",
            zone.show(*at).day()
        ),
        None if off && call.ended_at.is_none() => "Recording is off: none is made of this call.".into(),
        None if call.ended_at.is_none() => "The call goes on. Its recording is here after its end.".into(),
        None if call.answered_at.is_none() => "The call was not answered, so there is no recording.".into(),
        None if off => "No recording was kept of this call. Recording is off.".into(),
        None if is_on_its_way(call) => {
            "No recording has come in yet. It may be on its way: reload the page in a moment.".into()
        }
        None => "No recording was kept of this call.".into(),
    })
}
