//! The face for telephony engines (`domain.md` 6.6): they ask for calls and report on them.
//!
//! - [`front`]: what stands before every request: the engine's key; and the lease by which it
//!   speaks of a call.
//! - [`admission`]: calls that ring, and calls that wait to be made.
//! - [`reports`]: how calls go on and end.
//! - [`uploads`]: recordings and transcripts.
//! - [`document`]: the OpenAPI document, made of the handlers themselves.

pub mod admission;
pub mod document;
pub mod front;
pub mod reports;
pub mod uploads;
