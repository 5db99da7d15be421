//! What failed is left alone for a while, so that it keeps nobody else from their turn (`trust.md` R9).

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use uuid::Uuid;

use crate::error::Error;

/// How long what failed is left alone, at first and at most; each failure in a row doubles it.
const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(600);

/// What failed here, and until when it is left alone. Each process finds out for itself, and begins
/// anew with nothing.
#[derive(Debug, Default)]
pub struct Resting(Mutex<HashMap<Uuid, Rest>>);

#[derive(Debug, Clone, Copy)]
struct Rest {
    until: Instant,
    pause: Duration,
}

impl Resting {
    /// What is not to be looked at now.
    pub fn now(&self) -> Vec<Uuid> {
        self.at(Instant::now())
    }

    fn at(&self, now: Instant) -> Vec<Uuid> {
        let mut rests = self.rests();
        // Who failed long ago begins anew.
        rests.retain(|_, rest| now < rest.until + LONGEST);
        rests.iter().filter(|(_, rest)| now < rest.until).map(|(id, _)| *id).collect()
    }

    /// Notes how the turn of `id` went. That it failed is logged and is no reason to rest for others.
    pub fn after(&self, what: &'static str, id: Uuid, done: Result<(), Error>) {
        match done {
            Ok(()) => {
                self.rests().remove(&id);
            }
            Err(error) => {
                let pause = self.failed(id, Instant::now());
                tracing::warn!(what, %id, %error, ?pause, "it failed and is left alone for a while");
            }
        }
    }

    fn failed(&self, id: Uuid, now: Instant) -> Duration {
        let mut rests = self.rests();
        let pause = rests.get(&id).map_or(FIRST, |rest| (rest.pause * 2).min(LONGEST));
        rests.insert(id, Rest { until: now + pause, pause });
        pause
    }

    fn rests(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, Rest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_in_a_row_is_a_longer_rest() {
        let (resting, id, start) = (Resting::default(), Uuid::now_v7(), Instant::now());
        assert!(resting.at(start).is_empty());
        let mut now = start;
        for seconds in [5, 10, 20, 40, 80, 160, 320, 600, 600] {
            let pause = resting.failed(id, now);
            assert_eq!(pause, Duration::from_secs(seconds));
            assert_eq!(resting.at(now + pause - Duration::from_millis(1)), [id]);
            now += pause;
            assert!(resting.at(now).is_empty());
        }
        resting.after("test", id, Ok(()));
        assert_eq!(resting.failed(id, now), FIRST);
        // Forgotten, when it is long over.
        assert!(resting.at(now + FIRST + LONGEST).is_empty());
        assert!(resting.rests().is_empty());
    }
}
