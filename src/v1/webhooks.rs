//! Webhooks: the addresses at which an account is told of its events.

use actix_web::web;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    access::{Denied, Scope, permission::Administer},
    domain::webhooks::{
        endpoints::{self, Endpoint},
        input::{CheckedEndpoint, EndpointInput},
    },
    error::Error,
    values::{EventKind, PrivateTargets, Sealer, WebhookId},
};

use super::{
    reply::{Created, Paging, Reply},
    request::{Body, Once, Path, Query},
    timestamp::Timestamp,
};

/// What stands for a secret that is not shown again.
const MASKED: &str = "********";

/// A webhook.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Where events are sent.
    #[schema(example = "https://example.com/hooks")]
    pub url: String,
    /// The kinds of events it wants; none for all.
    pub events: Vec<EventKind>,
    /// Whether events are sent to it.
    pub is_active: bool,
    /// Why it was switched off without anybody asking for it: `gone` after an answer of 410,
    /// `failing` when nothing succeeded for three days; else null.
    #[schema(example = json!(null))]
    pub disabled_because: Option<String>,
    /// What it is for.
    #[schema(example = "Billing sync")]
    pub description: String,
    /// Its signing secret: as it is in the answer that made it, masked ever after.
    #[schema(example = "********")]
    pub secret: String,
    /// When it was created.
    #[serde(rename = "createdAt")]
    pub created_at: Timestamp,
}

impl Webhook {
    fn of(endpoint: Endpoint, secret: Option<String>) -> Self {
        Self {
            id: endpoint.id,
            url: endpoint.url,
            events: endpoint.kinds,
            is_active: endpoint.active,
            disabled_because: endpoint.disabled_because,
            description: endpoint.description,
            secret: secret.unwrap_or_else(|| MASKED.to_owned()),
            created_at: endpoint.created_at.into(),
        }
    }
}

/// A webhook, and what was done with it. The webhook stands in `webhook`, and its fields
/// beside it too.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookAnswer {
    /// What was done.
    #[schema(example = "Webhook created successfully")]
    pub message: String,
    /// The webhook.
    pub webhook: Webhook,
    #[serde(flatten)]
    fields: Webhook,
}

impl WebhookAnswer {
    fn new(message: &str, webhook: Webhook) -> Self {
        Self { message: message.to_owned(), fields: webhook.clone(), webhook }
    }
}

/// A page of webhooks.
#[derive(Debug, Serialize, ToSchema)]
pub struct Webhooks {
    /// What was done.
    #[schema(example = "Webhooks fetched successfully")]
    pub message: String,
    /// The webhooks; their secrets are masked.
    pub webhooks: Vec<Webhook>,
    /// The page, from 1.
    #[schema(minimum = 1, example = 1)]
    pub page: i64,
    /// Rows on a page.
    #[schema(minimum = 1, maximum = 100, example = 10)]
    pub limit: i64,
    /// Webhooks in all.
    #[schema(minimum = 0, maximum = 20, example = 1)]
    pub total: i64,
    /// Pages in all.
    #[serde(rename = "totalPages")]
    #[schema(minimum = 0, example = 1)]
    pub total_pages: i64,
}

/// What was deleted.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookDeleted {
    /// That it was.
    #[schema(example = true)]
    pub success: bool,
    /// What was done.
    #[schema(example = "Webhook deleted successfully")]
    pub message: String,
    /// The webhook that was.
    pub id: WebhookId,
}

/// The webhook in the address.
#[derive(Debug, Deserialize)]
pub struct Place {
    pub(super) webhook_id: WebhookId,
}

/// Which part of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// The page, from 1.
    #[param(minimum = 1, maximum = 10000, example = 1)]
    page: Option<i64>,
    /// Rows on a page; 10, unless said.
    #[param(minimum = 1, maximum = 100, example = 10)]
    limit: Option<i64>,
}

/// Lists webhooks
///
/// Their secrets are masked.
#[utoipa::path(get, path = "/user-webhooks", tag = "Webhooks", operation_id = "listWebhooks", params(ListQuery),
    responses((status = 200, description = "A page of them.", body = Webhooks)))]
pub async fn list(scope: Scope<Administer>, query: Query<ListQuery>) -> Result<Reply<Webhooks>, Denied> {
    let paging = Paging::of(query.0.page, Some(query.0.limit.unwrap_or(10)), None)?;
    let all = scope.read(endpoints::list).await?;
    let total = i64::try_from(all.len()).map_err(Error::internal)?;
    let (skip, limit) = (paging.skip(), paging.limit);
    let webhooks = all
        .into_iter()
        .skip(usize::try_from(skip).map_err(Error::internal)?)
        .take(usize::try_from(limit).map_err(Error::internal)?)
        .map(|endpoint| Webhook::of(endpoint, None))
        .collect();
    Ok(Reply(Webhooks {
        message: "Webhooks fetched successfully".to_owned(),
        webhooks,
        page: paging.page,
        limit,
        total,
        total_pages: (total + limit - 1) / limit,
    }))
}

