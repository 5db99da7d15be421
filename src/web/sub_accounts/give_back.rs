//! Giving back what a sub-account was invoiced for: how much and why, a look at what would happen, and
//! the credit note (`domain.md` 4.8, `trust.md` R15, U5).

use actix_web::{HttpResponse, http::StatusCode, web};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    access::{
        Denied, Scope,
        permission::{IssueInvoices, ManageSubAccounts},
    },
    domain::{
        billing::invoices::{
            Kind,
            credit::{self, LONGEST_REASON},
            list::{self, Issued},
        },
        idempotency::{self, IdempotencyKey},
        sub_accounts::list::{self as sub_accounts, Listed},
    },
    error::{Error, FieldError},
    values::{BillingMode, InvoiceId},
    web::{
        amounts,
        filters::money_text,
        forms::Submitted,
        notices::told,
        page::{Here, Visit, html, html_as, see},
        parts::{Choice, Crumb, ErrorSummary, Field},
        views::{invoices::GiveBackPage, money::ReviewPage},
    },
};

use super::{
    issued_invoices::{self, IssuedPlace},
    with_error,
};

const ALL: &str = "all";
const PART: &str = "part";

/// The form as it is sent, by its first page and by the review.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GiveBackForm {
    step: String,
    idempotency_key: String,
    how: String,
    amount: String,
    reason: String,
}

/// Where a part of an invoice is given back.
pub(super) fn href(scope: &Scope<ManageSubAccounts>, id: InvoiceId) -> String {
    format!("{}/{id}/give-back", issued_invoices::base(scope))
}

/// An invoice, and the sub-account that it was issued to, unless that was deleted.
struct Invoiced {
    issued: Issued,
    to: Option<Listed>,
}

impl Invoiced {
    async fn load(scope: &Scope<IssueInvoices>, id: InvoiceId) -> Result<Self, Denied> {
        let parent = scope.narrow::<ManageSubAccounts>();
        let loaded = parent.overview(move |tx| {
            let issued = list::find_issued(tx, id)?;
            let Some(to) = issued.account.sub_account().filter(|_| issued.document.kind == Kind::Invoice)
            else {
                return Err(Error::NotFound);
            };
            let to = match sub_accounts::find(tx, to) {
                Ok(to) => Some(to),
                Err(Error::NotFound) => None,
                Err(other) => return Err(other),
            };
            Ok(Self { issued, to })
        });
        Ok(loaded.await?)
    }

    /// What the sub-account is called.
    fn name(&self) -> String {
        self.to.as_ref().map_or_else(|| self.issued.account.to_string(), |to| to.name.clone())
    }

    fn text(&self, minor: i64) -> String {
        money_text(minor, &self.issued.document.currency)
    }

    /// What becomes of so much money, in words.
    fn goes_to(&self, minor: i64) -> String {
        let (amount, name) = (self.text(minor), self.name());
        match self.to.as_ref().map(|to| to.billing_mode) {
            Some(BillingMode::Isolated) => {
                format!("{amount} goes into the wallet of {name} at once, and can be spent on calls.")
            }
            Some(BillingMode::Consolidated) => format!(
                "{amount} goes into the wallet of {name}, which is frozen while you pay for it: the money can be \
                 spent once it is isolated again."
            ),
            None => format!(
                "{name} was deleted, and its wallet with it: {amount} is written off there at once. It goes to \
                 nobody, not to you either. If you owe it to your client, pay it outside of here."
            ),
        }
    }

    /// How much is wished: all that is left, or what was typed.
    fn amount(&self, form: &GiveBackForm) -> Result<i64, FieldError> {
        let left = self.issued.left();
        // The review says how much all was: that much is meant, whatever is left by then.
        if form.how == ALL && form.step != "give-back" {
            if !form.amount.trim().is_empty() {
                let message =
                    "You typed an amount and chose all that is left. Choose a part, or clear the amount.";
                return Err(FieldError::new("amount", message));
            }
            return Ok(left);
        }
        let amount = amounts::typed("amount", &form.amount, &self.issued.document.currency)?;
        if amount <= left || form.step == "give-back" {
            return Ok(amount);
        }
        Err(FieldError::new("amount", format!("At most {} is left to give back.", self.text(left))))
    }
}

/// `GET /accounts/{account}/issued-invoices/{issued}/give-back`
pub async fn ask(
    scope: Scope<IssueInvoices>,
    visit: Visit,
    place: web::Path<IssuedPlace>,
) -> Result<HttpResponse, Denied> {
    let invoiced = Invoiced::load(&scope, place.issued).await?;
    let form = GiveBackForm { how: ALL.to_owned(), ..GiveBackForm::default() };
    page(&scope, &visit, &invoiced, &form, &[], StatusCode::OK)
}

