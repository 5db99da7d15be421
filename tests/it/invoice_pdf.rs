//! Invoices as PDF files, read by a reader that is not ours.

use std::{env, fs, process::Command};

use dialnexa::{
    domain::billing::invoices::{
        Credited, Document, Kind, Line, Party,
        details::{self, Details},
        gst::Split,
        list::Issued,
    },
    typeset,
    values::{AccountId, InvoiceId, Money, OrganizationId},
};
use reqwest::Method;
use time::macros::{date, datetime};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use crate::{
    invoices::{one, read},
    world::World,
};

const HINDI: &str = "श्री लक्ष्मी नारायण दूरसंचार एवं प्रौद्योगिकी सेवाएँ तथा ग्राहक सहायता केंद्र प्राइवेट लिमिटेड";

/// What a program of poppler's says of a file.
pub fn poppler(program: &str, options: &[&str], to: &[&str], pdf: &[u8]) -> String {
    let path = env::temp_dir().join(format!("dialnexa-{}.pdf", Uuid::now_v7()));
    fs::write(&path, pdf).unwrap();
    let done = Command::new(program).args(options).arg(&path).args(to).output();
    let done = done.expect("poppler-utils are installed by `make test`");
    fs::remove_file(&path).unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// The text of a file's pages, as it is laid out.
pub fn text_of(pdf: &[u8]) -> String {
    poppler("pdftotext", &["-layout", "-enc", "UTF-8"], &["-"], pdf)
}

/// Letters alone: where lines are broken is another matter.
fn solid(text: &str) -> String {
    text.nfc().filter(|c| !c.is_whitespace()).collect()
}

fn party(name: &str, gstin: Option<&str>) -> Party {
    Party {
        name: name.to_owned(),
        legal_name: format!("{name} Private Limited"),
        address: "12 Fort Road\nMumbai 400001".to_owned(),
        state: "27".to_owned(),
        gstin: gstin.map(str::to_owned),
    }
}

/// An invoice with these lines, each of a name and an amount.
fn with_lines(lines: &[(String, i64)]) -> Issued {
    let total = lines.iter().map(|(_, minor)| minor).sum::<i64>();
    let line = |(at, (text, minor)): (usize, &(String, i64))| Line {
        text: text.clone(),
        sub_account: None,
        calls: 2,
        minutes: 1_234,
        amount: *minor,
        taxable: *minor,
        postings: (10 * at as i64 + 1, 10 * at as i64 + 9),
    };
    Issued {
        id: InvoiceId::at(datetime!(2026-11-01 03:00 UTC)),
        account: OrganizationId::new().into(),
        document: Document {
            kind: Kind::Invoice,
            number: "INV/26-27/000001".to_owned(),
            issued_on: date!(2026 - 11 - 01),
            month: date!(2026 - 10 - 01),
            supplier: party("Northwind", Some("27AAPFU0939F1ZV")),
            logo: None,
            place_of_supply: "27".to_owned(),
            sac: "998593".to_owned(),
            currency: "INR".to_owned(),
            rate: 1_800,
            lines: lines.iter().enumerate().map(line).collect(),
            split: Split { taxable: total - 4, cgst: 2, sgst: 2, igst: 0 },
            total,
            credited: None,
        },
        recipient: Some(party("Acme", None)),
        credits: None,
        issued_at: datetime!(2026-11-01 03:00 UTC),
        notes: Vec::new(),
    }
}

#[actix_web::test]
async fn an_invoice_is_one_file_by_page_and_by_api_and_says_what_the_law_asks_for() {
    let world = World::new().await;
    let tenant = world.northwind;
    let account = AccountId::from(tenant.sub_account);
    let details =
        Details::check(HINDI, "1 Lake View\nBengaluru 560038", "29", "29AAGCG6253J1Z8", "").unwrap();
    let scope = world.access.scope_anywhere("test", tenant.organization, account).unwrap();
    scope.write(move |tx| details::change_recipient(tx, None, &details)).await.unwrap();
    let id = one(&world, tenant.organization, account).await;
    let document = read(&world, tenant.organization, account, id).await.document;

    let browser = world.browser().signed_in("owner@acme.example").await;
    let page = format!("/accounts/{}/invoices/{id}", tenant.sub_account);
    let link = browser.get(&page).await.attribute("a[download]", "href").unwrap();
    assert_eq!(link, format!("{page}/pdf"));
    let own = world.sub_account_client(&tenant, tenant.sub_account).await;
    let parent = world.parent_client(&tenant).await;
    let beneath = format!("/sub-accounts/{}/invoices/{id}/pdf", tenant.sub_account);
    let mut files = Vec::new();
    for request in [
        browser.request(Method::GET, &link),
        own.request(Method::GET, &format!("/invoices/{id}/pdf")),
        parent.request(Method::GET, &beneath),
        browser.request(Method::GET, &link),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        for (name, value) in [
            ("content-type", "application/pdf".to_owned()),
            ("cache-control", "private, no-store".to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
            (
                "content-disposition",
                format!("attachment; filename=\"{}.pdf\"", document.number.replace('/', "-")),
            ),
        ] {
            assert_eq!(response.headers()[name].to_str().unwrap(), value, "{name}");
        }
        files.push(response.bytes().await.unwrap());
    }
    assert!(files[0].starts_with(b"%PDF-1.7"));
    assert!(files.iter().all(|file| *file == files[0]), "the same each time, to whoever asks");

    let text = text_of(&files[0]);
    let line = &document.lines[0];
    let money = |minor| Money::new(minor, "INR").text();
    assert_eq!(money(document.total), "₹118.00");
    assert_eq!(money(document.split.igst), "₹18.00");
    for words in [
        "Tax invoice",
        &document.number,
        &document.supplier.name,
        &document.supplier.legal_name,
        document.supplier.gstin.as_deref().unwrap(),
        "29AAGCG6253J1Z8",
        "Bengaluru 560038",
        "Karnataka (29)",
        "Maharashtra (27)",
        "March 2026",
        "998593",
        "IGST 18 %",
        "Paid from the prepaid wallet",
        &money(document.split.taxable),
        &money(document.split.igst),
        &money(document.total),
        &money(line.taxable),
        "of the statement",
        "Page 1 of 1",
    ] {
        assert!(text.contains(words), "{words} in:\n{text}");
    }
    // In the order in which it is read, a name that takes two lines is in one piece.
    let read = poppler("pdftotext", &["-raw", "-enc", "UTF-8"], &["-"], &files[0]);
    assert!(solid(&read).contains(&solid(HINDI)), "{read}");
    let about = poppler("pdfinfo", &[], &[], &files[0]);
    let title = format!("Tax invoice {}", document.number);
    for words in [title.as_str(), document.supplier.legal_name.as_str(), "Tagged:          yes"] {
        assert!(about.contains(words), "{words} in:\n{about}");
    }

    // Nobody else's.
    for email in ["owner@zenith.example", "owner@southwind.example"] {
        let stranger = world.browser().signed_in(email).await;
        assert_eq!(stranger.get(&link).await.status.as_u16(), 404, "{email}");
    }
    let other = world.sub_account_client(&world.southwind, world.southwind.sub_account).await;
    assert_eq!(other.get(&format!("/invoices/{id}/pdf")).await.status.as_u16(), 404);
}

#[test]
fn a_thousand_lines_go_over_pages_with_the_head_on_each_and_none_is_missing() {
    let lines: Vec<_> = (1..=1_000).map(|at| (format!("Calls: Branch {at} of Acme"), at * 100 + 1)).collect();
    let issued = with_lines(&lines);
    let file = typeset::invoice(&issued, None).unwrap();
    let text = text_of(&file);
    let pages: Vec<_> = text.trim_end_matches('\u{c}').split('\u{c}').collect();
    assert!((20..60).contains(&pages.len()), "{} pages", pages.len());
    for (at, page) in pages.iter().enumerate() {
        assert!(page.contains(&format!("Page {} of {}", at + 1, pages.len())), "{page}");
        assert!(page.contains("With tax"), "{page}");
    }
    for (name, minor) in &lines {
        let amount = Money::new(*minor, "INR").text();
        let is_there = |line: &str| line.contains(&format!("{name} ")) && line.trim_end().ends_with(&amount);
        assert!(text.lines().any(is_there), "{name} {amount}");
    }
    let last = pages.last().unwrap();
    assert!(last.contains("Branch 1000 ") && last.contains(&Money::new(issued.document.total, "INR").text()));
}

#[test]
fn totals_are_never_alone_on_a_page() {
    for count in 8..48 {
        let lines: Vec<_> = (1..=count).map(|at| (format!("Calls: Branch {at} of Acme"), 100)).collect();
        let text = text_of(&typeset::invoice(&with_lines(&lines), None).unwrap());
        let last = text.trim_end_matches('\u{c}').rsplit('\u{c}').next().unwrap();
        assert!(
            last.contains(&format!("Branch {count} of Acme")) && last.contains("Total"),
            "{count}:\n{last}"
        );
    }
}

#[test]
fn whatever_somebody_is_called_an_invoice_is_made() {
    for name in [
        "",
        "中文有限公司",
        "தமிழ் நிறுவனம்",
        "مؤسسة",
        "\u{202E}evil\u{0}",
        "👩\u{200D}👩\u{200D}👧",
        &"क्ष".repeat(60),
        &"W".repeat(200),
    ] {
        let mut issued = with_lines(&[(format!("Calls: {name}"), 11_800)]);
        issued.document.supplier.name = name.to_owned();
        issued.document.supplier.legal_name = name.to_owned();
        issued.recipient = Some(party(name, None));
        issued.document.credited = Some(Credited {
            number: "INV/26-27/000001".to_owned(),
            issued_on: date!(2026 - 11 - 01),
            reason: name.to_owned(),
        });
        let text = text_of(&typeset::invoice(&issued, None).unwrap());
        assert!(text.contains("₹118.00"), "{name}: {text}");
    }
}
