//! Invoices: what they come to, how they are numbered, that they stay as they are.

use std::sync::Arc;

use dialnexa::{
    access::{
        Scope,
        permission::{EditBillingDetails, IssueInvoices, ManageSubAccounts, ViewBilling},
    },
    domain::{
        billing::{
            invoices::{
                Month, credit,
                details::{self, Details},
                issue::{self, Outcome},
                list,
            },
            ledger::{self, Entry},
        },
        demo::{self, Size},
    },
    error::Error,
    provision::roles::GROUPS,
    values::{AccountId, CallId, InvoiceId, OrganizationId},
};
use diesel::{Connection, PgConnection, connection::SimpleConnection};
use time::{Duration, OffsetDateTime, macros::datetime};

use crate::world::{World, WorldOptions, supplier};

pub fn parent(world: &World, organization: OrganizationId) -> Scope<ManageSubAccounts> {
    let region = "india".parse().unwrap();
    world.access.scope_of_job("test", organization, organization.into(), region).unwrap()
}

pub fn issuing(world: &World, organization: OrganizationId) -> Scope<IssueInvoices> {
    world.access.scope_anywhere("test", organization, organization.into()).unwrap()
}

pub fn inside(world: &World, organization: OrganizationId, account: AccountId) -> Scope<ViewBilling> {
    world.access.scope_of_job("test", organization, account, "india".parse().unwrap()).unwrap()
}

pub async fn issue(
    world: &World,
    organization: OrganizationId,
    account: AccountId,
    month: Month,
    now: OffsetDateTime,
) -> Result<Outcome, Error> {
    let scope = parent(world, organization);
    scope.write(move |tx| issue::issue(tx, account, month, &supplier(), now)).await
}

/// Says who an organization is to its sub-accounts, without that anything is invoiced by itself.
pub fn enter_issuer(world: &World, organization: OrganizationId) {
    world.force(&format!(
        "INSERT INTO billing_details (organization_id, account_id, part, legal_name, address, state, gstin)
         VALUES ('{0}', '{0}', 'issuer', 'Northwind Services LLP', '12 Fort Road', '27', '27AAPFU0939F1ZV')
         ON CONFLICT DO NOTHING",
        organization.uuid()
    ));
}

/// Money for an account, and calls that cost so much at these moments.
pub async fn charge(
    world: &World,
    organization: OrganizationId,
    account: AccountId,
    calls: &[(OffsetDateTime, i64)],
) {
    let mut entries = vec![Entry::recharge(10_000_000, "UTR 1", calls[0].0 - Duration::days(1)).unwrap()];
    entries.extend(calls.iter().map(|(at, minor)| Entry::call(*minor, CallId::new(), *at).unwrap()));
    inside(world, organization, account)
        .write(move |tx| Ok(dialnexa::access::Change::none(ledger::post_all(tx, &entries)?)))
        .await
        .unwrap();
}

pub async fn read(
    world: &World,
    organization: OrganizationId,
    account: AccountId,
    id: InvoiceId,
) -> list::Issued {
    inside(world, organization, account).read(move |tx| list::find(tx, id)).await.unwrap()
}

pub fn issued(outcome: Outcome) -> InvoiceId {
    match outcome {
        Outcome::Issued(id) => id,
        other => panic!("{other:?}"),
    }
}

/// An invoice of March 2026 that an account has.
pub async fn one(world: &World, organization: OrganizationId, account: AccountId) -> InvoiceId {
    let month = Month::parse("2026-03").unwrap();
    charge(world, organization, account, &[(month.begins(), 11_800)]).await;
    enter_issuer(world, organization);
    issued(issue(world, organization, account, month, OffsetDateTime::now_utc()).await.unwrap())
}

