//! One call: timeline, transcript, recording, analysis.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::{
    access::{
        Denied, Scope,
        permission::{Permission, PlayRecordings, View},
    },
    domain::calls::{self, Call, Direction, Speaker},
    values::CallId,
    web::{
        filters::{clock_text, duration_text, money_text, phone_text},
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

/// `GET /accounts/{account}/calls/{call}`
pub async fn show(
    scope: Scope<View>,
    visit: Visit,
    site: web::Data<Site>,
    place: web::Path<Place>,
) -> Result<HttpResponse, Denied> {
    let id = place.call;
    let (call, turns) =
        scope.read_region(move |tx| Ok((calls::get(tx, id)?, calls::transcript(tx, id)?))).await?;
    let home = home_href(scope.asker().account.id);
    let zone = zone(scope.asker());
    let fact = |term: &str, value: &str| (term.to_owned(), value.to_owned());
    let mut facts = vec![fact("From", &phone_text(&call.from_e164)), fact("To", &phone_text(&call.to_e164))];
    if call.answered_at.is_some() {
        facts.push(fact("Length", &duration_text(call.duration_seconds.into())));
    }
    if let Some(reason) = call.end_reason {
        facts.push(fact("Ended because", reason.label()));
    }
    if sees_cost(&scope) {
        facts.push(fact("Cost", &money_text(call.cost_minor, &call.currency)));
    }
    let mut analysis = Vec::new();
    if let Some(sentiment) = call.sentiment {
        analysis.push(fact("Sentiment", sentiment.label()));
    }
    if let Some(summary) = &call.summary {
        analysis.push(fact("Summary", summary));
    }
    let started = zone.show(call.created_at);
    html(&CallPage {
        frame: visit.frame(&scope, format!("Call {}", phone_text(call.other_number())), Here::Calls),
        crumbs: vec![Crumb::new("Calls", format!("{home}/calls"))],
        id: id.to_string(),
        number: phone_text(call.other_number()),
        direction: call.direction.label(),
        badge: Badge::call(call.status.as_str()),
        agent: call.agent_name.clone(),
        started,
        timeline: [
            Some(Moments { word: "Started", icon: "clock", at: started, note: String::new() }),
            call.answered_at.map(|at| Moments {
                word: "Answered",
                icon: "check",
                at: zone.show(at),
                note: format!("after {}", clock_text((at - call.created_at).whole_seconds())),
            }),
            call.ended_at.map(|at| Moments {
                word: "Ended",
                icon: "close",
                at: zone.show(at),
                note: call.end_reason.map(|reason| reason.label().to_owned()).unwrap_or_default(),
            }),
        ]
        .into_iter()
        .flatten()
        .collect(),
        recording: recording(&scope, &site, &call),
        turns: turns
            .into_iter()
            .map(|turn| Turn {
                speaker: speaker(turn.speaker, call.direction).to_owned(),
                agent: turn.speaker == Speaker::Agent,
                second: turn.at.into(),
                lang: turn.language,
                text: turn.text,
            })
            .collect(),
        no_transcript: match call.answered_at {
            Some(_) => "No transcript was kept of this call.".into(),
            None => "The call was not answered, so nothing was said.".into(),
        },
        facts,
        analysis,
    })
}

/// Who speaks, in a call of this direction: whoever is called is not the caller.
fn speaker(speaker: Speaker, direction: Direction) -> &'static str {
    match (speaker, direction) {
        (Speaker::Caller, Direction::Outbound) => "Customer",
        (speaker, _) => speaker.label(),
    }
}

fn recording<P: Permission>(scope: &Scope<P>, site: &Site, call: &Call) -> Recording {
    if call.recording_bytes.is_none() {
        return Recording::None(match call.answered_at {
            Some(_) => "No recording was kept of this call.".into(),
            None => "The call was not answered, so there is no recording.".into(),
        });
    }
    if !scope.holds::<PlayRecordings>() {
        return Recording::None(PlayRecordings::REFUSAL.into());
    }
    let href = recording_link::href(site, scope, call.id);
    Recording::Ready {
        download_href: Some(format!("{href}&download=yes")),
        audio_href: href,
        until: String::new(),
    }
}
