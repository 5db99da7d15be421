//! Money: integer minor units with their currency (`domain.md` 4.1).

use num_format::{Locale, ToFormattedString};
use serde::{Deserialize, Serialize};

/// An amount in minor units (paise for INR), which may be negative in a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Minor units: `123456` is ₹1,234.56.
    pub minor: i64,
    /// ISO 4217 code, such as `INR`.
    pub currency: String,
}

/// The sum does not fit, or the currencies differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoneyError;

impl std::fmt::Display for MoneyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("amounts of different currencies, or a sum out of range")
    }
}

impl std::error::Error for MoneyError {}

impl Money {
    /// `minor` units of `currency`.
    pub fn new(minor: i64, currency: impl Into<String>) -> Self {
        Self { minor, currency: currency.into() }
    }

    /// Decimals of the major unit (ISO 4217): every currency on offer has two.
    pub const DECIMALS: u32 = 2;

    /// The largest amount that is moved or set at once, in minor units: a hundred crore rupees.
    pub const LARGEST: i64 = 100_000_000_000;

    /// The amount in major units, as JSON writes it: `1234.56`.
    pub fn major(&self) -> serde_json::Number {
        let (whole, part) = (self.minor / 100, self.minor % 100);
        if part == 0 {
            return whole.into();
        }
        // Sums of money have at most 15 digits, and so many survive.
        serde_json::Number::from_f64(self.minor as f64 / 100.0).unwrap_or_else(|| whole.into())
    }

    /// Minor units of a plain decimal number of major units, such as `5000` or `5000.5`; nothing for
    /// any other text, and for more decimals than there are.
    pub fn minor_of(text: &str) -> Option<i64> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let is_amount = is_number(whole) && is_number(part) && !(whole.is_empty() && part.is_empty());
        if !is_amount || part.len() > Self::DECIMALS as usize {
            return None;
        }
        format!("{whole}{part:0<2}").parse().ok()
    }

    /// As people read it, with the sign of its currency: `₹1,23,456.78`, `-₹5.00`. A currency without
    /// a known sign is named by its code: `1,234.00 XYZ`.
    pub fn text(&self) -> String {
        let (symbol, decimals, locale) = match self.currency.as_str() {
            "INR" => ("₹", 2, Locale::en_IN),
            "USD" => ("$", 2, Locale::en),
            "EUR" => ("€", 2, Locale::en),
            "GBP" => ("£", 2, Locale::en),
            "JPY" => ("¥", 0, Locale::en),
            _ => ("", 2, Locale::en),
        };
        let scale = 10_u64.pow(decimals);
        let whole = (self.minor.unsigned_abs() / scale).to_formatted_string(&locale);
        let part = self.minor.unsigned_abs() % scale;
        let sign = if self.minor < 0 { "-" } else { "" };
        let fraction = if decimals == 0 { String::new() } else { format!(".{part:02}") };
        match symbol {
            "" => format!("{sign}{whole}{fraction} {}", self.currency),
            symbol => format!("{sign}{symbol}{whole}{fraction}"),
        }
    }

    /// The sum of two amounts of one currency.
    pub fn checked_add(&self, other: &Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError);
        }
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError)?;
        Ok(Self { minor, currency: self.currency.clone() })
    }

    /// The same amount owed the other way.
    pub fn checked_neg(&self) -> Result<Self, MoneyError> {
        Ok(Self { minor: self.minor.checked_neg().ok_or(MoneyError)?, currency: self.currency.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_sum_is_exact_or_refused(a: i64, b: i64) {
            let sum = Money::new(a, "INR").checked_add(&Money::new(b, "INR"));
            prop_assert_eq!(sum.map(|m| m.minor).ok(), a.checked_add(b));
        }
    }

    #[test]
    fn currencies_do_not_mix() {
        assert_eq!(Money::new(1, "INR").checked_add(&Money::new(1, "USD")), Err(MoneyError));
    }
}
