//! Calls, as lists and as pages.

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
use time::{Duration, OffsetDateTime};

use crate::world::World;

pub fn scope<P: dialnexa::access::permission::Permission>(world: &World) -> Scope<P> {
    let tenant = world.northwind;
    let region = "india".parse().unwrap();
    world.access.scope_of_job("test", tenant.organization, tenant.sub_account.into(), region).unwrap()
}

pub fn call(ago: Duration) -> Call {
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

pub async fn enter(world: &World, calls: Vec<(Call, Vec<Turn>)>) {
    let entered: Vec<_> = calls.into_iter().map(|(call, turns)| record::Entered { call, turns }).collect();
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
    let ids = |page: &list::Found| page.rows.iter().map(|call| call.id).collect::<Vec<_>>();
    assert_eq!(ids(&first), newest_first[..12]);
    assert!(first.has_older && !first.has_newer);
    let second = read(all.clone(), Part::OlderThan(newest_first[11]), 12).await;
    assert_eq!(ids(&second), newest_first[12..24]);
    let last = read(all.clone(), Part::OlderThan(newest_first[23]), 12).await;
    assert_eq!(ids(&last), newest_first[24..]);
    assert!(!last.has_older && last.has_newer);
    assert_eq!(ids(&read(all.clone(), Part::NewerThan(newest_first[12]), 12).await), newest_first[..12]);

    for filter in [
        Filter { directions: vec![Direction::Outbound], ..all.clone() },
        Filter { agents: vec![agent], ..all.clone() },
        Filter { statuses: vec![CallStatus::Busy], ..all.clone() },
        Filter { end_reasons: vec![EndReason::UserBusy], ..all.clone() },
        Filter { sentiments: vec![Some(Sentiment::Negative)], ..all.clone() },
        Filter { number: Some("+14155550100".into()), ..all.clone() },
    ] {
        assert_eq!(read(filter.clone(), Part::Newest, 50).await.rows.len(), 10, "{filter:?}");
    }
    let one = Filter { calls: vec![newest_first[4]], ..all.clone() };
    assert_eq!(ids(&read(one, Part::Newest, 50).await), [newest_first[4]]);

    let day = dialnexa::values::indian_day(OffsetDateTime::now_utc() - Duration::days(3));
    let within = |call: &Call| dialnexa::values::indian_day(call.created_at) == day;
    let since = dialnexa::values::start_of_indian_day(day);
    let until = since + Duration::days(1) - Duration::MILLISECOND;
    let of_day = read(Filter { since: Some(since), until: Some(until), ..all }, Part::Newest, 50).await;
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
