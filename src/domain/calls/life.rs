//! A call from its admission to its end, as its region knows it (`domain.md` 6.6).
//!
//! Reports come late, twice and out of order: each says what it found, and changes only what
//! it moves forward.

use diesel::prelude::*;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use crate::{
    access::{
        GateTx, Notice, RegionTx,
        permission::{HoldsSlots, RecordCalls},
    },
    domain::{limits::settlement::Ended, usage::Addition},
    error::Error,
    schema::region::{call_references, calls},
    values::{
        AccountId, AgentId, CallId, Direction, E164, EventKind, KeyMode, NumberId, OrganizationId,
        WorkspaceId, indian_day,
    },
};

use super::{Call, CallStatus, EndReason, Sentiment, record};

/// A call that begins.
#[derive(Debug, Clone)]
pub struct Beginning {
    /// Its id.
    pub id: CallId,
    /// The workspace it belongs to.
    pub workspace: WorkspaceId,
    /// The agent that is to speak.
    pub agent: AgentId,
    /// What that agent is called.
    pub agent_name: String,
    /// The version of it.
    pub agent_version: i32,
    /// The account's number that it goes over.
    pub number: NumberId,
    /// Which way it goes.
    pub direction: Direction,
    /// The number that calls.
    pub from: E164,
    /// The number that is called.
    pub to: E164,
    /// Real or simulated.
    pub mode: KeyMode,
    /// What the account is charged for a started minute, in minor units.
    pub price_per_minute: i64,
    /// What the program that asks for it gives along for the agent.
    pub metadata: Option<Value>,
    /// What it gives along for itself.
    pub notes: Option<Value>,
}

/// The currency of calls: one for all organizations yet.
const CURRENCY: &str = "INR";

/// Enters a call that begins now.
pub fn begin<P: HoldsSlots>(tx: &mut RegionTx<'_, P>, beginning: &Beginning) -> Result<Call, Error> {
    // An engine has an inbound call already; an outbound one waits for one.
    let status = match beginning.direction {
        Direction::Inbound => CallStatus::Initiated,
        Direction::Outbound => CallStatus::Created,
    };
    Ok(diesel::insert_into(calls::table)
        .values((
            calls::call_id.eq(beginning.id),
            calls::workspace_id.eq(beginning.workspace),
            calls::agent_id.eq(beginning.agent),
            calls::agent_name.eq(&beginning.agent_name),
            calls::agent_version.eq(beginning.agent_version),
            calls::number_id.eq(beginning.number),
            calls::direction.eq(beginning.direction),
            calls::status.eq(status),
            calls::from_e164.eq(beginning.from.as_str()),
            calls::to_e164.eq(beginning.to.as_str()),
            calls::created_at.eq(OffsetDateTime::now_utc()),
            calls::currency.eq(CURRENCY),
            calls::mode.eq(beginning.mode),
            calls::price_per_minute.eq(beginning.price_per_minute),
            calls::metadata.eq(&beginning.metadata),
            calls::notes.eq(&beginning.notes),
        ))
        .returning(Call::as_returning())
        .get_result(tx.connection())?)
}

/// Keeps by what an engine knows a call. Gives the call that it knows by that already.
pub fn keep_reference(
    tx: &mut RegionTx<'_, RecordCalls>,
    reference: &str,
    call: CallId,
) -> Result<Option<CallId>, Error> {
    let kept = diesel::insert_into(call_references::table)
        .values((call_references::engine_reference.eq(reference), call_references::call_id.eq(call)))
        .on_conflict_do_nothing()
        .execute(tx.connection())?;
    if kept == 1 {
        return Ok(None);
    }
    let known = call_references::table
        .filter(call_references::engine_reference.eq(reference))
        .select(call_references::call_id);
    Ok(Some(known.first(tx.connection())?))
}

/// Forgets references of long ago, in every account; tells how many.
pub fn sweep_references(tx: &mut GateTx<'_>) -> Result<usize, Error> {
    // The gate sees, and may remove, only what is over.
    let over = call_references::table.filter(call_references::created_at.lt(diesel::dsl::now));
    Ok(diesel::delete(over).execute(tx.connection())?)
}

/// How far a call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// An engine sets it up.
    Initiated,
    /// It rings.
    Ringing,
    /// It was answered.
    Answered,
}

impl Step {
    fn status(self) -> CallStatus {
        match self {
            Self::Initiated => CallStatus::Initiated,
            Self::Ringing => CallStatus::Sent,
            Self::Answered => CallStatus::Received,
        }
    }

