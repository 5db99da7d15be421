//! Phone numbers through the API: found, bought once in the world, routed, given back.

use dialnexa::{
    access::permission::{Administer, ManageContent, ManageSubAccounts},
    admin::{AdminCommand, execute},
    domain::{
        identity::api_keys,
        numbers::{self, NumberType, Purchase},
    },
    values::{AccountId, E164, KeyMode, KeyText, NumberId, OrganizationId, WorkspaceId},
};
use serde_json::{Value, json};

use crate::{
    agents::{least, with},
    client::Client,
    world::{Tenant, World},
};

const FIRST: &str = "+918047193100";

impl World {
    /// Puts numbers up for sale.
    pub async fn stock(&self, numbers: &[&str]) -> usize {
        let numbers: Vec<E164> = numbers.iter().map(|number| E164::parse(number).unwrap()).collect();
        let nobody = OrganizationId::new();
        self.access
            .operate(nobody, nobody.into(), move |tx| numbers::stock(tx, &numbers, NumberType::Local, None))
            .await
            .unwrap()
    }

    /// A client with a test key of the sub-account.
    pub async fn test_client(&self, tenant: &Tenant) -> Client {
        let parent = self
            .access
            .scope_of_member::<ManageSubAccounts>(tenant.owner, tenant.organization.into())
            .await
            .unwrap();
        let scope: dialnexa::access::Scope<Administer> =
            parent.sub_account(tenant.sub_account).await.unwrap();
        let text = KeyText::new(KeyMode::Test).unwrap();
        let kept = text.clone();
        scope.write(move |tx| api_keys::keep(tx, "Test", KeyMode::Test, &kept)).await.unwrap();
        Client::with(&self.base, Some(text.reveal()))
    }
}

fn purchase(number: &str) -> Value {
    json!({ "phoneNumber": number, "telephonyProviderId": "tp_plivo", "countryISO": "IN" })
}

#[actix_web::test]
async fn a_number_is_found_bought_routed_and_given_back() {
    let world = World::new().await;
    assert_eq!(world.stock(&[FIRST, "+918047193101", "+14155550123"]).await, 3);
    assert_eq!(world.stock(&[FIRST]).await, 0);
    let client = world.acme_client().await;
    let found =
        client.get("/organization-phone-numbers/plivo-numbers?country_iso=IN&type=local").await.expect(200);
    assert_eq!(found["meta"]["total_count"], 2);
    let offer = &found["objects"][0];
    assert_eq!((&offer["number"], &offer["monthly_rental_rate"]), (&json!(FIRST), &json!("299.00")));
    assert_eq!(offer["setup_rate"], "0.00");
    assert!(offer["number_format"].as_str().unwrap().starts_with("+91 "), "{offer}");
    client.get("/organization-phone-numbers/plivo-numbers").await.expect(400);
    client.get("/organization-phone-numbers/plivo-numbers?country_iso=india").await.expect(400);

    let bought = client.post("/organization-phone-numbers/purchase", purchase(FIRST)).await.expect(201);
    assert_eq!((&bought["phoneNumber"], &bought["status"]), (&json!(FIRST), &json!("active")));
    let id = bought["organizationPhoneNumber"]["id"].as_str().unwrap().to_owned();
    let path = format!("/organization-phone-numbers/{id}");
    let shown = client.get(&path).await.expect(200);
    assert_eq!(shown, bought["organizationPhoneNumber"]);
    assert_eq!((&shown["country_code"], &shown["provider"]), (&json!("IN"), &json!("plivo")));
    let listed = client.get("/organization-phone-numbers").await.expect(200);
    assert_eq!((&listed["total"], &listed["items"][0]), (&json!(1), &shown));

    // A draft names it; only publishing routes calls.
    let agent = client.post("/agents", with(json!({ "inbound_phone_number_id": id }))).await.expect(201);
    assert_eq!(client.get(&path).await.expect(200)["inbound_agent_id"], Value::Null);
    let agent_path = format!("/agents/{}", agent["id"].as_str().unwrap());
    let publish = json!({ "version_number": 1, "is_published": true, "outbound_phone_number_id": id });
    client.patch(&agent_path, publish).await.expect(200);
    let routed = client.get(&path).await.expect(200);
    assert_eq!((&routed["inbound_agent_id"], &routed["outbound_agent_id"]), (&agent["id"], &agent["id"]));

    // Another agent does not take it away.
    let other = client.post("/agents", with(json!({ "inbound_phone_number_id": id }))).await.expect(201);
    let other_path = format!("/agents/{}", other["id"].as_str().unwrap());
    let publish = json!({ "version_number": 1, "is_published": true });
    assert_eq!(client.patch(&other_path, publish.clone()).await.code(), "number_in_use");
    assert_eq!(client.get(&other_path).await.expect(200)["current_version"]["is_published"], false);
    let detach = json!({ "version_number": 1, "is_published": true, "update_deployment": true, "inbound_phone_number_id": "" });
    client.patch(&agent_path, detach).await.expect(200);
    client.patch(&other_path, publish).await.expect(200);
    assert_eq!(client.get(&path).await.expect(200)["inbound_agent_id"], other["id"]);
    // One that goes leaves its numbers behind.
    client.delete(&agent_path).await.expect(200);
    assert_eq!(client.get(&path).await.expect(200)["outbound_agent_id"], Value::Null);
    let unknown = with(json!({ "inbound_phone_number_id": NumberId::new() }));
    assert_eq!(client.post("/agents", unknown).await.code(), "phone_number_unknown");

    client.delete(&path).await.expect(200);
    client.get(&path).await.expect(404);
    client.delete(&path).await.expect(404);
    assert_eq!(world.count("SELECT count(*) FROM number_directory"), 0);
    assert_eq!(world.count("SELECT count(*) FROM number_moves"), 0);
    let told = world.told(world.northwind.sub_account.into());
    let of_numbers: Vec<_> = told.iter().filter(|action| action.starts_with("number")).collect();
    assert_eq!(of_numbers, ["number.purchased", "number.released"]);
}

