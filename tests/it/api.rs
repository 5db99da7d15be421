//! The API as client systems use it (`domain.md` 6).

use dialnexa::{
    access::{
        Change,
        permission::{ManageSubAccounts, RecordCalls},
    },
    domain::{
        billing::ledger::{self, Entry},
        idempotency,
        sub_accounts::lifecycle,
    },
    error::Error,
    values::{AccountId, BillingMode, SubAccountId},
};
use reqwest::Method;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::{
    client::answer,
    world::{Tenant, World, WorldOptions},
};

impl World {
    /// Puts money into an account's wallet, by a payment.
    pub async fn pay_in(&self, tenant: &Tenant, account: AccountId, minor: i64) {
        let region = "india".parse().unwrap();
        let scope =
            self.access.scope_of_job::<RecordCalls>("test", tenant.organization, account, region).unwrap();
        scope
            .write(move |tx| {
                let entry = Entry::recharge(minor, "UTR 1", OffsetDateTime::now_utc())?;
                ledger::post(tx, entry).map(Change::none)
            })
            .await
            .unwrap();
    }
}

fn sorted(value: &Value) -> Vec<&str> {
    let mut names: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[actix_web::test]
async fn the_published_creation_works_verbatim() {
    let world = World::new().await;
    let client = world.parent_client(&world.northwind).await;
    let body = r#"{"name":"Acme Telecom","billing_mode":"isolated","region":"india","concurrency_limit":10}"#;
    let request =
        client.request(Method::POST, "/sub-accounts").header("Content-Type", "application/json").body(body);
    let made = answer(request).await.expect(201);
    for field in
        ["sub_account_id", "name", "status", "billing_mode", "region", "concurrency_limit", "created_at"]
    {
        assert!(!made[field].is_null(), "{field}: {made}");
    }
    assert_eq!((made["name"].as_str(), made["status"].as_str()), (Some("Acme Telecom"), Some("active")));
    assert_eq!(made["concurrency_limit"], 10);
    let at = made["created_at"].as_str().unwrap();
    assert!(at.ends_with('Z') && at.len() == 20, "{at}");
    let path = format!("/sub-accounts/{}", made["sub_account_id"].as_str().unwrap());
    let shown = client.get(&path).await.expect(200);
    for field in sorted(&made) {
        assert_eq!(shown[field], made[field], "{field}");
    }
    assert_eq!(shown["wallet"], json!({ "balance": 0, "currency": "INR" }));
}

#[actix_web::test]
async fn the_published_recharge_moves_money_once() {
    let world = World::new().await;
    let tenant = world.northwind;
    world.pay_in(&tenant, tenant.organization.into(), 800_000).await;
    let client = world.parent_client(&tenant).await;
    let path = format!("/sub-accounts/{}/wallet/recharge", tenant.sub_account);
    let body = json!({ "amount": 5000, "currency": "INR" });

    let first = client.post_once(&path, "order-1", body.clone()).await;
    let again = client.post_once(&path, "order-1", body.clone()).await;
    assert_eq!(first.expect(201)["balance"], 5000);
    assert_eq!(first.text, again.text);
    client.post_once(&path, "order-1", json!({ "amount": 5001, "currency": "INR" })).await.expect(422);

    // Five thousand are gone from eight: another five are not there.
    let refused = client.post(&path, body).await;
    refused.expect(402);
    assert_eq!(refused.code(), "insufficient_balance");

    let wallet = client.get(&format!("/sub-accounts/{}/wallet", tenant.sub_account)).await.expect(200);
    assert_eq!((&wallet["balance"], &wallet["frozen"]), (&json!(5000), &json!(false)));
    assert_eq!(client.get("/organization/wallet").await.expect(200)["balance"], 3000);
    let own = client.get("/organization/transactions").await.expect(200);
    assert_eq!(own["data"][0]["amount"], -5000);
    assert_eq!(own["data"][0]["type"], "transfer");
    assert_eq!(own["meta"]["total"], 2);
    let sum = world.count("SELECT sum(amount_minor) FROM ledger_postings");
    assert_eq!(sum, 0, "the ledger sums to zero");
}

#[actix_web::test]
async fn amounts_and_currencies_are_checked() {
    let world = World::new().await;
    let tenant = world.northwind;
    world.pay_in(&tenant, tenant.organization.into(), 800_000).await;
    let client = world.parent_client(&tenant).await;
    let path = format!("/sub-accounts/{}/wallet/recharge", tenant.sub_account);
    for (body, field) in [
        (json!({ "amount": 0, "currency": "INR" }), "amount"),
        (json!({ "amount": -5, "currency": "INR" }), "amount"),
        (json!({ "amount": 0.001, "currency": "INR" }), "amount"),
        (json!({ "amount": "5000", "currency": "INR" }), "amount"),
        (json!({ "amount": 5, "currency": "rupees" }), "currency"),
        (json!({ "amount": 5 }), "currency"),
        (json!({ "amount": 5, "currency": "INR", "price": 1 }), "price"),
    ] {
        let refused = client.post(&path, body.clone()).await;
        let told = refused.expect(400);
        assert!(told["message"].to_string().contains(field), "{body}: {told}");
    }
    client.post(&path, json!({ "amount": 5, "currency": "USD" })).await.expect(409);
    client
        .patch(&format!("/sub-accounts/{}", tenant.sub_account), json!({ "billing_mode": "consolidated" }))
        .await
        .expect(200);
    let refused = client.post(&path, json!({ "amount": 5, "currency": "INR" })).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "wallet_frozen"));
}

