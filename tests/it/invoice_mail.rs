//! Invoices that are sent by mail, through a mail server.

use data_encoding::BASE64;
use dialnexa::{
    domain::billing::invoices::{
        credit,
        details::{self, Details},
    },
    values::{AccountId, InvoiceId},
};
use reqwest::Method;

use crate::{
    invoice_pdf::text_of,
    invoices::{issuing, one, read},
    post_office::{PostOffice, eventually},
    world::{Tenant, World, WorldOptions},
};

async fn world_with(office: &PostOffice) -> World {
    World::with(WorldOptions { smtp_url: Some(office.url.clone()), ..WorldOptions::default() }).await
}

/// A letter taken apart: its head, its text, and the file that comes with it.
struct Opened {
    head: String,
    text: String,
    file_name: String,
    file: Vec<u8>,
}

fn decoded(part: &str) -> Vec<u8> {
    let (head, body) = part.split_once("\r\n\r\n").unwrap();
    let head = head.to_lowercase();
    if head.contains("base64") {
        let body: String = body.split_whitespace().collect();
        BASE64.decode(body.as_bytes()).unwrap()
    } else if head.contains("quoted-printable") {
        let body = body.replace("=\r\n", "");
        let mut pieces = body.split('=');
        let mut bytes = pieces.next().unwrap().as_bytes().to_vec();
        for piece in pieces {
            bytes.push(u8::from_str_radix(&piece[..2], 16).unwrap());
            bytes.extend_from_slice(&piece.as_bytes()[2..]);
        }
        bytes
    } else {
        body.as_bytes().to_vec()
    }
}

fn open(letter: &str) -> Opened {
    let (head, body) = letter.split_once("\r\n\r\n").unwrap();
    let boundary = head.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap();
    let parts: Vec<_> =
        body.split(&format!("--{boundary}")).map(|part| part.trim_start_matches("\r\n")).collect();
    let [_, text, file, _] = parts.as_slice() else { panic!("{letter}") };
    assert!(file.contains("Content-Type: application/pdf"), "{letter}");
    let file_name = file.split("filename=\"").nth(1).unwrap().split('"').next().unwrap();
    Opened {
        head: head.replace("\r\n ", " "),
        text: String::from_utf8(decoded(text)).unwrap(),
        file_name: file_name.to_owned(),
        file: decoded(file),
    }
}

async fn send_to(world: &World, tenant: Tenant, email: &str) {
    let details = Details::check("Acme Private Limited", "1 Lake View", "29", "", email).unwrap();
    let account = tenant.sub_account.into();
    let scope = world.access.scope_anywhere("test", tenant.organization, account).unwrap();
    scope.write(move |tx| details::change_recipient(tx, None, &details)).await.unwrap();
}

async fn file_of(world: &World, tenant: Tenant, id: InvoiceId) -> Vec<u8> {
    let client = world.sub_account_client(&tenant, tenant.sub_account).await;
    let response = client.request(Method::GET, &format!("/invoices/{id}/pdf")).send().await.unwrap();
    response.bytes().await.unwrap().to_vec()
}

/// What of the letters is left to do.
fn waiting(world: &World) -> i32 {
    world.count("SELECT count(*) FROM invoice_letters WHERE due_at IS NOT NULL")
}

