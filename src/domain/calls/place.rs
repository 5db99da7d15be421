//! Having an agent call somebody (`domain.md` 3.4, 6.6).
//!
//! What is asked for is looked at in the account's region, admitted in the control database,
//! and entered in the region. No transaction spans the two: a crash in between leaves a slot
//! without a call, which comes back at its deadline.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    access::{Change, Event, RegionTx, Scope, permission::PlaceCalls},
    domain::{
        agents,
        billing::{charges::Terms, rates::Speaking},
        idempotency::{self, IdempotencyKey},
        limits::admission::{self, Asking, Verdict},
        numbers,
    },
    error::Error,
    values::{AgentId, CallId, Direction, E164, KeyMode},
};

use super::{
    life::{self, Beginning},
    test_calls,
};

/// A call that somebody wants made.
#[derive(Debug, Clone, Serialize)]
pub struct Wanted {
    /// Whom to call.
    pub to: E164,
    /// The agent that is to speak.
    pub agent: AgentId,
    /// The version of it; the latest that is published where none is named.
    pub version: Option<i32>,
    /// What the agent is told about this call.
    pub metadata: Map<String, Value>,
    /// What the asker notes on the call.
    pub notes: Option<Map<String, Value>>,
}

/// A call that was admitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// The call.
    pub id: CallId,
    /// Whom it goes to, in E.164.
    pub to: String,
    /// The agent that speaks.
    pub agent: AgentId,
    /// The version of it.
    pub version: i32,
}

const OPERATION: &str = "call.place";

/// Places a call, once per `key`.
///
/// # Errors
/// [`Error::NotFound`] for an agent that is not one of the asker's; [`Error::Invalid`] on
/// `agent_version_number` for a version that is not published; [`Error::Conflict`] with code
/// `agent_not_published`, `no_number`, or that of a [refusal](admission::Refusal).
pub async fn place(
    scope: &Scope<PlaceCalls>,
    wanted: Wanted,
    key: Option<IdempotencyKey>,
) -> Result<Placed, Error> {
    let (asked, its_key) = (wanted.clone(), key.clone());
    let looked = scope
        .read_region(move |tx| {
            if let Some(key) = &its_key
                && let Some(placed) = idempotency::recorded(tx, OPERATION, key, &asked)?
            {
                return Ok(Looked::Done(placed));
            }
            look(tx, &asked).map(Looked::Ready)
        })
        .await?;
    let (mut beginning, speaking) = match looked {
        Looked::Done(placed) => return Ok(placed),
        Looked::Ready(ready) => *ready,
    };
    if beginning.mode == KeyMode::Live {
        beginning.price_per_minute = admit(scope, beginning.id, speaking).await?.price_per_minute;
    }
    let id = beginning.id;
    let entered = scope
        .write_region(move |tx| match &key {
            Some(key) => idempotency::once(tx, OPERATION, key, &wanted, |tx| enter(tx, &beginning)),
            None => enter(tx, &beginning),
        })
        .await;
    // Somebody was faster under the same key, or it could not be entered.
    if !entered.as_ref().is_ok_and(|placed| placed.id == id) {
        scope.write(move |tx| admission::withdraw(tx, id)).await?;
    }
    entered
}

enum Looked {
    Done(Placed),
    Ready(Box<(Beginning, Speaking)>),
}

fn look(tx: &mut RegionTx<'_, PlaceCalls>, wanted: &Wanted) -> Result<Box<(Beginning, Speaking)>, Error> {
    let agent = agents::configured(tx, wanted.agent)?;
    let version = match wanted.version {
        None => agent.published().ok_or_else(|| Error::Conflict {
            code: "agent_not_published",
            message: "This agent has no published version yet. Publish one first.".into(),
        })?,
        Some(number) => agent
            .versions
            .iter()
            .find(|version| version.number == number && version.is_published)
            .ok_or_else(|| {
                Error::invalid("agent_version_number", "Name a published version of the agent.")
            })?,
    };
    let (number, from) =
        numbers::calling_for(tx, wanted.agent, agent.workspace)?.ok_or_else(|| Error::Conflict {
            code: "no_number",
            message: "There is no phone number to call from. Buy one in the agent’s workspace first.".into(),
        })?;
    let beginning = Beginning {
        id: CallId::new(),
        workspace: agent.workspace,
        agent: agent.id,
        agent_name: version.settings.title.clone(),
        agent_version: version.number,
        number,
        direction: Direction::Outbound,
        from,
        to: wanted.to.clone(),
        mode: tx.asker().mode(),
        metadata: Some(Value::Object(wanted.metadata.clone())),
        notes: wanted.notes.clone().map(Value::Object),
        price_per_minute: 0,
    };
    Ok(Box::new((beginning, version.settings.speaking())))
}

async fn admit(scope: &Scope<PlaceCalls>, call: CallId, speaking: Speaking) -> Result<Terms, Error> {
    let (direction, lease) = (Direction::Outbound, scope.lease());
    let asking = Asking { call, direction, engine: None, reference: None, lease, speaking };
    match scope.write(move |tx| admission::admit(tx, &asking)).await? {
        Verdict::Admitted(terms) => Ok(terms),
        Verdict::Again(_) => Err(Error::internal("a call without a reference was known")),
        Verdict::Refused(refusal) => Err(refusal.into()),
    }
}

fn enter(tx: &mut RegionTx<'_, PlaceCalls>, beginning: &Beginning) -> Result<Change<Placed>, Error> {
    life::begin(tx, beginning)?;
    if beginning.mode == KeyMode::Test {
        test_calls::begin(tx, beginning.id)?;
    }
    let placed = Placed {
        id: beginning.id,
        to: beginning.to.as_str().to_owned(),
        agent: beginning.agent,
        version: beginning.agent_version,
    };
    // A call is a record itself, which the log does not repeat; what people do stands there.
    if tx.asker().principal.person().is_none() {
        return Ok(Change::none(placed));
    }
    let event = Event {
        account: tx.account().id,
        action: "call.placed",
        object: placed.to.clone(),
        object_id: placed.id.to_string(),
        details: json!({ "agent": placed.agent, "version": placed.version }),
    };
    Ok(Change::new(placed, event))
}
