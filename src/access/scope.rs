//! The proof that somebody holds a permission in an account, and with it the only door
//! to the account's data.

use std::{future::Future, marker::PhantomData, pin::Pin, sync::Arc, time::Duration};

use actix_session::SessionExt;
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web};
use diesel::PgConnection;

use crate::{
    error::Error,
    values::{AccountId, Region, SessionId, SubAccountId, UserId},
};

use super::{
    Access, Denied, Overview, RegionTx, RequestId, Tx,
    change::{Author, Change},
    permission::{Administer, Includes, ManageSubAccounts, Permission},
    pools::{Connections, in_tenant},
    principal::{Account, Asker, Person, RequestFacts, Standing},
    relay,
    session_store::state,
    tx::DatabaseRole,
};

/// Proof that the asker holds `P` in the account; a handler asks for it in its
/// signature, and that is the check.
pub struct Scope<P> {
    access: Arc<Access>,
    asker: Arc<Asker>,
    proof: PhantomData<P>,
}

impl<P> Clone for Scope<P> {
    fn clone(&self) -> Self {
        Self { access: self.access.clone(), asker: self.asker.clone(), proof: PhantomData }
    }
}

impl<P: Permission> Scope<P> {
    /// Checks that `asker` holds `P`.
    pub(super) fn prove(access: Arc<Access>, asker: Asker) -> Result<Self, Error> {
        P::check(&asker)?;
        Ok(Self { access, asker: Arc::new(asker), proof: PhantomData })
    }

    /// Who asks, and where.
    pub fn asker(&self) -> &Asker {
        &self.asker
    }

    /// The same proof for a right that this one contains.
    pub fn narrow<Q: Permission>(&self) -> Scope<Q>
    where
        P: Includes<Q>,
    {
        Scope { access: self.access.clone(), asker: self.asker.clone(), proof: PhantomData }
    }

    /// Whether the asker also holds `Q`: for what a page offers.
    pub fn holds<Q: Permission>(&self) -> bool {
        Q::held(&self.asker)
    }

    /// The proof of `Q` where the asker holds it too: for what only some readers of a
    /// page see.
    pub fn also<Q: Permission>(&self) -> Option<Scope<Q>> {
        Q::check(&self.asker).ok()?;
        Some(Scope { access: self.access.clone(), asker: self.asker.clone(), proof: PhantomData })
    }

    /// The same person in the same account, found out anew: for an answer that goes on for
    /// longer than a request. What was true as it began may be over (`trust.md` S6).
    ///
    /// # Errors
    /// Those of a request of theirs at this moment; [`Error::SignedOut`] when the session has
    /// ended.
    pub async fn again(&self) -> Result<Self, Error> {
        let person = self.asker.principal.person().ok_or(Error::SignedOut)?;
        let (user, session) = (person.id, person.session);
        let (account, request) = (self.asker.account.id, self.asker.request.clone());
        let asker = self.access.asker_again(user, session, account, request).await?;
        Self::prove(self.access.clone(), asker)
    }

    /// The regions one can choose for a new sub-account or workspace.
    pub fn regions(&self) -> Vec<Region> {
        self.access.regions().cloned().collect()
    }

    /// How long a call's place is held without a sign of life.
    pub fn lease(&self) -> Duration {
        self.access.lease()
    }

    /// The object store of the account's region.
    pub fn objects(&self) -> Result<&super::Objects, Error> {
        self.access.objects(&self.asker.account.region)
    }

