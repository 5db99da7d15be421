//! Where requests that others ask for may go (`trust.md` S12): to public addresses, by
//! https, on two ports; and to what the operator allows besides.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use url::{Host, Url};

/// The ports that are spoken to in public.
const PORTS: [u16; 2] = [443, 8443];
/// The longest address, in bytes.
const LONGEST: usize = 2_000;

/// Whether `address` is one of the public internet: not this machine, not a network
/// behind a router, not a range that is reserved or wraps another address.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        // Whatever wraps an IPv4 address (mapped, NAT64, 6to4, Teredo) lies outside of the
        // one block of global unicast, or is named below.
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        // This network; private; shared (CGNAT); loopback; link-local.
        (0 | 10 | 127, ..) | (100, 64..=127, _) | (169, 254, _) | (172, 16..=31, _) | (192, 168, _)
        // IETF protocols; documentation; 6to4 relays; AS112; benchmarks.
        | (192, 0, 0 | 2) | (198, 51, 100) | (203, 0, 113) | (192, 88, 99) | (192, 31, 196) | (192, 52, 193)
        | (192, 175, 48) | (198, 18 | 19, _)
        // Multicast, reserved, broadcast.
        | (224..=255, ..)
    )
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    // 2000::/3 is all that is routed in public. Inside of it: IETF protocols with Teredo,
    // ORCHID and benchmarks (2001::/23), documentation, 6to4, SRv6 documentation.
    (0x2000..=0x3fff).contains(&a)
        && !(a == 0x2001 && b < 0x200)
        && !(a == 0x2001 && b == 0xdb8)
        && a != 0x2002
        && !(a == 0x3fff && b < 0x1000)
}

/// The text is not a network or a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidTarget(String);

impl fmt::Display for InvalidTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is neither a network such as 10.1.0.0/16 nor a host such as hooks.example", self.0)
    }
}

impl std::error::Error for InvalidTarget {}

/// A network: an address and how many of its bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network(IpAddr, u32);

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        let shared = match (self.0, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => (own.to_bits() ^ other.to_bits()).leading_zeros(),
            (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits() ^ other.to_bits()).leading_zeros(),
            _ => return false,
        };
        shared >= self.1
    }
}

impl FromStr for Network {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let address: IpAddr = address.parse().map_err(drop)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.parse().map_err(drop))?;
        if bits <= most { Ok(Self(address, bits)) } else { Err(()) }
    }
}

/// The networks and hosts that the operator allows besides the public internet, there
/// also by http and on any port. None, unless set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrivateTargets {
    networks: Vec<Network>,
    hosts: Vec<String>,
}

impl FromStr for PrivateTargets {
    type Err = InvalidTarget;

    /// Networks and hosts with commas between them.
    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        let mut targets = Self::default();
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            if let Ok(network) = item.parse() {
                targets.networks.push(network);
            } else {
                match Host::parse(item) {
                    Ok(Host::Domain(host)) if !item.contains('/') => targets.hosts.push(host),
                    _ => return Err(InvalidTarget(item.to_owned())),
                }
            }
        }
        Ok(targets)
    }
}

impl PrivateTargets {
    /// Whether a request may go to `address`.
    pub fn admits(&self, address: IpAddr) -> bool {
        is_public(address) || self.networks.iter().any(|network| network.contains(address))
    }

    /// Whether a request may go wherever the name `host` leads.
    pub fn names(&self, host: &str) -> bool {
        self.hosts.iter().any(|named| named.eq_ignore_ascii_case(host))
    }
}

/// An address that may be told of events, as far as its text shows. Where a name leads is
/// looked at before each request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookUrl(Url);

