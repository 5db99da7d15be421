//! A new key.

use data_encoding::BASE64;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::{
    access::{Change, Tx, permission::Administer},
    domain::workspaces,
    error::{Error, FieldError},
    schema::control::api_keys,
    values::{ApiKeyId, EventKind, KeyMode, KeyReach, KeyScopes, KeyText, Sealer, WorkspaceId},
};

use super::{ApiKey, MOST_IN_USE, check_mode, noticed, now, told};

/// What a key is called: 1 to 60 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct KeyName(String);

impl KeyName {
    /// The name that somebody typed, without the space around it.
    ///
    /// # Errors
    /// The rule that it breaks, on the field `name`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let name = text.trim();
        if (1..=60).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
            return Ok(Self(name.to_owned()));
        }
        Err(FieldError::new("name", "Give the key a name of at most 60 characters, such as what uses it."))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How long a key is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lifetime {
    /// Until somebody ends it.
    Unlimited,
    /// For so many days.
    Days(u16),
    /// Until a moment, which lies ahead.
    Until(OffsetDateTime),
}

impl Lifetime {
    /// When a key that is made at `now` ends.
    pub(super) fn end(self, now: OffsetDateTime) -> Result<Option<OffsetDateTime>, Error> {
        let end = match self {
            Self::Unlimited => return Ok(None),
            Self::Days(days) => now + Duration::days(days.into()),
            Self::Until(end) => end,
        };
        if end <= now {
            return Err(Error::invalid("expires_at", "The key must expire in the future, or never."));
        }
        Ok(Some(end))
    }
}

/// A key that somebody wants.
#[derive(Debug, Clone, Serialize)]
pub struct NewKey {
    /// What it is called.
    pub name: KeyName,
    /// Live or test.
    pub mode: KeyMode,
    /// What it may do; `None` for all that a key of its kind can have and its maker may hand
    /// on.
    pub scopes: Option<KeyScopes>,
    /// How long it is accepted.
    pub lifetime: Lifetime,
    /// The one workspace it works in; `None` for the whole account.
    pub workspace: Option<WorkspaceId>,
}

/// Whether the text of a key can be read again under the idempotency key it was made with.
#[derive(Debug, Clone, Copy)]
pub enum Again<'s> {
    /// It is shown once and then never.
    Never,
    /// It is kept, sealed, in the record of what was answered (`trust.md` R4): a program whose
    /// answer was lost asks again.
    Sealed(&'s Sealer),
}

/// How long a program that asks again is given the same text.
const REPEATED: Duration = Duration::hours(24);

/// A key that was made just now, or under the same idempotency key before. What is
/// serialized holds no text that anybody could use.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MadeKey {
    /// The key as it was made.
    pub key: ApiKey,
    #[serde(skip)]
    fresh: Option<KeyText>,
    sealed: Option<String>,
}

impl MadeKey {
    /// Its text, if it was made just now.
    pub fn fresh_text(&self) -> Option<&KeyText> {
        self.fresh.as_ref()
    }

    /// Its text, if it was made just now or, for who made it by [`Again::Sealed`], within the
    /// last 24 hours.
    pub fn text(&self, sealer: &Sealer) -> Option<KeyText> {
        if let Some(fresh) = &self.fresh {
            return Some(fresh.clone());
        }
        if OffsetDateTime::now_utc() - self.key.created_at > REPEATED {
            return None;
        }
        let sealed = BASE64.decode(self.sealed.as_ref()?.as_bytes()).ok()?;
        let text = sealer.open(&context(self.key.id), &sealed)?;
        KeyText::presented(std::str::from_utf8(&text).ok()?)
    }
}

/// What the seal of a key's text is bound to.
fn context(id: ApiKeyId) -> Vec<u8> {
    format!("text of {id}").into_bytes()
}

