//! Payments into wallets (`domain.md` 4.7, `trust.md` R4, R10, U5, S22).

use dialnexa::{
    access::{Scope, permission::AddFunds},
    admin::{self, AdminCommand, PaymentCommand},
    domain::billing::payments,
    payment_providers::PaymentSettings,
    values::{Money, PaymentId, PaymentProvider},
};
use futures_util::future::join_all;
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    browser::{Browser, Page},
    payment_peers::{
        DECLINED_CARD, GOOD_CARD, RAZORPAY_SECRET, Razorpay, STRIPE_SECRET, Stripe, razorpay_tells, signed,
    },
    post_office::eventually,
    world::{World, WorldOptions},
};

async fn world(payments: PaymentSettings) -> World {
    World::with(WorldOptions { payments, ..WorldOptions::default() }).await
}

fn balance(world: &World) -> i32 {
    world.count(&format!(
        "SELECT balance_minor FROM ledger_accounts WHERE ledger_account = 'wallet' AND account_id = '{}'",
        world.northwind.sub_account.uuid()
    ))
}

fn base(world: &World) -> String {
    format!("/accounts/{}/payments", world.northwind.sub_account)
}

async fn reviewed(browser: &Browser, base: &str, amount: &str) -> Page {
    let action = format!("{base}/new");
    let form = browser.get(&action).await.form(&action);
    browser.submit(&form.with("amount", amount).with("step", "review")).await
}

/// Begins a payment of Acme's owner; gives its page's address.
async fn begun(world: &World, browser: &Browser, provider: &str, amount: &str) -> String {
    let base = base(world);
    let review = reviewed(browser, &base, amount).await;
    let form = review.form(&format!("{base}/new")).with("step", "begin").with("provider", provider);
    browser.submit(&form).await.location().to_owned()
}

fn state(world: &World, wanted: &str) -> bool {
    world.count(&format!("SELECT count(*) FROM payments WHERE state = '{wanted}'")) == 1
}

/// The last part of the link that leads to the provider.
fn outside(page: &Page) -> String {
    let href = page.body.split('"').find(|part| {
        part.starts_with("https://checkout.example/") || part.starts_with("https://rzp.example/")
    });
    href.unwrap_or_else(|| panic!("no way to pay: {}", page.text())).rsplit('/').next().unwrap().to_owned()
}

async fn owner(world: &World) -> Browser {
    world.browser().signed_in("owner@acme.example").await
}

/// Makes the background ask about every payment now.
fn make_due(world: &World) {
    world.force("UPDATE payments SET due_at = now() - interval '1 second' WHERE due_at IS NOT NULL");
}

#[actix_web::test]
async fn a_card_is_charged_at_stripe_and_the_wallet_filled_by_its_webhook() {
    let stripe = Stripe::start();
    let world = world(stripe.settings()).await;
    stripe.tell(&world.base).await;
    let owner = owner(&world).await;
    let href = begun(&world, &owner, "stripe", "₹1,00,000.50").await;
    let page = owner.get(&href).await;
    assert!(
        page.has("Continue to pay") && page.has("₹1,00,000.50") && page.has("Waiting"),
        "{}",
        page.text()
    );
    let session = outside(&page);
    // A card that is declined ends nothing: one pays with another.
    stripe.pay(&session, DECLINED_CARD).await;
    eventually("the failure is told", || {
        (world.count("SELECT count(*) FROM payment_events") == 1).then_some(())
    })
    .await;
    assert!(state(&world, "waiting"));
    stripe.pay(&session, GOOD_CARD).await;
    eventually("the wallet is filled", || (balance(&world) == 10_000_050).then_some(())).await;
    let page = owner.get(&href).await;
    assert!(page.has("The money is in the wallet") && page.has("txn_"), "{}", page.text());
    assert!(!page.has("Continue to pay"));
    let billing = owner.get(&format!("/accounts/{}/billing", world.northwind.sub_account)).await;
    assert!(billing.has("+₹1,00,000.50") && billing.has("Add funds"), "{}", billing.text());
    let log = owner.get(&format!("/accounts/{}/audit-log", world.northwind.sub_account)).await;
    assert!(log.has("received the payment of INR 100000.50"), "{}", log.text());
    assert!(!log.body.contains("canary_stripe") && !page.body.contains("canary_stripe"));
    // The same event once more, as it is stored there, and one that says it failed after all.
    let failed = event("evt_late", "payment_intent.payment_failed", &href);
    assert_eq!(stripe_tells(&world, &failed, OffsetDateTime::now_utc()).await, 200);
    assert!(state(&world, "paid"));
    assert_eq!(balance(&world), 10_000_050);
}

