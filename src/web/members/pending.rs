//! What becomes of an invitation that waits for an answer: sent again, or taken back.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};

use crate::{
    access::Denied,
    domain::identity::invitations::{self, DAYS_VALID, Invitation},
    error::{Error, FieldError},
    values::InvitationId,
    web::{
        desk::Desk,
        forms::Submitted,
        notices::told,
        page::{Here, html_as, see},
        parts::ErrorSummary,
        sign_in::Gate,
        sub_accounts::with_error,
        views::people::ConfirmPage,
    },
};

use super::{ConfirmForm, InvitationPlace, PATH, list_href, refused, unconfirmed};

async fn find(desk: &Desk, id: InvitationId) -> Result<Invitation, Denied> {
    Ok(desk.scope.read(move |tx| invitations::find(tx, id)).await?)
}

/// `GET …/invitations/{invitation}/resend`
pub async fn ask_resend(desk: Desk, place: web::Path<InvitationPlace>) -> Result<HttpResponse, Denied> {
    let invitation = find(&desk, place.invitation).await?;
    resend_page(&desk, &invitation, &[], StatusCode::OK)
}

/// `POST …/invitations/{invitation}/resend`
pub async fn resend(
    request: HttpRequest,
    desk: Desk,
    gate: web::Data<Gate>,
    place: web::Path<InvitationPlace>,
    form: Submitted<ConfirmForm>,
) -> Result<HttpResponse, Denied> {
    let form = form.by(&desk)?;
    let id = place.invitation;
    let invitation = find(&desk, id).await?;
    let again = |wrong: Vec<FieldError>, status| resend_page(&desk, &invitation, &wrong, status);
    if let Some(answer) = unconfirmed(&desk, &gate, &request, &form.password, again).await? {
        return Ok(answer);
    }
    match desk.scope.write(move |tx| invitations::resend(tx, id)).await {
        Ok(_) => Ok(see(told(&list_href(&desk), "invitation-resent"))),
        Err(error @ (Error::Conflict { .. } | Error::Invalid(_))) => {
            let (wrong, status) = refused(error, "confirm")?;
            resend_page(&desk, &invitation, &wrong, status)
        }
        Err(other) => Err(Denied(other)),
    }
}

fn resend_page(
    desk: &Desk,
    invitation: &Invitation,
    wrong: &[FieldError],
    status: StatusCode,
) -> Result<HttpResponse, Denied> {
    let heading = format!("Send the invitation of {} again", invitation.email);
    let consequences = vec![
        format!("{} gets a letter with a new link, which works for {DAYS_VALID} days.", invitation.email),
        "The link of the letter before stops working at once.".into(),
    ];
    let asked = ("resend", "Send again", "mail", false);
    confirm_page(desk, heading, asked, &format!("invitations/{}", invitation.id), consequences, wrong, status)
}

/// `POST …/invitations/{invitation}/revoke`
pub async fn revoke(
    desk: Desk,
    place: web::Path<InvitationPlace>,
    form: Submitted<ConfirmForm>,
) -> Result<HttpResponse, Denied> {
    form.by(&desk)?;
    let id = place.invitation;
    desk.scope.write(move |tx| invitations::revoke(tx, id)).await?;
    Ok(see(told(&list_href(&desk), "invitation-revoked")))
}

/// A page that asks before something is done: `asked` is the last part of the address, the
/// button, its icon, and whether it takes something away.
pub(super) fn confirm_page(
    desk: &Desk,
    heading: String,
    (verb, button, icon, danger): (&str, &str, &'static str, bool),
    object: &str,
    consequences: Vec<String>,
    wrong: &[FieldError],
    status: StatusCode,
) -> Result<HttpResponse, Denied> {
    let password = desk.password_field().map(|field| with_error(field, wrong));
    let mut errors = ErrorSummary::of(&password);
    let others = wrong.iter().filter(|error| error.field != "password");
    errors.items.extend(others.map(|error| ("confirm".to_owned(), error.message.clone())));
    let mut frame = desk.frame(&heading, Here::Members);
    frame.has_errors = !wrong.is_empty();
    html_as(
        &ConfirmPage {
            frame,
            crumbs: desk.crumbs(("Members", PATH)),
            errors,
            heading,
            consequences,
            action: Some(format!("{}/{object}/{verb}", desk.base())),
            password,
            button: button.to_owned(),
            button_icon: icon,
            danger,
            cancel_href: list_href(desk),
        },
        status,
    )
}
