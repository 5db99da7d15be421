//! Voices, and the models that speak with them.

use crate::values::words;

use super::{Language, Llm, LlmKind, languages, llms};

words! {
    /// Who makes a voice.
    VoiceProvider {
        /// ElevenLabs.
        ElevenLabs = "elevenlabs" / "ElevenLabs",
        /// Smallest.ai.
        SmallestAi = "smallestai" / "Smallest.ai",
        /// Sarvam.
        Sarvam = "sarvam" / "Sarvam",
        /// Cartesia.
        Cartesia = "cartesia" / "Cartesia",
        /// OpenAI, from speech to speech.
        OpenAi = "openai" / "OpenAI",
        /// Google, from speech to speech.
        Google = "google" / "Google",
    }
}

words! {
    /// How a voice sounds.
    Gender {
        /// Male.
        Male = "male" / "Male",
        /// Female.
        Female = "female" / "Female",
        /// Neither.
        NonBinary = "non-binary" / "Non-binary",
    }
}

words! {
    /// Where a voice sounds to be from.
    Accent {
        /// India.
        Indian = "indian" / "Indian",
        /// Britain.
        British = "british" / "British",
        /// The United States.
        American = "american" / "American",
        /// Canada.
        Canadian = "canadian" / "Canadian",
        /// Africa.
        African = "african" / "African",
        /// Australia.
        Australian = "australian" / "Australian",
        /// Sweden.
        Swedish = "swedish" / "Swedish",
    }
}

words! {
    /// What a voice belongs to.
    VoiceKind {
        /// It speaks a text.
        TextToSpeech = "text_to_speech" / "Text to speech",
        /// It is a way of speaking of a model from speech to speech.
        SpeechToSpeech = "speech_to_speech" / "Speech to speech",
    }
}

/// A model that turns text into speech with the voices of its provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VoiceModel {
    /// Its id.
    pub id: &'static str,
    /// What its provider calls it.
    pub name: &'static str,
    /// Whose voices it speaks with.
    pub provider: VoiceProvider,
}

/// All of them; the first of a provider is the recommended one.
pub const VOICE_MODELS: &[VoiceModel] = &[
    model("vmd_eleven_flash_v2_5", "eleven_flash_v2_5", VoiceProvider::ElevenLabs),
    model("vmd_eleven_multilingual_v2", "eleven_multilingual_v2", VoiceProvider::ElevenLabs),
    model("vmd_bulbul_v2", "bulbul:v2", VoiceProvider::Sarvam),
    model("vmd_lightning_v2", "lightning-v2", VoiceProvider::SmallestAi),
    model("vmd_sonic_2", "sonic-2", VoiceProvider::Cartesia),
    model("vmd_sonic_turbo", "sonic-turbo", VoiceProvider::Cartesia),
];

const fn model(id: &'static str, name: &'static str, provider: VoiceProvider) -> VoiceModel {
    VoiceModel { id, name, provider }
}

/// A voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Voice {
    /// Its id.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Who makes it.
    pub provider: VoiceProvider,
    /// What its provider calls it.
    pub provider_voice_id: &'static str,
    /// How it sounds.
    pub gender: Gender,
    /// Where it sounds to be from.
    pub accent: Option<Accent>,
    /// The languages it speaks, its own first, by their BCP 47 codes.
    codes: &'static [&'static str],
}

const SARVAM: &[&str] =
    &["hi-IN", "en-IN", "bn-IN", "te-IN", "mr-IN", "ta-IN", "gu-IN", "kn-IN", "or-IN", "ml-IN", "pa-IN"];
const HINDI: &[&str] = &["hi-IN", "en-IN"];
const SOUTH: &[&str] = &["ta-IN", "te-IN", "kn-IN", "ml-IN", "hi-IN", "en-IN"];
const WEST: &[&str] = &["mr-IN", "gu-IN", "hi-IN", "en-IN"];
const EAST: &[&str] = &["bn-IN", "as-IN", "or-IN", "hi-IN", "en-IN"];
const NORTH: &[&str] = &["ur-IN", "pa-IN", "hi-IN", "en-IN"];
const AMERICAN: &[&str] = &["en-US", "es-US", "fr-FR", "de-DE", "it-IT", "pt-BR", "ja-JP"];
const BRITISH: &[&str] = &["en-GB", "en-AU", "fr-FR", "de-DE", "es-ES", "it-IT", "nl-NL", "sv-SE"];
const SPEECH: &[&str] = &[
    "en-US", "en-IN", "hi-IN", "en-GB", "en-AU", "bn-IN", "te-IN", "mr-IN", "ta-IN", "ur-IN", "gu-IN",
    "kn-IN", "ml-IN", "pa-IN", "es-ES", "es-US", "fr-FR", "de-DE", "it-IT", "nl-NL", "sv-SE", "pt-BR",
    "ar-AE", "id-ID", "ja-JP",
];

