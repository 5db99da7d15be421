//! A write and the audit entry without which it cannot be built (`trust.md` S18).
//!
//! Entries of one account form a chain: each holds the hash of the one before, and the
//! account's head row is locked while one is added, so that entries neither fork nor
//! vanish unseen.

use diesel::{OptionalExtension, PgConnection, prelude::*};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    error::Error,
    schema::control::{audit_entries, audit_heads},
    values::{AccountId, AuditEntryId, EventKind, OrganizationId, SubAccountId},
};

use super::{
    outbox::{Notice, publish},
    principal::{Asker, Principal, RequestFacts, Standing},
    tx::{DatabaseRole, enter_tenant},
};

/// What happened to what: one line of an account's audit log.
#[derive(Debug, Clone)]
pub struct Event {
    /// The account in whose log it stands.
    pub account: AccountId,
    /// A stable name, such as `sub_account.suspended`.
    pub action: &'static str,
    /// What it was done to, as people call it.
    pub object: String,
    /// The id of what it was done to.
    pub object_id: String,
    /// Before, after and what else explains it; never a secret.
    pub details: Value,
}

/// The result of a write, with the events that tell of it, and what webhooks are told.
#[derive(Debug)]
pub struct Change<T> {
    pub(super) value: T,
    pub(super) events: Vec<Event>,
    pub(super) notices: Vec<Notice>,
}

impl<T> Change<T> {
    /// A write that `event` tells of.
    pub fn new(value: T, event: Event) -> Self {
        Self { value, events: vec![event], notices: Vec::new() }
    }

    /// A write that several events tell of, in the logs of both sides.
    pub fn told_by(value: T, first: Event, others: impl IntoIterator<Item = Event>) -> Self {
        Self { value, events: std::iter::once(first).chain(others).collect(), notices: Vec::new() }
    }

    /// The same write with another result, unless that is an error: then nothing is kept.
    ///
    /// # Errors
    /// That of `map`.
    pub fn try_map<U, E>(self, map: impl FnOnce(T) -> Result<U, E>) -> Result<Change<U>, E> {
        Ok(Change { value: map(self.value)?, events: self.events, notices: self.notices })
    }

    /// This write and another in the same transaction: the first's result, both's events.
    pub fn and<U>(mut self, other: Change<U>) -> Self {
        self.events.extend(other.events);
        self.notices.extend(other.notices);
        self
    }

    /// This write, told to the webhooks of an account too: one notice for each side.
    pub fn publishing(mut self, notice: Notice) -> Self {
        self.notices.push(notice);
        self
    }

    /// This write, told alike to the webhooks of a sub-account and to its organization's.
    pub fn publishing_to_both(
        self,
        organization: OrganizationId,
        sub_account: SubAccountId,
        kind: EventKind,
        data: Value,
    ) -> Self {
        self.publishing(Notice::new(organization, kind, data.clone())).publishing(Notice::new(
            sub_account,
            kind,
            data,
        ))
    }

    /// With its events in the order in which all writes lock the accounts' logs, so that no
    /// two wait for each other.
    fn in_order_of_logs(mut self) -> Self {
        self.events.sort_by_key(|event| event.account);
        self.notices.sort_by_key(|notice| notice.account);
        self
    }

    /// What a parent's people or programs do to a sub-account from above stands in their own
    /// log too, told once (`domain.md` 2.5).
    pub(super) fn told_above(mut self, asker: &Asker) -> Self {
        let above: AccountId = asker.account.organization.into();
        if asker.standing == Standing::ParentAdministrator {
            let told = |events: &[Event], event: &Event| {
                events
                    .iter()
                    .any(|e| e.account == above && e.action == event.action && e.object_id == event.object_id)
            };
            let missing: Vec<_> =
                self.events.iter().filter(|event| !told(&self.events, event)).cloned().collect();
            self.events.extend(missing.into_iter().map(|event| Event { account: above, ..event }));
            let told = |kind| self.notices.iter().any(|n| n.account == above && n.kind == kind);
            let missing: Vec<_> = self.notices.iter().filter(|n| !told(n.kind)).cloned().collect();
            self.notices.extend(missing.into_iter().map(|notice| {
                let mut data = notice.data;
                if let Value::Object(fields) = &mut data {
                    fields.insert("sub_account_id".into(), notice.account.to_string().into());
                }
                Notice::new(above, notice.kind, data)
            }));
        }
        self
    }

