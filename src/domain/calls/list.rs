//! The list of calls, newest first, filtered: one filter for every face.
//!
//! It is read by key, along one index in the order of the list: what may be rare among an
//! account's calls has one. Where something else is filtered by too, or words are searched for,
//! a page looks at a bounded number of calls and says how far it came.

use diesel::prelude::*;
use time::{Date, Duration, OffsetDateTime};

use crate::{
    access::{
        Change, Event, RegionTx, Tx,
        permission::{Includes, View},
    },
    error::Error,
    schema::region::calls,
    values::{AgentId, CallId, Direction, KeyMode, Part, start_of_indian_day},
};

use super::{Call, CallStatus, EndReason, Sentiment, transcripts};

/// Which calls are wanted. What is `None` or empty does not narrow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Made then or later.
    pub since: Option<OffsetDateTime>,
    /// Made then or earlier.
    pub until: Option<OffsetDateTime>,
    /// Of one of these agents.
    pub agents: Vec<AgentId>,
    /// One of these.
    pub calls: Vec<CallId>,
    /// From or to this number, in E.164.
    pub number: Option<String>,
    /// From this number.
    pub from: Option<String>,
    /// To this number.
    pub to: Option<String>,
    /// In one of these directions.
    pub directions: Vec<Direction>,
    /// Standing so.
    pub statuses: Vec<CallStatus>,
    /// Ended for one of these reasons.
    pub end_reasons: Vec<EndReason>,
    /// Felt in one of these ways; `None` stands for calls of which it is not known.
    pub sentiments: Vec<Option<Sentiment>>,
    /// At least this long, in seconds.
    pub at_least: Option<i32>,
    /// At most this long, in seconds.
    pub at_most: Option<i32>,
    /// In which these words were said: all of them, the last as a beginning too.
    pub text: Option<String>,
    /// Real or simulated; `None` for those that the asker sees.
    pub mode: Option<KeyMode>,
}

impl Filter {
    /// Narrowed to the days in India from `first` to `last`, both among them.
    pub fn days(self, first: Option<Date>, last: Option<Date>) -> Self {
        let end = last.and_then(Date::next_day).map(start_of_indian_day);
        Self {
            since: first.map(start_of_indian_day),
            until: end.map(|end| end - Duration::MILLISECOND),
            ..self
        }
    }

