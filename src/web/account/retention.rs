//! How long the account keeps what its calls leave (`domain.md` 9). Wishing less deletes at
//! once, for good: what goes is counted and shown before anything is changed.

use actix_web::{HttpResponse, http::StatusCode};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    access::{Denied, Scope, permission::Administer},
    domain::{
        calls::retention::{self, Outcome, Over, RECORDING_DAYS, Retention, TRANSCRIPT_DAYS},
        idempotency::{self, IdempotencyKey},
    },
    error::{Error, FieldError},
    web::{
        filters::number_text,
        forms::Submitted,
        notices::told,
        page::{Here, Visit, home_href, html, html_as, see},
        parts::{Choice, Crumb, ErrorSummary, Field},
        views::retention::{RetentionPage, RetentionReview},
    },
};

/// The form as it is sent, by the editor and by the review.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionForm {
    step: String,
    idempotency_key: String,
    recordings: String,
    recording_days: String,
    transcript_days: String,
    /// What the editor was shown; empty for recordings that were off.
    seen_recording_days: String,
    seen_transcript_days: String,
}

const KEEP: &str = "keep";
const OFF: &str = "off";

impl RetentionForm {
    fn showing(now: Retention) -> Self {
        let days = now.recording_days.map(|days| days.to_string()).unwrap_or_default();
        Self {
            recordings: if now.recording_days.is_some() { KEEP } else { OFF }.to_owned(),
            recording_days: days.clone(),
            transcript_days: now.transcript_days.to_string(),
            seen_recording_days: days,
            seen_transcript_days: now.transcript_days.to_string(),
            ..Self::default()
        }
    }

    fn wish(&self) -> Result<Retention, Error> {
        // What is no number is none that is allowed.
        let days = |text: &str| text.trim().parse::<i64>().unwrap_or(-1);
        Retention::check(
            (self.recordings != OFF).then(|| days(&self.recording_days)),
            days(&self.transcript_days),
        )
    }

    fn seen(&self) -> Result<Retention, Error> {
        let unreadable = || Error::invalid("seen_transcript_days", "What the editor was shown is missing.");
        let recording_days = match self.seen_recording_days.as_str() {
            "" => None,
            text => Some(text.parse().map_err(|_| unreadable())?),
        };
        let transcript_days = self.seen_transcript_days.parse().map_err(|_| unreadable())?;
        Ok(Retention { recording_days, transcript_days })
    }
}

fn href(scope: &Scope<Administer>) -> String {
    format!("{}/retention", home_href(scope.asker().account.id))
}

/// `GET /accounts/{account}/retention`
pub async fn show(scope: Scope<Administer>, visit: Visit) -> Result<HttpResponse, Denied> {
    let now = scope.read(retention::current).await?;
    page(&scope, &visit, &RetentionForm::showing(now), &[], StatusCode::OK)
}

/// `POST /accounts/{account}/retention`
pub async fn submit(
    scope: Scope<Administer>,
    visit: Visit,
    form: Submitted<RetentionForm>,
) -> Result<HttpResponse, Denied> {
    let form = form.by(&scope)?;
    let (wish, seen) = match (form.wish(), form.seen()) {
        (Ok(wish), Ok(seen)) => (wish, seen),
        (Err(Error::Invalid(wrong)), Ok(_)) => {
            return page(&scope, &visit, &form, &wrong, StatusCode::UNPROCESSABLE_ENTITY);
        }
        (Err(error), _) | (_, Err(error)) => return Err(Denied(error)),
    };
    match form.step.as_str() {
        "save" => {}
        "edit" => return page(&scope, &visit, &form, &[], StatusCode::OK),
        _ if wish == seen => return Ok(see(told(&href(&scope), "retention-same"))),
        _ => return review(&scope, &visit, &form, seen, wish).await,
    }
    let key = IdempotencyKey::parse("idempotency_key", &form.idempotency_key)?;
    let saved = scope
        .write(move |tx| {
            idempotency::once(tx, "retention.change", &key, &(seen, wish), |tx| {
                retention::change(tx, Some(seen), wish)
            })
        })
        .await?;
    match saved {
        Outcome::Done { .. } => Ok(see(told(&href(&scope), "retention"))),
        Outcome::Overtaken { now, by } => {
            let message = format!(
                "{} changed this while you were editing: {}. Your wish is kept here: review it again to put it \
                 in its place.",
                by.as_deref().unwrap_or("Somebody"),
                in_words(now),
            );
            // After this, how it is now has been seen.
            let RetentionForm { seen_recording_days, seen_transcript_days, .. } = RetentionForm::showing(now);
            let form = RetentionForm { seen_recording_days, seen_transcript_days, ..form };
            let wrong = [FieldError::new("recordings", message)];
            page(&scope, &visit, &form, &wrong, StatusCode::CONFLICT)
        }
    }
}

