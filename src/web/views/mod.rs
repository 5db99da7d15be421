//! One view struct per page and per fragment. Handlers fill them with text, numbers and addresses; no
//! database row reaches a template.

pub mod account;
pub mod gate;
pub mod people;
pub mod sub_accounts;

use askama::Template;

use crate::web::filters;
use crate::web::frame::Frame;
use crate::web::parts::{Badge, ErrorSummary, Field};

/// The sign-in page of the product or of a brand's own domain.
#[derive(Template)]
#[template(path = "sign_in.html")]
pub struct SignInPage {
    pub frame: Frame,
    pub action: String,
    /// Where to go after signing in; a path of this site.
    pub next: String,
    pub email: Field,
    pub password: Field,
    pub errors: ErrorSummary,
    pub forgot_href: String,
}

/// Any page that says why it shows nothing: not found, forbidden, too busy, a fault.
#[derive(Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    pub frame: Frame,
    /// A symbol of `static/icons.svg`.
    pub icon: &'static str,
    pub heading: String,
    pub text: String,
    pub action: Option<(String, String)>,
    pub request_id: String,
}

/// The account switcher: only the accounts one belongs to.
#[derive(Template)]
#[template(path = "accounts.html")]
pub struct AccountsPage {
    pub frame: Frame,
    pub q: String,
    /// With few accounts there is nothing to search.
    pub q_hidden: bool,
    pub accounts: Vec<AccountLink>,
}

/// One account of the switcher.
#[derive(Debug, Clone)]
pub struct AccountLink {
    pub name: String,
    pub letter: String,
    pub kind: String,
    pub role: String,
    pub href: String,
    /// Set when it is worth a word, such as "Suspended".
    pub badge: Option<Badge>,
}
