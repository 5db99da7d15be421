//! `dialnexa simulate` as a process: what it plays, that it stops cleanly, and what becomes
//! of its calls when it is halted or killed (`trust.md` R6).

use std::{
    process::Child,
    thread,
    time::{Duration, Instant},
};

use dialnexa::values::AccountId;

use crate::{
    program::{Folder, dialnexa, is_alive, one_line_of, signal, until},
    telephony::{Telephony, answered_number},
    world::{World, WorldOptions},
};

const LEASE: Duration = Duration::from_secs(3);
/// What the reaper may take beyond the deadline.
const GRACE: Duration = Duration::from_secs(5);

/// A world whose sub-account may have ten calls, and a simulation that is played against it.
struct Stage {
    world: World,
    engine: Telephony,
    key: String,
    folder: Folder,
}

impl Stage {
    async fn new() -> Self {
        let world = World::with(WorldOptions { lease: Some(LEASE), ..WorldOptions::default() }).await;
        let tenant = world.northwind;
        let account: AccountId = tenant.sub_account.into();
        answered_number(&world, tenant.organization, account, "india", "+918047182200").await;
        let engine = Telephony::of(&world, &["india"]).await;
        let key = world.parent_client(&tenant).await.key().to_owned();
        Self { world, engine, key, folder: Folder::new() }
    }

    fn command(&self, options: &[&str]) -> std::process::Command {
        let mut command = dialnexa(&self.folder, &["simulate"]);
        command
            .args(options)
            .env("DIALNEXA_SIMULATE_SERVER", &self.world.base)
            .env("DIALNEXA_SIMULATE_ENGINE_KEY", &self.engine.key)
            .env("DIALNEXA_SIMULATE_API_KEY", &self.key);
        command
    }

    /// Calls that hold a place.
    fn live(&self) -> i32 {
        self.world.count("SELECT count(*)::integer AS n FROM slots WHERE reclaimed_at IS NULL")
    }

    fn is_quiet(&self) -> bool {
        self.world.count("SELECT count(*)::integer AS n FROM slots") == 0
    }

    /// Calls that were counted as they ended.
    fn counted(&self) -> i32 {
        self.world.count("SELECT coalesce(sum(calls), 0)::integer AS n FROM usage_days")
    }

    /// Calls as the region has them, and those of them that have not ended.
    fn calls(&self) -> (i32, i32) {
        let (_, _, region) = self.world.databases().into_iter().find(|(name, ..)| name == "india").unwrap();
        (
            crate::world::count_in(&region, "SELECT count(*) FROM calls"),
            crate::world::count_in(&region, "SELECT count(*) FROM calls WHERE ended_at IS NULL"),
        )
    }

    /// A simulation of which every place is taken by a conversation that does not end.
    fn full(&self) -> Child {
        let options = ["--rate", "1200", "--inbound", "70", "--mix", "answered", "--seconds", "3600"];
        let child = self.command(&options).spawn().unwrap();
        until("all places are taken", || self.live() == 10);
        child
    }

    /// Nothing holds a place, and every call that was made was counted once.
    fn assert_even(&self) {
        until("nothing waits to be counted", || self.is_quiet());
        let in_use = self.world.count("SELECT (sum(slots_in_use))::integer AS n FROM sub_accounts");
        assert_eq!(in_use, 0, "the counters are what rows say");
        let (made, open) = self.calls();
        assert_eq!((open, made), (0, self.counted()), "each call ended and was counted once");
    }
}

/// What a closing table says of this.
fn told(table: &str, name: &str) -> i32 {
    let line = table.lines().find(|line| line.trim_start().starts_with(name));
    let line = line.unwrap_or_else(|| panic!("no {name} in\n{table}"));
    line.split_whitespace().last().unwrap().parse().unwrap()
}

#[actix_web::test]
async fn it_plays_calls_with_all_that_is_kept_of_them_and_ends_when_its_time_is_over() {
    let stage = Stage::new().await;
    let options =
        ["--rate", "240", "--inbound", "60", "--mix", "answered,busy", "--seconds", "1", "--duration", "4"];
    let output = stage.command(&options).output().unwrap();
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    stage.assert_even();
    let (made, _) = stage.calls();
    assert!(made > 3, "{table}");
    assert_eq!((told(&table, "ended "), told(&table, "errors")), (made, 0), "{table}");
    let (_, _, region) = stage.world.databases().into_iter().find(|(name, ..)| name == "india").unwrap();
    let kept = |query: &str| crate::world::count_in(&region, query);
    let answered = kept("SELECT count(*) FROM calls WHERE answered_at IS NOT NULL");
    assert!(answered > 0, "{table}");
    assert_eq!(kept("SELECT count(*) FROM transcripts"), answered, "{table}");
    assert_eq!(kept("SELECT count(*) FROM calls WHERE recording_bytes > 1000"), answered, "{table}");
}

#[actix_web::test]
async fn it_hangs_up_when_it_is_asked_to_stop() {
    let stage = Stage::new().await;
    let child = stage.full();
    let begin = Instant::now();
    signal("TERM", &child.id().to_string());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && begin.elapsed() < Duration::from_secs(15));
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told(&table, "ended ") >= 10, "{table}");
    assert!(stage.is_quiet(), "its places were free before any deadline");
    stage.assert_even();
}

#[actix_web::test]
async fn an_engine_that_was_halted_for_longer_than_its_deadline_doubles_and_leaks_nothing() {
    let stage = Stage::new().await;
    let child = stage.full();
    let pid = child.id().to_string();
    signal("STOP", &pid);
    let halted = Instant::now();
    until("the places are free", || stage.live() == 0);
    assert!(halted.elapsed() < LEASE + GRACE, "{:?}", halted.elapsed());
    thread::sleep((LEASE * 2).saturating_sub(halted.elapsed()));
    signal("CONT", &pid);
    // It goes on: new calls get the places that the old ones lost.
    until("there are calls again", || stage.live() > 0);
    assert!(stage.live() <= 10);
    signal("TERM", &pid);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told(&table, "places given back before the end") >= 5, "{table}");
    stage.assert_even();
}

#[actix_web::test]
async fn the_places_of_an_engine_that_was_killed_are_free_soon_after_the_deadline() {
    let stage = Stage::new().await;
    let mut child = stage.full();
    let killed = Instant::now();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!is_alive(&child.id().to_string()));
    until("the places are free", || stage.live() == 0);
    assert!(killed.elapsed() < LEASE + GRACE, "{:?}", killed.elapsed());
    stage.assert_even();
}

#[actix_web::test]
async fn what_it_cannot_play_against_is_said_in_one_line() {
    let stage = Stage::new().await;
    let said = |name: &str, value: &str| {
        let mut command = stage.command(&[]);
        one_line_of(&command.env(name, value).output().unwrap())
    };
    assert!(said("DIALNEXA_SIMULATE_API_KEY", "dnx_live_nobody").contains("does not take the API key"));
    let mut command = stage.command(&["--server", "http://127.0.0.1:1"]);
    assert!(one_line_of(&command.output().unwrap()).contains("was not reached"));
}
