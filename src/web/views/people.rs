//! Members and invitations.

use askama::Template;

use crate::web::filters::{self, Moment};
use crate::web::frame::Frame;
use crate::web::parts::{ErrorSummary, Field};

/// The members of an account, open invitations, and the form that invites.
#[derive(Template)]
#[template(path = "account/members.html")]
pub struct MembersPage {
    pub frame: Frame,
    pub text: String,
    pub errors: ErrorSummary,
    /// Set when the reader may invite.
    pub invite: Option<InviteForm>,
    pub members: Vec<MemberRow>,
    pub invitations: Vec<InvitationRow>,
}

/// The form that invites. Fields: `email`, `role`.
#[derive(Debug, Clone)]
pub struct InviteForm {
    pub action: String,
    pub idempotency_key: String,
    pub email: Field,
    /// Each choice says in words what the role may do.
    pub role: Field,
}

/// One member.
#[derive(Debug, Clone)]
pub struct MemberRow {
    pub name: String,
    pub email: String,
    pub role: String,
    pub you: bool,
    pub two_factor: bool,
    pub last_seen: Option<Moment>,
    pub edit_href: Option<String>,
    pub remove_href: Option<String>,
}

/// One invitation that was not accepted yet.
#[derive(Debug, Clone)]
pub struct InvitationRow {
    pub email: String,
    pub role: String,
    pub inviter: String,
    pub expires: Moment,
    /// Where Resend posts to.
    pub resend_href: Option<String>,
    /// Where Revoke posts to.
    pub revoke_href: Option<String>,
}
