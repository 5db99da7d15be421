//! Finding calls: every face gives the same ones, and no page looks at too many.

use std::collections::BTreeSet;

use dialnexa::{
    access::permission::View,
    domain::calls::{
        Call, CallStatus, Direction, EndReason, Sentiment, Speaker, Turn,
        list::{self, Filter, Found, Order},
        transcripts,
    },
    values::{AgentId, CallId, KeyMode, Part},
};
use diesel::connection::SimpleConnection;
use proptest::{collection::vec, prelude::*, strategy::ValueTree, test_runner::TestRunner};
use time::{Duration, OffsetDateTime};

use crate::{
    calls::{call, enter, scope},
    world::World,
};

fn said(text: &str) -> Vec<Turn> {
    vec![Turn { speaker: Speaker::Caller, at: 1, text: text.into(), language: String::new() }]
}

fn ids<'c>(calls: impl IntoIterator<Item = &'c Call>) -> Vec<CallId> {
    calls.into_iter().map(|call| call.id).collect()
}

async fn read(world: &World, filter: &Filter, part: Part<CallId>, limit: u16) -> Found {
    let filter = filter.clone();
    scope::<View>(world).read_region(move |tx| list::page(tx, &filter, part, limit)).await.unwrap()
}

async fn finds(world: &World, text: &str) -> Vec<CallId> {
    let filter = Filter { text: Some(text.into()), ..Filter::default() };
    ids(&read(world, &filter, Part::Newest, 100).await.rows)
}

#[actix_web::test]
async fn words_are_found_in_english_and_hindi() {
    let world = World::new().await;
    let texts = [
        "Hello, I want a refund for my order.",
        "नमस्ते। मुझे मेरा ऑर्डर वापस करना है॥",
        "Refunds take five days; it isn’t late yet",
        "Order aur रिफंड dono chahiye",
        "<script>alert('refund')</script> 100% & | ! :* ( \\",
    ];
    let made: Vec<_> =
        (1..).zip(texts).map(|(hours, text)| (call(Duration::hours(hours)), said(text))).collect();
    let id: Vec<_> = made.iter().map(|(call, _)| call.id).collect();
    enter(&world, made).await;
    for (asked, found) in [
        ("refund", vec![0, 2, 4]),
        ("REFUND order", vec![0]),
        ("order ref", vec![0]),
        ("refunds", vec![2]),
        ("ref order", vec![]),
        ("ऑर्डर", vec![1]),
        ("ऑर्डर है", vec![1]),
        ("नमस्ते", vec![1]),
        ("रिफ", vec![3]),
        ("isn't", vec![2]),
        ("alert script", vec![4]),
        ("order", vec![0, 3]),
        ("nothing", vec![]),
        ("' | !", vec![]),
        ("@", vec![]),
        ("। ॥", vec![]),
    ] {
        let found: Vec<_> = found.into_iter().map(|at: usize| id[at]).collect();
        assert_eq!(finds(&world, asked).await, found, "{asked}");
    }
}

#[actix_web::test]
async fn what_is_said_anew_is_found_and_what_was_said_no_longer() {
    let world = World::new().await;
    let call = call(Duration::hours(1));
    let id = call.id;
    enter(&world, vec![(call, said("cardamom"))]).await;
    assert_eq!(finds(&world, "cardamom").await, [id]);
    let turns = said("saffron");
    scope::<dialnexa::access::permission::RecordCalls>(&world)
        .write_region(move |tx| transcripts::keep(tx, id, &turns).map(dialnexa::access::Change::none))
        .await
        .unwrap();
    assert!(finds(&world, "cardamom").await.is_empty());
    assert_eq!(finds(&world, "saffron").await, [id]);
    world.force_region("india", "SET row_security = off; DELETE FROM transcripts");
    assert!(finds(&world, "saffron").await.is_empty());
}