/// Makes a key.
///
/// # Errors
/// [`Error::Invalid`] on `scopes` for what a key of this kind cannot have, on `expires_at`
/// for what is over, on `workspace_id` for none of the account's; [`Error::Forbidden`] to a
/// key that asks for more than it may itself; [`Error::Conflict`] with code `too_many_keys`.
pub fn create(tx: &mut Tx<'_, Administer>, new: &NewKey, again: Again<'_>) -> Result<Change<MadeKey>, Error> {
    if let Some(workspace) = new.workspace
        && !workspaces::exists(tx, workspace)?
    {
        return Err(Error::invalid("workspace_id", "This account has no such workspace."));
    }
    check_mode(tx, new.mode)?;
    let reach = KeyReach::of(tx.account().id, new.workspace);
    let scopes = scopes(tx, new.scopes.as_ref(), reach)?;
    let end = new.lifetime.end(now(tx.connection())?)?;
    make_room(tx)?;
    let made = insert(tx, &new.name, new.mode, scopes, new.workspace, end, again)?;
    let details = json!({
        "mode": made.key.mode,
        "hint": made.key.hint,
        "scopes": made.key.scopes,
        "expires_at": end.map(OffsetDateTime::unix_timestamp),
        "workspace": made.key.workspace,
    });
    let event = told(tx, "api_key.created", &made.key, details);
    let notice = noticed(tx, EventKind::ApiKeyCreated, &made.key);
    Ok(Change::new(made, event).publishing(notice))
}

/// The rights of a new key: those asked for, if whoever asks may hand them on.
fn scopes(tx: &Tx<'_, Administer>, wanted: Option<&KeyScopes>, reach: KeyReach) -> Result<KeyScopes, Error> {
    let maker = tx.asker().principal.key();
    let Some(wanted) = wanted else {
        let all = maker.map_or_else(|| KeyScopes::all(reach), |key| key.scopes.clone());
        return Ok(all.within(reach));
    };
    let areas: Vec<_> = reach.areas().collect();
    if let Some(beyond) = wanted.iter().find(|scope| !areas.contains(&scope.area)) {
        let why = match reach {
            KeyReach::Workspace => "of one workspace",
            KeyReach::SubAccount | KeyReach::Organization => "of this account",
        };
        return Err(Error::invalid("scopes", format!("A key {why} cannot have {beyond}.")));
    }
    if wanted.is_empty() {
        return Err(Error::invalid("scopes", "Choose at least one thing that the key may do."));
    }
    check_rights(tx, wanted)?;
    Ok(wanted.clone())
}

/// Refuses a key that would hand on more than it has (`trust.md` S10).
pub(super) fn check_rights(tx: &Tx<'_, Administer>, wanted: &KeyScopes) -> Result<(), Error> {
    match tx.asker().principal.key() {
        Some(maker) if !maker.scopes.contain(wanted) => {
            Err(Error::Forbidden("A key cannot make another that may do more than itself."))
        }
        _ => Ok(()),
    }
}

/// Refuses when the account has as many keys in use as it may.
pub(super) fn make_room(tx: &mut Tx<'_, Administer>) -> Result<(), Error> {
    // Whoever adds a key to the account waits here for who is adding one, and counts after.
    let first = api_keys::table.order(api_keys::api_key_id).limit(1).select(api_keys::api_key_id);
    first.for_update().first::<ApiKeyId>(tx.connection()).optional()?;
    let now = now(tx.connection())?;
    let in_use: i64 = api_keys::table
        .filter(api_keys::revoked_at.is_null())
        .filter(api_keys::expires_at.is_null().or(api_keys::expires_at.gt(now)))
        .count()
        .get_result(tx.connection())?;
    if in_use >= MOST_IN_USE {
        return Err(Error::Conflict {
            code: "too_many_keys",
            message: format!(
                "This account has {MOST_IN_USE} keys in use, the most there can be. Revoke one first."
            ),
        });
    }
    Ok(())
}

