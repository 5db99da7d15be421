//! When calls come and how they end: by the hour and the weekday, as real traffic does.

use rand::{Rng, rngs::StdRng};
use time::{Duration, OffsetDateTime, Time, UtcOffset, Weekday, macros::offset};

use crate::{
    domain::calls::{CallStatus, Direction, EndReason},
    spoken::scripts::Trade,
    values::Region,
};

/// The hours of a shop, in twelfths of the busiest hour, from midnight.
const OFFICE: [u8; 24] = [0, 0, 0, 0, 0, 0, 0, 1, 3, 7, 11, 12, 10, 6, 7, 9, 11, 10, 8, 5, 3, 1, 0, 0];
/// The hours of a kitchen.
const MEALS: [u8; 24] = [1, 0, 0, 0, 0, 0, 0, 1, 3, 3, 4, 7, 11, 10, 5, 3, 3, 5, 8, 12, 12, 9, 5, 2];
/// The hours of a house that never closes.
const ALWAYS: [u8; 24] = [2, 1, 1, 1, 1, 2, 4, 7, 9, 10, 11, 12, 11, 9, 9, 10, 10, 11, 12, 11, 9, 7, 5, 3];

/// The clock that an account's customers live by.
pub fn local_offset(region: &Region) -> UtcOffset {
    match region.as_str() {
        "us" => offset!(-5),
        "eu" => offset!(+1),
        _ => offset!(+5:30),
    }
}

fn hours(trade: Trade, direction: Direction) -> &'static [u8; 24] {
    match (trade, direction) {
        // Nobody is called at meal times, let alone at night.
        (_, Direction::Outbound) => &OFFICE,
        (Trade::Food, _) => &MEALS,
        (Trade::Hotel | Trade::Travel | Trade::Utility, _) => &ALWAYS,
        _ => &OFFICE,
    }
}

/// How busy a weekday is beside an ordinary one.
fn weekday(trade: Trade, day: Weekday) -> f64 {
    match (trade, day) {
        (Trade::Food | Trade::Hotel | Trade::Travel, Weekday::Saturday | Weekday::Sunday) => 1.35,
        (Trade::Property | Trade::Ecommerce, Weekday::Saturday) => 1.2,
        (Trade::Property | Trade::Ecommerce, Weekday::Sunday) => 0.8,
        (Trade::Utility, Weekday::Sunday) => 0.7,
        (_, Weekday::Saturday) => 0.7,
        (_, Weekday::Sunday) => 0.2,
        (_, Weekday::Monday) => 1.15,
        _ => 1.0,
    }
}

/// How many of something happen that happens `mean` times on average.
fn count(random: &mut StdRng, mean: f64) -> u32 {
    let (limit, mut product, mut count) = ((-mean).exp(), 1.0, 0);
    loop {
        product *= random.random::<f64>();
        if product <= limit || count >= 1_000 {
            return count;
        }
        count += 1;
    }
}

/// Calls in which somebody is called by somebody, with their moments, oldest first, in
/// the days before `until`.
pub fn moments(
    random: &mut StdRng,
    trade: Trade,
    per_day: f64,
    inbound_percent: u32,
    region: &Region,
    days: u16,
    until: OffsetDateTime,
) -> Vec<(OffsetDateTime, Direction)> {
    let local = until.to_offset(local_offset(region));
    let mut moments = Vec::new();
    for ago in (0..=days).rev() {
        let day = local.date() - Duration::days(ago.into());
        // Business grows: there was less of it three months ago.
        let growth = 1.15 - 0.25 * f64::from(ago) / 90.0;
        let luck = random.random_range(0.8..1.2);
        let calls = count(random, per_day * growth * luck * weekday(trade, day.weekday()));
        for _ in 0..calls {
            let direction = if random.random_ratio(inbound_percent.min(100), 100) {
                Direction::Inbound
            } else {
                Direction::Outbound
            };
            let time = time_of_day(random, hours(trade, direction));
            let moment = day.with_time(time).assume_offset(local.offset()).to_offset(UtcOffset::UTC);
            // What is left of today is still to come, and the oldest day is counted whole.
            if moment < until && ago < days {
                moments.push((moment, direction));
            }
        }
    }
    moments.sort_by_key(|(moment, _)| *moment);
    moments
}

