//! The page of a call: what it tells of calls in every state, and its player in a real browser.

use dialnexa::{
    domain::calls::{Call, CallStatus, Direction, Speaker, Turn},
    values::KeyMode,
};
use serde_json::json;
use time::Duration;

use crate::{
    calls::{call, enter},
    chromium::{Chromium, Looks},
    world::{PASSWORD, World},
};

const NASTY: &str = "<img src=x onerror=alert(1)>\"'</p><script>alert(2)</script>";

fn turn(at: u32, speaker: Speaker, text: &str, language: &str) -> Turn {
    Turn { speaker, at, text: text.into(), language: language.into() }
}

/// A conversation of 24 turns, one each second.
fn conversation() -> Vec<Turn> {
    let mut turns = vec![
        turn(0, Speaker::Agent, "Namaste, this is Asha. How can I help?", "en"),
        turn(1, Speaker::Caller, "मेरा ऑर्डर अभी तक नहीं आया है।", "hi"),
        turn(2, Speaker::Caller, NASTY, "\" onload=\"x"),
    ];
    turns.extend((3..24).map(|at| turn(at, Speaker::Agent, &format!("Sentence number {at}."), "en")));
    turns
}

/// Silence as a WAV file.
fn silence(seconds: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    (0..seconds * 8_000).for_each(|_| writer.write_sample(0_i16).unwrap());
    writer.finalize().unwrap();
    bytes.into_inner()
}

/// Enters a call with a conversation and 24 seconds of sound; gives its page.
async fn conversed(world: &World) -> String {
    let sound = silence(24);
    let call = Call {
        recording_bytes: Some(i64::try_from(sound.len()).unwrap()),
        duration_seconds: 24,
        summary: Some(NASTY.into()),
        agent_version: Some(3),
        ..call(Duration::hours(3))
    };
    let tenant = world.northwind;
    let folder = world.data_dir.join(format!("objects/india/{}/{}", tenant.organization, tenant.sub_account));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{}.wav", call.id)), sound).unwrap();
    let page = format!("/accounts/{}/calls/{}", tenant.sub_account, call.id);
    enter(world, vec![(call, conversation())]).await;
    page
}

#[actix_web::test]
async fn each_state_of_a_call_is_told_in_honest_words() {
    let world = World::new().await;
    let base = || Call { ended_at: None, end_reason: None, answered_at: None, ..call(Duration::minutes(1)) };
    let answered = |call: Call| Call { answered_at: Some(call.created_at), ..call };
    let ended = |call: Call, ago: Duration| {
        let ended = time::OffsetDateTime::now_utc() - ago;
        Call { ended_at: Some(ended), ..answered(call) }
    };
    let states = [
        (
            Call { status: CallStatus::Created, direction: Direction::Outbound, ..base() },
            vec!["Created", "Waiting to be dialled when this page was opened", "The call goes on"],
        ),
        (
            Call { status: CallStatus::Sent, ..base() },
            vec![
                "Came in",
                "Ringing and not answered when this page was opened",
                "Known once the call has ended",
            ],
        ),
        (
            answered(Call { status: CallStatus::Received, ..base() }),
            vec![
                "Answered",
                "In progress and not ended when this page was opened",
                "Its recording is here after",
            ],
        ),
        (
            ended(base(), Duration::seconds(20)),
            vec![
                "No recording has come in yet",
                "No transcript has come in yet",
                "₹7.00 for 2 minutes started",
            ],
        ),
        (
            ended(call(Duration::hours(2)), Duration::hours(1)),
            vec!["No recording was kept of this call.", "No transcript was kept"],
        ),
        (
            Call { status: CallStatus::Busy, ended_at: Some(base().created_at), ..base() },
            vec!["so there is no recording", "so nothing was said", "Ended"],
        ),
        (
            Call { mode: KeyMode::Test, ..ended(base(), Duration::seconds(5)) },
            vec!["Simulated for a test key"],
        ),
        (call(Duration::days(366)), vec!["The transcript was deleted: transcripts are kept for 365 days"]),
    ];
    let browser = world.browser().signed_in("owner@acme.example").await;
    for (call, words) in states {
        let page = format!("/accounts/{}/calls/{}", world.northwind.sub_account, call.id);
        let state = call.status;
        enter(&world, vec![(call, Vec::new())]).await;
        let page = browser.get(&page).await;
        for word in words {
            assert!(page.has(word), "{state}: “{word}” is missing from {}", page.text());
        }
    }
    let page = browser.get(&conversed(&world).await).await;
    for word in ["Kept until", "Hindi", "Asha, version 3", "Download"] {
        assert!(page.has(word), "{word}");
    }
    world.force("UPDATE accounts SET recording_days = NULL");
    let silent = Call { status: CallStatus::Received, ..answered(base()) };
    let path = format!("/accounts/{}/calls/{}", world.northwind.sub_account, silent.id);
    enter(&world, vec![(silent, Vec::new())]).await;
    assert!(browser.get(&path).await.has("Recording is off: none is made of this call."));
}

async fn opened(world: &World, looks: Looks, page: &str) -> Chromium {
    let chromium = Chromium::open(looks).await;
    chromium.goto(&format!("{}/sign-in", world.base)).await;
    chromium.fill("email", "owner@acme.example").await;
    chromium.fill("password", PASSWORD).await;
    chromium.press("Sign in").await;
    chromium.sees("Overview").await;
    chromium.goto(&format!("{}{page}", world.base)).await;
    chromium
}

