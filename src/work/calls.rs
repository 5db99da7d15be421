//! Calls that nobody reports of any more, and simulated ones.

use std::sync::Arc;

use crate::{
    access::{Access, Change, permission::RecordCalls},
    domain::{
        calls::{engine, test_calls},
        limits::leases,
    },
    error::Error,
};

/// As many as are looked for at a time.
const BATCH: i64 = 100;

/// Closes calls whose deadline has passed; tells whether there were any. What goes wrong with
/// one holds up no other.
pub async fn close_overdue(access: &Arc<Access>) -> Result<bool, Error> {
    let overdue = access.gate(None, |tx| leases::overdue(tx, BATCH)).await?;
    let (mut closed, mut failed) = (false, None);
    for call in overdue {
        match engine::close_overdue(access, call).await {
            Ok(()) => closed = true,
            Err(error) => failed = Some(error),
        }
    }
    failed.map_or(Ok(closed), Err)
}

/// Lets happen to simulated calls what is due; tells whether there were any.
pub async fn advance_tests(access: &Arc<Access>) -> Result<bool, Error> {
    let mut found = false;
    for (region, due) in access.look_in_each_region(|tx| test_calls::due(tx, BATCH)).await? {
        for test in due {
            let scope = access.scope_of_job::<RecordCalls>(
                "test calls",
                test.organization,
                test.account(),
                region.clone(),
            )?;
            scope.write_region(move |tx| test_calls::advance(tx, test.call).map(Change::none)).await?;
            found = true;
        }
    }
    Ok(found)
}
