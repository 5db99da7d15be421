//! What one may do, as types: a domain operation names the permission it needs in its
//! signature, and only authentication makes the proof (`domain.md` 5.2, 5.3).

use crate::{
    error::Error,
    values::{AccountId, Role},
};

use super::principal::{Asker, Standing};

/// A right that a [`Standing`] has or lacks.
pub trait Permission: Send + Sync + 'static {
    /// What one is told who lacks it.
    const REFUSAL: &'static str;

    /// Whether it is a right of an organization over its sub-accounts: whoever has it acts
    /// in the organization's own account, whichever sub-account the address names.
    const IS_OVER_SUB_ACCOUNTS: bool = false;

    /// Whether whoever has it moves the slots of calls in progress; see [`HoldsSlots`].
    const HOLDS_SLOTS: bool = false;

    /// Whether somebody of this standing has the right.
    fn held_by(standing: Standing) -> bool;

    /// Whether this asker has the right: by their standing, or by what was given to them alone.
    fn held(asker: &Asker) -> bool {
        Self::held_by(asker.standing)
    }

    /// Refuses an asker who lacks the right where they are.
    ///
    /// # Errors
    /// [`Error::Forbidden`] with [`Permission::REFUSAL`], or what else stands in the way.
    fn check(asker: &Asker) -> Result<(), Error> {
        if Self::held(asker) { Ok(()) } else { Err(Error::Forbidden(Self::REFUSAL)) }
    }
}

/// `Self` contains the right `P`: who may administer may also look.
pub trait Includes<P: Permission>: Permission {}

impl<P: Permission> Includes<P> for P {}

/// A right whose transactions in the control database admit calls and end them: no other
/// can write slots.
pub trait HoldsSlots: Includes<View> {}

/// See an account: its overview, agents, numbers, calls.
#[derive(Debug, Clone, Copy)]
pub enum View {}

impl Permission for View {
    const REFUSAL: &'static str = "You are not a member of this account.";

    fn held_by(_: Standing) -> bool {
        true
    }
}

/// Play and download recordings of calls.
#[derive(Debug, Clone, Copy)]
pub enum PlayRecordings {}

impl Permission for PlayRecordings {
    const REFUSAL: &'static str = "Playing recordings takes the role Member, Admin or Owner.";

    fn held_by(standing: Standing) -> bool {
        !matches!(standing, Standing::Organization(Role::Viewer) | Standing::SubAccount(Role::Viewer))
    }
}

impl Includes<View> for PlayRecordings {}

/// Members, API keys, settings and the audit log of an account.
#[derive(Debug, Clone, Copy)]
pub enum Administer {}

impl Permission for Administer {
    const REFUSAL: &'static str = "This takes the role Admin or Owner in this account.";

    fn held_by(standing: Standing) -> bool {
        match standing {
            Standing::Organization(role) | Standing::SubAccount(role) => {
                matches!(role, Role::Owner | Role::Admin)
            }
            Standing::ParentAdministrator | Standing::Key | Standing::Platform => true,
            Standing::WorkspaceKey => false,
        }
    }
}

impl Includes<View> for Administer {}

/// Create and edit agents (`domain.md` 5.3).
#[derive(Debug, Clone, Copy)]
pub enum EditAgents {}

impl Permission for EditAgents {
    const REFUSAL: &'static str = "Creating and editing agents takes the role Member, Admin or Owner.";

    fn held_by(standing: Standing) -> bool {
        !matches!(standing, Standing::Organization(Role::Viewer) | Standing::SubAccount(Role::Viewer))
    }
}

impl Includes<View> for EditAgents {}

/// Delete agents, buy phone numbers and give them back (`domain.md` 5.3).
#[derive(Debug, Clone, Copy)]
pub enum ManageContent {}

impl Permission for ManageContent {
    const REFUSAL: &'static str =
        "Deleting agents and managing phone numbers takes the role Admin or Owner in this account.";

