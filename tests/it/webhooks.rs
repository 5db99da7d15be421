//! Webhooks, from the page where they are added to the receiver and back to the log
//! (`domain.md` 6.7; `trust.md` S12, R9, R10).

use std::{collections::BTreeSet, time::Duration};

use dialnexa::{
    access::permission::{Administer, ManageSubAccounts},
    domain::{
        sub_accounts::{SubAccountName, lifecycle},
        webhooks::{
            endpoints,
            input::{CheckedEndpoint, EndpointInput},
        },
    },
    values::{AccountId, EventId, OrganizationId, PrivateTargets, SubAccountId, WebhookId},
};
use scraper::{Html, Selector};
use serde_json::json;

use crate::{
    browser::{Browser, Page},
    post_office::{PostOffice, eventually},
    receiver::Receiver,
    world::{Tenant, World, WorldOptions},
};

const OWNER: &str = "owner@northwind.example";
const ACME: &str = "owner@acme.example";
/// Everything is due at once.
const DUE: &str = "UPDATE webhook_deliveries SET due_at = now() WHERE due_at IS NOT NULL;
    UPDATE webhook_endpoints SET due_at = now()";

impl World {
    /// A webhook that wants everything, and a test event for it.
    pub async fn webhook(
        &self,
        organization: OrganizationId,
        account: AccountId,
        url: &str,
    ) -> (WebhookId, EventId) {
        let id = self.endpoint(organization, account, url).await;
        let scope = self
            .access
            .scope_of_job::<Administer>("test", organization, account, "india".parse().unwrap())
            .unwrap();
        (id, scope.write(move |tx| endpoints::test(tx, id)).await.unwrap())
    }

    async fn endpoint(&self, organization: OrganizationId, account: AccountId, url: &str) -> WebhookId {
        let scope = self
            .access
            .scope_of_job::<Administer>("test", organization, account, "india".parse().unwrap())
            .unwrap();
        let input = EndpointInput { url: Some(url.to_owned()), ..EndpointInput::default() };
        let new = CheckedEndpoint::check(&input, &local()).unwrap();
        let sealer = self.sealer();
        scope.write(move |tx| endpoints::create(tx, &new, &sealer)).await.unwrap()
    }

    /// Something happens to a sub-account.
    async fn rename(&self, tenant: &Tenant, id: SubAccountId, to: &str) {
        let scope = self
            .access
            .scope_of_member::<ManageSubAccounts>(tenant.owner, tenant.organization.into())
            .await
            .unwrap();
        let name = SubAccountName::parse(to).unwrap();
        scope.write(move |tx| lifecycle::rename(tx, id, None, &name)).await.unwrap();
    }
}

fn local() -> PrivateTargets {
    "127.0.0.0/8".parse().unwrap()
}

async fn world() -> World {
    World::with(WorldOptions { webhook_private_targets: local(), ..WorldOptions::default() }).await
}

fn secret(page: &Page) -> String {
    let html = Html::parse_document(&page.body);
    let secret = html.select(&Selector::parse("#secret").unwrap()).next();
    secret.unwrap_or_else(|| panic!("no secret: {}", page.text())).text().collect()
}

/// Adds a webhook by its form; gives its page's address and its secret.
async fn add(browser: &Browser, account: impl Into<AccountId>, url: &str) -> (String, String) {
    let list = format!("/accounts/{}/webhooks", account.into());
    let form = browser.get(&format!("{list}/new")).await.form(&list);
    let page = browser.submit(&form.with("url", url)).await;
    assert_eq!(page.status.as_u16(), 200, "{}", page.text());
    let html = Html::parse_document(&page.body);
    let next = html.select(&Selector::parse(".card-foot a").unwrap()).next().unwrap();
    (next.value().attr("href").unwrap().to_owned(), secret(&page))
}

/// Sends the form of a page's button.
async fn press(browser: &Browser, page: &str, action: &str) -> Page {
    browser.submit(&browser.get(page).await.form(&format!("{page}/{action}"))).await
}

