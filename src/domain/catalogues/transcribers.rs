//! Transcribers: what turns speech into text.

/// A transcriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transcriber {
    /// Its id.
    pub id: &'static str,
    /// As people read it.
    pub name: &'static str,
    /// Who runs it.
    pub provider: &'static str,
    /// What its provider calls it.
    pub model_id: &'static str,
    /// What it is good at.
    pub description: &'static str,
    /// Whether it can stand in for another.
    pub supports_fallback: bool,
    /// The languages it hears, by their BCP 47 codes; `None`: all of the catalogue.
    pub language_codes: Option<&'static [&'static str]>,
}

const INDIAN: &[&str] = &[
    "hi-IN", "en-IN", "bn-IN", "te-IN", "mr-IN", "ta-IN", "gu-IN", "kn-IN", "or-IN", "ml-IN", "pa-IN",
    "ur-IN", "as-IN",
];

/// All of them. An agent that names none has the first that hears its language.
pub const TRANSCRIBERS: &[Transcriber] = &[
    Transcriber {
        id: "trs_deepgram_nova_3",
        name: "Deepgram Nova 3",
        provider: "deepgram",
        model_id: "nova-3",
        description: "Quick, and good with noisy lines; takes keywords.",
        supports_fallback: true,
        language_codes: Some(&[
            "hi-IN", "en-IN", "en-US", "en-GB", "en-AU", "es-ES", "es-US", "fr-FR", "de-DE", "it-IT",
            "nl-NL", "sv-SE", "pt-BR", "ja-JP", "id-ID",
        ]),
    },
    Transcriber {
        id: "trs_soniox",
        name: "Soniox Real-time",
        provider: "soniox",
        model_id: "stt-rt-v3",
        description: "Hears people change languages within a sentence; takes keywords.",
        supports_fallback: true,
        language_codes: None,
    },
    Transcriber {
        id: "trs_sarvam_saarika",
        name: "Sarvam Saarika 2.5",
        provider: "sarvam",
        model_id: "saarika:v2.5",
        description: "Languages of India, with English words among them.",
        supports_fallback: true,
        language_codes: Some(INDIAN),
    },
    Transcriber {
        id: "trs_deepgram_nova_2",
        name: "Deepgram Nova 2",
        provider: "deepgram",
        model_id: "nova-2",
        description: "The model before Nova 3, for agents that were tuned to it.",
        supports_fallback: true,
        language_codes: Some(&[
            "hi-IN", "en-IN", "en-US", "en-GB", "en-AU", "es-ES", "es-US", "fr-FR", "de-DE", "it-IT",
            "nl-NL", "sv-SE", "pt-BR", "ja-JP", "id-ID",
        ]),
    },
    Transcriber {
        id: "trs_google_chirp_2",
        name: "Google Chirp 2",
        provider: "google",
        model_id: "chirp_2",
        description: "All languages of the catalogue; slower than the others.",
        supports_fallback: false,
        language_codes: None,
    },
];

impl Transcriber {
    /// Whether it hears a language.
    pub fn hears(&self, code: &str) -> bool {
        self.language_codes.is_none_or(|codes| codes.contains(&code))
    }
}

/// The transcriber of this id.
pub fn find(id: &str) -> Option<&'static Transcriber> {
    TRANSCRIBERS.iter().find(|transcriber| transcriber.id == id)
}

/// The transcriber of an agent that names none, for a language.
pub fn default_for(code: &str) -> Option<&'static Transcriber> {
    TRANSCRIBERS.iter().find(|transcriber| transcriber.hears(code))
}
