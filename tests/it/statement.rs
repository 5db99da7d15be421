//! The statement of a wallet: periods, filters, links and files, by page and by API.

use dialnexa::{
    access::{
        Change, Scope,
        permission::{PushFunds, RecordCalls},
    },
    domain::{
        billing::ledger::{self, Entry},
        sub_accounts::recharge,
    },
    values::{AccountId, CallId, Money},
};
use reqwest::StatusCode;
use time::{Duration, OffsetDateTime, macros::datetime};

use crate::{
    browser::Browser,
    client::Client,
    world::{Tenant, World},
};

/// Posts entries to an account's ledger.
pub async fn post(world: &World, tenant: Tenant, account: impl Into<AccountId>, entries: Vec<Entry>) {
    let region = "india".parse().unwrap();
    let scope: Scope<RecordCalls> =
        world.access.scope_of_job("test", tenant.organization, account.into(), region).unwrap();
    scope.write(move |tx| ledger::post_all(tx, &entries).map(|_| Change::none(()))).await.unwrap();
}

/// Money paid in.
pub fn paid(minor: i64, at: OffsetDateTime) -> Entry {
    Entry::recharge(minor, "UTR 4711", at).unwrap()
}

/// A call that was charged.
pub fn charged(minor: i64, at: OffsetDateTime) -> Entry {
    Entry::call(minor, CallId::new(), at).unwrap()
}

async fn signed_in(world: &World, email: &str) -> Browser {
    world.browser().signed_in(email).await
}

/// October's entries and November's: 31 October ends half past six in the evening of UTC.
fn two_months() -> Vec<Entry> {
    vec![
        paid(100_000, datetime!(2026-10-05 10:00 UTC)),
        charged(20_000, datetime!(2026-10-31 18:29:59 UTC)),
        charged(5_000, datetime!(2026-10-31 18:30 UTC)),
        paid(1_000, datetime!(2026-11-10 10:00 UTC)),
        // One that was posted late belongs to the day on which it happened.
        charged(500, datetime!(2026-10-30 10:00 UTC)),
    ]
}

#[actix_web::test]
async fn a_period_opens_and_closes_with_what_was_in_the_wallet() {
    let world = World::new().await;
    let tenant = world.northwind;
    post(&world, tenant, tenant.sub_account, two_months()).await;
    let owner = signed_in(&world, "owner@acme.example").await;
    let base = format!("/accounts/{}/billing", tenant.sub_account);
    let october = owner.get(&format!("{base}?from=2026-10-01&to=2026-10-31")).await;
    for words in
        ["Opening balance ₹0.00", "Money in ₹1,000.00", "Money out -₹205.00", "Closing balance ₹795.00"]
    {
        assert!(october.has(words), "{words}: {}", october.text());
    }
    assert!(october.has("3 entries shown") && !october.has("-₹50.00"), "{}", october.text());
    let november = owner.get(&format!("{base}?from=2026-11-01&to=2026-11-30")).await;
    for words in ["Opening balance ₹795.00", "Money in ₹10.00", "Closing balance ₹755.00", "2 entries shown"]
    {
        assert!(november.has(words), "{words}: {}", november.text());
    }
    let paid = owner.get(&format!("{base}?what=recharge")).await;
    assert!(paid.has("2 entries shown"), "{}", paid.text());
    let out = owner.get(&format!("{base}?direction=out&from=2026-11-01")).await;
    assert!(out.has("1 entry shown") && out.has("-₹50.00"), "{}", out.text());
    let found = owner.get(&format!("{base}?q=UTR+4711")).await;
    assert!(found.has("2 entries shown"), "{}", found.text());
    assert!(owner.get(&format!("{base}?q=UTR")).await.has("No entry matches"));
    // The later day first is the same time.
    let turned = owner.get(&format!("{base}?from=2026-11-30&to=2026-11-01")).await;
    assert!(turned.has("2 entries shown") && turned.has("Opening balance ₹795.00"), "{}", turned.text());
    let whole = owner.get(&base).await;
    assert!(whole.has("Available ₹755.00") && whole.has("Held ₹0.00"), "{}", whole.text());
    assert_eq!(
        world.count("SELECT sum(credits_minor - debits_minor) FROM wallet_days"),
        world.count("SELECT sum(balance_minor) FROM ledger_accounts WHERE ledger_account = 'wallet'"),
    );
}

#[actix_web::test]
async fn the_api_filters_and_pages_alike() {
    let world = World::new().await;
    let tenant = world.northwind;
    post(&world, tenant, tenant.sub_account, two_months()).await;
    let client: Client = world.sub_account_client(&tenant, tenant.sub_account).await;
    let page = client.get("/transactions?from=2026-10-01&to=2026-10-31&limit=2").await.expect(200);
    assert_eq!(page["meta"]["total"], 3);
    assert_eq!(page["data"].as_array().unwrap().len(), 2);
    let cursor = page["meta"]["next_cursor"].as_str().unwrap();
    let next = client.get(&format!("/transactions?from=2026-10-01&to=2026-10-31&cursor={cursor}")).await;
    let next = next.expect(200);
    assert_eq!(next["data"].as_array().unwrap().len(), 1);
    assert_eq!(next["data"][0]["amount"], 1000);
    let second = client.get("/transactions?from=2026-10-01&to=2026-10-31&limit=2&page=2").await.expect(200);
    assert_eq!(second["data"][0]["transaction_id"], next["data"][0]["transaction_id"]);
    let calls = client.get("/transactions?type=call").await.expect(200);
    assert_eq!(calls["meta"]["total"], 3);
    client.get("/transactions?from=soon").await.expect(400);
    let wallet = client.get("/wallet").await.expect(200);
    assert_eq!(
        (&wallet["balance"], &wallet["available"], &wallet["held"]),
        (&755.into(), &755.into(), &0.into())
    );
}

