//! Secrets that must be readable later, sealed for the database: a copy of it without the
//! server's own secret gives none of them away.

use chacha20poly1305::{
    Key, XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use sha2::{Digest, Sha256};

/// Seals and opens with XChaCha20-Poly1305 under a key that is derived from the server's
/// secret.
#[derive(Clone)]
pub struct Sealer(XChaCha20Poly1305);

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer(…)")
    }
}

/// The operating system gave no randomness, or the text is too long to be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotSealed;

impl std::fmt::Display for NotSealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a secret could not be sealed")
    }
}

impl std::error::Error for NotSealed {}

impl Sealer {
    /// The sealer of a server.
    pub fn of(server_secret: &[u8; 32]) -> Self {
        let key = Sha256::new().chain_update(b"key of sealed secrets").chain_update(server_secret).finalize();
        Self(XChaCha20Poly1305::new(Key::from_slice(&key)))
    }

    /// Seals `plain`. `context` says what it is and whose: it must be the same to open it,
    /// so that a sealed text is of no use in another row.
    ///
    /// # Errors
    /// [`NotSealed`] when there is no randomness.
    pub fn seal(&self, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, NotSealed> {
        let mut nonce = [0; 24];
        getrandom::fill(&mut nonce).map_err(|_| NotSealed)?;
        let sealed = self
            .0
            .encrypt(XNonce::from_slice(&nonce), Payload { msg: plain, aad: context })
            .map_err(|_| NotSealed)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// What was sealed in `context`; `None` when it was not, or not by this server.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(24)?;
        self.0.decrypt(XNonce::from_slice(nonce), Payload { msg: sealed, aad: context }).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_in_its_context_alone() {
        let sealer = Sealer::of(&[7; 32]);
        let sealed = sealer.seal(b"key_1", b"dnx_live_x").unwrap();
        assert_eq!(sealer.open(b"key_1", &sealed).as_deref(), Some(b"dnx_live_x".as_slice()));
        assert_eq!(sealer.open(b"key_2", &sealed), None);
        assert_eq!(Sealer::of(&[8; 32]).open(b"key_1", &sealed), None);
        assert_eq!(sealer.open(b"key_1", &sealed[..20]), None);
        assert_ne!(sealer.seal(b"key_1", b"dnx_live_x").unwrap(), sealed);
    }
}
