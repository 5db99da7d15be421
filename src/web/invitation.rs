//! Accepting an invitation (`trust.md` S13): the page that its link opens. Opening it uses
//! nothing up, however often.

use actix_session::Session;
use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use serde::Deserialize;
use url::form_urlencoded;

use crate::{
    access::{Access, Denied, PRODUCT_NAME, facts, principal::Person, session_store::state},
    domain::identity::{
        invitations::acceptance::{self, Invited, Joined, State},
        memberships::brand_over,
        passwords, roles, sign_in,
    },
    error::{Error, FieldError},
    values::{AccountId, Secret, SessionId},
};

use super::{
    forms::Submitted,
    hashing::Hashing,
    known_devices,
    notices::told,
    page::{Visit, home_href, html_as, see},
    parts::{ErrorSummary, Field},
    sign_in::begin_session,
    site::{NEUTRAL_BRAND, Site},
    sub_accounts::with_error,
    views::gate::{InvitationPage, Step},
    visitor::Visitor,
};

/// The form as it is sent; whoever is signed in sends nothing in it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AcceptForm {
    name: String,
    password: String,
}

/// What the pages of a link work with.
pub struct Door {
    request: HttpRequest,
    person: Option<Person>,
    visitor: Visitor,
    visit: Visit,
    access: web::Data<Access>,
    site: web::Data<Site>,
    token: String,
}

impl actix_web::FromRequest for Door {
    type Error = Denied;
    type Future = std::pin::Pin<Box<dyn std::future::Future<Output = Result<Self, Denied>>>>;

    fn from_request(request: &HttpRequest, payload: &mut actix_web::dev::Payload) -> Self::Future {
        let person = Option::<Person>::from_request(request, payload);
        let visitor = Visitor::from_request(request, payload);
        let visit = Visit::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let missing = || Denied(Error::internal("the application was built without it"));
            Ok(Self {
                person: person.await.unwrap_or_default(),
                visitor: visitor.await?,
                visit: visit.await?,
                access: request.app_data::<web::Data<Access>>().cloned().ok_or_else(missing)?,
                site: request.app_data::<web::Data<Site>>().cloned().ok_or_else(missing)?,
                token: request.match_info().get("token").unwrap_or_default().to_owned(),
                request,
            })
        })
    }
}

impl Door {
    fn href(&self) -> String {
        format!("/invitations/{}", self.token)
    }

    async fn look(&self) -> Result<Option<Invited>, Denied> {
        let link = Secret::presented(self.token.clone());
        let looked = link.clone();
        let look = self.access.by_link(&link, facts(&self.request), move |tx| acceptance::look(tx, &looked));
        match look.await {
            Ok(invited) => Ok(Some(invited)),
            Err(Error::NotFound) => Ok(None),
            Err(other) => Err(Denied(other)),
        }
    }

    /// The page, with what was typed and what is wrong with it.
    fn page(
        &self,
        invited: Option<Invited>,
        typed_name: &str,
        wrong: &[FieldError],
    ) -> Result<HttpResponse, Denied> {
        let brand = match &invited {
            Some(invited) => invited.brand.clone(),
            // Nothing is known of the link: no account and no brand is named for it.
            None => self.site.remembered_brand(&self.request).unwrap_or_else(|| PRODUCT_NAME.to_owned()),
        };
        let is_open = invited.as_ref().is_some_and(|invited| invited.state == State::Open);
        let (heading, text) = words(invited.as_ref());
        let step = self.step(invited, typed_name, wrong);
        let errors = match &step {
            Step::New { name, password, .. } => ErrorSummary::of([name, password]),
            _ => ErrorSummary::default(),
        };
        let mut frame = match &self.person {
            Some(person) => self.visit.personal_frame(person, &brand, &heading),
            None => self.visit.visitor_frame(&self.visitor, brand.clone(), &heading),
        };
        frame.has_errors = !errors.items.is_empty();
        let status = match (is_open, wrong.is_empty()) {
            (true, true) => StatusCode::OK,
            (true, false) => StatusCode::UNPROCESSABLE_ENTITY,
            (false, _) => StatusCode::NOT_FOUND,
        };
        let mut response = html_as(&InvitationPage { frame, errors, heading, text, step }, status)?;
        // The address is a secret: no file that the page asks for learns it.
        response
            .headers_mut()
            .insert(header::REFERRER_POLICY, header::HeaderValue::from_static("no-referrer"));
        if is_open && self.person.is_none() {
            // The sign-in page that follows says the same name (domain.md 7.6).
            response.add_cookie(&self.site.remember_brand(&brand)).map_err(Error::internal)?;
        }
        Ok(response)
    }

    fn step(&self, invited: Option<Invited>, typed_name: &str, wrong: &[FieldError]) -> Step {
        let Some(invited) = invited.filter(|invited| invited.state == State::Open) else {
            return Step::Dead { sign_in: self.person.is_some() };
        };
        match &self.person {
            Some(person) if person.email == invited.email => {
                Step::Accept { action: self.href(), as_whom: person.email.clone() }
            }
            Some(person) => Step::Elsewhere { next: self.href(), as_whom: person.email.clone() },
            None if invited.has_sign_in => {
                let next: String = form_urlencoded::byte_serialize(self.href().as_bytes()).collect();
                Step::SignIn { href: format!("/sign-in?next={next}") }
            }
            None => {
                let hint = format!(
                    "At least {} characters of any kind. A few words are easy to keep.",
                    passwords::SHORTEST
                );
                Step::New {
                    action: self.href(),
                    email: invited.email,
                    name: with_error(
                        Field::new("name", "Your name").hint("As others shall read it.").value(typed_name),
                        wrong,
                    ),
                    password: with_error(Field::new("password", "Choose a password").hint(hint), wrong),
                }
            }
        }
    }
}

