//! What the parent sees of a sub-account's inside on its own pages: billing,
//! audit log.

use actix_web::{HttpResponse, web};
use askama::{Template, filters::HtmlSafe};

use crate::{
    access::{
        Denied, Scope,
        permission::{ManageSubAccounts, PushFunds, ViewBilling},
    },
    domain::sub_accounts::list::Listed,
    error::Error,
    values::BillingMode,
    web::{
        account::{
            audit::{self, AuditUrl},
            billing::{self, BillingUrl},
            statement_export::{self, Source},
        },
        page::{Here, Visit, html},
        parts::Badge,
        views::account::SectionPage,
    },
};

use super::{Place, issued_invoices, issuer_details, recharge};

async fn page<S: Template + HtmlSafe>(
    scope: &Scope<ManageSubAccounts>,
    visit: &Visit,
    listed: &Listed,
    title: &str,
    here: &str,
    section: S,
) -> Result<HttpResponse, Denied> {
    let is_invoiced = here == "/billing" && listed.billing_mode == BillingMode::Isolated;
    let recharges = is_invoiced && scope.also::<PushFunds>().is_some();
    let recharge =
        recharges.then(|| ("Recharge wallet".to_owned(), recharge::href(scope, listed.id))).into_iter();
    // What was issued while it was isolated stays.
    let issued = (here == "/billing")
        .then(|| ("Invoices".to_owned(), format!("{}?q={}", issued_invoices::base(scope), listed.id)));
    html(&SectionPage {
        frame: visit.frame(scope, format!("{title} of {}", listed.name), Here::SubAccounts),
        crumbs: super::crumbs(scope, None),
        tabs: super::tabs(scope, listed.id, here),
        heading: listed.name.clone(),
        text: String::new(),
        badge: Some(Badge::account(listed.status.as_str())),
        actions: recharge.chain(issued).collect(),
        waiting: if is_invoiced { issuer_details::waiting(scope).await? } else { None },
        section,
    })
}

/// `GET /accounts/{account}/sub-accounts/{sub_account}/billing`
pub async fn billing(
    scope: Scope<ManageSubAccounts>,
    visit: Visit,
    place: web::Path<Place>,
    url: web::Query<BillingUrl>,
) -> Result<HttpResponse, Denied> {
    let listed = super::find(&scope, place.sub_account).await?;
    let inside = scope.sub_account(listed.id).await?;
    let inside = inside
        .also::<ViewBilling>()
        .ok_or(Error::Forbidden("The wallet of a sub-account is seen by the Owner and the Org Admins."))?;
    let note = match listed.billing_mode {
        BillingMode::Isolated => "its own prepaid wallet",
        BillingMode::Consolidated => "frozen: your wallet pays while it is consolidated",
    };
    let href = format!("{}/billing", super::href(&scope, listed.id));
    let section = billing::section(&inside, Some(&scope), &url, &href, note, None).await?;
    page(&scope, &visit, &listed, "Billing", "/billing", section).await
}

/// `GET /accounts/{account}/sub-accounts/{sub_account}/billing/export.csv`
pub async fn statement(
    scope: Scope<ManageSubAccounts>,
    place: web::Path<Place>,
    url: web::Query<BillingUrl>,
) -> Result<HttpResponse, Denied> {
    statement_export::file(Source::beneath(scope, place.sub_account).await?, &url).await
}

/// `GET /accounts/{account}/sub-accounts/{sub_account}/audit-log`
pub async fn audit_log(
    scope: Scope<ManageSubAccounts>,
    visit: Visit,
    place: web::Path<Place>,
    url: web::Query<AuditUrl>,
) -> Result<HttpResponse, Denied> {
    let listed = super::find(&scope, place.sub_account).await?;
    let href = format!("{}/audit-log", super::href(&scope, listed.id));
    let section = audit::section(&scope.sub_account(listed.id).await?, &url, &href).await?;
    page(&scope, &visit, &listed, "Audit log", "/audit-log", section).await
}
