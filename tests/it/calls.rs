//! Calls and their recordings, as pages and as bytes.

use dialnexa::{
    access::{
        Change, Scope,
        permission::{RecordCalls, View},
    },
    domain::calls::{
        self, Call, CallStatus, Direction, EndReason, Sentiment, Speaker, Turn,
        list::{self, Filter},
        record,
    },
    values::{AgentId, CallId, KeyMode, Part, WorkspaceId},
};
use reqwest::Method;
use time::{Duration, OffsetDateTime};

use crate::world::World;

fn scope<P: dialnexa::access::permission::Permission>(world: &World) -> Scope<P> {
    let tenant = world.northwind;
    let region = "india".parse().unwrap();
    world.access.scope_of_job("test", tenant.organization, tenant.sub_account.into(), region).unwrap()
}

fn call(ago: Duration) -> Call {
    let created_at = OffsetDateTime::now_utc() - ago;
    Call {
        id: CallId::at(created_at),
        workspace: WorkspaceId::new(),
        agent: None,
        agent_name: "Asha".into(),
        direction: Direction::Inbound,
        status: CallStatus::Completed,
        end_reason: Some(EndReason::UserDisconnected),
        from_e164: "+919876543210".into(),
        to_e164: "+918047182200".into(),
        created_at,
        answered_at: Some(created_at),
        ended_at: Some(created_at),
        duration_seconds: 61,
        cost_minor: 700,
        currency: "INR".into(),
        sentiment: Some(Sentiment::Neutral),
        summary: None,
        recording_bytes: None,
        mode: KeyMode::Live,
        number: None,
        agent_version: None,
    }
}

async fn enter(world: &World, calls: Vec<(Call, Vec<Turn>)>) {
    let entered: Vec<_> =
        calls.into_iter().map(|(call, turns)| record::Entered { call, number: None, turns }).collect();
    scope::<RecordCalls>(world)
        .write_region(move |tx| record::enter(tx, &entered).map(Change::none))
        .await
        .unwrap();
}

#[actix_web::test]
async fn filters_narrow_and_pages_follow_each_other() {
    let world = World::new().await;
    let agent = AgentId::new();
    let made: Vec<_> = (0..30)
        .map(|at| {
            let call = call(Duration::hours(at * 7));
            let call = match at % 3 {
                0 => Call { direction: Direction::Outbound, agent: Some(agent), ..call },
                1 => Call { status: CallStatus::Busy, end_reason: Some(EndReason::UserBusy), ..call },
                _ => Call { sentiment: Some(Sentiment::Negative), from_e164: "+14155550100".into(), ..call },
            };
            (call, Vec::new())
        })
        .collect();
    let newest_first: Vec<_> = made.iter().map(|(call, _)| call.id).collect();
    enter(&world, made).await;
    let reader = scope::<View>(&world);
    let read = |filter: Filter, part: Part<CallId>, limit: u16| {
        let reader = &reader;
        async move { reader.read_region(move |tx| list::page(tx, &filter, part, limit)).await.unwrap() }
    };
    let all = Filter::default();

    let first = read(all.clone(), Part::Newest, 12).await;
    let ids = |page: &dialnexa::values::Slice<Call>| page.rows.iter().map(|call| call.id).collect::<Vec<_>>();
    assert_eq!(ids(&first), newest_first[..12]);
    assert!(first.has_older && !first.has_newer);
    let second = read(all.clone(), Part::OlderThan(newest_first[11]), 12).await;
    assert_eq!(ids(&second), newest_first[12..24]);
    let last = read(all.clone(), Part::OlderThan(newest_first[23]), 12).await;
    assert_eq!(ids(&last), newest_first[24..]);
    assert!(!last.has_older && last.has_newer);
    assert_eq!(ids(&read(all.clone(), Part::NewerThan(newest_first[12]), 12).await), newest_first[..12]);

    for filter in [
        Filter { direction: Some(Direction::Outbound), ..all.clone() },
        Filter { agent: Some(agent), ..all.clone() },
        Filter { status: Some(CallStatus::Busy), ..all.clone() },
        Filter { end_reason: Some(EndReason::UserBusy), ..all.clone() },
        Filter { sentiment: Some(Sentiment::Negative), ..all.clone() },
        Filter { number: Some("+14155550100".into()), ..all.clone() },
    ] {
        assert_eq!(read(filter.clone(), Part::Newest, 50).await.rows.len(), 10, "{filter:?}");
    }
    let one = Filter { call: Some(newest_first[4]), ..all.clone() };
    assert_eq!(ids(&read(one, Part::Newest, 50).await), [newest_first[4]]);

    let day = dialnexa::values::indian_day(OffsetDateTime::now_utc() - Duration::days(3));
    let within = |call: &Call| dialnexa::values::indian_day(call.created_at) == day;
    let of_day = read(Filter { from: Some(day), to: Some(day), ..all }, Part::Newest, 50).await;
    assert!(!of_day.rows.is_empty() && of_day.rows.iter().all(within));
}

