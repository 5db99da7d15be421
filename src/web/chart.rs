//! Charts drawn on the server as SVG, without inline style, each with its numbers.
//!
//! The picture holds only marks and grid lines and stretches to its box; the axis labels are HTML beside
//! it, so that they stay readable at any width. `templates/parts/charts.html` puts them together with a
//! table of the same numbers.

use std::fmt;

use askama::filters::HtmlSafe;
use svg::node::element::{Group, Line, Path, Rectangle, Title};
use svg::{Document, Node};
use time::Date;

use crate::web::filters::{day_text, money_text, number_text};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 200.0;

/// What the numbers of a chart count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unit {
    /// Things, in the plural: "calls", "minutes".
    Things(String),
    /// Money in minor units of this currency.
    Money(String),
}

impl Unit {
    /// The exact value, as tables say it.
    pub fn exact(&self, value: u64) -> String {
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        match self {
            Self::Things(_) => number_text(value),
            Self::Money(currency) => money_text(value, currency),
        }
    }

    /// The exact value with what it counts.
    fn counted(&self, value: u64) -> String {
        match self {
            Self::Things(things) => format!("{} {things}", self.exact(value)),
            Self::Money(_) => self.exact(value),
        }
    }

    /// The head of its column.
    fn head(&self) -> String {
        match self {
            Self::Things(things) => capitalized(things),
            Self::Money(currency) => format!("Amount ({currency})"),
        }
    }

    /// A short form for axes: thousands in full, then lakh and crore.
    fn short(&self, value: u64) -> String {
        let (sign, whole) = match self {
            Self::Things(_) => ("", value),
            Self::Money(currency) if currency == "INR" => ("₹", value / 100),
            Self::Money(_) => return self.exact(value),
        };
        let part = |one: u64, word: &str| {
            let tenths = whole / (one / 10);
            match tenths % 10 {
                0 => format!("{sign}{} {word}", tenths / 10),
                rest => format!("{sign}{}.{rest} {word}", tenths / 10),
            }
        };
        match whole {
            10_000_000.. => part(10_000_000, "Cr"),
            100_000.. => part(100_000, "L"),
            _ => format!("{sign}{}", number_text(i64::try_from(whole).unwrap_or(i64::MAX))),
        }
    }
}

/// A chart over days: picture, axis labels and numbers.
#[derive(Debug, Clone)]
pub struct Chart {
    /// What it shows, such as "Calls per day".
    pub name: String,
    /// The name with the period and the total: what a screen reader hears for the picture.
    pub summary: String,
    /// Largest first, ending with zero.
    pub y_labels: Vec<String>,
    /// First, middle and last day.
    pub x_labels: Vec<String>,
    /// The column heads of the table after "Day", and the legend when there are several.
    pub series: Vec<String>,
    /// Day and one written number per series.
    pub rows: Vec<(String, Vec<String>)>,
    /// One more column of the table, beside the numbers: its head, and a text for each day.
    pub column: Option<(String, Vec<String>)>,
    /// The period, and what else there is to know before one looks.
    pub note: String,
    /// Nothing happened in the whole period.
    pub is_empty: bool,
    /// What is said then.
    pub nothing: &'static str,
    picture: Picture,
}

impl Chart {
    /// The SVG element, ready for a template.
    pub fn picture(&self) -> &Picture {
        &self.picture
    }

    /// With words beneath its name.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// With words for when nothing happened.
    pub fn nothing(mut self, nothing: &'static str) -> Self {
        self.nothing = nothing;
        self
    }

    /// With one more column in its table.
    pub fn column(mut self, head: impl Into<String>, texts: Vec<String>) -> Self {
        self.column = Some((head.into(), texts));
        self
    }
}

/// An SVG element made here; every text in it was escaped when it was built.
#[derive(Debug, Clone)]
pub struct Picture(String);

impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Picture {}

/// One bar per day.
pub fn bars(name: &str, unit: Unit, days: &[(Date, u64)]) -> Chart {
    let days: Vec<_> = days.iter().map(|(day, value)| (*day, vec![*value])).collect();
    stacked(name, unit.clone(), &[unit.head().as_str()], &days)
}

