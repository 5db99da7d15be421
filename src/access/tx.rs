//! One transaction in one tenant.

use std::marker::PhantomData;

use data_encoding::HEXLOWER;
use diesel::{Connection, PgConnection, RunQueryDsl, sql_types};
use uuid::Uuid;

use crate::{
    error::Error,
    values::{AccountId, OrganizationId, SubAccountId},
};

use super::{
    permission::{Includes, ManageSubAccounts, Permission, RecordCalls},
    principal::{Account, Asker},
};

diesel::define_sql_function! {
    /// PostgreSQL's `set_config(name, value, is_local)`: `SET LOCAL` with bound values.
    fn set_config(name: sql_types::Text, value: sql_types::Text, is_local: sql_types::Bool) -> sql_types::Text;
}

/// The group role a transaction acts as; see the first migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DatabaseRole {
    Gate,
    Tenant,
    Admission,
    Overview,
    Operator,
    Eraser,
}

impl DatabaseRole {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gate => "dialnexa_gate",
            Self::Tenant => "dialnexa_tenant",
            Self::Admission => "dialnexa_admission",
            Self::Overview => "dialnexa_overview",
            Self::Operator => "dialnexa_operator",
            Self::Eraser => "dialnexa_eraser",
        }
    }
}

/// Takes on `role` in one tenant until the transaction ends.
pub(super) fn enter_tenant(
    connection: &mut PgConnection,
    role: DatabaseRole,
    organization: OrganizationId,
    account: AccountId,
) -> Result<(), Error> {
    diesel::select((
        set_config("role", role.name(), true),
        set_config("app.organization_id", organization.uuid().to_string(), true),
        set_config("app.account_id", account.uuid().to_string(), true),
    ))
    .execute(connection)?;
    Ok(())
}

/// Takes on the gate's role until the transaction ends.
pub(super) fn enter_gate_role(connection: &mut PgConnection) -> Result<(), Error> {
    diesel::select(set_config("role", DatabaseRole::Gate.name(), true)).execute(connection)?;
    Ok(())
}

/// Says for which person a connection of the gate works, until the transaction ends.
pub(super) fn enter_gate(connection: &mut PgConnection, person: Option<Uuid>) -> Result<(), Error> {
    let person = person.map(|id| id.to_string()).unwrap_or_default();
    diesel::select(set_config("app.user_id", person, true)).execute(connection)?;
    Ok(())
}

/// Shows a connection of the gate the hash of the key that a request presents, until the
/// transaction ends.
pub(super) fn enter_gate_by_key(connection: &mut PgConnection, hash: &[u8]) -> Result<(), Error> {
    diesel::select(set_config("app.key_hash", HEXLOWER.encode(hash), true)).execute(connection)?;
    Ok(())
}

/// Shows the gate a dialled number, until the transaction ends.
pub(super) fn enter_gate_by_number(connection: &mut PgConnection, number: &str) -> Result<(), Error> {
    diesel::select(set_config("app.dialled", number, true)).execute(connection)?;
    Ok(())
}

/// Says for which telephony engine a connection of the gate works, until the transaction ends.
pub(super) fn enter_gate_of_engine(connection: &mut PgConnection, engine: Uuid) -> Result<(), Error> {
    diesel::select(set_config("app.engine_id", engine.to_string(), true)).execute(connection)?;
    Ok(())
}

/// Shows the gate the id of a payment that a provider or the operator names, until the
/// transaction ends.
pub(super) fn enter_gate_by_payment(connection: &mut PgConnection, payment: Uuid) -> Result<(), Error> {
    diesel::select(set_config("app.payment_id", payment.to_string(), true)).execute(connection)?;
    Ok(())
}

/// Shows the gate the hash of the link by which somebody comes, until the transaction ends.
pub(super) fn enter_gate_by_link(connection: &mut PgConnection, hash: &[u8]) -> Result<(), Error> {
    diesel::select(set_config("app.link_hash", HEXLOWER.encode(hash), true)).execute(connection)?;
    Ok(())
}

/// Runs `work` in a transaction of its own, read only where said: all of what one only reads is of
/// one moment.
pub(super) fn transaction<T>(
    connection: &mut PgConnection,
    read_only: bool,
    work: impl FnOnce(&mut PgConnection) -> Result<T, Error>,
) -> Result<T, Error> {
    if read_only {
        connection.build_transaction().read_only().repeatable_read().run(work)
    } else {
        connection.transaction(work)
    }
}

/// Marks a transaction in the control database.
#[derive(Debug, Clone, Copy)]
pub enum Control {}

/// Marks a transaction in the database of the account's region.
#[derive(Debug, Clone, Copy)]
pub enum Regional {}

/// A transaction in one account, by somebody who holds the permission `P` there, with
/// the tenant set for row-level security.
pub struct Tx<'t, P, Database = Control> {
    connection: &'t mut PgConnection,
    asker: &'t Asker,
    account: AccountId,
    proof: PhantomData<(P, Database)>,
}

/// A transaction in the database of the account's region.
pub type RegionTx<'t, P> = Tx<'t, P, Regional>;

