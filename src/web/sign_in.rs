//! Signing in and out.

use std::{net::IpAddr, time::Duration};

use actix_session::Session;
use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use serde::Deserialize;
use time::OffsetDateTime;

use crate::{
    access::{Access, Denied, PRODUCT_NAME, facts, principal::Person, session_store::state},
    domain::identity::{
        memberships::{OwnAccount, brand_over},
        sessions, sign_in,
    },
    error::Error,
    values::{Email, SessionId, UserId},
};

use super::{
    forms::Submitted,
    guesses::Guesses,
    hashing::Hashing,
    known_devices,
    notices::told,
    page::{Visit, home_href, html_as, see},
    parts::{ErrorSummary, Field},
    site::{NEUTRAL_BRAND, Site, local_path},
    views::SignInPage,
    visitor::Visitor,
};

/// What the sign-in page's address carries.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    next: Option<String>,
}

/// The form as it is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignInForm {
    email: String,
    password: String,
    next: String,
}

/// What signing in works with.
#[derive(Clone)]
pub struct Gate {
    access: web::Data<Access>,
    site: web::Data<Site>,
    guesses: web::Data<Guesses>,
    hashing: web::Data<Hashing>,
}

impl Gate {
    /// Puts it together for the application.
    pub fn new(
        access: web::Data<Access>,
        site: web::Data<Site>,
        guesses: web::Data<Guesses>,
        hashing: web::Data<Hashing>,
    ) -> Self {
        Self { access, site, guesses, hashing }
    }
}

/// What came of asking a person who is signed in for their password again.
pub(super) enum Confirmed {
    /// It is theirs.
    Yes,
    /// It is not; what to tell them.
    No(&'static str),
    /// There were too many wrong ones; how long to wait.
    Wait(Duration),
}

impl Gate {
    /// Whether `password` is the person's, as for signing in: wrong ones are counted with
    /// those of the sign-in page.
    pub(super) async fn confirm(
        &self,
        request: &HttpRequest,
        person: &Person,
        password: String,
    ) -> Result<Confirmed, Denied> {
        if password.is_empty() {
            return Ok(Confirmed::No("Enter your password."));
        }
        let email =
            Email::parse(&person.email).map_err(|_| Error::internal("a stored address breaks the rules"))?;
        let device = known_devices::known_to(&self.site, request, email.as_str());
        let guess = match self.guesses.guess(peer(request), email.as_str(), device) {
            Ok(guess) => guess,
            Err(wait) => return Ok(Confirmed::Wait(wait)),
        };
        match prove(self, &email, password).await {
            Ok(Some(user)) if user == person.id => {
                guess.was_right();
                Ok(Confirmed::Yes)
            }
            Ok(_) => Ok(Confirmed::No("This is not your password.")),
            // What could not be looked at was no guess.
            Err(error) => {
                guess.was_right();
                Err(Denied(error))
            }
        }
    }
}

/// The sign-in page as it is shown, and shown again.
struct Shown<'t> {
    email: &'t str,
    next: &'t str,
    email_error: Option<String>,
    password_error: Option<String>,
}

impl Shown<'_> {
    fn page(
        self,
        visit: &Visit,
        visitor: &Visitor,
        brand: Option<String>,
        status: StatusCode,
    ) -> Result<HttpResponse, Denied> {
        let email = Field::new("email", "E-mail address").value(self.email).error(self.email_error);
        let password = Field::new("password", "Password").error(self.password_error);
        let errors = ErrorSummary::of([&email, &password]);
        let brand = brand.unwrap_or_else(|| PRODUCT_NAME.to_owned());
        let mut frame = visit.visitor_frame(visitor, brand, "Sign in");
        frame.has_errors = !errors.items.is_empty();
        html_as(
            &SignInPage {
                frame,
                action: "/sign-in".to_owned(),
                next: self.next.to_owned(),
                email,
                password,
                errors,
                forgot_href: "/forgot-password".to_owned(),
            },
            status,
        )
    }
}

/// `GET /sign-in`
pub async fn page(
    request: HttpRequest,
    person: Option<Person>,
    visitor: Visitor,
    visit: Visit,
    asked: web::Query<Asked>,
    gate: web::Data<Gate>,
) -> Result<HttpResponse, Denied> {
    let next = asked.next.as_deref().and_then(local_path).unwrap_or_default();
    if person.is_some() {
        return Ok(see(if next.is_empty() { "/" } else { &next }));
    }
    let brand = gate.site.remembered_brand(&request);
    let shown = Shown { email: "", next: &next, email_error: None, password_error: None };
    shown.page(&visit, &visitor, brand, StatusCode::OK)
}

