//! Days as India counts them: limits of days and months are midnight in IST wherever
//! the reader is (`trust.md` U16).

use time::{Date, OffsetDateTime, UtcOffset, macros::offset};

/// India's offset, all year round.
const IST: UtcOffset = offset!(+5:30);

/// The day on which `moment` falls in India.
pub fn indian_day(moment: OffsetDateTime) -> Date {
    moment.to_offset(IST).date()
}

/// The moment at which `day` begins in India.
pub fn start_of_indian_day(day: Date) -> OffsetDateTime {
    day.midnight().assume_offset(IST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::{date, datetime};

    #[test]
    fn a_day_begins_at_half_past_six_in_the_evening_of_utc() {
        assert_eq!(indian_day(datetime!(2026-11-23 18:29:59 UTC)), date!(2026 - 11 - 23));
        assert_eq!(indian_day(datetime!(2026-11-23 18:30 UTC)), date!(2026 - 11 - 24));
        assert_eq!(start_of_indian_day(date!(2026 - 11 - 24)), datetime!(2026-11-23 18:30 UTC));
    }
}
