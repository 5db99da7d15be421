//! The list of calls, newest first.

use diesel::prelude::*;
use time::{Date, Duration, OffsetDateTime};

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

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// The newest first.
    #[default]
    Newest,
    /// The oldest first.
    Oldest,
    /// The longest first.
    Longest,
    /// The shortest first.
    Shortest,
}

/// Which calls a program wants. What is `None` or empty does not narrow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of one of these agents.
    pub agents: Vec<AgentId>,
    /// One of these.
    pub calls: Vec<CallId>,
    /// From this number.
    pub from: Option<String>,
    /// To this number.
    pub to: Option<String>,
    /// In one of these directions.
    pub directions: Vec<Direction>,
    /// Felt in one of these ways; `None` stands for calls of which it is not known.
    pub sentiments: Vec<Option<Sentiment>>,
    /// Standing so.
    pub statuses: Vec<CallStatus>,
    /// Ended for one of these reasons.
    pub end_reasons: Vec<EndReason>,
    /// Made then or later.
    pub since: Option<OffsetDateTime>,
    /// Made then or earlier.
    pub until: Option<OffsetDateTime>,
    /// At least this long, in seconds.
    pub at_least: Option<i32>,
    /// At most this long, in seconds.
    pub at_most: Option<i32>,
}

/// Calls of the asker's mode that `wanted` lets through, `limit` of them after `offset`:
/// those of one workspace, for its key.
pub fn search<P: Includes<View>>(
    tx: &mut RegionTx<'_, P>,
    wanted: &Wanted,
    order: Order,
    limit: i64,
    offset: i64,
) -> Result<Vec<Call>, Error> {
    let mut query = calls::table
        .filter(calls::mode.eq(tx.asker().mode()))
        .select(Call::as_select())
        .limit(limit)
        .offset(offset)
        .into_boxed::<diesel::pg::Pg>();
    if let Some(workspace) = tx.asker().workspace() {
        query = query.filter(calls::workspace_id.eq(workspace));
    }
    if !wanted.agents.is_empty() {
        query = query.filter(calls::agent_id.eq_any(&wanted.agents));
    }
    if !wanted.calls.is_empty() {
        query = query.filter(calls::call_id.eq_any(&wanted.calls));
    }
    if let Some(number) = &wanted.from {
        query = query.filter(calls::from_e164.eq(number));
    }
    if let Some(number) = &wanted.to {
        query = query.filter(calls::to_e164.eq(number));
    }
    if !wanted.directions.is_empty() {
        query = query.filter(calls::direction.eq_any(&wanted.directions));
    }
    if !wanted.sentiments.is_empty() {
        let known: Vec<_> = wanted.sentiments.iter().flatten().collect();
        if wanted.sentiments.contains(&None) {
            query = query.filter(calls::sentiment.eq_any(known).or(calls::sentiment.is_null()));
        } else {
            query = query.filter(calls::sentiment.eq_any(known));
        }
    }
    if !wanted.statuses.is_empty() {
        query = query.filter(calls::status.eq_any(&wanted.statuses));
    }
    if !wanted.end_reasons.is_empty() {
        query = query.filter(calls::end_reason.eq_any(&wanted.end_reasons));
    }
    // An id begins with its time, to the millisecond.
    if let Some(since) = wanted.since {
        query = query.filter(calls::call_id.ge(CallId::least_at(since)));
    }
    if let Some(until) = wanted.until.and_then(|until| until.checked_add(Duration::MILLISECOND)) {
        query = query.filter(calls::call_id.lt(CallId::least_at(until)));
    }
    if let Some(seconds) = wanted.at_least {
        query = query.filter(calls::duration_seconds.ge(seconds));
    }
    if let Some(seconds) = wanted.at_most {
        query = query.filter(calls::duration_seconds.le(seconds));
    }
    query = match order {
        Order::Newest => query.order(calls::call_id.desc()),
        Order::Oldest => query.order(calls::call_id.asc()),
        Order::Longest => query.order((calls::duration_seconds.desc(), calls::call_id.desc())),
        Order::Shortest => query.order((calls::duration_seconds.asc(), calls::call_id.desc())),
    };
    Ok(query.load(tx.connection())?)
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
