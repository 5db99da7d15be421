//! API keys on the dashboard: shown once, followed, ended.

use futures_util::future::join_all;
use reqwest::StatusCode;

use crate::{
    browser::{Browser, Form, Page},
    chromium::{Chromium, Looks},
    world::{PASSWORD, World},
};

const OWNER: &str = "owner@northwind.example";
const ACME: &str = "owner@acme.example";

/// The address of the keys of the sub-account, on its own dashboard.
fn keys_of_acme(world: &World) -> String {
    format!("/accounts/{}/api-keys", world.northwind.sub_account)
}

/// The address of the keys of the sub-account, on the parent's pages.
fn keys_from_above(world: &World) -> String {
    let tenant = world.northwind;
    format!("/accounts/{}/sub-accounts/{}/api-keys", tenant.organization, tenant.sub_account)
}

async fn new_form(browser: &Browser, list: &str, name: &str) -> Form {
    browser.get(&format!("{list}/new")).await.form(list).with("name", name)
}

/// The text of the key that a page shows.
fn shown(page: &Page) -> Option<String> {
    let at = ["dnx_live_", "dnx_test_"].into_iter().find_map(|prefix| {
        page.body
            .match_indices(prefix)
            .map(|(at, _)| at)
            .find(|at| page.body[at + 9..].bytes().take_while(u8::is_ascii_alphanumeric).count() == 28)
    })?;
    Some(page.body[at..at + 37].to_owned())
}

async fn make(browser: &Browser, list: &str, name: &str) -> String {
    let page = browser.submit(&new_form(browser, list, name).await).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    shown(&page).unwrap_or_else(|| panic!("no key on the page: {}", page.text()))
}

/// The id of the key of this name, in the newest first order of the list.
async fn key_of(browser: &Browser, list: &str, name: &str) -> String {
    let page = browser.get(list).await;
    let html = scraper::Html::parse_document(&page.body);
    let links = scraper::Selector::parse("a.cell-link").unwrap();
    let link = html.select(&links).find(|link| link.text().collect::<String>() == name);
    let link = link.unwrap_or_else(|| panic!("no key {name}: {}", page.text()));
    link.value().attr("href").unwrap().rsplit('/').next().unwrap().to_owned()
}

/// All text that the databases hold.
fn dump(world: &World) -> String {
    use diesel::{Connection, PgConnection, RunQueryDsl, sql_query, sql_types::Text};
    #[derive(diesel::QueryableByName)]
    struct Name {
        #[diesel(sql_type = Text)]
        name: String,
    }
    let mut all = String::new();
    for (_, _, owner) in world.databases() {
        let mut connection = PgConnection::establish(&owner).unwrap();
        let tables = "SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n
            ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'r'";
        for table in sql_query(tables).load::<Name>(&mut connection).unwrap() {
            let rows = format!("SELECT coalesce(string_agg(t::text, ' '), '') AS name FROM {} t", table.name);
            all += &sql_query(rows).get_result::<Name>(&mut connection).unwrap().name;
        }
    }
    all
}

#[tokio::test]
async fn a_key_is_shown_once_and_no_database_holds_it() {
    let world = World::new().await;
    let browser = world.browser().signed_in(ACME).await;
    let list = keys_of_acme(&world);
    let form = new_form(&browser, &list, "CRM import").await;
    let page = browser.submit(&form).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    assert!(page.header("cache-control").contains("no-store"));
    let key = shown(&page).expect("the key is shown");
    assert!(key.starts_with("dnx_live_") && page.has("only time that the key is shown"));

    let again = browser.submit(&form).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(shown(&again), None);
    assert!(again.has("This key was made; its text was shown once"), "{}", again.text());
    assert_eq!(world.count("SELECT count(*) FROM api_keys"), 1);

    let listed = browser.get(&list).await;
    assert_eq!(shown(&listed), None);
    assert!(listed.has("CRM import") && listed.has(&format!("dnx_live_…{}", &key[33..])));
    assert!(listed.has("dnx_(live|test)_[0-9A-Za-z]{28}"), "the pattern for scanners");
    let everything = dump(&world);
    assert!(everything.contains("CRM import"), "the dump is one");
    assert!(!everything.contains(&key) && !everything.contains(&key[9..31]));
}

#[tokio::test]
async fn a_form_that_is_sent_many_times_makes_one_key() {
    let world = World::new().await;
    let browser = world.browser().signed_in(ACME).await;
    let form = new_form(&browser, &keys_of_acme(&world), "Once").await;
    let pages = join_all((0..8).map(|_| browser.submit(&form))).await;
    assert!(pages.iter().all(|page| page.status == StatusCode::OK));
    assert_eq!(pages.iter().filter_map(shown).count(), 1, "one answer shows it");
    assert_eq!(world.count("SELECT count(*) FROM api_keys"), 1);
    assert_eq!(world.count("SELECT count(*) FROM audit_entries WHERE action = 'api_key.created'"), 1);
    let other = browser.submit(&form.with("name", "Twice")).await;
    assert_eq!(other.status, StatusCode::CONFLICT, "the same key for something else is refused");
}