#[actix_web::test]
async fn nobody_finds_what_was_said_elsewhere() {
    let world = World::new().await;
    let call = call(Duration::hours(1));
    enter(&world, vec![(call, said("saffron"))]).await;
    for (email, account, expected) in [
        ("owner@acme.example", world.northwind.sub_account, true),
        ("owner@zenith.example", world.southwind.sub_account, false),
    ] {
        let page = world
            .browser()
            .signed_in(email)
            .await
            .get(&format!("/accounts/{account}/calls?said=saffron"))
            .await;
        assert_eq!(page.status.as_u16(), 200);
        assert_eq!(page.has("98765 43210"), expected, "{email}");
    }
    // And not by asking the function itself.
    let (_, app, _) = world.databases().into_iter().find(|(name, ..)| name == "india").unwrap();
    let mut app = <diesel::PgConnection as diesel::Connection>::establish(&app).unwrap();
    let (ours, theirs) = (world.northwind, world.southwind);
    for (organization, account, count) in [
        (Some(ours.organization), Some(ours.sub_account), 1),
        (Some(theirs.organization), Some(theirs.sub_account), 0),
        (Some(ours.organization), Some(theirs.sub_account), 0),
        (Some(theirs.organization), Some(ours.sub_account), 0),
        (Some(ours.organization), None, 0),
        (None, None, 0),
    ] {
        let organization = organization.map(|id| id.uuid().to_string()).unwrap_or_default();
        let account = account.map(|id| id.uuid().to_string()).unwrap_or_default();
        let asked = app.batch_execute(&format!(
            "BEGIN; SET LOCAL ROLE dialnexa_tenant;
             SELECT set_config('app.organization_id', '{organization}', true),
                 set_config('app.account_id', '{account}', true);
             SELECT 1 / (cardinality(calls_saying('''saffron''', '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', true, 10)) = {count})::int;
             SELECT 1 / (cardinality(calls_saying('''saffron''', '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', false, 10)) = {count})::int;
             COMMIT"
        ));
        assert!(asked.is_ok(), "{organization} {account}: {asked:?}");
    }
    for role in ["dialnexa_gate", "dialnexa_overview", "dialnexa_eraser"] {
        let asked = app.batch_execute(&format!(
            "BEGIN; SET LOCAL ROLE {role}; SELECT calls_saying('''a''', NULL, NULL, true, 10); COMMIT"
        ));
        assert!(asked.is_err(), "{role} may search");
        app.batch_execute("ROLLBACK").unwrap();
    }
}

/// A call of few kinds, so that filters meet some.
fn any_call() -> impl Strategy<Value = (Call, Vec<Turn>)> {
    let numbers = || prop_oneof![Just("+919876543210"), Just("+14155550100"), Just("+918047182200")];
    let words = vec(prop_oneof![Just("refund"), Just("order"), Just("रिफंड"), Just("है")], 0..4);
    let kinds = (0..4_usize, 0..5_usize, 0..4_usize, any::<bool>(), any::<bool>());
    (kinds, numbers(), numbers(), 0..3_000_i32, 0..90_i64, words).prop_map(
        |((agent, status, felt, outbound, test), from, to, seconds, days, words)| {
            let statuses = [
                (CallStatus::Completed, Some(EndReason::UserDisconnected)),
                (CallStatus::Completed, Some(EndReason::AgentDisconnected)),
                (CallStatus::Busy, Some(EndReason::UserBusy)),
                (CallStatus::Failed, Some(EndReason::NetworkFailure)),
                (CallStatus::Received, None),
            ];
            let (status, end_reason) = statuses[status];
            let made = call(Duration::days(days));
            let made = Call {
                agent: (agent > 0).then(|| AgentId::from_uuid(uuid::Uuid::from_u128(agent as u128))),
                status,
                end_reason,
                sentiment: [
                    None,
                    Some(Sentiment::Positive),
                    Some(Sentiment::Neutral),
                    Some(Sentiment::Negative),
                ][felt],
                direction: if outbound { Direction::Outbound } else { Direction::Inbound },
                mode: if test { KeyMode::Test } else { KeyMode::Live },
                from_e164: from.into(),
                to_e164: to.into(),
                duration_seconds: seconds,
                ..made
            };
            (made, if words.is_empty() { Vec::new() } else { said(&words.join(", ")) })
        },
    )
}

