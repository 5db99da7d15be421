//! Every route of the API, asked by every kind of key, for own, sibling, foreign and random
//! accounts (`trust.md` S1, `domain.md` 7.2). The table of routes itself is walked: a new
//! route is in it from its first day.

use actix_web::http::Method as ActixMethod;
use dialnexa::{
    access::permission::{Administer, ManageSubAccounts},
    routes::{API_ROUTES, ApiRoute},
    values::{KeyArea, SubAccountId},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    client::{Answer, Client, answer},
    world::World,
};

/// The address of a route, with `id` where it names a sub-account and ids of nothing
/// elsewhere.
fn path(route: &ApiRoute, id: SubAccountId) -> String {
    let mut path = route.path.strip_prefix("/v1").unwrap().replace("{sub_account_id}", &id.to_string());
    while let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
        let prefix = match &path[from + 1..to] {
            "deletion_id" => "del",
            "api_key_id" => "key",
            "webhook_id" => "webhook",
            "event_id" => "evt",
            "agent_id" => "agt",
            "number_id" => "num",
            "call_id" => "call",
            "user_id" => "usr",
            "invitation_id" => "invite",
            "invoice_id" => "inv",
            "payment_id" => "pay",
            _ => "x",
        };
        path.replace_range(from..=to, &format!("{prefix}_01jpcr1tcke3db7ddrmafa4yh4"));
    }
    path
}

async fn ask(client: &Client, route: &ApiRoute, id: SubAccountId) -> Answer {
    let method: Method = route.method.as_str().parse().unwrap();
    let request = client.request(method, &path(route, id));
    if route.method == ActixMethod::GET {
        answer(request).await
    } else {
        answer(request.json(&json!({}))).await
    }
}

/// What can be told from an answer, without the id that was asked for.
fn told(answer: &Answer, id: SubAccountId) -> (StatusCode, String, Vec<String>) {
    let mut body: Value = serde_json::from_str(&answer.text).unwrap_or(Value::Null);
    body["request_id"] = Value::Null;
    let mut headers: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
    headers.sort();
    (answer.status, body.to_string().replace(&id.to_string(), ""), headers)
}

fn names_a_sub_account(route: &ApiRoute) -> bool {
    route.path.contains("{sub_account_id}")
}

#[actix_web::test]
async fn nobody_gets_anything_anywhere() {
    let world = World::new().await;
    let nobody = world.nobody();
    for route in API_ROUTES {
        let answered = ask(&nobody, route, world.northwind.sub_account).await;
        assert_eq!(answered.status, StatusCode::UNAUTHORIZED, "{} {}", route.method, route.path);
    }
}

#[actix_web::test]
async fn foreign_and_sibling_accounts_answer_as_random_ones() {
    let world = World::new().await;
    let tenant = world.northwind;
    let sibling = world.sub_account(tenant.organization, tenant.owner, "Sibling").await;
    let own = world.sub_account_client(&tenant, tenant.sub_account).await;
    let foreign = world.parent_client(&world.southwind).await;
    for route in API_ROUTES.iter().filter(|route| names_a_sub_account(route)) {
        let random = SubAccountId::new();
        for (who, client, ids) in [
            ("a sub-account's key", &own, vec![tenant.sub_account, sibling, world.southwind.sub_account]),
            ("a foreign parent's key", &foreign, vec![tenant.sub_account, sibling]),
        ] {
            let expected = told(&ask(client, route, random).await, random);
            assert!(!expected.0.is_success(), "{who}: {} {}", route.method, route.path);
            for id in ids {
                let found = told(&ask(client, route, id).await, id);
                assert_eq!(found, expected, "{who}: {} {}", route.method, route.path);
            }
        }
    }
}

#[actix_web::test]
async fn an_organization_is_not_there_for_its_sub_accounts_keys() {
    let world = World::new().await;
    let tenant = world.northwind;
    let own = world.sub_account_client(&tenant, tenant.sub_account).await;
    let is_the_parents = |route: &&ApiRoute| {
        route.path.starts_with("/v1/organization/") || route.area == Some(KeyArea::SubAccounts)
    };
    for route in API_ROUTES.iter().filter(is_the_parents) {
        let answered = ask(&own, route, tenant.sub_account).await;
        let is_hidden = matches!(answered.status, StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST);
        assert!(is_hidden, "{} {}: {}", route.method, route.path, answered.text);
        assert!(!answered.text.contains("Northwind"), "{}", answered.text);
    }
}