/// Waits until a script's result is this.
async fn becomes(chromium: &Chromium, script: &str, expected: serde_json::Value) {
    let end = tokio::time::Instant::now() + std::time::Duration::from_secs(15);
    loop {
        let now = chromium.run(script).await;
        if now == expected {
            return;
        }
        assert!(tokio::time::Instant::now() < end, "{script} stays {now} and does not become {expected}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

const CURRENT: &str = "return document.querySelector('[data-at][aria-current=true]')?.dataset.at ?? null;";

#[tokio::test(flavor = "multi_thread")]
async fn the_transcript_follows_the_player_and_leads_it() {
    let world = World::new().await;
    let page = conversed(&world).await;
    let chromium = opened(&world, Looks::default(), &page).await;
    becomes(&chromium, "return document.querySelector('audio').readyState > 0;", json!(true)).await;
    assert_eq!(chromium.run(CURRENT).await, json!(null), "nothing is marked before it plays");

    // A turn's time starts the player there.
    let script = "return document.querySelector('button[data-seek=\"20\"]').getAttribute('aria-label');";
    assert_eq!(chromium.run(script).await, json!("Play from 0:20"));
    chromium.press("0:20").await;
    becomes(&chromium, "return document.querySelector('audio').currentTime >= 20;", json!(true)).await;
    becomes(&chromium, CURRENT, json!("21")).await;
    chromium.run("document.querySelector('audio').pause();").await;
    let focused = chromium.run("return document.activeElement.dataset.seek;").await;
    assert_eq!(focused, json!("20"), "focus is not moved");

    // The player's own bar leads the transcript.
    let before = chromium.run("return window.scrollY;").await;
    chromium.run("document.querySelector('[data-follow]').scrollTop = 0;").await;
    chromium.run("document.querySelector('audio').currentTime = 17.5;").await;
    becomes(&chromium, CURRENT, json!("17")).await;
    becomes(&chromium, "return document.querySelector('[data-follow]').scrollTop > 0;", json!(true)).await;
    assert_eq!(chromium.run("return window.scrollY;").await, before, "the page itself stays where it is");
    let marked =
        chromium.run("return document.querySelectorAll('[aria-current=true][data-at]').length;").await;
    assert_eq!(marked, json!(1));

    // A link that is over is replaced, and the sound goes on where it was.
    chromium
        .run(
            "const player = document.querySelector('audio');
             player.src = player.getAttribute('src').replace(/until=\\d+/, 'until=1');",
        )
        .await;
    becomes(
        &chromium,
        "const player = document.querySelector('audio');
         return player.readyState > 0 && player.error === null && !player.src.includes('until=1&');",
        json!(true),
    )
    .await;
    assert_eq!(chromium.run("return document.querySelectorAll('img').length;").await, json!(0));
    let complaints = chromium.complaints().await;
    assert!(complaints.is_empty(), "{complaints:?}");
    chromium.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_a_call_is_sound_in_both_themes_and_at_every_width() {
    let world = World::new().await;
    let page = conversed(&world).await;
    for looks in [Looks::default(), Looks { width: 360, dark: true, ..Looks::default() }] {
        let chromium = opened(&world, looks, &page).await;
        chromium.run("document.querySelector('audio').currentTime = 1.5;").await;
        becomes(&chromium, CURRENT, json!("1")).await;
        let faults = chromium.axe().await;
        assert!(faults.is_empty(), "{faults:?}");
        assert!(!chromium.scrolls_sideways().await);
        chromium.picture(&format!("call-{}", looks.width)).await;
        chromium.goto(&format!("{}{page}/recording", world.base)).await;
        let faults = chromium.axe().await;
        assert!(faults.is_empty(), "{faults:?}");

        // Retention: the editor is among the pages that are always looked at; this is its review.
        let retention = format!("{}/accounts/{}/retention", world.base, world.northwind.sub_account);
        chromium.goto(&retention).await;
        chromium.picture(&format!("retention-{}", looks.width)).await;
        chromium.fill("recording_days", "8").await;
        chromium.fill("transcript_days", "30").await;
        chromium.press("Review changes").await;
        chromium.sees("What will happen").await;
        let faults = chromium.axe().await;
        assert!(faults.is_empty() && !chromium.scrolls_sideways().await, "{faults:?}");
        chromium.picture(&format!("retention-review-{}", looks.width)).await;
        chromium.press("Go on editing").await;
        let typed = chromium.find("[name=recording_days]").await.prop("value").await.unwrap();
        assert_eq!(typed.as_deref(), Some("8"), "what was typed stays");
        chromium.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_the_times_are_text() {
    let world = World::new().await;
    let page = conversed(&world).await;
    let chromium = opened(&world, Looks { javascript: false, ..Looks::default() }, &page).await;
    chromium.sees("The player’s link works for 15 minutes").await;
    let shown = chromium.text().await;
    assert!(shown.contains("0:20") && shown.contains("मेरा ऑर्डर") && shown.contains("<img src=x"), "{shown}");
    let buttons = chromium.client.find_all(fantoccini::Locator::Css("button[data-seek]")).await.unwrap();
    assert!(buttons.is_empty());
    chromium.close().await;
}
