//! Managing sub-accounts through the pages: what holds when people click twice, edit at
//! once, or are sent away.

use futures_util::future::join_all;
use reqwest::StatusCode;

use crate::{
    browser::{Browser, Form},
    world::World,
};

const OWNER: &str = "owner@northwind.example";

fn list_of(world: &World) -> String {
    format!("/accounts/{}/sub-accounts", world.northwind.organization)
}

async fn new_form(browser: &Browser, world: &World, name: &str, limit: &str) -> Form {
    let list = list_of(world);
    let page = browser.get(&format!("{list}/new")).await;
    page.form(&list).with("name", name).with("concurrency_limit", limit).with("region", "us")
}

/// The form of one sub-account's limit, with a wish typed in.
async fn limit_form(browser: &Browser, world: &World, wish: &str) -> Form {
    let href = format!("{}/{}/limits", list_of(world), world.northwind.sub_account);
    let form = browser.get(&href).await.form(&href);
    form.with(&format!("limit-{}", world.northwind.sub_account), wish).with("step", "save")
}

fn limit_of(world: &World) -> i32 {
    world.count("SELECT concurrency_limit FROM sub_accounts WHERE name = 'Acme Corp'")
}

#[tokio::test]
async fn a_form_that_is_sent_many_times_makes_one_sub_account() {
    let world = World::new().await;
    let browser = world.browser().signed_in(OWNER).await;
    let form = new_form(&browser, &world, "Once Ltd", "5").await;
    let pages = join_all((0..10).map(|_| browser.submit(&form))).await;
    let mut places: Vec<_> = pages.iter().map(|page| page.location().to_owned()).collect();
    places.dedup();
    assert_eq!(places.len(), 1, "all lead to the same one: {places:?}");
    assert_eq!(world.count("SELECT count(*) FROM sub_accounts WHERE name = 'Once Ltd'"), 1);
    let audited =
        "SELECT count(*) FROM audit_entries WHERE action = 'sub_account.created' AND object = 'Once Ltd'";
    assert_eq!(world.count(audited), 2, "once in each side's log");
    let page = browser.submit(&form.with("name", "Twice Ltd")).await;
    assert_eq!(page.status, StatusCode::CONFLICT, "the same key for something else is refused");
}

#[tokio::test]
async fn changes_at_once_never_exceed_the_total() {
    let world = World::new().await;
    let browser = world.browser().signed_in(OWNER).await;
    let mut forms = Vec::new();
    for name in ["A", "B", "C", "D", "E", "F"] {
        forms.push(new_form(&browser, &world, name, "60").await);
    }
    let pages = join_all(forms.iter().map(|form| browser.submit(form))).await;
    let made = pages.iter().filter(|page| page.status == StatusCode::SEE_OTHER).count();
    // 190 of 200 are free: three times 60 fit.
    assert_eq!(made, 3);
    let refused = pages.iter().find(|page| page.status != StatusCode::SEE_OTHER).unwrap();
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.has("10 of 200 calls are free") && refused.has("Acme Corp 10"), "{}", refused.text());
    assert_eq!(refused.input("concurrency_limit"), "60", "what was typed stays");
    let sum = world.count("SELECT sum(concurrency_limit) FROM sub_accounts WHERE organization_id = (SELECT organization_id FROM organizations WHERE name = 'Northwind Voice')");
    let kept = world.count("SELECT allocated_concurrency FROM organizations WHERE name = 'Northwind Voice'");
    assert_eq!((sum, kept), (190, 190));
}

#[tokio::test]
async fn whoever_edits_second_is_shown_the_first_ones_change() {
    let world = World::new().await;
    let first = world.browser().signed_in(OWNER).await;
    let second = world.browser().signed_in("admin@northwind.example").await;
    let stale = limit_form(&second, &world, "50").await;
    let page = first.submit(&limit_form(&first, &world, "30").await).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    let page = second.submit(&stale).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.has("Asha Rao changed this from 10 to 30 while you were editing"), "{}", page.text());
    assert_eq!(limit_of(&world), 30, "nothing was overwritten");
    let form = page.form(&stale.action).with("step", "save");
    assert_eq!(second.submit(&form).await.status, StatusCode::SEE_OTHER, "seen, it may be replaced");
    assert_eq!(limit_of(&world), 50);
}

#[tokio::test]
async fn what_is_saved_is_what_was_reviewed() {
    let world = World::new().await;
    let browser = world.browser().signed_in(OWNER).await;
    let form = limit_form(&browser, &world, "20").await.with("step", "review");
    let review = browser.submit(&form).await;
    let name = format!("limit-{}", world.northwind.sub_account);
    let form = review.form(&form.action).with(&name, "21").with("step", "save");
    let page = browser.submit(&form).await;
    assert!(page.has("You typed something else after the review"), "{}", page.text());
    assert_eq!(limit_of(&world), 10);
    let form = page.form(&form.action).with("step", "save");
    assert_eq!(browser.submit(&form).await.status, StatusCode::SEE_OTHER);
    assert_eq!(limit_of(&world), 21);
}

