//! Finds out who asks and how they stand in the account they name.
//!
//! It is asked anew at each request: a role that was taken away, a suspended stay or an
//! ended session stops the very next click (`trust.md` S5, S6).

use diesel::{OptionalExtension, PgConnection, prelude::*, sql_types::Timestamptz};
use time::OffsetDateTime;

use crate::{
    error::Error,
    schema::control::{
        api_keys, brands, delegations, memberships, organizations, sessions, sub_accounts, users,
    },
    values::{
        AccountId, ApiKeyId, BillingMode, DelegationId, KeyMode, KeyScopes, KeyText, OrganizationId, Region,
        Role, SessionId, SubAccountId, SubAccountStatus, UserId, WorkspaceId,
    },
};

use super::{
    Tx,
    permission::ManageSubAccounts,
    principal::{
        Account, ApiKey, Asker, Delegation, Person, Principal, RequestFacts, Standing, SubAccountFacts,
    },
};

/// What the product is called where no brand is set.
pub const PRODUCT_NAME: &str = "DialNexa";

/// What is known of a person.
#[derive(Queryable)]
struct Who {
    name: String,
    email: String,
    time_zone: String,
}

type WhoColumns = (users::name, users::email, users::time_zone);

const WHO: WhoColumns = (users::name, users::email, users::time_zone);

impl Who {
    fn signed_in(self, id: UserId, session: SessionId) -> Person {
        Person { id, name: self.name, email: self.email, time_zone: self.time_zone, session }
    }
}

/// The person with this id, signed in by `session`.
pub(super) fn person(
    connection: &mut PgConnection,
    user: UserId,
    session: SessionId,
) -> Result<Person, Error> {
    let who: Who =
        users::table.find(user).select(WHO).first(connection).optional()?.ok_or(Error::SignedOut)?;
    Ok(who.signed_in(user, session))
}

/// Whether the person is still signed in by `session`: what a request finds out as its
/// session is loaded, a stream asks now and then.
pub(super) fn is_signed_in(
    connection: &mut PgConnection,
    user: UserId,
    session: SessionId,
) -> Result<bool, Error> {
    let alive = sessions::table
        .find(session)
        .filter(sessions::user_id.eq(user).and(sessions::expires_at.gt(diesel::dsl::now)));
    Ok(diesel::select(diesel::dsl::exists(alive)).get_result(connection)?)
}

/// Who `user` is in `account`, or [`Error::NotFound`] when the account is none of theirs.
pub(super) fn asker(
    connection: &mut PgConnection,
    user: UserId,
    session: SessionId,
    account: AccountId,
    request: RequestFacts,
) -> Result<Asker, Error> {
    let found = match account {
        AccountId::Organization(id) => in_organization(connection, user, session, id),
        AccountId::SubAccount(id) => in_sub_account(connection, user, session, id),
    };
    if let Err(Error::NotFound) = found {
        // It may be the person who is gone.
        person(connection, user, session)?;
    }
    let Found { principal, standing, may_recharge, account } = found?;
    Ok(Asker { principal, standing, may_recharge, account, request })
}

/// Who somebody is in an account.
struct Found {
    principal: Principal,
    standing: Standing,
    may_recharge: bool,
    account: Account,
}

fn in_organization(
    connection: &mut PgConnection,
    user: UserId,
    session: SessionId,
    id: OrganizationId,
) -> Result<Found, Error> {
    let (who, name, region, enabled, role, may_recharge, brand) = organizations::table
        .inner_join(users::table.on(users::user_id.eq(user)))
        .left_join(brands::table.on(brands::organization_id.eq(organizations::organization_id)))
        .inner_join(
            memberships::table.on(memberships::organization_id
                .eq(organizations::organization_id)
                .and(memberships::account_id.eq(organizations::organization_id))),
        )
        .filter(organizations::organization_id.eq(id).and(memberships::user_id.eq(user)))
        .select((
            WHO,
            organizations::name,
            organizations::region,
            organizations::sub_accounts_enabled,
            memberships::role,
            memberships::may_recharge,
            brands::product_name.nullable(),
        ))
        .first::<(Who, String, Region, bool, Role, bool, Option<String>)>(connection)?;
    let person = who.signed_in(user, session);
    let account = Account {
        organization: id,
        id: id.into(),
        name,
        region,
        brand: PRODUCT_NAME.to_owned(),
        brand_beneath: brand.unwrap_or_else(|| PRODUCT_NAME.to_owned()),
        sub_account: None,
        sub_accounts_enabled: enabled,
    };
    let (principal, standing) = (Principal::Member(person), Standing::Organization(role));
    Ok(Found { principal, standing, may_recharge, account })
}

diesel::alias!(memberships as parent_memberships: ParentMemberships);

#[derive(Queryable)]
struct SubAccountRow {
    who: Who,
    organization: OrganizationId,
    name: String,
    region: Region,
    status: SubAccountStatus,
    billing_mode: BillingMode,
    brand: Option<String>,
    role: Option<Role>,
    parent_role: Option<Role>,
    delegation: Option<DelegationId>,
    delegation_expires: Option<OffsetDateTime>,
    sub_accounts_enabled: Option<bool>,
}

