//! Values that know nobody: ids with prefixes, regions, money.

mod database_url;
mod ids;
mod region;

pub use database_url::{DatabaseUrl, InvalidDatabaseUrl};
pub use ids::*;
pub use region::{InvalidRegion, Region};
