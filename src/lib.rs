//! Sub-accounts for DialNexa.
//!
//! The map, in the order a request travels:
//!
//! - [`values`]: ids, regions, money, dates: types that know nobody.
//! - [`error`]: what can go wrong, without HTTP in it.
//! - [`schema`]: the tables as the migrations leave them.
//! - [`access`]: who asks, where, may they; the only door to the databases.
//! - [`domain`]: the operations.
//! - [`web`]: the HTML face: pages, parts and assets.
//! - [`work`]: what goes on in the background.

pub mod access;
pub mod domain;
pub mod error;
pub mod schema;
pub mod values;
pub mod web;
pub mod work;
