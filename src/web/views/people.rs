//! Members and invitations.

use askama::{Template, filters::HtmlSafe};

use crate::web::filters::{self, Moment};
use crate::web::frame::{CsrfFields, Frame};
use crate::web::parts::{Badge, Crumb, ErrorSummary, Field};

/// The members of an account, who is invited, and the form that invites.
#[derive(Template)]
#[template(path = "members/_list.html")]
pub struct MembersSection {
    pub csrf: CsrfFields,
    pub members: Vec<MemberRow>,
    pub pending: Vec<InvitationRow>,
    pub invite: InviteForm,
}

impl HtmlSafe for MembersSection {}

/// One member.
#[derive(Debug, Clone)]
pub struct MemberRow {
    pub name: String,
    pub email: String,
    pub role: String,
    /// What they may beyond their role, such as recharging sub-accounts.
    pub also: Option<String>,
    pub you: bool,
    pub since: Moment,
    /// Where the role is changed; none for the owner and for oneself.
    pub role_href: Option<String>,
    /// Where the Owner lets them recharge sub-accounts, or not any more.
    pub recharge_href: Option<String>,
    pub remove_href: Option<String>,
}

/// An invitation that waits for an answer.
#[derive(Debug, Clone)]
pub struct InvitationRow {
    pub email: String,
    pub role: String,
    pub badge: Badge,
    pub invited_by: String,
    pub expires: Moment,
    pub is_expired: bool,
    /// A page asks for a password before it is sent again.
    pub resend_by_page: bool,
    pub resend_href: String,
    pub revoke_href: String,
}

/// The form that invites.
#[derive(Debug, Clone)]
pub struct InviteForm {
    pub action: String,
    pub idempotency_key: String,
    /// How many days an invitation can be accepted.
    pub days: i32,
    pub email: Field,
    pub role: Field,
    pub password: Option<Field>,
    pub errors: ErrorSummary,
}

/// Asks for another role of a member.
#[derive(Template)]
#[template(path = "members/role.html")]
pub struct RolePage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub errors: ErrorSummary,
    pub heading: String,
    pub text: String,
    pub action: String,
    pub role: Field,
    pub password: Option<Field>,
    pub cancel_href: String,
}

/// Says what will happen, and asks for a password where one is needed.
#[derive(Template)]
#[template(path = "members/confirm.html")]
pub struct ConfirmPage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub errors: ErrorSummary,
    pub heading: String,
    pub consequences: Vec<String>,
    /// Where the button posts to; none when there is nothing to do.
    pub action: Option<String>,
    pub password: Option<Field>,
    pub button: String,
    pub button_icon: &'static str,
    pub danger: bool,
    pub cancel_href: String,
}
