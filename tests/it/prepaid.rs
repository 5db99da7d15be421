//! Calls are paid in advance, as engines and programs see it (`domain.md` 4.4, 4.5).

use dialnexa::values::{AccountId, AgentId};
use futures_util::future::join_all;
use serde_json::json;

use crate::{
    client::Answer,
    post_office::eventually,
    telephony::{Telephony, answered_number, fund},
    world::World,
};

const NUMBER: &str = "+918047190042";

/// What a started minute of the agent costs by the standard card, in paise.
const MINUTE: i32 = 60 + 85 + 45 + 110;

/// A world whose sub-account has an agent and exactly `minor` in its wallet, its organization as much.
async fn with_funds(minor: i64) -> (World, Telephony, AgentId) {
    let world = World::new().await;
    let tenant = world.northwind;
    let account = AccountId::from(tenant.sub_account);
    let agent = answered_number(&world, tenant.organization, account, "india", NUMBER).await;
    world.force(
        "TRUNCATE ledger_postings;
         UPDATE ledger_accounts SET balance_minor = 0, last_sequence = 0",
    );
    for account in [account, tenant.organization.into()] {
        fund(&world, tenant.organization, account, minor).await;
    }
    let engine = Telephony::of(&world, &["india"]).await;
    (world, engine, agent)
}

fn balance(world: &World, account: AccountId) -> i32 {
    world.count(&format!(
        "SELECT balance_minor FROM ledger_accounts WHERE ledger_account = 'wallet' AND account_id = '{}'",
        account.uuid()
    ))
}

fn held(world: &World, account: AccountId) -> i32 {
    world.count(&format!(
        "SELECT held_minor FROM ledger_accounts WHERE ledger_account = 'wallet' AND account_id = '{}'",
        account.uuid()
    ))
}

/// Has the call go on for so many seconds since it was answered.
fn pass(world: &World, seconds: i32) {
    world.force(&format!("UPDATE slots SET answered_at = answered_at - interval '{seconds} s'"));
    world.force_region(
        "india",
        &format!(
            "UPDATE calls SET answered_at = answered_at - interval '{seconds} s' WHERE ended_at IS NULL"
        ),
    );
}

fn consolidate(world: &World) {
    world.force("UPDATE sub_accounts SET billing_mode = 'consolidated'");
}

#[actix_web::test]
async fn four_minutes_and_23_seconds_cost_five_minutes() {
    let (world, engine, _) = with_funds(10_000).await;
    let account = AccountId::from(world.northwind.sub_account);
    let call = engine.admitted(NUMBER, "1").await;
    assert_eq!((balance(&world, account), held(&world, account)), (10_000, MINUTE));
    engine.report(&call, "answered", json!({})).await.expect(200);
    for minute in 1..=4 {
        pass(&world, 60);
        engine.report(&call, "heartbeat", json!({})).await.expect(200);
        assert_eq!(held(&world, account), (minute + 1) * MINUTE);
    }
    pass(&world, 23);
    let end = json!({ "end_reason": "user_disconnected", "duration_seconds": 263 });
    engine.report(&call, "ended", end.clone()).await.expect(200);
    engine.report(&call, "ended", end).await.expect(200);
    assert_eq!((balance(&world, account), held(&world, account)), (10_000 - 5 * MINUTE, 0));
    let kept = world.count(&format!(
        "SELECT minutes FROM ledger_postings WHERE kind = 'call' AND ledger_account = 'wallet' AND account_id = '{}'",
        account.uuid()
    ));
    assert_eq!(kept, 5);
    assert_eq!(world.count("SELECT count(*) FROM ledger_postings WHERE kind = 'call'"), 2);
    let program = world.parent_client(&world.northwind).await;
    let shown =
        program.get(&format!("/sub-accounts/{}/wallet", world.northwind.sub_account)).await.expect(200);
    assert_eq!(shown["balance"], json!(85));
}

#[actix_web::test]
async fn a_call_that_is_not_answered_is_free() {
    let (world, engine, _) = with_funds(i64::from(MINUTE)).await;
    let account = AccountId::from(world.northwind.sub_account);
    for reference in ["1", "2"] {
        let call = engine.admitted(NUMBER, reference).await;
        engine.miss(&call).await;
    }
    assert_eq!((balance(&world, account), held(&world, account)), (MINUTE, 0));
}

