//! The calls of an account, newest first.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use time::{Date, macros::format_description};

use crate::{
    access::{
        Denied, Scope,
        permission::{Permission, View},
    },
    domain::{
        agents,
        calls::{
            Call, CallStatus, Direction, EndReason, Sentiment,
            list::{self, Filter},
        },
    },
    values::{CallId, KeyMode, Part, Region},
    web::{
        filters::{counted, money_text, phone_text},
        page::{Here, Visit, home_href, html, zone},
        parts::{Badge, Choice, Empty, Field, Pager},
        views::account::{CallRow, CallsPage, CallsTable},
    },
};

use super::sees_cost;

/// Rows on a page.
const PAGE: u16 = 50;

/// The list as its URL describes it; anything it does not understand is left out.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct CallsUrl {
    q: String,
    agent: String,
    direction: String,
    status: String,
    end_reason: String,
    sentiment: String,
    from: String,
    to: String,
    /// Words that were said.
    said: String,
    /// Seconds.
    at_least: String,
    at_most: String,
    mode: String,
    older: String,
    newer: String,
}

/// A day as date inputs send it.
pub(in crate::web) fn day(text: &str) -> Option<Date> {
    Date::parse(text, format_description!("[year]-[month]-[day]")).ok()
}

/// A number as people write it, with blanks, hyphens and brackets, and without the code of
/// the country they are in.
pub(super) fn dialled(text: &str, region: &Region) -> String {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '\u{a0}')).collect();
    let is_national = digits.len() == 10 && digits.bytes().all(|digit| digit.is_ascii_digit());
    match (region.as_str(), digits.strip_prefix("00")) {
        (_, Some(international)) => format!("+{international}"),
        ("india", _) if is_national => format!("+91{digits}"),
        ("us", _) if is_national => format!("+1{digits}"),
        ("india", _) if digits.len() == 12 && digits.starts_with("91") => format!("+{digits}"),
        _ => digits,
    }
}

impl CallsUrl {
    pub(super) fn filter(&self, region: &Region) -> Filter {
        let q = self.q.trim();
        let call: Option<CallId> = q.parse().ok();
        let seconds = |text: &str| text.trim().parse().ok().filter(|seconds| *seconds >= 0);
        Filter {
            agents: self.agent.parse().into_iter().collect(),
            calls: call.into_iter().collect(),
            number: (call.is_none() && !q.is_empty()).then(|| dialled(q, region)),
            directions: self.direction.parse().into_iter().collect(),
            statuses: self.status.parse().into_iter().collect(),
            end_reasons: self.end_reason.parse().into_iter().collect(),
            sentiments: self.sentiment.parse().ok().map(Some).into_iter().collect(),
            at_least: seconds(&self.at_least),
            at_most: seconds(&self.at_most),
            mode: Some(self.mode.parse().unwrap_or(KeyMode::Live)),
            text: Some(self.said.trim().to_owned()).filter(|said| !said.is_empty()),
            ..Filter::default()
        }
        .days(day(&self.from), day(&self.to))
    }

    fn part(&self) -> Part<CallId> {
        Part::between(self.older.parse().ok(), self.newer.parse().ok())
    }

    /// What it is filtered by, as a query.
    pub(super) fn query(&self) -> String {
        let pairs = [
            ("q", &self.q),
            ("said", &self.said),
            ("agent", &self.agent),
            ("direction", &self.direction),
            ("status", &self.status),
            ("end_reason", &self.end_reason),
            ("sentiment", &self.sentiment),
            ("from", &self.from),
            ("to", &self.to),
            ("at_least", &self.at_least),
            ("at_most", &self.at_most),
            ("mode", &self.mode),
        ];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty())).finish()
    }

    /// The address of the same filter at another place.
    fn href(&self, base: &str, key: &str, id: CallId) -> String {
        let query = self.query();
        let and = if query.is_empty() { "" } else { "&" };
        format!("{base}?{query}{and}{key}={id}")
    }

    /// Whether one of the filters that are folded away narrows.
    fn narrows_by_folded(&self) -> bool {
        let folded = [&self.agent, &self.direction, &self.end_reason, &self.sentiment];
        let more = [&self.from, &self.to, &self.at_least, &self.at_most, &self.mode, &self.status];
        folded.into_iter().chain(more).any(|value| !value.is_empty())
    }
}

/// What a call cost, written: known once it has ended, and shown to whoever may see it.
fn cost<P: Permission>(scope: &Scope<P>, call: &Call) -> String {
    match call.ended_at {
        _ if !sees_cost(scope) => String::new(),
        None => "–".to_owned(),
        Some(_) => money_text(call.cost_minor, &call.currency),
    }
}

/// One call as a row.
pub(super) fn row<P: Permission>(scope: &Scope<P>, call: &Call) -> CallRow {
    CallRow {
        href: format!("{}/calls/{}", home_href(scope.asker().account.id), call.id),
        number: phone_text(call.other_number()),
        direction: call.direction.label(),
        test: call.mode == KeyMode::Test,
        badge: Badge::call(call.status.as_str()),
        agent: call.agent_name.clone(),
        started: zone(scope.asker()).show(call.created_at),
        seconds: call.answered_at.map(|_| call.duration_seconds.into()),
        cost: cost(scope, call),
    }
}

