//! The audit log cannot be changed unseen, and does not fork.

use dialnexa::{
    access::{
        Change, Event, Scope,
        permission::{Administer, ManageSubAccounts},
        principal::RequestFacts,
    },
    domain::{
        audit::{self, Filter, Verdict},
        identity::sign_in,
    },
    values::{AccountId, Part, SessionId},
};
use futures_util::future::join_all;
use serde_json::json;

use crate::{
    post_office::eventually,
    world::{Tenant, World, letters},
};

fn log(world: &World) -> Scope<Administer> {
    let tenant = world.northwind;
    let region = "india".parse().unwrap();
    world.access.scope_of_job("test", tenant.organization, tenant.sub_account.into(), region).unwrap()
}

async fn tell(scope: &Scope<Administer>, action: &'static str) {
    let account: AccountId = scope.asker().account.id;
    let event = Event {
        account,
        action,
        object: "Order line, \"quoted\" नमस्ते".into(),
        object_id: "agt_1".into(),
        details: json!({ "b": 1, "a": { "z": null, "y": [1.5, "x"] } }),
    };
    scope.write(move |_| Ok(Change::new((), event))).await.unwrap();
}

async fn verdict(scope: &Scope<Administer>) -> Verdict {
    scope.read(audit::verify).await.unwrap()
}

#[actix_web::test]
async fn many_at_once_make_one_chain() {
    let world = World::new().await;
    let scope = log(&world);
    let Verdict::Whole { entries: before, .. } = verdict(&scope).await else {
        panic!("broken from the start")
    };
    join_all((0..50).map(|_| tell(&scope, "agent.created"))).await;
    assert!(matches!(verdict(&scope).await, Verdict::Whole { entries, .. } if entries == before + 50));
}

/// A log of five entries and more, damaged by somebody whom no policy stops.
async fn damaged(how: &str) -> Verdict {
    let world = World::new().await;
    let scope = log(&world);
    for _ in 0..5 {
        tell(&scope, "agent.created").await;
    }
    assert!(matches!(verdict(&scope).await, Verdict::Whole { .. }));
    let this = format!("account_id = '{}'", world.northwind.sub_account.uuid());
    world.force(&how.replace("THIS", &this));
    verdict(&scope).await
}

