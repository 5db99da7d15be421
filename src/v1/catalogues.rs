//! What agents are made of: languages, language models, transcribers. The same for every
//! key.

use serde::{Deserialize, Serialize};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};

use crate::{
    access::Denied,
    domain::catalogues::{self, LlmKind, languages, llms, transcribers, voices},
    error::Error,
};

use super::{
    reply::Reply,
    request::{Path, Query},
};

/// Stands for ids of one catalogue in schemas.
macro_rules! catalogue_ids {
    ($($(#[$doc:meta])* $name:ident = $told:literal $all:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let ids: Vec<&str> = $all.iter().map(|entry| entry.id).collect();
                let example = serde_json::Value::from(ids.first().copied().unwrap_or_default());
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some($told))
                    .enum_values(Some(ids))
                    .examples([example])
                    .into()
            }
        }

        impl ToSchema for $name {}
    )+};
}

catalogue_ids! {
    /// A language.
    LanguageId = "A language of the catalogue, as GET /v1/languages lists them." languages::LANGUAGES;
    /// A language model.
    LlmId = "A language model of the catalogue, as GET /v1/llms lists them." llms::LLMS;
    /// A voice.
    VoiceId = "A voice of the catalogue, as GET /v1/voices lists them." voices::VOICES;
    /// A model that speaks.
    VoiceModelId = "A model of the voice's provider, as GET /v1/voices/{voice_id} lists them." voices::VOICE_MODELS;
    /// A transcriber.
    TranscriberId = "A transcriber of the catalogue, as GET /v1/transcribers lists them." transcribers::TRANSCRIBERS;
}

/// A language.
#[derive(Debug, Serialize, ToSchema)]
pub struct Language {
    /// Its id.
    #[schema(value_type = LanguageId)]
    pub id: &'static str,
    /// Its name.
    #[schema(example = "Hindi (India)")]
    pub name: &'static str,
    /// Its BCP 47 code.
    #[schema(example = "hi-IN")]
    pub code: &'static str,
}

impl From<&catalogues::Language> for Language {
    fn from(language: &catalogues::Language) -> Self {
        Self { id: language.id, name: language.name, code: language.code }
    }
}

/// Lists the languages
///
/// All languages that an agent can speak.
#[utoipa::path(get, path = "/languages", tag = "Catalogues", operation_id = "listLanguages",
    responses((status = 200, description = "All languages.", body = Vec<Language>,
        example = json!([{ "id": "lang_en_in", "name": "English (India)", "code": "en-IN" }]))))]
pub async fn languages() -> Reply<Vec<Language>> {
    Reply(languages::LANGUAGES.iter().map(Language::from).collect())
}

/// The id in the address.
#[derive(Debug, Deserialize)]
pub struct Place {
    pub(super) id: String,
}

pub(super) fn found<T, U: From<&'static T>>(found: Option<&'static T>) -> Result<Reply<U>, Denied> {
    Ok(Reply(found.ok_or(Error::NotFound)?.into()))
}

/// Shows a language
#[utoipa::path(get, path = "/languages/{id}", tag = "Catalogues", operation_id = "getLanguage",
    params(("id" = LanguageId, Path, description = "The language.")),
    responses((status = 200, description = "The language.", body = Language,
        example = json!({ "id": "lang_en_in", "name": "English (India)", "code": "en-IN" }))))]
pub async fn language(place: Path<Place>) -> Result<Reply<Language>, Denied> {
    found(languages::find(&place.0.id))
}

/// A language model.
#[derive(Debug, Serialize, ToSchema)]
pub struct Llm {
    /// Its id.
    #[schema(value_type = LlmId)]
    pub id: &'static str,
    /// Its name.
    #[schema(example = "GPT-4.1 Mini")]
    pub name: &'static str,
    /// Who runs it.
    #[schema(example = "openai")]
    pub provider: &'static str,
    /// What its provider calls it.
    #[schema(example = "gpt-4.1-mini")]
    pub provider_id: &'static str,
    /// Text, or from speech to speech.
    #[serde(rename = "type")]
    pub kind: LlmKind,
    /// Whether its answers can be bound to a schema.
    pub supports_structured_output: bool,
    /// Whether it can stand in for another.
    pub supports_fallback: bool,
}

impl From<&catalogues::Llm> for Llm {
    fn from(llm: &catalogues::Llm) -> Self {
        Self {
            id: llm.id,
            name: llm.name,
            provider: llm.provider,
            provider_id: llm.provider_id,
            kind: llm.kind,
            supports_structured_output: llm.supports_structured_output,
            supports_fallback: llm.supports_fallback,
        }
    }
}

/// What language models are sorted by.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LlmSort {
    /// Their ids.
    Id,
    /// Their names.
    Name,
    /// Who runs them.
    Provider,
}

/// A direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum SortOrder {
    /// From A to Z.
    Asc,
    /// From Z to A.
    Desc,
}

/// Which part of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LlmQuery {
    /// The page, from 1, of `limit` rows.
    #[param(minimum = 1, maximum = 10000, example = 1)]
    page: Option<i64>,
    /// Rows on a page; all of them unless said.
    #[param(minimum = 1, maximum = 100, example = 20)]
    limit: Option<i64>,
    /// What to sort by.
    #[serde(rename = "sortBy")]
    #[param(inline)]
    sort_by: Option<LlmSort>,
    /// In which direction.
    #[serde(rename = "sortOrder")]
    #[param(inline)]
    sort_order: Option<SortOrder>,
}

