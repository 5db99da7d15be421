//! The API's documentation (`domain.md` 6.5), drawn from the OpenAPI document that the code
//! makes, and guides beside it.
//!
//! - [`reference`](self::reference): the document, read into sections and operations.
//! - [`schema`]: what a schema says, as a table and as an example.
//! - [`curl`]: a request as a command.
//! - [`prose`]: descriptions, which may hold code and lists.
//! - [`guides`]: what is worth knowing before the first request.

pub mod curl;
pub mod guides;
pub mod prose;
pub mod reference;
pub mod schema;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use crate::{
    access::{Denied, PRODUCT_NAME},
    error::Error,
    values::{KEY_PATTERN, KeyArea},
};

use self::{
    curl::Shell,
    guides::GUIDES,
    reference::{Reference, Section},
};
use super::{
    filters::counted,
    frame::{Frame, NavGroup, NavItem},
    page::{Visit, html},
    parts::Empty,
    site::Site,
    views::api_docs::{
        ApiDocsFound, ApiDocsGuidePage, ApiDocsHomePage, ApiDocsSectionPage, FoundGroup, OperationLink,
    },
};

/// Where the documentation begins.
const HOME: &str = "/docs/api";

/// What is searched for.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    q: String,
}

/// `GET /docs/api`
pub async fn home(
    request: HttpRequest,
    visit: Visit,
    asked: web::Query<Asked>,
    reference: web::Data<Reference>,
    site: web::Data<Site>,
) -> Result<HttpResponse, Denied> {
    let found = found(&reference, asked.q.trim());
    if visit.fragment {
        return html(&found);
    }
    let brand = brand(&site, &request);
    html(&ApiDocsHomePage {
        shell: shell(&brand),
        frame: frame(&reference, brand, "API documentation", HOME),
        origin: site.origin().to_owned(),
        guides: GUIDES,
        found,
    })
}

/// `GET /docs/api/{page}`: a guide, or a section of the reference.
pub async fn page(
    request: HttpRequest,
    name: web::Path<String>,
    reference: web::Data<Reference>,
    site: web::Data<Site>,
) -> Result<HttpResponse, Denied> {
    let brand = brand(&site, &request);
    let shell = shell(&brand);
    let here = format!("{HOME}/{name}");
    if let Some(guide) = GUIDES.iter().find(|guide| guide.slug == name.as_str()) {
        return html(&ApiDocsGuidePage {
            frame: frame(&reference, brand, guide.title, &here),
            guide,
            shell,
            key_pattern: KEY_PATTERN,
            scopes: KeyArea::ALL.iter().map(|area| (area.to_string(), area.label().to_owned())).collect(),
        });
    }
    let section = reference.section(&name).ok_or(Denied(Error::NotFound))?;
    html(&ApiDocsSectionPage {
        frame: frame(&reference, brand, section.title.as_str(), &here),
        title: &section.title,
        text: &section.text,
        operations: &section.operations,
        shell,
    })
}

/// What the product is called to whoever reads (`domain.md` 7.6).
fn brand(site: &Site, request: &HttpRequest) -> String {
    site.remembered_brand(request).unwrap_or_else(|| PRODUCT_NAME.to_owned())
}

/// The variables of the examples: under another brand they do not name the platform.
fn shell(brand: &str) -> Shell {
    if brand == PRODUCT_NAME { Shell::new("DIALNEXA") } else { Shell::new("API") }
}

fn frame(reference: &Reference, brand: String, title: &str, here: &str) -> Frame {
    let item = |label: &str, href: String, icon: &str| {
        let current = href == here;
        NavItem::new(label, href, icon).current_if(current)
    };
    let guides = GUIDES.iter().map(|guide| item(guide.title, format!("{HOME}/{}", guide.slug), guide.icon));
    let sections = reference
        .sections
        .iter()
        .map(|section| item(&section.title, format!("{HOME}/{}", section.slug), icon(&section.slug)));
    Frame {
        title: title.to_owned(),
        brand,
        nav: vec![
            NavGroup { title: None, items: vec![item("Overview and search", HOME.to_owned(), "search")] },
            NavGroup { title: Some("Guides".into()), items: guides.collect() },
            NavGroup { title: Some("Reference".into()), items: sections.collect() },
        ],
        ..Frame::default()
    }
}

/// A symbol for a section.
fn icon(slug: &str) -> &'static str {
    match slug {
        "sub-accounts" => "sub-accounts",
        "limits" => "limits",
        "wallet" | "wallets" | "billing" => "wallet",
        "keys" => "keys",
        "members" | "invitations" => "members",
        "audit-log" => "audit",
        "usage" => "usage",
        "agents" | "catalogues" => "agents",
        "phone-numbers" | "numbers" => "numbers",
        "calls" => "calls",
        "webhooks" => "webhooks",
        _ => "chevron-right",
    }
}

fn found(reference: &Reference, q: &str) -> ApiDocsFound {
    let words: Vec<String> = q.split_whitespace().map(str::to_lowercase).collect();
    let groups: Vec<_> = reference.sections.iter().filter_map(|section| group(section, &words)).collect();
    let count = groups.iter().map(|group| group.operations.len()).sum();
    let empty = groups.is_empty().then(|| Empty::NoMatch {
        title: format!("No operation matches “{q}”"),
        clear_href: HOME.to_owned(),
    });
    ApiDocsFound { q: q.to_owned(), summary: counted(count, "operation", "operations"), groups, empty }
}

/// The operations of a section in which every one of the words stands.
fn group(section: &Section, words: &[String]) -> Option<FoundGroup> {
    let href = format!("{HOME}/{}", section.slug);
    let operations: Vec<_> = section
        .operations
        .iter()
        .filter(|operation| words.iter().all(|word| operation.words.contains(word.as_str())))
        .map(|operation| OperationLink {
            method: operation.method.clone(),
            path: operation.path().to_owned(),
            summary: operation.summary.clone(),
            href: format!("{href}#{}", operation.id),
        })
        .collect();
    let is_any = !operations.is_empty();
    is_any.then(|| FoundGroup { title: section.title.clone(), href, operations })
}
