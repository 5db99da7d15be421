//! Amounts as people type them (`trust.md` U3).

use crate::{error::FieldError, values::Money};

/// Minor units of what somebody typed: with the currency's sign or code, with spaces, in groups by commas
/// as India or others write them, and at most the currency's decimals. A comma anywhere else may mean a
/// decimal point, and is asked about.
///
/// # Errors
/// Which rule it breaks, on `field`.
pub fn typed(field: &str, text: &str, currency: &str) -> Result<i64, FieldError> {
    let wrong = |message: &str| Err(FieldError::new(field, message));
    let text = text.trim();
    if text.is_empty() {
        return wrong("Enter an amount, such as 5,000.");
    }
    let signs: &[&str] = match currency {
        "INR" => &["INR", "Rs.", "Rs", "₹"],
        "USD" => &["USD", "$"],
        "EUR" => &["EUR", "€"],
        "GBP" => &["GBP", "£"],
        code => &[code],
    };
    let bare = signs.iter().find_map(|sign| text.strip_prefix(sign).or_else(|| text.strip_suffix(sign)));
    let typed: String = bare.unwrap_or(text).chars().filter(|c| !c.is_whitespace()).collect();
    let (whole, part) = typed.split_once('.').unwrap_or((&typed, ""));
    if !is_grouped(whole) || part.contains(',') {
        return wrong(
            "Write commas between groups of digits alone, and a point before decimals: 1,00,000.50.",
        );
    }
    let digits = typed.replace(',', "");
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() && part.is_empty() || !is_number(&whole.replace(',', "")) || !is_number(part) {
        return wrong("Enter the amount as a number, such as 5,000 or 1,00,000.50.");
    }
    if part.len() > Money::DECIMALS as usize {
        return wrong("Enter at most two decimals.");
    }
    match Money::minor_of(&digits).unwrap_or(i64::MAX) {
        0 => wrong("The amount must be above zero."),
        minor @ 1..=Money::LARGEST => Ok(minor),
        _ => wrong("The amount is too large for one time."),
    }
}

/// Whether commas stand between groups of digits: three in the last, two or three in each before it.
fn is_grouped(whole: &str) -> bool {
    let groups: Vec<&str> = whole.split(',').collect();
    let [first, middle @ .., last] = groups.as_slice() else { return true };
    (1..=3).contains(&first.len())
        && middle.iter().all(|group| (2..=3).contains(&group.len()))
        && last.len() == 3
}

/// The same amount as it is shown again in the field.
pub fn plain(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_type_amounts_in_their_own_way() {
        for (text, minor) in [
            ("5000", 500_000),
            ("₹1,00,000.50", 10_000_050),
            (" ₹ 1 00 000 ", 10_000_000),
            ("Rs. 12.5", 1_250),
            ("INR 7", 700),
            ("7 INR", 700),
            ("100,000", 10_000_000),
            (".5", 50),
            ("1\u{a0}000", 100_000),
        ] {
            assert_eq!(typed("amount", text, "INR"), Ok(minor), "{text}");
        }
        for text in
            ["100,50", "1,5", "0,99", "1,234,5", ",500", "1,,000", "1.000,50", "1234,567,8", "1000,000"]
        {
            let error = typed("amount", text, "INR").unwrap_err();
            assert!(error.message.contains("commas") || error.message.contains("number"), "{text}");
        }
        for text in ["", "0", "-5", "1.234", "five", "1e3", "$5", "1.2.3", ".", "₹", "99999999999999999999"]
        {
            assert!(typed("amount", text, "INR").is_err(), "{text}");
        }
        assert_eq!(typed("amount", "$5", "USD"), Ok(500));
        assert_eq!(typed("amount", &plain(1_234_505), "INR"), Ok(1_234_505));
    }
}
