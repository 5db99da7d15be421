//! What a telephony engine asks for and reports, and what becomes of calls.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use dialnexa::{
    access::permission::RecordCalls, domain::calls::rebuild, routes::ENGINE_ROUTES, values::KeyMode,
};
use diesel::{Connection, PgConnection, RunQueryDsl, connection::SimpleConnection, sql_query};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    client::{Client, answer},
    telephony::{Given, Telephony, answered_number},
    world::{Tenant, World, WorldOptions},
};

const NUMBER: &str = "+918047182200";

/// A world in which an engine serves Northwind's sub-account, whose number is answered.
async fn served(options: WorldOptions) -> (World, Telephony, String) {
    let world = World::with(options).await;
    let tenant = world.northwind;
    let account = tenant.sub_account.into();
    let agent = answered_number(&world, tenant.organization, account, "india", NUMBER).await;
    let engine = Telephony::of(&world, &["india"]).await;
    (world, engine, agent.to_string())
}

async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, look: impl Fn() -> F) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "{what} did not happen");
        actix_web::rt::time::sleep(Duration::from_millis(50)).await;
    }
}

fn short_lease() -> WorldOptions {
    WorldOptions { lease: Some(Duration::from_secs(3)), ..WorldOptions::default() }
}

async fn client(world: &World) -> Client {
    world.sub_account_client(&world.northwind, world.northwind.sub_account).await
}

/// Calls in progress by the counters, and by the rows.
fn in_use(world: &World) -> (i32, i32) {
    (
        world.count("SELECT slots_in_use AS n FROM sub_accounts WHERE name = 'Acme Corp'"),
        world.count("SELECT count(*)::integer AS n FROM slots WHERE reclaimed_at IS NULL"),
    )
}

fn counted(world: &World) -> i32 {
    world.count("SELECT coalesce(sum(calls), 0)::integer AS n FROM usage_days")
}

#[actix_web::test]
async fn a_call_that_comes_in_is_followed_to_its_end() {
    let (world, engine, agent) = served(WorldOptions::default()).await;
    let program = client(&world).await;
    let call = engine.admitted(NUMBER, "first").await;
    assert_eq!(call.all["agent"]["id"], agent.as_str());
    assert_eq!((&call.all["direction"], &call.all["to"]), (&json!("inbound"), &json!(NUMBER)));
    assert_eq!(in_use(&world), (1, 1));
    let shown = async || program.get(&format!("/calls/{}", call.id)).await.expect(200);
    assert_eq!(shown().await["status"], "initiated");

    engine.report(&call, "ringing", json!({})).await.expect(200);
    assert_eq!(shown().await["status"], "sent");
    engine.report(&call, "answered", json!({})).await.expect(200);
    // Late: it never goes back.
    engine.report(&call, "ringing", json!({})).await.expect(200);
    assert_eq!(shown().await["status"], "received");
    let heard = engine.report(&call, "heartbeat", json!({})).await.expect(200);
    assert_eq!(heard, json!({ "action": "continue", "reason": null, "in_seconds": null }));

    let end = json!({ "end_reason": "user_disconnected", "duration_seconds": 2,
        "analysis": { "sentiment": "positive", "summary": "All well." } });
    let ended = engine.report(&call, "ended", end.clone()).await.expect(200);
    assert_eq!(ended["status"], "completed");
    assert_eq!(engine.report(&call, "ended", end).await.expect(200), ended, "said twice, answered alike");
    assert_eq!(in_use(&world), (0, 0));
    let shown = shown().await;
    assert_eq!((&shown["duration"], &shown["sentiment"]), (&json!(2), &json!("positive")));
    let counted = world.count(
        "SELECT (calls = 1 AND answered = 1 AND minutes = 1 AND peak_in_use = 1)::integer AS n FROM usage_days",
    );
    assert_eq!(counted, 1, "it is counted once");
    assert_eq!(engine.report(&call, "heartbeat", json!({})).await.expect(410)["code"], "lease_lost");
}