    /// What of it one index knows, in the order of the list: the rarest thing first.
    fn span(&self) -> Self {
        let span = Self { since: self.since, until: self.until, mode: self.mode, ..Self::default() };
        if !self.calls.is_empty() {
            Self { calls: self.calls.clone(), ..span }
        } else if self.from.is_some() {
            Self { from: self.from.clone(), ..span }
        } else if self.to.is_some() {
            Self { to: self.to.clone(), ..span }
        } else if self.number.is_some() {
            Self { number: self.number.clone(), ..span }
        } else if self.end_reasons.len() == 1 {
            Self { end_reasons: self.end_reasons.clone(), ..span }
        } else if self.agents.len() == 1 {
            Self { agents: self.agents.clone(), ..span }
        } else if self.statuses.len() == 1 {
            Self { statuses: self.statuses.clone(), ..span }
        } else {
            span
        }
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

/// Some of the calls that were wanted, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The calls.
    pub rows: Vec<Call>,
    /// Whether there are newer ones, or may be.
    pub has_newer: bool,
    /// Whether there are older ones, or may be.
    pub has_older: bool,
    /// How far was looked, where that was not as far as it goes: to be gone on from.
    pub stopped: Option<CallId>,
}

/// Which side of a call a number is on.
#[derive(Clone, Copy)]
enum Side {
    From,
    To,
}

type Query<'q> = calls::BoxedQuery<'q, diesel::pg::Pg>;

/// The calls that `filter` lets through, words aside: of the asker's mode unless another is
/// wanted, and of one workspace for its key.
fn wanted<'q, P: Includes<View>>(tx: &RegionTx<'_, P>, filter: &'q Filter) -> Query<'q> {
    let mode = filter.mode.unwrap_or(tx.asker().mode());
    let mut query = calls::table.filter(calls::mode.eq(mode)).into_boxed();
    if let Some(workspace) = tx.asker().workspace() {
        query = query.filter(calls::workspace_id.eq(workspace));
    }
    // An id begins with its time, to the millisecond: days are ranges of ids, each in few partitions.
    if let Some(since) = filter.since {
        query = query.filter(calls::call_id.ge(CallId::least_at(since)));
    }
    if let Some(until) = filter.until.and_then(|until| until.checked_add(Duration::MILLISECOND)) {
        query = query.filter(calls::call_id.lt(CallId::least_at(until)));
    }
    match filter.agents.as_slice() {
        [] => {}
        [one] => query = query.filter(calls::agent_id.eq(*one)),
        several => query = query.filter(calls::agent_id.eq_any(several)),
    }
    if !filter.calls.is_empty() {
        query = query.filter(calls::call_id.eq_any(&filter.calls));
    }
    if let Some(number) = &filter.from {
        query = query.filter(calls::from_e164.eq(number));
    }
    if let Some(number) = &filter.to {
        query = query.filter(calls::to_e164.eq(number));
    }
    if !filter.directions.is_empty() {
        query = query.filter(calls::direction.eq_any(&filter.directions));
    }
    match filter.statuses.as_slice() {
        [] => {}
        [one] => query = query.filter(calls::status.eq(*one)),
        several => query = query.filter(calls::status.eq_any(several)),
    }
    match filter.end_reasons.as_slice() {
        [] => {}
        [one] => query = query.filter(calls::end_reason.eq(*one)),
        several => query = query.filter(calls::end_reason.eq_any(several)),
    }
    if !filter.sentiments.is_empty() {
        let known: Vec<_> = filter.sentiments.iter().flatten().collect();
        if filter.sentiments.contains(&None) {
            query = query.filter(calls::sentiment.eq_any(known).or(calls::sentiment.is_null()));
        } else {
            query = query.filter(calls::sentiment.eq_any(known));
        }
    }
    if let Some(seconds) = filter.at_least {
        query = query.filter(calls::duration_seconds.ge(seconds));
    }
    if let Some(seconds) = filter.at_most {
        query = query.filter(calls::duration_seconds.le(seconds));
    }
    query
}

/// As many matches of words as are looked at in one step, and as many steps.
const MATCHES: i32 = 200;
const STEPS: usize = 10;
/// As many calls as are walked in one step, and as many steps.
const WALKED: i64 = 5_000;
const WALKS: usize = 2;

/// Calls that `filter` lets through, newest first.
pub fn page<P: Includes<View>>(
    tx: &mut RegionTx<'_, P>,
    filter: &Filter,
    part: Part<CallId>,
    limit: u16,
) -> Result<Found, Error> {
    let reading = Reading { filter, up: matches!(part, Part::NewerThan(_)), limit: limit.into() };
    let from = match part {
        Part::Newest => None,
        Part::OlderThan(id) | Part::NewerThan(id) => Some(id),
    };
    let (mut rows, stopped) = match &filter.text {
        Some(text) => reading.saying(tx, text, from)?,
        None => reading.walking(tx, from)?,
    };
    let more = rows.len() > reading.limit || stopped.is_some();
    rows.truncate(reading.limit);
    if reading.up {
        rows.reverse();
    }
    Ok(Found {
        rows,
        has_newer: if reading.up { more } else { from.is_some() },
        has_older: if reading.up { true } else { more },
        stopped,
    })
}

/// Reading one page, downwards from the newest or upwards.
struct Reading<'f> {
    filter: &'f Filter,
    up: bool,
    limit: usize,
}

