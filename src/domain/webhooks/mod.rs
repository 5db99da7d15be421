//! Webhooks: the addresses at which an account is told of its events, and what became of
//! telling them (`domain.md` 6.7).
//!
//! - [`endpoints`]: the addresses: which kinds of events they want, their signing secret.
//! - [`input`], [`signing`]: the rules for one, and what it signs with.
//! - [`deliveries`]: the log of 30 days, and sending again.
//! - [`sending`]: what background work does to send, retry and give up.
//!
//! An operation says what to tell in its `Change`; events and deliveries are kept by its
//! commit. A delivery is sent at least once, always under the id of its event.

pub mod deliveries;
pub mod endpoints;
pub mod input;
pub mod sending;
pub mod signing;

/// How long events and their deliveries are kept, in days.
pub const DAYS_KEPT: i64 = 30;
