//! Never one call over a limit, whoever asks and however many at once (`domain.md` 3,
//! `trust.md` R6).

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::json;

use crate::{
    client::Client,
    telephony::{Telephony, answered_number},
    world::{World, WorldOptions},
};

const NUMBER: &str = "+918047182200";

#[actix_web::test]
async fn a_thousand_at_once_on_a_limit_of_ten_admit_exactly_ten() {
    // On a slow machine a thousand take longer than a lease that nobody renews.
    let lease = Some(Duration::from_secs(600));
    let world = World::with(WorldOptions { lease, ..WorldOptions::default() }).await;
    let tenant = world.northwind;
    let account = tenant.sub_account.into();
    let agent = answered_number(&world, tenant.organization, account, "india", NUMBER).await;
    let engine = Telephony::of(&world, &["india"]).await;
    let program = world.sub_account_client(&tenant, tenant.sub_account).await;
    // Two servers that know of each other only by the database.
    let (base, _beside) = world.beside();
    let engines = [engine.clone(), Telephony::with(&base, &engine.key)];
    let programs = [program.clone(), Client::with(&base, Some(program.key()))];
    let wanted = json!({ "agent_id": agent, "phone_number": "+919876543210", "metadata": {} });
    let asked = join_all((0..1_000).map(|at| {
        let (engine, program) = (&engines[at / 2 % 2], &programs[at / 2 % 2]);
        let wanted = wanted.clone();
        async move {
            let reference = format!("call-{at}");
            loop {
                let answer = match at % 2 {
                    0 => engine.ask(NUMBER, &reference).await,
                    _ => program.post_once("/calls", &reference, wanted.clone()).await,
                };
                // So many at once may be too many for the pools: whoever hears that asks again.
                if answer.status != StatusCode::SERVICE_UNAVAILABLE {
                    return answer;
                }
                actix_web::rt::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }))
    .await;
    let admitted = asked.iter().filter(|answer| answer.status == StatusCode::CREATED).count();
    assert_eq!(admitted, 10);
    let refused: Vec<_> = asked.iter().filter(|answer| answer.status != StatusCode::CREATED).collect();
    for answer in refused {
        assert_eq!(answer.expect(409)["code"], "concurrency_limit_reached");
    }
    let live = "SELECT count(*)::integer AS n FROM slots WHERE reclaimed_at IS NULL";
    assert_eq!(world.count(live), 10);
    assert_eq!(
        world.count("SELECT slots_in_use AS n FROM sub_accounts WHERE name = 'Acme Corp'"),
        10,
        "what is in use is what rows say"
    );
    assert_eq!(
        world.count("SELECT sum(refused)::integer AS n FROM refusals WHERE at_limit = 10"),
        990,
        "every refusal is counted with the limit"
    );
    let calls = program.get("/calls").await.expect(200);
    assert_eq!(calls.as_array().unwrap().len(), 10, "what was refused left no record");
}
