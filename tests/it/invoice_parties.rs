//! Who invoices and who is invoiced, what was issued, and giving it back: by people, in the dashboard
//! (`domain.md` 4.8, 5.2, 5.3; `trust.md` R4, R15, U3, U5).

use dialnexa::{
    access::permission::ManageSubAccounts,
    domain::billing::{invoices::Month, verify},
    values::{AccountId, InvoiceId, indian_day},
};
use time::{Duration, OffsetDateTime};

use crate::{
    browser::{Browser, Form, Page},
    chromium::{Chromium, Looks},
    invoices::{charge, one},
    post_office::eventually,
    world::{PASSWORD, Tenant, World},
};

const HINDI: &str = "विद्या अकादमी शैक्षणिक एवं सामाजिक कल्याण न्यास तथा अनुसंधान प्रतिष्ठान, पुणे";

fn home(account: impl Into<AccountId>) -> String {
    format!("/accounts/{}", account.into())
}

/// A number of this financial year.
fn number(series: &str, at: u32) -> String {
    let today = indian_day(OffsetDateTime::now_utc());
    let year = if u8::from(today.month()) >= 4 { today.year() } else { today.year() - 1 };
    format!("{series}/{:02}-{:02}/{at:06}", year % 100, (year + 1) % 100)
}

fn filled(page: &Page, action: &str, fields: &[(&str, &str)]) -> Form {
    fields.iter().fold(page.form(action), |form, (name, value)| form.with(name, value))
}

async fn save(browser: &Browser, action: &str, fields: &[(&str, &str)]) -> Page {
    let page = browser.get(action).await;
    browser.submit(&filled(&page, action, fields)).await
}

const ACME: &[(&str, &str)] = &[
    ("legal_name", "Acme Private Limited"),
    ("address", " 1 Lake View \r\n\r\nBengaluru 560001 "),
    ("state", "29"),
    ("gstin", "29 aagcg6253j1z8"),
    ("email", "accounts@acme.example"),
];

fn with<'f>(fields: &[(&'f str, &'f str)], name: &'f str, value: &'f str) -> Vec<(&'f str, &'f str)> {
    fields.iter().map(|(known, old)| (*known, if *known == name { value } else { *old })).collect()
}

#[actix_web::test]
async fn details_are_typed_wrong_and_kept_until_they_are_right() {
    let world = World::new().await;
    let owner = world.browser().signed_in("owner@acme.example").await;
    let action = format!("{}/billing-details", home(world.northwind.sub_account));
    let long = "x".repeat(201);
    let lines = "a\n".repeat(9);
    for (name, value, says) in [
        ("legal_name", "  ", "Enter the legal name"),
        ("legal_name", long.as_str(), "at most 200 characters"),
        ("address", "", "Enter the address"),
        ("address", lines.as_str(), "at most 8 lines"),
        ("state", "", "Choose the state"),
        ("state", "92", "Choose the state"),
        ("gstin", "29AAGCG6253J1Z", "15 characters"),
        ("gstin", "29AAGCG6235J1Z8", "its last character does not fit"),
        ("gstin", "92AAGCG6253J1Z8", "begins with the code of a state"),
        ("gstin", "27AAPFU0939F1ZV", "This GSTIN is of Maharashtra"),
        ("email", "accounts@", "Enter an e-mail address"),
    ] {
        let page = save(&owner, &action, &with(ACME, name, value)).await;
        assert_eq!(page.status.as_u16(), 422, "{name} {value}");
        assert!(page.has(says) && page.has("There is a problem"), "{value}: {}", page.text());
        assert!(page.body.contains("<title>Error: "), "{value}");
        let form = page.form(&action);
        for (other, typed) in ACME.iter().filter(|(other, _)| *other != name) {
            assert_eq!(&form.fields[*other].replace('\r', ""), &typed.replace('\r', ""), "{other} is kept");
        }
        if name != "state" {
            assert_eq!(form.fields[name].trim(), value.trim(), "{name} is kept");
        }
    }
    assert_eq!(world.count("SELECT count(*) FROM billing_details"), 0);
    // What is kept is put in order.
    let saved = save(&owner, &action, ACME).await;
    assert_eq!(saved.location(), format!("{action}?done=billing-details"));
    let shown = owner.get(&action).await.form(&action);
    assert_eq!(shown.fields["gstin"], "29AAGCG6253J1Z8");
    assert_eq!(shown.fields["address"], "1 Lake View\nBengaluru 560001");
    // Without a registration there is none; a name may be long, and in any script.
    let other = [("legal_name", HINDI), ("gstin", ""), ("email", "")];
    save(&owner, &action, &other).await.location();
    assert_eq!(owner.get(&action).await.input("legal_name"), HINDI);
}

