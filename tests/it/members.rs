//! What becomes of members: another role, removed, gone (`domain.md` 5, `trust.md` S6).

use serde_json::json;

use crate::{
    browser::{Browser, Page},
    chromium::{Chromium, Looks},
    world::{PASSWORD, World},
};

/// Acme with an Admin beside its owner and viewer; gives the ids of admin and viewer.
async fn acme(world: &World) -> (String, String, String) {
    let tenant = world.northwind;
    let admin = world.person("Acme admin", "admin@acme.example");
    world.member(tenant.organization, tenant.sub_account.uuid(), admin, "admin");
    let owner = world.browser().signed_in("owner@acme.example").await;
    let base = format!("/accounts/{}", tenant.sub_account);
    let page = owner.get(&format!("{base}/members")).await;
    let removes: Vec<&str> = page.body.split('"').filter(|part| part.ends_with("/remove")).collect();
    let viewer =
        removes.iter().map(|href| href.split('/').nth(4).unwrap()).find(|id| *id != admin.to_string());
    (base, admin.to_string(), viewer.unwrap().to_owned())
}

async fn send(browser: &Browser, action: &str, fields: &[(&str, &str)]) -> Page {
    let form = browser.get(action).await.form(action);
    let form = fields.iter().fold(form, |form, (name, value)| form.with(name, value));
    browser.submit(&form).await
}

#[tokio::test]
async fn a_role_acts_with_the_next_click() {
    let world = World::new().await;
    let (base, _, viewer) = acme(&world).await;
    let them = world.browser().signed_in("viewer@acme.example").await;
    assert_eq!(them.get(&format!("{base}/members")).await.status.as_u16(), 403);
    let admin = world.browser().signed_in("admin@acme.example").await;
    let done = send(&admin, &format!("{base}/members/{viewer}"), &[("role", "admin")]).await;
    assert_eq!(done.location(), format!("{base}/members?done=role-changed"));
    assert_eq!(them.get(&format!("{base}/members")).await.status.as_u16(), 200, "at once");
    send(&admin, &format!("{base}/members/{viewer}"), &[("role", "viewer")]).await.location();
    assert_eq!(them.get(&format!("{base}/members")).await.status.as_u16(), 403);
    let log = admin.get(&format!("{base}/audit-log")).await;
    assert!(log.has("changed the role of Acme Corp viewer"), "{}", log.text());
    // What is no role, or no role to give.
    for (role, status) in [("owner", 409), ("king", 422), ("", 422)] {
        let page = send(&admin, &format!("{base}/members/{viewer}"), &[("role", role)]).await;
        assert_eq!(page.status.as_u16(), status, "{role}: {}", page.text());
    }
}

#[tokio::test]
async fn whoever_is_removed_is_out_with_the_next_click() {
    let world = World::new().await;
    let (base, admin_id, viewer) = acme(&world).await;
    let them = world.browser().signed_in("viewer@acme.example").await;
    assert_eq!(them.get(&base).await.status.as_u16(), 200);
    let admin = world.browser().signed_in("admin@acme.example").await;
    let ask = format!("{base}/members/{viewer}/remove");
    let form = admin.get(&ask).await.form(&ask);
    assert_eq!(admin.submit(&form).await.location(), format!("{base}/members?done=member-removed"));
    assert_eq!(admin.submit(&form).await.status.as_u16(), 303, "a double click removes once");
    assert_eq!(them.get(&base).await.status.as_u16(), 404);
    assert!(!them.get("/accounts").await.body.contains(&base));

    // Neither the owner, nor oneself, nor somebody of elsewhere.
    let owner = world.id_of("owner@acme.example");
    for (who, status) in [(owner.as_str(), 409), (admin_id.as_str(), 409)] {
        let page = send(&admin, &format!("{base}/members/{who}/remove"), &[]).await;
        assert_eq!(page.status.as_u16(), status, "{}", page.text());
        let page = send(&admin, &format!("{base}/members/{who}"), &[("role", "viewer")]).await;
        assert_eq!(page.status.as_u16(), status, "{}", page.text());
    }
    let elsewhere = world.id_of("owner@zenith.example");
    assert_eq!(admin.get(&format!("{base}/members/{elsewhere}")).await.status.as_u16(), 404);
    let page = admin.get(&format!("{base}/members")).await;
    assert!(
        !page.body.contains(&format!("{owner}/remove")) && !page.body.contains(&format!("{admin_id}/remove"))
    );
}

