//! How often a password may be guessed (`trust.md` S14).
//!
//! Three counts meet a guess: of one address on one e-mail, of one address, and of one
//! e-mail from everywhere. The last alone would let anybody lock anybody out, so a
//! browser that has signed in to that e-mail before is counted by itself. Only wrong
//! guesses are counted; of those that are being looked at, so many may be at once.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The most keys one count remembers.
const MOST_KEYS: usize = 100_000;

/// The most attempts on one key that are looked at together.
const MOST_PENDING: u32 = 64;

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

/// What is remembered of a key: when its debt will be paid off, by the generic cell rate
/// algorithm, and how many attempts are being looked at.
#[derive(Debug, Clone, Copy)]
struct Debt {
    paid_off: Instant,
    pending: u32,
}

/// Counts by key.
struct Count<K> {
    allowance: Allowance,
    debts: Mutex<HashMap<K, Debt>>,
}

impl<K: Hash + Eq + Clone> Count<K> {
    fn new(allowance: Allowance) -> Self {
        Self { allowance, debts: Mutex::default() }
    }

    /// Lets one more be looked at, or tells how long to wait.
    fn begin(&self, key: &K, now: Instant) -> Result<(), Duration> {
        let mut debts = self.debts.lock().unwrap_or_else(PoisonError::into_inner);
        if debts.len() >= MOST_KEYS && !debts.contains_key(key) {
            forget(&mut debts, now);
        }
        let credit = self.allowance.then_every * (self.allowance.at_once - 1);
        let debt = debts.entry(key.clone()).or_insert(Debt { paid_off: now, pending: 0 });
        let owed = debt.paid_off.saturating_duration_since(now);
        if owed > credit {
            return Err(owed - credit);
        }
        if debt.pending >= MOST_PENDING {
            return Err(Duration::from_secs(1));
        }
        debt.pending += 1;
        Ok(())
    }

    /// It was looked at; a wrong one adds to the debt. Many wrong ones at once may owe
    /// more than is allowed, and are paid off all the longer.
    fn end(&self, key: &K, is_wrong: bool, now: Instant) {
        let mut debts = self.debts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(debt) = debts.get_mut(key) {
            debt.pending = debt.pending.saturating_sub(1);
            if is_wrong {
                debt.paid_off = debt.paid_off.max(now) + self.allowance.then_every;
            }
        }
    }
}

/// Forgets keys without debt and, when all have some, the half with the least.
fn forget<K: Hash + Eq>(debts: &mut HashMap<K, Debt>, now: Instant) {
    debts.retain(|_, debt| debt.pending > 0 || debt.paid_off > now);
    if debts.len() >= MOST_KEYS {
        let mut all: Vec<Instant> = debts.values().map(|debt| debt.paid_off).collect();
        let middle = all.len() / 2;
        let median = *all.select_nth_unstable(middle).1;
        debts.retain(|_, debt| debt.paid_off > median);
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

/// A guess that is being looked at. Unless it was right it is counted, also when nobody
/// waits for its end.
pub struct Guess<'g> {
    guesses: &'g Guesses,
    ip: IpAddr,
    email: String,
    device: Option<String>,
    is_wrong: bool,
}

impl Guesses {
    /// Begins a guess on `email` from `ip`, or from a browser that is known to the
    /// e-mail by the id `device`.
    ///
    /// # Errors
    /// How long to wait.
    pub fn guess(&self, ip: IpAddr, email: &str, device: Option<String>) -> Result<Guess<'_>, Duration> {
        let (ip, email, now) = (network(ip), email.to_owned(), Instant::now());
        if let Some(device) = &device {
            self.device.begin(&(device.clone(), email.clone()), now)?;
        } else {
            self.address.begin(&ip, now)?;
            let pair = (ip, email.clone());
            self.address_on_email.begin(&pair, now).inspect_err(|_| self.address.end(&ip, false, now))?;
            self.email.begin(&email, now).inspect_err(|_| {
                self.address.end(&ip, false, now);
                self.address_on_email.end(&pair, false, now);
            })?;
        }
        Ok(Guess { guesses: self, ip, email, device, is_wrong: true })
    }

    /// Counts a letter that is asked for from `ip`.
    ///
    /// # Errors
    /// How long to wait.
    pub fn reset(&self, ip: IpAddr) -> Result<(), Duration> {
        let (ip, now) = (network(ip), Instant::now());
        self.resets_of_address.begin(&ip, now)?;
        self.resets_of_address.end(&ip, true, now);
        Ok(())
    }
}

