//! Phone numbers, checked and written by the rules of libphonenumber.

use std::fmt::{self, Write};

use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue},
    serialize::{self, Output, ToSql},
    sql_types::Text,
};
use phonenumber::{Mode, PhoneNumber};
use serde::{Deserialize, Serialize};

/// A phone number that can exist, in E.164: `+918047182200`.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, AsExpression, FromSqlRow,
)]
#[serde(try_from = "String", into = "String")]
#[diesel(sql_type = Text)]
pub struct E164(String);

/// The text is not a phone number that can exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidPhoneNumber;

impl fmt::Display for InvalidPhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a phone number that can exist")
    }
}

impl std::error::Error for InvalidPhoneNumber {}

/// The longest text that is looked at: 15 digits, and what people put between them.
const LONGEST: usize = 40;

fn written(number: &PhoneNumber, mode: Mode) -> Option<String> {
    let mut text = String::new();
    write!(text, "{}", number.format().mode(mode)).ok()?;
    Some(text)
}

impl E164 {
    /// Reads a number as people write it, with its country code: `+91 80 4718 2200`.
    ///
    /// # Errors
    /// [`InvalidPhoneNumber`] when there can be no such number.
    pub fn parse(text: &str) -> Result<Self, InvalidPhoneNumber> {
        let text = text.trim();
        if !text.starts_with('+') || text.len() > LONGEST {
            return Err(InvalidPhoneNumber);
        }
        let number = phonenumber::parse(None, text).map_err(|_| InvalidPhoneNumber)?;
        if !number.is_valid() || number.extension().is_some() {
            return Err(InvalidPhoneNumber);
        }
        written(&number, Mode::E164).map(Self).ok_or(InvalidPhoneNumber)
    }

    /// The number.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// ISO 3166-1 code of its country, two letters; `None` for one of no single country.
    pub fn country_iso(&self) -> Option<String> {
        let number = phonenumber::parse(None, &self.0).ok()?;
        number.country().id().map(|id| id.as_ref().to_owned())
    }

    /// The number as it is written for people abroad: `+91 80471 82200`.
    pub fn international(&self) -> String {
        let number = phonenumber::parse(None, &self.0).ok();
        number.and_then(|number| written(&number, Mode::International)).unwrap_or_else(|| self.0.clone())
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for E164 {
    type Err = InvalidPhoneNumber;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for E164 {
    type Error = InvalidPhoneNumber;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<E164> for String {
    fn from(number: E164) -> Self {
        number.0
    }
}

impl ToSql<Text, Pg> for E164 {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        <str as ToSql<Text, Pg>>::to_sql(&self.0, out)
    }
}

impl FromSql<Text, Pg> for E164 {
    /// What is stored was checked when it was stored, by the rules of that day.
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        <String as FromSql<Text, Pg>>::from_sql(value).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_number_is_read_as_people_write_it() {
        for text in ["+918047182200", " +91 80 4718 2200", "+91-80-4718-2200", "+91 (80) 47182200"] {
            let number = E164::parse(text).unwrap();
            assert_eq!(number.as_str(), "+918047182200", "{text}");
            assert_eq!(number.country_iso().as_deref(), Some("IN"));
        }
        assert_eq!(E164::parse("+14155550123").unwrap().country_iso().as_deref(), Some("US"));
        assert_eq!(E164::parse("+442079460123").unwrap().country_iso().as_deref(), Some("GB"));
        for wrong in
            ["", "+", "8047182200", "+91", "+1234", "+9112345", "+99912345678", "+91 80 4718 2200 x5", "++1"]
        {
            assert_eq!(E164::parse(wrong), Err(InvalidPhoneNumber), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_much_for_it(text in "\\PC{0,60}", digits in "\\+[0-9]{0,20}") {
            let _ = E164::parse(&text);
            if let Ok(number) = E164::parse(&digits) {
                prop_assert_eq!(E164::parse(number.as_str()), Ok(number.clone()));
                prop_assert!(!number.international().is_empty());
            }
        }
    }
}
