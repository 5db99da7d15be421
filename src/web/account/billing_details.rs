//! Who the account is on the invoices it gets (`domain.md` 4.8). The editor is also that of who an
//! organization is on the invoices of its sub-accounts.

use actix_web::{HttpResponse, http::StatusCode};
use serde::Deserialize;

use crate::{
    access::{
        Change, Denied, Scope, Tx,
        permission::{EditBillingDetails, Permission},
    },
    domain::billing::invoices::{
        details::{self, Details, Outcome, Part, mark},
        gst::{STATES, state_name},
    },
    error::{Error, FieldError},
    web::{
        forms::Submitted,
        notices::told,
        page::{Here, Visit, home_href, html_as, see},
        parts::{Choice, Crumb, ErrorSummary, Field},
        sub_accounts::{with_error, wrong_fields},
        views::invoices::{DetailsPage, LogoCard},
    },
};

/// The form as it is sent.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DetailsForm {
    /// What the editor was shown.
    seen: String,
    legal_name: String,
    address: String,
    state: String,
    gstin: String,
    email: String,
}

impl DetailsForm {
    /// The form as it is first shown.
    pub(in crate::web) fn showing(now: Option<&Details>) -> Self {
        let seen = mark(now);
        now.map_or_else(
            || Self { seen: seen.clone(), ..Self::default() },
            |now| Self {
                seen: seen.clone(),
                legal_name: now.legal_name.clone(),
                address: now.address.clone(),
                state: now.state.clone(),
                gstin: now.gstin.clone().unwrap_or_default(),
                email: now.email.clone().unwrap_or_default(),
            },
        )
    }
}

