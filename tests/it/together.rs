//! Calls that end at the same time are settled by one commit, each as if it were alone
//! (`trust.md` R3, R6).

use dialnexa::values::{AccountId, SubAccountId};
use diesel::{Connection, PgConnection, connection::SimpleConnection};
use futures_util::future::{join, join_all};
use serde_json::json;

use crate::{
    post_office::eventually,
    telephony::{Given, Telephony, answered_number, fund},
    world::World,
};

/// What a started minute of the agents costs by the standard card, in paise.
const MINUTE: i32 = 60 + 85 + 45 + 110;

/// A world whose organization has four sub-accounts with a number each; it pays for all but the first.
async fn four_clients() -> (World, Telephony, Vec<(SubAccountId, String)>) {
    let world = World::new().await;
    let tenant = world.northwind;
    let mut clients = vec![tenant.sub_account];
    for name in ["Client 2", "Client 3", "Client 4"] {
        clients.push(world.sub_account(tenant.organization, tenant.owner, name).await);
    }
    world.force(&format!(
        "UPDATE organizations SET total_concurrency = 1000; UPDATE sub_accounts SET concurrency_limit = 20;
         UPDATE sub_accounts SET billing_mode = 'consolidated' WHERE sub_account_id <> '{}'",
        tenant.sub_account.uuid()
    ));
    let mut numbers = Vec::new();
    for (at, client) in clients.into_iter().enumerate() {
        let number = format!("+91804719005{at}");
        answered_number(&world, tenant.organization, client.into(), "india", &number).await;
        numbers.push((client, number));
    }
    for account in [AccountId::from(tenant.organization), tenant.sub_account.into()] {
        fund(&world, tenant.organization, account, 1_000_000).await;
    }
    let engine = Telephony::of(&world, &["india"]).await;
    (world, engine, numbers)
}

async fn answered(engine: &Telephony, number: &str, reference: &str) -> Given {
    let call = engine.admitted(number, reference).await;
    engine.report(&call, "answered", json!({})).await.expect(200);
    call
}

fn hung_up() -> serde_json::Value {
    json!({ "end_reason": "user_disconnected", "duration_seconds": 3 })
}

#[actix_web::test]
async fn whoever_ends_when_each_call_is_counted_and_charged_once() {
    let (world, engine, clients) = four_clients().await;
    let organization = world.northwind.organization;
    let before = world.count("SELECT coalesce(sum(calls), 0)::int FROM usage_days");
    let mut calls = Vec::new();
    for (client, number) in &clients {
        for at in 0..6 {
            calls.push(answered(&engine, number, &format!("{client}-{at}")).await);
        }
    }
    let program = world.parent_client(&world.northwind).await;
    let hook = json!({ "url": "https://hooks.example/calls", "events": ["call.ended"] });
    program.post("/organization/user-webhooks", hook).await.expect(201);
    // Everyone at the same time, and each is reported twice.
    join_all(calls.iter().flat_map(|call| [call, call]).map(async |call| {
        engine.report(call, "ended", hung_up()).await.expect(200);
    }))
    .await;
    assert_eq!(world.count("SELECT count(*) FROM slots"), 0);
    assert_eq!(world.count("SELECT sum(slots_in_use) FROM sub_accounts"), 0);
    assert_eq!(world.count("SELECT coalesce(sum(calls), 0)::int FROM usage_days") - before, 24);
    assert_eq!(
        world.count("SELECT sum(cost_minor)::int FROM usage_days WHERE day >= current_date - 1"),
        24 * MINUTE
    );
    assert_eq!(world.count("SELECT count(*) FROM webhook_events WHERE kind = 'call.ended'"), 24);
    let posted = |account: AccountId| {
        world.count(&format!(
            "SELECT count(*) FROM ledger_postings WHERE kind = 'call' AND ledger_account = 'wallet' AND account_id = '{}'",
            account.uuid()
        ))
    };
    eventually("what the organization pays for is posted", || {
        (posted(organization.into()) == 18).then_some(())
    })
    .await;
    assert_eq!(posted(clients[0].0.into()), 6, "the isolated one pays for itself");
    let held =
        "SELECT coalesce(sum(held_minor), 0)::int FROM ledger_accounts WHERE account_id <> organization_id";
    assert_eq!(world.count(held), 0);
    assert_eq!(world.count("SELECT coalesce(sum(held_minor), 0)::int FROM allowances"), 0);
}

#[actix_web::test]
async fn an_account_in_which_somebody_is_at_work_keeps_no_other_waiting() {
    let (world, engine, clients) = four_clients().await;
    let mut calls = Vec::new();
    for (client, number) in &clients {
        calls.push(answered(&engine, number, &client.to_string()).await);
    }
    let (_, _, owner) = world.databases().remove(0);
    let mut owner = PgConnection::establish(&owner).unwrap();
    owner
        .batch_execute(&format!(
            "BEGIN; SELECT FROM sub_accounts WHERE sub_account_id = '{}' FOR NO KEY UPDATE",
            clients[3].0.uuid()
        ))
        .unwrap();
    let (busy, others) = calls.split_last().unwrap();
    let waits = engine.report(busy, "ended", hung_up());
    let rest = async {
        join_all(others.iter().map(|call| engine.report(call, "ended", hung_up()))).await;
        // The others are through while the one account is still locked.
        let left = world.count("SELECT count(*) FROM slots");
        owner.batch_execute("COMMIT").unwrap();
        left
    };
    let (answer, left) = join(waits, rest).await;
    answer.expect(200);
    assert_eq!(left, 1);
    assert_eq!(world.count("SELECT count(*) FROM slots"), 0);
}

#[actix_web::test]
async fn above_a_lowered_limit_calls_are_settled_too() {
    let (world, engine, clients) = four_clients().await;
    let (client, number) = &clients[1];
    let mut calls = Vec::new();
    for at in 0..5 {
        calls.push(answered(&engine, number, &at.to_string()).await);
    }
    let program = world.parent_client(&world.northwind).await;
    program
        .put("/limits", json!({ "limits": [{ "sub_account_id": client, "concurrency_limit": 2 }] }))
        .await
        .expect(200);
    join_all(calls.iter().map(async |call| {
        engine.report(call, "ended", hung_up()).await.expect(200);
    }))
    .await;
    assert_eq!(world.count("SELECT count(*) FROM slots"), 0);
    let claimed = "SELECT (claimed_concurrency - (SELECT sum(concurrency_limit) FROM sub_accounts s
            WHERE s.organization_id = o.organization_id))::int
        FROM organizations o WHERE organization_id = ";
    assert_eq!(world.count(&format!("{claimed}'{}'", world.northwind.organization.uuid())), 0);
}
