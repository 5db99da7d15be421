//! How fast an account finds its calls among millions, as the page of its calls is served.
//!
//! `CALLS` sets how many calls there are (200,000 unless set): half of them are of one
//! account, which is measured beside another one that has 10,000. `BENCH_SECONDS` sets how
//! long each measurement takes. `make bench` starts a PostgreSQL.

mod rig;
#[path = "rig/session.rs"]
mod session;

use std::time::{Duration, Instant};

use dialnexa::{
    domain::identity::passwords,
    values::{AgentId, CallId, OrganizationId, SubAccountId, indian_day},
};
use diesel::{
    Connection, PgConnection, QueryableByName, RunQueryDsl, connection::SimpleConnection, sql_query,
    sql_types,
};
use time::OffsetDateTime;

use rig::{Client, Databases, Outcome, Server, seconds, seed};

const PASSWORD: &str = "bench-password-9-of-hearts";
const EMAIL: &str = "calls@bench.example";
/// Calls that are made by one statement.
const CHUNK: u64 = 250_000;

fn main() -> Outcome<()> {
    let calls: u64 = std::env::var("CALLS").ok().and_then(|text| text.parse().ok()).unwrap_or(200_000);
    let databases = Databases::new("bench_calls")?;
    let mut database = databases.owner()?;
    let organization = seed(&mut database, EMAIL, &passwords::hash(PASSWORD)?, 9)?;
    let accounts = join_all(&mut database, organization)?;
    database.batch_execute("VACUUM ANALYZE")?;
    drop(database);
    let mut region = PgConnection::establish(&format!("{}_india", databases.url))?;
    let begin = Instant::now();
    generate(&mut region, organization, &accounts, calls)?;
    println!("{calls} calls were made in {} s", begin.elapsed().as_secs());
    for table in ["calls", "transcripts", "transcript_words"] {
        let size = format!(
            "SELECT (sum(pg_total_relation_size(c.oid)) / 1048576)::bigint AS n FROM pg_class c
             WHERE c.relkind = 'r' AND c.relname ~ '^{table}(_[0-9]{{4}}_[0-9]{{2}}|_default)?$'"
        );
        println!("{table}: {} MiB with indexes", number(&mut region, &size)?);
    }
    let agent = agent_of(&mut region)?;
    drop(region);

    let mut server = Server::start(&databases)?;
    let cookie = session::sign_in(&server, EMAIL, PASSWORD)?;
    let page = |account: SubAccountId, query: &str| format!("/accounts/{account}/calls?{query}");
    let (small, large) = (accounts[0], accounts[1]);
    let deep = CallId::least_at(OffsetDateTime::now_utc() - time::Duration::days(304));
    let day = indian_day(OffsetDateTime::now_utc() - time::Duration::days(100));
    let first = Measured::of(&server, &cookie, &page(small, ""))?;
    println!("\n{:<44}{:>6}{:>12}{:>12}{:>12}{:>8}", "page", "calls", "first", "p50", "p95", "ratio");
    first.print("first page of an account of 10,000 calls", &first);
    for (name, query) in [
        ("first page", String::new()),
        ("ten months back", format!("older={deep}")),
        ("one agent", format!("agent={agent}")),
        ("one own number", "q=%2B918047182212".to_owned()),
        ("a number that called ten times or less", "q=%2B919800007919".to_owned()),
        ("a rare end reason", "end_reason=destination_forbidden".to_owned()),
        ("a sentiment", "sentiment=negative".to_owned()),
        ("a day", format!("from={day}&to={day}")),
        ("a word said in 30 % of calls", "said=delivery".to_owned()),
        ("a word said in 1 of 1,000,000 calls", "said=zanzibar".to_owned()),
        (
            "a Hindi word said in 5 % of calls",
            "said=%E0%A4%B0%E0%A4%BF%E0%A4%AB%E0%A4%82%E0%A4%A1".to_owned(),
        ),
        ("two words", "said=delivery+%E0%A4%B0%E0%A4%BF%E0%A4%AB%E0%A4%82%E0%A4%A1".to_owned()),
        ("a word nobody said", "said=xylophone".to_owned()),
        ("a word and a rare end reason", "said=delivery&end_reason=destination_forbidden".to_owned()),
    ] {
        Measured::of(&server, &cookie, &page(large, &query))?.print(name, &first);
    }
    println!("memory at the end: {} MiB", server.memory()?);
    server.stop();
    databases.finish()
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = sql_types::BigInt)]
    n: i64,
}

fn number(database: &mut PgConnection, query: &str) -> Outcome<i64> {
    Ok(sql_query(query).get_result::<Number>(database)?.n)
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = sql_types::Uuid)]
    id: uuid::Uuid,
}

