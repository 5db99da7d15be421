//! Members.

use askama::{Template, filters::HtmlSafe};

use crate::web::filters::{self, Moment};

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
