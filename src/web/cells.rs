//! Cells of the CSV files that people take away.

use time::{
    OffsetDateTime,
    macros::{format_description, offset},
};

/// A cell that no spreadsheet takes for a formula (`trust.md` S21).
pub fn text(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// A moment in India, to the second.
pub fn moment(at: OffsetDateTime) -> String {
    let format = format_description!(
        "[year]-[month]-[day] [hour]:[minute]:[second] [offset_hour sign:mandatory]:[offset_minute]"
    );
    at.to_offset(offset!(+5:30)).format(format).unwrap_or_default()
}

/// An amount in decimal major units, from minor units.
pub fn amount(minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", minor.unsigned_abs() / 100, minor.unsigned_abs() % 100)
}

#[cfg(test)]
mod tests {
    use super::{amount, text};

    #[test]
    fn a_formula_is_text() {
        assert_eq!(text("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(text("@SUM"), "'@SUM");
        assert_eq!(text("Acme = best"), "Acme = best");
    }

    #[test]
    fn an_amount_keeps_its_sign() {
        assert_eq!([12_345, 5, 0, -50, -12_345].map(amount), ["123.45", "0.05", "0.00", "-0.50", "-123.45"]);
    }
}