fn in_sub_account(
    connection: &mut PgConnection,
    user: UserId,
    session: SessionId,
    id: SubAccountId,
) -> Result<Found, Error> {
    let row = sub_accounts::table
        .inner_join(users::table.on(users::user_id.eq(user)))
        // The gate shows the organization to its own members alone.
        .left_join(organizations::table.on(organizations::organization_id.eq(sub_accounts::organization_id)))
        .left_join(brands::table.on(brands::organization_id.eq(sub_accounts::organization_id)))
        .left_join(
            memberships::table.on(memberships::organization_id
                .eq(sub_accounts::organization_id)
                .and(memberships::account_id.eq(sub_accounts::sub_account_id))
                .and(memberships::user_id.eq(user))),
        )
        .left_join(
            parent_memberships.on(parent_memberships
                .field(memberships::organization_id)
                .eq(sub_accounts::organization_id)
                .and(parent_memberships.field(memberships::account_id).eq(sub_accounts::organization_id))
                .and(parent_memberships.field(memberships::user_id).eq(user))),
        )
        .left_join(
            delegations::table.on(delegations::organization_id
                .eq(sub_accounts::organization_id)
                .and(delegations::account_id.eq(sub_accounts::sub_account_id))
                .and(delegations::session_id.eq(session))
                .and(delegations::user_id.eq(user))
                .and(delegations::ended_at.is_null())
                .and(delegations::expires_at.gt(diesel::dsl::now))),
        )
        .filter(sub_accounts::sub_account_id.eq(id))
        .filter(sub_accounts::status.ne(SubAccountStatus::Deleting))
        .select((
            WHO,
            sub_accounts::organization_id,
            sub_accounts::name,
            sub_accounts::region,
            sub_accounts::status,
            sub_accounts::billing_mode,
            brands::product_name.nullable(),
            memberships::role.nullable(),
            parent_memberships.field(memberships::role).nullable(),
            delegations::delegation_id.nullable(),
            delegations::expires_at.nullable(),
            organizations::sub_accounts_enabled.nullable(),
        ))
        .first::<SubAccountRow>(connection)?;
    let person = row.who.signed_in(user, session);
    let delegation = row
        .delegation
        .zip(row.delegation_expires)
        .filter(|_| matches!(row.parent_role, Some(Role::Owner | Role::Admin)))
        .filter(|_| row.sub_accounts_enabled == Some(true))
        .map(|(id, expires_at)| Delegation { id, expires_at });
    let (principal, standing) = match (delegation, row.role, row.parent_role) {
        // A stay is shown for what it is, even to somebody who is also a member.
        (Some(delegation), ..) => (Principal::Delegate(person, delegation), Standing::ParentAdministrator),
        (None, Some(role), _) => (Principal::Member(person), Standing::SubAccount(role)),
        (None, None, Some(Role::Owner | Role::Admin)) => return Err(Error::Forbidden(NOT_INSIDE)),
        _ => return Err(Error::NotFound),
    };
    let brand = row.brand.unwrap_or_else(|| PRODUCT_NAME.to_owned());
    let account = Account {
        organization: row.organization,
        id: id.into(),
        name: row.name,
        region: row.region,
        brand: brand.clone(),
        brand_beneath: brand,
        sub_account: Some(SubAccountFacts { status: row.status, billing_mode: row.billing_mode }),
        sub_accounts_enabled: false,
    };
    Ok(Found { principal, standing, may_recharge: false, account })
}

#[derive(Queryable)]
struct KeyRow {
    id: ApiKeyId,
    organization: OrganizationId,
    name: String,
    mode: KeyMode,
    scopes: KeyScopes,
    workspace: Option<WorkspaceId>,
    last_used_at: Option<OffsetDateTime>,
    expires_at: Option<OffsetDateTime>,
    brand: Option<String>,
    in_organization: Option<(String, Region, bool)>,
    in_sub_account: Option<(SubAccountId, String, Region, SubAccountStatus, BillingMode)>,
}

/// How coarsely the last use of a key is noted, so that a busy key is not a busy row.
const LAST_USE: time::Duration = time::Duration::MINUTE;

