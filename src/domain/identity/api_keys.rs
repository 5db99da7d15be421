//! API keys: `dnx_live_…` and `dnx_test_…`, shown once and stored as a hash
//! (`domain.md` 6.1, `trust.md` S10).

use diesel::prelude::*;
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    access::{
        Change, Event, Notice, Tx,
        permission::{Administer, Includes},
    },
    error::{Error, FieldError},
    schema::control::api_keys,
    values::{ApiKeyId, EventKind, KeyMode, KeyReach, KeyScopes, KeyText},
};

/// A key as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = api_keys)]
pub struct ApiKey {
    /// Its id.
    #[diesel(column_name = api_key_id)]
    pub id: ApiKeyId,
    /// What it is for.
    pub name: String,
    /// Live or test.
    pub mode: KeyMode,
    /// Its last four characters.
    pub token_hint: String,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it was last used.
    pub last_used_at: Option<OffsetDateTime>,
    /// When it ends by itself.
    pub expires_at: Option<OffsetDateTime>,
    /// When somebody ended it.
    pub revoked_at: Option<OffsetDateTime>,
}

/// The keys of an account, newest first, ended ones included.
pub fn list<P: Includes<Administer>>(tx: &mut Tx<'_, P>) -> Result<Vec<ApiKey>, Error> {
    Ok(api_keys::table
        .order(api_keys::api_key_id.desc())
        .limit(200)
        .select(ApiKey::as_select())
        .load(tx.connection())?)
}

/// Keeps a new key. Kept already, it stays as it is.
///
/// # Errors
/// [`Error::Invalid`] on `name`.
pub fn keep<P: Includes<Administer>>(
    tx: &mut Tx<'_, P>,
    name: &str,
    mode: KeyMode,
    text: &KeyText,
) -> Result<Change<Option<ApiKeyId>>, Error> {
    let name = name.trim();
    if !(1..=60).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        let message = "Give the key a name of at most 60 characters.";
        return Err(Error::Invalid(vec![FieldError::new("name", message)]));
    }
    let id = ApiKeyId::new();
    let creator = tx.asker().principal.person().map(|person| person.id);
    let kept = diesel::insert_into(api_keys::table)
        .values((
            api_keys::api_key_id.eq(id),
            api_keys::name.eq(name),
            api_keys::mode.eq(mode),
            api_keys::token_hash.eq(text.hash()),
            api_keys::token_hint.eq(text.hint()),
            api_keys::created_by.eq(creator),
            api_keys::scopes.eq(KeyScopes::all(KeyReach::of(tx.account().id, None))),
        ))
        .on_conflict(api_keys::token_hash)
        .do_nothing()
        .execute(tx.connection())?;
    if kept == 0 {
        return Ok(Change::none(None));
    }
    let event = Event {
        account: tx.account().id,
        action: "api_key.created",
        object: name.to_owned(),
        object_id: id.to_string(),
        details: json!({ "mode": mode, "hint": text.hint() }),
    };
    let told = json!({ "api_key_id": id, "name": name, "type": mode });
    Ok(Change::new(Some(id), event).publishing(Notice::new(tx.account().id, EventKind::ApiKeyCreated, told)))
}
