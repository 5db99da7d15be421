//! Recharging a sub-account from the dashboard (`domain.md` 4.7, 5.3, `trust.md` R4, U3, U5).

use dialnexa::{
    access::{Change, permission::RecordCalls},
    domain::billing::ledger::{self, Entry},
    payment_providers::PaymentSettings,
    values::AccountId,
};
use time::OffsetDateTime;

use crate::{
    browser::{Browser, Page},
    chromium::{Chromium, Looks},
    world::{PASSWORD, Tenant, World, WorldOptions},
};

/// Puts money into an account's wallet.
pub async fn fund(world: &World, tenant: &Tenant, account: AccountId, minor: i64) {
    let region = "india".parse().unwrap();
    let scope =
        world.access.scope_of_job::<RecordCalls>("test", tenant.organization, account, region).unwrap();
    let entry = Entry::recharge(minor, "", OffsetDateTime::now_utc()).unwrap();
    scope.write(move |tx| ledger::post(tx, entry).map(Change::none)).await.unwrap();
}

fn balance(world: &World, account: uuid::Uuid) -> i32 {
    world.count(&format!(
        "SELECT balance_minor FROM ledger_accounts WHERE ledger_account = 'wallet' AND account_id = '{account}'"
    ))
}

fn place(tenant: &Tenant) -> String {
    format!("/accounts/{}/sub-accounts/{}", tenant.organization, tenant.sub_account)
}

async fn step(browser: &Browser, page: &Page, action: &str, fields: &[(&str, &str)]) -> Page {
    let form = page.form(action);
    browser.submit(&fields.iter().fold(form, |form, (name, value)| form.with(name, value))).await
}

async fn reviewed(browser: &Browser, action: &str, amount: &str) -> Page {
    let page = browser.get(action).await;
    step(browser, &page, action, &[("amount", amount), ("reference", "June"), ("step", "review")]).await
}

#[actix_web::test]
async fn a_recharge_is_reviewed_done_once_and_shown_for_good() {
    let world = World::new().await;
    let tenant = world.northwind;
    fund(&world, &tenant, tenant.organization.into(), 20_000_000).await;
    let owner = world.browser().signed_in("owner@northwind.example").await;
    let (base, action) = (place(&tenant), format!("{}/recharge", place(&tenant)));
    let shown = owner.get(&base).await;
    assert!(shown.body.contains(&action) && shown.has("Recharge wallet"), "{}", shown.text());
    let review = reviewed(&owner, &action, "₹1,00,000.50").await;
    assert_eq!(review.status.as_u16(), 200, "{}", review.text());
    for words in ["Northwind Voice", "Acme Corp", "₹1,00,000.50", "₹2,00,000.00", "₹99,999.50", "June"]
    {
        assert!(review.has(words), "{words}: {}", review.text());
    }
    assert_eq!(balance(&world, tenant.sub_account.uuid()), 0, "a review moves nothing");
    let back = step(&owner, &review, &action, &[("step", "edit")]).await;
    assert_eq!(back.input("amount"), "100000.50", "what was typed is kept");
    let confirm = review.form(&action).with("step", "recharge");
    let done = owner.submit(&confirm).await;
    let href = done.location().to_owned();
    assert!(href.starts_with(&format!("{base}/recharges/txn_")), "{href}");
    for _ in 0..2 {
        let again = owner.submit(&confirm).await;
        assert_eq!(again.location(), href, "a double click, or Back, leads to the same");
        let result = owner.get(&href).await;
        for words in ["₹1,00,000.50", "txn_", "₹99,999.50", "June"] {
            assert!(result.has(words), "{words}: {}", result.text());
        }
    }
    assert_eq!(balance(&world, tenant.sub_account.uuid()), 10_000_050);
    assert_eq!(balance(&world, tenant.organization.uuid()), 9_999_950);
    let log = owner.get(&format!("/accounts/{}/audit-log", tenant.organization)).await;
    assert!(log.has("recharged the wallet of Acme Corp"), "{}", log.text());
    // The sender's page of another organization does not know of it.
    let other = world.browser().signed_in("owner@southwind.example").await;
    let foreign = href.replace(&tenant.organization.to_string(), &world.southwind.organization.to_string());
    assert_eq!(other.get(&foreign).await.status.as_u16(), 404);
}