fn event(id: &str, kind: &str, href: &str) -> String {
    let payment = href.rsplit('/').next().unwrap();
    json!({ "id": id, "type": kind, "data": { "object": { "metadata": { "payment_id": payment } } } })
        .to_string()
}

async fn stripe_tells(world: &World, body: &str, at: OffsetDateTime) -> u16 {
    let at = at.unix_timestamp();
    let signature = signed(STRIPE_SECRET, &format!("{at}.{body}"));
    stripe_sends(world, body, &format!("t={at},v1={signature}")).await
}

async fn stripe_sends(world: &World, body: &str, signature: &str) -> u16 {
    reqwest::Client::new()
        .post(format!("{}/payments/stripe", world.base))
        .header("stripe-signature", signature)
        .body(body.to_owned())
        .send()
        .await
        .unwrap()
        .status()
        .as_u16()
}

#[actix_web::test]
async fn what_is_not_signed_now_by_stripe_is_refused() {
    let stripe = Stripe::start();
    let world = world(stripe.settings()).await;
    let owner = owner(&world).await;
    let href = begun(&world, &owner, "stripe", "500").await;
    stripe.pay(&outside(&owner.get(&href).await), GOOD_CARD).await;
    let body = event("evt_1", "payment_intent.succeeded", &href);
    let now = OffsetDateTime::now_utc();
    let old = now - time::Duration::minutes(6);
    assert_eq!(stripe_tells(&world, &body, old).await, 400, "replayed later");
    let at = now.unix_timestamp();
    let of_other = signed(STRIPE_SECRET, &format!("{at}.{body} "));
    for signature in ["", "t=1,v1=00", &format!("t={at},v1={of_other}"), &format!("v1={of_other}")] {
        assert_eq!(stripe_sends(&world, &body, signature).await, 400, "{signature}");
    }
    let unsigned = reqwest::Client::new().post(format!("{}/payments/stripe", world.base)).body(body.clone());
    assert_eq!(unsigned.send().await.unwrap().status().as_u16(), 400);
    assert_eq!(balance(&world), 0);
    // Signed, and about nothing of ours, or nothing at all.
    let other = event("evt_2", "payment_intent.succeeded", &format!("/{}", PaymentId::new()));
    let foreign = json!({ "id": "evt_3", "type": "customer.created", "data": { "object": {} } }).to_string();
    for (body, status) in [(other.as_str(), 200), (foreign.as_str(), 200), ("{}", 400), ("", 400)] {
        assert_eq!(stripe_tells(&world, body, OffsetDateTime::now_utc()).await, status, "{body}");
    }
    // A provider that is not set up has no address.
    assert_eq!(razorpay_tells(&world.base, "e", "{}", &signed(RAZORPAY_SECRET, "{}")).await, 404);
    let large = "x".repeat(300 * 1024);
    assert_eq!(stripe_tells(&world, &large, OffsetDateTime::now_utc()).await, 413);
    assert_eq!(balance(&world), 0);
    assert_eq!(stripe_tells(&world, &body, OffsetDateTime::now_utc()).await, 200);
    assert_eq!(balance(&world), 50_000);
}

