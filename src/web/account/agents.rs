//! The agents of an account.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use time::{Duration, OffsetDateTime};

use crate::{
    access::{
        Denied, Scope,
        permission::{PlaceCalls, View, ViewBilling},
        principal::Standing,
    },
    domain::{
        agents,
        billing::{
            ledger,
            rates::{self, Speaking},
        },
        calls, numbers,
    },
    error::Error,
    values::{AccountId, AgentId, BillingMode, indian_day},
    web::{
        filters::{counted, money_text, phone_text},
        page::{Here, Visit, home_href, html, zone},
        parts::{Column, Crumb, Empty, Pager},
        views::account::{AgentPage, AgentRow, AgentsPage, Minute},
    },
};

use super::DAYS;

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

/// What a started minute of a call with `speaking` comes to, as far as the reader may know it: its cost
/// and what that is made of to whoever pays it, its price alone to the members of a sub-account, and
/// nothing where another pays and has set no price.
async fn minute(scope: &Scope<View>, speaking: Speaking) -> Result<Option<Minute>, Error> {
    let asker = scope.asker();
    let (card, price, currency) =
        scope.read(|tx| Ok((rates::card(tx)?, rates::price(tx)?, ledger::balance(tx)?.currency))).await?;
    let cost = card.cost(&speaking);
    let money = |minor| money_text(minor, &currency);
    let is_above = asker.standing == Standing::ParentAdministrator;
    let is_organization = matches!(asker.account.id, AccountId::Organization(_));
    if is_above || is_organization {
        let parts = cost.lines.iter().map(|(component, minor)| (component.label().to_owned(), money(*minor)));
        let minute = Minute { sum: money(cost.total), parts: parts.collect() };
        return Ok((is_above || scope.holds::<ViewBilling>()).then_some(minute));
    }
    let payer = if asker.account.pays_itself() { BillingMode::Isolated } else { BillingMode::Consolidated };
    // Where its organization pays, the price is what it is told.
    let is_told = payer == BillingMode::Isolated || price.is_some();
    let sum = money(rates::charged(payer, cost.total, price));
    Ok(is_told.then_some(Minute { sum, parts: Vec::new() }))
}

/// The ids in an agent's address.
#[derive(Debug, Deserialize)]
pub struct Place {
    agent: AgentId,
}

/// `GET /accounts/{account}/agents/{agent}`
pub async fn show(scope: Scope<View>, visit: Visit, place: web::Path<Place>) -> Result<HttpResponse, Denied> {
    let id = place.agent;
    let (agent, numbers, configured) = scope
        .read_region(move |tx| {
            Ok((agents::get(tx, id)?, numbers::of_agent(tx, id)?, agents::configured(tx, id)?))
        })
        .await?;
    let version = configured.published().or(configured.versions.last());
    let minute = match version {
        Some(version) => minute(&scope, version.settings.speaking()).await?,
        None => None,
    };
    let home = home_href(scope.asker().account.id);
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
