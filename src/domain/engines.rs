//! The telephony engines that the platform's operator lets in.

use diesel::prelude::*;
use time::OffsetDateTime;

use crate::{
    access::{Change, OperatorTx},
    error::Error,
    schema::control::engines,
    values::{EngineId, EngineKey, Region},
};

/// Lets in an engine that serves the calls of `regions` and signs in with `key`. One that is
/// there already with the same key stays as it is.
///
/// # Errors
/// [`Error::Invalid`] on `name` or `region`.
pub fn create(
    tx: &mut OperatorTx<'_>,
    name: &str,
    regions: &[Region],
    key: &EngineKey,
) -> Result<Change<EngineId>, Error> {
    if !(1..=60).contains(&name.chars().count()) {
        return Err(Error::invalid("name", "The name is 1 to 60 characters."));
    }
    if regions.is_empty() {
        return Err(Error::invalid("region", "Name at least one region."));
    }
    let id = EngineId::new();
    diesel::insert_into(engines::table)
        .values((
            engines::engine_id.eq(id),
            engines::name.eq(name),
            engines::regions.eq(regions.iter().map(|region| region.as_str()).collect::<Vec<_>>()),
            engines::key_hash.eq(key.hash()),
        ))
        .on_conflict(engines::key_hash)
        .do_nothing()
        .execute(tx.connection())?;
    // Engines are the platform's: they stand in no account's log.
    Ok(Change::none(
        engines::table
            .filter(engines::key_hash.eq(key.hash()))
            .select(engines::engine_id)
            .first(tx.connection())?,
    ))
}

/// Keeps an engine out from now on; tells whether it was in. Its calls end at their deadline.
pub fn revoke(tx: &mut OperatorTx<'_>, id: EngineId) -> Result<Change<bool>, Error> {
    let one = engines::table.find(id).filter(engines::revoked_at.is_null());
    let revoked = diesel::update(one)
        .set(engines::revoked_at.eq(OffsetDateTime::now_utc()))
        .execute(tx.connection())?;
    Ok(Change::none(revoked == 1))
}
