//! How often a key may ask (`domain.md` 6.4, `trust.md` S19).

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};

use crate::values::ApiKeyId;

type Limiter = RateLimiter<ApiKeyId, DashMapStateStore<ApiKeyId>, DefaultClock, StateInformationMiddleware>;

/// The rates of all keys, in this process.
#[derive(Clone)]
pub struct Rates {
    limiter: Arc<Limiter>,
    quota: Quota,
}

/// How a key stands after it asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests that a key may make at once.
    pub limit: u32,
    /// How many of them are left.
    pub remaining: u32,
    /// Seconds until all of them are back.
    pub reset: u64,
    /// Seconds until it may ask again, when it asked too often.
    pub wait: Option<u64>,
}

/// As many keys as are remembered before those that did not ask lately are forgotten.
const REMEMBERED: usize = 10_000;

impl Rates {
    /// Each key may ask `per_minute` times a minute, at an even pace or all at once.
    pub fn new(per_minute: NonZeroU32) -> Self {
        let quota = Quota::per_minute(per_minute);
        let limiter = RateLimiter::dashmap(quota).with_middleware::<StateInformationMiddleware>();
        Self { limiter: Arc::new(limiter), quota }
    }

    /// Counts a request of `key`.
    pub fn count(&self, key: ApiKeyId) -> Rate {
        if self.limiter.len() > REMEMBERED {
            self.limiter.retain_recent();
        }
        let limit = self.quota.burst_size().get();
        let (remaining, wait) = match self.limiter.check_key(&key) {
            Ok(snapshot) => (snapshot.remaining_burst_capacity(), None),
            Err(not_until) => {
                (0, Some(whole_seconds(not_until.wait_time_from(DefaultClock::default().now()))))
            }
        };
        let reset = whole_seconds(self.quota.replenish_interval() * (limit - remaining.min(limit)));
        Rate { limit, remaining, reset, wait }
    }
}

/// Whole seconds, rounded up: after them it is sure to be over.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_asks_too_often_waits_and_others_do_not() {
        let rates = Rates::new(NonZeroU32::new(2).unwrap());
        let (busy, other) = (ApiKeyId::new(), ApiKeyId::new());
        assert_eq!(rates.count(busy), Rate { limit: 2, remaining: 1, reset: 30, wait: None });
        assert_eq!(rates.count(busy).remaining, 0);
        let refused = rates.count(busy);
        assert!(matches!(refused.wait, Some(1..=30)), "{refused:?}");
        assert_eq!(rates.count(other).wait, None);
    }
}
