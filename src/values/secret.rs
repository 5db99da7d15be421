//! Secrets that travel outside and are kept only as hashes.

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

/// A random token of 256 bits, as it stands in a link or a cookie.
///
/// It is shown once; what is stored is [`Secret::hash`]. A fast hash is right for a
/// secret of this strength (OWASP ASVS 5.0, 6.5.2).
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// A new secret from the operating system's randomness.
    ///
    /// # Errors
    /// When the operating system has none to give.
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(BASE64URL_NOPAD.encode(&bytes)))
    }

    /// A secret that somebody presents.
    pub fn presented(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text to put into a link or a cookie.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// SHA-256 of the text: what the database holds.
    pub fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0.as_bytes()).to_vec()
    }
}
