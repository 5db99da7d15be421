//! What settings of an agent must be, each by itself and all together.

use serde_json::{Map, Value};

use crate::{
    domain::catalogues::{
        Language, Llm, LlmKind, Transcriber, Voice, VoiceKind, languages, llms, transcribers, voices,
    },
    error::{Error, FieldError},
};

use super::{AgentType, Pipeline, Settings};

/// Longest texts, in characters. Prompts are as long as a model reads with ease.
pub const LONGEST_PROMPT: usize = 50_000;
/// As above, of a sentence or two.
pub const LONGEST_MESSAGE: usize = 2_000;
/// Longest title.
pub const LONGEST_TITLE: usize = 70;
/// Longest title of a version.
pub const LONGEST_VERSION_TITLE: usize = 35;
/// Most functions, and most analysed fields.
pub const MOST_PARTS: usize = 50;
/// Most keywords, and the longest.
pub const MOST_KEYWORDS: usize = 100;
/// As above.
pub const LONGEST_KEYWORD: usize = 50;

/// Longest call in seconds from speech to speech.
const LONGEST_SPEECH_CALL: i32 = 3_600;
/// How much longer silence must be than the interval of reminders, in seconds.
const SILENCE_AFTER_REMINDER: i32 = 5;

/// What is wrong, gathered.
#[derive(Default)]
struct Wrong(Vec<FieldError>);

impl Wrong {
    fn add(&mut self, field: &str, rule: impl Into<String>) {
        self.0.push(FieldError::new(field, rule));
    }

    fn text(&mut self, field: &str, text: &str, longest: usize) {
        if text.chars().count() > longest {
            self.add(field, format!("must be at most {longest} characters long"));
        }
        if text.contains('\0') {
            self.add(field, "must not contain the character U+0000");
        }
    }

    fn line(&mut self, field: &str, text: &str, longest: usize) {
        self.text(field, text, longest);
        if text.chars().next().is_none_or(char::is_whitespace) || text.chars().any(|c| c < ' ' || c == '\x7f')
        {
            self.add(field, "must begin with something to read and hold no control characters");
        }
    }

    fn template(&mut self, field: &str, text: &str, longest: usize) {
        self.text(field, text, longest);
        if !is_template(text) {
            self.add(field, "must be valid template text: each {{ needs its }} with a name between");
        }
    }

    fn range<N: PartialOrd + std::fmt::Display>(&mut self, field: &str, number: N, least: N, most: N) {
        if !(number >= least && number <= most) {
            self.add(field, format!("must be {least} to {most}"));
        }
    }

    fn object(&mut self, field: &str, object: &Map<String, Value>) {
        if object.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)) {
            self.add(field, "must not contain the character U+0000");
        }
        if serde_json::to_string(object).map_or(0, |text| text.len()) > LONGEST_PROMPT {
            self.add(field, format!("must be at most {LONGEST_PROMPT} bytes long as JSON"));
        }
    }
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(holds_nul),
        Value::Object(values) => values.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether every expression in double braces is closed and has something in it, and every
/// block is ended in order.
fn is_template(text: &str) -> bool {
    let (mut rest, mut open) = (text, Vec::new());
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((inside, after)) = after.split_once("}}") else { return false };
        rest = after.strip_prefix('}').unwrap_or(after);
        let inside = inside.trim_start_matches(['{', '~']).trim_end_matches(['~']).trim();
        let word = |text: &str| text.split_whitespace().next().unwrap_or_default().to_owned();
        match inside.chars().next() {
            None => return false,
            Some('#') => open.push(word(&inside[1..])),
            Some('/') if open.pop().as_deref() != Some(inside[1..].trim()) => return false,
            _ if inside.contains('{') => return false,
            _ => {}
        }
    }
    open.is_empty()
}

