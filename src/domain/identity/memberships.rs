//! Where people belong (`domain.md` 5.1).

use diesel::{PgConnection, prelude::*};
use time::OffsetDateTime;

use crate::{
    access::{
        GateTx, PRODUCT_NAME, Tx,
        permission::{Administer, Includes, Permission},
    },
    error::Error,
    schema::control::{brands, memberships, organizations, sub_accounts, users},
    values::{AccountId, OrganizationId, Role, SubAccountId, SubAccountStatus, UserId},
};

diesel::define_sql_function! {
    /// PostgreSQL's lock on a number, held until the transaction ends.
    fn pg_advisory_xact_lock(key: diesel::sql_types::BigInt) -> diesel::sql_types::Text;
}

/// Waits for its turn to change who belongs to an account. Whoever decides by what stands
/// there, such as that nobody is invited twice, decides alone.
pub(crate) fn lock(connection: &mut PgConnection, account: AccountId) -> Result<(), Error> {
    // Of the id's random half: two accounts that share a number only wait for each other.
    let (_, random) = account.uuid().as_u64_pair();
    diesel::select(pg_advisory_xact_lock(random.cast_signed())).execute(connection)?;
    Ok(())
}

/// Whether the account that the connection is in has an owner.
pub(crate) fn has_owner(connection: &mut PgConnection) -> Result<bool, Error> {
    let owner = memberships::table.filter(memberships::role.eq(Role::Owner));
    Ok(diesel::select(diesel::dsl::exists(owner)).get_result(connection)?)
}

/// An account that somebody belongs to.
#[derive(Debug, Clone)]
pub struct OwnAccount {
    /// Which.
    pub id: AccountId,
    /// Its name.
    pub name: String,
    /// What the person is there.
    pub role: Role,
    /// What the product is called there.
    pub brand: String,
    /// New calls are blocked there.
    pub suspended: bool,
}

/// The accounts that the transaction's person belongs to, by name. A parent's own
/// sub-accounts are not among them: those are managed from the parent.
///
/// # Errors
/// Those of the database.
pub fn own_accounts(tx: &mut GateTx<'_>) -> Result<Vec<OwnAccount>, Error> {
    // Row-level security shows the gate the memberships of its person alone.
    let organizations = memberships::table
        .inner_join(
            organizations::table.on(organizations::organization_id
                .eq(memberships::organization_id)
                .and(memberships::account_id.eq(organizations::organization_id))),
        )
        .select((organizations::organization_id, organizations::name, memberships::role))
        .load::<(OrganizationId, String, Role)>(tx.connection())?;
    let beneath = memberships::table
        .inner_join(
            sub_accounts::table.on(sub_accounts::organization_id
                .eq(memberships::organization_id)
                .and(memberships::account_id.eq(sub_accounts::sub_account_id))),
        )
        .left_join(brands::table.on(brands::organization_id.eq(memberships::organization_id)))
        .filter(sub_accounts::status.ne(SubAccountStatus::Deleting))
        .select((
            sub_accounts::sub_account_id,
            sub_accounts::name,
            memberships::role,
            brands::product_name.nullable(),
            sub_accounts::status,
        ))
        .load::<(SubAccountId, String, Role, Option<String>, SubAccountStatus)>(tx.connection())?;
    let mut accounts: Vec<OwnAccount> = organizations
        .into_iter()
        .map(|(id, name, role)| OwnAccount {
            id: id.into(),
            name,
            role,
            brand: PRODUCT_NAME.to_owned(),
            suspended: false,
        })
        .chain(beneath.into_iter().map(|(id, name, role, brand, status)| OwnAccount {
            id: id.into(),
            name,
            role,
            brand: brand.unwrap_or_else(|| PRODUCT_NAME.to_owned()),
            suspended: status == SubAccountStatus::Suspended,
        }))
        .collect();
    accounts.sort_by_key(|account| (account.name.to_lowercase(), account.id));
    Ok(accounts)
}

/// What the product is called to somebody who belongs to these accounts, where no
/// account is meant in particular (`domain.md` 7.6). `None` where several brands would
/// learn of each other: then nothing is named.
pub fn brand_over(accounts: &[OwnAccount]) -> Option<&str> {
    if accounts.iter().any(|account| matches!(account.id, AccountId::Organization(_))) {
        return Some(PRODUCT_NAME);
    }
    let first = accounts.first().map(|account| account.brand.as_str())?;
    accounts.iter().all(|account| account.brand == first).then_some(first)
}

/// A member of an account.
#[derive(Debug, Clone, Queryable)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// What they are called.
    pub name: String,
    /// The address they sign in with.
    pub email: String,
    /// What they are here.
    pub role: Role,
    /// Since when.
    pub since: OffsetDateTime,
    /// Whether the Owner let this Org Admin recharge sub-accounts (`domain.md` 5.3).
    pub may_recharge: bool,
}

macro_rules! members {
    () => {
        memberships::table.inner_join(users::table.on(users::user_id.eq(memberships::user_id))).select((
            users::user_id,
            users::name,
            users::email,
            memberships::role,
            memberships::created_at,
            memberships::may_recharge,
        ))
    };
}

/// One member of the account.
///
/// # Errors
/// [`Error::NotFound`] for somebody who does not belong to it.
pub fn find<P: Permission>(tx: &mut Tx<'_, P>, user: UserId) -> Result<Member, Error> {
    let account = tx.account().id.uuid();
    Ok(members!()
        .filter(memberships::organization_id.eq(tx.organization()).and(memberships::account_id.eq(account)))
        .filter(memberships::user_id.eq(user))
        .first(tx.connection())?)
}

/// The members of the account, the owner first.
///
/// # Errors
/// Those of the database.
pub fn list<P: Permission + Includes<Administer>>(tx: &mut Tx<'_, P>) -> Result<Vec<Member>, Error> {
    let account = tx.account().id.uuid();
    let mut members = members!()
        .filter(memberships::organization_id.eq(tx.organization()).and(memberships::account_id.eq(account)))
        .load::<Member>(tx.connection())?;
    members.sort_by_key(|member| (member.role, member.name.to_lowercase(), member.user));
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: AccountId, brand: &str) -> OwnAccount {
        OwnAccount { id, name: "A".into(), role: Role::Viewer, brand: brand.into(), suspended: false }
    }

    #[test]
    fn brands_do_not_learn_of_each_other() {
        let beneath = |brand: &str| account(SubAccountId::new().into(), brand);
        let parent = account(OrganizationId::new().into(), PRODUCT_NAME);
        assert_eq!(brand_over(&[]), None);
        assert_eq!(brand_over(&[beneath("Northwind"), beneath("Northwind")]), Some("Northwind"));
        assert_eq!(brand_over(&[beneath("Northwind"), beneath("Other")]), None);
        assert_eq!(brand_over(&[beneath("Northwind"), parent]), Some(PRODUCT_NAME));
    }
}
