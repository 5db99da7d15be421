//! The dashboard of one account: a sub-account's for its members and for a parent's
//! administrator inside, and an organization's own.
//!
//! Billing and audit log are sections: the parent's pages over a
//! sub-account show the same ones.

pub mod agents;
pub mod audit;
pub mod billing;
pub mod billing_details;
pub mod call;
pub mod calls;
pub mod calls_export;
pub mod invoices;
pub mod live;
pub mod logo;
mod minute;
pub mod numbers;
pub mod overview;
pub mod payments;
pub(in crate::web) mod peaks;
pub mod place_call;
pub mod recording;
mod recording_link;
pub mod retention;
pub mod statement_export;
pub mod wallet_rules;

pub(in crate::web) use calls::day;

use crate::access::{
    Scope,
    permission::{Permission, ViewBilling},
    principal::Standing,
};

/// Whether the account has a wallet that the reader may see (`domain.md` 4.2, 5.3).
fn sees_wallet<P: Permission>(scope: &Scope<P>) -> bool {
    scope.asker().account.pays_itself() && scope.holds::<ViewBilling>()
}

/// Whether the reader may see what calls cost: whoever sees the wallet that pays, and the
/// parent, who pays for a consolidated sub-account.
fn sees_cost<P: Permission>(scope: &Scope<P>) -> bool {
    sees_wallet(scope) || scope.asker().standing == Standing::ParentAdministrator
}

/// Days of usage and counters that pages show.
const DAYS: u16 = crate::domain::usage::WINDOW;