    fn held_by(standing: Standing) -> bool {
        match standing {
            Standing::Organization(role) | Standing::SubAccount(role) => {
                matches!(role, Role::Owner | Role::Admin)
            }
            Standing::ParentAdministrator | Standing::Key | Standing::WorkspaceKey | Standing::Platform => {
                true
            }
        }
    }
}

impl Includes<View> for ManageContent {}
impl Includes<EditAgents> for ManageContent {}

/// Enter calls and what comes of them: counters, charges, recordings. It is the telephony
/// side's, never a person's.
#[derive(Debug, Clone, Copy)]
pub enum RecordCalls {}

impl Permission for RecordCalls {
    const HOLDS_SLOTS: bool = true;
    const REFUSAL: &'static str = "Calls are entered by the platform itself.";

    fn held_by(standing: Standing) -> bool {
        standing == Standing::Platform
    }
}

impl Includes<View> for RecordCalls {}
impl HoldsSlots for RecordCalls {}

/// Have an agent call somebody (`domain.md` 5.3, 6.6).
#[derive(Debug, Clone, Copy)]
pub enum PlaceCalls {}

impl Permission for PlaceCalls {
    const HOLDS_SLOTS: bool = true;
    const REFUSAL: &'static str = "Making calls takes the role Member, Admin or Owner.";

    fn held_by(standing: Standing) -> bool {
        !matches!(standing, Standing::Organization(Role::Viewer) | Standing::SubAccount(Role::Viewer))
    }
}

impl Includes<View> for PlaceCalls {}
impl HoldsSlots for PlaceCalls {}

/// An organization's sub-accounts, in every respect (`domain.md` 2.6).
#[derive(Debug, Clone, Copy)]
pub enum ManageSubAccounts {}

impl Permission for ManageSubAccounts {
    const REFUSAL: &'static str =
        "Sub-accounts are managed by the Owner and the Org Admins of the organization.";

    const IS_OVER_SUB_ACCOUNTS: bool = true;

    fn held_by(standing: Standing) -> bool {
        matches!(
            standing,
            Standing::Organization(Role::Owner | Role::Admin) | Standing::Key | Standing::Platform
        )
    }

    fn check(asker: &Asker) -> Result<(), Error> {
        check_over_sub_accounts::<Self>(asker)
    }
}

/// Refuses whoever is not in an organization with sub-accounts, or lacks the right there.
fn check_over_sub_accounts<P: Permission>(asker: &Asker) -> Result<(), Error> {
    if matches!(asker.account.id, AccountId::SubAccount(_)) {
        // A sub-account has none beneath it, and its members need not learn of a parent.
        Err(Error::NotFound)
    } else if !P::held(asker) {
        Err(Error::Forbidden(P::REFUSAL))
    } else if !asker.account.sub_accounts_enabled {
        Err(Error::FeatureNotEnabled)
    } else {
        Ok(())
    }
}

/// Push money from the organization's wallet into a sub-account's (`domain.md` 4.7, 5.3).
#[derive(Debug, Clone, Copy)]
pub enum PushFunds {}

impl Permission for PushFunds {
    const REFUSAL: &'static str = "Recharging a sub-account from the organization’s wallet takes its Owner, or an Org \
         Admin to whom the Owner gave it on the Members page.";
    const IS_OVER_SUB_ACCOUNTS: bool = true;

    fn held_by(standing: Standing) -> bool {
        matches!(standing, Standing::Organization(Role::Owner) | Standing::Key | Standing::Platform)
    }

    fn held(asker: &Asker) -> bool {
        let is_admin = asker.standing == Standing::Organization(Role::Admin);
        Self::held_by(asker.standing) || (is_admin && asker.may_recharge)
    }

    fn check(asker: &Asker) -> Result<(), Error> {
        check_over_sub_accounts::<Self>(asker)
    }
}

impl Includes<ManageSubAccounts> for PushFunds {}

/// Let an Org Admin push the organization's money, or not any more (`domain.md` 5.3).
#[derive(Debug, Clone, Copy)]
pub enum GrantRecharge {}

