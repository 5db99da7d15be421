//! What telephony engines ask for: calls that come in, and calls that wait to be made
//! (`domain.md` 6.6).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use diesel::prelude::*;
use serde_json::Value;
use time::OffsetDateTime;

use crate::{
    access::{Access, Change, Engine, Lease, RegionTx, Scope, permission::RecordCalls},
    domain::{
        agents,
        billing::{charges::Terms, rates},
        limits::{
            admission::{self, Asking, Verdict},
            leases::{self, Overdue, Taken},
            settlement::{Ended, Settled},
            together::{self, Together},
        },
        numbers,
    },
    error::Error,
    schema::region::calls,
    values::{AgentId, CallId, Direction, E164, KeyMode},
};

use super::{
    Call,
    life::{self, Beginning, Step},
    retention,
};

/// A call that rings at a number.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The number that was dialled.
    pub to: E164,
    /// The number that calls.
    pub from: E164,
    /// By what the engine knows it.
    pub reference: String,
}

/// The agent that speaks in a call, as an engine needs it.
#[derive(Debug, Clone)]
pub struct Speaking {
    /// Which.
    pub id: AgentId,
    /// What it is called.
    pub name: String,
    /// Which version of it.
    pub version: i32,
    /// How it behaves.
    pub settings: agents::Settings,
}

impl Speaking {
    /// The agent of a call, as a version of it says.
    fn of(call: &Call, id: AgentId, version: agents::Version) -> Self {
        Self { id, name: call.agent_name.clone(), version: version.number, settings: version.settings }
    }
}

/// A call that an engine is given.
#[derive(Debug, Clone)]
pub struct Given {
    /// What proves in which account it is.
    pub lease: Lease,
    /// The call.
    pub call: Call,
    /// The agent that speaks.
    pub agent: Speaking,
    /// What the program that asked for it gave along.
    pub metadata: Option<Value>,
    /// Whether the account keeps recordings.
    pub is_recorded: bool,
}

/// What became of a call that rang.
#[derive(Debug, Clone)]
pub enum Arrived {
    /// It was admitted.
    Now(Box<Given>),
    /// It had been, under the same reference.
    Before(Box<Given>),
}

/// Admits a call that rings at a number, once per reference.
///
/// # Errors
/// [`Error::NotFound`] for a number that is nobody's here; [`Error::Conflict`] with code
/// `no_agent` where nobody answers it, `call_ended` for a reference of a call that has ended,
/// or that of a [refusal](admission::Refusal).
pub async fn arrive(access: &Arc<Access>, engine: &Engine, arrival: Arrival) -> Result<Arrived, Error> {
    let (organization, account, region) = access.account_of_number(arrival.to.clone()).await?;
    let id = CallId::new();
    let lease = Lease { organization, account, region, call: id };
    let scope = access.scope_of_lease(engine, &lease)?;
    let to = arrival.to.clone();
    let speaking = scope.read_region(move |tx| speaking_at(tx, &to)).await?;
    let asking = Asking {
        call: id,
        direction: Direction::Inbound,
        engine: Some(engine.id),
        reference: Some(arrival.reference.clone()),
        lease: scope.lease(),
        speaking,
    };
    let (verdict, is_recorded) = scope
        .write(move |tx| {
            let admitted = admission::admit(tx, &asking)?;
            let is_recorded = retention::keeps_recordings(tx)?;
            admitted.try_map(|verdict| Ok((verdict, is_recorded)))
        })
        .await?;
    let terms = match verdict {
        Verdict::Refused(refusal) => return Err(refusal.into()),
        Verdict::Again(call) => return before(&scope, Lease { call, ..lease }, is_recorded).await,
        Verdict::Admitted(terms) => terms,
    };
    let its_lease = lease.clone();
    let entered = scope
        .write_region(move |tx| Ok(Change::none(enter(tx, its_lease, &arrival, is_recorded, terms)?)))
        .await;
    if let Ok(Entered::Now(given)) = entered {
        return Ok(Arrived::Now(given));
    }
    scope.write(move |tx| admission::withdraw(tx, id)).await?;
    match entered? {
        Entered::Now(given) => Ok(Arrived::Now(given)),
        Entered::Before(call) => before(&scope, Lease { call, ..lease }, is_recorded).await,
    }
}

