//! The logo of an organization's brand, on the invoices of its sub-accounts (`domain.md` 4.8, 8).

use actix_web::{HttpResponse, http::StatusCode, web};
use tokio::sync::Semaphore;

use crate::{
    access::{Denied, Scope, permission::IssueInvoices},
    domain::{
        billing::invoices::details::{self, Part},
        brands,
    },
    error::{Error, FieldError},
    values::Logo,
    web::{
        account::{billing_details::DetailsForm, logo},
        forms::{ConfirmForm, Submitted},
        notices::told,
        page::{Visit, see},
        parts::Field,
        uploads::{FILE, Received, Uploaded},
        views::invoices::LogoCard,
    },
};

use super::{issuer_details, with_error, wrong_fields};

/// The logo on the page of who the organization is, for one that has a brand.
pub(super) async fn card(
    scope: &Scope<IssueInvoices>,
    wrong: &[FieldError],
) -> Result<Option<LogoCard>, Denied> {
    let brand = scope.read(brands::of).await?;
    let account = scope.asker().account.id;
    Ok(brand.map(|brand| LogoCard {
        href: brand.logo.map(|id| logo::href(account, id)),
        action: format!("{}/logo", issuer_details::href(scope)),
        brand: brand.product_name,
        file: with_error(
            Field::new(FILE, "Picture")
                .hint("PNG or JPEG, at most 2 MB and 3000 pixels a side. It is printed on white."),
            wrong,
        ),
    }))
}

/// `POST /accounts/{account}/issuer-details/logo`
pub async fn submit(
    scope: Scope<IssueInvoices>,
    visit: Visit,
    sent: Uploaded,
) -> Result<HttpResponse, Denied> {
    let _: ConfirmForm = sent.form.by(&scope)?;
    match read(sent.file).await {
        Ok(logo) => {
            scope.write(move |tx| brands::change_logo(tx, Some(&logo))).await?;
            Ok(see(told(&issuer_details::href(&scope), "logo")))
        }
        Err(error) => {
            let wrong = wrong_fields(error)?;
            let now = scope.read(|tx| details::of(tx, Part::Issuer)).await?;
            let form = DetailsForm::showing(now.as_ref());
            let editor = issuer_details::editor(&scope, &wrong).await?;
            editor.page(&scope, &visit, &form, &wrong, StatusCode::UNPROCESSABLE_ENTITY)
        }
    }
}

/// One is decoded at a time: a large one takes some hundred megabytes while it is made smaller.
static EASEL: Semaphore = Semaphore::const_new(1);

/// Decodes what was sent, beside the threads that answer.
async fn read(file: Received) -> Result<Logo, Error> {
    let Received::Whole(file) = file else {
        return Err(Error::invalid(FILE, "The file is larger than 2 MB. Choose a smaller one."));
    };
    let _easel = EASEL.acquire().await.map_err(Error::internal)?;
    let logo = web::block(move || Logo::read(&file)).await.map_err(Error::internal)?;
    logo.map_err(|refusal| Error::invalid(FILE, refusal.to_string()))
}

/// `POST /accounts/{account}/issuer-details/logo/remove`
pub async fn remove(
    scope: Scope<IssueInvoices>,
    form: Submitted<ConfirmForm>,
) -> Result<HttpResponse, Denied> {
    let _: ConfirmForm = form.by(&scope)?;
    scope.write(|tx| brands::change_logo(tx, None)).await?;
    Ok(see(told(&issuer_details::href(&scope), "logo-removed")))
}
