//! Deleting a sub-account, and the certificates of what was deleted (`domain.md` 2.4).

use actix_web::{HttpResponse, http::StatusCode, web};
use serde::Deserialize;

use crate::{
    access::{
        Denied, Scope,
        permission::{ManageSubAccounts, View},
    },
    domain::deletion::{self, Certificate, Confirmation, Contents},
    error::FieldError,
    values::{AccountId, CertificateId, SubAccountStatus},
    web::{
        filters::{Zone, money_text, number_text},
        forms::Submitted,
        notices::told,
        page::{Here, Visit, html, html_as, see, zone},
        parts::{Badge, Crumb, Empty, ErrorSummary, Field},
        views::sub_accounts::{CertificatePage, CertificateRow, DeletePage, DeletionsPage},
    },
};

use super::Place;

/// The form as it is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeleteForm {
    name: String,
    /// The balance that was shown, in minor units, when the box beside it is ticked.
    acknowledge_balance: Option<i64>,
}

/// `GET /accounts/{account}/sub-accounts/{sub_account}/delete`
pub async fn ask(
    scope: Scope<ManageSubAccounts>,
    visit: Visit,
    place: web::Path<Place>,
) -> Result<HttpResponse, Denied> {
    page(&scope, &visit, &place, &DeleteForm::default(), &[], StatusCode::OK).await
}

/// `POST /accounts/{account}/sub-accounts/{sub_account}/delete`
pub async fn delete(
    scope: Scope<ManageSubAccounts>,
    visit: Visit,
    place: web::Path<Place>,
    form: Submitted<DeleteForm>,
) -> Result<HttpResponse, Denied> {
    let form = form.by(&scope)?;
    let id = place.sub_account;
    let confirmation =
        Confirmation { typed_name: Some(form.name.clone()), acknowledged_balance: form.acknowledge_balance };
    match scope.write(move |tx| deletion::request(tx, id, &confirmation)).await {
        Ok(certificate) => {
            Ok(see(told(&format!("/accounts/{}/deletions/{certificate}", place.account), "deleting")))
        }
        Err(error) => {
            let wrong = super::wrong_fields(error)?;
            page(&scope, &visit, &place, &form, &wrong, StatusCode::UNPROCESSABLE_ENTITY).await
        }
    }
}

/// Each kind of thing with its count.
fn counted(contents: &Contents) -> Vec<(String, String)> {
    [
        (contents.agents, "agent", "agents"),
        (contents.numbers, "phone number", "phone numbers"),
        (contents.calls, "call record", "call records"),
        (contents.transcripts, "transcript", "transcripts"),
        (contents.recordings, "recording", "recordings"),
        (contents.members, "membership", "memberships"),
        (contents.invitations, "invitation", "invitations"),
        (contents.api_keys, "API key", "API keys"),
        (contents.webhooks, "webhook", "webhooks"),
        (contents.stays, "visit through Access Dashboard", "visits through Access Dashboard"),
        (contents.audit_entries, "entry of its audit log", "entries of its audit log"),
    ]
    .into_iter()
    .map(|(count, one, many)| (number_text(count), (if count == 1 { one } else { many }).to_owned()))
    .collect()
}

