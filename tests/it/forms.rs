//! Forms are taken from the page they were shown on, and from nowhere else.

use reqwest::Method;

use crate::{browser::Form, world::World};

const OWNER: &str = "owner@northwind.example";

#[tokio::test]
async fn a_request_of_another_site_is_refused() {
    let world = World::new().await;
    let browser = world.browser().signed_in(OWNER).await;
    let form = browser.get("/accounts").await.form("/sign-out");
    for (name, value) in [
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Sec-Fetch-Site", "none"),
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("X-Nothing", "said"),
    ] {
        let page = browser.send(browser.posting(&form).header(name, value)).await;
        assert_eq!(page.status.as_u16(), 403, "{name}: {value}");
        assert!(page.has("nothing was changed"));
    }
    assert_eq!(browser.get("/accounts").await.status.as_u16(), 200, "still signed in");
    let origin = browser.posting(&form).header("Origin", &world.base);
    assert!(browser.send(origin).await.location().starts_with("/sign-in"));
}

#[tokio::test]
async fn a_form_without_this_sessions_token_is_refused() {
    let world = World::new().await;
    let browser = world.browser().signed_in(OWNER).await;
    let other = world.browser().signed_in(OWNER).await;
    let form = browser.get("/sessions").await.form("/sign-out");
    let foreign = other.get("/sessions").await.form("/sign-out");
    for wrong in [
        form.clone().without("csrf_token"),
        form.clone().with("csrf_token", ""),
        form.clone().with("context", "visitor"),
        foreign,
        world.browser().get("/sign-in").await.form("/sign-in").with_action("/sign-out"),
    ] {
        let page = browser.submit(&wrong).await;
        assert_eq!(page.status.as_u16(), 403, "{}", page.text());
        assert!(page.has("could not be verified") && page.has("Nothing was changed"));
    }
    let in_address = format!("/sign-out?csrf_token={}&context=person", form.fields["csrf_token"]);
    let page = browser.submit(&Form { action: in_address, ..Form::default() }).await;
    assert_eq!(page.status.as_u16(), 403);
    assert_eq!(browser.get("/accounts").await.status.as_u16(), 200, "still signed in");
}

#[tokio::test]
async fn signing_in_takes_the_form_that_this_browser_was_shown() {
    let world = World::new().await;
    let attacker = world.browser();
    let form = attacker.get("/sign-in").await.form("/sign-in");
    let form = form.with("email", OWNER).with("password", crate::world::PASSWORD);
    let victim = world.browser();
    assert_eq!(victim.submit(&form).await.status.as_u16(), 403, "no cookie");
    victim.get("/sign-in").await;
    assert_eq!(victim.submit(&form).await.status.as_u16(), 403, "another visitor's form");
    assert_eq!(attacker.submit(&form).await.status.as_u16(), 303);
}

#[tokio::test]
async fn a_form_of_one_account_is_refused_in_another_and_explained() {
    let world = World::new().await;
    let tenant = world.northwind;
    let browser = world.browser().signed_in(OWNER).await;
    let list = format!("/accounts/{}/sub-accounts", tenant.organization);
    let access = format!("{list}/{}/access", tenant.sub_account);
    let page = browser.get(&format!("{list}/{}", tenant.sub_account)).await;
    assert_eq!(page.status.as_u16(), 200, "{}", page.text());
    let personal = browser.get("/sessions").await.form("/sign-out").with_action(&access).with("reason", "");
    let refused = browser.submit(&personal).await;
    assert_eq!(refused.status.as_u16(), 409, "{}", refused.text());
    assert!(refused.has("Nothing was changed") && refused.has("Northwind Voice"), "{}", refused.text());
    assert_eq!(world.count("SELECT count(*) FROM delegations"), 0);
    let htmx =
        browser.posting(&personal).header("Sec-Fetch-Site", "same-origin").header("HX-Request", "true");
    let fragment = browser.send(htmx).await;
    assert_eq!(fragment.status.as_u16(), 409);
    assert!(!fragment.body.contains("<html") && fragment.body.contains("data-told"));
}

#[tokio::test]
async fn what_is_no_form_is_refused() {
    let world = World::new().await;
    let browser = world.browser().signed_in(OWNER).await;
    let post = |body: &str, kind: &str| {
        browser
            .request(Method::POST, "/sign-out")
            .header("Sec-Fetch-Site", "same-origin")
            .header("Content-Type", kind)
            .body(body.to_owned())
    };
    let json = browser.send(post("{}", "application/json")).await;
    assert_eq!(json.status.as_u16(), 415);
    assert_eq!(browser.send(post("a=b", "text/plain")).await.status.as_u16(), 415);
    let large = format!("a={}", "x".repeat(300 * 1024));
    let page = browser.send(post(&large, "application/x-www-form-urlencoded")).await;
    assert_eq!(page.status.as_u16(), 413);
    let form = browser.get("/sessions").await.form("/sign-out").with("role", "owner");
    assert_eq!(browser.submit(&form).await.status.as_u16(), 422, "an unknown field");
}
