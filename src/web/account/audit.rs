//! The audit log of an account, in plain sentences.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    access::{Denied, Scope, StoredEntry, permission::Administer},
    domain::{audit, billing::invoices::gst::state_name},
    values::Part,
    web::{
        filters::{Zone, counted, money_text, phone_text},
        page::{Here, Visit, home_href, html, zone},
        parts::{Choice, Empty, Field, Pager},
        views::account::{AuditSection, Event, SectionPage},
    },
};

use super::calls::day;

/// Rows on a page.
const PAGE: u16 = 50;

/// The log as its URL describes it; anything it does not understand is left out.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct AuditUrl {
    what: String,
    via: String,
    from: String,
    to: String,
    older: Option<i64>,
    newer: Option<i64>,
}

impl AuditUrl {
    fn filter(&self) -> audit::Filter {
        audit::Filter {
            action: Some(self.what.clone()).filter(|what| !what.is_empty()),
            actor: None,
            by_delegation: self.via == "access_dashboard",
            from: day(&self.from),
            to: day(&self.to),
        }
    }

    fn part(&self) -> Part<i64> {
        Part::between(self.older, self.newer)
    }

    fn href(&self, base: &str, key: &str, sequence: i64) -> String {
        let pairs = [("what", &self.what), ("via", &self.via), ("from", &self.from), ("to", &self.to)];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty()));
        format!("{base}?{}", query.append_pair(key, &sequence.to_string()).finish())
    }
}

/// The section at `href`, for the account's own page and the parent's.
pub async fn section(scope: &Scope<Administer>, url: &AuditUrl, href: &str) -> Result<AuditSection, Denied> {
    let (filter, part) = (url.filter(), url.part());
    let filtered = filter.narrows();
    let page = scope.read(move |tx| audit::page(tx, &filter, part, PAGE)).await?;
    let zone = zone(scope.asker());
    let choices =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(value, label)| Choice::new(*value, *label, "")).collect();
    Ok(AuditSection {
        list_href: href.to_owned(),
        filters: vec![
            Field::new("what", "What").value(&url.what).options(choices(&[
                ("", "Everything"),
                ("sub_account.", "Sub-accounts"),
                ("limit.", "Concurrency limits"),
                ("access_dashboard.", "Access Dashboard"),
                ("call.", "Calls"),
                ("calls.", "Exports of calls"),
                ("retention.", "Retention"),
                ("recording.", "Recordings"),
                ("agent.", "Agents"),
                ("number.", "Phone numbers"),
                ("member.", "Members"),
                ("invitation.", "Invitations"),
                ("person.", "People"),
                ("api_key.", "API keys"),
                ("webhook.", "Webhooks"),
                ("invoice.", "Invoices"),
                ("credit_note.", "Credit notes"),
                ("billing_details.", "Billing details"),
                ("issuer_details.", "Details on sub-accounts’ invoices"),
                ("brand.", "The brand"),
                ("organization.", "The organization"),
            ])),
            Field::new("via", "How")
                .value(&url.via)
                .options(choices(&[("", "In any way"), ("access_dashboard", "Through Access Dashboard")])),
        ],
        days: vec![
            Field::new("from", "From day").value(&url.from),
            Field::new("to", "To day").value(&url.to),
        ],
        filtered,
        events: page.rows.iter().map(|entry| event(entry, zone)).collect(),
        pager: Pager::newest_first(
            &counted(page.rows.len(), "entry", "entries"),
            page.ends(|entry| entry.sequence),
            |key, sequence| url.href(href, key, sequence),
        ),
        empty: page.rows.is_empty().then(|| {
            if filtered {
                Empty::NoMatch { title: "No entry matches".into(), clear_href: href.to_owned() }
            } else {
                Empty::First {
                    title: "Nothing happened yet".into(),
                    text: "Every change is written here with who made it, when and from where.".into(),
                    action: None,
                    icon: "audit",
                }
            }
        }),
    })
}

/// `GET /accounts/{account}/audit-log`
pub async fn list(
    scope: Scope<Administer>,
    visit: Visit,
    url: web::Query<AuditUrl>,
) -> Result<HttpResponse, Denied> {
    let href = format!("{}/audit-log", home_href(scope.asker().account.id));
    let section = section(&scope, &url, &href).await?;
    html(&SectionPage::of(
        visit.frame(&scope, "Audit log", Here::Audit),
        "Who changed what, when, from where. Entries are never altered.",
        section,
    ))
}

/// A value of the details in words.
fn word(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(other) => other.to_string(),
    }
}

/// For how many days things are kept, in words.
fn kept(days: &Map<String, Value>) -> String {
    let of = |what: &str, name: &str| match days.get(name).and_then(Value::as_i64) {
        Some(days) => format!("{what} {days} days"),
        None => format!("no {what}"),
    };
    format!("{}, {}", of("recordings", "recording_days"), of("transcripts", "transcript_days"))
}