/// Makes the owner a member of every sub-account, and gives these.
fn join_all(database: &mut PgConnection, organization: OrganizationId) -> Outcome<Vec<SubAccountId>> {
    database.batch_execute(
        "INSERT INTO memberships (organization_id, account_id, user_id, role)
         SELECT s.organization_id, sub_account_id, user_id, 'owner' FROM sub_accounts s JOIN memberships USING (organization_id);
         UPDATE sub_accounts SET region = 'india', status = 'active'",
    )?;
    let ids =
        sql_query("SELECT sub_account_id AS id FROM sub_accounts WHERE organization_id = $1 ORDER BY name")
            .bind::<sql_types::Uuid, _>(organization.uuid())
            .load::<Id>(database)?;
    Ok(ids.into_iter().map(|row| SubAccountId::from_uuid(row.id)).collect())
}

fn agent_of(region: &mut PgConnection) -> Outcome<AgentId> {
    let found =
        sql_query("SELECT agents[1] AS id FROM bench_accounts WHERE at = 1").get_result::<Id>(region)?;
    Ok(AgentId::from_uuid(found.id))
}

/// Makes the calls, without the indexes that can be made afterwards.
fn generate(
    region: &mut PgConnection,
    organization: OrganizationId,
    accounts: &[SubAccountId],
    calls: u64,
) -> Outcome<()> {
    #[derive(QueryableByName)]
    struct Index {
        #[diesel(sql_type = sql_types::Text)]
        name: String,
        #[diesel(sql_type = sql_types::Text)]
        definition: String,
    }
    let organization = organization.uuid().to_string();
    let ids: Vec<_> = accounts.iter().map(|id| id.uuid().to_string()).collect();
    let before = include_str!("calls_before.sql")
        .replace("{organization}", &organization)
        .replace("{accounts}", &ids.join(","));
    region.batch_execute(&before)?;
    let indexes: Vec<Index> = sql_query(
        "SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
         WHERE indrelid IN ('calls'::regclass, 'transcript_words'::regclass) AND NOT indisunique",
    )
    .load(region)?;
    for index in &indexes {
        region.batch_execute(&format!("DROP INDEX {}", index.name))?;
    }
    // Rows refer to each other as they must; to check that would take longer than to make them.
    region.batch_execute(
        "SET session_replication_role = replica; SET maintenance_work_mem = '768MB'; SET work_mem = '64MB'",
    )?;
    for from in (1..=calls).step_by(usize::try_from(CHUNK)?) {
        let chunk = include_str!("calls.sql")
            .replace("{organization}", &organization)
            .replace("{calls}", &calls.to_string())
            .replace("{from}", &from.to_string())
            .replace("{to}", &(from + CHUNK - 1).min(calls).to_string());
        region.batch_execute(&chunk)?;
        eprint!("\r{from} calls");
    }
    for index in &indexes {
        eprint!("\r{}          ", index.name);
        region.batch_execute(&index.definition.replace(" ON ONLY ", " ON "))?;
    }
    eprintln!();
    for table in ["calls", "transcripts", "transcript_words"] {
        region.batch_execute(&format!("VACUUM (ANALYZE) {table}"))?;
    }
    Ok(())
}

/// A page that was asked for again and again, one after the other; milliseconds.
struct Measured {
    /// Calls on it.
    rows: usize,
    /// The first time.
    first: f64,
    p50: f64,
    p95: f64,
}

impl Measured {
    fn of(server: &Server, cookie: &str, path: &str) -> Outcome<Self> {
        let mut client = Client::connect(server.address)?;
        let (end, mut times, mut rows) = (Instant::now() + Duration::from_secs(seconds()), Vec::new(), 0);
        while times.len() < 20 || Instant::now() < end {
            let begin = Instant::now();
            let (status, _, body) = client.get(path, cookie)?;
            times.push(begin.elapsed().as_secs_f64() * 1_000.0);
            if status != 200 {
                return Err(format!("{path} answered {status}: {body}").into());
            }
            rows = body.matches("/calls/call_").count();
        }
        let first = times[0];
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[((times.len() as f64) * share) as usize];
        Ok(Self { rows, first, p50: at(0.5), p95: at(0.95) })
    }

    fn print(&self, name: &str, beside: &Self) {
        let Self { rows, first, p50, p95 } = self;
        let ratio = p50 / beside.p50;
        println!("{name:<44}{rows:>6}{first:>9.1} ms{p50:>9.1} ms{p95:>9.1} ms{ratio:>8.2}");
    }
}