fn no_agent() -> Error {
    Error::Conflict { code: "no_agent", message: "No published agent answers this number.".into() }
}

/// What speaks in a call that rings at a number; nothing where nobody answers it, which is said as
/// the call is entered.
fn speaking_at(tx: &mut RegionTx<'_, RecordCalls>, to: &E164) -> Result<rates::Speaking, Error> {
    let (_, agent) = numbers::answering(tx, to)?;
    let Some(agent) = agent else { return Ok(rates::Speaking::default()) };
    let agent = agents::configured(tx, agent)?;
    Ok(agent.published().map(|version| version.settings.speaking()).unwrap_or_default())
}

/// What became of entering a call that came in.
enum Entered {
    Now(Box<Given>),
    /// The engine knows this call by that reference already.
    Before(CallId),
}

/// Enters a call that came in.
fn enter(
    tx: &mut RegionTx<'_, RecordCalls>,
    lease: Lease,
    arrival: &Arrival,
    is_recorded: bool,
    terms: Terms,
) -> Result<Entered, Error> {
    let id = lease.call;
    if let Some(known) = life::keep_reference(tx, &arrival.reference, id)? {
        return Ok(Entered::Before(known));
    }
    let (number, agent) = numbers::answering(tx, &arrival.to)?;
    let agent = agents::configured(tx, agent.ok_or_else(no_agent)?)?;
    let version = agent.published().ok_or_else(no_agent)?;
    let beginning = Beginning {
        id,
        workspace: agent.workspace,
        agent: agent.id,
        agent_name: version.settings.title.clone(),
        agent_version: version.number,
        number,
        direction: Direction::Inbound,
        from: arrival.from.clone(),
        to: arrival.to.clone(),
        mode: KeyMode::Live,
        metadata: None,
        notes: None,
        price_per_minute: terms.price_per_minute,
    };
    let call = life::begin(tx, &beginning)?;
    let agent = Speaking::of(&call, agent.id, version.clone());
    Ok(Entered::Now(Box::new(Given { lease, call, agent, metadata: None, is_recorded })))
}

async fn before(scope: &Scope<RecordCalls>, lease: Lease, is_recorded: bool) -> Result<Arrived, Error> {
    let given = scope.read_region(move |tx| given(tx, lease, is_recorded)).await?;
    if given.call.ended_at.is_some() {
        return Err(Error::Conflict { code: "call_ended", message: "This call has ended.".into() });
    }
    Ok(Arrived::Before(Box::new(given)))
}

/// A call as an engine needs it.
fn given(tx: &mut RegionTx<'_, RecordCalls>, lease: Lease, is_recorded: bool) -> Result<Given, Error> {
    let (call, metadata) = calls::table
        .filter(calls::call_id.eq(lease.call))
        .select((Call::as_select(), calls::metadata))
        .first::<(Call, Option<Value>)>(tx.connection())?;
    let agent = agents::configured(tx, call.agent.ok_or(Error::NotFound)?)?;
    let version = agent.versions.into_iter().find(|version| Some(version.number) == call.agent_version);
    let agent = Speaking::of(&call, agent.id, version.ok_or(Error::NotFound)?);
    Ok(Given { lease, call, agent, metadata, is_recorded })
}

