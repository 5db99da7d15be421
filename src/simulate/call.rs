//! One call, from its admission to its end: what an engine tells of it, and when.

use std::{
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::{Either, select};
use rand::{SeedableRng, rngs::StdRng};
use reqwest::{Method, RequestBuilder, header};
use serde_json::{Value, json};

use crate::{
    spoken::{
        scripts::{AGENTS, Conversation, Scripts, Trade},
        voice::Voices,
    },
    start::Stop,
    values::Direction,
};

use super::{
    accounts::Account,
    client::{Client, Kind, Trouble},
    fate::{Fate, Fates},
    report::Report,
    wire::{Admitted, Ended, Heard},
};

/// How long it is tried to tell of an end. After its deadline the server closes the call itself.
const TO_THE_END: Duration = Duration::from_secs(60);
/// How long it is tried to tell of anything else.
const IN_TIME: Duration = Duration::from_secs(5);

/// Who plays the calls.
pub struct Engine {
    /// The server.
    pub client: Client,
    /// What happened.
    pub report: Arc<Report>,
    /// What becomes of calls.
    pub fates: Fates,
    /// How they sound.
    pub voices: Voices,
    /// Whether to hang up.
    pub stop: Stop,
}

/// Why a stretch of a call is over.
enum Over {
    /// It took as long as it was to take.
    Time,
    /// The server wants the call to end.
    Told { reason: String, left: Duration },
    /// Its place was given back.
    Lost,
    /// The server knows no such call.
    Gone,
    /// The engine stops.
    Stopped,
}

/// A call that goes on.
struct Live<'a> {
    engine: &'a Engine,
    call: &'a Admitted,
    beat: Instant,
}

impl Engine {
    /// Plays a call to its end.
    pub async fn play(&self, call: Admitted, account: Option<&Account>, seed: u64) {
        self.report.began();
        let mut random = StdRng::seed_from_u64(seed);
        let longest = Duration::from_secs(call.max_duration_seconds.into());
        let plan = self.fates.draw(&mut random, call.direction, longest);
        let talk = conversation(&mut random, &call, account, plan.fate);
        let mut live = Live { engine: self, call: &call, beat: Instant::now() };
        live.next_beat();
        let mut answered = None;
        let over = 'call: {
            match live.last(plan.dialling).await {
                Over::Time => {}
                over => break 'call over,
            }
            if plan.fate != Fate::Failed {
                if let Some(over) = live.tell(Kind::Ringing, "ringing").await {
                    break 'call over;
                }
                match live.last(plan.ringing).await {
                    Over::Time => {}
                    over => break 'call over,
                }
            }
            if plan.talking.is_zero() {
                break 'call Over::Time;
            }
            if let Some(over) = live.tell(Kind::Answered, "answered").await {
                break 'call over;
            }
            answered = Some(Instant::now());
            live.last(plan.talking).await
        };
        let reason = match &over {
            Over::Time => plan.end_reason,
            Over::Told { reason, .. } if reason == "insufficient_balance" => "insufficient_balance",
            Over::Told { .. } | Over::Stopped => "agent_disconnected",
            Over::Lost => "network_failure",
            Over::Gone => return self.report.unreported(),
        };
        let heard = answered.map(|since| {
            let seconds = u32::try_from(since.elapsed().as_secs()).unwrap_or(u32::MAX);
            // Who hung up early did not hear the rest.
            let mut talk = talk.lasting(u32::try_from(plan.talking.as_secs()).unwrap_or(u32::MAX));
            talk.turns.retain(|turn| turn.at <= seconds);
            (seconds, talk)
        });
        self.end(&call, reason, heard).await;
    }

    /// Tells of the end and hands in what is kept of the call.
    async fn end(&self, call: &Admitted, reason: &str, heard: Option<(u32, Conversation)>) {
        let mut body = json!({ "end_reason": reason });
        if let Some((seconds, talk)) = &heard {
            body["duration_seconds"] = json!(seconds);
            if let Some(sentiment) = talk.sentiment {
                body["analysis"] = json!({ "sentiment": sentiment, "summary": talk.summary });
            }
        }
        let told = || self.about(call, Method::POST, "ended").json(&body);
        match self.client.insist::<Ended>(Kind::Ended, TO_THE_END, told).await {
            Ok(ended) => self.report.ended(&ended.status, ended.late),
            Err(trouble) => {
                self.unexpected(Kind::Ended, &trouble);
                return self.report.unreported();
            }
        }
        let Some((_, talk)) = heard else { return };
        let turns = json!({ "turns": talk.turns });
        let transcript = || self.about(call, Method::PUT, "transcript").json(&turns);
        if let Err(trouble) = self.client.insist::<Value>(Kind::Transcript, IN_TIME, transcript).await {
            self.unexpected(Kind::Transcript, &trouble);
        }
        let sound = if call.record { self.voices.speak(&talk.turns).ok() } else { None };
        if let Some(sound) = sound {
            let recording = || {
                self.about(call, Method::PUT, "recording")
                    .header(header::CONTENT_TYPE, "audio/wav")
                    .body(sound.clone())
            };
            if let Err(trouble) = self.client.insist::<Value>(Kind::Recording, IN_TIME, recording).await {
                self.unexpected(Kind::Recording, &trouble);
            }
        }
    }

    /// A request about a call.
    fn about(&self, call: &Admitted, method: Method, what: &str) -> RequestBuilder {
        let path = format!("/calls/{}/{what}", call.call_id);
        self.client.engine(method, &path).header("Lease", &call.lease)
    }

    /// A refusal that nobody reckoned with is an error; failures are counted where they happen.
    fn unexpected(&self, kind: Kind, trouble: &Trouble) {
        if let Trouble::Refused { status, code } = trouble {
            self.report.broke(kind, &format!("refused: {status} {code}"));
        }
    }
}