#[actix_web::test]
async fn what_somebody_said_is_text_and_nothing_else() {
    let world = World::new().await;
    let nasty = "<img src=x onerror=alert(1)>\"'</p><script>alert(2)</script>";
    let call = Call { summary: Some(nasty.into()), agent_name: nasty.into(), ..call(Duration::hours(1)) };
    let turn = Turn { speaker: Speaker::Caller, at: 1, text: nasty.into(), language: "\" onload=\"x".into() };
    let id = call.id;
    enter(&world, vec![(call, vec![turn.clone()])]).await;
    let kept = scope::<View>(&world).read_region(move |tx| calls::transcript(tx, id)).await.unwrap();
    assert_eq!(kept, [turn]);
    let browser = world.browser().signed_in("viewer@acme.example").await;
    let account = world.northwind.sub_account;
    for path in [format!("/accounts/{account}/calls"), format!("/accounts/{account}/calls/{id}")] {
        let page = browser.get(&path).await;
        assert_eq!(page.status.as_u16(), 200);
        assert!(page.body.contains("&#60;img"), "{path}");
        for tag in ["<img src=x", "<script>alert", "\" onload=\""] {
            assert!(!page.body.contains(tag), "{path} holds {tag}");
        }
    }
}

/// A recorded call; gives its address and its bytes.
async fn recorded(world: &World) -> (String, Vec<u8>) {
    let bytes: Vec<u8> = (0..5_000_u32).map(|at| (at % 251) as u8).collect();
    let call = Call { recording_bytes: Some(5_000), ..call(Duration::hours(1)) };
    let id = call.id;
    enter(world, vec![(call, Vec::new())]).await;
    let tenant = world.northwind;
    let folder = format!("objects/india/{}/{}", tenant.organization, tenant.sub_account);
    let folder = world.data_dir.join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{id}.wav")), &bytes).unwrap();
    (format!("/accounts/{}/calls/{id}/recording", tenant.sub_account), bytes)
}