#[actix_web::test]
async fn details_are_saved_once_and_never_over_what_nobody_saw() {
    let world = World::new().await;
    let tenant = world.northwind;
    let owner = world.browser().signed_in("owner@acme.example").await;
    let action = format!("{}/billing-details", home(tenant.sub_account));
    let (first, second) = (owner.get(&action).await, owner.get(&action).await);
    let form = filled(&first, &action, ACME);
    for _ in 0..2 {
        owner.submit(&form).await.location();
    }
    let told = "SELECT count(*) FROM audit_entries WHERE action = 'billing_details.changed'";
    assert_eq!(world.count(told), 1, "a double click is one change");
    let late = filled(&second, &action, &with(ACME, "legal_name", "Acme Industries"));
    let refused = owner.submit(&late).await;
    assert_eq!(refused.status.as_u16(), 409);
    for words in
        ["Acme Corp owner saved other details while you were editing", "Acme Private Limited", "Karnataka"]
    {
        assert!(refused.has(words), "{words}: {}", refused.text());
    }
    assert_eq!(refused.input("legal_name"), "Acme Industries", "what was typed is kept");
    owner.submit(&refused.form(&action)).await.location();
    let log = owner.get(&format!("{}/audit-log", home(tenant.sub_account))).await;
    for words in ["changed the billing details", "Acme Private Limited, Karnataka, GSTIN 29AAGCG6253J1Z8"] {
        assert!(log.has(words), "{words}: {}", log.text());
    }
    // The next invoice is made out to it.
    let id = one(&world, tenant.organization, tenant.sub_account.into()).await;
    let invoice = owner.get(&format!("{}/invoices/{id}", home(tenant.sub_account))).await;
    for words in
        ["Acme Industries", "Bengaluru 560001", "GSTIN 29AAGCG6253J1Z8", "Karnataka (29)", "IGST 18 %"]
    {
        assert!(invoice.has(words), "{words}: {}", invoice.text());
    }
    // Whoever is paid for is not invoiced.
    world.force("UPDATE sub_accounts SET billing_mode = 'consolidated' WHERE name = 'Acme Corp'");
    for path in ["/billing-details", "/invoices"] {
        let page = owner.get(&format!("{}{path}", home(tenant.sub_account))).await;
        assert_eq!(page.status.as_u16(), 404, "{path}");
    }
}

