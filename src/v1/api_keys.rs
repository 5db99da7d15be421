//! API keys of an account (`domain.md` 6.1).

use actix_web::web;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{ArrayBuilder, ObjectBuilder, RefOr, Schema, schema::Type},
};

use crate::{
    access::{Denied, Scope, permission::Administer},
    domain::identity::api_keys::{self, Again, KeyName, KeyStatus, Lifetime, Listed, NewKey, Rotation},
    error::Error,
    values::{ApiKeyId, KeyArea, KeyLevel, KeyMode, KeyScope, KeyScopes, KeyText, Part, Sealer, WorkspaceId},
};

use super::{
    line::Line,
    reply::{Created, List, NoContent, Paging, Reply},
    request::{Body, Once, Path, Query},
    timestamp::Timestamp,
};

/// An API key. Of its text only the last characters are kept.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What it is called.
    #[schema(example = "CRM import")]
    pub name: String,
    /// Whether its calls are real.
    #[serde(rename = "type")]
    pub mode: KeyMode,
    /// What it may do. To write contains to read.
    pub scopes: KeyScopes,
    /// The one workspace it works in; null for the whole account.
    pub workspace_id: Option<WorkspaceId>,
    /// The last four characters of its text, to tell it from others.
    #[schema(min_length = 4, max_length = 4, example = "x4Qz")]
    pub last_four: String,
    /// Where it stands in its life.
    pub status: KeyStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends, or has ended, by itself; null for never.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to about a minute; null for never.
    pub last_used_at: Option<Timestamp>,
    /// The address it was last used from.
    #[schema(example = "203.0.113.7")]
    pub last_used_ip: Option<String>,
    /// When somebody ended it.
    pub revoked_at: Option<Timestamp>,
    /// The key that follows it, after a rotation.
    pub replaced_by: Option<ApiKeyId>,
}

impl From<api_keys::ApiKey> for ApiKey {
    fn from(key: api_keys::ApiKey) -> Self {
        Self {
            status: key.status(OffsetDateTime::now_utc()),
            id: key.id,
            name: key.name,
            mode: key.mode,
            scopes: key.scopes,
            workspace_id: key.workspace,
            last_four: key.hint,
            created_at: key.created_at.into(),
            expires_at: key.expires_at.map(Timestamp),
            last_used_at: key.last_used_at.map(Timestamp),
            last_used_ip: key.last_used_ip,
            revoked_at: key.revoked_at.map(Timestamp),
            replaced_by: key.replaced_by,
        }
    }
}

/// A key that was just made, with its text.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewApiKey {
    /// Its text: the only time that it is told.
    #[schema(
        pattern = "^dnx_(live|test)_[0-9A-Za-z]{28}$",
        example = "dnx_live_0000000000000000000000OMd4iX"
    )]
    pub key: String,
    /// What it is.
    #[serde(flatten)]
    pub made: ApiKey,
}

/// A key that follows another.
#[derive(Debug, Serialize, ToSchema)]
pub struct RotatedApiKey {
    /// The one before, and when it ends.
    pub replaces: ApiKey,
    /// The one that follows.
    #[serde(flatten)]
    pub new: NewApiKey,
}

impl NewApiKey {
    fn of(made: api_keys::MadeKey, sealer: &Sealer) -> Result<Self, Error> {
        let text = made.text(sealer).ok_or_else(|| Error::Conflict {
            code: "key_shown_once",
            message: "This key was made more than 24 hours ago; its text is not told again.".into(),
        })?;
        Ok(Self { key: KeyText::reveal(&text).to_owned(), made: made.key.into() })
    }
}

/// What a key is called: a line of at most 60 characters.
#[derive(Debug)]
pub enum KeyLine {}

impl PartialSchema for KeyLine {
    fn schema() -> RefOr<Schema> {
        let mut line = Line::schema();
        if let RefOr::T(Schema::Object(object)) = &mut line {
            object.max_length = Some(60);
            object.description = Some("What a key is called: a line of at most 60 characters.".into());
        }
        line
    }
}

impl ToSchema for KeyLine {}

/// Rights that a key is to have: at least one, none twice.
#[derive(Debug)]
pub enum WantedScopes {}

impl PartialSchema for WantedScopes {
    fn schema() -> RefOr<Schema> {
        let words = KeyArea::ALL.iter().flat_map(|area| {
            KeyLevel::ALL.iter().map(|level| KeyScope { area: *area, level: *level }.to_string())
        });
        let word =
            ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words.collect::<Vec<_>>()));
        ArrayBuilder::new()
            .items(word)
            .min_items(Some(1))
            .unique_items(true)
            .examples([serde_json::json!(["agents:write", "calls:read"])])
            .into()
    }
}

impl ToSchema for WantedScopes {}