#[actix_web::test]
async fn a_sub_account_is_changed_suspended_and_deleted() {
    let world = World::new().await;
    let tenant = world.northwind;
    let client = world.parent_client(&tenant).await;
    let path = format!("/sub-accounts/{}", tenant.sub_account);
    let changed =
        client.patch(&path, json!({ "name": "Acme West", "concurrency_limit": 25 })).await.expect(200);
    assert_eq!((&changed["name"], &changed["concurrency_limit"]), (&json!("Acme West"), &json!(25)));
    let refused = client.patch(&path, json!({ "concurrency_limit": 500 })).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "concurrency_unavailable"));
    assert!(refused.text.contains("free"), "{}", refused.text);
    client.patch(&path, json!({ "region": "us" })).await.expect(400);
    client.patch(&path, json!({ "name": null })).await.expect(400);

    assert_eq!(client.post(&format!("{path}/suspend"), json!({})).await.expect(200)["status"], "suspended");
    assert_eq!(client.post(&format!("{path}/suspend"), json!({})).await.expect(200)["status"], "suspended");
    assert_eq!(client.post(&format!("{path}/reactivate"), json!({})).await.expect(200)["status"], "active");

    world.pay_in(&tenant, tenant.sub_account.into(), 12_345).await;
    let refused = client.delete(&path).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "balance_remaining"));
    let deletion = client.delete(&format!("{path}?write_off=123.45")).await.expect(202);
    assert_eq!(deletion["written_off"], 123.45);
    client.get(&path).await.expect(404);
    let listed = client.get("/deletions").await.expect(200);
    assert_eq!(listed["data"][0]["deletion_id"], deletion["deletion_id"]);
    assert_eq!(listed["data"][0]["requested_by"], "Parent");
}

#[actix_web::test]
async fn somebody_elses_change_is_not_overwritten() {
    let world = World::new().await;
    let client = world.parent_client(&world.northwind).await;
    let path = format!("/sub-accounts/{}", world.northwind.sub_account);
    let read = client.get(&path).await;
    let tag = read.header("etag").to_owned();
    client.patch(&path, json!({ "name": "Faster" })).await.expect(200);
    let slow =
        client.request(Method::PATCH, &path).header("If-Match", &tag).json(&json!({ "name": "Slower" }));
    answer(slow).await.expect(412);
    let tag = client.get(&path).await.header("etag").to_owned();
    let now =
        client.request(Method::PATCH, &path).header("If-Match", &tag).json(&json!({ "name": "Slower" }));
    assert_eq!(answer(now).await.expect(200)["name"], "Slower");
}

#[actix_web::test]
async fn who_pays_is_not_changed_by_whoever_read_something_else() {
    let world = World::new().await;
    let tenant = world.northwind;
    let (id, organization) = (tenant.sub_account, tenant.organization.into());
    let scope = world.access.scope_of_member::<ManageSubAccounts>(tenant.owner, organization).await.unwrap();
    let change = async |seen| {
        let to = BillingMode::Consolidated;
        scope.write(move |tx| lifecycle::change_billing_mode(tx, id, Some(seen), to)).await
    };
    let refused = change(BillingMode::Consolidated).await;
    assert!(matches!(refused, Err(Error::Conflict { code: "billing_mode_changed", .. })), "{refused:?}");
    assert!(change(BillingMode::Isolated).await.unwrap());
}