#[actix_web::test]
async fn each_sees_and_does_what_is_theirs() {
    let world = World::new().await;
    let Tenant { organization, sub_account, .. } = world.northwind;
    let invoice = one(&world, organization, sub_account.into()).await;
    let person = world.person("Acme admin", "admin@acme.example");
    world.member(organization, sub_account.uuid(), person, "admin");
    let (up, down) = (home(organization), home(sub_account));
    let paths = [
        format!("{down}/billing-details"),
        format!("{down}/invoices/{invoice}"),
        format!("{up}/billing-details"),
        format!("{up}/issuer-details"),
        format!("{up}/issued-invoices"),
        format!("{up}/issued-invoices/{invoice}"),
        format!("{up}/issued-invoices/{invoice}/give-back"),
    ];
    for (email, answers) in [
        ("owner@northwind.example", [403, 403, 200, 200, 200, 200, 200]),
        ("admin@northwind.example", [403, 403, 403, 403, 200, 200, 403]),
        ("viewer@northwind.example", [404, 404, 403, 403, 403, 403, 403]),
        ("owner@acme.example", [200, 200, 404, 404, 404, 404, 404]),
        ("admin@acme.example", [403, 403, 404, 404, 404, 404, 404]),
        ("viewer@acme.example", [403, 403, 404, 404, 404, 404, 404]),
        ("owner@southwind.example", [404; 7]),
        ("owner@zenith.example", [404; 7]),
    ] {
        let browser = world.browser().signed_in(email).await;
        for (path, answer) in paths.iter().zip(answers) {
            assert_eq!(browser.get(path).await.status.as_u16(), answer, "{email} {path}");
        }
    }
    // What an organization did not issue, it cannot give back: the platform's invoice is not its own.
    let own = one(&world, organization, organization.into()).await;
    let owner = world.browser().signed_in("owner@northwind.example").await;
    for path in [format!("{up}/issued-invoices/{own}"), format!("{up}/issued-invoices/{own}/give-back")] {
        assert_eq!(owner.get(&path).await.status.as_u16(), 404, "{path}");
    }
    assert!(owner.get(&format!("{up}/invoices/{own}")).await.has("DialNexa Technologies Private Limited"));
    // Inside, a parent's administrator reads invoices, and does not say who the sub-account is.
    let page = owner.get(&format!("{up}/sub-accounts/{sub_account}")).await;
    owner.submit(&page.form(&format!("{up}/sub-accounts/{sub_account}/access"))).await.location();
    assert_eq!(owner.get(&format!("{down}/billing-details")).await.status.as_u16(), 403);
    let list = owner.get(&format!("{down}/invoices")).await;
    assert!(list.has(&number("INV", 1)) && !list.body.contains("billing-details"), "{}", list.text());
}

#[actix_web::test]
async fn what_waited_is_invoiced_as_soon_as_it_is_said_by_whom() {
    let world = World::new().await;
    let Tenant { organization, sub_account, .. } = world.northwind;
    let (up, action) = (home(organization), format!("{}/issuer-details", home(organization)));
    let month = Month::of(OffsetDateTime::now_utc()).before().before();
    let calls: &[(OffsetDateTime, i64)] = &[(month.begins() + Duration::days(3), 11_800)];
    charge(&world, organization, sub_account.into(), calls).await;
    world.force("UPDATE accounts SET invoices_due_at = now() - interval '1 minute'");
    eventually("it is looked at, and nobody is there to issue", || {
        (world.count("SELECT count(*) FROM accounts WHERE invoices_due_at <= now()") == 0).then_some(())
    })
    .await;
    assert_eq!(world.count("SELECT count(*) FROM invoices"), 0);
    let owner = world.browser().signed_in("owner@northwind.example").await;
    let admin = world.browser().signed_in("admin@northwind.example").await;
    let billing = format!("{up}/sub-accounts/{sub_account}/billing");
    for path in [format!("{up}/issued-invoices"), billing.clone()] {
        let (page, for_admin) = (owner.get(&path).await, admin.get(&path).await);
        assert!(page.has("Invoices wait until you say who you are") && page.body.contains(&action), "{path}");
        assert!(
            for_admin.has("The Owner of your organization enters") && !for_admin.body.contains(&action),
            "{path}"
        );
    }
    let wrong = save(&owner, &action, &[("legal_name", "Northwind Services LLP")]).await;
    assert_eq!(wrong.status.as_u16(), 422);
    assert_eq!(wrong.input("legal_name"), "Northwind Services LLP");
    let details =
        [("legal_name", "Northwind Services LLP"), ("address", "12 Fort Road\nMumbai"), ("state", "27")];
    assert_eq!(save(&owner, &action, &details).await.location(), format!("{action}?done=issuer-details"));
    eventually("it is invoiced", || {
        (world.count("SELECT count(*) FROM invoices WHERE total_minor = 11800") == 1).then_some(())
    })
    .await;
    assert!(!owner.get(&billing).await.has("Invoices wait"));
    let log = owner.get(&format!("{up}/audit-log")).await;
    assert!(log.has("changed the details on sub-accounts’ invoices"), "{}", log.text());
    // It is found by what people know of it, and by nobody else.
    let list = format!("{up}/issued-invoices");
    let typed = format!("{:04}-{:02}", month.first_day().year(), u8::from(month.first_day().month()));
    let number = "INV%2F";
    let whole = owner.get(&list).await;
    assert!(whole.has("Acme Corp") && whole.has("₹118.00"), "{}", whole.text());
    let number_there =
        whole.text().split_whitespace().find(|word| word.starts_with("INV/")).unwrap().to_owned();
    let searched = number_there.to_lowercase().replace('/', "%2F");
    for query in
        ["q=acme".to_owned(), format!("q={sub_account}"), format!("q={searched}"), format!("month={typed}")]
    {
        let page = owner.get(&format!("{list}?{query}")).await;
        assert!(page.has(&number_there), "{query}: {}", page.text());
    }
    for query in ["q=zenith", "month=2020-01", &format!("q={number}"), "q=%25", "q=_"] {
        let page = owner.get(&format!("{list}?{query}")).await;
        assert!(page.has("No invoice matches"), "{query}: {}", page.text());
    }
    let other = world.browser().signed_in("owner@southwind.example").await;
    let theirs = other.get(&format!("{}/issued-invoices", home(world.southwind.organization))).await;
    assert!(theirs.has("No invoices yet") && !theirs.has("Acme"), "{}", theirs.text());
}