#[actix_web::test]
async fn what_is_typed_wrong_is_said_beside_the_field_and_kept() {
    let world = World::new().await;
    let tenant = world.northwind;
    fund(&world, &tenant, tenant.organization.into(), 50_000).await;
    let owner = world.browser().signed_in("owner@northwind.example").await;
    let action = format!("{}/recharge", place(&tenant));
    for (typed, says) in [
        ("", "Enter an amount"),
        ("lots", "as a number"),
        ("0", "above zero"),
        ("1.005", "two decimals"),
        ("501", "Your wallet can give ₹500.00 now, less than ₹501.00"),
    ] {
        let page = reviewed(&owner, &action, typed).await;
        assert_eq!(page.status.as_u16(), 422, "{typed}");
        assert!(page.has(says), "{typed}: {}", page.text());
        assert_eq!(page.input("amount"), typed);
        assert_eq!(page.input("reference"), "June");
    }
}

#[actix_web::test]
async fn what_changed_since_the_review_is_looked_at_again() {
    let world = World::new().await;
    let tenant = world.northwind;
    fund(&world, &tenant, tenant.organization.into(), 100_000).await;
    let owner = world.browser().signed_in("owner@northwind.example").await;
    let action = format!("{}/recharge", place(&tenant));
    let (first, second, third) = (
        reviewed(&owner, &action, "600").await,
        reviewed(&owner, &action, "300").await,
        reviewed(&owner, &action, "500").await,
    );
    step(&owner, &first, &action, &[("step", "recharge")]).await.location();
    // Less is there than was shown, and still enough.
    step(&owner, &second, &action, &[("step", "recharge")]).await.location();
    let refused = step(&owner, &third, &action, &[("step", "recharge")]).await;
    assert_eq!(refused.status.as_u16(), 409);
    assert!(refused.has("can give ₹100.00 now, less than ₹500.00. Nothing was moved."), "{}", refused.text());
    assert_eq!(balance(&world, tenant.sub_account.uuid()), 90_000);
    world.force(&format!(
        "UPDATE sub_accounts SET billing_mode = 'consolidated' WHERE sub_account_id = '{}'",
        tenant.sub_account.uuid()
    ));
    let late = [("step", "recharge"), ("amount", "100")];
    let frozen = step(&owner, &third, &action, &late).await;
    assert_eq!(frozen.status.as_u16(), 409);
    let page = owner.get(&action).await;
    assert!(page.has("frozen") && !page.actions().contains(&action), "{}", page.text());
    assert_eq!(balance(&world, tenant.sub_account.uuid()), 90_000);
}