#[actix_web::test]
async fn an_event_counts_once_however_often_and_in_whatever_order_it_comes() {
    let razorpay = Razorpay::start();
    let world = world(razorpay.settings()).await;
    let owner = owner(&world).await;
    let href = begun(&world, &owner, "razorpay", "5000").await;
    let link = outside(&owner.get(&href).await);
    // Told before it is true: what is read back counts.
    let early = razorpay.event("payment_link.paid", &link);
    assert_eq!(razorpay_tells(&world.base, "evt_0", &early, &signed(RAZORPAY_SECRET, &early)).await, 200);
    assert_eq!(balance(&world), 0);
    razorpay.pay(&link, 500_000);
    let body = razorpay.event("payment_link.paid", &link);
    let signature = signed(RAZORPAY_SECRET, &body);
    assert_eq!(razorpay_tells(&world.base, "evt_1", &body, &signed("other", &body)).await, 400);
    assert_eq!(razorpay_tells(&world.base, "evt_1", &body.replace("5", "6"), &signature).await, 400);
    let (beside, _second) = world.beside();
    let bases = [world.base.as_str(), beside.as_str()];
    let told = join_all((0..10).map(|at| razorpay_tells(bases[at % 2], "evt_1", &body, &signature))).await;
    assert!(told.iter().all(|status| *status == 200), "{told:?}");
    assert_eq!(balance(&world), 500_000);
    // Others about the same: another id, and that it failed after all.
    razorpay.change(&link, json!({ "status": "cancelled" }));
    let late = razorpay.event("payment_link.cancelled", &link);
    for id in ["evt_2", "evt_3"] {
        assert_eq!(razorpay_tells(&world.base, id, &late, &signed(RAZORPAY_SECRET, &late)).await, 200);
    }
    assert!(state(&world, "paid"));
    assert_eq!(balance(&world), 500_000);
    assert_eq!(world.count("SELECT count(*) FROM ledger_postings WHERE payment_id IS NOT NULL"), 2);
    assert_eq!(world.count("SELECT count(*) FROM audit_entries WHERE action = 'payment.paid'"), 1);
    assert_eq!(world.count("SELECT count(*) FROM payment_events"), 4);
}

#[actix_web::test]
async fn another_amount_than_was_asked_for_is_held_back() {
    let (razorpay, stripe) = (Razorpay::start(), Stripe::start());
    let settings = PaymentSettings { razorpay: razorpay.settings().razorpay, ..stripe.settings() };
    let world = world(settings).await;
    let owner = owner(&world).await;
    let href = begun(&world, &owner, "razorpay", "5000").await;
    let link = outside(&owner.get(&href).await);
    razorpay.pay(&link, 499_999);
    let body = razorpay.event("payment_link.paid", &link);
    let signature = signed(RAZORPAY_SECRET, &body);
    for id in ["evt_1", "evt_2"] {
        assert_eq!(razorpay_tells(&world.base, id, &body, &signature).await, 200);
    }
    let page = owner.get(&href).await;
    assert!(page.has("Held back") && page.has("not what was asked for"), "{}", page.text());
    // So is another currency, and what the background reads.
    let other = begun(&world, &owner, "stripe", "70").await;
    stripe.pay_amount(&outside(&owner.get(&other).await), 7_001).await;
    make_due(&world);
    eventually("it is asked about", || {
        (world.count("SELECT count(*) FROM payments WHERE problem IS NOT NULL") == 2).then_some(())
    })
    .await;
    assert_eq!(balance(&world), 0);
    assert_eq!(world.count("SELECT count(*) FROM audit_entries WHERE action = 'payment.held'"), 2);
    let list = owner.get(&base(&world)).await;
    assert!(list.has("Held back") && list.has("₹5,000.00"), "{}", list.text());
}

#[actix_web::test]
async fn a_webhook_that_is_lost_is_made_up_for_and_what_nobody_pays_expires() {
    let stripe = Stripe::start();
    let world = world(stripe.settings()).await;
    let owner = owner(&world).await;
    let paid = begun(&world, &owner, "stripe", "10").await;
    stripe.pay(&outside(&owner.get(&paid).await), GOOD_CARD).await;
    make_due(&world);
    eventually("it is asked about", || (balance(&world) == 1_000).then_some(())).await;
    let left = begun(&world, &owner, "stripe", "20").await;
    let session = outside(&owner.get(&left).await);
    stripe.expire(&session).await;
    make_due(&world);
    eventually("it expires", || state(&world, "expired").then_some(())).await;
    let page = owner.get(&left).await;
    assert!(page.has("Nothing came in time") && !page.has("Continue to pay"), "{}", page.text());
    // Money that comes all the same is money that came, into a frozen wallet too.
    world.force("UPDATE sub_accounts SET billing_mode = 'consolidated'");
    stripe.pay(&session, GOOD_CARD).await;
    let body = event("evt_1", "checkout.session.completed", &left);
    assert_eq!(stripe_tells(&world, &body, OffsetDateTime::now_utc()).await, 200);
    assert_eq!(balance(&world), 3_000);
    // Its owner sees no wallet meanwhile, and pays into none.
    assert_eq!(owner.get(&left).await.status.as_u16(), 404);
    assert_eq!(owner.get(&format!("{}/new", base(&world))).await.status.as_u16(), 404);
}

