//! Numbers that change while one looks: streams of events, and what ends them.

use std::time::Duration;

use dialnexa::{values::AccountId, web::live::Tempo};
use reqwest::{Method, Response};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::{
    browser::Browser,
    chromium::{Chromium, Looks},
    telephony::{Telephony, answered_number},
    world::{PASSWORD, Tenant, World, WorldOptions},
};

const PARENT: &str = "owner@northwind.example";
const MEMBER: &str = "owner@acme.example";
const NUMBER: &str = "+918047182200";

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(10);

async fn world() -> World {
    let quick = Tempo { read_every: Duration::from_millis(50), check_every: Duration::from_millis(150) };
    World::with(WorldOptions { live: Some(quick), ..WorldOptions::default() }).await
}

/// A stream that is read.
struct Events {
    response: Response,
    text: String,
}

impl Events {
    async fn open(browser: &Browser, path: &str) -> Self {
        let response = browser.request(Method::GET, path).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200, "{path}");
        Self { response, text: String::new() }
    }

    /// The name and data of the next event; none when the stream is over.
    async fn next(&mut self) -> Option<(String, String)> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let of = |field: &str| {
                    let lines = block.lines().filter_map(|line| line.strip_prefix(field));
                    lines.collect::<Vec<_>>().join("\n")
                };
                let event = (of("event: "), of("data: "));
                self.text = rest.to_owned();
                if event.0.is_empty() {
                    continue;
                }
                return Some(event);
            }
            let chunk = timeout(PATIENCE, self.response.chunk()).await.expect("no event in time");
            self.text.push_str(std::str::from_utf8(&chunk.ok()??).unwrap());
        }
    }

    /// The next event of this name.
    async fn event(&mut self, name: &str) -> String {
        loop {
            let (event, data) = self.next().await.unwrap_or_else(|| panic!("over without `{name}`"));
            assert!(event == name || event != "end", "ends: {data}");
            if event == name {
                return data;
            }
        }
    }

    /// Reads on until the stream is over; how it ended.
    async fn end(mut self) -> Option<String> {
        let mut last = None;
        while let Some((event, data)) = self.next().await {
            last = (event == "end").then_some(data);
        }
        last
    }
}

impl World {
    /// A call of the account begins.
    fn call_begins(&self, tenant: &Tenant, account: impl Into<AccountId>) -> Uuid {
        let call = Uuid::now_v7();
        let account = account.into().uuid();
        self.force(&format!(
            "INSERT INTO slots (organization_id, account_id, call_id, expires_at, region, direction)
             VALUES ('{}', '{account}', '{call}', now() + interval '1 hour', 'india', 'inbound')",
            tenant.organization.uuid()
        ));
        call
    }
}

fn list_stream(tenant: &Tenant) -> String {
    format!("/accounts/{}/sub-accounts/live?ids={}", tenant.organization, tenant.sub_account)
}

#[tokio::test]
async fn numbers_change_in_both_dashboards_as_calls_begin_and_end() {
    let world = world().await;
    let tenant = world.northwind;
    let parent = world.browser().signed_in(PARENT).await;
    let member = world.browser().signed_in(MEMBER).await;
    let mut list = Events::open(&parent, &list_stream(&tenant)).await;
    let mut own = Events::open(&member, &format!("/accounts/{}/live", tenant.sub_account)).await;
    for header in
        [("content-type", "text/event-stream"), ("cache-control", "no-store"), ("connection", "close")]
    {
        let value = list.response.headers()[header.0].to_str().unwrap();
        assert!(value.contains(header.1), "{}: {value}", header.0);
    }
    assert!(list.response.headers().contains_key("content-security-policy"));

    let (page, first) = (
        parent.get(&format!("/accounts/{}/sub-accounts", tenant.organization)).await,
        list.event("parts").await,
    );
    assert!(list.text.is_empty() && first.contains("id=\"calls-now\""), "{first}");
    for part in first.split("</div>\n").filter(|part| part.contains(" id=")) {
        assert!(page.body.contains(part.trim()), "the page draws it alike: {part}");
    }
    assert!(own.event("parts").await.contains("of 10 at once"));

    let call = world.call_begins(&tenant, tenant.sub_account);
    let changed = list.event("parts").await;
    let slots = format!("id=\"slots-{}\"", tenant.sub_account);
    assert!(changed.contains(&slots) && changed.contains("<b>1</b> <span>of 10</span>"), "{changed}");
    assert!(changed.contains("of 200 at once"), "{changed}");
    let changed = own.event("parts").await;
    assert!(changed.contains(">1</dd>") && changed.contains("of 10 at once"), "{changed}");
    for foreign in ["200", "slots-", "Northwind"] {
        assert!(!changed.contains(foreign), "a member is shown {foreign}: {changed}");
    }

    // The parent's own call is none of the sub-account's.
    world.call_begins(&tenant, tenant.organization);
    let changed = list.event("parts").await;
    assert!(changed.contains(">2</dd>") && !changed.contains("slots-"), "only what has changed: {changed}");
    // A place that was given back no longer counts, though its row waits to be closed.
    world.force(&format!("UPDATE slots SET reclaimed_at = now() WHERE call_id = '{call}'"));
    assert!(list.event("parts").await.contains("<b>0</b> <span>of 10</span>"));
    let (event, data) = own.next().await.unwrap();
    assert!(event == "beat" || data.contains(">0</dd>"), "nothing else is told: {event} {data}");
    world.force(&format!(
        "UPDATE sub_accounts SET concurrency_limit = 12 WHERE sub_account_id = '{}'",
        tenant.sub_account.uuid()
    ));
    assert!(list.event("parts").await.contains("<span>of 12</span>"));
    assert!(!list.event("beat").await.is_empty(), "what does not change is confirmed");
}

