//! The name of a sub-account.

use std::collections::HashMap;

use diesel::prelude::*;
use serde::Serialize;
use unicode_normalization::UnicodeNormalization;

use crate::{
    access::Overview,
    error::{Error, FieldError},
    schema::control::sub_accounts,
    values::SubAccountId,
};

/// A name of 1 to 100 characters, in Unicode normal form C, without control characters
/// and without spaces at its ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubAccountName(String);

impl SubAccountName {
    /// The longest name, in characters.
    pub const MAX: usize = 100;

    /// Reads what somebody typed.
    ///
    /// # Errors
    /// Which rule it breaks, on the field `name`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let name: String = text.trim().nfc().collect();
        let length = name.chars().count();
        if length == 0 {
            return Err(FieldError::new("name", "Enter a name for the sub-account."));
        }
        if length > Self::MAX {
            return Err(FieldError::new(
                "name",
                format!("The name has {length} characters; at most {} fit.", Self::MAX),
            ));
        }
        if name.chars().any(char::is_control) {
            return Err(FieldError::new(
                "name",
                "The name must not contain line breaks or control characters.",
            ));
        }
        Ok(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether somebody typed this name, spaces at the ends and Unicode form aside. Case
    /// counts: typing a name is the brake before a deletion.
    pub fn is_typed_as(&self, typed: &str) -> bool {
        typed.trim().nfc().eq(self.0.nfc())
    }
}

/// What these sub-accounts are called; those that are gone are missing.
pub fn names(tx: &mut Overview<'_>, ids: &[SubAccountId]) -> Result<HashMap<SubAccountId, String>, Error> {
    let organization = tx.organization();
    let rows = sub_accounts::table
        .filter(sub_accounts::organization_id.eq(organization).and(sub_accounts::sub_account_id.eq_any(ids)))
        .select((sub_accounts::sub_account_id, sub_accounts::name))
        .load::<(SubAccountId, String)>(tx.connection())?;
    Ok(rows.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_normalised() {
        let name = SubAccountName::parse("  Cafe\u{301} Ltd ").expect("a name");
        assert_eq!(name.as_str(), "Café Ltd");
        assert!(name.is_typed_as(" Cafe\u{301} Ltd"));
        assert!(!name.is_typed_as("café ltd"));
    }

    #[test]
    fn names_are_bounded_in_characters_not_bytes() {
        assert!(SubAccountName::parse(&"आ".repeat(100)).is_ok());
        assert!(SubAccountName::parse(&"a".repeat(101)).is_err());
        assert!(SubAccountName::parse(" \t ").is_err());
        assert!(SubAccountName::parse("a\u{0}b").is_err());
    }
}