#[actix_web::test]
async fn without_the_first_minute_there_is_no_call() {
    let (world, engine, agent) = with_funds(i64::from(MINUTE) - 1).await;
    let refused = engine.ask(NUMBER, "1").await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (402, "insufficient_balance"));
    let tenant = world.northwind;
    let program = world.parent_client(&tenant).await;
    let body = json!({ "phone_number": "+919811111112", "agent_id": agent, "metadata": {} });
    let path = format!("/sub-accounts/{}/calls", tenant.sub_account);
    let placed = program.post(&path, body).await;
    assert_eq!((placed.status.as_u16(), placed.code().as_str()), (402, "insufficient_balance"));
    assert_eq!(world.count("SELECT count(*) FROM slots"), 0);
    let counted = "SELECT sum(refused) FROM refusals WHERE code = 'insufficient_balance'";
    assert_eq!(world.count(counted), 2);
}

#[actix_web::test]
async fn funds_that_end_in_a_call_end_the_call_and_never_go_below_zero() {
    for consolidated in [false, true] {
        let (world, engine, _) = with_funds(i64::from(2 * MINUTE + 50)).await;
        let tenant = world.northwind;
        if consolidated {
            consolidate(&world);
        }
        let payer =
            if consolidated { tenant.organization.into() } else { AccountId::from(tenant.sub_account) };
        let call = engine.admitted(NUMBER, "1").await;
        engine.report(&call, "answered", json!({})).await.expect(200);
        let go_on = json!({ "action": "continue", "reason": null, "in_seconds": null });
        pass(&world, 50);
        assert_eq!(engine.report(&call, "heartbeat", json!({})).await.expect(200), go_on);
        pass(&world, 60);
        let heard = engine.report(&call, "heartbeat", json!({})).await.expect(200);
        assert_eq!(
            (heard["action"].clone(), heard["reason"].clone()),
            (json!("end"), json!("insufficient_balance"))
        );
        let seconds = heard["in_seconds"].as_i64().unwrap();
        assert!((5..=10).contains(&seconds), "{seconds}");
        // The engine is late: what goes beyond the minutes that were paid is nobody's debt.
        pass(&world, 30);
        let end = json!({ "end_reason": "insufficient_balance", "duration_seconds": 140 });
        engine.report(&call, "ended", end).await.expect(200);
        eventually("the charge", || (balance(&world, payer) == 50).then_some(())).await;
        assert_eq!(world.count("SELECT cost_minor FROM usage_days WHERE calls > 0"), 2 * MINUTE);
    }
}

#[actix_web::test]
async fn a_call_that_is_lost_is_charged_to_its_last_heartbeat_and_holds_nothing() {
    let (world, engine, _) = with_funds(10_000).await;
    let account = AccountId::from(world.northwind.sub_account);
    let call = engine.admitted(NUMBER, "1").await;
    engine.report(&call, "answered", json!({})).await.expect(200);
    pass(&world, 70);
    engine.report(&call, "heartbeat", json!({})).await.expect(200);
    world.force("UPDATE slots SET expires_at = now() - interval '1 s'");
    eventually("the hold to end", || (held(&world, account) == 0).then_some(())).await;
    let left = balance(&world, account);
    assert!(left == 10_000 - MINUTE || left == 10_000 - 2 * MINUTE, "{left}");
    // Its end comes late and changes nothing.
    let end = json!({ "end_reason": "user_disconnected", "duration_seconds": 75 });
    assert_eq!(engine.report(&call, "ended", end).await.expect(200)["late"], json!(true));
    assert_eq!(balance(&world, account), left);
}

