//! Invitations, from the form through a real letter to the new member (`domain.md` 5.4,
//! `trust.md` S13).

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::{
    browser::{Browser, Page},
    chromium::{Chromium, Looks},
    post_office::{PostOffice, eventually},
    world::{PASSWORD, World, WorldOptions},
};

const NEW: &str = "a new sentence of words";
const NOBODY_YET: &str = "farah@acme.example";

/// A world with a mail server.
async fn with_mail(refusals: u32) -> (World, PostOffice) {
    let post = PostOffice::open(refusals);
    let options = WorldOptions { smtp_url: Some(post.url.clone()), ..WorldOptions::default() };
    (World::with(options).await, post)
}

/// Fills in the form on the members page at `base` and sends it.
async fn invite(browser: &Browser, base: &str, email: &str, role: &str) -> Page {
    let action = format!("{base}/members");
    let form = browser.get(&action).await.form(&action);
    browser.submit(&form.with("email", email).with("role", role)).await
}

fn acme(world: &World) -> String {
    format!("/accounts/{}", world.northwind.sub_account)
}

fn northwind(world: &World) -> String {
    format!("/accounts/{}", world.northwind.organization)
}

/// Acme as its parent manages it.
fn acme_from_above(world: &World) -> String {
    format!("{}/sub-accounts/{}", northwind(world), world.northwind.sub_account)
}

/// The path of the link in a letter.
fn link(world: &World, letter: &str) -> String {
    let at = letter.find("http").unwrap_or_else(|| panic!("no link: {letter}"));
    let link = letter[at..].split_whitespace().next().unwrap();
    link.strip_prefix(&world.base).unwrap_or_else(|| panic!("{link}")).to_owned()
}

/// Invites somebody to Acme as its owner does, and gives the link that arrives.
async fn invited(world: &World, post: &PostOffice, email: &str, role: &str) -> String {
    let owner = world.browser().signed_in("owner@acme.example").await;
    let before = post.letters().len();
    assert_eq!(
        invite(&owner, &acme(world), email, role).await.location(),
        format!("{}/members?done=invited", acme(world))
    );
    link(world, post.wait_for(before + 1).await.last().unwrap())
}

async fn accept_as_new(browser: &Browser, path: &str, name: &str) -> Page {
    let form = browser.get(path).await.form(path);
    browser.submit(&form.with("name", name).with("password", NEW)).await
}

/// The members page's form for one invitation, such as `…/revoke`.
fn action(page: &Page, verb: &str) -> String {
    page.actions()
        .into_iter()
        .find(|action| action.ends_with(verb))
        .unwrap_or_else(|| panic!("{}", page.text()))
}

