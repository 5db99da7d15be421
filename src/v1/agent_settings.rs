//! The settings of an agent as programs send and read them. Each stands once, and is a field
//! of what creates an agent, of what changes one, and of what a version is shown as.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::domain::agents::{
    AgentType, Changes, Pipeline, Settings,
    settings::{
        AgentFunction, AnalysisField, ConversationStart, DenoisingMode, FallbackVoice, TranscriptionMode,
    },
};

use super::{
    agent_parts::{
        Analysis, Attached, Function, Keywords, NoIds, Nothing, PhoneNumberRef, StandIn, TimeZone, Variables,
    },
    catalogues::{LanguageId, LlmId, TranscriberId, VoiceId, VoiceModelId},
    request::present,
};

/// Declares one struct with all the settings, beside fields of its own. `asked`: all may be
/// left out; `shown`: all are there.
macro_rules! with_settings {
    ($($own:tt)*) => {
        with_settings_of! {
            { $($own)* }
            /// How it hears and speaks. A conversation flow has none and leaves this alone.
            value pipeline_type: Pipeline as Pipeline [],
            /// Its time zone, of the IANA database.
            clearable timezone: String as TimeZone [],
            /// What the agent is for, for its people.
            clearable description: String as String [max_length = 2000, pattern = r"^[^\u0000]*$", example = "Answers customers who call about their orders"],
            /// The language model; chosen by the platform where it is left out.
            clearable llm_id: String as LlmId [],
            /// The transcriber; chosen by the language where it is left out, none from speech to speech.
            clearable transcriber_id: String as TranscriberId [],
            /// The model that speaks, of the voice's provider; the recommended one where it is left out.
            clearable voice_model_id: String as VoiceModelId [],
            /// What the version is called; made of its number where it is left out.
            clearable version_title: String as String [min_length = 1, max_length = 35, pattern = r"^[^\s\u0000-\u001f\u007f][^\u0000-\u001f\u007f]*$", example = "Version 1"],
            /// What it is told that never changes from call to call.
            clearable system_prompt_text: String as String [max_length = 50000, pattern = r"^[^\u0000]*$"],
            /// Who it is, in a conversation flow.
            clearable agent_identity: String as String [max_length = 50000, pattern = r"^[^\u0000]*$"],
            /// What it knows, in a conversation flow.
            clearable agent_background: String as String [max_length = 50000, pattern = r"^[^\u0000]*$"],
            /// Where the nodes of a conversation flow stand on the screen.
            clearable node_positions: String as String [max_length = 50000, pattern = r"^[^\u0000]*$"],
            /// Who says the first word.
            clearable conversation_start_type: ConversationStart as ConversationStart [],
            /// What it says first. Template text: `{{name}}` stands for a variable.
            clearable welcome_message: String as String [max_length = 2000, pattern = r"^[^\u0000]*$", example = "Welcome to our service!"],
            /// Whether it stops when it is interrupted.
            value allow_interruptions: bool as bool [],
            /// Whether answers are bound to a schema.
            value structured_output: bool as bool [],
            /// How answers as JSON look.
            clearable json_output_instructions: Map<String, Value> as Object [],
            /// What stands for variables that a call does not give.
            value default_dynamic_variables: Map<String, Value> as Variables [],
            /// Most pieces that are fetched of a knowledge base.
            clearable kb_max_chunks: i32 as i32 [minimum = 1, maximum = 10],
            /// How near a piece must be.
            clearable kb_min_score: f64 as f64 [minimum = 0, maximum = 1],
            /// Whether it notices that a machine answers.
            value voicemail_detection: bool as bool [],
            /// Whether it then hangs up.
            value hangup_on_voicemail: bool as bool [],
            /// What it says to a machine otherwise. Template text.
            value voicemail_message: String as String [max_length = 2000, pattern = r"^[^\u0000]*$"],
            /// Whether it listens to keys.
            value listen_for_keypad: bool as bool [],
            /// Seconds it waits for keys.
            value keypad_timeout_sec: i32 as i32 [minimum = 0, maximum = 15],
            /// The key that ends the input.
            value termination_key: String as String [pattern = "^[0-9*#]$", example = "#"],
            /// Most keys it takes.
            value digit_limit: i32 as i32 [minimum = 1, maximum = 50],
            /// Seconds of silence that end the call; more than 5 above reminder_message_interval.
            value end_call_on_silence_sec: i32 as i32 [minimum = 15, maximum = 30],
            /// Seconds after which a call is ended; at most 3600 from speech to speech.
            value max_call_duration_sec: i32 as i32 [minimum = 60, maximum = 5400],
            /// Seconds before it begins to speak.
            value pause_before_speaking_sec: i32 as i32 [minimum = 0, maximum = 60],
            /// Seconds it lets the phone ring.
            value ring_duration_sec: i32 as i32 [minimum = 1, maximum = 120],
            /// A sound in the background.
            clearable background_sound: String as String [max_length = 2000, pattern = r"^[^\u0000]*$"],
            /// How loud that is.
            value background_sound_volume: f64 as f64 [minimum = 0, maximum = 2],
            /// Whether there is the noise of a room.
            value ambient_noise: bool as bool [],
            /// How quickly it answers.
            value responsiveness: f64 as f64 [minimum = 0, maximum = 1],
            /// How easily it is interrupted.
            value interruption_sensitivity: f64 as f64 [minimum = 0, maximum = 1],
            /// How eagerly it answers.
            value response_eagerness: f64 as f64 [minimum = 0, maximum = 1],
            /// Whether it says “hm” while it listens.
            value backchanneling: bool as bool [],
            /// How often.
            value backchannel_frequency: f64 as f64 [minimum = 0, maximum = 1],
            /// The words for that, with commas between them.
            clearable backchannel_keywords: String as String [max_length = 2000, pattern = r"^[^\u0000]*$"],
            /// What speech recognition favours.
            value transcription_mode: TranscriptionMode as TranscriptionMode [],
            /// What is taken out of the sound before it is listened to.
            clearable denoising_mode: DenoisingMode as DenoisingMode [],
            /// Whether numbers and dates are spoken as people do.
            value speech_normalization: bool as bool [],
            /// Whether the transcript is set with capitals and stops.
            value transcript_formatting: bool as bool [],
            /// Words to listen for.
            clearable boosted_keywords: String as Keywords [],
            /// Whether the values of a call's variables are listened for too.
            value boost_dynamic_variables: bool as bool [],
            /// Seconds between reminders.
            value reminder_message_interval: i32 as i32 [minimum = 1, maximum = 60],
            /// Most reminders; 0 for none.
            value reminder_message_frequency: i32 as i32 [minimum = 0, maximum = 10],
            /// Whether a second transcriber listens.
            value fallback_stt_enabled: bool as bool [],
            /// The second transcriber, another than the first.
            clearable stt_fallback_transcriber_id: String as TranscriberId [],
            /// Milliseconds to wait for the first when the second was ready.
            clearable stt_fallback_wait_ms: i32 as i32 [minimum = 0, maximum = 60000],
            /// Whether speech that was made once is kept.
            value audio_cache_enabled: bool as bool [],
            /// How fast it speaks.
            clearable voice_speed: f64 as f64 [minimum = 0.25, maximum = 4],
            /// How freely it speaks.
            clearable voice_temperature: f64 as f64 [minimum = 0, maximum = 2],
            /// How loud it speaks.
            clearable voice_volume: f64 as f64 [minimum = 0, maximum = 10],
            /// How high it speaks.
            clearable voice_pitch: f64 as f64 [minimum = -1, maximum = 1],
            /// How freely the model answers.
            value llm_temperature: f64 as f64 [minimum = 0, maximum = 2],
            /// Whether another model answers when the first is late.
            value fallback_llm_enabled: bool as bool [],
            /// Milliseconds until then.
            clearable llm_fallback_delay_ms: i32 as i32 [minimum = 0, maximum = 60000],
            /// The other model.
            clearable llm_fallback_model: String as LlmId [],
            /// Whether answers are prepared while the other side speaks.
            value predictive_preprocessing_enabled: bool as bool [],
            /// Whether the prompt is kept at its provider.
            value prompt_caching_enabled: bool as bool [],
            /// Whether sensitive data is not stored.
            value opt_out_sensitive_data_storage: bool as bool [],
            /// Whether addresses of recordings end by themselves.
            value opt_in_secure_urls: bool as bool [],
            /// The model that finds out after the call; null for the platform's own choice.
            clearable post_call_analysis_llm_id: String as LlmId [],
        }
    };
}