fn balance(world: &World, account: uuid::Uuid) -> i32 {
    world.count(&format!(
        "SELECT balance_minor FROM ledger_accounts WHERE ledger_account = 'wallet' AND account_id = '{account}'"
    ))
}

async fn verified(world: &World, tenant: Tenant) {
    let scope = world
        .access
        .scope_anywhere::<ManageSubAccounts>("test", tenant.organization, tenant.organization.into())
        .unwrap();
    assert_eq!(scope.overview(verify::verify).await.unwrap().wrong, []);
}

async fn review(browser: &Browser, action: &str, fields: &[(&str, &str)]) -> Page {
    let page = browser.get(action).await;
    browser.submit(&filled(&page, action, fields).with("step", "review")).await
}

#[actix_web::test]
async fn what_is_given_back_is_reviewed_and_given_once() {
    let world = World::new().await;
    let tenant = world.northwind;
    let (up, down) = (home(tenant.organization), home(tenant.sub_account));
    let invoice = one(&world, tenant.organization, tenant.sub_account.into()).await;
    let before = balance(&world, tenant.sub_account.uuid());
    let owner = world.browser().signed_in("owner@northwind.example").await;
    let page = format!("{up}/issued-invoices/{invoice}");
    let action = format!("{page}/give-back");
    assert!(owner.get(&page).await.body.contains(&action));
    let admin = world.browser().signed_in("admin@northwind.example").await;
    assert!(!admin.get(&page).await.body.contains(&action), "an Org Admin is not offered it");
    for (how, amount, reason, says) in [
        ("part", "", "A fault", "Enter an amount"),
        ("all", "5", "A fault", "You typed an amount and chose all"),
        ("part", "lots", "A fault", "as a number"),
        ("part", "118.01", "A fault", "At most ₹118.00 is left"),
        ("part", "40", "", "Say why"),
        ("all", "", " ", "Say why"),
    ] {
        let refused = review(&owner, &action, &[("how", how), ("amount", amount), ("reason", reason)]).await;
        assert_eq!(refused.status.as_u16(), 422, "{amount} {reason}");
        assert!(refused.has(says), "{amount}: {}", refused.text());
        assert_eq!(refused.input("amount"), amount);
        assert_eq!(refused.input("reason"), reason);
    }
    let part = [("how", "part"), ("amount", "₹ 40.00"), ("reason", "Calls that failed")];
    let shown = review(&owner, &action, &part).await;
    assert_eq!(shown.status.as_u16(), 200, "{}", shown.text());
    for words in [
        number("INV", 1).as_str(),
        "Acme Corp",
        "₹118.00",
        "₹40.00",
        "₹78.00",
        "Calls that failed",
        "your own wallet",
    ] {
        assert!(shown.has(words), "{words}: {}", shown.text());
    }
    assert_eq!(balance(&world, tenant.sub_account.uuid()), before, "a review moves nothing");
    let edit = owner.submit(&shown.form(&action).with("step", "edit")).await;
    assert_eq!((edit.input("amount"), edit.input("reason")), ("40.00".into(), "Calls that failed".into()));
    let stale = review(&owner, &action, &[("how", "all"), ("reason", "Everything")]).await;
    assert!(stale.has("Give back ₹118.00"), "{}", stale.text());
    let confirm = shown.form(&action).with("step", "give-back");
    let note = owner.submit(&confirm).await.location().to_owned();
    for _ in 0..2 {
        assert_eq!(owner.submit(&confirm).await.location(), note, "a double click, or Back, is the same one");
    }
    assert_eq!(balance(&world, tenant.sub_account.uuid()), before + 4_000);
    assert_eq!(balance(&world, tenant.organization.uuid()), 0);
    let shown = owner.get(&note).await;
    for words in ["Credit note", "The credit note is issued", &number("CN", 1), "₹40.00", "Calls that failed"]
    {
        assert!(shown.has(words), "{words}: {}", shown.text());
    }
    assert!(!shown.body.contains("/give-back"), "a credit note is not given back");
    // What was reviewed is not there any more in whole.
    let late = owner.submit(&stale.form(&action).with("step", "give-back")).await;
    assert_eq!(late.status.as_u16(), 409);
    assert!(late.has("Only ₹78.00 is left to give back by now. Nothing was given back."), "{}", late.text());
    let rest = review(&owner, &action, &[("how", "all"), ("reason", "The rest")]).await;
    owner.submit(&rest.form(&action).with("step", "give-back")).await.location();
    let whole = owner.get(&page).await;
    assert!(whole.has("₹118.00 of it; ₹0.00 is left") && !whole.body.contains(&action), "{}", whole.text());
    assert!(owner.get(&action).await.has("All of this invoice was given back"));
    assert_eq!(balance(&world, tenant.sub_account.uuid()), before + 11_800);
    let log = owner.get(&format!("{up}/audit-log")).await;
    assert!(log.has(&format!("issued the credit note {}", number("CN", 1))), "{}", log.text());
    let given = admin.submit(&confirm).await;
    assert_eq!(given.status.as_u16(), 403);
    // The sub-account reads its credit notes, and its statement leads to them.
    let client = world.browser().signed_in("owner@acme.example").await;
    let list = client.get(&format!("{down}/invoices")).await;
    assert!(list.has(&number("CN", 2)) && list.has(&number("INV", 1)), "{}", list.text());
    let statement = client.get(&format!("{down}/billing")).await;
    let own_note = note
        .split('?')
        .next()
        .unwrap()
        .replace(&format!("{up}/issued-invoices"), &format!("{down}/invoices"));
    assert!(statement.body.contains(&own_note), "{}", statement.text());
    assert!(client.get(&own_note).await.has("Given back into the prepaid wallet"));
    verified(&world, tenant).await;
}

