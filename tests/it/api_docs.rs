//! The documentation of the API: whole, searchable, and with examples that work.

use std::{collections::BTreeMap, process::Stdio};

use dialnexa::{payment_providers::PaymentSettings, values::AccountId};
use reqwest::Method;
use scraper::{ElementRef, Html, Selector};
use serde_json::{Value, json};

use crate::{
    browser::Page,
    chromium::{Chromium, Looks},
    client::{Client, answer},
    isolation,
    telephony::answered_number,
    world::{World, WorldOptions},
};

const HOME: &str = "/docs/api";

fn selector(css: &str) -> Selector {
    Selector::parse(css).unwrap()
}

fn text_of(element: ElementRef<'_>) -> String {
    element.text().collect::<String>().trim().to_owned()
}

/// The addresses of all pages of the documentation, the first one first.
async fn pages(world: &World) -> Vec<String> {
    let home = world.browser().get(HOME).await;
    let html = Html::parse_document(&home.body);
    let links = selector(".side a");
    let links = html.select(&links).filter_map(|link| link.value().attr("href"));
    let pages: Vec<String> = links.map(str::to_owned).collect();
    assert!(pages.len() > 12 && pages[0] == HOME, "{pages:?}");
    pages
}

/// An operation as its page shows it.
#[derive(Debug, Clone)]
struct Shown {
    id: String,
    method: String,
    addresses: Vec<String>,
    command: String,
    variables: Vec<String>,
}

async fn shown(world: &World) -> Vec<Shown> {
    let mut all = Vec::new();
    for path in pages(world).await {
        let page = world.browser().get(&path).await;
        assert_eq!(page.status.as_u16(), 200, "{path}");
        let html = Html::parse_document(&page.body);
        for article in html.select(&selector("article")) {
            let texts = |css: &str| article.select(&selector(css)).map(text_of).collect::<Vec<_>>();
            let id = article.value().attr("id").unwrap().to_owned();
            let command = texts(&format!("#{id}-curl")).remove(0);
            let variables = texts("[data-variables] code");
            let method = texts(".doc-addresses .method").remove(0);
            all.push(Shown { id, method, addresses: texts(".doc-addresses code"), command, variables });
        }
    }
    all
}

async fn document(world: &World) -> Value {
    world.nobody().get("/openapi.json").await.expect(200)
}

#[tokio::test]
async fn every_operation_of_the_document_is_shown_once() {
    let world = World::new().await;
    let shown = shown(&world).await;
    let mut addresses: Vec<_> = shown
        .iter()
        .flat_map(|one| one.addresses.iter().map(|path| (one.method.clone(), path.clone())))
        .collect();
    let document = document(&world).await;
    let mut described: Vec<_> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone()))
        })
        .collect();
    addresses.sort();
    described.sort();
    assert_eq!(addresses, described);
    assert!(shown.iter().any(|one| one.addresses.len() == 3), "what has three addresses is told once");
    assert!(shown.iter().all(|one| !one.id.is_empty()));
}

#[tokio::test]
async fn the_document_refers_to_nothing_that_it_does_not_hold() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                let reference = fields.get("$ref").and_then(Value::as_str);
                found.extend(reference.map(str::to_owned));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let document = document(&World::new().await).await;
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 100);
    let missing: Vec<_> = found
        .iter()
        .filter(|reference| document.pointer(reference.strip_prefix('#').unwrap_or("/none")).is_none())
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// A way to pay that every server can have.
fn bank() -> PaymentSettings {
    PaymentSettings { bank_details: Some("IFSC HDFC0000001".to_owned()), ..PaymentSettings::default() }
}

/// What an example is run with.
struct Fixture<'w> {
    world: &'w World,
    document: &'w Value,
    parent: Client,
    child: Client,
}