/// One bar per day for a number that is not added up, such as the most calls at once: its
/// summary names the highest.
pub fn highest(name: &str, unit: Unit, days: &[(Date, u64)]) -> Chart {
    let top = days.iter().rev().max_by_key(|(_, value)| *value).filter(|(_, value)| *value > 0);
    let told = match top {
        Some((day, value)) => format!("{} at most, on {}", unit.counted(*value), day_text(*day)),
        None => "none".to_owned(),
    };
    let days: Vec<_> = days.iter().map(|(day, value)| (*day, vec![*value])).collect();
    drawn(name, &unit, &[unit.head().as_str()], &days, &told)
}

/// One bar per day, made of one part per series from the bottom up (at most three are told apart).
pub fn stacked(name: &str, unit: Unit, series: &[&str], days: &[(Date, Vec<u64>)]) -> Chart {
    let total = unit.counted(days.iter().fold(0, |all, (_, values)| sum(values).saturating_add(all)));
    drawn(name, &unit, series, days, &format!("{total} in total"))
}

fn sum(values: &[u64]) -> u64 {
    values.iter().fold(0, |sum, value| sum.saturating_add(*value))
}

fn drawn(name: &str, unit: &Unit, series: &[&str], days: &[(Date, Vec<u64>)], told: &str) -> Chart {
    let largest = days.iter().map(|(_, values)| sum(values)).max().unwrap_or(0);
    let step = nice_step(largest, unit);
    let lines = largest.div_ceil(step).max(1);
    let top = step * lines;

    let mut marks = Group::new();
    let slot = WIDTH / days.len().max(1) as f64;
    for (at, (day, values)) in days.iter().enumerate() {
        let mut y = HEIGHT;
        let mut column = Group::new();
        for (index, value) in values.iter().enumerate().filter(|(_, value)| **value > 0) {
            let height = (*value as f64 / top as f64 * HEIGHT).max(1.0);
            y -= height;
            let class = ["chart-bar", "chart-bar-2", "chart-bar-3"][index.min(2)];
            let bar = Rectangle::new()
                .set("class", class)
                .set("x", rounded(at as f64 * slot + slot * 0.14))
                .set("y", rounded(y))
                .set("width", rounded(slot * 0.72))
                .set("height", rounded(height));
            column = column.add(bar);
        }
        let told: Vec<_> = values
            .iter()
            .zip(series)
            .map(|(value, series)| format!("{} {}", unit.exact(*value), series.to_lowercase()))
            .collect();
        marks = marks.add(column.add(Title::new(format!("{}: {}", day_text(*day), told.join(", ")))));
    }

    let (first, last) = (days.first().map(|(day, _)| *day), days.last().map(|(day, _)| *day));
    let period = match (first, last) {
        (Some(first), Some(last)) => format!("{} to {}", day_text(first), day_text(last)),
        _ => "no days".into(),
    };
    let summary = format!("{name}, {period}: {told}");

    let mut document = Document::new()
        .set("viewBox", (0, 0, WIDTH, HEIGHT))
        .set("preserveAspectRatio", "none")
        .set("role", "img")
        .set("aria-label", summary.as_str());
    for line in 0..=lines {
        let y = rounded(HEIGHT - HEIGHT * line as f64 / lines as f64);
        let class = if line == 0 { "chart-base" } else { "chart-grid" };
        let rule = Line::new().set("class", class).set("x1", 0).set("x2", WIDTH).set("y1", y).set("y2", y);
        document.append(rule);
    }
    document.append(marks);

    let middle = days.get(days.len() / 2).map(|(day, _)| *day);
    Chart {
        name: name.to_owned(),
        summary,
        y_labels: (0..=lines).rev().map(|line| unit.short(step * line)).collect(),
        x_labels: [first, middle, last].into_iter().flatten().map(short_day).collect(),
        series: series.iter().map(|name| (*name).to_owned()).collect(),
        rows: days
            .iter()
            .map(|(day, values)| (day_text(*day), values.iter().map(|value| unit.exact(*value)).collect()))
            .collect(),
        column: None,
        note: format!("Last {} days", days.len()),
        is_empty: largest == 0,
        nothing: "Nothing in this period.",
        picture: Picture(document.to_string()),
    }
}

