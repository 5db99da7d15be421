//! Calls that ring at a number, and calls that wait to be made.

use std::time::{Duration, Instant};

use actix_web::{Either, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::sleep;
use utoipa::ToSchema;

use crate::{
    access::{Access, Denied},
    domain::calls::engine::{self, Arrival, Arrived, Given},
    error::Error,
    json::{
        reply::{Created, Reply},
        request::{Body, present},
    },
    values::{AgentId, CallId, Direction, E164, Sealer},
};

use super::front::Asking;

/// A call that rings.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// The number that was dialled, in E.164.
    #[schema(example = "+918047182200", min_length = 8, max_length = 16)]
    to: String,
    /// The number that calls, in E.164.
    #[schema(example = "+919876543210", min_length = 8, max_length = 16)]
    from: String,
    /// By what you know the call. Asking again under the same gets the same call.
    #[schema(example = "a84b4c76e66710@gw1.example", min_length = 1, max_length = 200)]
    reference: String,
}

/// The agent that speaks.
#[derive(Debug, Serialize, ToSchema)]
pub struct SpeakingAgent {
    /// Its id.
    pub id: AgentId,
    /// What it is called.
    #[schema(example = "Asha, order support")]
    pub name: String,
    /// Which version of it.
    #[schema(minimum = 1, example = 2)]
    pub version: i32,
    /// How it behaves.
    #[schema(value_type = Object)]
    pub settings: Value,
}

/// A call that you are given.
#[derive(Debug, Serialize, ToSchema)]
pub struct Admitted {
    /// The call.
    pub call_id: CallId,
    /// Send it in the header `Lease` with everything about this call.
    pub lease: String,
    /// Who called whom.
    pub direction: Direction,
    /// The number that calls.
    #[schema(example = "+919876543210")]
    pub from: String,
    /// The number that is called.
    #[schema(example = "+918047182200")]
    pub to: String,
    /// The agent that speaks.
    pub agent: SpeakingAgent,
    /// What the program that asked for the call gave along for the agent.
    #[schema(required = true, value_type = Option<Object>)]
    pub metadata: Option<Value>,
    /// After so many seconds without a heartbeat the call's place is given to others.
    #[schema(minimum = 1, example = 30)]
    pub lease_seconds: u64,
    /// Send a heartbeat every so many seconds.
    #[schema(minimum = 1, example = 10)]
    pub heartbeat_seconds: u64,
    /// Whether the account keeps recordings: upload none where it does not.
    pub record: bool,
    /// End the call after so many seconds at the latest.
    #[schema(minimum = 1, example = 3600)]
    pub max_duration_seconds: u32,
}

/// The longest a call may be, in seconds.
const LONGEST: u32 = 3_600;

fn admitted(given: Given, access: &Access, sealer: &Sealer) -> Result<Admitted, Error> {
    let lease = access.lease().as_secs();
    Ok(Admitted {
        call_id: given.call.id,
        lease: given.lease.seal(sealer)?,
        direction: given.call.direction,
        from: given.call.from_e164,
        to: given.call.to_e164,
        agent: SpeakingAgent {
            id: given.agent.id,
            name: given.agent.name,
            version: given.agent.version,
            settings: serde_json::to_value(given.agent.settings).map_err(Error::internal)?,
        },
        metadata: given.metadata,
        lease_seconds: lease,
        heartbeat_seconds: (lease / 3).max(1),
        record: given.is_recorded,
        max_duration_seconds: LONGEST,
    })
}

fn number(field: &str, text: &str) -> Result<E164, Error> {
    E164::parse(text)
        .map_err(|_| Error::invalid(field, "must be a phone number in E.164, such as +919876543210"))
}

/// Asks for a call that rings
///
/// Answered 201, pick it up: its first minute is paid. Refused for `concurrency_limit_reached` or
/// `sub_account_suspended`, and with 402 for `insufficient_balance` or `spend_cap_reached`, reject it
/// as busy; there is no record of it. The same reference again gets the same call
/// and 200; after its end `call_ended`.
#[utoipa::path(post, path = "/calls", tag = "Admission", operation_id = "askForCall",
    request_body(content = Ask, example = json!({
        "to": "+918047182200", "from": "+919876543210", "reference": "a84b4c76e66710@gw1.example" })),
    responses(
        (status = 201, description = "It is admitted.", body = Admitted),
        (status = 200, description = "It had been, under this reference.", body = Admitted),
        (status = 402, description = "Its first minute cannot be paid.", body = crate::json::refusal::ErrorBody),
    ))]
pub async fn ask(
    engine: Asking,
    access: web::Data<Access>,
    sealer: web::Data<Sealer>,
    body: Body<Ask>,
) -> Result<Either<Created<Admitted>, Reply<Admitted>>, Denied> {
    let Ask { to, from, reference } = body.into_inner();
    if !(1..=200).contains(&reference.chars().count()) {
        return Err(Error::invalid("reference", "must be 1 to 200 characters").into());
    }
    let arrival = Arrival { to: number("to", &to)?, from: number("from", &from)?, reference };
    let access = access.into_inner();
    Ok(match engine::arrive(&access, &engine.0, arrival).await? {
        Arrived::Now(given) => Either::Left(Created(admitted(*given, &access, &sealer)?)),
        Arrived::Before(given) => Either::Right(Reply(admitted(*given, &access, &sealer)?)),
    })
}

/// How many calls are wanted, and how long to wait for the first.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// At most so many.
    #[serde(default, deserialize_with = "present")]
    #[schema(minimum = 1, maximum = 100, default = 10, value_type = i64, required = false)]
    most: Option<i64>,
    /// Seconds to wait while there is none.
    #[serde(default, deserialize_with = "present")]
    #[schema(minimum = 0, maximum = 30, default = 0, value_type = u64, required = false)]
    wait_seconds: Option<u64>,
}

/// Calls that you are given.
#[derive(Debug, Serialize, ToSchema)]
pub struct Claimed {
    /// None, where none waited.
    pub calls: Vec<Admitted>,
}

/// How often is looked for calls while an engine waits.
const LOOK: Duration = Duration::from_millis(250);

/// Takes calls that wait to be made
///
/// Outbound calls that were admitted in your regions, those first that wait the longest. Each
/// is given to one engine, whose it is from then on: send heartbeats at once.
#[utoipa::path(post, path = "/calls/claim", tag = "Admission", operation_id = "claimCalls",
    request_body(content = Claim, example = json!({ "most": 10, "wait_seconds": 20 })),
    responses((status = 200, description = "The calls.", body = Claimed)))]
pub async fn claim(
    asking: Asking,
    access: web::Data<Access>,
    sealer: web::Data<Sealer>,
    body: Body<Claim>,
) -> Result<Reply<Claimed>, Denied> {
    let (most, wait) = (body.0.most.unwrap_or(10), body.0.wait_seconds.unwrap_or(0));
    if !(1..=100).contains(&most) {
        return Err(Error::invalid("most", "must be 1 to 100").into());
    }
    if wait > 30 {
        return Err(Error::invalid("wait_seconds", "must be 0 to 30").into());
    }
    let (access, until) = (access.into_inner(), Instant::now() + Duration::from_secs(wait));
    loop {
        let given = engine::claim(&access, &asking.0, most).await?;
        if !given.is_empty() || Instant::now() + LOOK > until {
            let calls: Result<Vec<_>, _> =
                given.into_iter().map(|given| admitted(given, &access, &sealer)).collect();
            return Ok(Reply(Claimed { calls: calls? }));
        }
        sleep(LOOK).await;
    }
}