#[tokio::test]
async fn a_call_is_seen_from_its_admission_to_its_end() {
    let world = world().await;
    let tenant = world.northwind;
    answered_number(&world, tenant.organization, tenant.sub_account.into(), "india", NUMBER).await;
    let engine = Telephony::of(&world, &["india"]).await;
    let parent = world.browser().signed_in(PARENT).await;
    let mut list = Events::open(&parent, &list_stream(&tenant)).await;
    list.event("parts").await;
    let one = format!("/accounts/{}/sub-accounts/{}", tenant.organization, tenant.sub_account);
    let mut about_it = Events::open(&parent, &format!("{one}/live")).await;
    let drawn = about_it.event("parts").await;
    assert!(parent.get(&one).await.body.contains(drawn.trim()), "the page draws it alike: {drawn}");
    let call = engine.admitted(NUMBER, "first").await;
    let told = about_it.event("parts").await;
    assert!(told.contains(">1</dd>") && told.contains("of 10 at once"), "{told}");
    assert!(list.event("parts").await.contains("<b>1</b> <span>of 10</span>"));
    engine.converse(&call).await;
    assert!(about_it.event("parts").await.contains(">0</dd>"));
    assert!(list.event("parts").await.contains("<b>0</b> <span>of 10</span>"));
}

#[tokio::test]
async fn asked_once_it_answers_with_the_same_parts() {
    let world = world().await;
    let tenant = world.northwind;
    world.call_begins(&tenant, tenant.sub_account);
    let parent = world.browser().signed_in(PARENT).await;
    let page = parent.get(&format!("{}&once=yes", list_stream(&tenant))).await;
    assert!(
        page.body.contains("<b>1</b> <span>of 10</span>") && page.has("1 of 200 at once"),
        "{}",
        page.body
    );
    assert_eq!(page.header("cache-control"), "no-store");
    // Foreign ids are no rows, as random ones are not.
    let foreign = format!(
        "/accounts/{}/sub-accounts/live?once=yes&ids={},x",
        tenant.organization, world.southwind.sub_account
    );
    assert!(!parent.get(&foreign).await.body.contains("slots-"));
    let foreign = format!("/accounts/{}/live", world.southwind.organization);
    assert_eq!(parent.get(&foreign).await.status.as_u16(), 404);
    let head = parent.send(parent.request(Method::HEAD, &list_stream(&tenant))).await;
    assert_eq!(head.status.as_u16(), 200, "a HEAD does not go on");
}

