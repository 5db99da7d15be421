//! API keys as text: `dnx_live_…` and `dnx_test_…` (`domain.md` 6.1, `trust.md` S10).

use sha2::{Digest, Sha256};

use super::enumeration::words;

words! {
    /// Whether calls made with a key are real.
    KeyMode {
        /// They ring, and are charged.
        Live = "live" / "Live",
        /// They are simulated.
        Test = "test" / "Test",
    }
}

/// The text of a key: prefix, mode, 128 bits in base 62, and a checksum by which a typing
/// error or another program's token is refused before the database is asked.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyText(String);

/// What the texts of all kinds of keys can do.
macro_rules! secret_text {
    ($($kind:ident),+) => {$(
        impl std::fmt::Debug for $kind {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($kind), "(…)"))
            }
        }

        impl $kind {
            /// The text, to be shown once.
            pub fn reveal(&self) -> &str {
                &self.0
            }

            /// SHA-256 of the text: what the database holds.
            pub fn hash(&self) -> Vec<u8> {
                Sha256::digest(self.0.as_bytes()).to_vec()
            }
        }
    )+};
}

secret_text!(KeyText, EngineKey);

/// What secret scanners look for.
pub const KEY_PATTERN: &str = "dnx_(live|test)_[0-9A-Za-z]{28}";

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Digits that 128 bits and 32 bits need.
const RANDOM_DIGITS: usize = 22;
const CHECKSUM_DIGITS: usize = 6;

fn base62(mut number: u128, digits: usize) -> String {
    let mut text = vec![b'0'; digits];
    for place in text.iter_mut().rev() {
        *place = DIGITS[(number % 62) as usize];
        number /= 62;
    }
    text.into_iter().map(char::from).collect()
}

/// CRC-32 (IEEE 802.3) of the characters before it.
fn checksum_of(body: &str) -> String {
    base62(crc32fast::hash(body.as_bytes()).into(), CHECKSUM_DIGITS)
}

/// The key of `kind` with this randomness.
fn text_of(kind: &str, random: [u8; 16]) -> String {
    let body = format!("dnx_{kind}_{}", base62(u128::from_be_bytes(random), RANDOM_DIGITS));
    let checksum = checksum_of(&body);
    body + &checksum
}

/// 128 bits from the operating system.
fn fresh() -> Result<[u8; 16], getrandom::Error> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)?;
    Ok(random)
}

/// Whether `text` is `prefix` with digits and their checksum.
fn is_well_formed(text: &str, prefix: &str) -> bool {
    let Some(rest) = text.strip_prefix(prefix) else { return false };
    let of_digits = rest.len() == RANDOM_DIGITS + CHECKSUM_DIGITS
        && rest.bytes().all(|digit| digit.is_ascii_alphanumeric());
    of_digits && {
        let (body, checksum) = text.split_at(text.len() - CHECKSUM_DIGITS);
        checksum_of(body) == checksum
    }
}

impl KeyText {
    /// A key of this randomness.
    pub fn of(mode: KeyMode, random: [u8; 16]) -> Self {
        Self(text_of(mode.as_str(), random))
    }

    /// A new key from the operating system's randomness.
    ///
    /// # Errors
    /// When the operating system has none to give.
    pub fn new(mode: KeyMode) -> Result<Self, getrandom::Error> {
        fresh().map(|random| Self::of(mode, random))
    }

    /// A key that somebody presents, if it can be one at all.
    pub fn presented(text: &str) -> Option<Self> {
        let is_one = is_well_formed(text, "dnx_live_") || is_well_formed(text, "dnx_test_");
        is_one.then(|| Self(text.to_owned()))
    }

    /// Live or test, as it says itself.
    pub fn mode(&self) -> KeyMode {
        if self.0.starts_with("dnx_test_") { KeyMode::Test } else { KeyMode::Live }
    }

    /// The last four characters, by which people tell keys apart.
    pub fn hint(&self) -> &str {
        &self.0[self.0.len() - 4..]
    }
}

/// The key of a telephony engine as text: `dnx_engine_…`, built as those of the API.
#[derive(Clone, PartialEq, Eq)]
pub struct EngineKey(String);

impl EngineKey {
    /// A key of this randomness.
    pub fn of(random: [u8; 16]) -> Self {
        Self(text_of("engine", random))
    }

    /// A new key from the operating system's randomness.
    ///
    /// # Errors
    /// When the operating system has none to give.
    pub fn new() -> Result<Self, getrandom::Error> {
        fresh().map(Self::of)
    }

    /// A key that somebody presents, if it can be one at all.
    pub fn presented(text: &str) -> Option<Self> {
        is_well_formed(text, "dnx_engine_").then(|| Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_everybody_knows() {
        assert_eq!(checksum_of("123456789"), base62(0xCBF4_3926, CHECKSUM_DIGITS));
    }

    #[test]
    fn a_key_comes_back_and_a_typing_error_does_not() {
        let key = KeyText::new(KeyMode::Live).unwrap();
        assert!(key.reveal().starts_with("dnx_live_") && key.reveal().len() == 37);
        assert_eq!(KeyText::presented(key.reveal()), Some(key.clone()));
        let other = if key.reveal().as_bytes()[12] == b'a' { "b" } else { "a" };
        let mut typo = key.reveal().to_owned();
        typo.replace_range(12..13, other);
        assert_eq!(KeyText::presented(&typo), None);
        for nonsense in ["", "dnx_live_", "dnx_live_é", "Bearer x", &key.reveal()[..36]] {
            assert_eq!(KeyText::presented(nonsense), None);
        }
    }

    #[test]
    fn an_engine_has_keys_of_its_own_kind() {
        let key = EngineKey::new().unwrap();
        assert_eq!(EngineKey::presented(key.reveal()), Some(key.clone()));
        assert_eq!(KeyText::presented(key.reveal()), None);
        assert_eq!(EngineKey::presented(KeyText::new(KeyMode::Live).unwrap().reveal()), None);
    }

    #[test]
    fn keys_of_the_least_and_the_greatest_randomness_are_equally_long() {
        for random in [[0; 16], [255; 16]] {
            assert_eq!(KeyText::of(KeyMode::Test, random).reveal().len(), 37);
        }
    }
}