#[tokio::test]
async fn what_is_wrong_in_the_form_is_said_beside_it() {
    let world = World::new().await;
    let browser = world.browser().signed_in(ACME).await;
    let list = keys_of_acme(&world);
    let form = new_form(&browser, &list, " ").await.with("type", "real").with("lifetime", "7");
    let page = browser.submit(&form).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    for words in ["Give the key a name", "Choose live or test", "Choose how long the key is accepted"] {
        assert!(page.has(words), "{words}: {}", page.text());
    }
    let nothing = new_form(&browser, &list, "Kept").await.with("access", "chosen");
    let page = browser.submit(&nothing).await;
    assert!(page.has("Choose at least one thing that the key may do"), "{}", page.text());
    assert_eq!(page.input("name"), "Kept", "what was typed stays");
    let form = page.form(&list).with("scope", "sub_accounts:read");
    assert!(browser.submit(&form).await.has("A key of this account cannot have sub_accounts:read"));
    let form = page.form(&list).with("scope", "agents:read");
    assert!(shown(&browser.submit(&form).await).is_some());
    assert!(browser.get(&list).await.has("Agents: read"));
    assert_eq!(world.count("SELECT count(*) FROM api_keys WHERE scopes = '{agents:read}'"), 1);
}

#[tokio::test]
async fn a_key_of_a_workspace_has_what_fits_it() {
    let world = World::new().await;
    let browser = world.browser().signed_in(ACME).await;
    let list = keys_of_acme(&world);
    let new = browser.get(&format!("{list}/new")).await;
    let html = scraper::Html::parse_document(&new.body);
    let options = scraper::Selector::parse("#workspace_id option").unwrap();
    let workspace = html.select(&options).nth(1).unwrap().value().attr("value").unwrap().to_owned();
    let form = new.form(&list).with("name", "Staging").with("workspace_id", &workspace);
    assert!(shown(&browser.submit(&form).await).is_some());
    let expected = "SELECT count(*) FROM api_keys WHERE scopes = '{agents:write,numbers:write,calls:write}'
        AND workspace_id IS NOT NULL";
    assert_eq!(world.count(expected), 1);
    let other = world.browser().signed_in("owner@zenith.example").await;
    let elsewhere = format!("/accounts/{}/api-keys", world.southwind.sub_account);
    let form = new_form(&other, &elsewhere, "Foreign").await.with("workspace_id", &workspace);
    let page = other.submit(&form).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.has("This account has no such workspace"), "{}", page.text());
}

#[tokio::test]
async fn a_rotated_key_is_accepted_until_the_overlap_ends() {
    let world = World::new().await;
    let browser = world.browser().signed_in(ACME).await;
    let list = keys_of_acme(&world);
    let old = make(&browser, &list, "Dialer").await;
    world.force("UPDATE api_keys SET last_used_at = now() - interval '2 hours', last_used_ip = '192.0.2.7'");
    let href = format!("{list}/{}/rotate", key_of(&browser, &list, "Dialer").await);
    let page = browser.get(&href).await;
    assert!(page.has("2 h ago") && page.has("192.0.2.7"), "its last use is shown before: {}", page.text());
    let form = page.form(&href);
    assert_eq!(form.fields["overlap_hours"], "24");
    let rotated = browser.submit(&form).await;
    let new = shown(&rotated).expect("the new key is shown");
    assert_ne!(new, old);
    assert!(rotated.has("The key before") && rotated.has("2 h ago"), "{}", rotated.text());
    assert_eq!(shown(&browser.submit(&form).await), None, "once");
    assert_eq!(world.count("SELECT count(*) FROM api_keys"), 2);
    let ends = "SELECT count(*) FROM api_keys WHERE replaced_by IS NOT NULL
        AND expires_at BETWEEN now() + interval '23 hours 59 minutes' AND now() + interval '24 hours'";
    assert_eq!(world.count(ends), 1);
    let listed = browser.get(&list).await;
    assert!(listed.has("Retiring") && listed.has("In use"), "{}", listed.text());
    assert_eq!(browser.get(&href).await.status, StatusCode::CONFLICT, "it is followed already");
    assert_eq!(
        browser.submit(&form.clone().with("idempotency_key", "other")).await.status,
        StatusCode::CONFLICT
    );

    // Ended long ago, it stands behind the filter.
    world.force("UPDATE api_keys SET expires_at = now() - interval '31 days' WHERE replaced_by IS NOT NULL");
    let hint = format!("…{}", &old[33..]);
    assert!(!browser.get(&list).await.has(&hint));
    assert!(browser.get(&format!("{list}?show=all")).await.has(&hint));
}

