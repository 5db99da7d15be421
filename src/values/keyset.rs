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
    }
}
