//! Values that know nobody: ids with prefixes, regions, money, words.

mod account;
mod enumeration;
mod database_url;
mod ids;
mod money;
mod region;
mod secret;

pub use account::{BillingMode, Role, SubAccountStatus};
pub use enumeration::UnknownWord;
#[allow(unused_imports)]
pub(crate) use enumeration::words;
pub use database_url::{DatabaseUrl, InvalidDatabaseUrl};
pub use ids::*;
pub use money::{Money, MoneyError};
pub use region::{InvalidRegion, Region};
pub use secret::Secret;
