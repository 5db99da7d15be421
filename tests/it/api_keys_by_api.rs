//! API keys by the API: made, followed and ended by programs.

use dialnexa::values::{KEY_PATTERN, KeyMode, KeyText};
use diesel::{
    Connection, PgConnection, RunQueryDsl, connection::SimpleConnection, sql_query, sql_types::Text,
};
use serde_json::{Value, json};

use crate::{
    client::Client,
    world::{World, WorldOptions},
};

fn text(made: &Value) -> &str {
    made["key"].as_str().unwrap_or_else(|| panic!("no key: {made}"))
}

/// The address of the sub-account's keys, for its parent.
fn keys_of_acme(world: &World) -> String {
    format!("/sub-accounts/{}/api-keys", world.northwind.sub_account)
}

#[actix_web::test]
async fn the_published_creation_works_verbatim_and_the_key_opens_the_sub_account() {
    let world = World::new().await;
    let parent = world.parent_client(&world.northwind).await;
    let list = keys_of_acme(&world);
    let made = parent.post(&list, json!({ "name": "CRM import", "type": "live" })).await.expect(201);
    let key = text(&made);
    assert!(KeyText::presented(key).is_some() && key.starts_with("dnx_live_"));
    assert_eq!(KEY_PATTERN, "dnx_(live|test)_[0-9A-Za-z]{28}");
    assert_eq!((made["name"].as_str(), made["type"].as_str()), (Some("CRM import"), Some("live")));
    assert_eq!(made["last_four"].as_str(), Some(&key[33..]));
    assert_eq!((&made["expires_at"], &made["last_used_at"]), (&Value::Null, &Value::Null));
    assert!(made["created_at"].as_str().is_some_and(|at| at.ends_with('Z')));
    let words = made["scopes"].as_array().unwrap();
    assert!(
        words.contains(&json!("agents:write"))
            && !words.iter().any(|w| w.as_str().unwrap().starts_with("sub_"))
    );

    let own = Client::with(&world.base, Some(key));
    let me = own.get("/me").await.expect(200);
    assert_eq!(me["account"]["id"], json!(world.northwind.sub_account));
    let id = made["id"].as_str().unwrap();
    let shown = own.get(&format!("/api-keys/{id}")).await.expect(200);
    assert_eq!(shown["key"], Value::Null, "shown once");
    assert!(shown["last_used_at"].is_string());
    let listed = parent.get(&list).await.expect(200);
    assert_eq!((listed["meta"]["total"].as_i64(), &listed["data"][0]["id"]), (Some(1), &json!(id)));
    let renamed = parent.patch(&format!("{list}/{id}"), json!({ "name": "Nightly" })).await.expect(200);
    assert_eq!(renamed["name"], "Nightly");
    // The keys of the parent are none of the sub-account's, nor the other way round.
    let parents = parent.get("/organization/api-keys").await.expect(200);
    let parents_id = parents["data"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(own.get(&format!("/api-keys/{parents_id}")).await.status.as_u16(), 404);
    assert_eq!(own.delete(&format!("/api-keys/{parents_id}")).await.status.as_u16(), 404);
    assert_eq!(parent.get(&format!("/organization/api-keys/{id}")).await.status.as_u16(), 404);
}

/// All text that the control database holds.
fn dump(world: &World) -> String {
    #[derive(diesel::QueryableByName)]
    struct Line {
        #[diesel(sql_type = Text)]
        text: String,
    }
    let mut all = String::new();
    for (_, _, owner) in world.databases() {
        let mut owner = PgConnection::establish(&owner).unwrap();
        let tables = "SELECT c.oid::regclass::text AS text FROM pg_class c WHERE c.relkind = 'r'
            AND c.relnamespace = 'public'::regnamespace";
        for table in sql_query(tables).load::<Line>(&mut owner).unwrap() {
            let rows = format!("SELECT coalesce(string_agg(t::text, ' '), '') AS text FROM {} t", table.text);
            all += &sql_query(rows).get_result::<Line>(&mut owner).unwrap().text;
        }
    }
    all
}

#[actix_web::test]
async fn a_retried_creation_answers_the_same_key_and_no_database_holds_it() {
    let world = World::new().await;
    let parent = world.parent_client(&world.northwind).await;
    let (list, body) = (keys_of_acme(&world), json!({ "name": "Once", "type": "test" }));
    let first = parent.post_once(&list, "order-1", body.clone()).await.expect(201);
    let again = parent.post_once(&list, "order-1", body.clone()).await.expect(201);
    assert_eq!((text(&first), &first["id"]), (text(&again), &again["id"]));
    assert_eq!(world.count("SELECT count(*) FROM api_keys WHERE name = 'Once'"), 1);
    let rotate = format!("{list}/{}/rotate", first["id"].as_str().unwrap());
    let next = parent.post_once(&rotate, "order-2", json!({})).await.expect(201);
    assert_eq!(text(&next), text(&parent.post_once(&rotate, "order-2", json!({})).await.expect(201)));
    let everything = dump(&world);
    assert!(everything.contains("order-1") && everything.contains("sealed"), "the record is there");
    for key in [text(&first), text(&next)] {
        assert!(!everything.contains(key) && !everything.contains(&key[9..31]));
    }
    let other = parent.post_once(&list, "order-1", json!({ "name": "Twice", "type": "test" })).await;
    assert_eq!((other.status.as_u16(), other.code().as_str()), (422, "idempotency_key_reused"));
    // After a day the text is not told again.
    world.force(
        "UPDATE idempotency_keys SET result = replace(result::text, to_char(now() AT TIME ZONE 'UTC', 'YYYY'), '2020')::jsonb
         WHERE idempotency_key = 'order-1'",
    );
    let late = parent.post_once(&list, "order-1", body).await;
    assert_eq!((late.status.as_u16(), late.code().as_str()), (409, "key_shown_once"), "{}", late.text);
}

#[actix_web::test]
async fn both_keys_are_accepted_until_the_overlap_ends() {
    let world = World::new().await;
    let parent = world.parent_client(&world.northwind).await;
    let list = keys_of_acme(&world);
    let old = parent.post(&list, json!({ "name": "Dialer", "type": "live" })).await.expect(201);
    let rotate = format!("{list}/{}/rotate", old["id"].as_str().unwrap());
    assert_eq!(parent.post(&rotate, json!({ "overlap_hours": 169 })).await.status.as_u16(), 400);
    let new = parent.post(&rotate, json!({ "overlap_hours": 2 })).await.expect(201);
    assert_eq!(new["replaces"]["status"], "retiring");
    assert_eq!((&new["replaces"]["replaced_by"], &new["name"]), (&new["id"], &json!("Dialer")));
    let (before, after) =
        (Client::with(&world.base, Some(text(&old))), Client::with(&world.base, Some(text(&new))));
    before.get("/me").await.expect(200);
    after.get("/me").await.expect(200);
    assert_eq!(parent.post(&rotate, json!({})).await.code(), "api_key_replaced");
    world.force(
        "UPDATE api_keys SET expires_at = expires_at - interval '2 hours' WHERE replaced_by IS NOT NULL",
    );
    assert_eq!(before.get("/me").await.status.as_u16(), 401);
    after.get("/me").await.expect(200);
    let at_once = format!("{list}/{}/rotate", new["id"].as_str().unwrap());
    let last = parent.post(&at_once, json!({ "overlap_hours": 0 })).await.expect(201);
    assert_eq!(last["replaces"]["status"], "expired");
    assert_eq!(after.get("/me").await.status.as_u16(), 401, "at once");
}

#[actix_web::test]
async fn a_revoked_key_is_refused_at_the_next_request_by_every_server() {
    let world = World::new().await;
    let (elsewhere, _beside) = world.beside();
    let parent = world.parent_client(&world.northwind).await;
    let list = keys_of_acme(&world);
    let made = parent.post(&list, json!({ "name": "Lost", "type": "live" })).await.expect(201);
    let (here, there) =
        (Client::with(&world.base, Some(text(&made))), Client::with(&elsewhere, Some(text(&made))));
    here.get("/me").await.expect(200);
    there.get("/me").await.expect(200);
    let one = format!("{list}/{}", made["id"].as_str().unwrap());
    parent.delete(&one).await.expect(204);
    assert_eq!(there.get("/me").await.status.as_u16(), 401);
    assert_eq!(here.get("/me").await.status.as_u16(), 401);
    parent.delete(&one).await.expect(204);
    assert_eq!(parent.get(&one).await.expect(200)["status"], "revoked");
    let told = "SELECT count(*) FROM audit_entries WHERE action = 'api_key.revoked'";
    assert_eq!(world.count(told), 2, "once in each side's log");
    let log = "SELECT count(*) FROM audit_entries WHERE action LIKE 'api_key.%' AND actor_kind = 'api_key'
        AND account_id <> organization_id";
    assert_eq!(world.count(log), 0, "the sub-account's log does not name the parent's key");
}

#[actix_web::test]
async fn a_key_makes_none_that_may_more_than_itself() {
    let world = World::new().await;
    let parent = world.parent_client(&world.northwind).await;
    let list = keys_of_acme(&world);
    let make = async |scopes: Value, mode: &str| {
        let body = json!({ "name": "Maker", "type": mode, "scopes": scopes });
        let made = parent.post(&list, body).await.expect(201);
        Client::with(&world.base, Some(text(&made)))
    };
    let maker = make(json!(["api_keys:write", "agents:read"]), "live").await;
    let asked = |scopes: Value| json!({ "name": "Child", "type": "live", "scopes": scopes });
    for beyond in [json!(["agents:write"]), json!(["calls:read"]), json!(["agents:read", "members:read"])] {
        let refused = maker.post("/api-keys", asked(beyond)).await;
        assert_eq!(
            (refused.status.as_u16(), refused.code().as_str()),
            (403, "forbidden"),
            "{}",
            refused.text
        );
    }
    maker.post("/api-keys", asked(json!(["agents:read"]))).await.expect(201);
    let all = maker.post("/api-keys", json!({ "name": "All", "type": "live" })).await.expect(201);
    assert_eq!(all["scopes"], json!(["api_keys:write", "agents:read"]), "all that its maker has");
    // It gets the text of no key that may more by rotating one.
    let strong = parent.post(&list, json!({ "name": "Strong", "type": "live" })).await.expect(201);
    let rotate = format!("/api-keys/{}/rotate", strong["id"].as_str().unwrap());
    assert_eq!(maker.post(&rotate, json!({})).await.status.as_u16(), 403);
    let reader = make(json!(["api_keys:read"]), "live").await;
    assert_eq!(reader.post("/api-keys", asked(json!(["api_keys:read"]))).await.status.as_u16(), 403);
    reader.get("/api-keys").await.expect(200);
    let test = make(json!(["api_keys:write"]), "test").await;
    let live = json!({ "name": "Real", "type": "live" });
    assert_eq!(test.post("/api-keys", live).await.status.as_u16(), 403, "a test key makes no live one");
    let impossible = json!({ "name": "X", "type": "live", "scopes": ["sub_accounts:read"] });
    assert_eq!(parent.post(&list, impossible).await.code(), "scopes_not_possible");
    for wrong in [
        json!({ "name": " ", "type": "live" }),
        json!({ "name": "x", "type": "real" }),
        json!({ "name": "x" }),
        json!({ "name": "x", "type": "live", "scopes": [] }),
        json!({ "name": "x", "type": "live", "scopes": ["calls:read", "calls:read"] }),
        json!({ "name": "x", "type": "live", "expires_at": "tomorrow" }),
        json!({ "name": "x", "type": "live", "owner": "me" }),
    ] {
        let refused = parent.post(&list, wrong.clone()).await;
        assert_eq!(refused.status.as_u16(), 400, "{wrong}: {}", refused.text);
    }
    let past = json!({ "name": "x", "type": "live", "expires_at": "2020-01-01T00:00:00Z" });
    assert_eq!(parent.post(&list, past).await.code(), "expires_in_the_past");
}

#[actix_web::test]
async fn a_typing_error_is_refused_without_asking_the_database() {
    let world = World::with(WorldOptions { empty: true, ..WorldOptions::default() }).await;
    let key = KeyText::new(KeyMode::Live).unwrap().reveal().to_owned();
    let last = if key.ends_with('0') { "1" } else { "0" };
    let typo = Client::with(&world.base, Some(&format!("{}{last}", &key[..36])));
    assert_eq!(Client::with(&world.base, Some(&key)).get("/me").await.status.as_u16(), 401, "unknown");
    // The control database lets the program in no more.
    let (_, app, owner) = world.databases().remove(0);
    let name = app.parse::<dialnexa::values::DatabaseUrl>().unwrap().database().unwrap().to_owned();
    let server =
        owner.parse::<dialnexa::values::DatabaseUrl>().unwrap().with_database("postgres").to_string();
    PgConnection::establish(&server)
        .unwrap()
        .batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        .unwrap();
    sql_query(format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"))
        .execute(&mut PgConnection::establish(&server).unwrap())
        .unwrap();
    assert_eq!(typo.get("/me").await.status.as_u16(), 401);
    let known = Client::with(&world.base, Some(&key)).get("/me").await;
    assert!(known.status.is_server_error(), "what may be a key is looked for: {}", known.text);
}
