//! Audit entries of what is changed in a region: written there with the change, relayed to
//! the account's log in the control database.
//!
//! No transaction spans both databases. An entry's id is fixed when it is written, and the
//! log takes an id once, so that it does not matter how often an entry is relayed, by whom
//! and after which crash: it stands in the log exactly once.

use std::sync::Arc;

use diesel::{OptionalExtension, PgConnection, dsl::now, prelude::*};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    error::Error,
    schema::{control::sub_accounts, region::outbox},
    values::{AccountId, AuditEntryId, OrganizationId, Region, SubAccountStatus},
};

use super::{
    Access, GateTx,
    change::{Entry, append_once},
    pools::{Connections, connection, in_tenant},
    tx::{DatabaseRole, enter_gate_role, transaction},
};

/// As many entries of one account as are relayed at a time.
const BATCH: i64 = 100;
/// As many accounts of one region as are looked for at a time.
const ACCOUNTS: i64 = 50;

/// Writes entries into the outbox of the account that `connection` is in, by the
/// transaction of the change that they tell of.
pub(super) fn keep(connection: &mut PgConnection, entries: &[Entry]) -> Result<(), Error> {
    let rows = entries
        .iter()
        .map(|entry| {
            let content = serde_json::to_value(entry).map_err(Error::internal)?;
            Ok((outbox::audit_entry_id.eq(entry.id), outbox::entry.eq(content)))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    if !rows.is_empty() {
        diesel::insert_into(outbox::table).values(rows).execute(connection)?;
    }
    Ok(())
}

impl Access {
    /// Relays entries that were just written. What goes wrong here is no fault of the change
    /// that they tell of, which is kept: [`Access::relay_left_behind`] comes back to it.
    pub(super) fn relay_promptly(
        &self,
        region: &Region,
        organization: OrganizationId,
        account: AccountId,
        entries: Vec<Entry>,
    ) {
        if entries.is_empty() {
            return;
        }
        if let Err(error) = self.relay(region, organization, account, entries) {
            tracing::warn!(%error, "audit entries of a region are relayed later");
        }
    }

    fn relay(
        &self,
        region: &Region,
        organization: OrganizationId,
        account: AccountId,
        entries: Vec<Entry>,
    ) -> Result<(), Error> {
        let relayed: Vec<AuditEntryId> = entries.iter().map(|entry| entry.id).collect();
        for entry in entries {
            // A row of one account tells of it in its own log and in that of the
            // organization above it, nowhere else.
            if entry.log != account && entry.log != organization.into() {
                return Err(Error::internal(format!("an entry of {account} is meant for {}", entry.log)));
            }
            let log = entry.log;
            in_tenant(&self.control, false, DatabaseRole::Tenant, organization, log, |c| {
                append_once(c, entry, |c| is_open(c, log))
            })?;
        }
        in_tenant(self.region(region)?, false, DatabaseRole::Tenant, organization, account, |c| {
            diesel::delete(outbox::table.filter(outbox::audit_entry_id.eq_any(&relayed))).execute(c)?;
            Ok(())
        })
    }

    /// Relays what a crash or a lost connection left behind; tells whether there was any.
    ///
    /// # Errors
    /// The last of what went wrong; the other accounts' entries are relayed all the same.
    pub async fn relay_left_behind(self: &Arc<Self>) -> Result<bool, Error> {
        self.run(|access| {
            let (mut found, mut failed) = (false, None);
            for region in access.regions.keys() {
                for (organization, account) in access.left_behind(region)? {
                    match access.relay_some(region, organization, account) {
                        Ok(relayed) => found |= relayed,
                        Err(error) => failed = Some(error),
                    }
                }
            }
            failed.map_or(Ok(found), Err)
        })
        .await
    }

    /// A transaction at the gate of each region's database, for nobody in particular: what
    /// background work does in all of them.
    ///
    /// # Errors
    /// The first of `work`; [`Error::Busy`] when no connection is free in time.
    pub async fn gate_of_each_region(
        self: &Arc<Self>,
        work: impl Fn(&mut GateTx<'_>) -> Result<usize, Error> + Send + 'static,
    ) -> Result<usize, Error> {
        self.run(move |access| {
            access.regions.values().try_fold(0, |done, region| {
                let mut pooled = connection(region)?;
                let here = transaction(&mut pooled, false, |c| {
                    enter_gate_role(c)?;
                    work(&mut GateTx::new(c))
                })?;
                Ok(done + here)
            })
        })
        .await
    }

    /// What the gate of each region's database sees.
    ///
    /// # Errors
    /// The first of `work`; [`Error::Busy`] when no connection is free in time.
    pub async fn look_in_each_region<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl Fn(&mut GateTx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<Vec<(Region, T)>, Error> {
        self.run(move |access| {
            let look = |(region, pool): (&Region, &Connections)| {
                let mut pooled = connection(pool)?;
                let seen = transaction(&mut pooled, true, |c| {
                    enter_gate_role(c)?;
                    work(&mut GateTx::new(c))
                })?;
                Ok((region.clone(), seen))
            };
            access.regions.iter().map(look).collect()
        })
        .await
    }

    /// Accounts of a region that have entries in their outbox for longer than it takes.
    fn left_behind(&self, region: &Region) -> Result<Vec<(OrganizationId, AccountId)>, Error> {
        let mut pooled = connection(self.region(region)?)?;
        let accounts = transaction(&mut pooled, true, |c| {
            enter_gate_role(c)?;
            // Row-level security shows the gate the old ones alone.
            Ok(outbox::table
                .filter(outbox::written_at.lt(now))
                .select((outbox::organization_id, outbox::account_id))
                .distinct()
                .limit(ACCOUNTS)
                .load::<(Uuid, Uuid)>(c)?)
        })?;
        Ok(accounts.into_iter().map(|(organization, account)| of_rows(organization, account)).collect())
    }

    fn relay_some(
        &self,
        region: &Region,
        organization: OrganizationId,
        account: AccountId,
    ) -> Result<bool, Error> {
        let rows = in_tenant(self.region(region)?, true, DatabaseRole::Tenant, organization, account, |c| {
            Ok(outbox::table
                .order(outbox::audit_entry_id)
                .limit(BATCH)
                .select(outbox::entry)
                .load::<Value>(c)?)
        })?;
        let entries = rows
            .into_iter()
            .map(|entry| serde_json::from_value(entry).map_err(Error::internal))
            .collect::<Result<Vec<Entry>, Error>>()?;
        let found = !entries.is_empty();
        self.relay(region, organization, account, entries)?;
        Ok(found)
    }
}

/// The tenant that a row names.
fn of_rows(organization: Uuid, account: Uuid) -> (OrganizationId, AccountId) {
    let organization = OrganizationId::from_uuid(organization);
    (organization, AccountId::of_row(organization, account))
}

/// Whether an account's log may grow: that of a sub-account that is being erased, or is
/// erased, stays closed.
fn is_open(connection: &mut PgConnection, log: AccountId) -> Result<bool, Error> {
    let AccountId::SubAccount(id) = log else { return Ok(true) };
    let status = sub_accounts::table
        .filter(sub_accounts::sub_account_id.eq(id))
        .select(sub_accounts::status)
        .first::<SubAccountStatus>(connection)
        .optional()?;
    Ok(!matches!(status, None | Some(SubAccountStatus::Deleting)))
}