/// Gives an engine outbound calls that wait, `most` of them. One that cannot be read now is
/// left to its deadline.
///
/// # Errors
/// Those of the control database.
pub async fn claim(access: &Arc<Access>, engine: &Engine, most: i64) -> Result<Vec<Given>, Error> {
    let (id, regions, lease) = (engine.id, engine.regions.clone(), access.lease());
    let taken = access.gate_of_engine(id, move |tx| leases::take(tx, id, &regions, most, lease)).await?;
    let mut claimed = Vec::with_capacity(taken.len());
    for call in taken {
        let (id, given) = (call.call, initiate_when_entered(access, engine, call).await);
        match given {
            Ok(given) => claimed.push(given),
            Err(error) => tracing::warn!(call = %id, %error, "a call that was taken could not be read"),
        }
    }
    Ok(claimed)
}

/// How long it is looked again for a call that is being entered.
const ENTERING: Duration = Duration::from_secs(1);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A call's place is there before its record is: whoever takes it in between waits a moment.
async fn initiate_when_entered(access: &Arc<Access>, engine: &Engine, taken: Taken) -> Result<Given, Error> {
    let until = Instant::now() + ENTERING;
    loop {
        match initiate(access, engine, taken.clone()).await {
            Err(Error::NotFound) if Instant::now() < until => tokio::time::sleep(LOOK_AGAIN).await,
            outcome => return outcome,
        }
    }
}

async fn initiate(access: &Arc<Access>, engine: &Engine, taken: Taken) -> Result<Given, Error> {
    let lease = Lease {
        organization: taken.organization,
        account: taken.account(),
        region: taken.region,
        call: taken.call,
    };
    let scope = access.scope_of_lease(engine, &lease)?;
    let id = lease.call;
    let is_recorded = scope.read(retention::keeps_recordings).await?;
    scope
        .write_region(move |tx| {
            life::advance(tx, id, Step::Initiated)?;
            given(tx, lease, is_recorded).map(Change::none)
        })
        .await
}

/// Has the control database count and charge a call that has ended, and tell of it.
///
/// # Errors
/// Those of the control database: whoever reports the end again, or the deadline, settles it.
pub async fn settle(together: &Together, scope: &Scope<RecordCalls>, call: &Call) -> Result<(), Error> {
    let settled = together.settle(scope, account_for(scope, call)).await?;
    note_charge(scope, call, settled).await
}

fn account_for(scope: &Scope<RecordCalls>, call: &Call) -> Ended {
    let account = &scope.asker().account;
    life::account_for(account.organization, account.id, call)
}

/// Notes what was charged, where that is not what the call's minutes come to.
async fn note_charge(scope: &Scope<RecordCalls>, call: &Call, settled: Settled) -> Result<(), Error> {
    let (id, expected) = (call.id, call.cost_minor);
    match settled {
        Settled::Now(charged) if charged.price != expected => {
            scope.write_region(move |tx| life::note_charge(tx, id, charged.price).map(Change::none)).await
        }
        _ => Ok(()),
    }
}

/// Closes a call whose deadline has passed: its place first, then its record, then its account.
/// Each step can be repeated.
///
/// # Errors
/// Those of the databases; it is taken up again.
pub async fn close_overdue(access: &Arc<Access>, overdue: Overdue) -> Result<(), Error> {
    let Overdue { organization, account, call: id, region, expired_at, was_taken } = overdue;
    let scope = access.scope_of_job::<RecordCalls>("reaper", organization, account, region)?;
    if !scope.write(move |tx| leases::reclaim(tx, id)).await? {
        // It was renewed, or has ended, since it was found.
        return Ok(());
    }
    let last_known = (expired_at - scope.lease()).min(OffsetDateTime::now_utc());
    let ended =
        scope.write_region(move |tx| life::end_lost(tx, id, last_known, was_taken).map(Change::none)).await;
    match ended {
        Ok(call) => {
            let settled = together::alone(&scope, account_for(&scope, &call)).await?;
            note_charge(&scope, &call, settled).await
        }
        // A slot without a call: whoever was admitting it is gone.
        Err(Error::NotFound) => scope.write(move |tx| admission::withdraw(tx, id)).await,
        Err(error) => Err(error),
    }
}
