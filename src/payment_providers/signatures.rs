//! Signatures of webhooks, compared in constant time over the bytes that came.

use data_encoding::HEXLOWER_PERMISSIVE;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use time::{Duration, OffsetDateTime};

/// How old, or how early, a signature with a time may be.
const TOLERANCE: Duration = Duration::minutes(5);

/// Whether `hex` is the HMAC-SHA256 of `parts` under `secret`.
pub(super) fn is_signed(secret: &str, parts: &[&[u8]], hex: &str) -> bool {
    let Ok(given) = HEXLOWER_PERMISSIVE.decode(hex.as_bytes()) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
    parts.iter().for_each(|part| mac.update(part));
    mac.verify_slice(&given).is_ok()
}

/// Whether a header such as `t=1700000000,v1=…,v1=…` signs `body`, not too long ago.
pub(super) fn is_signed_with_time(secret: &str, header: &str, body: &[u8], now: OffsetDateTime) -> bool {
    let pairs = || header.split(',').filter_map(|pair| pair.trim().split_once('='));
    let Some((_, at)) = pairs().find(|(name, _)| *name == "t") else { return false };
    let Some(signed_at) = at.parse().ok().and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok()) else {
        return false;
    };
    (now - signed_at).abs() <= TOLERANCE
        && pairs()
            .filter(|(name, _)| *name == "v1")
            .any(|(_, hex)| is_signed(secret, &[at.as_bytes(), b".", body], hex))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(secret: &str, text: &str) -> String {
        let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(text).finalize();
        HEXLOWER_PERMISSIVE.encode(&mac.into_bytes())
    }

    #[test]
    fn a_signature_is_of_its_secret_body_and_time() {
        let now = OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap();
        let good = sign("whsec", "1700000000.{}");
        let check = |header: &str, body: &[u8], now| is_signed_with_time("whsec", header, body, now);
        assert!(check(&format!("t=1700000000,v1={good}"), b"{}", now));
        assert!(check(&format!("t=1700000000,v0=aa,v1=00,v1={good}"), b"{}", now), "a secret that changes");
        assert!(check(&format!("t=1700000000,v1={good}"), b"{}", now + Duration::minutes(5)));
        assert!(!check(&format!("t=1700000000,v1={good}"), b"{}", now + Duration::minutes(6)));
        assert!(!check(&format!("t=1700000000,v1={good}"), b"{}", now - Duration::minutes(6)));
        assert!(!check(&format!("t=1700000001,v1={good}"), b"{}", now));
        assert!(!check(&format!("t=1700000000,v1={good}"), b"{ }", now));
        assert!(!check(&format!("t=1700000000,v0={good}"), b"{}", now));
        assert!(!check(&format!("t=99999999999999999999,v1={good}"), b"{}", now));
        for nonsense in ["", "t=", "v1=", "t=1700000000", "t=x,v1=zz"] {
            assert!(!check(nonsense, b"{}", now), "{nonsense}");
        }
        assert!(is_signed("s", &[b"body"], &sign("s", "body")));
        assert!(!is_signed("s", &[b"body"], &sign("t", "body")));
    }
}