fn scopes(wanted: Vec<KeyScope>) -> Result<KeyScopes, Error> {
    let count = wanted.len();
    let scopes: KeyScopes = wanted.into_iter().collect();
    if count == 0 {
        return Err(Error::invalid("scopes", "Name at least one, or leave them out for all."));
    }
    if scopes.iter().count() != count {
        return Err(Error::invalid("scopes", "Name each one once."));
    }
    Ok(scopes)
}

/// How the form of a request can be right and yet not be possible here.
fn not_possible(error: Error) -> Error {
    let code = |field: &str| match field {
        "scopes" => Some("scopes_not_possible"),
        "workspace_id" => Some("workspace_not_found"),
        "expires_at" => Some("expires_in_the_past"),
        _ => None,
    };
    match error {
        Error::Invalid(wrong) => match wrong.first().and_then(|first| Some((code(&first.field)?, first))) {
            Some((code, first)) => Error::Conflict { code, message: first.message.clone() },
            None => Error::Invalid(wrong),
        },
        other => other,
    }
}

/// Which keys.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct KeysQuery {
    /// The page, from 1.
    #[param(minimum = 1, maximum = 10000, example = 1)]
    page: Option<i64>,
    /// Rows on a page.
    #[param(minimum = 1, maximum = 100, example = 20)]
    limit: Option<i64>,
    /// `next_cursor` of the page before, instead of `page`.
    #[param(pattern = "^key_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    cursor: Option<String>,
    /// Whether keys that ended more than 30 days ago are listed too.
    #[param(example = false)]
    include_ended: Option<bool>,
}

/// Lists API keys
///
/// The latest come first. Keys that ended stay listed for 30 days, and longer with
/// `include_ended`.
#[utoipa::path(get, path = "/api-keys", tag = "Keys", operation_id = "listApiKeys", params(KeysQuery),
    responses((status = 200, description = "A page of them.", body = List<ApiKey>)))]
pub async fn list(scope: Scope<Administer>, query: Query<KeysQuery>) -> Result<Reply<List<ApiKey>>, Denied> {
    let KeysQuery { page, limit, cursor, include_ended } = query.0;
    let paging = Paging::of(page, limit, cursor)?;
    let part = match &paging.cursor {
        None => Part::Newest,
        Some(text) => {
            let id = text.parse::<ApiKeyId>();
            Part::OlderThan(id.map_err(|_| Error::invalid("cursor", "It is not one that was given."))?)
        }
    };
    let listed = if include_ended == Some(true) { Listed::All } else { Listed::Current };
    let (skip, limit) = (paging.skip(), u16::try_from(paging.limit).map_err(Error::internal)?);
    let (slice, total) = scope
        .read(move |tx| Ok((api_keys::page(tx, listed, part, skip, limit)?, api_keys::count(tx, listed)?)))
        .await?;
    let next = slice.rows.last().filter(|_| slice.has_older).map(|key| key.id.to_string());
    Ok(Reply(List::new(slice.rows.into_iter().map(ApiKey::from).collect(), &paging, total, next)))
}

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApiKey {
    /// What it is called, such as what uses it.
    #[schema(value_type = KeyLine)]
    name: String,
    /// Whether its calls are real.
    #[serde(rename = "type")]
    mode: KeyMode,
    /// What it may do, at most what your own key may; left out, all that it can.
    #[schema(value_type = WantedScopes, required = false)]
    #[serde(default, deserialize_with = "super::request::present")]
    scopes: Option<Vec<KeyScope>>,
    /// When it is to end by itself; null, or left out, for never.
    #[schema(value_type = Option<Timestamp>)]
    #[serde(default, with = "time::serde::rfc3339::option")]
    expires_at: Option<OffsetDateTime>,
    /// The one workspace it is to work in; null, or left out, for the whole account. Such a
    /// key can be let into agents, numbers and calls.
    #[serde(default)]
    workspace_id: Option<WorkspaceId>,
}

/// Creates an API key
///
/// The answer tells its text, `key`, for the only time; only a hash of it is kept. Sent
/// again with the same `Idempotency-Key`, the same answer comes for 24 hours. A key can
/// make keys that may do at most what it may itself; a test key makes test keys. An account
/// has at most 100 keys in use.
#[utoipa::path(post, path = "/api-keys", tag = "Keys", operation_id = "createApiKey",
    request_body(content = CreateApiKey, example = json!({ "name": "CRM import", "type": "live" })),
    responses((status = 201, description = "It was made.", body = NewApiKey)))]
pub async fn create(
    scope: Scope<Administer>,
    sealer: web::Data<Sealer>,
    once: Once,
    body: Body<CreateApiKey>,
) -> Result<Created<NewApiKey>, Denied> {
    let asked = body.into_inner();
    let name = KeyName::parse(&asked.name).map_err(|wrong| Error::Invalid(vec![wrong]))?;
    let new = NewKey {
        name,
        mode: asked.mode,
        scopes: asked.scopes.map(scopes).transpose()?,
        lifetime: asked.expires_at.map_or(Lifetime::Unlimited, Lifetime::Until),
        workspace: asked.workspace_id,
    };
    let seal = sealer.clone();
    let made = scope.write(move |tx| {
        once.perform(tx, "api_keys.create", &new, |tx| api_keys::create(tx, &new, Again::Sealed(&seal)))
    });
    Ok(Created(NewApiKey::of(made.await.map_err(not_possible)?, &sealer)?))
}