#[actix_web::test]
async fn who_asks_again_under_the_same_reference_gets_the_same_call() {
    let (world, engine, _) = served(WorldOptions::default()).await;
    let call = engine.admitted(NUMBER, "same").await;
    let again = Given::of(&engine.ask(NUMBER, "same").await.expect(200));
    assert_eq!(again.id, call.id);
    assert_eq!(in_use(&world), (1, 1));
    // Also where no other would be admitted.
    world.force("UPDATE sub_accounts SET concurrency_limit = 1 WHERE name = 'Acme Corp'");
    assert_eq!(Given::of(&engine.ask(NUMBER, "same").await.expect(200)).id, call.id);
    assert_eq!(engine.ask(NUMBER, "other").await.expect(409)["code"], "concurrency_limit_reached");
    engine.miss(&again).await;
    assert_eq!(engine.ask(NUMBER, "same").await.expect(409)["code"], "call_ended");
    assert_eq!(in_use(&world), (0, 0));
    assert_eq!(counted(&world), 1);
}

#[actix_web::test]
async fn what_is_refused_leaves_nothing_but_a_count() {
    let (world, engine, agent) = served(WorldOptions::default()).await;
    let program = client(&world).await;
    world.force("UPDATE sub_accounts SET concurrency_limit = 2 WHERE name = 'Acme Corp'");
    let first = engine.admitted(NUMBER, "1").await;
    engine.admitted(NUMBER, "2").await;
    let wanted = json!({ "agent_id": agent, "phone_number": "+919876543210", "metadata": {} });
    for _ in 0..3 {
        assert_eq!(engine.ask(NUMBER, "3").await.expect(409)["code"], "concurrency_limit_reached");
        assert_eq!(
            program.post("/calls", wanted.clone()).await.expect(409)["code"],
            "concurrency_limit_reached"
        );
    }
    let refused = "SELECT refused::integer AS n FROM refusals WHERE code = 'concurrency_limit_reached' AND at_limit = 2";
    assert_eq!(world.count(refused), 6);
    let parent = world.parent_client(&world.northwind).await;
    let account = format!("/sub-accounts/{}", world.northwind.sub_account);
    parent.post(&format!("{account}/suspend"), json!({})).await.expect(200);
    engine.miss(&first).await;
    assert_eq!(engine.ask(NUMBER, "4").await.expect(409)["code"], "sub_account_suspended");
    assert_eq!(program.post("/calls", wanted.clone()).await.expect(409)["code"], "sub_account_suspended");
    assert_eq!(
        world.count("SELECT refused::integer AS n FROM refusals WHERE code = 'sub_account_suspended'"),
        2
    );
    let calls = program.get("/calls").await.expect(200);
    assert_eq!(calls.as_array().unwrap().len(), 2, "calls in progress go on, those refused left no record");
    parent.post(&format!("{account}/reactivate"), json!({})).await.expect(200);
    engine.admitted(NUMBER, "5").await;
}

#[actix_web::test]
async fn a_call_that_a_program_wants_is_made_by_one_engine() {
    let (world, engine, agent) = served(WorldOptions::default()).await;
    let (program, other) = (client(&world).await, Telephony::of(&world, &["india"]).await);
    let elsewhere = Telephony::of(&world, &["us"]).await;
    let wanted = json!({ "agent_id": agent, "phone_number": "+919876543210", "metadata": { "name": "Priya" },
        "notes": { "source": "crm" } });
    let placed = program.post_once("/calls", "order-1", wanted.clone()).await.expect(201);
    assert_eq!(placed["to_phone_number"], "+919876543210");
    assert_eq!(placed["agent_version_number"], 1);
    assert_eq!(program.post_once("/calls", "order-1", wanted).await.expect(201), placed);
    assert_eq!(in_use(&world), (1, 1), "asked twice, placed once");

    assert!(elsewhere.claim().await.is_empty(), "calls stay in their region");
    let (mut ours, theirs) = (engine.claim().await, other.claim().await);
    assert_eq!((ours.len(), theirs.len()), (1, 0));
    let call = ours.remove(0);
    assert_eq!((&call.all["call_id"], &call.all["metadata"]["name"]), (&placed["id"], &json!("Priya")));
    assert_eq!(call.all["from"], NUMBER);
    let ended = engine.converse(&call).await;
    assert_eq!(ended["status"], "completed");
    assert_eq!((in_use(&world), counted(&world)), ((0, 0), 1));
}