#[tokio::test]
async fn somebody_new_is_invited_accepts_and_is_in() {
    let (world, post) = with_mail(0).await;
    let owner = world.browser().signed_in("owner@acme.example").await;
    let page = owner.get(&format!("{}/members", acme(&world))).await;
    assert!(
        page.has("Creates and edits agents") && page.has("Reads agents, calls and numbers"),
        "{}",
        page.text()
    );
    assert!(!page.body.contains("value=\"owner\""), "there is one already");
    let done = invite(&owner, &acme(&world), " Farah@Acme.example ", "member").await;
    let letter = post.wait_for(1).await.remove(0);
    assert!(
        letter.contains("To: farah@acme.example") || letter.contains("To: <farah@acme.example>"),
        "{letter}"
    );
    assert!(letter.contains("Northwind Voice") && letter.contains("Acme Corp"), "{letter}");
    assert!(letter.contains("with the role Member"), "{letter}");
    assert!(!letter.to_lowercase().contains("dialnexa"), "{letter}");
    let page = owner.get(done.location()).await;
    assert!(page.has("1 pending invitation") && page.has(NOBODY_YET), "{}", page.text());

    let path = link(&world, &letter);
    let browser = world.browser();
    for method in [Method::HEAD, Method::GET, Method::GET] {
        let page = browser.send(browser.request(method, &path)).await;
        assert_eq!(page.status.as_u16(), 200, "looking uses nothing up");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
    }
    let page = browser.get(&path).await;
    assert!(page.has("Join Acme Corp") && page.has("Creates and edits agents"), "{}", page.text());
    assert!(page.has("Northwind Voice") && !page.body.contains("DialNexa"), "the brand alone");
    let form = page.form(&path);
    for (name, password, wrong) in [
        ("", NEW, "Enter your name"),
        ("Farah Khan", "short", "at least 8"),
        ("Farah Khan", "farah@acme.example", "must not be"),
    ] {
        let page = browser.submit(&form.clone().with("name", name).with("password", password)).await;
        assert_eq!(page.status.as_u16(), 422, "{}", page.text());
        assert!(page.has(wrong), "{}", page.text());
        assert_eq!(page.input("name"), name, "what was typed stays");
    }
    // A page with such an address gives no origin away.
    let sent = form.clone().with("name", " Farah   Khan ").with("password", NEW);
    let done = browser.send(browser.posting(&sent).header("Origin", "null")).await;
    assert_eq!(done.location(), format!("{}?done=joined", acme(&world)));
    let page = browser.get(done.location()).await;
    assert!(page.has("You are a member of this account now") && page.has("Farah Khan"), "{}", page.text());
    assert_eq!(browser.get(&format!("{}/members", acme(&world))).await.status.as_u16(), 403, "a Member");
    assert_eq!(world.browser().sign_in(NOBODY_YET, NEW).await.status.as_u16(), 303);

    // The link is used up, and says so.
    for page in [world.browser().get(&path).await, browser.submit(&sent).await] {
        assert_ne!(page.status.as_u16(), 200);
    }
    assert!(world.browser().get(&path).await.has("accepted already"));
    assert_eq!(world.count("SELECT count(*) FROM users WHERE email = 'farah@acme.example'"), 1);
    let token = path.rsplit('/').next().unwrap();
    let stored = format!(
        "SELECT (SELECT count(*) FROM invitations i WHERE i::text LIKE '%{token}%')
            + (SELECT count(*) FROM invitation_letters l WHERE l::text LIKE '%{token}%')"
    );
    assert_eq!(world.count(&stored), 0, "only a hash of the token is stored");
    let log = owner.get(&format!("{}/audit-log", acme(&world))).await;
    assert!(log.has("invited farah@acme.example, as member"), "{}", log.text());
    assert!(log.has("accepted the invitation and is a member"), "{}", log.text());
}

#[tokio::test]
async fn who_signs_in_already_accepts_as_themselves_and_nobody_else() {
    let (world, post) = with_mail(0).await;
    let path = invited(&world, &post, "viewer@southwind.example", "viewer").await;
    // Not signed in: first that.
    let browser = world.browser();
    let page = browser.get(&path).await;
    assert!(page.body.contains(&format!("/sign-in?next={}", path.replace('/', "%2F"))), "{}", page.text());
    let next = browser.get(&format!("/sign-in?next={}", path.replace('/', "%2F"))).await;
    assert!(next.has("Northwind Voice") && !next.body.contains("DialNexa"), "the brand goes along");
    let form = next.form("/sign-in").with("email", "viewer@southwind.example").with("password", PASSWORD);
    assert_eq!(browser.submit(&form).await.location(), path);

    // Signed in as another: told so, and led back.
    let other = world.browser().signed_in("owner@southwind.example").await;
    let page = other.get(&path).await;
    assert!(page.has("You are signed in as owner@southwind.example"), "{}", page.text());
    assert!(!page.actions().contains(&path));
    let forged = page.form("/sign-out").with_action(&path).without("next");
    assert_eq!(other.submit(&forged).await.status.as_u16(), 409);
    assert_eq!(other.submit(&page.form("/sign-out")).await.location(), path);
    assert!(other.get(&path).await.body.contains("/sign-in?next="), "signed out by now");

    let page = browser.get(&path).await;
    let form = page.form(&path);
    // The role and the account are the invitation's: nothing of them is read from a form.
    let edited = browser.submit(&form.clone().with("role", "owner")).await;
    assert_eq!(edited.status.as_u16(), 422, "{}", edited.text());
    let (one, two) = tokio::join!(browser.submit(&form), browser.submit(&form));
    for page in [one, two] {
        assert_eq!(page.location(), format!("{}?done=joined", acme(&world)));
    }
    let members = format!(
        "SELECT count(*) FROM memberships WHERE account_id = '{}' AND role = 'viewer'
            AND user_id = (SELECT user_id FROM users WHERE email = 'viewer@southwind.example')",
        world.northwind.sub_account.uuid()
    );
    assert_eq!(world.count(&members), 1);
    assert!(browser.get("/accounts").await.has("Acme Corp"));
}