#[actix_web::test]
async fn an_organizations_key_names_its_target_or_is_refused() {
    let world = World::new().await;
    let parent = world.parent_client(&world.northwind).await;
    let in_account: Vec<_> = API_ROUTES
        .iter()
        .filter_map(|route| route.path.strip_prefix("/v1/organization"))
        .map(|path| format!("/v1{path}"))
        .collect();
    for route in API_ROUTES.iter().filter(|route| in_account.iter().any(|path| path == route.path)) {
        let answered = ask(&parent, route, world.northwind.sub_account).await;
        // A body that is wrong may be told first.
        if answered.status != StatusCode::BAD_REQUEST {
            assert_eq!(answered.code(), "target_required", "{} {}", route.method, route.path);
        }
    }
}

#[actix_web::test]
async fn a_right_to_read_is_none_to_write_and_none_is_none() {
    let world = World::new().await;
    let tenant = world.northwind;
    let (reader, powerless) = (world.parent_client(&tenant).await, world.parent_client(&tenant).await);
    let words =
        |level: &str| KeyArea::ALL.iter().map(|area| format!("{area}:{level}")).collect::<Vec<_>>().join(",");
    let hint = |client: &Client| client.key()[33..].to_owned();
    world.force(&format!(
        "UPDATE api_keys SET scopes = '{{{}}}' WHERE token_hint = '{}'",
        words("read"),
        hint(&reader)
    ));
    world.force(&format!("UPDATE api_keys SET scopes = '{{}}' WHERE token_hint = '{}'", hint(&powerless)));
    for route in API_ROUTES.iter().filter(|route| route.area.is_some()) {
        let refused = ask(&powerless, route, tenant.sub_account).await;
        assert_eq!(refused.code(), "scope_missing", "{} {}", route.method, route.path);
        let answered = ask(&reader, route, tenant.sub_account).await;
        let is_read = route.method == ActixMethod::GET;
        let has_no_right = answered.status == StatusCode::FORBIDDEN && answered.code() == "scope_missing";
        assert_eq!(has_no_right, !is_read, "{} {}: {}", route.method, route.path, answered.text);
    }
}

#[actix_web::test]
async fn a_key_that_ended_is_refused_by_the_next_request_on_every_server() {
    let world = World::new().await;
    let tenant = world.northwind;
    for ending in ["revoked_at = now()", "expires_at = now() - interval '1 second'"] {
        let client = world.parent_client(&tenant).await;
        client.get("/me").await.expect(200);
        world.force(&format!("UPDATE api_keys SET {ending}"));
        client.get("/me").await.expect(401);
    }
    // With its account's deletion, too.
    let own = world.sub_account_client(&tenant, tenant.sub_account).await;
    own.get("/me").await.expect(200);
    let parent = world.parent_client(&tenant).await;
    parent.delete(&format!("/sub-accounts/{}", tenant.sub_account)).await.expect(202);
    own.get("/me").await.expect(401);
}

#[actix_web::test]
async fn what_the_parent_may_do_in_a_sub_account_is_asked_anew() {
    let world = World::new().await;
    let tenant = world.northwind;
    let parent = world.parent_client(&tenant).await;
    let path = format!("/sub-accounts/{}/usage", tenant.sub_account);
    parent.get(&path).await.expect(200);
    world.force("UPDATE organizations SET sub_accounts_enabled = false");
    let refused = parent.get(&path).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (403, "feature_not_enabled"));
    assert_eq!(parent.get("/sub-accounts").await.code(), "feature_not_enabled");
    parent.get("/organization/usage").await.expect(200);
    // The operation behind both faces is the same: the dashboard refuses too.
    let scope = world.access.scope_of_member::<ManageSubAccounts>(tenant.owner, tenant.organization.into());
    assert!(scope.await.is_err());
    let own = world.access.scope_of_member::<Administer>(tenant.owner, tenant.organization.into());
    assert!(own.await.is_ok());
}