#[actix_web::test]
async fn a_place_comes_back_when_nothing_is_heard_and_nothing_is_counted_twice() {
    let (world, engine, agent) = served(short_lease()).await;
    let program = client(&world).await;
    let silent = engine.admitted(NUMBER, "silent").await;
    engine.report(&silent, "answered", json!({})).await.expect(200);
    let wanted = json!({ "agent_id": agent, "phone_number": "+919876543210", "metadata": {} });
    let unclaimed = program.post("/calls", wanted).await.expect(201);
    let alive = engine.admitted(NUMBER, "alive").await;
    assert_eq!(in_use(&world), (3, 3));
    let begin = Instant::now();
    eventually("the end of the silent calls", async || {
        engine.report(&alive, "heartbeat", json!({})).await.expect(200);
        (counted(&world) == 2).then_some(())
    })
    .await;
    assert!(begin.elapsed() < Duration::from_secs(3 + 5), "within the deadline and 5 s");
    assert_eq!(in_use(&world), (1, 1));
    let shown = async |id: &Value| program.get(&format!("/calls/{}", id.as_str().unwrap())).await.expect(200);
    let (lost, never) = (shown(&json!(silent.id)).await, shown(&unclaimed["id"]).await);
    assert_eq!((&lost["status"], &lost["end_reason"]), (&json!("completed"), &json!("network_failure")));
    assert_eq!((&never["status"], &never["end_reason"]), (&json!("failed"), &json!("system_at_capacity")));

    assert_eq!(engine.report(&silent, "heartbeat", json!({})).await.expect(410)["code"], "lease_lost");
    let end = json!({ "end_reason": "user_disconnected", "duration_seconds": 3,
        "analysis": { "summary": "They will call back." } });
    let late = engine.report(&silent, "ended", end).await.expect(200);
    assert_eq!((&late["late"], &late["end_reason"]), (&json!(true), &json!("network_failure")));
    assert_eq!(
        shown(&json!(silent.id)).await["summary"],
        "They will call back.",
        "what was found out is kept"
    );
    engine.miss(&alive).await;
    assert_eq!((in_use(&world), counted(&world)), ((0, 0), 3));
}

#[actix_web::test]
async fn calls_above_a_lowered_limit_stay_counted_until_they_end() {
    let (world, engine, _) = served(WorldOptions::default()).await;
    let parent = world.parent_client(&world.northwind).await;
    let account = format!("/sub-accounts/{}", world.northwind.sub_account);
    let calls = [
        engine.admitted(NUMBER, "1").await,
        engine.admitted(NUMBER, "2").await,
        engine.admitted(NUMBER, "3").await,
    ];
    parent.patch(&account, json!({ "concurrency_limit": 1 })).await.expect(200);
    let claimed =
        || world.count("SELECT claimed_concurrency AS n FROM organizations WHERE name = 'Northwind Voice'");
    assert_eq!(claimed(), 3);
    assert_eq!(engine.ask(NUMBER, "4").await.expect(409)["code"], "concurrency_limit_reached");
    for (call, left) in calls.iter().zip([2, 1, 1]) {
        engine.miss(call).await;
        assert_eq!(claimed(), left);
    }
    engine.admitted(NUMBER, "5").await;
    assert_eq!(in_use(&world), (1, 1));
}

