//! Forms that people send.
//!
//! Every form carries two hidden fields: the context it was shown in, and the session's
//! signature for it. What was typed is reachable only through [`Submitted::by`], which
//! compares both with who sends it now: a form opened in one account, or in one visit by
//! Access Dashboard, and sent in another is refused with an explanation (`trust.md` S8,
//! U6).
//!
//! ```ignore
//! pub async fn rename(scope: Scope<ManageSubAccounts>, form: Submitted<RenameForm>)
//!     -> Result<HttpResponse, Denied> {
//!     let form = form.by(&scope)?;
//! ```

use std::{future::Future, marker::PhantomData, pin::Pin, time::Duration};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    body::{BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::{ErrorBadRequest, ErrorInternalServerError, ErrorRequestTimeout, ErrorUnsupportedMediaType},
    http::header::CONTENT_TYPE,
    middleware::Next,
    web,
};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::time::timeout;
use url::form_urlencoded;

use crate::{
    access::{
        Denied, Scope,
        permission::Permission,
        principal::{Person, Principal},
    },
    error::Error,
};

use super::{frame::CsrfFields, site::Signer, visitor::Visitor};

/// The largest form, in bytes.
pub const LARGEST: usize = 256 * 1024;

const PURPOSE: &str = "form";
const CONTEXT: &str = "context";
const TOKEN: &str = "csrf_token";
const MEMBER: &str = "member";

/// How long a form may be on its way.
const PATIENCE: Duration = Duration::from_secs(30);

