//! One member: another role, or removed.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use serde::Deserialize;

use crate::{
    access::Denied,
    domain::{
        identity::{
            memberships::{self, Member},
            roles,
        },
        members,
    },
    error::{Error, FieldError},
    values::{AccountId, Role, UserId},
    web::{
        desk::Desk,
        forms::Submitted,
        notices::told,
        page::{Here, html_as, see},
        parts::ErrorSummary,
        sign_in::Gate,
        sub_accounts::with_error,
        views::people::RolePage,
    },
};

use super::{
    ConfirmForm, MemberPlace, PATH, list_href, pending::confirm_page, refused, role_field, unconfirmed,
};

/// The form of the role as it is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoleForm {
    role: String,
    password: String,
}

async fn find(desk: &Desk, id: UserId) -> Result<Member, Denied> {
    Ok(desk.scope.read(move |tx| memberships::find(tx, id)).await?)
}

/// `GET …/members/{member}`
pub async fn ask_role(desk: Desk, place: web::Path<MemberPlace>) -> Result<HttpResponse, Denied> {
    let member = find(&desk, place.member).await?;
    role_page(&desk, &member, member.role.as_str(), &[], StatusCode::OK)
}

/// `POST …/members/{member}`
pub async fn change_role(
    request: HttpRequest,
    desk: Desk,
    gate: web::Data<Gate>,
    place: web::Path<MemberPlace>,
    form: Submitted<RoleForm>,
) -> Result<HttpResponse, Denied> {
    let form = form.by(&desk)?;
    let id = place.member;
    let member = find(&desk, id).await?;
    let again = |wrong: Vec<FieldError>, status| role_page(&desk, &member, &form.role, &wrong, status);
    let role = match roles::parse(&form.role, desk.asker().account.id) {
        Ok(role) => role,
        Err(error) => {
            let (wrong, status) = refused(error, "role")?;
            return again(wrong, status);
        }
    };
    if let Some(answer) = unconfirmed(&desk, &gate, &request, &form.password, again).await? {
        return Ok(answer);
    }
    match desk.scope.write(move |tx| members::change_role(tx, id, role)).await {
        Ok(_) => Ok(see(told(&list_href(&desk), "role-changed"))),
        Err(error) => {
            let (wrong, status) = refused(error, "role")?;
            role_page(&desk, &member, &form.role, &wrong, status)
        }
    }
}

fn role_page(
    desk: &Desk,
    member: &Member,
    chosen: &str,
    wrong: &[FieldError],
    status: StatusCode,
) -> Result<HttpResponse, Denied> {
    let account = desk.asker().account.id;
    let known: Vec<Role> =
        roles::known_in(account).iter().copied().filter(|role| *role != Role::Owner).collect();
    let role = role_field(desk, &known, chosen, wrong);
    let password = desk.password_field().map(|field| with_error(field, wrong));
    let errors = ErrorSummary::of(std::iter::once(&role).chain(&password));
    let heading = format!("Role of {}", member.name);
    let mut frame = desk.frame(&heading, Here::Members);
    frame.has_errors = !wrong.is_empty();
    html_as(
        &RolePage {
            frame,
            crumbs: desk.crumbs(("Members", PATH)),
            errors,
            heading,
            text: format!("{}, {} now.", member.email, roles::label(member.role, account)),
            action: format!("{}/{}", list_href(desk), member.user),
            role,
            password,
            cancel_href: list_href(desk),
        },
        status,
    )
}

/// `GET …/members/{member}/remove`
pub async fn ask_remove(desk: Desk, place: web::Path<MemberPlace>) -> Result<HttpResponse, Denied> {
    let member = find(&desk, place.member).await?;
    remove_page(&desk, &member, &[], StatusCode::OK)
}

/// `POST …/members/{member}/remove`
pub async fn remove(
    request: HttpRequest,
    desk: Desk,
    gate: web::Data<Gate>,
    place: web::Path<MemberPlace>,
    form: Submitted<ConfirmForm>,
) -> Result<HttpResponse, Denied> {
    let form = form.by(&desk)?;
    let id = place.member;
    let member = match find(&desk, id).await {
        Ok(member) => member,
        // A double click removes once.
        Err(Denied(Error::NotFound)) => return Ok(see(list_href(&desk))),
        Err(other) => return Err(other),
    };
    let again = |wrong: Vec<FieldError>, status| remove_page(&desk, &member, &wrong, status);
    if let Some(answer) = unconfirmed(&desk, &gate, &request, &form.password, again).await? {
        return Ok(answer);
    }
    match desk.scope.write(move |tx| members::remove(tx, id)).await {
        Ok(()) => Ok(see(told(&list_href(&desk), "member-removed"))),
        Err(error) => {
            let (wrong, status) = refused(error, "confirm")?;
            remove_page(&desk, &member, &wrong, status)
        }
    }
}

fn remove_page(
    desk: &Desk,
    member: &Member,
    wrong: &[FieldError],
    status: StatusCode,
) -> Result<HttpResponse, Denied> {
    let account = &desk.asker().account;
    let mut consequences = vec![
        format!("{} cannot open {} any more, from their next click on.", member.name, account.name),
        "Invitations that they gave and nobody has accepted yet are revoked.".into(),
        "What they made stays, and the audit log goes on naming them.".into(),
        format!("To let them in again, invite {}.", member.email),
    ];
    if matches!(account.id, AccountId::Organization(_)) {
        consequences.insert(1, "Their visits to sub-accounts through Access Dashboard end.".into());
    }
    let heading = format!("Remove {}", member.name);
    let button = heading.clone();
    let asked = ("remove", button.as_str(), "trash", true);
    confirm_page(desk, heading, asked, &format!("members/{}", member.user), consequences, wrong, status)
}
