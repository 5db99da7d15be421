//! Passwords: what is accepted, and how they are kept (`trust.md` S14).
//!
//! Hashing takes a tenth of a second and 19 MiB on purpose: run it where waiting is
//! allowed, and few at a time.

use std::{collections::HashSet, sync::LazyLock};

use argon2::{
    Argon2, PasswordHash, PasswordHasher, PasswordVerifier,
    password_hash::{SaltString, rand_core::OsRng},
};
use unicode_normalization::UnicodeNormalization;

use crate::error::Error;

/// The fewest characters of a password.
pub const SHORTEST: usize = 8;
/// The most characters; it only keeps the work bounded.
pub const LONGEST: usize = 256;

/// The passwords of at least [`SHORTEST`] characters that appear most often in breaches,
/// in lower case. From the frequency lists of zxcvbn (MIT licence).
static KNOWN: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("known_passwords.txt").lines().collect());

/// The same characters typed on another keyboard are the same password.
fn normal(password: &str) -> String {
    password.nfkc().collect()
}

/// Checks a new password. `about` is what others know of the person: address, name.
///
/// # Errors
/// [`Error::Invalid`] on `password`, saying which rule is broken.
pub fn check(password: &str, about: &[&str]) -> Result<(), Error> {
    let length = password.chars().count();
    let lower = normal(password).to_lowercase();
    let repeats = lower.chars().collect::<HashSet<_>>().len() < 3;
    let is_about = about.iter().filter(|word| !word.is_empty()).any(|word| {
        let word = word.to_lowercase();
        lower == word || word.split_once('@').is_some_and(|(local, _)| lower == local)
    });
    let message = if length < SHORTEST {
        format!("Use at least {SHORTEST} characters. A few words make a good password.")
    } else if length > LONGEST {
        format!("Use at most {LONGEST} characters.")
    } else if repeats || KNOWN.contains(lower.as_str()) {
        "This password is one that attackers try first. Choose another.".to_owned()
    } else if is_about {
        "Your password must not be your name or e-mail address.".to_owned()
    } else {
        return Ok(());
    };
    Err(Error::invalid("password", message))
}

/// The hash to keep of a password, Argon2id with the parameters in it.
///
/// # Errors
/// [`Error::Internal`] when the operating system gives no randomness.
pub fn hash(password: &str) -> Result<String, Error> {
    let salt = SaltString::generate(&mut OsRng);
    let hash = Argon2::default().hash_password(normal(password).as_bytes(), &salt);
    hash.map(|hash| hash.to_string()).map_err(Error::internal)
}

/// What is compared with where there is no password, so that it takes as long.
static NOBODYS: LazyLock<String> = LazyLock::new(|| hash("nobody has this one").unwrap_or_default());

/// Whether `password` is the one of which `kept` is the hash. Without a hash it is
/// false, after as much work.
pub fn is_right(kept: Option<&str>, password: &str) -> bool {
    let Ok(hash) = PasswordHash::new(kept.unwrap_or(&NOBODYS)) else { return false };
    let right = Argon2::default().verify_password(normal(password).as_bytes(), &hash).is_ok();
    right && kept.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_and_no_other_is() {
        let kept = hash("a sentence of words").expect("randomness");
        assert!(kept.starts_with("$argon2id$"));
        assert!(is_right(Some(&kept), "a sentence of words"));
        assert!(!is_right(Some(&kept), "a sentence of word"));
        assert!(!is_right(None, "nobody has this one"));
        assert_ne!(Ok(kept), hash("a sentence of words").map_err(|_| ()));
    }

    #[test]
    fn what_attackers_try_first_is_refused() {
        let about = ["Asha Rao", "asha.rao.long@acme.example"];
        for bad in ["short", "Password", "12345678", "aaaaaaaaaa", "Asha Rao", "asha.rao.long"] {
            assert!(check(bad, &about).is_err(), "{bad}");
        }
        assert!(check(&"a1b2".repeat(65), &about).is_err());
        for good in ["demo-password-1", "पासवर्ड है यह", "correct horse battery", &"x1y".repeat(80)]
        {
            assert!(check(good, &about).is_ok(), "{good}");
        }
    }
}
