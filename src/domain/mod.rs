//! What the product does: plain functions, one transaction each, knowing nothing of
//! HTTP, HTML or JSON.
//!
//! An area owns its tables and calls only areas named before it here.
pub mod billing;
pub mod delegations;
pub mod deletion;
pub mod idempotency;
pub mod limits;
pub mod sub_accounts;
pub mod workspaces;
