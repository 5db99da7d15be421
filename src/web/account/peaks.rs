//! Charts of how full an account was: calls at once, and calls that were refused
//! (`domain.md` 3.4).

use crate::{
    domain::usage::peaks::{DayPeak, Refusals},
    web::{
        chart::{Chart, Unit, highest, stacked},
        filters::number_text,
    },
};

/// Why calls were refused: code, and what the chart calls it.
const REASONS: &[(&str, &str)] = &[
    ("concurrency_limit_reached", "At the limit"),
    ("sub_account_suspended", "While suspended"),
    ("insufficient_balance", "Without funds"),
    ("spend_cap_reached", "Above the daily spend cap"),
];

/// Peaks and refusals per day, of an account that may have `limit` calls at once now.
pub(in crate::web) fn charts(days: &[DayPeak], limit: i64) -> [Chart; 2] {
    let now = format!("The limit is {} at once now.", number_text(limit));
    let peaks: Vec<_> = days.iter().map(|day| (day.day, u64::try_from(day.peak).unwrap_or(0))).collect();
    let peaks = highest("Most calls at once per day", Unit::Things("calls".into()), &peaks);
    // Reasons that there were none of would be empty columns.
    let there = |code: &str| days.iter().any(|day| day.refusals.iter().any(|refusals| refusals.code == code));
    let mut reasons: Vec<_> = REASONS.iter().filter(|(code, _)| there(code)).collect();
    if reasons.is_empty() {
        reasons.extend(REASONS.first());
    }
    let names: Vec<_> = reasons.iter().map(|(_, name)| *name).collect();
    let of = |day: &DayPeak, code: &str| {
        let of_reason = day.refusals.iter().filter(|refusals| refusals.code == code);
        u64::try_from(of_reason.map(|refusals| refusals.refused).sum::<i64>()).unwrap_or(0)
    };
    let refused: Vec<_> =
        days.iter().map(|day| (day.day, reasons.iter().map(|(code, _)| of(day, code)).collect())).collect();
    let limits = days.iter().map(|day| limits(&day.refusals)).collect();
    let refused = stacked("Refused calls per day", Unit::Things("calls".into()), &names, &refused)
        .note(format!("Last {} days. They cost nothing and leave no call. {now}", days.len()))
        .nothing("No call was refused.")
        .column("Limit that refused", limits);
    [peaks.note(format!("Last {} days. {now}", days.len())), refused]
}

/// The limits that refused calls on one day, each with how many where there were several.
fn limits(refusals: &[Refusals]) -> String {
    let limits: Vec<_> =
        refusals.iter().filter_map(|refusals| Some((refusals.at_limit?, refusals.refused))).collect();
    let at_once = |limit: i32| format!("{} at once", number_text(limit.into()));
    match limits.as_slice() {
        [] => "–".into(),
        [(limit, _)] => at_once(*limit),
        several => {
            let each = several
                .iter()
                .map(|(limit, refused)| format!("{}: {}", at_once(*limit), number_text(*refused)));
            each.collect::<Vec<_>>().join(", ")
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    fn refused(code: &str, at_limit: Option<i32>, refused: i64) -> Refusals {
        Refusals { code: code.to_owned(), at_limit, refused }
    }

    #[test]
    fn refusals_stand_with_the_limit_that_refused_them() {
        let limit = "concurrency_limit_reached";
        let busy = vec![
            refused(limit, Some(10), 7),
            refused(limit, Some(5), 2),
            refused("sub_account_suspended", None, 1),
        ];
        let days = [
            DayPeak { day: date!(2026 - 11 - 01), peak: 3, refusals: Vec::new() },
            DayPeak { day: date!(2026 - 11 - 02), peak: 10, refusals: busy },
        ];
        assert_eq!(days[1].refused(), 10);
        let [peaks, refused] = charts(&days, 5);
        assert_eq!(
            peaks.summary,
            "Most calls at once per day, 1 Nov 2026 to 2 Nov 2026: 10 calls at most, on 2 Nov 2026"
        );
        assert!(peaks.note.contains("The limit is 5 at once now"));
        assert_eq!(refused.series, ["At the limit", "While suspended"]);
        assert_eq!(refused.rows[1].1, ["9", "1"]);
        let (head, limits) = refused.column.unwrap();
        assert_eq!(
            (head.as_str(), limits[1].as_str(), limits[0].as_str()),
            ("Limit that refused", "10 at once: 7, 5 at once: 2", "–")
        );
        assert!(charts(&days[..1], 5)[1].is_empty);
    }
}
