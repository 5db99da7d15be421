//! Invitations to an account (`domain.md` 5.4).

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    access::{Denied, Scope, permission::Administer},
    domain::identity::invitations::{self, Delivery, Invitation as Open, NewInvitation},
    values::{InvitationId, Role},
};

use super::{
    members::PageQuery,
    reply::{Created, List, NoContent, Reply},
    request::{Body, Once, Path, Query},
    timestamp::Timestamp,
};

/// An invitation that waits for an answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Invitation {
    /// Its id.
    pub invitation_id: InvitationId,
    /// The address that it is bound to.
    #[schema(format = Email, example = "asha@acme.example")]
    pub email: String,
    /// What whoever accepts becomes.
    pub role: Role,
    /// How its newest letter stands.
    pub delivery: Delivery,
    /// Whether its time is over; sent again it can be accepted.
    pub expired: bool,
    /// When it was first given.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

impl From<Open> for Invitation {
    fn from(invitation: Open) -> Self {
        Self {
            expired: invitation.is_expired(),
            invitation_id: invitation.id,
            email: invitation.email,
            role: invitation.role,
            delivery: invitation.delivery,
            created_at: invitation.created_at.into(),
            expires_at: invitation.expires_at.into(),
        }
    }
}

/// Lists the pending invitations
///
/// Those that nobody has accepted and nobody has revoked, the latest first.
#[utoipa::path(get, path = "/invitations", tag = "Members", operation_id = "listInvitations", params(PageQuery),
    responses((status = 200, description = "A page of them.", body = List<Invitation>)))]
pub async fn list(
    scope: Scope<Administer>,
    query: Query<PageQuery>,
) -> Result<Reply<List<Invitation>>, Denied> {
    let paging = query.0.read()?;
    let pending = scope.read(invitations::pending).await?;
    Ok(Reply(List::of_all(pending.into_iter().map(Invitation::from).collect(), &paging)))
}

/// Whom to invite, as what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateInvitation {
    /// The address: without quotes, at a domain with a dot.
    #[schema(format = Email, min_length = 5, max_length = 254)]
    email: String,
    /// What whoever accepts becomes.
    role: Role,
}

/// Invites somebody by e-mail
///
/// They get a letter with a link that works once, for seven days, and for this address
/// only. An account has one invitation for an address at a time: 409 `already_invited`; a
/// member is not invited: 409 `already_member`. A key gives no more than the role `admin`,
/// else 409 `role_unavailable`; an organization's key may name the first owner of a
/// sub-account. No answer tells whether the address is known elsewhere. An account sends at
/// most 50 letters in an hour: 409 `too_many_invitations`.
#[utoipa::path(post, path = "/invitations", tag = "Members", operation_id = "createInvitation",
    request_body(content = CreateInvitation, example = json!({ "email": "asha@acme.example", "role": "admin" })),
    responses((status = 201, description = "The letter is on its way.", body = Invitation)))]
pub async fn create(
    scope: Scope<Administer>,
    once: Once,
    body: Body<CreateInvitation>,
) -> Result<Created<Invitation>, Denied> {
    let CreateInvitation { email, role } = body.into_inner();
    let new = NewInvitation::check(&email, role.as_str(), scope.asker().account.id)?;
    let invited = scope
        .write(move |tx| once.perform(tx, "invitations.create", &new, |tx| invitations::invite(tx, &new)))
        .await?;
    Ok(Created(invited.into()))
}

/// The invitation in the address.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct InvitationPlace {
    /// The invitation.
    pub invitation_id: InvitationId,
}

/// Sends an invitation again
///
/// With a new link, for seven days from now; the link before is dead at once.
#[utoipa::path(post, path = "/invitations/{invitation_id}/resend", tag = "Members",
    operation_id = "resendInvitation", params(InvitationPlace),
    responses((status = 200, description = "The letter is on its way.", body = Invitation)))]
pub async fn resend(
    scope: Scope<Administer>,
    once: Once,
    place: Path<InvitationPlace>,
) -> Result<Reply<Invitation>, Denied> {
    let id = place.0.invitation_id;
    let sent = scope
        .write(move |tx| once.perform(tx, "invitations.resend", &id, |tx| invitations::resend(tx, id)))
        .await?;
    Ok(Reply(sent.into()))
}

/// Revokes an invitation
///
/// Its link is dead at once. One that was accepted is refused with 409 `already_accepted`.
#[utoipa::path(delete, path = "/invitations/{invitation_id}", tag = "Members", operation_id = "revokeInvitation",
    params(InvitationPlace),
    responses((status = 204, description = "It cannot be accepted any more.")))]
pub async fn revoke(scope: Scope<Administer>, place: Path<InvitationPlace>) -> Result<NoContent, Denied> {
    let id = place.0.invitation_id;
    scope.write(move |tx| invitations::revoke(tx, id)).await?;
    Ok(NoContent)
}
