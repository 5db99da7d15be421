//! Calls, their transcripts and recordings.
//!
//! - [`list`]: filtered, newest first, read by key.
//! - [`place`]: having an agent call somebody.
//! - [`engine`]: what telephony engines ask for.
//! - [`life`]: a call from its admission to its end.
//! - [`transcripts`]: what was said, and finding calls by it.
//! - [`test_calls`]: calls of test keys.
//! - [`rebuild`]: rebuilding counters from calls.
//! - [`record`]: entering them, with their counters.
//! - [`recording`]: where the sound is.
//! - [`retention`]: how long all of it is kept.

pub mod engine;
pub mod life;
pub mod list;
pub mod place;
pub mod rebuild;
pub mod record;
pub mod recording;
pub mod retention;
pub mod test_calls;
pub mod transcripts;

use diesel::prelude::*;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::{
    access::{
        RegionTx,
        permission::{Includes, View},
    },
    error::Error,
    schema::region::{call_days, calls, transcripts as kept},
    values::{AgentId, CallId, KeyMode, NumberId, WorkspaceId, words},
};

pub use crate::values::{Direction, Sentiment, Speaker, Turn};

words! {
    /// How a call stands (`domain.md` 6.6).
    CallStatus {
        /// Admitted.
        Created = "created" / "Created",
        /// Being set up.
        Initiated = "initiated" / "Dialling",
        /// Handed to the network.
        Sent = "sent" / "Ringing",
        /// Answered and going on.
        Received = "received" / "In progress",
        /// Ended after it was answered.
        Completed = "completed" / "Completed",
        /// Nobody picked up.
        DidNotPick = "did_not_pick" / "Did not pick up",
        /// The line was busy.
        Busy = "busy" / "Busy",
        /// No answer from the network.
        NoAnswer = "no_answer" / "No answer",
        /// It could not be made.
        Failed = "failed" / "Failed",
        /// Called off before it was answered.
        Cancelled = "cancelled" / "Cancelled",
        /// It was tried as often as wished.
        RetryExpired = "retry_expired" / "Retries used up",
    }
}

words! {
    /// Why a call ended (`domain.md` 6.6).
    EndReason {
        /// The other side hung up.
        UserDisconnected = "user_disconnected" / "The other side hung up",
        /// The agent hung up.
        AgentDisconnected = "agent_disconnected" / "The agent hung up",
        /// Nobody picked up.
        UserDidNotPickUp = "user_did_not_pick_up" / "Nobody picked up",
        /// The line was busy.
        UserBusy = "user_busy" / "The line was busy",
        /// Switched off or out of coverage.
        UserUnreachable = "user_unreachable" / "Could not be reached",
        /// There is no such number.
        InvalidPhoneNumber = "invalid_phone_number" / "No such number",
        /// The account may not call there.
        DestinationForbidden = "destination_forbidden" / "Destination not allowed",
        /// The network broke it off.
        NetworkFailure = "network_failure" / "Network failure",
        /// A machine answered.
        VoicemailDetected = "voicemail_detected" / "Voicemail answered",
        /// The platform had no room.
        SystemAtCapacity = "system_at_capacity" / "Platform at capacity",
        /// The wallet could not pay another minute.
        InsufficientBalance = "insufficient_balance" / "Balance used up",
    }
}

/// A call.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = calls)]
pub struct Call {
    /// Its id, which sorts by when it was made.
    #[diesel(column_name = call_id)]
    pub id: CallId,
    /// The workspace it belongs to.
    #[diesel(column_name = workspace_id)]
    pub workspace: WorkspaceId,
    /// The agent that spoke, or was to speak.
    #[diesel(column_name = agent_id)]
    pub agent: Option<AgentId>,
    /// What that agent was called then.
    pub agent_name: String,
    /// Who called whom.
    pub direction: Direction,
    /// How it stands.
    pub status: CallStatus,
    /// Why it ended.
    pub end_reason: Option<EndReason>,
    /// The number that called.
    pub from_e164: String,
    /// The number that was called.
    pub to_e164: String,
    /// When it was made or came in.
    pub created_at: OffsetDateTime,
    /// When it was answered.
    pub answered_at: Option<OffsetDateTime>,
    /// When it ended.
    pub ended_at: Option<OffsetDateTime>,
    /// From answer to end.
    pub duration_seconds: i32,
    /// What it cost, in minor units.
    pub cost_minor: i64,
    /// ISO 4217.
    pub currency: String,
    /// How the other side felt about it.
    pub sentiment: Option<Sentiment>,
    /// What it came to.
    pub summary: Option<String>,
    /// The size of its recording, where there is one.
    pub recording_bytes: Option<i64>,
    /// Real, or simulated for a test key.
    pub mode: KeyMode,
    /// The account's number that it went over; not known of old calls.
    #[diesel(column_name = number_id)]
    pub number: Option<NumberId>,
    /// The version of the agent; not known of old calls.
    pub agent_version: Option<i32>,
}

impl Call {
    /// The number of the other side.
    pub fn other_number(&self) -> &str {
        match self.direction {
            Direction::Inbound => &self.from_e164,
            Direction::Outbound => &self.to_e164,
        }
    }

    /// Minutes started (`domain.md` 4.4).
    pub fn minutes(&self) -> i64 {
        (i64::from(self.duration_seconds.max(0)) + 59) / 60
    }
}

/// One call.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not one of this account's.
pub fn get<P: Includes<View>>(tx: &mut RegionTx<'_, P>, id: CallId) -> Result<Call, Error> {
    Ok(calls::table.filter(calls::call_id.eq(id)).select(Call::as_select()).first(tx.connection())?)
}

/// One call of the asker's mode, with what was said: one of one workspace, for its key.
///
/// # Errors
/// [`Error::NotFound`] for an id that is not one of these.
pub fn get_with_transcript<P: Includes<View>>(
    tx: &mut RegionTx<'_, P>,
    id: CallId,
) -> Result<(Call, Vec<Turn>), Error> {
    let mut query = calls::table
        .filter(calls::call_id.eq(id))
        .filter(calls::mode.eq(tx.asker().mode()))
        .select(Call::as_select())
        .into_boxed::<diesel::pg::Pg>();
    if let Some(workspace) = tx.asker().workspace() {
        query = query.filter(calls::workspace_id.eq(workspace));
    }
    let call = query.first(tx.connection())?;
    let turns = transcript(tx, id)?;
    Ok((call, turns))
}

/// What was said in a call, in order; nothing where no transcript was kept.
pub fn transcript<P: Includes<View>>(tx: &mut RegionTx<'_, P>, id: CallId) -> Result<Vec<Turn>, Error> {
    let turns = kept::table
        .filter(kept::call_id.eq(id))
        .select(kept::turns)
        .first::<serde_json::Value>(tx.connection())
        .optional()?;
    turns.map_or(Ok(Vec::new()), |turns| serde_json::from_value(turns).map_err(Error::internal))
}

/// How many calls each agent and each number had since `day`.
pub fn counts_since<P: Includes<View>>(
    tx: &mut RegionTx<'_, P>,
    day: Date,
) -> Result<std::collections::HashMap<Uuid, i64>, Error> {
    let days = call_days::table
        .filter(call_days::day.ge(day))
        .select((call_days::subject_id, call_days::calls))
        .load::<(Uuid, i64)>(tx.connection())?;
    Ok(days.into_iter().fold(
        Default::default(),
        |mut counts: std::collections::HashMap<_, _>, (id, calls)| {
            *counts.entry(id).or_default() += calls;
            counts
        },
    ))
}