#[actix_web::test]
async fn what_goes_back_to_a_deleted_account_is_written_off_and_said_so() {
    let world = World::new().await;
    let tenant = world.northwind;
    let up = home(tenant.organization);
    let invoice = one(&world, tenant.organization, tenant.sub_account.into()).await;
    let client = world.parent_client(&tenant).await;
    client.delete(&format!("/sub-accounts/{}?write_off=99882", tenant.sub_account)).await.expect(202);
    eventually("the account is erased", || {
        (world.count("SELECT count(*) FROM sub_accounts WHERE name = 'Acme Corp'") == 0).then_some(())
    })
    .await;
    let owner = world.browser().signed_in("owner@northwind.example").await;
    let list = owner.get(&format!("{up}/issued-invoices")).await;
    assert!(list.has(&tenant.sub_account.to_string()) && list.has("deleted"), "{}", list.text());
    let page = format!("{up}/issued-invoices/{invoice}");
    let shown = owner.get(&page).await;
    assert!(shown.has("nothing else is kept of it") && !shown.has("Acme"), "{}", shown.text());
    let action = format!("{page}/give-back");
    let shown = review(&owner, &action, &[("how", "all"), ("reason", "Too much")]).await;
    for words in ["is written off there at once", "not to you either", "pay it outside of here"] {
        assert!(shown.has(words), "{words}: {}", shown.text());
    }
    let note = owner.submit(&shown.form(&action).with("step", "give-back")).await.location().to_owned();
    assert!(owner.get(&note).await.has(&number("CN", 1)));
    assert_eq!(balance(&world, tenant.sub_account.uuid()), 0);
    assert_eq!(balance(&world, tenant.organization.uuid()), 0);
    let written_off =
        "SELECT balance_minor FROM ledger_accounts WHERE ledger_account = 'write_offs' AND account_id";
    let all = 10_000_000;
    assert_eq!(world.count(&format!("{written_off} = '{}'", tenant.sub_account.uuid())), all);
    let letters = "SELECT count(*) FROM invoice_letters WHERE account_id";
    assert_eq!(world.count(&format!("{letters} = '{}'", tenant.sub_account.uuid())), 0, "nobody reads it");
    verified(&world, tenant).await;
}