#[tokio::test]
async fn what_happens_is_told_signed_to_each_side_for_itself() {
    let world = world().await;
    let tenant = world.northwind;
    let (parent, acme, sibling) = (Receiver::open(), Receiver::open(), Receiver::open());
    let owner = world.browser().signed_in(OWNER).await;
    let (_, parents_secret) = add(&owner, tenant.organization, &parent.url).await;
    let (_, acmes_secret) = add(&world.browser().signed_in(ACME).await, tenant.sub_account, &acme.url).await;
    let other = world.sub_account(tenant.organization, tenant.owner, "Sibling Ltd").await;
    world.endpoint(tenant.organization, other.into(), &sibling.url).await;

    world.rename(&tenant, tenant.sub_account, "Acme Renamed").await;
    let at_acme = acme.wait_for(1).await.remove(0);
    assert!(at_acme.id().starts_with("evt_"));
    assert_eq!(at_acme.signatures(), BTreeSet::from([at_acme.signature(&acmes_secret)]));
    let told = at_acme.json();
    assert_eq!(told["type"], "sub_account.updated");
    assert_eq!(told["data"]["changes"]["name"]["after"], "Acme Renamed");
    assert_eq!(told["data"]["sub_account_id"], tenant.sub_account.to_string());
    assert!(told["timestamp"].as_str().unwrap().ends_with('Z'));
    for text in [&at_acme.body, &format!("{:?}", at_acme.headers)] {
        for hidden in ["Northwind", "DialNexa", "dialnexa", "Sibling", &tenant.organization.to_string()] {
            assert!(!text.contains(hidden), "{hidden} in {text}");
        }
    }

    let at_parent = parent.wait_for(2).await;
    let kinds: Vec<_> = at_parent.iter().map(|received| received.kind()).collect();
    assert_eq!(kinds, ["sub_account.created", "sub_account.updated"]);
    assert!(at_parent[0].id() < at_parent[1].id(), "ids are in order");
    assert_ne!(at_parent[1].id(), at_acme.id(), "each side has an event of its own");
    assert_eq!(at_parent[1].signatures(), BTreeSet::from([at_parent[1].signature(&parents_secret)]));
    assert!(sibling.received().is_empty(), "a sibling was told");
    assert_eq!(acme.received().len(), 1);
    assert_eq!(world.count("SELECT count(*) FROM webhook_deliveries WHERE status <> 'delivered'"), 0);
}

#[tokio::test]
async fn what_fails_is_sent_again_under_the_same_id() {
    let world = world().await;
    let tenant = world.northwind;
    let receiver = Receiver::open();
    receiver.answer(&["500 Internal Server Error"]);
    let browser = world.browser().signed_in(ACME).await;
    let (page, secret) = add(&browser, tenant.sub_account, &receiver.url).await;
    assert!(press(&browser, &page, "test").await.location().contains("done=webhook-test"));
    let first = receiver.wait_for(1).await.remove(0);
    // By itself, after the first pause of five seconds and its chance.
    let second = receiver.wait_for(2).await.remove(1);
    assert_eq!((first.id(), &first.body), (second.id(), &second.body));
    assert_eq!(second.signatures(), BTreeSet::from([second.signature(&secret)]));
    let delivered = "SELECT count(*) FROM webhook_deliveries WHERE status = 'delivered'";
    eventually("it is noted", || (world.count(delivered) == 1).then_some(())).await;
    let log = browser.get(&format!("{page}/deliveries/{}", first.id())).await;
    assert!(
        log.has("500") && log.has("204") && log.has("Delivered") && log.has("webhook.test"),
        "{}",
        log.text()
    );

    // And by a click, once more.
    let again = browser.submit(&log.form(&format!("{page}/deliveries/{}/redeliver", first.id()))).await;
    assert!(again.location().contains("done=webhook-again"));
    assert_eq!(receiver.wait_for(3).await[2].id(), first.id());
    let attempts = "SELECT count(*) FROM webhook_attempts WHERE attempt = 3";
    eventually("it is noted", || (world.count(attempts) == 1).then_some(())).await;
}

