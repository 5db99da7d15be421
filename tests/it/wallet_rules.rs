//! What is watched in wallets, and who is told.

use dialnexa::values::PrivateTargets;
use reqwest::StatusCode;
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    post_office::{PostOffice, eventually},
    statement::{charged, paid, post},
    world::{World, WorldOptions},
};

#[actix_web::test]
async fn a_wallet_that_runs_low_is_told_of_once_by_the_brand() {
    let office = PostOffice::open(1);
    let world = World::with(WorldOptions {
        smtp_url: Some(office.url.clone()),
        webhook_private_targets: PrivateTargets::default(),
        ..WorldOptions::default()
    })
    .await;
    let (tenant, now) = (world.northwind, OffsetDateTime::now_utc());
    for account in [tenant.organization.into(), tenant.sub_account.into()] {
        world.webhook(tenant.organization, account, "https://localhost/").await;
    }
    post(&world, tenant, tenant.sub_account, vec![paid(100_000, now)]).await;
    let owner = world.browser().signed_in("owner@acme.example").await;
    let base = format!("/accounts/{}/billing/rules", tenant.sub_account);
    let form = owner.get(&base).await.form(&base);
    let wrong = owner.submit(&form.clone().with("low_balance", "much")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.has("There is a problem") && wrong.body.contains("value=\"much\""), "{}", wrong.text());
    let review = owner.submit(&form.with("low_balance", "₹1,000.50").with("spend_cap", "5,000")).await;
    assert!(review.has("at once") && review.has("₹5,000.00"), "{}", review.text());
    let saved = owner.submit(&review.form(&base).with("step", "save")).await;
    assert!(saved.location().ends_with("done=wallet-rules"));
    let letters = office.wait_for(1).await;
    assert!(
        letters[0].contains("owner@acme.example") && letters[0].contains("Northwind Voice"),
        "{letters:?}"
    );
    assert!(letters[0].contains("Acme Corp"), "{letters:?}");
    let told = "SELECT count(*) FROM webhook_events WHERE kind = 'wallet.low'";
    eventually("both sides are told", || (world.count(told) == 2).then_some(())).await;
    // It stays low, and nobody is told again; it rises and falls, and they are.
    post(&world, tenant, tenant.sub_account, vec![charged(5_000, now)]).await;
    eventually("it was looked at", || {
        (world.count(
            "SELECT count(*) FROM ledger_accounts WHERE low_since IS NOT NULL AND low_told_at IS NULL",
        ) == 0)
            .then_some(())
    })
    .await;
    assert_eq!((office.letters().len(), world.count(told)), (1, 2));
    post(&world, tenant, tenant.sub_account, vec![paid(90_000, now)]).await;
    post(&world, tenant, tenant.sub_account, vec![charged(90_000, now)]).await;
    office.wait_for(2).await;
    let audit = owner.get(&format!("/accounts/{}/audit-log", tenant.sub_account)).await;
    assert!(
        audit.has("changed what is watched in the wallet") && audit.has("low balance ₹1,000.50"),
        "{}",
        audit.text()
    );
}

#[actix_web::test]
async fn rules_are_the_owners() {
    let world = World::new().await;
    let tenant = world.northwind;
    let admin = world.browser().signed_in("admin@northwind.example").await;
    let page = admin.get(&format!("/accounts/{}/billing/rules", tenant.organization)).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    world.force("UPDATE sub_accounts SET billing_mode = 'consolidated' WHERE name = 'Acme Corp'");
    let owner = world.browser().signed_in("owner@acme.example").await;
    for page in ["/billing/rules", "/billing/export.csv"] {
        let page = owner.get(&format!("/accounts/{}{page}", tenant.sub_account)).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND);
    }
}