fn any_filter() -> impl Strategy<Value = Filter> {
    let agent = || (1..5_u128).prop_map(|at| AgentId::from_uuid(uuid::Uuid::from_u128(at)));
    let number = || prop_oneof![Just("+919876543210".to_owned()), Just("+14155550100".to_owned())];
    let some = |share: f64| proptest::bool::weighted(share);
    let one = (
        vec(agent(), 0..3),
        proptest::option::weighted(0.3, number()),
        proptest::option::weighted(0.2, number()),
        vec(prop_oneof![Just(Direction::Inbound), Just(Direction::Outbound)], 0..2),
        vec(prop_oneof![Just(None), Just(Some(Sentiment::Negative)), Just(Some(Sentiment::Neutral))], 0..3),
        vec(
            prop_oneof![Just(CallStatus::Completed), Just(CallStatus::Busy), Just(CallStatus::Received)],
            0..3,
        ),
        vec(prop_oneof![Just(EndReason::UserDisconnected), Just(EndReason::UserBusy)], 0..3),
    );
    let two = (
        proptest::option::weighted(0.3, 0..1_500_i32),
        proptest::option::weighted(0.3, 1_000..3_000_i32),
        proptest::option::weighted(0.5, prop_oneof![Just(KeyMode::Live), Just(KeyMode::Test)]),
        proptest::option::weighted(0.3, 20..80_i64),
        prop_oneof![Just(""), Just(""), Just("refund"), Just("रिफ"), Just("order refund")],
        some(0.5),
    );
    (one, two).prop_map(|(one, two)| {
        let (agents, number, from, directions, sentiments, statuses, end_reasons) = one;
        let (at_least, at_most, mode, days, text, whether) = two;
        let moment = days.map(|days| OffsetDateTime::now_utc() - Duration::days(days));
        Filter {
            agents,
            number,
            from,
            directions,
            sentiments,
            statuses,
            end_reasons,
            at_least,
            at_most,
            mode,
            since: moment.filter(|_| whether),
            until: moment.filter(|_| !whether),
            text: Some(text.to_owned()).filter(|text| !text.is_empty()),
            ..Filter::default()
        }
    })
}

/// What a filter means, said simply.
fn lets_through(filter: &Filter, call: &Call, turns: &[Turn]) -> bool {
    let any = |empty: bool, holds: bool| empty || holds;
    let wanted = transcripts::words(filter.text.as_deref().unwrap_or_default());
    let words: BTreeSet<_> = turns.iter().flat_map(|turn| transcripts::words(&turn.text)).collect();
    let at = |index: usize, word: &String| match index + 1 == wanted.len() {
        true => words.iter().any(|said| said.starts_with(word.as_str())),
        false => words.contains(word),
    };
    any(filter.agents.is_empty(), call.agent.is_some_and(|agent| filter.agents.contains(&agent)))
        && filter.number.as_ref().is_none_or(|n| *n == call.from_e164 || *n == call.to_e164)
        && filter.from.as_ref().is_none_or(|n| *n == call.from_e164)
        && any(filter.directions.is_empty(), filter.directions.contains(&call.direction))
        && any(filter.sentiments.is_empty(), filter.sentiments.contains(&call.sentiment))
        && any(filter.statuses.is_empty(), filter.statuses.contains(&call.status))
        && any(
            filter.end_reasons.is_empty(),
            call.end_reason.is_some_and(|reason| filter.end_reasons.contains(&reason)),
        )
        && filter.at_least.is_none_or(|least| call.duration_seconds >= least)
        && filter.at_most.is_none_or(|most| call.duration_seconds <= most)
        && filter.mode.unwrap_or(KeyMode::Live) == call.mode
        && filter.since.is_none_or(|since| call.id >= CallId::least_at(since))
        && filter.until.is_none_or(|until| call.id < CallId::least_at(until + Duration::MILLISECOND))
        && wanted.iter().enumerate().all(|(index, word)| at(index, word))
}

