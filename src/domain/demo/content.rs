//! What an account of the demo world does: agents, numbers and calls.

use rand::{Rng, rngs::StdRng, seq::IndexedRandom};
use time::{Duration, OffsetDateTime};

use crate::{
    domain::{
        agents::{Agent, Pipeline},
        calls::{Call, CallStatus, Direction, record::Entered},
        numbers::Number,
    },
    spoken::scripts::{AGENTS, Scripts, Trade},
    values::{AgentId, CallId, KeyMode, NumberId, Region, WorkspaceId},
};

use super::{traffic, world::Activity};

/// The account that content is made for.
#[derive(Clone)]
pub struct Plan {
    /// What it is called where its agents answer the phone.
    pub company: String,
    pub region: Region,
    pub activity: Activity,
    /// The days it looks back on.
    pub days: u16,
    /// Days since calls stopped.
    pub stopped: u16,
    /// Where its numbers begin among all of the demo world.
    pub first_number: u32,
    /// ISO 4217.
    pub currency: String,
    /// Whether the account itself is charged for its calls.
    pub is_charged: bool,
    pub now: OffsetDateTime,
    /// The id of its first agent, by which a second loading knows that it is one.
    pub first_agent: AgentId,
}

/// What is made.
pub struct Content {
    pub agents: Vec<Agent>,
    pub numbers: Vec<Number>,
    pub calls: Vec<Entered>,
}

/// Makes an account's content.
pub fn make(plan: &Plan, workspace: WorkspaceId, random: &mut StdRng) -> Content {
    let since = plan.now - Duration::days(i64::from(plan.days) + 2);
    if plan.days == 0 {
        return Content { agents: Vec::new(), numbers: Vec::new(), calls: Vec::new() };
    }
    let agents = agents(plan, workspace, since, random);
    let numbers = numbers(plan, workspace, since, &agents);
    let calls = calls(plan, workspace, &agents, &numbers, random);
    Content { agents: agents.into_iter().map(|made| made.agent).collect(), numbers, calls }
}

struct Made {
    agent: Agent,
    direction: Direction,
    /// Which of [`AGENTS`] it is.
    voice: usize,
}

fn speaks_hindi(region: &Region) -> bool {
    !matches!(region.as_str(), "us" | "eu")
}

fn agents(plan: &Plan, workspace: WorkspaceId, since: OffsetDateTime, random: &mut StdRng) -> Vec<Made> {
    let trade = plan.activity.trade;
    let (inbound, outbound) = match trade {
        Trade::Ecommerce => (["Order support", "Returns"], ["Cash on delivery", "Baskets"]),
        Trade::Clinic => (["Front desk", "Night desk"], ["Reminders", "Recall"]),
        Trade::Lending => (["Applications", "Service desk"], ["Instalments", "Overdue"]),
        Trade::Logistics => (["Pick-ups", "Tracking"], ["Delivery slots", "Unloading"]),
        Trade::Hotel => (["Reservations", "Concierge"], ["Confirmations", "Feedback"]),
        Trade::Education => (["Admissions", "Office"], ["Fees", "Absences"]),
        Trade::Food => (["Orders", "Tables"], ["Order changes", "Feedback"]),
        Trade::Auto => (["Workshop desk", "Road help"], ["Service due", "Follow-up"]),
        Trade::Property => (["Enquiries", "Office"], ["Visits", "New projects"]),
        Trade::Travel => (["Bookings", "Help on the way"], ["Changes", "Offers"]),
        Trade::Utility => (["Faults", "Bills"], ["Planned work", "Meter visits"]),
        Trade::Insurance => (["Claims", "Policies"], ["Renewals", "Welcome"]),
        Trade::Home => (["Bookings", "Office"], ["Arrivals", "Reviews"]),
        Trade::Voice => (["Reception", "Support"], ["Check-ins", "Renewals"]),
    };
    let each = if plan.activity.calls_per_day >= 6.0 { 2 } else { 1 };
    let first_voice = random.random_range(0..AGENTS.len());
    let mut made = Vec::new();
    for (direction, tasks) in [(Direction::Inbound, inbound), (Direction::Outbound, outbound)] {
        for task in &tasks[..each] {
            let voice = first_voice + made.len();
            let (name, _) = AGENTS[voice % AGENTS.len()];
            let pipeline =
                if random.random_bool(0.7) { Pipeline::Cascaded } else { Pipeline::SpeechToSpeech };
            let id = if made.is_empty() { plan.first_agent } else { AgentId::at(since) };
            let agent = Agent {
                id,
                workspace,
                name: format!("{name}, {}", task.to_lowercase()),
                pipeline,
                language: if speaks_hindi(&plan.region) { "Hindi, English" } else { "English" }.to_owned(),
                voice: format!("{name} ({})", if speaks_hindi(&plan.region) { "Indian" } else { "neutral" }),
                llm: match pipeline {
                    Pipeline::Cascaded => ["GPT-4o mini", "Gemini 2.5 Flash", "Llama 3.3 70B"],
                    Pipeline::SpeechToSpeech => ["GPT Realtime", "Gemini Live", "GPT Realtime"],
                }[random.random_range(0..3)]
                .to_owned(),
                prompt: trade.prompt(&plan.company, direction),
                created_at: since,
            };
            made.push(Made { agent, direction, voice });
        }
    }
    made
}

