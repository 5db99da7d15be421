//! The secrets that sign what is sent, sealed in the database.

use data_encoding::BASE64;

use crate::{
    error::Error,
    values::{Sealer, WebhookId},
};

/// In which context an endpoint's secrets are sealed: they open in its own row alone.
fn context(id: WebhookId) -> Vec<u8> {
    format!("secret of {id}").into_bytes()
}

pub(super) fn seal(sealer: &Sealer, id: WebhookId, secret: &str) -> Result<Vec<u8>, Error> {
    sealer.seal(&context(id), secret.as_bytes()).map_err(Error::internal)
}

/// Opens a secret of endpoint `id`.
///
/// # Errors
/// [`Error::Internal`] when it was sealed under another secret of the server.
pub(super) fn open(sealer: &Sealer, id: WebhookId, sealed: &[u8]) -> Result<String, Error> {
    sealer
        .open(&context(id), sealed)
        .and_then(|plain| String::from_utf8(plain).ok())
        .ok_or_else(|| Error::internal("the secret of a webhook cannot be opened with this server’s secret"))
}

/// A new secret as the Standard Webhooks specification writes it: `whsec_` and 32 random
/// bytes in base64.
pub(super) fn new_secret() -> Result<String, Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(Error::internal)?;
    Ok(format!("whsec_{}", BASE64.encode(&bytes)))
}

/// The bytes that sign: what is encoded after `whsec_`, or the secret's own where the
/// caller chose one that is not written so.
pub fn signing_key(secret: &str) -> Vec<u8> {
    secret
        .strip_prefix("whsec_")
        .and_then(|encoded| BASE64.decode(encoded.as_bytes()).ok())
        .filter(|key| !key.is_empty())
        .unwrap_or_else(|| secret.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_signs_by_what_it_encodes_or_by_itself() {
        let secret = new_secret().unwrap();
        assert_eq!(signing_key(&secret).len(), 32);
        assert_eq!(signing_key("mySuperSecret"), b"mySuperSecret");
        assert_eq!(signing_key("whsec_"), b"whsec_");
        assert_eq!(signing_key("whsec_not base64"), b"whsec_not base64");
        assert_eq!(signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").len(), 24);
    }
}
