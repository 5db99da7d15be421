//! The browsers one is signed in with (`trust.md` S7).

use actix_session::Session;
use actix_web::{HttpResponse, web};

use crate::{
    access::{Access, Denied, principal::Person},
    domain::identity::sessions,
    values::SessionId,
};

use super::{
    accounts::brand_of,
    filters::Zone,
    forms::Submitted,
    notices::told,
    page::{Visit, html, see},
    sign_in::Nothing,
    views::gate::{SessionRow, SessionsPage},
};

/// `GET /sessions`
pub async fn page(person: Person, visit: Visit, access: web::Data<Access>) -> Result<HttpResponse, Denied> {
    let brand = brand_of(&access, person.id).await?;
    let asker = person.clone();
    let own = access.gate(Some(person.id), move |tx| sessions::list(tx, &asker)).await?;
    let zone = Zone::named(&person.time_zone);
    let mut rows: Vec<SessionRow> = own
        .into_iter()
        .map(|session| SessionRow {
            browser: browser_name(&session.user_agent),
            ip: session.ip,
            signed_in: zone.show(session.created_at),
            last_used: zone.show(session.seen_at),
            is_this: session.id == person.session,
            end_href: format!("/sessions/{}/end", session.id),
        })
        .collect();
    rows.sort_by_key(|row| !row.is_this);
    html(&SessionsPage { frame: visit.personal_frame(&person, &brand, "Your sessions"), rows })
}

/// `POST /sessions/{session}/end`
pub async fn end(
    person: Person,
    session: Session,
    access: web::Data<Access>,
    ended: web::Path<SessionId>,
    form: Submitted<Nothing>,
) -> Result<HttpResponse, Denied> {
    form.by(&person)?;
    let (id, asker) = (*ended, person.clone());
    access.gate(Some(person.id), move |tx| sessions::end(tx, &asker, id)).await?;
    if id == person.session {
        session.purge();
        return Ok(see(told("/sign-in", "signed-out")));
    }
    Ok(see(told("/sessions", "session-ended")))
}

/// `POST /sessions/end-others`
pub async fn end_others(
    person: Person,
    access: web::Data<Access>,
    form: Submitted<Nothing>,
) -> Result<HttpResponse, Denied> {
    form.by(&person)?;
    let asker = person.clone();
    access.gate(Some(person.id), move |tx| sessions::end_others(tx, &asker)).await?;
    Ok(see(told("/sessions", "sessions-ended")))
}

/// What a browser calls itself, as people would say it.
fn browser_name(user_agent: &str) -> String {
    let first = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    // Browsers name those they resemble too: the particular ones stand first.
    let browser = first(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => "Unknown browser".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::browser_name;

    #[test]
    fn browsers_are_named_as_people_do() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0 Safari/537.36";
        assert_eq!(browser_name(chrome), "Chrome on Linux");
        assert_eq!(
            browser_name("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Safari/604.1"),
            "Safari on iPhone"
        );
        assert_eq!(browser_name(""), "Unknown browser");
    }
}
