//! The OpenAPI 3.1 document, made of the handlers themselves (`domain.md` 6.5).

use actix_web::{HttpResponse, http::Method, web};
use serde_json::json;
use utoipa::{
    OpenApi,
    openapi::{
        self, Components, Content, HeaderBuilder, ObjectBuilder, PathItem, Paths, Ref, RefOr, Required,
        Response, ResponseBuilder, Schema, Server,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn},
        schema::Type,
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use crate::{
    domain::sub_accounts::list,
    values::{KEY_PATTERN, Region, SubAccountId},
};

use super::{
    agents, api_keys, audit_log, calls, catalogues, countries, deletions, front::Rights, invitations,
    invoices, limits, me, members, numbers, payments, place_call, prices, recordings, refusal::ErrorBody,
    retention, sub_accounts, usage, voices, wallet, wallet_rules, webhook_deliveries, webhooks,
};

/// What stands at one address.
#[derive(OpenApi)]
#[openapi(
    paths(
        me::show,
        sub_accounts::list, sub_accounts::create, sub_accounts::show, sub_accounts::update,
        sub_accounts::suspend, sub_accounts::reactivate,
        deletions::delete, deletions::list, deletions::show,
        limits::show, limits::set,
        wallet::recharge,
        prices::show, prices::set,
        wallet_rules::show_auto_recharge, wallet_rules::set_auto_recharge,
        catalogues::languages, catalogues::language, catalogues::llms, catalogues::fallback_llms, catalogues::llm,
        catalogues::transcribers, catalogues::fallback_transcribers, catalogues::transcriber,
        voices::voices, voices::accents, voices::speech_voices, voices::voice,
        voices::voice_languages, countries::countries, countries::prices,
    ),
    components(schemas(ErrorBody, agents::AgentVersion, agents::VersionDetails, list::Sort, sub_accounts::Order)),
    tags(
        (name = "Sub-accounts", description = "Fully isolated environments beneath your organization."),
        (name = "Limits", description = "How your organization's concurrency is shared out."),
        (name = "Wallets", description = "Prepaid wallets, their transactions, and recharges."),
        (name = "Webhooks", description = "Addresses of yours that are told when something happens."),
        (name = "Usage", description = "Counters of calls, minutes and costs."),
        (name = "Members", description = "Who belongs to an account, and who is invited."),
        (name = "Audit log", description = "Who did what."),
        (name = "Agents", description = "Voice agents."),
        (name = "Phone numbers", description = "Numbers that are yours, and numbers to buy."),
        (name = "Calls", description = "Calls, what was said in them and what came of them."),
        (name = "Catalogues", description = "Languages, language models, voices and transcribers."),
        (name = "Keys", description = "API keys: what a program may do with yours, and the keys of your accounts."),
    ),
)]
struct AtOneAddress;

/// What belongs to an account, and stands once beneath each way to name one.
#[derive(OpenApi)]
#[openapi(paths(
    wallet::show,
    wallet::transactions,
    payments::list,
    payments::create,
    payments::show,
    invoices::list,
    invoices::show,
    invoices::pdf,
    wallet_rules::show,
    wallet_rules::set,
    usage::show,
    audit_log::list,
    members::list,
    members::update,
    members::remove,
    invitations::list,
    invitations::create,
    invitations::resend,
    invitations::revoke,
    agents::list,
    agents::create,
    agents::show,
    agents::update,
    agents::delete,
    numbers::list,
    numbers::search,
    numbers::purchase,
    numbers::show,
    numbers::release,
    calls::list,
    place_call::create,
    calls::show,
    recordings::show,
    retention::show,
    retention::set,
    webhooks::list,
    webhooks::create,
    webhooks::show,
    webhooks::update,
    webhooks::delete,
    webhooks::rotate,
    webhook_deliveries::test,
    webhook_deliveries::list,
    webhook_deliveries::redeliver,
    webhook_deliveries::redeliver_failed,
    api_keys::list,
    api_keys::create,
    api_keys::show,
    api_keys::rename,
    api_keys::rotate,
    api_keys::revoke,
))]
struct InAccount;