/// A small line beside the number that it explains; it is decoration and hidden from screen readers.
pub fn sparkline(values: &[u64]) -> Picture {
    let largest = values.iter().copied().max().unwrap_or(0).max(1) as f64;
    let step = 88.0 / (values.len().max(2) - 1) as f64;
    let mut line = String::new();
    for (at, value) in values.iter().enumerate() {
        let (x, y) = (rounded(at as f64 * step), rounded(22.0 - *value as f64 / largest * 20.0));
        line.push_str(&format!("{}{x} {y}", if at == 0 { "M" } else { "L" }));
    }
    let document = Document::new()
        .set("class", "spark")
        .set("viewBox", (0, 0, 88, 24))
        .set("preserveAspectRatio", "none")
        .set("aria-hidden", "true")
        .add(Path::new().set("class", "chart-line").set("d", line));
    Picture(document.to_string())
}

/// 1, 2 or 5 times a power of ten, so that at most five lines reach the largest value.
fn nice_step(largest: u64, unit: &Unit) -> u64 {
    let least = if matches!(unit, Unit::Money(_)) { 100 } else { 1 };
    let wanted = largest.div_ceil(4).max(least);
    let mut power = 1u64;
    while power.saturating_mul(10) <= wanted {
        power = power.saturating_mul(10);
    }
    [1, 2, 5, 10]
        .into_iter()
        .map(|by| power.saturating_mul(by))
        .find(|step| *step >= wanted)
        .unwrap_or(wanted)
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn short_day(day: Date) -> String {
    let text = day_text(day);
    text.rsplit_once(' ').map_or(text.clone(), |(day, _)| day.to_owned())
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn a_chart_has_a_name_its_numbers_and_no_inline_style() {
        let days = [(date!(2026 - 11 - 01), 120), (date!(2026 - 11 - 02), 0), (date!(2026 - 11 - 03), 87)];
        let chart = bars("Calls per day", Unit::Things("calls".into()), &days);
        assert_eq!(chart.summary, "Calls per day, 1 Nov 2026 to 3 Nov 2026: 207 calls in total");
        assert_eq!(chart.y_labels, ["150", "100", "50", "0"]);
        assert_eq!(chart.x_labels, ["1 Nov", "2 Nov", "3 Nov"]);
        assert_eq!(chart.rows[2], ("3 Nov 2026".into(), vec!["87".into()]));
        let picture = chart.picture().to_string();
        assert!(picture.contains(r#"role="img""#) && picture.contains("207 calls"));
        assert_eq!(picture.matches("<rect").count(), 2);
        assert!(!picture.contains("style"));
    }

    #[test]
    fn names_cannot_break_out_of_the_picture() {
        let day = [(date!(2026 - 11 - 01), 1)];
        let chart = bars(r#""><script>"#, Unit::Things("<b>".into()), &day);
        assert!(!chart.picture().to_string().contains("<script>"));
        assert!(!chart.picture().to_string().contains("<b>"));
    }

    #[test]
    fn axes_are_short_and_tables_exact() {
        let money = Unit::Money("INR".into());
        assert_eq!(money.short(125_000_000), "₹12.5 L");
        assert_eq!(money.exact(125_000_050), "₹12,50,000.50");
        assert_eq!(Unit::Things("calls".into()).short(20_000_000), "2 Cr");
        assert_eq!(nice_step(0, &money), 100);
        assert_eq!(nice_step(1234, &Unit::Things("calls".into())), 500);
    }

    #[test]
    fn nothing_at_all_is_still_a_chart() {
        let chart = bars("Calls", Unit::Things("calls".into()), &[]);
        assert!(chart.is_empty && chart.rows.is_empty());
        sparkline(&[]);
    }
}
