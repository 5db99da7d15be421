//! A forgotten password, from the request to the new one.

use std::fs;

use crate::{
    post_office::{PostOffice, eventually},
    world::{PASSWORD, World, WorldOptions, letters},
};

const OWNER: &str = "owner@acme.example";
const NEW: &str = "a new sentence of words";

async fn ask(world: &World, email: &str) -> crate::browser::Page {
    let browser = world.browser();
    let form = browser.get("/forgot-password").await.form("/forgot-password");
    browser.submit(&form.with("email", email)).await
}

/// The path of the link in a letter, which leads to `origin`.
fn path_of_link(letter: &str, origin: &str) -> String {
    let at = letter.find("http").unwrap_or_else(|| panic!("no link: {letter}"));
    let link = letter[at..].split_whitespace().next().unwrap();
    link.strip_prefix(origin).unwrap_or_else(|| panic!("{link}")).to_owned()
}

#[tokio::test]
async fn a_new_password_by_mail_from_end_to_end() {
    let post = PostOffice::open(0);
    let options = WorldOptions { smtp_url: Some(post.url.clone()), ..WorldOptions::default() };
    let world = World::with(options).await;
    let signed_in = world.browser().signed_in(OWNER).await;
    let known = ask(&world, " Owner@Acme.example").await;
    let unknown = ask(&world, "nobody@acme.example").await;
    assert_eq!((known.status.as_u16(), unknown.status.as_u16()), (200, 200));
    assert_eq!(
        known.text().replace("Owner@Acme.example", ""),
        unknown.text().replace("nobody@acme.example", "")
    );
    let letter = post.wait_for(1).await.remove(0);
    assert!(letter.contains("To: ") && letter.contains("owner@acme.example"), "{letter}");
    assert!(letter.contains("Northwind Voice"), "{letter}");
    assert!(!letter.to_lowercase().contains("dialnexa"), "{letter}");
    let path = path_of_link(&letter, &world.base);
    let token = path.rsplit('/').next().unwrap().to_owned();

    let browser = world.browser();
    for _ in 0..3 {
        let page = browser.get(&path).await;
        assert_eq!(page.status.as_u16(), 200, "looking does not use it up");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert!(page.has("Northwind Voice") && !page.body.contains("DialNexa"));
    }
    let form = browser.get(&path).await.form(&path);
    for bad in ["short", "password1", OWNER] {
        let page = browser.submit(&form.clone().with("password", bad)).await;
        assert_eq!(page.status.as_u16(), 422, "{bad}");
    }
    // A browser that says nothing of where it is, as such a page makes it.
    let request = browser.posting(&form.clone().with("password", NEW)).header("Origin", "null");
    let done = browser.send(request).await;
    assert_eq!(done.location(), "/sign-in?done=password-set");
    let sign_in = browser.get(done.location()).await;
    assert!(sign_in.has("Your password is changed") && !sign_in.body.contains("DialNexa"));
    assert_eq!(browser.get(&path).await.status.as_u16(), 404, "it works once");
    assert_eq!(browser.submit(&form.with("password", "another sentence")).await.status.as_u16(), 404);
    assert!(signed_in.get("/accounts").await.location().starts_with("/sign-in"), "sessions are over");
    assert_eq!(world.browser().sign_in(OWNER, PASSWORD).await.status.as_u16(), 422);
    assert_eq!(world.browser().sign_in(OWNER, NEW).await.status.as_u16(), 303);
    let stored = format!("SELECT count(*) FROM password_resets p WHERE p::text LIKE '%{token}%'");
    assert_eq!(world.count(&stored), 0, "only a hash of the token is stored");
    assert_eq!(post.letters().len(), 1, "nobody's address gets no letter");
    assert_eq!(world.count("SELECT count(*) FROM password_resets WHERE settled_at IS NULL"), 0);
}

#[tokio::test]
async fn a_letter_that_is_refused_is_sent_again_with_a_link_that_works() {
    let post = PostOffice::open(1);
    let options = WorldOptions { smtp_url: Some(post.url.clone()), ..WorldOptions::default() };
    let world = World::with(options).await;
    ask(&world, OWNER).await;
    let letter = post.wait_for(1).await.remove(0);
    let page = world.browser().get(&path_of_link(&letter, &world.base)).await;
    assert_eq!(page.status.as_u16(), 200);
}

#[tokio::test]
async fn without_a_mail_server_letters_are_kept_in_the_data_folder() {
    let options =
        WorldOptions { public_url: Some("https://voice.example".into()), ..WorldOptions::default() };
    let world = World::with(options).await;
    // The link does not follow the host that a request claims.
    let browser = world.browser();
    let page = browser.get("/forgot-password").await;
    let cookie = page.header("set-cookie").split(';').next().unwrap().to_owned();
    let request = |host: &str| {
        browser
            .posting(&page.form("/forgot-password").with("email", "owner@northwind.example"))
            .header("Cookie", &cookie)
            .header("Host", host)
            .header("X-Forwarded-Host", "evil.example")
            .header("Origin", "https://voice.example")
    };
    assert_eq!(browser.send(request("evil.example")).await.status.as_u16(), 421);
    assert_eq!(browser.send(request("voice.example:81")).await.status.as_u16(), 200);
    let letter = eventually("a letter", || letters(&world.data_dir).pop()).await;
    assert!(path_of_link(&letter, "https://voice.example").starts_with("/reset-password/"));
    assert!(!letter.contains("evil"));
    assert!(letter.contains("From: DialNexa <no-reply@voice.example>"), "{letter}");
    use std::os::unix::fs::PermissionsExt;
    let file = fs::read_dir(world.data_dir.join("mail")).unwrap().next().unwrap().unwrap();
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn an_old_link_is_dead_and_asking_too_often_brings_no_more_letters() {
    let post = PostOffice::open(0);
    let options = WorldOptions { smtp_url: Some(post.url.clone()), ..WorldOptions::default() };
    let world = World::with(options).await;
    for _ in 0..7 {
        ask(&world, OWNER).await;
    }
    let settled = "SELECT count(*) FROM password_resets WHERE settled_at IS NOT NULL";
    eventually("all are settled", || (world.count(settled) == 7).then_some(())).await;
    let sent = post.letters();
    assert_eq!(sent.len(), 5);
    let browser = world.browser();
    let paths: Vec<String> = sent.iter().map(|letter| path_of_link(letter, &world.base)).collect();
    let form = browser.get(&paths[4]).await.form(&paths[4]);
    assert_eq!(browser.submit(&form.with("password", NEW)).await.status.as_u16(), 303);
    assert_eq!(browser.get(&paths[0]).await.status.as_u16(), 404, "its sisters died with it");
    world.force("UPDATE password_resets SET used_at = NULL, expires_at = now() - interval '1 second'");
    assert_eq!(browser.get(&paths[1]).await.status.as_u16(), 404, "too old");
    for _ in 0..20 {
        ask(&world, "nobody@acme.example").await;
    }
    let refused = ask(&world, "nobody@acme.example").await;
    assert_eq!(refused.status.as_u16(), 429);
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(refused.input("email"), "nobody@acme.example");
}
