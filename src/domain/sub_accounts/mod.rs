//! An organization's sub-accounts (`domain.md` 2).
//!
//! - [`create`]: a new one, provisioned at once.
//! - [`list`]: the parent's list, searched, sorted and paged by key.
//! - [`lifecycle`]: suspend, reactivate, rename.
//! - [`allocation`]: how the organization's concurrency is shared out.

pub mod allocation;
pub mod create;
pub mod lifecycle;
pub mod list;
mod name;

pub use create::{NewSubAccount, NewSubAccountInput, create};
pub use name::{SubAccountName, names};