/// What to create.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWebhook {
    /// Where events are sent: a public address, on port 443 or 8443.
    #[schema(
        max_length = 1900,
        example = "https://example.com/webhooks/voice",
        pattern = r"^https://([a-z0-9]+(-[a-z0-9]+)*\.)+[a-z]{2,63}(:(443|8443))?(/[A-Za-z0-9._~/-]*)?(\?[A-Za-z0-9._~=&-]*)?$"
    )]
    url: String,
    /// The kinds of events it wants; an empty list for all.
    #[schema(value_type = Vec<ChosenKind>, max_items = 50)]
    events: Vec<String>,
    /// Whether events are sent to it; they are, unless said.
    #[schema(value_type = bool, required = false, example = true)]
    #[serde(default, deserialize_with = "super::request::present")]
    is_active: Option<bool>,
    /// A signing secret of your own choice; without one, a good one is made. The key that
    /// signs is what it encodes in base64 after `whsec_`, or its own bytes when it does not
    /// begin so.
    #[schema(value_type = String, required = false, pattern = "^[!-~]{8,256}$", example = "replace-with-a-long-random-secret")]
    #[serde(default, deserialize_with = "super::request::present")]
    secret: Option<String>,
    /// What it is for.
    #[schema(value_type = String, required = false, max_length = 200, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    #[serde(default, deserialize_with = "super::request::present")]
    description: Option<String>,
}

/// A kind of event that can be chosen.
#[derive(Debug)]
pub enum ChosenKind {}

impl utoipa::PartialSchema for ChosenKind {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        let words = EventKind::ALL.iter().filter(|kind| kind.can_be_chosen()).map(|kind| kind.as_str());
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .enum_values(Some(words.collect::<Vec<_>>()))
            .into()
    }
}

impl ToSchema for ChosenKind {}

/// Creates a webhook
///
/// Events are sent there as JSON (`type`, `timestamp`, `data`) by POST, signed by the
/// Standard Webhooks scheme: `webhook-signature` is `v1,` and the base64 of HMAC-SHA256 over
/// `webhook-id.webhook-timestamp.body`. Any 2xx is success; what fails is sent again for about
/// 28 hours under the same `webhook-id`. The secret is in this answer and in no other. An
/// account can have 20 webhooks; beyond them the answer is 409 `too_many_webhooks`.
#[utoipa::path(post, path = "/user-webhooks", tag = "Webhooks", operation_id = "createWebhook",
    request_body(content = CreateWebhook, example = json!({
        "url": "https://example.com/webhooks/voice", "events": ["call.completed"], "is_active": true,
        "secret": "replace-with-a-long-random-secret"
    })),
    responses((status = 201, description = "It was made.", body = WebhookAnswer)))]
pub async fn create(
    scope: Scope<Administer>,
    once: Once,
    body: Body<CreateWebhook>,
    sealer: web::Data<Sealer>,
    private: web::Data<PrivateTargets>,
) -> Result<Created<WebhookAnswer>, Denied> {
    let asked = body.into_inner();
    let input = EndpointInput {
        url: Some(asked.url),
        description: asked.description,
        kinds: Some(asked.events),
        active: asked.is_active,
        secret: asked.secret,
    };
    let new = CheckedEndpoint::check(&input, &private)?;
    let for_making = sealer.clone();
    let id = scope
        .write(move |tx| {
            once.perform(tx, "webhook.create", &input, |tx| endpoints::create(tx, &new, &for_making))
        })
        .await?;
    Ok(Created(with_secret(&scope, id, sealer, "Webhook created successfully").await?))
}

async fn with_secret(
    scope: &Scope<Administer>,
    id: WebhookId,
    sealer: web::Data<Sealer>,
    message: &str,
) -> Result<WebhookAnswer, Error> {
    let (endpoint, secret) =
        scope.read(move |tx| Ok((endpoints::get(tx, id)?, endpoints::secret(tx, id, &sealer)?))).await?;
    Ok(WebhookAnswer::new(message, Webhook::of(endpoint, Some(secret))))
}

async fn masked(scope: &Scope<Administer>, id: WebhookId, message: &str) -> Result<WebhookAnswer, Error> {
    let endpoint = scope.read(move |tx| endpoints::get(tx, id)).await?;
    Ok(WebhookAnswer::new(message, Webhook::of(endpoint, None)))
}

/// Shows a webhook
///
/// Its secret is masked.
#[utoipa::path(get, path = "/user-webhooks/{webhook_id}", tag = "Webhooks", operation_id = "getWebhook",
    params(("webhook_id" = WebhookId, Path, description = "The webhook.")),
    responses((status = 200, description = "The webhook.", body = WebhookAnswer)))]
