//! Admission against a simple model: whatever comes in whatever order at four servers at
//! once, the places that are held are those that the model says, and never too many.
//!
//! `ADMISSION_STEPS` and `ADMISSION_SEED` choose how long and which; a seed that failed is
//! told.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    time::{Duration, Instant},
};

use dialnexa::values::{AccountId, CallId};
use diesel::{Connection, PgConnection, RunQueryDsl, connection::SimpleConnection, sql_query, sql_types};
use futures_util::future::{join, join_all};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::json;
use uuid::Uuid;

use crate::{
    client::Client,
    telephony::{Given, Telephony, answered_number},
    world::{World, WorldOptions},
};

const LEASE: Duration = Duration::from_secs(6);
/// What the reaper may take beyond the deadline.
const GRACE: Duration = Duration::from_secs(5);
/// Steps where nothing else is asked for.
const STEPS: usize = 1_000;

/// The organization's total, and how many calls of its own it has at most in the long run.
const TOTAL: usize = 100;
const OWN_CALLS: usize = 25;
/// What must be free for another sub-account while deleted ones may still count.
const ROOM: usize = 10 + 14;

/// What watches every admission in the database itself: at that moment, beside all that is
/// committed, no account may be over its limit and the organization not over its total.
const WATCH: &str = "
    CREATE TABLE violations (what text NOT NULL);
    CREATE FUNCTION watch_admissions() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    DECLARE
        own integer;
        whole integer;
        total integer;
        room record;
    BEGIN
        SELECT count(*) FILTER (WHERE account_id = NEW.account_id), count(*) INTO own, whole
            FROM slots WHERE organization_id = NEW.organization_id AND reclaimed_at IS NULL;
        SELECT total_concurrency INTO total FROM organizations WHERE organization_id = NEW.organization_id;
        IF whole > total THEN
            INSERT INTO violations VALUES (format('%s calls, the total is %s', whole, total));
        END IF;
        SELECT concurrency_limit, status INTO room FROM sub_accounts
            WHERE organization_id = NEW.organization_id AND sub_account_id = NEW.account_id;
        IF FOUND AND (own > room.concurrency_limit OR room.status <> 'active') THEN
            INSERT INTO violations VALUES (format('%s calls, limit %s, %s', own, room.concurrency_limit, room.status));
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER watch_admissions AFTER INSERT ON slots FOR EACH ROW EXECUTE FUNCTION watch_admissions();";

/// Counters beside rows, in one snapshot.
const UNEVEN: &str = "
    (SELECT count(*) FROM sub_accounts s WHERE slots_in_use <> (SELECT count(*) FROM slots
        WHERE account_id = s.sub_account_id AND reclaimed_at IS NULL))
    + (SELECT count(*) FROM organizations o WHERE slots_in_use <> (SELECT count(*) FROM slots
        WHERE account_id = o.organization_id AND reclaimed_at IS NULL))
    + (SELECT count(*) FROM organizations o WHERE total_concurrency < (SELECT count(*) FROM slots
        WHERE organization_id = o.organization_id AND reclaimed_at IS NULL))
    + (SELECT count(*) FROM violations)";

/// An account as the model has it.
struct Account {
    id: Uuid,
    /// Before `/calls`, for the organization's key.
    path: String,
    number: String,
    agent: String,
    /// Its limit; the organization's own account has what others leave.
    limit: Option<usize>,
    active: bool,
    /// Calls in progress.
    live: Vec<Given>,
    /// Calls whose engine is gone, since when.
    lost: BTreeMap<Uuid, Instant>,
    /// Outbound calls that wait for an engine.
    waiting: BTreeSet<Uuid>,
    admitted: i32,
    refused: i32,
}

fn uuid(id: &str) -> Uuid {
    id.parse::<CallId>().unwrap().uuid()
}

/// Four servers, as an engine and as a program see them.
struct Servers {
    engines: Vec<Telephony>,
    programs: Vec<Client>,
}

impl Servers {
    fn engine(&self, random: &mut StdRng) -> &Telephony {
        self.engines.choose(random).unwrap()
    }

    fn program(&self, random: &mut StdRng) -> &Client {
        self.programs.choose(random).unwrap()
    }
}