#[actix_web::test]
async fn an_answer_that_is_lost_leaves_one_link_and_a_way_on() {
    let razorpay = Razorpay::start();
    let world = world(razorpay.settings()).await;
    let owner = owner(&world).await;
    let base = base(&world);
    razorpay.break_off();
    let review = reviewed(&owner, &base, "1,000").await;
    let form = review.form(&format!("{base}/new")).with("step", "begin").with("provider", "razorpay");
    let href = owner.submit(&form).await.location().to_owned();
    let page = owner.get(&href).await;
    assert!(page.has("could not be asked yet") && page.has("Try again"), "{}", page.text());
    // An event that overtakes it is to be told again.
    let body = razorpay.event("payment_link.paid", "plink_1");
    assert_eq!(razorpay_tells(&world.base, "evt_1", &body, &signed(RAZORPAY_SECRET, &body)).await, 503);
    let retry = page.form(&format!("{href}/continue"));
    assert_eq!(owner.submit(&retry).await.location(), href);
    owner.submit(&retry).await.location();
    assert_eq!(outside(&owner.get(&href).await), "plink_1");
    // A double click, and Back, begin one payment.
    assert_eq!(owner.submit(&form).await.location(), href);
    assert_eq!(razorpay.count(), 1);
    razorpay.pay("plink_1", 100_000);
    let body = razorpay.event("payment_link.paid", "plink_1");
    assert_eq!(razorpay_tells(&world.base, "evt_1", &body, &signed(RAZORPAY_SECRET, &body)).await, 200);
    assert_eq!(balance(&world), 100_000);
}

fn confirm(payment: &str, amount: &str, reference: &str) -> AdminCommand {
    let (payment, amount, bank_reference) =
        (payment.parse().unwrap(), amount.to_owned(), reference.to_owned());
    AdminCommand::Payments(PaymentCommand::ConfirmPayment { payment, amount, bank_reference })
}

fn refund(payment: &str, amount: &str, reference: &str) -> AdminCommand {
    let (payment, amount, reference) = (payment.parse().unwrap(), amount.to_owned(), reference.to_owned());
    AdminCommand::Payments(PaymentCommand::RefundPayment { payment, amount, reference })
}