impl Guess<'_> {
    /// It was right, and so no guess.
    pub fn was_right(mut self) {
        self.is_wrong = false;
    }
}

impl Drop for Guess<'_> {
    fn drop(&mut self) {
        let (guesses, is_wrong, now) = (self.guesses, self.is_wrong, Instant::now());
        let email = std::mem::take(&mut self.email);
        if let Some(device) = self.device.take() {
            guesses.device.end(&(device, email), is_wrong, now);
        } else {
            guesses.address.end(&self.ip, is_wrong, now);
            guesses.email.end(&email, is_wrong, now);
            guesses.address_on_email.end(&(self.ip, email), is_wrong, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMAIL: &str = "a@x.example";

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn so_many_at_once_and_then_one_in_each_interval() {
        let (count, now) = (Count::new(ADDRESS_ON_EMAIL), Instant::now());
        for _ in 0..10 {
            assert_eq!(count.begin(&1, now), Ok(()));
            count.end(&1, true, now);
        }
        assert_eq!(count.begin(&1, now), Err(Duration::from_secs(30)));
        assert_eq!(count.begin(&2, now), Ok(()));
        let later = now + Duration::from_secs(30);
        assert_eq!(count.begin(&1, later), Ok(()));
        count.end(&1, true, later);
        assert!(count.begin(&1, later).is_err());
    }

    #[test]
    fn many_at_once_pass_together_and_owe_for_all() {
        let (count, now) = (Count::new(ADDRESS_ON_EMAIL), Instant::now());
        let passed = (0..1000).filter(|_| count.begin(&1, now).is_ok()).count();
        assert_eq!(passed, MOST_PENDING as usize);
        (0..passed).for_each(|_| count.end(&1, true, now));
        let wait = count.begin(&1, now).unwrap_err();
        assert_eq!(wait, Duration::from_secs(30) * (MOST_PENDING - 9));
    }

    #[test]
    fn right_passwords_are_not_counted_and_wrong_ones_are() {
        let guesses = Guesses::default();
        for _ in 0..500 {
            guesses.guess(ip(1), EMAIL, None).map(Guess::was_right).unwrap();
        }
        for _ in 0..10 {
            assert!(guesses.guess(ip(1), EMAIL, None).is_ok());
        }
        assert!(guesses.guess(ip(1), EMAIL, None).is_err());
        assert!(guesses.guess(ip(1), "b@x.example", None).is_ok());
    }

    #[test]
    fn guessing_from_everywhere_does_not_lock_out_a_known_browser() {
        let guesses = Guesses::default();
        let refused = (0..100).filter(|n| guesses.guess(ip(*n), EMAIL, None).is_err()).count();
        assert_eq!(refused, 50);
        assert!(guesses.guess(ip(1), EMAIL, Some("d".into())).is_ok());
    }

    #[test]
    fn memory_is_bounded() {
        let (count, now) = (Count::new(DEVICE), Instant::now());
        for n in 0..MOST_KEYS + 10 {
            assert_eq!(count.begin(&n, now), Ok(()));
            count.end(&n, true, now);
        }
        assert!(count.debts.lock().unwrap().len() <= MOST_KEYS);
    }

    #[test]
    fn a_network_is_one_address() {
        let parse = |text: &str| network(text.parse().unwrap());
        assert_eq!(parse("2001:db8:1:2::1"), parse("2001:db8:1:2:ffff::9"));
        assert_ne!(parse("2001:db8:1:2::1"), parse("2001:db8:1:3::1"));
        assert_eq!(parse("::ffff:192.0.2.1"), ip(1));
    }
}