#[actix_web::test]
async fn what_cannot_be_bought_is_refused() {
    let world = World::new().await;
    world.stock(&[FIRST]).await;
    let client = world.acme_client().await;
    let path = "/organization-phone-numbers/purchase";
    for (body, code) in [
        (purchase("+918047193999"), "number_not_available"),
        (purchase("+911234567"), "number_invalid"),
        (
            json!({ "phoneNumber": FIRST, "telephonyProviderId": "tp_plivo", "countryISO": "US" }),
            "country_mismatch",
        ),
    ] {
        let refused = client.post(path, body.clone()).await;
        assert_eq!(
            (refused.status.as_u16(), refused.code().as_str()),
            (409, code),
            "{body}: {}",
            refused.text
        );
    }
    for (body, field) in [
        (purchase("8047193100"), "phoneNumber"),
        (
            json!({ "phoneNumber": FIRST, "telephonyProviderId": "tp_none", "countryISO": "IN" }),
            "telephonyProviderId",
        ),
        (json!({ "phoneNumber": FIRST, "telephonyProviderId": "tp_plivo" }), "countryISO"),
        (json!({ "phoneNumber": FIRST, "telephonyProviderId": "tp_plivo", "countryISO": "IN", "x": 1 }), "x"),
    ] {
        let refused = client.post(path, body.clone()).await.expect(400);
        assert!(refused["message"].to_string().contains(field), "{body}: {refused}");
    }
    let test = world.test_client(&world.northwind).await;
    test.post(path, purchase(FIRST)).await.expect(403);
    let left = client.get("/organization-phone-numbers/plivo-numbers?country_iso=IN").await.expect(200);
    assert_eq!(left["meta"]["total_count"], 1, "nothing was sold");
}

#[actix_web::test]
async fn a_number_is_sold_once_in_the_world() {
    let world = World::new().await;
    world.stock(&[FIRST]).await;
    let acme = world.acme_client().await;
    let parent = world.parent_client(&world.northwind).await;
    let foreign = world.sub_account_client(&world.southwind, world.southwind.sub_account).await;
    let buyers = [
        (&acme, "/organization-phone-numbers/purchase"),
        (&foreign, "/organization-phone-numbers/purchase"),
        (&parent, "/organization/organization-phone-numbers/purchase"),
        (&acme, "/organization-phone-numbers/purchase"),
        (&foreign, "/organization-phone-numbers/purchase"),
        (&parent, "/organization/organization-phone-numbers/purchase"),
    ];
    let answers =
        futures_util::future::join_all(buyers.map(|(client, path)| client.post(path, purchase(FIRST)))).await;
    let sold = answers.iter().filter(|answer| answer.status.as_u16() == 201).count();
    assert_eq!(sold, 1, "{answers:?}");
    assert!(answers.iter().all(|a| a.status.as_u16() == 201 || a.code() == "number_not_available"));
    assert_eq!(world.count("SELECT count(*) FROM number_directory"), 1);
    assert_eq!(world.count_in_region("SELECT count(*) FROM phone_numbers"), 1);
}

