//! The catalogue of voices. The same for every key.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    access::Denied,
    domain::catalogues::{self, Accent, Gender, VoiceKind, VoiceProvider, languages, llms, voices},
    error::Error,
};

use super::{
    catalogues::{Language, LanguageId, Llm, LlmId, Place, VoiceId, VoiceModelId, found, part},
    reply::Reply,
    request::{Path, Query},
};

/// A model that speaks with a voice.
#[derive(Debug, Serialize, ToSchema)]
pub struct VoiceModel {
    /// Its id.
    #[schema(value_type = VoiceModelId)]
    pub id: &'static str,
    /// What its provider calls it.
    #[schema(example = "bulbul:v2")]
    pub name: &'static str,
}

/// A voice.
#[derive(Debug, Serialize, ToSchema)]
pub struct Voice {
    /// Its id.
    #[schema(value_type = VoiceId)]
    pub id: &'static str,
    /// Its name.
    #[schema(example = "Anushka")]
    pub name: &'static str,
    /// Who makes it.
    pub provider: VoiceProvider,
    /// Whether it speaks a text, or belongs to a model from speech to speech.
    #[serde(rename = "type")]
    pub kind: VoiceKind,
    /// What its provider calls it.
    #[schema(example = "anushka")]
    pub provider_voice_id: &'static str,
    /// How it sounds.
    pub gender: Gender,
    /// Where it sounds to be from.
    #[schema(required = true)]
    pub accent: Option<Accent>,
    /// The BCP 47 code of its own language.
    #[schema(example = "hi-IN")]
    pub language_code: &'static str,
    /// A picture; there is none yet.
    #[schema(required = true)]
    pub icon: Option<String>,
    /// A sound of it; there is none yet.
    #[schema(required = true)]
    pub recording: Option<String>,
    /// The languages it speaks.
    pub languages: Vec<Language>,
    /// The models from speech to speech that speak so; none for a voice that speaks a text.
    pub llms: Vec<Llm>,
    /// The models that speak with it, the recommended one first.
    pub models: Vec<VoiceModel>,
}

impl From<&catalogues::Voice> for Voice {
    fn from(voice: &catalogues::Voice) -> Self {
        Self {
            id: voice.id,
            name: voice.name,
            provider: voice.provider,
            kind: voice.kind(),
            provider_voice_id: voice.provider_voice_id,
            gender: voice.gender,
            accent: voice.accent,
            language_code: voice.languages().next().map_or("", |language| language.code),
            icon: None,
            recording: None,
            languages: voice.languages().map(Language::from).collect(),
            llms: voice.llms().map(Llm::from).collect(),
            models: voice.models().map(|model| VoiceModel { id: model.id, name: model.name }).collect(),
        }
    }
}

/// Which voices.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VoiceQuery {
    /// Of this provider.
    provider: Option<VoiceProvider>,
    /// Of this accent.
    accent: Option<Accent>,
    /// Of this gender.
    gender: Option<Gender>,
    /// With this in their name.
    #[param(max_length = 100, example = "anu")]
    name: Option<String>,
    /// The page, from 1.
    #[param(minimum = 1, maximum = 10000, example = 1)]
    page: Option<i64>,
    /// Rows on a page.
    #[param(minimum = 1, maximum = 50, example = 20)]
    limit: Option<i64>,
    /// That speak this language.
    #[param(value_type = Option<LanguageId>)]
    language_id: Option<String>,
    /// That can speak what this model says.
    #[param(value_type = Option<LlmId>)]
    llm_id: Option<String>,
}

/// A page of voices.
#[derive(Debug, Serialize, ToSchema)]
pub struct VoicePage {
    /// The voices.
    pub voices: Vec<Voice>,
    /// How many there are in all.
    #[schema(minimum = 0, example = 38)]
    pub total: i64,
    /// The page.
    #[schema(minimum = 1, example = 1)]
    pub page: i64,
    /// Rows on a page.
    #[schema(minimum = 1, maximum = 50, example = 20)]
    pub limit: i64,
    /// Pages in all.
    #[serde(rename = "totalPages")]
    #[schema(minimum = 0, example = 2)]
    pub total_pages: i64,
}