pub(super) fn insert(
    tx: &mut Tx<'_, Administer>,
    name: &KeyName,
    mode: KeyMode,
    scopes: KeyScopes,
    workspace: Option<WorkspaceId>,
    expires_at: Option<OffsetDateTime>,
    again: Again<'_>,
) -> Result<MadeKey, Error> {
    let (id, text) = (ApiKeyId::new(), KeyText::new(mode).map_err(Error::internal)?);
    let creator = tx.asker().principal.person().map(|person| person.id);
    let key = diesel::insert_into(api_keys::table)
        .values((
            api_keys::api_key_id.eq(id),
            api_keys::name.eq(name.as_str()),
            api_keys::mode.eq(mode),
            api_keys::token_hash.eq(text.hash()),
            api_keys::token_hint.eq(text.hint()),
            api_keys::created_by.eq(creator),
            api_keys::scopes.eq(scopes),
            api_keys::workspace_id.eq(workspace),
            api_keys::expires_at.eq(expires_at),
        ))
        .returning(ApiKey::as_returning())
        .get_result(tx.connection())?;
    let sealed = match again {
        Again::Never => None,
        Again::Sealed(sealer) => {
            let sealed = sealer.seal(&context(id), text.reveal().as_bytes()).map_err(Error::internal)?;
            Some(BASE64.encode(&sealed))
        }
    };
    Ok(MadeKey { key, fresh: Some(text), sealed })
}

/// Keeps a key of a known text, with all rights: the demo's. Kept already, it stays as it
/// is; one from before keys had rights is given them.
///
/// # Errors
/// [`Error::Invalid`] on `name`.
pub fn keep(
    tx: &mut Tx<'_, Administer>,
    name: &str,
    mode: KeyMode,
    text: &KeyText,
) -> Result<Change<Option<ApiKeyId>>, Error> {
    let name = KeyName::parse(name).map_err(|wrong| Error::Invalid(vec![wrong]))?;
    let id = ApiKeyId::new();
    let creator = tx.asker().principal.person().map(|person| person.id);
    let scopes = KeyScopes::all(KeyReach::of(tx.account().id, None));
    let kept = diesel::insert_into(api_keys::table)
        .values((
            api_keys::api_key_id.eq(id),
            api_keys::name.eq(name.as_str()),
            api_keys::mode.eq(mode),
            api_keys::token_hash.eq(text.hash()),
            api_keys::token_hint.eq(text.hint()),
            api_keys::created_by.eq(creator),
            api_keys::scopes.eq(&scopes),
        ))
        .on_conflict(api_keys::token_hash)
        .do_nothing()
        .returning(ApiKey::as_returning())
        .get_result(tx.connection())
        .optional()?;
    if let Some(key) = kept {
        let event = told(tx, "api_key.created", &key, json!({ "mode": mode, "hint": key.hint }));
        let notice = noticed(tx, EventKind::ApiKeyCreated, &key);
        return Ok(Change::new(Some(id), event).publishing(notice));
    }
    let without_rights = api_keys::table
        .filter(api_keys::token_hash.eq(text.hash()))
        .filter(api_keys::scopes.eq(KeyScopes::default()))
        .filter(api_keys::revoked_at.is_null());
    let given = diesel::update(without_rights)
        .set(api_keys::scopes.eq(&scopes))
        .returning(ApiKey::as_returning())
        .get_result(tx.connection())
        .optional()?;
    Ok(match given {
        Some(key) => {
            let event = told(tx, "api_key.scopes_given", &key, json!({ "scopes": scopes }));
            Change::new(Some(key.id), event)
        }
        None => Change::none(None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_bounded() {
        assert_eq!(KeyName::parse("  CRM ").unwrap().as_str(), "CRM");
        assert!(KeyName::parse(&"क".repeat(60)).is_ok());
        for wrong in ["", "  ", "a\nb", &"x".repeat(61)] {
            assert_eq!(KeyName::parse(wrong).unwrap_err().field, "name");
        }
    }

    #[test]
    fn a_lifetime_ends_in_the_future() {
        let now = OffsetDateTime::UNIX_EPOCH;
        assert_eq!(Lifetime::Unlimited.end(now).unwrap(), None);
        assert_eq!(Lifetime::Days(1).end(now).unwrap(), Some(now + Duration::DAY));
        assert!(Lifetime::Until(now).end(now).is_err());
        assert!(Lifetime::Days(0).end(now).is_err());
    }
}
