//! The logo of an organization's brand, on the invoices of its sub-accounts (`domain.md` 4.8, 8).

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use actix_web::{HttpResponse, http::StatusCode, web};
use tokio::sync::Semaphore;

use crate::{
    access::{Denied, Scope, permission::IssueInvoices},
    domain::brands::{self, Brand},
    error::{Error, FieldError},
    values::{Logo, OrganizationId},
    web::{
        account::logo,
        forms::{ConfirmForm, Submitted},
        notices::told,
        page::{Here, Visit, html_as, see},
        parts::{Crumb, ErrorSummary, Field},
        uploads::{FILE, Received, Uploaded},
        views::invoices::{LogoCard, LogoPage},
    },
};

use super::{issued_invoices, issuer_details, with_error, wrong_fields};

fn href(scope: &Scope<IssueInvoices>) -> String {
    format!("{}/logo", issuer_details::href(scope))
}

/// Where the picture is, if there is one.
fn picture(scope: &Scope<IssueInvoices>, brand: &Brand) -> Option<String> {
    brand.logo.map(|id| logo::href(scope.asker().account.id, id))
}

/// The logo on the page of who the organization is, for one that has a brand.
pub(super) async fn card(scope: &Scope<IssueInvoices>) -> Result<Option<LogoCard>, Denied> {
    let brand = scope.read(brands::of).await?;
    Ok(brand.map(|brand| LogoCard {
        href: href(scope),
        picture: picture(scope, &brand),
        brand: brand.product_name,
    }))
}

async fn page(
    scope: &Scope<IssueInvoices>,
    visit: &Visit,
    wrong: &[FieldError],
    status: StatusCode,
) -> Result<HttpResponse, Denied> {
    let brand = scope.read(brands::of).await?.ok_or(Error::NotFound)?;
    let file = with_error(
        Field::new(FILE, "Picture")
            .hint("PNG or JPEG, at most 2 MB and 3000 pixels a side. It is printed on white."),
        wrong,
    );
    let mut frame = visit.frame(scope, "Logo", Here::IssuedInvoices);
    frame.has_errors = !wrong.is_empty();
    html_as(
        &LogoPage {
            frame,
            crumbs: vec![
                Crumb::new("Issued invoices", issued_invoices::base(&scope.narrow())),
                Crumb::new("Your details on invoices", issuer_details::href(scope)),
            ],
            errors: ErrorSummary::of([&file]),
            action: href(scope),
            picture: picture(scope, &brand),
            brand: brand.product_name,
            file,
        },
        status,
    )
}

/// `GET /accounts/{account}/issuer-details/logo`
pub async fn show(scope: Scope<IssueInvoices>, visit: Visit) -> Result<HttpResponse, Denied> {
    page(&scope, &visit, &[], StatusCode::OK).await
}

/// `POST /accounts/{account}/issuer-details/logo`
pub async fn submit(
    scope: Scope<IssueInvoices>,
    visit: Visit,
    sent: Uploaded,
) -> Result<HttpResponse, Denied> {
    // The file may have been long on its way.
    let scope = scope.again().await?;
    let _: ConfirmForm = sent.form.by(&scope)?;
    match read(sent.file, scope.asker().account.organization).await {
        Ok(logo) => {
            scope.write(move |tx| brands::change_logo(tx, Some(&logo))).await?;
            Ok(see(told(&href(&scope), "logo")))
        }
        Err(error) => {
            let wrong = wrong_fields(error)?;
            page(&scope, &visit, &wrong, StatusCode::UNPROCESSABLE_ENTITY).await
        }
    }
}

/// One is decoded at a time, and so one alone takes the memory that a large one needs.
static EASEL: Semaphore = Semaphore::const_new(1);
/// Whose picture is at the easel or waits for it: one of each organization, so that nobody waits behind
/// many of somebody else's.
static TURNS: Mutex<BTreeSet<OrganizationId>> = Mutex::new(BTreeSet::new());

/// An organization's turn, until it is dropped.
struct Turn(OrganizationId);

impl Turn {
    fn of(organization: OrganizationId) -> Option<Self> {
        let is_first = TURNS.lock().unwrap_or_else(PoisonError::into_inner).insert(organization);
        is_first.then_some(Self(organization))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        TURNS.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

/// Decodes what was sent, beside the threads that answer.
async fn read(file: Received, organization: OrganizationId) -> Result<Logo, Error> {
    let Received::Whole(file) = file else {
        return Err(Error::invalid(FILE, "The file is larger than 2 MB. Choose a smaller one."));
    };
    let Some(turn) = Turn::of(organization) else {
        let message = "Another picture of yours is still being looked at. Send this one again in a moment.";
        return Err(Error::invalid(FILE, message));
    };
    let easel = EASEL.acquire().await.map_err(Error::internal)?;
    let logo = web::block(move || {
        // For as long as the work goes on, whether anybody waits for it or not.
        let _held = (turn, easel);
        Logo::read(&file)
    });
    let logo = logo.await.map_err(Error::internal)?;
    logo.map_err(|refusal| Error::invalid(FILE, refusal.to_string()))
}

/// `POST /accounts/{account}/issuer-details/logo/remove`
pub async fn remove(
    scope: Scope<IssueInvoices>,
    form: Submitted<ConfirmForm>,
) -> Result<HttpResponse, Denied> {
    let _: ConfirmForm = form.by(&scope)?;
    scope.write(|tx| brands::change_logo(tx, None)).await?;
    Ok(see(told(&href(&scope), "logo-removed")))
}
