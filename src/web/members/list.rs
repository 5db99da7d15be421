//! Who belongs to an account, who is invited, and the form that invites.

use actix_web::{HttpResponse, http::StatusCode};

use crate::{
    access::{Denied, permission::GrantRecharge},
    domain::identity::{
        invitations::{self, Delivery, Invitation},
        memberships::{self, Member},
        roles,
    },
    error::FieldError,
    values::{InvitationId, Role},
    web::{
        desk::Desk,
        filters::Zone,
        page::{Here, html_as, zone},
        parts::{Badge, ErrorSummary, Field},
        sub_accounts::with_error,
        views::people::{InvitationRow, InviteForm, MemberRow, MembersSection},
    },
};

use super::{PATH, invite::Typed, list_href, role_field};

/// `GET …/members`
pub async fn list(desk: Desk) -> Result<HttpResponse, Denied> {
    let blank = Typed {
        // Any unguessable, never repeated word will do.
        idempotency_key: InvitationId::new().uuid().to_string(),
        role: Role::Viewer.to_string(),
        ..Typed::default()
    };
    page(&desk, load(&desk).await?, &blank, &[], StatusCode::OK)
}

/// What the page lists.
pub(super) struct Lists {
    members: Vec<Member>,
    pending: Vec<Invitation>,
}

pub(super) async fn load(desk: &Desk) -> Result<Lists, Denied> {
    let read = desk
        .scope
        .read(|tx| Ok(Lists { members: memberships::list(tx)?, pending: invitations::pending(tx)? }));
    Ok(read.await?)
}

/// The page, with what was typed into the form and what is wrong with it.
pub(super) fn page(
    desk: &Desk,
    Lists { members, pending }: Lists,
    typed: &Typed,
    wrong: &[FieldError],
    status: StatusCode,
) -> Result<HttpResponse, Denied> {
    let has_owner = members.iter().any(|member| member.role == Role::Owner);
    let mut frame = desk.frame("Members", Here::Members);
    frame.has_errors = !wrong.is_empty();
    let zone = zone(desk.asker());
    let section = MembersSection {
        csrf: frame.csrf.clone(),
        members: members.into_iter().map(|member| member_row(desk, member, zone)).collect(),
        pending: pending.into_iter().map(|invitation| invitation_row(desk, invitation, zone)).collect(),
        invite: form(desk, typed, wrong, has_owner),
    };
    let text = "Who may sign in to this account, and what they may do.";
    html_as(&desk.page(frame, ("Members", text), PATH, section), status)
}

fn member_row(desk: &Desk, member: Member, zone: Zone) -> MemberRow {
    let you = desk.asker().principal.person().is_some_and(|person| person.id == member.user);
    let href = (member.role != Role::Owner && !you).then(|| format!("{}/{}", list_href(desk), member.user));
    MemberRow {
        you,
        role: roles::label(member.role, desk.asker().account.id).to_owned(),
        since: zone.show(member.since),
        also: member.may_recharge.then(|| "May recharge sub-accounts".to_owned()),
        role_href: href.clone(),
        recharge_href: href
            .clone()
            .filter(|_| member.role == Role::Admin && desk.scope.also::<GrantRecharge>().is_some())
            .map(|href| format!("{href}/recharge")),
        remove_href: href.map(|href| format!("{href}/remove")),
        name: member.name,
        email: member.email,
    }
}

fn invitation_row(desk: &Desk, invitation: Invitation, zone: Zone) -> InvitationRow {
    let href = format!("{}/invitations/{}", desk.base(), invitation.id);
    InvitationRow {
        badge: match (invitation.is_expired(), invitation.delivery) {
            (true, _) => Badge::new("Expired", "warn", "clock"),
            (false, letter @ Delivery::Waiting) => Badge::new(letter.label(), "note", "clock"),
            (false, letter @ Delivery::Sent) => Badge::new(letter.label(), "good", "mail"),
            (false, letter @ Delivery::Failed) => Badge::new(letter.label(), "bad", "error"),
        },
        role: roles::label(invitation.role, desk.asker().account.id).to_owned(),
        invited_by: invitation
            .invited_by
            .unwrap_or_else(|| format!("{} administrator", desk.asker().account.brand)),
        expires: zone.show(invitation.expires_at),
        is_expired: invitation.expires_at <= time::OffsetDateTime::now_utc(),
        // Inside by Access Dashboard a password is asked for first.
        resend_by_page: desk.confirmer().is_some(),
        resend_href: format!("{href}/resend"),
        revoke_href: format!("{href}/revoke"),
        email: invitation.email,
    }
}

fn form(desk: &Desk, typed: &Typed, wrong: &[FieldError], has_owner: bool) -> InviteForm {
    let account = desk.asker().account.id;
    let is_organization = matches!(account, crate::values::AccountId::Organization(_));
    // Only a sub-account that has no owner yet can be given one.
    let known: Vec<Role> = roles::known_in(account)
        .iter()
        .copied()
        .filter(|role| *role != Role::Owner || (!is_organization && !has_owner))
        .collect();
    let email = with_error(
        Field::new("email", "E-mail address")
            .hint("A link to accept is sent there. It works for this address only.")
            .value(&typed.email),
        wrong,
    );
    let role = role_field(desk, &known, &typed.role, wrong);
    let password = desk.password_field().map(|field| with_error(field, wrong));
    let errors = ErrorSummary::of([&email, &role].into_iter().chain(&password));
    InviteForm {
        action: list_href(desk),
        idempotency_key: typed.idempotency_key.clone(),
        days: invitations::DAYS_VALID,
        email,
        role,
        password,
        errors,
    }
}
