//! The ledger under many hands, and the wallet's statement.

use dialnexa::{
    access::{
        Change, Scope, Tx,
        permission::{RecordCalls, ViewBilling},
    },
    admin::{self, AdminCommand},
    domain::billing::{
        ledger::{self, Entry, EntryKind},
        statement::{self, Filter},
    },
    error::Error,
    values::{AccountId, CallId, Part, Slice},
};
use futures_util::future::join_all;
use time::OffsetDateTime;

use crate::world::{World, supplier};

fn wallet<P: dialnexa::access::permission::Permission>(world: &World) -> Scope<P> {
    let tenant = world.northwind;
    let account = AccountId::from(tenant.sub_account);
    let region = "india".parse().unwrap();
    world.access.scope_of_job("test", tenant.organization, account, region).unwrap()
}

async fn post(scope: &Scope<RecordCalls>, entry: Entry) -> Result<(), Error> {
    scope.write(move |tx| ledger::post(tx, entry).map(|_| Change::none(()))).await
}

fn recharge(minor: i64) -> Entry {
    Entry::recharge(minor, "UPI 1", OffsetDateTime::now_utc()).unwrap()
}

fn charge(minor: i64) -> Entry {
    Entry::call(minor, CallId::new(), OffsetDateTime::now_utc()).unwrap()
}

#[actix_web::test]
async fn many_at_once_never_spend_more_than_there_is() {
    let world = World::new().await;
    let scope = wallet::<RecordCalls>(&world);
    post(&scope, recharge(100)).await.unwrap();
    let outcomes = join_all((0..60).map(|_| post(&scope, charge(5)))).await;
    let (paid, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!((paid.len(), refused.len()), (20, 40));
    for outcome in refused {
        assert!(matches!(outcome, Err(Error::Unpaid { .. })), "{outcome:?}");
    }
    assert_eq!(scope.read(ledger::balance).await.unwrap().minor, 0);
    assert_eq!(world.count("SELECT coalesce(sum(amount_minor), 0) FROM ledger_postings"), 0);
    assert_eq!(world.count("SELECT coalesce(sum(balance_minor), 0) FROM ledger_accounts"), 0);
}

async fn page(reader: &Scope<ViewBilling>, filter: Filter, part: Part<i64>) -> Slice<statement::Posting> {
    let read = move |tx: &mut Tx<'_, ViewBilling>| {
        let sums = statement::sums(tx, &filter)?;
        statement::page(tx, &filter, &sums, part, (0, 4))
    };
    reader.read(read).await.unwrap()
}

#[actix_web::test]
async fn the_statement_runs_back_line_by_line() {
    let world = World::new().await;
    let scope = wallet::<RecordCalls>(&world);
    post(&scope, recharge(1_000)).await.unwrap();
    for minor in 1..=9 {
        post(&scope, charge(minor)).await.unwrap();
    }
    let (mut part, mut lines) = (Part::Newest, Vec::new());
    let reader = wallet::<ViewBilling>(&world);
    loop {
        let page = page(&reader, Filter::default(), part).await;
        let last = page.rows.last().map(|line| line.sequence);
        lines.extend(page.rows);
        match last.filter(|_| page.has_older) {
            Some(sequence) => part = Part::OlderThan(sequence),
            None => break,
        }
    }
    assert_eq!(lines.len(), 10);
    assert!(
        lines
            .windows(2)
            .all(|two| { two[0].balance_after_minor - two[0].amount_minor == two[1].balance_after_minor })
    );
    assert_eq!(lines[0].balance_after_minor, 955);
    let back = page(&reader, Filter::default(), Part::NewerThan(4)).await;
    assert_eq!(back.rows.iter().map(|line| line.sequence).collect::<Vec<_>>(), [8, 7, 6, 5]);
    let kind = Filter { kind: Some(EntryKind::Recharge), ..Filter::default() };
    let paid = page(&reader, kind, Part::Newest).await;
    assert_eq!(paid.rows.len(), 1);
}

#[actix_web::test]
async fn what_is_left_is_written_off_once() {
    let world = World::new().await;
    let scope = wallet::<RecordCalls>(&world);
    post(&scope, recharge(700)).await.unwrap();
    let off = scope.write(|tx| ledger::write_off(tx).map(Change::none)).await.unwrap();
    assert_eq!(off.minor, 700);
    let again = scope.write(|tx| ledger::write_off(tx).map(Change::none)).await.unwrap();
    assert_eq!(again.minor, 0);
    let written =
        "SELECT balance_minor FROM ledger_accounts WHERE ledger_account = 'write_offs' AND balance_minor > 0";
    assert_eq!(world.count(written), 700);
}

#[actix_web::test]
async fn a_refused_entry_leaves_nothing_behind() {
    let world = World::new().await;
    let scope = wallet::<RecordCalls>(&world);
    post(&scope, recharge(10)).await.unwrap();
    let entries = vec![charge(4), charge(4), charge(4)];
    let refused = scope.write(move |tx| ledger::post_all(tx, &entries).map(Change::none)).await;
    assert!(matches!(refused, Err(Error::Unpaid { .. })));
    assert_eq!(scope.read(ledger::balance).await.unwrap().minor, 10);
    assert_eq!(world.count("SELECT count(*) FROM ledger_postings"), 2);
}

#[actix_web::test]
async fn a_day_that_is_not_what_its_postings_come_to_is_named() {
    let world = World::new().await;
    let (tenant, scope) = (world.northwind, wallet::<RecordCalls>(&world));
    for entry in [recharge(10_000), charge(300), charge(200)] {
        post(&scope, entry).await.unwrap();
    }
    let organization = tenant.organization;
    let verify = async || {
        let command = AdminCommand::VerifyLedger { organization };
        admin::execute(&world.access, &supplier(), command).await.map_err(|error| error.to_string())
    };
    verify().await.unwrap();
    let day = format!("WRONG {} statement of ", tenant.sub_account);
    let (right, wrong) = ("2 entries (2 to 3), 0 in, 500 out", "2 entries (2 to 3), 0 in, 501 out");
    let nothing = "nothing stands, its postings make 2 entries (2 to 3), 0 in, 500 out";
    let (stands, no_postings) =
        (format!("call: {wrong} stands, its postings make {right}"), "stands, its postings make nothing");
    for (change, told, undo) in [
        (
            "debits_minor = debits_minor + 1 WHERE kind = 'call'",
            &*stands,
            "debits_minor = debits_minor - 1 WHERE kind = 'call'",
        ),
        ("kind = 'refund' WHERE kind = 'call'", nothing, "kind = 'call' WHERE kind = 'refund'"),
        ("day = day - 1 WHERE kind = 'call'", no_postings, "day = day + 1 WHERE kind = 'call'"),
        (
            "first_sequence = 1 WHERE kind = 'call'",
            "2 entries (1 to 3)",
            "first_sequence = 2 WHERE kind = 'call'",
        ),
    ] {
        world.force(&format!("UPDATE wallet_days SET {change}"));
        let found = verify().await.unwrap_err();
        assert!(found.contains(&day) && found.contains(told), "{change}: {found}");
        world.force(&format!("UPDATE wallet_days SET {undo}"));
        verify().await.unwrap();
    }
}
