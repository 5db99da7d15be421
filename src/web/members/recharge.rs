//! The Owner lets an Org Admin recharge sub-accounts, or not any more (`domain.md` 5.3).

use actix_web::{HttpResponse, http::StatusCode, web};
use serde::Deserialize;

use crate::{
    access::{Denied, Scope, permission::GrantRecharge},
    domain::{
        identity::memberships::{self, Member},
        members,
    },
    error::{Error, FieldError},
    values::UserId,
    web::{
        forms::Submitted,
        notices::told,
        page::{Here, Visit, home_href, html_as, see},
        parts::{Choice, Crumb, ErrorSummary, Field},
        sub_accounts::with_error,
        views::people::RolePage,
    },
};

use super::{MemberPlace, PATH};

/// The form as it is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AllowForm {
    allowed: String,
}

fn list(scope: &Scope<GrantRecharge>) -> String {
    format!("{}{PATH}", home_href(scope.asker().account.id))
}

async fn find(scope: &Scope<GrantRecharge>, id: UserId) -> Result<Member, Denied> {
    Ok(scope.read(move |tx| memberships::find(tx, id)).await?)
}

/// `GET /accounts/{account}/members/{member}/recharge`
pub async fn ask(
    scope: Scope<GrantRecharge>,
    visit: Visit,
    place: web::Path<MemberPlace>,
) -> Result<HttpResponse, Denied> {
    let member = find(&scope, place.member).await?;
    page(&scope, &visit, &member, &[], StatusCode::OK)
}

/// `POST /accounts/{account}/members/{member}/recharge`
pub async fn change(
    scope: Scope<GrantRecharge>,
    visit: Visit,
    place: web::Path<MemberPlace>,
    form: Submitted<AllowForm>,
) -> Result<HttpResponse, Denied> {
    let form = form.by(&scope)?;
    let id = place.member;
    let member = find(&scope, id).await?;
    let allowed = match form.allowed.as_str() {
        "yes" => true,
        "no" => false,
        _ => {
            let wrong = [FieldError::new("allowed", "Choose one.")];
            return page(&scope, &visit, &member, &wrong, StatusCode::UNPROCESSABLE_ENTITY);
        }
    };
    match scope.write(move |tx| members::allow_recharge(tx, id, allowed)).await {
        Ok(_) => Ok(see(told(&list(&scope), if allowed { "recharge-given" } else { "recharge-taken" }))),
        Err(Error::Conflict { message, .. }) => {
            page(&scope, &visit, &member, &[FieldError::new("allowed", message)], StatusCode::CONFLICT)
        }
        Err(other) => Err(Denied(other)),
    }
}

fn page(
    scope: &Scope<GrantRecharge>,
    visit: &Visit,
    member: &Member,
    wrong: &[FieldError],
    status: StatusCode,
) -> Result<HttpResponse, Denied> {
    let heading = format!("Recharging by {}", member.name);
    let allowed = with_error(
        Field::new("allowed", "May they recharge sub-accounts from the organization’s wallet?")
            .value(if member.may_recharge { "yes" } else { "no" })
            .options(vec![
                Choice::new(
                    "yes",
                    "Yes",
                    "They move the organization’s money into the wallets of its sub-accounts, as you can.",
                ),
                Choice::new("no", "No", "They see balances and move nothing."),
            ]),
        wrong,
    );
    let mut frame = visit.frame(scope, &heading, Here::Members);
    frame.has_errors = !wrong.is_empty();
    let list_href = list(scope);
    html_as(
        &RolePage {
            frame,
            crumbs: vec![Crumb::new("Members", &list_href)],
            errors: ErrorSummary::of([&allowed]),
            heading,
            text: member.email.clone(),
            action: format!("{list_href}/{}/recharge", member.user),
            role: allowed,
            password: None,
            cancel_href: list_href,
        },
        status,
    )
}
