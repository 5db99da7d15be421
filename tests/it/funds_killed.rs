//! Money that comes in, goes on by itself and is invoiced, when the program is killed at any moment
//! (`trust.md` R1, R4, R10, R15): each payment is in a wallet once, no recharge is doubled or beyond its
//! caps, each month has one invoice, and numbers are consecutive.
//!
//! `MONEY_KILLS` chooses how often.

use std::{
    env,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use diesel::{
    Connection, RunQueryDsl, connection::SimpleConnection, pg::PgConnection, sql_query, sql_types::Text,
};
use rand::Rng;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    client::{Client, answer},
    killed::Deployed,
    payment_peers::{RAZORPAY_SECRET, Razorpay, razorpay_tells, signed},
    program::until,
};

const KILLS: usize = 4;
/// Payments that are begun in each account and round, and the most that may be under way.
const PAYMENTS: i64 = 10;
const MOST_OPEN: i64 = 20;
/// What each payment is of, in minor units.
const AMOUNT: i64 = 12_345;
/// Sub-accounts that are recharged by themselves, and so often a round.
const RECHARGED: usize = 4;
const RECHARGES: i64 = 30;
/// After how many rounds months are invoiced anew.
const INVOICED_ANEW: usize = 5;

fn owner(deployed: &Deployed) -> PgConnection {
    PgConnection::establish(&deployed.control()).unwrap()
}

fn force(deployed: &Deployed, sql: &str) {
    owner(deployed).batch_execute(sql).unwrap();
}

fn texts(deployed: &Deployed, query: &str) -> Vec<String> {
    #[derive(diesel::QueryableByName)]
    struct Found {
        #[diesel(sql_type = Text)]
        text: String,
    }
    let found: Vec<Found> = sql_query(query).load(&mut owner(deployed)).unwrap();
    found.into_iter().map(|found| found.text).collect()
}

/// What was charged was charged in months that are over, and the organizations can invoice it.
fn invoice_what_was_charged(deployed: &Deployed) {
    force(
        deployed,
        "ALTER TABLE ledger_postings DISABLE TRIGGER USER;
         UPDATE ledger_postings SET occurred_at = occurred_at - interval '40 days';
         ALTER TABLE ledger_postings ENABLE TRIGGER USER;
         DELETE FROM wallet_days;
         INSERT INTO wallet_days
         SELECT organization_id, account_id, (occurred_at AT TIME ZONE 'Asia/Kolkata')::date, kind, count(*),
            coalesce(sum(amount_minor) FILTER (WHERE amount_minor > 0), 0),
            coalesce(-sum(amount_minor) FILTER (WHERE amount_minor < 0), 0), min(sequence), max(sequence)
         FROM ledger_postings WHERE ledger_account = 'wallet' GROUP BY 1, 2, 3, 4;
         INSERT INTO billing_details (organization_id, account_id, part, legal_name, address, state)
         SELECT organization_id, organization_id, 'issuer', name, 'Bengaluru', '29' FROM organizations
         ON CONFLICT DO NOTHING;
         UPDATE accounts SET invoices_due_at = now() - interval '1 minute'",
    );
}

/// Each month in which calls were charged has one invoice, and numbers have no gap.
fn check_invoices(deployed: &Deployed) {
    let charged =
        "SELECT DISTINCT account_id, date_trunc('month', occurred_at AT TIME ZONE 'Asia/Kolkata')::date
        FROM ledger_postings WHERE ledger_account = 'wallet' AND kind = 'call'
        AND occurred_at < now() - interval '39 days'";
    let invoiced = "SELECT account_id, month FROM invoices WHERE kind = 'invoice'";
    for (what, query) in [
        ("a month without an invoice", format!("({charged}) EXCEPT ({invoiced})")),
        ("an invoice of nothing", format!("({invoiced}) EXCEPT ({charged})")),
        ("a month invoiced twice", format!("{invoiced} GROUP BY 1, 2 HAVING count(*) > 1")),
        (
            "a gap in numbers",
            "SELECT issuer_id FROM invoices GROUP BY issuer_id, kind, financial_year
             HAVING count(*) <> max(substring(number FROM '[0-9]+$')::bigint)"
                .to_owned(),
        ),
    ] {
        assert_eq!(deployed.number(&format!("SELECT count(*) FROM ({query}) wrong")), 0, "{what}");
    }
    assert!(deployed.number("SELECT count(*) FROM invoices") > 5, "there is something to invoice");
}