#[tokio::test]
async fn one_leaves_oneself_and_the_owner_stays() {
    let world = World::new().await;
    let (base, ..) = acme(&world).await;
    let leave = format!("{base}/membership/leave");
    let viewer = world.browser().signed_in("viewer@acme.example").await;
    assert!(viewer.get(&base).await.body.contains(&leave), "the way is in the menu");
    assert_eq!(send(&viewer, &leave, &[]).await.location(), "/accounts?done=left-account");
    assert_eq!(viewer.get(&base).await.status.as_u16(), 404);
    let owner = world.browser().signed_in("owner@acme.example").await;
    let page = owner.get(&leave).await;
    assert!(!page.actions().contains(&leave) && page.has("cannot leave"), "{}", page.text());
    let forged = page.form("/sign-out").with_action(&leave);
    assert_eq!(owner.submit(&forged).await.status.as_u16(), 409);
    let log = owner.get(&format!("{base}/audit-log")).await;
    assert!(log.has("left, having been viewer"), "{}", log.text());
}

#[tokio::test]
async fn who_loses_the_parents_right_is_out_of_every_sub_account() {
    let world = World::new().await;
    let tenant = world.northwind;
    let parent = format!("/accounts/{}", tenant.organization);
    let inside = format!("/accounts/{}", tenant.sub_account);
    let admin = world.browser().signed_in("admin@northwind.example").await;
    let one = format!("{parent}/sub-accounts/{}", tenant.sub_account);
    let entered = admin.submit(&admin.get(&one).await.form(&format!("{one}/access"))).await;
    assert!(entered.location().starts_with(&inside));
    assert_eq!(admin.get(&inside).await.status.as_u16(), 200);
    let owner = world.browser().signed_in("owner@northwind.example").await;
    let id = world.id_of("admin@northwind.example");
    send(&owner, &format!("{parent}/members/{id}"), &[("role", "viewer")]).await.location();
    assert_eq!(admin.get(&inside).await.status.as_u16(), 404, "with the next click");
    assert_eq!(world.count("SELECT count(*) FROM delegations WHERE ended_at IS NULL"), 0);
    let log = owner.get(&format!("{parent}/audit-log")).await;
    assert!(log.has("its visitor lost the right to it"), "{}", log.text());
    let own = world.browser().signed_in("owner@acme.example").await;
    let log = own.get(&format!("{inside}/audit-log")).await;
    assert!(log.has("its visitor lost the right to it") && !log.has("Asha Rao"), "{}", log.text());
    // Raised again, nothing comes back by itself.
    send(&owner, &format!("{parent}/members/{id}"), &[("role", "admin")]).await.location();
    assert_eq!(admin.get(&inside).await.status.as_u16(), 403);
}

#[tokio::test]
async fn a_parent_manages_from_above_and_inside_after_its_password() {
    let world = World::new().await;
    let tenant = world.northwind;
    let (base, admin_id, viewer) = acme(&world).await;
    let above = format!("/accounts/{}/sub-accounts/{}", tenant.organization, tenant.sub_account);
    let parent = world.browser().signed_in("admin@northwind.example").await;
    let done = send(&parent, &format!("{above}/members/{viewer}"), &[("role", "member")]).await;
    assert_eq!(done.location(), format!("{above}/members?done=role-changed"));
    // A form of one place is refused at the other.
    let page = parent.get(&above).await;
    parent.submit(&page.form(&format!("{above}/access"))).await.location();
    let ask = format!("{base}/members/{admin_id}/remove");
    let form = parent.get(&ask).await.form(&ask);
    for (password, status) in [("", 422), ("not mine", 422), (PASSWORD, 303)] {
        let page = parent.submit(&form.clone().with("password", password)).await;
        assert_eq!(page.status.as_u16(), status, "{}", page.text());
    }
    let own = world.browser().signed_in("owner@acme.example").await;
    let log = own.get(&format!("{base}/audit-log")).await;
    assert!(log.has("Northwind Voice administrator") && !log.has("Northwind admin"), "{}", log.text());
    let log = parent.get(&format!("/accounts/{}/audit-log", tenant.organization)).await;
    assert!(log.has("Northwind admin") && log.has("removed Acme admin"), "{}", log.text());
}

