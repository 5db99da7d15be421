//! Money as the API writes it: decimal major units (`domain.md` 4.1).

use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::Error as _};
use serde_json::Number;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};

use crate::{
    error::{Error, FieldError},
    values::Money,
};

/// An amount in major units, such as `5000` or `12.5`, exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(Decimal);

/// Below it, a number of JSON has two decimals exactly.
const LARGEST: f64 = 1e13;

impl Amount {
    /// An amount of so many major units, from an address, where all numbers are text.
    ///
    /// # Errors
    /// Which rule it breaks, on the field `amount`: it is out of range.
    pub(super) fn of_major(major: f64) -> Result<Self, FieldError> {
        // By its shortest text, which is what was sent: a conversion by arithmetic is not exact.
        let decimal = if major.abs() < LARGEST { major.to_string().parse::<Decimal>().ok() } else { None };
        decimal
            .map(|decimal| Self(decimal.normalize()))
            .ok_or_else(|| FieldError::new("amount", "The amount is out of range."))
    }

    /// Minor units of the currency.
    ///
    /// # Errors
    /// Which rule the amount breaks, on the field `amount`: it has more decimals than the
    /// currency, or is out of range.
    pub fn minor(self, currency: &str) -> Result<i64, FieldError> {
        let minor = self.0 * Decimal::from(10_u64.pow(Money::DECIMALS));
        if !minor.is_integer() {
            let message = format!("{currency} has at most {} decimals.", Money::DECIMALS);
            return Err(FieldError::new("amount", message));
        }
        minor.to_i64().ok_or_else(|| FieldError::new("amount", "The amount is out of range."))
    }

    /// Minor units of the amount in `field`, which something is to be done with: above zero, and no
    /// more than is moved or set at once.
    ///
    /// # Errors
    /// [`Error::Invalid`] on `field`.
    pub(super) fn above_zero(self, field: &str, currency: &str) -> Result<i64, Error> {
        let minor = self.minor(currency).map_err(|wrong| Error::invalid(field, wrong.message))?;
        if (1..=Money::LARGEST).contains(&minor) {
            Ok(minor)
        } else {
            Err(Error::invalid(field, "The amount must be above 0 and at most 1000000000."))
        }
    }
}

/// Reads what may be null and must be said.
pub(super) fn nullable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Amount>, D::Error> {
    Option::deserialize(deserializer)
}

impl From<&Money> for Amount {
    fn from(money: &Money) -> Self {
        Self(Decimal::new(money.minor, Money::DECIMALS).normalize())
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.is_integer().then(|| self.0.to_i64()).flatten() {
            Some(whole) => serializer.serialize_i64(whole),
            // Sums of money have at most 15 digits, and so many survive.
            None => {
                let written = self.0.to_string().parse().map_err(|_| S::Error::custom("out of range"))?;
                serializer.serialize_f64(written)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = Number::deserialize(deserializer)?;
        Self::of_major(number.as_f64().unwrap_or(f64::INFINITY))
            .map_err(|wrong| D::Error::custom(wrong.message))
    }
}

impl PartialSchema for Amount {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .description(Some(
                "Decimal major units: 5000 is five thousand rupees. At most the currency's decimals.",
            ))
            .examples([serde_json::json!(5000)])
            .into()
    }
}

impl ToSchema for Amount {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Amount, serde_json::Error> {
        serde_json::from_str(text)
    }

    proptest! {
        #[test]
        fn an_amount_comes_back_as_it_went(minor in -999_999_999_999_999_i64..1_000_000_000_000_000) {
            let written = serde_json::to_string(&Amount::from(&Money::new(minor, "INR"))).unwrap();
            prop_assert_eq!(read(&written).unwrap().minor("INR"), Ok(minor), "{}", written);
        }
    }

    #[test]
    fn fifteen_digits_survive() {
        for minor in [442_454_723_288_673, 999_999_999_999_999, -442_454_723_288_673] {
            let written = serde_json::to_string(&Amount::from(&Money::new(minor, "INR"))).unwrap();
            assert_eq!(read(&written).unwrap().minor("INR"), Ok(minor), "{written}");
        }
    }

    #[test]
    fn more_decimals_than_the_currency_has_are_refused() {
        assert_eq!(read("5000").unwrap().minor("INR"), Ok(500_000));
        assert_eq!(read("0.1").unwrap().minor("INR"), Ok(10));
        assert_eq!(read("5e3").unwrap().minor("INR"), Ok(500_000));
        assert!(read("0.001").unwrap().minor("INR").is_err());
        for nonsense in ["\"5000\"", "1e300", "null", "true"] {
            assert!(read(nonsense).is_err(), "{nonsense}");
        }
    }

    #[test]
    fn whole_amounts_have_no_decimals() {
        assert_eq!(serde_json::to_string(&Amount::from(&Money::new(500_000, "INR"))).unwrap(), "5000");
        assert_eq!(serde_json::to_string(&Amount::from(&Money::new(1_250, "INR"))).unwrap(), "12.5");
    }
}