#[actix_web::test]
async fn a_deleted_account_ends_its_calls_and_is_erased_after_them() {
    let (world, engine, _) = served(short_lease()).await;
    let parent = world.parent_client(&world.northwind).await;
    let told = engine.admitted(NUMBER, "told").await;
    engine.admitted(NUMBER, "silent").await;
    let account = format!("/sub-accounts/{}", world.northwind.sub_account);
    parent.delete(&format!("{account}?write_off=100000")).await.expect(202);
    assert_eq!(engine.ask(NUMBER, "new").await.status, 404);
    let heard = engine.report(&told, "heartbeat", json!({})).await.expect(200);
    assert_eq!(heard, json!({ "action": "end", "reason": "account_closed", "in_seconds": 0 }));
    engine.miss(&told).await;
    eventually("the erasure", async || {
        let deletions = parent.get("/deletions").await.expect(200);
        deletions["data"][0]["completed_at"].is_string().then_some(())
    })
    .await;
    assert_eq!(world.count("SELECT count(*)::integer AS n FROM slots"), 0);
    let claimed =
        "SELECT (claimed_concurrency + slots_in_use) AS n FROM organizations WHERE name = 'Northwind Voice'";
    assert_eq!(world.count(claimed), 0);
    assert_eq!(engine.report(&told, "ended", json!({ "end_reason": "user_busy" })).await.status, 404);
}

#[actix_web::test]
async fn a_lease_opens_its_own_call_alone() {
    let (world, engine, _) = served(WorldOptions::default()).await;
    let one = engine.admitted(NUMBER, "1").await;
    let two = engine.admitted(NUMBER, "2").await;
    let crossed = Given { lease: two.lease.clone(), ..one.clone() };
    let forged = Given { lease: "A".repeat(one.lease.len()), ..one.clone() };
    for wrong in [&crossed, &forged] {
        let asked = engine.report(wrong, "heartbeat", json!({})).await;
        assert_eq!(asked.expect(404)["code"], "not_found");
    }
    let elsewhere = Telephony::of(&world, &["us"]).await;
    elsewhere.report(&one, "heartbeat", json!({})).await.expect(404);
    elsewhere.ask(NUMBER, "3").await.expect(404);
    engine.ask("+918047182299", "3").await.expect(404);
    let program = client(&world).await;
    for key in ["", "dnx_engine_0000000000000000000000000000", program.key()] {
        let nobody = Telephony::with(&world.base, key);
        assert_eq!(nobody.ask(NUMBER, "3").await.expect(401)["code"], "unauthorized");
    }
    assert_eq!(Client::with(&world.base, Some(&engine.key)).get("/me").await.status, 401);
    for (body, field) in [
        (json!({ "to": "x", "from": NUMBER, "reference": "a" }), "to"),
        (json!({ "to": NUMBER, "from": "911", "reference": "a" }), "from"),
        (json!({ "to": NUMBER, "from": NUMBER, "reference": "" }), "reference"),
        (json!({ "to": NUMBER, "from": NUMBER, "reference": "a", "free": true }), "free"),
    ] {
        let refused = answer(engine.request(Method::POST, "/calls").json(&body)).await.expect(400);
        assert!(refused["message"].as_str().unwrap().starts_with(field), "{refused}");
    }
}

#[actix_web::test]
async fn a_duration_that_cannot_be_is_refused() {
    let (_world, engine, _) = served(WorldOptions::default()).await;
    let call = engine.admitted(NUMBER, "1").await;
    let end = async |end: Value| engine.report(&call, "ended", end).await;
    end(json!({ "end_reason": "user_busy", "duration_seconds": 5 })).await.expect(400);
    engine.report(&call, "answered", json!({})).await.expect(200);
    end(json!({ "end_reason": "user_disconnected" })).await.expect(400);
    end(json!({ "end_reason": "user_disconnected", "duration_seconds": 600 })).await.expect(400);
    end(json!({ "end_reason": "nobody_knows", "duration_seconds": 1 })).await.expect(400);
    assert_eq!(
        end(json!({ "end_reason": "user_disconnected", "duration_seconds": 0 })).await.expect(200)["status"],
        "completed"
    );
}