/// The middleware that reads a form to its end before anybody finds out who sends it: what was taken away
/// from them while it was on its way is not theirs any more (`trust.md` S6).
///
/// # Errors
/// None of its own: what fails is answered.
pub async fn arrive(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if is_form(request.request()) {
        let whole = timeout(PATIENCE, request.extract::<web::Bytes>()).await;
        match whole.map_err(ErrorRequestTimeout).and_then(|whole| whole) {
            Ok(body) => request.set_payload(Payload::from(body)),
            Err(error) => return Ok(request.error_response(error)),
        }
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

fn is_form(request: &HttpRequest) -> bool {
    request.content_type().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// Signs the hidden fields of forms.
pub struct FormKey(Signer);

impl FormKey {
    /// The key that the site signs with.
    pub fn of(site: &super::site::Site) -> Self {
        Self(site.signer.clone())
    }
}

/// Who sends a form, and from where.
pub trait Context {
    /// What stands in the hidden field: the account and how one is in it.
    fn place(&self) -> String;

    /// What the signature is bound to: the session, or a visitor's cookie.
    fn bound_to(&self) -> String;

    /// The account's name, for the explanation.
    fn account_name(&self) -> Option<&str> {
        None
    }
}

impl<P: Permission> Context for Scope<P> {
    fn place(&self) -> String {
        let asker = self.asker();
        match asker.principal.delegation() {
            Some(stay) => format!("{}:{}", asker.account.id, stay.id),
            None => format!("{}:{MEMBER}", asker.account.id),
        }
    }

    fn bound_to(&self) -> String {
        match &self.asker().principal {
            Principal::Member(person) | Principal::Delegate(person, _) => person.session.to_string(),
            Principal::Key(_) | Principal::Platform(_) => String::new(),
        }
    }

    fn account_name(&self) -> Option<&str> {
        Some(&self.asker().account.name)
    }
}

impl Context for Person {
    fn place(&self) -> String {
        "person".to_owned()
    }

    fn bound_to(&self) -> String {
        self.session.to_string()
    }
}

impl Context for Visitor {
    fn place(&self) -> String {
        "visitor".to_owned()
    }

    fn bound_to(&self) -> String {
        self.id.clone()
    }
}

/// The hidden fields of a form that is shown to `context`.
pub fn csrf_fields(key: &FormKey, context: &impl Context) -> CsrfFields {
    let place = context.place();
    let token = key.0.sign(PURPOSE, &[&context.bound_to(), &place]);
    CsrfFields { context: place, token }
}

/// A form that only confirms.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmForm {}

/// A form as it was sent, closed until it is known by whom.
pub struct Submitted<T> {
    key: web::Data<FormKey>,
    fields: Vec<(String, String)>,
    form: PhantomData<T>,
}

const NOT_VERIFIED: &str = "This form could not be verified: it was opened before you signed in, or too long \
     ago, or your browser sends no cookies. Nothing was changed. Open the page again and send it from there.";

impl<T> Submitted<T> {
    /// The fields of a form as they came with `request`.
    pub(super) fn of(request: &HttpRequest, fields: Vec<(String, String)>) -> Result<Self, actix_web::Error> {
        let key = request.app_data::<web::Data<FormKey>>().cloned();
        let key = key.ok_or_else(|| ErrorInternalServerError("built without a form key"))?;
        // No browser sends a NUL, and no database keeps one.
        if fields.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
            return Err(ErrorBadRequest("a NUL in a form"));
        }
        Ok(Self { key, fields, form: PhantomData })
    }
}

impl<T: DeserializeOwned> Submitted<T> {
    /// What was typed, if the form was shown to `sender` here and now.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when it was not shown to this browser's session;
    /// [`Error::Conflict`] with code `other_context` when it was, elsewhere;
    /// [`Error::Invalid`] when its fields are not those of `T`.
    pub fn by(mut self, sender: &impl Context) -> Result<T, Denied> {
        let place = self.verified_place(sender)?;
        let here = sender.place();
        if place != here {
            return Err(Denied(Error::Conflict {
                code: "other_context",
                message: explanation(&place, &here, sender.account_name()),
            }));
        }
        self.read()
    }

    /// What was typed, if the form was shown to `sender` anywhere: for what means the
    /// same everywhere, such as signing out.
    ///
    /// # Errors
    /// Those of [`Submitted::by`] but for the place.
    pub fn by_anywhere(mut self, sender: &impl Context) -> Result<T, Denied> {
        self.verified_place(sender)?;
        self.read()
    }

    fn verified_place(&mut self, sender: &impl Context) -> Result<String, Denied> {
        let (place, token) = (self.take(CONTEXT), self.take(TOKEN));
        place
            .zip(token)
            .filter(|(place, token)| self.key.0.is_signed(PURPOSE, &[&sender.bound_to(), place], token))
            .map(|(place, _)| place)
            .ok_or(Denied(Error::Forbidden(NOT_VERIFIED)))
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.fields.iter().position(|(field, _)| field == name)?;
        // In place: repeated fields keep their order.
        Some(self.fields.remove(at).1)
    }

    fn read(self) -> Result<T, Denied> {
        let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.fields).finish();
        Ok(serde_html_form::from_str(&text)
            .map_err(|error| Error::invalid("form", format!("The form cannot be read: {error}.")))?)
    }
}

/// Where a form was opened, where its sender is now, and that nothing happened.
fn explanation(opened: &str, here: &str, account: Option<&str>) -> String {
    let (opened_account, opened_as) = opened.split_once(':').unwrap_or((opened, ""));
    let (here_account, here_as) = here.split_once(':').unwrap_or((here, ""));
    let name = account.unwrap_or("this account");
    let way = |word: &str| match word {
        MEMBER => format!("as a member of {name}"),
        _ => format!("through Access Dashboard in {name}"),
    };
    let (was, is) = match (opened_account == here_account, opened_as, here_as) {
        (false, ..) if here == "person" => ("in an account".into(), "outside of any account".into()),
        (false, ..) => ("in another account".into(), way(here_as)),
        (true, MEMBER, _) | (true, _, MEMBER) => (way(opened_as), way(here_as)),
        (true, ..) => (
            format!("in an earlier visit to {name} through Access Dashboard"),
            "in a new visit to it".to_owned(),
        ),
    };
    format!(
        "This form was opened {was}, and you are now {is}. Nothing was changed. Open the page again to see \
         where you are, and send the form from there."
    )
}

impl<T: 'static> FromRequest for Submitted<T> {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, actix_web::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_form = is_form(request);
        let has_type = request.headers().contains_key(CONTENT_TYPE);
        let body = web::Bytes::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let body = body.await?;
            if !is_form && (has_type || !body.is_empty()) {
                return Err(ErrorUnsupportedMediaType("not a form"));
            }
            Self::of(&request, form_urlencoded::parse(&body).into_owned().collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::{
        values::{SessionId, UserId},
        web::site::Site,
    };

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Wish {
        name: String,
        #[serde(default)]
        id: Vec<u8>,
    }

    struct InAccount(Person, &'static str);

    impl Context for InAccount {
        fn place(&self) -> String {
            self.1.to_owned()
        }
        fn bound_to(&self) -> String {
            self.0.bound_to()
        }
        fn account_name(&self) -> Option<&str> {
            Some("Acme")
        }
    }

    fn person() -> Person {
        Person {
            id: UserId::new(),
            name: "Asha".into(),
            email: "a@acme.example".into(),
            time_zone: String::new(),
            session: SessionId::new(),
        }
    }

    fn key() -> web::Data<FormKey> {
        web::Data::new(FormKey::of(&Site::new("http://127.0.0.1", [1; 32])))
    }

    fn sent(shown_to: &impl Context, typed: &[(&str, &str)]) -> Submitted<Wish> {
        let hidden = csrf_fields(&key(), shown_to);
        let pairs = [("context", hidden.context.as_str()), ("csrf_token", hidden.token.as_str())];
        let fields = pairs.iter().chain(typed).map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Submitted { key: key(), fields, form: PhantomData }
    }

    #[test]
    fn a_form_opens_for_whom_it_was_shown_to() {
        let asha = person();
        let form = sent(&asha, &[("name", "a&b=c"), ("id", "1"), ("id", "2")]);
        assert_eq!(form.by(&asha).unwrap(), Wish { name: "a&b=c".into(), id: vec![1, 2] });
        let refused = sent(&asha, &[("name", "x")]).by(&person()).unwrap_err();
        assert!(matches!(refused.0, Error::Forbidden(_)));
        let unknown = sent(&asha, &[("name", "x"), ("wallet", "1")]).by(&asha).unwrap_err();
        assert!(matches!(unknown.0, Error::Invalid(_)));
    }

    #[test]
    fn a_form_of_another_place_is_explained() {
        let asha = person();
        let member = InAccount(asha.clone(), "sa_1:member");
        for (opened, now, says) in [
            (
                "sa_1:dlg_1",
                "sa_1:member",
                "opened through Access Dashboard in Acme, and you are now as a member",
            ),
            ("sa_1:dlg_1", "sa_1:dlg_2", "in an earlier visit to Acme"),
            ("org_1:member", "sa_1:member", "in another account"),
        ] {
            let form = sent(&InAccount(asha.clone(), opened), &[("name", "x")]);
            let Error::Conflict { code, message } = form.by(&InAccount(asha.clone(), now)).unwrap_err().0
            else {
                panic!("not a conflict")
            };
            assert_eq!(code, "other_context");
            assert!(message.contains(says) && message.contains("Nothing was changed"), "{message}");
        }
        assert!(sent(&member, &[("name", "x")]).by_anywhere(&asha).is_ok());
    }
}
