//! What the calls of the demo world cost, and who paid for it.

use std::collections::BTreeMap;

use rand::{Rng, rngs::StdRng};
use time::{Date, Duration, OffsetDateTime};

use crate::{
    domain::{billing::ledger::Entry, usage::Addition},
    error::Error,
    values::{CallId, SubAccountId, indian_day},
};

/// A call that is counted and perhaps charged.
#[derive(Debug, Clone)]
pub struct Charge {
    /// Which.
    pub call: CallId,
    /// Of which sub-account, where the parent pays.
    pub of: Option<SubAccountId>,
    /// When it was made.
    pub made_at: OffsetDateTime,
    /// When it ended.
    pub ended_at: OffsetDateTime,
    /// Whether it was answered.
    pub answered: bool,
    /// Minutes started.
    pub minutes: i64,
    /// What it cost, in minor units.
    pub minor: i64,
}

/// The counters of these calls, of an account that is charged for them itself or not at all.
pub fn additions(charges: &[Charge], is_charged: bool) -> Vec<Addition> {
    let mut days = BTreeMap::new();
    for charge in charges {
        let day = indian_day(charge.made_at);
        let sum = days.entry(day).or_insert(Addition {
            day,
            calls: 0,
            answered: 0,
            minutes: 0,
            cost_minor: 0,
            margin_minor: 0,
            last_call_at: None,
        });
        sum.calls += 1;
        sum.answered += i64::from(charge.answered);
        sum.minutes += charge.minutes;
        sum.cost_minor += charge.minor;
        sum.margin_minor -= if is_charged { 0 } else { charge.minor };
        sum.last_call_at = sum.last_call_at.max(Some(charge.made_at));
    }
    days.into_values().collect()
}

/// The most of these calls at once, for each day on which one began.
pub fn peaks(charges: &[Charge]) -> Vec<(Date, i32)> {
    let mut moments: Vec<_> =
        charges.iter().flat_map(|charge| [(charge.made_at, 1), (charge.ended_at, -1)]).collect();
    // Whoever ends in the moment in which another begins has made room for it.
    moments.sort_unstable();
    let (mut days, mut at_once) = (BTreeMap::new(), 0);
    for (at, change) in moments {
        at_once += change;
        if change > 0 {
            let peak = days.entry(indian_day(at)).or_insert(at_once);
            *peak = at_once.max(*peak);
        }
    }
    days.into_iter().collect()
}

/// The entries of a wallet that pays for these calls, which are in the order of their
/// end: recharges come in time, of `recharge` each, so that it never runs dry. Where
/// nobody recharges any more, one payment at the start pays for everything and leaves
/// next to nothing.
pub fn entries(charges: &[Charge], recharge: i64, random: &mut StdRng) -> Result<Vec<Entry>, Error> {
    let Some(first) = charges.first() else { return Ok(Vec::new()) };
    let before = first.ended_at - Duration::hours(20);
    let total: i64 = charges.iter().map(|charge| charge.minor).sum();
    let step = if recharge > 0 { recharge } else { (total / 10_000 + 1) * 10_000 };
    let mut entries = vec![Entry::recharge(step, payment(random), before)?];
    let (mut balance, mut last) = (step, before);
    // Each wallet is recharged at a level of its own.
    let level = step / random.random_range(5..9);
    for charge in charges.iter().filter(|charge| charge.minor > 0) {
        if recharge > 0 && balance - charge.minor < level {
            let at = last + (charge.ended_at - last) / 2;
            entries.push(Entry::recharge(step, payment(random), at)?);
            balance += step;
        }
        let entry = Entry::call(charge.minor, charge.call, charge.ended_at)?;
        entries.push(Entry { charged_for: charge.of, minutes: charge.minutes, ..entry });
        balance -= charge.minor;
        last = charge.ended_at;
    }
    Ok(entries)
}

fn payment(random: &mut StdRng) -> String {
    let number = random.random_range(100_000_000_000_u64..999_999_999_999);
    match random.random_range(0..4) {
        0 => format!("NEFT N{number}"),
        1 => format!("Card payment {}", number % 100_000_000),
        _ => format!("UPI {number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::billing::ledger::LedgerAccount;
    use rand::SeedableRng;
    use time::macros::datetime;

    /// What an entry does to the wallet.
    fn moved(entry: &Entry) -> i64 {
        let wallet = entry.postings.iter().find(|(account, _)| *account == LedgerAccount::Wallet);
        wallet.map_or(0, |(_, minor)| *minor)
    }

    #[test]
    fn a_wallet_pays_for_its_calls_and_never_runs_dry() {
        let charges: Vec<_> = (0..500)
            .map(|at| {
                let made_at = datetime!(2026-09-01 05:00 UTC) + Duration::minutes(at * 37);
                let minor = (at % 7) * 350;
                let (minutes, answered) = (at % 7, minor > 0);
                Charge { call: CallId::new(), of: None, made_at, ended_at: made_at, answered, minutes, minor }
            })
            .collect();
        let total: i64 = charges.iter().map(|charge| charge.minor).sum();
        for recharge in [0, 50_000] {
            let entries = entries(&charges, recharge, &mut StdRng::seed_from_u64(3)).unwrap();
            let mut balance = 0;
            for entry in &entries {
                balance += moved(entry);
                assert!(balance >= 0);
            }
            let paid_in: i64 = entries.iter().map(moved).filter(|minor| *minor > 0).sum();
            assert_eq!(balance, paid_in - total);
            assert!(entries.is_sorted_by_key(|entry| entry.occurred_at));
        }
        let counted = additions(&charges, true);
        assert_eq!(counted.iter().map(|day| day.cost_minor).sum::<i64>(), total);
        assert_eq!(counted.iter().map(|day| day.calls).sum::<i64>(), 500);
    }
}