#[actix_web::test]
async fn a_bank_transfer_is_confirmed_by_the_operator_and_given_back_once() {
    let bank = "Platform Services Ltd\nAccount 00001234, IFSC HDFC0000001".to_owned();
    let world = world(PaymentSettings { bank_details: Some(bank), ..PaymentSettings::default() }).await;
    let owner = owner(&world).await;
    let href = begun(&world, &owner, "manual", "2500").await;
    let payment = href.rsplit('/').next().unwrap();
    let page = owner.get(&href).await;
    assert!(page.has("IFSC HDFC0000001") && page.has(payment) && page.has("₹2,500.00"), "{}", page.text());
    let run = async |command| admin::execute(&world.access, &crate::world::supplier(), command).await;
    for wrong in [
        confirm(payment, "2499", "UTR 1"),
        confirm(payment, "lots", "UTR 1"),
        confirm(payment, "2500", " "),
        confirm(&PaymentId::new().to_string(), "2500", "UTR 1"),
        refund(payment, "1", "R 0"),
    ] {
        run(wrong.clone()).await.expect_err(&format!("{wrong:?}"));
    }
    assert_eq!(balance(&world), 0);
    assert!(run(confirm(payment, "2500", "UTR 1")).await.unwrap().contains("is in the wallet"));
    assert_eq!(run(confirm(payment, "2500", "UTR 1")).await.unwrap(), "nothing to change");
    run(confirm(payment, "2500", "UTR 2")).await.expect_err("it came once");
    assert_eq!(balance(&world), 250_000);
    assert!(owner.get(&href).await.has("The money is in the wallet"));
    run(refund(payment, "2500.01", "R 1")).await.expect_err("more than was paid");
    for _ in 0..2 {
        run(refund(payment, "1000", "R 1")).await.unwrap();
    }
    assert_eq!(balance(&world), 150_000);
    // What is spent is not given back: never below zero.
    world.force(&format!(
        "UPDATE ledger_accounts SET balance_minor = 100 WHERE ledger_account = 'wallet' AND account_id = '{}'",
        world.northwind.sub_account.uuid()
    ));
    run(refund(payment, "1500", "R 2")).await.expect_err("the wallet holds too little");
    assert!(owner.get(&href).await.has("Given back"));
    let log = owner.get(&format!("/accounts/{}/audit-log", world.northwind.sub_account)).await;
    assert!(log.has("gave back INR 1000.00 of a payment"), "{}", log.text());
}

#[actix_web::test]
async fn only_owners_pay_and_what_is_not_set_up_is_not_offered() {
    let world = world(PaymentSettings::default()).await;
    let owner = owner(&world).await;
    let base = base(&world);
    let page = owner.get(&format!("{base}/new")).await;
    assert!(page.has("No way to pay is set up") && !page.has("DialNexa"), "{}", page.text());
    let organization = format!("/accounts/{}/payments/new", world.northwind.organization);
    let admin = world.browser().signed_in("admin@northwind.example").await;
    assert_eq!(admin.get(&organization).await.status.as_u16(), 403);
    let parent = world.browser().signed_in("owner@northwind.example").await;
    assert_eq!(parent.get(&organization).await.status.as_u16(), 200);
    // From above, a parent's people look and do not pay.
    let above =
        format!("/accounts/{}/sub-accounts/{}", world.northwind.organization, world.northwind.sub_account);
    parent.submit(&parent.get(&above).await.form(&format!("{above}/access"))).await.location();
    assert_eq!(parent.get(&base).await.status.as_u16(), 200);
    assert_eq!(parent.get(&format!("{base}/new")).await.status.as_u16(), 403);
}

#[actix_web::test]
async fn an_account_has_so_many_payments_under_way_and_no_more() {
    let world = world(PaymentSettings::default()).await;
    let tenant = world.northwind;
    let scope: Scope<AddFunds> = world
        .access
        .scope_of_job("test", tenant.organization, tenant.sub_account.into(), "india".parse().unwrap())
        .unwrap();
    let begin = async || {
        let amount = Money::new(100, "INR");
        scope.write(move |tx| payments::begin(tx, PaymentProvider::Manual, &amount)).await
    };
    for _ in 0..20 {
        begin().await.unwrap();
    }
    assert!(begin().await.is_err());
    // In their time they are over, asked about by the background.
    make_due(&world);
    eventually("they expire", || {
        (world.count("SELECT count(*) FROM payments WHERE state = 'expired'") == 20).then_some(())
    })
    .await;
    begin().await.unwrap();
}

fn accept(payment: &str, amount: &str, reference: &str) -> AdminCommand {
    let (payment, amount, reference) = (payment.parse().unwrap(), amount.to_owned(), reference.to_owned());
    AdminCommand::Payments(PaymentCommand::AcceptPayment { payment, amount, reference })
}

fn give_back(payment: &str, reference: &str) -> AdminCommand {
    let (payment, reference) = (payment.parse().unwrap(), reference.to_owned());
    AdminCommand::Payments(PaymentCommand::ReturnPayment { payment, reference })
}

async fn run(world: &World, command: AdminCommand) -> Result<String, dialnexa::error::Error> {
    admin::execute(&world.access, &crate::world::supplier(), command).await
}

