//! Concurrency limits: the editor, one sub-account or many at once (`domain.md` 3).
//!
//! - [`admission`]: admitting calls within them.
//! - [`leases`]: how places are kept and given back meanwhile.
//! - [`settlement`]: counting and charging calls that have ended, those of an organization
//!   [together].

pub mod admission;
pub mod leases;
pub mod settlement;
pub mod together;

use diesel::prelude::*;
use serde_json::json;

use crate::{
    access::{Change, Event, Notice, Overview, Tx, permission::ManageSubAccounts},
    error::Error,
    schema::control::sub_accounts,
    values::{EventKind, SubAccountId, SubAccountStatus},
};

use super::{
    audit,
    sub_accounts::allocation::{self, Allocation, Holder, Shortage},
};

/// A limit that an editor wants changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitChange {
    /// Whose limit.
    pub id: SubAccountId,
    /// The limit that the editor was shown, where they were shown one.
    pub seen: Option<i32>,
    /// The limit that the editor wants.
    pub to: i32,
}

/// A limit that somebody else changed while it was being edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overtaken {
    /// Whose limit, as it is now.
    pub now: Holder,
    /// The limit that the editor was shown.
    pub seen: i32,
    /// Who changed it last.
    pub by: Option<String>,
}

/// What became of the wish to change limits. Anything but `Done` changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The limits are as wished, from now on, for new calls.
    Done {
        /// The shares after it.
        allocation: Allocation,
        /// How many limits differ from before.
        changed: usize,
    },
    /// Others were faster; here is what they did.
    Overtaken(Vec<Overtaken>),
    /// More was wished for than is free.
    Shortage(Shortage),
}

impl Outcome {
    /// The shares after it, for a caller to whom anything but `Done` is an error.
    ///
    /// # Errors
    /// [`Error::Conflict`] with code `limit_changed` or `concurrency_unavailable`.
    pub fn done(self) -> Result<Allocation, Error> {
        match self {
            Self::Done { allocation, .. } => Ok(allocation),
            Self::Shortage(shortage) => Err(shortage.into()),
            Self::Overtaken(overtaken) => {
                let now: Vec<_> = overtaken
                    .iter()
                    .map(|one| format!("{} has {} instead of {}", one.now.id, one.now.limit, one.seen))
                    .collect();
                let message = format!("Limits were changed in the meantime: {}.", now.join(", "));
                Err(Error::Conflict { code: "limit_changed", message })
            }
        }
    }
}

/// What limits would come to, worked out without changing anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The shares as they are.
    pub before: Allocation,
    /// The shares as they would be.
    pub after: Allocation,
}

/// The rows that `changes` name, as they are now, in the order of their ids.
macro_rules! rows_of {
    ($organization:expr, $changes:expr) => {
        sub_accounts::table
            .filter(sub_accounts::organization_id.eq($organization))
            .filter(sub_accounts::sub_account_id.eq_any($changes.iter().map(|change| change.id)))
            .filter(sub_accounts::status.ne(SubAccountStatus::Deleting))
            .order(sub_accounts::sub_account_id)
            .select((
                sub_accounts::sub_account_id,
                sub_accounts::name,
                sub_accounts::concurrency_limit,
                sub_accounts::slots_in_use,
            ))
    };
}

fn apply(allocation: Allocation, rows: &[Holder], changes: &[LimitChange]) -> Allocation {
    changes.iter().fold(allocation, |shares, change| match rows.iter().find(|row| row.id == change.id) {
        Some(row) => shares.with(row.limit, change.to, row.in_use),
        None => shares,
    })
}

/// What the shares would be after `changes`.
pub fn preview(tx: &mut Overview<'_>, changes: &[LimitChange]) -> Result<Preview, Error> {
    let before = allocation::current(tx)?;
    let rows: Vec<Holder> = rows_of!(tx.organization(), changes).load(tx.connection())?;
    Ok(Preview { before, after: apply(before, &rows, changes) })
}