/// What a link is for, or why it leads nowhere.
fn words(invited: Option<&Invited>) -> (String, Vec<String>) {
    let Some(invited) = invited else {
        return (
            "This link is not known".into(),
            vec![
                "It may have been cut off in the letter, or belong to something that is gone. Open it from \
                 the letter again, or ask for a new invitation."
                    .into(),
            ],
        );
    };
    let Invited { account_name, invited_by, email, role, account, .. } = invited;
    let dead = |heading: &str, text: String| (heading.to_owned(), vec![text]);
    match invited.state {
        State::Open => {
            let kind = match account {
                AccountId::Organization(_) => "organization",
                AccountId::SubAccount(_) => "account",
            };
            let label = roles::label(*role, *account);
            (
                format!("Join {account_name}"),
                vec![
                    format!(
                        "{invited_by} invites {email} to the {kind} {account_name}, with the role {label}."
                    ),
                    roles::words(*role, *account).to_owned(),
                ],
            )
        }
        State::Expired => dead(
            "This invitation has expired",
            format!("It was for {account_name}. Ask there to have it sent again: you then get a new link."),
        ),
        State::Replaced => dead(
            "This link was replaced by a newer one",
            format!("The invitation to {account_name} was sent again. Open the link in the newest letter."),
        ),
        State::Revoked => dead(
            "This invitation was withdrawn",
            format!(
                "The invitation to {account_name} cannot be accepted any more. If that surprises you, ask there."
            ),
        ),
        State::Used(_) => dead(
            "This invitation was accepted already",
            format!("A link works once. To open {account_name}, sign in with {email}."),
        ),
    }
}

/// `GET /invitations/{token}`
pub async fn page(door: Door) -> Result<HttpResponse, Denied> {
    let invited = door.look().await?;
    door.page(invited, "", &[])
}

/// `POST /invitations/{token}`
pub async fn accept(
    door: Door,
    session: Session,
    hashing: web::Data<Hashing>,
    form: Submitted<AcceptForm>,
) -> Result<HttpResponse, Denied> {
    let link = Secret::presented(door.token.clone());
    let used = link.clone();
    if let Some(person) = door.person.clone() {
        form.by(&person)?;
        let joined = door
            .access
            .by_link(&link, facts(&door.request), move |tx| acceptance::accept(tx, &used, person))
            .await;
        return match joined {
            Ok(joined) => {
                // The right to more goes with a new key (trust.md S7).
                session.insert(state::RIGHTS_CHANGED, joined.account.to_string()).map_err(Error::internal)?;
                Ok(see(told(&home_href(joined.account), "joined")))
            }
            Err(error) => again(&door, error).await,
        };
    }
    let AcceptForm { name: typed, password } = form.by(&door.visitor)?;
    let Some(invited) = door.look().await? else { return door.page(None, "", &[]) };
    if invited.state != State::Open || invited.has_sign_in {
        return door.page(Some(invited), "", &[]);
    }
    let (name, checked) = (acceptance::name(&typed), passwords::check(&password, &[&invited.email, &typed]));
    let (name, wrong) = match (name, checked) {
        (Ok(name), Ok(())) => (name, Vec::new()),
        (name, checked) => {
            let of_name = name.err();
            let of_password = match checked {
                Err(Error::Invalid(fields)) => fields,
                Err(other) => return Err(Denied(other)),
                Ok(()) => Vec::new(),
            };
            (String::new(), of_name.into_iter().chain(of_password).collect())
        }
    };
    if !wrong.is_empty() {
        return door.page(Some(invited), &typed, &wrong);
    }
    let hash = hashing.run(move || passwords::hash(&password)).await??;
    let joined = door
        .access
        .by_link(&link, facts(&door.request), move |tx| acceptance::accept_as_new(tx, &used, &name, &hash))
        .await;
    match joined {
        Ok(joined) => begin(&door, &session, joined, &invited.email).await,
        Err(error) => again(&door, error).await,
    }
}

/// Signs in whoever has just become somebody.
async fn begin(door: &Door, session: &Session, joined: Joined, email: &str) -> Result<HttpResponse, Denied> {
    let id = SessionId::new();
    let enter =
        door.access.write_of_person(joined.user, facts(&door.request), move |tx| sign_in::enter(tx, id));
    let accounts = enter.await?;
    begin_session(session, joined.user, id, &door.request)?;
    let mut response = see(told(&home_href(joined.account), "joined"));
    let brand = brand_over(&accounts).unwrap_or(NEUTRAL_BRAND);
    for cookie in
        [known_devices::remember(&door.site, &door.request, email)?, door.site.remember_brand(brand)]
    {
        response.add_cookie(&cookie).map_err(Error::internal)?;
    }
    Ok(response)
}

/// The page as it is by now, where accepting came too late or at the wrong place.
async fn again(door: &Door, error: Error) -> Result<HttpResponse, Denied> {
    match error {
        Error::NotFound | Error::Forbidden(_) | Error::Conflict { .. } => {
            let invited = door.look().await?;
            let mut page = door.page(invited, "", &[])?;
            if page.status().is_success() {
                *page.status_mut() = StatusCode::CONFLICT;
            }
            Ok(page)
        }
        other => Err(Denied(other)),
    }
}
