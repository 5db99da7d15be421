//! What the JSON faces have in common: how a request is read, how it is answered, and how it
//! is said why not (`domain.md` 6.4).
//!
//! - [`request`]: what is read, strictly.
//! - [`reply`]: what is answered.
//! - [`refusal`]: why a request was refused.
//! - [`timestamp`]: how moments are written.

pub mod refusal;
pub mod reply;
pub mod request;
pub mod timestamp;