/// The program that presents `text`, in the account that its key was made for. One look-up
/// by the hash of the key, in a transaction of the gate; nothing is remembered from the
/// request before, so that a key that was revoked is refused at once (`trust.md` S6).
///
/// # Errors
/// [`Error::SignedOut`] when there is no such key, or no longer.
pub(super) fn by_key(
    connection: &mut PgConnection,
    text: &KeyText,
    request: RequestFacts,
) -> Result<Asker, Error> {
    let row: KeyRow = api_keys::table
        .left_join(
            organizations::table.on(organizations::organization_id
                .eq(api_keys::organization_id)
                .and(api_keys::account_id.eq(organizations::organization_id))),
        )
        .left_join(
            sub_accounts::table.on(sub_accounts::organization_id
                .eq(api_keys::organization_id)
                .and(sub_accounts::sub_account_id.eq(api_keys::account_id))
                .and(sub_accounts::status.ne(SubAccountStatus::Deleting))),
        )
        .left_join(brands::table.on(brands::organization_id.eq(api_keys::organization_id)))
        .filter(api_keys::token_hash.eq(text.hash()))
        .filter(api_keys::revoked_at.is_null())
        .filter(
            api_keys::expires_at
                .is_null()
                .or(api_keys::expires_at.gt(diesel::dsl::now.into_sql::<Timestamptz>().nullable())),
        )
        .select((
            api_keys::api_key_id,
            api_keys::organization_id,
            api_keys::name,
            api_keys::mode,
            api_keys::scopes,
            api_keys::workspace_id,
            api_keys::last_used_at,
            api_keys::expires_at,
            brands::product_name.nullable(),
            (organizations::name, organizations::region, organizations::sub_accounts_enabled).nullable(),
            (
                sub_accounts::sub_account_id,
                sub_accounts::name,
                sub_accounts::region,
                sub_accounts::status,
                sub_accounts::billing_mode,
            )
                .nullable(),
        ))
        .first(connection)
        .optional()?
        .ok_or(Error::SignedOut)?;
    if row.last_used_at.is_none_or(|at| at < OffsetDateTime::now_utc() - LAST_USE) {
        note_use(connection, row.id, &request.ip)?;
    }
    let brand = row.brand.unwrap_or_else(|| PRODUCT_NAME.to_owned());
    let account = match (row.in_organization, row.in_sub_account) {
        (Some((name, region, enabled)), _) => Account {
            organization: row.organization,
            id: row.organization.into(),
            name,
            region,
            brand: PRODUCT_NAME.to_owned(),
            brand_beneath: brand,
            sub_account: None,
            sub_accounts_enabled: enabled,
        },
        (None, Some((id, name, region, status, billing_mode))) => Account {
            organization: row.organization,
            id: id.into(),
            name,
            region,
            brand: brand.clone(),
            brand_beneath: brand,
            sub_account: Some(SubAccountFacts { status, billing_mode }),
            sub_accounts_enabled: false,
        },
        // Its account is being erased.
        (None, None) => return Err(Error::SignedOut),
    };
    let mut key = ApiKey {
        id: row.id,
        name: row.name,
        mode: row.mode,
        scopes: row.scopes,
        account: account.id,
        workspace: row.workspace,
        expires_at: row.expires_at,
    };
    key.scopes = std::mem::take(&mut key.scopes).within(key.reach());
    let standing = if key.workspace.is_some() { Standing::WorkspaceKey } else { Standing::Key };
    Ok(Asker { principal: Principal::Key(key), standing, may_recharge: false, account, request })
}

/// Notes that a key was used just now, unless another request did.
fn note_use(connection: &mut PgConnection, id: ApiKeyId, ip: &str) -> Result<(), Error> {
    let now = OffsetDateTime::now_utc();
    let is_stale = api_keys::last_used_at.is_null().or(api_keys::last_used_at.lt(now - LAST_USE));
    diesel::update(api_keys::table.filter(api_keys::api_key_id.eq(id)).filter(is_stale))
        .set((api_keys::last_used_at.eq(now), api_keys::last_used_ip.eq(ip)))
        .execute(connection)?;
    Ok(())
}

/// The account of one of the parent's own sub-accounts.
pub(super) fn account_beneath(
    tx: &mut Tx<'_, ManageSubAccounts>,
    id: SubAccountId,
) -> Result<Account, Error> {
    let organization = tx.organization();
    let (name, region, status, billing_mode, brand) = sub_accounts::table
        .left_join(brands::table.on(brands::organization_id.eq(sub_accounts::organization_id)))
        .filter(sub_accounts::organization_id.eq(organization).and(sub_accounts::sub_account_id.eq(id)))
        .filter(sub_accounts::status.ne(SubAccountStatus::Deleting))
        .select((
            sub_accounts::name,
            sub_accounts::region,
            sub_accounts::status,
            sub_accounts::billing_mode,
            brands::product_name.nullable(),
        ))
        .first::<(String, Region, SubAccountStatus, BillingMode, Option<String>)>(tx.connection())?;
    let brand = brand.unwrap_or_else(|| PRODUCT_NAME.to_owned());
    Ok(Account {
        organization,
        id: id.into(),
        name,
        region,
        brand: brand.clone(),
        brand_beneath: brand,
        sub_account: Some(SubAccountFacts { status, billing_mode }),
        sub_accounts_enabled: false,
    })
}

/// What a parent's administrator is told who opens a sub-account's page, or sends a form
/// of it, without being inside.
const NOT_INSIDE: &str = "You are not inside this sub-account. Your visit has ended or was not started, \
     so nothing was opened and nothing was changed. Start again with Access Dashboard on the \
     sub-account’s page.";
