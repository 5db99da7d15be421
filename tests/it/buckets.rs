//! Recordings in a bucket that speaks S3, served by a process of its own.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use dialnexa::{
    access::permission::{RecordCalls, View},
    domain::calls::{self, Call, recording},
    values::CallId,
};
use object_store::{ObjectStoreExt, PutPayload, path::Path};
use reqwest::Method;
use time::Duration;

use crate::{
    calls::{call, enter, scope},
    world::{World, WorldOptions},
};

/// The store, as `make test` installed it, with one bucket.
struct Store {
    process: Child,
    endpoint: String,
}

impl Store {
    async fn start() -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/moto");
        let program = std::fs::read_dir(&folder)
            .ok()
            .into_iter()
            .flatten()
            .filter_map(Result::ok)
            .map(|entry| entry.path().join("bin/moto_server"))
            .find(|path| path.exists())
            .expect("moto is installed by `make test`");
        let mut process = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", "0"])
            .env("PYTHONUNBUFFERED", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("moto starts");
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let endpoint = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.split("Running on ").nth(1).map(|url| url.trim().to_owned()))
            .expect("moto tells its address");
        // It is never blocked by a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let store = Self { process, endpoint };
        assert!(store.ask(Method::PUT, "/calls").await.0.is_success());
        store
    }

    async fn ask(&self, method: Method, path: &str) -> (reqwest::StatusCode, String) {
        let http = reqwest::Client::new();
        let answer = http.request(method, format!("{}{path}", self.endpoint)).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    /// Where a region's recordings are, in that bucket.
    fn url(&self) -> String {
        format!(
            "s3://calls/kept/india?endpoint={}&region=ap-south-1&access_key_id=key&secret_access_key=secret",
            self.endpoint
        )
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn world(store: &Store) -> World {
    World::with(WorldOptions { object_store: Some(store.url()), ..WorldOptions::default() }).await
}

/// Enters a call of so many days ago with its recording.
async fn kept(world: &World, days: i64, bytes: &[u8]) -> CallId {
    let call = Call { recording_bytes: i64::try_from(bytes.len()).ok(), ..call(Duration::days(days)) };
    let id = call.id;
    enter(world, vec![(call, Vec::new())]).await;
    put(world, id, bytes).await;
    id
}

async fn put(world: &World, id: CallId, bytes: &[u8]) {
    let key = recording::key(world.northwind.organization, world.northwind.sub_account.into(), id);
    let objects = scope::<RecordCalls>(world);
    objects.objects().unwrap().put(&Path::from(key), PutPayload::from(bytes.to_vec())).await.unwrap();
}

#[actix_web::test]
async fn recordings_in_a_bucket_are_played_in_ranges() {
    let store = Store::start().await;
    let world = world(&store).await;
    let bytes: Vec<u8> = (0..100_000_u32).map(|at| (at % 251) as u8).collect();
    let id = kept(&world, 0, &bytes).await;
    let (_, listing) = store.ask(Method::GET, "/calls").await;
    assert!(listing.contains(&format!("kept/india/{}", world.northwind.organization)), "{listing}");

    let own = world.sub_account_client(&world.northwind, world.northwind.sub_account).await;
    let asked = async |range: &str| {
        let request = own.request(Method::GET, &format!("/calls/{id}/recording"));
        request.header("Range", range).send().await.unwrap()
    };
    let part = asked("bytes=70000-70099").await;
    assert_eq!(part.status().as_u16(), 206);
    assert_eq!(part.headers()["content-range"], "bytes 70000-70099/100000");
    assert_eq!(part.bytes().await.unwrap(), bytes[70_000..70_100]);
    let whole = asked("none").await;
    assert_eq!(whole.status().as_u16(), 200);
    assert_eq!(whole.bytes().await.unwrap(), bytes);
}

#[actix_web::test]
async fn recordings_in_a_bucket_go_in_time_and_with_their_account() {
    let store = Store::start().await;
    let world = world(&store).await;
    let young = kept(&world, 1, b"RIFF").await;
    let old = kept(&world, 91, b"RIFF").await;
    // Nobody knows of this one.
    put(&world, CallId::at(time::OffsetDateTime::now_utc() - Duration::days(92)), b"RIFF").await;
    world.force("UPDATE accounts SET retention_due_at = now() - interval '1 second'");
    let objects = async || store.ask(Method::GET, "/calls").await.1.matches("<Key>").count();
    let end = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while objects().await > 1 {
        assert!(tokio::time::Instant::now() < end, "what is over stays in the bucket");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let reader = scope::<View>(&world);
    let there = async |id: CallId| {
        reader.read_region(move |tx| calls::get(tx, id)).await.unwrap().recording_bytes.is_some()
    };
    assert!(there(young).await);
    while there(old).await {
        assert!(tokio::time::Instant::now() < end, "the call does not forget its recording");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let program = world.parent_client(&world.northwind).await;
    program.delete(&format!("/sub-accounts/{}", world.northwind.sub_account)).await.expect(202);
    let end = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while objects().await > 0 {
        assert!(tokio::time::Instant::now() < end, "a deleted account leaves recordings");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[actix_web::test]
async fn a_bucket_that_is_out_of_reach_is_said_to_be_and_loses_nothing() {
    let store = Store::start().await;
    let world = world(&store).await;
    let id = kept(&world, 91, b"RIFF").await;
    drop(store);
    let own = world.sub_account_client(&world.northwind, world.northwind.sub_account).await;
    let answer = own.get(&format!("/calls/{id}/recording")).await;
    assert_eq!(answer.status.as_u16(), 500);
    assert!(!answer.text.contains("127.0.0.1") && !answer.text.contains("secret"), "{}", answer.text);
    let call = scope::<View>(&world).read_region(move |tx| calls::get(tx, id)).await.unwrap();
    assert_eq!(call.recording_bytes, Some(4), "the call knows of its recording until that is gone");
}