#[tokio::test]
async fn each_dead_link_says_why() {
    let (world, post) = with_mail(0).await;
    let owner = world.browser().signed_in("owner@acme.example").await;
    let list = format!("{}/members", acme(&world));
    let first = invited(&world, &post, NOBODY_YET, "viewer").await;
    // Sent again: the newest link works alone.
    let page = owner.get(&list).await;
    owner.submit(&page.form(&action(&page, "/resend"))).await.location();
    let second = link(&world, &post.wait_for(2).await[1]);
    let page = world.browser().get(&first).await;
    assert_eq!(page.status.as_u16(), 404);
    assert!(page.has("replaced by a newer one"), "{}", page.text());
    assert_eq!(world.browser().get(&second).await.status.as_u16(), 200);
    // Too old; then sent again it works.
    world.force("UPDATE invitations SET expires_at = now() - interval '1 second'");
    assert!(world.browser().get(&second).await.has("has expired"));
    let page = owner.get(&list).await;
    assert!(page.has("Expired"), "{}", page.text());
    owner.submit(&page.form(&action(&page, "/resend"))).await.location();
    let third = link(&world, &post.wait_for(3).await[2]);
    let stranger = world.browser();
    let form = stranger.get(&third).await.form(&third).with("name", "Farah").with("password", NEW);
    // Revoked while the page was open.
    let page = owner.get(&list).await;
    let revoke = page.form(&action(&page, "/revoke"));
    assert_eq!(owner.submit(&revoke).await.location(), format!("{list}?done=invitation-revoked"));
    assert_eq!(
        owner.submit(&revoke).await.location(),
        format!("{list}?done=invitation-revoked"),
        "twice is once"
    );
    let page = stranger.submit(&form).await;
    assert_eq!(page.status.as_u16(), 404);
    assert!(page.has("was withdrawn"), "{}", page.text());
    assert_eq!(world.count("SELECT count(*) FROM users WHERE email = 'farah@acme.example'"), 0);
    // Unknown: no account is named.
    let page = world.browser().get("/invitations/nothing-of-the-kind").await;
    assert_eq!(page.status.as_u16(), 404);
    assert!(page.has("This link is not known") && !page.body.contains("Acme"), "{}", page.text());
    // And the address can be invited anew.
    assert_eq!(invite(&owner, &acme(&world), NOBODY_YET, "viewer").await.status.as_u16(), 303);
}

