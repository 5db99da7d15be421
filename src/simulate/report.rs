//! What happened: counted while it goes on, told at the end.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;

use crate::values::Direction;

use super::client::Kind;

/// The longest time that is told from longer ones, in microseconds.
const LONGEST: u64 = 60_000_000;
/// Failures are told by so many texts; more are rarely of another kind.
const TEXTS: usize = 20;

/// Counts of one direction.
#[derive(Debug, Default, Clone)]
struct Asked {
    asked: u64,
    admitted: u64,
    refused: BTreeMap<String, u64>,
}

#[derive(Default)]
struct Counts {
    asked: BTreeMap<Direction, Asked>,
    held_back: u64,
    in_progress: u64,
    claimed: u64,
    ended: BTreeMap<String, u64>,
    told_to_end: BTreeMap<String, u64>,
    lost: u64,
    late: u64,
    unreported: u64,
    errors: BTreeMap<String, u64>,
    times: BTreeMap<Kind, Times>,
}

struct Times(Histogram<u64>);

impl Default for Times {
    fn default() -> Self {
        // Two digits are as much as anybody reads. The bounds are always good.
        Self(Histogram::new_with_bounds(1, LONGEST, 2).unwrap_or_else(|_| {
            let mut any = Histogram::new(2).unwrap_or_else(|_| unreachable!("two digits are possible"));
            any.auto(true);
            any
        }))
    }
}

/// What happened so far.
pub struct Report {
    begun: Instant,
    counts: Mutex<Counts>,
}

impl Default for Report {
    fn default() -> Self {
        Self { begun: Instant::now(), counts: Mutex::default() }
    }
}

impl Report {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        // Counting cannot break off half done.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request was answered after so long.
    pub fn took(&self, kind: Kind, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(LONGEST);
        self.counts().times.entry(kind).or_default().0.saturating_record(micros.max(1));
    }

    /// A request was not answered.
    pub fn broke(&self, kind: Kind, why: &str) {
        let mut counts = self.counts();
        let text = format!("{}: {why}", kind.label());
        if counts.errors.len() < TEXTS || counts.errors.contains_key(&text) {
            *counts.errors.entry(text).or_default() += 1;
        } else {
            *counts.errors.entry("others".to_owned()).or_default() += 1;
        }
    }

    /// A call was asked for.
    pub fn asked(&self, direction: Direction) {
        self.counts().asked.entry(direction).or_default().asked += 1;
    }

    /// It was admitted.
    pub fn admitted(&self, direction: Direction) {
        self.counts().asked.entry(direction).or_default().admitted += 1;
    }

    /// It was refused, by this code.
    pub fn refused(&self, direction: Direction, code: &str) {
        let mut counts = self.counts();
        let refused = &mut counts.asked.entry(direction).or_default().refused;
        *refused.entry(code.to_owned()).or_default() += 1;
    }

    /// A call was not asked for, since as many are in progress as may be.
    pub fn held_back(&self) {
        self.counts().held_back += 1;
    }

    /// An outbound call was taken over.
    pub fn claimed(&self) {
        self.counts().claimed += 1;
    }

    /// A call begins.
    pub fn began(&self) {
        self.counts().in_progress += 1;
    }

    /// The server said that a call must end.
    pub fn told_to_end(&self, reason: &str) {
        *self.counts().told_to_end.entry(reason.to_owned()).or_default() += 1;
    }

    /// A call's place had been given back before it ended.
    pub fn lost(&self) {
        self.counts().lost += 1;
    }

    /// A call ended; `late` where the server had closed it before.
    pub fn ended(&self, status: &str, late: bool) {
        let mut counts = self.counts();
        counts.in_progress = counts.in_progress.saturating_sub(1);
        counts.late += u64::from(late);
        *counts.ended.entry(status.to_owned()).or_default() += 1;
    }

    /// A call ended, and the server could not be told.
    pub fn unreported(&self) {
        let mut counts = self.counts();
        counts.in_progress = counts.in_progress.saturating_sub(1);
        counts.unreported += 1;
    }