#[actix_web::test]
async fn an_edit_is_found() {
    let found =
        damaged("UPDATE audit_entries SET object = 'Nothing to see' WHERE THIS AND sequence = 3").await;
    assert!(matches!(found, Verdict::Broken { at: 3, .. }), "{found:?}");
    let found = damaged(
        "UPDATE audit_entries SET occurred_at = occurred_at - interval '1 day'
        WHERE THIS AND sequence = 4",
    )
    .await;
    assert!(matches!(found, Verdict::Broken { at: 4, .. }), "{found:?}");
    let found =
        damaged(r#"UPDATE audit_entries SET details = details || '{"a": 1}' WHERE THIS AND sequence = 2"#)
            .await;
    assert!(matches!(found, Verdict::Broken { at: 2, .. }), "{found:?}");
}

#[actix_web::test]
async fn a_cut_is_found() {
    let found = damaged("DELETE FROM audit_entries WHERE THIS AND sequence = 2").await;
    assert!(matches!(found, Verdict::Broken { at: 2, .. }), "{found:?}");
    let found = damaged("DELETE FROM audit_entries WHERE THIS AND sequence > 3").await;
    assert!(matches!(found, Verdict::Broken { at: 4, .. }), "{found:?}");
    let found = damaged("DELETE FROM audit_entries WHERE THIS").await;
    assert!(matches!(found, Verdict::Broken { at: 1, .. }), "{found:?}");
}

#[actix_web::test]
async fn filters_narrow_the_log() {
    let world = World::new().await;
    let scope = log(&world);
    tell(&scope, "agent.created").await;
    tell(&scope, "agent.deleted").await;
    let page = |filter: Filter| {
        let scope = &scope;
        async move { scope.read(move |tx| audit::page(tx, &filter, Part::Newest, 50)).await.unwrap().rows }
    };
    let of = |action: &str| Filter { action: Some(action.into()), ..Filter::default() };
    assert_eq!(page(of("agent.deleted")).await.len(), 1);
    let area = page(of("agent.")).await;
    assert_eq!(
        area.iter().map(|entry| entry.action.as_str()).collect::<Vec<_>>(),
        ["agent.deleted", "agent.created"]
    );
    assert!(page(Filter { by_delegation: true, ..Filter::default() }).await.is_empty());
    let tomorrow = time::OffsetDateTime::now_utc().date() + time::Duration::days(2);
    assert!(page(Filter { from: Some(tomorrow), ..Filter::default() }).await.is_empty());
    assert!(page(Filter { to: Some(tomorrow), ..Filter::default() }).await.len() >= 3);
}

/// How many entries of `action` by `email` stand in the log of `account`, complete.
fn entries(world: &World, account: uuid::Uuid, email: &str, action: &str) -> i32 {
    world.count(&format!(
        "SELECT count(*) FROM audit_entries e JOIN users u ON u.user_id = e.actor_id
         WHERE e.account_id = '{account}' AND u.email = '{email}' AND e.action = '{action}'
           AND e.actor_kind = 'member' AND e.actor_name = u.name AND e.object = u.name
           AND e.ip = '127.0.0.1' AND length(e.request_id) = 32 AND e.delegation_id IS NULL"
    ))
}

#[actix_web::test]
async fn what_people_do_about_themselves_stands_in_the_logs_of_all_their_accounts() {
    let world = World::new().await;
    let (north, south) = (world.northwind, world.southwind);
    let email = "both@people.example";
    let both = world.person("Bina Both", email);
    for (organization, account, role) in [
        (north.organization, north.organization.uuid(), "admin"),
        (north.organization, north.sub_account.uuid(), "viewer"),
        (south.organization, south.sub_account.uuid(), "viewer"),
    ] {
        world.member(organization, account, both, role);
    }
    let logs = [north.organization.uuid(), north.sub_account.uuid(), south.sub_account.uuid()];
    let told = |action: &str, n: i32| {
        for log in logs {
            assert_eq!(entries(&world, log, email, action), n, "{action} in {log}");
        }
        let all = format!(
            "SELECT count(*) FROM audit_entries WHERE action = '{action}' AND actor_name = 'Bina Both'"
        );
        assert_eq!(world.count(&all), n * 3, "{action} elsewhere");
    };

    assert_eq!(world.browser().sign_in(email, "wrong password").await.status.as_u16(), 422);
    told("person.signed_in", 0);
    let browser = world.browser().signed_in(email).await;
    told("person.signed_in", 1);

    let other = world.browser().signed_in(email).await;
    let page = browser.get("/sessions").await;
    let end = page.actions().into_iter().find(|action| action.ends_with("/end")).unwrap();
    let session = end.split('/').nth(2).unwrap();
    let of_session = format!("SELECT count(*) FROM audit_entries WHERE details->>'session' = '{session}'");
    assert_eq!(world.count(&of_session), 3, "{session}");
    browser.submit(&page.form(&end)).await.location();
    assert_eq!(world.count(&of_session), 6, "{session}");
    told("person.session_ended", 1);
    assert_eq!(browser.submit(&page.form(&end)).await.status.as_u16(), 404, "it is over already");
    told("person.session_ended", 1);
    assert!(other.get("/accounts").await.location().starts_with("/sign-in"));

    let page = browser.get("/sessions").await;
    let others = browser.submit(&page.form("/sign-out").with_action("/sessions/end-others")).await;
    assert_eq!(others.status.as_u16(), 303, "{}", others.text());
    told("person.session_ended", 1);
    world.browser().signed_in(email).await;
    world.browser().signed_in(email).await;
    browser.submit(&page.form("/sign-out").with_action("/sessions/end-others")).await.location();
    told("person.session_ended", 2);

    browser.submit(&page.form("/sign-out")).await.location();
    told("person.signed_out", 1);
    assert_eq!(world.count("SELECT count(*) FROM sessions"), 0);

    let visitor = world.browser();
    let form = visitor.get("/forgot-password").await.form("/forgot-password").with("email", email);
    visitor.submit(&form).await;
    let letter = eventually("a letter", || letters(&world.data_dir).pop()).await;
    let link = letter.split_whitespace().find(|word| word.contains("/reset-password/")).unwrap();
    let path = link.strip_prefix(&world.base).unwrap();
    let form = visitor.get(path).await.form(path).with("password", "a new sentence of words");
    visitor.submit(&form).await.location();
    told("person.password_reset", 1);
    assert_eq!(visitor.submit(&form).await.status.as_u16(), 404);
    told("person.password_reset", 1);

    let owner = world.browser().signed_in("owner@acme.example").await;
    let page = owner.get(&format!("/accounts/{}/audit-log?what=person.", north.sub_account)).await;
    for sentence in
        ["signed in", "signed out", "ended another session", "ended 2 other", "set a new password"]
    {
        assert!(page.has(sentence), "{sentence}: {}", page.text());
    }
    assert!(page.has("Bina Both") && page.has("People"));
    assert!(matches!(verdict(&log(&world)).await, Verdict::Whole { .. }));
}

#[actix_web::test]
async fn many_writes_in_several_logs_at_once_wait_for_no_other_in_a_circle() {
    let world = World::new().await;
    let Tenant { organization, sub_account, owner } = world.northwind;
    world.member(organization, sub_account.uuid(), owner, "viewer");
    let scope = world.access.scope_of_member::<ManageSubAccounts>(owner, organization.into()).await.unwrap();
    let sign_ins = join_all((0..30).map(|_| {
        world
            .access
            .write_of_person(owner, RequestFacts::default(), |tx| sign_in::enter(tx, SessionId::new()))
    }));
    let others = join_all((0..30).map(|n| {
        let event = |account: AccountId| Event {
            account,
            action: "agent.created",
            object: n.to_string(),
            object_id: String::new(),
            details: json!({}),
        };
        let beneath_first = Change::told_by((), event(sub_account.into()), [event(organization.into())]);
        scope.write(move |_| Ok(beneath_first))
    }));
    let (sign_ins, others) = futures_util::join!(sign_ins, others);
    assert!(sign_ins.into_iter().all(|accounts| accounts.unwrap().len() == 2));
    assert!(others.into_iter().all(|done| done.is_ok()));
    let told = "SELECT count(*) FROM audit_entries WHERE action IN ('person.signed_in', 'agent.created')";
    assert_eq!(world.count(told), 120);
    assert!(matches!(verdict(&log(&world)).await, Verdict::Whole { .. }));
}

#[actix_web::test]
async fn who_belongs_to_no_account_or_to_one_being_erased_is_told_of_nowhere() {
    let world = World::new().await;
    world.person("New Person", "new@nowhere.example");
    world.browser().signed_in("new@nowhere.example").await;
    let sub_account = world.northwind.sub_account.uuid();
    world.force(&format!(
        "UPDATE sub_accounts SET status = 'deleting' WHERE sub_account_id = '{sub_account}'"
    ));
    world.browser().signed_in("owner@acme.example").await;
    assert_eq!(world.count("SELECT count(*) FROM audit_entries WHERE action LIKE 'person.%'"), 0);
}
