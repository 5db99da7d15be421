//! What is asked for once happens once (`trust.md` R4, R5): while the program is killed,
//! connections break, and the same request comes many times at the same moment.

use std::{
    env,
    io::Write,
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use dialnexa::values::{AccountId, DatabaseUrl};
use diesel::{
    Connection, RunQueryDsl, connection::SimpleConnection, pg::PgConnection, sql_query, sql_types::BigInt,
};
use futures_util::{StreamExt, stream};
use rand::{Rng, SeedableRng, rngs::StdRng};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::{
    client::Client,
    program::{Folder, Server, dialnexa, free_port},
    world::World,
};

/// Requests in each round.
const POSTS: usize = 200;
/// After how many of the answers the program is killed, in each round: drawn from this seed.
const ROUNDS: usize = 4;
const SEED: u64 = 0x6b69_6c6c;

/// The program on databases of its own, with the demo organization.
pub struct Deployed {
    folder: Folder,
    owner: DatabaseUrl,
    name: String,
    port: u16,
    key: String,
    /// What the demo printed.
    told: String,
    /// How long a call's place is kept without a heartbeat.
    pub lease_seconds: u32,
    /// More of its environment.
    pub environment: Vec<(&'static str, String)>,
}

impl Deployed {
    pub fn new(name: &str) -> Self {
        let owner: DatabaseUrl = env::var("DIALNEXA_DATABASE_URL").expect("run `make test`").parse().unwrap();
        let name = format!("it_{}_{name}", std::process::id());
        let mut deployed = Self {
            folder: Folder::new(),
            owner,
            name,
            port: 0,
            key: String::new(),
            told: String::new(),
            lease_seconds: 30,
            environment: Vec::new(),
        };
        deployed.drop_all();
        let output = deployed.command(&["demo"]).output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        deployed.told = told;
        deployed.key = deployed.told("LIVE_API_KEY");
        deployed
    }

    /// What the demo printed under this name.
    pub fn told(&self, name: &str) -> String {
        let told = self.told.lines().filter_map(|line| line.split_once('='));
        told.filter(|(known, _)| *known == name).map(|(_, value)| value.to_owned()).next().unwrap()
    }

    /// The control database as its owner.
    pub fn control(&self) -> String {
        self.owner.with_database(&self.name).to_string()
    }

    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = dialnexa(&self.folder, arguments);
        command.env("DIALNEXA_DATABASE_URL", self.owner.with_database(&self.name).to_string());
        command.env("DIALNEXA_API_RATE", "1000000");
        command.env("DIALNEXA_LEASE_SECONDS", self.lease_seconds.to_string());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts it on a port that is free now.
    pub fn start(&mut self) -> Server {
        self.port = free_port();
        let listen = format!("127.0.0.1:{}", self.port);
        Server::spawn(self.command(&["run", "--listen", &listen]), self.port)
    }

    fn client(&self) -> Client {
        Client::with(&self.base(), Some(&self.key))
    }

    pub fn number(&self, query: &str) -> i64 {
        #[derive(diesel::QueryableByName)]
        struct Number {
            #[diesel(sql_type = BigInt)]
            n: i64,
        }
        let mut owner = PgConnection::establish(&self.control()).unwrap();
        sql_query(format!("SELECT ({query})::bigint AS n")).get_result::<Number>(&mut owner).unwrap().n
    }

    fn drop_all(&self) {
        let mut server = PgConnection::establish(&self.owner.with_database("postgres").to_string()).unwrap();
        for suffix in ["", "_india", "_us", "_eu"] {
            let drop = format!("DROP DATABASE IF EXISTS {}{suffix} WITH (FORCE)", self.name);
            server.batch_execute(&drop).unwrap();
        }
        server.batch_execute(&format!("DROP ROLE IF EXISTS {}_app", self.name)).unwrap();
    }
}

impl Drop for Deployed {
    fn drop(&mut self) {
        self.drop_all();
    }
}

/// A request that is to be done once.
#[derive(Debug, Clone)]
struct Post {
    key: String,
    path: String,
    body: Value,
}

impl Post {
    /// The requests of a round: sub-accounts that are made, recharged, and given keys.
    fn all_of(round: usize, sub_account: &str) -> Vec<Self> {
        let one = |number: usize| {
            let (path, body) = match number % 4 {
                0 | 1 => (
                    "/sub-accounts".to_owned(),
                    json!({ "name": format!("Round {round} no. {number}"), "billing_mode": "isolated",
                        "region": "india", "concurrency_limit": 0 }),
                ),
                2 => (
                    format!("/sub-accounts/{sub_account}/wallet/recharge"),
                    json!({ "amount": 1, "currency": "INR", "reference": format!("{round}/{number}") }),
                ),
                _ => (
                    format!("/sub-accounts/{sub_account}/api-keys"),
                    json!({ "name": format!("Round {round} no. {number}"), "type": "live" }),
                ),
            };
            Self { key: format!("round-{round}-{number}"), path, body }
        };
        (0..POSTS).map(one).collect()
    }

    /// Sends it; nothing when the connection broke.
    async fn send(&self, client: &Client) -> Option<(StatusCode, String)> {
        let request = client.request(Method::POST, &self.path);
        let response = request.header("Idempotency-Key", &self.key).json(&self.body).send().await.ok()?;
        let status = response.status();
        Some((status, response.text().await.ok()?))
    }
}

/// How much there is of what the requests make.
async fn effects(client: &Client, round: usize, sub_account: &str) -> (i64, i64, i64, i64) {
    let total = async |path: String| client.get(&path).await.expect(200)["meta"]["total"].as_i64().unwrap();
    let beneath = format!("/sub-accounts/{sub_account}");
    (
        total(format!("/sub-accounts?search=Round%20{round}%20")).await,
        total(format!("{beneath}/transactions")).await,
        client.get(&format!("{beneath}/wallet")).await.expect(200)["balance"].as_i64().unwrap(),
        total(format!("{beneath}/api-keys")).await,
    )
}

/// Sends all at once and kills the program after so many answers. What was answered until
/// then, by request.
async fn killed_after(
    answers: usize,
    server: Server,
    client: &Client,
    posts: &[Post],
) -> Vec<Option<String>> {
    let (answered, more) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let sent: Vec<_> = posts
        .iter()
        .map(|post| {
            let (post, client) = (post.clone(), client.clone());
            let (answered, more) = (answered.clone(), more.clone());
            tokio::spawn(async move {
                let answer = post.send(&client).await;
                answered.fetch_add(1, Ordering::SeqCst);
                more.notify_one();
                answer.filter(|(status, _)| status.is_success()).map(|(_, text)| text)
            })
        })
        .collect();
    let reached = async {
        while answered.load(Ordering::SeqCst) < answers {
            more.notified().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), reached).await.expect("answers");
    server.kill();
    let mut first = Vec::new();
    for task in sent {
        first.push(task.await.unwrap());
    }
    first
}

/// Sends all, a few at a time; each must succeed.
async fn all_succeed(client: &Client, posts: &[Post]) -> Vec<String> {
    let sent = posts.iter().map(|post| async move {
        let (status, text) = post.send(client).await.expect("an answer");
        assert_eq!(status, StatusCode::CREATED, "{post:?}: {text}");
        text
    });
    stream::iter(sent).buffered(8).collect().await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_has_one_effect_whenever_the_program_is_killed() {
    let mut deployed = Deployed::new("killed");
    let mut server = deployed.start();
    let mut random = StdRng::seed_from_u64(SEED);
    for round in 0..ROUNDS {
        let new = json!({ "name": format!("Killed {round}"), "billing_mode": "isolated", "region": "us",
            "concurrency_limit": 0 });
        let made = deployed.client().post("/sub-accounts", new).await.expect(201);
        let sub_account = made["sub_account_id"].as_str().unwrap();
        let posts = Post::all_of(round, sub_account);
        let before = effects(&deployed.client(), round, sub_account).await;
        let answers = random.random_range(1..POSTS - 20);
        let first = killed_after(answers, server, &deployed.client(), &posts).await;
        let lost = first.iter().filter(|answer| answer.is_none()).count();
        assert!((1..POSTS).contains(&lost), "killed in the midst: {lost} of {POSTS} were not answered");

        server = deployed.start();
        let client = deployed.client();
        let again = all_succeed(&client, &posts).await;
        for (post, (first, again)) in posts.iter().zip(first.iter().zip(&again)) {
            assert!(first.as_ref().is_none_or(|first| first == again), "{post:?}: {first:?}, then {again}");
        }
        assert_eq!(all_succeed(&client, &posts).await, again, "what was answered once is answered again");

        let after = effects(&client, round, sub_account).await;
        let kind = i64::try_from(POSTS / 4).unwrap();
        let made = (after.0 - before.0, after.1 - before.1, after.2 - before.2, after.3 - before.3);
        assert_eq!(made, (2 * kind, kind, kind, kind), "round {round}, killed after {answers} answers");
    }
    assert_eq!(deployed.number("SELECT coalesce(sum(amount_minor), 0) FROM ledger_postings"), 0);
    let wrong = "SELECT count(*) FROM ledger_accounts a WHERE balance_minor <> (
         SELECT coalesce(sum(amount_minor), 0) FROM ledger_postings p
         WHERE (p.organization_id, p.account_id, p.ledger_account)
             = (a.organization_id, a.account_id, a.ledger_account))";
    assert_eq!(deployed.number(wrong), 0, "every balance is the sum of its postings");
}

fn recharge(amount: i64) -> Value {
    json!({ "amount": amount, "currency": "INR" })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_again_after_a_broken_connection_has_one_effect() {
    let world = World::new().await;
    let tenant = world.northwind;
    world.pay_in(&tenant, AccountId::from(tenant.organization), 10_000_000).await;
    let client = world.parent_client(&tenant).await;
    let path = format!("/sub-accounts/{}/wallet/recharge", tenant.sub_account);
    let body = recharge(10).to_string();
    for number in 0..20 {
        let address = world.base.strip_prefix("http://").unwrap();
        let mut connection = TcpStream::connect(address).unwrap();
        write!(
            connection,
            "POST /v1{path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nIdempotency-Key: cut-{number}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            client.key(),
            body.len(),
        )
        .unwrap();
        drop(connection);
        let again = client.post_once(&path, &format!("cut-{number}"), recharge(10)).await;
        assert_eq!(again.expect(201)["balance"], 10 * (number + 1));
    }
    let wallet = client.get(&format!("/sub-accounts/{}/wallet", tenant.sub_account)).await.expect(200);
    assert_eq!(wallet["balance"], 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_many_times_at_once_has_one_effect() {
    let world = World::new().await;
    let tenant = world.northwind;
    world.pay_in(&tenant, AccountId::from(tenant.organization), 10_000_000).await;
    let client = world.parent_client(&tenant).await;
    let recharges = format!("/sub-accounts/{}/wallet/recharge", tenant.sub_account);
    let new =
        json!({ "name": "Once Ltd", "billing_mode": "isolated", "region": "india", "concurrency_limit": 1 });
    for (path, body) in [(recharges.as_str(), recharge(25)), ("/sub-accounts", new)] {
        let sent = (0..20).map(|_| client.post_once(path, "at-once", body.clone()));
        let answers = futures_util::future::join_all(sent).await;
        for answer in &answers {
            answer.expect(201);
            assert_eq!(answer.text, answers[0].text);
        }
    }
    let wallet = client.get(&format!("/sub-accounts/{}/wallet", tenant.sub_account)).await.expect(200);
    assert_eq!(wallet["balance"], 25);
    let found = client.get("/sub-accounts?search=Once%20Ltd").await.expect(200);
    assert_eq!(found["meta"]["total"], 1);
}

#[tokio::test]
async fn a_key_is_for_one_body_of_one_asker() {
    let world = World::new().await;
    let (northwind, southwind) = (world.northwind, world.southwind);
    for tenant in [&northwind, &southwind] {
        world.pay_in(tenant, AccountId::from(tenant.organization), 10_000_000).await;
    }
    let path = format!("/sub-accounts/{}/wallet/recharge", northwind.sub_account);
    let client = world.parent_client(&northwind).await;
    client.post_once(&path, "order-1", recharge(5)).await.expect(201);
    let other = client.post_once(&path, "order-1", recharge(6)).await;
    assert_eq!((other.status.as_u16(), other.code().as_str()), (422, "idempotency_key_reused"));
    // Another organization's, another key's of the same organization, and another operation's.
    let foreign = world.parent_client(&southwind).await;
    let path_of_foreign = format!("/sub-accounts/{}/wallet/recharge", southwind.sub_account);
    foreign.post_once(&path_of_foreign, "order-1", recharge(6)).await.expect(201);
    world.parent_client(&northwind).await.post_once(&path, "order-1", recharge(7)).await.expect(201);
    let new =
        json!({ "name": "Other", "billing_mode": "isolated", "region": "india", "concurrency_limit": 0 });
    client.post_once("/sub-accounts", "order-1", new).await.expect(201);
    let balances = [(&client, northwind, 12), (&foreign, southwind, 6)];
    for (client, tenant, balance) in balances {
        let wallet = client.get(&format!("/sub-accounts/{}/wallet", tenant.sub_account)).await.expect(200);
        assert_eq!(wallet["balance"], balance);
    }
    // What was refused is not remembered.
    let poor = recharge(999_999);
    client.post_once(&path, "order-2", poor).await.expect(402);
    client.post_once(&path, "order-2", recharge(8)).await.expect(201);
}
