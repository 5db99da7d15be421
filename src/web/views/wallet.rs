//! Pages of a wallet's rules and of what its calls cost.

use askama::Template;

use crate::web::filters;
use crate::web::frame::Frame;
use crate::web::parts::{Crumb, ErrorSummary, Field};

/// The editor of rules, all amounts.
#[derive(Template)]
#[template(path = "account/wallet_rules.html")]
pub struct RulesPage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub errors: ErrorSummary,
    pub action: String,
    pub heading: String,
    pub text: String,
    /// What is on or off.
    pub choices: Vec<Field>,
    /// The amounts.
    pub fields: Vec<Field>,
}

/// What will happen, before it does.
#[derive(Template)]
#[template(path = "account/wallet_review.html")]
pub struct RulesReview {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub action: String,
    pub consequences: Vec<String>,
    /// What was typed.
    pub fields: Vec<(String, String)>,
}