#[actix_web::test]
async fn recordings_and_transcripts_are_kept_and_replaced() {
    let (world, engine, _) = served(WorldOptions::default()).await;
    let program = client(&world).await;
    let call = engine.admitted(NUMBER, "1").await;
    let put = async |what: &str, kind: &str, body: Vec<u8>| {
        let request = engine.request(Method::PUT, &format!("/calls/{}/{what}", call.id));
        answer(request.header("Lease", &call.lease).header("Content-Type", kind).body(body)).await
    };
    put("recording", "audio/mpeg", vec![1; 40]).await.expect(400);
    put("recording", "audio/wav", vec![1; 40]).await.expect(400);
    put("recording", "audio/wav", b"RIFF".to_vec()).await.expect(400);
    let folder = world
        .data_dir
        .join(format!("objects/india/{}/{}", world.northwind.organization, world.northwind.sub_account));
    assert!(std::fs::read_dir(&folder).map_or(0, Iterator::count) == 0, "what is refused is not kept");
    let mut sound = b"RIFF\x00\x00\x00\x00WAVE".to_vec();
    for size in [3 * 1024 * 1024, 9_000] {
        sound.resize(size, 7);
        put("recording", "audio/wav", sound.clone()).await.expect(204);
        let kept = std::fs::read(folder.join(format!("{}.wav", call.id))).unwrap();
        assert!(kept == sound, "{} of {size} bytes", kept.len());
    }
    world.force("UPDATE accounts SET recording_days = NULL");
    put("recording", "audio/wav", b"RIFF\x00\x00\x00\x00WAVE".to_vec()).await.expect(204);
    let kept = std::fs::read(folder.join(format!("{}.wav", call.id))).unwrap();
    assert_eq!(kept.len(), sound.len(), "an account that keeps no recordings gets none");
    let next = engine.admitted(NUMBER, "2").await;
    assert_eq!((&call.all["record"], &next.all["record"]), (&json!(true), &json!(false)));
    for said in ["first", "नमस्ते"] {
        let turns = json!({ "turns": [{ "speaker": "agent", "at": 0, "text": said, "language": "hi" }] });
        put("transcript", "application/json", turns.to_string().into()).await.expect(204);
    }
    put("transcript", "application/json", json!({ "turns": [] }).to_string().into()).await.expect(400);
    engine.miss(&call).await;
    let shown = program.get(&format!("/calls/{}", call.id)).await.expect(200);
    assert_eq!((&shown["transcript"], &shown["has_recording"]), (&json!("Agent: नमस्ते"), &json!(true)));
}

#[actix_web::test]
async fn a_test_key_makes_calls_of_its_own_that_nobody_hears() {
    let (world, engine, agent) = served(WorldOptions::default()).await;
    let live = client(&world).await;
    let parent = world.parent_client(&world.northwind).await;
    let made = parent
        .post(
            &format!("/sub-accounts/{}/api-keys", world.northwind.sub_account),
            json!({ "name": "Test", "type": "test" }),
        )
        .await
        .expect(201);
    let test = Client::with(&world.base, made["key"].as_str().or(made["api_key"].as_str()));
    world.force("UPDATE sub_accounts SET concurrency_limit = 0 WHERE name = 'Acme Corp'");
    let place = async |number: &str| {
        let wanted = json!({ "agent_id": agent, "phone_number": number, "metadata": {} });
        test.post("/calls", wanted).await.expect(201)["id"].as_str().unwrap().to_owned()
    };
    let (answered, busy) = (place("+919876543210").await, place("+919876543218").await);
    assert_eq!(in_use(&world), (0, 0), "they hold no place");
    assert!(engine.claim().await.is_empty(), "and no engine is given them");
    for (id, status) in [(answered, "completed"), (busy, "busy")] {
        let shown = eventually("the end of a test call", async || {
            let shown = test.get(&format!("/calls/{id}")).await.expect(200);
            shown["ended_at"].is_string().then_some(shown)
        })
        .await;
        assert_eq!(shown["status"], status);
        assert_eq!(shown["transcript"].is_string(), status == "completed");
        assert_eq!(live.get(&format!("/calls/{id}")).await.status, 404, "{}", KeyMode::Live);
    }
    assert!(live.get("/calls").await.expect(200).as_array().unwrap().is_empty());
    assert_eq!(test.get("/calls").await.expect(200).as_array().unwrap().len(), 2);
    assert_eq!(counted(&world), 0, "they are free and not counted");
}