impl Live<'_> {
    fn next_beat(&mut self) {
        self.beat = Instant::now() + Duration::from_secs(self.call.heartbeat_seconds.max(1).into());
    }

    /// Lets the call go on for so long, telling the server that it does.
    async fn last(&mut self, time: Duration) -> Over {
        let (mut until, mut told) = (Instant::now() + time, None);
        loop {
            let next = until.min(self.beat);
            let waiting = pin!(tokio::time::sleep_until(next.into()));
            if let Either::Right(_) = select(waiting, self.engine.stop.wait()).await {
                return Over::Stopped;
            }
            if Instant::now() >= self.beat {
                self.next_beat();
                match self.tell(Kind::Heartbeat, "heartbeat").await {
                    // What is paid is used to its end.
                    Some(Over::Told { reason, left }) => {
                        until = until.min(Instant::now() + left);
                        told = Some(Over::Told { reason, left });
                    }
                    Some(over) => return over,
                    None => {}
                }
            }
            if Instant::now() >= until {
                return told.unwrap_or(Over::Time);
            }
        }
    }

    /// Tells the server something of the call; `None`: it goes on. What the server was not
    /// told, since it was not reached, it will hear with the next heartbeat.
    async fn tell(&mut self, kind: Kind, what: &str) -> Option<Over> {
        let said = || self.engine.about(self.call, Method::POST, what).json(&json!({}));
        match self.engine.client.insist::<Heard>(kind, IN_TIME, said).await {
            Ok(Heard { action, reason, in_seconds, .. }) if action == "end" => {
                let reason = reason.unwrap_or_default();
                self.engine.report.told_to_end(&reason);
                Some(Over::Told { reason, left: Duration::from_secs(in_seconds.unwrap_or(0)) })
            }
            Ok(Heard { late: false, .. }) => None,
            Ok(_) | Err(Trouble::Refused { status: 410, .. }) => {
                self.engine.report.lost();
                Some(Over::Lost)
            }
            Err(trouble @ Trouble::Refused { status: 404, .. }) => {
                self.engine.unexpected(kind, &trouble);
                Some(Over::Gone)
            }
            Err(trouble) => {
                self.engine.unexpected(kind, &trouble);
                None
            }
        }
    }
}

/// What is said in a call: by what the agent is told it helps with, in the languages of the region.
fn conversation(random: &mut StdRng, call: &Admitted, account: Option<&Account>, fate: Fate) -> Conversation {
    let told = call.agent.settings.to_string();
    let anything = call.own_number().bytes().map(usize::from).sum::<usize>() % Trade::ALL.len();
    let trade = Trade::of_prompt(&told).unwrap_or(Trade::ALL[anything]);
    let (company, region) =
        account.map_or((call.agent.name.as_str(), ""), |account| (&account.name, &account.region));
    let called = AGENTS.iter().position(|(name, _)| call.agent.name.starts_with(name)).unwrap_or(0);
    let scripts = Scripts::of(trade, !matches!(region, "us" | "eu"));
    let machine = fate == Fate::Voicemail && call.direction == Direction::Outbound;
    if machine {
        scripts.voicemail(random, company, called)
    } else {
        scripts.talk(random, call.direction, company, called)
    }
}