/// Checks each setting by itself.
///
/// # Errors
/// [`Error::Invalid`] with all that is wrong.
pub(super) fn check(settings: &Settings) -> Result<(), Error> {
    let (s, mut wrong) = (settings, Wrong::default());
    wrong.line("title", &s.title, LONGEST_TITLE);
    if let Some(title) = &s.version_title {
        wrong.line("version_title", title, LONGEST_VERSION_TITLE);
    }
    wrong.template("prompt_text", &s.prompt_text, LONGEST_PROMPT);
    if s.prompt_text.is_empty() {
        wrong.add("prompt_text", "must not be empty");
    }
    wrong.template("voicemail_message", &s.voicemail_message, LONGEST_MESSAGE);
    if let Some(message) = &s.welcome_message {
        wrong.template("welcome_message", message, LONGEST_MESSAGE);
    }
    for (field, text, longest) in [
        ("description", &s.description, LONGEST_MESSAGE),
        ("system_prompt_text", &s.system_prompt_text, LONGEST_PROMPT),
        ("agent_identity", &s.agent_identity, LONGEST_PROMPT),
        ("agent_background", &s.agent_background, LONGEST_PROMPT),
        ("node_positions", &s.node_positions, LONGEST_PROMPT),
        ("background_sound", &s.background_sound, LONGEST_MESSAGE),
        ("backchannel_keywords", &s.backchannel_keywords, LONGEST_MESSAGE),
    ] {
        wrong.text(field, text.as_deref().unwrap_or_default(), longest);
    }
    keywords(&mut wrong, s.boosted_keywords.as_deref().unwrap_or_default());
    if s.timezone.as_deref().is_some_and(|zone| time_tz::timezones::get_by_name(zone).is_none()) {
        wrong.add("timezone", "must be a time zone of the IANA database, such as Asia/Kolkata");
    }
    if !matches!(s.termination_key.as_bytes(), [b'0'..=b'9' | b'*' | b'#']) {
        wrong.add("termination_key", "must be one of the keys 0 to 9, * and #");
    }
    numbers(&mut wrong, s);
    if let Some(object) = &s.json_output_instructions {
        wrong.object("json_output_instructions", object);
    }
    wrong.object("default_dynamic_variables", &s.default_dynamic_variables);
    transfers(&mut wrong, &s.default_dynamic_variables);
    parts(&mut wrong, s);
    if wrong.0.is_empty() { Ok(()) } else { Err(Error::Invalid(wrong.0)) }
}

fn numbers(wrong: &mut Wrong, s: &Settings) {
    for (field, number, least, most) in [
        ("keypad_timeout_sec", s.keypad_timeout_sec, 0, 15),
        ("digit_limit", s.digit_limit, 1, 50),
        ("end_call_on_silence_sec", s.end_call_on_silence_sec, 15, 30),
        ("max_call_duration_sec", s.max_call_duration_sec, 60, 5_400),
        ("pause_before_speaking_sec", s.pause_before_speaking_sec, 0, 60),
        ("ring_duration_sec", s.ring_duration_sec, 1, 120),
        ("reminder_message_interval", s.reminder_message_interval, 1, 60),
        ("reminder_message_frequency", s.reminder_message_frequency, 0, 10),
        ("kb_max_chunks", s.kb_max_chunks.unwrap_or(1), 1, 10),
        ("stt_fallback_wait_ms", s.stt_fallback_wait_ms.unwrap_or(0), 0, 60_000),
        ("llm_fallback_delay_ms", s.llm_fallback_delay_ms.unwrap_or(0), 0, 60_000),
    ] {
        wrong.range(field, number, least, most);
    }
    for (field, number, least, most) in [
        ("background_sound_volume", s.background_sound_volume, 0.0, 2.0),
        ("responsiveness", s.responsiveness, 0.0, 1.0),
        ("interruption_sensitivity", s.interruption_sensitivity, 0.0, 1.0),
        ("response_eagerness", s.response_eagerness, 0.0, 1.0),
        ("backchannel_frequency", s.backchannel_frequency, 0.0, 1.0),
        ("kb_min_score", s.kb_min_score.unwrap_or(0.0), 0.0, 1.0),
        ("voice_speed", s.voice_speed.unwrap_or(1.0), 0.25, 4.0),
        ("voice_temperature", s.voice_temperature.unwrap_or(1.0), 0.0, 2.0),
        ("voice_volume", s.voice_volume.unwrap_or(1.0), 0.0, 10.0),
        ("voice_pitch", s.voice_pitch.unwrap_or(0.0), -1.0, 1.0),
        ("llm_temperature", s.llm_temperature, 0.0, 2.0),
    ] {
        wrong.range(field, number, least, most);
    }
}

