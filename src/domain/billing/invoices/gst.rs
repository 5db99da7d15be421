//! India's Goods and Services Tax, as far as invoices need it: states, registration numbers,
//! and the tax that is in a price.

use serde::{Deserialize, Serialize};
use time::{Date, macros::date};

use crate::error::Error;

/// The states and territories with their codes for GST.
pub const STATES: &[(&str, &str)] = &[
    ("01", "Jammu and Kashmir"),
    ("02", "Himachal Pradesh"),
    ("03", "Punjab"),
    ("04", "Chandigarh"),
    ("05", "Uttarakhand"),
    ("06", "Haryana"),
    ("07", "Delhi"),
    ("08", "Rajasthan"),
    ("09", "Uttar Pradesh"),
    ("10", "Bihar"),
    ("11", "Sikkim"),
    ("12", "Arunachal Pradesh"),
    ("13", "Nagaland"),
    ("14", "Manipur"),
    ("15", "Mizoram"),
    ("16", "Tripura"),
    ("17", "Meghalaya"),
    ("18", "Assam"),
    ("19", "West Bengal"),
    ("20", "Jharkhand"),
    ("21", "Odisha"),
    ("22", "Chhattisgarh"),
    ("23", "Madhya Pradesh"),
    ("24", "Gujarat"),
    ("26", "Dadra and Nagar Haveli and Daman and Diu"),
    ("27", "Maharashtra"),
    ("29", "Karnataka"),
    ("30", "Goa"),
    ("31", "Lakshadweep"),
    ("32", "Kerala"),
    ("33", "Tamil Nadu"),
    ("34", "Puducherry"),
    ("35", "Andaman and Nicobar Islands"),
    ("36", "Telangana"),
    ("37", "Andhra Pradesh"),
    ("38", "Ladakh"),
    ("97", "Other Territory"),
];

/// What a state is called, by its code.
pub fn state_name(code: &str) -> Option<&'static str> {
    STATES.iter().find(|(known, _)| *known == code).map(|(_, name)| *name)
}

/// A state with its code, as it is printed: `Karnataka (29)`.
pub fn state_text(code: &str) -> Option<String> {
    state_name(code).map(|name| format!("{name} ({code})"))
}

/// What is invoiced, by the Scheme of Classification of Services: telephone-based support
/// services, in group 99859 with call centres and telemarketing. Agents that hold calls on
/// somebody's behalf are that rather than 998599, which is for support that has no code of its
/// own, and rather than telecommunication (9984), which is a means here and not what is sold.
pub const SAC: &str = "998593";

const LETTERS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// A GSTIN as it is typed in, in upper case and without blanks, with its check digit right.
///
/// # Errors
/// [`Error::Invalid`] on `field`.
pub fn gstin(field: &str, text: &str) -> Result<String, Error> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_uppercase();
    let wrong = |message: &str| Err(Error::invalid(field, message));
    let (digit, upper) = (|b: &u8| b.is_ascii_digit(), |b: &u8| b.is_ascii_uppercase());
    let is_shaped = matches!(text.as_bytes(), [s1, s2, a, b, c, d, e, n1, n2, n3, n4, f, entity, _, check]
        if [s1, s2, n1, n2, n3, n4].into_iter().all(digit)
            && [a, b, c, d, e, f].into_iter().all(upper)
            && (digit(entity) || upper(entity)) && (digit(check) || upper(check)));
    if !is_shaped {
        return wrong("A GSTIN has 15 characters, such as 29AAACN1234F1Z5.");
    }
    if state_name(&text[..2]).is_none() {
        return wrong("A GSTIN begins with the code of a state.");
    }
    if check_digit(&text.as_bytes()[..14]) != text.bytes().last() {
        return wrong(
            "This is no GSTIN: its last character does not fit the others. Look for a typing error.",
        );
    }
    Ok(text)
}

/// The last character of a GSTIN, by the fourteen before it: products by 1 and 2 in turn, each
/// the sum of its digits to the base of 36, to be filled up to a multiple of 36.
pub fn check_digit(first: &[u8]) -> Option<u8> {
    let mut sum = 0;
    for (at, letter) in first.iter().enumerate() {
        let product = LETTERS.iter().position(|known| known == letter)? * (1 + at % 2);
        sum += product / 36 + product % 36;
    }
    LETTERS.get((36 - sum % 36) % 36).copied()
}

/// Rates of tax in hundredths of a percent, each from a day on.
const RATES: &[(Date, i64)] = &[(date!(2017 - 07 - 01), 1_800)];

/// The rate on a day, in hundredths of a percent.
pub fn rate(on: Date) -> i64 {
    RATES.iter().rev().find(|(from, _)| *from <= on).map_or(0, |(_, rate)| *rate)
}

/// A rate in hundredths of a percent, as it is printed: `18 %`, `2.50 %`.
pub fn percent(rate: i64) -> String {
    match (rate / 100, rate % 100) {
        (whole, 0) => format!("{whole} %"),
        (whole, part) => format!("{whole}.{part:02} %"),
    }
}

