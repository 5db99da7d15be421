//! Languages an agent can speak.

/// A language as it is spoken in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Language {
    /// Its id.
    pub id: &'static str,
    /// As people read it.
    pub name: &'static str,
    /// BCP 47.
    pub code: &'static str,
}

const fn language(id: &'static str, name: &'static str, code: &'static str) -> Language {
    Language { id, name, code }
}

/// All of them, those of India first.
pub const LANGUAGES: &[Language] = &[
    language("lang_hi_in", "Hindi (India)", "hi-IN"),
    language("lang_en_in", "English (India)", "en-IN"),
    language("lang_bn_in", "Bengali (India)", "bn-IN"),
    language("lang_te_in", "Telugu (India)", "te-IN"),
    language("lang_mr_in", "Marathi (India)", "mr-IN"),
    language("lang_ta_in", "Tamil (India)", "ta-IN"),
    language("lang_ur_in", "Urdu (India)", "ur-IN"),
    language("lang_gu_in", "Gujarati (India)", "gu-IN"),
    language("lang_kn_in", "Kannada (India)", "kn-IN"),
    language("lang_or_in", "Odia (India)", "or-IN"),
    language("lang_ml_in", "Malayalam (India)", "ml-IN"),
    language("lang_pa_in", "Punjabi (India)", "pa-IN"),
    language("lang_as_in", "Assamese (India)", "as-IN"),
    language("lang_en_us", "English (United States)", "en-US"),
    language("lang_en_gb", "English (United Kingdom)", "en-GB"),
    language("lang_en_au", "English (Australia)", "en-AU"),
    language("lang_es_es", "Spanish (Spain)", "es-ES"),
    language("lang_es_us", "Spanish (United States)", "es-US"),
    language("lang_fr_fr", "French (France)", "fr-FR"),
    language("lang_de_de", "German (Germany)", "de-DE"),
    language("lang_it_it", "Italian (Italy)", "it-IT"),
    language("lang_nl_nl", "Dutch (Netherlands)", "nl-NL"),
    language("lang_sv_se", "Swedish (Sweden)", "sv-SE"),
    language("lang_pt_br", "Portuguese (Brazil)", "pt-BR"),
    language("lang_ar_ae", "Arabic (United Arab Emirates)", "ar-AE"),
    language("lang_id_id", "Indonesian (Indonesia)", "id-ID"),
    language("lang_ja_jp", "Japanese (Japan)", "ja-JP"),
];

/// The language of this id.
pub fn find(id: &str) -> Option<&'static Language> {
    LANGUAGES.iter().find(|language| language.id == id)
}

/// The language of this BCP 47 code.
pub(super) fn of_code(code: &str) -> Option<&'static Language> {
    LANGUAGES.iter().find(|language| language.code == code)
}

/// What the language of a tag such as `hi` or `en-IN` is called, without the place.
pub fn spoken(tag: &str) -> Option<&'static str> {
    let base = |code: &'static str| code.split('-').next().unwrap_or(code);
    let found = LANGUAGES.iter().find(|language| {
        language.code.eq_ignore_ascii_case(tag) || base(language.code).eq_ignore_ascii_case(tag)
    })?;
    found.name.split(" (").next()
}

/// The first language whose name begins with this word, such as `Hindi`.
pub fn called(word: &str) -> Option<&'static Language> {
    LANGUAGES.iter().find(|language| language.name.split(' ').next() == Some(word))
}
