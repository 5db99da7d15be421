//! The logo of a brand, at the head of the invoices that it issues.

use dialnexa::{
    access::permission::IssueInvoices,
    domain::{
        billing::invoices::{Month, credit},
        brands,
    },
    error::Error,
    values::{AccountId, InvoiceId, Logo, LogoId, OrganizationId},
};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use reqwest::Method;
use std::io::Cursor;
use time::OffsetDateTime;

use crate::{
    browser::{Browser, Page},
    invoice_pdf::poppler,
    invoices::{charge, enter_issuer, inside, issue, issued, issuing},
    world::{Tenant, World},
};

/// A picture of one colour.
pub fn picture(width: u32, height: u32, red: u8) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    // All of red is white: on paper it is nothing.
    let colour = if red == 255 { [255; 3] } else { [red, 20, 20] };
    let picture = RgbImage::from_pixel(width, height, Rgb(colour));
    DynamicImage::from(picture).write_to(&mut file, ImageFormat::Png).unwrap();
    file.into_inner()
}

/// The logo that an organization has from now on.
pub async fn logo(world: &World, organization: OrganizationId) -> LogoId {
    let scope = issuing(world, organization);
    let logo = Logo::read(&picture(120, 40, 200)).unwrap();
    scope.write(move |tx| brands::change_logo(tx, Some(&logo))).await.unwrap();
    scope.read(brands::of).await.unwrap().unwrap().logo.unwrap()
}

async fn invoice_of(world: &World, tenant: Tenant, month: &str) -> InvoiceId {
    let (organization, account) = (tenant.organization, AccountId::from(tenant.sub_account));
    let month = Month::parse(month).unwrap();
    charge(world, organization, account, &[(month.begins(), 11_800)]).await;
    enter_issuer(world, organization);
    issued(issue(world, organization, account, month, OffsetDateTime::now_utc()).await.unwrap())
}

async fn upload(browser: &Browser, organization: OrganizationId, file: Vec<u8>) -> Page {
    let page = format!("/accounts/{organization}/issuer-details/logo");
    let form = browser.get(&page).await.form(&page);
    browser.upload(&form, "file", file).await
}

/// Where the pictures in a PDF file are, one line each.
fn pictures(pdf: &[u8]) -> Vec<String> {
    let list = poppler("pdfimages", &["-list"], &[], pdf);
    list.lines().skip(2).map(str::to_owned).collect()
}

async fn file(browser: &Browser, path: &str) -> Vec<u8> {
    let response = browser.request(Method::GET, path).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 200, "{path}");
    response.bytes().await.unwrap().to_vec()
}

#[actix_web::test]
async fn a_logo_stands_on_the_invoices_to_come_and_stays_on_them() {
    let world = World::new().await;
    let tenant = world.northwind;
    let Tenant { organization, sub_account, .. } = tenant;
    let before = invoice_of(&world, tenant, "2026-01").await;
    let owner = world.browser().signed_in("owner@northwind.example").await;
    let details = format!("/accounts/{organization}/issuer-details");
    let of_logo = format!("{details}/logo");
    assert!(owner.get(&details).await.has("There is none yet"));
    // Larger than what is kept of it.
    let saved = upload(&owner, organization, picture(1_680, 420, 200)).await;
    assert_eq!(saved.location(), format!("{of_logo}?done=logo"));
    let shown = owner.get(&format!("{of_logo}?done=logo")).await;
    assert!(shown.has("The logo is kept") && shown.has("Replace the logo"), "{}", shown.text());
    let with = invoice_of(&world, tenant, "2026-02").await;

    let client = world.browser().signed_in("owner@acme.example").await;
    let home = format!("/accounts/{sub_account}");
    let page = client.get(&format!("{home}/invoices/{with}")).await;
    let seen = page.attribute(".logo img", "src").unwrap();
    assert!(seen.starts_with(&format!("{home}/logos/logo_")), "{seen}");
    assert_eq!(page.attribute(".logo img", "alt").unwrap(), "Logo of Northwind Voice");
    let answer = client.request(Method::GET, &seen).send().await.unwrap();
    for (name, value) in [
        ("content-type", "image/png"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "private, no-store"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.headers()[name].to_str().unwrap(), value, "{name}");
    }
    let kept = image::load_from_memory(&answer.bytes().await.unwrap()).unwrap();
    assert_eq!((kept.width(), kept.height()), (840, 210));
    let pdf = file(&client, &format!("{home}/invoices/{with}/pdf")).await;
    let drawn = pictures(&pdf);
    assert!(drawn.len() == 1 && drawn[0].contains(" 840   210 "), "{drawn:?}");
    let above = format!("/accounts/{organization}/issued-invoices/{with}");
    assert!(owner.get(&above).await.attribute(".logo img", "src").is_some());
    assert_eq!(file(&owner, &format!("{above}/pdf")).await, pdf);

    // What was issued before has none; what was issued with it keeps it, and so do its credit notes.
    let page = client.get(&format!("{home}/invoices/{before}")).await;
    assert!(page.attribute(".logo img", "src").is_none());
    assert!(pictures(&file(&client, &format!("{home}/invoices/{before}/pdf")).await).is_empty());
    assert!(owner.get(&details).await.attribute(".logo img", "src").is_some());
    let shown = owner.get(&of_logo).await;
    let removed = owner.submit(&shown.form(&format!("{of_logo}/remove"))).await;
    assert_eq!(removed.location(), format!("{of_logo}?done=logo-removed"));
    assert!(owner.get(&details).await.has("There is none yet"));
    let note = issuing(&world, organization)
        .write(move |tx| credit::give_back(tx, sub_account.into(), with, Some(100), "A test"))
        .await
        .unwrap();
    let after = invoice_of(&world, tenant, "2026-03").await;
    assert_eq!(file(&client, &format!("{home}/invoices/{with}/pdf")).await, pdf);
    for (id, count) in [(note, 1), (after, 0)] {
        let pdf = file(&client, &format!("{home}/invoices/{id}/pdf")).await;
        assert_eq!(pictures(&pdf).len(), count);
    }
    let log = owner.get(&format!("/accounts/{organization}/audit-log")).await;
    assert!(log.has("changed the logo of") && log.has("removed the logo of"), "{}", log.text());
    // It is the brand's: nobody of another organization sees it.
    let stranger = world.browser().signed_in("owner@zenith.example").await;
    let id = seen.rsplit('/').next().unwrap();
    for account in [world.southwind.organization.to_string(), world.southwind.sub_account.to_string()] {
        let path = format!("/accounts/{account}/logos/{id}");
        assert_eq!(stranger.get(&path).await.status.as_u16(), 404, "{path}");
    }
}

