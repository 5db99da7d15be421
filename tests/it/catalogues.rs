//! The catalogues through the API.

use serde_json::{Value, json};

use crate::world::World;

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|entry| entry["id"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn every_key_reads_the_catalogues() {
    let world = World::new().await;
    let parent = world.parent_client(&world.northwind).await;
    let acme = world.acme_client().await;
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
        let (one, other) = (parent.get(path).await, acme.get(path).await);
        one.expect(200);
        assert_eq!(one.text, other.text, "{path}");
        world.nobody().get(path).await.expect(401);
    }
    for list in ["languages", "llms", "transcribers"] {
        let all = acme.get(&format!("/{list}")).await.expect(200);
        for id in ids(&all) {
            assert_eq!(acme.get(&format!("/{list}/{id}")).await.expect(200)["id"], id);
        }
        acme.get(&format!("/{list}/none")).await.expect(404);
    }
    let hindi = acme.get("/languages/lang_hi_in").await.expect(200);
    assert_eq!(hindi, json!({ "id": "lang_hi_in", "name": "Hindi (India)", "code": "hi-IN" }));
}

#[actix_web::test]
async fn voices_are_found_by_what_they_can() {
    let world = World::new().await;
    let client = world.acme_client().await;
    let page = client.get("/voices?language_id=lang_hi_in&gender=female&limit=3&page=2").await.expect(200);
    assert_eq!(page["voices"].as_array().unwrap().len(), 3);
    assert_eq!(page["totalPages"], (page["total"].as_i64().unwrap() + 2) / 3);
    let named = client.get("/voices?name=ANUSH").await.expect(200);
    assert_eq!(ids(&named["voices"]), ["voice_anushka"]);
    let speech = client.get("/voices?llm_id=llm_gemini_live").await.expect(200);
    assert!(ids(&speech["voices"]).iter().all(|id| id.starts_with("voice_s2s_")));
    let languages = client.get("/voices/voice_anushka/languages").await.expect(200);
    assert!(ids(&languages).contains(&"lang_ta_in"));
    for wrong in
        ["provider=nobody", "limit=51", "page=0", "language_id=xx", "llm_id=xx", "colour=red", "limit=x"]
    {
        client.get(&format!("/voices?{wrong}")).await.expect(400);
    }
    assert_eq!(client.get("/voices/accents?provider=sarvam").await.expect(200), json!(["indian"]));
    client.get("/voices/none/languages").await.expect(404);
    let sorted = client.get("/llms?sortBy=name&sortOrder=DESC&limit=2").await.expect(200);
    assert_eq!(ids(&sorted), ["llm_sarvam_m", "llm_llama_3_3_70b"]);
}
