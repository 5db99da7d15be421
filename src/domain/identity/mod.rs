//! Who signs in, and with what.

pub mod api_keys;
