//! Money (`domain.md` 4).

pub mod ledger;
pub mod receipts;
