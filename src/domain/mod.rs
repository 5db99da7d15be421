//! What the product does: plain functions, one transaction each, knowing nothing of
//! HTTP, HTML or JSON.
//!
//! An area owns its tables and calls only areas that stand before it here:
//!
//! 1. [`audit`]: who did what, and the proof that nobody changed the record.
//! 1. [`idempotency`]: doing once what is asked twice.
//! 1. [`workspaces`]: divisions inside one account.
//! 1. [`identity`]: people, their passwords, sessions, memberships and invitations; API keys.
//! 1. [`webhooks`]: whom an account tells of its events, and what became of it.
//! 1. [`brands`]: how an organization's sub-accounts see it.
//! 1. [`billing`]: the ledger and the wallets.
//! 1. [`usage`]: calls per account and day.
//! 1. [`sub_accounts`]: creating, listing, suspending them.
//! 1. [`limits`]: the concurrency limits.
//! 1. [`delegations`]: Access Dashboard.
//! 1. [`members`]: what becomes of members: another role, removed, gone.
//! 1. [`catalogues`]: languages, language models, voices, transcribers, countries.
//! 1. [`numbers`]: phone numbers.
//! 1. [`agents`]: voice agents.
//! 1. [`calls`]: calls, transcripts, recordings.
//! 1. [`engines`]: the telephony engines that are let in.
//! 1. [`deletion`]: deleting a sub-account for good.
//! 1. [`operator`]: what the platform's operator does.
//! 1. [`demo`]: a world to look around in, made with the operations of all others.

pub mod agents;
pub mod audit;
pub mod billing;
pub mod brands;
pub mod calls;
pub mod catalogues;
pub mod delegations;
pub mod deletion;
pub mod demo;
pub mod engines;
pub mod idempotency;
pub mod identity;
pub mod limits;
pub mod members;
pub mod numbers;
pub mod operator;
pub mod sub_accounts;
pub mod usage;
pub mod webhooks;
pub mod workspaces;
