//! Pages of a wallet's rules and of what its calls cost.

use askama::Template;

use crate::web::filters;
use crate::web::frame::Frame;
use crate::web::parts::{Crumb, ErrorSummary, Field, Stat, Tab};

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

/// What a sub-account's calls cost and are charged, to its parent.
#[derive(Template)]
#[template(path = "sub_accounts/prices.html")]
pub struct PricesPage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub tabs: Vec<Tab>,
    pub heading: String,
    pub errors: ErrorSummary,
    pub action: String,
    pub stats: Vec<Stat>,
    pub price: Field,
    pub valid_from: Field,
    /// Since or from when, and how much.
    pub set: Vec<(String, String)>,
    /// What of, and how much per started minute.
    pub rates: Vec<(String, String)>,
    pub agents: Vec<PricedAgent>,
}

/// What a started minute of an agent comes to.
#[derive(Debug, Clone)]
pub struct PricedAgent {
    pub name: String,
    pub cost: String,
    /// What the cost is made of.
    pub parts: String,
    pub price: String,
    pub margin: String,
    pub is_below_cost: bool,
}
