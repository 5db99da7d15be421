//! One reader for each thing that is watched: a thousand open pages cost one query a second.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};

use tokio::{
    sync::{Notify, watch},
    time::sleep,
};

use crate::{error::Error, start::Stopping};

/// The longest pause after readings that failed.
const LONGEST_REST: Duration = Duration::from_secs(10);

/// What was read, and when.
#[derive(Debug)]
pub(super) struct Reading<V> {
    pub(super) value: V,
    pub(super) at: Instant,
}

type Latest<V> = Option<Arc<Reading<V>>>;

/// What is watched under one key.
struct Source<A, V> {
    readings: watch::Sender<Latest<V>>,
    /// What each watcher wants to know of it.
    asked: Mutex<Vec<Weak<A>>>,
    /// Somebody new wants to know something.
    asked_more: Notify,
}

impl<A, V> Source<A, V> {
    fn asked(&self) -> Vec<Arc<A>> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.retain(|asked| asked.strong_count() > 0);
        asked.iter().filter_map(Weak::upgrade).collect()
    }
}

/// A watcher's end: readings come for as long as it is kept.
pub(super) struct Watch<A, V> {
    pub(super) readings: watch::Receiver<Latest<V>>,
    _asked: Arc<A>,
}

type Sources<K, A, V> = Arc<Mutex<HashMap<K, Arc<Source<A, V>>>>>;

/// The readers at work.
pub(super) struct Readers<K, A, V>(Sources<K, A, V>);

impl<K, A, V> Default for Readers<K, A, V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Eq + Hash + Clone + 'static, A: 'static, V: 'static> Readers<K, A, V> {
    /// Watches `key`. The first watcher begins the reading, and with the last it ends;
    /// those between only listen. `read` is given what all of them ask.
    pub(super) fn watch<F: Future<Output = Result<V, Error>> + 'static>(
        &self,
        key: K,
        asked: A,
        every: Duration,
        stopping: Stopping,
        read: impl Fn(Vec<Arc<A>>) -> F + 'static,
    ) -> Watch<A, V> {
        let asked = Arc::new(asked);
        let mut sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = sources.get(&key).cloned();
        let source = known.clone().unwrap_or_else(|| {
            let (readings, _) = watch::channel(None);
            Arc::new(Source { readings, asked: Mutex::default(), asked_more: Notify::new() })
        });
        source.asked.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&asked));
        let watch = Watch { readings: source.readings.subscribe(), _asked: asked };
        if known.is_some() {
            source.asked_more.notify_one();
        } else {
            sources.insert(key.clone(), source.clone());
            let entry = Entry { sources: self.0.clone(), key, source };
            actix_web::rt::spawn(follow(entry, every, stopping, read));
        }
        watch
    }
}

/// A source among the others, taken away with its reader however that ends.
struct Entry<K: Eq + Hash, A, V> {
    sources: Sources<K, A, V>,
    key: K,
    source: Arc<Source<A, V>>,
}

impl<K: Eq + Hash, A, V> Entry<K, A, V> {
    /// Takes it away if nobody watches. Whoever comes to watch does so under the same lock.
    fn end_if_unwatched(&self) -> bool {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let unwatched = self.source.readings.receiver_count() == 0;
        if unwatched {
            sources.remove(&self.key);
        }
        unwatched
    }
}

impl<K: Eq + Hash, A, V> Drop for Entry<K, A, V> {
    fn drop(&mut self) {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if sources.get(&self.key).is_some_and(|source| Arc::ptr_eq(source, &self.source)) {
            sources.remove(&self.key);
        }
    }
}

async fn follow<K: Eq + Hash, A, V, F: Future<Output = Result<V, Error>>>(
    entry: Entry<K, A, V>,
    every: Duration,
    stopping: Stopping,
    read: impl Fn(Vec<Arc<A>>) -> F,
) {
    let source = entry.source.clone();
    let mut rest = every;
    loop {
        // The moment before: what is read is at least as young.
        let at = Instant::now();
        match read(source.asked()).await {
            Ok(value) => {
                rest = every;
                source.readings.send_replace(Some(Arc::new(Reading { value, at })));
            }
            Err(error) => {
                tracing::warn!(%error, "what is watched could not be read; it is tried again");
                rest = (rest * 2).min(LONGEST_REST.max(every));
            }
        }
        tokio::select! {
            () = sleep(rest) => {}
            () = source.asked_more.notified() => {}
            () = stopping.clone() => return,
            () = source.readings.closed() => {
                if entry.end_if_unwatched() {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, rc::Rc};

    use futures_util::{FutureExt, future};

    use super::*;

    const EVERY: Duration = Duration::from_millis(5);

    fn never() -> Stopping {
        future::pending().boxed().shared()
    }

    /// Watches "x"; each reading adds one to `count`, and tells it with all that is asked.
    fn watch(
        readers: &Readers<&'static str, u32, (u32, u32)>,
        asked: u32,
        count: &Rc<Cell<u32>>,
    ) -> Watch<u32, (u32, u32)> {
        let count = count.clone();
        readers.watch("x", asked, EVERY, never(), move |asked| {
            count.set(count.get() + 1);
            future::ready(Ok((count.get(), asked.iter().map(|asked| **asked).sum())))
        })
    }

    #[actix_web::test]
    async fn many_watchers_have_one_reader_which_ends_with_the_last() {
        let readers = Readers::default();
        let (mine, unused) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let mut first = watch(&readers, 1, &mine);
        let mut others: Vec<_> = (0..20).map(|_| watch(&readers, 2, &unused)).collect();
        for watch in others.iter_mut().chain([&mut first]) {
            watch.readings.changed().await.unwrap();
        }
        let all = |watch: &Watch<_, (u32, u32)>| watch.readings.borrow().as_ref().unwrap().value.1;
        assert_eq!(all(&first), 41, "it reads what all of them ask");
        assert_eq!(unused.get(), 0, "the others read nothing themselves");
        drop(first);
        let mut left = others.pop().unwrap();
        drop(others);
        while all(&left) != 2 {
            left.readings.changed().await.unwrap();
        }
        drop(left);
        while !readers.0.lock().unwrap().is_empty() {
            sleep(EVERY).await;
        }
        let last = mine.get();
        sleep(EVERY * 10).await;
        assert_eq!(mine.get(), last, "nothing is read for nobody");
        watch(&readers, 1, &unused).readings.changed().await.unwrap();
        assert!(unused.get() > 0, "who comes later begins anew");
    }
}