/// A stream is open; then something happens: the stream says why it ends, and is over.
async fn ends(browser: &Browser, path: &str, happens: impl AsyncFnOnce(), says: &str) {
    let mut events = Events::open(browser, path).await;
    events.event("parts").await;
    events.event("beat").await;
    happens().await;
    let began = Instant::now();
    let end = events.end().await;
    assert!(end.as_deref().is_some_and(|end| end.contains(says)), "{path}: {end:?}");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_stream_ends_with_the_right_to_see_it() {
    let world = world().await;
    let Tenant { organization, sub_account, .. } = world.northwind;
    let own = format!("/accounts/{sub_account}/live");
    let list = list_stream(&world.northwind);

    let admin = world.browser().signed_in("admin@northwind.example").await;
    let role = format!(
        "WHERE account_id = '{}' AND user_id = (SELECT user_id FROM users WHERE email = 'admin@northwind.example')",
        organization.uuid()
    );
    let lowered = async || world.force(&format!("UPDATE memberships SET role = 'viewer' {role}"));
    ends(&admin, &list, lowered, "You can no longer see this").await;
    let raised = async || world.force(&format!("UPDATE memberships SET role = 'admin' {role}"));
    ends(&admin, &format!("/accounts/{organization}/live"), raised, "access here has changed").await;

    let owner = world.browser().signed_in(PARENT).await;
    let page = owner.get(&format!("/accounts/{organization}/sub-accounts/{sub_account}")).await;
    owner.submit(&page.form(&format!("/accounts/{organization}/sub-accounts/{sub_account}/access"))).await;
    let leave =
        owner.get(&format!("/accounts/{sub_account}")).await.form(&format!("/accounts/{sub_account}/leave"));
    let left = async || {
        owner.submit(&leave).await.location();
    };
    ends(&owner, &own, left, "You can no longer see this").await;

    let member = world.browser().signed_in(MEMBER).await;
    let id = sub_account.uuid();
    let suspended = async || {
        world.force(&format!(
            "UPDATE sub_accounts SET status = 'suspended', suspended_at = now() WHERE sub_account_id = '{id}'"
        ))
    };
    ends(&member, &own, suspended, "access here has changed").await;

    let home = member.get(&format!("/accounts/{sub_account}")).await;
    let signed_out = async || {
        member.submit(&home.form("/sign-out")).await.location();
    };
    ends(&member, &own, signed_out, "/sign-in?next=%2Faccounts%2Fsa_").await;

    let member = world.browser().signed_in(MEMBER).await;
    let delete = format!("/accounts/{organization}/sub-accounts/{sub_account}/delete");
    let form = owner.get(&delete).await.form(&delete).with("name", "Acme Corp");
    let deleted = async || {
        owner.submit(&form).await.location();
    };
    ends(&member, &own, deleted, "You can no longer see this").await;
    assert_eq!(member.get(&own).await.status.as_u16(), 404);
}

#[tokio::test]
async fn many_who_watch_have_one_reader() {
    let world = world().await;
    let tenant = world.northwind;
    let parent = world.browser().signed_in(PARENT).await;
    let mut streams = Vec::new();
    for _ in 0..12 {
        streams.push(Events::open(&parent, &list_stream(&tenant)).await);
    }
    for stream in &mut streams {
        stream.event("parts").await;
    }
    // The statistics of a connection are kept once a second.
    let reads = "SELECT sum(coalesce(seq_scan, 0) + coalesce(idx_scan, 0)) FROM pg_stat_user_tables WHERE relname = 'slots'";
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (before, began) = (world.count(reads), Instant::now());
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (read, seconds) = (world.count(reads) - before, began.elapsed().as_secs_f64());
    // At most 20 in a second, as it is asked for here; twelve readers would make 240.
    assert!(read > 0 && f64::from(read) < 45.0 * seconds, "{read} reads in {seconds} s for 12 streams");
    world.call_begins(&tenant, tenant.sub_account);
    for stream in &mut streams {
        assert!(stream.event("parts").await.contains("<b>1</b>"), "each is told");
    }
    // The seventeenth of one browser is asked to ask now and then.
    for _ in 12..16 {
        streams.push(Events::open(&parent, &list_stream(&tenant)).await);
    }
    let refused = parent.get(&list_stream(&tenant)).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "30"));
    drop(streams);
    let end = Instant::now() + PATIENCE;
    while parent.get(&list_stream(&tenant)).await.status.as_u16() != 200 {
        assert!(Instant::now() < end, "the places of those who left are not given back");
    }
}

#[tokio::test]
async fn open_streams_do_not_hold_up_the_stop() {
    let mut world = World::new().await;
    let tenant = world.northwind;
    let parent = world.browser().signed_in(PARENT).await;
    let mut streams = Vec::new();
    for path in [list_stream(&tenant), format!("/accounts/{}/live", tenant.organization)] {
        let mut stream = Events::open(&parent, &path).await;
        stream.event("parts").await;
        streams.push(stream);
    }
    let began = Instant::now();
    world.stop();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    for stream in streams {
        assert_eq!(stream.end().await, None, "it does not end for good: the page comes back");
    }
}

/// What the page shows of all calls in progress.
async fn shown(chromium: &Chromium) -> String {
    let text = "return document.querySelector('#calls-now .stat-value').textContent;";
    chromium.run(text).await.as_str().unwrap_or_default().to_owned()
}

