//! How one version of an agent behaves: the settings of the published description, with
//! their defaults.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    domain::billing::rates::Speaking,
    values::{NumberId, words},
};

use super::Pipeline;

words! {
    /// What speech recognition favours.
    TranscriptionMode {
        /// Answers come sooner.
        OptimizeForSpeed = "optimize_for_speed" / "Speed",
        /// More is heard rightly.
        OptimizeForAccuracy = "optimize_for_accuracy" / "Accuracy",
    }
}

words! {
    /// What is taken out of the sound before it is listened to.
    DenoisingMode {
        /// Noise.
        RemoveNoise = "remove_noise" / "Noise",
        /// Noise, and other people who speak.
        RemoveNoiseAndSpeech = "remove_noise_and_speech" / "Noise and other speech",
    }
}

words! {
    /// Who says the first word.
    ConversationStart {
        /// The other side.
        User = "user" / "The other side",
        /// The agent, in words of its own.
        AgentDynamic = "agent_dynamic" / "The agent, freely",
        /// The agent, with the welcome message.
        AgentDefined = "agent_defined" / "The agent, with the welcome message",
    }
}

words! {
    /// What an agent can do during a call.
    FunctionKind {
        /// End it.
        EndCall = "end_call" / "End the call",
        /// Hand it over.
        CallTransfer = "call_transfer" / "Transfer the call",
        /// Ask a server of the account's.
        Custom = "custom" / "Custom",
        /// Look for a free time.
        CheckCalendarAvailability = "check_calendar_availability" / "Check a calendar",
        /// Book a time.
        BookCalendar = "book_calendar" / "Book in a calendar",
        /// Use a connected service.
        Integration = "integration" / "Integration",
    }
}

words! {
    /// What an analysed field holds.
    AnalysisKind {
        /// A number.
        Number = "NUMBER" / "Number",
        /// A text.
        String = "STRING" / "Text",
        /// Yes or no.
        Boolean = "BOOLEAN" / "Yes or no",
        /// One of some words.
        Enum = "ENUM" / "Choice",
    }
}

/// Something an agent can do during a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentFunction {
    /// Its name.
    #[serde(rename = "displayName")]
    pub display_name: String,
    /// What it does.
    #[serde(rename = "type")]
    pub kind: FunctionKind,
    /// When the agent is to do it.
    pub description: String,
    /// How it does it.
    #[serde(default)]
    pub config: Map<String, Value>,
}

/// Something to find out from the transcript after the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnalysisField {
    /// Its name.
    pub field_name: String,
    /// What it holds.
    pub field_type: AnalysisKind,
    /// What to look for.
    pub field_description: String,
}

/// A voice that speaks when the agent's own cannot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FallbackVoice {
    /// A voice of the catalogue.
    pub voice_id: String,
}

