//! Recordings, as bytes: by the signed link of a call's page, and by a program's key.

use dialnexa::{domain::calls::Call, values::CallId};
use reqwest::{Method, Response, header::HeaderMap};
use time::Duration;

use crate::{
    browser::Browser,
    calls::{call, enter},
    client::Client,
    world::World,
};

/// A recorded call: its id, its page's address and its bytes.
pub struct Recorded {
    pub id: CallId,
    pub page: String,
    pub bytes: Vec<u8>,
}

/// Enters a call that was made so long ago, with its recording.
pub async fn recorded(world: &World, ago: Duration) -> Recorded {
    let bytes: Vec<u8> = (0..5_000_u32).map(|at| (at % 251) as u8).collect();
    let call = Call { recording_bytes: Some(5_000), ..call(ago) };
    let id = call.id;
    enter(world, vec![(call, Vec::new())]).await;
    let tenant = world.northwind;
    let folder = format!("objects/india/{}/{}", tenant.organization, tenant.sub_account);
    let folder = world.data_dir.join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{id}.wav")), &bytes).unwrap();
    Recorded { id, page: format!("/accounts/{}/calls/{id}", tenant.sub_account), bytes }
}

/// The link that the call's page gives to whoever looks at it.
async fn link(browser: &Browser, page: &str) -> String {
    let page = browser.get(page).await;
    page.attribute("audio", "src").unwrap_or_else(|| panic!("no player: {}", page.text()))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

#[actix_web::test]
async fn a_recording_plays_whole_and_in_ranges() {
    let world = World::new().await;
    let Recorded { id, page, bytes } = recorded(&world, Duration::hours(1)).await;
    let browser = world.browser().signed_in("owner@acme.example").await;
    let link = link(&browser, &page).await;
    let own = world.sub_account_client(&world.northwind, world.northwind.sub_account).await;
    for by_key in [false, true] {
        let asked = async |range: Option<&'static str>| -> Response {
            let request = match by_key {
                true => own.request(Method::GET, &format!("/calls/{id}/recording")),
                false => browser.request(Method::GET, &link),
            };
            let request = if let Some(range) = range { request.header("Range", range) } else { request };
            request.send().await.unwrap()
        };
        let whole = asked(None).await;
        assert_eq!(whole.status().as_u16(), 200);
        for (name, value) in [
            ("content-type", "audio/wav"),
            ("accept-ranges", "bytes"),
            ("cross-origin-resource-policy", "same-origin"),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "private, no-store"),
            ("content-length", "5000"),
        ] {
            assert_eq!(header(whole.headers(), name), value, "{name}");
        }
        let kind = if by_key { "attachment" } else { "inline" };
        assert_eq!(header(whole.headers(), "content-disposition"), format!("{kind}; filename=\"{id}.wav\""));
        assert_eq!(whole.bytes().await.unwrap(), bytes);

        for (range, first, last) in [
            ("bytes=0-99", 0, 99),
            ("bytes=4990-", 4_990, 4_999),
            ("bytes=-10", 4_990, 4_999),
            ("bytes=100-999999", 100, 4_999),
        ] {
            let part = asked(Some(range)).await;
            assert_eq!(part.status().as_u16(), 206, "{range}");
            let told = header(part.headers(), "content-range");
            assert_eq!(told, format!("bytes {first}-{last}/5000"), "{range}");
            assert_eq!(header(part.headers(), "content-length"), (last - first + 1).to_string(), "{range}");
            assert_eq!(part.bytes().await.unwrap(), bytes[first..=last], "{range}");
        }
        for range in ["bytes=5000-", "bytes=9000-9999"] {
            let none = asked(Some(range)).await;
            assert_eq!(none.status().as_u16(), 416, "{range}");
            assert_eq!(header(none.headers(), "content-range"), "bytes */5000");
            let kind = header(none.headers(), "content-type").to_owned();
            assert!(!kind.contains("html"), "{range}");
            if by_key {
                let body: serde_json::Value = none.json().await.unwrap();
                assert_eq!(body["code"], "range_not_satisfiable");
            }
        }
        assert_eq!(asked(Some("lines=1-2")).await.status().as_u16(), 200);
    }
    let download = browser.get(&format!("{link}&download=yes")).await;
    assert!(download.header("content-disposition").starts_with("attachment"));
}

