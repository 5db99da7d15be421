//! The pages of the API's documentation.

use askama::{Template, filters::HtmlSafe};

use crate::web::{
    api_docs::{curl::Shell, guides::Guide, prose::Block, prose::Span, reference::Operation},
    filters,
    frame::Frame,
    parts::Empty,
};

/// Where one begins: the guides, the search, and every operation.
#[derive(Template)]
#[template(path = "api_docs/home.html")]
pub struct ApiDocsHomePage {
    pub frame: Frame,
    /// The site's own address, for the examples.
    pub origin: String,
    pub shell: Shell,
    pub guides: &'static [Guide],
    pub found: ApiDocsFound,
}

/// The operations, or those that were searched for.
#[derive(Template)]
#[template(path = "api_docs/_found.html")]
pub struct ApiDocsFound {
    pub q: String,
    /// "12 operations".
    pub summary: String,
    pub groups: Vec<FoundGroup>,
    pub empty: Option<Empty>,
}

impl HtmlSafe for ApiDocsFound {}

/// The operations of one section.
#[derive(Debug, Clone)]
pub struct FoundGroup {
    pub title: String,
    pub href: String,
    pub operations: Vec<OperationLink>,
}

/// One operation of a list.
#[derive(Debug, Clone)]
pub struct OperationLink {
    pub method: String,
    pub path: String,
    pub summary: String,
    pub href: String,
}

/// One section of the reference.
#[derive(Template)]
#[template(path = "api_docs/section.html")]
pub struct ApiDocsSectionPage<'d> {
    pub frame: Frame,
    pub title: &'d str,
    pub text: &'d [Block],
    pub operations: &'d [Operation],
    pub shell: Shell,
}

/// One guide.
#[derive(Template)]
#[template(path = "api_docs/guide.html")]
pub struct ApiDocsGuidePage {
    pub frame: Frame,
    pub guide: &'static Guide,
    pub shell: Shell,
    pub key_pattern: &'static str,
    /// The right of a key, and what it lets it do.
    pub scopes: Vec<(String, String)>,
}

/// A line of a table of fields, parameters or headers.
#[derive(Debug, Clone, Default)]
pub struct FieldRow {
    /// The way to it from the top: `items[].`, or empty.
    pub within: String,
    pub name: String,
    /// What it is: "string", "list of integers".
    pub kind: String,
    pub required: bool,
    pub rules: Vec<Vec<Span>>,
    /// The values it can have, when they are few.
    pub choices: Vec<String>,
    pub text: Vec<Block>,
}