#[tokio::test]
async fn it_stands_on_the_right_of_whoever_invited() {
    let (world, post) = with_mail(0).await;
    let admin = world.person("Acme admin", "admin@acme.example");
    let sub_account = world.northwind.sub_account.uuid();
    world.member(world.northwind.organization, sub_account, admin, "admin");
    let browser = world.browser().signed_in("admin@acme.example").await;
    for (email, count) in [("a@acme.example", 1), ("b@acme.example", 2), ("c@acme.example", 3)] {
        assert_eq!(invite(&browser, &acme(&world), email, "admin").await.status.as_u16(), 303);
        post.wait_for(count).await;
    }
    let links: Vec<String> = post.letters().iter().map(|letter| link(&world, letter)).collect();
    let demote = |role: &str| {
        world.force(&format!("UPDATE memberships SET role = '{role}' WHERE user_id = '{}'", admin.uuid()));
    };
    assert_eq!(world.browser().get(&links[0]).await.status.as_u16(), 200);
    demote("member");
    let page = world.browser().get(&links[0]).await;
    assert!(page.status.as_u16() == 404 && page.has("was withdrawn"), "{}", page.text());
    demote("admin");
    let stranger = world.browser();
    let form = stranger.get(&links[1]).await.form(&links[1]).with("name", "B").with("password", NEW);
    demote("viewer");
    assert_eq!(stranger.submit(&form).await.status.as_u16(), 404, "looked at again as it is accepted");
    assert_eq!(world.count("SELECT count(*) FROM users WHERE email = 'b@acme.example'"), 0);
    demote("admin");
    // Removed by the page, the invitations are taken back and told of.
    let owner = world.browser().signed_in("owner@acme.example").await;
    let action = format!("{}/members/{admin}/remove", acme(&world));
    owner.submit(&owner.get(&action).await.form(&action)).await.location();
    assert!(!owner.get(&format!("{}/members", acme(&world))).await.has("pending"));
    assert!(world.browser().get(&links[2]).await.has("was withdrawn"));
    let log = owner.get(&format!("{}/audit-log", acme(&world))).await;
    assert!(log.has("whoever gave it may not invite any more"), "{}", log.text());
}

#[tokio::test]
async fn what_cannot_be_invited_is_said_and_nothing_about_others() {
    let (world, post) = with_mail(0).await;
    let owner = world.browser().signed_in("owner@acme.example").await;
    let base = acme(&world);
    let member = invite(&owner, &base, "viewer@acme.example", "viewer").await;
    assert_eq!(member.status.as_u16(), 409);
    assert!(member.has("is a member of this account already"), "{}", member.text());
    assert_eq!(member.input("email"), "viewer@acme.example", "what was typed stays");
    // Somebody of another organization, of the parent, and nobody: all alike.
    for email in ["owner@southwind.example", "admin@northwind.example", "nobody@acme.example"] {
        assert_eq!(
            invite(&owner, &base, email, "viewer").await.location(),
            format!("{base}/members?done=invited")
        );
        let again = invite(&owner, &base, email, "admin").await;
        assert_eq!(again.status.as_u16(), 409);
        assert!(again.has("is invited already"), "{}", again.text());
    }
    post.wait_for(3).await;
    for (email, role, status) in [
        ("not an address", "viewer", 422),
        ("x@acme.example", "president", 422),
        ("x@acme.example", "owner", 409),
    ] {
        let page = invite(&owner, &base, email, role).await;
        assert_eq!(page.status.as_u16(), status, "{email} {role}: {}", page.text());
    }
    // An organization has neither members by that name nor a second owner.
    let parent = world.browser().signed_in("admin@northwind.example").await;
    for role in ["member", "owner"] {
        let page = invite(&parent, &northwind(&world), "x@northwind.example", role).await;
        assert_eq!(page.status.as_u16(), 409, "{role}: {}", page.text());
    }
    assert_eq!(
        invite(&parent, &northwind(&world), "x@northwind.example", "admin").await.status.as_u16(),
        303
    );
    let letter = post.wait_for(4).await.remove(3);
    assert!(letter.contains("From: DialNexa") && letter.contains("Org Admin"), "{letter}");
    // A double click invites once.
    let action = format!("{base}/members");
    let form = owner.get(&action).await.form(&action).with("email", "y@acme.example").with("role", "viewer");
    let answers = join_all((0..3).map(|_| owner.submit(&form))).await;
    assert!(answers.iter().all(|page| page.status.as_u16() == 303), "{answers:?}");
    assert_eq!(world.count("SELECT count(*) FROM invitations WHERE email = 'y@acme.example'"), 1);
}

