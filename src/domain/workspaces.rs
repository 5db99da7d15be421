//! Logical divisions inside one account (`domain.md` 1.3).

use diesel::prelude::*;

use crate::{
    access::{Tx, permission::Permission},
    error::Error,
    schema::control::workspaces,
    values::{Region, WorkspaceId},
};

/// The name of the workspace every account begins with.
const FIRST: &str = "Production";

/// Opens the first workspace of an account.
pub fn open_first<P: Permission>(tx: &mut Tx<'_, P>, region: &Region) -> Result<(), Error> {
    diesel::insert_into(workspaces::table)
        .values((
            workspaces::workspace_id.eq(WorkspaceId::new()),
            workspaces::name.eq(FIRST),
            workspaces::region.eq(region),
        ))
        .execute(tx.connection())?;
    Ok(())
}