async fn page(
    scope: &Scope<ManageSubAccounts>,
    visit: &Visit,
    place: &Place,
    form: &DeleteForm,
    wrong: &[FieldError],
    status: StatusCode,
) -> Result<HttpResponse, Denied> {
    let listed = super::find(scope, place.sub_account).await?;
    let inside = scope.sub_account(place.sub_account).await?;
    let contents = inside.read(|tx| Contents::default().count_control(tx)).await?;
    let contents = inside.narrow::<View>().read_region(move |tx| contents.count_region(tx)).await?;
    let base = super::href(scope, listed.id);
    let heading = format!("Delete {}", listed.name);
    let balance = money_text(listed.balance_minor, &listed.currency);
    let confirm = super::with_error(
        Field::new("name", format!("Type {} to confirm", listed.name))
            .hint("Exactly as it stands; capital letters count.")
            .value(&form.name),
        wrong,
    );
    let balance_error =
        wrong.iter().find(|error| error.field == "acknowledge_balance").map(|error| error.message.clone());
    let mut errors = ErrorSummary::of([&confirm]);
    if let Some(error) = &balance_error {
        errors.items.insert(0, ("acknowledge_balance".into(), error.clone()));
    }
    let mut goes = counted(&contents);
    if listed.in_use > 0 {
        goes.insert(0, (number_text(listed.in_use.into()), "calls in progress, which are ended".into()));
    }
    let mut frame = visit.frame(scope, &heading, Here::SubAccounts);
    frame.has_errors = !errors.items.is_empty();
    html_as(
        &DeletePage {
            frame,
            crumbs: super::crumbs(scope, Some(&listed)),
            errors,
            name: listed.name.clone(),
            heading,
            told_apart: super::told_apart(&listed),
            suspend_href: (listed.status == SubAccountStatus::Active).then(|| format!("{base}/suspend")),
            goes,
            stays: vec![
                "A certificate of what was erased, how much, when, and who asked for it".into(),
                "Issued invoices and your own ledger, without personal data".into(),
                "Your own audit log".into(),
            ],
            action: format!("{base}/delete"),
            balance: (listed.balance_minor > 0).then_some(listed.balance_minor),
            balance_text: format!(
                "{balance} is left in its wallet. It is written off and paid to nobody, not to you either."
            ),
            balance_error,
            balance_acknowledged: form.acknowledge_balance == Some(listed.balance_minor),
            confirm,
            cancel_href: base,
        },
        status,
    )
}

fn certificate_row(
    scope: &Scope<ManageSubAccounts>,
    certificate: &Certificate,
    zone: Zone,
) -> CertificateRow {
    CertificateRow {
        name: certificate.name.clone(),
        href: format!("/accounts/{}/deletions/{}", scope.asker().account.id, certificate.id),
        badge: match certificate.completed_at {
            Some(_) => Badge::new("Erased", "good", "check"),
            None => Badge::new("Erasing", "note", "clock"),
        },
        requested_by: certificate.requested_by.clone(),
        requested: zone.show(certificate.requested_at),
        completed: certificate.completed_at.map(|at| zone.show(at)),
    }
}

/// `GET /accounts/{account}/deletions`
pub async fn certificates(scope: Scope<ManageSubAccounts>, visit: Visit) -> Result<HttpResponse, Denied> {
    let certificates = scope.overview(|tx| deletion::certificates(tx, 200)).await?;
    let zone = zone(scope.asker());
    html(&DeletionsPage {
        frame: visit.frame(&scope, "Deletions", Here::Deletions),
        rows: certificates.iter().map(|certificate| certificate_row(&scope, certificate, zone)).collect(),
        empty: certificates.is_empty().then(|| Empty::First {
            title: "Nothing was deleted".into(),
            text: "When a sub-account is deleted, the certificate of what was erased stays here.".into(),
            action: None,
            icon: "trash",
        }),
    })
}

/// The ids in the address of a certificate.
#[derive(Debug, Deserialize)]
pub struct CertificatePlace {
    /// The parent; the scope is proved for it.
    pub account: AccountId,
    /// The certificate.
    pub certificate: CertificateId,
}

/// `GET /accounts/{account}/deletions/{certificate}`
pub async fn certificate(
    scope: Scope<ManageSubAccounts>,
    visit: Visit,
    place: web::Path<CertificatePlace>,
) -> Result<HttpResponse, Denied> {
    let id = place.certificate;
    let certificate = scope.overview(move |tx| deletion::certificate(tx, id)).await?;
    let zone = zone(scope.asker());
    html(&CertificatePage {
        frame: visit.frame(&scope, format!("Deletion of {}", certificate.name), Here::Deletions),
        crumbs: vec![Crumb::new("Deletions", format!("/accounts/{}/deletions", place.account))],
        id: certificate.id.to_string(),
        sub_account: certificate.sub_account.to_string(),
        region: certificate.region.label(),
        written_off: money_text(certificate.written_off_minor, &certificate.currency),
        erased: certificate.contents().as_ref().map(counted).unwrap_or_default(),
        row: certificate_row(&scope, &certificate, zone),
    })
}
