//! Money that is moved or paid in: what was typed, what would happen, what did.

use askama::Template;

use crate::web::{
    filters::{self, Moment},
    frame::Frame,
    parts::{Badge, Crumb, ErrorSummary, Field},
};

/// How much is asked, with what stands in the way where nothing can be moved.
#[derive(Template)]
#[template(path = "money/ask.html")]
pub struct AskPage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub errors: ErrorSummary,
    pub heading: String,
    pub text: String,
    /// Why there is no form, such as a wallet that is frozen.
    pub instead: Option<String>,
    pub action: String,
    pub amount: Field,
    pub reference: Option<Field>,
    pub cancel_href: String,
}

/// What would happen: from, to, how much, and what is in each wallet before and after.
#[derive(Template)]
#[template(path = "money/review.html")]
pub struct ReviewPage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub errors: ErrorSummary,
    pub heading: String,
    /// Terms with their values.
    pub facts: Vec<(String, String)>,
    /// Whose wallet, before, after.
    pub wallets: Vec<(String, String, String)>,
    pub consequences: Vec<String>,
    pub action: String,
    /// What was typed, sent on.
    pub hidden: Vec<(&'static str, String)>,
    /// How it is paid, where that is a choice.
    pub choice: Option<Field>,
    pub button: String,
    /// What the confirming button sends as `step`.
    pub step: &'static str,
}

/// What was done, for as often as one looks.
#[derive(Template)]
#[template(path = "money/made.html")]
pub struct MadePage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub heading: String,
    pub badge: Badge,
    /// What is going on, in words.
    pub text: String,
    pub at: Moment,
    pub facts: Vec<(String, String)>,
    /// Text of several lines, such as bank details, under its title.
    pub details: Option<(String, String)>,
    /// Where it goes on outside of here.
    pub outside_href: Option<String>,
    /// Where the way outside is asked for once more.
    pub retry_action: Option<String>,
    pub back: (String, String),
}

/// The payments into a wallet.
#[derive(Template)]
#[template(path = "money/payments.html")]
pub struct PaymentsPage {
    pub frame: Frame,
    pub new_href: Option<String>,
    pub rows: Vec<PaymentRow>,
}

/// One of them.
#[derive(Debug, Clone)]
pub struct PaymentRow {
    pub href: String,
    pub at: Moment,
    pub amount: String,
    pub how: String,
    pub badge: Badge,
}
