//! The HTML face.
//!
//! - [`frame`]: what stands around every page: who is signed in, where, under which banner.
//! - [`parts`]: view structs of the pieces that `templates/parts/` draws.
//! - [`filters`]: how money, numbers, durations and times are written.
//! - [`chart`]: charts as SVG, each with its numbers.
//! - [`assets`]: the files under `/static`, embedded in the program.
//! - [`views`]: one view struct per page and per fragment; handlers fill them and nothing else.

pub mod assets;
pub mod audit;
pub mod chart;
pub mod filters;
pub mod forms;
pub mod frame;
pub mod notices;
pub mod page;
pub mod parts;
pub mod sub_accounts;
pub mod views;