    /// Reads in the control database.
    ///
    /// # Errors
    /// Those of `work`; [`Error::Busy`] when no connection is free in time.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_, P>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.run(move |access, asker| {
            as_asker(&access.control, true, DatabaseRole::Tenant, asker, |c| work(&mut Tx::new(c, asker)))
        })
        .await
    }

    /// Reads in the database of the account's region.
    ///
    /// # Errors
    /// Those of `work`; [`Error::Busy`] when no connection is free in time.
    pub async fn read_region<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut RegionTx<'_, P>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.run(move |access, asker| {
            as_asker(access.region(&asker.account.region)?, true, DatabaseRole::Tenant, asker, |c| {
                work(&mut Tx::new(c, asker))
            })
        })
        .await
    }

    /// Writes in the control database: the change and its audit entries are kept
    /// together or not at all.
    ///
    /// # Errors
    /// Those of `work`; [`Error::Busy`] when no connection is free in time.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_, P>) -> Result<Change<T>, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.run(move |access, asker| Self::write_now(access, asker, |c| work(&mut Tx::new(c, asker)))).await
    }

    /// Writes in the database of the account's region: the change and its audit entries are
    /// kept together or not at all. The entries are then relayed to the accounts' logs: at
    /// once or, after a crash, by background work.
    ///
    /// # Errors
    /// Those of `work`; [`Error::Busy`] when no connection is free in time.
    pub async fn write_region<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut RegionTx<'_, P>) -> Result<Change<T>, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.run(move |access, asker| {
            let Account { organization, id, region, .. } = &asker.account;
            let (value, entries) =
                as_asker(access.region(region)?, false, DatabaseRole::Tenant, asker, |c| {
                    let Change { value, events, notices } = work(&mut Tx::new(c, asker))?.told_above(asker);
                    if !notices.is_empty() {
                        return Err(Error::internal("a region's outbox holds audit entries alone"));
                    }
                    let author = Author::of(asker);
                    let entries: Vec<_> = events.into_iter().map(|event| author.entry(event)).collect();
                    relay::keep(c, &entries)?;
                    Ok((value, entries))
                })?;
            access.relay_promptly(region, *organization, *id, entries);
            Ok(value)
        })
        .await
    }

    /// Writes in both databases, each in a transaction of its own that is open while the other
    /// is: the region's is kept first. For what must see both at one moment and can be done
    /// again, and for nothing else.
    ///
    /// # Errors
    /// Those of `work`; [`Error::Busy`] when no connection is free in time.
    pub async fn write_both<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_, P>, &mut RegionTx<'_, P>) -> Result<Change<T>, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.run(move |access, asker| {
            let region = access.region(&asker.account.region)?;
            Self::write_now(access, asker, |control| {
                as_asker(region, false, DatabaseRole::Tenant, asker, |region| {
                    work(&mut Tx::new(control, asker), &mut Tx::new(region, asker))
                })
            })
        })
        .await
    }

    /// A transaction in the control database that keeps a change with what tells of it.
    fn write_now<T>(
        access: &Access,
        asker: &Asker,
        work: impl FnOnce(&mut PgConnection) -> Result<Change<T>, Error>,
    ) -> Result<T, Error> {
        let role = if P::HOLDS_SLOTS { DatabaseRole::Admission } else { DatabaseRole::Tenant };
        as_asker(&access.control, false, role, asker, |c| {
            let Account { organization, id, .. } = asker.account;
            work(c)?.told_above(asker).keep(c, role, organization, id, Author::of(asker))
        })
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Access, &Asker) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (access, asker) = (self.access.clone(), self.asker.clone());
        web::block(move || work(&access, &asker)).await.map_err(Error::internal)?
    }
}

impl Scope<ManageSubAccounts> {
    /// Looks over the organization with all its sub-accounts, reading only.
    ///
    /// # Errors
    /// Those of `work`; [`Error::Busy`] when no connection is free in time.
    pub async fn overview<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Overview<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.run(move |access, asker| {
            as_asker(&access.control, true, DatabaseRole::Overview, asker, |c| {
                work(&mut Overview::new(c, asker))
            })
        })
        .await
    }

    /// The parent's own scope over one of its sub-accounts: its members, keys, audit log
    /// and wallet as the parent manages them (`domain.md` 7.5).
    ///
    /// # Errors
    /// [`Error::NotFound`] for an id that is not one of this organization's.
    pub async fn sub_account(&self, id: SubAccountId) -> Result<Scope<Administer>, Error> {
        self.beneath(id).await
    }

    async fn beneath<P: Permission>(&self, id: SubAccountId) -> Result<Scope<P>, Error> {
        let account = self.read(move |tx| super::authenticate::account_beneath(tx, id)).await?;
        let asker = Asker { standing: Standing::ParentAdministrator, account, ..(*self.asker).clone() };
        Scope::prove(self.access.clone(), asker)
    }
}

