//! Suspending and reactivating one sub-account: first what will happen, then one button
//! (`domain.md` 2.3).

use actix_web::{HttpResponse, web};

use crate::{
    access::{
        Denied, Scope,
        permission::{ManageSubAccounts, View},
    },
    domain::{
        deletion::Contents,
        sub_accounts::{lifecycle, list::Listed},
    },
    web::{
        forms::{ConfirmForm, Submitted},
        notices::told,
        page::{Here, Visit, html, see},
        parts::ErrorSummary,
        views::sub_accounts::ConfirmPage,
    },
};

use super::Place;

/// `GET /accounts/{account}/sub-accounts/{sub_account}/suspend`
pub async fn ask_suspend(
    scope: Scope<ManageSubAccounts>,
    visit: Visit,
    place: web::Path<Place>,
) -> Result<HttpResponse, Denied> {
    let listed = super::find(&scope, place.sub_account).await?;
    let inside = scope.sub_account(place.sub_account).await?.narrow::<View>();
    let contents = inside.read_region(|tx| Contents::default().count_region(tx)).await?;
    let calls = match listed.in_use {
        0 => "No call is in progress now.".to_owned(),
        1 => "1 call is in progress now; it finishes.".to_owned(),
        calls => format!("{calls} calls are in progress now; they finish."),
    };
    let numbers = match contents.numbers {
        0 => "It has no phone numbers.".to_owned(),
        numbers => format!(
            "{numbers} phone number{} {} kept, and {} rent goes on.",
            if numbers == 1 { "" } else { "s" },
            if numbers == 1 { "is" } else { "are" },
            if numbers == 1 { "its" } else { "their" },
        ),
    };
    let consequences = vec![
        "New calls are blocked at once, outbound and inbound.".into(),
        calls,
        numbers,
        "Nothing is deleted. Its concurrency limit stays allocated to it.".into(),
        "Members can still sign in and read; a notice tells them.".into(),
    ];
    confirm(&scope, &visit, &listed, "Suspend", "suspend", "pause", true, consequences)
}

/// `POST /accounts/{account}/sub-accounts/{sub_account}/suspend`
pub async fn suspend(
    scope: Scope<ManageSubAccounts>,
    place: web::Path<Place>,
    form: Submitted<ConfirmForm>,
) -> Result<HttpResponse, Denied> {
    form.by(&scope)?;
    let id = place.sub_account;
    scope.write(move |tx| lifecycle::suspend(tx, id)).await?;
    Ok(see(told(&super::href(&scope, id), "suspended")))
}

/// `GET /accounts/{account}/sub-accounts/{sub_account}/reactivate`
pub async fn ask_reactivate(
    scope: Scope<ManageSubAccounts>,
    visit: Visit,
    place: web::Path<Place>,
) -> Result<HttpResponse, Denied> {
    let listed = super::find(&scope, place.sub_account).await?;
    let consequences = vec![
        "New calls are admitted again at once, outbound and inbound.".into(),
        format!("Its concurrency limit of {} applies as before.", listed.limit),
    ];
    confirm(&scope, &visit, &listed, "Reactivate", "reactivate", "play", false, consequences)
}

/// `POST /accounts/{account}/sub-accounts/{sub_account}/reactivate`
pub async fn reactivate(
    scope: Scope<ManageSubAccounts>,
    place: web::Path<Place>,
    form: Submitted<ConfirmForm>,
) -> Result<HttpResponse, Denied> {
    form.by(&scope)?;
    let id = place.sub_account;
    scope.write(move |tx| lifecycle::reactivate(tx, id)).await?;
    Ok(see(told(&super::href(&scope, id), "reactivated")))
}

#[allow(clippy::too_many_arguments)] // one caller per verb, each line of the page once
fn confirm(
    scope: &Scope<ManageSubAccounts>,
    visit: &Visit,
    listed: &Listed,
    verb: &str,
    path: &str,
    icon: &'static str,
    danger: bool,
    consequences: Vec<String>,
) -> Result<HttpResponse, Denied> {
    let heading = format!("{verb} {}", listed.name);
    let base = super::href(scope, listed.id);
    html(&ConfirmPage {
        frame: visit.frame(scope, &heading, Here::SubAccounts),
        crumbs: super::crumbs(scope, Some(listed)),
        errors: ErrorSummary::default(),
        button: heading.clone(),
        heading,
        text: super::told_apart(listed),
        consequences,
        action: format!("{base}/{path}"),
        hidden: Vec::new(),
        button_icon: icon,
        danger,
        cancel_href: base,
    })
}
