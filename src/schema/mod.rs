//! The tables as the migrations leave them.

pub mod control;
pub mod region;