/// The id in the address.
#[derive(Debug, Deserialize)]
pub struct KeyPlace {
    /// The key.
    api_key_id: ApiKeyId,
}

/// Shows an API key
#[utoipa::path(get, path = "/api-keys/{api_key_id}", tag = "Keys", operation_id = "getApiKey",
    params(("api_key_id" = ApiKeyId, Path, description = "The key.")),
    responses((status = 200, description = "The key.", body = ApiKey)))]
pub async fn show(scope: Scope<Administer>, place: Path<KeyPlace>) -> Result<Reply<ApiKey>, Denied> {
    let id = place.0.api_key_id;
    Ok(Reply(scope.read(move |tx| api_keys::find(tx, id)).await?.into()))
}

/// What to change of a key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateApiKey {
    /// What it is to be called.
    #[schema(value_type = KeyLine)]
    name: String,
}

/// Renames an API key
#[utoipa::path(patch, path = "/api-keys/{api_key_id}", tag = "Keys", operation_id = "updateApiKey",
    params(("api_key_id" = ApiKeyId, Path, description = "The key.")),
    request_body(content = UpdateApiKey, example = json!({ "name": "CRM import, nightly" })),
    responses((status = 200, description = "The key after it.", body = ApiKey)))]
pub async fn rename(
    scope: Scope<Administer>,
    place: Path<KeyPlace>,
    body: Body<UpdateApiKey>,
) -> Result<Reply<ApiKey>, Denied> {
    let id = place.0.api_key_id;
    let name = KeyName::parse(&body.into_inner().name).map_err(|wrong| Error::Invalid(vec![wrong]))?;
    Ok(Reply(scope.write(move |tx| api_keys::rename(tx, id, &name)).await?.into()))
}

/// How a key is to be followed by another.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateApiKey {
    /// How many hours both are accepted; 24 unless said, 0 to end the old one at once.
    #[schema(value_type = i32, required = false, minimum = 0, maximum = 168, example = 24)]
    #[serde(default, deserialize_with = "super::request::present")]
    overlap_hours: Option<u16>,
    /// When the new one is to end by itself; left out, after as long as the old one was made
    /// for.
    #[schema(value_type = Option<Timestamp>)]
    #[serde(default, with = "time::serde::rfc3339::option")]
    expires_at: Option<OffsetDateTime>,
}

/// Rotates an API key
///
/// A new key of the same name, type, scopes and workspace follows it; the answer tells its
/// text for the only time. The old one is accepted until the overlap is over: see by its
/// `last_used_at` whether something still uses it.
#[utoipa::path(post, path = "/api-keys/{api_key_id}/rotate", tag = "Keys", operation_id = "rotateApiKey",
    params(("api_key_id" = ApiKeyId, Path, description = "The key.")),
    request_body(content = RotateApiKey, example = json!({ "overlap_hours": 24 })),
    responses((status = 201, description = "The key that follows.", body = RotatedApiKey)))]
pub async fn rotate(
    scope: Scope<Administer>,
    sealer: web::Data<Sealer>,
    once: Once,
    place: Path<KeyPlace>,
    body: Body<RotateApiKey>,
) -> Result<Created<RotatedApiKey>, Denied> {
    let (id, asked) = (place.0.api_key_id, body.into_inner());
    let rotation = Rotation {
        overlap_hours: asked.overlap_hours.unwrap_or(api_keys::USUAL_OVERLAP_HOURS),
        lifetime: asked.expires_at.map(Lifetime::Until),
    };
    let seal = sealer.clone();
    let rotated = scope.write(move |tx| {
        once.perform(tx, "api_keys.rotate", &(id, rotation), |tx| {
            api_keys::rotate(tx, id, &rotation, Again::Sealed(&seal))
        })
    });
    let api_keys::Rotated { new, old } = rotated.await.map_err(not_possible)?;
    Ok(Created(RotatedApiKey { replaces: old.into(), new: NewApiKey::of(new, &sealer)? }))
}

/// Revokes an API key
///
/// The next request with it is refused with 401, and so is every later one. A key that has
/// ended stays as it is.
#[utoipa::path(delete, path = "/api-keys/{api_key_id}", tag = "Keys", operation_id = "revokeApiKey",
    params(("api_key_id" = ApiKeyId, Path, description = "The key.")),
    responses((status = 204, description = "It has ended.")))]
pub async fn revoke(scope: Scope<Administer>, place: Path<KeyPlace>) -> Result<NoContent, Denied> {
    let id = place.0.api_key_id;
    scope.write(move |tx| api_keys::revoke(tx, id)).await?;
    Ok(NoContent)
}
