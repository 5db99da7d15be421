//! How many calls are settled in a second: over 1,000 isolated wallets, and over 1,000 sub-accounts
//! that one wallet pays for, beside `pgbench` doing what a plain design would do in their place:
//! one row's balance updated and an entry inserted, over 1,000 rows and on one.
//!
//! What is measured is what ends a call's account: its slot goes, what was held is settled and
//! charged, the day counts it, and whoever asked is told. As many ask at a time as `pgbench` has
//! clients: few, and many. Consolidated charges are posted to the ledger meanwhile, and those that wait at the
//! end are posted before the clock stops. `BENCH_SECONDS` sets how long.

mod rig;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use actix_web::rt::System;
use dialnexa::{
    access::{Access, AccessSettings, Change, permission::RecordCalls},
    domain::{
        billing::charges,
        limits::{
            settlement::{Ended, Settled},
            together::Together,
        },
        usage::Addition,
    },
    values::{AccountId, CallId, OrganizationId, indian_day},
};
use diesel::{PgConnection, RunQueryDsl, connection::SimpleConnection, sql_query, sql_types};
use futures_util::future::join_all;
use time::OffsetDateTime;

use rig::{Databases, Outcome, pgbench, seconds, seed};

const ACCOUNTS: usize = 1_000;
const CONNECTIONS: u32 = 16;
/// How many ask at a time, of the product and of the server beside it.
const CLIENTS: [usize; 2] = [16, 64];
/// More than can be settled in a second.
const PER_SECOND: usize = 4_000;

#[derive(diesel::QueryableByName)]
struct Slot {
    #[diesel(sql_type = sql_types::Uuid)]
    account_id: uuid::Uuid,
    #[diesel(sql_type = sql_types::Uuid)]
    call_id: uuid::Uuid,
}

fn main() -> Outcome<()> {
    let duration = Duration::from_secs(seconds());
    let databases = Databases::new("bench_settlement")?;
    let mut control = databases.owner()?;
    let organization = seed(&mut control, "owner@bench.example", "", ACCOUNTS)?;
    control.batch_execute(&naive_tables())?;
    let access = Access::open(AccessSettings {
        control_url: databases.ready.control_url.clone(),
        region_urls: databases.ready.region_urls.clone(),
        object_stores: BTreeMap::new(),
        connections: CONNECTIONS,
        lease: Duration::from_secs(30),
    })
    .map_err(|error| error.to_string())?;
    println!("{:<44}{:>12}{:>14}{:>12}", "settlements", "per s", "pgbench per s", "ratio");
    for (consolidated, clients) in
        [false, true].into_iter().flat_map(|is| CLIENTS.map(|clients| (is, clients)))
    {
        let slots = calls(&mut control, organization, consolidated, duration)?;
        let rate = System::new().block_on(settle(&access, organization, slots, clients, duration))?;
        let sql = if consolidated { naive("1") } else { naive("random(1, 1000)") };
        let bare = pgbench(&databases.url, &sql, clients, duration.as_secs())?;
        let name = if consolidated { "one consolidated wallet" } else { "1,000 isolated wallets" };
        let name = format!("{name}, {clients} clients");
        println!("{name:<44}{rate:>12.0}{bare:>14.0}{:>12.2}", rate / bare);
    }
    drop((control, access));
    databases.finish()
}

fn naive_tables() -> String {
    "CREATE TABLE naive_wallets (id integer PRIMARY KEY, balance bigint NOT NULL);
     INSERT INTO naive_wallets SELECT n, 1000000000 FROM generate_series(1, 1000) n;
     CREATE TABLE naive_entries (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), wallet integer NOT NULL,
         call_id uuid NOT NULL, amount bigint NOT NULL, at timestamptz NOT NULL DEFAULT now());"
        .to_owned()
}

/// What a plain design does: a balance and an entry.
fn naive(wallet: &str) -> String {
    let set = if wallet == "1" { "\\set w 1".to_owned() } else { format!("\\set w {wallet}") };
    format!(
        "{set}
BEGIN;
UPDATE naive_wallets SET balance = balance - 300 WHERE id = :w;
INSERT INTO naive_entries (wallet, call_id, amount) VALUES (:w, gen_random_uuid(), -300);
COMMIT;
"
    )
}