#[actix_web::test]
async fn the_financial_year_turns_at_midnight_in_india() {
    let world = World::new().await;
    let (organization, account) = (world.northwind.organization, world.northwind.sub_account.into());
    let (last, first) = (datetime!(2026-03-31 18:29:59 UTC), datetime!(2026-03-31 18:30 UTC));
    charge(&world, organization, account, &[(last, 11_800), (first, 23_601)]).await;
    let (march, april) = (Month::parse("2026-03").unwrap(), Month::parse("2026-04").unwrap());

    // Before the organization has said who it is, nothing is issued and no number is used.
    let soon = datetime!(2026-03-31 18:30 UTC);
    assert_eq!(issue(&world, organization, account, march, soon).await.unwrap(), Outcome::NoIssuer);
    enter_issuer(&world, organization);
    assert_eq!(issue(&world, organization, account, march, last).await.unwrap(), Outcome::Early);

    // Invoices take the year of the day on which they are issued.
    let of_march = issued(issue(&world, organization, account, march, soon).await.unwrap());
    let later = datetime!(2026-05-01 03:00 UTC);
    let of_april = issued(issue(&world, organization, account, april, later).await.unwrap());
    let (of_march, of_april) = (
        read(&world, organization, account, of_march).await.document,
        read(&world, organization, account, of_april).await.document,
    );
    assert_eq!((of_march.number.as_str(), of_march.total), ("INV/26-27/000001", 11_800));
    assert_eq!((of_april.number.as_str(), of_april.total), ("INV/26-27/000002", 23_601));
    assert_eq!(issue(&world, organization, account, april, later).await.unwrap(), Outcome::Before);

    // One that is issued a second before the turn belongs to the year before.
    let early = Month::parse("2026-02").unwrap();
    let (organization, account) = (world.southwind.organization, world.southwind.sub_account.into());
    enter_issuer(&world, organization);
    charge(&world, organization, account, &[(datetime!(2026-02-10 10:00 UTC), 500), (first, 700)]).await;
    let id = issued(issue(&world, organization, account, early, last).await.unwrap());
    assert_eq!(read(&world, organization, account, id).await.document.number, "INV/25-26/000001");
    let id = issued(issue(&world, organization, account, april, later).await.unwrap());
    assert_eq!(read(&world, organization, account, id).await.document.number, "INV/26-27/000001");
}

#[actix_web::test]
async fn at_once_by_many_each_is_issued_once_and_no_number_is_missing() {
    let world = World::new().await;
    let organization = world.northwind.organization;
    enter_issuer(&world, organization);
    let mut accounts = vec![AccountId::from(world.northwind.sub_account)];
    for name in ["Beta", "Gamma", "Delta"] {
        accounts.push(world.sub_account(organization, world.northwind.owner, name).await.into());
    }
    let at = datetime!(2026-10-10 10:00 UTC);
    for account in &accounts {
        charge(&world, organization, *account, &[(at, 4_711), (at, 815)]).await;
    }
    let (month, now) = (Month::parse("2026-10").unwrap(), datetime!(2026-11-01 03:00 UTC));
    let world = Arc::new(world);
    // Some give up in the middle: whatever number they had is the next one's.
    let mut at_work = Vec::new();
    for round in 0..6 {
        for account in accounts.clone() {
            let world = world.clone();
            at_work.push(actix_web::rt::spawn(async move {
                if round % 3 == 0 {
                    let scope = parent(&world, organization);
                    let given_up: Result<Outcome, Error> = scope
                        .write(move |tx| {
                            issue::issue(tx, account, month, &supplier(), now)?;
                            Err(Error::Busy)
                        })
                        .await;
                    assert!(given_up.is_err());
                    return 0;
                }
                let outcome = issue(&world, organization, account, month, now).await.unwrap();
                usize::from(matches!(outcome, Outcome::Issued(_)))
            }));
        }
    }
    let mut done = 0;
    for work in at_work {
        done += work.await.unwrap();
    }
    assert_eq!(done, accounts.len());
    assert_eq!(world.count("SELECT count(*)::int AS n FROM invoices"), 4);
    let numbers = "SELECT count(DISTINCT number)::int AS n FROM invoices WHERE number IN
        ('INV/26-27/000001', 'INV/26-27/000002', 'INV/26-27/000003', 'INV/26-27/000004')";
    assert_eq!(world.count(numbers), 4);
    let told = "SELECT count(*)::int AS n FROM audit_entries WHERE action = 'invoice.issued'";
    assert_eq!(world.count(told), 8, "in the logs of both sides");
}

