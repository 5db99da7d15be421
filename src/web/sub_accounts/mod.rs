//! Organization Settings → Sub-Accounts (`domain.md` 2).

pub mod access;
pub mod auto_recharge;
pub mod bulk;
pub mod delete;
pub mod export;
pub mod give_back;
pub mod inside;
pub mod issued_invoices;
pub mod issuer_details;
pub mod issuer_logo;
pub mod lifecycle;
pub mod limits;
pub mod list;
pub mod live;
pub mod new;
pub mod prices;
pub mod recharge;
pub mod settings;
pub mod show;

use serde::Deserialize;

use crate::{
    access::{Denied, Scope, permission::ManageSubAccounts},
    domain::sub_accounts::{
        allocation::CONCURRENCY_UNAVAILABLE,
        create::EXTERNAL_ID_TAKEN,
        list::{self as sub_accounts, Listed},
    },
    error::{Error, FieldError},
    values::{AccountId, SubAccountId},
    web::parts::{Crumb, Field, Tab},
};

/// The ids in the address of a sub-account's page.
#[derive(Debug, Deserialize)]
pub struct Place {
    /// The parent; the scope is proved for it.
    pub account: AccountId,
    /// The sub-account.
    pub sub_account: SubAccountId,
}

/// The address of an organization's list.
fn list_href(scope: &Scope<ManageSubAccounts>) -> String {
    format!("/accounts/{}/sub-accounts", scope.asker().account.id)
}

/// The address of a sub-account's pages.
pub(super) fn href(scope: &Scope<ManageSubAccounts>, id: SubAccountId) -> String {
    format!("{}/{id}", list_href(scope))
}

/// One of the parent's sub-accounts.
pub(super) async fn find(scope: &Scope<ManageSubAccounts>, id: SubAccountId) -> Result<Listed, Denied> {
    Ok(scope.overview(move |tx| sub_accounts::find(tx, id)).await?)
}

/// The way to a page about one sub-account.
pub(super) fn crumbs(scope: &Scope<ManageSubAccounts>, listed: Option<&Listed>) -> Vec<Crumb> {
    let mut crumbs = vec![Crumb::new("Sub-accounts", list_href(scope))];
    crumbs.extend(listed.map(|listed| Crumb::new(&listed.name, href(scope, listed.id))));
    crumbs
}

/// The pages about one sub-account. `here` is the last part of the address.
pub fn tabs(scope: &Scope<ManageSubAccounts>, id: SubAccountId, here: &str) -> Vec<Tab> {
    [
        ("Overview", ""),
        ("Limits", "/limits"),
        ("Members", "/members"),
        ("API keys", "/api-keys"),
        ("Billing", "/billing"),
        ("Prices", "/prices"),
        ("Audit log", "/audit-log"),
        ("Settings", "/settings"),
    ]
    .into_iter()
    .map(|(label, path)| Tab::new(label, href(scope, id) + path, path == here))
    .collect()
}

/// By what a sub-account is told from another of the same name.
fn told_apart(listed: &Listed) -> String {
    let reference =
        listed.external_id.as_ref().map(|id| format!(", your reference {id}")).unwrap_or_default();
    format!("{}, region {}{reference}, id {}", listed.name, listed.region.label(), listed.id)
}

/// The wrong fields of an input that was refused; anything else goes its way.
pub(super) fn wrong_fields(error: Error) -> Result<Vec<FieldError>, Denied> {
    match error {
        Error::Invalid(fields) => Ok(fields),
        Error::Conflict { code: CONCURRENCY_UNAVAILABLE, message } => {
            Ok(vec![FieldError::new("concurrency_limit", message)])
        }
        Error::Conflict { code: EXTERNAL_ID_TAKEN, message } => {
            Ok(vec![FieldError::new("external_id", message)])
        }
        other => Err(Denied(other)),
    }
}

/// Puts what is wrong beside its field.
pub(super) fn with_error(field: Field, wrong: &[FieldError]) -> Field {
    let error = wrong.iter().find(|error| error.field == field.name).map(|error| error.message.clone());
    field.error(error)
}

/// A whole number as people type it: spaces and thousands' commas are theirs to use.
fn whole_number(text: &str) -> Option<i64> {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | ',' | '\u{a0}')).collect();
    digits.parse().ok()
}