#[actix_web::test]
async fn filters_mean_what_they_say() {
    let world = World::new().await;
    let mut runner = TestRunner::deterministic();
    let made = vec(any_call(), 400).new_tree(&mut runner).unwrap().current();
    enter(&world, made.clone()).await;
    let reader = scope::<View>(&world);
    for _ in 0..150 {
        let filter = any_filter().new_tree(&mut runner).unwrap().current();
        let mut expected: Vec<_> = made
            .iter()
            .filter(|(call, turns)| lets_through(&filter, call, turns))
            .map(|(call, _)| call.id)
            .collect();
        expected.sort_unstable();
        expected.reverse();

        // Down to the end and up again, each call once.
        let (mut down, mut part) = (Vec::new(), Part::Newest);
        loop {
            let page = read(&world, &filter, part, 7).await;
            assert!(page.stopped.is_none());
            down.extend(ids(&page.rows));
            match page.rows.last().filter(|_| page.has_older) {
                Some(call) => part = Part::OlderThan(call.id),
                None => break,
            }
        }
        assert_eq!(down, expected, "{filter:?}");
        if let Some(last) = expected.last() {
            let (mut up, mut part) = (vec![*last], Part::NewerThan(*last));
            loop {
                let page = read(&world, &filter, part, 7).await;
                up.extend(ids(page.rows.iter().rev()));
                match page.rows.first().filter(|_| page.has_newer) {
                    Some(call) => part = Part::NewerThan(call.id),
                    None => break,
                }
            }
            up.reverse();
            assert_eq!(up, expected, "{filter:?}");
        }
        let asked = filter.clone();
        let some = reader.read_region(move |tx| list::search(tx, &asked, Order::Newest, 5, 3)).await.unwrap();
        assert_eq!(ids(&some), expected.iter().copied().skip(3).take(5).collect::<Vec<_>>(), "{filter:?}");
    }
}

#[actix_web::test]
async fn a_page_that_stops_goes_on_from_there() {
    let world = World::new().await;
    let rare = Call { duration_seconds: 7_000, ..call(Duration::days(2)) };
    let id = rare.id;
    let many = (0..12_000).map(|at| (call(Duration::seconds(at)), Vec::new()));
    enter(&world, many.chain([(rare, Vec::new())]).collect()).await;
    let home = format!("/accounts/{}/calls", world.northwind.sub_account);
    let browser = world.browser().signed_in("owner@acme.example").await;
    let first = browser.get(&format!("{home}?at_least=6000")).await;
    assert!(first.has("No call matches so far") && !first.has("Clear filters"), "{}", first.text());
    let href = first.attribute(".empty a.button", "href").unwrap();
    let second = browser.get(&href).await;
    assert!(second.body.contains(&id.to_string()), "{href}");
    // The bound is one of calls that are looked at, not of calls there are.
    let page = read(&world, &Filter { at_least: Some(6_000), ..Filter::default() }, Part::Newest, 10).await;
    assert!(page.rows.is_empty() && page.stopped.is_some());
}

/// The ids in the order of the answer.
fn ids_in(text: &str) -> Vec<CallId> {
    let mut found = Vec::<CallId>::new();
    for piece in text.split("call_").skip(1) {
        let id: String = piece.chars().take_while(char::is_ascii_alphanumeric).collect();
        if let Ok(id) = format!("call_{id}").parse()
            && found.last() != Some(&id)
        {
            found.push(id);
        }
    }
    found
}