    /// The statuses of a call that has not come so far.
    fn before(self) -> &'static [CallStatus] {
        const ALL: [CallStatus; 3] = [CallStatus::Created, CallStatus::Initiated, CallStatus::Sent];
        match self {
            Self::Initiated => &ALL[..1],
            Self::Ringing => &ALL[..2],
            Self::Answered => &ALL,
        }
    }
}

/// Moves a call on, unless it has come as far or has ended. Gives the call as it is then.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not one of this account's.
pub fn advance(tx: &mut RegionTx<'_, RecordCalls>, id: CallId, step: Step) -> Result<Call, Error> {
    let one = calls::table.filter(calls::call_id.eq(id));
    let not_so_far = one.filter(calls::status.eq_any(step.before()));
    match step {
        Step::Answered => diesel::update(not_so_far)
            .set((calls::status.eq(step.status()), calls::answered_at.eq(OffsetDateTime::now_utc())))
            .execute(tx.connection())?,
        Step::Initiated | Step::Ringing => {
            diesel::update(not_so_far).set(calls::status.eq(step.status())).execute(tx.connection())?
        }
    };
    Ok(one.select(Call::as_select()).first(tx.connection())?)
}

/// How a call ended, as it is reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Why.
    pub reason: EndReason,
    /// Seconds from answer to end; none of a call that was not answered.
    pub seconds: Option<i32>,
    /// How the other side felt about it.
    pub sentiment: Option<Sentiment>,
    /// What it came to.
    pub summary: Option<String>,
}

/// A call that has ended.
#[derive(Debug, Clone)]
pub struct Over {
    /// The call.
    pub call: Call,
    /// Whether it had ended before, otherwise than was reported now.
    pub is_late: bool,
}

/// How much longer than we know a call may have gone on, as clocks and networks differ.
const TOLERANCE: Duration = Duration::seconds(5);

/// Ends a call. One that has ended stays as it is; what was found out about it afterwards is
/// added.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not one of this account's; [`Error::Invalid`] on
/// `duration_seconds` for one that cannot be.
pub fn end(tx: &mut RegionTx<'_, RecordCalls>, id: CallId, ending: &Ending) -> Result<Over, Error> {
    let one = calls::table.filter(calls::call_id.eq(id));
    let call: Call = one.select(Call::as_select()).for_update().first(tx.connection())?;
    if call.ended_at.is_some() {
        return end_again(tx, call, ending);
    }
    let now = OffsetDateTime::now_utc();
    let seconds = match (call.answered_at, ending.seconds) {
        (None, None | Some(0)) => 0,
        (None, Some(_)) => {
            return Err(Error::invalid("duration_seconds", "A call that was not answered has no duration."));
        }
        (Some(_), None) => {
            return Err(Error::invalid("duration_seconds", "Say how long it was from answer to end."));
        }
        (Some(answered), Some(seconds)) => {
            let most = now - answered + TOLERANCE;
            if seconds < 0 || Duration::seconds(seconds.into()) > most {
                let message = format!("It was answered {} s ago.", (now - answered).whole_seconds());
                return Err(Error::invalid("duration_seconds", message));
            }
            seconds
        }
    };
    let ended_at = call.answered_at.map_or(now, |answered| answered + Duration::seconds(seconds.into()));
    close(tx, call, ending, seconds, ended_at.min(now)).map(|call| Over { call, is_late: false })
}

/// Ends a call of which nobody reports any more, as of the moment it was last known to live.
///
/// # Errors
/// [`Error::NotFound`] when it was never entered.
pub fn end_lost(
    tx: &mut RegionTx<'_, RecordCalls>,
    id: CallId,
    last_known: OffsetDateTime,
    was_taken: bool,
) -> Result<Call, Error> {
    let one = calls::table.filter(calls::call_id.eq(id));
    let call: Call = one.select(Call::as_select()).for_update().first(tx.connection())?;
    if call.ended_at.is_some() {
        return Ok(call);
    }
    let reason = if was_taken { EndReason::NetworkFailure } else { EndReason::SystemAtCapacity };
    let ending = Ending { reason, seconds: None, sentiment: None, summary: None };
    let seconds = call.answered_at.map_or(0, |answered| (last_known - answered).whole_seconds().max(0));
    let ended_at = last_known.max(call.answered_at.unwrap_or(call.created_at));
    close(tx, call, &ending, i32::try_from(seconds).unwrap_or(i32::MAX), ended_at)
}