/// By how much `changes` exceed what is free and who holds the rest; nothing when they
/// fit. It changes and locks nothing: for showing before somebody confirms.
pub fn shortage(
    tx: &mut Tx<'_, ManageSubAccounts>,
    changes: &[LimitChange],
) -> Result<Option<Shortage>, Error> {
    let before = allocation::of(tx)?;
    let rows: Vec<Holder> = rows_of!(tx.organization(), changes).load(tx.connection())?;
    let after = apply(before, &rows, changes);
    if after.excess() > before.excess() {
        return Ok(Some(allocation::shortage(tx, before, after.excess())?));
    }
    Ok(None)
}

/// Changes limits, all or none. They act on new calls at once and end no call.
///
/// # Errors
/// [`Error::NotFound`] when one of the ids is not one of this organization's.
pub fn change(tx: &mut Tx<'_, ManageSubAccounts>, changes: &[LimitChange]) -> Result<Change<Outcome>, Error> {
    // The organization's row first: two editors never wait for each other in a circle.
    let before = allocation::lock(tx)?;
    let rows: Vec<Holder> = rows_of!(tx.organization(), changes).for_update().load(tx.connection())?;
    if rows.len() != changes.len() {
        return Err(Error::NotFound);
    }
    let row = |change: &LimitChange| rows.iter().find(|row| row.id == change.id);
    let overtaken: Vec<_> = changes
        .iter()
        .filter_map(|change| Some((row(change)?, change)))
        .filter_map(|(row, change)| Some((row, change.seen?, change.to)))
        .filter(|(row, seen, to)| row.limit != *seen && row.limit != *to)
        .map(|(row, seen, _)| {
            Ok(Overtaken { now: row.clone(), seen, by: audit::last_actor(tx, CHANGED, &row.id.to_string())? })
        })
        .collect::<Result<_, Error>>()?;
    if !overtaken.is_empty() {
        return Ok(Change::none(Outcome::Overtaken(overtaken)));
    }
    let after = apply(before, &rows, changes);
    // What exceeds the total already, by calls in progress, may still be lowered.
    if after.excess() > before.excess() {
        return Ok(Change::none(Outcome::Shortage(allocation::shortage(tx, before, after.excess())?)));
    }
    let (mut events, mut notices) = (Vec::new(), Vec::new());
    // Lower before raising, so that the sum never passes the total in between.
    let mut ordered: Vec<_> = changes.iter().filter_map(|change| Some((row(change)?, change.to))).collect();
    ordered.sort_by_key(|(row, to)| to - row.limit);
    for (row, to) in ordered.into_iter().filter(|(row, to)| row.limit != *to) {
        let organization = tx.organization();
        diesel::update(sub_accounts::table.find((organization, row.id)))
            .set(sub_accounts::concurrency_limit.eq(to))
            .execute(tx.connection())?;
        for account in [organization.into(), row.id.into()] {
            events.push(Event {
                account,
                action: CHANGED,
                object: row.name.clone(),
                object_id: row.id.to_string(),
                details: json!({ "before": row.limit, "after": to, "in_use": row.in_use }),
            });
            let change = json!({ "before": row.limit, "after": to });
            let told = json!({ "sub_account_id": row.id, "changes": { "concurrency_limit": change } });
            notices.push(Notice::new(account, EventKind::SubAccountUpdated, told));
        }
    }
    let changed = events.len() / 2;
    // The parent's log first, in each transaction: chains are locked in one order.
    events.sort_by_key(|event| event.account);
    let done = Outcome::Done { allocation: after, changed };
    let mut events = events.into_iter();
    let change = match events.next() {
        Some(first) => Change::told_by(done, first, events),
        None => Change::none(done),
    };
    Ok(notices.into_iter().fold(change, Change::publishing))
}

/// The audit action of a changed limit.
const CHANGED: &str = "limit.changed";
