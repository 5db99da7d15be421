//! The demo world: loaded once, whole, whatever happens while it is loaded.

use std::time::Duration;

use dialnexa::{
    access::permission::{ManageSubAccounts, ViewBilling},
    domain::{
        billing::ledger,
        demo::{self, Size},
        sub_accounts::list::{self, Query},
    },
    values::{AccountId, KeyText, OrganizationId, UserId},
};
use diesel::{Connection, PgConnection, RunQueryDsl, sql_query, sql_types::BigInt};

use crate::world::{World, WorldOptions};

const SECRET: [u8; 32] = [7; 32];

/// A size that loads fast.
const SIZE: Size = Size { calls_percent: 5, recordings: 1, all_recent_recordings: false };

async fn empty_world() -> World {
    World::with(WorldOptions { empty: true, ..WorldOptions::default() }).await
}

#[derive(diesel::QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// A number out of one database, as its owner.
fn number(address: &str, query: &str) -> i64 {
    let mut owner = PgConnection::establish(address).unwrap();
    sql_query(format!("SELECT ({query})::bigint AS n")).get_result::<Number>(&mut owner).unwrap().n
}

/// How much there is of everything, in all databases and stores.
fn inventory(world: &World) -> Vec<(String, i64)> {
    let control = [
        "organizations",
        "accounts",
        "sub_accounts",
        "users",
        "memberships",
        "workspaces",
        "api_keys",
        "ledger_postings",
        "usage_days",
        "number_directory",
    ];
    let region = ["agents", "phone_numbers", "calls", "transcripts", "call_days"];
    let mut inventory = Vec::new();
    for (name, _, owner) in world.databases() {
        let tables: &[&str] = if name == "control" { &control } else { &region };
        for table in tables {
            let rows = number(&owner, &format!("SELECT count(*) FROM {table}"));
            inventory.push((format!("{name} {table}"), rows));
        }
    }
    inventory.push(("recordings".into(), recordings(&world.data_dir.join("objects"))));
    inventory
}

fn recordings(folder: &std::path::Path) -> i64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries.map(|entry| entry.unwrap()).fold(0, |sum, entry| {
        sum + if entry.file_type().unwrap().is_dir() { recordings(&entry.path()) } else { 1 }
    })
}

/// What must hold of a whole world.
fn check(world: &World) {
    let databases = world.databases();
    let control = &databases[0].2;
    let is = |query: &str, wanted: i64| assert_eq!(number(control, query), wanted, "{query}");
    is("SELECT count(*) FROM organizations", 3);
    is("SELECT count(*) FROM sub_accounts", 27);
    is("SELECT count(*) FROM sub_accounts WHERE status = 'suspended'", 3);
    is("SELECT count(*) FROM audit_entries WHERE action = 'demo.loaded'", 1);
    is("SELECT count(DISTINCT (organization_id, account_id)) FROM memberships WHERE role = 'owner'", 30);
    // The books: every entry, every balance, and everything together.
    is("SELECT sum(amount_minor) FROM ledger_postings", 0);
    is("SELECT count(*) FROM (SELECT transaction_id FROM ledger_postings GROUP BY organization_id, transaction_id
        HAVING sum(amount_minor) <> 0) entries", 0);
    is(
        "SELECT count(*) FROM ledger_accounts a WHERE balance_minor <> (SELECT coalesce(sum(amount_minor), 0)
        FROM ledger_postings p WHERE (p.organization_id, p.account_id, p.ledger_account)
            = (a.organization_id, a.account_id, a.ledger_account))",
        0,
    );
    is("SELECT count(*) FROM (SELECT balance_after_minor - amount_minor AS before, lag(balance_after_minor, 1, 0::bigint)
        OVER (PARTITION BY organization_id, account_id, ledger_account ORDER BY sequence) AS last
        FROM ledger_postings) lines WHERE before <> last", 0);
    // What was counted is what was charged, and what there is.
    let counted = number(control, "SELECT sum(cost_minor) FROM usage_days");
    is("SELECT sum(balance_minor) FROM ledger_accounts WHERE ledger_account = 'usage'", counted);
    is("SELECT count(*) FROM usage_days WHERE peak_in_use > calls OR (calls > 0 AND peak_in_use = 0)", 0);
    is(
        "SELECT count(*) FROM usage_days d JOIN sub_accounts s ON s.sub_account_id = d.account_id
         WHERE d.peak_in_use > s.concurrency_limit",
        0,
    );
    let calls: i64 =
        databases[1..].iter().map(|(_, _, owner)| number(owner, "SELECT count(*) FROM calls")).sum();
    is("SELECT sum(calls) FROM usage_days", calls);
    let recorded: i64 = databases[1..]
        .iter()
        .map(|(_, _, owner)| number(owner, "SELECT count(*) FROM calls WHERE recording_bytes IS NOT NULL"))
        .sum();
    assert_eq!(recordings(&world.data_dir.join("objects")), recorded);
    assert!(calls > 300 && recorded > 10, "{calls} calls, {recorded} recordings");
    is("SELECT count(*) FROM sub_accounts s WHERE calls_30d > 0 AND last_call_at IS NULL", 0);
}