fn end_again(tx: &mut RegionTx<'_, RecordCalls>, call: Call, ending: &Ending) -> Result<Over, Error> {
    let is_late = call.end_reason != Some(ending.reason)
        || ending.seconds.is_some_and(|seconds| seconds != call.duration_seconds);
    let call = Call {
        sentiment: call.sentiment.or(ending.sentiment),
        summary: call.summary.or_else(|| ending.summary.clone()),
        ..call
    };
    diesel::update(calls::table.filter(calls::call_id.eq(call.id)))
        .set((calls::sentiment.eq(call.sentiment), calls::summary.eq(&call.summary)))
        .execute(tx.connection())?;
    Ok(Over { call, is_late })
}

fn close(
    tx: &mut RegionTx<'_, RecordCalls>,
    call: Call,
    ending: &Ending,
    seconds: i32,
    ended_at: OffsetDateTime,
) -> Result<Call, Error> {
    let call = Call {
        status: status_of(call.answered_at.is_some(), ending.reason),
        end_reason: Some(ending.reason),
        ended_at: Some(ended_at),
        duration_seconds: seconds,
        sentiment: ending.sentiment,
        summary: ending.summary.clone(),
        ..call
    };
    let cost_minor = diesel::update(calls::table.filter(calls::call_id.eq(call.id)))
        .set((
            calls::cost_minor.eq(calls::price_per_minute * call.minutes()),
            calls::status.eq(call.status),
            calls::end_reason.eq(call.end_reason),
            calls::ended_at.eq(call.ended_at),
            calls::duration_seconds.eq(call.duration_seconds),
            calls::sentiment.eq(call.sentiment),
            calls::summary.eq(&call.summary),
        ))
        .returning(calls::cost_minor)
        .get_result(tx.connection())?;
    let call = Call { cost_minor, ..call };
    if call.mode == KeyMode::Live {
        record::count(tx, [&call])?;
    }
    Ok(call)
}

/// Notes what the account was charged for a call that has ended, in minor units: less than its
/// minutes come to where the last of them could not be paid.
pub fn note_charge(tx: &mut RegionTx<'_, RecordCalls>, id: CallId, minor: i64) -> Result<(), Error> {
    diesel::update(calls::table.filter(calls::call_id.eq(id)))
        .set(calls::cost_minor.eq(minor))
        .execute(tx.connection())?;
    Ok(())
}

/// How a call stands that ended for this reason: an engine says why it ended, and what that
/// comes to is not left to it.
fn status_of(was_answered: bool, reason: EndReason) -> CallStatus {
    if was_answered {
        return CallStatus::Completed;
    }
    match reason {
        EndReason::UserDidNotPickUp => CallStatus::DidNotPick,
        EndReason::UserBusy => CallStatus::Busy,
        EndReason::UserUnreachable => CallStatus::NoAnswer,
        EndReason::UserDisconnected | EndReason::AgentDisconnected => CallStatus::Cancelled,
        EndReason::InvalidPhoneNumber
        | EndReason::DestinationForbidden
        | EndReason::NetworkFailure
        | EndReason::VoicemailDetected
        | EndReason::SystemAtCapacity
        | EndReason::InsufficientBalance => CallStatus::Failed,
    }
}

/// What the control database counts of a call that has ended, and what webhooks are told of
/// it: those of its account, and those of the organization above it.
pub fn account_for(organization: OrganizationId, account: AccountId, call: &Call) -> Ended {
    let addition = Addition {
        day: indian_day(call.created_at),
        calls: 1,
        answered: call.answered_at.is_some().into(),
        minutes: call.minutes(),
        // Whoever settles the call says what it cost.
        cost_minor: 0,
        margin_minor: 0,
        last_call_at: Some(call.created_at),
    };
    let outcome = match call.status {
        CallStatus::Completed => EventKind::CallCompleted,
        _ => EventKind::CallFailed,
    };
    let mut data = serde_json::json!({
        "call_id": call.id,
        "agent_id": call.agent,
        "call_direction": call.direction,
        "from_number": call.from_e164,
        "to_number": call.to_e164,
        "status": call.status,
        "end_reason": call.end_reason,
        "duration": call.duration_seconds,
    });
    let mut notices: Vec<_> =
        [EventKind::CallEnded, outcome].map(|kind| Notice::new(account, kind, data.clone())).into();
    if let AccountId::SubAccount(id) = account {
        data["sub_account_id"] = serde_json::json!(id);
        notices.extend(
            [EventKind::CallEnded, outcome].map(|kind| Notice::new(organization, kind, data.clone())),
        );
    }
    Ended { call: call.id, addition, notices }
}
