//! Concurrency limits, many at once (`domain.md` 3.2, 3.3).

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    access::{Denied, Scope, permission::ManageSubAccounts},
    domain::{
        limits::{self, LimitChange},
        sub_accounts::{
            allocation::{self, Allocation},
            create::limit_of,
        },
    },
    error::{Error, FieldError},
    values::SubAccountId,
};

use super::{
    reply::Reply,
    request::{Body, Object},
};

/// How the organization's concurrency is shared out: allocated + reserved = total.
#[derive(Debug, Serialize, ToSchema)]
pub struct Concurrency {
    /// Calls that the organization may have at the same time, with all its sub-accounts.
    #[schema(minimum = 0, example = 200)]
    pub total: i32,
    /// The sum of its sub-accounts' limits.
    #[schema(minimum = 0, example = 100)]
    pub allocated: i32,
    /// What is left for its own calls.
    #[schema(example = 100)]
    pub parent_reserved: i32,
    /// What can be allocated now.
    #[schema(minimum = 0, example = 100)]
    pub free: i32,
}

impl From<Allocation> for Concurrency {
    fn from(shares: Allocation) -> Self {
        Self {
            total: shares.total,
            allocated: shares.allocated,
            parent_reserved: shares.parent_reserved(),
            free: shares.free(),
        }
    }
}

/// Shows how concurrency is shared out
#[utoipa::path(get, path = "/limits", tag = "Limits", operation_id = "getLimits",
    responses((status = 200, description = "The shares.", body = Concurrency)))]
pub async fn show(scope: Scope<ManageSubAccounts>) -> Result<Reply<Concurrency>, Denied> {
    Ok(Reply(scope.overview(allocation::current).await?.into()))
}

/// A limit to be set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLimit {
    /// Whose limit.
    sub_account_id: SubAccountId,
    /// The calls that it may have at the same time.
    #[schema(minimum = 0, maximum = 1000000, example = 25)]
    concurrency_limit: i64,
    /// The limit that you read: when somebody else changed it since, nothing is changed and
    /// the answer is 409 `limit_changed`.
    #[schema(minimum = 0, maximum = 1000000, example = 10)]
    seen: Option<i32>,
}

/// Limits to be set together.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLimits {
    /// Each sub-account at most once.
    #[schema(value_type = Vec<NewLimit>, min_items = 1, max_items = 1000)]
    limits: Vec<Object<NewLimit>>,
}

/// Most limits in one request.
const MOST: usize = 1_000;

/// Sets many limits at once
///
/// All or none. They act on new calls at once and end none: calls beyond a lowered limit
/// go on and stay counted. More than is free is refused with 409
/// `concurrency_unavailable`.
#[utoipa::path(put, path = "/limits", tag = "Limits", operation_id = "setLimits",
    request_body(content = NewLimits, example = json!({
        "limits": [{ "sub_account_id": "sa_01jpcy1tmcfmda64tzxwf6k0h2", "concurrency_limit": 25, "seen": 10 }]
    })),
    responses((status = 200, description = "The shares after it.", body = Concurrency)))]
pub async fn set(
    scope: Scope<ManageSubAccounts>,
    body: Body<NewLimits>,
) -> Result<Reply<Concurrency>, Denied> {
    let asked = body.into_inner().limits;
    if !(1..=MOST).contains(&asked.len()) {
        return Err(Error::invalid("limits", format!("Send 1 to {MOST} limits.")).into());
    }
    let (mut ids, mut changes, mut wrong) = (HashSet::new(), Vec::new(), Vec::new());
    for (at, Object(limit)) in asked.iter().enumerate() {
        match limit_of(Some(limit.concurrency_limit)) {
            Ok(to) => changes.push(LimitChange { id: limit.sub_account_id, seen: limit.seen, to }),
            Err(error) => {
                wrong.push(FieldError::new(format!("limits[{at}].concurrency_limit"), error.message))
            }
        }
        // No schema can say it, so that it is no fault of the fields.
        if !ids.insert(limit.sub_account_id) {
            let message = format!("{} stands here twice.", limit.sub_account_id);
            return Err(Error::Conflict { code: "named_twice", message }.into());
        }
    }
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong).into());
    }
    let shares = scope.write(move |tx| limits::change(tx, &changes)?.try_map(limits::Outcome::done)).await?;
    Ok(Reply(shares.into()))
}