/// Where newer and older calls are, and what stands in place of none.
fn table<P: Permission>(
    scope: &Scope<P>,
    url: &CallsUrl,
    page: &list::Found,
    narrows: bool,
    upwards: bool,
) -> CallsTable {
    let base = format!("{}/calls", home_href(scope.asker().account.id));
    let at = |key, id: Option<CallId>| id.map(|id| url.href(&base, key, id));
    let (first, last) = (page.rows.first().map(|call| call.id), page.rows.last().map(|call| call.id));
    let stopped_above = page.stopped.filter(|_| upwards);
    let stopped_below = page.stopped.filter(|_| !upwards);
    let onwards = |stopped: Option<CallId>, word: &str, further: &str| {
        if stopped.is_some() { further.to_owned() } else { word.to_owned() }
    };
    let empty = if !page.rows.is_empty() {
        None
    } else if let Some(stopped) = page.stopped {
        let key = if upwards { "newer" } else { "older" };
        Some(Empty::Stopped {
            title: "No call matches so far".into(),
            text: format!(
                "Calls were looked at as far as {}. There may be more beyond.",
                zone(scope.asker()).show(stopped.made_at()).text()
            ),
            onward_href: url.href(&base, key, stopped),
        })
    } else if narrows || !url.older.is_empty() || !url.newer.is_empty() {
        Some(Empty::NoMatch { title: "No call matches".into(), clear_href: base.clone() })
    } else {
        Some(Empty::First {
            title: "No calls yet".into(),
            text: "Calls appear here as soon as an agent has taken or made one.".into(),
            action: None,
            icon: "calls",
        })
    };
    CallsTable {
        columns: CallsTable::columns(sees_cost(scope)),
        pager: Some(Pager {
            summary: format!("{} shown, newest first", counted(page.rows.len(), "call", "calls")),
            newer_href: at("newer", stopped_above.or(first.filter(|_| page.has_newer))),
            older_href: at("older", stopped_below.or(last.filter(|_| page.has_older))),
            newer_label: onwards(stopped_above, "Newer", "Search further"),
            older_label: onwards(stopped_below, "Older", "Search further back"),
        }),
        rows: page.rows.iter().map(|call| row(scope, call)).collect(),
        export_href: Some(format!("{base}/export.csv?{}", url.query())),
        empty,
    }
}

/// A select of words, with a choice that does not narrow.
fn words<'w>(
    name: &str,
    label: &str,
    any: &str,
    value: &str,
    all: impl IntoIterator<Item = (&'w str, &'w str)>,
) -> Field {
    let mut options = vec![Choice::new("", any, "")];
    options.extend(all.into_iter().map(|(word, label)| Choice::new(word, label, "")));
    Field::new(name, label).value(value).options(options)
}

/// `GET /accounts/{account}/calls`
pub async fn list(
    scope: Scope<View>,
    visit: Visit,
    url: web::Query<CallsUrl>,
) -> Result<HttpResponse, Denied> {
    let url = url.into_inner();
    let (filter, part) = (url.filter(&scope.asker().account.region), url.part());
    let narrows = filter != Filter { mode: Some(KeyMode::Live), ..Filter::default() };
    let upwards = matches!(part, Part::NewerThan(_));
    let (page, agents) =
        scope.read_region(move |tx| Ok((list::page(tx, &filter, part, PAGE)?, agents::list(tx)?))).await?;
    let table = table(&scope, &url, &page, narrows, upwards);
    if visit.fragment {
        return html(&table);
    }
    let agents: Vec<_> = agents.into_iter().map(|agent| (agent.id.to_string(), agent.name)).collect();
    let agents = agents.iter().map(|(id, name)| (id.as_str(), name.as_str()));
    let base = format!("{}/calls", home_href(scope.asker().account.id));
    let statuses = CallStatus::ALL.iter().map(|word| (word.as_str(), word.label()));
    let directions = Direction::ALL.iter().map(|word| (word.as_str(), word.label()));
    let reasons = EndReason::ALL.iter().map(|word| (word.as_str(), word.label()));
    let sentiments = Sentiment::ALL.iter().map(|word| (word.as_str(), word.label()));
    html(&CallsPage {
        frame: visit.frame(&scope, "Calls", Here::Calls),
        text: "Every call that was made or came in, newest first.".into(),
        list_href: base,
        filters: vec![
            words("agent", "Agent", "Any agent", &url.agent, agents),
            words("status", "Status", "Any status", &url.status, statuses),
            words("direction", "Direction", "Both", &url.direction, directions),
            words("end_reason", "Ended because", "Any reason", &url.end_reason, reasons),
            words("sentiment", "Sentiment", "Any", &url.sentiment, sentiments),
            words("mode", "Calls", "Live", &url.mode, [(KeyMode::Test.as_str(), KeyMode::Test.label())]),
        ],
        days: vec![
            Field::new("from", "From day").value(&url.from),
            Field::new("to", "To day").value(&url.to),
        ],
        lengths: vec![
            Field::new("at_least", "Shortest, in seconds").value(&url.at_least),
            Field::new("at_most", "Longest, in seconds").value(&url.at_most),
        ],
        unfolded: url.narrows_by_folded(),
        q: url.q,
        said: url.said,
        filtered: narrows,
        table,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_as_people_type_them() {
        let (india, us) = ("india".parse().unwrap(), "us".parse().unwrap());
        for typed in ["+91 98765 43210", "98765-43210", "919876543210", "0091 98765 43210", "9876543210"] {
            assert_eq!(dialled(typed, &india), "+919876543210", "{typed}");
        }
        assert_eq!(dialled("(415) 555-0100", &us), "+14155550100");
        assert_eq!(dialled("what", &india), "what");
    }
}
