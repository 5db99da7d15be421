//! Signing in and out, sessions, and guessing.

use std::net::IpAddr;

use reqwest::Method;

use crate::{
    browser::Browser,
    world::{PASSWORD, World},
};

const OWNER: &str = "owner@northwind.example";

fn cookie_of(page: &crate::browser::Page, name: &str) -> Option<String> {
    let cookies = page.headers.get_all("set-cookie");
    let found =
        cookies.iter().map(|value| value.to_str().unwrap()).find(|c| c.starts_with(&format!("{name}=")));
    found.map(|cookie| cookie.split(';').next().unwrap().to_owned())
}

#[tokio::test]
async fn the_right_password_opens_the_only_account_or_the_page_asked_for() {
    let world = World::new().await;
    let home = format!("/accounts/{}", world.northwind.organization);
    let page = world.browser().sign_in(" Owner@Northwind.Example ", PASSWORD).await;
    assert_eq!(page.location(), home);
    let wanted = format!("{home}/sub-accounts?q=a&page=2");
    let browser = world.browser();
    let sign_in = browser.get(&wanted).await.location().to_owned();
    let form = browser.get(&sign_in).await.form("/sign-in");
    let page = browser.submit(&form.with("email", OWNER).with("password", PASSWORD)).await;
    assert_eq!(page.location(), wanted);
    assert_eq!(browser.get("/sign-in").await.location(), "/", "who is signed in goes on");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_are_told_alike() {
    let world = World::new().await;
    let wrong = world.browser().sign_in(OWNER, "not the password").await;
    let unknown = world.browser().sign_in("nobody@northwind.example", "not the password").await;
    assert_eq!((wrong.status.as_u16(), unknown.status.as_u16()), (422, 422));
    assert_eq!(wrong.input("email"), OWNER, "what was typed stays");
    assert_eq!(wrong.input("password"), "", "but for the password");
    let plain = |page: &crate::browser::Page| {
        let text = page.text();
        text.replace(OWNER, "").replace("nobody@northwind.example", "")
    };
    assert_eq!(plain(&wrong), plain(&unknown));
    assert!(wrong.body.contains("<title>Error: Sign in"));
    let names = |page: &crate::browser::Page| {
        let mut names: Vec<String> = page.headers.keys().map(ToString::to_string).collect();
        names.sort();
        names
    };
    assert_eq!(names(&wrong), names(&unknown));
    for (email, password) in [("", ""), ("no address", "x"), (OWNER, "")] {
        let page = world.browser().sign_in(email, password).await;
        assert_eq!(page.status.as_u16(), 422);
        assert!(page.has("There is a problem"), "{}", page.text());
    }
    assert_eq!(world.count("SELECT count(*) FROM sessions"), 0);
}

#[tokio::test]
async fn only_paths_of_this_site_are_gone_to() {
    let world = World::new().await;
    for evil in ["//evil.example", "https://evil.example/", "/\\evil.example"] {
        let browser = world.browser();
        let form = browser.get("/sign-in").await.form("/sign-in").with("next", evil);
        let page = browser.submit(&form.with("email", OWNER).with("password", PASSWORD)).await;
        assert_eq!(page.location(), format!("/accounts/{}", world.northwind.organization));
    }
}

#[tokio::test]
async fn a_session_survives_a_restart_and_not_a_sign_out() {
    let mut world = World::new().await;
    let browser = world.browser();
    let first = browser.sign_in(OWNER, PASSWORD).await;
    let cookie = cookie_of(&first, "session").unwrap();
    assert!(first.headers.get_all("set-cookie").iter().any(|c| {
        let c = c.to_str().unwrap();
        c.starts_with("session=")
            && c.contains("HttpOnly")
            && c.contains("SameSite=Lax")
            && c.contains("Path=/")
    }));
    world.restart();
    let accounts = browser.get("/accounts").await;
    assert_eq!(accounts.status.as_u16(), 200);
    assert!(accounts.has("Northwind Voice") && !accounts.has("Acme") && !accounts.has("Southwind"));
    let out = browser.submit(&accounts.form("/sign-out")).await;
    assert!(out.location().starts_with("/sign-in"));
    assert_eq!(out.header("clear-site-data"), "\"cache\", \"storage\"");
    let replay = Browser::new(&world.base);
    let again = replay.request(Method::GET, "/accounts").header("Cookie", cookie);
    assert_eq!(replay.send(again).await.location(), "/sign-in?next=%2Faccounts");
    assert_eq!(world.count("SELECT count(*) FROM sessions"), 0);
}

#[tokio::test]
async fn a_key_is_stored_as_its_hash_alone() {
    let world = World::new().await;
    let browser = world.browser();
    let first = cookie_of(&browser.sign_in(OWNER, PASSWORD).await, "session").unwrap();
    let second = cookie_of(&world.browser().signed_in(OWNER).await.get("/accounts").await, "session");
    assert_eq!(second, None, "the key stays while nothing changes");
    let stored = world.count(&format!(
        "SELECT count(*) FROM sessions NATURAL JOIN session_keys WHERE state::text LIKE '%{}%' OR encode(key_hash, 'escape') LIKE '%{}%'",
        &first[8..], &first[8..]
    ));
    assert_eq!(stored, 0, "only a hash of the key is stored");
}

#[tokio::test]
async fn sessions_are_listed_and_ended_from_elsewhere() {
    let world = World::new().await;
    let (here, there) = (world.browser().signed_in(OWNER).await, world.browser().signed_in(OWNER).await);
    let stranger = world.browser().signed_in("owner@southwind.example").await;
    let page = here.get("/sessions").await;
    assert!(page.has("Firefox on Linux") && page.has("This browser") && page.has("127.0.0.1"));
    let end = page.actions().into_iter().find(|action| action.ends_with("/end")).unwrap();
    let own_form = stranger.get("/sessions").await.form("/sign-out");
    let foreign = crate::browser::Form { action: end.clone(), ..own_form };
    assert_eq!(stranger.submit(&foreign).await.status.as_u16(), 404);
    assert_eq!(here.submit(&page.form(&end)).await.location(), "/sessions?done=session-ended");
    assert!(there.get("/accounts").await.location().starts_with("/sign-in"));
    let others = [world.browser().signed_in(OWNER).await, world.browser().signed_in(OWNER).await];
    let page = here.get("/sessions").await;
    here.submit(&page.form("/sessions/end-others")).await;
    for other in others {
        assert!(other.get("/accounts").await.location().starts_with("/sign-in"));
    }
    assert_eq!(here.get("/sessions").await.status.as_u16(), 200);
    assert_eq!(stranger.get("/sessions").await.status.as_u16(), 200);
}

#[tokio::test]
async fn guessing_is_slowed_down_and_locks_nobody_out() {
    let world = World::new().await;
    let known = world.browser().signed_in(OWNER).await;
    let page = known.get("/accounts").await;
    known.submit(&page.form("/sign-out")).await;
    let attacker = world.browser();
    for _ in 0..10 {
        assert_eq!(attacker.sign_in(OWNER, "a wrong guess").await.status.as_u16(), 422);
    }
    let refused = attacker.sign_in(OWNER, PASSWORD).await;
    assert_eq!(refused.status.as_u16(), 429);
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
    assert!(refused.has("Too many attempts"));
    assert_eq!(refused.input("email"), OWNER);
    assert_eq!(attacker.sign_in("admin@northwind.example", PASSWORD).await.status.as_u16(), 303);
    known.signed_in(OWNER).await;
    let elsewhere = Browser::from_address(&world.base, IpAddr::from([127, 0, 0, 9]));
    elsewhere.signed_in(OWNER).await;
}

#[tokio::test]
async fn many_sign_ins_starve_no_other_page() {
    let world = World::new().await;
    let browser = world.browser();
    let form = browser.get("/sign-in").await.form("/sign-in").with("password", "a wrong guess");
    let mut tasks = Vec::new();
    for n in 0..80 {
        let (browser, form) = (browser.clone(), form.clone().with("email", &format!("p{n}@flood.example")));
        tasks.push(tokio::spawn(async move { browser.submit(&form).await.status.as_u16() }));
    }
    let mut slowest = std::time::Duration::ZERO;
    for _ in 0..20 {
        let since = std::time::Instant::now();
        assert_eq!(browser.get("/healthz").await.status.as_u16(), 200);
        slowest = slowest.max(since.elapsed());
    }
    assert!(slowest < std::time::Duration::from_secs(1), "{slowest:?}");
    for task in tasks {
        let status = task.await.unwrap();
        assert!(matches!(status, 422 | 429 | 503), "{status}");
    }
}

#[tokio::test]
async fn somebody_without_an_account_sees_an_empty_choice() {
    let world = World::new().await;
    world.person("New Person", "new@nowhere.example");
    let browser = world.browser();
    let page = browser.sign_in("new@nowhere.example", PASSWORD).await;
    assert_eq!(page.location(), "/accounts");
    assert_eq!(browser.get("/accounts").await.status.as_u16(), 200);
}

#[tokio::test]
async fn a_branded_person_reads_the_brand_and_nothing_else() {
    let world = World::new().await;
    let browser = world.browser().signed_in("owner@acme.example").await;
    let accounts = browser.get("/accounts").await;
    for path in ["/accounts", "/sessions", "/nowhere", "/accounts/org_x"] {
        let page = browser.get(path).await;
        assert!(page.has("Northwind Voice"), "{path}");
        assert!(!page.body.contains("DialNexa"), "{path}");
    }
    browser.submit(&accounts.form("/sign-out")).await;
    let page = browser.get("/sign-in").await;
    assert!(page.has("Northwind Voice") && !page.body.contains("DialNexa"));
    for (name, value) in &page.headers {
        assert!(!format!("{name}: {value:?}").to_lowercase().contains("dialnexa"));
    }
}
