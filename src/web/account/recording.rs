//! The sound of a call, by a signed link.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode, header::DispositionType},
    web,
};

use crate::{
    access::{Denied, Scope, permission::PlayRecordings},
    domain::{
        calls::recording,
        idempotency::{self, IdempotencyKey},
    },
    playback,
    web::{
        page::{Here, Visit, home_href, html_as},
        parts::Crumb,
        site::Site,
        views::account::DeadLinkPage,
    },
};

use super::{
    call::Place,
    recording_link::{Refusal, SignedUrl},
};

/// `GET /accounts/{account}/calls/{call}/recording`
pub async fn play(
    scope: Scope<PlayRecordings>,
    visit: Visit,
    site: web::Data<Site>,
    request: HttpRequest,
    place: web::Path<Place>,
    url: web::Query<SignedUrl>,
) -> Result<HttpResponse, Denied> {
    let id = place.call;
    if let Err(refusal) = url.check(&site, &scope, id) {
        return refused(&scope, &visit, &place, refusal);
    }
    let recording = scope.read_region(move |tx| recording::of_call(tx, id)).await?;
    let taken_away = url.download.is_some();
    if *request.method() != Method::HEAD {
        // A player asks for many pieces by one link: whichever comes first is told.
        let operation = if taken_away { "recording.download" } else { "recording.play" };
        let key = IdempotencyKey::parse("signature", url.mark())?;
        scope
            .write(move |tx| {
                idempotency::once(tx, operation, &key, &id, |tx| {
                    recording::note_heard(tx, id, taken_away).try_map(|()| Ok(true))
                })
            })
            .await?;
    }
    let disposition = if taken_away { DispositionType::Attachment } else { DispositionType::Inline };
    Ok(playback::answer(&scope, &request, id, recording, disposition).await?)
}

/// Says why a link opens nothing, and where there is another.
fn refused(
    scope: &Scope<PlayRecordings>,
    visit: &Visit,
    place: &Place,
    refusal: Refusal,
) -> Result<HttpResponse, Denied> {
    let (heading, text, status) = match refusal {
        Refusal::Over => (
            "This link is over",
            "A link to a recording works for 15 minutes. Open the call for a new one.",
            StatusCode::GONE,
        ),
        Refusal::Wrong => (
            "This link does not work here",
            "A link to a recording works for the person who was shown it, where and while they are signed \
             in. Open the call for one of your own.",
            StatusCode::FORBIDDEN,
        ),
    };
    let home = home_href(scope.asker().account.id);
    html_as(
        &DeadLinkPage {
            frame: visit.frame(scope, heading, Here::Calls),
            crumbs: vec![Crumb::new("Calls", format!("{home}/calls"))],
            heading,
            text,
            call_href: format!("{home}/calls/{}", place.call),
        },
        status,
    )
}
