//! What surrounds every page: headers, refusals, the way to sign in.

use dialnexa::routes::{Answers, ROUTES};
use reqwest::Method;

use crate::{
    browser::Page,
    world::{World, WorldOptions},
};

fn is_protected(page: &Page) {
    let policy = page.header("content-security-policy");
    assert_eq!(
        policy,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src \
         'self'; media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
    assert!(!page.header("referrer-policy").is_empty());
    assert_eq!(page.header("x-request-id").len(), 32);
    assert!(page.headers.get("server").is_none());
}

#[tokio::test]
async fn every_answer_is_protected_and_kept_out_of_caches() {
    let world = World::new().await;
    let browser = world.browser().signed_in("owner@northwind.example").await;
    let list = format!("/accounts/{}/sub-accounts", world.northwind.organization);
    for path in
        ["/", "/sign-in", "/accounts", "/sessions", "/nowhere", "/healthz", "/readyz", &list, "/accounts/x"]
    {
        let page = browser.get(path).await;
        is_protected(&page);
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
        assert_eq!(page.header("vary"), "HX-Request, Cookie", "{path}");
        assert!(page.headers.get("strict-transport-security").is_none());
    }
    let file = browser.get("/static/css/tokens.css").await;
    is_protected(&file);
    assert!(file.header("cache-control").starts_with("public"));
    assert!(!file.header("vary").contains("Cookie"));
    let head = browser.send(browser.request(Method::HEAD, "/sign-in")).await;
    assert_eq!(head.status.as_u16(), 303);
}

#[tokio::test]
async fn behind_https_cookies_cannot_be_planted() {
    let options =
        WorldOptions { public_url: Some("https://voice.example".into()), ..WorldOptions::default() };
    let world = World::with(options).await;
    let browser = world.browser();
    let page = browser.get("/sign-in").await;
    assert_eq!(page.header("strict-transport-security"), "max-age=31536000");
    let cookie = page.header("set-cookie").to_owned();
    assert!(cookie.starts_with("__Host-visitor=") && cookie.contains("; Secure"), "{cookie}");
    let form = page.form("/sign-in").with("email", "owner@northwind.example");
    let visitor = cookie.split(';').next().unwrap().to_owned();
    let request = browser
        .posting(&form.with("password", crate::world::PASSWORD))
        .header("Origin", "https://voice.example")
        .header("Cookie", visitor);
    let page = browser.send(request).await;
    let session = page.headers.get_all("set-cookie").iter().map(|c| c.to_str().unwrap());
    let session = session.into_iter().find(|c| c.starts_with("__Host-session=")).unwrap();
    assert!(session.contains("Secure") && !session.contains("Domain"), "{session}");
}

#[tokio::test]
async fn nobody_is_sent_to_sign_in_and_comes_back() {
    let world = World::new().await;
    let account = world.northwind.organization.to_string();
    let path_of = |path: &str| {
        path.replace("{account}", &account)
            .replace("{sub_account}", &world.northwind.sub_account.to_string())
            .replace("{session}", "ses_01kb0000000000000000000000")
            .replace("{certificate}", "del_01kb0000000000000000000000")
    };
    let browser = world.browser();
    for route in ROUTES.iter().filter(|route| route.answers != Answers::Anybody) {
        let path = path_of(route.path);
        let form = [("context", "x"), ("csrf_token", "x")];
        let request = browser.request(Method::from_bytes(route.method.as_str().as_bytes()).unwrap(), &path);
        let request = if route.method.as_str() == "GET" { request } else { request.form(&form) };
        let page = browser.send(request.header("Sec-Fetch-Site", "same-origin")).await;
        assert!(page.location().starts_with("/sign-in"), "{} {path}: {}", route.method, page.location());
    }
    let deep = format!("/accounts/{account}/sub-accounts?q=x");
    assert_eq!(
        browser.get(&deep).await.location(),
        format!("/sign-in?next=%2Faccounts%2F{account}%2Fsub-accounts%3Fq%3Dx")
    );
    let htmx = browser
        .request(Method::GET, &deep)
        .header("HX-Request", "true")
        .header("HX-Current-URL", format!("{}/accounts/{account}/sub-accounts", world.base));
    let page = browser.send(htmx).await;
    assert_eq!(page.status.as_u16(), 401);
    assert_eq!(page.header("hx-redirect"), format!("/sign-in?next=%2Faccounts%2F{account}%2Fsub-accounts"));
    let elsewhere = browser
        .request(Method::POST, "/sign-out")
        .header("Sec-Fetch-Site", "same-origin")
        .header("Referer", format!("{}/sessions", world.base));
    assert_eq!(browser.send(elsewhere).await.location(), "/sign-in?next=%2Fsessions");
}

#[tokio::test]
async fn foreign_accounts_are_no_different_from_none() {
    let world = World::new().await;
    let browser = world.browser().signed_in("owner@southwind.example").await;
    let none = dialnexa::values::OrganizationId::new();
    let pages = [
        browser.get(&format!("/accounts/{}/sub-accounts", world.northwind.organization)).await,
        browser.get(&format!("/accounts/{none}/sub-accounts")).await,
        browser.get("/accounts/no-id/sub-accounts").await,
        browser.get("/accounts/nowhere/at/all").await,
    ];
    for page in pages {
        assert_eq!(page.status.as_u16(), 404);
        assert!(page.has("There is nothing at this address, or you may not see it."));
        assert!(page.has(page.header("x-request-id")), "the number to tell support");
    }
}

#[tokio::test]
async fn each_refusal_says_what_it_takes() {
    let world = World::new().await;
    let list = format!("/accounts/{}/sub-accounts", world.northwind.organization);
    let viewer = world.browser().signed_in("viewer@northwind.example").await;
    let page = viewer.get(&list).await;
    assert_eq!(page.status.as_u16(), 403);
    assert!(page.has("managed by the Owner and the Org Admins"), "{}", page.text());
    world.force("UPDATE organizations SET sub_accounts_enabled = false");
    let owner = world.browser().signed_in("owner@northwind.example").await;
    let page = owner.get(&list).await;
    assert_eq!(page.status.as_u16(), 403);
    assert!(page.has("Sub-accounts are not enabled") && page.has("Enterprise"), "{}", page.text());
    let page =
        owner.send(owner.request(Method::DELETE, "/accounts").header("Sec-Fetch-Site", "same-origin")).await;
    assert_eq!(page.status.as_u16(), 405);
    assert!(page.header("allow").contains("GET"));
}

#[tokio::test]
async fn without_its_database_the_server_says_so_and_comes_back() {
    let world = World::new().await;
    let browser = world.browser().signed_in("owner@northwind.example").await;
    world.force("ALTER TABLE sessions RENAME TO sessions_away");
    let page = browser.get("/accounts").await;
    assert_eq!(page.status.as_u16(), 503);
    assert_eq!(page.header("retry-after"), "3");
    is_protected(&page);
    assert!(page.has("Too busy at the moment") && !page.body.contains("sessions_away"));
    assert_eq!(browser.get("/healthz").await.status.as_u16(), 200);
    world.force("ALTER TABLE sessions_away RENAME TO sessions");
    assert_eq!(browser.get("/accounts").await.status.as_u16(), 200);
}