/// The sub-account's rule for being recharged, set on the parent's page.
async fn recharged_below(world: &World, below: &str, amount: &str, day: &str, month: &str) {
    let tenant = world.northwind;
    let owner = world.browser().signed_in("owner@northwind.example").await;
    let base = format!("/accounts/{}/sub-accounts/{}/auto-recharge", tenant.organization, tenant.sub_account);
    let form = owner.get(&base).await.form(&base);
    let wrong = owner.submit(&form.clone().with("amount", "1,000").with("daily_cap", "10")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let form = form.with("active", "on").with("below", below).with("amount", amount);
    let review = owner.submit(&form.with("daily_cap", day).with("monthly_cap", month)).await;
    assert!(review.has("Nobody can draw the money back"), "{}", review.text());
    let saved = owner.submit(&review.form(&base).with("step", "save")).await;
    assert!(saved.location().ends_with("done=auto-recharge"));
}

#[actix_web::test]
async fn auto_recharge_is_switched_off_without_amounts_and_says_which_one_is_missing() {
    let world = World::new().await;
    let tenant = world.northwind;
    let owner = world.browser().signed_in("owner@northwind.example").await;
    let base = format!("/accounts/{}/sub-accounts/{}/auto-recharge", tenant.organization, tenant.sub_account);
    let empty = owner.get(&base).await.form(&base);
    // It never was on: there is nothing to do.
    assert!(owner.submit(&empty.clone().with("active", "off")).await.location().ends_with("/billing"));
    let wrong = owner.submit(&empty.clone().with("active", "on").with("below", "100")).await;
    for label in ["Recharge by: Enter an amount", "At most on one day: Enter", "At most in one month: Enter"]
    {
        assert!(wrong.has(label), "{label}: {}", wrong.text());
    }
    recharged_below(&world, "100", "50", "200", "1,000").await;
    let review = owner.submit(&empty.with("active", "off")).await;
    assert!(review.has("is recharged by hand alone"), "{}", review.text());
    owner.submit(&review.form(&base).with("step", "save")).await.location();
    let kept = owner.get(&base).await;
    assert_eq!((kept.input("amount"), kept.input("daily_cap")), ("50.00".to_owned(), "200.00".to_owned()));
}

fn balance(world: &World, name: &str) -> i32 {
    world.count(&format!(
        "SELECT w.balance_minor FROM ledger_accounts w WHERE w.ledger_account = 'wallet' AND w.account_id =
            (SELECT sub_account_id FROM sub_accounts WHERE name = '{name}')"
    ))
}

#[actix_web::test]
async fn a_wallet_is_recharged_by_itself_up_to_its_cap_by_two_servers_at_once() {
    let office = PostOffice::open(0);
    let world =
        World::with(WorldOptions { smtp_url: Some(office.url.clone()), ..WorldOptions::default() }).await;
    let (tenant, now) = (world.northwind, OffsetDateTime::now_utc());
    let (_base, _beside) = world.beside();
    post(&world, tenant, tenant.organization, vec![paid(10_000_000, now)]).await;
    post(&world, tenant, tenant.sub_account, vec![paid(30_000, now)]).await;
    // ₹300 is below ₹1,000: two of ₹500 make ₹1,300.
    recharged_below(&world, "1,000", "500", "₹1,500", "1,00,000").await;
    eventually("it is recharged twice", || (balance(&world, "Acme Corp") == 130_000).then_some(())).await;
    post(&world, tenant, tenant.sub_account, vec![charged(130_000, now)]).await;
    // A third recharge reaches the day's cap; the fourth is not made, and told of once.
    let letters = office.wait_for(1).await;
    assert!(
        letters[0].contains("owner@northwind.example") && letters[0].contains("daily cap"),
        "{letters:?}"
    );
    assert_eq!(balance(&world, "Acme Corp"), 50_000);
    let recharges = "SELECT count(*) FROM ledger_postings WHERE kind = 'transfer' AND amount_minor > 0";
    assert_eq!(world.count(recharges), 3);
    assert_eq!(world.count("SELECT sum(amount_minor) FROM ledger_postings WHERE kind = 'transfer'"), 0);
    // Tried again the next day, it is not told of again while nothing changed.
    world.force("UPDATE auto_recharges SET next_try_at = now()");
    eventually("it was tried", || {
        (world.count("SELECT count(*) FROM auto_recharges WHERE next_try_at > now()") == 1).then_some(())
    })
    .await;
    assert_eq!((office.letters().len(), world.count(recharges)), (1, 3));
}

#[actix_web::test]
async fn a_parent_that_runs_short_is_told_and_others_are_left_alone() {
    let office = PostOffice::open(0);
    let world =
        World::with(WorldOptions { smtp_url: Some(office.url.clone()), ..WorldOptions::default() }).await;
    let (tenant, now) = (world.northwind, OffsetDateTime::now_utc());
    post(&world, tenant, tenant.organization, vec![paid(40_000, now)]).await;
    world.force("UPDATE sub_accounts SET status = 'suspended' WHERE name = 'Acme Corp'");
    recharged_below(&world, "1,000", "500", "500", "500").await;
    // Whoever is suspended is sent nothing.
    eventually("it was looked at", || {
        (world.count("SELECT count(*) FROM auto_recharges WHERE next_try_at > now()") == 1).then_some(())
    })
    .await;
    assert!(office.letters().is_empty());
    world.force("UPDATE sub_accounts SET status = 'active' WHERE name = 'Acme Corp'");
    world.force("UPDATE auto_recharges SET next_try_at = now()");
    let letters = office.wait_for(1).await;
    assert!(letters[0].contains("your wallet holds too little"), "{letters:?}");
    assert_eq!(balance(&world, "Acme Corp"), 0);
    post(&world, tenant, tenant.organization, vec![paid(40_000, now)]).await;
    world.force("UPDATE auto_recharges SET next_try_at = now()");
    eventually("it is recharged", || (balance(&world, "Acme Corp") == 50_000).then_some(())).await;
    let owner = world.browser().signed_in("owner@northwind.example").await;
    let audit = owner.get(&format!("/accounts/{}/audit-log", tenant.organization)).await;
    for words in ["changed the auto-recharge of Acme Corp", "could not recharge Acme Corp by itself"] {
        assert!(audit.has(words), "{words}: {}", audit.text());
    }
}

#[actix_web::test]
async fn programs_set_the_same_rules() {
    let world = World::new().await;
    let tenant = world.northwind;
    let own = world.sub_account_client(&tenant, tenant.sub_account).await;
    let rules = json!({ "low_balance": 500.5, "daily_spend_cap": null });
    let set = own.put("/wallet/rules", rules).await.expect(200);
    assert_eq!((&set["low_balance"], &set["daily_spend_cap"]), (&json!(500.5), &json!(null)));
    assert_eq!(own.get("/wallet/rules").await.expect(200)["spent_today"], 0);
    own.put("/wallet/rules", json!({ "low_balance": 0, "daily_spend_cap": null })).await.expect(400);
    own.put("/wallet/rules", json!({ "low_balance": 5 })).await.expect(400);
    let parent = world.parent_client(&tenant).await;
    let path = format!("/sub-accounts/{}/wallet/auto-recharge", tenant.sub_account);
    assert_eq!(parent.get(&path).await.expect(200)["active"], false);
    let rule =
        |cap: i64| json!({ "active": true, "below": 1, "amount": 5, "daily_cap": cap, "monthly_cap": 50 });
    assert_eq!(parent.put(&path, rule(4)).await.expect(409)["code"], "caps_too_low");
    assert_eq!(parent.put(&path, rule(5)).await.expect(200)["daily_cap"], 5);
    own.get(&path).await.expect(404);
    own.put(&path, rule(5)).await.expect(404);
    world.parent_client(&world.southwind).await.get(&path).await.expect(404);
}

/// Whatever is written for this account in a table fails.
fn always_failing(world: &World, table: &str, event: &str, account: uuid::Uuid) {
    world.force(&format!(
        "CREATE FUNCTION fail_{table}() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'it fails each time'; END $$;
         CREATE TRIGGER fail BEFORE {event} ON {table} FOR EACH ROW WHEN (NEW.account_id = '{account}')
            EXECUTE FUNCTION fail_{table}()"
    ));
}

#[actix_web::test]
async fn one_that_fails_each_time_keeps_nobody_from_their_turn() {
    let office = PostOffice::open(0);
    let world =
        World::with(WorldOptions { smtp_url: Some(office.url.clone()), ..WorldOptions::default() }).await;
    let (tenant, now) = (world.northwind, OffsetDateTime::now_utc());
    let first = tenant.sub_account;
    let second = world.sub_account(tenant.organization, tenant.owner, "Second Ltd").await;
    post(&world, tenant, tenant.organization, vec![paid(10_000_000, now)]).await;
    for (table, event) in [("wallet_letters", "INSERT"), ("auto_recharges", "UPDATE")] {
        always_failing(&world, table, event, first.uuid());
    }
    // Each waits before the one that does not fail.
    for (id, since) in [(first, "2 hours"), (second, "1 hour")] {
        world.force(&format!(
            "INSERT INTO auto_recharges (organization_id, account_id, active, amount_minor, daily_cap_minor,
                monthly_cap_minor, next_try_at)
             VALUES ('{}', '{}', true, 100, 100, 100, now() - interval '{since}')",
            tenant.organization.uuid(),
            id.uuid(),
        ));
        world.force(&format!(
            "UPDATE ledger_accounts SET low_balance_minor = 50000, recharge_below_minor = 50000,
                low_since = now() - interval '{since}', recharge_due_since = now() - interval '{since}'
             WHERE ledger_account = 'wallet' AND account_id = '{}'",
            id.uuid(),
        ));
    }
    eventually("the other is recharged", || (balance(&world, "Second Ltd") == 100).then_some(())).await;
    let told = format!(
        "SELECT count(*) FROM ledger_accounts WHERE ledger_account = 'wallet' AND low_told_at IS NOT NULL
         AND account_id = '{}'",
        second.uuid()
    );
    eventually("the other is told of", || (world.count(&told) == 1).then_some(())).await;
    assert_eq!(balance(&world, "Acme Corp"), 0);
    // Letters, too: one that cannot be read stands before one that can.
    world.force("DROP TRIGGER fail ON wallet_letters");
    world.force(&format!(
        "INSERT INTO wallet_letters (organization_id, account_id, letter_id, content, requested_at)
         VALUES ('{0}', '{1}', gen_random_uuid(), '{{\"what\": \"nonsense\"}}', now() - interval '1 day'),
            ('{0}', '{0}', gen_random_uuid(), '{{\"what\": \"low_balance\", \"balance_minor\": 1,
                \"threshold_minor\": 2, \"currency\": \"INR\"}}', now() - interval '1 hour')",
        tenant.organization.uuid(),
        first.uuid(),
    ));
    eventually("the letter that can be read is sent", || {
        office.letters().iter().any(|letter| letter.contains("owner@northwind.example")).then_some(())
    })
    .await;
    // What fails no more has its turn in the end.
    world.force("DROP TRIGGER fail ON auto_recharges");
    eventually("it is recharged at last", || (balance(&world, "Acme Corp") == 100).then_some(())).await;
}

#[actix_web::test]
async fn a_wallet_that_is_low_when_it_is_used_again_is_told_of_again() {
    let office = PostOffice::open(0);
    let world =
        World::with(WorldOptions { smtp_url: Some(office.url.clone()), ..WorldOptions::default() }).await;
    let (tenant, now) = (world.northwind, OffsetDateTime::now_utc());
    let parent = world.parent_client(&tenant).await;
    let path = format!("/sub-accounts/{}", tenant.sub_account);
    let own = world.sub_account_client(&tenant, tenant.sub_account).await;
    post(&world, tenant, tenant.sub_account, vec![paid(100_000, now)]).await;
    own.put("/wallet/rules", json!({ "low_balance": 500, "daily_spend_cap": null })).await.expect(200);
    parent.patch(&path, json!({ "billing_mode": "consolidated" })).await.expect(200);
    // It becomes low while it rests: nobody is told.
    post(&world, tenant, tenant.sub_account, vec![charged(60_000, now)]).await;
    eventually("it was looked at", || {
        (world.count("SELECT count(*) FROM ledger_accounts WHERE low_told_at IS NOT NULL") == 1).then_some(())
    })
    .await;
    assert!(office.letters().is_empty(), "{:?}", office.letters());
    parent.patch(&path, json!({ "billing_mode": "isolated" })).await.expect(200);
    let letters = office.wait_for(1).await;
    assert!(letters[0].contains("owner@acme.example"), "{letters:?}");
    // Once, and again only when it was frozen again.
    for mode in ["consolidated", "isolated"] {
        parent.patch(&path, json!({ "billing_mode": mode })).await.expect(200);
    }
    assert_eq!(office.wait_for(2).await.len(), 2);
}
