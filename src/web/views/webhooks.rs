//! Webhooks: their list, one of them with what was sent, the form, the secret.

use askama::Template;

use crate::web::filters::{self, Moment};
use crate::web::frame::Frame;
use crate::web::parts::{Badge, Choice, Crumb, Empty, ErrorSummary, Field, Pager};

/// The webhooks of an account.
#[derive(Template)]
#[template(path = "webhooks/list.html")]
pub struct WebhooksPage {
    pub frame: Frame,
    /// None where there are as many as there can be.
    pub new_href: Option<String>,
    pub rows: Vec<WebhookRow>,
    pub summary: String,
    pub empty: Option<Empty>,
}

/// One webhook in the list.
#[derive(Debug, Clone)]
pub struct WebhookRow {
    pub href: String,
    pub url: String,
    pub description: String,
    pub badge: Badge,
    /// "All events", "3 kinds of events"
    pub events: String,
    pub created: Moment,
}

/// The form of a webhook, new or changed.
#[derive(Template)]
#[template(path = "webhooks/form.html")]
pub struct WebhookFormPage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub errors: ErrorSummary,
    pub heading: String,
    pub text: String,
    pub action: String,
    pub cancel_href: String,
    pub button: &'static str,
    /// For a new one: what makes sending twice create once.
    pub idempotency_key: Option<String>,
    pub url: Field,
    pub description: Field,
    pub events: Field,
    /// The kinds of events, and whether each is ticked.
    pub kinds: Vec<(Choice, bool)>,
}

/// A signing secret, shown this once.
#[derive(Template)]
#[template(path = "webhooks/secret.html")]
pub struct WebhookSecretPage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub heading: String,
    pub text: String,
    pub secret: String,
    pub next_href: String,
}

/// One webhook with what was sent.
#[derive(Template)]
#[template(path = "webhooks/show.html")]
pub struct WebhookPage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub heading: String,
    pub url: String,
    pub badge: Badge,
    /// Why it was switched off without anybody asking for it.
    pub warning: Option<String>,
    pub active: bool,
    pub facts: Vec<(String, String)>,
    pub href: String,
    pub filter: Field,
    pub filtered: bool,
    pub rows: Vec<DeliveryRow>,
    pub pager: Pager,
    pub empty: Option<Empty>,
}

/// One delivery in the log.
#[derive(Debug, Clone)]
pub struct DeliveryRow {
    pub href: String,
    pub kind: &'static str,
    pub id: String,
    pub badge: Badge,
    pub occurred: Moment,
    pub attempts: usize,
    /// "200 in 45 ms", "no answer in time"; empty before the first attempt.
    pub last: String,
    /// When it is tried next.
    pub next: Option<Moment>,
}

/// One delivery with its attempts.
#[derive(Template)]
#[template(path = "webhooks/delivery.html")]
pub struct DeliveryPage {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub heading: &'static str,
    pub badge: Badge,
    pub id: String,
    pub occurred: Moment,
    pub next: Option<Moment>,
    pub body: String,
    pub attempts: Vec<AttemptRow>,
    /// None while the webhook is switched off.
    pub again_href: Option<String>,
}

/// One attempt.
#[derive(Debug, Clone)]
pub struct AttemptRow {
    pub number: i32,
    pub at: Moment,
    pub badge: Badge,
    pub status: String,
    pub duration: String,
}