#[tokio::test]
async fn programs_list_change_and_remove() {
    let world = World::new().await;
    let tenant = world.northwind;
    let (_, admin_id, viewer) = acme(&world).await;
    let own = world.sub_account_client(&tenant, tenant.sub_account).await;
    let listed = own.get("/members").await.expect(200);
    assert_eq!((&listed["meta"]["total"], &listed["data"][0]["role"]), (&json!(3), &json!("owner")));
    let owner = listed["data"][0]["user_id"].as_str().unwrap();
    let changed = own.patch(&format!("/members/{viewer}"), json!({ "role": "member" })).await.expect(200);
    assert_eq!((&changed["user_id"], &changed["role"]), (&json!(viewer), &json!("member")));
    for (id, role, code) in [(owner, "viewer", "owner_stays"), (viewer.as_str(), "owner", "role_unavailable")]
    {
        let refused = own.patch(&format!("/members/{id}"), json!({ "role": role })).await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, code));
    }
    own.patch(&format!("/members/{viewer}"), json!({ "role": "king" })).await.expect(400);
    own.patch(&format!("/members/{viewer}"), json!({ "role": "viewer", "name": "x" })).await.expect(400);
    assert_eq!(own.delete(&format!("/members/{owner}")).await.code(), "owner_stays");
    let parent = world.parent_client(&tenant).await;
    let of_acme = format!("/sub-accounts/{}/members", tenant.sub_account);
    assert_eq!(parent.delete(&format!("{of_acme}/{admin_id}")).await.status.as_u16(), 204);
    assert_eq!(parent.delete(&format!("{of_acme}/{admin_id}")).await.status.as_u16(), 404);
    assert_eq!(parent.get(&of_acme).await.expect(200)["meta"]["total"], 2);
    let refused = parent.patch(&format!("/organization/members/{viewer}"), json!({ "role": "admin" })).await;
    assert_eq!(refused.status.as_u16(), 404, "no member of the organization");
}

/// The pages of members, in one look, are sound.
async fn pages_are_sound(looks: Looks) {
    let world = World::new().await;
    let tenant = world.northwind;
    let (base, admin_id, _) = acme(&world).await;
    let client = world.sub_account_client(&tenant, tenant.sub_account).await;
    let email = "a-rather-long-name-that-wraps@mail.acme-corporation.example";
    client.post("/invitations", json!({ "email": email, "role": "member" })).await.expect(201);
    let chromium = Chromium::open(looks).await;
    chromium.goto(&format!("{}/sign-in", world.base)).await;
    chromium.fill("email", "owner@acme.example").await;
    chromium.fill("password", PASSWORD).await;
    chromium.press("Sign in").await;
    chromium.sees("Acme Corp").await;
    let mut faults = Vec::new();
    for path in [
        format!("{base}/members"),
        format!("{base}/members/{admin_id}"),
        format!("{base}/members/{admin_id}/remove"),
        format!("{base}/membership/leave"),
        "/invitations/unknown".to_owned(),
    ] {
        chromium.goto(&format!("{}{path}", world.base)).await;
        faults.extend(chromium.axe().await.into_iter().map(|fault| format!("{path}: {fault}")));
        if chromium.scrolls_sideways().await {
            faults.push(format!("{path}: scrolls sideways"));
        }
        faults.extend(chromium.complaints().await.into_iter().map(|fault| format!("{path}: {fault}")));
        let theme = if looks.dark { "dark" } else { "light" };
        let name = path.replace(['/', '_'], "-").replace(&base.replace(['/', '_'], "-"), "acme");
        chromium.picture(&format!("people{name}-{}-{theme}", looks.width)).await;
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    chromium.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_members_are_sound_wide_and_light() {
    pages_are_sound(Looks::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_members_are_sound_narrow_and_dark() {
    pages_are_sound(Looks { width: 360, dark: true, ..Looks::default() }).await;
}
