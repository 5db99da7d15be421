//! shim
use super::frame::CsrfFields;
use crate::access::Denied;
use actix_web::{FromRequest, HttpRequest, dev::Payload};
pub struct FormKey(pub [u8; 32]);
pub struct Submitted<T>(T);
impl<T> Submitted<T> {
    pub fn by<C>(self, _: &C) -> Result<T, Denied> {
        Ok(self.0)
    }
}
impl<T: 'static> FromRequest for Submitted<T> {
    type Error = Denied;
    type Future = std::pin::Pin<Box<dyn std::future::Future<Output = Result<Self, Denied>>>>;
    fn from_request(_: &HttpRequest, _: &mut Payload) -> Self::Future {
        unimplemented!()
    }
}
pub fn csrf_fields<C>(_: &FormKey, _: &C) -> CsrfFields {
    CsrfFields::default()
}
