//! Adding and changing a webhook, and the secret it signs with.

use actix_web::{HttpResponse, http::StatusCode, web};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    access::{Denied, Scope, permission::Administer},
    domain::{
        idempotency::{self, IdempotencyKey},
        webhooks::{
            endpoints::{self, Endpoint},
            input::{CheckedEndpoint, EndpointInput},
        },
    },
    error::{Error, FieldError},
    values::{EventKind, PrivateTargets, Sealer, WebhookId},
    web::{
        forms::{ConfirmForm, Submitted},
        notices::told,
        page::{Here, Visit, html, html_as, see},
        parts::{Choice, ErrorSummary, Field},
        views::webhooks::{WebhookFormPage, WebhookSecretPage},
    },
};

use super::Place;

/// The form as it is sent.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookForm {
    idempotency_key: String,
    url: String,
    description: String,
    events: Vec<String>,
}

impl WebhookForm {
    fn input(&self) -> EndpointInput {
        EndpointInput {
            url: Some(self.url.clone()),
            description: Some(self.description.clone()),
            kinds: Some(self.events.clone()),
            ..EndpointInput::default()
        }
    }
}

/// `GET /accounts/{account}/webhooks/new`
pub async fn form(scope: Scope<Administer>, visit: Visit) -> Result<HttpResponse, Denied> {
    let blank = WebhookForm { idempotency_key: Uuid::now_v7().to_string(), ..WebhookForm::default() };
    page(&scope, &visit, None, &blank, &[], StatusCode::OK)
}

/// `POST /accounts/{account}/webhooks`
///
/// The answer is a page and no redirect: it alone shows the secret. Sent again, the form
/// creates nothing.
pub async fn create(
    scope: Scope<Administer>,
    visit: Visit,
    form: Submitted<WebhookForm>,
    sealer: web::Data<Sealer>,
    private: web::Data<PrivateTargets>,
) -> Result<HttpResponse, Denied> {
    let form = form.by(&scope)?;
    let input = form.input();
    let created = match CheckedEndpoint::check(&input, &private) {
        Ok(new) => {
            let key = IdempotencyKey::parse("idempotency_key", &form.idempotency_key)?;
            let sealer = sealer.clone();
            scope
                .write(move |tx| {
                    idempotency::once(tx, "webhook.create", &key, &input, |tx| {
                        endpoints::create(tx, &new, &sealer)
                    })
                })
                .await
        }
        Err(wrong) => Err(wrong),
    };
    let (wrong, status) = match created {
        Ok(id) => {
            let heading = "The webhook is ready";
            return secret(&scope, &visit, id, &sealer, heading, "It is told of events from now on.").await;
        }
        Err(Error::Conflict { code: "too_many_webhooks", message }) => {
            (vec![FieldError::new("url", message)], StatusCode::CONFLICT)
        }
        Err(error) => (wrong_fields(error)?, StatusCode::UNPROCESSABLE_ENTITY),
    };
    page(&scope, &visit, None, &form, &wrong, status)
}

/// `GET /accounts/{account}/webhooks/{webhook}/edit`
pub async fn edit(
    scope: Scope<Administer>,
    visit: Visit,
    place: web::Path<Place>,
) -> Result<HttpResponse, Denied> {
    let id = place.webhook;
    let endpoint = scope.read(move |tx| endpoints::get(tx, id)).await?;
    let form = WebhookForm {
        idempotency_key: String::new(),
        url: endpoint.url.clone(),
        description: endpoint.description.clone(),
        events: endpoint.kinds.iter().map(ToString::to_string).collect(),
    };
    page(&scope, &visit, Some(&endpoint), &form, &[], StatusCode::OK)
}

/// `POST /accounts/{account}/webhooks/{webhook}/edit`
pub async fn save(
    scope: Scope<Administer>,
    visit: Visit,
    place: web::Path<Place>,
    form: Submitted<WebhookForm>,
    sealer: web::Data<Sealer>,
    private: web::Data<PrivateTargets>,
) -> Result<HttpResponse, Denied> {
    let form = form.by(&scope)?;
    let id = place.webhook;
    let saved = match CheckedEndpoint::check(&form.input(), &private) {
        Ok(to) => scope.write(move |tx| endpoints::change(tx, id, &to, &sealer)).await,
        Err(wrong) => Err(wrong),
    };
    match saved {
        Ok(()) => Ok(see(told(&super::href(&scope, id), "webhook-saved"))),
        Err(error) => {
            let wrong = wrong_fields(error)?;
            let endpoint = scope.read(move |tx| endpoints::get(tx, id)).await?;
            page(&scope, &visit, Some(&endpoint), &form, &wrong, StatusCode::UNPROCESSABLE_ENTITY)
        }
    }
}

