//! Having an agent call somebody, to try it or because one wants to (`domain.md` 5.3).

use actix_web::{HttpResponse, http::StatusCode, web};
use serde::Deserialize;
use serde_json::Map;

use crate::{
    access::{
        Denied, Scope,
        permission::{PlaceCalls, View},
    },
    domain::{
        agents::{self, Agent},
        calls::place::{self, Wanted},
        idempotency::IdempotencyKey,
    },
    error::{Error, FieldError},
    values::{AgentId, CallId, E164},
    web::{
        forms::Submitted,
        notices::told,
        page::{Here, Visit, home_href, html_as, see},
        parts::{Crumb, ErrorSummary, Field},
        sub_accounts::with_error,
        views::account::PlaceCallPage,
    },
};

use super::calls::dialled;

/// The ids in the address.
#[derive(Debug, Deserialize)]
pub struct Place {
    agent: AgentId,
}

/// The form as it is sent.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallForm {
    idempotency_key: String,
    phone_number: String,
}

/// `GET /accounts/{account}/agents/{agent}/call`
pub async fn ask(
    scope: Scope<PlaceCalls>,
    visit: Visit,
    place: web::Path<Place>,
) -> Result<HttpResponse, Denied> {
    // Any unguessable, never repeated word will do.
    let blank = CallForm { idempotency_key: CallId::new().uuid().to_string(), ..CallForm::default() };
    let agent = agent(&scope, place.agent).await?;
    page(&scope, &visit, &agent, &blank, &[], StatusCode::OK)
}

/// `POST /accounts/{account}/agents/{agent}/call`
pub async fn submit(
    scope: Scope<PlaceCalls>,
    visit: Visit,
    place: web::Path<Place>,
    form: Submitted<CallForm>,
) -> Result<HttpResponse, Denied> {
    let form = form.by(&scope)?;
    let agent = agent(&scope, place.agent).await?;
    let again = |why: String, status| {
        page(&scope, &visit, &agent, &form, &[FieldError::new("phone_number", why)], status)
    };
    let Ok(to) = E164::parse(&dialled(&form.phone_number, &scope.asker().account.region)) else {
        let why = "Enter a phone number with its country code, such as +91 98765 43210.";
        return again(why.into(), StatusCode::UNPROCESSABLE_ENTITY);
    };
    let key = IdempotencyKey::parse("idempotency_key", &form.idempotency_key)?;
    let wanted = Wanted { to, agent: agent.id, version: None, metadata: Map::new(), notes: None };
    match place::place(&scope, wanted, Some(key)).await {
        Ok(placed) => {
            let home = home_href(scope.asker().account.id);
            Ok(see(told(&format!("{home}/calls/{}", placed.id), "call-placed")))
        }
        Err(Error::Conflict { message, .. }) => again(message, StatusCode::CONFLICT),
        Err(other) => Err(other.into()),
    }
}

async fn agent(scope: &Scope<PlaceCalls>, id: AgentId) -> Result<Agent, Error> {
    scope.read_region(move |tx| agents::get(tx, id)).await
}

fn page(
    scope: &Scope<PlaceCalls>,
    visit: &Visit,
    agent: &Agent,
    form: &CallForm,
    wrong: &[FieldError],
    status: StatusCode,
) -> Result<HttpResponse, Denied> {
    let home = home_href(scope.asker().account.id);
    let agent_href = format!("{home}/agents/{}", agent.id);
    let number = with_error(
        Field::new("phone_number", "Phone number")
            .hint("With its country code, such as +91 98765 43210. It rings at once.")
            .value(&form.phone_number),
        wrong,
    );
    let mut frame = visit.frame(&scope.narrow::<View>(), format!("Call with {}", agent.name), Here::Agents);
    frame.has_errors = !wrong.is_empty();
    html_as(
        &PlaceCallPage {
            frame,
            crumbs: vec![
                Crumb::new("Agents", format!("{home}/agents")),
                Crumb::new(&agent.name, agent_href.clone()),
            ],
            agent: agent.name.clone(),
            action: format!("{agent_href}/call"),
            cancel_href: agent_href,
            idempotency_key: form.idempotency_key.clone(),
            errors: ErrorSummary::of([&number]),
            number,
        },
        status,
    )
}