/// The ways to name an account: the start of the address, what is added to the names of
/// operations, and what to tell of it.
const FAMILIES: [(&str, &str, &str); 3] = [
    ("", "", "The account of the key: a sub-account's own, or the workspace's it is bound to."),
    ("/sub-accounts/{sub_account_id}", "OfSubAccount", "A sub-account of the key's organization."),
    ("/organization", "OfOrganization", "The key's organization itself."),
];

/// The answers that any request may get.
const REFUSALS: [(&str, &str, &str); 10] = [
    ("400", "BadRequest", "Something in the request is wrong; `message` names it."),
    ("401", "Unauthorized", "The key is missing, unknown, expired or revoked."),
    ("403", "Forbidden", "The key may not do this."),
    ("404", "NotFound", "It does not exist for this key."),
    ("409", "Conflict", "The state of things forbids it; `code` says which."),
    ("413", "PayloadTooLarge", "The body is larger than 256 KiB."),
    ("415", "UnsupportedMediaType", "The body is not JSON in UTF-8."),
    ("422", "IdempotencyKeyReused", "The idempotency key was used with another body."),
    ("429", "TooManyRequests", "The key asks too often; `Retry-After` says when to go on."),
    ("503", "Busy", "Too much is going on. Nothing was changed; try again after `Retry-After`."),
];

/// The headers that every answer to a key has.
const RATE_HEADERS: [(&str, &str, &str); 3] = [
    ("X-RateLimit-Limit", "RateLimitLimit", "Requests that the key may make at once, and in a minute."),
    ("X-RateLimit-Remaining", "RateLimitRemaining", "How many of them are left."),
    ("X-RateLimit-Reset", "RateLimitReset", "Seconds until all of them are back."),
];

/// The document of a server at `public_url` with these regions; `rights` says which scope
/// each operation takes.
pub fn document(rights: &Rights, regions: &[Region], public_url: &str) -> openapi::OpenApi {
    let mut document = AtOneAddress::openapi();
    document.info = openapi::Info::new("DialNexa Sub-Accounts API", env!("CARGO_PKG_VERSION"));
    document.info.description = Some(INTRODUCTION.to_owned());
    document.servers = Some(vec![Server::new(public_url)]);
    let in_account = InAccount::openapi();
    for (prefix, suffix, told) in FAMILIES {
        for (path, item) in &in_account.paths.paths {
            let mut item = item.clone();
            for (_, operation) in operations(&mut item) {
                belong(operation, suffix, told);
            }
            document.paths.paths.insert(format!("{prefix}{path}"), item);
        }
    }
    let mut components = document.components.take().unwrap_or_default();
    if let Some(more) = in_account.components {
        components.schemas.extend(more.schemas);
    }
    complete(&mut components, regions);
    document.components = Some(components);
    let mut paths = Paths::new();
    for (path, mut item) in std::mem::take(&mut document.paths.paths) {
        let path = format!("/v1{path}");
        for (method, operation) in operations(&mut item) {
            finish(operation, &method, &path, rights);
        }
        paths.paths.insert(path, item);
    }
    document.paths = paths;
    document
}

const INTRODUCTION: &str = "Everything a parent can do in the dashboard, a program can do with a key. Send the key \
as `Authorization: Bearer dnx_live_…`. Every request names the account it means: `/v1/…` is the account of a \
sub-account's or workspace's key, `/v1/organization/…` an organization's own, \
`/v1/sub-accounts/{sub_account_id}/…` one of its sub-accounts.";