#[actix_web::test]
async fn invoices_are_what_the_ledger_says_in_the_whole_demo() {
    let world = World::with(WorldOptions { empty: true, ..WorldOptions::default() }).await;
    let size = Size { calls_percent: 5, recordings: 0, all_recent_recordings: false };
    demo::load_sized(&world.access, &[7; 32], size).await.unwrap();
    let organizations = world.uuids("SELECT organization_id AS id FROM organizations");
    let now = OffsetDateTime::now_utc() + Duration::days(62);
    for organization in organizations {
        let organization = OrganizationId::from_uuid(organization);
        enter_issuer(&world, organization);
        let query = format!(
            "SELECT account_id AS id FROM accounts WHERE organization_id = '{}'",
            organization.uuid()
        );
        for account in world.uuids(&query) {
            let account = AccountId::of_row(organization, account);
            let mut month = Month::of(now);
            for _ in 0..6 {
                month = month.before();
                // The program is at it too: the demo's months are due.
                issue(&world, organization, account, month, now).await.unwrap();
            }
            let scope = inside(&world, organization, account);
            for listed in scope.read(|tx| list::page(tx, 0, 100)).await.unwrap() {
                let document = read(&world, organization, account, listed.id).await.document;
                let split = document.split;
                assert_eq!(split.taxable + split.cgst + split.sgst + split.igst, document.total);
                assert_eq!(document.lines.iter().map(|line| line.taxable).sum::<i64>(), split.taxable);
                assert_eq!(document.lines.iter().map(|line| line.amount).sum::<i64>(), document.total);
            }
        }
    }
    assert!(world.count("SELECT count(*) FROM invoices") > 10);
    // Every paisa that calls took from wallets is on exactly one invoice of its account and month.
    let differing = "SELECT count(*)::int AS n FROM (
        SELECT account_id, date_trunc('month', occurred_at AT TIME ZONE 'Asia/Kolkata')::date AS month, -sum(amount_minor) AS total
        FROM ledger_postings WHERE ledger_account = 'wallet' AND kind = 'call' GROUP BY 1, 2) charged
        FULL JOIN (SELECT account_id, month, total_minor AS total FROM invoices) invoiced USING (account_id, month)
        WHERE charged.total IS DISTINCT FROM invoiced.total";
    assert_eq!(world.count(differing), 0);
}

#[actix_web::test]
async fn a_credit_note_gives_back_at_most_what_is_left() {
    let world = World::new().await;
    let (organization, account) =
        (world.northwind.organization, AccountId::from(world.northwind.sub_account));
    enter_issuer(&world, organization);
    charge(&world, organization, account, &[(datetime!(2026-10-10 10:00 UTC), 10_001)]).await;
    let (month, now) = (Month::parse("2026-10").unwrap(), datetime!(2026-11-01 03:00 UTC));
    let invoice = issued(issue(&world, organization, account, month, now).await.unwrap());
    let give_back = async |amount: Option<i64>| {
        let scope = issuing(&world, organization);
        scope.write(move |tx| credit::give_back(tx, account, invoice, amount, "A call that failed")).await
    };
    assert!(matches!(give_back(Some(10_002)).await, Err(Error::Invalid(_))));
    let note = give_back(Some(4_000)).await.unwrap();
    let note = read(&world, organization, account, note).await.document;
    assert_eq!(note.total, 4_000);
    assert_eq!(note.credited.unwrap().number, "INV/26-27/000001");
    assert!(note.number.starts_with("CN/"), "{}", note.number);
    assert!(matches!(give_back(Some(6_002)).await, Err(Error::Invalid(_))));
    give_back(None).await.unwrap();
    assert!(matches!(give_back(None).await, Err(Error::Invalid(_))));
    let balance = inside(&world, organization, account).read(ledger::balance).await.unwrap();
    assert_eq!(balance.minor, 10_000_000);
    // What is given back is not taken off an invoice a second time.
    let now = OffsetDateTime::now_utc() + Duration::days(40);
    let this = Month::of(OffsetDateTime::now_utc());
    assert_eq!(issue(&world, organization, account, this, now).await.unwrap(), Outcome::Nothing);
    // Nor reaches anybody another's invoice.
    let other = issuing(&world, world.southwind.organization);
    let foreign = other.write(move |tx| credit::give_back(tx, account, invoice, Some(1), "No")).await;
    assert!(matches!(foreign, Err(Error::NotFound)), "{foreign:?}");
}