impl<'t, P: Permission, Database> Tx<'t, P, Database> {
    pub(super) fn new(connection: &'t mut PgConnection, asker: &'t Asker) -> Self {
        Self { connection, asker, account: asker.account.id, proof: PhantomData }
    }

    /// The connection, for the domain's queries.
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        self.connection
    }

    /// Who asks.
    pub fn asker(&self) -> &Asker {
        self.asker
    }

    /// The account that authentication proved.
    pub fn account(&self) -> &Account {
        &self.asker.account
    }

    /// The root of the tenant tree.
    pub fn organization(&self) -> OrganizationId {
        self.asker.account.organization
    }

    /// The account whose rows the transaction is on now: the one that authentication proved or,
    /// [within](Tx::within) one of its sub-accounts, that.
    pub fn tenant(&self) -> AccountId {
        self.account
    }
}

impl<P: Permission> Tx<'_, P> {
    /// Runs `work` with `account` as the tenant, in the same transaction.
    pub(super) fn as_account<T>(
        &mut self,
        account: AccountId,
        work: impl FnOnce(&mut Tx<'_, P>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let before = self.account;
        if account == before {
            return work(self);
        }
        diesel::select(set_config("app.account_id", account.uuid().to_string(), true))
            .execute(self.connection)?;
        self.account = account;
        let result = work(self);
        self.account = before;
        // After an error the transaction is rolled back, and the setting with it.
        if result.is_ok() {
            diesel::select(set_config("app.account_id", before.uuid().to_string(), true))
                .execute(self.connection)?;
        }
        result
    }
}

impl<P: Includes<ManageSubAccounts>> Tx<'_, P> {
    /// Runs `work` on the rows of one of the parent's sub-accounts, in the parent's own
    /// transaction. A foreign id reaches nothing: the organization stays the proved one.
    pub(crate) fn within<T>(
        &mut self,
        sub_account: SubAccountId,
        work: impl FnOnce(&mut Tx<'_, P>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.as_account(sub_account.into(), work)
    }
}

impl Tx<'_, RecordCalls> {
    /// Runs `work` on the rows of one of the organization's sub-accounts, in the transaction of
    /// the platform's own work at the organization.
    ///
    /// # Errors
    /// Those of `work`; [`Error::NotFound`] in a transaction at a sub-account.
    pub(crate) fn at<T>(
        &mut self,
        sub_account: SubAccountId,
        work: impl FnOnce(&mut Tx<'_, RecordCalls>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match self.asker.account.id {
            AccountId::Organization(_) => self.as_account(sub_account.into(), work),
            AccountId::SubAccount(_) => Err(Error::NotFound),
        }
    }
}

/// A read-only look over one organization with all its sub-accounts: the parent's list,
/// totals and exports.
pub struct Overview<'t> {
    connection: &'t mut PgConnection,
    asker: &'t Asker,
}

impl<'t> Overview<'t> {
    pub(super) fn new(connection: &'t mut PgConnection, asker: &'t Asker) -> Self {
        Self { connection, asker }
    }

    /// The connection, for the domain's queries.
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        self.connection
    }

    /// Who looks.
    pub fn asker(&self) -> &Asker {
        self.asker
    }

    /// The organization looked over.
    pub fn organization(&self) -> OrganizationId {
        self.asker.account.organization
    }
}

/// A transaction of somebody who is not in an account yet: signing in, choosing an
/// account, asking for a new password. It sees what concerns one person.
pub struct GateTx<'t> {
    connection: &'t mut PgConnection,
}

impl<'t> GateTx<'t> {
    pub(super) fn new(connection: &'t mut PgConnection) -> Self {
        Self { connection }
    }

    /// The connection, for the domain's queries.
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        self.connection
    }
}

/// A transaction of the platform's operator in one organization: the command line.
pub struct OperatorTx<'t> {
    connection: &'t mut PgConnection,
    organization: OrganizationId,
    account: AccountId,
}

impl<'t> OperatorTx<'t> {
    pub(super) fn new(
        connection: &'t mut PgConnection,
        organization: OrganizationId,
        account: AccountId,
    ) -> Self {
        Self { connection, organization, account }
    }

    /// The connection, for the domain's queries.
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        self.connection
    }

    /// The organization operated on.
    pub fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// The account operated on.
    pub fn account(&self) -> AccountId {
        self.account
    }
}

/// Any transaction in the control database that has an account and may write there: what
/// an account is given as it is opened, whoever opens it.
pub(crate) trait InAccount {
    /// The connection, for the domain's queries.
    fn rows(&mut self) -> &mut PgConnection;
}

impl<P: Permission> InAccount for Tx<'_, P> {
    fn rows(&mut self) -> &mut PgConnection {
        self.connection
    }
}

impl InAccount for OperatorTx<'_> {
    fn rows(&mut self) -> &mut PgConnection {
        self.connection
    }
}

/// A transaction that erases what a deleted sub-account leaves, in either database.
pub struct EraserTx<'t> {
    connection: &'t mut PgConnection,
}

impl<'t> EraserTx<'t> {
    pub(super) fn new(connection: &'t mut PgConnection) -> Self {
        Self { connection }
    }

    /// The connection, for the domain's queries.
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        self.connection
    }
}