impl Account {
    async fn of(world: &World, at: usize, sub_account: bool) -> Self {
        let tenant = world.northwind;
        let number = format!("+91804718{:04}", 3_000 + at);
        let (id, path): (AccountId, _) = if sub_account {
            let id = world.sub_account(tenant.organization, tenant.owner, &format!("Client {at}")).await;
            (id.into(), format!("/sub-accounts/{id}"))
        } else {
            (tenant.organization.into(), "/organization".to_owned())
        };
        let agent = answered_number(world, tenant.organization, id, "india", &number).await;
        Self {
            id: id.uuid(),
            path,
            number,
            agent: agent.to_string(),
            limit: sub_account.then_some(10),
            active: true,
            live: Vec::new(),
            lost: BTreeMap::new(),
            waiting: BTreeSet::new(),
            admitted: 0,
            refused: 0,
        }
    }

    /// Asks for calls that come in, at once, each at a server of its own.
    async fn ask(&self, servers: &Servers, random: &mut StdRng, count: usize) -> Vec<Option<Given>> {
        let asking: Vec<_> = (0..count)
            .map(|_| (servers.engine(random), format!("{:016x}", random.random::<u64>())))
            .collect();
        join_all(asking.into_iter().map(async |(engine, reference)| {
            let answer = engine.ask(&self.number, &reference).await;
            if answer.status == 201 {
                return Some(Given::of(&answer.json()));
            }
            let code = answer.expect(409)["code"].as_str().unwrap().to_owned();
            assert!(
                ["concurrency_limit_reached", "sub_account_suspended"].contains(&code.as_str()),
                "{code}"
            );
            None
        }))
        .await
    }

    fn note(&mut self, asked: Vec<Option<Given>>) -> usize {
        let refused = asked.iter().filter(|answer| answer.is_none()).count();
        let before = self.live.len();
        self.live.extend(asked.into_iter().flatten());
        let admitted = self.live.len() - before;
        self.admitted += i32::try_from(admitted).unwrap();
        self.refused += i32::try_from(refused).unwrap();
        admitted
    }

    /// Ends some calls, each reported at two servers at once.
    async fn end(servers: &Servers, random: &mut StdRng, calls: &[Given]) {
        let ending: Vec<_> =
            calls.iter().map(|call| (call, servers.engine(random), servers.engine(random))).collect();
        join_all(ending.into_iter().map(async |(call, one, other)| {
            join(one.miss(call), other.miss(call)).await;
        }))
        .await;
    }

    async fn beat(&self, engine: &Telephony) {
        join_all(self.live.iter().map(async |call| {
            let heard = engine.report(call, "heartbeat", json!({})).await.expect(200);
            assert_eq!(heard["action"], "continue");
        }))
        .await;
    }

    fn some_live(&mut self, random: &mut StdRng, most: usize) -> Vec<Given> {
        let count = random.random_range(0..=most.min(self.live.len()));
        (0..count).map(|_| self.live.swap_remove(random.random_range(0..self.live.len()))).collect()
    }

    /// A few things at once; tells how many steps that were.
    async fn act(&mut self, servers: &Servers, mut random: StdRng) -> usize {
        let random = &mut random;
        let mut other = StdRng::seed_from_u64(random.random());
        if self.limit.is_none() && self.live.len() > OWN_CALLS {
            // What others leave is much: some of it stays free for limits that are raised.
            let ends = self.live.split_off(OWN_CALLS / 2);
            Self::end(servers, random, &ends).await;
        }
        match random.random_range(0..100) {
            0..50 => {
                let (count, ends) = (random.random_range(1..=4), self.some_live(random, 2));
                let held = self.live.len() + self.waiting.len();
                let (asked, ()) =
                    join(self.ask(servers, random, count), Self::end(servers, &mut other, &ends)).await;
                let admitted = self.note(asked);
                let Some(limit) = self.limit else { return count + ends.len() };
                let free = if self.active { limit.saturating_sub(held) } else { 0 };
                let surely = free.saturating_sub(ends.len() + self.lost.len());
                assert!(
                    (surely.min(count)..=free.min(count)).contains(&admitted),
                    "{admitted} of {count} were admitted; {held} of {limit} in use, {} ended",
                    ends.len()
                );
                count + 2 * ends.len()
            }
            50..62 => {
                let count = random.random_range(1..=3);
                let wanted =
                    json!({ "agent_id": self.agent, "phone_number": "+919876543210", "metadata": {} });
                let path = format!("{}/calls", self.path);
                let placing = (0..count).map(|_| servers.program(random)).collect::<Vec<_>>();
                let placed =
                    join_all(placing.into_iter().map(|program| program.post(&path, wanted.clone()))).await;
                for answer in placed {
                    if answer.status == 201 {
                        self.admitted += 1;
                        self.waiting.insert(uuid(answer.json()["id"].as_str().unwrap()));
                    } else {
                        answer.expect(409);
                        self.refused += 1;
                    }
                }
                count
            }
            62..75 => {
                let ends = self.some_live(random, 4);
                Self::end(servers, random, &ends).await;
                2 * ends.len()
            }
            75..82 => {
                self.beat(servers.engine(random)).await;
                self.live.len()
            }
            82..92 => {
                // While others ask: what is admitted meanwhile is watched where it happens.
                let Some(_) = self.limit else { return 0 };
                let limit = random.random_range(0..=14_usize);
                let change = servers.program(random).patch(&self.path, json!({ "concurrency_limit": limit }));
                let (asked, changed) = join(self.ask(servers, &mut other, 2), change).await;
                self.note(asked);
                match changed.status.as_u16() {
                    200 => self.limit = Some(limit),
                    _ => assert_eq!(changed.expect(409)["code"], "concurrency_unavailable"),
                }
                3
            }
            92..96 => {
                let Some(_) = self.limit else { return 0 };
                let path = format!("{}/{}", self.path, if self.active { "suspend" } else { "reactivate" });
                let change = servers.program(random).post(&path, json!({}));
                let (asked, changed) = join(self.ask(servers, &mut other, 2), change).await;
                self.note(asked);
                changed.expect(200);
                self.active = !self.active;
                3
            }
            _ => {
                // Their engine dies.
                let gone = self.some_live(random, 2);
                self.lost.extend(gone.iter().map(|call| (uuid(&call.id), Instant::now())));
                1
            }
        }
    }
}