/// `POST /sign-in`
pub async fn sign_in(
    request: HttpRequest,
    session: Session,
    visitor: Visitor,
    visit: Visit,
    gate: web::Data<Gate>,
    form: Submitted<SignInForm>,
) -> Result<HttpResponse, Denied> {
    let form = form.by(&visitor)?;
    let next = local_path(&form.next).unwrap_or_default();
    let again = |email_error: Option<&str>, password_error: Option<&str>, status| {
        let shown = Shown {
            email: &form.email,
            next: &next,
            email_error: email_error.map(str::to_owned),
            password_error: password_error.map(str::to_owned),
        };
        shown.page(&visit, &visitor, gate.site.remembered_brand(&request), status)
    };
    let email = Email::parse(&form.email);
    let email_error = email.is_err().then_some("Enter your e-mail address, such as asha@example.com.");
    let password_error = form.password.is_empty().then_some("Enter your password.");
    let (Ok(email), None) = (email, password_error) else {
        return again(email_error, password_error, StatusCode::UNPROCESSABLE_ENTITY);
    };
    let device = known_devices::known_to(&gate.site, &request, email.as_str());
    let guess = match gate.guesses.guess(peer(&request), email.as_str(), device) {
        Ok(guess) => guess,
        Err(wait) => return too_many(wait, |text| again(None, Some(text), StatusCode::TOO_MANY_REQUESTS)),
    };
    let proved = match prove(&gate, &email, form.password.clone()).await {
        Ok(proved) => proved,
        // What could not be looked at was no guess.
        Err(error) => {
            guess.was_right();
            return Err(Denied(error));
        }
    };
    let Some(user) = proved else {
        let text = "The e-mail address or the password is not right.";
        return again(None, Some(text), StatusCode::UNPROCESSABLE_ENTITY);
    };
    guess.was_right();
    let id = SessionId::new();
    let accounts =
        gate.access.write_of_person(user, facts(&request), move |tx| sign_in::enter(tx, id)).await?;
    let brand = brand_over(&accounts).unwrap_or(NEUTRAL_BRAND).to_owned();
    begin_session(&session, user, id, &request)?;
    let mut response = see(if next.is_empty() { landing(&accounts) } else { next.clone() });
    for cookie in
        [known_devices::remember(&gate.site, &request, email.as_str())?, gate.site.remember_brand(&brand)]
    {
        response.add_cookie(&cookie).map_err(Error::internal)?;
    }
    Ok(response)
}

/// Who it is, if the password is right. The work is the same for an unknown address.
async fn prove(gate: &Gate, email: &Email, password: String) -> Result<Option<UserId>, Error> {
    let email = email.clone();
    let claimant = gate.access.gate(None, move |tx| sign_in::claimant(tx, &email)).await?;
    gate.hashing.run(move || sign_in::prove(claimant.as_ref(), &password)).await
}

/// Begins a session with nothing of the one before in it, under a key of its own.
pub(super) fn begin_session(
    session: &Session,
    user: UserId,
    id: SessionId,
    request: &HttpRequest,
) -> Result<(), Error> {
    let agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let agent: String = agent.unwrap_or_default().chars().take(300).collect();
    session.clear();
    let put = |key: &str, value: serde_json::Value| session.insert(key, value).map_err(Error::internal);
    put(state::USER, user.to_string().into())?;
    put(state::SESSION, id.to_string().into())?;
    put(state::SINCE, OffsetDateTime::now_utc().unix_timestamp().into())?;
    put(state::IP, peer(request).to_string().into())?;
    put(state::USER_AGENT, agent.into())?;
    session.renew();
    Ok(())
}

/// Where one goes after signing in: to the only account, or to choose one.
pub(super) fn landing(accounts: &[OwnAccount]) -> String {
    match accounts {
        [only] => home_href(only.id),
        _ => "/accounts".to_owned(),
    }
}

/// The address the request comes from.
pub(super) fn peer(request: &HttpRequest) -> IpAddr {
    request.peer_addr().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.ip())
}

/// A page that says how long to wait.
pub(super) fn too_many(
    wait: Duration,
    page: impl FnOnce(&str) -> Result<HttpResponse, Denied>,
) -> Result<HttpResponse, Denied> {
    let seconds = wait.as_secs() + 1;
    let when =
        if seconds < 90 { format!("{seconds} seconds") } else { format!("{} minutes", seconds.div_ceil(60)) };
    let mut response = page(&format!("Too many attempts. Wait {when}, then try again."))?;
    response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
    Ok(response)
}

/// Nothing but the hidden fields.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// The form that signs out; `next` is a page of this site to come back to, as somebody else.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignOutForm {
    next: String,
}

/// `POST /sign-out`, from any page.
pub async fn sign_out(
    request: HttpRequest,
    person: Person,
    session: Session,
    access: web::Data<Access>,
    form: Submitted<SignOutForm>,
) -> Result<HttpResponse, Denied> {
    let next = local_path(&form.by_anywhere(&person)?.next);
    access.write_of_person(person.id, facts(&request), move |tx| sessions::sign_out(tx, &person)).await?;
    session.purge();
    let mut response = see(next.unwrap_or_else(|| told("/sign-in", "signed-out")));
    // Not "cookies": the browser stays known, so that nobody can lock its person out.
    response.headers_mut().insert(
        header::HeaderName::from_static("clear-site-data"),
        header::HeaderValue::from_static("\"cache\", \"storage\""),
    );
    Ok(response)
}
