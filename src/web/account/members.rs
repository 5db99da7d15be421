//! The members of an account.

use actix_web::HttpResponse;

use crate::{
    access::{Denied, Scope, permission::Administer},
    domain::identity::memberships,
    values::{AccountId, Role},
    web::{
        page::{Here, Visit, html, zone},
        views::{
            account::SectionPage,
            people::{MemberRow, MembersSection},
        },
    },
};

/// What a role is called where it is held (`domain.md` 5.2).
fn role_label(role: Role, account: AccountId) -> String {
    match (account, role) {
        (AccountId::Organization(_), Role::Admin) => "Org Admin".into(),
        (AccountId::Organization(_), Role::Viewer) => "Org Viewer".into(),
        _ => role.label().into(),
    }
}

/// The section, for the account's own page and the parent's.
pub async fn section(scope: &Scope<Administer>) -> Result<MembersSection, Denied> {
    let members = scope.read(memberships::list).await?;
    let me = scope.asker().principal.person().map(|person| person.id);
    let (zone, account) = (zone(scope.asker()), scope.asker().account.id);
    Ok(MembersSection {
        members: members
            .into_iter()
            .map(|member| MemberRow {
                you: me == Some(member.user),
                name: member.name,
                email: member.email,
                role: role_label(member.role, account),
                since: zone.show(member.since),
            })
            .collect(),
    })
}

/// `GET /accounts/{account}/members`
pub async fn list(scope: Scope<Administer>, visit: Visit) -> Result<HttpResponse, Denied> {
    let section = section(&scope).await?;
    html(&SectionPage::of(
        visit.frame(&scope, "Members", Here::Members),
        "Who may sign in to this account, and what they may do.",
        section,
    ))
}
