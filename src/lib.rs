//! Sub-accounts for DialNexa.
//!
//! The map, in the order a request travels:
//!
//! - [`values`]: ids, regions, money, dates: types that know nobody.
//! - [`error`]: what can go wrong, without HTTP in it.
//! - [`web`]: the HTML face: pages, parts and assets.

pub mod error;
pub mod values;
pub mod web;
