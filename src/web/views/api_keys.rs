//! API keys.

use askama::{Template, filters::HtmlSafe};

use crate::web::filters::{self, Moment};
use crate::web::frame::Frame;
use crate::web::parts::{Badge, Choice, Crumb, Empty, ErrorSummary, Field, Pager};

/// The keys of an account.
#[derive(Template)]
#[template(path = "api_keys/_list.html")]
pub struct KeysSection {
    pub new_href: String,
    /// The list with, or without, keys that ended long ago: what the link says, and where.
    pub other_list: (String, String),
    /// What secret scanners look for.
    pub pattern: &'static str,
    pub rows: Vec<KeyRow>,
    pub pager: Pager,
    pub empty: Option<Empty>,
}

impl HtmlSafe for KeysSection {}

/// One key in the list.
#[derive(Debug, Clone)]
pub struct KeyRow {
    pub href: String,
    pub facts: KeyFacts,
    /// Where it is replaced; none once it has ended or another follows it.
    pub rotate_href: Option<String>,
    /// Where it is ended; none once it has.
    pub revoke_href: Option<String>,
}

/// What is known of a key. Of its text only the last characters are.
#[derive(Debug, Clone)]
pub struct KeyFacts {
    pub name: String,
    /// `dnx_live_…a1B2`
    pub hint: String,
    pub badge: Badge,
    /// Live or test.
    pub mode: String,
    /// What it may do, a line for each.
    pub rights: Vec<String>,
    /// The one workspace it works in; empty for the whole account.
    pub workspace: String,
    pub created: Moment,
    pub last_used: Option<Moment>,
    /// The address it was last used from.
    pub last_used_from: String,
    pub expires: Option<Moment>,
    pub revoked: Option<Moment>,
    /// Another follows it, and it is still accepted.
    pub is_retiring: bool,
}

/// The form that makes a key. Fields: `name`, `type`, `access`, `scope` (repeated), `workspace_id`,
/// `lifetime`, `password`.
#[derive(Template)]
#[template(path = "api_keys/new.html")]
pub struct NewKeyPage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub action: String,
    pub cancel_href: String,
    pub idempotency_key: String,
    pub errors: ErrorSummary,
    pub name: Field,
    pub mode: Field,
    /// Everything, or what is chosen beneath.
    pub access: Field,
    pub scopes: Field,
    pub areas: Vec<AreaField>,
    pub workspace: Field,
    pub lifetime: Field,
    /// Asked of a parent's administrator inside.
    pub password: Option<Field>,
}

/// How far a key may go in one area.
#[derive(Debug, Clone)]
pub struct AreaField {
    pub id: String,
    pub label: String,
    pub value: String,
    pub options: Vec<Choice>,
}

/// The page that shows the text of a key, once.
#[derive(Template)]
#[template(path = "api_keys/made.html")]
pub struct MadePage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub heading: String,
    /// The text; none when it was shown before.
    pub text: Option<String>,
    pub facts: KeyFacts,
    /// The key that it follows.
    pub before: Option<KeyFacts>,
    pub list_href: String,
    /// Where a lost key is replaced.
    pub rotate_href: String,
}

/// One key, with its name to edit.
#[derive(Template)]
#[template(path = "api_keys/show.html")]
pub struct KeyPage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub errors: ErrorSummary,
    pub id: String,
    pub facts: KeyFacts,
    pub rename_href: String,
    pub name_field: Field,
    pub rotate_href: Option<String>,
    pub revoke_href: Option<String>,
    /// The key that follows it.
    pub replaced_by_href: Option<String>,
}

/// Before a key is replaced: when it was last used, and how long both are accepted.
#[derive(Template)]
#[template(path = "api_keys/rotate.html")]
pub struct RotatePage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub heading: String,
    pub action: String,
    pub cancel_href: String,
    pub idempotency_key: String,
    pub errors: ErrorSummary,
    pub facts: KeyFacts,
    pub overlap: Field,
    pub lifetime: Field,
    pub password: Option<Field>,
}
