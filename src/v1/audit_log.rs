//! The audit log of an account (`trust.md` S18).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::{
    access::{Denied, Scope, StoredEntry, permission::Administer},
    domain::audit::{self, Filter},
    error::Error,
    values::{AuditEntryId, Part},
};

use super::{
    reply::{List, Paging, Reply},
    request::Query,
    timestamp::Timestamp,
};

/// Who did it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Actor {
    /// `member`, `api_key`, `parent_administrator` or `platform`.
    #[serde(rename = "type")]
    #[schema(example = "member")]
    pub kind: String,
    /// What they are called in this log.
    #[schema(example = "Asha Rao")]
    pub name: String,
    /// Whether it was done within Access Dashboard.
    pub by_access_dashboard: bool,
}

/// An entry of an audit log.
#[derive(Debug, Serialize, ToSchema)]
pub struct Entry {
    /// Its id.
    pub audit_entry_id: AuditEntryId,
    /// Its place in the log, from 1, without gaps.
    #[schema(minimum = 1, example = 17)]
    pub sequence: i64,
    /// What was done.
    #[schema(example = "sub_account.created")]
    pub action: String,
    /// Who did it.
    pub actor: Actor,
    /// What it was done to, as people call it.
    #[schema(example = "Acme Telecom")]
    pub object: String,
    /// The id of that.
    #[schema(example = "sa_01jpcy1tmcfmda64tzxwf6k0h2")]
    pub object_id: String,
    /// Before, after and what else explains it.
    #[schema(value_type = Object)]
    pub details: Value,
    /// The address that the request came from; empty where it is not yours to know.
    #[schema(example = "203.0.113.7")]
    pub ip: String,
    /// The request.
    pub request_id: String,
    /// When.
    pub occurred_at: Timestamp,
}

impl From<StoredEntry> for Entry {
    fn from(entry: StoredEntry) -> Self {
        Self {
            audit_entry_id: entry.audit_entry_id,
            sequence: entry.sequence,
            action: entry.action,
            actor: Actor {
                kind: entry.actor_kind,
                name: entry.actor_name,
                by_access_dashboard: entry.delegation_id.is_some(),
            },
            object: entry.object,
            object_id: entry.object_id,
            details: entry.details,
            ip: entry.ip,
            request_id: entry.request_id,
            occurred_at: entry.occurred_at.into(),
        }
    }
}

/// Which entries.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LogQuery {
    /// The page, from 1.
    #[param(minimum = 1, maximum = 10000, example = 1)]
    page: Option<i64>,
    /// Rows on a page.
    #[param(minimum = 1, maximum = 100, example = 20)]
    limit: Option<i64>,
    /// `next_cursor` of the page before; `page` is then not looked at.
    #[param(pattern = "^[1-9][0-9]{0,17}$")]
    cursor: Option<String>,
}

/// Lists the audit log
///
/// The latest entries come first. Entries are never changed.
#[utoipa::path(get, path = "/audit-log", tag = "Audit log", operation_id = "listAuditLog", params(LogQuery),
    responses((status = 200, description = "A page of it.", body = List<Entry>)))]
pub async fn list(scope: Scope<Administer>, query: Query<LogQuery>) -> Result<Reply<List<Entry>>, Denied> {
    let LogQuery { page, limit, cursor } = query.0;
    let paging = Paging::of(page, limit, cursor)?;
    let from = paging.sequence()?;
    let limit = u16::try_from(paging.limit).map_err(Error::internal)?;
    let skip = paging.skip();
    let (slice, total) = scope
        .read(move |tx| {
            let total = audit::length(tx)?;
            let from = from.unwrap_or(total - skip + 1);
            Ok((audit::page(tx, &Filter::default(), Part::OlderThan(from), limit)?, total))
        })
        .await?;
    let next = slice.rows.last().filter(|_| slice.has_older).map(|row| row.sequence.to_string());
    Ok(Reply(List::new(slice.rows.into_iter().map(Entry::from).collect(), &paging, total, next)))
}