/// `POST /accounts/{account}/issued-invoices/{issued}/give-back`
pub async fn submit(
    scope: Scope<IssueInvoices>,
    visit: Visit,
    place: web::Path<IssuedPlace>,
    form: Submitted<GiveBackForm>,
) -> Result<HttpResponse, Denied> {
    let form = form.by(&scope)?;
    let id = place.issued;
    let invoiced = Invoiced::load(&scope, id).await?;
    let again = |wrong: &[FieldError], status| page(&scope, &visit, &invoiced, &form, wrong, status);
    let mut wrong = Vec::new();
    let amount = invoiced.amount(&form).map_err(|error| wrong.push(error)).unwrap_or_default();
    let reason = form.reason.trim().to_owned();
    if !credit::is_reason(&reason) {
        wrong.push(FieldError::new("reason", format!("Say why, in at most {LONGEST_REASON} characters.")));
    }
    match form.step.as_str() {
        "edit" => return again(&[], StatusCode::OK),
        _ if !wrong.is_empty() => return again(&wrong, StatusCode::UNPROCESSABLE_ENTITY),
        "give-back" => {}
        _ if amount == 0 => return again(&[], StatusCode::OK),
        _ => return review(&scope, &visit, &invoiced, amount, &form),
    }
    let key = IdempotencyKey::parse("idempotency_key", &form.idempotency_key)?;
    let account = invoiced.issued.account;
    let made = scope
        .write(move |tx| {
            idempotency::once(tx, "invoice.give_back.form", &key, &(id, amount, &reason), |tx| {
                credit::give_back(tx, account, id, Some(amount), &reason)
            })
        })
        .await;
    match made {
        Ok(note) => {
            let base = issued_invoices::base(&scope.narrow());
            Ok(see(told(&format!("{base}/{note}"), "credit-note")))
        }
        Err(Error::Invalid(_)) => {
            let left = invoiced.text(invoiced.issued.left());
            let message = format!("Only {left} is left to give back by now. Nothing was given back.");
            again(&[FieldError::new("amount", message)], StatusCode::CONFLICT)
        }
        Err(other) => Err(Denied(other)),
    }
}

fn crumbs(scope: &Scope<IssueInvoices>, invoiced: &Invoiced) -> Vec<Crumb> {
    let base = issued_invoices::base(&scope.narrow());
    let invoice = format!("{base}/{}", invoiced.issued.id);
    vec![Crumb::new("Issued invoices", base), Crumb::new(&invoiced.issued.document.number, invoice)]
}

fn page(
    scope: &Scope<IssueInvoices>,
    visit: &Visit,
    invoiced: &Invoiced,
    form: &GiveBackForm,
    wrong: &[FieldError],
    status: StatusCode,
) -> Result<HttpResponse, Denied> {
    let parent = scope.narrow::<ManageSubAccounts>();
    let issued = &invoiced.issued;
    let heading = "Give back what was invoiced".to_owned();
    let left = invoiced.text(issued.left());
    let how = if form.how == PART { PART } else { ALL };
    let choice = Field::new("how", "How much").value(how).options(vec![
        Choice::new(ALL, format!("All that is left: {left}"), ""),
        Choice::new(PART, "A part of it", "As much as you type below."),
    ]);
    let amount = with_error(
        Field::new("amount", "Amount")
            .hint(format!("For a part. In {}, tax included, at most {left}.", issued.document.currency))
            .value(if how == ALL && form.step == "edit" { "" } else { form.amount.as_str() }),
        wrong,
    );
    let reason = with_error(
        Field::new("reason", "Reason")
            .hint("Printed on the credit note. No personal data: it is kept for years.")
            .value(&form.reason),
        wrong,
    );
    let mut frame = visit.frame(scope, &heading, Here::IssuedInvoices);
    frame.has_errors = !wrong.is_empty();
    html_as(
        &GiveBackPage {
            frame,
            crumbs: crumbs(scope, invoiced),
            errors: ErrorSummary::of([&amount, &reason]),
            heading,
            text: "A credit note is issued, and the money goes back to where it was taken from: an issued \
                   invoice itself never changes."
                .into(),
            facts: vec![
                ("Number".to_owned(), issued.document.number.clone()),
                ("Issued to".to_owned(), invoiced.name()),
                ("Total".to_owned(), invoiced.text(issued.document.total)),
                ("Given back".to_owned(), invoiced.text(issued.given_back())),
                ("Left".to_owned(), left),
            ],
            instead: (issued.left() == 0).then(|| "All of this invoice was given back.".to_owned()),
            action: href(&parent, issued.id),
            how: choice,
            amount,
            reason,
            cancel_href: format!("{}/{}", issued_invoices::base(&parent), issued.id),
        },
        status,
    )
}

fn review(
    scope: &Scope<IssueInvoices>,
    visit: &Visit,
    invoiced: &Invoiced,
    amount: i64,
    form: &GiveBackForm,
) -> Result<HttpResponse, Denied> {
    let parent = scope.narrow::<ManageSubAccounts>();
    let (issued, text) = (&invoiced.issued, |minor| invoiced.text(minor));
    let wallet = invoiced.to.as_ref().map(|to| {
        let after = to.balance_minor.checked_add(amount).map_or_else(String::new, text);
        (to.name.clone(), text(to.balance_minor), after)
    });
    html(&ReviewPage {
        frame: visit.frame(scope, "Review the credit note", Here::IssuedInvoices),
        crumbs: crumbs(scope, invoiced),
        errors: ErrorSummary::default(),
        heading: "Review the credit note".into(),
        facts: vec![
            ("For invoice".to_owned(), issued.document.number.clone()),
            ("Issued to".to_owned(), invoiced.name()),
            ("Total".to_owned(), text(issued.document.total)),
            ("Given back".to_owned(), text(issued.given_back())),
            ("Amount now".to_owned(), text(amount)),
            ("Left after it".to_owned(), text(issued.left() - amount)),
            ("Reason".to_owned(), form.reason.trim().to_owned()),
        ],
        wallets: wallet.into_iter().collect(),
        consequences: vec![
            invoiced.goes_to(amount),
            "Nothing is drawn from your own wallet.".into(),
            "A credit note with a number of its own is issued. It cannot be undone, and stands in the audit logs."
                .into(),
        ],
        action: href(&parent, issued.id),
        hidden: vec![
            ("idempotency_key", Uuid::now_v7().to_string()),
            ("how", form.how.clone()),
            ("amount", amounts::plain(amount)),
            ("reason", form.reason.trim().to_owned()),
        ],
        choice: None,
        button: format!("Give back {}", text(amount)),
        step: "give-back",
    })
}