/// Keeps details, unless they are not as the word says that the editor was shown.
type Saving<P> = fn(&mut Tx<'_, P>, Option<&str>, &Details) -> Result<Change<Outcome>, Error>;

/// What differs between the two editors.
pub(in crate::web) struct Editor {
    pub heading: &'static str,
    pub text: &'static str,
    pub gstin_hint: &'static str,
    /// Where invoices are sent is asked of whoever gets them.
    pub asks_email: bool,
    pub here: Here,
    pub crumbs: Vec<Crumb>,
    pub action: String,
    /// The logo, of whoever issues.
    pub logo: Option<LogoCard>,
}

impl Editor {
    /// The page of the form, with what is wrong with it.
    pub(in crate::web) fn page<P: Permission>(
        self,
        scope: &Scope<P>,
        visit: &Visit,
        form: &DetailsForm,
        wrong: &[FieldError],
        status: StatusCode,
    ) -> Result<HttpResponse, Denied> {
        let field = |field: Field| with_error(field, wrong);
        let mut states: Vec<_> = STATES.to_vec();
        states.sort_by_key(|(_, name)| *name);
        let mut choices = vec![Choice::new("", "Choose…", "")];
        choices.extend(states.iter().map(|(code, name)| Choice::new(*code, format!("{name} ({code})"), "")));
        let legal_name = field(
            Field::new("legal_name", "Legal name")
                .hint("As it is registered, in any script.")
                .value(&form.legal_name),
        );
        let address = field(Field::new("address", "Address").value(&form.address));
        let state = field(Field::new("state", "State or territory").value(&form.state).options(choices));
        let gstin = field(Field::new("gstin", "GSTIN").hint(self.gstin_hint).value(&form.gstin));
        let email = self.asks_email.then(|| {
            field(
                Field::new("email", "E-mail for invoices")
                    .hint("Left empty, they go to the Owner of the account.")
                    .value(&form.email),
            )
        });
        let mut frame = visit.frame(scope, self.heading, self.here);
        frame.has_errors = !wrong.is_empty();
        html_as(
            &DetailsPage {
                frame,
                crumbs: self.crumbs,
                errors: ErrorSummary::of([&legal_name, &address, &state, &gstin].into_iter().chain(&email)),
                heading: self.heading,
                text: self.text,
                action: self.action,
                seen: form.seen.clone(),
                legal_name,
                address,
                state,
                gstin,
                email,
                logo: self.logo,
            },
            status,
        )
    }

    /// Saves what was sent by `change`, unless it is wrong or somebody was faster, and says `done`.
    pub(in crate::web) async fn save<P: Permission>(
        self,
        scope: &Scope<P>,
        visit: &Visit,
        form: DetailsForm,
        done: &str,
        change: Saving<P>,
    ) -> Result<HttpResponse, Denied> {
        let wish = Details::check(&form.legal_name, &form.address, &form.state, &form.gstin, &form.email);
        let to = match wish {
            Ok(to) => to,
            Err(error) => {
                let wrong = wrong_fields(error)?;
                return self.page(scope, visit, &form, &wrong, StatusCode::UNPROCESSABLE_ENTITY);
            }
        };
        let seen = form.seen.clone();
        match scope.write(move |tx| change(tx, Some(&seen), &to)).await? {
            Outcome::Done => Ok(see(told(&self.action, done))),
            Outcome::Overtaken { now, by } => {
                self.overtaken(scope, visit, form, (now.as_ref(), by.as_deref()))
            }
        }
    }

    /// The page of whoever was overtaken: what they typed is kept, and the next time it is saved over
    /// what they see now.
    fn overtaken<P: Permission>(
        self,
        scope: &Scope<P>,
        visit: &Visit,
        form: DetailsForm,
        (now, by): (Option<&Details>, Option<&str>),
    ) -> Result<HttpResponse, Denied> {
        let who = by.unwrap_or("Somebody");
        let message = format!(
            "{who} saved other details while you were editing: {}. Yours are kept here: save them again to put \
             them in their place.",
            now.map_or_else(|| "none".to_owned(), in_words),
        );
        let form = DetailsForm { seen: mark(now), ..form };
        self.page(scope, visit, &form, &[FieldError::new("legal_name", message)], StatusCode::CONFLICT)
    }
}

fn in_words(details: &Details) -> String {
    let mut parts = vec![details.legal_name.clone(), details.address.replace('\n', ", ")];
    parts.extend(state_name(&details.state).map(str::to_owned));
    parts.extend(details.gstin.as_ref().map(|gstin| format!("GSTIN {gstin}")));
    parts.extend(details.email.clone());
    parts.join(", ")
}

fn href(scope: &Scope<EditBillingDetails>) -> String {
    format!("{}/billing-details", home_href(scope.asker().account.id))
}

/// Where they are edited, for whoever may.
pub(in crate::web) fn way<P: Permission>(scope: &Scope<P>) -> Option<(String, String)> {
    scope.also::<EditBillingDetails>().map(|scope| ("Billing details".to_owned(), href(&scope)))
}

fn editor(scope: &Scope<EditBillingDetails>) -> Editor {
    let home = home_href(scope.asker().account.id);
    Editor {
        heading: "Billing details",
        text: "Who this account is on its invoices, from the next one on. Those that were issued stay as they are.",
        gstin_hint: "Of the state above. Leave it empty where there is no registration for GST.",
        asks_email: true,
        here: Here::Billing,
        crumbs: vec![Crumb::new("Invoices", format!("{home}/invoices"))],
        action: href(scope),
        logo: None,
    }
}

/// Who is invoiced has a wallet of its own: a consolidated sub-account's invoices are its organization's.
fn check_invoiced(scope: &Scope<EditBillingDetails>) -> Result<(), Denied> {
    if scope.asker().account.pays_itself() { Ok(()) } else { Err(Denied(Error::NotFound)) }
}

/// `GET /accounts/{account}/billing-details`
pub async fn show(scope: Scope<EditBillingDetails>, visit: Visit) -> Result<HttpResponse, Denied> {
    check_invoiced(&scope)?;
    let now = scope.read(|tx| details::of(tx, Part::Recipient)).await?;
    editor(&scope).page(&scope, &visit, &DetailsForm::showing(now.as_ref()), &[], StatusCode::OK)
}

/// `POST /accounts/{account}/billing-details`
pub async fn submit(
    scope: Scope<EditBillingDetails>,
    visit: Visit,
    form: Submitted<DetailsForm>,
) -> Result<HttpResponse, Denied> {
    check_invoiced(&scope)?;
    let form = form.by(&scope)?;
    editor(&scope).save(&scope, &visit, form, "billing-details", details::change_recipient).await
}
