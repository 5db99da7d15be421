//! Who asks, from where, and in which account.

use time::OffsetDateTime;

use crate::values::{
    AccountId, BillingMode, DelegationId, OrganizationId, Region, Role, SessionId, SubAccountStatus, UserId,
};

/// A person who is signed in.
#[derive(Debug, Clone)]
pub struct Person {
    /// Who.
    pub id: UserId,
    /// The name others read.
    pub name: String,
    /// The address they sign in with.
    pub email: String,
    /// The zone their times are shown in, such as `Asia/Kolkata`.
    pub time_zone: String,
    /// The signed-in browser.
    pub session: SessionId,
}

/// A parent administrator's stay inside a sub-account (`domain.md` 2.5).
#[derive(Debug, Clone)]
pub struct Delegation {
    /// Which stay.
    pub id: DelegationId,
    /// When it ends by itself; never more than 60 minutes after its start.
    pub expires_at: OffsetDateTime,
}

/// Who asks for an operation: what the audit log records.
#[derive(Debug, Clone)]
pub enum Principal {
    /// A member of the account, or a parent administrator on the parent's own pages.
    Member(Person),
    /// A parent administrator inside a sub-account by Access Dashboard: still themselves.
    Delegate(Person, Delegation),
    /// The platform itself, by the name of the work, such as `erasure` or `operator`.
    Platform(&'static str),
}

impl Principal {
    /// The person, where one asks.
    pub fn person(&self) -> Option<&Person> {
        match self {
            Self::Member(person) | Self::Delegate(person, _) => Some(person),
            Self::Platform(_) => None,
        }
    }

    /// The stay inside the sub-account, where it is one.
    pub fn delegation(&self) -> Option<&Delegation> {
        match self {
            Self::Delegate(_, delegation) => Some(delegation),
            Self::Member(_) | Self::Platform(_) => None,
        }
    }
}

/// The account somebody acts in, with what its pages need to know.
#[derive(Debug, Clone)]
pub struct Account {
    /// The root of its tenant tree.
    pub organization: OrganizationId,
    /// The account itself.
    pub id: AccountId,
    /// Its name.
    pub name: String,
    /// Where its call content lives.
    pub region: Region,
    /// What the product is called here (`domain.md` 8).
    pub brand: String,
    /// What the product is called in the organization's sub-accounts, and by which its
    /// administrators are named there (`domain.md` 2.5).
    pub brand_beneath: String,
    /// What is particular to a sub-account; `None` for an organization's own account.
    pub sub_account: Option<SubAccountFacts>,
    /// Whether the organization has the Enterprise feature `sub_accounts`. Known to the
    /// organization's own account only.
    pub sub_accounts_enabled: bool,
}

/// What is particular to a sub-account.
#[derive(Debug, Clone, Copy)]
pub struct SubAccountFacts {
    /// Active or suspended; one that is being deleted is not found.
    pub status: SubAccountStatus,
    /// Whether it has a wallet of its own.
    pub billing_mode: BillingMode,
}

/// What the audit log notes of the request itself.
#[derive(Debug, Clone, Default)]
pub struct RequestFacts {
    /// The peer's address.
    pub ip: String,
    /// The id that also stands in the log and on error pages.
    pub request_id: String,
}

/// How somebody stands in the account they act in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A member of the organization itself.
    Organization(Role),
    /// A member of the sub-account.
    SubAccount(Role),
    /// A parent's Owner or Org Admin acting on a sub-account.
    ParentAdministrator,
    /// The platform's own work in the account: erasure, expiry.
    Platform,
}

/// Who asks, standing how, in which account: what authentication found out.
#[derive(Debug, Clone)]
pub struct Asker {
    /// Who.
    pub principal: Principal,
    /// How they stand there.
    pub standing: Standing,
    /// Where.
    pub account: Account,
    /// The request.
    pub request: RequestFacts,
}