/// Many older ones like one that is there.
fn multiply(world: &World, id: InvoiceId, many: u32) {
    world.force(&format!(
        "INSERT INTO invoices SELECT organization_id, account_id,
            ('01' || lpad(to_hex(n), 6, '0') || '-0000-7000-8000-000000000000')::uuid, kind, issuer_id, 2000,
            'OLD/' || n, (date '1990-01-01' + n * interval '1 month')::date, credits, issued_on, issued_at, currency,
            taxable_minor, cgst_minor, sgst_minor, igst_minor, total_minor, document
         FROM invoices, generate_series(1, {many}) n WHERE invoice_id = '{}'",
        id.uuid()
    ));
}

#[actix_web::test]
async fn long_lists_are_read_page_by_page() {
    let world = World::new().await;
    let tenant = world.northwind;
    let id = one(&world, tenant.organization, tenant.sub_account.into()).await;
    multiply(&world, id, 260);
    let parent = world.browser().signed_in("owner@northwind.example").await;
    let client = world.browser().signed_in("owner@acme.example").await;
    let lists = [
        (&client, format!("{}/invoices", home(tenant.sub_account)), ""),
        (&parent, format!("{}/issued-invoices", home(tenant.organization)), "?q=acme"),
    ];
    for (browser, list, query) in lists {
        let (mut seen, mut next, mut last) = (Vec::new(), format!("{list}{query}"), None);
        for _ in 0..10 {
            let page = browser.get(&next).await;
            let numbers = page.text();
            let numbers =
                numbers.split_whitespace().filter(|w| w.starts_with("OLD/") || w.starts_with("INV/"));
            seen.extend(numbers.map(str::to_owned));
            last = page.attribute("a[rel=prev]", "href");
            match page.attribute("a[rel=next]", "href") {
                Some(href) => next = href,
                None => break,
            }
        }
        let mut expected = vec![number("INV", 1)];
        expected.extend((1..=260).rev().map(|n| format!("OLD/{n}")));
        assert_eq!(seen, expected, "{list}");
        let back = browser.get(&last.expect("a way back")).await;
        assert!(back.has("OLD/61") && back.has("OLD/12") && !back.has("OLD/62"), "{}", back.text());
    }
    // What no list understands leads to its beginning.
    let page = parent.get(&format!("{}/issued-invoices?month=soon", home(tenant.organization))).await;
    assert!(page.has(&number("INV", 1)), "{}", page.text());
}

async fn sign_in(chromium: &Chromium, world: &World, email: &str) {
    chromium.goto(&format!("{}/sign-in", world.base)).await;
    chromium.fill("email", email).await;
    chromium.fill("password", PASSWORD).await;
    chromium.press("Sign in").await;
    chromium.sees("Overview").await;
}

