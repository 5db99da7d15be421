//! Leaving an account oneself.

use actix_web::HttpResponse;

use crate::{
    access::{Denied, Scope, permission::View, principal::Standing},
    domain::members,
    values::Role,
    web::{
        forms::Submitted,
        notices::told,
        page::{Here, Visit, home_href, html, see},
        parts::{Crumb, ErrorSummary},
        views::people::ConfirmPage,
    },
};

use super::ConfirmForm;

/// Where a member leaves who can: everybody but the owner, and nobody from above.
pub fn href<P: crate::access::permission::Permission>(scope: &Scope<P>) -> Option<String> {
    let asker = scope.asker();
    match asker.standing {
        Standing::Organization(role) | Standing::SubAccount(role) if role != Role::Owner => {
            Some(format!("{}/membership/leave", home_href(asker.account.id)))
        }
        _ => None,
    }
}

/// `GET /accounts/{account}/membership/leave`
pub async fn ask(scope: Scope<View>, visit: Visit) -> Result<HttpResponse, Denied> {
    let account = &scope.asker().account;
    let (home, heading) = (home_href(account.id), format!("Leave {}", account.name));
    let mut consequences = vec![
        "You cannot open it any more, from your next click on.".to_owned(),
        "Invitations that you gave and nobody has accepted yet are revoked.".into(),
        "What you made stays, and the audit log goes on naming you.".into(),
        "To come back, somebody must invite you again.".into(),
    ];
    let action = href(&scope);
    if action.is_none() {
        consequences = vec![
            "The owner of an account cannot leave it, and a visitor is no member: there is nothing to leave."
                .into(),
        ];
    }
    html(&ConfirmPage {
        frame: visit.frame(&scope, &heading, Here::Overview),
        crumbs: vec![Crumb::new("Overview", home.clone())],
        errors: ErrorSummary::default(),
        button: heading.clone(),
        heading,
        consequences,
        action,
        password: None,
        button_icon: "sign-out",
        danger: true,
        cancel_href: home,
    })
}

/// `POST /accounts/{account}/membership/leave`
pub async fn leave(scope: Scope<View>, form: Submitted<ConfirmForm>) -> Result<HttpResponse, Denied> {
    form.by(&scope)?;
    scope.write(members::leave).await?;
    Ok(see(told("/accounts", "left-account")))
}