#[actix_web::test]
async fn an_invoice_and_its_credit_note_come_with_their_files_by_the_brand() {
    let office = PostOffice::open(0);
    let world = world_with(&office).await;
    let tenant = world.northwind;
    let account = AccountId::from(tenant.sub_account);
    world.sub_account(tenant.organization, tenant.owner, "Sibling Stores").await;
    // What the parent is called is none of its sub-accounts' business where the brand is another.
    world.force(
        "UPDATE organizations SET name = 'Parent Holdings' WHERE name = 'Northwind Voice';
         UPDATE brands SET product_name = 'Clear Voice' WHERE product_name = 'Northwind Voice'",
    );
    let id = one(&world, tenant.organization, account).await;
    let number = read(&world, tenant.organization, account, id).await.document.number;
    let letter = open(&office.wait_for(1).await[0]);
    assert!(letter.head.contains("owner@acme.example"), "to the owner: {}", letter.head);
    assert!(
        letter.head.contains("From: \"Clear Voice\"") || letter.head.contains("From: Clear Voice"),
        "{}",
        letter.head
    );
    assert!(
        letter.head.contains(&format!("Subject: Clear Voice: invoice {number} for March 2026")),
        "{}",
        letter.head
    );
    for words in [
        "Hello Acme Corp owner".to_owned(),
        "₹118.00".to_owned(),
        number.clone(),
        "March 2026".to_owned(),
        format!("{}/accounts/{}/invoices/{id}", world.base, tenant.sub_account),
    ] {
        assert!(letter.text.contains(&words), "{words} in {}", letter.text);
    }
    assert_eq!(letter.file_name, format!("{}.pdf", number.replace('/', "-")));
    assert_eq!(letter.file, file_of(&world, tenant, id).await, "the very file that is downloaded");
    let printed = text_of(&letter.file);
    assert!(printed.contains(&number) && printed.contains("₹118.00"), "{printed}");
    let seen = format!("{} {} {printed}", letter.head, letter.text).to_lowercase();
    for secret in ["parent holdings", "dialnexa", "sibling", "margin", "cost"] {
        assert!(!seen.contains(secret), "{secret} in {seen}");
    }
    eventually("it is marked as sent", || {
        (world.count("SELECT count(*) FROM invoice_letters WHERE sent_at IS NOT NULL AND due_at IS NULL")
            == 1)
            .then_some(())
    })
    .await;

    // From now on the details say where to.
    send_to(&world, tenant, "accounts@acme.example").await;
    let scope = issuing(&world, tenant.organization);
    let note = scope
        .write(move |tx| credit::give_back(tx, account, id, Some(5_900), "A call that failed"))
        .await
        .unwrap();
    let of_note = read(&world, tenant.organization, account, note).await.document.number;
    let letter = open(&office.wait_for(2).await[1]);
    assert!(letter.head.contains("To: accounts@acme.example"), "{}", letter.head);
    assert!(
        letter.head.contains(&format!("Subject: Clear Voice: credit note {of_note} for March 2026")),
        "{}",
        letter.head
    );
    assert!(!letter.head.contains("owner@acme.example"), "{}", letter.head);
    for words in ["₹59.00", number.as_str(), "A call that failed"] {
        assert!(letter.text.contains(words), "{words} in {}", letter.text);
    }
    let printed = text_of(&letter.file);
    assert!(printed.contains("Credit note") && printed.contains(&of_note), "{printed}");
    assert_eq!(
        (letter.file_name.as_str(), waiting(&world)),
        (format!("{}.pdf", of_note.replace('/', "-")).as_str(), 0)
    );
}

#[actix_web::test]
async fn what_could_not_be_sent_is_sent_later_and_holds_up_no_other() {
    let office = PostOffice::open(1);
    let world = world_with(&office).await;
    let (first, second) = (world.northwind, world.southwind);
    one(&world, first.organization, first.sub_account.into()).await;
    eventually("it was refused", || {
        (world.count("SELECT count(*) FROM invoice_letters WHERE tries = 1 AND due_at > now()") == 1)
            .then_some(())
    })
    .await;
    one(&world, second.organization, second.sub_account.into()).await;
    assert!(office.wait_for(1).await[0].contains("owner@zenith.example"));
    world.force("UPDATE invoice_letters SET due_at = now() WHERE due_at IS NOT NULL");
    assert!(office.wait_for(2).await[1].contains("owner@acme.example"));
    eventually("nothing is left", || (waiting(&world) == 0).then_some(())).await;
}

#[actix_web::test]
async fn letters_are_given_up_in_the_end_and_where_nobody_reads_them() {
    let office = PostOffice::open(u32::MAX);
    let world = world_with(&office).await;
    let (tenant, gone) = (world.northwind, world.southwind);
    one(&world, tenant.organization, tenant.sub_account.into()).await;
    eventually("it was refused", || {
        (world.count("SELECT count(*) FROM invoice_letters WHERE tries = 1 AND due_at > now()") == 1)
            .then_some(())
    })
    .await;
    world.force("UPDATE invoice_letters SET tries = 9, due_at = now()");
    eventually("it is given up", || {
        (world.count(
            "SELECT count(*) FROM invoice_letters WHERE tries = 10 AND due_at IS NULL AND sent_at IS NULL",
        ) == 1)
            .then_some(())
    })
    .await;
    // One that ended whoever took it is not taken for ever.
    world.force("UPDATE invoice_letters SET due_at = now()");
    eventually("it is let go", || (waiting(&world) == 0).then_some(())).await;
    // The account has lost its people, as while it is erased.
    world.force(&format!("DELETE FROM memberships WHERE account_id = '{}'", gone.sub_account.uuid()));
    one(&world, gone.organization, gone.sub_account.into()).await;
    eventually("nothing is left", || (waiting(&world) == 0).then_some(())).await;
    assert!(office.letters().is_empty());
}
