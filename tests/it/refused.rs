//! What is refused before any page looks at it: unreadable text, and hosts that are none
//! of ours.

use dialnexa::routes::ROUTES;
use reqwest::Method;

use crate::world::{World, WorldOptions};

const OWNER: &str = "owner@northwind.example";

#[tokio::test]
async fn a_nul_in_an_address_is_refused_on_every_page() {
    let world = World::new().await;
    let tenant = world.northwind;
    let parent = world.browser().signed_in(OWNER).await;
    let member = world.browser().signed_in("owner@acme.example").await;
    for route in ROUTES.iter().filter(|route| route.method == "GET") {
        for (browser, account) in
            [(&parent, tenant.organization.to_string()), (&member, tenant.sub_account.to_string())]
        {
            let path = route
                .path
                .replace("{account}", &account)
                .replace("{sub_account}", &tenant.sub_account.to_string())
                .replace("{path:.*}", "css/base.css");
            for query in ["?q=%00", "?%00=a", "?q=a%00b&status=active", "?what=%00&from=%00&agent=%00"] {
                let page = browser.get(&format!("{path}{query}")).await;
                assert_eq!(page.status.as_u16(), 400, "{path}{query}: {}", page.text());
                assert!(!page.header("x-request-id").is_empty());
            }
            // As text it is a search for three characters.
            let page = browser.get(&format!("{path}?q=%2500%01%7f")).await;
            assert!(page.status.as_u16() < 500, "{path}: {}", page.text());
        }
    }
    assert_eq!(parent.get("/reset-password/a%00b").await.status.as_u16(), 400);
}

#[tokio::test]
async fn a_nul_in_a_form_is_refused() {
    let world = World::new().await;
    let tenant = world.northwind;
    let browser = world.browser().signed_in(OWNER).await;
    let list = format!("/accounts/{}/sub-accounts", tenant.organization);
    let page = browser.get(&format!("{list}/{}", tenant.sub_account)).await;
    let access = format!("{list}/{}/access", tenant.sub_account);
    let form = page.form(&access);
    for wrong in [form.clone().with("reason", "a\0b"), form.clone().with("a\0b", "reason")] {
        let page = browser.submit(&wrong).await;
        assert_eq!(page.status.as_u16(), 400, "{}", page.text());
        assert!(page.has("Nothing was changed"), "{}", page.text());
    }
    assert_eq!(world.count("SELECT count(*) FROM delegations"), 0);
    let visitor = world.browser();
    let form = visitor.get("/sign-in").await.form("/sign-in");
    let page = visitor.submit(&form.with("email", "a\0@acme.example").with("password", "x")).await;
    assert_eq!(page.status.as_u16(), 400);
}

#[tokio::test]
async fn a_host_that_is_none_of_ours_is_served_nothing() {
    let options =
        WorldOptions { public_url: Some("https://voice.example".into()), ..WorldOptions::default() };
    let world = World::with(options).await;
    let browser = world.browser();
    let port = world.base.rsplit(':').next().unwrap().to_owned();
    let get = |path: &str, host: &str| {
        let request = browser.request(Method::GET, path).header("Host", host);
        browser.send(request)
    };
    for host in ["evil.example", "a.voice.example", "voice.example.evil.example", "10.0.0.1", ""] {
        for path in ["/sign-in", "/", "/static/css/base.css", "/nowhere"] {
            let page = get(path, host).await;
            assert_eq!(page.status.as_u16(), 421, "{host}{path}");
            assert_eq!(page.header("cache-control"), "no-store");
            assert_eq!(page.header("set-cookie"), "");
            let all = format!("{}{:?}", page.body, page.headers).to_lowercase();
            for name in ["dialnexa", "voice", "northwind", "evil"] {
                assert!(!all.contains(name), "{name}: {all}");
            }
        }
        for path in ["/healthz", "/readyz"] {
            assert_eq!(get(path, host).await.status.as_u16(), 200, "{host}{path}");
        }
    }
    for host in ["voice.example", "localhost", &format!("127.0.0.1:{port}"), &format!("[::1]:{port}")] {
        assert_eq!(get("/sign-in", host).await.status.as_u16(), 200, "{host}");
    }
}

#[tokio::test]
async fn the_host_asked_is_no_origin_of_ours_unless_it_is_this_computer() {
    let options =
        WorldOptions { public_url: Some("https://voice.example".into()), ..WorldOptions::default() };
    let world = World::with(options).await;
    let browser = world.browser();
    let page = browser.get("/sign-in").await;
    let cookie = page.header("set-cookie").split(';').next().unwrap().to_owned();
    let form = page.form("/sign-in").with("email", OWNER).with("password", "wrong password");
    for (host, origin, status) in [
        ("voice.example", "https://voice.example", 422),
        ("localhost:8080", "http://localhost:8080", 422),
        ("localhost:8080", "http://localhost:3000", 403),
        ("voice.example", "http://voice.example", 403),
        ("voice.example:81", "https://voice.example:81", 403),
        ("evil.example", "https://evil.example", 421),
    ] {
        let request =
            browser.posting(&form).header("Cookie", &cookie).header("Host", host).header("Origin", origin);
        let answer = browser.send(request).await;
        assert_eq!(answer.status.as_u16(), status, "{host} {origin}: {}", answer.text());
    }
}

#[tokio::test]
async fn that_a_file_is_missing_is_not_kept() {
    let world = World::new().await;
    let browser = world.browser();
    let missing = browser.get("/static/nope").await;
    assert_eq!((missing.status.as_u16(), missing.header("cache-control")), (404, "no-store"));
    let wrong = browser.send(browser.request(Method::DELETE, "/static/css/base.css")).await;
    assert!(wrong.status.is_client_error());
    assert_eq!(wrong.header("cache-control"), "no-store");
    let there = browser.get("/static/css/base.css").await;
    assert_eq!((there.status.as_u16(), there.header("cache-control")), (200, "public, max-age=300"));
}