macro_rules! with_settings_of {
    (
        { asked $(#[$meta:meta])* $name:ident { $($own:tt)* } }
        $($(#[$doc:meta])* $kind:ident $field:ident: $type:ty as $schema:ident [$($more:tt)*],)+
    ) => {
        asked! {
            { $(#[$meta])* $name { $($own)* } }
            {} {}
            $({ $(#[$doc])* $kind $field [$type] $schema [$($more)*] })+
        }
    };
    (
        { shown $(#[$meta:meta])* $name:ident { $($own:tt)* } }
        $($(#[$doc:meta])* $kind:ident $field:ident: $type:ty as $schema:ident [$($more:tt)*],)+
    ) => {
        shown! {
            { $(#[$meta])* $name { $($own)* } }
            {} {}
            $({ $(#[$doc])* $kind $field [$type] $schema [$($more)*] })+
        }
    };
}

/// Takes one setting after the other: one that has a value always, or one that may have none.
macro_rules! asked {
    (
        { $(#[$meta:meta])* $name:ident { $($own:tt)* } } { $($fields:tt)* } { $($names:ident)* }
        { $(#[$doc:meta])* value $field:ident [$type:ty] $schema:ident [$($more:tt)*] } $($rest:tt)*
    ) => {
        asked! {
            { $(#[$meta])* $name { $($own)* } }
            {
                $($fields)*
                $(#[$doc])*
                #[schema(value_type = $schema, required = false, $($more)*)]
                #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
                $field: Option<$type>,
            }
            { $($names)* $field }
            $($rest)*
        }
    };
    (
        { $(#[$meta:meta])* $name:ident { $($own:tt)* } } { $($fields:tt)* } { $($names:ident)* }
        { $(#[$doc:meta])* clearable $field:ident [$type:ty] $schema:ident [$($more:tt)*] } $($rest:tt)*
    ) => {
        asked! {
            { $(#[$meta])* $name { $($own)* } }
            {
                $($fields)*
                $(#[$doc])*
                #[schema(value_type = Option<$schema>, required = false, $($more)*)]
                #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
                $field: Option<Option<$type>>,
            }
            { $($names)* $field }
            $($rest)*
        }
    };
    ({ $(#[$meta:meta])* $name:ident { $($own:tt)* } } { $($fields:tt)* } { $($names:ident)* }) => {
        $(#[$meta])*
        #[derive(Debug, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($own)*
            $($fields)*
            /// The number whose calls it answers, once the version is published. An empty text
            /// takes it away.
            #[schema(value_type = PhoneNumberRef, required = false)]
            #[serde(default, deserialize_with = "present")]
            inbound_phone_number_id: Option<Attached>,
            /// The number it calls from, once the version is published. An empty text takes it
            /// away.
            #[schema(value_type = PhoneNumberRef, required = false)]
            #[serde(default, deserialize_with = "present")]
            outbound_phone_number_id: Option<Attached>,
            /// What it can do during a call; all of it, in place of what there was.
            #[schema(value_type = Vec<Function>, required = false, max_items = 50)]
            #[serde(default, deserialize_with = "present")]
            agent_functions: Option<Vec<Function>>,
            /// What to find out after the call; all of it, in place of what there was.
            #[schema(value_type = Vec<Analysis>, required = false, max_items = 50)]
            #[serde(default, deserialize_with = "present")]
            post_call_analysis: Option<Vec<Analysis>>,
            /// Another name of post_call_analysis; what is under either name is joined.
            #[schema(value_type = Vec<Analysis>, required = false, max_items = 50)]
            #[serde(default, deserialize_with = "present")]
            postcall_analysis: Option<Vec<Analysis>>,
            /// Voices that speak when its own cannot.
            #[schema(value_type = Vec<StandIn>, required = false, max_items = 50)]
            #[serde(default, deserialize_with = "present")]
            fallback_voices: Option<Vec<StandIn>>,
            /// There are no folders yet.
            #[schema(value_type = Nothing, required = false)]
            #[serde(default)]
            #[allow(dead_code)]
            folder_id: Nothing,
            /// Events go to the account's webhooks: an agent has none of its own.
            #[schema(value_type = Nothing, required = false)]
            #[serde(default)]
            #[allow(dead_code)]
            webhook_id: Nothing,
            /// There are no knowledge bases yet.
            #[schema(value_type = NoIds, required = false)]
            #[serde(default)]
            #[allow(dead_code)]
            knowledge_base_ids: NoIds,
        }

        impl $name {
            /// The settings of the common list, as changes.
            fn common(&self) -> Changes {
                let functions = |all: &Vec<Function>| all.iter().cloned().map(AgentFunction::from).collect();
                let analysis = |all: &Vec<Analysis>| all.iter().cloned().map(AnalysisField::from).collect();
                let voices = |all: &Vec<StandIn>| all.iter().cloned().map(FallbackVoice::from).collect();
                Changes {
                    $($names: self.$names.clone(),)*
                    inbound_phone_number_id: self.inbound_phone_number_id.map(|attached| attached.0),
                    outbound_phone_number_id: self.outbound_phone_number_id.map(|attached| attached.0),
                    agent_functions: self.agent_functions.as_ref().map(functions),
                    post_call_analysis: match (&self.post_call_analysis, &self.postcall_analysis) {
                        (Some(one), Some(other)) => Some(analysis(&[one.as_slice(), other.as_slice()].concat())),
                        (one, other) => one.as_ref().or(other.as_ref()).map(analysis),
                    },
                    fallback_voices: self.fallback_voices.as_ref().map(voices),
                    ..Changes::default()
                }
            }
        }
    };
}

macro_rules! shown {
    (
        { $(#[$meta:meta])* $name:ident { $($own:tt)* } } { $($fields:tt)* } { $($names:ident)* }
        { $(#[$doc:meta])* value $field:ident [$type:ty] $schema:ident [$($more:tt)*] } $($rest:tt)*
    ) => {
        shown! {
            { $(#[$meta])* $name { $($own)* } }
            { $($fields)* $(#[$doc])* #[schema(value_type = $schema)] pub $field: $type, }
            { $($names)* $field }
            $($rest)*
        }
    };
    (
        { $(#[$meta:meta])* $name:ident { $($own:tt)* } } { $($fields:tt)* } { $($names:ident)* }
        { $(#[$doc:meta])* clearable $field:ident [$type:ty] $schema:ident [$($more:tt)*] } $($rest:tt)*
    ) => {
        shown! {
            { $(#[$meta])* $name { $($own)* } }
            {
                $($fields)*
                $(#[$doc])* #[schema(value_type = Option<$schema>, required = true)] pub $field: Option<$type>,
            }
            { $($names)* $field }
            $($rest)*
        }
    };
    ({ $(#[$meta:meta])* $name:ident { $($own:tt)* } } { $($fields:tt)* } { $($names:ident)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Serialize, ToSchema)]
        pub struct $name { $($own)* $($fields)* }

        impl From<Settings> for $name {
            fn from(settings: Settings) -> Self {
                Self { $($names: settings.$names,)* }
            }
        }
    };
}

with_settings! { asked
    /// An agent to create. What is left out has its default.
    CreateAgent {
        /// Its name.
        #[schema(min_length = 1, max_length = 70, pattern = r"^[^\s\u0000-\u001f\u007f][^\u0000-\u001f\u007f]*$", example = "Customer Support Agent")]
        pub(super) title: String,
        /// The language it speaks.
        #[schema(value_type = LanguageId)]
        pub(super) language_id: String,
        /// Its voice, one that speaks the language.
        #[schema(value_type = VoiceId)]
        pub(super) voice_id: String,
        /// What it is told to do. Template text: `{{name}}` stands for a variable.
        #[schema(min_length = 1, max_length = 50000, pattern = r"^[^\u0000]*$", example = "You are a helpful support agent.")]
        pub(super) prompt_text: String,
        /// How it is written down.
        #[schema(value_type = AgentType, required = false)]
        #[serde(default, deserialize_with = "present")]
        pub(super) agent_type: Option<AgentType>,
    }
}

with_settings! { asked
    /// What to change of one version of an agent. What is left out stays as it is; null takes
    /// away what may be missing.
    UpdateAgent {
        /// The version to change.
        #[schema(minimum = 1, maximum = 1000000, example = 1)]
        pub(super) version_number: i32,
        /// Publishes the version: calls are answered and made with it, over the numbers it
        /// names.
        #[schema(value_type = bool, required = false)]
        #[serde(default, deserialize_with = "present")]
        pub(super) is_published: Option<bool>,
        /// Changes the version even if it is published.
        #[schema(value_type = bool, required = false)]
        #[serde(default, deserialize_with = "present")]
        pub(super) update_deployment: Option<bool>,
        /// Another name.
        #[schema(value_type = String, required = false, min_length = 1, max_length = 70, pattern = r"^[^\s\u0000-\u001f\u007f][^\u0000-\u001f\u007f]*$", example = "Customer Support Agent")]
        #[serde(default, deserialize_with = "present")]
        pub(super) title: Option<String>,
        /// Another language.
        #[schema(value_type = LanguageId, required = false)]
        #[serde(default, deserialize_with = "present")]
        pub(super) language_id: Option<String>,
        /// Another voice.
        #[schema(value_type = VoiceId, required = false)]
        #[serde(default, deserialize_with = "present")]
        pub(super) voice_id: Option<String>,
        /// Another prompt.
        #[schema(value_type = String, required = false, min_length = 1, max_length = 50000, pattern = r"^[^\u0000]*$")]
        #[serde(default, deserialize_with = "present")]
        pub(super) prompt_text: Option<String>,
    }
}

with_settings! { shown
    /// All settings of a version.
    VersionSettings {}
}

impl CreateAgent {
    /// What differs from the defaults.
    pub(super) fn changes(&self) -> Changes {
        Changes {
            title: Some(self.title.clone()),
            language_id: Some(Some(self.language_id.clone())),
            voice_id: Some(Some(self.voice_id.clone())),
            prompt_text: Some(self.prompt_text.clone()),
            ..self.common()
        }
    }
}

impl UpdateAgent {
    /// What is to change.
    pub(super) fn changes(&self) -> Changes {
        Changes {
            title: self.title.clone(),
            language_id: self.language_id.clone().map(Some),
            voice_id: self.voice_id.clone().map(Some),
            prompt_text: self.prompt_text.clone(),
            ..self.common()
        }
    }
}