/// An account's own number: of ranges that nobody has, where a country keeps such.
fn own_number(region: &Region, at: u32) -> String {
    match region.as_str() {
        "us" => format!("+14155550{:03}", 100 + at % 100),
        "eu" => format!("+3319900{:04}", at % 10_000),
        _ => format!("+91804718{:04}", 2_200 + at % 7_000),
    }
}

fn numbers(plan: &Plan, workspace: WorkspaceId, since: OffsetDateTime, agents: &[Made]) -> Vec<Number> {
    let monthly_cost_minor = if speaks_hindi(&plan.region) { 29_900 } else { 44_900 };
    (0_u32..)
        .zip(agents)
        .map(|(at, made)| Number {
            id: NumberId::at(since),
            workspace,
            e164: own_number(&plan.region, plan.first_number + at),
            label: match made.direction {
                Direction::Inbound => "Customers call in".to_owned(),
                Direction::Outbound => "Shown when we call".to_owned(),
            },
            // Whoever calls back a number that called them is answered too.
            agent: Some(made.agent.id),
            monthly_cost_minor,
            created_at: since,
        })
        .collect()
}

/// Somebody's number: like real ones, of those that samples are made of.
fn other_number(region: &Region, random: &mut StdRng) -> String {
    match region.as_str() {
        "us" => {
            let area = ["206", "303", "415", "512", "617"].choose(random).copied().unwrap_or("206");
            format!("+1{area}55501{:02}", random.random_range(0..100))
        }
        "eu" => format!("+3363998{:04}", random.random_range(0..10_000)),
        _ => {
            let start = ["98765", "90000", "99999"].choose(random).copied().unwrap_or("98765");
            format!("+91{start}{:05}", random.random_range(10_000..60_000))
        }
    }
}

/// What a started minute costs, in minor units: telephony, language model and, where
/// cascaded, transcriber and voice.
pub fn rate(pipeline: Pipeline, region: &Region) -> i64 {
    let telephony = if speaks_hindi(region) { 60 } else { 125 };
    let rest = match pipeline {
        Pipeline::Cascaded => 110 + 55 + 125,
        Pipeline::SpeechToSpeech => 420,
    };
    telephony + rest
}

fn calls(
    plan: &Plan,
    workspace: WorkspaceId,
    agents: &[Made],
    numbers: &[Number],
    random: &mut StdRng,
) -> Vec<Entered> {
    let until = plan.now - Duration::days(plan.stopped.into()) - Duration::minutes(12);
    let days = plan.days.saturating_sub(plan.stopped);
    let Activity { trade, calls_per_day, inbound_percent, .. } = plan.activity;
    let moments = traffic::moments(random, trade, calls_per_day, inbound_percent, &plan.region, days, until);
    let scripts = Scripts::of(trade, speaks_hindi(&plan.region));
    let mut calls = Vec::with_capacity(moments.len());
    for (created_at, direction) in moments {
        let fits: Vec<_> =
            agents.iter().zip(numbers).filter(|(made, _)| made.direction == direction).collect();
        let Some((made, number)) = fits.choose(random).copied() else { continue };
        let other = other_number(&plan.region, random);
        let (from_e164, to_e164) = match direction {
            Direction::Inbound => (other, number.e164.clone()),
            Direction::Outbound => (number.e164.clone(), other),
        };
        let (status, reason) = traffic::outcome(random, direction);
        let ringing = Duration::milliseconds(random.random_range(1_500..24_000));
        let mut call = Call {
            id: CallId::at(created_at),
            workspace,
            agent: Some(made.agent.id),
            agent_name: made.agent.name.clone(),
            direction,
            status,
            end_reason: Some(reason),
            from_e164,
            to_e164,
            created_at,
            answered_at: None,
            ended_at: Some(created_at + ringing),
            duration_seconds: 0,
            cost_minor: 0,
            currency: plan.currency.clone(),
            sentiment: None,
            summary: None,
            recording_bytes: None,
            mode: KeyMode::Live,
            number: Some(number.id),
            agent_version: None,
        };
        let mut turns = Vec::new();
        if status == CallStatus::Completed {
            let talk = scripts.talk(random, direction, &plan.company, made.voice);
            let answered = created_at + ringing;
            call.answered_at = Some(answered);
            call.ended_at = Some(answered + Duration::seconds(talk.seconds.into()));
            call.duration_seconds = i32::try_from(talk.seconds).unwrap_or(i32::MAX);
            if plan.is_charged {
                call.cost_minor = call.minutes() * rate(made.agent.pipeline, &plan.region);
            }
            call.sentiment = talk.sentiment;
            call.summary = Some(talk.summary);
            turns = talk.turns;
        }
        calls.push(Entered { call, turns });
    }
    calls
}