#[actix_web::test]
async fn a_recording_plays_whole_and_in_ranges() {
    let world = World::new().await;
    let (path, bytes) = recorded(&world).await;
    let browser = world.browser().signed_in("owner@acme.example").await;
    let asked = |range: Option<&'static str>| {
        let request = browser.request(Method::GET, &path);
        let request = if let Some(range) = range { request.header("Range", range) } else { request };
        async move { request.send().await.unwrap() }
    };
    let whole = asked(None).await;
    assert_eq!(whole.status().as_u16(), 200);
    let header = |response: &reqwest::Response, name: &str| {
        response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    };
    assert_eq!(header(&whole, "content-type"), "audio/wav");
    assert_eq!(header(&whole, "accept-ranges"), "bytes");
    assert_eq!(header(&whole, "cross-origin-resource-policy"), "same-origin");
    assert_eq!(header(&whole, "x-content-type-options"), "nosniff");
    assert!(header(&whole, "cache-control").contains("no-store"));
    assert!(header(&whole, "content-disposition").starts_with("inline"));
    assert_eq!(whole.bytes().await.unwrap(), bytes);

    for (range, first, last) in [
        ("bytes=0-99", 0, 99),
        ("bytes=4990-", 4_990, 4_999),
        ("bytes=-10", 4_990, 4_999),
        ("bytes=100-999999", 100, 4_999),
    ] {
        let part = asked(Some(range)).await;
        assert_eq!(part.status().as_u16(), 206, "{range}");
        assert_eq!(header(&part, "content-range"), format!("bytes {first}-{last}/5000"), "{range}");
        assert_eq!(header(&part, "content-length"), (last - first + 1).to_string(), "{range}");
        assert_eq!(part.bytes().await.unwrap(), bytes[first..=last], "{range}");
    }
    for range in ["bytes=5000-", "bytes=9000-9999"] {
        let none = asked(Some(range)).await;
        assert_eq!(none.status().as_u16(), 416, "{range}");
        assert_eq!(header(&none, "content-range"), "bytes */5000");
        assert!(!header(&none, "content-type").contains("html"), "{range}");
    }
    let nonsense = asked(Some("lines=1-2")).await;
    assert_eq!(nonsense.status().as_u16(), 200);
    let download = browser.get(&format!("{path}?download=yes")).await;
    assert!(download.header("content-disposition").starts_with("attachment"));
}

#[actix_web::test]
async fn whoever_may_not_play_a_recording_gets_no_byte_of_it() {
    let world = World::new().await;
    let (path, bytes) = recorded(&world).await;
    for (email, status) in [
        ("viewer@acme.example", 403),
        ("owner@northwind.example", 403),
        ("owner@zenith.example", 404),
        ("owner@southwind.example", 404),
    ] {
        let browser = world.browser().signed_in(email).await;
        let page = browser.get(&path).await;
        assert_eq!(page.status.as_u16(), status, "{email}");
        assert!(!page.body.as_bytes().windows(50).any(|piece| piece == &bytes[..50]));
    }
    let nobody = world.browser().get(&path).await;
    assert!([303, 401].contains(&nobody.status.as_u16()), "{}", nobody.status);
    // The page says why there is no player.
    let viewer = world.browser().signed_in("viewer@acme.example").await;
    let page = viewer.get(path.trim_end_matches("/recording")).await;
    assert!(!page.body.contains("<audio") && page.has("Member, Admin or Owner"));
}

#[actix_web::test]
async fn what_a_call_costs_is_for_whoever_pays() {
    let world = World::new().await;
    let call = call(Duration::hours(1));
    let id = call.id;
    enter(&world, vec![(call, Vec::new())]).await;
    let home = format!("/accounts/{}", world.northwind.sub_account);
    let owner = world.browser().signed_in("owner@acme.example").await;
    let viewer = world.browser().signed_in("viewer@acme.example").await;
    let paths = [home.clone(), format!("{home}/calls"), format!("{home}/calls/{id}")];
    for path in &paths {
        assert!(owner.get(path).await.has("₹"), "{path}");
        assert!(!viewer.get(path).await.has("₹"), "{path}");
    }
    assert_eq!(owner.get(&format!("{home}/billing")).await.status.as_u16(), 200);
    assert_eq!(viewer.get(&format!("{home}/billing")).await.status.as_u16(), 403);

    world.force("UPDATE sub_accounts SET billing_mode = 'consolidated' WHERE name = 'Acme Corp'");
    for path in &paths {
        let page = owner.get(path).await;
        assert_eq!(page.status.as_u16(), 200, "{path}");
        assert!(!page.has("₹") && !page.has("Cost") && !page.has("prepaid"), "{path}");
    }
    assert_eq!(owner.get(&format!("{home}/billing")).await.status.as_u16(), 404);
}
