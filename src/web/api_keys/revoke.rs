//! Ending a key: first what stops, then one button.

use actix_web::{HttpResponse, web};

use crate::{
    access::Denied,
    domain::identity::api_keys,
    web::{
        forms::{ConfirmForm, Submitted},
        notices::told,
        page::{html, see},
        parts::ErrorSummary,
        views::sub_accounts::ConfirmPage,
    },
};

use super::{Desk, KeyPlace, words};

/// `GET …/api-keys/{api_key}/revoke`
pub async fn ask(desk: Desk, place: web::Path<KeyPlace>) -> Result<HttpResponse, Denied> {
    let key = desk.find(&place).await?;
    let facts = words::facts(&key, desk.reach(key.workspace), None, desk.zone());
    let last_used = match &facts.last_used {
        None => "It has never been used.".to_owned(),
        Some(at) => {
            let ago = at.relative_to(time::OffsetDateTime::now_utc());
            format!("It was last used {ago} ({}): whatever uses it stops working.", at.text())
        }
    };
    let consequences = vec![
        format!("Requests with the key that ends in {} are refused from the next one on.", key.hint),
        last_used,
        format!("What it may do: {}.", facts.rights.join("; ")),
        "Calls in progress go on. Other keys are not touched.".into(),
        "It cannot be undone. To replace the key without an interruption, rotate it instead.".into(),
    ];
    let heading = format!("Revoke {}", key.name);
    html(&ConfirmPage {
        frame: desk.frame(&heading),
        crumbs: desk.crumbs(),
        errors: ErrorSummary::default(),
        text: String::new(),
        consequences,
        action: format!("{}/revoke", desk.key_href(key.id)),
        hidden: Vec::new(),
        button: heading.clone(),
        heading,
        button_icon: "ban",
        danger: true,
        cancel_href: desk.href(),
    })
}

/// `POST …/api-keys/{api_key}/revoke`
pub async fn revoke(
    desk: Desk,
    place: web::Path<KeyPlace>,
    form: Submitted<ConfirmForm>,
) -> Result<HttpResponse, Denied> {
    form.by(&desk)?;
    let id = place.api_key;
    desk.scope.write(move |tx| api_keys::revoke(tx, id)).await?;
    Ok(see(told(&desk.href(), "key-revoked")))
}
