//! Reading an account's audit log, and proving that it is whole (`trust.md` S18).

use diesel::{OptionalExtension, prelude::*};
use time::Date;
use uuid::Uuid;

use crate::{
    access::{
        StoredEntry, Tx,
        permission::{Administer, Includes, Permission},
    },
    error::Error,
    schema::control::{audit_entries, audit_heads},
    values::{Part, Slice, UserId, start_of_indian_day},
};

/// Which entries are wanted. What is `None` does not narrow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this action, or of all that begin so when it ends with a dot.
    pub action: Option<String>,
    /// Done by this person.
    pub actor: Option<UserId>,
    /// Done within Access Dashboard.
    pub by_delegation: bool,
    /// Done on this day in India or later.
    pub from: Option<Date>,
    /// Done on this day in India or earlier.
    pub to: Option<Date>,
}

impl Filter {
    /// Whether it narrows at all.
    pub fn narrows(&self) -> bool {
        *self != Self::default()
    }
}

/// Who did this to an object last, as the log of the account names them.
pub fn last_actor<P: Permission>(
    tx: &mut Tx<'_, P>,
    action: &str,
    object_id: &str,
) -> Result<Option<String>, Error> {
    Ok(audit_entries::table
        .filter(audit_entries::action.eq(action).and(audit_entries::object_id.eq(object_id)))
        .order(audit_entries::sequence.desc())
        .select(audit_entries::actor_name)
        .first(tx.connection())
        .optional()?)
}

/// Entries that `filter` lets through, newest first.
pub fn page<P: Includes<Administer>>(
    tx: &mut Tx<'_, P>,
    filter: &Filter,
    part: Part<i64>,
    limit: u16,
) -> Result<Slice<StoredEntry>, Error> {
    let mut query = audit_entries::table
        .select(StoredEntry::as_select())
        .limit(i64::from(limit) + 1)
        .into_boxed::<diesel::pg::Pg>();
    match filter.action.as_deref() {
        Some(area) if area.ends_with('.') => {
            // Names hold no wildcards but `_`, which stands for itself well enough here.
            query = query.filter(audit_entries::action.like(format!("{}%", area.replace(['%', '\\'], ""))));
        }
        Some(action) => query = query.filter(audit_entries::action.eq(action.to_owned())),
        None => {}
    }
    if let Some(actor) = filter.actor {
        query = query.filter(audit_entries::actor_id.eq(actor.uuid()));
    }
    if filter.by_delegation {
        query = query.filter(audit_entries::delegation_id.is_not_null());
    }
    if let Some(day) = filter.from {
        query = query.filter(audit_entries::occurred_at.ge(start_of_indian_day(day)));
    }
    if let Some(next) = filter.to.and_then(Date::next_day) {
        query = query.filter(audit_entries::occurred_at.lt(start_of_indian_day(next)));
    }
    query = match part {
        Part::Newest => query.order(audit_entries::sequence.desc()),
        Part::OlderThan(at) => {
            query.filter(audit_entries::sequence.lt(at)).order(audit_entries::sequence.desc())
        }
        Part::NewerThan(at) => {
            query.filter(audit_entries::sequence.gt(at)).order(audit_entries::sequence.asc())
        }
    };
    Ok(Slice::of(query.load(tx.connection())?, &part, limit.into()))
}

/// How many entries the account's log has.
pub fn length<P: Includes<Administer>>(tx: &mut Tx<'_, P>) -> Result<i64, Error> {
    let last = audit_heads::table.select(audit_heads::last_sequence).first(tx.connection()).optional()?;
    Ok(last.unwrap_or(0))
}

/// What a check of an account's chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every entry is as it was written, and none is missing.
    Whole {
        /// How many there are.
        entries: i64,
        /// The hash of the last: to be kept elsewhere, so that even a cut of entries and
        /// head together is found.
        head: Vec<u8>,
    },
    /// The chain is broken.
    Broken {
        /// The first place that is not as it was written.
        at: i64,
        /// What is wrong there.
        why: &'static str,
    },
}

/// As many entries as are read at a time.
const BATCH: i64 = 1_000;

/// Checks every entry of the account's log against its hash, the hash before it and the
/// head.
pub fn verify<P: Includes<Administer>>(tx: &mut Tx<'_, P>) -> Result<Verdict, Error> {
    let account: Uuid = tx.account().id.uuid();
    let head = audit_heads::table
        .select((audit_heads::last_sequence, audit_heads::last_hash))
        .first::<(i64, Vec<u8>)>(tx.connection())
        .optional()?;
    let (mut at, mut hash) = (0_i64, Vec::new());
    loop {
        let entries = audit_entries::table
            .filter(audit_entries::sequence.gt(at))
            .order(audit_entries::sequence)
            .limit(BATCH)
            .select(StoredEntry::as_select())
            .load(tx.connection())?;
        if entries.is_empty() {
            break;
        }
        for entry in entries {
            let broken = |why| Ok(Verdict::Broken { at: at + 1, why });
            if entry.sequence != at + 1 {
                return broken("an entry is missing");
            }
            if entry.previous_hash != hash {
                return broken("it does not follow the entry before it");
            }
            if entry.expected_hash(account) != entry.hash {
                return broken("it was edited");
            }
            (at, hash) = (entry.sequence, entry.hash);
        }
    }
    match head {
        None if at == 0 => Ok(Verdict::Whole { entries: 0, head: Vec::new() }),
        Some((last, head)) if last == at && head == hash => Ok(Verdict::Whole { entries: at, head }),
        _ => Ok(Verdict::Broken { at: at + 1, why: "the log ends before its head" }),
    }
}
