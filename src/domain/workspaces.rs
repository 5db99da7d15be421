//! Logical divisions inside one account (`domain.md` 1.3).

use diesel::prelude::*;

use crate::{
    access::{
        InAccount, Tx,
        permission::{Includes, View},
    },
    error::Error,
    schema::control::workspaces,
    values::{Region, WorkspaceId},
};

/// The name of the workspace every account begins with.
const FIRST: &str = "Production";

/// Opens the first workspace of an account.
pub(crate) fn open_first(tx: &mut impl InAccount, region: &Region) -> Result<WorkspaceId, Error> {
    let id = WorkspaceId::new();
    diesel::insert_into(workspaces::table)
        .values((workspaces::workspace_id.eq(id), workspaces::name.eq(FIRST), workspaces::region.eq(region)))
        .execute(tx.rows())?;
    Ok(id)
}

/// The workspace an account began with: where things go that name none.
pub fn default<P: Includes<View>>(tx: &mut Tx<'_, P>) -> Result<WorkspaceId, Error> {
    Ok(workspaces::table
        .order((workspaces::created_at, workspaces::workspace_id))
        .select(workspaces::workspace_id)
        .first(tx.connection())?)
}

/// The workspace that an asker's new things go into: that of a workspace's key, else the one
/// the account began with.
pub fn target<P: Includes<View>>(tx: &mut Tx<'_, P>) -> Result<WorkspaceId, Error> {
    match tx.asker().workspace() {
        Some(workspace) => Ok(workspace),
        None => default(tx),
    }
}

/// The workspaces of the account with their names, by name.
///
/// # Errors
/// Those of the database.
pub fn names<P: Includes<View>>(tx: &mut Tx<'_, P>) -> Result<Vec<(WorkspaceId, String)>, Error> {
    Ok(workspaces::table
        .order((workspaces::name, workspaces::workspace_id))
        .limit(200)
        .select((workspaces::workspace_id, workspaces::name))
        .load(tx.connection())?)
}

/// Whether the account has this workspace.
pub(crate) fn exists<P: Includes<View>>(tx: &mut Tx<'_, P>, id: WorkspaceId) -> Result<bool, Error> {
    let found = workspaces::table.filter(workspaces::workspace_id.eq(id));
    Ok(diesel::select(diesel::dsl::exists(found)).get_result(tx.connection())?)
}
