//! How often a password may be guessed (`trust.md` S14).
//!
//! Three counts meet a guess: of one address on one e-mail, of one address, and of one
//! e-mail from everywhere. The last alone would let anybody lock anybody out, so a
//! browser that has signed in to that e-mail before is counted by itself. An attempt is
//! counted before the password is looked at and taken back when it was right, so that
//! many at once cannot pass together.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The most keys one count remembers.
const MOST_KEYS: usize = 100_000;

/// So many at once, and then one in each interval.
#[derive(Debug, Clone, Copy)]
struct Allowance {
    at_once: u32,
    then_every: Duration,
}

const ADDRESS_ON_EMAIL: Allowance = Allowance { at_once: 10, then_every: Duration::from_secs(30) };
const ADDRESS: Allowance = Allowance { at_once: 100, then_every: Duration::from_secs(3) };
const EMAIL: Allowance = Allowance { at_once: 50, then_every: Duration::from_secs(60) };
const DEVICE: Allowance = Allowance { at_once: 10, then_every: Duration::from_secs(30) };
const RESETS_OF_ADDRESS: Allowance = Allowance { at_once: 20, then_every: Duration::from_secs(60) };

/// Counts by key, by the generic cell rate algorithm: of each key it remembers only when
/// its debt will be paid off.
struct Count<K> {
    allowance: Allowance,
    paid_off: Mutex<HashMap<K, Instant>>,
}

impl<K: Hash + Eq + Clone> Count<K> {
    fn new(allowance: Allowance) -> Self {
        Self { allowance, paid_off: Mutex::default() }
    }

    /// Counts one more, or tells how long to wait.
    fn take(&self, key: &K, now: Instant) -> Result<(), Duration> {
        let mut paid_off = self.paid_off.lock().unwrap_or_else(PoisonError::into_inner);
        if paid_off.len() >= MOST_KEYS && !paid_off.contains_key(key) {
            forget(&mut paid_off, now);
        }
        let credit = self.allowance.then_every * (self.allowance.at_once - 1);
        let debt_until = paid_off.get(key).copied().unwrap_or(now).max(now);
        match debt_until.duration_since(now).checked_sub(credit) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                paid_off.insert(key.clone(), debt_until + self.allowance.then_every);
                Ok(())
            }
        }
    }

    /// Takes one back.
    fn give_back(&self, key: &K) {
        let mut paid_off = self.paid_off.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = paid_off.get_mut(key) {
            *until = until.checked_sub(self.allowance.then_every).unwrap_or(*until);
        }
    }
}

/// Forgets keys without debt and, when all have some, the half with the least.
fn forget<K: Hash + Eq>(paid_off: &mut HashMap<K, Instant>, now: Instant) {
    paid_off.retain(|_, until| *until > now);
    if paid_off.len() >= MOST_KEYS {
        let mut all: Vec<Instant> = paid_off.values().copied().collect();
        let middle = all.len() / 2;
        let (_, median, _) = all.select_nth_unstable(middle);
        let median = *median;
        paid_off.retain(|_, until| *until > median);
    }
}

/// An address as it is counted: an IPv6 customer has a whole network.
fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The counts of guesses, and of letters asked for.
pub struct Guesses {
    address_on_email: Count<(IpAddr, String)>,
    address: Count<IpAddr>,
    email: Count<String>,
    device: Count<(String, String)>,
    resets_of_address: Count<IpAddr>,
}

impl Default for Guesses {
    fn default() -> Self {
        Self {
            address_on_email: Count::new(ADDRESS_ON_EMAIL),
            address: Count::new(ADDRESS),
            email: Count::new(EMAIL),
            device: Count::new(DEVICE),
            resets_of_address: Count::new(RESETS_OF_ADDRESS),
        }
    }
}

/// A guess that was counted.
pub struct Guess<'g> {
    guesses: &'g Guesses,
    ip: IpAddr,
    email: String,
    device: Option<String>,
}

impl Guesses {
    /// Counts a guess on `email` from `ip`, or from a browser that is known to the
    /// e-mail by the id `device`.
    ///
    /// # Errors
    /// How long to wait.
    pub fn guess(&self, ip: IpAddr, email: &str, device: Option<String>) -> Result<Guess<'_>, Duration> {
        self.guess_at(ip, email, device, Instant::now())
    }

    fn guess_at(
        &self,
        ip: IpAddr,
        email: &str,
        device: Option<String>,
        now: Instant,
    ) -> Result<Guess<'_>, Duration> {
        let (ip, email) = (network(ip), email.to_owned());
        if let Some(device) = &device {
            self.device.take(&(device.clone(), email.clone()), now)?;
        } else {
            self.address.take(&ip, now)?;
            let pair = (ip, email.clone());
            self.address_on_email.take(&pair, now).inspect_err(|_| self.address.give_back(&ip))?;
            self.email.take(&email, now).inspect_err(|_| {
                self.address.give_back(&ip);
                self.address_on_email.give_back(&pair);
            })?;
        }
        Ok(Guess { guesses: self, ip, email, device })
    }

    /// Counts a letter that is asked for from `ip`.
    ///
    /// # Errors
    /// How long to wait.
    pub fn reset(&self, ip: IpAddr) -> Result<(), Duration> {
        self.resets_of_address.take(&network(ip), Instant::now())
    }
}

impl Guess<'_> {
    /// It was right, and so no guess.
    pub fn was_right(self) {
        let Self { guesses, ip, email, device } = self;
        if let Some(device) = device {
            guesses.device.give_back(&(device, email));
        } else {
            guesses.address.give_back(&ip);
            guesses.email.give_back(&email);
            guesses.address_on_email.give_back(&(ip, email));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn ten_wrong_guesses_then_one_in_each_interval() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        for _ in 0..10 {
            assert!(guesses.guess_at(ip(1), "a@x.example", None, now).is_ok());
        }
        let wait = guesses.guess_at(ip(1), "a@x.example", None, now).err();
        assert_eq!(wait, Some(Duration::from_secs(30)));
        let later = now + Duration::from_secs(31);
        assert!(guesses.guess_at(ip(1), "a@x.example", None, later).is_ok());
        assert!(guesses.guess_at(ip(1), "a@x.example", None, later).is_err());
        assert!(guesses.guess_at(ip(1), "b@x.example", None, now).is_ok());
    }

    #[test]
    fn right_passwords_are_not_counted() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        for _ in 0..500 {
            guesses.guess_at(ip(1), "a@x.example", None, now).map(Guess::was_right).unwrap();
        }
    }

    #[test]
    fn guessing_from_everywhere_does_not_lock_out_a_known_browser() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        let refused =
            (0..100).filter(|n| guesses.guess_at(ip(*n), "a@x.example", None, now).is_err()).count();
        assert_eq!(refused, 50);
        assert!(guesses.guess_at(ip(1), "a@x.example", Some("d".into()), now).is_ok());
    }

    #[test]
    fn memory_is_bounded() {
        let (count, now) = (Count::new(DEVICE), Instant::now());
        for n in 0..MOST_KEYS + 10 {
            assert_eq!(count.take(&n, now), Ok(()));
        }
        assert!(count.paid_off.lock().unwrap().len() <= MOST_KEYS);
    }

    #[test]
    fn a_network_is_one_address() {
        let parse = |text: &str| network(text.parse().unwrap());
        assert_eq!(parse("2001:db8:1:2::1"), parse("2001:db8:1:2:ffff::9"));
        assert_ne!(parse("2001:db8:1:2::1"), parse("2001:db8:1:3::1"));
        assert_eq!(parse("::ffff:192.0.2.1"), ip(1));
    }
}