impl Permission for GrantRecharge {
    const REFUSAL: &'static str =
        "Who may recharge sub-accounts is decided by the Owner of the organization.";

    fn held_by(standing: Standing) -> bool {
        standing == Standing::Organization(Role::Owner)
    }

    fn check(asker: &Asker) -> Result<(), Error> {
        check_over_sub_accounts::<Self>(asker)
    }
}

impl Includes<View> for GrantRecharge {}

/// Pay into the account's own wallet (`domain.md` 4.7, 5.3): its Owner and its own keys, and nobody
/// else's people or programs.
#[derive(Debug, Clone, Copy)]
pub enum AddFunds {}

impl Permission for AddFunds {
    const REFUSAL: &'static str = "Adding funds takes the Owner of the account, or a key of its own.";

    fn held_by(standing: Standing) -> bool {
        matches!(
            standing,
            Standing::Organization(Role::Owner)
                | Standing::SubAccount(Role::Owner)
                | Standing::Key
                | Standing::Platform
        )
    }
}

impl Includes<View> for AddFunds {}
impl Includes<ViewBilling> for AddFunds {}

/// The wallet of an account: balance and transactions (`domain.md` 5.3).
#[derive(Debug, Clone, Copy)]
pub enum ViewBilling {}

impl Permission for ViewBilling {
    const REFUSAL: &'static str = "Billing is seen by the Owner of the account.";

    fn held_by(standing: Standing) -> bool {
        match standing {
            Standing::Organization(role) => matches!(role, Role::Owner | Role::Admin),
            Standing::SubAccount(role) => role == Role::Owner,
            Standing::ParentAdministrator | Standing::Key | Standing::Platform => true,
            Standing::WorkspaceKey => false,
        }
    }
}

impl Includes<View> for ViewBilling {}

/// Say what is watched in the account's own wallet (`domain.md` 4.7, 5.3).
#[derive(Debug, Clone, Copy)]
pub enum ManageWallet {}

impl Permission for ManageWallet {
    const REFUSAL: &'static str = "The rules of a wallet are set by the Owner of the account.";

    fn held_by(standing: Standing) -> bool {
        match standing {
            Standing::Organization(role) | Standing::SubAccount(role) => role == Role::Owner,
            Standing::ParentAdministrator | Standing::Key | Standing::Platform => true,
            Standing::WorkspaceKey => false,
        }
    }
}

impl Includes<View> for ManageWallet {}
impl Includes<ViewBilling> for ManageWallet {}

/// Say who the account is to those who invoice it (`domain.md` 4.8, 5.3): billing is its Owner's alone.
#[derive(Debug, Clone, Copy)]
pub enum EditBillingDetails {}

impl Permission for EditBillingDetails {
    const REFUSAL: &'static str = "Billing details are entered by the Owner of the account.";

    fn held_by(standing: Standing) -> bool {
        matches!(
            standing,
            Standing::Organization(Role::Owner) | Standing::SubAccount(Role::Owner) | Standing::Platform
        )
    }
}

impl Includes<View> for EditBillingDetails {}
impl Includes<ViewBilling> for EditBillingDetails {}

/// Invoice the organization's sub-accounts: say who it is on their invoices, and give back what was
/// invoiced (`domain.md` 4.8, 5.2). No key has it.
#[derive(Debug, Clone, Copy)]
pub enum IssueInvoices {}

impl Permission for IssueInvoices {
    const REFUSAL: &'static str = "What the organization invoices is in the hands of its Owner.";
    const IS_OVER_SUB_ACCOUNTS: bool = true;

    fn held_by(standing: Standing) -> bool {
        matches!(standing, Standing::Organization(Role::Owner) | Standing::Platform)
    }

    fn check(asker: &Asker) -> Result<(), Error> {
        check_over_sub_accounts::<Self>(asker)
    }
}

impl Includes<ManageSubAccounts> for IssueInvoices {}