#[derive(diesel::QueryableByName)]
struct Slot {
    #[diesel(sql_type = sql_types::Uuid)]
    account_id: Uuid,
    #[diesel(sql_type = sql_types::Uuid)]
    call_id: Uuid,
}

/// The places that are held are those that the model says, as the database's owner sees them.
fn compare(database: &mut PgConnection, accounts: &mut [Account]) {
    let rows: Vec<Slot> =
        sql_query("SELECT account_id, call_id FROM slots WHERE reclaimed_at IS NULL").load(database).unwrap();
    for account in accounts {
        let held: BTreeSet<_> =
            rows.iter().filter(|row| row.account_id == account.id).map(|row| row.call_id).collect();
        account.lost.retain(|call, since| {
            let held = held.contains(call);
            assert!(!held || since.elapsed() < LEASE + GRACE, "the place of a dead engine's call is held");
            held
        });
        let mut expected: BTreeSet<_> = account.live.iter().map(|call| uuid(&call.id)).collect();
        expected.extend(&account.waiting);
        expected.extend(account.lost.keys());
        assert_eq!(held, expected, "{}", account.path);
    }
    let uneven: i64 = {
        #[derive(diesel::QueryableByName)]
        struct Count {
            #[diesel(sql_type = sql_types::BigInt)]
            n: i64,
        }
        let count: Count = sql_query(format!("SELECT {UNEVEN} AS n")).get_result(database).unwrap();
        count.n
    };
    assert_eq!(uneven, 0, "a counter differs from the rows, or a limit was passed");
}

/// Deletes an account while it is asked for calls, and has another take its place.
async fn delete(world: &World, servers: &Servers, account: &mut Account, random: &mut StdRng, at: usize) {
    let program = servers.program(random);
    let asking = (0..3).map(|at| {
        let (engine, number) = (&servers.engines[at], account.number.clone());
        async move { engine.ask(&number, &format!("{at} of a deleted one")).await }
    });
    let balance = world.count(&format!(
        "SELECT balance_minor FROM ledger_accounts WHERE ledger_account = 'wallet' AND account_id = '{}'",
        account.id
    ));
    let path = format!("{}?write_off={}.{:02}", account.path, balance / 100, balance % 100);
    let (asked, deleted) = join(join_all(asking), program.delete(&path)).await;
    deleted.expect(202);
    let admitted = asked.iter().filter(|answer| answer.status == 201).map(|answer| Given::of(&answer.json()));
    for call in account.live.drain(..).chain(admitted.collect::<Vec<_>>()) {
        let engine = servers.engine(random);
        let heard = engine.report(&call, "heartbeat", json!({})).await;
        if heard.status == 200 {
            assert_eq!(heard.json()["action"], "end");
        }
        engine.report(&call, "ended", json!({ "end_reason": "user_busy" })).await;
    }
    assert_eq!(servers.engine(random).ask(&account.number, "after").await.status, 404);
    *account = Account::of(world, at, true).await;
}

