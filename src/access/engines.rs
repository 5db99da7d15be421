//! Telephony engines: programs of the platform's own that ask for calls and report on them
//! (`domain.md` 6.6). They are no tenants: each call comes with a [`Lease`], which proves in
//! which account an engine acts.

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use diesel::{OptionalExtension, prelude::*};
use uuid::Uuid;

use crate::{
    error::Error,
    schema::control::{engines, number_directory, organizations, sub_accounts},
    values::{AccountId, CallId, E164, EngineId, EngineKey, OrganizationId, Region, Sealer},
};

use super::{
    Access, GateTx, Scope,
    permission::RecordCalls,
    pools::{connection, in_tenant},
    tx::{DatabaseRole, enter_gate_by_key, enter_gate_by_number, enter_gate_of_engine, transaction},
};

/// An engine that has signed in.
#[derive(Debug, Clone)]
pub struct Engine {
    /// Which.
    pub id: EngineId,
    /// What the operator called it.
    pub name: String,
    /// The regions whose calls it serves.
    pub regions: Vec<Region>,
}

/// What an engine is given with a call: which call, of whom, and where its content is. Only
/// this server makes leases and reads them; to others they are opaque.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The root of the tenant tree.
    pub organization: OrganizationId,
    /// The account that the call belongs to.
    pub account: AccountId,
    /// Where its content is.
    pub region: Region,
    /// The call.
    pub call: CallId,
}

/// What leases are sealed as, so that no other sealed text opens as one.
const CONTEXT: &[u8] = b"lease of a call";

impl Lease {
    /// The lease as text.
    ///
    /// # Errors
    /// [`Error::Internal`] when the operating system has no randomness.
    pub fn seal(&self, sealer: &Sealer) -> Result<String, Error> {
        let ids = [self.organization.uuid(), self.account.uuid(), self.call.uuid()];
        let plain: Vec<u8> =
            ids.iter().flat_map(Uuid::as_bytes).chain(self.region.as_str().as_bytes()).copied().collect();
        let sealed = sealer.seal(CONTEXT, &plain).map_err(Error::internal)?;
        Ok(BASE64URL_NOPAD.encode(&sealed))
    }

    /// The lease that `text` is; `None` when it is none of this server's.
    pub fn open(sealer: &Sealer, text: &str) -> Option<Self> {
        let plain = sealer.open(CONTEXT, &BASE64URL_NOPAD.decode(text.as_bytes()).ok()?)?;
        let (ids, region) = plain.split_at_checked(48)?;
        let id = |at: usize| Uuid::from_slice(&ids[16 * at..16 * (at + 1)]).ok();
        let organization = OrganizationId::from_uuid(id(0)?);
        Some(Self {
            organization,
            account: AccountId::of_row(organization, id(1)?),
            region: std::str::from_utf8(region).ok()?.parse().ok()?,
            call: CallId::from_uuid(id(2)?),
        })
    }
}

impl Access {
    /// The engine that presents a key. One look-up; nothing is remembered, so that a key that
    /// was revoked is refused at once.
    ///
    /// # Errors
    /// [`Error::SignedOut`] when there is no such engine, or no longer.
    pub async fn engine_by_key(self: &Arc<Self>, key: EngineKey) -> Result<Engine, Error> {
        self.run(move |access| {
            let mut pooled = connection(&access.gate)?;
            transaction(&mut pooled, true, |c| {
                enter_gate_by_key(c, &key.hash())?;
                let found = engines::table
                    .filter(engines::key_hash.eq(key.hash()).and(engines::revoked_at.is_null()))
                    .select((engines::engine_id, engines::name, engines::regions))
                    .first::<(EngineId, String, Vec<String>)>(c)
                    .optional()?;
                let (id, name, regions) = found.ok_or(Error::SignedOut)?;
                let regions = regions.iter().filter_map(|region| region.parse().ok()).collect();
                Ok(Engine { id, name, regions })
            })
        })
        .await
    }

    /// The account at which a dialled number rings, and where its call content is.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a number that is no account's.
    pub async fn account_of_number(
        self: &Arc<Self>,
        number: E164,
    ) -> Result<(OrganizationId, AccountId, Region), Error> {
        self.run(move |access| {
            let mut pooled = connection(&access.gate)?;
            let (organization, account) = transaction(&mut pooled, true, |c| {
                enter_gate_by_number(c, number.as_str())?;
                Ok(number_directory::table
                    .filter(number_directory::e164.eq(number.as_str()))
                    .select((number_directory::organization_id, number_directory::account_id))
                    .first::<(OrganizationId, Uuid)>(c)?)
            })?;
            drop(pooled);
            let account = AccountId::of_row(organization, account);
            let region =
                in_tenant(&access.control, true, DatabaseRole::Tenant, organization, account, |c| {
                    Ok(match account {
                        AccountId::Organization(id) => {
                            organizations::table.find(id).select(organizations::region).first(c)?
                        }
                        AccountId::SubAccount(id) => sub_accounts::table
                            .filter(sub_accounts::sub_account_id.eq(id))
                            .select(sub_accounts::region)
                            .first(c)?,
                    })
                })?;
            Ok((organization, account, region))
        })
        .await
    }

    /// A transaction at the gate for an engine: it sees the calls that wait for one.
    ///
    /// # Errors
    /// Those of `work`; [`Error::Busy`] when no connection is free in time.
    pub async fn gate_of_engine<T: Send + 'static>(
        self: &Arc<Self>,
        engine: EngineId,
        work: impl FnOnce(&mut GateTx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.run(move |access| {
            let mut pooled = connection(&access.gate)?;
            transaction(&mut pooled, false, |c| {
                enter_gate_of_engine(c, engine.uuid())?;
                work(&mut GateTx::new(c))
            })
        })
        .await
    }

    /// The scope in which an engine reports on a call.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the engine does not serve the call's region.
    pub fn scope_of_lease(
        self: &Arc<Self>,
        engine: &Engine,
        lease: &Lease,
    ) -> Result<Scope<RecordCalls>, Error> {
        if !engine.regions.contains(&lease.region) {
            return Err(Error::NotFound);
        }
        self.scope_of_job("engine", lease.organization, lease.account, lease.region.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_comes_back_and_nothing_else_does() {
        let sealer = Sealer::of(&[3; 32]);
        let organization = OrganizationId::new();
        for account in [organization.into(), crate::values::SubAccountId::new().into()] {
            let region = "india".parse().unwrap();
            let lease = Lease { organization, account, region, call: CallId::new() };
            let text = lease.seal(&sealer).unwrap();
            assert_eq!(Lease::open(&sealer, &text), Some(lease));
            assert_eq!(Lease::open(&Sealer::of(&[4; 32]), &text), None);
            assert_eq!(Lease::open(&sealer, &text[..60]), None);
        }
        let other = BASE64URL_NOPAD.encode(&sealer.seal(b"key_1", &[0; 60]).unwrap());
        assert_eq!(Lease::open(&sealer, &other), None);
    }
}