/// The rows of one page, out of all.
pub(super) fn part<T>(
    all: Vec<T>,
    page: Option<i64>,
    limit: Option<i64>,
    most: i64,
) -> Result<Vec<T>, Error> {
    let limit = limit.unwrap_or(most);
    if !(1..=10_000).contains(&page.unwrap_or(1)) {
        return Err(Error::invalid("page", "Ask for a page from 1 to 10000."));
    }
    if !(1..=most).contains(&limit) {
        return Err(Error::invalid("limit", format!("Ask for 1 to {most} rows.")));
    }
    let skip = usize::try_from((page.unwrap_or(1) - 1) * limit).unwrap_or(usize::MAX);
    Ok(all.into_iter().skip(skip).take(usize::try_from(limit).unwrap_or(usize::MAX)).collect())
}

fn sorted(mut llms: Vec<Llm>, query: &LlmQuery) -> Result<Reply<Vec<Llm>>, Denied> {
    if let Some(sort) = query.sort_by {
        llms.sort_by_key(|llm| match sort {
            LlmSort::Id => llm.id,
            LlmSort::Name => llm.name,
            LlmSort::Provider => llm.provider,
        });
    }
    if query.sort_order == Some(SortOrder::Desc) {
        llms.reverse();
    }
    Ok(Reply(part(llms, query.page, query.limit, 100)?))
}

/// Lists the language models
#[utoipa::path(get, path = "/llms", tag = "Catalogues", operation_id = "listLlms", params(LlmQuery),
    responses((status = 200, description = "Language models.", body = Vec<Llm>,
        example = json!([{ "id": "llm_gpt_4_1_mini", "name": "GPT-4.1 Mini", "provider": "openai", "provider_id": "gpt-4.1-mini", "type": "text", "supports_structured_output": true, "supports_fallback": true }]))))]
pub async fn llms(query: Query<LlmQuery>) -> Result<Reply<Vec<Llm>>, Denied> {
    sorted(llms::LLMS.iter().map(Llm::from).collect(), &query.0)
}

/// Lists the language models that can stand in for another
#[utoipa::path(get, path = "/llms/fallback", tag = "Catalogues", operation_id = "listFallbackLlms", params(LlmQuery),
    responses((status = 200, description = "Language models.", body = Vec<Llm>)))]
pub async fn fallback_llms(query: Query<LlmQuery>) -> Result<Reply<Vec<Llm>>, Denied> {
    sorted(llms::LLMS.iter().filter(|llm| llm.supports_fallback).map(Llm::from).collect(), &query.0)
}

/// Shows a language model
#[utoipa::path(get, path = "/llms/{id}", tag = "Catalogues", operation_id = "getLlm",
    params(("id" = LlmId, Path, description = "The language model.")),
    responses((status = 200, description = "The language model.", body = Llm)))]
pub async fn llm(place: Path<Place>) -> Result<Reply<Llm>, Denied> {
    found(llms::find(&place.0.id))
}

/// A transcriber.
#[derive(Debug, Serialize, ToSchema)]
pub struct Transcriber {
    /// Its id.
    #[schema(value_type = TranscriberId)]
    pub id: &'static str,
    /// Its name.
    #[schema(example = "Deepgram Nova 3")]
    pub name: &'static str,
    /// Who runs it.
    #[schema(example = "deepgram")]
    pub provider: &'static str,
    /// What its provider calls it.
    #[schema(example = "nova-3")]
    pub model_id: &'static str,
    /// What it is good at.
    pub description: &'static str,
    /// Whether it can stand in for another.
    pub supports_fallback: bool,
    /// The BCP 47 codes of the languages it hears; null for all.
    #[schema(value_type = Option<Vec<String>>)]
    pub supported_language_codes: Option<&'static [&'static str]>,
}

impl From<&catalogues::Transcriber> for Transcriber {
    fn from(transcriber: &catalogues::Transcriber) -> Self {
        Self {
            id: transcriber.id,
            name: transcriber.name,
            provider: transcriber.provider,
            model_id: transcriber.model_id,
            description: transcriber.description,
            supports_fallback: transcriber.supports_fallback,
            supported_language_codes: transcriber.language_codes,
        }
    }
}

/// Lists the transcribers
#[utoipa::path(get, path = "/transcribers", tag = "Catalogues", operation_id = "listTranscribers",
    responses((status = 200, description = "All transcribers.", body = Vec<Transcriber>)))]
pub async fn transcribers() -> Reply<Vec<Transcriber>> {
    Reply(transcribers::TRANSCRIBERS.iter().map(Transcriber::from).collect())
}

/// Lists the transcribers that can stand in for another
#[utoipa::path(get, path = "/transcribers/fallback", tag = "Catalogues", operation_id = "listFallbackTranscribers",
    responses((status = 200, description = "Transcribers.", body = Vec<Transcriber>)))]
pub async fn fallback_transcribers() -> Reply<Vec<Transcriber>> {
    let eligible = transcribers::TRANSCRIBERS.iter().filter(|transcriber| transcriber.supports_fallback);
    Reply(eligible.map(Transcriber::from).collect())
}

/// Shows a transcriber
#[utoipa::path(get, path = "/transcribers/{id}", tag = "Catalogues", operation_id = "getTranscriber",
    params(("id" = TranscriberId, Path, description = "The transcriber.")),
    responses((status = 200, description = "The transcriber.", body = Transcriber)))]
pub async fn transcriber(place: Path<Place>) -> Result<Reply<Transcriber>, Denied> {
    found(transcribers::find(&place.0.id))
}