#[tokio::test]
async fn so_many_letters_in_an_hour_and_no_more() {
    let (world, _post) = with_mail(0).await;
    let client = world.sub_account_client(&world.northwind, world.northwind.sub_account).await;
    let sent = join_all((0..60).map(|n| {
        let client = client.clone();
        async move {
            let body = json!({ "email": format!("p{n}@acme.example"), "role": "viewer" });
            client.post("/invitations", body).await
        }
    }))
    .await;
    let made = sent.iter().filter(|answer| answer.status.as_u16() == 201).count();
    assert_eq!(made, 50, "{:?}", sent.iter().map(|answer| answer.status).collect::<Vec<_>>());
    let refused = sent.iter().find(|answer| answer.status.as_u16() == 409).unwrap();
    assert_eq!(refused.code(), "too_many_invitations");
    world.force("UPDATE invitation_letters SET requested_at = requested_at - interval '61 minutes'");
    client.post("/invitations", json!({ "email": "z@acme.example", "role": "viewer" })).await.expect(201);
}

#[tokio::test]
async fn a_parent_invites_from_above_without_its_name_and_names_the_first_owner() {
    let (world, post) = with_mail(0).await;
    let tenant = world.northwind;
    world.force("UPDATE brands SET product_name = 'Sunline' WHERE product_name = 'Northwind Voice'");
    let parent = world.browser().signed_in("admin@northwind.example").await;
    let fresh = world.sub_account(tenant.organization, tenant.owner, "Fresh Ltd").await;
    let above = format!("{}/sub-accounts/{fresh}", northwind(&world));
    assert_eq!(
        invite(&parent, &above, "first@fresh.example", "owner").await.location(),
        format!("{above}/members?done=invited")
    );
    let letter = post.wait_for(1).await.remove(0);
    assert!(letter.contains("The Sunline administrator") && letter.contains("From: Sunline"), "{letter}");
    let again = invite(&parent, &above, "second@fresh.example", "owner").await;
    assert_eq!(again.status.as_u16(), 409, "one owner");
    let browser = world.browser();
    let path = link(&world, &letter);
    let page = browser.get(&path).await;
    for name in ["Northwind", "DialNexa"] {
        assert!(!letter.contains(name), "{name}: {letter}");
        assert!(!page.body.contains(name), "{name}: {}", page.text());
    }
    accept_as_new(&browser, &path, "First Owner").await.location();
    let own = browser.get(&format!("/accounts/{fresh}/members")).await;
    assert!(own.has("Owner") && !own.body.contains("Northwind"), "{}", own.text());
    let log = browser.get(&format!("/accounts/{fresh}/audit-log")).await;
    assert!(
        log.has("Sunline administrator invited first@fresh.example, as owner")
            || log.has("Sunline administrator")
    );
    assert!(!log.body.contains("Northwind"), "{}", log.text());
    let parents = parent.get(&format!("{}/audit-log", northwind(&world))).await;
    assert!(
        parents.has("Northwind admin") && parents.has("invited first@fresh.example"),
        "{}",
        parents.text()
    );
    // Who may not administer the parent any more has invited nobody below.
    invite(&parent, &acme_from_above(&world), NOBODY_YET, "viewer").await.location();
    let path = link(&world, &post.wait_for(2).await[1]);
    assert_eq!(world.browser().get(&path).await.status.as_u16(), 200);
    world.force(
        "UPDATE memberships SET role = 'viewer' WHERE user_id = (SELECT user_id FROM users
            WHERE email = 'admin@northwind.example')",
    );
    assert!(world.browser().get(&path).await.has("was withdrawn"));
}