    /// Keeps what tells of the write, by its own transaction, and gives what it results in:
    /// news for webhooks first, then the logs, each in its account. `connection` is in
    /// `account` as `role` before, and wherever the last one was for after it.
    pub(super) fn keep(
        self,
        connection: &mut PgConnection,
        role: DatabaseRole,
        organization: OrganizationId,
        mut account: AccountId,
        author: Author<'_>,
    ) -> Result<T, Error> {
        let mut enter = |connection: &mut PgConnection, wanted: AccountId| {
            if account == wanted {
                return Ok(());
            }
            account = wanted;
            enter_tenant(connection, role, organization, wanted)
        };
        let Self { value, events, notices } = self.in_order_of_logs();
        for notices in notices.chunk_by(|one, next| one.account == next.account) {
            enter(connection, notices[0].account)?;
            publish(connection, notices)?;
        }
        for event in events {
            enter(connection, event.account)?;
            append(connection, author, event)?;
        }
        Ok(value)
    }

    /// What the write results in.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// Nothing was changed, so there is nothing to tell.
    pub fn none(value: T) -> Self {
        Self { value, events: Vec::new(), notices: Vec::new() }
    }
}

/// How a sub-account's log calls the kind of actor that its parent's people are.
const PARENT: &str = "parent_administrator";

/// Who writes into a log, from where.
#[derive(Clone, Copy)]
pub(super) struct Author<'a> {
    principal: &'a Principal,
    account: AccountId,
    /// Whether they act on a sub-account from above it.
    is_above: bool,
    brand: &'a str,
    request: &'a RequestFacts,
}

impl<'a> Author<'a> {
    /// Somebody who acts in an account.
    pub(super) fn of(asker: &'a Asker) -> Self {
        Self {
            principal: &asker.principal,
            account: asker.account.id,
            is_above: asker.standing == Standing::ParentAdministrator,
            brand: &asker.account.brand_beneath,
            request: &asker.request,
        }
    }

    /// One whom no brand names, who acts in `account`: the platform itself, or somebody who
    /// acts on themselves.
    pub(super) fn unbranded(principal: &'a Principal, account: AccountId, request: &'a RequestFacts) -> Self {
        Self { principal, account, is_above: false, brand: "", request }
    }

    /// How the one who acted is named in the log of `account`: a sub-account's log names
    /// a parent's administrator by the brand (`domain.md` 2.5).
    fn named_in(&self, account: AccountId) -> (&'static str, Option<Uuid>, String) {
        let from_parent = self.is_above || account != self.account;
        match self.principal {
            Principal::Platform(work) => ("platform", None, (*work).to_owned()),
            _ if from_parent && matches!(account, AccountId::SubAccount(_)) => {
                (PARENT, None, format!("{} administrator", self.brand))
            }
            Principal::Member(person) | Principal::Delegate(person, _) => {
                ("member", Some(person.id.uuid()), person.name.clone())
            }
            Principal::Key(key) => ("api_key", Some(key.id.uuid()), key.name.clone()),
        }
    }
}

/// One entry as it is stored and hashed.
#[derive(Debug, Clone, Insertable, Queryable, Selectable)]
#[diesel(table_name = audit_entries)]
pub struct StoredEntry {
    /// Its place in the account's chain, from 1.
    pub sequence: i64,
    /// Its id.
    pub audit_entry_id: AuditEntryId,
    /// When, to the microsecond.
    pub occurred_at: OffsetDateTime,
    /// `member`, `api_key`, `parent_administrator` or `platform`.
    pub actor_kind: String,
    /// The member, or the key.
    pub actor_id: Option<Uuid>,
    /// The actor as this log may name them.
    pub actor_name: String,
    /// The stay in which it was done, by Access Dashboard.
    pub delegation_id: Option<Uuid>,
    /// What was done.
    pub action: String,
    /// To what.
    pub object: String,
    /// Its id.
    pub object_id: String,
    /// Before, after and more.
    pub details: Value,
    /// The peer's address.
    pub ip: String,
    /// The request.
    pub request_id: String,
    /// The hash of the entry before; empty for the first.
    pub previous_hash: Vec<u8>,
    /// SHA-256 over all of the above and the account.
    pub hash: Vec<u8>,
}

impl StoredEntry {
    /// What [`StoredEntry::hash`] must be for the entry to be as it was written.
    pub fn expected_hash(&self, account: Uuid) -> Vec<u8> {
        let content = serde_json::json!([
            account,
            self.sequence,
            self.audit_entry_id,
            self.occurred_at.unix_timestamp_nanos() / 1_000,
            self.actor_kind,
            self.actor_id,
            self.actor_name,
            self.delegation_id,
            self.action,
            self.object,
            self.object_id,
            self.details,
            self.ip,
            self.request_id,
        ]);
        Sha256::new()
            .chain_update(&self.previous_hash)
            .chain_update(content.to_string().as_bytes())
            .finalize()
            .to_vec()
    }
}