/// Calls in progress that were answered, each with the money of a minute held.
fn calls(
    control: &mut PgConnection,
    organization: OrganizationId,
    consolidated: bool,
    duration: Duration,
) -> Outcome<Vec<Slot>> {
    let count = PER_SECOND * usize::try_from(duration.as_secs())?;
    let payer = if consolidated { "consolidated" } else { "isolated" };
    let id = organization.uuid();
    let set_up = format!(
        "BEGIN;
         SET LOCAL session_replication_role = replica;
         DELETE FROM slots; DELETE FROM allowances;
         UPDATE sub_accounts SET status = 'active', concurrency_limit = 1000000, billing_mode = '{payer}';
         INSERT INTO slots (organization_id, account_id, call_id, region, direction, expires_at, payer,
             cost_per_minute, price_per_minute, held_minor)
         SELECT organization_id, sub_account_id, gen_random_uuid(), 'india', 'inbound', now() + interval '1 day',
             '{payer}', 300, 300, 300
         FROM (SELECT *, row_number() OVER () AS n FROM sub_accounts) s, generate_series(1, {count} / {ACCOUNTS});
         UPDATE sub_accounts s SET slots_in_use =
             (SELECT count(*) FROM slots WHERE account_id = s.sub_account_id);
         UPDATE ledger_accounts l SET balance_minor = 100000000000, held_minor = coalesce(
             (SELECT sum(held_minor) FROM slots s WHERE s.account_id = l.account_id AND payer = 'isolated'), 0)
         WHERE ledger_account = 'wallet';
         INSERT INTO allowances (organization_id, account_id, granted_minor, held_minor)
         SELECT organization_id, account_id, sum(held_minor), sum(held_minor) FROM slots
         WHERE payer = 'consolidated' GROUP BY 1, 2;
         UPDATE ledger_accounts SET held_minor = coalesce((SELECT sum(granted_minor) FROM allowances), 0)
         WHERE account_id = '{id}' AND ledger_account = 'wallet';
         COMMIT"
    );
    control.batch_execute(&set_up)?;
    control.batch_execute("VACUUM ANALYZE")?;
    // In an order in which neighbours are of different accounts.
    Ok(sql_query("SELECT account_id, call_id FROM slots ORDER BY md5(call_id::text)").load(control)?)
}

/// Settles them for as many who ask at a time; how many in a second.
async fn settle(
    access: &Arc<Access>,
    organization: OrganizationId,
    slots: Vec<Slot>,
    clients: usize,
    duration: Duration,
) -> Outcome<f64> {
    let region = access.regions().next().cloned().ok_or("no region")?;
    let together = Together::new(access.clone());
    let (slots, next, begin) = (Arc::new(slots), AtomicUsize::new(0), Instant::now());
    let is_over = || begin.elapsed() >= duration;
    let worker = || async {
        while !is_over() {
            let Some(slot) = slots.get(next.fetch_add(1, Ordering::Relaxed)) else {
                return Err("more is settled than was expected: raise PER_SECOND".to_owned());
            };
            let account = AccountId::of_row(organization, slot.account_id);
            let scope = access
                .scope_of_job::<RecordCalls>("bench", organization, account, region.clone())
                .map_err(|error| error.to_string())?;
            let now = OffsetDateTime::now_utc();
            let addition = Addition {
                day: indian_day(now),
                calls: 1,
                answered: 1,
                minutes: 1,
                cost_minor: 0,
                margin_minor: 0,
                last_call_at: Some(now),
            };
            let ended = Ended { call: CallId::from_uuid(slot.call_id), addition, notices: Vec::new() };
            match together.settle(&scope, ended).await.map_err(|error| error.to_string())? {
                Settled::Now(_) => {}
                other => return Err(format!("it was not settled: {other:?}")),
            }
        }
        Ok(())
    };
    let scope = access
        .scope_of_job::<RecordCalls>("bench", organization, organization.into(), region.clone())
        .map_err(|error| error.to_string())?;
    let poster = async {
        loop {
            let ending = is_over();
            let posted = scope.write(|tx| charges::post_some(tx, 1_000).map(Change::none)).await;
            let posted = posted.map_err(|error| error.to_string())?;
            match posted {
                0 if ending => return Ok::<_, String>(()),
                0..500 if !ending => actix_web::rt::time::sleep(Duration::from_millis(300)).await,
                _ => {}
            }
        }
    };
    let workers = join_all((0..clients).map(|_| worker()));
    let (settled, posted) = futures_util::future::join(workers, poster).await;
    settled.into_iter().collect::<Result<Vec<_>, _>>()?;
    posted?;
    Ok(next.load(Ordering::Relaxed) as f64 / begin.elapsed().as_secs_f64())
}