#[tokio::test]
async fn a_limit_below_what_is_in_use_keeps_the_calls_counted() {
    let world = World::new().await;
    let browser = world.browser().signed_in(OWNER).await;
    world.force("UPDATE sub_accounts SET slots_in_use = 8 WHERE name = 'Acme Corp'");
    assert_eq!(browser.submit(&limit_form(&browser, &world, "2").await).await.status, StatusCode::SEE_OTHER);
    // 200 less the 8 calls that are still in progress.
    let page = browser.submit(&new_form(&browser, &world, "Too Large", "193").await).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.has("192 of 200 calls are free"), "{}", page.text());
}

/// The form on the sub-account's page that enters it.
async fn access_form(browser: &Browser, world: &World) -> Form {
    let href = format!("{}/{}", list_of(world), world.northwind.sub_account);
    browser.get(&href).await.form(&format!("{href}/access"))
}

#[tokio::test]
async fn a_double_click_enters_once_and_keeps_everybody_signed_in() {
    let world = World::new().await;
    let browser = world.browser().signed_in(OWNER).await;
    let form = access_form(&browser, &world).await;
    let list = list_of(&world);
    let (entered, others) = futures_util::future::join(
        join_all((0..3).map(|_| browser.submit(&form))),
        join_all((0..4).map(|_| browser.get(&list))),
    )
    .await;
    for page in &entered {
        assert!(page.location().starts_with(&format!("/accounts/{}", world.northwind.sub_account)));
    }
    for page in &others {
        assert_eq!(page.status, StatusCode::OK, "what is asked for meanwhile is answered");
    }
    assert_eq!(browser.get(&list).await.status, StatusCode::OK);
    assert_eq!(world.count("SELECT count(*) FROM delegations"), 1);
    let started = "SELECT count(*) FROM audit_entries WHERE action = 'access_dashboard.started'";
    assert_eq!(world.count(started), 2, "once in each side's log");
}

#[tokio::test]
async fn a_stay_ends_at_the_next_click_when_the_right_is_gone() {
    let world = World::new().await;
    let browser = world.browser().signed_in(OWNER).await;
    let inside = browser.submit(&access_form(&browser, &world).await).await.location().to_owned();
    assert_eq!(browser.get(&inside).await.status, StatusCode::OK);
    world.force("UPDATE organizations SET sub_accounts_enabled = false WHERE name = 'Northwind Voice'");
    assert_eq!(browser.get(&inside).await.status, StatusCode::FORBIDDEN);
    world.force("UPDATE organizations SET sub_accounts_enabled = true WHERE name = 'Northwind Voice'");
    world.force(
        "UPDATE memberships SET role = 'viewer' WHERE role = 'owner' AND account_id = organization_id",
    );
    assert_eq!(browser.get(&inside).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_form_opened_inside_is_refused_with_an_explanation_after_leaving() {
    let world = World::new().await;
    let browser = world.browser().signed_in(OWNER).await;
    let inside = browser.submit(&access_form(&browser, &world).await).await.location().to_owned();
    let leave = format!("/accounts/{}/leave", world.northwind.sub_account);
    let stale = browser.get(&inside).await.form(&leave);
    let back = browser.submit(&stale).await;
    assert!(back.location().ends_with(&format!("#{}", world.northwind.sub_account)), "back to its row");
    let page = browser.submit(&stale).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.has("Your visit has ended"), "{}", page.text());
    // Inside again, the form of the earlier visit is still not this one's.
    browser.submit(&access_form(&browser, &world).await).await;
    let page = browser.submit(&stale).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.has("Nothing was changed"), "{}", page.text());
}

#[tokio::test]
async fn a_deletion_leaves_nothing_but_its_certificate() {
    let world = World::new().await;
    let browser = world.browser().signed_in(OWNER).await;
    let member = world.browser().signed_in("owner@acme.example").await;
    // Somebody is inside as it goes.
    browser.submit(&access_form(&browser, &world).await).await;
    let href = format!("{}/{}/delete", list_of(&world), world.northwind.sub_account);
    let page = browser.get(&href).await;
    let certificate =
        browser.submit(&page.form(&href).with("name", " Acme Corp ")).await.location().to_owned();
    let home = format!("/accounts/{}", world.northwind.sub_account);
    assert_eq!(member.get(&home).await.status, StatusCode::NOT_FOUND, "access ends at once");
    let end = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    let page = loop {
        let page = browser.get(&certificate).await;
        // The person is gone with the last step.
        if page.has("Erased Certificate") {
            break page;
        }
        assert!(tokio::time::Instant::now() < end, "{}", page.text());
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    };
    assert!(page.has("2 memberships"), "{}", page.text());
    assert!(page.has("1 visit through Access Dashboard"), "{}", page.text());
    let id = world.northwind.sub_account.uuid();
    for table in
        ["memberships", "api_keys", "delegations", "workspaces", "audit_entries", "audit_heads", "slots"]
    {
        assert_eq!(
            world.count(&format!("SELECT count(*) FROM {table} WHERE account_id = '{id}'")),
            0,
            "{table}"
        );
    }
    assert_eq!(world.count("SELECT count(*) FROM users WHERE email LIKE '%@acme.example'"), 0);
    assert_eq!(world.count("SELECT count(*) FROM users WHERE email = 'owner@northwind.example'"), 1);
    let ended = "SELECT count(*) FROM audit_entries WHERE action = 'access_dashboard.ended'";
    assert_eq!(world.count(ended), 1, "the parent's log tells how the visit ended");
}