/// One entry before it has its place in a chain.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    /// The account in whose log it stands.
    pub(super) log: AccountId,
    /// Its id, fixed when it is written.
    pub(super) id: AuditEntryId,
    #[serde(with = "time::serde::rfc3339")]
    occurred_at: OffsetDateTime,
    actor_kind: String,
    actor_id: Option<Uuid>,
    actor_name: String,
    delegation_id: Option<Uuid>,
    action: String,
    object: String,
    object_id: String,
    details: Value,
    ip: String,
    request_id: String,
}

impl Author<'_> {
    /// The entry that tells of `event`, which happened now.
    pub(super) fn entry(&self, event: Event) -> Entry {
        let (actor_kind, actor_id, actor_name) = self.named_in(event.account);
        let now = OffsetDateTime::now_utc();
        Entry {
            log: event.account,
            id: AuditEntryId::new(),
            // The database keeps microseconds: what is hashed must be what is read back.
            occurred_at: now.replace_nanosecond(now.microsecond() * 1_000).unwrap_or(now),
            actor_kind: actor_kind.to_owned(),
            actor_id,
            actor_name,
            delegation_id: self.principal.delegation().map(|delegation| delegation.id.uuid()),
            action: event.action.to_owned(),
            object: event.object,
            object_id: event.object_id,
            details: event.details,
            // Where the parent's people sit is not the sub-account's to know.
            ip: if actor_kind == PARENT { String::new() } else { self.request.ip.clone() },
            request_id: self.request.request_id.clone(),
        }
    }
}

/// Adds `event` to the log of the account that `connection` is in.
pub(super) fn append(connection: &mut PgConnection, author: Author<'_>, event: Event) -> Result<(), Error> {
    let head = lock_head(connection)?;
    chain(connection, head, author.entry(event))
}

/// Adds `entry` to the log of the account that `connection` is in, unless it is there
/// already or the log is closed.
pub(super) fn append_once(
    connection: &mut PgConnection,
    entry: Entry,
    is_open: impl FnOnce(&mut PgConnection) -> Result<bool, Error>,
) -> Result<(), Error> {
    let head = lock_head(connection)?;
    // Whoever relays the same entry waited for the head and sees what the first one did.
    let is_there = audit_entries::table.filter(audit_entries::audit_entry_id.eq(entry.id));
    if diesel::select(diesel::dsl::exists(is_there)).get_result::<bool>(connection)? || !is_open(connection)?
    {
        return Ok(());
    }
    chain(connection, head, entry)
}

fn chain(connection: &mut PgConnection, head: (i64, Vec<u8>), entry: Entry) -> Result<(), Error> {
    let (last, previous_hash) = head;
    let log = entry.log.uuid();
    let mut entry = StoredEntry {
        sequence: last + 1,
        audit_entry_id: entry.id,
        occurred_at: entry.occurred_at,
        actor_kind: entry.actor_kind,
        actor_id: entry.actor_id,
        actor_name: entry.actor_name,
        delegation_id: entry.delegation_id,
        action: entry.action,
        object: entry.object,
        object_id: entry.object_id,
        details: entry.details,
        ip: entry.ip,
        request_id: entry.request_id,
        previous_hash,
        hash: Vec::new(),
    };
    entry.hash = entry.expected_hash(log);
    diesel::update(audit_heads::table)
        .set((audit_heads::last_sequence.eq(entry.sequence), audit_heads::last_hash.eq(&entry.hash)))
        .execute(connection)?;
    diesel::insert_into(audit_entries::table).values(&entry).execute(connection)?;
    Ok(())
}

/// Locks the head of an account's chain, and makes it first where there is none.
fn lock_head(connection: &mut PgConnection) -> Result<(i64, Vec<u8>), Error> {
    let head = audit_heads::table
        .select((audit_heads::last_sequence, audit_heads::last_hash))
        .for_update()
        .first::<(i64, Vec<u8>)>(connection)
        .optional()?;
    match head {
        Some(head) => Ok(head),
        None => first_head(connection),
    }
}

/// Makes the head of an account's chain, or waits for whoever is making it.
fn first_head(connection: &mut PgConnection) -> Result<(i64, Vec<u8>), Error> {
    diesel::insert_into(audit_heads::table)
        .values((audit_heads::last_sequence.eq(0), audit_heads::last_hash.eq(Vec::<u8>::new())))
        .on_conflict_do_nothing()
        .execute(connection)?;
    Ok(audit_heads::table
        .select((audit_heads::last_sequence, audit_heads::last_hash))
        .for_update()
        .first(connection)?)
}