#[tokio::test]
async fn revoking_says_what_stops_and_is_told_once() {
    let world = World::new().await;
    let browser = world.browser().signed_in(ACME).await;
    let list = keys_of_acme(&world);
    make(&browser, &list, "Old script").await;
    let href = format!("{list}/{}", key_of(&browser, &list, "Old script").await);
    let rename = browser.get(&href).await.form(&format!("{href}/rename")).with("name", "Night script");
    assert_eq!(browser.submit(&rename).await.location(), format!("{href}?done=renamed"));
    let revoke = format!("{href}/revoke");
    let page = browser.get(&revoke).await;
    assert!(page.has("Requests with the key that ends in") && page.has("It has never been used"));
    let form = page.form(&revoke);
    assert_eq!(browser.submit(&form).await.location(), format!("{list}?done=key-revoked"));
    assert_eq!(browser.submit(&form).await.status, StatusCode::SEE_OTHER, "again, it changes nothing");
    assert!(browser.get(&list).await.has("Revoked"));
    for action in ["api_key.renamed", "api_key.revoked"] {
        let told = format!("SELECT count(*) FROM audit_entries WHERE action = '{action}'");
        assert_eq!(world.count(&told), 1);
    }
    let log = browser.get(&format!("/accounts/{}/audit-log", world.northwind.sub_account)).await;
    assert!(log.has("revoked the API key Night script"), "{}", log.text());
}

#[tokio::test]
async fn a_hundred_keys_are_the_most() {
    let world = World::new().await;
    let browser = world.browser().signed_in(ACME).await;
    let list = keys_of_acme(&world);
    make(&browser, &list, "First").await;
    let href = format!("{list}/{}/rotate", key_of(&browser, &list, "First").await);
    world.force(
        "INSERT INTO api_keys (organization_id, account_id, api_key_id, name, mode, token_hash, token_hint)
         SELECT organization_id, account_id, gen_random_uuid(), 'Many', 'live', uuid_send(gen_random_uuid()), 'x'
         FROM api_keys, generate_series(1, 97)",
    );
    let mut forms = Vec::new();
    for name in ["A", "B", "C", "D", "E", "F"] {
        forms.push(new_form(&browser, &list, name).await);
    }
    let pages = join_all(forms.iter().map(|form| browser.submit(form))).await;
    assert_eq!(pages.iter().filter(|page| page.status == StatusCode::OK).count(), 2, "98 and 2 are 100");
    let refused = pages.iter().find(|page| page.status != StatusCode::OK).unwrap();
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.has("100 keys in use"), "{}", refused.text());
    // Without an overlap the old key makes room for the one that follows.
    let form = browser.get(&href).await.form(&href);
    assert_eq!(browser.submit(&form).await.status, StatusCode::CONFLICT);
    let form = browser.get(&href).await.form(&href).with("overlap_hours", "0");
    assert!(shown(&browser.submit(&form).await).is_some());
}