#[actix_web::test]
async fn many_limits_are_set_together_or_not_at_all() {
    let world = World::new().await;
    let tenant = world.northwind;
    let client = world.parent_client(&tenant).await;
    let other = world.sub_account(tenant.organization, tenant.owner, "Beta").await;
    let set = |a: i32, b: i32| {
        json!({ "limits": [
            { "sub_account_id": tenant.sub_account, "concurrency_limit": a, "seen": 10 },
            { "sub_account_id": other, "concurrency_limit": b },
        ]})
    };
    assert_eq!(client.put("/limits", set(150, 60)).await.code(), "concurrency_unavailable");
    let shares = client.put("/limits", set(50, 30)).await.expect(200);
    assert_eq!(shares, json!({ "total": 200, "allocated": 80, "parent_reserved": 120, "free": 120 }));
    assert_eq!(client.put("/limits", set(20, 30)).await.code(), "limit_changed");
    let foreign =
        json!({ "limits": [{ "sub_account_id": world.southwind.sub_account, "concurrency_limit": 1 }] });
    client.put("/limits", foreign).await.expect(404);
    assert_eq!(client.get("/limits").await.expect(200)["allocated"], 80);
}

#[actix_web::test]
async fn lists_are_read_by_page_and_by_cursor() {
    let world = World::new().await;
    let tenant = world.northwind;
    let client = world.parent_client(&tenant).await;
    for at in 0..5 {
        let body = json!({ "name": format!("Client {at}"), "billing_mode": "consolidated", "region": "us",
            "concurrency_limit": 1, "external_id": format!("crm-{at}") });
        client.post("/sub-accounts", body).await.expect(201);
    }
    let first = client.get("/sub-accounts?limit=2").await.expect(200);
    assert_eq!(first["meta"]["total"], 6);
    assert_eq!(first["meta"]["totalPages"], 3);
    let names = |list: &Value| -> Vec<String> {
        list["data"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&first), ["Client 4", "Client 3"]);
    let second = client.get("/sub-accounts?limit=2&page=2").await.expect(200);
    let cursor = first["meta"]["next_cursor"].as_str().unwrap();
    let by_cursor = client.get(&format!("/sub-accounts?limit=2&cursor={cursor}")).await.expect(200);
    assert_eq!(names(&second), names(&by_cursor));
    assert_eq!(names(&second), ["Client 2", "Client 1"]);
    let found = client.get("/sub-accounts?external_id=crm-3").await.expect(200);
    assert_eq!(names(&found), ["Client 3"]);
    assert_eq!(found["meta"]["total"], 1);
    let taken = json!({ "name": "Again", "billing_mode": "isolated", "region": "us", "concurrency_limit": 1,
        "external_id": "crm-3" });
    assert_eq!(client.post("/sub-accounts", taken).await.code(), "external_id_taken");
    for wrong in [
        "page=0",
        "limit=101",
        "limit=x",
        "cursor=nonsense",
        "colour=red",
        "status=deleting",
        "page=1&page=2",
    ] {
        let told = client.get(&format!("/sub-accounts?{wrong}")).await.expect(400);
        let field = wrong.split('=').next().unwrap();
        assert!(told["message"].to_string().contains(field), "{wrong}: {told}");
    }
}

#[actix_web::test]
async fn what_is_known_already_is_not_sent_again() {
    let world = World::new().await;
    let client = world.parent_client(&world.northwind).await;
    let first = client.get("/sub-accounts").await;
    let tag = first.header("etag").to_owned();
    let again = answer(client.request(Method::GET, "/sub-accounts").header("If-None-Match", &tag)).await;
    assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));
    client.patch(&format!("/sub-accounts/{}", world.northwind.sub_account), json!({ "name": "New" })).await;
    let changed = answer(client.request(Method::GET, "/sub-accounts").header("If-None-Match", &tag)).await;
    assert_eq!(changed.status.as_u16(), 200);
}