/// A transaction in the account that authentication proved.
fn as_asker<T>(
    pool: &Connections,
    read_only: bool,
    role: DatabaseRole,
    asker: &Asker,
    work: impl FnOnce(&mut PgConnection) -> Result<T, Error>,
) -> Result<T, Error> {
    in_tenant(pool, read_only, role, asker.account.organization, asker.account.id, work)
}

/// Who the session says is signed in.
pub(super) fn signed_in(request: &HttpRequest) -> Result<(UserId, SessionId), Error> {
    let session = request.get_session();
    let user = session.get::<UserId>(state::USER).ok().flatten();
    let id = session.get::<SessionId>(state::SESSION).ok().flatten();
    user.zip(id).ok_or(Error::SignedOut)
}

/// What the audit log notes of a request.
pub fn facts(request: &HttpRequest) -> RequestFacts {
    RequestFacts {
        ip: request.peer_addr().map(|peer| peer.ip().to_string()).unwrap_or_default(),
        request_id: request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default(),
    }
}

/// The program's access, as the application holds it.
pub(super) fn access(request: &HttpRequest) -> Result<Arc<Access>, Error> {
    request
        .app_data::<web::Data<Access>>()
        .map(|data| data.clone().into_inner())
        .ok_or_else(|| Error::internal("the application was built without access"))
}

type Extraction<T> = Pin<Box<dyn Future<Output = Result<T, Denied>>>>;

impl<P: Permission> FromRequest for Scope<P> {
    type Error = Denied;
    type Future = Extraction<Self>;

    /// By its key, for a program, in the account that the address names
    /// ([`Scope::of_program`]); by their session, for a person, in the account of the URL
    /// (`/accounts/{account}/…`).
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let access = access(&request)?;
            let program = request.extensions().get::<Program>().cloned();
            if let Some(Program(asker)) = program {
                return Ok(Self::of_program(access, &asker, &request).await?);
            }
            let (user, session) = signed_in(&request)?;
            let account = request
                .match_info()
                .get("account")
                .and_then(|id| id.parse::<AccountId>().ok())
                .ok_or(Error::NotFound)?;
            let asker = access.asker(user, session, account, facts(&request)).await?;
            Ok(Self::prove(access, asker)?)
        })
    }
}

/// The program whose key came with the request, for the handler's [`Scope`] to be made of.
#[derive(Debug, Clone)]
pub struct Program(pub Arc<Asker>);

impl FromRequest for Program {
    type Error = Denied;
    type Future = std::future::Ready<Result<Self, Denied>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let program = request.extensions().get::<Self>().cloned();
        std::future::ready(program.ok_or(Denied(Error::SignedOut)))
    }
}

impl<P: Permission> Scope<P> {
    /// The account that a program's request names: every request names its target
    /// (`domain.md` 6.4).
    ///
    /// - `/v1/sub-accounts/{sub_account_id}/…`: a sub-account, for its organization's key.
    /// - `/v1/organization/…`: the organization itself, for its own key.
    /// - `/v1/…`: the account of a sub-account's key, or of a workspace's.
    async fn of_program(access: Arc<Access>, asker: &Asker, request: &HttpRequest) -> Result<Self, Error> {
        let asker = asker.clone();
        if P::IS_OVER_SUB_ACCOUNTS {
            return Self::prove(access, asker);
        }
        if let Some(id) = request.match_info().get("sub_account_id") {
            let organization = Scope::<ManageSubAccounts>::prove(access, asker)?;
            return organization.beneath(id.parse().map_err(|_| Error::NotFound)?).await;
        }
        let is_own =
            matches!(asker.account.id, AccountId::Organization(_)) && asker.standing == Standing::Key;
        if request.path().starts_with("/v1/organization/") {
            return if is_own { Self::prove(access, asker) } else { Err(Error::NotFound) };
        }
        if is_own { Err(Error::TargetRequired) } else { Self::prove(access, asker) }
    }
}

impl FromRequest for Person {
    type Error = Denied;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let (user, session) = signed_in(&request)?;
            Ok(access(&request)?.person(user, session).await?)
        })
    }
}
