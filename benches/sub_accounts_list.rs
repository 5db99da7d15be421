//! How fast the list of sub-accounts is served, beside `pgbench` running the list's own
//! query on the same database in the same run.
//!
//! `make bench` starts a PostgreSQL with durable settings; or name one in
//! `DIALNEXA_DATABASE_URL`. `BENCH_SECONDS` sets how long each measurement takes.

mod rig;
#[path = "rig/session.rs"]
mod session;

use std::time::Duration;

use dialnexa::{domain::identity::passwords, values::OrganizationId};
use diesel::connection::SimpleConnection;

use rig::{Client, Databases, Outcome, Request, Server, pgbench, seconds, seed};

const PASSWORD: &str = "bench-password-9-of-hearts";

fn main() -> Outcome<()> {
    let seconds = seconds();
    let databases = Databases::new("bench")?;
    let mut database = databases.owner()?;
    let hash = passwords::hash(PASSWORD)?;
    let small = seed(&mut database, "small@bench.example", &hash, 100)?;
    let large = seed(&mut database, "large@bench.example", &hash, 10_000)?;
    database.batch_execute("VACUUM ANALYZE")?;

    let first = Server::start(&databases)?;
    drop(first);
    let mut server = Server::start(&databases)?;
    println!(
        "start to first answer, on existing data: {:.2} s (aim: under 2 s)",
        server.started_in.as_secs_f64()
    );
    println!("memory at rest: {} MiB (aim: under 80 MiB)", server.memory()?);

    let large_page = signed_in(&server, "large@bench.example", large)?;
    let small_page = signed_in(&server, "small@bench.example", small)?;
    println!(
        "\n{:<34}{:>12}{:>12}{:>12}{:>14}",
        "first page of the list", "pages/s", "p50", "p99", "of pgbench"
    );
    let mut ratios = Vec::new();
    let query = include_str!("list.sql").replace("{organization}", &large.uuid().to_string());
    for connections in [1, 32] {
        let pages = server.load(&large_page, connections, Duration::from_secs(seconds))?;
        let bare = pgbench(&databases.ready.control_url, &query, connections, seconds)?;
        let ratio = pages.rate / bare;
        ratios.push(ratio);
        println!(
            "{:<34}{:>12.0}{:>9.2} ms{:>9.2} ms{:>12.0} %   (pgbench: {bare:.0}/s)",
            format!("10,000 sub-accounts, {connections} connections"),
            pages.rate,
            pages.p50,
            pages.p99,
            ratio * 100.0
        );
    }
    println!("memory after 32 connections: {} MiB (aim: under 200 MiB)", server.memory()?);
    let of_100 = server.load(&small_page, 1, Duration::from_secs(seconds))?;
    let of_10_000 = server.load(&large_page, 1, Duration::from_secs(seconds))?;
    println!(
        "\nfirst page of 10,000 against first page of 100: {:.2} ms to {:.2} ms, {:+.0} % (aim: within 20 %)",
        of_10_000.p50,
        of_100.p50,
        (of_10_000.p50 / of_100.p50 - 1.0) * 100.0
    );
    server.stop();
    drop(database);
    databases.finish()?;
    let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    println!("least ratio to pgbench: {:.0} % (aim: at least 50 %)", least * 100.0);
    Ok(())
}

/// The request for the list of somebody who signed in.
fn signed_in(server: &Server, email: &str, organization: OrganizationId) -> Outcome<Request> {
    let (path, cookie) =
        (format!("/accounts/{organization}/sub-accounts"), session::sign_in(server, email, PASSWORD)?);
    let (status, _, body) = Client::connect(server.address)?.get(&path, &cookie)?;
    if status != 200 || !body.contains("Client ") {
        return Err(format!("the list answered {status}").into());
    }
    Ok(Request::new("GET", &path, server.address, &format!("Cookie: {cookie}\r\n"), "", 200))
}