/// Who somebody is on invoices, in words.
fn parties_name(details: &Map<String, Value>) -> String {
    let name = word(details.get("legal_name"));
    let state = state_name(&word(details.get("state"))).unwrap_or_default().to_owned();
    let gstin = details.get("gstin").and_then(Value::as_str).map(|gstin| format!("GSTIN {gstin}"));
    [name, state].into_iter().chain(gstin).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// Amounts that were set, in words: `low balance ₹500.00, no spend cap`.
fn amounts_in_words(amounts: &Map<String, Value>, currency: &str) -> String {
    let one = |(name, value): (&String, &Value)| {
        let name = name.trim_end_matches("_minor").replace('_', " ");
        match value {
            Value::Number(minor) => {
                format!("{name} {}", money_text(minor.as_i64().unwrap_or_default(), currency))
            }
            Value::Bool(on) => format!("{name} {}", if *on { "yes" } else { "no" }),
            Value::Null => format!("no {name}"),
            other => format!("{name} {}", word(Some(other))),
        }
    };
    amounts.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// One entry as a sentence.
pub fn event(entry: &StoredEntry, zone: Zone) -> Event {
    let object = &entry.object;
    let reason = word(entry.details.get("reason"));
    let (icon, sentence) = match entry.action.as_str() {
        "sub_account.created" => ("plus", format!("created the sub-account {object}")),
        "sub_account.suspended" => ("pause", format!("suspended {object}")),
        "sub_account.reactivated" => ("play", format!("reactivated {object}")),
        "sub_account.renamed" => ("edit", format!("renamed {object}")),
        "sub_account.deletion_requested" => ("trash", format!("deleted {object}; its access ended")),
        "sub_account.deleted" => ("trash", format!("erased everything that {object} held")),
        "limit.changed" => ("limits", format!("changed the concurrency limit of {object}")),
        "access_dashboard.started" if reason.is_empty() => ("enter", format!("entered {object}")),
        "access_dashboard.started" => ("enter", format!("entered {object}: “{reason}”")),
        "access_dashboard.left" => ("sign-out", format!("left {object}")),
        "access_dashboard.expired" => ("clock", format!("ended the visit to {object}: its time was over")),
        "member.added" => {
            ("members", format!("made {object} a member, as {}", word(entry.details.get("role"))))
        }
        "person.created" => ("members", format!("created the sign-in of {object}")),
        "api_key.created" => {
            let (mode, hint) = (word(entry.details.get("mode")), word(entry.details.get("hint")));
            ("keys", format!("created the {mode} API key {object}, which ends in {hint}"))
        }
        "api_key.rotated" => {
            let (hint, new) = (word(entry.details.get("hint")), word(entry.details.get("new_hint")));
            let end = match entry.details.get("overlap_hours").and_then(Value::as_u64) {
                None | Some(0) => "at once".to_owned(),
                Some(1) => "after 1 hour".to_owned(),
                Some(hours) => format!("after {hours} hours"),
            };
            ("refresh", format!("rotated the API key {object}: {new} follows {hint}, which ends {end}"))
        }
        "api_key.revoked" => (
            "ban",
            format!("revoked the API key {object}, which ends in {}", word(entry.details.get("hint"))),
        ),
        "api_key.renamed" => {
            ("edit", format!("renamed the API key that ends in {}", word(entry.details.get("hint"))))
        }
        "api_key.scopes_given" => ("keys", format!("gave the API key {object} its rights")),
        "webhook.created" => ("webhooks", format!("added the webhook {object}")),
        "webhook.updated" => ("edit", format!("changed the webhook {object}")),
        "webhook.secret_rotated" => ("keys", format!("rotated the secret of the webhook {object}")),
        "webhook.enabled" => ("play", format!("switched on the webhook {object}")),
        "webhook.disabled" => ("pause", format!("switched off the webhook {object}")),
        "webhook.deleted" => ("trash", format!("deleted the webhook {object}")),
        "webhook.tested" => ("webhooks", format!("sent a test to the webhook {object}")),
        "webhook.redelivered" => ("refresh", format!("sent events again to the webhook {object}")),
        "rate.set" => ("wallet", format!("set the rate of {object}")),
        "ledger.entry_reversed" => ("refresh", format!("undid the entry {object}: “{reason}”")),
        "organization.created" => ("plus", format!("created the organization {object}")),
        "organization.feature_changed" => {
            let on = entry.details.get("after").and_then(Value::as_bool).unwrap_or_default();
            ("settings", format!("turned sub-accounts {} for {object}", if on { "on" } else { "off" }))
        }
        "organization.concurrency_changed" => {
            ("limits", format!("changed the total concurrency of {object}"))
        }
        "demo.loaded" => ("check", "loaded the demo".to_owned()),
        "member.joined" => (
            "members",
            format!("accepted the invitation and is a member, as {}", word(entry.details.get("role"))),
        ),
        "member.role_changed" => ("members", format!("changed the role of {object}")),
        "member.recharge_given" => ("wallet", format!("let {object} recharge sub-accounts")),
        "member.recharge_taken" => ("ban", format!("took from {object} the right to recharge sub-accounts")),
        "payment.begun" => ("wallet", format!("began a payment of {object}")),
        "payment.paid" => ("check", format!("received the payment of {object}")),
        "payment.failed" => ("error", format!("noted that the payment of {object} failed")),
        "payment.expired" => ("clock", format!("let the payment of {object} expire: nothing came")),
        "payment.held" => {
            ("warning", format!("held back the payment of {object}: it is not what was asked for"))
        }
        "payment.came_late" => {
            ("warning", format!("held back the payment of {object}: it came after its account was deleted"))
        }
        "payment.returned" => ("refresh", format!("gave back {object} that was held back")),
        "payment.refunded" => ("refresh", format!("gave back {object} of a payment")),
        "member.removed" => {
            ("members", format!("removed {object}, who was {}", word(entry.details.get("role"))))
        }
        "member.left" => ("sign-out", format!("left, having been {}", word(entry.details.get("role")))),
        "invitation.created" => ("mail", format!("invited {object}, as {}", word(entry.details.get("role")))),
        "invitation.resent" => ("mail", format!("sent the invitation of {object} again")),
        "invitation.revoked" if reason == "inviter_lost_right" => {
            ("ban", format!("ended the invitation of {object}: whoever gave it may not invite any more"))
        }
        "invitation.revoked" => ("ban", format!("revoked the invitation of {object}")),
        "invitation.accepted" => ("members", "accepted an invitation, being a member already".to_owned()),
        "access_dashboard.ended" if reason == "right_lost" => {
            ("sign-out", format!("ended a visit to {object}: its visitor lost the right to it"))
        }
        "access_dashboard.ended" => ("sign-out", format!("ended the visit to {object}: it was deleted")),
        "retention.changed" => ("clock", "changed how long recordings and transcripts are kept".to_owned()),
        "sub_account.billing_mode_changed" => ("wallet", format!("changed who pays for {object}")),
        "auto_recharge.changed" => ("wallet", format!("changed the auto-recharge of {object}")),
        "auto_recharge.held_up" => {
            ("warning", format!("could not recharge {object} by itself: {}", reason.replace('_', " ")))
        }
        "sub_account.price_changed" => ("wallet", format!("changed the price per minute of {object}")),
        "wallet.rules_changed" => ("wallet", "changed what is watched in the wallet".to_owned()),
        "wallet.recharged" => ("wallet", format!("recharged the wallet of {object}")),
        "invoice.issued" => ("wallet", format!("issued the invoice {object}")),
        "credit_note.issued" => ("wallet", format!("issued the credit note {object}")),
        "billing_details.changed" => ("wallet", "changed the billing details".to_owned()),
        "issuer_details.changed" => ("wallet", "changed the details on sub-accounts’ invoices".to_owned()),
        "brand.logo_changed" => ("wallet", format!("changed the logo of {object}")),
        "brand.logo_removed" => ("wallet", format!("removed the logo of {object}")),
        "call.placed" => ("call-out", format!("had {} called", phone_text(object))),
        "calls.exported" => ("download", "exported calls".to_owned()),
        "recording.played" => ("play", format!("played the recording of {object}")),
        "recording.downloaded" => ("download", format!("downloaded the recording of {object}")),
        "agent.created" => ("plus", format!("created the agent {object}")),
        "agent.updated" => ("edit", format!("changed the agent {object}")),
        "agent.published" => ("check", format!("published the agent {object}")),
        "agent.deleted" => ("trash", format!("deleted the agent {object}")),
        "number.purchased" => ("plus", format!("bought the number {}", phone_text(object))),
        "number.released" => ("trash", format!("gave back the number {}", phone_text(object))),
        "person.signed_in" => ("check", "signed in".to_owned()),
        "person.signed_out" => ("sign-out", "signed out".to_owned()),
        "person.session_ended" => match entry.details.get("sessions").and_then(Value::as_u64) {
            Some(many) if many > 1 => ("sign-out", format!("ended {many} other sessions of their own")),
            _ => ("sign-out", "ended another session of their own".to_owned()),
        },
        "person.password_reset" => {
            ("lock", "set a new password by a link from an e-mail; all their sessions ended".to_owned())
        }
        other => ("dot", format!("did {} on {object}", other.replace(['.', '_'], " "))),
    };
    let via = if entry.delegation_id.is_some() { "via Access Dashboard" } else { "" };
    let changed = |side| match entry.details.get(side) {
        // On and off are in the sentence.
        Some(Value::Bool(_)) => String::new(),
        Some(Value::Object(days)) if entry.action == "retention.changed" => kept(days),
        Some(Value::Object(details)) if entry.action.ends_with("_details.changed") => parties_name(details),
        Some(Value::Object(amounts)) => amounts_in_words(amounts, &word(entry.details.get("currency"))),
        value => word(value),
    };
    let actor = match (entry.actor_kind.as_str(), entry.actor_name.as_str()) {
        ("platform", "operator") => "The platform’s operator".to_owned(),
        ("platform", _) => "The platform".to_owned(),
        (_, name) => name.to_owned(),
    };
    Event {
        icon,
        actor,
        via: via.to_owned(),
        sentence,
        before: changed("before"),
        after: changed("after"),
        at: zone.show(entry.occurred_at),
        from: entry.ip.clone(),
    }
}