#[actix_web::test]
async fn no_role_can_change_what_was_issued() {
    let world = World::new().await;
    let (organization, account) =
        (world.northwind.organization, AccountId::from(world.northwind.sub_account));
    enter_issuer(&world, organization);
    charge(&world, organization, account, &[(datetime!(2026-10-10 10:00 UTC), 10_001)]).await;
    let (month, now) = (Month::parse("2026-10").unwrap(), datetime!(2026-11-01 03:00 UTC));
    let id = issued(issue(&world, organization, account, month, now).await.unwrap());
    let before = read(&world, organization, account, id).await;
    let (_, app, _) = world.databases().remove(0);
    let mut app = PgConnection::establish(&app).unwrap();
    for role in GROUPS {
        for statement in [
            "UPDATE invoices SET total_minor = 1",
            "UPDATE invoices SET document = '{}'",
            "DELETE FROM invoices",
            "TRUNCATE invoices CASCADE",
            "UPDATE invoice_recipients SET recipient = '{}'",
            "UPDATE invoice_series SET last_number = last_number - 1",
            "DELETE FROM invoice_series",
        ] {
            for account in [account.uuid(), organization.uuid()] {
                let done = app.transaction(|c| {
                    c.batch_execute(&format!(
                        "SELECT set_config('role', '{role}', true), set_config('app.organization_id', '{}', true),
                            set_config('app.account_id', '{account}', true); {statement}",
                        organization.uuid()
                    ))
                });
                let is_without_rows = matches!(role, "dialnexa_tenant" | "dialnexa_admission")
                    && statement.starts_with("UPDATE invoice_series")
                    && account != organization.uuid();
                assert!(done.is_err() || is_without_rows, "{role}: {statement}");
            }
        }
    }
    // Other details from now on change nothing of it.
    let details = Details::check("Acme Private Limited", "1 Lake View", "33", "", "").unwrap();
    let scope = world.access.scope_anywhere::<EditBillingDetails>("test", organization, account).unwrap();
    scope.write(move |tx| details::change_recipient(tx, None, &details)).await.unwrap();
    let after = read(&world, organization, account, id).await;
    assert_eq!(after.document, before.document);
    assert_eq!(after.recipient, before.recipient);
}

#[actix_web::test]
async fn whoever_is_due_is_invoiced_by_itself() {
    let world = World::new().await;
    let organization = world.northwind.organization;
    let account = AccountId::from(world.northwind.sub_account);
    enter_issuer(&world, organization);
    let last_month = Month::of(OffsetDateTime::now_utc()).before().before();
    charge(&world, organization, account, &[(last_month.begins() + Duration::days(3), 9_999)]).await;
    world.force("UPDATE accounts SET invoices_due_at = now() - interval '1 minute'");
    crate::post_office::eventually("the invoice is issued", || {
        (world.count("SELECT count(*)::int AS n FROM invoices WHERE total_minor = 9999") == 1).then_some(())
    })
    .await;
    crate::post_office::eventually("nobody is due any more", || {
        (world.count("SELECT count(*)::int AS n FROM accounts WHERE invoices_due_at <= now()") == 0)
            .then_some(())
    })
    .await;
}

#[actix_web::test]
async fn the_month_in_which_an_account_was_deleted_is_invoiced_once_it_is_over() {
    let world = World::new().await;
    let (organization, account) = (world.northwind.organization, world.northwind.sub_account);
    enter_issuer(&world, organization);
    // It has calls of this month alone.
    charge(&world, organization, account.into(), &[(OffsetDateTime::now_utc(), 11_800)]).await;
    let client = world.parent_client(&world.northwind).await;
    client.delete(&format!("/sub-accounts/{account}?write_off=99882")).await.expect(202);
    crate::post_office::eventually("the account is erased", || {
        (world.count("SELECT count(*) FROM sub_accounts WHERE name = 'Acme Corp'") == 0).then_some(())
    })
    .await;
    let at = format!("FROM accounts WHERE account_id = '{}'", account.uuid());
    world.force("UPDATE accounts SET invoices_due_at = now() - interval '1 minute'");
    crate::post_office::eventually("it is looked at", || {
        (world.count(&format!("SELECT count(*) {at} AND invoices_due_at <= now()")) == 0).then_some(())
    })
    .await;
    assert_eq!(world.count(&format!("SELECT count(*) {at} AND invoices_due_at > now()")), 1, "never again");
}
