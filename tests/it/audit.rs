//! The audit log cannot be changed unseen, and does not fork.

use dialnexa::{
    access::{Change, Event, Scope, permission::Administer},
    domain::audit::{self, Filter, Verdict},
    values::{AccountId, Part},
};
use futures_util::future::join_all;
use serde_json::json;

use crate::world::World;

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
