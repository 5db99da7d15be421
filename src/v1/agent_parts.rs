//! What an agent's settings are made of, as programs send and read it.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::{Map, Value};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ArrayBuilder, ObjectBuilder, RefOr, Schema,
        schema::{AdditionalProperties, SchemaType, Type},
    },
};

use crate::{
    domain::agents::settings::{AgentFunction, AnalysisField, AnalysisKind, FallbackVoice, FunctionKind},
    values::NumberId,
};

use super::catalogues::VoiceId;

/// Something an agent can do during a call.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// Its name.
    #[serde(rename = "displayName")]
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\s\u0000-\u001f\u007f][^\u0000-\u001f\u007f]*$",
        example = "Book Calendar"
    )]
    display_name: String,
    /// What it does.
    #[serde(rename = "type")]
    kind: FunctionKind,
    /// When the agent is to do it.
    #[schema(
        max_length = 2000,
        pattern = r"^[^\u0000]*$",
        example = "Books a calendar appointment for the caller"
    )]
    description: String,
    /// How it does it.
    #[schema(value_type = Object, required = false)]
    #[serde(default)]
    config: Map<String, Value>,
}

impl From<Function> for AgentFunction {
    fn from(function: Function) -> Self {
        let Function { display_name, kind, description, config } = function;
        Self { display_name, kind, description, config }
    }
}

impl From<AgentFunction> for Function {
    fn from(function: AgentFunction) -> Self {
        let AgentFunction { display_name, kind, description, config } = function;
        Self { display_name, kind, description, config }
    }
}

/// Something to find out from the transcript after the call.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Analysis {
    /// Its name.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\s\u0000-\u001f\u007f][^\u0000-\u001f\u007f]*$",
        example = "issue_type"
    )]
    field_name: String,
    /// What it holds.
    field_type: AnalysisKind,
    /// What to look for.
    #[schema(max_length = 2000, pattern = r"^[^\u0000]*$", example = "Main issue discussed on the call")]
    field_description: String,
}

impl From<Analysis> for AnalysisField {
    fn from(field: Analysis) -> Self {
        let Analysis { field_name, field_type, field_description } = field;
        Self { field_name, field_type, field_description }
    }
}

impl From<AnalysisField> for Analysis {
    fn from(field: AnalysisField) -> Self {
        let AnalysisField { field_name, field_type, field_description } = field;
        Self { field_name, field_type, field_description }
    }
}

/// A voice that speaks when the agent's own cannot. Its name and provider are the
/// catalogue's, whatever is sent.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
pub struct StandIn {
    /// The voice.
    #[schema(value_type = VoiceId)]
    voice_id: String,
    /// Its name.
    voice_name: Option<String>,
    /// What its provider calls it.
    provider_voice_id: Option<String>,
    /// Who makes it.
    provider: Option<String>,
}

impl From<StandIn> for FallbackVoice {
    fn from(voice: StandIn) -> Self {
        Self { voice_id: voice.voice_id }
    }
}

/// A phone number of the account, or none.
#[derive(Debug, Clone, Copy)]
pub struct Attached(pub(super) Option<NumberId>);

impl<'de> Deserialize<'de> for Attached {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Option::<String>::deserialize(deserializer)?.as_deref() {
            None | Some("") => Ok(Self(None)),
            Some(text) => text
                .parse()
                .map(|id| Self(Some(id)))
                .map_err(|_| D::Error::custom("not the id of a phone number, and not empty")),
        }
    }
}

/// Stands for [`Attached`] in schemas.
#[derive(Debug)]
pub enum PhoneNumberRef {}

impl PartialSchema for PhoneNumberRef {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
            .description(Some("The id of a phone number of the workspace; empty or null for none."))
            .pattern(Some("^(num_[0-7][0-9a-hjkmnp-tv-z]{25})?$"))
            .into()
    }
}

impl ToSchema for PhoneNumberRef {}

/// A field of the published description for what is not offered yet.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nothing;

impl<'de> Deserialize<'de> for Nothing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Option::<Value>::deserialize(deserializer)? {
            None => Ok(Self),
            Some(_) => Err(D::Error::custom("this is not offered yet: leave it out, or send null")),
        }
    }
}

impl PartialSchema for Nothing {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Null).into()
    }
}

impl ToSchema for Nothing {}

/// A list of the published description for what is not offered yet.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoIds;

impl<'de> Deserialize<'de> for NoIds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if Vec::<String>::deserialize(deserializer)?.is_empty() {
            Ok(Self)
        } else {
            Err(D::Error::custom("these are not offered yet: leave the list out, or empty"))
        }
    }
}

impl PartialSchema for NoIds {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String);
        ArrayBuilder::new().items(text).max_items(Some(0)).into()
    }
}

impl ToSchema for NoIds {}

/// Stands for variables in schemas.
#[derive(Debug)]
pub enum Variables {}

impl PartialSchema for Variables {
    fn schema() -> RefOr<Schema> {
        let transfers = ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("Where calls are handed over to: at most 7 numbers with | between them."))
            .pattern(Some(r"^\+(1|91)[0-9]{10}(\|\+(1|91)[0-9]{10}){0,6}$"));
        ObjectBuilder::new()
            .property("agent_transfer_destinations", transfers)
            .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(true)))
            .examples([serde_json::json!({ "firstName": "John" })])
            .into()
    }
}

impl ToSchema for Variables {}

/// Stands for keywords in schemas.
#[derive(Debug)]
pub enum Keywords {}

impl PartialSchema for Keywords {
    fn schema() -> RefOr<Schema> {
        // Letters, marks, numbers and spaces of all scripts: no punctuation of ASCII but the comma.
        let term = r"[^\u0000-\u001f!-/:-@\[-`{-\u009f]{0,50}";
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("At most 100 terms of 50 characters, with commas between them."))
            .max_length(Some(2000))
            .pattern(Some(format!("^{term}(,{term}){{0,99}}$")))
            .examples([serde_json::json!("Acme, customer success")])
            .into()
    }
}

impl ToSchema for Keywords {}

/// Stands for time zones in schemas.
#[derive(Debug)]
pub enum TimeZone {}

impl PartialSchema for TimeZone {
    fn schema() -> RefOr<Schema> {
        let names = time_tz::timezones::iter().map(time_tz::TimeZone::name);
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A time zone of the IANA database."))
            .enum_values(Some(names.collect::<Vec<_>>()))
            .examples([serde_json::json!("Asia/Kolkata")])
            .into()
    }
}

impl ToSchema for TimeZone {}
