//! Who asks, from where, and in which account.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::values::{
    AccountId, ApiKeyId, BillingMode, DelegationId, KeyMode, KeyReach, KeyScopes, OrganizationId, Region,
    Role, SessionId, SubAccountStatus, UserId, WorkspaceId,
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

/// An API key that a program presents (`domain.md` 6.1).
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// Which.
    pub id: ApiKeyId,
    /// What people called it.
    pub name: String,
    /// Live or test.
    pub mode: KeyMode,
    /// What it may do, within what a key of its reach can.
    pub scopes: KeyScopes,
    /// The account it was made in.
    pub account: AccountId,
    /// The one workspace it works in; `None` for the whole account.
    pub workspace: Option<WorkspaceId>,
    /// When it ends by itself.
    pub expires_at: Option<OffsetDateTime>,
}

impl ApiKey {
    /// What it was made for.
    pub fn reach(&self) -> KeyReach {
        KeyReach::of(self.account, self.workspace)
    }
}

/// Who asks for an operation: what the audit log records.
#[derive(Debug, Clone)]
pub enum Principal {
    /// A member of the account, or a parent administrator on the parent's own pages.
    Member(Person),
    /// A parent administrator inside a sub-account by Access Dashboard: still themselves.
    Delegate(Person, Delegation),
    /// A program, by its key.
    Key(ApiKey),
    /// The platform itself, by the name of the work, such as `erasure` or `operator`.
    Platform(&'static str),
}

impl Principal {
    /// The person, where one asks.
    pub fn person(&self) -> Option<&Person> {
        match self {
            Self::Member(person) | Self::Delegate(person, _) => Some(person),
            Self::Key(_) | Self::Platform(_) => None,
        }
    }

    /// The key, where a program asks.
    pub fn key(&self) -> Option<&ApiKey> {
        match self {
            Self::Key(key) => Some(key),
            Self::Member(_) | Self::Delegate(..) | Self::Platform(_) => None,
        }
    }

    /// The id of whoever asks, a person's or a key's; none of the platform itself.
    pub fn actor(&self) -> Option<Uuid> {
        let person = self.person().map(|person| person.id.uuid());
        person.or_else(|| self.key().map(|key| key.id.uuid()))
    }

    /// The stay inside the sub-account, where it is one.
    pub fn delegation(&self) -> Option<&Delegation> {
        match self {
            Self::Delegate(_, delegation) => Some(delegation),
            Self::Member(_) | Self::Key(_) | Self::Platform(_) => None,
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

impl Account {
    /// Whether its charges are drawn from a wallet of its own; a consolidated sub-account's
    /// are drawn from its organization's (`domain.md` 4.2).
    pub fn pays_itself(&self) -> bool {
        self.sub_account.is_none_or(|facts| facts.billing_mode == BillingMode::Isolated)
    }
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
    /// A parent's Owner or Org Admin, or its key, acting on a sub-account.
    ParentAdministrator,
    /// A key of the account itself.
    Key,
    /// A key of one workspace of the account.
    WorkspaceKey,
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
    /// Whether the Owner let this Org Admin push the organization's money (`domain.md` 5.3).
    pub may_recharge: bool,
    /// Where.
    pub account: Account,
    /// The request.
    pub request: RequestFacts,
}

impl Asker {
    /// The one workspace whose things are seen: that of a workspace's key.
    pub fn workspace(&self) -> Option<WorkspaceId> {
        self.principal.key().and_then(|key| key.workspace)
    }

    /// Whether what is done is real; what a program does with a test key is not.
    pub fn mode(&self) -> KeyMode {
        self.principal.key().map_or(KeyMode::Live, |key| key.mode)
    }
}
