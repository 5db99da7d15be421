//! What a key is.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    access::{Denied, Program},
    error::Error,
    values::{AccountId, ApiKeyId, KeyMode, KeyScopes, WorkspaceId},
};

use super::{reply::Reply, timestamp::Timestamp};

/// The key that asks.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// The key.
    pub key: OwnKey,
    /// The account it was made in.
    pub account: OwnAccount,
}

/// A key, as it is told to itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What people called it.
    #[schema(example = "CRM integration")]
    pub name: String,
    /// Whether its calls are real.
    #[serde(rename = "type")]
    pub mode: KeyMode,
    /// What it may do.
    pub scopes: KeyScopes,
    /// The one workspace it works in; null for the whole account.
    pub workspace_id: Option<WorkspaceId>,
    /// When it ends by itself; null for never.
    pub expires_at: Option<Timestamp>,
}

/// Which kind of account it is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// A parent account.
    Organization,
    /// A sub-account.
    SubAccount,
}

/// An account, as its own key sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnAccount {
    /// Its id.
    pub id: AccountId,
    /// Which kind it is.
    #[serde(rename = "type")]
    pub kind: AccountKind,
    /// Its name.
    #[schema(example = "Acme Corp")]
    pub name: String,
}

/// Tells what the key is
///
/// The key, what it may do, and the account it was made in. Any valid key may ask: a first
/// call to see that all is well.
#[utoipa::path(get, path = "/me", tag = "Keys", operation_id = "getMe",
    responses((status = 200, description = "The key and its account.", body = Me)))]
pub async fn show(program: Program) -> Result<Reply<Me>, Denied> {
    let asker = &program.0;
    let key = asker.principal.key().ok_or(Error::SignedOut)?;
    Ok(Reply(Me {
        key: OwnKey {
            id: key.id,
            name: key.name.clone(),
            mode: key.mode,
            scopes: key.scopes.clone(),
            workspace_id: key.workspace,
            expires_at: key.expires_at.map(Timestamp),
        },
        account: OwnAccount {
            id: asker.account.id,
            kind: match asker.account.id {
                AccountId::Organization(_) => AccountKind::Organization,
                AccountId::SubAccount(_) => AccountKind::SubAccount,
            },
            name: asker.account.name.clone(),
        },
    }))
}