#[actix_web::test]
async fn what_is_no_picture_is_refused_beside_its_field() {
    let world = World::new().await;
    let organization = world.northwind.organization;
    enter_issuer(&world, organization);
    let owner = world.browser().signed_in("owner@northwind.example").await;
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec();
    let large = picture(3_001, 20, 1);
    for (file, says) in [
        (Vec::new(), "Choose a picture"),
        (svg, "This is no PNG or JPEG file"),
        (vec![0; 3 * 1024 * 1024], "larger than 2 MB"),
        (large, "larger than 3000 × 3000 pixels"),
        (picture(8, 8, 1), "too little can be made out"),
        (picture(64, 64, 1)[..60].to_vec(), "damaged"),
        (picture(64, 64, 255), "Nothing of this picture is seen"),
    ] {
        let page = upload(&owner, organization, file).await;
        assert_eq!(page.status.as_u16(), 422, "{says}");
        assert!(page.has(says) && page.has("There is a problem"), "{says}: {}", page.text());
        assert_eq!(page.attribute("#file", "aria-invalid").as_deref(), Some("true"));
    }
    assert_eq!(world.count("SELECT count(*) FROM brand_logos"), 0);
    // Fields of a form have an end, and files that are refused have one too.
    let page = format!("/accounts/{organization}/issuer-details/logo");
    let form = owner.get(&page).await.form(&page);
    let long = form.clone().with("context", &"x".repeat(300 * 1024));
    assert_eq!(owner.upload(&long, "file", picture(64, 64, 1)).await.status.as_u16(), 413);
    // A form of somebody else's is none.
    let admin = world.browser().signed_in("owner@southwind.example").await;
    let theirs = admin.upload(&form, "file", picture(64, 64, 1)).await;
    assert_eq!(theirs.status.as_u16(), 404);
    let forged = owner.upload(&form.with("csrf_token", "forged"), "file", picture(64, 64, 1)).await;
    assert_eq!(forged.status.as_u16(), 403);
    assert_eq!(world.count("SELECT count(*) FROM brand_logos"), 0);
}

#[actix_web::test]
async fn what_was_never_printed_is_not_kept_and_what_was_is_never_taken_back() {
    let world = World::new().await;
    let tenant = world.northwind;
    let organization = tenant.organization;
    let owner = world.browser().signed_in("owner@northwind.example").await;
    for (red, kept) in [(1, 1), (2, 1), (2, 1)] {
        assert_eq!(upload(&owner, organization, picture(64, 64, red)).await.status.as_u16(), 303);
        assert_eq!(world.count("SELECT count(*) FROM brand_logos"), kept);
    }
    let changes = "SELECT count(*) FROM audit_entries WHERE action = 'brand.logo_changed'";
    assert_eq!(world.count(changes), 2, "the same once more is no change");
    invoice_of(&world, tenant, "2026-01").await;
    assert_eq!(upload(&owner, organization, picture(64, 64, 3)).await.status.as_u16(), 303);
    assert_eq!(world.count("SELECT count(*) FROM brand_logos WHERE is_printed"), 1);
    assert_eq!(world.count("SELECT count(*) FROM brand_logos"), 2);
    // Beneath, a brand is seen and not changed.
    let beneath = AccountId::from(tenant.sub_account);
    let scope = world.access.scope_anywhere::<IssueInvoices>("test", organization, beneath);
    assert!(matches!(scope, Err(Error::NotFound)));
    let Tenant { organization, sub_account, .. } = tenant;
    for (account, statement) in [
        (sub_account.uuid(), "UPDATE brands SET logo_id = NULL"),
        (sub_account.uuid(), "UPDATE brand_logos SET is_printed = true"),
        (sub_account.uuid(), "DELETE FROM brand_logos"),
        // The organization itself takes back what was never printed, and nothing else.
        (organization.uuid(), "DELETE FROM brand_logos WHERE is_printed"),
        (world.southwind.organization.uuid(), "DELETE FROM brand_logos"),
    ] {
        world.force(&format!(
            "BEGIN; SET LOCAL ROLE dialnexa_tenant;
             SELECT set_config('app.organization_id', '{}', true), set_config('app.account_id', '{account}', true);
             {statement}; COMMIT",
            organization.uuid()
        ));
    }
    let seen = inside(&world, organization, beneath).read(brands::of).await.unwrap().unwrap();
    assert!(seen.logo.is_some());
    assert_eq!(world.count("SELECT count(*) FROM brand_logos"), 2);
}
