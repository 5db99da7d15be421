//! Moments as the API writes them: UTC, RFC 3339, with seconds (`domain.md` 1.4).

use serde::{Serialize, Serializer, ser::Error as _};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, schema::Type},
};

/// A moment, such as `2025-03-15T10:22:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp(pub OffsetDateTime);

impl From<OffsetDateTime> for Timestamp {
    fn from(moment: OffsetDateTime) -> Self {
        Self(moment)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let moment = self.0.to_offset(UtcOffset::UTC).replace_nanosecond(0).map_err(S::Error::custom)?;
        serializer.serialize_str(&moment.format(&Rfc3339).map_err(S::Error::custom)?)
    }
}

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .examples([serde_json::json!("2025-03-15T10:22:00Z")])
            .into()
    }
}

impl ToSchema for Timestamp {}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_moment_is_written_in_utc_with_seconds() {
        let moment = Timestamp(datetime!(2025-03-15 15:52:00.75 +05:30));
        assert_eq!(serde_json::to_string(&moment).unwrap(), "\"2025-03-15T10:22:00Z\"");
    }
}
