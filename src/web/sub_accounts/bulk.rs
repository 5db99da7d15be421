//! Suspending and reactivating several sub-accounts: what it will do to each, then one
//! button, then what became of each (`trust.md` U7).

use actix_web::HttpResponse;
use serde::Deserialize;

use crate::{
    access::{Denied, Scope, permission::ManageSubAccounts},
    domain::sub_accounts::{
        lifecycle,
        list::{self, Listed},
    },
    error::Error,
    values::{SubAccountId, SubAccountStatus},
    web::{
        forms::Submitted,
        notices::told,
        page::{Here, Visit, html, see},
        parts::ErrorSummary,
        views::sub_accounts::{BulkResultPage, BulkResultRow, ConfirmPage},
    },
};

/// Rows that one form can name: a page of the list.
const MOST: usize = 100;

/// The form as it is sent, first by the list and then by the confirmation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BulkForm {
    action: Verb,
    #[serde(default)]
    id: Vec<SubAccountId>,
    #[serde(default)]
    confirmed: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verb {
    Suspend,
    Reactivate,
}

impl Verb {
    fn words(self) -> (&'static str, &'static str, SubAccountStatus) {
        match self {
            Self::Suspend => ("Suspend", "suspend", SubAccountStatus::Suspended),
            Self::Reactivate => ("Reactivate", "reactivate", SubAccountStatus::Active),
        }
    }
}

/// `POST /accounts/{account}/sub-accounts/bulk`
pub async fn bulk(
    scope: Scope<ManageSubAccounts>,
    visit: Visit,
    form: Submitted<BulkForm>,
) -> Result<HttpResponse, Denied> {
    let BulkForm { action, id: mut ids, confirmed } = form.by(&scope)?;
    ids.sort_unstable();
    ids.dedup();
    if ids.len() > MOST {
        return Err(Denied(Error::invalid(
            "id",
            format!("At most {MOST} sub-accounts can be chosen at once."),
        )));
    }
    if ids.is_empty() {
        return Ok(see(told(&super::list_href(&scope), "nothing-ticked")));
    }
    if confirmed.is_none() {
        return ask(&scope, &visit, action, ids).await;
    }
    let mut results = Vec::with_capacity(ids.len());
    for id in ids {
        let listed = scope.overview(move |tx| list::find(tx, id)).await;
        let done = match action {
            Verb::Suspend => scope.write(move |tx| lifecycle::suspend(tx, id)).await,
            Verb::Reactivate => scope.write(move |tx| lifecycle::reactivate(tx, id)).await,
        };
        let (_, _, status) = action.words();
        results.push(BulkResultRow {
            name: listed.map_or_else(|_| id.to_string(), |listed| listed.name),
            href: super::href(&scope, id),
            good: done.is_ok(),
            result: match done {
                Ok(true) => status.label().to_owned(),
                Ok(false) => format!("Was {} before", status.label().to_lowercase()),
                Err(Error::NotFound) => "No longer exists".to_owned(),
                Err(Error::Busy) => "Not done: too busy, try again".to_owned(),
                Err(error) => {
                    tracing::error!(%error, "a bulk change failed for one sub-account");
                    "Not done: something went wrong on our side".to_owned()
                }
            },
        });
    }
    let (verb, _, _) = action.words();
    html(&BulkResultPage {
        frame: visit.frame(&scope, format!("{verb}: results"), Here::SubAccounts),
        crumbs: super::crumbs(&scope, None),
        heading: format!("{verb}: results"),
        rows: results,
        back_href: super::list_href(&scope),
    })
}

async fn ask(
    scope: &Scope<ManageSubAccounts>,
    visit: &Visit,
    action: Verb,
    ids: Vec<SubAccountId>,
) -> Result<HttpResponse, Denied> {
    let rows: Vec<Listed> = scope
        .overview({
            let ids = ids.clone();
            move |tx| list::some(tx, &ids)
        })
        .await?;
    let (verb, word, status) = action.words();
    let changing = rows.iter().filter(|listed| listed.status != status).count();
    let consequences: Vec<String> = rows
        .iter()
        .map(|listed| match (listed.status == status, action, listed.in_use) {
            (true, ..) => {
                format!("{} is {} already: nothing changes.", listed.name, status.label().to_lowercase())
            }
            (_, Verb::Suspend, 0) => format!("{}: new calls are blocked at once.", listed.name),
            (_, Verb::Suspend, calls) => {
                format!("{}: new calls are blocked at once; {calls} in progress finish.", listed.name)
            }
            (_, Verb::Reactivate, _) => format!("{}: new calls are admitted again.", listed.name),
        })
        .collect();
    let mut hidden: Vec<(String, String)> = ids.iter().map(|id| ("id".into(), id.to_string())).collect();
    hidden.push(("action".into(), word.into()));
    hidden.push(("confirmed".into(), "yes".into()));
    let heading = format!("{verb} {changing} sub-account{}", if changing == 1 { "" } else { "s" });
    html(&ConfirmPage {
        frame: visit.frame(scope, &heading, Here::SubAccounts),
        crumbs: super::crumbs(scope, None),
        errors: ErrorSummary::default(),
        button: heading.clone(),
        heading,
        text: "Nothing is deleted. Each can be undone at any time.".into(),
        consequences,
        action: format!("{}/bulk", super::list_href(scope)),
        hidden,
        button_icon: if action == Verb::Suspend { "pause" } else { "play" },
        danger: action == Verb::Suspend,
        cancel_href: super::list_href(scope),
    })
}
