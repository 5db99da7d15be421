//! Lists that are read by key, newest first, so that deep pages cost no more than the
//! first and rows do not shift while one reads.

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Part<K> {
    /// The newest.
    #[default]
    Newest,
    /// What comes after this key, which is the oldest of the part before.
    OlderThan(K),
    /// What comes before this key, which is the newest of the part after.
    NewerThan(K),
}

impl<K> Part<K> {
    /// What is older than one key or newer than another, where either is asked for.
    pub fn between(older_than: Option<K>, newer_than: Option<K>) -> Self {
        match (older_than, newer_than) {
            (Some(key), _) => Self::OlderThan(key),
            (_, Some(key)) => Self::NewerThan(key),
            _ => Self::Newest,
        }
    }
}

/// One part of a list, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Whether there are newer ones.
    pub has_newer: bool,
    /// Whether there are older ones.
    pub has_older: bool,
}

impl<T> Slice<T> {
    /// Makes a slice of `limit` rows at most from `limit + 1` rows read away from the key:
    /// downwards, or upwards for [`Part::NewerThan`].
    pub fn of<K>(mut rows: Vec<T>, part: &Part<K>, limit: usize) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        match part {
            Part::Newest => Self { rows, has_newer: false, has_older: more },
            Part::OlderThan(_) => Self { rows, has_newer: true, has_older: more },
            Part::NewerThan(_) => {
                rows.reverse();
                Self { rows, has_newer: more, has_older: true }
            }
        }
    }

    /// Where to go on: the key of the newest row where there are newer ones, and of the oldest where
    /// there are older ones.
    pub fn ends<K>(&self, key: impl Fn(&T) -> K) -> (Option<K>, Option<K>) {
        let newer = self.rows.first().filter(|_| self.has_newer).map(&key);
        (newer, self.rows.last().filter(|_| self.has_older).map(&key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_newest_first_and_knows_its_neighbours() {
        let older = Slice::of(vec![3, 2, 1], &Part::OlderThan(4), 2);
        assert_eq!(older, Slice { rows: vec![3, 2], has_newer: true, has_older: true });
        let newer = Slice::of(vec![5, 6], &Part::NewerThan(4), 2);
        assert_eq!(newer, Slice { rows: vec![6, 5], has_newer: false, has_older: true });
        assert_eq!(older.ends(|row| row * 10), (Some(30), Some(20)));
        assert_eq!(newer.ends(|row| row * 10), (None, Some(50)));
    }
}