async fn held_payments(world: &World) -> String {
    let organization = world.northwind.organization;
    run(world, AdminCommand::Payments(PaymentCommand::HeldPayments { organization })).await.unwrap()
}

/// Pays another amount than was asked for; gives the payment's page and id.
async fn held_back(world: &World, owner: &Browser, razorpay: &Razorpay, minor: i64) -> (String, String) {
    let href = begun(world, owner, "razorpay", "5000").await;
    let link = outside(&owner.get(&href).await);
    razorpay.pay(&link, minor);
    tell(world, razorpay, &link, "evt").await;
    let payment = href.rsplit('/').next().unwrap().to_owned();
    (href, payment)
}

async fn tell(world: &World, razorpay: &Razorpay, link: &str, event: &str) {
    let body = razorpay.event("payment_link.paid", link);
    let id = format!("{event}_{link}");
    assert_eq!(razorpay_tells(&world.base, &id, &body, &signed(RAZORPAY_SECRET, &body)).await, 200);
}

#[actix_web::test]
async fn the_operator_accepts_what_came_or_gives_it_back() {
    let razorpay = Razorpay::start();
    let world = world(razorpay.settings()).await;
    let owner = owner(&world).await;
    assert_eq!(held_payments(&world).await, "nothing is held back");
    let (less, less_id) = held_back(&world, &owner, &razorpay, 499_999).await;
    let (more, more_id) = held_back(&world, &owner, &razorpay, 500_001).await;
    let listed = held_payments(&world).await;
    for (id, came) in [(&less_id, "INR 4999.99 came"), (&more_id, "INR 5000.01 came")] {
        let line = format!("{id} {}: {came}, INR 5000.00 was asked for", world.northwind.sub_account);
        assert!(listed.contains(&line), "{line}: {listed}");
    }
    // What is in no wallet is not refunded; what came is accepted as it came, once.
    for wrong in [
        refund(&less_id, "1", "R 1"),
        accept(&less_id, "5000", "A 1"),
        accept(&less_id, "much", "A 1"),
        accept(&less_id, "4999.99", ""),
        accept(&PaymentId::new().to_string(), "4999.99", "A 1"),
    ] {
        run(&world, wrong.clone()).await.expect_err(&format!("{wrong:?}"));
    }
    assert!(run(&world, accept(&less_id, "4999.99", "A 1")).await.unwrap().contains("is in the wallet"));
    assert_eq!(run(&world, accept(&less_id, "4999.99", "A 1")).await.unwrap(), "nothing to change");
    run(&world, accept(&less_id, "4999.99", "A 2")).await.expect_err("it is in the wallet");
    run(&world, give_back(&less_id, "B 1")).await.expect_err("it is in the wallet");
    assert_eq!(balance(&world), 499_999);
    let page = owner.get(&less).await;
    assert!(page.has("The money is in the wallet") && page.has("₹4,999.99"), "{}", page.text());
    // It is a payment as any other from now on: given back in parts, at most what came.
    run(&world, refund(&less_id, "5000", "R 1")).await.expect_err("more than came");
    run(&world, refund(&less_id, "4999.99", "R 1")).await.unwrap();
    assert_eq!(balance(&world), 0);
    // The other is given back, and whoever tells of it again changes nothing.
    assert!(run(&world, give_back(&more_id, "B 1")).await.unwrap().contains("is given back"));
    assert_eq!(run(&world, give_back(&more_id, "B 1")).await.unwrap(), "nothing to change");
    run(&world, give_back(&more_id, "B 2")).await.expect_err("it was given back before");
    run(&world, accept(&more_id, "5000.01", "A 3")).await.expect_err("it was given back");
    tell(&world, &razorpay, "plink_2", "evt_late").await;
    assert_eq!((balance(&world), held_payments(&world).await.as_str()), (0, "nothing is held back"));
    let page = owner.get(&more).await;
    assert!(page.has("Given back") && page.has("Nothing came into the wallet"), "{}", page.text());
    let log = owner.get(&format!("/accounts/{}/audit-log", world.northwind.sub_account)).await;
    for words in ["received the payment of INR 4999.99", "gave back INR 5000.01 that was held back"] {
        assert!(log.has(words), "{words}: {}", log.text());
    }
    let nothing_held = begun(&world, &owner, "razorpay", "10").await;
    let id = nothing_held.rsplit('/').next().unwrap();
    run(&world, accept(id, "10", "A 4")).await.expect_err("nothing came");
    run(&world, give_back(id, "B 4")).await.expect_err("nothing came");
}