#[actix_web::test]
async fn a_link_is_for_one_recording_in_one_session_for_a_while() {
    let world = World::new().await;
    let one = recorded(&world, Duration::hours(1)).await;
    let other = recorded(&world, Duration::hours(2)).await;
    let browser = world.browser().signed_in("owner@acme.example").await;
    let good = link(&browser, &one.page).await;
    assert_eq!(browser.get(&good).await.status.as_u16(), 200);
    assert_eq!(browser.get(&good).await.status.as_u16(), 200, "as often as is wished");

    let until: i64 = good.split_once("until=").unwrap().1.split_once('&').unwrap().0.parse().unwrap();
    let left = until - time::OffsetDateTime::now_utc().unix_timestamp();
    assert!((800..=900).contains(&left), "{left} s");
    let wrong = [
        format!("{}/recording", one.page),
        good.replace(&one.id.to_string(), &other.id.to_string()),
        good.replace(&format!("until={until}"), &format!("until={}", until + 3_600)),
        good.replace("signature=", "signature=A"),
        good.split_once("&signature").unwrap().0.to_owned(),
    ];
    for link in &wrong {
        let page = browser.get(link).await;
        assert_eq!(page.status.as_u16(), 403, "{link}");
        assert!(page.has("This link does not work here"), "{link}");
        let call = link.split_once("/recording").unwrap().0;
        assert!(page.body.contains(&format!("href=\"{call}\"")), "{link} leads back to its call");
    }
    // The same person in another session, and somebody else in the same account.
    for email in ["owner@acme.example", "owner@northwind.example", "owner@zenith.example"] {
        let page = world.browser().signed_in(email).await.get(&good).await;
        let status = if email.contains("zenith") { 404 } else { 403 };
        assert_eq!(page.status.as_u16(), status, "{email}");
        assert!(!page.body.as_bytes().windows(50).any(|piece| piece == &one.bytes[..50]));
    }
    let nobody = world.browser().get(&good).await;
    assert!(nobody.location().starts_with("/sign-in"));
}

#[actix_web::test]
async fn a_link_that_was_good_says_that_it_is_over() {
    let world = World::new().await;
    let one = recorded(&world, Duration::hours(1)).await;
    let browser = world.browser().signed_in("owner@acme.example").await;
    let good = link(&browser, &one.page).await;
    // Signed with the server's own secret for this very session, a second ago.
    let until = good.split_once("until=").unwrap().1.split_once('&').unwrap().0;
    let session = world.uuid("SELECT session_id AS id FROM sessions");
    let session = dialnexa::values::SessionId::from_uuid(session).to_string();
    let place = format!("{}:member", world.northwind.sub_account);
    let signed = |until: &str| {
        let signature = world.signature("recording", &[&session, &place, &one.id.to_string(), until]);
        format!("{}/recording?until={until}&signature={signature}", one.page)
    };
    assert_eq!(signed(until), good, "the signature is made as the server makes it");
    let old = signed(&(time::OffsetDateTime::now_utc().unix_timestamp() - 1).to_string());
    let page = browser.get(&old).await;
    assert_eq!(page.status.as_u16(), 410);
    assert!(page.has("This link is over") && page.body.contains(&format!("href=\"{}\"", one.page)));
}

#[actix_web::test]
async fn a_link_ends_with_what_it_stands_on() {
    let world = World::new().await;
    let one = recorded(&world, Duration::hours(1)).await;
    // Signing out.
    let browser = world.browser().signed_in("owner@acme.example").await;
    let good = link(&browser, &one.page).await;
    let page = browser.get(&one.page).await;
    browser.submit(&page.form("/sign-out")).await;
    assert!(browser.get(&good).await.location().starts_with("/sign-in"));
    // The right to play, and the membership itself.
    let browser = world.browser().signed_in("owner@acme.example").await;
    let good = link(&browser, &one.page).await;
    let person = world.id_of("owner@acme.example");
    let person: dialnexa::values::UserId = person.parse().unwrap();
    let membership = format!("WHERE user_id = '{}'", person.uuid());
    world.force(&format!("UPDATE memberships SET role = 'viewer' {membership}"));
    assert_eq!(browser.get(&good).await.status.as_u16(), 403);
    world.force(&format!("UPDATE memberships SET role = 'owner' {membership}"));
    assert_eq!(browser.get(&good).await.status.as_u16(), 200);
    world.force(&format!("DELETE FROM memberships {membership}"));
    assert_eq!(browser.get(&good).await.status.as_u16(), 404);
    // A stay by Access Dashboard.
    let parent = world.browser().signed_in("owner@northwind.example").await;
    let tenant = world.northwind;
    let over = format!("/accounts/{}/sub-accounts/{}", tenant.organization, tenant.sub_account);
    let enter = parent.get(&over).await.form(&format!("{over}/access"));
    parent.submit(&enter).await;
    let good = link(&parent, &one.page).await;
    assert_eq!(parent.get(&good).await.status.as_u16(), 200);
    let leave = parent.get(&one.page).await.form(&format!("/accounts/{}/leave", tenant.sub_account));
    parent.submit(&leave).await;
    assert_eq!(parent.get(&good).await.status.as_u16(), 403);
    let enter = parent.get(&over).await.form(&format!("{over}/access"));
    parent.submit(&enter).await;
    assert_eq!(parent.get(&good).await.status.as_u16(), 403, "another stay, another link");
    // The account.
    let good = link(&parent, &one.page).await;
    let program = world.parent_client(&tenant).await;
    program.delete(&format!("/sub-accounts/{}", tenant.sub_account)).await.expect(202);
    assert!([403, 404].contains(&parent.get(&good).await.status.as_u16()));
}

