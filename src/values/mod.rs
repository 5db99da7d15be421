//! Values that know nobody: ids with prefixes, regions, money, words.

mod account;
mod database_url;
mod email;
mod enumeration;
mod ids;
mod money;
mod region;
mod secret;

pub use account::{BillingMode, Role, SubAccountStatus};
pub use database_url::{DatabaseUrl, InvalidDatabaseUrl};
pub use email::{Email, InvalidEmail};
pub use enumeration::UnknownWord;
#[allow(unused_imports)]
pub(crate) use enumeration::words;
pub use ids::*;
pub use money::{Money, MoneyError};
pub use region::{InvalidRegion, Region};
pub use secret::Secret;