#[actix_web::test]
async fn the_page_the_file_and_the_api_give_the_same_calls() {
    let world = World::new().await;
    let mut runner = TestRunner::deterministic();
    let made = vec(any_call(), 120).new_tree(&mut runner).unwrap().current();
    let agent = made.iter().find_map(|(call, _)| call.agent).unwrap();
    enter(&world, made).await;
    let browser = world.browser().signed_in("owner@acme.example").await;
    let client = world.sub_account_client(&world.northwind, world.northwind.sub_account).await;
    let home = format!("/accounts/{}/calls", world.northwind.sub_account);
    for (web, api) in [
        ("".to_owned(), "".to_owned()),
        (format!("agent={agent}"), format!("agent_id={agent}")),
        ("q=98765+43210".into(), "number=%2B919876543210".into()),
        ("direction=outbound".into(), "call_direction=outbound".into()),
        ("status=busy".into(), "status=busy".into()),
        ("end_reason=network_failure".into(), "end_reason=network_failure".into()),
        ("sentiment=negative".into(), "sentiment=negative".into()),
        ("at_least=600&at_most=1500".into(), "duration_min=600000&duration_max=1500000".into()),
        ("said=refund".into(), "transcript=refund".into()),
        (
            "said=%E0%A4%B0%E0%A4%BF%E0%A4%AB&status=completed".into(),
            "transcript=%E0%A4%B0%E0%A4%BF%E0%A4%AB&status=completed".into(),
        ),
    ] {
        let file = browser.get(&format!("{home}/export.csv?{web}")).await;
        assert_eq!(file.status.as_u16(), 200, "{web}");
        assert!(file.header("content-type").starts_with("text/csv"));
        let all = ids_in(&file.body);
        assert!(!all.is_empty(), "{web}");
        let answer = client.get(&format!("/calls?limit=200&{api}")).await;
        assert_eq!(ids_in(&answer.text), all, "{api}");
        let (mut seen, mut next) = (Vec::new(), Some(format!("{home}?{web}")));
        while let Some(href) = next {
            let page = browser.get(&href).await;
            seen.extend(ids_in(
                page.body.split("<tbody").nth(1).unwrap_or_default().split("</tbody>").next().unwrap(),
            ));
            next = page.attribute("a[rel=next]", "href");
        }
        assert_eq!(seen, all, "{web}");
        // The same through the links of the API.
        let (mut seen, mut next) = (Vec::new(), Some(format!("/v1/calls?limit=7&{api}")));
        while let Some(path) = next {
            let answer = client.get(path.strip_prefix("/v1").unwrap()).await;
            assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.text);
            seen.extend(ids_in(&answer.text));
            next = answer.header("link").split(['<', '>']).nth(1).map(str::to_owned);
        }
        assert_eq!(seen, all, "{api}");
    }
    assert_eq!(world.count("SELECT count(*) FROM audit_entries WHERE action = 'calls.exported'"), 10);
}

#[actix_web::test]
async fn a_file_of_calls_is_no_program_and_shows_what_the_reader_may_see() {
    let world = World::new().await;
    let nasty = "=HYPERLINK(\"http://x\"),\n\"";
    let call = Call { agent_name: nasty.into(), summary: Some("@SUM(1)".into()), ..call(Duration::hours(1)) };
    enter(&world, vec![(call, Vec::new())]).await;
    let path = format!("/accounts/{}/calls/export.csv", world.northwind.sub_account);
    for (email, sees_cost) in [("owner@acme.example", true), ("viewer@acme.example", false)] {
        let file = world.browser().signed_in(email).await.get(&path).await;
        assert_eq!(file.status.as_u16(), 200);
        let mut rows = csv::Reader::from_reader(file.body.as_bytes());
        let names = rows.headers().unwrap().clone();
        assert_eq!(names.iter().any(|name| name == "cost"), sees_cost, "{email}");
        let row = rows.records().next().unwrap().unwrap();
        let cell = |name: &str| &row[names.iter().position(|column| column == name).unwrap()];
        assert_eq!(cell("agent"), format!("'{nasty}"));
        assert_eq!(cell("summary"), "'@SUM(1)");
        assert_eq!(cell("from"), "'+919876543210");
        assert!(cell("started_at_ist").ends_with("+05:30"));
        if sees_cost {
            assert_eq!((cell("cost"), cell("currency")), ("7.00", "INR"));
        }
    }
}
