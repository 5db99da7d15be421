//! The site as browsers see it: its address, its cookies, and the signatures on them.

use std::net::{Ipv4Addr, Ipv6Addr};

use actix_web::{
    HttpRequest,
    cookie::{Cookie, CookieBuilder, SameSite, time::Duration},
};
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use url::Url;

/// Makes and checks signatures with the deployment's secret.
#[derive(Clone)]
pub(super) struct Signer([u8; 32]);

impl Signer {
    fn mac(&self, purpose: &str, parts: &[&str]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        // Each part is preceded by its length: ("a", "bc") must not sign as ("ab", "c").
        for part in std::iter::once(&purpose).chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        Some(mac)
    }

    /// The signature of `parts` for one purpose alone.
    pub(super) fn sign(&self, purpose: &str, parts: &[&str]) -> String {
        let mac = self.mac(purpose, parts);
        mac.map(|mac| BASE64URL_NOPAD.encode(&mac.finalize().into_bytes())).unwrap_or_default()
    }

    /// Whether `signature` is theirs; compared in constant time.
    pub(super) fn is_signed(&self, purpose: &str, parts: &[&str], signature: &str) -> bool {
        let given = BASE64URL_NOPAD.decode(signature.as_bytes()).ok();
        self.mac(purpose, parts).zip(given).is_some_and(|(mac, given)| mac.verify_slice(&given).is_ok())
    }
}

/// The cookie of whoever is signed in.
pub const SESSION_COOKIE: &str = "session";
/// What the product was called to whoever signed in last with this browser.
const BRAND_COOKIE: &str = "brand";

/// What the pages beside the accounts are called to somebody with accounts of several
/// brands, which must not learn of each other (`domain.md` 7.6).
pub(super) const NEUTRAL_BRAND: &str = "Your accounts";

/// Whether a host, with or without a port, is this computer as it calls itself: whoever
/// runs the program for themselves asks so.
fn is_loopback(host: &str) -> bool {
    let name = name_of(host);
    let is_v6 = || {
        let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
        address.and_then(|name| name.parse::<Ipv6Addr>().ok()).is_some_and(|address| address.is_loopback())
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || is_v6()
}

/// A host without its port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    }
}

/// The site's address and secrets.
#[derive(Clone)]
pub struct Site {
    origin: String,
    https: bool,
    pub(super) signer: Signer,
}

impl Site {
    /// The site that people reach at `public_url`, signing with the deployment's secret.
    pub fn new(public_url: &str, secret: [u8; 32]) -> Self {
        let origin = Url::parse(public_url).map(|url| url.origin().ascii_serialization());
        let origin = origin.unwrap_or_else(|_| public_url.trim_end_matches('/').to_owned());
        Self { https: origin.starts_with("https:"), origin, signer: Signer(secret) }
    }

    /// Where people and programs reach it, without a path.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether people reach it encrypted.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Whether people may ask for this host: the public address's, or the computer itself
    /// (`trust.md` S16).
    pub fn is_known_host(&self, host: &str) -> bool {
        let public = self.origin.split_once("://").map_or(self.origin.as_str(), |(_, host)| host);
        is_loopback(host) || name_of(host).eq_ignore_ascii_case(name_of(public))
    }

    /// Whether `origin` is this site's own: the public one, or that of the host asked where
    /// this is the computer itself. What else a request calls its host proves nothing.
    pub fn is_own_origin(&self, origin: &str, host: Option<&str>) -> bool {
        let asked = host.filter(|host| is_loopback(host)).is_some_and(|host| {
            origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")) == Some(host)
        });
        origin == self.origin || asked
    }

    /// The local part of a full address of this site, such as a Referer.
    pub fn local_part(&self, address: &str, host: Option<&str>) -> Option<String> {
        let url = Url::parse(address).ok()?;
        if !self.is_own_origin(&url.origin().ascii_serialization(), host) {
            return None;
        }
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        local_path(&format!("{}{query}", url.path()))
    }

    /// The full name of a cookie. Where the site is reached encrypted no other host can
    /// plant it.
    pub fn cookie_name(&self, name: &str) -> String {
        if self.https { format!("__Host-{name}") } else { name.to_owned() }
    }

