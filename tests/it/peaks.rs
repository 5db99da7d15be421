//! How full an account was: the most calls at once, and what was refused by which limit.

use reqwest::Method;
use serde_json::json;

use crate::{
    telephony::{Telephony, answered_number},
    world::World,
};

const NUMBER: &str = "+918047182200";

#[tokio::test]
async fn peaks_and_refusals_are_shown_with_the_limit_that_refused() {
    let world = World::new().await;
    let tenant = world.northwind;
    let (organization, acme) = (tenant.organization, tenant.sub_account);
    let limit = |limit: i32| {
        world.force(&format!(
            "UPDATE sub_accounts SET concurrency_limit = {limit} WHERE sub_account_id = '{}'",
            acme.uuid()
        ));
    };
    answered_number(&world, organization, acme.into(), "india", NUMBER).await;
    let engine = Telephony::of(&world, &["india"]).await;
    limit(2);
    let first = engine.admitted(NUMBER, "1").await;
    engine.admitted(NUMBER, "2").await;
    for reference in ["3", "4", "5"] {
        engine.ask(NUMBER, reference).await.expect(409);
    }
    engine.miss(&first).await;
    limit(1);
    engine.ask(NUMBER, "6").await.expect(409);
    // Days ago it was suspended.
    world.force(&format!(
        "INSERT INTO refusals (organization_id, account_id, day, code, at_limit, refused)
         SELECT organization_id, sub_account_id, current_date - 5, 'sub_account_suspended', -1, 7
         FROM sub_accounts WHERE sub_account_id = '{}'",
        acme.uuid()
    ));

    let program = world.sub_account_client(&tenant, acme).await;
    let usage = program.get("/usage?days=7").await.expect(200);
    let days = usage["days"].as_array().unwrap();
    let today = days.last().unwrap();
    assert_eq!((&today["peak_in_use"], &today["refused"]), (&json!(2), &json!(4)), "{today}");
    let refused = |limit: i32, refused: i32| json!({ "code": "concurrency_limit_reached", "at_limit": limit, "refused": refused });
    assert_eq!(today["refusals"], json!([refused(2, 3), refused(1, 1)]));
    let suspended = days.iter().find(|day| day["refused"] == 7).unwrap();
    assert_eq!(suspended["refusals"][0]["at_limit"], json!(null), "{suspended}");
    let parent = world.parent_client(&tenant).await;
    let beneath = parent.get(&format!("/sub-accounts/{acme}/usage?days=7")).await.expect(200);
    assert_eq!(beneath["days"].as_array().unwrap().last().unwrap()["refusals"], today["refusals"]);
    let own = parent.request(Method::GET, "/organization/usage");
    let own = crate::client::answer(own).await.expect(200);
    assert!(own["days"].as_array().unwrap().iter().all(|day| day["refused"] == 0 && day["peak_in_use"] == 0));

    let above = world.browser().signed_in("owner@northwind.example").await;
    let inside = world.browser().signed_in("viewer@acme.example").await;
    for (browser, path) in [
        (above, format!("/accounts/{organization}/sub-accounts/{acme}")),
        (inside, format!("/accounts/{acme}")),
    ] {
        let page = browser.get(&path).await;
        for words in [
            "Most calls at once per day",
            "The limit is 1 at once now.",
            "Refused calls per day",
            "At the limit While suspended",
            "2 at once: 3, 1 at once: 1",
        ] {
            assert!(page.has(words), "{path} does not say “{words}”: {}", page.text());
        }
        assert!(page.body.contains("2 calls at most, on "), "{path}");
        assert!(page.body.contains("11 calls in total"), "{path}");
    }
    let empty = world.browser().signed_in("owner@southwind.example").await;
    let page = empty.get(&format!("/accounts/{}", world.southwind.organization)).await;
    assert!(page.has("No call was refused"), "{}", page.text());
}