#[actix_web::test]
async fn whoever_may_not_play_a_recording_gets_no_byte_of_it() {
    let world = World::new().await;
    let one = recorded(&world, Duration::hours(1)).await;
    let path = format!("{}/recording", one.page);
    for (email, status) in [
        ("viewer@acme.example", 403),
        ("owner@northwind.example", 403),
        ("owner@zenith.example", 404),
        ("owner@southwind.example", 404),
    ] {
        let browser = world.browser().signed_in(email).await;
        let page = browser.get(&path).await;
        assert_eq!(page.status.as_u16(), status, "{email}");
        assert!(!page.body.as_bytes().windows(50).any(|piece| piece == &one.bytes[..50]));
    }
    // The page says why there is no player.
    let viewer = world.browser().signed_in("viewer@acme.example").await;
    let page = viewer.get(&one.page).await;
    assert!(!page.body.contains("<audio") && page.has("Member, Admin or Owner"));
}

#[actix_web::test]
async fn listening_is_told_once_for_each_link_whichever_piece_comes_first() {
    let world = World::new().await;
    let one = recorded(&world, Duration::hours(1)).await;
    let browser = world.browser().signed_in("owner@acme.example").await;
    let told = |action: &str| {
        world.count(&format!("SELECT count(*) FROM audit_entries WHERE action = 'recording.{action}'"))
    };
    let first = link(&browser, &one.page).await;
    browser.request(Method::HEAD, &first).send().await.unwrap();
    assert_eq!(told("played"), 0, "nothing is heard by a HEAD");
    for range in ["bytes=1-99", "bytes=0-", "bytes=200-"] {
        let part = browser.request(Method::GET, &first).header("Range", range).send().await.unwrap();
        assert_eq!(part.status().as_u16(), 206);
    }
    assert_eq!(told("played"), 1);
    browser.get(&format!("{first}&download=yes")).await;
    assert_eq!((told("played"), told("downloaded")), (1, 1));
    let own = world.sub_account_client(&world.northwind, world.northwind.sub_account).await;
    own.get(&format!("/calls/{}/recording", one.id)).await;
    assert_eq!((told("played"), told("downloaded")), (1, 2));
}

#[actix_web::test]
async fn a_key_hears_what_is_its_own_and_of_its_mode() {
    let world = World::new().await;
    let tenant = world.northwind;
    let one = recorded(&world, Duration::hours(1)).await;
    let own = world.sub_account_client(&tenant, tenant.sub_account).await;
    let parent = world.parent_client(&tenant).await;
    let status = async |client: &Client, path: String| client.get(&path).await.status.as_u16();
    let path = format!("/calls/{}/recording", one.id);
    let beneath = format!("/sub-accounts/{}{path}", tenant.sub_account);
    assert_eq!(status(&own, path.clone()).await, 200);
    assert_eq!(status(&parent, beneath.clone()).await, 200);
    assert_eq!(status(&parent, format!("/organization{path}")).await, 404);
    let sibling = world.sub_account(tenant.organization, tenant.owner, "Sibling").await;
    assert_eq!(status(&world.sub_account_client(&tenant, sibling).await, path.clone()).await, 404);
    assert_eq!(status(&parent, format!("/sub-accounts/{sibling}{path}")).await, 404);
    assert_eq!(status(&world.parent_client(&world.southwind).await, beneath.clone()).await, 404);
    assert_eq!(status(&own, format!("/calls/{}/recording", CallId::new())).await, 404);

    world.force(&format!("UPDATE api_keys SET mode = 'test' WHERE token_hint = '{}'", &own.key()[33..]));
    assert_eq!(status(&own, path.clone()).await, 404, "a test key hears test calls alone");
    world.force_region("india", "UPDATE calls SET mode = 'test'");
    assert_eq!(status(&own, path.clone()).await, 200);
    assert_eq!(status(&parent, beneath).await, 404);

    // A workspace's key hears its workspace.
    let workspaces = format!("account_id = '{}'", tenant.sub_account.uuid());
    world.force(&format!(
        "UPDATE api_keys k SET workspace_id = w.workspace_id FROM workspaces w
         WHERE w.{workspaces} AND k.token_hint = '{}'",
        &own.key()[33..]
    ));
    assert_eq!(status(&own, path.clone()).await, 404);
    let workspace = world.uuid(&format!("SELECT workspace_id AS id FROM workspaces WHERE {workspaces}"));
    world.force_region("india", &format!("UPDATE calls SET workspace_id = '{workspace}'"));
    assert_eq!(status(&own, path.clone()).await, 200);

    world.force(&format!(
        "UPDATE api_keys SET scopes = '{{agents:read}}' WHERE token_hint = '{}'",
        &own.key()[33..]
    ));
    assert_eq!(own.get(&path).await.code(), "scope_missing");
}