impl Fixture<'_> {
    /// Whose key an example is for: what has three addresses is shown at the one of a
    /// sub-account's own key.
    fn client(&self, shown: &Shown) -> &Client {
        if shown.addresses.len() > 1 { &self.child } else { &self.parent }
    }

    /// An id for each variable, of a thing that is there.
    async fn variables(&self, shown: &Shown) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        // A webhook before the events that it is sent.
        let (events, others): (Vec<_>, Vec<_>) = shown.variables.iter().partition(|name| *name == "EVENT_ID");
        for name in others.into_iter().chain(events) {
            let id = match name.as_str() {
                "SUB_ACCOUNT_ID" => self.new_sub_account(name).await,
                "DELETION_ID" => {
                    let id = self.new_sub_account("DELETED").await;
                    let gone = self.parent.delete(&format!("/sub-accounts/{id}")).await.expect(202);
                    gone["deletion_id"].as_str().unwrap().to_owned()
                }
                "EVENT_ID" => {
                    let sent = format!("/user-webhooks/{}/test", found["WEBHOOK_ID"]);
                    let sent = answer(self.client(shown).request(Method::POST, &sent)).await.expect(202);
                    sent["event_id"].as_str().unwrap().to_owned()
                }
                // A call takes an agent with a number.
                "AGENT_ID" if shown.id == "createCall" => {
                    let tenant = self.world.northwind;
                    let account = tenant.sub_account.into();
                    let number = "+918047182200";
                    answered_number(self.world, tenant.organization, account, "india", number)
                        .await
                        .to_string()
                }
                _ => self.obtained(shown, name).await,
            };
            found.insert(name.clone(), id);
        }
        if shown.id.starts_with("reactivate") {
            let path = format!("/sub-accounts/{}/suspend", found["SUB_ACCOUNT_ID"]);
            answer(self.parent.request(Method::POST, &path)).await.expect(200);
        }
        found
    }

    async fn new_sub_account(&self, why: &str) -> String {
        let name = format!("{why} {}", self.world.count("SELECT count(*) FROM sub_accounts"));
        let new =
            json!({ "name": name, "billing_mode": "isolated", "region": "india", "concurrency_limit": 10 });
        let made = self.parent.post("/sub-accounts", new).await.expect(201);
        made["sub_account_id"].as_str().unwrap().to_owned()
    }

    /// The id of a thing of the collection in which the example's path names one: made as
    /// the document shows, or one that is there.
    async fn obtained(&self, shown: &Shown, variable: &str) -> String {
        let client = self.client(shown);
        let path = shown.addresses[0].as_str();
        let collection = path.split("/{").next().unwrap();
        let field = variable.to_lowercase();
        for maker in [collection.to_owned(), format!("{collection}/purchase")] {
            let post = &self.document["paths"][&maker]["post"];
            let example = &post["requestBody"]["content"]["application/json"]["example"];
            if example.is_object() {
                let mut body = example.clone();
                if let Some(email) = body.get_mut("email") {
                    *email = json!(format!("{}@example.com", shown.id.to_lowercase()));
                }
                if let Some(number) = body.get_mut("phoneNumber") {
                    // Each is sold once.
                    let bought = self.world.count("SELECT count(*) FROM number_inventory");
                    let fresh = format!("+9180471941{bought:02}");
                    self.world.stock(&[&fresh]).await;
                    *number = json!(fresh);
                }
                let made = client.post(maker.strip_prefix("/v1").unwrap(), body).await;
                if made.status.is_success() {
                    return id_in(&made.json(), &field).unwrap_or_else(|| panic!("{field}: {}", made.text));
                }
            }
        }
        let listed = client.get(collection.strip_prefix("/v1").unwrap()).await.expect(200);
        id_in(&listed, &field).unwrap_or_else(|| panic!("{}: no {field} in {listed}", shown.id))
    }
}

/// The id of the last thing in an answer that is nobody's owner.
fn id_in(answer: &Value, field: &str) -> Option<String> {
    match answer {
        Value::Object(fields) => {
            let id = fields.get(field).or_else(|| fields.get("id")).and_then(Value::as_str);
            let is_owner = fields.get("role").is_some_and(|role| role == "owner");
            let within = || fields.values().find_map(|value| id_in(value, field));
            id.filter(|_| !is_owner).map(str::to_owned).or_else(within)
        }
        Value::Array(items) => items.iter().rev().find_map(|item| id_in(item, field)),
        _ => None,
    }
}