    /// A cookie that scripts and other sites do not see.
    pub(super) fn cookie(&self, name: &str, value: String, days: i64) -> CookieBuilder<'static> {
        Cookie::build(self.cookie_name(name), value)
            .path("/")
            .http_only(true)
            .secure(self.https)
            .same_site(SameSite::Lax)
            .max_age(Duration::days(days))
    }

    /// The value of a cookie of the request.
    pub(super) fn cookie_of(&self, request: &HttpRequest, name: &str) -> Option<String> {
        request.cookie(&self.cookie_name(name)).map(|cookie| cookie.value().to_owned())
    }

    /// Remembers what the product is called to this browser's person, so that pages
    /// before signing in say it too (`domain.md` 7.6).
    pub(super) fn remember_brand(&self, brand: &str) -> Cookie<'static> {
        let text = BASE64URL_NOPAD.encode(brand.as_bytes());
        let value = format!("{text}.{}", self.signer.sign("brand", &[brand]));
        self.cookie(BRAND_COOKIE, value, 365).finish()
    }

    /// What the product is called to this browser, when it is known.
    pub fn remembered_brand(&self, request: &HttpRequest) -> Option<String> {
        let value = self.cookie_of(request, BRAND_COOKIE)?;
        let (text, signature) = value.split_once('.')?;
        let brand = String::from_utf8(BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok()?;
        self.signer.is_signed("brand", &[&brand], signature).then_some(brand)
    }
}

/// `path` if it leads to a page of this site and nowhere else.
pub fn local_path(path: &str) -> Option<String> {
    let base = Url::parse("http://site.invalid").ok()?;
    let is_plain = path.len() <= 2_000
        && path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && !path.chars().any(char::is_control);
    let leads_here = is_plain && base.join(path).is_ok_and(|url| url.origin() == base.origin());
    leads_here.then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_site_are_local() {
        for good in ["/", "/accounts", "/accounts/org_1/sub-accounts?q=a%20b&page=2"] {
            assert_eq!(local_path(good).as_deref(), Some(good));
        }
        for bad in ["", "accounts", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nb"] {
            assert_eq!(local_path(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_signature_holds_for_its_parts_and_purpose_alone() {
        let signer = Signer([7; 32]);
        let signature = signer.sign("a", &["b", "c"]);
        assert!(signer.is_signed("a", &["b", "c"], &signature));
        assert!(!signer.is_signed("a", &["bc", ""], &signature));
        assert!(!signer.is_signed("b", &["b", "c"], &signature));
        assert!(!signer.is_signed("a", &["b", "c"], ""));
        assert!(!Signer([8; 32]).is_signed("a", &["b", "c"], &signature));
    }

    #[test]
    fn own_origins_are_the_public_one_and_the_computer_itself() {
        let site = Site::new("https://voice.example/", [0; 32]);
        assert!(site.is_own_origin("https://voice.example", None));
        assert!(site.is_own_origin("http://127.0.0.1:8080", Some("127.0.0.1:8080")));
        assert!(!site.is_own_origin("https://a.voice.example", Some("voice.example")));
        assert!(!site.is_own_origin("null", Some("voice.example")));
        assert!(!site.is_own_origin("https://evil.example", Some("evil.example")));
        assert!(!site.is_own_origin("http://127.0.0.1:3000", Some("127.0.0.1:8080")));
        assert!(!site.is_own_origin("http://voice.example", Some("voice.example")));
        assert_eq!(site.local_part("https://voice.example/a?b=c#d", None).as_deref(), Some("/a?b=c"));
        assert_eq!(site.local_part("https://evil.example/a", Some("voice.example")), None);
        assert_eq!(site.cookie_name("session"), "__Host-session");
    }

    #[test]
    fn known_hosts_are_the_public_one_and_the_computer_itself() {
        let site = Site::new("https://voice.example/", [0; 32]);
        for known in [
            "voice.example",
            "Voice.Example:443",
            "localhost",
            "localhost:8080",
            "127.0.0.1",
            "127.0.0.9:1",
            "[::1]",
            "[::1]:8080",
        ] {
            assert!(site.is_known_host(known), "{known}");
        }
        for unknown in [
            "",
            "evil.example",
            "a.voice.example",
            "voice.example.evil.example",
            "voice.example@evil.example",
            "evil.example:voice.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1:8080",
            "[::2]:8080",
            "::1",
        ] {
            assert!(!site.is_known_host(unknown), "{unknown}");
        }
        let local = Site::new("http://[::1]:8080", [0; 32]);
        assert!(local.is_known_host("[::1]:8080") && !local.is_known_host("[::2]:8080"));
    }
}