#[tokio::test]
async fn inside_by_access_dashboard_a_password_is_asked_for_and_ownership_is_out_of_reach() {
    let (world, post) = with_mail(0).await;
    let tenant = world.northwind;
    let fresh = world.sub_account(tenant.organization, tenant.owner, "Fresh Ltd").await;
    let browser = world.browser().signed_in("owner@northwind.example").await;
    let one = format!("{}/sub-accounts/{fresh}", northwind(&world));
    let page = browser.get(&one).await;
    browser.submit(&page.form(&format!("{one}/access"))).await.location();
    let list = format!("/accounts/{fresh}/members");
    let page = browser.get(&list).await;
    assert!(!page.body.contains("value=\"owner\""), "never ownership");
    let form = page.form(&list).with("email", NOBODY_YET).with("role", "admin");
    for (password, status) in [("", 422), ("wrong", 422), (PASSWORD, 303)] {
        let page = browser.submit(&form.clone().with("password", password)).await;
        assert_eq!(page.status.as_u16(), status, "{password}: {}", page.text());
    }
    post.wait_for(1).await;
    let owner =
        form.clone().with("email", "o@fresh.example").with("role", "owner").with("password", PASSWORD);
    let owner = owner.with("idempotency_key", "another");
    assert_eq!(browser.submit(&owner).await.status.as_u16(), 409);
    // Sent again only after the password, too.
    let page = browser.get(&list).await;
    let resend = page.body.split('"').find(|part| part.ends_with("/resend")).unwrap().to_owned();
    let form = browser.get(&resend).await.form(&resend);
    assert_eq!(browser.submit(&form.clone().with("password", "wrong")).await.status.as_u16(), 422);
    assert_eq!(browser.submit(&form.with("password", PASSWORD)).await.status.as_u16(), 303);
    post.wait_for(2).await;
}

#[tokio::test]
async fn a_suspended_account_can_be_joined_and_a_deleted_one_cannot() {
    let (world, post) = with_mail(0).await;
    let path = invited(&world, &post, NOBODY_YET, "viewer").await;
    let kept = invited(&world, &post, "late@acme.example", "viewer").await;
    let parent = world.browser().signed_in("owner@northwind.example").await;
    let one = acme_from_above(&world);
    let suspend = format!("{one}/suspend");
    parent.submit(&parent.get(&suspend).await.form(&suspend)).await.location();
    let browser = world.browser();
    accept_as_new(&browser, &path, "Farah").await.location();
    assert!(browser.get(&acme(&world)).await.has("This account is suspended"));

    let delete = format!("{one}/delete");
    let form = parent.get(&delete).await.form(&delete).with("name", "Acme Corp");
    let certificate = parent.submit(&form).await.location().to_owned();
    let page = world.browser().get(&kept).await;
    assert_eq!(page.status.as_u16(), 404);
    assert!(page.has("This link is not known") && !page.body.contains("Acme"), "{}", page.text());
    eventually("everything is erased", || {
        let left = "SELECT (SELECT count(*) FROM invitations) + (SELECT count(*) FROM invitation_letters)
            + (SELECT count(*) FROM users WHERE email IN ('farah@acme.example'))";
        (world.count(left) == 0).then_some(())
    })
    .await;
    eventually("the certificate is complete", || {
        let open = "SELECT count(*) FROM deletion_certificates WHERE completed_at IS NULL";
        (world.count(open) == 0).then_some(())
    })
    .await;
    let page = parent.get(certificate.split('?').next().unwrap()).await;
    assert!(page.has("2 invitations"), "{}", page.text());
}

