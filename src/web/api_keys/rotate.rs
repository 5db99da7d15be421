//! A key that follows another: first when the old one was last used and how long both are
//! accepted, then the new key, shown once.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use serde::Deserialize;

use crate::{
    access::Denied,
    domain::{
        idempotency::{self, IdempotencyKey},
        identity::api_keys::{self, Again, ApiKey, KeyStatus, Rotated, Rotation, USUAL_OVERLAP_HOURS},
    },
    error::{Error, FieldError},
    values::ApiKeyId,
    web::{
        forms::Submitted,
        page::{html, html_as},
        parts::{Choice, ErrorSummary, Field},
        sign_in::{Confirmed, Gate, too_many},
        sub_accounts::{with_error, wrong_fields},
        views::api_keys::{MadePage, RotatePage},
    },
};

use super::{Desk, KeyPlace, words};

/// The new key is accepted for as long as the old one was made for.
const AS_BEFORE: &str = "as_before";

/// How long both keys can be accepted, in hours, as the form offers it.
const OVERLAPS: [(u16, &str); 5] = [
    (0, "None: the old key ends at once"),
    (1, "1 hour"),
    (USUAL_OVERLAP_HOURS, "24 hours"),
    (72, "3 days"),
    (api_keys::LONGEST_OVERLAP_HOURS, "7 days"),
];

/// The form as it is sent.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RotateForm {
    idempotency_key: String,
    overlap_hours: String,
    lifetime: String,
    password: String,
}

impl RotateForm {
    fn check(&self) -> Result<Rotation, Vec<FieldError>> {
        let mut wrong = Vec::new();
        let overlap =
            self.overlap_hours.parse().ok().filter(|hours| OVERLAPS.iter().any(|(o, _)| o == hours));
        if overlap.is_none() {
            wrong.push(FieldError::new("overlap_hours", "Choose how long both keys are accepted."));
        }
        let lifetime = words::lifetime(&self.lifetime);
        if lifetime.is_none() && self.lifetime != AS_BEFORE {
            wrong.push(FieldError::new("lifetime", "Choose how long the new key is accepted."));
        }
        match overlap {
            Some(overlap_hours) if wrong.is_empty() => Ok(Rotation { overlap_hours, lifetime }),
            _ => Err(wrong),
        }
    }
}

/// `GET …/api-keys/{api_key}/rotate`
pub async fn ask(desk: Desk, place: web::Path<KeyPlace>) -> Result<HttpResponse, Denied> {
    let key = desk.find(&place).await?;
    if key.status(time::OffsetDateTime::now_utc()) != KeyStatus::InUse {
        return Err(Denied(Error::Conflict {
            code: "api_key_ended",
            message: "This key has ended, or another follows it already. There is nothing to rotate.".into(),
        }));
    }
    let blank = RotateForm {
        idempotency_key: ApiKeyId::new().uuid().to_string(),
        overlap_hours: USUAL_OVERLAP_HOURS.to_string(),
        lifetime: AS_BEFORE.into(),
        ..RotateForm::default()
    };
    page(&desk, &key, &blank, &[], StatusCode::OK)
}

/// `POST …/api-keys/{api_key}/rotate`: answers with the page that shows the new key. Sent
/// again, the page says that it was made.
pub async fn rotate(
    request: HttpRequest,
    desk: Desk,
    gate: web::Data<Gate>,
    place: web::Path<KeyPlace>,
    form: Submitted<RotateForm>,
) -> Result<HttpResponse, Denied> {
    let form = form.by(&desk)?;
    let key = desk.find(&place).await?;
    let again = |wrong: &[FieldError], status| page(&desk, &key, &form, wrong, status);
    let rotation = match form.check() {
        Ok(rotation) => rotation,
        Err(wrong) => return again(&wrong, StatusCode::UNPROCESSABLE_ENTITY),
    };
    let of_password = |text: &str| vec![FieldError::new("password", text)];
    match desk.confirm(&gate, &request, form.password.clone()).await? {
        Confirmed::Yes => {}
        Confirmed::No(why) => return again(&of_password(why), StatusCode::UNPROCESSABLE_ENTITY),
        Confirmed::Wait(wait) => {
            return too_many(wait, |text| again(&of_password(text), StatusCode::TOO_MANY_REQUESTS));
        }
    }
    let id = place.api_key;
    let once = IdempotencyKey::parse("idempotency_key", &form.idempotency_key)?;
    let rotated = desk
        .scope
        .write(move |tx| {
            idempotency::once(tx, "api_keys.rotate", &once, &(id, rotation), |tx| {
                api_keys::rotate(tx, id, &rotation, Again::Never)
            })
        })
        .await;
    match rotated {
        Ok(rotated) => shown_once(&desk, &rotated),
        Err(error) => again(&wrong_fields(error)?, StatusCode::UNPROCESSABLE_ENTITY),
    }
}

fn shown_once(desk: &Desk, rotated: &Rotated) -> Result<HttpResponse, Denied> {
    let Rotated { new, old } = rotated;
    let reach = desk.reach(new.key.workspace);
    html(&MadePage {
        frame: desk.frame("API key rotated"),
        crumbs: desk.crumbs(),
        heading: format!("A new key follows {}", old.name),
        text: new.fresh_text().map(|text| text.reveal().to_owned()),
        facts: words::facts(&new.key, reach, None, desk.zone()),
        before: Some(words::facts(old, reach, None, desk.zone())),
        list_href: desk.href(),
        rotate_href: format!("{}/rotate", desk.key_href(new.key.id)),
    })
}

fn page(
    desk: &Desk,
    key: &ApiKey,
    form: &RotateForm,
    wrong: &[FieldError],
    status: StatusCode,
) -> Result<HttpResponse, Denied> {
    let overlaps = OVERLAPS.iter().map(|(hours, label)| Choice::new(hours.to_string(), *label, ""));
    let overlap = with_error(
        Field::new("overlap_hours", "Both keys are accepted for")
            .hint("The time you have to put the new key in the place of the old one. Then the old one ends.")
            .value(&form.overlap_hours)
            .options(overlaps.collect()),
        wrong,
    );
    let as_before = match key.expires_at {
        Some(end) => format!("As before: {} days", (end - key.created_at).whole_days().max(1)),
        None => "As before: it never expires".to_owned(),
    };
    let mut lifetime = words::lifetime_field(&form.lifetime, Some((AS_BEFORE, &as_before)));
    lifetime.label = "The new key expires after".into();
    let lifetime = with_error(lifetime, wrong);
    let password = desk.password_field().map(|field| with_error(field, wrong));
    let errors = ErrorSummary::of([&overlap, &lifetime].into_iter().chain(&password));
    let mut frame = desk.frame(&format!("Rotate {}", key.name));
    frame.has_errors = !wrong.is_empty();
    html_as(
        &RotatePage {
            frame,
            crumbs: desk.crumbs(),
            heading: format!("Rotate {}", key.name),
            action: format!("{}/rotate", desk.key_href(key.id)),
            cancel_href: desk.href(),
            idempotency_key: form.idempotency_key.clone(),
            errors,
            facts: words::facts(key, desk.reach(key.workspace), None, desk.zone()),
            overlap,
            lifetime,
            password,
        },
        status,
    )
}