/// Pastes a command into a shell; the status that it is answered with, and the body.
async fn run(
    world: &World,
    key: &str,
    command: &str,
    variables: &BTreeMap<String, String>,
) -> (String, String) {
    let script = format!("curl() {{ command curl -sS -w '\\n%{{http_code}}' \"$@\"; }}\n{command}\n");
    let output = tokio::process::Command::new("sh")
        .args(["-eu", "-c", &script])
        .env("DIALNEXA_URL", &world.base)
        .env("DIALNEXA_KEY", key)
        .envs(variables)
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{command}\n{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (body, status) = text.rsplit_once('\n').unwrap();
    (status.to_owned(), body.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_works_when_it_is_pasted_into_a_shell() {
    let world = World::with(WorldOptions { payments: bank(), ..WorldOptions::default() }).await;
    let tenant = world.northwind;
    world.pay_in(&tenant, AccountId::from(tenant.organization), 10_000_000).await;
    world.pay_in(&tenant, AccountId::from(tenant.sub_account), 10_000_000).await;
    world.force("UPDATE organizations SET total_concurrency = 100000");
    isolation::fill(&world, tenant.organization, tenant.sub_account.into()).await;
    world.stock(&["+918047193100"]).await;
    let document = document(&world).await;
    let fixture = Fixture {
        world: &world,
        document: &document,
        parent: world.parent_client(&tenant).await,
        child: world.sub_account_client(&tenant, tenant.sub_account).await,
    };
    let mut faults = Vec::new();
    let shown = shown(&world).await;
    for one in &shown {
        let variables = fixture.variables(one).await;
        let (status, body) = run(&world, fixture.client(one).key(), &one.command, &variables).await;
        if !status.starts_with('2') {
            faults.push(format!("{}: {status} {body}\n{}", one.id, one.command));
        }
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), shown.len(), faults.join("\n\n"));
}

fn operations_of(page: &Page) -> Vec<String> {
    let html = Html::parse_document(&page.body);
    html.select(&selector("#operations .doc-path")).map(text_of).collect()
}

#[tokio::test]
async fn operations_are_found_by_words() {
    let world = World::new().await;
    let browser = world.browser();
    let all = operations_of(&browser.get(HOME).await);
    let found = operations_of(&browser.get(&format!("{HOME}?q=RECHARGE+moves")).await);
    assert_eq!(found, ["/v1/sub-accounts/{sub_account_id}/wallet/recharge"]);
    // By a field of a body, and by an address that is not the one that is shown.
    for (words, path) in [("write_off", "{sub_account_id}"), ("/v1/organization/usage", "/v1/usage")] {
        let found = operations_of(&browser.get(&format!("{HOME}?q={words}")).await);
        assert!((1..all.len()).contains(&found.len()) && found[0].contains(path), "{words}: {found:?}");
    }
    let nothing = browser.get(&format!("{HOME}?q=%3Cb%3E+no+such+word")).await;
    assert!(operations_of(&nothing).is_empty() && nothing.has("No operation matches “<b> no such word”"));
    assert!(nothing.has("Clear filters"));

    let request = browser.request(Method::GET, &format!("{HOME}?q=recharge")).header("HX-Request", "true");
    let fragment = browser.send(request).await;
    assert!(fragment.body.trim_start().starts_with("<div id=\"operations\">"), "{}", fragment.body);
    assert_eq!(browser.get(&format!("{HOME}/nothing-of-this-name")).await.status.as_u16(), 404);
}

#[tokio::test]
async fn under_another_brand_nothing_names_the_platform_or_the_parent() {
    let world = World::new().await;
    let member = world.browser().signed_in("owner@acme.example").await;
    for path in pages(&world).await {
        let page = member.get(&path).await;
        let brand = Html::parse_document(&page.body)
            .select(&selector(".brand-name"))
            .next()
            .map(text_of)
            .unwrap_or_default();
        assert_eq!(brand, "Northwind Voice", "the brand of Acme’s people");
        let body = page.body.to_lowercase();
        assert!(!body.contains("dialnexa"), "{path} names the platform");
        for secret in ["southwind", "zenith"] {
            assert!(!body.contains(secret), "{path} names {secret}");
        }
    }
    assert!(world.browser().get(HOME).await.body.contains("DIALNEXA_URL"));
}

async fn pages_are_sound(looks: Looks) {
    let world = World::new().await;
    let chromium = Chromium::open(looks).await;
    let mut paths = pages(&world).await;
    paths.push(format!("{HOME}?q=nothing+like+this"));
    let mut faults = Vec::new();
    for path in paths {
        chromium.goto(&format!("{}{path}", world.base)).await;
        chromium
            .run("document.querySelectorAll('details.disclose').forEach((one) => { one.open = true; });")
            .await;
        faults.extend(chromium.axe().await.into_iter().map(|fault| format!("{path}: {fault}")));
        if chromium.scrolls_sideways().await {
            faults.push(format!("{path}: scrolls sideways"));
        }
        faults.extend(chromium.complaints().await.into_iter().map(|fault| format!("{path}: {fault}")));
        let theme = if looks.dark { "dark" } else { "light" };
        chromium.picture(&format!("docs{}-{}-{theme}", path.replace(['/', '?'], "-"), looks.width)).await;
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    chromium.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_the_documentation_are_sound_wide_and_light() {
    pages_are_sound(Looks::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_the_documentation_are_sound_narrow_and_dark() {
    pages_are_sound(Looks { width: 360, dark: true, ..Looks::default() }).await;
}