#[actix_web::test]
async fn a_forecast_is_of_what_calls_drew_for_organizations_too() {
    let world = World::new().await;
    let tenant = world.northwind;
    let now = OffsetDateTime::now_utc();
    let entries = vec![paid(10_000, now), charged(1_000, now - Duration::days(2)), charged(6_000, now)];
    post(&world, tenant, tenant.organization, entries).await;
    let owner = signed_in(&world, "owner@northwind.example").await;
    let page = owner.get(&format!("/accounts/{}/billing", tenant.organization)).await;
    assert!(page.has("about 3 days left"), "{}", page.text());
    let client = world.parent_client(&tenant).await;
    assert_eq!(client.get("/organization/wallet").await.expect(200)["days_left"], 3);
}

#[actix_web::test]
async fn each_side_of_a_transfer_names_who_did_it_as_it_may() {
    let world = World::new().await;
    let tenant = world.northwind;
    let now = OffsetDateTime::now_utc();
    post(&world, tenant, tenant.organization, vec![paid(50_000, now)]).await;
    let scope =
        world.access.scope_of_member::<PushFunds>(tenant.owner, tenant.organization.into()).await.unwrap();
    let amount = Money::new(20_000, "INR");
    scope.write(move |tx| recharge::recharge(tx, tenant.sub_account, &amount, "=1+1")).await.unwrap();
    let parent = signed_in(&world, "owner@northwind.example").await;
    let (up, down) = (tenant.organization, tenant.sub_account);
    let page = parent.get(&format!("/accounts/{up}/billing")).await;
    assert!(page.has("Acme Corp") && page.has("Asha Rao"), "{}", page.text());
    assert!(page.body.contains(&format!("/accounts/{up}/sub-accounts/{down}/billing")));
    let page_of_parent = page.body.clone();
    let above_href = format!("/accounts/{up}/sub-accounts/{down}/billing");
    let above = parent.get(&above_href).await;
    assert!(above.has("Asha Rao") && above.has("₹200.00"), "{}", above.text());
    let owner = signed_in(&world, "owner@acme.example").await;
    let page = owner.get(&format!("/accounts/{down}/billing")).await;
    assert!(page.has("Northwind Voice administrator"), "{}", page.text());
    assert!(!page.has("Asha Rao"), "{}", page.text());
    // The file says the same, and no formula.
    let file = owner.get(&format!("/accounts/{down}/billing/export.csv")).await;
    assert_eq!(file.status, StatusCode::OK);
    assert!(file.body.starts_with("transaction_id,occurred_at_ist,type,amount"), "{}", file.body);
    assert!(file.body.contains(",transfer,200.00,200.00,INR,'=1+1,"), "{}", file.body);
    assert!(file.body.contains("Northwind Voice administrator") && !file.body.contains("Asha"));
    let above = parent.get(&format!("/accounts/{up}/sub-accounts/{down}/billing/export.csv")).await;
    assert!(above.body.contains("Asha Rao"), "{}", above.body);
    // What it went to is chosen by its name, and found by its id.
    let choice = format!("<option value=\"{down}\">Acme Corp</option>");
    assert!(page_of_parent.contains(&choice), "{page_of_parent}");
    let found = parent.get(&format!("/accounts/{up}/billing?paid_for={down}")).await;
    assert!(found.has("1 entry shown"), "{}", found.text());
    assert!(found.body.contains(&format!("<option value=\"{down}\" selected>Acme Corp</option>")));
    // A sub-account's own statement has no such choice, nor has its page above.
    for page in [&owner.get(&format!("/accounts/{down}/billing")).await, &parent.get(&above_href).await] {
        assert!(!page.body.contains("paid_for"), "{}", page.body);
    }
    // One that was deleted is there by its id as long as there are entries of it.
    let gone = world.sub_account(up, tenant.owner, "Gone Ltd").await;
    let client = world.parent_client(&tenant).await;
    client.delete(&format!("/sub-accounts/{down}?write_off=200")).await.expect(202);
    client.delete(&format!("/sub-accounts/{gone}")).await.expect(202);
    let after = parent.get(&format!("/accounts/{up}/billing?paid_for={down}")).await;
    assert!(after.has("1 entry shown") && after.has(&format!("Deleted: {down}")), "{}", after.text());
    assert!(!after.body.contains(&gone.to_string()), "{}", after.body);
}

#[actix_web::test]
async fn a_long_statement_is_a_file_line_by_line() {
    let world = World::new().await;
    let tenant = world.northwind;
    let start = datetime!(2026-10-05 10:00 UTC);
    let mut entries = vec![paid(1_000_000, start)];
    entries.extend((1..=1_200).map(|n| charged(n, start + Duration::minutes(n))));
    post(&world, tenant, tenant.sub_account, entries).await;
    let owner = signed_in(&world, "owner@acme.example").await;
    let base = format!("/accounts/{}/billing/export.csv", tenant.sub_account);
    let file = owner.get(&format!("{base}?what=call")).await;
    let lines: Vec<&str> = file.body.lines().skip(1).collect();
    assert_eq!(lines.len(), 1_200);
    assert!(lines[0].contains(",-12.00,") && lines[1_199].contains(",-0.01,"), "{}", lines[0]);
}