fn operations(item: &mut PathItem) -> Vec<(Method, &mut Operation)> {
    [
        (Method::GET, &mut item.get),
        (Method::POST, &mut item.post),
        (Method::PUT, &mut item.put),
        (Method::PATCH, &mut item.patch),
        (Method::DELETE, &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
    .collect()
}

/// Makes an operation one of a family.
fn belong(operation: &mut Operation, suffix: &str, told: &str) {
    let name = operation.operation_id.clone().unwrap_or_default();
    operation.operation_id = Some(format!("{name}{suffix}"));
    let description = operation.description.take().unwrap_or_default();
    operation.description = Some(format!("{description}\n\n{told}").trim().to_owned());
    // What is one operation at several addresses, for readers to show once.
    operation.extensions.get_or_insert_default().insert("x-operation".to_owned(), json!(name));
}

/// Adds to an operation what all have: its right, its refusals, its headers.
fn finish(operation: &mut Operation, method: &Method, path: &str, rights: &Rights) {
    let scope = rights.needed(method, path).map(|scope| scope.to_string());
    operation.security = Some(vec![SecurityRequirement::new("key", scope.iter())]);
    let parameters = operation.parameters.get_or_insert_default();
    if path.contains("{sub_account_id}") {
        parameters.insert(0, id_in_path());
    }
    if *method == Method::POST {
        parameters.push(idempotency_key());
    }
    for (status, name, _) in REFUSALS {
        operation
            .responses
            .responses
            .entry(status.to_owned())
            .or_insert_with(|| Ref::from_response_name(name).into());
    }
    if *method == Method::GET {
        let unchanged =
            ResponseBuilder::new().description("It is as you have it, by the `ETag` that you sent.");
        operation.responses.responses.insert("304".to_owned(), unchanged.build().into());
    }
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            add_headers(response);
        }
    }
}

fn id_in_path() -> Parameter {
    ParameterBuilder::new()
        .name("sub_account_id")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some("The sub-account."))
        .schema(Some(Ref::from_schema_name("SubAccountId")))
        .build()
}

fn idempotency_key() -> Parameter {
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "1 to 255 printable characters of your choice. What is asked under one key is done once, however \
             often it is sent; a repetition gets the first answer.",
        ))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[!-~]{1,255}$"))))
        .example(Some(json!("5f0c2c1e-order-4711")))
        .build()
}

fn add_headers(response: &mut Response) {
    for (name, _, told) in RATE_HEADERS {
        let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
        let header = HeaderBuilder::new().schema(number).description(Some(told)).build();
        response.headers.insert(name.to_owned(), header);
    }
}

/// Adds to the components what is not a handler's.
fn complete(components: &mut Components, regions: &[Region]) {
    for (_, name, told) in REFUSALS {
        let content = Content::new(Some(Ref::from_schema_name("ErrorResponse")));
        let mut response =
            ResponseBuilder::new().description(told).content("application/json", content).build();
        if name != "Unauthorized" {
            add_headers(&mut response);
        }
        components.responses.insert(name.to_owned(), response.into());
    }
    // The regions are those of this server.
    let words = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("A data region."))
        .enum_values(Some(regions.iter().map(Region::as_str).collect::<Vec<_>>()));
    components.schemas.insert("Region".to_owned(), RefOr::T(Schema::from(words)));
    components.schemas.insert("SubAccountId".to_owned(), <SubAccountId as utoipa::PartialSchema>::schema());
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(format!("An API key. Secret scanners know it by `{KEY_PATTERN}`.")))
        .build();
    components.add_security_scheme("key", SecurityScheme::Http(bearer));
}

/// The document, written out.
pub struct Written(String);

impl Written {
    /// Writes a document.
    ///
    /// # Errors
    /// Never for one of [`document`].
    pub fn of(document: &openapi::OpenApi) -> Result<Self, serde_json::Error> {
        serde_json::to_string(document).map(Self)
    }
}

/// `GET /v1/openapi.json`
pub async fn show(written: web::Data<Written>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(written.0.clone())
}