pub async fn show(scope: Scope<Administer>, place: Path<Place>) -> Result<Reply<WebhookAnswer>, Denied> {
    Ok(Reply(masked(&scope, place.0.webhook_id, "Webhook fetched successfully").await?))
}

/// What to change of a webhook. What is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateWebhook {
    /// Another address.
    #[schema(value_type = String, required = false, max_length = 1900, example = "https://example.com/updated",
        pattern = r"^https://([a-z0-9]+(-[a-z0-9]+)*\.)+[a-z]{2,63}(:(443|8443))?(/[A-Za-z0-9._~/-]*)?(\?[A-Za-z0-9._~=&-]*)?$")]
    #[serde(default, deserialize_with = "super::request::present")]
    url: Option<String>,
    /// Other kinds of events; an empty list for all.
    #[schema(value_type = Vec<ChosenKind>, required = false, max_items = 50)]
    #[serde(default, deserialize_with = "super::request::present")]
    events: Option<Vec<String>>,
    /// Whether events are sent to it. What waits for one that is switched off fails.
    #[schema(value_type = bool, required = false, example = false)]
    #[serde(default, deserialize_with = "super::request::present")]
    is_active: Option<bool>,
    /// A new signing secret, which replaces the former at once. To keep both for a while,
    /// rotate it instead.
    #[schema(value_type = String, required = false, pattern = "^[!-~]{8,256}$", example = "another-long-random-secret")]
    #[serde(default, deserialize_with = "super::request::present")]
    secret: Option<String>,
    /// What it is for.
    #[schema(value_type = String, required = false, max_length = 200, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    #[serde(default, deserialize_with = "super::request::present")]
    description: Option<String>,
}

/// Changes a webhook
#[utoipa::path(patch, path = "/user-webhooks/{webhook_id}", tag = "Webhooks", operation_id = "updateWebhook",
    params(("webhook_id" = WebhookId, Path, description = "The webhook.")),
    request_body(content = UpdateWebhook, example = json!({ "is_active": false })),
    responses((status = 200, description = "The webhook after it.", body = WebhookAnswer)))]
pub async fn update(
    scope: Scope<Administer>,
    place: Path<Place>,
    body: Body<UpdateWebhook>,
    sealer: web::Data<Sealer>,
    private: web::Data<PrivateTargets>,
) -> Result<Reply<WebhookAnswer>, Denied> {
    let (id, asked) = (place.0.webhook_id, body.into_inner());
    let input = EndpointInput {
        url: asked.url,
        description: asked.description,
        kinds: asked.events,
        active: asked.is_active,
        secret: asked.secret,
    };
    let to = CheckedEndpoint::check(&input, &private)?;
    scope.write(move |tx| endpoints::change(tx, id, &to, &sealer)).await?;
    Ok(Reply(masked(&scope, id, "Webhook updated successfully").await?))
}

/// Deletes a webhook
///
/// With its log. Nothing is sent to it any more.
#[utoipa::path(delete, path = "/user-webhooks/{webhook_id}", tag = "Webhooks", operation_id = "deleteWebhook",
    params(("webhook_id" = WebhookId, Path, description = "The webhook.")),
    responses((status = 200, description = "It is deleted.", body = WebhookDeleted)))]
pub async fn delete(scope: Scope<Administer>, place: Path<Place>) -> Result<Reply<WebhookDeleted>, Denied> {
    let id = place.0.webhook_id;
    scope.write(move |tx| endpoints::delete(tx, id)).await?;
    let message = "Webhook deleted successfully".to_owned();
    Ok(Reply(WebhookDeleted { success: true, message, id }))
}

/// Rotates a webhook's secret
///
/// The new secret is in this answer and in no other. Messages are signed by both, the new
/// first, for 24 hours.
#[utoipa::path(post, path = "/user-webhooks/{webhook_id}/rotate-secret", tag = "Webhooks",
    operation_id = "rotateWebhookSecret",
    params(("webhook_id" = WebhookId, Path, description = "The webhook.")),
    responses((status = 200, description = "The webhook with its new secret.", body = WebhookAnswer)))]
pub async fn rotate(
    scope: Scope<Administer>,
    once: Once,
    place: Path<Place>,
    sealer: web::Data<Sealer>,
) -> Result<Reply<WebhookAnswer>, Denied> {
    let id = place.0.webhook_id;
    let for_rotation = sealer.clone();
    scope
        .write(move |tx| {
            once.perform(tx, "webhook.rotate", &id, |tx| endpoints::rotate(tx, id, &for_rotation))
        })
        .await?;
    Ok(Reply(with_secret(&scope, id, sealer, "Webhook secret rotated successfully").await?))
}
