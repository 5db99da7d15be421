//! Values that know nobody: ids with prefixes, regions, money.

mod ids;
mod region;

pub use ids::*;
pub use region::{InvalidRegion, Region};
