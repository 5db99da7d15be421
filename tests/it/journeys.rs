//! What people do, in a real browser: with scripts and without.

use crate::{
    chromium::{Chromium, Looks},
    world::{PASSWORD, World},
};

async fn sign_in(chromium: &Chromium, world: &World, email: &str) {
    chromium.goto(&format!("{}/sign-in", world.base)).await;
    chromium.fill("email", email).await;
    chromium.fill("password", PASSWORD).await;
    chromium.press("Sign in").await;
}

/// From nothing to a sub-account that was created, limited, entered, left, suspended,
/// reactivated and deleted.
async fn life_of_a_sub_account(javascript: bool) {
    let world = World::new().await;
    let chromium = Chromium::open(Looks { javascript, ..Looks::default() }).await;
    sign_in(&chromium, &world, "owner@northwind.example").await;
    chromium.sees("Northwind Voice").await;
    chromium.press("Sub-accounts").await;

    chromium.press("Create Sub-Account").await;
    chromium.fill("name", "Acme Telecom").await;
    chromium.choose("region", "us").await;
    chromium.fill("concurrency_limit", "500").await;
    chromium.press("Create").await;
    chromium.sees("more than is free").await;
    let name = chromium.find("[name=name]").await.prop("value").await.unwrap();
    assert_eq!(name.as_deref(), Some("Acme Telecom"), "what was typed stays");
    chromium.fill("concurrency_limit", "10").await;
    chromium.press("Create").await;
    chromium.sees("The sub-account is ready").await;
    chromium.press("Sub-accounts").await;
    chromium.sees("Acme Telecom").await;

    chromium.press("Acme Telecom").await;
    chromium.press("Limits").await;
    let limit = chromium.find("input[type=number]").await.attr("name").await.unwrap().unwrap();
    chromium.fill(&limit, "500").await;
    if javascript {
        chromium.sees("more than the total of 200").await;
    }
    chromium.press("Review changes").await;
    chromium.sees("Acme Telecom can have at most 190. That is 310 more than is free").await;
    chromium.sees("Acme Corp 10").await;
    chromium.fill(&limit, "50").await;
    if javascript {
        // The sums have followed: nothing moves beneath the click any more.
        chromium.sees("140 of 200 are free").await;
    }
    chromium.press("Review changes").await;
    chromium.sees("Review 1 change").await;
    chromium.press("Save 1 change").await;
    chromium.sees("The limits are changed").await;
    chromium.sees("0 of 50").await;

    chromium.press("Overview").await;
    chromium.goto(&format!("{}{}", world.base, chromium.path().await)).await;
    chromium.press("Sub-accounts").await;
    chromium.press("Acme Telecom").await;
    chromium.fill("reason", "Setting up the first agent").await;
    chromium.press("Access Dashboard").await;
    chromium.sees("you are acting in Acme Telecom as a parent admin").await;
    let inside = chromium.text().await;
    assert!(!inside.contains("Acme Corp"), "its data only");
    chromium.press("Audit log").await;
    chromium.sees("Northwind Voice administrator").await;
    chromium.sees("Setting up the first agent").await;
    chromium.press("Leave Acme Telecom").await;
    chromium.sees("You have left the sub-account").await;

    chromium.press("Acme Telecom").await;
    chromium.press("Settings").await;
    chromium.press("Suspend…").await;
    chromium.sees("New calls are blocked at once").await;
    chromium.press("Suspend Acme Telecom").await;
    chromium.sees("new calls are blocked from now on").await;
    chromium.press("Settings").await;
    chromium.press("Reactivate…").await;
    chromium.press("Reactivate Acme Telecom").await;
    chromium.sees("new calls are admitted again").await;

    chromium.press("Settings").await;
    chromium.press("Delete…").await;
    chromium.fill("name", "acme telecom").await;
    chromium.press("Delete Acme Telecom").await;
    chromium.sees("Type the name exactly as it stands").await;
    chromium.fill("name", "Acme Telecom").await;
    chromium.press("Delete Acme Telecom").await;
    chromium.sees("Deletion of Acme Telecom").await;
    let certificate = chromium.path().await;
    let end = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while !chromium.text().await.contains("What was erased") {
        assert!(tokio::time::Instant::now() < end, "the erasure does not come to an end");
        chromium.goto(&format!("{}{certificate}", world.base)).await;
    }
    assert_eq!(world.count("SELECT count(*) FROM sub_accounts WHERE name = 'Acme Telecom'"), 0);
    chromium.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_life_of_a_sub_account_with_scripts() {
    life_of_a_sub_account(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_life_of_a_sub_account_without_scripts() {
    life_of_a_sub_account(false).await;
}

/// Every page in this look: no fault that axe finds, no sideways scrolling, nothing that
/// the content security policy had to stop.
async fn pages_are_sound(looks: Looks) {
    let world = World::new().await;
    let chromium = Chromium::open(looks).await;
    let (organization, acme) = (world.northwind.organization, world.northwind.sub_account);
    let parent = format!("/accounts/{organization}");
    let one = format!("{parent}/sub-accounts/{acme}");
    let mut faults = Vec::new();
    let mut look_at = async |path: String, name: &str| {
        chromium.goto(&format!("{}{path}", world.base)).await;
        for fault in chromium.axe().await {
            faults.push(format!("{path}: {fault}"));
        }
        if chromium.scrolls_sideways().await {
            faults.push(format!("{path}: scrolls sideways"));
        }
        for message in chromium.complaints().await {
            faults.push(format!("{path}: {message}"));
        }
        let theme = if looks.dark { "dark" } else { "light" };
        chromium.picture(&format!("{name}-{}-{theme}", looks.width)).await;
    };
    look_at("/sign-in".into(), "sign-in").await;
    look_at("/forgot-password".into(), "forgot-password").await;
    look_at("/nothing-here".into(), "not-found").await;
    sign_in(&chromium, &world, "owner@northwind.example").await;
    chromium.sees("Overview").await;
    for (path, name) in [
        ("", "overview"),
        ("/agents", "agents"),
        ("/numbers", "numbers"),
        ("/calls", "calls"),
        ("/billing", "billing"),
        ("/billing/rules", "wallet-rules"),
        ("/invoices", "invoices"),
        ("/billing-details", "billing-details"),
        ("/issuer-details", "issuer-details"),
        ("/issuer-details/logo", "issuer-logo"),
        ("/issued-invoices", "issued-invoices"),
        ("/payments", "payments"),
        ("/payments/new", "payment-new"),
        ("/members", "members"),
        ("/api-keys", "api-keys"),
        ("/api-keys/new", "api-key-new"),
        ("/audit-log", "audit-log"),
        ("/retention", "retention"),
        ("/sub-accounts", "sub-accounts"),
        ("/sub-accounts?q=nothing+matches+this", "sub-accounts-no-match"),
        ("/sub-accounts/new", "sub-account-new"),
        ("/sub-accounts/limits", "limits"),
        ("/deletions", "deletions"),
    ] {
        look_at(format!("{parent}{path}"), name).await;
    }
    for (path, name) in [
        ("", "sub-account"),
        ("/limits", "sub-account-limits"),
        ("/members", "sub-account-members"),
        ("/api-keys", "sub-account-api-keys"),
        ("/billing", "sub-account-billing"),
        ("/auto-recharge", "auto-recharge"),
        ("/prices", "sub-account-prices"),
        ("/recharge", "sub-account-recharge"),
        ("/audit-log", "sub-account-audit-log"),
        ("/settings", "sub-account-settings"),
        ("/suspend", "sub-account-suspend"),
        ("/delete", "sub-account-delete"),
    ] {
        look_at(format!("{one}{path}"), name).await;
    }
    look_at("/accounts".into(), "accounts").await;
    look_at("/sessions".into(), "sessions").await;
    chromium.goto(&format!("{}{one}", world.base)).await;
    chromium.press("Access Dashboard").await;
    chromium.sees("you are acting in").await;
    look_at(format!("/accounts/{acme}"), "acting").await;
    look_at(format!("/accounts/{acme}/calls"), "acting-calls").await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    chromium.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_sound_wide_and_light() {
    pages_are_sound(Looks::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_sound_narrow_and_dark() {
    pages_are_sound(Looks { width: 360, dark: true, ..Looks::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sums_follow_what_is_typed_and_focus_is_kept() {
    let world = World::new().await;
    let chromium = Chromium::open(Looks::default()).await;
    sign_in(&chromium, &world, "owner@northwind.example").await;
    chromium.sees("Overview").await;
    chromium
        .goto(&format!("{}/accounts/{}/sub-accounts/limits", world.base, world.northwind.organization))
        .await;
    let name = format!("limit-{}", world.northwind.sub_account);
    chromium.fill(&name, "60").await;
    chromium.sees("140 of 200 are free").await;
    let focused = chromium.run("return document.activeElement.name;").await;
    assert_eq!(focused, serde_json::json!(name), "typing is not disturbed");
    chromium.press("Review changes").await;
    chromium.sees("Review 1 change").await;
    let focused = chromium.run("return document.activeElement.textContent;").await;
    assert!(focused.as_str().unwrap_or_default().contains("Review 1 change"), "{focused}");
    chromium.close().await;
}