/// What a total that includes its tax is made of, in minor units. The parts sum to the total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// What the tax is on.
    pub taxable: i64,
    /// The centre's half, within a state.
    pub cgst: i64,
    /// The state's half: the same.
    pub sgst: i64,
    /// The tax between states.
    pub igst: i64,
}

/// `total * share / whole`, rounded half up; of amounts that are not negative.
fn part_of(total: i64, share: i64, whole: i64) -> i64 {
    let (total, share, whole) = (i128::from(total), i128::from(share), i128::from(whole.max(1)));
    i64::try_from((2 * total * share + whole) / (2 * whole)).unwrap_or(i64::MAX)
}

/// Takes the tax out of a total at a rate in hundredths of a percent: two equal halves within
/// a state, one amount between states.
pub fn split(total: i64, rate: i64, within_state: bool) -> Split {
    if within_state {
        // Each half is rounded by itself, as the two are separate taxes.
        let half = part_of(total, rate, 2 * (10_000 + rate));
        Split { taxable: total - 2 * half, cgst: half, sgst: half, igst: 0 }
    } else {
        let igst = part_of(total, rate, 10_000 + rate);
        Split { taxable: total - igst, cgst: 0, sgst: 0, igst }
    }
}

/// Shares `taxable` out over lines in proportion to their `amounts`, to the last minor unit:
/// what is left over goes to the lines with the largest remainders, the first of equals first.
/// `None` when the amounts sum to nothing.
pub fn share_out(taxable: i64, amounts: &[i64]) -> Option<Vec<i64>> {
    let total: i128 = amounts.iter().map(|amount| i128::from(*amount)).sum();
    if total <= 0 {
        return None;
    }
    let products: Vec<_> = amounts.iter().map(|amount| i128::from(*amount) * i128::from(taxable)).collect();
    let mut shares: Vec<_> = products.iter().map(|product| product.div_euclid(total)).collect();
    let left = i128::from(taxable) - shares.iter().sum::<i128>();
    let mut order: Vec<_> = (0..amounts.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(products[*at].rem_euclid(total)));
    for at in order.into_iter().take(usize::try_from(left).ok()?) {
        shares[at] += 1;
    }
    shares.into_iter().map(|share| i64::try_from(share).ok()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_typing_error_in_a_gstin_is_found() {
        // A registration that the tax authority publishes as an example.
        assert_eq!(gstin("gstin", "29aagcg6253j1z8").unwrap(), "29AAGCG6253J1Z8");
        assert_eq!(gstin("gstin", " 27AAPFU0939F1ZV ").unwrap(), "27AAPFU0939F1ZV");
        for wrong in ["29AAGCG6253J1Z9", "92AAGCG6253J1Z8", "29AAGCG6235J1Z8", "29AAGCG6253J1Z", "", "हिन्दी"]
        {
            assert!(gstin("gstin", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn tax_is_taken_out_of_what_includes_it() {
        let within = Split { taxable: 10_000, cgst: 900, sgst: 900, igst: 0 };
        assert_eq!(split(11_800, 1_800, true), within);
        assert_eq!(split(11_800, 1_800, false), Split { taxable: 10_000, cgst: 0, sgst: 0, igst: 1_800 });
        assert_eq!(split(1, 1_800, true), Split { taxable: 1, cgst: 0, sgst: 0, igst: 0 });
        assert_eq!(rate(date!(2017 - 06 - 30)), 0);
        assert_eq!(rate(date!(2026 - 11 - 24)), 1_800);
    }

    proptest! {
        #[test]
        fn lines_and_tax_are_the_total_to_the_paisa(
            amounts in prop::collection::vec(-50_000_i64..5_000_000_000, 1..40),
            within: bool,
            rate in prop_oneof![Just(1_800_i64), Just(0), 1..2_800_i64],
        ) {
            let total: i64 = amounts.iter().sum();
            prop_assume!(total > 0);
            let parts = split(total, rate, within);
            prop_assert_eq!(parts.taxable + parts.cgst + parts.sgst + parts.igst, total);
            prop_assert_eq!(parts.cgst, parts.sgst);
            prop_assert!(parts.taxable > 0 && parts.cgst >= 0 && parts.igst >= 0);
            let tax = i128::from(total - parts.taxable);
            // Within two minor units of the exact tax: each half is rounded.
            let off = tax * i128::from(10_000 + rate) - i128::from(total) * i128::from(rate);
            prop_assert!(off.abs() <= i128::from(10_000 + rate));
            let lines = share_out(parts.taxable, &amounts).unwrap();
            prop_assert_eq!(lines.iter().sum::<i64>(), parts.taxable);
            for (line, amount) in lines.iter().zip(&amounts) {
                let exact = i128::from(*amount) * i128::from(parts.taxable);
                let off = i128::from(*line) * i128::from(total) - exact;
                prop_assert!(off.abs() < i128::from(total), "{line} of {amount}");
            }
        }
    }
}