async fn shows(chromium: &Chromium, number: &str) {
    let end = Instant::now() + PATIENCE;
    while shown(chromium).await != number {
        assert!(Instant::now() < end, "{} calls in progress, not {number}", shown(chromium).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_changes_without_reload_and_disturbs_nobody() {
    let world = world().await;
    let tenant = world.northwind;
    let witness = world.browser().signed_in("admin@northwind.example").await;
    let chromium = Chromium::open(Looks::default()).await;
    chromium.goto(&format!("{}/sign-in", world.base)).await;
    chromium.fill("email", PARENT).await;
    chromium.fill("password", PASSWORD).await;
    chromium.press("Sign in").await;
    chromium.sees("Updated").await;
    chromium.press("Sub-accounts").await;
    chromium.sees("Acme Corp").await;
    shows(&chromium, "0").await;
    chromium.run("window.same = document.querySelector('#sub-accounts tbody tr');").await;

    // Somebody types, and a menu is open: neither is touched.
    chromium.find("#q").await.send_keys("acm").await.unwrap();
    chromium.run("document.querySelector('details.menu').open = true;").await;
    world.call_begins(&tenant, tenant.sub_account);
    shows(&chromium, "1").await;
    let row = format!("return document.getElementById('slots-{}').textContent.trim();", tenant.sub_account);
    assert!(chromium.run(&row).await.as_str().unwrap().starts_with("1 of 10"));
    let undisturbed = "const field = document.activeElement;
        return [field.id, field.value, field.selectionStart, document.querySelector('details.menu').open,
            window.same === document.querySelector('#sub-accounts tbody tr')];";
    assert_eq!(chromium.run(undisturbed).await, serde_json::json!(["q", "acm", 3, true, true]));
    chromium.run("document.querySelector('details.menu').open = false;").await;
    assert_eq!(chromium.axe().await, Vec::<String>::new());

    // Marked text is left as it is until it no longer is marked.
    chromium.run("getSelection().selectAllChildren(document.querySelector('#calls-now'));").await;
    let mut seen = Events::open(&witness, &list_stream(&tenant)).await;
    seen.event("parts").await;
    let other = world.call_begins(&tenant, tenant.organization);
    seen.event("parts").await;
    seen.event("beat").await;
    assert_eq!(shown(&chromium).await, "1");
    chromium.run("getSelection().removeAllRanges();").await;
    shows(&chromium, "2").await;

    // The list is swapped: its new rows are watched.
    chromium.find("#q").await.send_keys("e").await.unwrap();
    chromium.press("Apply").await;
    chromium.sees("that match").await;
    world.force(&format!("DELETE FROM slots WHERE call_id = '{other}'"));
    shows(&chromium, "1").await;
    assert!(chromium.run(&row).await.as_str().unwrap().starts_with("1 of 10"));

    // Paused, nothing changes, also on the page that is opened anew.
    chromium.press("Pause updates").await;
    chromium.sees("Paused. As of").await;
    assert!(chromium.text().await.contains(" IST."), "in the zone of whoever reads");
    chromium.goto(&format!("{}{}", world.base, chromium.path().await)).await;
    chromium.sees("Paused. As of").await;
    while seen.event("parts").await.contains("slots-") {}
    world.call_begins(&tenant, tenant.sub_account);
    seen.event("parts").await;
    seen.event("beat").await;
    assert_eq!(shown(&chromium).await, "1");
    // Without events it is asked now and then.
    chromium.run("window.EventSource = undefined;").await;
    chromium.press("Resume updates").await;
    shows(&chromium, "2").await;
    chromium.sees("Updated").await;

    // Nobody sees the page: nothing is asked until somebody does.
    let hidden = |hidden: bool| {
        format!(
            "Object.defineProperty(document, 'hidden', {{ configurable: true, value: {hidden} }});
             document.dispatchEvent(new Event('visibilitychange'));"
        )
    };
    chromium.run(&hidden(true)).await;
    world.call_begins(&tenant, tenant.sub_account);
    seen.event("parts").await;
    seen.event("beat").await;
    assert_eq!(shown(&chromium).await, "2");
    chromium.run(&hidden(false)).await;
    shows(&chromium, "3").await;

    // Signed out elsewhere.
    chromium.goto(&format!("{}{}", world.base, chromium.path().await)).await;
    chromium.sees("Updated").await;
    world.force("DELETE FROM sessions");
    chromium.sees("You have been signed out").await;
    assert_eq!(chromium.axe().await, Vec::<String>::new());
    assert_eq!(chromium.complaints().await, Vec::<String>::new());
    assert!(!chromium.text().await.contains("Pause updates"), "there is nothing left to pause");
    chromium.picture("live-ended").await;
    chromium.press("Sign in again").await;
    chromium.sees("Password").await;
    chromium.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_the_page_says_how_old_its_numbers_are() {
    let world = world().await;
    world.call_begins(&world.northwind, world.northwind.organization);
    let parent = world.browser().signed_in(PARENT).await;
    let page = parent.get(&format!("/accounts/{}", world.northwind.organization)).await;
    assert!(page.has("Calls in progress as of") && page.has("1 of 190 at once"), "{}", page.text());
}
