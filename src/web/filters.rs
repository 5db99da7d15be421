//! How values are written for people: askama filters, and the plain functions behind them.
//!
//! A number is grouped the Indian way (1,23,456), an amount carries its currency (₹1,23,456.78), a time
//! is shown in the reader's zone and names it, with the UTC instant in the `datetime` attribute.

use std::fmt;

use askama::filters::{HtmlSafe, Safe};
use num_format::{Locale, ToFormattedString};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime};
use time_tz::{OffsetDateTimeExt, TimeZone, Tz, timezones};

use crate::values::Money;

/// A whole number, by value or behind any number of references as templates pass them.
pub trait Whole {
    fn whole(&self) -> i64;
}

macro_rules! whole {
    ($($kind:ty),*) => { $(impl Whole for $kind {
        fn whole(&self) -> i64 {
            i64::try_from(*self).unwrap_or(i64::MAX)
        }
    })* };
}
whole!(i32, i64, u8, u16, u32, u64, usize);

impl<T: Whole + ?Sized> Whole for &T {
    fn whole(&self) -> i64 {
        (**self).whole()
    }
}

/// A number with Indian grouping: `12,34,567`, a minus sign in front when negative.
pub fn number_text(value: i64) -> String {
    let digits = value.unsigned_abs().to_formatted_string(&Locale::en_IN);
    if value < 0 { format!("-{digits}") } else { digits }
}

/// "1 call", "2 calls".
pub fn counted(count: usize, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        number_text(i64::try_from(count).unwrap_or(i64::MAX)),
        if count == 1 { one } else { many }
    )
}

/// An amount in minor units with the sign of its currency: `₹1,23,456.78`, `-₹5.00`.
/// A currency without a known sign is named by its code: `1,234.00 XYZ`.
pub fn money_text(minor: i64, currency: &str) -> String {
    Money::new(minor, currency).text()
}

/// A phone number as people write it: `+91 80 4718 2200`, `+91 98765 43210`,
/// `+1 415 555 0100`. Of other countries, and what is no number, stays as it is.
pub fn phone_text(e164: &str) -> String {
    let groups = |code: &str, digits: &str, lengths: &[usize]| {
        let (mut text, mut rest) = (code.to_owned(), digits);
        for length in lengths {
            let (group, left) = rest.split_at(*length);
            text.push(' ');
            text.push_str(group);
            rest = left;
        }
        text
    };
    let national = |code: &str, length: usize| {
        e164.strip_prefix(code)
            .filter(|digits| digits.len() == length && digits.bytes().all(|digit| digit.is_ascii_digit()))
    };
    const BIG_CITIES: [&str; 8] = ["11", "20", "22", "33", "40", "44", "79", "80"];
    if let Some(digits) = national("+91", 10) {
        let lengths: &[usize] = match digits {
            _ if BIG_CITIES.iter().any(|city| digits.starts_with(city)) => &[2, 4, 4],
            _ => &[5, 5],
        };
        groups("+91", digits, lengths)
    } else if let Some(digits) = national("+1", 10) {
        groups("+1", digits, &[3, 3, 4])
    } else if let Some(digits) = national("+33", 9) {
        groups("+33", digits, &[1, 2, 2, 2, 2])
    } else {
        e164.to_owned()
    }
}

/// A length of time as a clock shows it: `4:23`, `1:02:03`.
pub fn clock_text(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{rest:02}") } else { format!("{minutes}:{rest:02}") }
}

