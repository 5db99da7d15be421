//! The list of calls, newest first.

use diesel::prelude::*;
use time::Date;

use crate::{
    access::{
        RegionTx,
        permission::{Includes, View},
    },
    error::Error,
    schema::region::calls,
    values::{AgentId, CallId, Part, Slice, start_of_indian_day},
};

use super::{Call, CallStatus, Direction, EndReason, Sentiment};

/// Which calls are wanted. What is `None` does not narrow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Made on this day in India or later.
    pub from: Option<Date>,
    /// Made on this day in India or earlier.
    pub to: Option<Date>,
    /// Of this agent.
    pub agent: Option<AgentId>,
    /// In this direction.
    pub direction: Option<Direction>,
    /// Standing so.
    pub status: Option<CallStatus>,
    /// Ended for this reason.
    pub end_reason: Option<EndReason>,
    /// Felt so.
    pub sentiment: Option<Sentiment>,
    /// From or to this number, in E.164.
    pub number: Option<String>,
    /// This call.
    pub call: Option<CallId>,
}

impl Filter {
    /// Whether it narrows at all.
    pub fn narrows(&self) -> bool {
        *self != Self::default()
    }
}

/// Calls that `filter` lets through, newest first.
pub fn page<P: Includes<View>>(
    tx: &mut RegionTx<'_, P>,
    filter: &Filter,
    part: Part<CallId>,
    limit: u16,
) -> Result<Slice<Call>, Error> {
    let mut query =
        calls::table.select(Call::as_select()).limit(i64::from(limit) + 1).into_boxed::<diesel::pg::Pg>();
    // An id begins with its time: days are ranges of ids, each in few partitions.
    if let Some(day) = filter.from {
        query = query.filter(calls::call_id.ge(CallId::least_at(start_of_indian_day(day))));
    }
    if let Some(next) = filter.to.and_then(Date::next_day) {
        query = query.filter(calls::call_id.lt(CallId::least_at(start_of_indian_day(next))));
    }
    if let Some(agent) = filter.agent {
        query = query.filter(calls::agent_id.eq(agent));
    }
    if let Some(direction) = filter.direction {
        query = query.filter(calls::direction.eq(direction));
    }
    if let Some(status) = filter.status {
        query = query.filter(calls::status.eq(status));
    }
    if let Some(reason) = filter.end_reason {
        query = query.filter(calls::end_reason.eq(reason));
    }
    if let Some(sentiment) = filter.sentiment {
        query = query.filter(calls::sentiment.eq(sentiment));
    }
    if let Some(number) = &filter.number {
        query = query.filter(calls::from_e164.eq(number).or(calls::to_e164.eq(number)));
    }
    if let Some(call) = filter.call {
        query = query.filter(calls::call_id.eq(call));
    }
    query = match part {
        Part::Newest => query.order(calls::call_id.desc()),
        Part::OlderThan(id) => query.filter(calls::call_id.lt(id)).order(calls::call_id.desc()),
        Part::NewerThan(id) => query.filter(calls::call_id.gt(id)).order(calls::call_id.asc()),
    };
    Ok(Slice::of(query.load(tx.connection())?, &part, limit.into()))
}
