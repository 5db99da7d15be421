//! What calls cost and what a client is charged for them: the parent's alone to see and to set.

use dialnexa::{
    access::{OperatorTx, permission::RecordCalls},
    domain::{
        billing::rates::{self, Component},
        usage::{self, Addition},
    },
    values::{indian_day, start_of_indian_day},
};
use reqwest::StatusCode;
use serde_json::json;
use time::OffsetDateTime;

use crate::{client::Client, world::World};

/// A day on which calls cost ₹77.31 and were charged ₹100.00.
async fn a_day_with_margin(world: &World) {
    let tenant = world.northwind;
    let scope = world
        .access
        .scope_of_job::<RecordCalls>(
            "test",
            tenant.organization,
            tenant.sub_account.into(),
            "india".parse().unwrap(),
        )
        .unwrap();
    let day = Addition {
        day: indian_day(OffsetDateTime::now_utc()),
        calls: 3,
        answered: 3,
        minutes: 9,
        cost_minor: 7_731,
        margin_minor: 2_269,
        last_call_at: None,
    };
    scope.write(move |tx| usage::record(tx, &[day]).map(dialnexa::access::Change::none)).await.unwrap();
}

#[actix_web::test]
async fn a_price_is_reviewed_set_and_told_to_the_parent_alone() {
    let world = World::new().await;
    let tenant = world.northwind;
    a_day_with_margin(&world).await;
    let parent = world.browser().signed_in("admin@northwind.example").await;
    let base = format!("/accounts/{}/sub-accounts/{}/prices", tenant.organization, tenant.sub_account);
    let page = parent.get(&base).await;
    for words in ["Cost, 30 days ₹77.31", "Charged, 30 days ₹100.00", "Margin, 30 days ₹22.69"] {
        assert!(page.has(words), "{words}: {}", page.text());
    }
    let wrong = parent.submit(&page.form(&base).with("price", "4.505")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("value=\"4.505\""));
    let past = parent.submit(&page.form(&base).with("valid_from", "2020-01-01")).await;
    assert_eq!(past.status, StatusCode::UNPROCESSABLE_ENTITY);
    let review = parent.submit(&page.form(&base).with("price", "₹4.50")).await;
    assert!(review.has("From now on, Acme Corp is charged ₹4.50"), "{}", review.text());
    let saved = parent.submit(&review.form(&base).with("step", "save")).await;
    assert!(saved.location().ends_with("done=price"));
    assert!(parent.get(&base).await.has("Price now ₹4.50"));
    let client = world.parent_client(&tenant).await;
    let path = format!("/sub-accounts/{}/price", tenant.sub_account);
    assert_eq!(client.get(&path).await.expect(200)["price_per_minute"], 4.5);
    client.put(&path, json!({ "price_per_minute": null })).await.expect(200);
    assert_eq!(client.get(&path).await.expect(200)["price_per_minute"], json!(null));
    let tomorrow = indian_day(OffsetDateTime::now_utc()).next_day().unwrap().to_string();
    for price in [5, 6] {
        // Of two prices for one day the last counts; today's stays.
        let body = json!({ "price_per_minute": price, "valid_from": tomorrow });
        let now = client.put(&path, body).await.expect(200);
        assert_eq!(now["price_per_minute"], json!(null));
    }
    client.put(&path, json!({ "price_per_minute": 5, "valid_from": "2020-01-01" })).await.expect(409);
    client.put(&path, json!({ "price_per_minute": -1 })).await.expect(400);
    let audit = parent.get(&format!("/accounts/{}/audit-log", tenant.organization)).await;
    assert!(audit.has("changed the price per minute of Acme Corp"), "{}", audit.text());
    let own = world.sub_account_client(&tenant, tenant.sub_account).await;
    own.get(&path).await.expect(404);
    let foreign = world.parent_client(&world.southwind).await;
    foreign.get(&path).await.expect(404);
}

#[actix_web::test]
async fn a_member_meets_neither_cost_nor_margin_anywhere() {
    let world = World::new().await;
    let tenant = world.northwind;
    a_day_with_margin(&world).await;
    let client = world.parent_client(&tenant).await;
    let path = format!("/sub-accounts/{}/price", tenant.sub_account);
    client.put(&path, json!({ "price_per_minute": 4.5 })).await.expect(200);
    let member = world.browser().signed_in("owner@acme.example").await;
    let home = format!("/accounts/{}", tenant.sub_account);
    let mut seen = Vec::new();
    for page in ["", "/billing", "/billing/export.csv", "/billing/rules", "/calls", "/agents", "/audit-log"] {
        seen.push(member.get(&format!("{home}{page}")).await.body);
    }
    let own = world.sub_account_client(&tenant, tenant.sub_account).await;
    for path in ["/wallet", "/usage", "/transactions", "/calls", "/audit-log", "/me"] {
        seen.push(own.get(path).await.json().to_string());
    }
    for canary in ["77.31", "7731", "22.69", "2269", "price_per_minute", "sub_account.price"] {
        for body in &seen {
            assert!(!body.contains(canary), "{canary} in {body}");
        }
    }
    // What they are charged they see, and the parent sees what it costs.
    assert!(seen[0].contains("₹100.00"), "{}", seen[0]);
    let usage = client.get(&format!("/sub-accounts/{}/usage?days=1", tenant.sub_account)).await.expect(200);
    assert_eq!(usage["days"][0]["cost"], 77.31);
    let usage = own.get("/usage?days=1").await.expect(200);
    assert_eq!(usage["days"][0]["cost"], 100);
}

