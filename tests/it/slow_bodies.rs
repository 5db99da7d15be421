//! Requests whose bodies are long on their way: what was taken away from their senders meanwhile is not
//! theirs any more (`trust.md` S6), and what has no end is not read for ever.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use actix_web::web;
use reqwest::Method;
use serde_json::json;
use url::form_urlencoded;

use crate::{
    browser::{Browser, Form},
    world::World,
};

/// A request of which all but the last byte is sent.
struct Slow {
    connection: TcpStream,
    last: u8,
}

impl Slow {
    fn begin(world: &World, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let address = world.base.strip_prefix("http://").unwrap();
        let mut connection = TcpStream::connect(address).unwrap();
        connection.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut head = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let (last, most) = body.split_last().unwrap();
        connection.write_all(head.as_bytes()).unwrap();
        connection.write_all(b"\r\n").unwrap();
        connection.write_all(most).unwrap();
        Self { connection, last: *last }
    }

    /// Sends the last byte; gives the answer.
    async fn end(mut self) -> String {
        let read = web::block(move || {
            let mut answer = String::new();
            self.connection.write_all(&[self.last]).unwrap();
            self.connection.read_to_string(&mut answer).unwrap();
            answer
        });
        read.await.unwrap()
    }
}

/// A browser that is signed in, with its cookie.
async fn owner(world: &World) -> (Browser, String) {
    let browser = world.browser();
    let page = browser.sign_in("owner@northwind.example", crate::world::PASSWORD).await;
    let cookies = page.headers.get_all("set-cookie").iter();
    let pairs = cookies.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap());
    (browser, pairs.collect::<Vec<_>>().join("; "))
}

async fn sign_out(browser: &Browser) {
    let form = browser.get("/accounts").await.form("/sign-out");
    assert_eq!(browser.submit(&form).await.status.as_u16(), 303);
}

fn headers<'h>(cookie: &'h str, kind: &'h str) -> [(&'h str, &'h str); 3] {
    [("Cookie", cookie), ("Content-Type", kind), ("Sec-Fetch-Site", "same-origin")]
}

#[actix_web::test]
async fn a_key_that_is_revoked_while_a_body_comes_in_moves_nothing() {
    let world = World::new().await;
    let tenant = world.northwind;
    world.pay_in(&tenant, tenant.organization.into(), 800_000).await;
    let client = world.parent_client(&tenant).await;
    let path = format!("/v1/sub-accounts/{}/wallet/recharge", tenant.sub_account);
    let body = json!({ "amount": 5, "currency": "INR" }).to_string();
    let bearer = format!("Bearer {}", client.key());
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    for (is_revoked, status) in [(false, " 201 "), (true, " 401 ")] {
        let slow = Slow::begin(&world, &path, &headers, body.as_bytes());
        // The head and most of the body are there.
        tokio::time::sleep(Duration::from_millis(700)).await;
        if is_revoked {
            world.force("UPDATE api_keys SET revoked_at = now()");
        }
        let answer = slow.end().await;
        assert!(answer.lines().next().unwrap().contains(status), "{answer}");
    }
    assert_eq!(world.count("SELECT count(*) FROM ledger_postings WHERE kind = 'transfer'"), 2);
}

#[actix_web::test]
async fn a_form_that_ends_after_its_sender_signed_out_changes_nothing() {
    let world = World::new().await;
    let details = format!("/accounts/{}/issuer-details", world.northwind.organization);
    let (browser, cookie) = owner(&world).await;
    let form = browser.get(&details).await.form(&details);
    let form = form.with("legal_name", "Stolen Ltd").with("address", "1 Road").with("state", "29");
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&form.fields).finish();
    let headers = headers(&cookie, "application/x-www-form-urlencoded");
    let slow = Slow::begin(&world, &details, &headers, body.as_bytes());
    let is_there = "SELECT count(*) FROM billing_details WHERE legal_name = 'Stolen Ltd'";
    sign_out(&browser).await;
    let answer = slow.end().await.to_lowercase();
    assert!(answer.contains("location: /sign-in"), "{answer}");
    assert_eq!(world.count(is_there), 0);
}

/// A form with a file, as a browser writes it, with `parts` before the file.
fn multipart(form: &Form, parts: &str) -> Vec<u8> {
    let mut body = String::new();
    for (name, value) in form.fields.iter().filter(|(name, _)| *name != "file") {
        body.push_str(&format!(
            "--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        ));
    }
    body.push_str(parts);
    body.push_str("--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n");
    let mut body = body.into_bytes();
    body.extend_from_slice(&crate::invoice_logo::picture(64, 64, 1));
    body.extend_from_slice(b"\r\n--edge--\r\n");
    body
}

const MULTIPART: &str = "multipart/form-data; boundary=edge";

#[actix_web::test]
async fn a_file_that_ends_after_its_sender_signed_out_is_not_kept() {
    let world = World::new().await;
    let page = format!("/accounts/{}/issuer-details/logo", world.northwind.organization);
    for (signs_out, kept) in [(true, 0), (false, 1)] {
        let (browser, cookie) = owner(&world).await;
        let form = browser.get(&page).await.form(&page);
        let headers = headers(&cookie, MULTIPART);
        let slow = Slow::begin(&world, &page, &headers, &multipart(&form, ""));
        if signs_out {
            sign_out(&browser).await;
        }
        let answer = slow.end().await.to_lowercase();
        assert_eq!(answer.contains("location: /sign-in"), signs_out, "{answer}");
        assert_eq!(world.count("SELECT count(*) FROM brand_logos"), kept, "{answer}");
    }
}

#[actix_web::test]
async fn a_form_of_parts_without_end_is_refused() {
    let world = World::new().await;
    let page = format!("/accounts/{}/issuer-details/logo", world.northwind.organization);
    let (browser, _) = owner(&world).await;
    let form = browser.get(&page).await.form(&page);
    let empty = "--edge\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n\r\n".repeat(1_000);
    let post = async |body: Vec<u8>| {
        let request = browser.request(Method::POST, &page).header("Content-Type", MULTIPART);
        browser.send(request.header("Sec-Fetch-Site", "same-origin").body(body)).await.status.as_u16()
    };
    assert_eq!(post(multipart(&form, &empty)).await, 413);
    let mut long = vec![b'\n'; 17 * 1024 * 1024];
    long.extend(multipart(&form, ""));
    assert_eq!(post(long).await, 400);
    assert_eq!(world.count("SELECT count(*) FROM brand_logos"), 0);
    assert_eq!(post(multipart(&form, "")).await, 303);
}
