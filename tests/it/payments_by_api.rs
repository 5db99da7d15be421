//! Payments into wallets by the API (`domain.md` 4.7, 6.4), and what webhooks are told of them (6.7).

use dialnexa::{
    payment_providers::PaymentSettings,
    values::{AccountId, PaymentId},
};
use serde_json::{Value, json};

use crate::{
    client::Client,
    payment_peers::{RAZORPAY_SECRET, Razorpay, razorpay_tells, signed},
    post_office::eventually,
    receiver::Receiver,
    world::{World, WorldOptions},
};

async fn world(payments: PaymentSettings) -> World {
    let webhook_private_targets = "127.0.0.0/8".parse().unwrap();
    World::with(WorldOptions { payments, webhook_private_targets, ..WorldOptions::default() }).await
}

fn wish(amount: f64, method: &str) -> Value {
    json!({ "amount": amount, "currency": "INR", "method": method })
}

/// Tells that a payment link was paid.
async fn told_paid(world: &World, razorpay: &Razorpay, link: &str, minor: i64) {
    razorpay.pay(link, minor);
    let body = razorpay.event("payment_link.paid", link);
    let event = format!("evt_{link}");
    assert_eq!(razorpay_tells(&world.base, &event, &body, &signed(RAZORPAY_SECRET, &body)).await, 200);
}

