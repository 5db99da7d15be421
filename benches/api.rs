//! How fast the API answers, beside `pgbench` running the very statements that each request
//! runs, as the same role, on the same database in the same run.
//!
//! `make bench` starts a PostgreSQL with durable settings; or name one in
//! `DIALNEXA_DATABASE_URL`. `BENCH_SECONDS` sets how long each measurement takes.

mod rig;

use std::time::Duration;

use data_encoding::HEXLOWER;
use dialnexa::values::{ApiKeyId, KeyMode, KeyText, OrganizationId, SubAccountId};
use diesel::{PgConnection, RunQueryDsl, connection::SimpleConnection, sql_query, sql_types};

use rig::{Databases, Outcome, Request, Server, pgbench, seconds, seed};

fn main() -> Outcome<()> {
    let seconds = seconds();
    let databases = Databases::new("bench_api")?;
    let mut database = databases.owner()?;
    let organization = seed(&mut database, "owner@bench.example", "", 1_000)?;
    database.batch_execute("UPDATE organizations SET total_concurrency = 1000000")?;
    database.batch_execute("VACUUM ANALYZE")?;
    let key = key(&mut database, organization)?;
    let sub_account = any_sub_account(&mut database)?;
    let mut server = Server::start(&databases)?;

    let headers = format!("Authorization: Bearer {}\r\nContent-Type: application/json\r\n", key.reveal());
    let request = |method, path: &str, body, expected| {
        Request::new(method, path, server.address, &headers, body, expected)
    };
    let one = format!("/v1/sub-accounts/{sub_account}");
    let created =
        r#"{"name":"Acme Telecom","billing_mode":"isolated","region":"india","concurrency_limit":0}"#;
    let cases = [
        (
            "GET /v1/sub-accounts",
            request("GET", "/v1/sub-accounts", "", 200),
            include_str!("api_list.sql"),
            50.0,
        ),
        ("GET /v1/sub-accounts/{id}", request("GET", &one, "", 200), include_str!("api_one.sql"), 50.0),
        (
            "POST /v1/sub-accounts",
            request("POST", "/v1/sub-accounts", created, 201),
            include_str!("api_create.sql"),
            40.0,
        ),
    ];
    println!(
        "{:<28}{:>12}{:>10}{:>12}{:>12}{:>14}",
        "request", "connections", "per s", "p50", "p99", "of pgbench"
    );
    for (name, request, sql, aim) in cases {
        let sql = include_str!("api_key.sql").to_owned() + sql;
        let sql = sql
            .replace("{key_hash}", &HEXLOWER.encode(&key.hash()))
            .replace("{organization}", &organization.uuid().to_string())
            .replace("{sub_account}", &sub_account.uuid().to_string());
        for connections in [1, 8, 64] {
            let load = server.load(&request, connections, Duration::from_secs(seconds))?;
            let bare = pgbench(&databases.ready.control_url, &sql, connections, seconds)?;
            println!(
                "{name:<28}{connections:>12}{:>10.0}{:>9.2} ms{:>9.2} ms{:>12.0} %   (pgbench: {bare:.0}/s; aim: {aim:.0} %)",
                load.rate,
                load.p50,
                load.p99,
                load.rate / bare * 100.0,
            );
        }
    }
    println!("memory at the end: {} MiB", server.memory()?);
    server.stop();
    drop(database);
    databases.finish()
}

/// A key of the organization.
fn key(database: &mut PgConnection, organization: OrganizationId) -> Outcome<KeyText> {
    let text = KeyText::new(KeyMode::Live)?;
    database.batch_execute(&format!(
        "INSERT INTO api_keys (organization_id, account_id, api_key_id, name, mode, token_hash, token_hint, scopes)
         VALUES ('{organization}', '{organization}', '{}', 'Bench', 'live', '\\x{}', 'xxxx', '{{sub_accounts:write}}')",
        ApiKeyId::new().uuid(),
        HEXLOWER.encode(&text.hash()),
        organization = organization.uuid(),
    ))?;
    Ok(text)
}

fn any_sub_account(database: &mut PgConnection) -> Outcome<SubAccountId> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = sql_types::Uuid)]
        sub_account_id: uuid::Uuid,
    }
    let row: Row = sql_query("SELECT sub_account_id FROM sub_accounts LIMIT 1").get_result(database)?;
    Ok(SubAccountId::from_uuid(row.sub_account_id))
}