/// Lists the voices
///
/// Voices that speak a text and voices of models from speech to speech.
#[utoipa::path(get, path = "/voices", tag = "Catalogues", operation_id = "listVoices", params(VoiceQuery),
    responses((status = 200, description = "A page of voices.", body = VoicePage)))]
pub async fn voices(query: Query<VoiceQuery>) -> Result<Reply<VoicePage>, Denied> {
    let asked = query.0;
    if asked.name.as_ref().is_some_and(|name| name.chars().count() > 100) {
        return Err(Error::invalid("name", "Ask for at most 100 characters.").into());
    }
    let known = |id: &Option<String>, is_known: bool| id.is_none() || is_known;
    if !known(&asked.language_id, asked.language_id.as_deref().and_then(languages::find).is_some()) {
        return Err(Error::invalid("language_id", "must be an id of the catalogue").into());
    }
    if !known(&asked.llm_id, asked.llm_id.as_deref().and_then(llms::find).is_some()) {
        return Err(Error::invalid("llm_id", "must be an id of the catalogue").into());
    }
    let (page, limit) = (asked.page.unwrap_or(1), asked.limit.unwrap_or(20));
    let found = voices::search(&voices::Wanted {
        provider: asked.provider,
        accent: asked.accent,
        gender: asked.gender,
        name: asked.name,
        language: asked.language_id,
        llm: asked.llm_id,
    });
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let voices = part(found, Some(page), Some(limit), 50)?.into_iter().map(Voice::from).collect();
    Ok(Reply(VoicePage { voices, total, page, limit, total_pages: (total + limit - 1) / limit }))
}

/// Of which provider.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AccentQuery {
    /// Of this provider.
    provider: Option<VoiceProvider>,
}

/// Lists the accents of the voices
#[utoipa::path(get, path = "/voices/accents", tag = "Catalogues", operation_id = "listVoiceAccents",
    params(AccentQuery),
    responses((status = 200, description = "The accents there are.", body = Vec<Accent>,
        example = json!(["indian", "british", "american"]))))]
pub async fn accents(query: Query<AccentQuery>) -> Reply<Vec<Accent>> {
    Reply(voices::accents(query.0.provider))
}

/// Voices from speech to speech.
#[derive(Debug, Serialize, ToSchema)]
pub struct SpeechVoices {
    /// The voices.
    pub voices: Vec<Voice>,
}

/// Lists the voices from speech to speech
///
/// Each with its languages and the models that speak so.
#[utoipa::path(get, path = "/voices/s2s", tag = "Catalogues", operation_id = "listSpeechToSpeechVoices",
    responses((status = 200, description = "The voices.", body = SpeechVoices)))]
pub async fn speech_voices() -> Reply<SpeechVoices> {
    let speech = voices::VOICES.iter().filter(|voice| voice.kind() == VoiceKind::SpeechToSpeech);
    Reply(SpeechVoices { voices: speech.map(Voice::from).collect() })
}

/// Shows a voice
#[utoipa::path(get, path = "/voices/{id}", tag = "Catalogues", operation_id = "getVoice",
    params(("id" = VoiceId, Path, description = "The voice.")),
    responses((status = 200, description = "The voice.", body = Voice)))]
pub async fn voice(place: Path<Place>) -> Result<Reply<Voice>, Denied> {
    found(voices::find(&place.0.id))
}

/// Lists the languages of a voice
#[utoipa::path(get, path = "/voices/{id}/languages", tag = "Catalogues", operation_id = "listVoiceLanguages",
    params(("id" = VoiceId, Path, description = "The voice.")),
    responses((status = 200, description = "The languages it speaks.", body = Vec<Language>)))]
pub async fn voice_languages(place: Path<Place>) -> Result<Reply<Vec<Language>>, Denied> {
    let voice = voices::find(&place.0.id).ok_or(Error::NotFound)?;
    Ok(Reply(voice.languages().map(Language::from).collect()))
}