/// `POST /accounts/{account}/webhooks/{webhook}/rotate`
///
/// As after creating, the answer alone shows the secret.
pub async fn rotate(
    scope: Scope<Administer>,
    visit: Visit,
    place: web::Path<Place>,
    form: Submitted<ConfirmForm>,
    sealer: web::Data<Sealer>,
) -> Result<HttpResponse, Denied> {
    form.by(&scope)?;
    let id = place.webhook;
    let for_rotation = sealer.clone();
    scope.write(move |tx| endpoints::rotate(tx, id, &for_rotation)).await?;
    let text =
        "Messages are signed by this secret and by the former one for 24 hours, then by this one alone.";
    secret(&scope, &visit, id, &sealer, "The secret is rotated", text).await
}

async fn secret(
    scope: &Scope<Administer>,
    visit: &Visit,
    id: WebhookId,
    sealer: &web::Data<Sealer>,
    heading: &str,
    text: &str,
) -> Result<HttpResponse, Denied> {
    let sealer = sealer.clone();
    let (endpoint, secret) =
        scope.read(move |tx| Ok((endpoints::get(tx, id)?, endpoints::secret(tx, id, &sealer)?))).await?;
    html(&WebhookSecretPage {
        frame: visit.frame(scope, heading, Here::Webhooks),
        crumbs: super::crumbs(scope, Some(&endpoint)),
        heading: heading.to_owned(),
        text: text.to_owned(),
        secret,
        next_href: super::href(scope, id),
    })
}

fn wrong_fields(error: Error) -> Result<Vec<FieldError>, Denied> {
    match error {
        Error::Invalid(fields) => Ok(fields),
        other => Err(Denied(other)),
    }
}

fn page(
    scope: &Scope<Administer>,
    visit: &Visit,
    endpoint: Option<&Endpoint>,
    form: &WebhookForm,
    wrong: &[FieldError],
    status: StatusCode,
) -> Result<HttpResponse, Denied> {
    let with_error = |field: Field| {
        let error = wrong.iter().find(|error| error.field == field.name).map(|error| error.message.clone());
        field.error(error)
    };
    let url = with_error(
        Field::new("url", "Address")
            .hint("A public https:// address of yours, such as https://example.com/hooks.")
            .value(&form.url),
    );
    let description =
        with_error(Field::new("description", "Description").hint("What it is for.").value(&form.description));
    let events =
        with_error(Field::new("events", "Events").hint("Leave all unticked to be told of everything."));
    let kinds = EventKind::ALL
        .iter()
        .filter(|kind| kind.can_be_chosen())
        .map(|kind| {
            let ticked = form.events.iter().any(|word| word == kind.as_str());
            (Choice::new(kind.as_str(), kind.label(), ""), ticked)
        })
        .collect();
    let heading = if endpoint.is_some() { "Edit webhook" } else { "Add webhook" };
    let mut frame = visit.frame(scope, heading, Here::Webhooks);
    frame.has_errors = !wrong.is_empty();
    let base = super::list_href(scope);
    html_as(
        &WebhookFormPage {
            frame,
            crumbs: super::crumbs(scope, endpoint),
            errors: ErrorSummary::of([&url, &description, &events]),
            heading: heading.to_owned(),
            text: "Events are sent there as signed JSON. What fails is sent again for about 28 hours."
                .to_owned(),
            action: endpoint.map_or(base.clone(), |endpoint| format!("{base}/{}/edit", endpoint.id)),
            cancel_href: endpoint.map_or(base.clone(), |endpoint| format!("{base}/{}", endpoint.id)),
            button: if endpoint.is_some() { "Save" } else { "Add webhook" },
            idempotency_key: endpoint.is_none().then(|| form.idempotency_key.clone()),
            url,
            description,
            events,
            kinds,
        },
        status,
    )
}