fn in_words(retention: Retention) -> String {
    let transcripts = format!("transcripts are kept for {} days", retention.transcript_days);
    match retention.recording_days {
        Some(days) => format!("recordings are kept for {days} days, {transcripts}"),
        None => format!("recording is off, {transcripts}"),
    }
}

fn page(
    scope: &Scope<Administer>,
    visit: &Visit,
    form: &RetentionForm,
    wrong: &[FieldError],
    status: StatusCode,
) -> Result<HttpResponse, Denied> {
    let with_error = |field: Field| {
        let error = wrong.iter().find(|error| error.field == field.name).map(|error| error.message.clone());
        field.error(error)
    };
    let recordings =
        with_error(Field::new("recordings", "Recordings").value(&form.recordings).options(vec![
            Choice::new(KEEP, "Record calls", "Recordings are kept for as many days as you say below."),
            Choice::new(OFF, "Off", "Calls are not recorded, and the recordings there are get deleted."),
        ]));
    let recording_days = with_error(
        Field::new("recording_days", "Keep recordings for")
            .hint(format!("{} to {} days, while calls are recorded.", RECORDING_DAYS.0, RECORDING_DAYS.1))
            .value(&form.recording_days),
    );
    let transcript_days = with_error(
        Field::new("transcript_days", "Keep transcripts for")
            .hint(format!("{} to {} days.", TRANSCRIPT_DAYS.0, TRANSCRIPT_DAYS.1))
            .value(&form.transcript_days),
    );
    let mut frame = visit.frame(scope, "Retention", Here::Retention);
    frame.has_errors = !wrong.is_empty();
    html_as(
        &RetentionPage {
            frame,
            errors: ErrorSummary::of([&recordings, &recording_days, &transcript_days]),
            action: href(scope),
            seen_recording_days: form.seen_recording_days.clone(),
            seen_transcript_days: form.seen_transcript_days.clone(),
            recordings,
            recording_days,
            transcript_days,
        },
        status,
    )
}

async fn review(
    scope: &Scope<Administer>,
    visit: &Visit,
    form: &RetentionForm,
    seen: Retention,
    wish: Retention,
) -> Result<HttpResponse, Denied> {
    let over = scope.read_region(move |tx| retention::over(tx, &wish)).await?;
    let (deleted, kept) = consequences(seen, wish, over);
    let deletes = !deleted.is_empty();
    html(&RetentionReview {
        frame: visit.frame(scope, "Review what is kept", Here::Retention),
        crumbs: vec![Crumb::new("Retention", href(scope))],
        consequences: deleted.into_iter().chain(kept).collect(),
        deletes,
        action: href(scope),
        idempotency_key: Uuid::now_v7().to_string(),
        recordings: form.recordings.clone(),
        recording_days: form.recording_days.clone(),
        transcript_days: form.transcript_days.clone(),
        seen_recording_days: form.seen_recording_days.clone(),
        seen_transcript_days: form.seen_transcript_days.clone(),
    })
}

/// What goes for good, and what else changes.
fn consequences(seen: Retention, wish: Retention, over: Over) -> (Vec<String>, Vec<String>) {
    let (mut deleted, mut kept) = (Vec::new(), Vec::new());
    let counted = |count: i64, what: &str| {
        format!("{} {what}{}", number_text(count), if count == 1 { " is" } else { "s are" })
    };
    if seen.recording_days != wish.recording_days {
        let gone = over.recordings;
        match wish.recording_days {
            None if gone > 0 => {
                deleted.push(format!(
                    "All recordings are deleted now, for good: {} there.",
                    counted(gone, "recording")
                ));
            }
            Some(days) if gone > 0 => {
                let count = counted(gone, "recording");
                deleted.push(format!("{count} older than {days} days and deleted now, for good."));
            }
            _ => {}
        }
        kept.push(match (seen.recording_days, wish.recording_days) {
            (_, None) => "Calls are not recorded any more, those in progress included.".to_owned(),
            (None, Some(days)) => {
                format!("Calls are recorded from now on, and recordings are kept for {days} days.")
            }
            (Some(before), Some(days)) => {
                format!("Recordings are kept for {days} days instead of {before}, counted from the call.")
            }
        });
    }
    if seen.transcript_days != wish.transcript_days {
        let (days, before) = (wish.transcript_days, seen.transcript_days);
        if over.transcripts > 0 {
            let count = counted(over.transcripts, "transcript");
            deleted.push(format!("{count} older than {days} days and deleted now, for good."));
        }
        kept.push(format!(
            "Transcripts are kept for {days} days instead of {before}, counted from the call."
        ));
    }
    let is_longer = wish.recording_days > seen.recording_days || wish.transcript_days > seen.transcript_days;
    if is_longer {
        kept.push("What was deleted before does not come back.".to_owned());
    }
    (deleted, kept)
}
