//! Where the call content of a tenant lives (`domain.md` 1.5).

use std::{fmt, str::FromStr};

use diesel::{
    backend::Backend,
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::Pg,
    serialize::{self, Output, ToSql},
    sql_types::Text,
};
use serde::{Deserialize, Serialize};

/// The name of a data region, such as `india`: one database and one object store.
///
/// Lower-case letters, digits and hyphens, at most 20 characters, starting with a
/// letter. Which regions exist is configured; a value of this type is well formed,
/// not necessarily configured.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, AsExpression, FromSqlRow,
)]
#[serde(try_from = "String", into = "String")]
#[diesel(sql_type = Text)]
pub struct Region(String);

/// The text is not the name of a region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidRegion;

impl fmt::Display for InvalidRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a region is 1 to 20 lower-case letters, digits or hyphens, starting with a letter")
    }
}

impl std::error::Error for InvalidRegion {}

impl Region {
    /// The name as stored and as shown in the API.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as people read it: `india` is "India", `us` and `eu` are capitals.
    pub fn label(&self) -> String {
        match self.0.as_str() {
            short if short.len() <= 2 => short.to_uppercase(),
            name => name[..1].to_uppercase() + &name[1..],
        }
    }
}

impl utoipa::PartialSchema for Region {
    /// A word; which words there are is configured, and the document of a running server
    /// says so.
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .examples([serde_json::json!("india")])
            .into()
    }
}

impl utoipa::ToSchema for Region {}

impl FromStr for Region {
    type Err = InvalidRegion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let well_formed = (1..=20).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if well_formed { Ok(Self(text.to_owned())) } else { Err(InvalidRegion) }
    }
}

impl TryFrom<String> for Region {
    type Error = InvalidRegion;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Region> for String {
    fn from(region: Region) -> Self {
        region.0
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ToSql<Text, Pg> for Region {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        <str as ToSql<Text, Pg>>::to_sql(&self.0, out)
    }
}

impl<DB: Backend> FromSql<Text, DB> for Region
where
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(String::from_sql(bytes)?.parse()?)
    }
}
