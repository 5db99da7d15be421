//! Language models.

use crate::values::words;

words! {
    /// What a language model takes and gives.
    LlmKind {
        /// Text: a transcriber hears and a voice speaks for it.
        Text = "text" / "Text",
        /// Speech, without anything between.
        SpeechToSpeech = "speech_to_speech" / "Speech to speech",
    }
}

/// A language model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Llm {
    /// Its id.
    pub id: &'static str,
    /// As people read it.
    pub name: &'static str,
    /// Who runs it.
    pub provider: &'static str,
    /// What its provider calls it.
    pub provider_id: &'static str,
    /// What it takes and gives.
    pub kind: LlmKind,
    /// Whether its answers can be bound to a schema.
    pub supports_structured_output: bool,
    /// Whether it can stand in for another.
    pub supports_fallback: bool,
}

const fn text(
    id: &'static str,
    name: &'static str,
    provider: &'static str,
    provider_id: &'static str,
    supports_structured_output: bool,
    supports_fallback: bool,
) -> Llm {
    let kind = LlmKind::Text;
    Llm { id, name, provider, provider_id, kind, supports_structured_output, supports_fallback }
}

const fn speech(
    id: &'static str,
    name: &'static str,
    provider: &'static str,
    provider_id: &'static str,
) -> Llm {
    let kind = LlmKind::SpeechToSpeech;
    Llm { id, name, provider, provider_id, kind, supports_structured_output: false, supports_fallback: false }
}

/// The model of an agent that names none.
pub const DEFAULT: &str = "llm_gpt_4_1_mini";

/// All of them.
pub const LLMS: &[Llm] = &[
    text(DEFAULT, "GPT-4.1 Mini", "openai", "gpt-4.1-mini", true, true),
    text("llm_gpt_4_1", "GPT-4.1", "openai", "gpt-4.1", true, true),
    text("llm_gpt_4o", "GPT-4o", "openai", "gpt-4o", true, false),
    text("llm_gpt_4o_mini", "GPT-4o mini", "openai", "gpt-4o-mini", true, true),
    text("llm_gemini_2_5_flash", "Gemini 2.5 Flash", "google", "gemini-2.5-flash", true, true),
    text("llm_gemini_2_5_flash_lite", "Gemini 2.5 Flash-Lite", "google", "gemini-2.5-flash-lite", true, true),
    text("llm_claude_haiku_4_5", "Claude Haiku 4.5", "anthropic", "claude-haiku-4-5", true, true),
    text("llm_claude_sonnet_4_5", "Claude Sonnet 4.5", "anthropic", "claude-sonnet-4-5", true, false),
    text("llm_llama_3_3_70b", "Llama 3.3 70B", "groq", "llama-3.3-70b-versatile", false, true),
    text("llm_sarvam_m", "Sarvam-M", "sarvam", "sarvam-m", false, false),
    speech("llm_gpt_realtime", "GPT Realtime", "openai", "gpt-realtime"),
    speech("llm_gpt_realtime_mini", "GPT Realtime Mini", "openai", "gpt-realtime-mini"),
    speech("llm_gemini_live", "Gemini Live", "google", "gemini-2.5-flash-native-audio"),
];

/// The model of this id.
pub fn find(id: &str) -> Option<&'static Llm> {
    LLMS.iter().find(|llm| llm.id == id)
}

/// The model of this name.
pub fn called(name: &str) -> Option<&'static Llm> {
    LLMS.iter().find(|llm| llm.name == name)
}
