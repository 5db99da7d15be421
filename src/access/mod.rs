//! Who asks, where, and may they: the only door to data.
//!
//! - [`permission`]: what one may do, as types.
//! - [`principal`]: who asks, from where, in which account.
//! - [`authenticate`]: finds that out, anew at each request.
//! - [`scope`]: the proof a handler asks for, and the transactions it opens.
//! - [`tx`]: a transaction with its tenant set.
//! - [`change`]: a write with its audit entry.
//! - [`engines`]: telephony engines, and the leases by which they act.
//! - [`outbox`]: what webhooks are told of a write, kept by its commit.
//! - [`deed`]: a write of somebody about themselves, told in the logs of their accounts.
//! - [`link`]: coming by the link of an invitation.
//! - [`relay`]: audit entries of changes in a region, on their way to the log.
//! - [`session_store`]: sessions in the database.
//!
//! The pools are private to this module.

mod authenticate;
mod change;
mod deed;
mod denied;
mod engines;
mod link;
mod outbox;
pub mod permission;
mod pools;
pub mod principal;
mod relay;
mod scope;
pub mod session_store;
mod tx;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use actix_web::web;
use diesel::PgConnection;
use object_store::ObjectStore;

use crate::{
    error::Error,
    values::{AccountId, KeyText, OrganizationId, PaymentId, Region, SessionId, SubAccountId, UserId},
};

pub use authenticate::PRODUCT_NAME;
pub use change::{Change, Event, StoredEntry};
pub use deed::Deed;
pub use denied::Denied;
pub use engines::{Engine, Lease};
pub use link::LinkTx;
pub use outbox::Notice;
pub use scope::{Program, Scope, facts};
pub(crate) use tx::InAccount;
pub use tx::{Control, EraserTx, GateTx, OperatorTx, Overview, RegionTx, Regional, Tx};

use change::Author;
use pools::{Connections, connect, connection, in_tenant};
use principal::{Account, Asker, Person, Principal, RequestFacts, Standing};
use tx::{DatabaseRole, enter_gate, enter_gate_by_key, enter_gate_by_payment, transaction};

/// Where recordings are kept: one store per region.
pub type Objects = Arc<dyn ObjectStore>;

/// The id of a request, which stands in the log, in the answer's header, on error pages
/// and in the audit log.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// What access is made of.
pub struct AccessSettings {
    /// The control database, as the unprivileged login role.
    pub control_url: String,
    /// The region databases, likewise.
    pub region_urls: BTreeMap<Region, String>,
    /// The object stores.
    pub object_stores: BTreeMap<Region, Objects>,
    /// Most connections to each database.
    pub connections: u32,
    /// How long a call's place is held without a sign of life.
    pub lease: Duration,
}

/// The program's access to its data. Everything it gives is bound to a tenant.
pub struct Access {
    /// Connections that are the gate for good: who asks is found out in few steps.
    gate: Connections,
    control: Connections,
    regions: BTreeMap<Region, Connections>,
    object_stores: BTreeMap<Region, Objects>,
    lease: Duration,
}

impl Access {
    /// Opens the databases.
    ///
    /// # Errors
    /// When one cannot be reached.
    pub fn open(settings: AccessSettings) -> Result<Arc<Self>, Error> {
        let regions = settings
            .region_urls
            .into_iter()
            .map(|(region, url)| Ok((region, connect(&url, settings.connections, None)?)))
            .collect::<Result<_, Error>>()?;
        Ok(Arc::new(Self {
            gate: connect(&settings.control_url, settings.connections, Some(DatabaseRole::Gate))?,
            control: connect(&settings.control_url, settings.connections, None)?,
            regions,
            object_stores: settings.object_stores,
            lease: settings.lease,
        }))
    }

    /// The regions one can choose.
    pub fn regions(&self) -> impl Iterator<Item = &Region> {
        self.regions.keys()
    }

    /// How long a call's place is held without a sign of life.
    pub fn lease(&self) -> Duration {
        self.lease
    }

    fn region(&self, region: &Region) -> Result<&Connections, Error> {
        self.regions.get(region).ok_or_else(|| Error::internal(format!("region {region} is not configured")))
    }

    fn objects(&self, region: &Region) -> Result<&Objects, Error> {
        self.object_stores
            .get(region)
            .ok_or_else(|| Error::internal(format!("region {region} has no object store")))
    }