/// The payment link that a payment is paid at.
fn link(made: &Value) -> String {
    made["pay_at"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

#[actix_web::test]
async fn a_program_begins_a_payment_and_reads_what_became_of_it() {
    let razorpay = Razorpay::start();
    let world = world(razorpay.settings()).await;
    let tenant = world.northwind;
    let own = world.sub_account_client(&tenant, tenant.sub_account).await;
    let made = own.post("/payments", wish(1500.5, "razorpay")).await.expect(201);
    assert_eq!((&made["amount"], &made["method"]), (&json!(1500.5), &json!("razorpay")));
    assert_eq!((&made["currency"], &made["bank_details"]), (&json!("INR"), &Value::Null));
    let id = made["payment_id"].as_str().unwrap();
    let path = format!("/payments/{id}");
    let waiting = own.get(&path).await.expect(200);
    assert_eq!((&waiting["status"], &waiting["transaction_id"]), (&json!("waiting"), &Value::Null));
    assert_eq!(waiting["pay_at"], made["pay_at"]);
    told_paid(&world, &razorpay, &link(&made), 150_050).await;
    let paid = own.get(&path).await.expect(200);
    assert_eq!((&paid["status"], &paid["pay_at"]), (&json!("paid"), &Value::Null));
    assert_eq!((&paid["refunded"], &paid["held_back"]), (&json!(0), &Value::Null));
    assert_eq!(own.get("/wallet").await.expect(200)["balance"], 1500.5);
    let line = &own.get("/transactions").await.expect(200)["data"][0];
    assert_eq!((&line["transaction_id"], &line["payment_id"]), (&paid["transaction_id"], &json!(id)));
    // The people of the account see the same one, told of as the key's.
    let owner = world.browser().signed_in("owner@acme.example").await;
    let page = owner.get(&format!("/accounts/{}/payments/{id}", tenant.sub_account)).await;
    assert!(page.has("The money is in the wallet") && page.has("₹1,500.50"), "{}", page.text());
    let log = owner.get(&format!("/accounts/{}/audit-log", tenant.sub_account)).await;
    assert!(log.has("began a payment of INR 1500.50"), "{}", log.text());
    // Its parent looks and does not pay; nobody else learns of it.
    let parent = world.parent_client(&tenant).await;
    let above = format!("/sub-accounts/{}", tenant.sub_account);
    assert_eq!(parent.get(&format!("{above}{path}")).await.expect(200), paid);
    parent.post(&format!("{above}/payments"), wish(5.0, "razorpay")).await.expect(403);
    parent.get(&format!("/organization{path}")).await.expect(404);
    let sibling = world.sub_account(tenant.organization, tenant.owner, "Sibling Ltd").await;
    world.sub_account_client(&tenant, sibling).await.get(&path).await.expect(404);
    let foreign = world.parent_client(&world.southwind).await;
    foreign.get(&format!("{above}{path}")).await.expect(404);
    foreign.get(&format!("/organization{path}")).await.expect(404);
    // An organization pays into its own wallet.
    let made = parent.post("/organization/payments", wish(7.0, "razorpay")).await.expect(201);
    told_paid(&world, &razorpay, &link(&made), 700).await;
    assert_eq!(parent.get("/organization/wallet").await.expect(200)["balance"], 7);
}

#[actix_web::test]
async fn payments_are_listed_by_page_and_by_cursor() {
    let bank =
        PaymentSettings { bank_details: Some("IFSC HDFC0000001".into()), ..PaymentSettings::default() };
    let world = world(bank).await;
    let own = world.sub_account_client(&world.northwind, world.northwind.sub_account).await;
    let mut made = Vec::new();
    for amount in 1..=5 {
        let begun = own.post("/payments", wish(f64::from(amount), "bank")).await.expect(201);
        assert_eq!((&begun["bank_details"], &begun["pay_at"]), (&json!("IFSC HDFC0000001"), &Value::Null));
        made.insert(0, begun["payment_id"].clone());
    }
    let ids = |list: &Value| -> Vec<Value> {
        list["data"].as_array().unwrap().iter().map(|one| one["payment_id"].clone()).collect()
    };
    let first = own.get("/payments?limit=2").await.expect(200);
    assert_eq!((ids(&first), &first["meta"]["total"]), (made[..2].to_vec(), &json!(5)));
    let cursor = first["meta"]["next_cursor"].as_str().unwrap();
    let second = own.get(&format!("/payments?limit=2&cursor={cursor}")).await.expect(200);
    assert_eq!(ids(&second), made[2..4]);
    assert_eq!(ids(&own.get("/payments?limit=2&page=2").await.expect(200)), made[2..4]);
    let last = own.get("/payments?limit=2&page=3").await.expect(200);
    assert_eq!((ids(&last), &last["meta"]["next_cursor"]), (made[4..].to_vec(), &Value::Null));
    own.get("/payments?cursor=pay_x").await.expect(400);
    own.get(&format!("/payments/{}", PaymentId::new())).await.expect(404);
}

async fn refused(client: &Client, path: &str, body: Value) -> (u16, String) {
    let answered = client.post(path, body).await;
    (answered.status.as_u16(), answered.code())
}

#[actix_web::test]
async fn what_cannot_be_begun_says_why() {
    let razorpay = Razorpay::start();
    let world = world(razorpay.settings()).await;
    let tenant = world.northwind;
    let own = world.sub_account_client(&tenant, tenant.sub_account).await;
    for (body, status, code) in [
        (wish(0.0, "razorpay"), 400, "validation_failed"),
        (wish(1.001, "razorpay"), 400, "validation_failed"),
        (wish(1.0, "cash"), 400, "validation_failed"),
        (json!({ "amount": 1, "currency": "rupees", "method": "razorpay" }), 400, "validation_failed"),
        (json!({ "amount": 1, "method": "razorpay" }), 400, "validation_failed"),
        (json!({ "amount": 1, "currency": "USD", "method": "razorpay" }), 409, "currency_mismatch"),
        (wish(1.0, "stripe"), 409, "method_not_offered"),
        (wish(1.0, "bank"), 409, "method_not_offered"),
    ] {
        assert_eq!(refused(&own, "/payments", body.clone()).await, (status, code.to_owned()), "{body}");
    }
    // A provider that breaks off made the payment: the same request finds it.
    razorpay.break_off();
    let first = own.post_once("/payments", "one", wish(3.0, "razorpay")).await;
    assert_eq!((first.status.as_u16(), first.code().as_str()), (503, "provider_unavailable"));
    assert!(!first.header("retry-after").is_empty());
    let second = own.post_once("/payments", "one", wish(3.0, "razorpay")).await.expect(201);
    let again = own.post_once("/payments", "one", wish(3.0, "razorpay")).await.expect(201);
    assert_eq!((razorpay.count(), &again), (1, &second));
    own.post_once("/payments", "one", wish(4.0, "razorpay")).await.expect(422);
    told_paid(&world, &razorpay, &link(&second), 300).await;
    assert_eq!(own.post_once("/payments", "one", wish(3.0, "razorpay")).await.expect(201), second);
    assert_eq!(world.count("SELECT count(*) FROM payments"), 1);
    // A frozen wallet is not there for its own keys.
    world.force("UPDATE sub_accounts SET billing_mode = 'consolidated'");
    let frozen = (409, "wallet_frozen".to_owned());
    assert_eq!(refused(&own, "/payments", wish(1.0, "razorpay")).await, frozen);
    own.get("/payments").await.expect(404);
}

#[actix_web::test]
async fn a_test_key_moves_no_money() {
    let razorpay = Razorpay::start();
    let world = world(razorpay.settings()).await;
    let tenant = world.northwind;
    world.pay_in(&tenant, AccountId::from(tenant.organization), 100_000).await;
    let own = world.sub_account_client(&tenant, tenant.sub_account).await;
    let parent = world.parent_client(&tenant).await;
    world.force("UPDATE api_keys SET mode = 'test'");
    own.post("/payments", wish(1.0, "razorpay")).await.expect(403);
    let recharge = format!("/sub-accounts/{}/wallet/recharge", tenant.sub_account);
    parent.post(&recharge, json!({ "amount": 1, "currency": "INR" })).await.expect(403);
    assert_eq!(own.get("/wallet").await.expect(200)["balance"], 0);
    own.get("/payments").await.expect(200);
    assert_eq!(razorpay.count(), 0);
}

#[actix_web::test]
async fn webhooks_of_both_sides_are_told_of_a_payment_once() {
    let razorpay = Razorpay::start();
    let world = world(razorpay.settings()).await;
    let tenant = world.northwind;
    let (theirs, ours) = (Receiver::open(), Receiver::open());
    let own = world.sub_account_client(&tenant, tenant.sub_account).await;
    let parent = world.parent_client(&tenant).await;
    let listens = async |client: &Client, path: &str, url: &str| {
        client.post(path, json!({ "url": url, "events": ["wallet.recharged"] })).await.expect(201);
    };
    listens(&own, "/user-webhooks", &theirs.url).await;
    listens(&parent, "/organization/user-webhooks", &ours.url).await;
    let made = own.post("/payments", wish(250.25, "razorpay")).await.expect(201);
    for _ in 0..3 {
        told_paid(&world, &razorpay, &link(&made), 25_025).await;
    }
    for receiver in [&theirs, &ours] {
        let received = receiver.wait_for(1).await;
        assert_eq!(received[0].kind(), "wallet.recharged");
        let told = received[0].json();
        let data = &told["data"];
        assert_eq!((&data["amount"], &data["balance"]), (&json!(250.25), &json!(250.25)));
        assert_eq!((&data["payment_id"], &data["currency"]), (&made["payment_id"], &json!("INR")));
        assert_eq!(data["sub_account_id"], tenant.sub_account.to_string());
    }
    eventually("all is delivered", || {
        (world.count("SELECT count(*) FROM webhook_deliveries WHERE due_at IS NOT NULL") == 0).then_some(())
    })
    .await;
    assert_eq!((theirs.received().len(), ours.received().len()), (1, 1));
    // The log says what it came to.
    let log = own.get("/audit-log").await.expect(200);
    let entry =
        log["data"].as_array().unwrap().iter().find(|entry| entry["action"] == "payment.paid").unwrap();
    assert_eq!(entry["details"]["amount_minor"], 25_025);
    assert_eq!(entry["details"]["balance_minor"], 25_025);
}