#[tokio::test]
async fn a_letter_that_is_refused_is_sent_again() {
    let (world, post) = with_mail(1).await;
    let path = invited(&world, &post, NOBODY_YET, "viewer").await;
    assert_eq!(world.browser().get(&path).await.status.as_u16(), 200);
    eventually("it is settled", || {
        let sent = "SELECT count(*) FROM invitation_letters WHERE sent_at IS NOT NULL";
        (world.count(sent) == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn programs_invite_list_send_again_and_revoke() {
    let (world, post) = with_mail(0).await;
    let tenant = world.northwind;
    let own = world.sub_account_client(&tenant, tenant.sub_account).await;
    let body = json!({ "email": NOBODY_YET, "role": "admin" });
    let made = own.post_once("/invitations", "one", body.clone()).await;
    let invitation = made.expect(201);
    assert_eq!((&invitation["email"], &invitation["role"]), (&json!(NOBODY_YET), &json!("admin")));
    assert_eq!(own.post_once("/invitations", "one", body.clone()).await.text, made.text, "once");
    assert_eq!(own.post("/invitations", body).await.code(), "already_invited");
    let id = invitation["invitation_id"].as_str().unwrap();
    let first = link(&world, &post.wait_for(1).await[0]);
    assert!(world.browser().get(&first).await.has("Join Acme Corp"));
    own.post(&format!("/invitations/{id}/resend"), json!({})).await.expect(200);
    let second = link(&world, &post.wait_for(2).await[1]);
    assert!(world.browser().get(&first).await.has("replaced by a newer one"));
    let listed = own.get("/invitations").await.expect(200);
    assert_eq!((&listed["meta"]["total"], &listed["data"][0]["invitation_id"]), (&json!(1), &json!(id)));
    // A key is like an Admin, no more.
    let refused = own.post("/invitations", json!({ "email": "o@acme.example", "role": "owner" })).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "role_unavailable"));
    let told = own.post("/invitations", json!({ "email": "no address", "role": "viewer" })).await.expect(400);
    assert!(told["message"].as_str().unwrap().starts_with("email: "), "{told}");
    own.post("/invitations", json!({ "email": "a@acme.example", "role": "king" })).await.expect(400);
    own.post("/invitations", json!({ "email": "a@acme.example" })).await.expect(400);
    // The key is gone, and its invitation with it.
    world.force("UPDATE api_keys SET revoked_at = now() WHERE name = 'Sub-account'");
    assert!(world.browser().get(&second).await.has("was withdrawn"));
    let parent = world.parent_client(&tenant).await;
    let of_acme = format!("/sub-accounts/{}/invitations", tenant.sub_account);
    assert_eq!(parent.delete(&format!("{of_acme}/{id}")).await.status.as_u16(), 204);
    assert_eq!(parent.delete(&format!("{of_acme}/{id}")).await.status.as_u16(), 204);
    assert_eq!(parent.get(&of_acme).await.expect(200)["meta"]["total"], 0);
    // The first owner of a sub-account, by its organization's key; never of the organization.
    let fresh = world.sub_account(tenant.organization, tenant.owner, "Fresh Ltd").await;
    let owner = json!({ "email": "o@fresh.example", "role": "owner" });
    parent.post(&format!("/sub-accounts/{fresh}/invitations"), owner.clone()).await.expect(201);
    assert_eq!(parent.post("/organization/invitations", owner).await.code(), "role_unavailable");
    let foreign = world.parent_client(&world.southwind).await;
    assert_eq!(foreign.get(&of_acme).await.status.as_u16(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn invited_in_one_browser_and_in_by_another() {
    let (world, post) = with_mail(0).await;
    let chromium = Chromium::open(Looks::default()).await;
    let sign_in = async |email: &str| {
        chromium.goto(&format!("{}/sign-in", world.base)).await;
        chromium.fill("email", email).await;
        chromium.fill("password", PASSWORD).await;
        chromium.press("Sign in").await;
    };
    sign_in("owner@acme.example").await;
    chromium.sees("Acme Corp").await;
    chromium.press("Members").await;
    chromium.fill("email", "viewer@acme.example").await;
    chromium.press("Send invitation").await;
    chromium.sees("is a member of this account already").await;
    chromium.fill("email", NOBODY_YET).await;
    chromium.choose("role", "member").await;
    chromium.press("Send invitation").await;
    chromium.sees("The invitation is on its way").await;
    chromium.sees(NOBODY_YET).await;
    let path = link(&world, &post.wait_for(1).await[0]);
    chromium.close().await;

    let guest = Chromium::open(Looks { width: 360, dark: true, ..Looks::default() }).await;
    guest.goto(&format!("{}{path}", world.base)).await;
    guest.sees("Join Acme Corp").await;
    assert!(guest.axe().await.is_empty(), "{:?}", guest.axe().await);
    assert!(!guest.scrolls_sideways().await);
    guest.fill("name", "Farah Khan").await;
    guest.fill("password", "short").await;
    guest.press("Accept and sign in").await;
    guest.sees("at least 8 characters").await;
    guest.fill("password", NEW).await;
    guest.press("Accept and sign in").await;
    guest.sees("You are a member of this account now").await;
    assert!(guest.path().await.starts_with(&acme(&world)));
    assert!(guest.complaints().await.is_empty());
    guest.close().await;
}
