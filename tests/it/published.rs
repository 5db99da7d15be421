//! Our answers against the published description of the calling API, `published.json`.

use dialnexa::{
    access::{Change, permission::RecordCalls},
    domain::calls::{Call, CallStatus, Direction, EndReason, Sentiment, Speaker, Turn, record},
    values::{AgentId, CallId, KeyMode, WorkspaceId},
};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::{
    agents::{least, with},
    telephony::answered_number,
    world::{Tenant, World},
};

/// The description, with what OpenAPI 3.0 calls `nullable` said as JSON Schema says it.
fn description() -> Value {
    let mut description: Value = serde_json::from_str(include_str!("published.json")).unwrap();
    translate(&mut description);
    description
}

fn translate(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(translate),
        Value::Object(fields) => {
            fields.values_mut().for_each(translate);
            if fields.remove("nullable") == Some(Value::Bool(true)) {
                if let Some(kind) = fields.get("type").and_then(Value::as_str) {
                    fields.insert("type".into(), json!([kind, "null"]));
                }
                if let Some(Value::Array(words)) = fields.get_mut("enum") {
                    words.push(Value::Null);
                }
            }
        }
        _ => {}
    }
}

/// What is wrong with an answer, by the schema of an operation's answer.
fn faults(description: &Value, path: &str, method: &str, status: &str, answer: &Value) -> Vec<String> {
    let pointer = format!(
        "/paths/{}/{method}/responses/{status}/content/application~1json/schema",
        path.replace('~', "~0").replace('/', "~1")
    );
    let schema =
        description.pointer(&pointer).unwrap_or_else(|| panic!("{method} {path} {status} has no schema"));
    let mut schema = schema.clone();
    schema["components"] = description["components"].clone();
    let validator = jsonschema::draft7::options().should_validate_formats(true).build(&schema).unwrap();
    validator
        .iter_errors(answer)
        .map(|error| format!("{method} {path}: {}: {error}", error.instance_path()))
        .collect()
}

async fn call(world: &World, agent: AgentId, ago: Duration) -> CallId {
    let Tenant { organization, sub_account, .. } = world.northwind;
    let region = "india".parse().unwrap();
    let scope =
        world.access.scope_of_job::<RecordCalls>("test", organization, sub_account.into(), region).unwrap();
    let created_at = OffsetDateTime::now_utc() - ago;
    let id = CallId::at(created_at);
    let call = Call {
        id,
        workspace: WorkspaceId::new(),
        agent: Some(agent),
        agent_name: "Support".into(),
        direction: Direction::Outbound,
        status: CallStatus::Completed,
        end_reason: Some(EndReason::UserDisconnected),
        from_e164: "+918047193100".into(),
        to_e164: "+919876543210".into(),
        created_at,
        answered_at: Some(created_at),
        ended_at: Some(created_at + Duration::seconds(42)),
        duration_seconds: 42,
        cost_minor: 100,
        currency: "INR".into(),
        sentiment: Some(Sentiment::Positive),
        summary: Some("Asked about a loan.".into()),
        recording_bytes: None,
        mode: KeyMode::Live,
        number: None,
        agent_version: None,
    };
    let turns =
        vec![Turn { speaker: Speaker::Agent, at: 0, text: "Hello Priya.".into(), language: "en".into() }];
    scope
        .write_region(move |tx| record::enter(tx, &[record::Entered { call, turns }]).map(Change::none))
        .await
        .unwrap();
    id
}