impl Reading<'_> {
    /// One more than the limit, between two keys, the nearest to the first of them first; of
    /// `among` alone, where they are given.
    fn rows<P: Includes<View>>(
        &self,
        tx: &mut RegionTx<'_, P>,
        between: (Option<CallId>, Option<CallId>),
        among: Option<&[CallId]>,
    ) -> Result<Vec<Call>, Error> {
        let Some(number) = &self.filter.number else { return self.side(tx, between, among, None) };
        // Two reads in the order of the list, each by its index.
        let mut rows = self.side(tx, between, among, Some((Side::From, number)))?;
        rows.extend(self.side(tx, between, among, Some((Side::To, number)))?);
        rows.sort_by_key(|call| call.id);
        if !self.up {
            rows.reverse();
        }
        rows.dedup_by_key(|call| call.id);
        rows.truncate(self.limit + 1);
        Ok(rows)
    }

    fn side<P: Includes<View>>(
        &self,
        tx: &mut RegionTx<'_, P>,
        (from, to): (Option<CallId>, Option<CallId>),
        among: Option<&[CallId]>,
        number: Option<(Side, &String)>,
    ) -> Result<Vec<Call>, Error> {
        let mut query = wanted(tx, self.filter);
        if let Some(among) = among {
            query = query.filter(calls::call_id.eq_any(among));
        }
        match number {
            None => {}
            Some((Side::From, number)) => query = query.filter(calls::from_e164.eq(number)),
            Some((Side::To, number)) => query = query.filter(calls::to_e164.eq(number)),
        }
        query = self.between(query, from, to);
        let limit = i64::try_from(self.limit + 1).map_err(Error::internal)?;
        Ok(query.limit(limit).select(Call::as_select()).load(tx.connection())?)
    }

    /// In the order of reading, after `from`, up to and with `to`.
    fn between<'q>(&self, query: Query<'q>, from: Option<CallId>, to: Option<CallId>) -> Query<'q> {
        let mut query = query;
        if self.up {
            if let Some(from) = from {
                query = query.filter(calls::call_id.gt(from));
            }
            if let Some(to) = to {
                query = query.filter(calls::call_id.le(to));
            }
            query.order(calls::call_id.asc())
        } else {
            if let Some(from) = from {
                query = query.filter(calls::call_id.lt(from));
            }
            if let Some(to) = to {
                query = query.filter(calls::call_id.ge(to));
            }
            query.order(calls::call_id.desc())
        }
    }

    /// Calls in which `text` was said. Gives also where it stopped before it was through.
    fn saying<P: Includes<View>>(
        &self,
        tx: &mut RegionTx<'_, P>,
        text: &str,
        mut from: Option<CallId>,
    ) -> Result<(Vec<Call>, Option<CallId>), Error> {
        let since = self.filter.since.map(CallId::least_at);
        let mut rows = Vec::new();
        for _ in 0..STEPS {
            let between = if self.up { (from, None) } else { (since, from) };
            let matches = transcripts::saying(tx, text, between, !self.up, MATCHES)?;
            let Some(last) = matches.last().copied() else { return Ok((rows, None)) };
            rows.extend(self.rows(tx, (from, None), Some(&matches))?);
            if rows.len() > self.limit || matches.len() < usize::try_from(MATCHES).unwrap_or(0) {
                return Ok((rows, None));
            }
            from = Some(last);
        }
        Ok((rows, from))
    }

    /// Calls by one index. What it does not know is asked of the calls on the way, so many at
    /// a time.
    fn walking<P: Includes<View>>(
        &self,
        tx: &mut RegionTx<'_, P>,
        mut from: Option<CallId>,
    ) -> Result<(Vec<Call>, Option<CallId>), Error> {
        let span = self.filter.span();
        if span == *self.filter {
            return Ok((self.rows(tx, (from, None), None)?, None));
        }
        let mut rows = Vec::new();
        for _ in 0..WALKS {
            let edge = self.edge(tx, &span, from)?;
            rows.extend(self.rows(tx, (from, edge), None)?);
            if rows.len() > self.limit || edge.is_none() {
                return Ok((rows, None));
            }
            from = edge;
        }
        Ok((rows, from))
    }

    /// How far so many calls of `span` reach; nothing when there are not so many.
    fn edge<P: Includes<View>>(
        &self,
        tx: &mut RegionTx<'_, P>,
        span: &Filter,
        from: Option<CallId>,
    ) -> Result<Option<CallId>, Error> {
        let ahead = |tx: &mut RegionTx<'_, P>, span: &Filter| -> Result<Option<CallId>, Error> {
            let ahead = self.between(wanted(tx, span), from, None).offset(WALKED).limit(1);
            Ok(ahead.select(calls::call_id).first(tx.connection()).optional()?)
        };
        let Some(number) = &span.number else { return ahead(tx, span) };
        // The nearer of both sides.
        let caller = ahead(tx, &Filter { from: Some(number.clone()), ..span.clone() })?;
        let called = ahead(tx, &Filter { to: Some(number.clone()), ..span.clone() })?;
        let edges = caller.into_iter().chain(called);
        Ok(if self.up { edges.min() } else { edges.max() })
    }
}

/// Of the calls in which words were said, those that were made last: as many as are sorted
/// otherwise than by when they were made.
const SORTED_MATCHES: i32 = 5_000;

/// Calls that `filter` lets through, `limit` of them after `offset`. Of words, the latest
/// [`SORTED_MATCHES`] calls in which they were said are searched.
pub fn search<P: Includes<View>>(
    tx: &mut RegionTx<'_, P>,
    filter: &Filter,
    order: Order,
    limit: i64,
    offset: i64,
) -> Result<Vec<Call>, Error> {
    let matches = match &filter.text {
        Some(text) => Some(transcripts::saying(tx, text, (None, None), true, SORTED_MATCHES)?),
        None => None,
    };
    let mut query = wanted(tx, filter);
    if let Some(matches) = &matches {
        query = query.filter(calls::call_id.eq_any(matches));
    }
    if let Some(number) = &filter.number {
        query = query.filter(calls::from_e164.eq(number).or(calls::to_e164.eq(number)));
    }
    query = match order {
        Order::Newest => query.order(calls::call_id.desc()),
        Order::Oldest => query.order(calls::call_id.asc()),
        Order::Longest => query.order((calls::duration_seconds.desc(), calls::call_id.desc())),
        Order::Shortest => query.order((calls::duration_seconds.asc(), calls::call_id.desc())),
    };
    Ok(query.limit(limit).offset(offset).select(Call::as_select()).load(tx.connection())?)
}

/// Notes in the log that calls were taken away as a file.
pub fn note_exported<P: Includes<View>>(tx: &Tx<'_, P>, asked: &str) -> Change<()> {
    let event = Event {
        account: tx.account().id,
        action: "calls.exported",
        object: "calls".to_owned(),
        object_id: tx.account().id.to_string(),
        details: serde_json::json!({ "filter": asked }),
    };
    Change::new((), event)
}
