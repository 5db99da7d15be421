//! The webhooks of an account (`domain.md` 6.7): an organization's own, or a
//! sub-account's, also for a parent's administrator inside of it.

pub mod delivery;
pub mod edit;
pub mod list;
pub mod show;
pub mod switch;

use serde::Deserialize;

use crate::{
    access::{Scope, permission::Administer},
    domain::webhooks::{
        deliveries::{Attempt, DeliveryStatus},
        endpoints::Endpoint,
    },
    values::WebhookId,
    web::{
        page::home_href,
        parts::{Badge, Crumb},
    },
};

/// The id in the address of a webhook's page.
#[derive(Debug, Deserialize)]
pub struct Place {
    webhook: WebhookId,
}

fn list_href(scope: &Scope<Administer>) -> String {
    format!("{}/webhooks", home_href(scope.asker().account.id))
}

fn href(scope: &Scope<Administer>, id: WebhookId) -> String {
    format!("{}/{id}", list_href(scope))
}

fn crumbs(scope: &Scope<Administer>, endpoint: Option<&Endpoint>) -> Vec<Crumb> {
    let mut crumbs = vec![Crumb::new("Webhooks", list_href(scope))];
    crumbs.extend(endpoint.map(|endpoint| Crumb::new(called(endpoint), href(scope, endpoint.id))));
    crumbs
}

/// What a webhook is called: by its description, where it has one.
fn called(endpoint: &Endpoint) -> &str {
    if endpoint.description.is_empty() { &endpoint.url } else { &endpoint.description }
}

fn badge(endpoint: &Endpoint) -> Badge {
    match (endpoint.active, endpoint.disabled_because.as_deref(), endpoint.failures) {
        (true, _, 0) => Badge::new("On", "good", "check"),
        (true, ..) => Badge::new("Failing", "warn", "warning"),
        (false, Some(_), _) => Badge::new("Switched off", "bad", "ban"),
        (false, None, _) => Badge::new("Off", "", "pause"),
    }
}

fn delivery_badge(status: DeliveryStatus) -> Badge {
    match status {
        DeliveryStatus::Pending => Badge::new(status.label(), "note", "clock"),
        DeliveryStatus::Delivered => Badge::new(status.label(), "good", "check"),
        DeliveryStatus::Failed => Badge::new(status.label(), "bad", "error"),
    }
}

/// What came of an attempt, in words.
fn answer(attempt: &Attempt) -> String {
    match (attempt.status, attempt.error.as_deref()) {
        (Some(status), Some("redirected")) => format!("{status}, a redirect, which is not followed"),
        (Some(status), _) => status.to_string(),
        (None, Some("address_refused")) => "Not sent: the address is not a public one".to_owned(),
        (None, Some("name_not_found")) => "The name was not found".to_owned(),
        (None, Some("timed_out")) => "No answer within 7 seconds".to_owned(),
        (None, Some("not_connected")) => "No secure connection could be made".to_owned(),
        (None, _) => "No answer".to_owned(),
    }
}
