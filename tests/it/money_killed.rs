//! Money when the program is killed at any moment while calls are held, charged and posted
//! (`trust.md` R1, R3): the ledger adds up, and nothing is held beyond its deadline.
//!
//! `MONEY_KILLS` chooses how often.

use std::{env, time::Duration};

use dialnexa::values::OrganizationId;
use diesel::{Connection, PgConnection, RunQueryDsl, sql_query, sql_types::Text};
use rand::Rng;
use serde_json::json;

use crate::{
    killed::Deployed,
    program::until,
    telephony::{Given, Telephony},
};

const KILLS: usize = 8;
const LEASE_SECONDS: u32 = 3;
/// Calls that go on at once.
const AT_ONCE: usize = 12;

#[derive(diesel::QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    text: String,
}

fn texts(deployed: &Deployed, query: &str) -> Vec<String> {
    let mut owner = PgConnection::establish(&deployed.control()).unwrap();
    let found: Vec<Found> = sql_query(query).load(&mut owner).unwrap();
    found.into_iter().map(|found| found.text).collect()
}

/// One call after another at these numbers, until the program is gone.
async fn calls(engine: Telephony, numbers: Vec<String>, worker: usize, round: usize) {
    for at in 0.. {
        let number = &numbers[(worker + at * AT_ONCE) % numbers.len()];
        let body = json!({ "to": number, "from": "+919811111111",
            "reference": format!("{round} {worker} {at}") });
        let Ok(asked) = engine.request(reqwest::Method::POST, "/calls").json(&body).send().await else {
            return;
        };
        if asked.status() != 201 {
            continue;
        }
        let Ok(given) = asked.json().await else { return };
        let given = Given::of(&given);
        let end = json!({ "end_reason": "user_disconnected", "duration_seconds": 1 });
        for (what, body) in [("answered", json!({})), ("heartbeat", json!({})), ("ended", end)] {
            let request = engine.request(reqwest::Method::POST, &format!("/calls/{}/{what}", given.id));
            // Every third call is lost: its engine says nothing more.
            if (worker + at).is_multiple_of(3) && what == "ended"
                || request.header("Lease", &given.lease).json(&body).send().await.is_err()
            {
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_adds_up_whenever_the_program_is_killed() {
    let kills = env::var("MONEY_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let mut deployed = Deployed::new("money");
    let organization: uuid::Uuid = texts(
        &deployed,
        "SELECT organization_id::text AS text FROM organizations WHERE name = 'Northwind Voice'",
    )[0]
    .parse()
    .unwrap();
    let organization = OrganizationId::from_uuid(organization).to_string();
    let numbers = texts(
        &deployed,
        "SELECT e164 AS text FROM number_directory JOIN organizations USING (organization_id)
         WHERE name = 'Northwind Voice' ORDER BY e164",
    );
    let key = deployed.told("DEMO_ENGINE_KEY");
    deployed.lease_seconds = LEASE_SECONDS;
    let verify = |deployed: &Deployed| {
        let output = deployed.command(&["admin", "verify-ledger", &organization]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    for round in 0..kills {
        let server = deployed.start();
        let engine = Telephony::with(&deployed.base(), &key);
        let working: Vec<_> =
            (0..AT_ONCE).map(|at| tokio::spawn(calls(engine.clone(), numbers.clone(), at, round))).collect();
        tokio::time::sleep(Duration::from_millis(rand::rng().random_range(50..900))).await;
        server.kill();
        for worker in working {
            worker.await.unwrap();
        }
        // As the crash left it, before anybody tidies up.
        verify(&deployed);
    }
    assert!(deployed.number("SELECT count(*) FROM ledger_postings WHERE kind = 'call' AND recorded_at > now() - interval '1 hour'") > 0);
    let server = deployed.start();
    until("every hold to end", || deployed.number("SELECT count(*) FROM slots") == 0);
    until("every charge to be posted", || deployed.number("SELECT count(*) FROM charges") == 0);
    verify(&deployed);
    let held = "SELECT (SELECT coalesce(sum(held_minor), 0) FROM allowances)
        + (SELECT coalesce(sum(held_minor), 0) FROM ledger_accounts WHERE account_id <> organization_id)";
    assert_eq!(deployed.number(held), 0);
    let twice =
        "SELECT count(*) FROM (SELECT 1 FROM ledger_postings WHERE call_id IS NOT NULL AND kind = 'call'
        GROUP BY call_id, ledger_account HAVING count(*) > 1) doubled";
    assert_eq!(deployed.number(twice), 0, "a call was charged twice");
    drop(server);
}