#[tokio::test]
async fn a_stop_between_commit_and_sending_loses_nothing() {
    let mut world = world().await;
    let tenant = world.northwind;
    let receiver = Receiver::open();
    world.endpoint(tenant.organization, tenant.organization.into(), &receiver.url).await;
    world.stop();
    world.rename(&tenant, tenant.sub_account, "While nobody works").await;
    // A worker took it and died: its claim runs out.
    world.force("UPDATE webhook_endpoints SET claimed_until = now() + interval '4 seconds'");
    world.restart();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert!(receiver.received().is_empty(), "a claim was not respected");
    let received = receiver.wait_for(1).await;
    assert_eq!(received[0].json()["data"]["changes"]["name"]["after"], "While nobody works");
}

#[tokio::test]
async fn two_servers_send_each_event_once() {
    let world = world().await;
    let tenant = world.northwind;
    let (_, _beside) = world.beside();
    let receivers = [Receiver::open(), Receiver::open()];
    for receiver in &receivers {
        world.endpoint(tenant.organization, tenant.organization.into(), &receiver.url).await;
    }
    for at in 0..15 {
        world.rename(&tenant, tenant.sub_account, &format!("Name {at}")).await;
    }
    let waiting = "SELECT count(*) FROM webhook_deliveries WHERE status = 'pending'";
    eventually("all is sent", || (world.count(waiting) == 0).then_some(())).await;
    for receiver in &receivers {
        let received = receiver.received();
        let ids: Vec<_> = received.iter().map(|received| received.id().to_owned()).collect();
        let mut sorted = ids.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!((ids.len(), &ids), (15, &sorted), "once each, in order");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_no_private_address_is_reached() {
    let world = world().await;
    let tenant = world.northwind;
    let (receiver, inside) = (Receiver::open(), Receiver::open());
    receiver.answer(&[
        &format!("302 Found\r\nLocation: {}", inside.url),
        "302 Found\r\nLocation: http://169.254.169.254/latest/meta-data",
    ]);
    let browser = world.browser().signed_in(ACME).await;
    let (page, _) = add(&browser, tenant.sub_account, &receiver.url).await;
    press(&browser, &page, "test").await.location();
    receiver.wait_for(1).await;
    world.force(DUE);
    receiver.wait_for(2).await;
    let words = "SELECT count(*) FROM webhook_attempts WHERE status = 302 AND error = 'redirected'";
    eventually("it is noted", || (world.count(words) == 2).then_some(())).await;
    assert!(inside.received().is_empty());

    // A name that leads to this machine: refused at each attempt, and the log says so.
    let (page, _) = add(&browser, tenant.sub_account, "https://localhost:8443/").await;
    world
        .force("UPDATE webhook_endpoints SET url = 'http://10.255.0.1/' WHERE url LIKE 'https://localhost%'");
    press(&browser, &page, "test").await.location();
    let refused = "SELECT count(*) FROM webhook_attempts WHERE error = 'address_refused' AND status IS NULL";
    eventually("it is refused", || (world.count(refused) == 1).then_some(())).await;
    assert!(browser.get(&page).await.has("Not sent: the address is not a public one"));
}

#[tokio::test]
async fn a_form_refuses_what_is_not_public_and_keeps_what_was_typed() {
    let world = World::new().await;
    let tenant = world.northwind;
    let browser = world.browser().signed_in(ACME).await;
    let list = format!("/accounts/{}/webhooks", tenant.sub_account);
    let form = browser.get(&format!("{list}/new")).await.form(&list);
    for (url, rule) in [
        ("http://example.com/", "must begin with https://"),
        ("https://127.0.0.1/", "private network"),
        ("https://[::ffff:127.0.0.1]/", "private network"),
        ("https://169.254.169.254/latest", "private network"),
        ("https://example.com:22/", "must be 443 or 8443"),
        ("nowhere", "Enter an address"),
    ] {
        let filled =
            form.clone().with("url", url).with("description", "Kept text").with("events", "call.ended");
        let page = browser.submit(&filled).await;
        assert_eq!(page.status.as_u16(), 422, "{url}");
        assert!(page.has(rule), "{url}: {}", page.text());
        assert_eq!((page.input("url"), page.input("description")), (url.into(), "Kept text".into()));
        assert_eq!(page.form(&list).fields["events"], "call.ended");
    }
    assert_eq!(world.count("SELECT count(*) FROM webhook_endpoints"), 0);
    // Twenty, and no more; the same form twice is one.
    let good = form.clone().with("url", "https://example.com/");
    browser.submit(&good).await;
    assert_eq!(browser.submit(&good).await.status.as_u16(), 200);
    assert_eq!(world.count("SELECT count(*) FROM webhook_endpoints"), 1);
    for _ in 1..20 {
        add(&browser, tenant.sub_account, "https://example.com/").await;
    }
    let page =
        browser.submit(&form.with("idempotency_key", "another").with("url", "https://example.com/")).await;
    assert_eq!(page.status.as_u16(), 409);
    assert!(page.has("An account can have 20 webhooks"), "{}", page.text());
    // A secret is kept sealed, and shown by no page again.
    assert_eq!(
        world.count("SELECT count(*) FROM webhook_endpoints WHERE encode(secret, 'escape') LIKE '%whsec%'"),
        0
    );
    assert!(!browser.get(&list).await.body.contains("whsec"));
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_switched_off_and_the_owner_told_by_the_brand_alone() {
    let office = PostOffice::open(0);
    let world = World::with(WorldOptions {
        webhook_private_targets: local(),
        smtp_url: Some(office.url.clone()),
        ..WorldOptions::default()
    })
    .await;
    let tenant = world.northwind;
    world.force("UPDATE brands SET product_name = 'Voice Desk'");
    let receiver = Receiver::open();
    receiver.answer(&["410 Gone"]);
    let browser = world.browser().signed_in(ACME).await;
    let (page, _) = add(&browser, tenant.sub_account, &receiver.url).await;
    press(&browser, &page, "test").await.location();
    let letter = office.wait_for(1).await.remove(0);
    assert!(letter.contains("owner@acme.example") && letter.contains("Voice Desk"), "{letter}");
    assert!(letter.contains(&page) && letter.contains(&receiver.url), "{letter}");
    assert!(!letter.contains("DialNexa") && !letter.contains("Northwind"), "{letter}");
    let shown = browser.get(&page).await;
    assert!(shown.has("Switched off") && shown.has("answered 410 Gone"), "{}", shown.text());
    world.rename(&tenant, tenant.sub_account, "Not told").await;
    assert_eq!(world.count("SELECT count(*) FROM webhook_deliveries"), 1);

    // Switched on again, what failed is sent again by one click.
    press(&browser, &page, "enable").await.location();
    let shown = browser.get(&page).await;
    let again = browser.submit(&shown.form(&format!("{page}/redeliver"))).await;
    assert!(again.location().contains("done=webhook-again"));
    assert_eq!(receiver.wait_for(2).await[1].kind(), "webhook.test");
    assert_eq!(office.letters().len(), 1, "told once");
}

#[tokio::test]
async fn a_receiver_that_fails_for_days_is_switched_off() {
    let office = PostOffice::open(0);
    let world = World::with(WorldOptions {
        webhook_private_targets: local(),
        smtp_url: Some(office.url.clone()),
        ..WorldOptions::default()
    })
    .await;
    let tenant = world.northwind;
    let receiver = Receiver::open();
    receiver.answer(&["503 Busy"; 5]);
    let browser = world.browser().signed_in(OWNER).await;
    let (page, _) = add(&browser, tenant.organization, &receiver.url).await;
    press(&browser, &page, "test").await.location();
    let failed = |n: i32| {
        let world = &world;
        async move {
            let failures = "SELECT coalesce(max(failures), 0) FROM webhook_endpoints";
            eventually("a failure is noted", || (world.count(failures) == n).then_some(())).await;
        }
    };
    receiver.wait_for(1).await;
    failed(1).await;
    // Long, and not often enough; then both.
    world.force("UPDATE webhook_endpoints SET failing_since = now() - interval '4 days'");
    world.force(DUE);
    failed(2).await;
    assert_eq!(world.count("SELECT count(*) FROM webhook_endpoints WHERE active"), 1);
    world.force("UPDATE webhook_endpoints SET failures = 9");
    world.force(DUE);
    let letter = office.wait_for(1).await.remove(0);
    assert!(letter.contains(OWNER) && letter.contains("for three days"), "{letter}");
    assert!(browser.get(&page).await.has("succeeded for three days, so this webhook was switched off"));
}

#[tokio::test]
async fn both_secrets_sign_after_a_rotation() {
    let world = world().await;
    let tenant = world.northwind;
    let receiver = Receiver::open();
    let browser = world.browser().signed_in(ACME).await;
    let (page, former) = add(&browser, tenant.sub_account, &receiver.url).await;
    let rotated = secret(&press(&browser, &page, "rotate").await);
    assert_ne!(former, rotated);
    press(&browser, &page, "test").await.location();
    let received = receiver.wait_for(1).await.remove(0);
    let both = BTreeSet::from([received.signature(&rotated), received.signature(&former)]);
    assert_eq!(received.signatures(), both);
    world.force("UPDATE webhook_endpoints SET former_retires_at = now() - interval '1 second'");
    press(&browser, &page, "test").await.location();
    let received = receiver.wait_for(2).await.remove(1);
    assert_eq!(received.signatures(), BTreeSet::from([received.signature(&rotated)]));
}

#[tokio::test]
async fn a_suspended_account_is_told_nothing_and_a_deleted_one_leaves_nothing() {
    let world = world().await;
    let tenant = world.northwind;
    let receiver = Receiver::open();
    let browser = world.browser().signed_in(ACME).await;
    let (page, _) = add(&browser, tenant.sub_account, &receiver.url).await;
    let owner = world.browser().signed_in(OWNER).await;
    let base = format!("/accounts/{}/sub-accounts/{}", tenant.organization, tenant.sub_account);
    press_at(&owner, &format!("{base}/suspend")).await;
    press(&browser, &page, "test").await.location();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(receiver.received().is_empty(), "a suspended account was told");
    press_at(&owner, &format!("{base}/reactivate")).await;
    world.force(DUE);
    let kinds: Vec<_> = receiver.wait_for(3).await.iter().map(|r| r.kind()).collect();
    assert_eq!(kinds, ["sub_account.suspended", "webhook.test", "sub_account.reactivated"]);

    let form = owner.get(&format!("{base}/delete")).await.form(&format!("{base}/delete"));
    owner.submit(&form.with("name", "Acme Corp")).await.location();
    let left = "SELECT (SELECT count(*) FROM webhook_endpoints) + (SELECT count(*) FROM webhook_events)
        + (SELECT count(*) FROM webhook_deliveries) + (SELECT count(*) FROM webhook_attempts)";
    eventually("all is erased", || (world.count(left) == 0).then_some(())).await;
    let counted = "SELECT (erased->>'webhooks')::integer FROM deletion_certificates";
    eventually("it is counted", || (world.count(counted) == 1).then_some(())).await;
    assert_eq!(receiver.received().len(), 3);
}

/// Opens a page that asks, and confirms it.
async fn press_at(browser: &Browser, page: &str) {
    browser.submit(&browser.get(page).await.form(page)).await.location();
}

#[tokio::test]
async fn the_published_addresses_work_and_one_account_sees_nothing_of_another() {
    let world = world().await;
    let tenant = world.northwind;
    let client = world.sub_account_client(&tenant, tenant.sub_account).await;
    // As published.
    let body = json!({
        "url": "https://example.com/dialnexa/webhook", "events": ["call.completed"], "is_active": true,
        "secret": "replace-with-a-long-random-secret"
    });
    let first = client.post_once("/user-webhooks", "webhook-1", body.clone()).await;
    let made = first.expect(201);
    assert_eq!(first.text, client.post_once("/user-webhooks", "webhook-1", body).await.text);
    assert_eq!(made["webhook"]["secret"], "replace-with-a-long-random-secret");
    for field in ["id", "url", "events", "is_active", "createdAt"] {
        assert!(!made[field].is_null() && made[field] == made["webhook"][field], "{field}: {made}");
    }
    let path = format!("/user-webhooks/{}", made["id"].as_str().unwrap());
    assert_eq!(client.get(&path).await.expect(200)["webhook"]["secret"], "********");
    let listed = client.get("/user-webhooks").await.expect(200);
    assert_eq!(
        (&listed["total"], &listed["limit"], &listed["totalPages"]),
        (&json!(1), &json!(10), &json!(1))
    );
    assert_eq!(listed["webhooks"][0]["secret"], "********");
    for (body, field) in [
        (json!({ "url": "http://example.com/", "events": [] }), "url"),
        (json!({ "url": "https://example.com/", "events": ["order.paid"] }), "events"),
        (json!({ "url": "https://example.com/", "events": [], "secret": "short" }), "secret"),
        (json!({ "url": "https://example.com/", "events": [], "price": 1 }), "price"),
    ] {
        let told = client.post("/user-webhooks", body).await.expect(400);
        assert!(told["message"].to_string().contains(field), "{told}");
    }

    // Sent by the caller's own secret, and rotated.
    let receiver = Receiver::open();
    let body = json!({ "url": receiver.url, "events": [], "secret": "mySuperSecret" });
    let own = client.patch(&path, body).await.expect(200);
    assert_eq!(own["url"], receiver.url);
    let test = client.post(&format!("{path}/test"), json!({})).await.expect(202);
    let received = receiver.wait_for(1).await.remove(0);
    assert_eq!(test["event_id"], received.id());
    assert_eq!(received.signatures(), BTreeSet::from([received.signature("mySuperSecret")]));
    let delivered = "SELECT count(*) FROM webhook_deliveries WHERE status = 'delivered'";
    eventually("it is noted", || (world.count(delivered) == 1).then_some(())).await;
    let log = client.get(&format!("{path}/deliveries")).await.expect(200);
    assert_eq!(log["data"][0]["event_id"], received.id());
    assert_eq!((&log["data"][0]["attempts"][0]["status"], &log["meta"]["total"]), (&json!(204), &json!(1)));
    let again = format!("{path}/deliveries/{}/redeliver", received.id());
    client.post(&again, json!({})).await.expect(202);
    assert_eq!(receiver.wait_for(2).await[1].id(), received.id());
    let none = client.post(&format!("{path}/redeliver"), json!({ "since_hours": 24 })).await.expect(202);
    assert_eq!(none["redelivered"], 0);
    let rotated = client.post(&format!("{path}/rotate-secret"), json!({})).await.expect(200);
    assert!(rotated["secret"].as_str().unwrap().starts_with("whsec_"));
    client.patch(&path, json!({ "is_active": false })).await.expect(200);
    assert_eq!(client.post(&again, json!({})).await.code(), "webhook_disabled");

    // The parent reaches it by its path alone; nobody else does.
    let parent = world.parent_client(&tenant).await;
    let beneath = format!("/sub-accounts/{}{path}", tenant.sub_account);
    assert_eq!(parent.get(&beneath).await.expect(200)["id"], made["id"]);
    parent.get(&format!("/organization{path}")).await.expect(404);
    world.parent_client(&world.southwind).await.get(&beneath).await.expect(404);
    let deleted = client.delete(&path).await.expect(200);
    assert_eq!((&deleted["success"], &deleted["id"]), (&json!(true), &made["id"]));
    client.get(&path).await.expect(404);
}
