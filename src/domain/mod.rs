//! What the product does: plain functions, one transaction each, knowing nothing of
//! HTTP, HTML or JSON.
//!
//! An area owns its tables and calls only areas named before it here.
pub mod agents;
pub mod audit;
pub mod billing;
pub mod calls;
pub mod delegations;
pub mod deletion;
pub mod demo;
pub mod idempotency;
pub mod identity;
pub mod limits;
pub mod numbers;
pub mod operator;
pub mod sub_accounts;
pub mod usage;
pub mod workspaces;