const fn voice(
    id: &'static str,
    name: &'static str,
    provider: VoiceProvider,
    provider_voice_id: &'static str,
    gender: Gender,
    accent: Option<Accent>,
    codes: &'static [&'static str],
) -> Voice {
    Voice { id, name, provider, provider_voice_id, gender, accent, codes }
}

use Accent::{African, American, Australian, British, Canadian, Indian, Swedish};
use Gender::{Female, Male, NonBinary};
use VoiceProvider::{Cartesia, ElevenLabs, Google, OpenAi, Sarvam, SmallestAi};

/// All of them.
pub const VOICES: &[Voice] = &[
    voice("voice_asha", "Asha", ElevenLabs, "asha-in", Female, Some(Indian), HINDI),
    voice("voice_meera", "Meera", Sarvam, "meera", Female, Some(Indian), SARVAM),
    voice("voice_kavya", "Kavya", SmallestAi, "kavya", Female, Some(Indian), SOUTH),
    voice("voice_priya", "Priya", Cartesia, "priya-in", Female, Some(Indian), HINDI),
    voice("voice_nisha", "Nisha", SmallestAi, "nisha", Female, Some(Indian), WEST),
    voice("voice_tara", "Tara", ElevenLabs, "tara-in", Female, Some(Indian), EAST),
    voice("voice_anushka", "Anushka", Sarvam, "anushka", Female, Some(Indian), SARVAM),
    voice("voice_manisha", "Manisha", Sarvam, "manisha", Female, Some(Indian), SARVAM),
    voice("voice_vidya", "Vidya", Sarvam, "vidya", Female, Some(Indian), SARVAM),
    voice("voice_arya", "Arya", Sarvam, "arya", Female, Some(Indian), SARVAM),
    voice("voice_abhilash", "Abhilash", Sarvam, "abhilash", Male, Some(Indian), SARVAM),
    voice("voice_karun", "Karun", Sarvam, "karun", Male, Some(Indian), SARVAM),
    voice("voice_hitesh", "Hitesh", Sarvam, "hitesh", Male, Some(Indian), SARVAM),
    voice("voice_arman", "Arman", SmallestAi, "arman", Male, Some(Indian), NORTH),
    voice("voice_raj", "Raj", SmallestAi, "raj", Male, Some(Indian), HINDI),
    voice("voice_diya", "Diya", SmallestAi, "diya", Female, Some(Indian), WEST),
    voice("voice_zara", "Zara", ElevenLabs, "zara-in", Female, Some(Indian), NORTH),
    voice("voice_dev", "Dev", Cartesia, "dev-in", Male, Some(Indian), HINDI),
    voice("voice_rachel", "Rachel", ElevenLabs, "rachel", Female, Some(American), AMERICAN),
    voice("voice_adam", "Adam", ElevenLabs, "adam", Male, Some(American), AMERICAN),
    voice("voice_river", "River", ElevenLabs, "river", NonBinary, Some(American), AMERICAN),
    voice("voice_brooke", "Brooke", Cartesia, "brooke", Female, Some(American), AMERICAN),
    voice("voice_george", "George", ElevenLabs, "george", Male, Some(British), BRITISH),
    voice("voice_alice", "Alice", ElevenLabs, "alice", Female, Some(British), BRITISH),
    voice("voice_archie", "Archie", Cartesia, "archie", Male, Some(British), BRITISH),
    voice("voice_maple", "Maple", Cartesia, "maple", Female, Some(Canadian), &["en-US", "fr-FR"]),
    voice("voice_thandi", "Thandi", Cartesia, "thandi", Female, Some(African), &["en-GB"]),
    voice("voice_charlie", "Charlie", ElevenLabs, "charlie", Male, Some(Australian), &["en-AU", "en-GB"]),
    voice("voice_astrid", "Astrid", ElevenLabs, "astrid", Female, Some(Swedish), &["sv-SE", "en-GB"]),
    voice("voice_layla", "Layla", ElevenLabs, "layla", Female, None, &["ar-AE", "en-US"]),
    voice("voice_sari", "Sari", ElevenLabs, "sari", Female, None, &["id-ID", "en-US"]),
    voice("voice_s2s_ash", "Ash", OpenAi, "ash", Male, Some(American), SPEECH),
    voice("voice_s2s_coral", "Coral", OpenAi, "coral", Female, Some(American), SPEECH),
    voice("voice_s2s_marin", "Marin", OpenAi, "marin", Female, None, SPEECH),
    voice("voice_s2s_cedar", "Cedar", OpenAi, "cedar", Male, None, SPEECH),
    voice("voice_s2s_kore", "Kore", Google, "Kore", Female, None, SPEECH),
    voice("voice_s2s_puck", "Puck", Google, "Puck", Male, None, SPEECH),
    voice("voice_s2s_zephyr", "Zephyr", Google, "Zephyr", NonBinary, None, SPEECH),
];

impl Voice {
    /// What it belongs to.
    pub fn kind(&self) -> VoiceKind {
        match self.provider {
            VoiceProvider::OpenAi | VoiceProvider::Google => VoiceKind::SpeechToSpeech,
            _ => VoiceKind::TextToSpeech,
        }
    }

