//! A line of text, as the document describes it.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};

/// A line of text that people give: 1 to 100 characters, none of control, no space at its
/// ends. It stands for a text in schemas; the domain's own types check it.
#[derive(Debug)]
pub enum Line {}

/// Every kind of space in Unicode, and what controls a terminal.
const SPACE_OR_CONTROL: &str = r"\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000";

impl PartialSchema for Line {
    fn schema() -> RefOr<Schema> {
        let pattern =
            format!(r"^[^{SPACE_OR_CONTROL}]([^\u0000-\u001f\u007f-\u009f]*[^{SPACE_OR_CONTROL}])?$");
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A line of text without control characters and without spaces at its ends."))
            .min_length(Some(1))
            .max_length(Some(100))
            .pattern(Some(pattern))
            .examples([serde_json::json!("Acme Telecom")])
            .into()
    }
}

impl ToSchema for Line {}
