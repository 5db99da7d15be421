//! The agents of an account.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use time::{Duration, OffsetDateTime};

use crate::{
    access::{
        Denied, Scope,
        permission::{PlaceCalls, View},
    },
    domain::{agents, calls, numbers},
    values::{AgentId, indian_day},
    web::{
        filters::{counted, phone_text},
        page::{Here, Visit, home_href, html, zone},
        parts::{Column, Crumb, Empty, Pager},
        views::account::{AgentPage, AgentRow, AgentsPage},
    },
};

use super::{
    DAYS,
    minute::{self, Chosen},
};

/// `GET /accounts/{account}/agents`
pub async fn list(scope: Scope<View>, visit: Visit) -> Result<HttpResponse, Denied> {
    let since = indian_day(OffsetDateTime::now_utc()) - Duration::days(i64::from(DAYS) - 1);
    let (agents, numbers, counts) = scope
        .read_region(move |tx| Ok((agents::list(tx)?, numbers::list(tx)?, calls::counts_since(tx, since)?)))
        .await?;
    let zone = zone(scope.asker());
    let home = home_href(scope.asker().account.id);
    let rows: Vec<_> = agents
        .iter()
        .map(|agent| AgentRow {
            name: agent.name.clone(),
            href: format!("{home}/agents/{}", agent.id),
            kind: format!("{} · {}", agent.pipeline.label(), agent.llm),
            languages: agent.language.clone(),
            voice: agent.voice.clone(),
            numbers: numbers
                .iter()
                .filter(|(number, _)| number.agent == Some(agent.id))
                .map(|(number, _)| phone_text(&number.e164))
                .collect::<Vec<_>>()
                .join(", "),
            calls: counts.get(&agent.id.uuid()).copied().unwrap_or(0),
            created: zone.show(agent.created_at),
        })
        .collect();
    html(&AgentsPage {
        frame: visit.frame(&scope, "Agents", Here::Agents),
        new_href: None,
        columns: vec![
            Column::new("Agent"),
            Column::new("Languages"),
            Column::new("Voice"),
            Column::new("Numbers"),
            Column::new("Calls, 30 days").end(),
            Column::new("Created"),
        ],
        pager: Pager { summary: counted(rows.len(), "agent", "agents"), ..Pager::default() },
        empty: rows.is_empty().then(|| Empty::First {
            title: "No agents yet".into(),
            text: "A voice agent answers the calls of a phone number and makes calls for you.".into(),
            action: None,
            icon: "agents",
        }),
        rows,
    })
}

/// The ids in an agent's address.
#[derive(Debug, Deserialize)]
pub struct Place {
    agent: AgentId,
}

/// `GET /accounts/{account}/agents/{agent}`
pub async fn show(
    scope: Scope<View>,
    visit: Visit,
    place: web::Path<Place>,
    chosen: web::Query<Chosen>,
) -> Result<HttpResponse, Denied> {
    let id = place.agent;
    let (agent, numbers, configured) = scope
        .read_region(move |tx| {
            Ok((agents::get(tx, id)?, numbers::of_agent(tx, id)?, agents::configured(tx, id)?))
        })
        .await?;
    let version = configured.published().or(configured.versions.last());
    let home = home_href(scope.asker().account.id);
    let minute = match version {
        Some(version) => {
            let saved = version.settings.speaking();
            minute::card(&scope, &format!("{home}/agents/{id}"), &saved, &chosen).await?
        }
        None => None,
    };
    if let Some(minute) = minute.as_ref().filter(|_| visit.fragment) {
        return html(minute);
    }
    let fact = |term: &str, value: &str| (term.to_owned(), value.to_owned());
    html(&AgentPage {
        frame: visit.frame(&scope, &agent.name, Here::Agents),
        crumbs: vec![Crumb::new("Agents", format!("{home}/agents"))],
        id: agent.id.to_string(),
        name: agent.name.clone(),
        kind: agent.pipeline.label().to_owned(),
        prompt: agent.prompt.clone(),
        facts: vec![
            fact("Language", &agent.language),
            fact("Voice", &agent.voice),
            fact("Language model", &agent.llm),
            fact("Pipeline", agent.pipeline.label()),
        ],
        numbers: numbers.into_iter().map(|number| (phone_text(&number.e164), number.label)).collect(),
        minute,
        calls_href: format!("{home}/calls?agent={id}"),
        call_href: scope.holds::<PlaceCalls>().then(|| format!("{home}/agents/{id}/call")),
        created: zone(scope.asker()).show(agent.created_at),
    })
}