    /// How things stand, in one line.
    pub fn progress(&self) -> String {
        let counts = self.counts();
        let seconds = self.begun.elapsed().as_secs();
        let sum = |of: fn(&Asked) -> u64| counts.asked.values().map(of).sum::<u64>();
        format!(
            "{:02}:{:02}:{:02}  {} in progress · {} asked · {} admitted · {} refused · {} ended · {} errors",
            seconds / 3_600,
            seconds / 60 % 60,
            seconds % 60,
            counts.in_progress,
            sum(|asked| asked.asked),
            sum(|asked| asked.admitted),
            sum(|asked| asked.refused.values().sum()),
            counts.ended.values().sum::<u64>(),
            counts.errors.values().sum::<u64>(),
        )
    }

    /// The closing table.
    pub fn table(&self) -> String {
        let counts = self.counts();
        let mut table = String::new();
        let mut row = |depth: usize, name: &str, count: u64| {
            let width = 44_usize.saturating_sub(depth);
            let _ = writeln!(table, "{:depth$}{name:<width$}{count:>10}", "");
        };
        for (direction, asked) in &counts.asked {
            row(0, &format!("{direction} calls asked for"), asked.asked);
            row(2, "admitted", asked.admitted);
            row(2, "refused", asked.refused.values().sum());
            for (code, count) in &asked.refused {
                row(4, code, *count);
            }
        }
        row(0, "outbound calls taken over", counts.claimed);
        row(0, "ended", counts.ended.values().sum());
        for (status, count) in &counts.ended {
            row(2, status, *count);
        }
        for (reason, count) in &counts.told_to_end {
            row(0, &format!("told to end: {reason}"), *count);
        }
        for (name, count) in [
            ("not asked for, as many were in progress", counts.held_back),
            ("places given back before the end", counts.lost),
            ("closed before their end was told", counts.late),
            ("ends that could not be told", counts.unreported),
            ("still in progress", counts.in_progress),
        ] {
            if count > 0 {
                row(0, name, count);
            }
        }
        row(0, "errors", counts.errors.values().sum());
        for (text, count) in &counts.errors {
            row(2, text, *count);
        }
        let head = ("answered after, in milliseconds", "requests", "p50", "p95", "p99");
        let _ = writeln!(table, "\n{:<34}{:>10}{:>10}{:>10}{:>10}", head.0, head.1, head.2, head.3, head.4);
        for (kind, Times(times)) in &counts.times {
            let _ = write!(table, "{:<34}{:>10}", kind.label(), times.len());
            // A claim waits until there is a call.
            if *kind == Kind::Claim {
                table.push_str("         –         –         –");
            } else {
                for quantile in [0.50, 0.95, 0.99] {
                    let _ = write!(table, "{:>10.1}", times.value_at_quantile(quantile) as f64 / 1_000.0);
                }
            }
            table.push('\n');
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_tells_all_that_was_counted() {
        let report = Report::default();
        for _ in 0..3 {
            report.asked(Direction::Inbound);
        }
        report.admitted(Direction::Inbound);
        report.began();
        report.refused(Direction::Inbound, "concurrency_limit_reached");
        report.broke(Kind::Ask, "no answer in time");
        (1..=100).for_each(|ms| report.took(Kind::Ask, Duration::from_millis(ms)));
        assert!(report.progress().contains("1 in progress · 3 asked · 1 admitted · 1 refused · 0 ended"));
        report.ended("completed", true);
        let table: Vec<_> = report
            .table()
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        for line in [
            "inbound calls asked for 3",
            "admitted 1",
            "concurrency_limit_reached 1",
            "completed 1",
            "closed before their end was told 1",
            "inbound: ask: no answer in time 1",
        ] {
            assert!(table.iter().any(|row| row == line), "{line}: {table:#?}");
        }
        let times = table.iter().find(|row| row.starts_with("inbound: ask 100 ")).expect("a row of times");
        let p50: f64 = times.split(' ').nth(3).unwrap().parse().unwrap();
        assert!((49.0..52.0).contains(&p50), "{times}");
    }
}
