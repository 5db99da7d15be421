//! Pages before and beside the accounts: forgotten passwords, sessions, refusals.

use askama::Template;

use crate::web::filters::{self, Moment};
use crate::web::frame::Frame;
use crate::web::parts::{ErrorSummary, Field};

/// Asks for the address that a link to set a new password goes to.
#[derive(Template)]
#[template(path = "forgot_password.html")]
pub struct ForgotPasswordPage {
    pub frame: Frame,
    pub email: Field,
    pub errors: ErrorSummary,
    /// Set once the request is noted: the address as typed.
    pub sent_to: Option<String>,
}

/// Asks for the new password.
#[derive(Template)]
#[template(path = "reset_password.html")]
pub struct ResetPasswordPage {
    pub frame: Frame,
    pub action: String,
    pub email: String,
    pub password: Field,
    pub errors: ErrorSummary,
}

/// The browsers one is signed in with.
#[derive(Template)]
#[template(path = "sessions.html")]
pub struct SessionsPage {
    pub frame: Frame,
    pub rows: Vec<SessionRow>,
}

/// One signed-in browser.
#[derive(Debug, Clone)]
pub struct SessionRow {
    pub browser: String,
    pub ip: String,
    pub signed_in: Moment,
    pub last_used: Moment,
    /// The one the page is seen with.
    pub is_this: bool,
    /// Where End posts to.
    pub end_href: String,
}

/// A page that stands alone and says why it shows nothing else.
#[derive(Template)]
#[template(path = "refusal.html")]
pub struct RefusalPage<'t> {
    pub frame: Frame,
    /// A symbol of `static/icons.svg`.
    pub icon: &'static str,
    pub heading: &'t str,
    pub text: &'t str,
    pub action: Option<(&'static str, &'static str)>,
    pub request_id: &'t str,
}

/// The same for a request that htmx made: the page shows `data-told` where it tells
/// failures.
#[derive(Template)]
#[template(path = "parts/refusal.html")]
pub struct RefusalFragment<'t> {
    pub heading: &'t str,
    pub text: &'t str,
    pub request_id: &'t str,
}

/// The page of an invitation's link.
#[derive(Template)]
#[template(path = "invitation.html")]
pub struct InvitationPage {
    pub frame: Frame,
    pub errors: ErrorSummary,
    pub heading: String,
    pub text: Vec<String>,
    pub step: Step,
}

/// What whoever came by an invitation's link does next.
// There is one of them at a time.
#[allow(clippy::large_enum_variant)]
pub enum Step {
    /// They are whom it was sent to.
    Accept { action: String, as_whom: String },
    /// They are signed in as somebody else; `next` is where they come back to.
    Elsewhere { next: String, as_whom: String },
    /// Somebody signs in with the address, and has not yet.
    SignIn { href: String },
    /// Nobody signs in with it: they choose a name and a password.
    New { action: String, email: String, name: Field, password: Field },
    /// Nothing; whoever has accepted may go on to their accounts.
    Dead { sign_in: bool },
}