#[actix_web::test]
async fn both_sides_are_told_of_a_call_that_ended() {
    let (world, engine, _) = served(WorldOptions::default()).await;
    let Tenant { sub_account, .. } = world.northwind;
    let (parent, program) = (world.parent_client(&world.northwind).await, client(&world).await);
    let hook = json!({ "url": "https://hooks.example/calls", "events": ["call.ended", "call.failed"] });
    parent.post("/organization/user-webhooks", hook.clone()).await.expect(201);
    program.post("/user-webhooks", hook).await.expect(201);
    let call = engine.admitted(NUMBER, "1").await;
    engine.miss(&call).await;
    engine.miss(&call).await;
    let told = format!(
        "SELECT count(*)::integer AS n FROM webhook_events WHERE data->>'call_id' = '{}' AND kind IN ('call.ended', 'call.failed')",
        call.id
    );
    assert_eq!(world.count(&told), 4, "two kinds, each to both sides, once");
    let above = format!("{told} AND data->>'sub_account_id' = '{sub_account}'");
    assert_eq!(world.count(&above), 2);
}

#[actix_web::test]
async fn counters_are_rebuilt_from_calls_to_the_same_numbers() {
    let (world, engine, _) = served(WorldOptions::default()).await;
    let Tenant { organization, sub_account, .. } = world.northwind;
    for at in 0..4 {
        let call = engine.admitted(NUMBER, &format!("{at}")).await;
        if at % 2 == 0 {
            engine.converse(&call).await
        } else {
            engine.miss(&call).await
        };
    }
    let open = engine.admitted(NUMBER, "open").await;
    let scope = || {
        world
            .access
            .scope_of_job::<RecordCalls>("test", organization, sub_account.into(), "india".parse().unwrap())
            .unwrap()
    };
    let (_, _, region) = world.databases().into_iter().find(|(name, ..)| name == "india").unwrap();
    let kept = |world: &World| {
        let mut region = PgConnection::establish(&region).unwrap();
        let days = "SELECT string_agg(concat_ws(' ', subject_id, day, calls), '; ' ORDER BY subject_id, day) AS text FROM call_days";
        let days = sql_query(days).get_result::<Text>(&mut region).unwrap().text;
        (
            days,
            counted(world),
            world.count(
                "SELECT sum(answered * 100 + minutes * 10 + peak_in_use)::integer AS n FROM usage_days",
            ),
        )
    };
    let before = kept(&world);
    assert_eq!(scope().write_both(rebuild::rebuild).await.unwrap(), 0);
    assert_eq!(kept(&world), before);

    world.force("UPDATE usage_days SET calls = 99, answered = 0, minutes = 7");
    PgConnection::establish(&region).unwrap().batch_execute("UPDATE call_days SET calls = 99").unwrap();
    assert_eq!(scope().write_both(rebuild::rebuild).await.unwrap(), 1);
    assert_eq!(kept(&world), before);
    // The call that was open then is counted by its end, once.
    engine.miss(&open).await;
    assert_eq!(counted(&world), before.1 + 1);
    assert_eq!(scope().write_both(rebuild::rebuild).await.unwrap(), 0);
    assert_eq!(counted(&world), before.1 + 1);
}

#[derive(diesel::QueryableByName)]
struct Text {
    #[diesel(sql_type = diesel::sql_types::Text)]
    text: String,
}