/// Declares the settings, and the changes that can be made to them.
macro_rules! settings {
    ($($(#[$doc:meta])* $field:ident: $type:ty = $default:expr,)+) => {
        /// How one version of an agent behaves. What was stored before a setting existed has
        /// its default.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Settings { $($(#[$doc])* pub $field: $type,)+ }

        impl Default for Settings {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        /// Some settings, to be changed; what is `None` stays as it is.
        #[derive(Debug, Clone, Default, PartialEq, Serialize)]
        pub struct Changes { $($(#[$doc])* pub $field: Option<$type>,)+ }

        impl Settings {
            /// These settings, with `changes` made to them.
            pub fn with(mut self, changes: &Changes) -> Self {
                $(if let Some(value) = &changes.$field { self.$field = value.clone(); })+
                self
            }
        }
    };
}

impl Settings {
    /// What of the catalogues speaks in its calls: by that they are charged.
    pub fn speaking(&self) -> Speaking {
        let is_cascaded = self.pipeline_type == Pipeline::Cascaded;
        Speaking {
            llm: Some(self.llm_id.clone().unwrap_or_default()),
            transcriber: is_cascaded.then(|| self.transcriber_id.clone().unwrap_or_default()),
            voice: is_cascaded.then(|| self.voice_id.clone().unwrap_or_default()),
        }
    }
}

settings! {
    /// The agent's name.
    title: String = String::new(),
    /// What the version is called; made of its number where none is given.
    version_title: Option<String> = None,
    /// What the agent is for, for its people.
    description: Option<String> = None,
    /// Of the IANA database, such as `Asia/Kolkata`.
    timezone: Option<String> = None,
    /// How it hears and speaks.
    pipeline_type: Pipeline = Pipeline::Cascaded,
    /// A language of the catalogue.
    language_id: Option<String> = None,
    /// A voice of the catalogue.
    voice_id: Option<String> = None,
    /// A language model of the catalogue.
    llm_id: Option<String> = None,
    /// A transcriber of the catalogue; none from speech to speech.
    transcriber_id: Option<String> = None,
    /// A model of the voice's provider.
    voice_model_id: Option<String> = None,
    /// What it is told to do.
    prompt_text: String = String::new(),
    /// What it is told that never changes from call to call.
    system_prompt_text: Option<String> = None,
    /// Who it is, in a conversation flow.
    agent_identity: Option<String> = None,
    /// What it knows, in a conversation flow.
    agent_background: Option<String> = None,
    /// Where the nodes of a conversation flow stand on the screen.
    node_positions: Option<String> = None,
    /// Who says the first word.
    conversation_start_type: Option<ConversationStart> = None,
    /// What it says first.
    welcome_message: Option<String> = None,
    /// Whether it stops when it is interrupted.
    allow_interruptions: bool = true,
    /// Whether answers are bound to a schema.
    structured_output: bool = false,
    /// How answers as JSON look.
    json_output_instructions: Option<Map<String, Value>> = None,
    /// What stands for a variable of the prompt that a call does not give.
    default_dynamic_variables: Map<String, Value> = Map::new(),
    /// Most pieces that are fetched of a knowledge base.
    kb_max_chunks: Option<i32> = None,
    /// How near a piece must be, 0 to 1.
    kb_min_score: Option<f64> = None,
    /// The number whose calls it answers.
    inbound_phone_number_id: Option<NumberId> = None,
    /// The number it calls from.
    outbound_phone_number_id: Option<NumberId> = None,
    /// Whether it notices that a machine answers.
    voicemail_detection: bool = true,
    /// Whether it then hangs up.
    hangup_on_voicemail: bool = false,
    /// What it says to a machine otherwise.
    voicemail_message: String = "Please leave a message after the beep.".to_owned(),
    /// Whether it listens to keys.
    listen_for_keypad: bool = true,
    /// How many seconds it waits for keys.
    keypad_timeout_sec: i32 = 5,
    /// The key that ends the input.
    termination_key: String = "#".to_owned(),
    /// Most keys it takes.
    digit_limit: i32 = 1,
    /// Seconds of silence that end the call.
    end_call_on_silence_sec: i32 = 15,
    /// Seconds after which a call is ended.
    max_call_duration_sec: i32 = 600,
    /// Seconds before it begins to speak.
    pause_before_speaking_sec: i32 = 2,
    /// Seconds it lets the phone ring.
    ring_duration_sec: i32 = 5,
    /// A sound in the background.
    background_sound: Option<String> = None,
    /// How loud that is, 0 to 2.
    background_sound_volume: f64 = 1.0,
    /// Whether there is the noise of a room.
    ambient_noise: bool = false,
    /// How quickly it answers, 0 to 1.
    responsiveness: f64 = 0.5,
    /// How easily it is interrupted, 0 to 1.
    interruption_sensitivity: f64 = 0.5,
    /// How eagerly it answers, 0 to 1.
    response_eagerness: f64 = 1.0,
    /// Whether it says “hm” while it listens.
    backchanneling: bool = false,
    /// How often, 0 to 1.
    backchannel_frequency: f64 = 0.5,
    /// The words for that, with commas between them.
    backchannel_keywords: Option<String> = None,
    /// What speech recognition favours.
    transcription_mode: TranscriptionMode = TranscriptionMode::OptimizeForSpeed,
    /// What is taken out of the sound.
    denoising_mode: Option<DenoisingMode> = None,
    /// Whether numbers and dates are spoken as people do.
    speech_normalization: bool = false,
    /// Whether the transcript is set with capitals and stops.
    transcript_formatting: bool = false,
    /// Words to listen for, with commas between them.
    boosted_keywords: Option<String> = None,
    /// Whether the values of a call's variables are listened for too.
    boost_dynamic_variables: bool = false,
    /// Seconds between reminders.
    reminder_message_interval: i32 = 9,
    /// Most reminders; 0: none.
    reminder_message_frequency: i32 = 1,
    /// Whether a second transcriber listens.
    fallback_stt_enabled: bool = false,
    /// Which.
    stt_fallback_transcriber_id: Option<String> = None,
    /// Milliseconds to wait for the first when the second was ready.
    stt_fallback_wait_ms: Option<i32> = None,
    /// Whether speech that was made once is kept.
    audio_cache_enabled: bool = false,
    /// How fast it speaks, 0.25 to 4.
    voice_speed: Option<f64> = None,
    /// How freely it speaks, 0 to 2.
    voice_temperature: Option<f64> = None,
    /// How loud it speaks, 0 to 10.
    voice_volume: Option<f64> = None,
    /// How high it speaks, -1 to 1.
    voice_pitch: Option<f64> = None,
    /// How freely the model answers, 0 to 2.
    llm_temperature: f64 = 0.1,
    /// Whether another model answers when the first is late.
    fallback_llm_enabled: bool = false,
    /// Milliseconds until then.
    llm_fallback_delay_ms: Option<i32> = None,
    /// Which.
    llm_fallback_model: Option<String> = None,
    /// Whether answers are prepared while the other side speaks.
    predictive_preprocessing_enabled: bool = false,
    /// Whether the prompt is kept at its provider.
    prompt_caching_enabled: bool = false,
    /// Whether sensitive data is not stored.
    opt_out_sensitive_data_storage: bool = false,
    /// Whether addresses of recordings end by themselves.
    opt_in_secure_urls: bool = false,
    /// Voices that speak when its own cannot.
    fallback_voices: Vec<FallbackVoice> = Vec::new(),
    /// What it can do during a call.
    agent_functions: Vec<AgentFunction> = Vec::new(),
    /// What to find out after the call.
    post_call_analysis: Vec<AnalysisField> = Vec::new(),
    /// The model that finds it out; none for the platform's own choice.
    post_call_analysis_llm_id: Option<String> = None,
}
