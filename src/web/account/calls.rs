//! The calls of an account, newest first.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use time::{Date, Duration, OffsetDateTime, macros::format_description};

use crate::{
    access::{
        Denied, Scope,
        permission::{Permission, View},
    },
    domain::{
        agents,
        calls::{Call, CallStatus, Direction, EndReason, Sentiment, list},
    },
    values::{CallId, Part, Region, start_of_indian_day},
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
    older: String,
    newer: String,
}

/// A day as date inputs send it.
pub(super) fn day(text: &str) -> Option<Date> {
    Date::parse(text, format_description!("[year]-[month]-[day]")).ok()
}

/// The last moment of a day in India.
fn end_of_indian_day(day: Date) -> Option<OffsetDateTime> {
    day.next_day().map(|next| start_of_indian_day(next) - Duration::MILLISECOND)
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
    fn filter(&self, region: &Region) -> list::Filter {
        let q = self.q.trim();
        let call = q.parse().ok();
        list::Filter {
            since: day(&self.from).map(start_of_indian_day),
            until: day(&self.to).and_then(end_of_indian_day),
            agents: self.agent.parse().into_iter().collect(),
            calls: call.into_iter().collect(),
            number: (call.is_none() && !q.is_empty()).then(|| dialled(q, region)),
            directions: self.direction.parse().into_iter().collect(),
            statuses: self.status.parse().into_iter().collect(),
            end_reasons: self.end_reason.parse().into_iter().collect(),
            sentiments: self.sentiment.parse().ok().map(Some).into_iter().collect(),
            ..list::Filter::default()
        }
    }

    fn part(&self) -> Part<CallId> {
        match (self.older.parse(), self.newer.parse()) {
            (Ok(id), _) => Part::OlderThan(id),
            (_, Ok(id)) => Part::NewerThan(id),
            _ => Part::Newest,
        }
    }

    /// The address of the same filter at another place.
    fn href(&self, base: &str, key: &str, id: CallId) -> String {
        let pairs = [
            ("q", &self.q),
            ("agent", &self.agent),
            ("direction", &self.direction),
            ("status", &self.status),
            ("end_reason", &self.end_reason),
            ("sentiment", &self.sentiment),
            ("from", &self.from),
            ("to", &self.to),
        ];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty()));
        format!("{base}?{}", query.append_pair(key, &id.to_string()).finish())
    }
}

/// One call as a row.
pub(super) fn row<P: Permission>(scope: &Scope<P>, call: &Call) -> CallRow {
    CallRow {
        href: format!("{}/calls/{}", home_href(scope.asker().account.id), call.id),
        number: phone_text(call.other_number()),
        direction: call.direction.label(),
        test: false,
        badge: Badge::call(call.status.as_str()),
        agent: call.agent_name.clone(),
        started: zone(scope.asker()).show(call.created_at),
        seconds: call.answered_at.map(|_| call.duration_seconds.into()),
        cost: if sees_cost(scope) { money_text(call.cost_minor, &call.currency) } else { String::new() },
    }
}

/// `GET /accounts/{account}/calls`
pub async fn list(
    scope: Scope<View>,
    visit: Visit,
    url: web::Query<CallsUrl>,
) -> Result<HttpResponse, Denied> {
    let url = url.into_inner();
    let (filter, part) = (url.filter(&scope.asker().account.region), url.part());
    let narrows = filter.narrows();
    let (page, agents) =
        scope.read_region(move |tx| Ok((list::page(tx, &filter, part, PAGE)?, agents::list(tx)?))).await?;
    let base = format!("{}/calls", home_href(scope.asker().account.id));
    let table = CallsTable {
        columns: CallsTable::columns(sees_cost(&scope)),
        pager: Some(Pager {
            summary: format!("{} shown, newest first", counted(page.rows.len(), "call", "calls")),
            newer_href: page
                .rows
                .first()
                .filter(|_| page.has_newer)
                .map(|call| url.href(&base, "newer", call.id)),
            older_href: page
                .rows
                .last()
                .filter(|_| page.has_older)
                .map(|call| url.href(&base, "older", call.id)),
            newer_label: "Newer".into(),
            older_label: "Older".into(),
        }),
        rows: page.rows.iter().map(|call| row(&scope, call)).collect(),
        empty: page.rows.is_empty().then(|| {
            if narrows {
                Empty::NoMatch { title: "No call matches".into(), clear_href: base.clone() }
            } else {
                Empty::First {
                    title: "No calls yet".into(),
                    text: "Calls appear here as soon as an agent has taken or made one.".into(),
                    action: None,
                    icon: "calls",
                }
            }
        }),
    };
    if visit.fragment {
        return html(&table);
    }
    let agents = agents.into_iter().map(|agent| Choice::new(agent.id.to_string(), agent.name, ""));
    let words = |name: &str, label: &str, any: &str, value: &str, all: Vec<(&str, &str)>| {
        let mut options = vec![Choice::new("", any, "")];
        options.extend(all.into_iter().map(|(word, label)| Choice::new(word, label, "")));
        Field::new(name, label).value(value).options(options)
    };
    let mut agent =
        Field::new("agent", "Agent").value(&url.agent).options(vec![Choice::new("", "Any agent", "")]);
    agent.options.extend(agents);
    html(&CallsPage {
        frame: visit.frame(&scope, "Calls", Here::Calls),
        text: "Every call that was made or came in, newest first.".into(),
        list_href: base,
        export_href: None,
        q: url.q.clone(),
        filters: vec![
            agent,
            words(
                "direction",
                "Direction",
                "Both",
                &url.direction,
                Direction::ALL.iter().map(|word| (word.as_str(), word.label())).collect(),
            ),
            words(
                "status",
                "Status",
                "Any status",
                &url.status,
                CallStatus::ALL.iter().map(|word| (word.as_str(), word.label())).collect(),
            ),
            words(
                "end_reason",
                "Ended because",
                "Any reason",
                &url.end_reason,
                EndReason::ALL.iter().map(|word| (word.as_str(), word.label())).collect(),
            ),
            words(
                "sentiment",
                "Sentiment",
                "Any",
                &url.sentiment,
                Sentiment::ALL.iter().map(|word| (word.as_str(), word.label())).collect(),
            ),
        ],
        days: vec![
            Field::new("from", "From day").value(&url.from),
            Field::new("to", "To day").value(&url.to),
        ],
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
