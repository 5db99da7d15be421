//! Where people belong (`domain.md` 5.1).

use diesel::prelude::*;
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
}

/// The members of the account, the owner first.
///
/// # Errors
/// Those of the database.
pub fn list<P: Permission + Includes<Administer>>(tx: &mut Tx<'_, P>) -> Result<Vec<Member>, Error> {
    let account = tx.account().id.uuid();
    let mut members = memberships::table
        .inner_join(users::table.on(users::user_id.eq(memberships::user_id)))
        .filter(memberships::organization_id.eq(tx.organization()).and(memberships::account_id.eq(account)))
        .select((users::user_id, users::name, users::email, memberships::role, memberships::created_at))
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