fn time_of_day(random: &mut StdRng, hours: &[u8; 24]) -> Time {
    let all: u32 = hours.iter().map(|weight| u32::from(*weight)).sum();
    let mut left = random.random_range(0..all.max(1));
    let mut chosen = 12;
    for (hour, weight) in (0_u8..).zip(hours) {
        match left.checked_sub(u32::from(*weight)) {
            Some(rest) => left = rest,
            None => {
                chosen = hour;
                break;
            }
        }
    }
    let (minute, second) = (random.random_range(0..60), random.random_range(0..60));
    Time::from_hms_milli(chosen, minute, second, random.random_range(0..1_000)).unwrap_or(Time::MIDNIGHT)
}

/// How a call ends: answered or not, and why.
pub fn outcome(random: &mut StdRng, direction: Direction) -> (CallStatus, EndReason) {
    use CallStatus::{Busy, Cancelled, Completed, DidNotPick, Failed, NoAnswer, RetryExpired};
    let chance = random.random_range(0..1_000);
    match (direction, chance) {
        (Direction::Inbound, 0..930) => (Completed, hung_up(random)),
        (Direction::Inbound, 930..975) => (Cancelled, EndReason::UserDisconnected),
        (Direction::Inbound, 975..990) => (Failed, EndReason::NetworkFailure),
        (Direction::Inbound, _) => (Busy, EndReason::SystemAtCapacity),
        (Direction::Outbound, 0..660) => (Completed, hung_up(random)),
        (Direction::Outbound, 660..810) => (DidNotPick, EndReason::UserDidNotPickUp),
        (Direction::Outbound, 810..890) => (Busy, EndReason::UserBusy),
        (Direction::Outbound, 890..940) => (NoAnswer, EndReason::UserUnreachable),
        (Direction::Outbound, 940..960) => (Failed, EndReason::InvalidPhoneNumber),
        (Direction::Outbound, 960..975) => (Failed, EndReason::NetworkFailure),
        (Direction::Outbound, 975..980) => (Failed, EndReason::DestinationForbidden),
        (Direction::Outbound, 980..990) => (Cancelled, EndReason::AgentDisconnected),
        (Direction::Outbound, _) => (RetryExpired, EndReason::UserDidNotPickUp),
    }
}

fn hung_up(random: &mut StdRng) -> EndReason {
    if random.random_bool(0.6) { EndReason::UserDisconnected } else { EndReason::AgentDisconnected }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use time::macros::datetime;

    #[test]
    fn traffic_follows_the_hour_and_the_weekday_and_never_the_future() {
        let mut random = StdRng::seed_from_u64(1);
        let until = datetime!(2026-11-24 12:00 UTC);
        let region = "india".parse().unwrap();
        let moments = moments(&mut random, Trade::Clinic, 30.0, 60, &region, 90, until);
        assert!((1_500..3_000).contains(&moments.len()), "{}", moments.len());
        assert!(moments.is_sorted() && moments.iter().all(|(at, _)| *at < until));
        assert!(moments.iter().all(|(at, _)| *at > until - Duration::days(91)));
        let local = |at: &OffsetDateTime| at.to_offset(offset!(+5:30));
        let on = |day| moments.iter().filter(|(at, _)| local(at).weekday() == day).count();
        assert!(on(Weekday::Sunday) * 3 < on(Weekday::Monday));
        assert!(moments.iter().all(|(at, _)| (6..22).contains(&local(at).hour())));
    }

    #[test]
    fn a_new_account_has_no_calls() {
        let mut random = StdRng::seed_from_u64(1);
        let region = "india".parse().unwrap();
        let until = datetime!(2026-11-24 12:00 UTC);
        assert!(moments(&mut random, Trade::Education, 0.0, 50, &region, 0, until).is_empty());
    }
}