#[actix_web::test]
async fn whatever_comes_in_whatever_order_no_limit_is_passed_and_no_place_is_lost() {
    let number = |name: &str| env::var(name).ok().and_then(|text| text.parse().ok());
    let steps = number("ADMISSION_STEPS").unwrap_or(STEPS as u64) as usize;
    let seed = number("ADMISSION_SEED").unwrap_or_else(|| rand::rng().random());
    println!("ADMISSION_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let world = World::with(WorldOptions { lease: Some(LEASE), ..WorldOptions::default() }).await;
    world.force(&format!("UPDATE organizations SET total_concurrency = {TOTAL}"));
    world.force(WATCH);
    let engine = Telephony::of(&world, &["india"]).await;
    let program = world.parent_client(&world.northwind).await;
    let mut servers = Servers { engines: vec![engine.clone()], programs: vec![program.clone()] };
    let mut besides = Vec::new();
    for _ in 0..3 {
        let (base, beside) = world.beside();
        servers.engines.push(Telephony::with(&base, &engine.key));
        servers.programs.push(Client::with(&base, Some(program.key())));
        besides.push(beside);
    }
    let mut accounts = vec![Account::of(&world, 0, false).await];
    for at in 1..=4 {
        accounts.push(Account::of(&world, at, true).await);
    }
    let (_, _, owner) = world.databases().into_iter().find(|(name, ..)| name == "control").unwrap();
    let mut database = PgConnection::establish(&owner).unwrap();
    database.batch_execute("SET default_transaction_read_only = on").unwrap();

    let (mut done, mut made, mut last_beat) = (0, accounts.len(), Instant::now());
    while done < steps {
        let seeds: Vec<u64> = accounts.iter().map(|_| random.random()).collect();
        let acting = accounts
            .iter_mut()
            .zip(seeds)
            .map(|(account, seed)| account.act(&servers, StdRng::seed_from_u64(seed)));
        done += join_all(acting).await.into_iter().sum::<usize>();
        // An engine takes what waits, whoever placed it.
        for call in servers.engine(&mut random).claim().await {
            let id = uuid(&call.id);
            let waited = accounts.iter_mut().position(|account| account.waiting.remove(&id));
            accounts[waited.expect("it waited")].live.push(call);
        }
        compare(&mut database, &mut accounts);
        if last_beat.elapsed() > Duration::from_secs(1) {
            let engine = servers.engine(&mut random);
            join_all(accounts.iter().map(|account| account.beat(engine))).await;
            last_beat = Instant::now();
        }
        if random.random_ratio(1, 60) {
            let one = random.random_range(1..accounts.len());
            let claimed: usize = accounts
                .iter()
                .map(|account| account.limit.unwrap_or(0).max(account.live.len() + account.lost.len()))
                .sum();
            // Another sub-account, that nobody calls, has ten.
            let is_room = claimed + 10 + ROOM <= TOTAL;
            if is_room && accounts[one].waiting.is_empty() && accounts[one].lost.is_empty() {
                delete(&world, &servers, &mut accounts[one], &mut random, made).await;
                made += 1;
                done += 8;
            }
        }
        if random.random_ratio(1, 60) {
            // A server goes and another comes, on the same databases.
            let at = random.random_range(0..besides.len());
            let (base, beside) = world.beside();
            servers.engines[at + 1] = Telephony::with(&base, &engine.key);
            servers.programs[at + 1] = Client::with(&base, Some(program.key()));
            besides[at] = beside;
        }
    }
    for account in &mut accounts {
        let calls: Vec<_> = account.live.drain(..).collect();
        Account::end(&servers, &mut random, &calls).await;
    }
    let begin = Instant::now();
    while world.count("SELECT count(*)::integer AS n FROM slots") > 0 {
        assert!(begin.elapsed() < LEASE + GRACE, "places are held at the end");
        actix_web::rt::time::sleep(Duration::from_millis(100)).await;
    }
    compare(&mut database, &mut accounts);
    for account in &accounts {
        let of = |what: &str, table: &str| {
            let id = account.id;
            world.count(&format!(
                "SELECT coalesce(sum({what}), 0)::integer AS n FROM {table} WHERE account_id = '{id}'"
            ))
        };
        assert_eq!(
            of("calls", "usage_days"),
            account.admitted,
            "each call is counted once: {}",
            account.path
        );
        assert_eq!(of("refused", "refusals"), account.refused, "each refusal is counted: {}", account.path);
    }
    println!("{done} steps, {} accounts, in order", made);
}
