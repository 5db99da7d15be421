//! shim
use super::{filters::Zone, views::account::Event};
pub fn event(_: &crate::access::StoredEntry, _: Zone) -> Event {
    unimplemented!()
}