impl WebhookUrl {
    /// Reads what somebody typed.
    ///
    /// # Errors
    /// Which rule it breaks, in words for people.
    pub fn parse(text: &str, private: &PrivateTargets) -> Result<Self, &'static str> {
        let text = text.trim();
        if text.len() > LONGEST {
            return Err("The address must be at most 2,000 characters long.");
        }
        let no_address = "Enter an address such as https://example.com/hooks.";
        let url = Url::parse(text).map_err(|_| no_address)?;
        // Written out in full it may be longer than it was typed.
        if url.as_str().len() > LONGEST {
            return Err("The address must be at most 2,000 characters long.");
        }
        if !matches!(url.scheme(), "https" | "http") {
            return Err("The address must begin with https://.");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("The address must not contain a user name or password.");
        }
        if url.fragment().is_some() {
            return Err("The address must not contain a “#”.");
        }
        let (literal, named) = match url.host() {
            Some(Host::Domain(host)) => (None, private.names(host)),
            Some(Host::Ipv4(address)) => (Some(IpAddr::V4(address)), false),
            Some(Host::Ipv6(address)) => (Some(IpAddr::V6(address)), false),
            None => return Err(no_address),
        };
        let is_private = named || literal.is_some_and(|ip| !is_public(ip) && private.admits(ip));
        if is_private {
            return Ok(Self(url));
        }
        if literal.is_some_and(|ip| !is_public(ip)) {
            return Err(
                "The address leads into a private network. Webhooks are sent to public addresses only.",
            );
        }
        if url.scheme() != "https" {
            return Err("The address must begin with https://.");
        }
        if !PORTS.contains(&url.port_or_known_default().unwrap_or_default()) {
            return Err("The port must be 443 or 8443.");
        }
        Ok(Self(url))
    }

    /// The address.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOT_PUBLIC: &[&str] = &[
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.9.9.9",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:8.8.8.8",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "3fff::1",
        "3fff:fff::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ];

    #[test]
    fn only_the_public_internet_is_public() {
        for address in NOT_PUBLIC {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.167.0.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.254",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "2a00:1450::1",
            "3fff:1000::1",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn an_address_is_https_public_and_on_a_known_port() {
        let none = PrivateTargets::default();
        for good in ["https://example.com/hook?a=b", " https://8.8.8.8:8443/ ", "https://[2606:4700::1111]/x"]
        {
            assert!(WebhookUrl::parse(good, &none).is_ok(), "{good}");
        }
        for bad in [
            "",
            "example.com",
            "http://example.com",
            "ftp://example.com",
            "https://example.com:22/",
            "https://user@example.com/",
            "https://:pw@example.com/",
            "https://example.com/#x",
            "https://",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::ffff:127.0.0.1]/",
            "https://169.254.169.254/latest",
            "https://[::1]:443/",
            "file:///etc/passwd",
        ] {
            assert!(WebhookUrl::parse(bad, &none).is_err(), "{bad}");
        }
        for address in NOT_PUBLIC {
            let host = if address.contains(':') { format!("[{address}]") } else { (*address).to_owned() };
            assert!(WebhookUrl::parse(&format!("https://{host}/"), &none).is_err(), "{address}");
        }
    }

    #[test]
    fn what_the_operator_allows_is_allowed_there_alone() {
        let private: PrivateTargets = "127.0.0.0/8, fd00::/8, 10.1.2.3, hooks.internal".parse().unwrap();
        for good in [
            "http://127.0.0.1:3000/",
            "https://127.9.9.9/",
            "http://[fd12::1]:8080/",
            "http://10.1.2.3/",
            "http://Hooks.Internal:81/",
        ] {
            assert!(WebhookUrl::parse(good, &private).is_ok(), "{good}");
        }
        for bad in
            ["http://10.1.2.4/", "http://example.com/", "http://x.hooks.internal/", "http://[fe80::1]/"]
        {
            assert!(WebhookUrl::parse(bad, &private).is_err(), "{bad}");
        }
        for wrong in ["10.0.0.0/33", "a/b", "::/129", "http://x", "1.2.3.4/x"] {
            assert!(wrong.parse::<PrivateTargets>().is_err(), "{wrong}");
        }
    }
}
