//! What becomes of a call: drawn when it begins.

use std::time::Duration;

use rand::{Rng, distr::weighted::WeightedIndex, prelude::Distribution, rngs::StdRng};
use rand_distr::LogNormal;

use crate::values::{Direction, words};

words! {
    /// What becomes of a call.
    Fate {
        /// Somebody answers and talks.
        Answered = "answered" / "Answered",
        /// A machine answers.
        Voicemail = "voicemail" / "Voicemail",
        /// It rings in vain.
        DidNotPick = "did_not_pick" / "Did not pick up",
        /// The line is busy.
        Busy = "busy" / "Busy",
        /// The network finds nobody.
        NoAnswer = "no_answer" / "No answer",
        /// There is no such number, or the network fails.
        Failed = "failed" / "Failed",
        /// Whoever calls gives up while it rings.
        Cancelled = "cancelled" / "Cancelled",
    }
}

/// Most conversations are short and few are very long: the spread of real ones.
const SPREAD: f64 = 0.7;

/// A call that is to be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// What becomes of it.
    pub fate: Fate,
    /// From its admission until it rings.
    pub dialling: Duration,
    /// From the first ring to the answer, or to its end.
    pub ringing: Duration,
    /// From the answer to the end, where it is answered.
    pub talking: Duration,
    /// Why it ends, as engines report it.
    pub end_reason: &'static str,
}

/// What calls are drawn from.
#[derive(Debug, Clone)]
pub struct Fates {
    outbound: Vec<(Fate, u32)>,
    /// How long half of the conversations last at most, in seconds.
    median: u32,
}

/// Of those who call, nearly all are answered: an agent is always there.
const INBOUND: [(Fate, u32); 3] = [(Fate::Answered, 95), (Fate::Cancelled, 4), (Fate::Failed, 1)];

impl Fates {
    /// Of outbound calls with these weights.
    pub fn new(outbound: Vec<(Fate, u32)>, median: u32) -> Self {
        Self { outbound, median }
    }

    /// What becomes of one call.
    pub fn draw(&self, random: &mut StdRng, direction: Direction, longest: Duration) -> Plan {
        let weights = match direction {
            Direction::Inbound => INBOUND.as_slice(),
            Direction::Outbound => &self.outbound,
        };
        let chosen = WeightedIndex::new(weights.iter().map(|(_, weight)| *weight));
        let fate = chosen.map_or(Fate::Answered, |index| weights[index.sample(random)].0);
        let mut between = |from: u64, to: u64| Duration::from_millis(random.random_range(from..to));
        let (dialling, ringing) = match (direction, fate) {
            (Direction::Inbound, Fate::Cancelled) => (Duration::ZERO, between(500, 5_000)),
            (Direction::Inbound, _) => (Duration::ZERO, between(200, 1_500)),
            (_, Fate::Failed) => (between(200, 2_000), Duration::ZERO),
            (_, Fate::DidNotPick) => (between(300, 2_000), between(18_000, 28_000)),
            (_, Fate::Busy | Fate::NoAnswer) => (between(300, 2_000), between(500, 4_000)),
            (_, Fate::Answered | Fate::Voicemail | Fate::Cancelled) => {
                (between(300, 2_000), between(2_000, 14_000))
            }
        };
        let talking = match fate {
            Fate::Answered => self.talking(random, longest),
            Fate::Voicemail => Duration::from_millis(random.random_range(8_000..20_000)).min(longest),
            _ => Duration::ZERO,
        };
        Plan { fate, dialling, ringing, talking, end_reason: end_reason(random, direction, fate) }
    }

    fn talking(&self, random: &mut StdRng, longest: Duration) -> Duration {
        let seconds = LogNormal::new(f64::from(self.median).ln(), SPREAD)
            .map_or(f64::from(self.median), |lengths| lengths.sample(random));
        Duration::from_secs_f64(seconds.clamp(1.0, longest.as_secs_f64().max(1.0)))
    }
}

fn end_reason(random: &mut StdRng, direction: Direction, fate: Fate) -> &'static str {
    match (fate, direction) {
        (Fate::Answered, _) if random.random_bool(0.6) => "user_disconnected",
        (Fate::Answered, _) | (Fate::Cancelled, Direction::Outbound) => "agent_disconnected",
        (Fate::Cancelled, Direction::Inbound) => "user_disconnected",
        (Fate::Voicemail, _) => "voicemail_detected",
        (Fate::DidNotPick, _) => "user_did_not_pick_up",
        (Fate::Busy, _) => "user_busy",
        (Fate::NoAnswer, _) => "user_unreachable",
        (Fate::Failed, Direction::Outbound) if random.random_bool(0.6) => "invalid_phone_number",
        (Fate::Failed, _) => "network_failure",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn half_of_the_conversations_are_shorter_than_asked_for_and_none_is_longer_than_it_may_be() {
        let mut random = StdRng::seed_from_u64(4);
        let longest = Duration::from_secs(120);
        let fates = Fates::new(vec![(Fate::Answered, 1)], 40);
        let lengths: Vec<_> =
            (0..2_000).map(|_| fates.draw(&mut random, Direction::Outbound, longest).talking).collect();
        let short = lengths.iter().filter(|length| **length < Duration::from_secs(40)).count();
        assert!((900..1_100).contains(&short), "{short}");
        assert!(lengths.iter().all(|length| *length <= longest));
        assert!(lengths.contains(&longest));
    }

    #[test]
    fn calls_come_to_what_they_are_to_come_to() {
        let mut random = StdRng::seed_from_u64(4);
        let fates = Fates::new(vec![(Fate::Busy, 3), (Fate::Answered, 1)], 40);
        let plans: Vec<_> = (0..400)
            .map(|_| fates.draw(&mut random, Direction::Outbound, Duration::from_secs(3_600)))
            .collect();
        let busy = plans.iter().filter(|plan| plan.fate == Fate::Busy);
        assert!((260..340).contains(&busy.clone().count()));
        assert!(busy.clone().all(|plan| plan.end_reason == "user_busy" && plan.talking.is_zero()));
    }
}