#[actix_web::test]
async fn a_keyed_purchase_buys_once_and_foreign_numbers_do_not_exist() {
    let world = World::new().await;
    world.stock(&[FIRST]).await;
    let client = world.acme_client().await;
    let path = "/organization-phone-numbers/purchase";
    let first = client.post_once(path, "order-1", purchase(FIRST)).await.expect(201);
    assert_eq!(client.post_once(path, "order-1", purchase(FIRST)).await.expect(201), first);
    client.post_once(path, "order-1", purchase("+918047193101")).await.expect(422);
    let one =
        format!("/organization-phone-numbers/{}", first["organizationPhoneNumber"]["id"].as_str().unwrap());
    let foreign = world.sub_account_client(&world.southwind, world.southwind.sub_account).await;
    foreign.get(&one).await.expect(404);
    foreign.delete(&one).await.expect(404);
    assert_eq!(foreign.get("/organization-phone-numbers").await.expect(200)["total"], 0);
    // Nor can an agent of theirs be told to answer it.
    let id = &first["organizationPhoneNumber"]["id"];
    let stolen = foreign.post("/agents", with(json!({ "inbound_phone_number_id": id }))).await;
    assert_eq!(stolen.code(), "phone_number_unknown");
    foreign.post("/agents", least()).await.expect(201);
    client.get(&one).await.expect(200);
}

/// A program that was killed between its two databases.
#[actix_web::test]
async fn a_purchase_and_a_return_that_a_crash_cut_short_are_completed() {
    let mut world = World::new().await;
    world.stock(&[FIRST]).await;
    world.stop();
    let Tenant { organization, sub_account, .. } = world.northwind;
    let scope = |world: &World| {
        let (account, region) = (AccountId::from(sub_account), "india".parse().unwrap());
        world.access.scope_of_job::<ManageContent>("test", organization, account, region).unwrap()
    };
    let wanted = Purchase { number: FIRST.into(), country_iso: "IN".into(), workspace: WorkspaceId::new() };
    let line = scope(&world).write(move |tx| numbers::purchase(tx, &wanted)).await.unwrap();
    assert_eq!(world.count_in_region("SELECT count(*) FROM phone_numbers"), 0);
    world.force("UPDATE number_moves SET begun_at = now() - interval '1 minute'");
    world.restart();
    settled(&world, 1).await;

    world.stop();
    scope(&world).write(move |tx| numbers::release(tx, &line)).await.unwrap();
    assert_eq!(world.count("SELECT count(*) FROM number_directory"), 1, "it is not free before it is gone");
    world.force("UPDATE number_moves SET begun_at = now() - interval '1 minute'");
    world.restart();
    settled(&world, 0).await;
    assert_eq!(world.told(sub_account.into()), ["number.purchased", "number.released"]);
}

async fn settled(world: &World, numbers: i32) {
    for _ in 0..200 {
        if world.count("SELECT count(*) FROM number_moves") == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(world.count("SELECT count(*) FROM number_moves"), 0);
    assert_eq!(world.count("SELECT count(*) FROM number_directory"), numbers);
    assert_eq!(world.count_in_region("SELECT count(*) FROM phone_numbers"), numbers);
}

#[actix_web::test]
async fn the_operator_puts_numbers_up_for_sale() {
    let world = World::new().await;
    let command = |numbers: &[&str]| {
        let numbers = numbers.iter().map(|number| E164::parse(number).unwrap()).collect();
        AdminCommand::AddNumbers(dialnexa::admin::AddNumbers {
            numbers,
            number_type: NumberType::Local,
            monthly_paise: Some(12_345),
        })
    };
    assert_eq!(
        execute(&world.access, &crate::world::supplier(), command(&[FIRST, "+442079460001"])).await.unwrap(),
        "2 new"
    );
    assert_eq!(execute(&world.access, &crate::world::supplier(), command(&[FIRST])).await.unwrap(), "0 new");
    assert!(
        execute(&world.access, &crate::world::supplier(), command(&["+819012345678"])).await.is_err(),
        "none are sold in Japan"
    );
    let client = world.acme_client().await;
    let found = client.get("/organization-phone-numbers/plivo-numbers?country_iso=IN").await.expect(200);
    assert_eq!(found["objects"][0]["monthly_rental_rate"], "123.45");
}
