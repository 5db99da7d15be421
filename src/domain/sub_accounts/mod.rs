//! An organization's sub-accounts (`domain.md` 2).
//!
//! - [`create`]: a new one, provisioned at once.
//! - [`list`]: the parent's list, searched, sorted and paged by key.
//! - [`lifecycle`]: suspend, reactivate, rename, change who pays.
//! - [`recharge`]: money pushed from the parent's wallet.
//! - [`auto_recharge`]: the same by itself, below a balance.
//! - [`price`]: what the parent charges its client per minute.
//! - [`charged`]: by which of them a statement is filtered.
//! - [`allocation`]: how the organization's concurrency is shared out.

pub mod allocation;
pub mod auto_recharge;
pub mod charged;
pub mod create;
pub mod lifecycle;
pub mod list;
mod name;
pub mod price;
pub mod recharge;

pub use create::{Created, NewSubAccount, NewSubAccountInput, create};
pub use name::{SubAccountName, names};
