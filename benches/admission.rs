//! How many calls are admitted and ended in a second, spread over 1,000 sub-accounts and all
//! in one, beside `pgbench` running the bare statements of both requests, as the same roles,
//! on the same databases in the same run.
//!
//! A call is in two databases, which `pgbench` takes one after the other: the time of a call
//! is the sum of both. `BENCH_SECONDS` sets how long each measurement takes.

mod rig;

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use data_encoding::HEXLOWER;
use dialnexa::values::EngineKey;
use diesel::{Connection, PgConnection, RunQueryDsl, connection::SimpleConnection, sql_query, sql_types};

use rig::{Client, Databases, Outcome, Server, pgbench, seconds, seed};

const ACCOUNTS: usize = 1_000;
const SALT: &str = "bench";

#[derive(diesel::QueryableByName)]
struct Account {
    #[diesel(sql_type = sql_types::Uuid)]
    account_id: uuid::Uuid,
}

/// What one kind of load came to.
struct Measured {
    /// Calls in a second.
    rate: f64,
    /// Milliseconds of each admission, and of each end, in order.
    admissions: Vec<f64>,
    ends: Vec<f64>,
}

fn main() -> Outcome<()> {
    let duration = Duration::from_secs(seconds());
    let databases = Databases::new("bench_admission")?;
    let mut control = databases.owner()?;
    let organization = seed(&mut control, "owner@bench.example", "", ACCOUNTS)?.uuid().to_string();
    control.batch_execute("UPDATE organizations SET total_concurrency = 1000000")?;
    let key = EngineKey::new()?;
    let key_hash = HEXLOWER.encode(&key.hash());
    for statement in
        include_str!("admission_seed.sql").replace("{key_hash}", &key_hash).split_inclusive(";\n")
    {
        control.batch_execute(statement)?;
    }
    let accounts: Vec<Account> =
        sql_query("SELECT account_id FROM number_directory ORDER BY e164").load(&mut control)?;
    let rows: Vec<_> =
        (1..).zip(&accounts).map(|(n, account)| format!("({n}, '{}'::uuid)", account.account_id)).collect();
    let mut region = PgConnection::establish(&format!("{}_india", databases.url))?;
    let fill = |sql: &str, numbers: usize| {
        sql.replace("{organization}", &organization)
            .replace("{key_hash}", &key_hash)
            .replace("{salt}", SALT)
            .replace("{count}", &ACCOUNTS.to_string())
            .replace("{numbers}", &numbers.to_string())
    };
    region.batch_execute(
        &fill(include_str!("admission_region_seed.sql"), ACCOUNTS).replace("{accounts}", &rows.join(", ")),
    )?;
    region.batch_execute("VACUUM ANALYZE")?;
    let (_, india) = databases
        .ready
        .region_urls
        .iter()
        .find(|(region, _)| region.as_str() == "india")
        .ok_or("no region india")?;
    let mut server = Server::start(&databases)?;
    println!(
        "{:<24}{:>12}{:>10}{:>20}{:>20}{:>14}",
        "calls", "connections", "per s", "admission", "end", "of pgbench"
    );
    for (name, numbers) in [("over 1,000 accounts", ACCOUNTS), ("in one account", 1)] {
        for connections in [1, 8, 64] {
            let load = load(server.address, &key, numbers, connections, duration)?;
            let sql = fill(include_str!("admission_control.sql"), numbers);
            let in_control = pgbench(&databases.ready.control_url, &sql, connections, duration.as_secs())?;
            let sql = fill(include_str!("admission_region.sql"), numbers);
            let in_region = pgbench(india, &sql, connections, duration.as_secs())?;
            let bare = 1.0 / (1.0 / in_control + 1.0 / in_region);
            println!(
                "{name:<24}{connections:>12}{:>10.0}{:>20}{:>20}{:>12.0} %   (pgbench: {bare:.0}/s, control {in_control:.0}/s, region {in_region:.0}/s; aim: 50 %)",
                load.rate,
                percentiles(&load.admissions),
                percentiles(&load.ends),
                load.rate / bare * 100.0,
            );
        }
    }
    println!("memory at the end: {} MiB", server.memory()?);
    server.stop();
    drop((control, region));
    databases.finish()
}

/// p50 and p99.
fn percentiles(times: &[f64]) -> String {
    let at = |share: f64| times.get(((times.len() as f64) * share) as usize).copied().unwrap_or(f64::NAN);
    format!("{:.1} / {:.1} ms", at(0.5), at(0.99))
}

/// Admits a call and ends it, over and over, by each of so many connections.
fn load(
    address: SocketAddr,
    key: &EngineKey,
    numbers: usize,
    connections: usize,
    duration: Duration,
) -> Outcome<Measured> {
    let end = Instant::now() + duration;
    let workers: Vec<_> = (0..connections)
        .map(|worker| {
            let key = key.reveal().to_owned();
            std::thread::spawn(move || {
                cycles(address, &key, worker, numbers, end).map_err(|error| error.to_string())
            })
        })
        .collect();
    let mut measured = Measured { rate: 0.0, admissions: Vec::new(), ends: Vec::new() };
    for worker in workers {
        for (admission, ending) in worker.join().map_err(|_| "a client panicked")?? {
            measured.admissions.push(admission);
            measured.ends.push(ending);
        }
    }
    measured.rate = measured.ends.len() as f64 / duration.as_secs_f64();
    measured.admissions.sort_by(f64::total_cmp);
    measured.ends.sort_by(f64::total_cmp);
    Ok(measured)
}

fn cycles(
    address: SocketAddr,
    key: &str,
    worker: usize,
    numbers: usize,
    end: Instant,
) -> Outcome<Vec<(f64, f64)>> {
    let mut client = Client::connect(address)?;
    let mut post = |path: &str, lease: &str, body: &str, expected: u16| -> Outcome<(f64, String)> {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n{lease}\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let begin = Instant::now();
        let (status, _, body) = client.ask(&request)?;
        let time = begin.elapsed().as_secs_f64() * 1_000.0;
        if status == expected { Ok((time, body)) } else { Err(format!("{path}: {status} {body}").into()) }
    };
    let mut times = Vec::new();
    while Instant::now() < end {
        // Each connection walks through all numbers from a place of its own.
        let number = 8_047_100_001 + (worker * 131 + times.len() * 7) % numbers;
        let reference = uuid::Uuid::new_v4();
        let ask = format!(r#"{{"to":"+91{number}","from":"+919811111111","reference":"{reference}"}}"#);
        let (admission, answer) = post("/engine/v1/calls", "", &ask, 201)?;
        let answer: serde_json::Value = serde_json::from_str(&answer)?;
        let text = |name: &str| answer[name].as_str().map(str::to_owned).ok_or("no call");
        let path = format!("/engine/v1/calls/{}/ended", text("call_id")?);
        let lease = format!("Lease: {}\r\n", text("lease")?);
        let (ending, _) = post(&path, &lease, r#"{"end_reason":"user_busy"}"#, 200)?;
        times.push((admission, ending));
    }
    Ok(times)
}
