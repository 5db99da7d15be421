//! What agents are made of: languages, language models, voices and transcribers, and the
//! countries that numbers are in. They are the platform's and the same for everybody; their
//! ids never change.

pub mod countries;
pub mod languages;
pub mod llms;
pub mod transcribers;
pub mod voices;

pub use countries::Country;
pub use languages::Language;
pub use llms::{Llm, LlmKind};
pub use transcribers::Transcriber;
pub use voices::{Accent, Gender, Voice, VoiceKind, VoiceModel, VoiceProvider};