#[actix_web::test]
async fn an_admin_recharges_while_the_owner_lets_them() {
    let world = World::new().await;
    let tenant = world.northwind;
    fund(&world, &tenant, tenant.organization.into(), 100_000).await;
    let owner = world.browser().signed_in("owner@northwind.example").await;
    let admin = world.browser().signed_in("admin@northwind.example").await;
    let members = format!("/accounts/{}/members", tenant.organization);
    let action = format!("{}/recharge", place(&tenant));
    let grant = format!("{members}/{}/recharge", world.id_of("admin@northwind.example"));
    let set = async |allowed: &str| {
        let page = owner.get(&grant).await;
        step(&owner, &page, &grant, &[("allowed", allowed)]).await
    };
    let refused = admin.get(&action).await;
    assert_eq!(refused.status.as_u16(), 403);
    assert!(refused.has("to whom the Owner gave it"), "{}", refused.text());
    assert!(!admin.get(&place(&tenant)).await.body.contains(&action));
    // Nobody gives it to themselves.
    assert_eq!(admin.get(&grant).await.status.as_u16(), 403);
    assert!(!admin.get(&members).await.body.contains("/recharge\""));
    assert!(owner.get(&members).await.body.contains(&grant));
    assert_eq!(set("yes").await.location(), format!("{members}?done=recharge-given"));
    assert!(owner.get(&members).await.has("May recharge sub-accounts"));
    let review = reviewed(&admin, &action, "100").await;
    let confirm = review.form(&action).with("step", "recharge");
    admin.submit(&confirm).await.location();
    let next = reviewed(&admin, &action, "100").await.form(&action).with("step", "recharge");
    set("no").await.location();
    assert_eq!(admin.submit(&next).await.status.as_u16(), 403, "at the next request");
    assert_eq!(balance(&world, tenant.sub_account.uuid()), 10_000);
    let log = owner.get(&format!("/accounts/{}/audit-log", tenant.organization)).await;
    for words in ["let Northwind admin recharge", "took from Northwind admin the right"] {
        assert!(log.has(words), "{words}: {}", log.text());
    }
    // Another role takes it away for good.
    set("yes").await.location();
    let role = format!("{members}/{}", world.id_of("admin@northwind.example"));
    for to in ["viewer", "admin"] {
        let page = owner.get(&role).await;
        step(&owner, &page, &role, &[("role", to)]).await.location();
    }
    assert_eq!(admin.get(&action).await.status.as_u16(), 403);
    // An Org Viewer is given nothing.
    let viewer = format!("{members}/{}/recharge", world.id_of("viewer@northwind.example"));
    let page = owner.get(&viewer).await;
    assert_eq!(step(&owner, &page, &viewer, &[("allowed", "yes")]).await.status.as_u16(), 409);
}

/// Recharging and adding funds in a browser: each page on the way is sound.
async fn pages_are_sound(looks: Looks) {
    let world = World::with(WorldOptions {
        payments: PaymentSettings {
            bank_details: Some("Bank of Test\nIFSC TEST0000001".into()),
            ..PaymentSettings::default()
        },
        ..WorldOptions::default()
    })
    .await;
    let tenant = world.northwind;
    fund(&world, &tenant, tenant.organization.into(), 20_000_000).await;
    let chromium = Chromium::open(looks).await;
    let is_sound = async |page: &str| {
        assert_eq!(chromium.axe().await, Vec::<String>::new(), "{page}");
        assert!(!chromium.scrolls_sideways().await, "{page} scrolls sideways");
        assert_eq!(chromium.complaints().await, Vec::<String>::new(), "{page}");
    };
    chromium.goto(&format!("{}/sign-in", world.base)).await;
    chromium.fill("email", "owner@northwind.example").await;
    chromium.fill("password", PASSWORD).await;
    chromium.press("Sign in").await;
    chromium.sees("Overview").await;
    chromium.goto(&format!("{}{}/recharge", world.base, place(&tenant))).await;
    chromium.fill("amount", "₹1,00,000").await;
    chromium.press("Review").await;
    chromium.sees("Review the recharge").await;
    is_sound("the review of a recharge").await;
    chromium.press("Recharge ₹1,00,000.00").await;
    chromium.sees("The money is in its wallet").await;
    is_sound("a recharge").await;
    let account = format!("{}/accounts/{}", world.base, tenant.organization);
    chromium.goto(&format!("{account}/payments/new")).await;
    chromium.fill("amount", "500").await;
    chromium.press("Review").await;
    chromium.sees("How to pay").await;
    is_sound("the review of a payment").await;
    chromium.press("Go on to pay ₹500.00").await;
    chromium.sees("IFSC TEST0000001").await;
    is_sound("a payment").await;
    let admin = world.id_of("admin@northwind.example");
    chromium.goto(&format!("{account}/members/{admin}/recharge")).await;
    chromium.sees("May they recharge").await;
    is_sound("what an admin may").await;
    chromium.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_sound_wide_and_light() {
    pages_are_sound(Looks::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_sound_narrow_and_dark() {
    pages_are_sound(Looks { width: 360, dark: true, ..Looks::default() }).await;
}
