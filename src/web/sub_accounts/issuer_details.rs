//! Who the organization is, by law, on the invoices of its sub-accounts (`domain.md` 4.8).

use actix_web::{HttpResponse, http::StatusCode};

use crate::{
    access::{
        Denied, Scope,
        permission::{IssueInvoices, ManageSubAccounts, Permission},
    },
    domain::billing::invoices::details::{self, Part},
    error::Error,
    web::{
        account::billing_details::{DetailsForm, Editor},
        forms::Submitted,
        page::{Here, Visit, home_href},
        parts::Crumb,
        views::invoices::Waiting,
    },
};

use super::{issued_invoices, issuer_logo};

pub(super) fn href<P: Permission>(scope: &Scope<P>) -> String {
    format!("{}/issuer-details", home_href(scope.asker().account.id))
}

/// Where they are edited, for whoever may.
pub(super) fn href_for(scope: &Scope<ManageSubAccounts>) -> Option<String> {
    scope.also::<IssueInvoices>().map(|scope| href(&scope))
}

/// What is said where invoices wait for them.
pub(super) async fn waiting(scope: &Scope<ManageSubAccounts>) -> Result<Option<Waiting>, Error> {
    let known = scope.read(|tx| details::of(tx, Part::Issuer)).await?;
    Ok(known.is_none().then(|| Waiting { href: href_for(scope) }))
}

async fn editor(scope: &Scope<IssueInvoices>) -> Result<Editor, Denied> {
    Ok(Editor {
        heading: "Your details on invoices",
        text: "Your sub-accounts are invoiced by you, under the name of your brand. This is who you are on their \
               invoices, from the next one on. Those that were issued stay as they are.",
        gstin_hint: "Of the state above. Without one no tax is collected, and bills of supply are issued.",
        asks_email: false,
        here: Here::IssuedInvoices,
        crumbs: vec![Crumb::new("Issued invoices", issued_invoices::base(&scope.narrow()))],
        action: href(scope),
        logo: issuer_logo::card(scope).await?,
    })
}

/// `GET /accounts/{account}/issuer-details`
pub async fn show(scope: Scope<IssueInvoices>, visit: Visit) -> Result<HttpResponse, Denied> {
    let now = scope.read(|tx| details::of(tx, Part::Issuer)).await?;
    editor(&scope).await?.page(&scope, &visit, &DetailsForm::showing(now.as_ref()), &[], StatusCode::OK)
}

/// `POST /accounts/{account}/issuer-details`
pub async fn submit(
    scope: Scope<IssueInvoices>,
    visit: Visit,
    form: Submitted<DetailsForm>,
) -> Result<HttpResponse, Denied> {
    let form = form.by(&scope)?;
    editor(&scope).await?.save(&scope, &visit, form, "issuer-details", details::change_issuer).await
}
