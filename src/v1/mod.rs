//! The JSON face: the `/v1` API for client systems (`domain.md` 6).
//!
//! - [`front`]: what stands before every request: its key, the key's rights, its rate; and
//!   what every answer gets.
//! - [`crate::json`]: what is read, what is answered, and how it is said why not.
//! - [`amount`], [`line`]: how money and lines of text are written.
//! - [`rate`]: how often a key may ask.
//! - [`document`]: the OpenAPI document, made of the handlers themselves.
//! - one file per area of the API.

pub mod agent_parts;
pub mod agent_settings;
pub mod agents;
pub mod amount;
pub mod api_keys;
pub mod audit_log;
pub mod calls;
pub mod catalogues;
pub mod countries;
pub mod deletions;
pub mod document;
pub mod front;
pub mod invitations;
pub mod invoices;
pub mod limits;
pub mod line;
pub mod me;
pub mod members;
pub mod numbers;
pub mod payments;
pub mod place_call;
pub mod prices;
pub mod rate;
pub mod recordings;
pub mod retention;
pub mod sub_accounts;
pub mod usage;
pub mod voices;
pub mod wallet;
pub mod wallet_rules;
pub mod webhook_deliveries;
pub mod webhooks;

use crate::json::{refusal, reply, request, timestamp};
