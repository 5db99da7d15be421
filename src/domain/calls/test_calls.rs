//! Calls of test keys (`domain.md` 6.1): nobody is called. What happens to them follows from
//! the last digit of the number, so that programs can try each way a call may go.

use diesel::prelude::*;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    access::{
        GateTx, RegionTx,
        permission::{HoldsSlots, RecordCalls},
    },
    error::Error,
    schema::region::{calls, test_calls},
    values::{AccountId, CallId, OrganizationId},
};

use super::{
    Call, CallStatus, EndReason, Sentiment, Speaker, Turn,
    life::{self, Ending, Step},
    transcripts,
};

/// Where a simulated call is found.
#[derive(Debug, Clone, Copy, Queryable)]
pub struct Due {
    /// The root of the tenant tree.
    pub organization: OrganizationId,
    account: Uuid,
    /// The call.
    pub call: CallId,
}

impl Due {
    /// The account it belongs to.
    pub fn account(&self) -> AccountId {
        AccountId::of_row(self.organization, self.account)
    }
}

/// Simulated calls to which something happens now, `most` of them.
pub fn due(tx: &mut GateTx<'_>, most: i64) -> Result<Vec<Due>, Error> {
    Ok(test_calls::table
        .filter(test_calls::due_at.lt(diesel::dsl::now))
        .order(test_calls::due_at)
        .limit(most)
        .select((test_calls::organization_id, test_calls::account_id, test_calls::call_id))
        .load(tx.connection())?)
}

/// Why nobody answers a simulated call to `number`; somebody does where there is no reason.
fn unanswered(number: &str) -> Option<EndReason> {
    match number.bytes().last() {
        Some(b'6') => Some(EndReason::InvalidPhoneNumber),
        Some(b'7') => Some(EndReason::UserUnreachable),
        Some(b'8') => Some(EndReason::UserBusy),
        Some(b'9') => Some(EndReason::UserDidNotPickUp),
        _ => None,
    }
}

/// How long after one thing the next one happens.
const STEP: Duration = Duration::seconds(1);
/// How long a simulated conversation is.
const CONVERSATION: Duration = Duration::seconds(4);

/// Has things happen to a simulated call from now on.
pub(super) fn begin<P: HoldsSlots>(tx: &mut RegionTx<'_, P>, id: CallId) -> Result<(), Error> {
    diesel::insert_into(test_calls::table)
        .values((test_calls::call_id.eq(id), test_calls::due_at.eq(OffsetDateTime::now_utc() + STEP)))
        .execute(tx.connection())?;
    Ok(())
}

/// Lets happen to a simulated call what is due, unless somebody else did.
pub fn advance(tx: &mut RegionTx<'_, RecordCalls>, id: CallId) -> Result<(), Error> {
    let now = OffsetDateTime::now_utc();
    let job = test_calls::table.filter(test_calls::call_id.eq(id));
    let is_due = job
        .filter(test_calls::due_at.lt(now))
        .select(test_calls::call_id)
        .for_update()
        .skip_locked()
        .first::<CallId>(tx.connection())
        .optional()?;
    if is_due.is_none() {
        return Ok(());
    }
    let call: Call =
        calls::table.filter(calls::call_id.eq(id)).select(Call::as_select()).first(tx.connection())?;
    let unanswered = unanswered(&call.to_e164);
    let next = match call.status {
        CallStatus::Created => {
            life::advance(tx, id, Step::Initiated)?;
            Some(STEP)
        }
        CallStatus::Initiated => {
            life::advance(tx, id, Step::Ringing)?;
            Some(STEP)
        }
        CallStatus::Sent if unanswered.is_none() => {
            life::advance(tx, id, Step::Answered)?;
            Some(CONVERSATION)
        }
        _ => {
            finish(tx, &call, unanswered.unwrap_or(EndReason::UserDisconnected), now)?;
            None
        }
    };
    match next {
        Some(wait) => diesel::update(job).set(test_calls::due_at.eq(now + wait)).execute(tx.connection())?,
        None => diesel::delete(job).execute(tx.connection())?,
    };
    Ok(())
}

fn finish(
    tx: &mut RegionTx<'_, RecordCalls>,
    call: &Call,
    reason: EndReason,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let seconds = call.answered_at.map(|answered| (now - answered).whole_seconds());
    if call.answered_at.is_some() {
        transcripts::keep(tx, call.id, &conversation(&call.agent_name))?;
    }
    let ending = Ending {
        reason,
        seconds: seconds.and_then(|seconds| i32::try_from(seconds).ok()),
        sentiment: call.answered_at.map(|_| Sentiment::Positive),
        summary: call.answered_at.map(|_| "A simulated conversation.".to_owned()),
    };
    life::end(tx, call.id, &ending).map(drop)
}

fn conversation(agent: &str) -> Vec<Turn> {
    let said = [
        (Speaker::Agent, 0, format!("Hello, this is {agent}. This is a test call."), "en"),
        (Speaker::Caller, 1, "नमस्ते, मैं ठीक से सुन सकता हूँ।".to_owned(), "hi"),
        (Speaker::Agent, 3, "Wonderful. Goodbye!".to_owned(), "en"),
    ];
    said.into_iter()
        .map(|(speaker, at, text, language)| Turn { speaker, at, text, language: language.to_owned() })
        .collect()
}