    async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let access = self.clone();
        web::block(move || work(&access)).await.map_err(Error::internal)?
    }

    /// A transaction at the gate, for one person or for nobody in particular.
    ///
    /// # Errors
    /// Those of `work`; [`Error::Busy`] when no connection is free in time.
    pub async fn gate<T: Send + 'static>(
        self: &Arc<Self>,
        person: Option<UserId>,
        work: impl FnOnce(&mut GateTx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.run(move |access| access.gate_now(person, |c| work(&mut GateTx::new(c)))).await
    }

    /// A transaction at the gate that sees the one payment that a provider or the operator names.
    ///
    /// # Errors
    /// Those of `work`; [`Error::Busy`] when no connection is free in time.
    pub async fn gate_of_payment<T: Send + 'static>(
        self: &Arc<Self>,
        payment: PaymentId,
        work: impl FnOnce(&mut GateTx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.run(move |access| {
            let mut pooled = connection(&access.gate)?;
            transaction(&mut pooled, true, |c| {
                enter_gate_by_payment(c, payment.uuid())?;
                work(&mut GateTx::new(c))
            })
        })
        .await
    }

    /// One statement at the gate, for nobody in particular, without a transaction.
    async fn ask_gate<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut PgConnection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.run(move |access| work(&mut *connection(&access.gate)?)).await
    }

    fn gate_now<T>(
        &self,
        person: Option<UserId>,
        work: impl FnOnce(&mut PgConnection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut pooled = connection(&self.gate)?;
        transaction(&mut pooled, false, |c| {
            enter_gate(c, person.map(UserId::uuid))?;
            work(c)
        })
    }

    /// The person who is signed in.
    ///
    /// # Errors
    /// [`Error::SignedOut`] when the person is gone.
    pub async fn person(self: &Arc<Self>, user: UserId, session: SessionId) -> Result<Person, Error> {
        self.run(move |access| access.gate_now(Some(user), |c| authenticate::person(c, user, session))).await
    }

    async fn asker(
        self: &Arc<Self>,
        user: UserId,
        session: SessionId,
        account: AccountId,
        request: RequestFacts,
    ) -> Result<Asker, Error> {
        self.run(move |access| {
            access.gate_now(Some(user), |c| authenticate::asker(c, user, session, account, request))
        })
        .await
    }

    /// Who a person is in an account now, if they are still signed in.
    async fn asker_again(
        self: &Arc<Self>,
        user: UserId,
        session: SessionId,
        account: AccountId,
        request: RequestFacts,
    ) -> Result<Asker, Error> {
        self.run(move |access| {
            access.gate_now(Some(user), |c| {
                if !authenticate::is_signed_in(c, user, session)? {
                    return Err(Error::SignedOut);
                }
                authenticate::asker(c, user, session, account, request)
            })
        })
        .await
    }

    /// The program that presents a key.
    ///
    /// # Errors
    /// [`Error::SignedOut`] when there is no such key, or no longer.
    pub async fn asker_by_key(self: &Arc<Self>, key: KeyText, request: RequestFacts) -> Result<Asker, Error> {
        self.run(move |access| {
            let mut pooled = connection(&access.gate)?;
            transaction(&mut pooled, false, |c| {
                enter_gate_by_key(c, &key.hash())?;
                authenticate::by_key(c, &key, request)
            })
        })
        .await
    }

    /// The scope of a member outside a request: loading the demo organization.
    ///
    /// # Errors
    /// As for a request of theirs.
    pub async fn scope_of_member<P: permission::Permission>(
        self: &Arc<Self>,
        user: UserId,
        account: AccountId,
    ) -> Result<Scope<P>, Error> {
        let asker = self.asker(user, SessionId::new(), account, RequestFacts::default()).await?;
        Scope::prove(self.clone(), asker)
    }

    /// A transaction of the platform's operator in one account of an organization: the
    /// change and its audit entries are kept together or not at all.
    ///
    /// # Errors
    /// Those of `work`; [`Error::Busy`] when no connection is free in time.
    pub async fn operate<T: Send + 'static>(
        self: &Arc<Self>,
        organization: OrganizationId,
        account: AccountId,
        work: impl FnOnce(&mut OperatorTx<'_>) -> Result<Change<T>, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.run(move |access| {
            in_tenant(&access.control, false, DatabaseRole::Operator, organization, account, |c| {
                let change = work(&mut OperatorTx::new(c, organization, account))?;
                let (operator, request) = (Principal::Platform("operator"), RequestFacts::default());
                let author = Author::unbranded(&operator, account, &request);
                change.keep(c, DatabaseRole::Operator, organization, account, author)
            })
        })
        .await
    }

    /// The platform's own scope in an account that a job's row names.
    pub fn scope_of_job<P: permission::Permission>(
        self: &Arc<Self>,
        work: &'static str,
        organization: OrganizationId,
        account: AccountId,
        region: Region,
    ) -> Result<Scope<P>, Error> {
        let account = Account {
            organization,
            id: account,
            name: String::new(),
            region,
            brand: PRODUCT_NAME.to_owned(),
            brand_beneath: PRODUCT_NAME.to_owned(),
            sub_account: None,
            sub_accounts_enabled: true,
        };
        let (principal, standing) = (Principal::Platform(work), Standing::Platform);
        Scope::prove(
            self.clone(),
            Asker { principal, standing, may_recharge: false, account, request: RequestFacts::default() },
        )
    }

    /// As [`Self::scope_of_job`], for what the control database alone holds: where the account's
    /// content is does not matter then.
    pub fn scope_anywhere<P: permission::Permission>(
        self: &Arc<Self>,
        work: &'static str,
        organization: OrganizationId,
        account: AccountId,
    ) -> Result<Scope<P>, Error> {
        let anywhere = self.regions().next().cloned().ok_or_else(|| Error::internal("no region"))?;
        self.scope_of_job(work, organization, account, anywhere)
    }

    /// Erases in the control database what a deleted sub-account leaves there.
    ///
    /// # Errors
    /// Those of `work`; [`Error::Busy`] when no connection is free in time.
    pub async fn erase<T: Send + 'static>(
        self: &Arc<Self>,
        organization: OrganizationId,
        sub_account: SubAccountId,
        work: impl FnOnce(&mut EraserTx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.run(move |access| erase_in(&access.control, organization, sub_account, work)).await
    }

    /// Erases in a region's database what a deleted sub-account leaves there.
    ///
    /// # Errors
    /// Those of `work`; [`Error::Busy`] when no connection is free in time.
    pub async fn erase_in_region<T: Send + 'static>(
        self: &Arc<Self>,
        region: Region,
        organization: OrganizationId,
        sub_account: SubAccountId,
        work: impl FnOnce(&mut EraserTx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.run(move |access| erase_in(access.region(&region)?, organization, sub_account, work)).await
    }
}

fn erase_in<T>(
    pool: &Connections,
    organization: OrganizationId,
    sub_account: SubAccountId,
    work: impl FnOnce(&mut EraserTx<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    in_tenant(pool, false, DatabaseRole::Eraser, organization, sub_account.into(), |c| {
        work(&mut EraserTx::new(c))
    })
}