/// What a provider tells until it is listened to.
#[derive(Debug, Clone)]
struct Told {
    id: String,
    body: String,
}

impl Told {
    /// Tells it until it is answered or told to stop; gives it back where it was not heard.
    async fn until_heard(self, base: String, stop: Arc<AtomicBool>) -> Option<Self> {
        let signature = signed(RAZORPAY_SECRET, &self.body);
        while !stop.load(Ordering::SeqCst) {
            let sent = reqwest::Client::new()
                .post(format!("{base}/payments/razorpay"))
                .header("x-razorpay-event-id", &self.id)
                .header("x-razorpay-signature", &signature)
                .body(self.body.clone())
                .send()
                .await;
            match sent {
                Ok(answered) if answered.status() == 200 => return None,
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
        Some(self)
    }
}

/// The account's payments, begun and paid at the provider; what this will tell of them.
async fn paid(
    client: &Client,
    razorpay: &Razorpay,
    path: &str,
    (round, count): (usize, i64),
    begun: &mut Vec<String>,
) -> Vec<Told> {
    let mut told = Vec::new();
    for number in 0..count {
        let body = json!({ "amount": 123.45, "currency": "INR", "method": "razorpay" });
        let key = format!("payment-{round}-{number}");
        let request = client.request(Method::POST, path).header("Idempotency-Key", key);
        let made: Value = answer(request.json(&body)).await.expect(201);
        let link = made["pay_at"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        begun.push(made["payment_id"].as_str().unwrap().to_owned());
        razorpay.pay(&link, AMOUNT);
        let body = razorpay.event("payment_link.paid", &link);
        // Each is told twice as one event, and once as another.
        for event in [format!("evt_{link}"), format!("evt_{link}"), format!("evt_{link}_again")] {
            told.push(Told { id: event, body: body.clone() });
        }
    }
    told
}

fn recharged(deployed: &Deployed, of: &str) -> i64 {
    deployed.number(&format!(
        "SELECT coalesce(sum(amount_minor), 0) FROM ledger_postings WHERE ledger_account = 'wallet'
         AND kind = 'transfer' AND reference = 'Auto-recharge' AND amount_minor > 0 AND {of}"
    ))
}

/// What the account that was recharged least has from that, in rupees.
fn least_recharged(deployed: &Deployed) -> i64 {
    deployed.number("SELECT coalesce(min(day_minor), 0) FROM auto_recharges WHERE active") / 100
}

#[tokio::test(flavor = "multi_thread")]
async fn funds_come_once_whenever_the_program_is_killed() {
    let kills = env::var("MONEY_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let razorpay = Razorpay::start();
    let mut deployed = Deployed::new("funds");
    deployed.environment = razorpay.environment();
    let organization = deployed.told("ORGANIZATION_ID");
    invoice_what_was_charged(&deployed);
    let verify = |deployed: &Deployed| {
        let output = deployed.command(&["admin", "verify-ledger", &organization]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    verify(&deployed);
    let server = deployed.start();
    let parent = Client::with(&deployed.base(), Some(&deployed.told("LIVE_API_KEY")));
    let mut isolated = Vec::new();
    let listed = parent.get("/sub-accounts?limit=100").await.expect(200);
    for one in listed["data"].as_array().unwrap() {
        if one["billing_mode"] == "isolated" && one["status"] == "active" {
            isolated.push(one["sub_account_id"].as_str().unwrap().to_owned());
        }
    }
    assert!(isolated.len() > RECHARGED);
    let payer = isolated.remove(0);
    let key = parent
        .post(&format!("/sub-accounts/{payer}/api-keys"), json!({ "name": "Payments", "type": "live" }))
        .await
        .expect(201);
    let payer_key = key["key"].as_str().unwrap().to_owned();
    let recharged_ids = &isolated[..RECHARGED];
    let mut server = Some(server);
    let (mut begun, mut unheard, mut cap) = (Vec::new(), Vec::new(), 0);
    let today = deployed.number("SELECT extract(day FROM now() AT TIME ZONE 'Asia/Kolkata')::bigint");
    for round in 0..kills {
        let running = server.take().unwrap_or_else(|| deployed.start());
        let parent = Client::with(&deployed.base(), Some(&deployed.told("LIVE_API_KEY")));
        let own = Client::with(&deployed.base(), Some(&payer_key));
        let open = deployed.number(
            "SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM payments
             WHERE state IN ('created', 'waiting') GROUP BY account_id) open",
        );
        let batch = (round, PAYMENTS.min(MOST_OPEN - open));
        unheard.extend(paid(&own, &razorpay, "/payments", batch, &mut begun).await);
        unheard.extend(paid(&parent, &razorpay, "/organization/payments", batch, &mut begun).await);
        // Each is below it whatever comes, and may have so much more than every one has by now: there is
        // always something to do, and never more than can be done in the end.
        cap = least_recharged(&deployed) + RECHARGES;
        for id in recharged_ids {
            let rule = json!({ "active": true, "below": 900_000_000, "amount": 1, "daily_cap": cap,
                "monthly_cap": cap });
            let path = format!("/sub-accounts/{id}/wallet/auto-recharge");
            answer(parent.request(Method::PUT, &path).json(&rule)).await.expect(200);
        }
        let stop = Arc::new(AtomicBool::new(false));
        let telling: Vec<_> = unheard
            .drain(..)
            .map(|told: Told| tokio::spawn(told.until_heard(deployed.base(), stop.clone())))
            .collect();
        tokio::time::sleep(Duration::from_millis(rand::rng().random_range(20..500))).await;
        running.kill();
        stop.store(true, Ordering::SeqCst);
        for told in telling {
            unheard.extend(told.await.unwrap());
        }
        // As the crash left it, before anybody tidies up.
        verify(&deployed);
        // Whoever was killed amid an account would be waited for for two minutes.
        force(&deployed, "UPDATE accounts SET invoices_claimed_until = NULL");
        if round % INVOICED_ANEW == INVOICED_ANEW - 1 {
            let running = deployed.start();
            until("all months to be invoiced", || {
                deployed.number("SELECT count(*) FROM accounts WHERE invoices_due_at <= now()") == 0
            });
            check_invoices(&deployed);
            running.kill();
            force(
                &deployed,
                "TRUNCATE invoices, invoice_recipients, invoice_letters, invoice_series CASCADE;
                 UPDATE accounts SET invoices_due_at = now() - interval '1 minute', invoices_claimed_until = NULL",
            );
        }
    }
    let _server = deployed.start();
    for told in unheard {
        assert_eq!(
            razorpay_tells(&deployed.base(), &told.id, &told.body, &signed(RAZORPAY_SECRET, &told.body))
                .await,
            200
        );
    }
    let payments = i64::try_from(begun.len()).unwrap();
    assert_eq!(deployed.number("SELECT count(*) FROM payments"), payments);
    assert_eq!(deployed.number("SELECT count(*) FROM payments WHERE state = 'paid'"), payments);
    assert_eq!(razorpay.count(), begun.len(), "each is asked for once");
    let credited = "FROM ledger_postings WHERE payment_id IS NOT NULL AND ledger_account = 'wallet'";
    assert_eq!(deployed.number(&format!("SELECT count(*) {credited}")), payments);
    assert_eq!(deployed.number(&format!("SELECT sum(amount_minor) {credited}")), payments * AMOUNT);
    assert_eq!(deployed.number(&format!("SELECT count(DISTINCT payment_id) {credited}")), payments);

    let cap = cap * 100;
    if today == deployed.number("SELECT extract(day FROM now() AT TIME ZONE 'Asia/Kolkata')::bigint") {
        let (all, recharged_ids) = (cap * i64::try_from(RECHARGED).unwrap(), "true");
        until("all recharges to be made", || recharged(&deployed, recharged_ids) >= all);
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(recharged(&deployed, recharged_ids), all, "none is doubled, none beyond its cap");
        let counted = "SELECT count(*) FROM auto_recharges WHERE active AND day_minor <> ";
        assert_eq!(deployed.number(&format!("{counted}{cap}")), 0);
    }
    until("all months to be invoiced", || {
        deployed.number("SELECT count(*) FROM accounts WHERE invoices_due_at <= now()") == 0
    });
    check_invoices(&deployed);
    verify(&deployed);
    let audits = deployed.command(&["admin", "verify-audit", &organization]).output().unwrap();
    assert!(audits.status.success(), "{}", String::from_utf8_lossy(&audits.stdout));
    let told = texts(&deployed, "SELECT object_id AS text FROM audit_entries WHERE action = 'payment.paid'");
    assert_eq!(told.len(), begun.len(), "each is told of once");
}