#[actix_web::test]
async fn what_other_choices_cost_is_shown_before_anything_is_changed() {
    let world = World::new().await;
    let tenant = world.northwind;
    let organization = tenant.organization;
    let made = async |client: &Client, path: &str| {
        let new = json!({ "title": "Asha", "language_id": "lang_hi_in", "voice_id": "voice_anushka",
            "llm_id": "llm_gpt_4_1_mini", "prompt_text": "Be kind." });
        client.post(path, new).await.expect(201)["id"].as_str().unwrap().to_owned()
    };
    let agent = made(&world.sub_account_client(&tenant, tenant.sub_account).await, "/agents").await;
    let href = format!("/accounts/{}/agents/{agent}", tenant.sub_account);
    let member = world.browser().signed_in("owner@acme.example").await;
    let page = member.get(&href).await;
    assert!(page.has("A started minute costs ₹") && page.has("Show the cost"), "{}", page.text());
    // By the form alone, as without JavaScript: all that was chosen stays chosen.
    let voice = "voice_anushka";
    let chosen = format!("{href}?llm=llm_gpt_4_1&transcriber=trs_soniox&voice={voice}");
    let page = member.get(&chosen).await;
    assert!(
        page.has("A started minute would cost ₹4.55") && page.has("the agent is as it was"),
        "{}",
        page.text()
    );
    for id in ["llm_gpt_4_1", "trs_soniox", voice] {
        assert!(page.body.contains(&format!("<option value=\"{id}\" selected>")), "{id}: {}", page.body);
    }
    assert!(!page.has("Telephony"), "a member meets no cost behind it: {}", page.text());
    let fragment = async |address: &str| {
        let request = member.request(reqwest::Method::GET, address).header("HX-Request", "true");
        member.send(request).await
    };
    let swapped = fragment(&format!("{href}?llm=llm_gpt_realtime&voice={voice}")).await;
    assert!(
        swapped.body.trim_start().starts_with("<section class=\"card\" id=\"minute\""),
        "{}",
        swapped.body
    );
    assert!(swapped.has("would cost ₹7.50") && !swapped.body.contains("name=\"voice\""), "{}", swapped.body);
    assert!(member.get(&format!("{href}?llm=nonsense")).await.has("A started minute costs ₹"));
    // What was set for later is told with its day.
    let from = start_of_indian_day(indian_day(OffsetDateTime::now_utc()).next_day().unwrap());
    let set = move |tx: &mut OperatorTx<'_>| rates::set_rate(tx, Component::Telephony, "", 100, from);
    world.access.operate(organization, organization.into(), set).await.unwrap();
    assert!(member.get(&chosen).await.has(": ₹4.95"), "{}", member.get(&chosen).await.text());
    // A price stands for the cost wherever it is higher.
    let parent = world.parent_client(&tenant).await;
    let path = format!("/sub-accounts/{}/price", tenant.sub_account);
    parent.put(&path, json!({ "price_per_minute": 4.75 })).await.expect(200);
    let page = member.get(&chosen).await;
    assert!(page.has("would cost ₹4.75") && page.has(": ₹4.95"), "{}", page.text());
    // Where its organization pays, the price is all it is told, and nothing where there is none.
    world.force("UPDATE sub_accounts SET billing_mode = 'consolidated'");
    let page = member.get(&chosen).await;
    assert!(page.has("would cost ₹4.75") && !page.has("₹4.95"), "{}", page.text());
    parent.put(&path, json!({ "price_per_minute": null })).await.expect(200);
    let page = member.get(&chosen).await;
    assert!(!page.has("started minute") && !page.body.contains("id=\"minute\""), "{}", page.text());
    // Whoever pays sees what it is made of.
    let own = made(&parent, "/organization/agents").await;
    let owner = world.browser().signed_in("owner@northwind.example").await;
    let page = owner
        .get(&format!("/accounts/{organization}/agents/{own}?llm=llm_gpt_4_1&transcriber=trs_soniox"))
        .await;
    assert!(page.has("Telephony ₹0.60") && page.has("Language model ₹2.40"), "{}", page.text());
    let viewer = world.browser().signed_in("viewer@northwind.example").await;
    let page = viewer.get(&format!("/accounts/{organization}/agents/{own}")).await;
    assert!(!page.has("started minute"), "{}", page.text());
}
