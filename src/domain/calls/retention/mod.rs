//! How long an account keeps what its calls leave (`domain.md` 9).
//!
//! - here: what it wishes, and changing that.
//! - [`sweep`]: deleting what was kept long enough.

pub mod sweep;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::{
    access::{
        Change, Event, RegionTx, Tx,
        permission::{Administer, Includes, Permission, View},
    },
    domain::audit,
    error::{Error, FieldError},
    schema::{
        control::accounts,
        region::{calls, transcripts},
    },
    values::CallId,
};

/// Days for which recordings are kept where an account wishes nothing else, at most, and at
/// least unless they are off.
pub const RECORDING_DAYS: (i16, i16) = (7, 90);
/// The same of transcripts.
pub const TRANSCRIPT_DAYS: (i16, i16) = (30, 365);
/// Days for which records of calls are kept: whole months go, once they ended so long ago.
pub const CALL_RECORD_DAYS: i16 = 365;

/// For how long an account keeps what its calls leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Queryable)]
pub struct Retention {
    /// Days for which recordings are kept; `None` where recording is off.
    pub recording_days: Option<i16>,
    /// Days for which transcripts are kept.
    pub transcript_days: i16,
}

impl Retention {
    /// Checks what somebody wishes.
    ///
    /// # Errors
    /// [`Error::Invalid`] on `recording_days` and `transcript_days`.
    pub fn check(recording_days: Option<i64>, transcript_days: i64) -> Result<Self, Error> {
        let mut wrong = Vec::new();
        let mut days = |field: &str, days: i64, (least, most): (i16, i16)| {
            let whole = i16::try_from(days).ok().filter(|days| (least..=most).contains(days));
            if whole.is_none() {
                wrong.push(FieldError::new(field, format!("Enter {least} to {most} days.")));
            }
            whole.unwrap_or(most)
        };
        let recording_days = recording_days.map(|wish| days("recording_days", wish, RECORDING_DAYS));
        let transcript_days = days("transcript_days", transcript_days, TRANSCRIPT_DAYS);
        if wrong.is_empty() {
            Ok(Self { recording_days, transcript_days })
        } else {
            Err(Error::Invalid(wrong))
        }
    }

    /// Before when calls must have been made for their recordings to be over at `now`: all
    /// of them where recording is off.
    pub fn recordings_before(&self, now: OffsetDateTime) -> OffsetDateTime {
        now - Duration::days(self.recording_days.unwrap_or(0).into())
    }

    /// The same of transcripts.
    pub fn transcripts_before(&self, now: OffsetDateTime) -> OffsetDateTime {
        now - Duration::days(self.transcript_days.into())
    }
}

macro_rules! own {
    ($tx:expr) => {
        accounts::table
            .find(($tx.organization(), $tx.account().id.uuid()))
            .select((accounts::recording_days, accounts::transcript_days))
    };
}

/// What the account wishes.
pub fn current<P: Permission>(tx: &mut Tx<'_, P>) -> Result<Retention, Error> {
    Ok(own!(tx).first(tx.connection())?)
}

/// Whether the account wants its calls recorded at all.
pub fn keeps_recordings<P: Permission>(tx: &mut Tx<'_, P>) -> Result<bool, Error> {
    Ok(current(tx)?.recording_days.is_some())
}

/// The audit action of changed wishes.
const CHANGED: &str = "retention.changed";

/// What became of the wish to keep things for another time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It is as wished; told is what it was before.
    Done {
        /// What it was before.
        before: Retention,
    },
    /// Somebody else changed it since the editor looked. Nothing was changed.
    Overtaken {
        /// How it is now.
        now: Retention,
        /// Who did that, as the log names them.
        by: Option<String>,
    },
}

impl Outcome {
    /// What it was before, for a caller to whom anything but `Done` is an error.
    ///
    /// # Errors
    /// [`Error::Conflict`] with code `retention_changed`.
    pub fn done(self) -> Result<Retention, Error> {
        match self {
            Self::Done { before } => Ok(before),
            Self::Overtaken { .. } => Err(Error::Conflict {
                code: "retention_changed",
                message: "It was changed in the meantime.".to_owned(),
            }),
        }
    }
}

/// Keeps things for another time from now on, unless they are not kept as `seen` any more.
/// What is kept for too long by it goes at once, for good: see [`sweep`].
pub fn change<P: Includes<Administer>>(
    tx: &mut Tx<'_, P>,
    seen: Option<Retention>,
    to: Retention,
) -> Result<Change<Outcome>, Error> {
    let before: Retention = own!(tx).for_update().first(tx.connection())?;
    if before == to {
        return Ok(Change::none(Outcome::Done { before }));
    }
    if seen.is_some_and(|seen| seen != before) {
        let by = audit::last_actor(tx, CHANGED, &tx.account().id.to_string())?;
        return Ok(Change::none(Outcome::Overtaken { now: before, by }));
    }
    let account = tx.account().id;
    diesel::update(accounts::table.find((tx.organization(), account.uuid())))
        .set((
            accounts::recording_days.eq(to.recording_days),
            accounts::transcript_days.eq(to.transcript_days),
            accounts::retention_due_at.eq(diesel::dsl::now),
            // Whoever is at it works by what was wished before.
            accounts::retention_claimed_until.eq(None::<OffsetDateTime>),
        ))
        .execute(tx.connection())?;
    let event = Event {
        account,
        action: CHANGED,
        object: "Retention".to_owned(),
        object_id: account.to_string(),
        details: json!({ "before": before, "after": to }),
    };
    Ok(Change::new(Outcome::Done { before }, event))
}

/// How much is kept that would be over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Over {
    /// Recordings.
    pub recordings: i64,
    /// Transcripts.
    pub transcripts: i64,
}

/// What would be deleted if things were kept as `wish` says, counted now.
pub fn over<P: Includes<View>>(tx: &mut RegionTx<'_, P>, wish: &Retention) -> Result<Over, Error> {
    let now = OffsetDateTime::now_utc();
    let recordings = calls::table
        .filter(calls::recording_bytes.is_not_null())
        .filter(calls::call_id.lt(CallId::least_at(wish.recordings_before(now))))
        .count()
        .get_result(tx.connection())?;
    let transcripts = transcripts::table
        .filter(transcripts::call_id.lt(CallId::least_at(wish.transcripts_before(now))))
        .count()
        .get_result(tx.connection())?;
    Ok(Over { recordings, transcripts })
}