#[actix_web::test]
async fn a_body_that_is_wrong_is_refused_by_name() {
    let world = World::new().await;
    let client = world.parent_client(&world.northwind).await;
    let send = |kind: &'static str, body: Vec<u8>| {
        answer(client.request(Method::POST, "/sub-accounts").header("Content-Type", kind).body(body))
    };
    let valid = br#"{"name":"A","billing_mode":"isolated","region":"india","concurrency_limit":1}"#.to_vec();
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", ""] {
        assert_eq!(send(kind, valid.clone()).await.status.as_u16(), 415, "{kind}");
    }
    assert_eq!(send("application/json", vec![b' '; 300 * 1024]).await.status.as_u16(), 413);
    let several = send("application/json", b"{}".to_vec()).await.expect(400);
    assert_eq!(several["message"].as_array().map(Vec::len), Some(4), "{several}");
    assert_eq!((&several["statusCode"], &several["error"]), (&json!(400), &json!("Bad Request")));
    for (body, named) in [
        ("", "body"),
        ("[1]", "body"),
        ("{\"name\": 5}", "name"),
        ("{\"name\": \"A\", \"name\": \"B\"}", "name"),
        ("{\"name\": \"a\\u0000b\"}", "name"),
        ("{\"name\": \"\\ud800\"}", "name"),
        ("{\"wallet\": 5}", "wallet"),
    ] {
        let told = send("application/json", body.as_bytes().to_vec()).await.expect(400);
        assert!(told["message"].to_string().contains(named), "{body}: {told}");
    }
    let deep = format!("{{\"name\": {}", "[".repeat(100_000));
    send("application/json", deep.into_bytes()).await.expect(400);
    send("application/json", b"{\"name\": \"\xff\"}".to_vec()).await.expect(400);
    assert_eq!(send("application/json; charset=UTF-8", valid).await.status.as_u16(), 201);
}

#[actix_web::test]
async fn a_key_that_asks_too_often_is_told_when_to_go_on() {
    let world =
        World::with(WorldOptions { api_rate: std::num::NonZeroU32::new(3), ..WorldOptions::default() }).await;
    let client = world.parent_client(&world.northwind).await;
    for left in [2, 1, 0] {
        let answered = client.get("/me").await;
        answered.expect(200);
        assert_eq!(answered.header("x-ratelimit-limit"), "3");
        assert_eq!(answered.header("x-ratelimit-remaining"), left.to_string());
    }
    let refused = client.get("/me").await;
    refused.expect(429);
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    world.parent_client(&world.northwind).await.get("/me").await.expect(200);
}

#[actix_web::test]
async fn nobody_is_known_without_a_valid_key() {
    let world = World::new().await;
    let refused = world.nobody().get("/sub-accounts").await;
    refused.expect(401);
    assert_eq!((refused.header("www-authenticate"), refused.code().as_str()), ("Bearer", "unauthorized"));
    let key = world.parent_client(&world.northwind).await.key().to_owned();
    let by_query = format!("{}/v1/me?api_key={key}&access_token={key}", world.base);
    assert_eq!(reqwest::get(by_query).await.unwrap().status().as_u16(), 401);
    // A browser's session is no key, and a key is no session.
    let browser = world.browser().signed_in("owner@northwind.example").await;
    assert_eq!(browser.get("/v1/me").await.status.as_u16(), 401);
    let page = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let page =
        page.get(format!("{}/accounts/{}", world.base, world.northwind.organization)).bearer_auth(&key);
    assert_eq!(page.send().await.unwrap().status().as_u16(), 303);
}