/// From nothing to a credit note, in a browser: each page on the way is sound.
async fn pages_are_sound(looks: Looks) {
    let world = World::new().await;
    let Tenant { organization, sub_account, .. } = world.northwind;
    let chromium = Chromium::open(looks).await;
    let is_sound = async |page: &str| {
        // Without scripts none can look.
        if looks.javascript {
            assert_eq!(chromium.axe().await, Vec::<String>::new(), "{page}");
            assert!(!chromium.scrolls_sideways().await, "{page} scrolls sideways");
        }
        assert_eq!(chromium.complaints().await, Vec::<String>::new(), "{page}");
        let theme = if looks.dark { "dark" } else { "light" };
        let scripts = if looks.javascript { "" } else { "-plain" };
        chromium.picture(&format!("parties-{page}-{}-{theme}{scripts}", looks.width)).await;
    };
    let at = |path: String| format!("{}{path}", world.base);
    sign_in(&chromium, &world, "owner@northwind.example").await;
    chromium.goto(&at(format!("{}/sub-accounts/{sub_account}/billing", home(organization)))).await;
    chromium.sees("Invoices wait").await;
    is_sound("waiting").await;
    chromium.press("Enter your details").await;
    chromium.sees("Your details on invoices").await;
    chromium.fill("legal_name", "Northwind Services LLP").await;
    chromium.fill("gstin", "29AAGCG6253J1Z9").await;
    chromium.press("Save").await;
    chromium.sees("There is a problem").await;
    is_sound("issuer-wrong").await;
    chromium.fill("gstin", "").await;
    chromium.fill("address", "12 Fort Road\nMumbai").await;
    chromium.choose_option("state", "27").await;
    chromium.press("Save").await;
    chromium.sees("Months that waited").await;
    is_sound("issuer").await;
    sign_in_again(&chromium, &world, "owner@acme.example").await;
    chromium.goto(&at(format!("{}/invoices", home(sub_account)))).await;
    chromium.sees("No invoices yet").await;
    is_sound("invoices-none").await;
    chromium.press("Billing details").await;
    chromium.fill("legal_name", HINDI).await;
    chromium.fill("address", "१२ लक्ष्मी रोड\nसदाशिव पेठ\nपुणे ४११०३०").await;
    chromium.choose_option("state", "27").await;
    chromium.press("Save").await;
    chromium.sees("Saved.").await;
    is_sound("billing-details").await;
    let invoice = one(&world, organization, sub_account.into()).await;
    multiply(&world, invoice, 60);
    chromium.goto(&at(format!("{}/invoices", home(sub_account)))).await;
    is_sound("invoices").await;
    chromium.goto(&at(format!("{}/invoices/{invoice}", home(sub_account)))).await;
    is_sound("invoice").await;
    sign_in_again(&chromium, &world, "owner@northwind.example").await;
    chromium.goto(&at(format!("{}/issued-invoices", home(organization)))).await;
    is_sound("issued").await;
    chromium.goto(&at(format!("{}/issued-invoices?q=nobody", home(organization)))).await;
    is_sound("issued-no-match").await;
    chromium.goto(&at(format!("{}/issued-invoices/{invoice}", home(organization)))).await;
    is_sound("issued-one").await;
    chromium.press("Give back…").await;
    chromium.sees("How much").await;
    is_sound("give-back").await;
    chromium.press("Review").await;
    chromium.sees("Say why").await;
    is_sound("give-back-wrong").await;
    chromium.choose("how", "part").await;
    chromium.fill("amount", "40").await;
    chromium.fill("reason", "Calls that failed").await;
    chromium.press("Review").await;
    chromium.sees("Review the credit note").await;
    is_sound("give-back-review").await;
    chromium.press("Give back ₹40.00").await;
    chromium.sees("The credit note is issued").await;
    is_sound("credit-note").await;
    chromium.goto(&at(format!("{}/issued-invoices/{invoice}", home(organization)))).await;
    chromium.sees("₹40.00 of it").await;
    is_sound("given-back").await;
    chromium.close().await;
}

async fn sign_in_again(chromium: &Chromium, world: &World, email: &str) {
    chromium.client.delete_all_cookies().await.expect("no cookies");
    sign_in(chromium, world, email).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_sound_wide_and_light() {
    pages_are_sound(Looks::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_sound_narrow_and_dark() {
    pages_are_sound(Looks { width: 360, dark: true, ..Looks::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_it_works_without_scripts() {
    pages_are_sound(Looks { javascript: false, ..Looks::default() }).await;
}