#[actix_web::test]
async fn answers_have_the_published_shapes() {
    let world = World::new().await;
    world.stock(&["+918047193100", "+918047193101"]).await;
    let client = world.acme_client().await;
    let description = description();
    let mut wrong = Vec::new();
    let mut check = |path: &str, method: &str, status: u16, answer: &Value| {
        wrong.extend(faults(&description, path, method, &status.to_string(), answer));
    };
    let agent = client.post("/agents", least()).await.expect(201);
    check("/v1/agents", "post", 201, &agent);
    let one = format!("/agents/{}", agent["id"].as_str().unwrap());
    let flow = with(json!({ "agent_type": "Conversational_Flow_Agent", "timezone": "Asia/Kolkata" }));
    check("/v1/agents", "post", 201, &client.post("/agents", flow).await.expect(201));
    check("/v1/agents", "get", 200, &client.get("/agents").await.expect(200));
    check("/v1/agents/{id}", "get", 200, &client.get(&one).await.expect(200));
    let change = json!({ "version_number": 1, "title": "Front desk" });
    check("/v1/agents/{id}", "patch", 200, &client.patch(&one, change).await.expect(200));
    check(
        "/v1/agents/{id}",
        "patch",
        404,
        &client.patch(&one, json!({ "version_number": 9 })).await.expect(404),
    );
    check("/v1/agents", "post", 400, &client.post("/agents", json!({ "title": "" })).await.expect(400));

    let agent_id: AgentId = agent["id"].as_str().unwrap().parse().unwrap();
    let made = call(&world, agent_id, Duration::minutes(3)).await;
    let calls = client.get("/calls").await.expect(200);
    check("/v1/calls", "get", 200, &calls);
    let details = client.get(&format!("/calls/{made}")).await.expect(200);
    check("/v1/calls/{id}", "get", 200, &details);
    assert_eq!(details["transcript"], "Agent: Hello Priya.");
    for field in
        ["id", "agent_id", "to_number", "from_number", "status", "call_direction", "createdAt", "duration"]
    {
        assert_eq!(calls[0][field], details[field], "{field}");
        assert!(!details[field].is_null(), "{field}");
    }
    let placing =
        |agent: &Value| json!({ "agent_id": agent, "phone_number": "+919876543210", "metadata": {} });
    check("/v1/calls", "post", 400, &client.post("/calls", json!({ "agent_id": "x" })).await.expect(400));
    let (organization, account) = (world.northwind.organization, world.northwind.sub_account.into());
    let speaking = answered_number(&world, organization, account, "india", "+918047182200").await;
    let placed = client.post("/calls", placing(&json!(speaking))).await.expect(201);
    check("/v1/calls", "post", 201, &placed);
    check("/v1/calls/{id}", "get", 404, &client.get(&format!("/calls/{}", CallId::new())).await.expect(404));

    let search = "/organization-phone-numbers/plivo-numbers?country_iso=IN";
    check("/v1/organization-phone-numbers/plivo-numbers", "get", 200, &client.get(search).await.expect(200));
    let body =
        json!({ "phoneNumber": "+918047193100", "telephonyProviderId": "tp_plivo", "countryISO": "IN" });
    let bought = client.post("/organization-phone-numbers/purchase", body).await.expect(201);
    // Described for 200; 201 has an example alone.
    check("/v1/organization-phone-numbers/purchase", "post", 200, &bought);
    check(
        "/v1/organization-phone-numbers",
        "get",
        200,
        &client.get("/organization-phone-numbers").await.expect(200),
    );
    let number =
        format!("/organization-phone-numbers/{}", bought["organizationPhoneNumber"]["id"].as_str().unwrap());
    check("/v1/organization-phone-numbers/{id}", "get", 200, &client.get(&number).await.expect(200));

    for path in [
        "/languages",
        "/llms",
        "/llms/fallback",
        "/transcribers",
        "/transcribers/fallback",
        "/voices",
        "/voices/accents",
        "/voices/s2s",
        "/phone-country-rules/countries",
        "/phone-number-pricing",
    ] {
        check(&format!("/v1{path}"), "get", 200, &client.get(path).await.expect(200));
    }
    for (path, id) in [
        ("/languages", "lang_hi_in"),
        ("/llms", "llm_gpt_4_1_mini"),
        ("/transcribers", "trs_soniox"),
        ("/voices", "voice_anushka"),
    ] {
        check(
            &format!("/v1{path}/{{id}}"),
            "get",
            200,
            &client.get(&format!("{path}/{id}")).await.expect(200),
        );
        check(
            &format!("/v1{path}/{{id}}"),
            "get",
            404,
            &client.get(&format!("{path}/none")).await.expect(404),
        );
    }
    let languages = client.get("/voices/voice_anushka/languages").await.expect(200);
    check("/v1/voices/{id}/languages", "get", 200, &languages);
    check("/v1/agents/{id}", "delete", 200, &client.delete(&one).await.expect(200));
    assert!(wrong.is_empty(), "{wrong:#?}");
    // The check itself can fail.
    assert!(!faults(&description, "/v1/agents", "post", "201", &json!({ "id": 5 })).is_empty());
}

