//! How many streams there may be: each holds a connection and is asked about now and then.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::values::SessionId;

/// Streams of one signed-in browser; one window shows one page at a time, and a hidden one
/// has no stream.
const MOST_OF_SESSION: usize = 16;
/// Streams of the whole process.
const MOST: usize = 4_000;

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    of: HashMap<SessionId, usize>,
}

/// The places for streams.
#[derive(Debug, Default)]
pub(super) struct Places(Arc<Mutex<Taken>>);

/// One place, given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    taken: Arc<Mutex<Taken>>,
    session: SessionId,
}

impl Places {
    /// A place for a stream of this session, if one is left.
    pub(super) fn take(&self, session: SessionId) -> Option<Place> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.all >= MOST || taken.of.get(&session).is_some_and(|of| *of >= MOST_OF_SESSION) {
            return None;
        }
        taken.all += 1;
        *taken.of.entry(session).or_default() += 1;
        Some(Place { taken: self.0.clone(), session })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all = taken.all.saturating_sub(1);
        let of = taken.of.get_mut(&self.session).map(|of| {
            *of = of.saturating_sub(1);
            *of
        });
        if of == Some(0) {
            taken.of.remove(&self.session);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_so_many_places_and_gets_them_back() {
        let places = Places::default();
        let session = SessionId::new();
        let taken: Vec<_> = (0..MOST_OF_SESSION).map(|_| places.take(session).unwrap()).collect();
        assert!(places.take(session).is_none());
        assert!(places.take(SessionId::new()).is_some(), "another session has its own");
        drop(taken);
        assert!(places.take(session).is_some());
        let left = places.0.lock().unwrap();
        assert!(left.all == 0 && left.of.is_empty(), "{left:?}");
    }
}
