//! Money (`domain.md` 4).
//!
//! - [`ledger`]: entries that sum to zero, and the balances they make.
//! - [`statement`]: reading them, by period.
//! - [`wallet`]: what is in a wallet, held and watched.
//! - [`alerts`]: what is watched in a wallet, and telling of it; [`letters`]: by mail.
//! - [`rates`]: what a minute costs, and what a client is charged for it.
//! - [`reversal`]: undoing an entry.
//! - [`payments`]: money that comes in from outside.
//! - [`receipts`]: one entry, looked up.
//! - [`charges`]: holding and charging calls, whoever pays for them.
//! - [`invoices`]: invoices and credit notes.
//! - [`verify`]: the proof that all of it adds up.

pub mod alerts;
mod allowances;
mod books;
pub mod charges;
pub mod invoices;
pub mod ledger;
pub mod letters;
pub mod payments;
pub mod rates;
pub mod receipts;
pub mod reversal;
pub mod statement;
pub mod verify;
pub mod wallet;