#[actix_web::test]
async fn no_address_of_the_engines_answers_who_is_none() {
    let (world, engine, _) = served(WorldOptions::default()).await;
    let call = engine.admitted(NUMBER, "1").await;
    let program = client(&world).await;
    let revoked = Telephony::of(&world, &["india"]).await;
    world.force("UPDATE engines SET revoked_at = now() WHERE engine_id = (SELECT max(engine_id::text)::uuid FROM engines)");
    for (method, path) in ENGINE_ROUTES {
        let path = path.strip_prefix("/engine/v1").unwrap().replace("{call_id}", &call.id);
        for key in ["", program.key(), &revoked.key] {
            let request = Telephony::with(&world.base, key).request(method.as_str().parse().unwrap(), &path);
            let refused = answer(request.header("Lease", &call.lease).json(&json!({}))).await;
            assert_eq!(refused.expect(401)["code"], "unauthorized", "{method} {path}");
        }
    }
    let document = reqwest::get(format!("{}/engine/v1/openapi.json", world.base)).await.unwrap();
    assert_eq!(document.json::<Value>().await.unwrap()["openapi"], "3.1.0");
}

#[actix_web::test]
async fn people_have_an_agent_call_somebody_once_and_their_log_tells_it() {
    let (world, engine, agent) = served(WorldOptions::default()).await;
    let Tenant { organization, sub_account, .. } = world.northwind;
    let home = format!("/accounts/{sub_account}");
    let path = format!("{home}/agents/{agent}/call");
    let viewer = world.browser().signed_in("viewer@acme.example").await;
    assert_eq!(viewer.get(&path).await.status, 403);
    assert!(!viewer.get(&format!("{home}/agents/{agent}")).await.has("Call a number"));

    let owner = world.browser().signed_in("owner@acme.example").await;
    assert!(owner.get(&format!("{home}/agents/{agent}")).await.has("Call a number"));
    let form = owner.get(&path).await.form(&path);
    let wrong = owner.submit(&form.clone().with("phone_number", "12ab")).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.has("Enter a phone number with its country code"), "{}", wrong.text());
    assert_eq!(wrong.input("phone_number"), "12ab", "what was typed is kept");
    let form = form.with("phone_number", "98765 43210");
    let placed = owner.submit(&form).await.location().to_owned();
    assert_eq!(owner.submit(&form).await.location(), placed, "a double click calls once");
    assert_eq!(in_use(&world), (1, 1));
    assert!(owner.get(&placed).await.has("+91 98765 43210"));
    let log = owner.get(&format!("{home}/audit-log?what=call.")).await;
    assert!(log.has("had +91 98765 43210 called"), "{}", log.text());

    world.force("UPDATE sub_accounts SET concurrency_limit = 1 WHERE name = 'Acme Corp'");
    let again = owner.get(&path).await.form(&path).with("phone_number", "+91 98765 43211");
    let refused = owner.submit(&again).await;
    assert_eq!(refused.status, 409);
    assert!(refused.has("All of the 1 calls that may go on at once"), "{}", refused.text());
    assert_eq!(refused.input("phone_number"), "+91 98765 43211");
    engine.miss(&engine.claim().await.remove(0)).await;

    // By Access Dashboard it stands in both logs, and beneath it under the brand's name.
    let page = format!("/accounts/{organization}/sub-accounts/{sub_account}");
    let parent = world.browser().signed_in("owner@northwind.example").await;
    parent.submit(&parent.get(&page).await.form(&format!("{page}/access"))).await.location();
    let inside = parent.get(&path).await.form(&path).with("phone_number", "+919876543212");
    parent.submit(&inside).await.location();
    let entries = "SELECT count(*)::integer AS n FROM audit_entries WHERE action = 'call.placed'";
    assert_eq!(world.count(entries), 3);
    let log = owner.get(&format!("{home}/audit-log?what=call.")).await;
    assert!(log.has("Northwind Voice administrator"), "{}", log.text());
    let programs = "SELECT count(*)::integer AS n FROM audit_entries WHERE actor_kind = 'api_key'";
    let program = client(&world).await;
    engine.miss(&engine.claim().await.remove(0)).await;
    let wanted = json!({ "agent_id": agent, "phone_number": "+919876543213", "metadata": {} });
    let before = world.count(programs);
    program.post("/calls", wanted).await.expect(201);
    assert_eq!(world.count(programs), before, "calls of programs are records themselves");
}
