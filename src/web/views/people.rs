//! Members and keys.

use askama::{Template, filters::HtmlSafe};

use crate::web::filters::{self, Moment};
use crate::web::parts::{Badge, Empty};

/// The members of an account.
#[derive(Template)]
#[template(path = "account/_members.html")]
pub struct MembersSection {
    pub members: Vec<MemberRow>,
}

impl HtmlSafe for MembersSection {}

/// One member.
#[derive(Debug, Clone)]
pub struct MemberRow {
    pub name: String,
    pub email: String,
    pub role: String,
    pub you: bool,
    pub since: Moment,
}

/// The API keys of an account.
#[derive(Template)]
#[template(path = "account/_api_keys.html")]
pub struct KeysSection {
    pub rows: Vec<KeyRow>,
    pub empty: Option<Empty>,
}

impl HtmlSafe for KeysSection {}

/// One API key, of which only the last characters are known.
#[derive(Debug, Clone)]
pub struct KeyRow {
    pub name: String,
    pub hint: String,
    pub mode: String,
    pub badge: Badge,
    pub created: Moment,
    pub last_used: Option<Moment>,
    pub expires: Option<Moment>,
}
