//! Background work.

pub mod erasure;
pub mod stays;
