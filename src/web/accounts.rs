//! Choosing an account: only those one belongs to (`domain.md` 5.1).

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use crate::{
    access::{Access, Denied, principal::Person},
    domain::identity::memberships::{OwnAccount, brand_over, own_accounts},
    values::{AccountId, Role, UserId, first_letter},
};

use super::{
    page::{Visit, home_href, html, see},
    parts::Badge,
    sign_in::landing,
    site::NEUTRAL_BRAND,
    views::{AccountLink, AccountsPage},
};

/// With so many accounts one searches.
const WORTH_SEARCHING: usize = 8;

/// What the page's address carries.
#[derive(Debug, Default, Deserialize)]
pub struct Search {
    #[serde(default)]
    q: String,
}

/// What the product is called to this person beside their accounts.
pub(super) async fn brand_of(access: &web::Data<Access>, person: UserId) -> Result<String, Denied> {
    let accounts = access.gate(Some(person), own_accounts).await?;
    Ok(brand_over(&accounts).unwrap_or(NEUTRAL_BRAND).to_owned())
}

/// `GET /`
pub async fn home(
    person: Person,
    access: web::Data<Access>,
    request: HttpRequest,
) -> Result<HttpResponse, Denied> {
    let accounts = access.gate(Some(person.id), own_accounts).await?;
    let query = request.query_string();
    let to = landing(&accounts);
    Ok(see(if query.is_empty() { to } else { format!("{to}?{query}") }))
}

/// `GET /accounts`
pub async fn page(
    person: Person,
    visit: Visit,
    access: web::Data<Access>,
    search: web::Query<Search>,
) -> Result<HttpResponse, Denied> {
    let accounts = access.gate(Some(person.id), own_accounts).await?;
    let brand = brand_over(&accounts).unwrap_or(NEUTRAL_BRAND);
    let wanted = search.q.trim().to_lowercase();
    html(&AccountsPage {
        frame: visit.personal_frame(&person, brand, "Choose an account"),
        q: search.q.clone(),
        q_hidden: accounts.len() < WORTH_SEARCHING && wanted.is_empty(),
        accounts: accounts
            .iter()
            .filter(|account| account.name.to_lowercase().contains(&wanted))
            .map(link)
            .collect(),
    })
}

fn link(account: &OwnAccount) -> AccountLink {
    let (kind, role) = match (account.id, account.role) {
        (AccountId::Organization(_), Role::Owner) => ("Organization", "Owner"),
        (AccountId::Organization(_), Role::Admin) => ("Organization", "Org Admin"),
        (AccountId::Organization(_), _) => ("Organization", "Org Viewer"),
        // A sub-account's member need not know that there is a parent.
        (AccountId::SubAccount(_), role) => ("Account", role.label()),
    };
    AccountLink {
        name: account.name.clone(),
        letter: first_letter(&account.name),
        kind: kind.to_owned(),
        role: role.to_owned(),
        href: home_href(account.id),
        badge: account.suspended.then(|| Badge::account("suspended")),
    }
}