#[actix_web::test]
async fn another_amount_by_bank_transfer_is_accepted_or_given_back() {
    let bank =
        PaymentSettings { bank_details: Some("IFSC HDFC0000001".into()), ..PaymentSettings::default() };
    let world = world(bank).await;
    let owner = owner(&world).await;
    let (first, second) =
        (begun(&world, &owner, "manual", "2500").await, begun(&world, &owner, "manual", "100").await);
    let id = |href: &str| href.rsplit('/').next().unwrap().to_owned();
    run(&world, confirm(&id(&first), "2400", "UTR 1")).await.expect_err("another amount");
    assert!(run(&world, accept(&id(&first), "2400", "UTR 1")).await.unwrap().contains("is in the wallet"));
    assert_eq!(balance(&world), 240_000);
    run(&world, give_back(&id(&second), "UTR 2")).await.unwrap();
    run(&world, confirm(&id(&second), "100", "UTR 3")).await.expect_err("it was given back");
    assert_eq!(balance(&world), 240_000);
}

#[actix_web::test]
async fn money_for_a_sub_account_that_was_deleted_is_in_no_wallet() {
    let razorpay = Razorpay::start();
    let bank = Some("IFSC HDFC0000001".to_owned());
    let world = world(PaymentSettings { bank_details: bank, ..razorpay.settings() }).await;
    let tenant = world.northwind;
    let owner = owner(&world).await;
    let (late, later) =
        (begun(&world, &owner, "razorpay", "300").await, begun(&world, &owner, "razorpay", "400").await);
    let transfer = begun(&world, &owner, "manual", "500").await;
    let id = |href: &str| href.rsplit('/').next().unwrap().to_owned();
    let links = [outside(&owner.get(&late).await), outside(&owner.get(&later).await)];
    let parent = world.parent_client(&tenant).await;
    parent.delete(&format!("/sub-accounts/{}", tenant.sub_account)).await.expect(202);
    for (link, minor) in links.iter().zip([30_000, 40_000]) {
        razorpay.pay(link, minor);
    }
    // As it is being erased, and when nothing is left of it.
    tell(&world, &razorpay, &links[0], "evt").await;
    eventually("it is erased", || {
        (world.count("SELECT count(*) FROM sub_accounts WHERE name = 'Acme Corp'") == 0).then_some(())
    })
    .await;
    tell(&world, &razorpay, &links[1], "evt").await;
    tell(&world, &razorpay, &links[0], "evt_again").await;
    run(&world, confirm(&id(&transfer), "500", "UTR 1")).await.expect_err("nobody is left to have it");
    assert_eq!(balance(&world), 0);
    let listed = held_payments(&world).await;
    for (href, came) in [(&late, "INR 300.00"), (&later, "INR 400.00")] {
        let line = format!("{} {}: {came} came after the account was deleted", id(href), tenant.sub_account);
        assert!(listed.contains(&line), "{line}: {listed}");
    }
    let log = world.browser().signed_in("owner@northwind.example").await;
    let log = log.get(&format!("/accounts/{}/audit-log", tenant.organization)).await;
    assert!(
        log.has("held back the payment of INR 300.00: it came after its account was deleted"),
        "{}",
        log.text()
    );
    // It is given back, to whoever paid; nobody can put it anywhere else.
    run(&world, accept(&id(&late), "300", "A 1")).await.expect_err("nobody is left to have it");
    for href in [&late, &later, &transfer] {
        run(&world, give_back(&id(href), "B 1")).await.unwrap();
    }
    assert_eq!(held_payments(&world).await, "nothing is held back");
    let organization = tenant.organization;
    run(&world, AdminCommand::VerifyLedger { organization }).await.unwrap();
}