/// A length of time in words: `4 min 23 s`, `1 h 2 min`, `0 s`.
pub fn duration_text(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes, rest) {
        (0, 0, s) => format!("{s} s"),
        (0, m, 0) => format!("{m} min"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, 0, _) => format!("{h} h"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

/// A share as a whole percentage: `70%`; more than nothing is never `0%`, less than all never `100%`.
pub fn percent_text(part: i64, whole: i64) -> String {
    if whole <= 0 {
        return "–".into();
    }
    match i128::from(part) * 100 / i128::from(whole) {
        0 if part > 0 => "<1%".into(),
        share => format!("{share}%"),
    }
}

/// A day: `24 Nov 2026`.
pub fn day_text(day: Date) -> String {
    day.format(format_description!("[day padding:none] [month repr:short] [year]"))
        .unwrap_or_else(|_| day.to_string())
}

/// A person's time zone, by default India's.
#[derive(Clone, Copy)]
pub struct Zone(&'static Tz);

impl Zone {
    /// The zone of that IANA name, or India's when there is none such.
    pub fn named(name: &str) -> Self {
        Self(timezones::get_by_name(name).unwrap_or(timezones::db::asia::KOLKATA))
    }

    /// Its IANA name, by which browsers know it too.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// An instant to be shown in this zone.
    pub fn show(self, at: OffsetDateTime) -> Moment {
        Moment { at, zone: self }
    }

    /// The day that an instant falls on in this zone.
    pub fn day_of(self, at: OffsetDateTime) -> Date {
        at.to_timezone(self.0).date()
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self(timezones::db::asia::KOLKATA)
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.0.name())
    }
}

/// An instant together with the zone its reader lives in.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    pub at: OffsetDateTime,
    pub zone: Zone,
}

impl Moment {
    /// `2026-11-24T11:33:00Z`
    pub fn utc(self) -> String {
        let whole = self.at.to_offset(time::UtcOffset::UTC).replace_nanosecond(0).unwrap_or(self.at);
        whole.format(&Rfc3339).unwrap_or_default()
    }

    /// `24 Nov 2026, 17:03 IST`
    pub fn text(self) -> String {
        let clock = self.at.to_timezone(self.zone.0).format(format_description!("[hour]:[minute]"));
        self.with_clock(&clock.unwrap_or_default())
    }

    /// `24 Nov 2026, 17:03:07 IST`
    pub fn exact_text(self) -> String {
        let clock = self.at.to_timezone(self.zone.0).format(format_description!("[hour]:[minute]:[second]"));
        self.with_clock(&clock.unwrap_or_default())
    }

    fn with_clock(self, clock: &str) -> String {
        format!("{}, {clock} {}", self.day(), self.abbreviation())
    }

    /// `24 Nov 2026`
    pub fn day(self) -> String {
        day_text(self.zone.day_of(self.at))
    }

    /// `3 days ago`, `in 7 min`, `just now`
    pub fn relative_to(self, now: OffsetDateTime) -> String {
        let seconds = (now - self.at).whole_seconds();
        let size = seconds.unsigned_abs();
        let (count, unit) = match size {
            0..45 => return "just now".into(),
            45..3600 => (size.div_ceil(60).min(59), "min"),
            3600..86_400 => (size / 3600, "h"),
            86_400..2_592_000 => (size / 86_400, if size / 86_400 == 1 { "day" } else { "days" }),
            2_592_000..31_536_000 => {
                (size / 2_592_000, if size / 2_592_000 == 1 { "month" } else { "months" })
            }
            _ => (size / 31_536_000, if size / 31_536_000 == 1 { "year" } else { "years" }),
        };
        if seconds >= 0 { format!("{count} {unit} ago") } else { format!("in {count} {unit}") }
    }

    fn abbreviation(self) -> String {
        use time_tz::Offset;
        let at = self.zone.0.get_offset_utc(&self.at);
        let name = at.name();
        if name.chars().all(|c| c.is_ascii_alphabetic()) && !name.is_empty() {
            return name.to_owned();
        }
        let (hours, minutes, _) = at.to_utc().as_hms();
        let sign = if at.to_utc().is_negative() { '-' } else { '+' };
        format!("UTC{sign}{}:{:02}", hours.unsigned_abs(), minutes.unsigned_abs())
    }

    fn element(self, text: &str) -> Safe<String> {
        // Neither part can hold a character that HTML knows: digits, letters, colons and commas.
        Safe(format!(r#"<time datetime="{}">{text}</time>"#, self.utc()))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl HtmlSafe for Moment {}

/// Something that holds a [`Moment`], by value or by reference.
pub trait HasMoment {
    fn moment(&self) -> Moment;
}

impl HasMoment for Moment {
    fn moment(&self) -> Moment {
        *self
    }
}

impl<T: HasMoment + ?Sized> HasMoment for &T {
    fn moment(&self) -> Moment {
        (**self).moment()
    }
}

/// `{{ minor|money(currency) }}`
#[askama::filter_fn]
pub fn money(minor: impl Whole, _: &dyn askama::Values, currency: &str) -> askama::Result<String> {
    Ok(money_text(minor.whole(), currency))
}

/// `{{ count|number }}`
#[askama::filter_fn]
pub fn number(value: impl Whole, _: &dyn askama::Values) -> askama::Result<String> {
    Ok(number_text(value.whole()))
}

/// `{{ seconds|duration }}` in words
#[askama::filter_fn]
pub fn duration(seconds: impl Whole, _: &dyn askama::Values) -> askama::Result<String> {
    Ok(duration_text(seconds.whole()))
}

/// `{{ seconds|clock }}` as minutes and seconds
#[askama::filter_fn]
pub fn clock(seconds: impl Whole, _: &dyn askama::Values) -> askama::Result<String> {
    Ok(clock_text(seconds.whole()))
}

/// `{{ part|percent(whole) }}`
#[askama::filter_fn]
pub fn percent(part: impl Whole, _: &dyn askama::Values, whole: i64) -> askama::Result<String> {
    Ok(percent_text(part.whole(), whole))
}

/// `{{ moment|datetime }}`: date, time and zone in a `<time>` element
#[askama::filter_fn]
pub fn datetime(value: impl HasMoment, _: &dyn askama::Values) -> askama::Result<Safe<String>> {
    let moment = value.moment();
    Ok(moment.element(&moment.text()))
}

/// `{{ moment|exact }}`: date, time to the second and zone in a `<time>` element
#[askama::filter_fn]
pub fn exact(value: impl HasMoment, _: &dyn askama::Values) -> askama::Result<Safe<String>> {
    let moment = value.moment();
    Ok(moment.element(&moment.exact_text()))
}

/// `{{ moment|date }}`: the day in a `<time>` element
#[askama::filter_fn]
pub fn date(value: impl HasMoment, _: &dyn askama::Values) -> askama::Result<Safe<String>> {
    let moment = value.moment();
    Ok(moment.element(&moment.day()))
}

/// `{{ moment|ago }}`: how long ago, in a `<time>` element
#[askama::filter_fn]
pub fn ago(value: impl HasMoment, _: &dyn askama::Values) -> askama::Result<Safe<String>> {
    let moment = value.moment();
    Ok(moment.element(&moment.relative_to(OffsetDateTime::now_utc())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::{date, datetime};

    #[test]
    fn rupees_are_grouped_in_lakhs() {
        assert_eq!(money_text(12_345_678, "INR"), "₹1,23,456.78");
        assert_eq!(money_text(-500, "INR"), "-₹5.00");
        assert_eq!(money_text(0, "INR"), "₹0.00");
        assert_eq!(money_text(7, "INR"), "₹0.07");
        assert_eq!(money_text(100_000_000_000, "INR"), "₹1,00,00,00,000.00");
        assert_eq!(money_text(i64::MIN, "INR"), "-₹92,23,37,20,36,85,47,758.08");
    }

    #[test]
    fn other_currencies_keep_their_ways() {
        assert_eq!(money_text(123_456_789, "USD"), "$1,234,567.89");
        assert_eq!(money_text(1500, "JPY"), "¥1,500");
        assert_eq!(money_text(150_000, "CHF"), "1,500.00 CHF");
    }

    #[test]
    fn numbers_and_shares() {
        assert_eq!(number_text(1_234_567), "12,34,567");
        assert_eq!(number_text(-1200), "-1,200");
        assert_eq!(percent_text(7, 10), "70%");
        assert_eq!(percent_text(1, 1000), "<1%");
        assert_eq!(percent_text(999, 1000), "99%");
        assert_eq!(percent_text(1, 0), "–");
    }

    #[test]
    fn phone_numbers_are_grouped_as_their_country_does() {
        assert_eq!(phone_text("+918047182200"), "+91 80 4718 2200");
        assert_eq!(phone_text("+919876543210"), "+91 98765 43210");
        assert_eq!(phone_text("+14155550100"), "+1 415 555 0100");
        assert_eq!(phone_text("+33639980012"), "+33 6 39 98 00 12");
        for other in ["+4930231250", "", "+91", "+91é47182200", "anonymous"] {
            assert_eq!(phone_text(other), other);
        }
    }

    #[test]
    fn durations() {
        assert_eq!(clock_text(263), "4:23");
        assert_eq!(clock_text(3723), "1:02:03");
        assert_eq!(duration_text(263), "4 min 23 s");
        assert_eq!(duration_text(120), "2 min");
        assert_eq!(duration_text(9), "9 s");
        assert_eq!(duration_text(3720), "1 h 2 min");
    }

    #[test]
    fn a_time_is_shown_where_its_reader_lives() {
        let at = datetime!(2026-11-24 11:33:07.25 UTC);
        assert_eq!(Zone::default().show(at).text(), "24 Nov 2026, 17:03 IST");
        assert_eq!(Zone::default().show(at).exact_text(), "24 Nov 2026, 17:03:07 IST");
        assert_eq!(Zone::named("Europe/Berlin").show(at).text(), "24 Nov 2026, 12:33 CET");
        assert_eq!(Zone::named("nowhere").show(at).utc(), "2026-11-24T11:33:07Z");
    }

    #[test]
    fn a_day_begins_at_the_readers_midnight() {
        let late = datetime!(2026-03-31 18:30 UTC);
        assert_eq!(Zone::default().day_of(late), date!(2026 - 04 - 01));
        assert_eq!(Zone::default().show(late).day(), "1 Apr 2026");
    }

    #[test]
    fn how_long_ago() {
        let now = datetime!(2026-11-24 12:00 UTC);
        let ago = |at| Zone::default().show(at).relative_to(now);
        assert_eq!(ago(datetime!(2026-11-24 11:59:40 UTC)), "just now");
        assert_eq!(ago(datetime!(2026-11-24 11:50 UTC)), "10 min ago");
        assert_eq!(ago(datetime!(2026-11-21 11:00 UTC)), "3 days ago");
        assert_eq!(ago(datetime!(2026-11-24 12:07 UTC)), "in 7 min");
    }

    #[test]
    fn filters_escape_nothing_they_need_and_everything_else() {
        #[derive(askama::Template)]
        #[template(source = "{{ minor|money(currency) }} {{ at|datetime }}", ext = "html")]
        struct Line<'a> {
            minor: i64,
            currency: &'a str,
            at: Moment,
        }
        use super::super::filters;
        let line =
            Line { minor: 100, currency: "<b>", at: Zone::default().show(datetime!(2026-01-02 03:04 UTC)) };
        let html = askama::Template::render(&line).unwrap();
        assert!(
            html.starts_with(
                "1.00 &#60;b&#62; <time datetime=\"2026-01-02T03:04:00Z\">2 Jan 2026, 08:34 IST"
            )
        );
    }
}
