//! shim
use crate::{
    access::{Tx, permission::View},
    error::Error,
};
pub struct DayVolume {
    pub day: time::Date,
    pub calls: i64,
    pub answered: i64,
    pub minutes: i64,
    pub cost_minor: i64,
}
pub fn last_30_days(_: &mut Tx<'_, View>) -> Result<Vec<DayVolume>, Error> {
    unimplemented!()
}