    /// The languages it speaks, its own first.
    pub fn languages(&self) -> impl Iterator<Item = &'static Language> + use<> {
        self.codes.iter().filter_map(|code| languages::of_code(code))
    }

    /// Whether it speaks a language.
    pub fn speaks(&self, code: &str) -> bool {
        self.codes.contains(&code)
    }

    /// The models from speech to speech that can speak so; none for one that speaks a text.
    pub fn llms(&self) -> impl Iterator<Item = &'static Llm> + use<> {
        let voice = *self;
        llms::LLMS.iter().filter(move |llm| voice.goes_with(llm) && llm.kind == LlmKind::SpeechToSpeech)
    }

    /// Whether it can speak what a language model says.
    pub fn goes_with(&self, llm: &Llm) -> bool {
        match (self.kind(), llm.kind) {
            (VoiceKind::TextToSpeech, LlmKind::Text) => true,
            (VoiceKind::SpeechToSpeech, LlmKind::SpeechToSpeech) => self.provider.as_str() == llm.provider,
            _ => false,
        }
    }

    /// The models that can speak with it, the recommended one first.
    pub fn models(&self) -> impl Iterator<Item = &'static VoiceModel> + use<> {
        let provider = self.provider;
        VOICE_MODELS.iter().filter(move |model| model.provider == provider)
    }
}

/// The voice of this id.
pub fn find(id: &str) -> Option<&'static Voice> {
    VOICES.iter().find(|voice| voice.id == id)
}

/// The voice of this name.
pub fn called(name: &str) -> Option<&'static Voice> {
    VOICES.iter().find(|voice| voice.name == name)
}

/// Which voices are wanted. What is `None` does not narrow.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Of this provider.
    pub provider: Option<VoiceProvider>,
    /// Of this accent.
    pub accent: Option<Accent>,
    /// Of this gender.
    pub gender: Option<Gender>,
    /// With this in their name, in any case.
    pub name: Option<String>,
    /// That speak the language of this id.
    pub language: Option<String>,
    /// That can speak what the model of this id says.
    pub llm: Option<String>,
}

/// The voices that `wanted` lets through.
pub fn search(wanted: &Wanted) -> Vec<&'static Voice> {
    let name = wanted.name.as_ref().map(|name| name.to_lowercase());
    let speaks = |voice: &Voice, id: &String| languages::find(id).is_some_and(|l| voice.speaks(l.code));
    let goes_with = |voice: &Voice, id: &String| llms::find(id).is_some_and(|llm| voice.goes_with(llm));
    VOICES
        .iter()
        .filter(|voice| wanted.provider.is_none_or(|provider| voice.provider == provider))
        .filter(|voice| wanted.accent.is_none_or(|accent| voice.accent == Some(accent)))
        .filter(|voice| wanted.gender.is_none_or(|gender| voice.gender == gender))
        .filter(|voice| name.as_ref().is_none_or(|name| voice.name.to_lowercase().contains(name)))
        .filter(|voice| wanted.language.as_ref().is_none_or(|id| speaks(voice, id)))
        .filter(|voice| wanted.llm.as_ref().is_none_or(|id| goes_with(voice, id)))
        .collect()
}

/// The accents there are among the voices, of one provider where one is given.
pub fn accents(provider: Option<VoiceProvider>) -> Vec<Accent> {
    let voices = search(&Wanted { provider, ..Wanted::default() });
    Accent::ALL.iter().copied().filter(|accent| voices.iter().any(|v| v.accent == Some(*accent))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::domain::catalogues::{languages::LANGUAGES, llms::LLMS, transcribers::TRANSCRIBERS};

    #[test]
    fn ids_are_unique_and_codes_are_known() {
        let mut ids = HashSet::new();
        let all = VOICES
            .iter()
            .map(|v| v.id)
            .chain(LANGUAGES.iter().map(|l| l.id))
            .chain(LLMS.iter().map(|l| l.id))
            .chain(TRANSCRIBERS.iter().map(|t| t.id))
            .chain(VOICE_MODELS.iter().map(|m| m.id));
        for id in all {
            assert!(ids.insert(id), "{id} stands twice");
        }
        let known = |code: &&str| languages::of_code(code).is_some();
        assert!(VOICES.iter().all(|voice| voice.codes.iter().all(known) && !voice.codes.is_empty()));
        assert!(TRANSCRIBERS.iter().all(|t| t.language_codes.is_none_or(|codes| codes.iter().all(known))));
    }

    #[test]
    fn every_language_can_be_heard_and_spoken() {
        for language in LANGUAGES {
            assert!(VOICES.iter().any(|v| v.speaks(language.code)), "nobody speaks {}", language.name);
            assert!(TRANSCRIBERS.iter().any(|t| t.hears(language.code)), "nobody hears {}", language.name);
        }
        for voice in VOICES.iter().filter(|voice| voice.kind() == VoiceKind::SpeechToSpeech) {
            assert!(voice.llms().next().is_some(), "{} has no model", voice.name);
        }
    }
}