#[actix_web::test]
async fn calls_settle_in_the_mode_they_began_in_and_frozen_funds_stay() {
    let (world, engine, _) = with_funds(10_000).await;
    let tenant = world.northwind;
    let (own, parent) = (AccountId::from(tenant.sub_account), AccountId::from(tenant.organization));
    let program = world.parent_client(&tenant).await;
    let path = format!("/sub-accounts/{}", tenant.sub_account);
    let isolated = engine.admitted(NUMBER, "isolated").await;
    let body = json!({ "billing_mode": "consolidated" });
    program.patch(&path, body).await.expect(200);
    let consolidated = engine.admitted(NUMBER, "consolidated").await;
    engine.converse(&isolated).await;
    engine.converse(&consolidated).await;
    eventually("both charges", || {
        ((balance(&world, own), balance(&world, parent)) == (10_000 - MINUTE, 10_000 - MINUTE)).then_some(())
    })
    .await;
    let charged_for = format!(
        "SELECT count(*) FROM ledger_postings WHERE account_id = '{}' AND charged_for = '{}' AND minutes = 1",
        tenant.organization.uuid(),
        tenant.sub_account.uuid()
    );
    assert_eq!(world.count(&charged_for), 2);
    let body = json!({ "billing_mode": "isolated" });
    program.patch(&path, body).await.expect(200);
    engine.converse(&engine.admitted(NUMBER, "again").await).await;
    assert_eq!(balance(&world, own), 10_000 - 2 * MINUTE);
}

#[actix_web::test]
async fn a_price_of_the_parents_is_charged_and_its_margin_kept_apart() {
    let (world, engine, _) = with_funds(10_000).await;
    let tenant = world.northwind;
    world.force(&format!(
        "INSERT INTO prices (organization_id, account_id, price_id, minor_per_minute, valid_from)
         VALUES ('{}', '{}', gen_random_uuid(), 500, now() - interval '1 day')",
        tenant.organization.uuid(),
        tenant.sub_account.uuid()
    ));
    engine.converse(&engine.admitted(NUMBER, "1").await).await;
    assert_eq!(balance(&world, tenant.sub_account.into()), 10_000 - 500);
    let margin =
        "SELECT balance_minor FROM ledger_accounts WHERE ledger_account = 'margin' AND balance_minor > 0";
    assert_eq!(world.count(margin), 500 - MINUTE);
    assert_eq!(world.count("SELECT margin_minor FROM usage_days WHERE calls > 0"), 500 - MINUTE);
    assert_eq!(world.count("SELECT sum(amount_minor) FROM ledger_postings"), 0);
}

#[actix_web::test]
async fn a_wallet_spends_no_more_than_its_cap_on_one_day() {
    for consolidated in [false, true] {
        let (world, engine, _) = with_funds(100_000).await;
        if consolidated {
            consolidate(&world);
        }
        world.force(&format!("UPDATE ledger_accounts SET spend_cap_minor = {}", 2 * MINUTE + 10));
        let (one, two) = (engine.admitted(NUMBER, "1").await, engine.admitted(NUMBER, "2").await);
        let code = |answer: Answer| (answer.status.as_u16(), answer.code());
        assert_eq!(code(engine.ask(NUMBER, "3").await), (402, "spend_cap_reached".to_owned()));
        engine.converse(&one).await;
        engine.miss(&two).await;
        // What was held for the one that nobody answered may be spent; what was spent may not again.
        let again = engine.admitted(NUMBER, "4").await;
        assert_eq!(code(engine.ask(NUMBER, "5").await), (402, "spend_cap_reached".to_owned()));
        engine.converse(&again).await;
        assert_eq!(code(engine.ask(NUMBER, "6").await), (402, "spend_cap_reached".to_owned()));
    }
}

#[actix_web::test]
async fn five_hundred_at_once_on_a_hundred_minutes_begin_exactly_a_hundred() {
    let (world, engine, _) = with_funds(i64::from(100 * MINUTE)).await;
    let tenant = world.northwind;
    world.force(
        "UPDATE organizations SET total_concurrency = 5000; UPDATE sub_accounts SET concurrency_limit = 1000",
    );
    for consolidated in [false, true] {
        if consolidated {
            consolidate(&world);
        }
        let asking = (0..500).map(|at| {
            let engine = &engine;
            async move {
                loop {
                    let answer = engine.ask(NUMBER, &format!("{consolidated} {at}")).await;
                    // Too many at once for the connections there are: asked again.
                    if answer.status.as_u16() != 503 {
                        return answer;
                    }
                }
            }
        });
        let answers = join_all(asking).await;
        let admitted = answers.iter().filter(|answer| answer.status.as_u16() == 201).count();
        let unpaid = answers.iter().filter(|answer| answer.status.as_u16() == 402).count();
        assert_eq!((admitted, unpaid), (100, 400));
    }
    let account = AccountId::from(tenant.sub_account);
    assert_eq!((balance(&world, account), held(&world, account)), (100 * MINUTE, 100 * MINUTE));
}
