//! What every signed-in page needs: who visits, how they asked, and the frame around
//! what they get.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, http::header, web};
use askama::Template;
use time::OffsetDateTime;

use crate::{
    access::{
        Denied, Scope,
        permission::{Administer, ManageSubAccounts, Permission, ViewBilling},
        principal::{Asker, Person},
    },
    error::Error,
    values::{AccountId, SubAccountStatus},
};

use super::{
    filters::Zone,
    forms::{FormKey, csrf_fields},
    frame::{AccountBadge, Acting, Frame, NavGroup, NavItem, Notice, PersonBadge},
    members::leave,
    notices,
    visitor::Visitor,
};

/// The entry of the side navigation that a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Here {
    Overview,
    Agents,
    Numbers,
    Calls,
    Billing,
    Members,
    ApiKeys,
    Webhooks,
    Audit,
    Retention,
    SubAccounts,
    Limits,
    IssuedInvoices,
    Deletions,
}

/// How a page was asked for.
pub struct Visit {
    /// By htmx, for a fragment of a page.
    pub fragment: bool,
    /// What the last action did, told once.
    notice: Option<Notice>,
    key: web::Data<FormKey>,
}

impl FromRequest for Visit {
    type Error = Denied;
    type Future = Ready<Result<Self, Denied>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let header = |name: &str| request.headers().contains_key(name);
        let key = request
            .app_data::<web::Data<FormKey>>()
            .cloned()
            .ok_or_else(|| Denied(Error::internal("the application was built without a form key")));
        ready(key.map(|key| Self {
            // A page asked for again after the history was dropped is a whole page.
            fragment: header("HX-Request") && !header("HX-History-Restore-Request"),
            notice: notices::from_query(request.query_string()),
            key,
        }))
    }
}

impl Visit {
    /// The frame of a page in an account.
    pub fn frame<P: Permission>(&self, scope: &Scope<P>, title: impl Into<String>, here: Here) -> Frame {
        let asker = scope.asker();
        let account = &asker.account;
        Frame {
            title: title.into(),
            brand: account.brand.clone(),
            account: Some(AccountBadge {
                name: account.name.clone(),
                kind: match account.id {
                    AccountId::Organization(_) => "Organization".into(),
                    AccountId::SubAccount(_) => String::new(),
                },
                home_href: home_href(account.id),
            }),
            nav: navigation(scope, here),
            person: asker.principal.person().map(badge),
            leave_account_href: leave::href(scope),
            acting: acting(asker),
            notice: self.notice.clone(),
            suspended_notice: account
                .sub_account
                .filter(|facts| facts.status == SubAccountStatus::Suspended)
                .map(|_| "New calls are blocked. Everything can still be read.".to_owned()),
            csrf: csrf_fields(&self.key, scope),
            ..Frame::default()
        }
    }

    /// The frame of a page that belongs to no account, such as the switcher.
    pub fn personal_frame(&self, person: &Person, brand: &str, title: impl Into<String>) -> Frame {
        Frame {
            title: title.into(),
            brand: brand.to_owned(),
            person: Some(badge(person)),
            notice: self.notice.clone(),
            csrf: csrf_fields(&self.key, person),
            ..Frame::default()
        }
    }
}

impl Visit {
    /// The frame of a page for somebody who is not signed in.
    pub fn visitor_frame(&self, visitor: &Visitor, brand: String, title: impl Into<String>) -> Frame {
        Frame {
            title: title.into(),
            brand,
            notice: self.notice.clone(),
            csrf: csrf_fields(&self.key, visitor),
            ..Frame::default()
        }
    }
}

fn badge(person: &Person) -> PersonBadge {
    PersonBadge { name: person.name.clone(), email: person.email.clone() }
}

/// The first page of an account.
pub fn home_href(account: AccountId) -> String {
    format!("/accounts/{account}")
}

/// The zone the asker reads times in.
pub fn zone(asker: &Asker) -> Zone {
    Zone::named(asker.principal.person().map_or("Asia/Kolkata", |person| person.time_zone.as_str()))
}

fn acting(asker: &Asker) -> Option<Acting> {
    let (person, stay) = (asker.principal.person()?, asker.principal.delegation()?);
    let left = (stay.expires_at - OffsetDateTime::now_utc()).whole_seconds().max(0);
    Some(Acting {
        person: person.name.clone(),
        account: asker.account.name.clone(),
        minutes_left: u32::try_from((left + 59) / 60).unwrap_or(0),
        until: stay.expires_at,
        zone: zone(asker),
        leave_href: format!("{}/leave", home_href(asker.account.id)),
    })
}

fn navigation<P: Permission>(scope: &Scope<P>, here: Here) -> Vec<NavGroup> {
    let account = &scope.asker().account;
    let home = home_href(account.id);
    let item = |label: &str, path: &str, icon: &str, page: Here| {
        NavItem::new(label, format!("{home}{path}"), icon).current_if(here == page)
    };
    let mut items = vec![
        item("Overview", "", "home", Here::Overview),
        item("Agents", "/agents", "agents", Here::Agents),
        item("Phone numbers", "/numbers", "numbers", Here::Numbers),
        item("Calls", "/calls", "calls", Here::Calls),
    ];
    if account.pays_itself() && scope.holds::<ViewBilling>() {
        items.push(item("Billing", "/billing", "wallet", Here::Billing));
    }
    if scope.holds::<Administer>() {
        items.push(item("Members", "/members", "members", Here::Members));
        items.push(item("API keys", "/api-keys", "keys", Here::ApiKeys));
        items.push(item("Webhooks", "/webhooks", "webhooks", Here::Webhooks));
        items.push(item("Audit log", "/audit-log", "audit", Here::Audit));
        items.push(item("Retention", "/retention", "clock", Here::Retention));
    }
    let mut groups = vec![NavGroup { title: None, items }];
    if scope.holds::<ManageSubAccounts>() {
        groups.push(NavGroup {
            title: Some("Organization settings".into()),
            items: vec![
                item("Sub-accounts", "/sub-accounts", "sub-accounts", Here::SubAccounts),
                item("Concurrency limits", "/sub-accounts/limits", "limits", Here::Limits),
                item("Issued invoices", "/issued-invoices", "invoice", Here::IssuedInvoices),
                item("Deletions", "/deletions", "trash", Here::Deletions),
            ],
        });
    }
    groups
}

/// A page.
pub fn html(page: &impl Template) -> Result<HttpResponse, Denied> {
    html_as(page, actix_web::http::StatusCode::OK)
}

/// A page that says something is wrong.
pub fn html_as(page: &impl Template, status: actix_web::http::StatusCode) -> Result<HttpResponse, Denied> {
    let body = page.render().map_err(Error::internal)?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(body))
}

/// After a form: see what it did elsewhere.
pub fn see(href: impl AsRef<str>) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, href.as_ref())).finish()
}