#[actix_web::test]
async fn the_demo_world_is_loaded_once() {
    let world = empty_world().await;
    let first = demo::load_sized(&world.access, &SECRET, SIZE).await.unwrap();
    check(&world);
    let before = inventory(&world);
    let second = demo::load_sized(&world.access, &SECRET, SIZE).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(inventory(&world), before);
    for name in ["LIVE_API_KEY", "TEST_API_KEY"] {
        let key = KeyText::presented(first.get(name).unwrap()).unwrap();
        let hash = data_encoding::HEXLOWER.encode(&key.hash());
        let kept = format!("SELECT count(*) FROM api_keys WHERE token_hash = '\\x{hash}'");
        assert_eq!(world.count(&kept), 1);
    }
    assert!(
        first
            .to_string()
            .lines()
            .all(|line| line.split_once('=').is_some_and(|(_, value)| !value.is_empty()))
    );

    // Keys from before keys had rights get theirs, and revoked ones stay as they are.
    world.force(
        "UPDATE api_keys SET scopes = '{}'; UPDATE api_keys SET revoked_at = now() WHERE mode = 'test'",
    );
    demo::load_sized(&world.access, &SECRET, SIZE).await.unwrap();
    let with_rights = "SELECT count(*) FROM api_keys WHERE 'sub_accounts:write' = ANY (scopes)";
    assert_eq!(world.count(with_rights), 1);

    // What people deleted stays deleted.
    world.force("UPDATE sub_accounts SET name = 'Renamed', external_id = NULL WHERE name = 'Acme Corp'");
    demo::load_sized(&world.access, &SECRET, SIZE).await.unwrap();
    assert_eq!(world.count("SELECT count(*) FROM sub_accounts"), 27);

    // Everybody of whom it is said so can sign in.
    for name in
        ["OWNER_EMAIL", "ADMIN_EMAIL", "VIEWER_EMAIL", "SUB_ACCOUNT_VIEWER_EMAIL", "OTHER_OWNER_EMAIL"]
    {
        let browser = world.browser();
        let page = browser.sign_in(first.get(name).unwrap(), first.get("DEMO_PASSWORD").unwrap()).await;
        assert_eq!(page.status.as_u16(), 303, "{name}");
    }
}

#[actix_web::test]
async fn two_loadings_at_once_make_one_world() {
    let world = empty_world().await;
    let (one, other) = futures_util::join!(
        demo::load_sized(&world.access, &SECRET, SIZE),
        demo::load_sized(&world.access, &SECRET, SIZE),
    );
    assert_eq!(one.unwrap(), other.unwrap());
    check(&world);
}

#[actix_web::test]
async fn a_loading_that_breaks_off_anywhere_is_completed_by_the_next() {
    let world = empty_world().await;
    let mut broken = 0;
    for round in 1..40_u64 {
        let loading = demo::load_sized(&world.access, &SECRET, SIZE);
        match tokio::time::timeout(Duration::from_millis(25 + 7 * (round % 5)), loading).await {
            Ok(loaded) => {
                loaded.unwrap();
                break;
            }
            Err(_) => broken += 1,
        }
        // What was under way on a thread of its own comes to its end, or the next waits.
    }
    demo::load_sized(&world.access, &SECRET, SIZE).await.unwrap();
    assert!(broken >= 3, "it broke off {broken} times only");
    check(&world);
}

#[actix_web::test]
async fn one_parent_sees_nothing_of_the_other() {
    let world = empty_world().await;
    let signs = demo::load_sized(&world.access, &SECRET, SIZE).await.unwrap();
    let northwind: OrganizationId = signs.get("ORGANIZATION_ID").unwrap().parse().unwrap();
    let mut owner = PgConnection::establish(&world.databases()[0].2).unwrap();
    #[derive(diesel::QueryableByName)]
    struct Id {
        #[diesel(sql_type = diesel::sql_types::Uuid)]
        id: uuid::Uuid,
    }
    let user = sql_query("SELECT user_id AS id FROM users WHERE email = 'owner@northwind.example'")
        .get_result::<Id>(&mut owner)
        .unwrap();
    let user = UserId::from_uuid(user.id);
    let scope = world.access.scope_of_member::<ManageSubAccounts>(user, northwind.into()).await.unwrap();
    let page = scope.overview(|tx| list::page(tx, &Query::default())).await.unwrap();
    assert!(page.rows.iter().all(|row| row.name != "Orchid Hospitals"));
    let wallet = world.access.scope_of_member::<ViewBilling>(user, AccountId::from(northwind)).await.unwrap();
    assert!(wallet.read(ledger::balance).await.unwrap().minor > 0);

    let browser = world.browser();
    browser.sign_in("owner@northwind.example", "demo-password-1").await;
    for path in
        ["", "/sub-accounts", "/sub-accounts?q=Orchid", "/sub-accounts/limits", "/audit-log", "/billing"]
    {
        let page = browser.get(&format!("/accounts/{northwind}{path}")).await;
        assert_eq!(page.status.as_u16(), 200, "{path}");
        for canary in ["Southwind", "Orchid Hospitals", "Deccan", "Harbor Dental", "Eastgate"] {
            assert!(!page.has(canary), "{canary} stands in {path}");
        }
    }
}
