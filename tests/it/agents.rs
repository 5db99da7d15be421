//! Agents through the API, and the way of their changes into the audit log.

use dialnexa::{
    access::{Change, Event, permission::EditAgents},
    values::{AccountId, AgentId},
};
use diesel::{
    Connection, PgConnection, RunQueryDsl, connection::SimpleConnection, sql_query, sql_types::Text,
};
use serde_json::{Value, json};

use crate::{
    client::Client,
    world::{Tenant, World},
};

/// What makes an agent, with nothing more than it takes.
pub fn least() -> Value {
    json!({
        "title": "Support",
        "language_id": "lang_hi_in",
        "voice_id": "voice_anushka",
        "prompt_text": "You are kind. Greet {{name}}.",
    })
}

pub fn with(more: Value) -> Value {
    let mut body = least();
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

impl World {
    /// A client with a key of the sub-account.
    pub async fn acme_client(&self) -> Client {
        self.sub_account_client(&self.northwind, self.northwind.sub_account).await
    }

    /// Looks into the database of the region that all accounts of these tests are in.
    pub fn in_region<T>(&self, work: impl FnOnce(&mut PgConnection) -> T) -> T {
        let databases = self.databases();
        let (_, _, owner) = databases.iter().find(|(name, ..)| name == "india").unwrap();
        work(&mut PgConnection::establish(owner).unwrap())
    }

    pub fn count_in_region(&self, query: &str) -> i32 {
        #[derive(diesel::QueryableByName)]
        struct Counted {
            #[diesel(sql_type = diesel::sql_types::Integer)]
            n: i32,
        }
        self.in_region(|c| {
            sql_query(format!("SELECT ({query})::integer AS n")).get_result::<Counted>(c).unwrap().n
        })
    }

    /// What an account's log tells, oldest first.
    pub fn told(&self, account: AccountId) -> Vec<String> {
        #[derive(diesel::QueryableByName)]
        struct Told {
            #[diesel(sql_type = Text)]
            action: String,
        }
        let (_, _, owner) = self.databases().remove(0);
        let query = format!(
            "SELECT action FROM audit_entries WHERE account_id = '{}' AND action ~ '^(agent|number)' ORDER BY sequence",
            account.uuid()
        );
        let told: Vec<Told> = sql_query(query).load(&mut PgConnection::establish(&owner).unwrap()).unwrap();
        told.into_iter().map(|told| told.action).collect()
    }
}

#[actix_web::test]
async fn an_agent_is_created_read_changed_published_and_deleted() {
    let world = World::new().await;
    let client = world.acme_client().await;
    let body = with(json!({
        "llm_id": "llm_gpt_4_1_mini",
        "fallback_stt_enabled": true,
        "stt_fallback_transcriber_id": "trs_soniox",
        "voice_speed": 1.25,
        "agent_functions": [{ "displayName": "Hang up", "type": "end_call", "description": "When all is said" }],
        "post_call_analysis": [
            { "field_name": "issue_type", "field_type": "STRING", "field_description": "What it was about" }
        ],
    }));
    let made = client.post("/agents", body).await.expect(201);
    let (id, version) = (made["id"].as_str().unwrap().to_owned(), &made["current_version"]);
    assert_eq!(made["current_version_number"], 1);
    assert_eq!(made["agent_type"], "Single_Prompt_Agent");
    assert_eq!(made["pipeline_type"], "Cascaded");
    assert_eq!(version["version_title"], "Version 1");
    assert_eq!(version["is_published"], false);
    assert_eq!(version["transcriber_id"], "trs_deepgram_nova_3", "the first that hears Hindi");
    assert_eq!(made["versions"][0], *version);
    let path = format!("/agents/{id}");
    let shown = client.get(&path).await.expect(200);
    let details = &shown["current_version"];
    assert_eq!(details["end_call_on_silence_sec"], 15, "defaults are kept with the version");
    assert_eq!(details["voice_speed"], 1.25);
    assert_eq!(details["agent_functions"][0]["displayName"], "Hang up");
    assert_eq!(details["postcall_analysis"][0]["field_type"], "STRING");
    assert_eq!(details["prompt_text"], "You are kind. Greet {{name}}.");
    let listed = client.get("/agents").await.expect(200);
    assert_eq!((&listed["total"], &listed["agents"][0]["id"]), (&json!(1), &json!(id)));
    assert!(listed["agents"][0]["current_version"]["agent_functions"].is_null(), "lists are short");

    // A change of the draft, and one that clears.
    let change =
        json!({ "version_number": 1, "title": "Front desk", "voice_speed": null, "agent_functions": [] });
    let changed = client.patch(&path, change).await.expect(200);
    assert_eq!(changed["current_version"]["title"], "Front desk");
    let details = client.get(&path).await.expect(200)["current_version"].clone();
    assert_eq!((&details["voice_speed"], &details["agent_functions"]), (&Value::Null, &json!([])));
    assert_eq!(details["postcall_analysis"][0]["field_name"], "issue_type", "what was left out stays");
    client.patch(&path, json!({ "version_number": 2, "title": "No such" })).await.expect(404);

    // Published, it changes only when that is said.
    let published =
        client.patch(&path, json!({ "version_number": 1, "is_published": true })).await.expect(200);
    assert_eq!(published["current_version"]["is_published"], true);
    let refused = client.patch(&path, json!({ "version_number": 1, "title": "Sneaky" })).await;
    assert!(refused.expect(400)["message"].as_str().unwrap().contains("version_number"));
    let allowed = json!({ "version_number": 1, "title": "Night desk", "update_deployment": true });
    client.patch(&path, allowed).await.expect(200);

    // The pages show it as it is.
    let page = world.browser().signed_in("owner@acme.example").await;
    let page = page.get(&format!("/accounts/{}/agents/{id}", world.northwind.sub_account)).await;
    assert!(page.has("Night desk") && page.has("Anushka"), "{}", page.text());

    assert_eq!(client.delete(&path).await.expect(200)["success"], true);
    client.get(&path).await.expect(404);
    client.delete(&path).await.expect(404);
    let acme = world.northwind.sub_account.into();
    let expected = ["agent.created", "agent.updated", "agent.published", "agent.updated", "agent.deleted"];
    assert_eq!(world.told(acme), expected);
    assert_eq!(world.count_in_region("SELECT count(*) FROM outbox"), 0);
    assert_eq!(world.count_in_region("SELECT count(*) FROM agent_versions"), 0);
}

#[actix_web::test]
async fn what_is_wrong_is_named_and_what_does_not_fit_is_told() {
    let world = World::new().await;
    let client = world.acme_client().await;
    for (more, field) in [
        (json!({ "title": "" }), "title"),
        (json!({ "title": "x".repeat(71) }), "title"),
        (json!({ "title": 5 }), "title"),
        (json!({ "prompt_text": "{{unclosed" }), "prompt_text"),
        (json!({ "language_id": "lang_xx" }), "language_id"),
        (json!({ "voice_id": "voice_abc123" }), "voice_id"),
        (json!({ "llm_id": "llm_none" }), "llm_id"),
        (json!({ "keypad_timeout_sec": 16 }), "keypad_timeout_sec"),
        (json!({ "keypad_timeout_sec": "5" }), "keypad_timeout_sec"),
        (json!({ "voice_speed": 0.1 }), "voice_speed"),
        (json!({ "timezone": "Asia/Nowhere" }), "timezone"),
        (json!({ "termination_key": "ab" }), "termination_key"),
        (json!({ "boosted_keywords": "a;b" }), "boosted_keywords"),
        (json!({ "pipeline_type": "Sideways" }), "pipeline_type"),
        (json!({ "folder_id": "fld_1" }), "folder_id"),
        (json!({ "knowledge_base_ids": ["kb_1"] }), "knowledge_base_ids"),
        (
            json!({ "agent_functions": [{ "displayName": "x", "type": "fly", "description": "" }] }),
            "agent_functions",
        ),
        (json!({ "default_dynamic_variables": { "agent_transfer_destinations": "12345" } }), "transfer"),
        (json!({ "no_such_setting": 1 }), "no_such_setting"),
        (json!({ "inbound_phone_number_id": "phn_1" }), "inbound_phone_number_id"),
    ] {
        let told = client.post("/agents", with(more.clone())).await.expect(400);
        assert!(told["message"].to_string().contains(field), "{more}: {told}");
    }
    let missing = client.post("/agents", json!({ "title": "x" })).await.expect(400);
    assert!(missing["message"].to_string().contains("language_id"), "{missing}");
    for (more, told) in [
        (json!({ "language_id": "lang_ja_jp" }), "does not speak Japanese"),
        (json!({ "voice_id": "voice_s2s_ash" }), "voice_id"),
        (json!({ "llm_id": "llm_gpt_realtime" }), "llm_id"),
        (json!({ "pipeline_type": "Speech_To_Speech" }), "voice_id"),
        (
            json!({ "transcriber_id": "trs_deepgram_nova_3", "language_id": "lang_ta_in" }),
            "does not hear Tamil",
        ),
        (json!({ "fallback_stt_enabled": true }), "stt_fallback_transcriber_id"),
        (json!({ "stt_fallback_transcriber_id": "trs_google_chirp_2" }), "stt_fallback_transcriber_id"),
        (json!({ "reminder_message_interval": 10 }), "end_call_on_silence_sec"),
        (json!({ "voice_model_id": "vmd_sonic_2" }), "voice_model_id"),
    ] {
        let refused = client.post("/agents", with(more.clone())).await;
        assert_eq!(refused.code(), "settings_do_not_fit", "{more}: {}", refused.text);
        assert!(refused.expect(409)["message"].as_str().unwrap().contains(told), "{more}: {}", refused.text);
    }
    let speech = json!({
        "pipeline_type": "Speech_To_Speech", "voice_id": "voice_s2s_ash", "max_call_duration_sec": 3600,
    });
    let made = client.post("/agents", with(speech)).await.expect(201);
    assert_eq!(made["current_version"]["llm_id"], "llm_gpt_realtime");
    assert_eq!(made["current_version"]["transcriber_id"], Value::Null);
    let flow =
        json!({ "agent_type": "Conversational_Flow_Agent", "agent_identity": "A clerk", "folder_id": null });
    assert_eq!(client.post("/agents", with(flow)).await.expect(201)["pipeline_type"], Value::Null);
    assert_eq!(client.get("/agents?limit=1").await.expect(200)["total"], 2);
    client.get("/agents?limit=0").await.expect(400);
    client.get("/agents?title=x").await.expect(400);
}

#[actix_web::test]
async fn a_keyed_creation_happens_once() {
    let world = World::new().await;
    let client = world.acme_client().await;
    let creations = (0..6).map(|_| client.post_once("/agents", "once", least()));
    let answers = futures_util::future::join_all(creations).await;
    let first = answers[0].expect(201);
    assert!(answers.iter().all(|answer| answer.expect(201) == first));
    client.post_once("/agents", "once", with(json!({ "title": "Other" }))).await.expect(422);
    assert_eq!(client.get("/agents").await.expect(200)["total"], 1);
    assert_eq!(world.told(world.northwind.sub_account.into()), ["agent.created"]);
    // Another key's key is another key.
    let other = world.acme_client().await;
    assert_ne!(other.post_once("/agents", "once", least()).await.expect(201)["id"], first["id"]);
}

#[actix_web::test]
async fn agents_of_others_do_not_exist() {
    let world = World::new().await;
    let Tenant { organization, owner, .. } = world.northwind;
    let sibling = world.sub_account(organization, owner, "Sibling").await;
    let acme = world.acme_client().await;
    let parent = world.parent_client(&world.northwind).await;
    let other = world.sub_account_client(&world.northwind, sibling).await;
    let foreign = world.sub_account_client(&world.southwind, world.southwind.sub_account).await;
    let mut ids = Vec::new();
    for (client, path) in [
        (&other, "/agents".to_owned()),
        (&foreign, "/agents".into()),
        (&parent, "/organization/agents".into()),
    ] {
        ids.push(client.post(&path, least()).await.expect(201)["id"].as_str().unwrap().to_owned());
    }
    let own = acme.post("/agents", least()).await.expect(201)["id"].as_str().unwrap().to_owned();
    let without_id = |text: &str, id: &str| {
        let body: Value = serde_json::from_str(text).unwrap();
        let mut body = body.as_object().unwrap().clone();
        body.remove("request_id");
        Value::from(body).to_string().replace(id, "ID")
    };
    let random = AgentId::new().to_string();
    let change = json!({ "version_number": 1, "title": "Mine now" });
    let not_there = acme.get(&format!("/agents/{random}")).await;
    for id in &ids {
        let path = format!("/agents/{id}");
        for answer in
            [acme.get(&path).await, acme.patch(&path, change.clone()).await, acme.delete(&path).await]
        {
            answer.expect(404);
            assert_eq!(without_id(&answer.text, id), without_id(&not_there.text, &random));
        }
    }
    acme.get("/agents/agt_..%2f").await.expect(404);
    // The parent reaches them through the path that names the sub-account, and there alone.
    let beneath = format!("/sub-accounts/{}/agents/{own}", world.northwind.sub_account);
    parent.patch(&beneath, change).await.expect(200);
    parent.get(&format!("/sub-accounts/{sibling}/agents/{own}")).await.expect(404);
    assert_eq!(parent.get("/agents").await.code(), "target_required");
    // Both sides' logs tell of what the parent did.
    assert_eq!(world.told(world.northwind.sub_account.into()), ["agent.created", "agent.updated"]);
    assert_eq!(world.told(organization.into()), ["agent.created", "agent.updated"]);
}

#[actix_web::test]
async fn a_workspace_key_stays_in_its_workspace() {
    let world = World::new().await;
    let Tenant { organization, sub_account, .. } = world.northwind;
    world.force(&format!(
        "INSERT INTO workspaces (organization_id, account_id, workspace_id, name, region)
         VALUES ('{}', '{}', '01900000-0000-7000-8000-00000000000a', 'Staging', 'india')",
        organization.uuid(),
        sub_account.uuid()
    ));
    let (acme, bound) = (world.acme_client().await, world.acme_client().await);
    let hash =
        data_encoding::HEXLOWER.encode(&dialnexa::values::KeyText::presented(bound.key()).unwrap().hash());
    world.force(&format!(
        "UPDATE api_keys SET workspace_id = '01900000-0000-7000-8000-00000000000a' WHERE token_hash = '\\x{hash}'"
    ));
    let default = acme.post("/agents", least()).await.expect(201);
    let staged = bound.post("/agents", least()).await.expect(201);
    assert_ne!(default["workspace_id"], staged["workspace_id"]);
    assert_eq!(acme.get("/agents").await.expect(200)["total"], 2);
    assert_eq!(bound.get("/agents").await.expect(200)["total"], 1);
    let path = format!("/agents/{}", default["id"].as_str().unwrap());
    bound.get(&path).await.expect(404);
    bound.delete(&path).await.expect(404);
    bound.patch(&path, json!({ "version_number": 1, "title": "x" })).await.expect(404);
}

#[actix_web::test]
async fn an_agent_that_was_there_before_versions_has_one() {
    let world = World::new().await;
    let client = world.acme_client().await;
    let id = AgentId::new();
    let Tenant { organization, sub_account, .. } = world.northwind;
    world.in_region(|c| {
        c.batch_execute(&format!(
            "INSERT INTO agents (organization_id, account_id, agent_id, workspace_id, name, pipeline, language, voice, llm, prompt)
             VALUES ('{}', '{}', '{}', '{}', 'Asha, orders', 'Cascaded', 'Hindi, English', 'Asha (Indian)', 'GPT-4o mini', 'Help.')",
            organization.uuid(), sub_account.uuid(), id.uuid(), uuid::Uuid::now_v7(),
        ))
        .unwrap();
    });
    let path = format!("/agents/{id}");
    let version = client.get(&path).await.expect(200)["current_version"].clone();
    assert_eq!((&version["version_number"], &version["is_published"]), (&json!(1), &json!(true)));
    assert_eq!(
        (&version["language_id"], &version["voice_id"], &version["llm_id"]),
        (&json!("lang_hi_in"), &json!("voice_asha"), &json!("llm_gpt_4o_mini"))
    );
    let change = json!({ "version_number": 1, "update_deployment": true, "prompt_text": "Help more." });
    client.patch(&path, change).await.expect(200);
    assert_eq!(client.get(&path).await.expect(200)["versions"][0]["prompt_text"], "Help more.");
}

/// A program that was killed between its two databases.
#[actix_web::test]
async fn an_entry_that_a_crash_left_behind_is_relayed_once() {
    let mut world = World::new().await;
    let Tenant { organization, sub_account, .. } = world.northwind;
    let account = AccountId::from(sub_account);
    world.stop();
    // The log cannot be written: as if the program were killed after the region's commit.
    world.force("REVOKE INSERT ON audit_entries FROM dialnexa_tenant");
    let scope = |world: &World| {
        let region = "india".parse().unwrap();
        world.access.scope_of_job::<EditAgents>("test", organization, account, region).unwrap()
    };
    let event = move |name: &str| Event {
        account,
        action: "agent.updated",
        object: name.to_owned(),
        object_id: AgentId::new().to_string(),
        details: json!({ "changed": ["title"] }),
    };
    for name in ["One", "Two"] {
        scope(&world).write_region(move |_| Ok(Change::new((), event(name)))).await.unwrap();
    }
    assert_eq!(world.count_in_region("SELECT count(*) FROM outbox"), 2);
    assert!(world.told(account).is_empty());
    // One of them got as far as the log before its row was removed.
    world.force("GRANT INSERT ON audit_entries TO dialnexa_tenant");
    let region_rows = "CREATE TABLE kept AS SELECT * FROM outbox";
    world.in_region(|c| c.batch_execute(region_rows).unwrap());
    world.in_region(|c| {
        c.batch_execute("UPDATE outbox SET written_at = now() - interval '1 minute'").unwrap()
    });
    assert!(world.access.relay_left_behind().await.unwrap());
    assert_eq!(world.told(account).len(), 2);
    world.in_region(|c| {
        c.batch_execute("INSERT INTO outbox SELECT * FROM kept; UPDATE outbox SET written_at = now() - interval '1 minute'")
            .unwrap();
    });
    let (one, other) =
        futures_util::join!(world.access.relay_left_behind(), world.access.relay_left_behind());
    assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
    assert!(!world.access.relay_left_behind().await.unwrap());
    assert_eq!(world.told(account).len(), 2, "each stands in the log once");
    assert_eq!(world.count_in_region("SELECT count(*) FROM outbox"), 0);

    // And the worker does it by itself.
    world.in_region(|c| {
        c.batch_execute("INSERT INTO outbox SELECT * FROM kept; UPDATE outbox SET written_at = now() - interval '1 minute'")
            .unwrap();
    });
    world.restart();
    for _ in 0..200 {
        if world.count_in_region("SELECT count(*) FROM outbox") == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(world.count_in_region("SELECT count(*) FROM outbox"), 0);
    assert_eq!(world.told(account).len(), 2);
    let supplier = crate::world::supplier();
    let report = dialnexa::admin::execute(
        &world.access,
        &supplier,
        dialnexa::admin::AdminCommand::VerifyAudit { organization },
    );
    assert!(report.await.unwrap().contains("whole"));
}

#[actix_web::test]
async fn nothing_is_relayed_into_the_log_of_an_account_that_is_being_erased() {
    let mut world = World::new().await;
    let Tenant { organization, sub_account, .. } = world.northwind;
    world.stop();
    let account = AccountId::from(sub_account);
    let scope = world
        .access
        .scope_of_job::<EditAgents>("test", organization, account, "india".parse().unwrap())
        .unwrap();
    world.force("UPDATE sub_accounts SET status = 'deleting' WHERE name = 'Acme Corp'");
    let event = Event {
        account,
        action: "agent.updated",
        object: "One".into(),
        object_id: AgentId::new().to_string(),
        details: json!({}),
    };
    scope.write_region(move |_| Ok(Change::new((), event))).await.unwrap();
    assert!(world.told(account).is_empty());
    assert_eq!(world.count_in_region("SELECT count(*) FROM outbox"), 0);
}
