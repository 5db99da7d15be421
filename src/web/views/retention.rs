//! How long an account keeps what its calls leave.

use askama::Template;

use crate::web::{
    filters,
    frame::Frame,
    parts::{Crumb, ErrorSummary, Field},
};

/// The editor.
#[derive(Template)]
#[template(path = "account/retention.html")]
pub struct RetentionPage {
    pub frame: Frame,
    pub errors: ErrorSummary,
    pub action: String,
    pub seen_recording_days: String,
    pub seen_transcript_days: String,
    pub recordings: Field,
    pub recording_days: Field,
    pub transcript_days: Field,
}

/// What saving would do.
#[derive(Template)]
#[template(path = "account/retention_review.html")]
pub struct RetentionReview {
    pub frame: Frame,
    pub crumbs: Vec<Crumb>,
    pub consequences: Vec<String>,
    /// Whether anything goes for good.
    pub deletes: bool,
    pub action: String,
    pub idempotency_key: String,
    pub recordings: String,
    pub recording_days: String,
    pub transcript_days: String,
    pub seen_recording_days: String,
    pub seen_transcript_days: String,
}