#[actix_web::test]
async fn a_request_names_its_target() {
    let world = World::new().await;
    let tenant = world.northwind;
    let parent = world.parent_client(&tenant).await;
    let own = world.sub_account_client(&tenant, tenant.sub_account).await;

    // The organization's key without a target is an error, never the parent's own data.
    let refused = parent.get("/wallet").await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (403, "target_required"));
    parent.get("/organization/wallet").await.expect(200);

    // A sub-account's key sees itself; parent and siblings exist for it as little as anything random.
    assert_eq!(own.get("/wallet").await.expect(200)["account_id"], json!(tenant.sub_account));
    let random = SubAccountId::new();
    let sibling = world.sub_account(tenant.organization, tenant.owner, "Sibling").await;
    let scrubbed = |text: &str, id: SubAccountId| text.replace(&id.to_string(), "");
    for path in ["", "/wallet", "/usage", "/audit-log", "/transactions"] {
        let mut answers = Vec::new();
        for id in [random, sibling, world.southwind.sub_account, tenant.sub_account] {
            let answered = own.get(&format!("/sub-accounts/{id}{path}")).await;
            let mut body = answered.json();
            body["request_id"] = Value::Null;
            let mut names: Vec<_> = answered.headers.keys().map(ToString::to_string).collect();
            names.sort();
            answers.push((answered.status, scrubbed(&body.to_string(), id), names));
        }
        assert_eq!(answers[0].0.as_u16(), 404);
        assert!(answers.iter().all(|one| *one == answers[0]), "{path}: {answers:?}");
    }
    own.get("/organization/wallet").await.expect(404);
    own.get("/sub-accounts").await.expect(404);

    // The parent of another tree reaches nothing either.
    let foreign = world.parent_client(&world.southwind).await;
    foreign.get(&format!("/sub-accounts/{}/wallet", tenant.sub_account)).await.expect(404);
    foreign.get(&format!("/sub-accounts/{}", tenant.sub_account)).await.expect(404);
}

#[actix_web::test]
async fn the_logs_of_both_sides_tell_of_a_key() {
    let world = World::new().await;
    let tenant = world.northwind;
    let client = world.parent_client(&tenant).await;
    client
        .patch(&format!("/sub-accounts/{}", tenant.sub_account), json!({ "name": "Acme West" }))
        .await
        .expect(200);
    let own = client.get("/organization/audit-log?limit=1").await.expect(200);
    assert_eq!(own["data"][0]["actor"]["type"], "api_key");
    assert_eq!(own["data"][0]["actor"]["name"], "Parent");
    let theirs =
        client.get(&format!("/sub-accounts/{}/audit-log?limit=1", tenant.sub_account)).await.expect(200);
    assert_eq!(theirs["data"][0]["action"], "sub_account.renamed");
    assert_eq!(theirs["data"][0]["actor"]["name"], "Northwind Voice administrator");
    assert_eq!(theirs["data"][0]["ip"], "");
}

#[actix_web::test]
async fn unknown_addresses_and_methods_answer_in_json() {
    let world = World::new().await;
    let client = world.parent_client(&world.northwind).await;
    client.get("/nothing").await.expect(404);
    client.get("/sub-accounts/sa_nonsense").await.expect(404);
    client.get("/sub-accounts?search=%00").await.expect(400);
    let refused = client.put("/me", json!({})).await;
    refused.expect(405);
    assert!(refused.header("allow").contains("GET"), "{:?}", refused.headers);
}

#[actix_web::test]
async fn an_idempotency_key_belongs_to_its_key_and_tenant() {
    let world = World::new().await;
    let body =
        json!({ "name": "Same", "billing_mode": "isolated", "region": "india", "concurrency_limit": 1 });
    let (one, other) =
        (world.parent_client(&world.northwind).await, world.parent_client(&world.southwind).await);
    let first = one.post_once("/sub-accounts", "k", body.clone()).await.expect(201);
    assert_eq!(one.post_once("/sub-accounts", "k", body.clone()).await.expect(201), first);
    assert_ne!(
        other.post_once("/sub-accounts", "k", body.clone()).await.expect(201)["sub_account_id"],
        first["sub_account_id"]
    );
    let mut different = body.clone();
    different["name"] = json!("Other");
    let reused = one.post_once("/sub-accounts", "k", different).await;
    assert_eq!((reused.status.as_u16(), reused.code().as_str()), (422, "idempotency_key_reused"));
    one.post_once("/sub-accounts", "with space", body).await.expect(400);
}

#[actix_web::test]
async fn what_was_done_once_is_remembered_for_two_days_at_most() {
    let world = World::new().await;
    let client = world.parent_client(&world.northwind).await;
    let body =
        json!({ "name": "Once", "billing_mode": "isolated", "region": "india", "concurrency_limit": 0 });
    for key in ["old", "new"] {
        client.post_once("/sub-accounts", key, body.clone()).await.expect(201);
    }
    world.force(
        "UPDATE idempotency_keys SET created_at = now() - interval '49 hours' WHERE idempotency_key = 'old'",
    );
    let forgotten = world.access.gate(None, idempotency::sweep).await.unwrap();
    assert_eq!(forgotten, 1);
    assert_eq!(world.count("SELECT count(*) FROM idempotency_keys WHERE idempotency_key = 'new'"), 1);
}