#[tokio::test]
async fn the_parent_makes_keys_and_is_not_named_in_the_sub_accounts_log() {
    let world = World::new().await;
    let parent = world.browser().signed_in(OWNER).await;
    let list = keys_from_above(&world);
    make(&parent, &list, "From above").await;
    assert!(parent.get(&list).await.has("From above"));
    let member = world.browser().signed_in(ACME).await;
    assert!(member.get(&keys_of_acme(&world)).await.has("From above"));
    let log = member.get(&format!("/accounts/{}/audit-log", world.northwind.sub_account)).await;
    assert!(log.has("Northwind Voice administrator created the live API key From above"), "{}", log.text());
    assert!(!log.body.contains("Asha Rao"), "a person of the parent is named");
    let above = parent.get(&format!("/accounts/{}/audit-log", world.northwind.organization)).await;
    assert!(above.has("Asha Rao created the live API key From above"), "{}", above.text());
    assert_eq!(member.get(&list).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn inside_by_access_dashboard_a_key_takes_the_password() {
    let world = World::new().await;
    let browser = world.browser().signed_in(OWNER).await;
    let page =
        format!("/accounts/{}/sub-accounts/{}", world.northwind.organization, world.northwind.sub_account);
    let enter = browser.get(&page).await.form(&format!("{page}/access"));
    browser.submit(&enter).await.location();
    let list = keys_of_acme(&world);
    let form = new_form(&browser, &list, "Inside").await;
    assert!(form.fields.contains_key("password"));
    let asked = browser.submit(&form).await;
    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(asked.has("Enter your password"), "{}", asked.text());
    for _ in 0..10 {
        let wrong = browser.submit(&form.clone().with("password", "not-this-one")).await;
        assert!(wrong.has("This is not your password"), "{}", wrong.text());
    }
    let held = browser.submit(&form.clone().with("password", PASSWORD)).await;
    assert_eq!(
        held.status,
        StatusCode::TOO_MANY_REQUESTS,
        "guesses are counted with those of the sign-in page"
    );
    assert!(!held.header("retry-after").is_empty());
    assert_eq!(world.count("SELECT count(*) FROM api_keys"), 0);

    // Who does not guess is let through: another browser of another person.
    let admin = world.browser().signed_in("admin@northwind.example").await;
    admin.submit(&admin.get(&page).await.form(&format!("{page}/access"))).await.location();
    let form = new_form(&admin, &list, "Inside").await.with("password", PASSWORD);
    assert!(shown(&admin.submit(&form).await).is_some());
    let entries =
        "SELECT count(*) FROM audit_entries WHERE action = 'api_key.created' AND delegation_id IS NOT NULL";
    assert_eq!(world.count(entries), 2, "in both logs, with the visit");
    assert!(!dump(&world).contains(PASSWORD));
    // A member of the account itself is not asked.
    let member = world.browser().signed_in(ACME).await;
    assert!(!new_form(&member, &list, "Own").await.fields.contains_key("password"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_copied_and_gone_with_its_page() {
    let world = World::new().await;
    let looks = Looks { width: 360, ..Looks::default() };
    let chromium = Chromium::open(looks).await;
    chromium.goto(&format!("{}/sign-in", world.base)).await;
    chromium.fill("email", ACME).await;
    chromium.fill("password", PASSWORD).await;
    chromium.press("Sign in").await;
    chromium.sees("Overview").await;
    let list = keys_of_acme(&world);
    chromium.goto(&format!("{}{list}", world.base)).await;
    chromium.press("Create API key").await;
    chromium.fill("name", "Journey").await;
    let hidden = chromium.run("return document.querySelector('.key-areas').offsetHeight;").await;
    assert_eq!(hidden, serde_json::json!(0), "rights one by one are out of the way");
    chromium.choose("access", "chosen").await;
    let shown = chromium.run("return document.querySelector('.key-areas').offsetHeight > 100;").await;
    assert_eq!(shown, serde_json::json!(true));
    let faults = chromium.axe().await;
    assert!(faults.is_empty(), "the form: {faults:?}");
    assert!(!chromium.scrolls_sideways().await);
    chromium.choose("access", "all").await;
    chromium.press("Create key").await;
    chromium.sees("This is the only time that the key is shown").await;
    let faults = chromium.axe().await;
    assert!(faults.is_empty(), "the key: {faults:?}");
    assert!(!chromium.scrolls_sideways().await);
    let field = chromium.run("return document.getElementById('new-key').value;").await;
    let key = field.as_str().unwrap().to_owned();
    assert!(key.starts_with("dnx_live_") && key.len() == 37);
    chromium.find("#new-key").await.click().await.unwrap();
    let selected = chromium
        .run("const f = document.getElementById('new-key'); return f.selectionEnd - f.selectionStart;")
        .await;
    assert_eq!(selected, serde_json::json!(37), "all of it is selected, to copy by hand");
    chromium.press("Copy key").await;
    let end = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    loop {
        let said = chromium.run("return document.getElementById('live').textContent;").await;
        if said == "Copied." {
            break;
        }
        assert!(tokio::time::Instant::now() < end, "nothing is announced but {said}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    // What was copied is the key: it can be pasted.
    chromium.press("Done: back to the keys").await;
    chromium.press("Journey").await;
    let name = chromium.find("[name=name]").await;
    name.clear().await.unwrap();
    name.send_keys("\u{e009}v\u{e000}").await.unwrap();
    assert_eq!(name.prop("value").await.unwrap().as_deref(), Some(key.as_str()));

    // Back to the page that showed it.
    chromium.run("history.go(-2);").await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let source = chromium
        .run("return document.documentElement.outerHTML + (document.getElementById('new-key')?.value ?? '');")
        .await;
    assert!(!source.as_str().unwrap_or_default().contains(&key), "Back shows the key again");
    assert_eq!(world.count("SELECT count(*) FROM api_keys"), 1);
    for (path, words) in [("", "API keys"), ("/new", "Create API key")] {
        chromium.goto(&format!("{}{list}{path}", world.base)).await;
        chromium.sees(words).await;
        let faults = chromium.axe().await;
        assert!(faults.is_empty(), "{path}: {faults:?}");
        assert!(!chromium.scrolls_sideways().await, "{path} scrolls sideways");
    }
    assert_eq!(chromium.complaints().await, Vec::<String>::new());
    chromium.close().await;
}