#[actix_web::test]
async fn calls_are_filtered_sorted_and_paged_and_each_mode_sees_its_own() {
    let world = World::new().await;
    let client = world.acme_client().await;
    let (one, other) = (AgentId::new(), AgentId::new());
    let old = call(&world, one, Duration::days(3)).await;
    let new = call(&world, other, Duration::minutes(5)).await;
    let ids = |calls: &Value| -> Vec<String> {
        calls.as_array().unwrap().iter().map(|call| call["id"].as_str().unwrap().to_owned()).collect()
    };
    let (old, new) = (old.to_string(), new.to_string());
    let yesterday = (OffsetDateTime::now_utc() - Duration::days(1)).date();
    for (query, expected) in [
        (String::new(), vec![&new, &old]),
        ("created_at=asc".into(), vec![&old, &new]),
        (format!("agent_id={one}"), vec![&old]),
        (format!("agent_id={one},{other}"), vec![&new, &old]),
        (format!("call_id={new}"), vec![&new]),
        ("from=%2B918047193100&to=919876543210".into(), vec![&new, &old]),
        ("from=%2B918047193199".into(), vec![]),
        (format!("start_date={yesterday}"), vec![&new]),
        (format!("end_date={yesterday}T00:00:00Z"), vec![&old]),
        ("call_direction=inbound".into(), vec![]),
        ("call_direction=inbound,outbound&status=completed&sentiment=positive".into(), vec![&new, &old]),
        ("sentiment=unknown".into(), vec![]),
        ("end_reason=user_disconnected,user_busy&type=phone".into(), vec![&new, &old]),
        ("type=web".into(), vec![]),
        ("duration_min=42000&duration_max=42000".into(), vec![&new, &old]),
        ("duration_greater_than=42001".into(), vec![]),
        ("limit=1&page=2".into(), vec![&old]),
        ("duration=desc&limit=1".into(), vec![&new]),
    ] {
        let found = client.get(&format!("/calls?{query}")).await.expect(200);
        assert_eq!(ids(&found).iter().collect::<Vec<_>>(), expected, "{query}");
    }
    for wrong in [
        "latency_min=1",
        "batch_call_id=x",
        "export=true",
        "agent_version_id=1",
        "agent_id=1",
        "status=fine",
        "limit=201",
        "limit=x",
        "page=0",
        "start_date=soon",
        "from=me",
        "duration_min=-1",
        "created_at=up",
    ] {
        client.get(&format!("/calls?{wrong}")).await.expect(400);
    }
    let test = world.test_client(&world.northwind).await;
    assert_eq!(test.get("/calls").await.expect(200), json!([]));
    test.get(&format!("/calls/{new}")).await.expect(404);
    world.in_region(|c| {
        use diesel::connection::SimpleConnection;
        let id = new.parse::<CallId>().unwrap().uuid();
        c.batch_execute(&format!("UPDATE calls SET mode = 'test' WHERE call_id = '{id}'")).unwrap();
    });
    assert_eq!(ids(&test.get("/calls").await.expect(200)), std::slice::from_ref(&new));
    test.get(&format!("/calls/{new}")).await.expect(200);
    client.get(&format!("/calls/{new}")).await.expect(404);
    let foreign = world.sub_account_client(&world.southwind, world.southwind.sub_account).await;
    foreign.get(&format!("/calls/{old}")).await.expect(404);
    assert_eq!(foreign.get("/calls").await.expect(200), json!([]));
}