fn keywords(wrong: &mut Wrong, text: &str) {
    let terms: Vec<_> = text.split(',').map(str::trim).collect();
    // Letters of many scripts carry marks that are neither letters nor numbers.
    let is_plain = |c: char| c == ' ' || c == ',' || !(c.is_ascii_punctuation() || c.is_control());
    if terms.len() > MOST_KEYWORDS
        || terms.iter().any(|term| term.chars().count() > LONGEST_KEYWORD)
        || !text.chars().all(is_plain)
        || text.chars().count() > LONGEST_MESSAGE
    {
        wrong.add(
            "boosted_keywords",
            "must be at most 100 terms of 50 characters with commas between them, 2000 in all, of letters, \
             numbers and spaces",
        );
    }
}

/// Where calls are handed over to: at most seven numbers of the United States or India.
fn transfers(wrong: &mut Wrong, variables: &Map<String, Value>) {
    let Some(value) = variables.get("agent_transfer_destinations") else { return };
    let is_number = |text: &str| {
        let national = text.strip_prefix("+91").or_else(|| text.strip_prefix("+1"));
        national.is_some_and(|digits| digits.len() == 10 && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    let numbers: Vec<_> = value.as_str().unwrap_or_default().split('|').collect();
    if numbers.len() > 7 || !numbers.iter().all(|number| is_number(number)) {
        wrong.add(
            "default_dynamic_variables.agent_transfer_destinations",
            "must be at most 7 phone numbers with | between them, each +1 or +91 and 10 digits",
        );
    }
}

fn parts(wrong: &mut Wrong, s: &Settings) {
    for (field, many, most) in [
        ("agent_functions", s.agent_functions.len(), MOST_PARTS),
        // Joined of what came under its two names.
        ("post_call_analysis", s.post_call_analysis.len(), 2 * MOST_PARTS),
        ("fallback_voices", s.fallback_voices.len(), MOST_PARTS),
    ] {
        if many > most {
            wrong.add(field, format!("must hold at most {most}"));
        }
    }
    for function in &s.agent_functions {
        wrong.line("agent_functions.displayName", &function.display_name, 100);
        wrong.text("agent_functions.description", &function.description, LONGEST_MESSAGE);
        wrong.object("agent_functions.config", &function.config);
    }
    for field in &s.post_call_analysis {
        wrong.line("post_call_analysis.field_name", &field.field_name, 100);
        wrong.text("post_call_analysis.field_description", &field.field_description, LONGEST_MESSAGE);
    }
}

/// What the catalogue has under the ids of settings.
struct Chosen {
    language: Option<&'static Language>,
    voice: Option<&'static Voice>,
    llm: Option<&'static Llm>,
    transcriber: Option<&'static Transcriber>,
}

fn chosen(s: &Settings) -> Result<Chosen, Error> {
    let mut wrong = Wrong::default();
    fn look<T>(
        wrong: &mut Wrong,
        field: &str,
        id: &Option<String>,
        find: fn(&str) -> Option<&'static T>,
    ) -> Option<&'static T> {
        let found = id.as_deref().and_then(find);
        if id.is_some() && found.is_none() {
            wrong.add(field, "must be an id of the catalogue");
        }
        found
    }
    let chosen = Chosen {
        language: look(&mut wrong, "language_id", &s.language_id, languages::find),
        voice: look(&mut wrong, "voice_id", &s.voice_id, voices::find),
        llm: look(&mut wrong, "llm_id", &s.llm_id, llms::find),
        transcriber: look(&mut wrong, "transcriber_id", &s.transcriber_id, transcribers::find),
    };
    look(&mut wrong, "llm_fallback_model", &s.llm_fallback_model, llms::find);
    look(&mut wrong, "post_call_analysis_llm_id", &s.post_call_analysis_llm_id, llms::find);
    let fallback = &s.stt_fallback_transcriber_id;
    look(&mut wrong, "stt_fallback_transcriber_id", fallback, transcribers::find);
    for voice in &s.fallback_voices {
        look(&mut wrong, "fallback_voices.voice_id", &Some(voice.voice_id.clone()), voices::find);
    }
    let models = voices::VOICE_MODELS;
    if s.voice_model_id.as_deref().is_some_and(|id| !models.iter().any(|model| model.id == id)) {
        wrong.add("voice_model_id", "must be an id of the catalogue");
    }
    if wrong.0.is_empty() { Ok(chosen) } else { Err(Error::Invalid(wrong.0)) }
}

/// Fills in what was left to the platform, and checks that all goes together.
///
/// # Errors
/// [`Error::Invalid`] for an id that is not in the catalogue, [`Error::Conflict`] with code
/// `settings_do_not_fit` when settings that are right by themselves contradict each other.
pub(super) fn resolve(kind: AgentType, mut settings: Settings) -> Result<Settings, Error> {
    let s = &mut settings;
    let speech = kind == AgentType::SinglePrompt && s.pipeline_type == Pipeline::SpeechToSpeech;
    let voice = s.voice_id.as_deref().and_then(voices::find);
    if s.llm_id.is_none() {
        let llm = voice.filter(|_| speech).and_then(|voice| voice.llms().next()).map(|llm| llm.id);
        s.llm_id = if speech { llm.map(str::to_owned) } else { Some(llms::DEFAULT.to_owned()) };
    }
    if speech {
        s.transcriber_id = None;
    } else if s.transcriber_id.is_none() {
        let code = s.language_id.as_deref().and_then(languages::find).map(|language| language.code);
        s.transcriber_id = code.and_then(transcribers::default_for).map(|found| found.id.to_owned());
    }
    if s.voice_model_id.is_none() {
        s.voice_model_id = voice.and_then(|voice| voice.models().next()).map(|model| model.id.to_owned());
    }
    let chosen = chosen(s)?;
    let unfit = unfit(s, speech, &chosen);
    if unfit.is_empty() {
        Ok(settings)
    } else {
        Err(Error::Conflict { code: "settings_do_not_fit", message: unfit.join(" ") })
    }
}

fn unfit(s: &Settings, speech: bool, chosen: &Chosen) -> Vec<String> {
    let Chosen { language, voice, llm, transcriber } = chosen;
    let mut unfit = Vec::new();
    let mut say = |is_so: bool, why: String| {
        if is_so {
            unfit.push(why);
        }
    };
    if let (Some(language), Some(voice)) = (language, voice) {
        let why = format!("voice_id: {} does not speak {}.", voice.name, language.name);
        say(!voice.speaks(language.code), why);
    }
    if let (Some(language), Some(transcriber)) = (language, transcriber) {
        let why = format!("transcriber_id: {} does not hear {}.", transcriber.name, language.name);
        say(!transcriber.hears(language.code), why);
    }
    if let Some(voice) = voice {
        let is_speech = voice.kind() == VoiceKind::SpeechToSpeech;
        let pipeline = if speech { Pipeline::SpeechToSpeech } else { Pipeline::Cascaded };
        say(
            is_speech != speech,
            format!("voice_id: {} is no voice for the pipeline {pipeline}.", voice.name),
        );
        if let Some(model) = voices::VOICE_MODELS.iter().find(|m| Some(m.id) == s.voice_model_id.as_deref()) {
            let why = format!("voice_model_id: {} does not speak with {}.", model.name, voice.name);
            say(model.provider != voice.provider, why);
        }
    }
    if let Some(llm) = llm {
        let is_speech = llm.kind == LlmKind::SpeechToSpeech;
        say(is_speech != speech, format!("llm_id: {} works in the other pipeline.", llm.name));
        if let (true, true, Some(voice)) = (is_speech, speech, voice) {
            let why = format!("llm_id: {} does not speak as {}.", llm.name, voice.name);
            say(voice.kind() == VoiceKind::SpeechToSpeech && !voice.goes_with(llm), why);
        }
    }
    say(
        speech && s.max_call_duration_sec > LONGEST_SPEECH_CALL,
        format!("max_call_duration_sec: at most {LONGEST_SPEECH_CALL} from speech to speech."),
    );
    say(
        s.reminder_message_frequency > 0
            && s.end_call_on_silence_sec <= s.reminder_message_interval + SILENCE_AFTER_REMINDER,
        "end_call_on_silence_sec: must be more than 5 seconds above reminder_message_interval.".to_owned(),
    );
    let second = s.stt_fallback_transcriber_id.as_deref();
    say(
        s.fallback_stt_enabled && second.is_none(),
        "stt_fallback_transcriber_id: is needed where fallback_stt_enabled is true.".to_owned(),
    );
    say(
        second.is_some() && second == s.transcriber_id.as_deref(),
        "stt_fallback_transcriber_id: must be another than transcriber_id.".to_owned(),
    );
    if let Some(second) = second.and_then(transcribers::find) {
        say(
            !second.supports_fallback,
            format!("stt_fallback_transcriber_id: {} cannot be one.", second.name),
        );
        if let Some(language) = language {
            let why =
                format!("stt_fallback_transcriber_id: {} does not hear {}.", second.name, language.name);
            say(!second.hears(language.code), why);
        }
    }
    if let Some(second) = s.llm_fallback_model.as_deref().and_then(llms::find) {
        say(!second.supports_fallback, format!("llm_fallback_model: {} cannot be one.", second.name));
    }
    if let Some(analyst) = s.post_call_analysis_llm_id.as_deref().and_then(llms::find) {
        let why = format!("post_call_analysis_llm_id: {} does not read text.", analyst.name);
        say(analyst.kind != LlmKind::Text, why);
    }
    unfit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_closed_and_say_something() {
        for right in ["", "Hello", "Hello {{name}}", "{\"a\": {}}", "{{#if x}}a{{/if}}", "{{{raw}}}", "}}"] {
            assert!(is_template(right), "{right}");
        }
        for wrong in ["{{", "{{}}", "{{ }}", "{{name}", "{{#if x}}a", "{{/if}}", "{{#if x}}{{/each}}"] {
            assert!(!is_template(wrong), "{wrong}");
        }
    }

    #[test]
    fn defaults_of_the_published_description_fit_together() {
        let settings = Settings {
            title: "Support".into(),
            prompt_text: "Help.".into(),
            language_id: Some("lang_hi_in".into()),
            voice_id: Some("voice_anushka".into()),
            ..Settings::default()
        };
        check(&settings).unwrap();
        let settings = resolve(AgentType::SinglePrompt, settings).unwrap();
        assert_eq!(settings.llm_id.as_deref(), Some(llms::DEFAULT));
        assert_eq!(settings.transcriber_id.as_deref(), Some("trs_deepgram_nova_3"));
        assert_eq!(settings.voice_model_id.as_deref(), Some("vmd_bulbul_v2"));
        let japanese = Settings { language_id: Some("lang_ja_jp".into()), ..settings };
        let Err(Error::Conflict { message, .. }) = resolve(AgentType::SinglePrompt, japanese) else {
            panic!("a voice that does not speak the language was taken")
        };
        assert!(message.contains("Anushka does not speak Japanese"), "{message}");
    }

    #[test]
    fn keywords_are_plain_in_every_script() {
        let check = |text: &str| {
            let mut wrong = Wrong::default();
            keywords(&mut wrong, text);
            wrong.0.is_empty()
        };
        assert!(check("") && check("DialNexa, Nexa Prime, customer success") && check("हिन्दी, கோவை"));
        assert!(!check("a;b") && !check("a\nb") && !check(&"x".repeat(51)) && !check(&"a,".repeat(100)));
    }
}
