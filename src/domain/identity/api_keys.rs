//! API keys: `dnx_live_…` and `dnx_test_…`, shown once and stored as a hash
//! (`domain.md` 6.1, `trust.md` S10).

use diesel::prelude::*;
use serde_json::json;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::{
    access::{
        Change, Event, Tx,
        permission::{Administer, Includes},
    },
    error::{Error, FieldError},
    schema::control::api_keys,
    values::{ApiKeyId, words},
};

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

impl std::fmt::Debug for KeyText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyText(…)")
    }
}

/// What secret scanners look for.
pub const PATTERN: &str = "dnx_(live|test)_[0-9A-Za-z]{28}";

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

/// CRC-32 as in IEEE 802.3.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 },
        )
    })
}

impl KeyText {
    /// A key of this randomness.
    pub fn of(mode: KeyMode, random: [u8; 16]) -> Self {
        let body = format!("dnx_{mode}_{}", base62(u128::from_be_bytes(random), RANDOM_DIGITS));
        let checksum = base62(crc32(body.as_bytes()).into(), CHECKSUM_DIGITS);
        Self(body + &checksum)
    }

    /// A new key from the operating system's randomness.
    ///
    /// # Errors
    /// When the operating system has none to give.
    pub fn new(mode: KeyMode) -> Result<Self, Error> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(Error::internal)?;
        Ok(Self::of(mode, random))
    }

    /// A key that somebody presents, if it can be one at all.
    pub fn presented(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("dnx_live_").or_else(|| text.strip_prefix("dnx_test_"))?;
        let well_formed = rest.len() == RANDOM_DIGITS + CHECKSUM_DIGITS
            && rest.bytes().all(|digit| digit.is_ascii_alphanumeric());
        let (body, checksum) = well_formed.then(|| text.split_at(text.len() - CHECKSUM_DIGITS))?;
        (base62(crc32(body.as_bytes()).into(), CHECKSUM_DIGITS) == checksum).then(|| Self(text.to_owned()))
    }

    /// The text, to be shown once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// SHA-256 of the text: what the database holds.
    pub fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0.as_bytes()).to_vec()
    }

    /// The last four characters, by which people tell keys apart.
    pub fn hint(&self) -> &str {
        &self.0[self.0.len() - 4..]
    }
}

/// A key as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = api_keys)]
pub struct ApiKey {
    /// Its id.
    #[diesel(column_name = api_key_id)]
    pub id: ApiKeyId,
    /// What it is for.
    pub name: String,
    /// Live or test.
    pub mode: KeyMode,
    /// Its last four characters.
    pub token_hint: String,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it was last used.
    pub last_used_at: Option<OffsetDateTime>,
    /// When it ends by itself.
    pub expires_at: Option<OffsetDateTime>,
    /// When somebody ended it.
    pub revoked_at: Option<OffsetDateTime>,
}

/// The keys of an account, newest first, ended ones included.
pub fn list<P: Includes<Administer>>(tx: &mut Tx<'_, P>) -> Result<Vec<ApiKey>, Error> {
    Ok(api_keys::table
        .order(api_keys::api_key_id.desc())
        .limit(200)
        .select(ApiKey::as_select())
        .load(tx.connection())?)
}

/// Keeps a new key. Kept already, it stays as it is.
///
/// # Errors
/// [`Error::Invalid`] on `name`.
pub fn keep<P: Includes<Administer>>(
    tx: &mut Tx<'_, P>,
    name: &str,
    mode: KeyMode,
    text: &KeyText,
) -> Result<Change<Option<ApiKeyId>>, Error> {
    let name = name.trim();
    if !(1..=60).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        let message = "Give the key a name of at most 60 characters.";
        return Err(Error::Invalid(vec![FieldError::new("name", message)]));
    }
    let id = ApiKeyId::new();
    let creator = tx.asker().principal.person().map(|person| person.id);
    let kept = diesel::insert_into(api_keys::table)
        .values((
            api_keys::api_key_id.eq(id),
            api_keys::name.eq(name),
            api_keys::mode.eq(mode),
            api_keys::token_hash.eq(text.hash()),
            api_keys::token_hint.eq(text.hint()),
            api_keys::created_by.eq(creator),
        ))
        .on_conflict(api_keys::token_hash)
        .do_nothing()
        .execute(tx.connection())?;
    if kept == 0 {
        return Ok(Change::none(None));
    }
    let event = Event {
        account: tx.account().id,
        action: "api_key.created",
        object: name.to_owned(),
        object_id: id.to_string(),
        details: json!({ "mode": mode, "hint": text.hint() }),
    };
    Ok(Change::new(Some(id), event))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_everybody_knows() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
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
    fn keys_of_the_least_and_the_greatest_randomness_are_equally_long() {
        for random in [[0; 16], [255; 16]] {
            assert_eq!(KeyText::of(KeyMode::Test, random).reveal().len(), 37);
        }
    }
}
