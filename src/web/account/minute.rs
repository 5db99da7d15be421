//! What a started minute of an agent's calls costs, with what it speaks by now and with what is chosen
//! to look at (`domain.md` 4.4).

use serde::Deserialize;
use time::{Date, OffsetDateTime};

use crate::{
    access::{
        Scope,
        permission::{View, ViewBilling},
        principal::Standing,
    },
    domain::{
        billing::{
            ledger,
            rates::{self, Breakdown, Speaking},
        },
        catalogues::{
            llms::{self, LLMS, LlmKind},
            transcribers::{self, TRANSCRIBERS},
            voices::{self, VOICES},
        },
    },
    error::Error,
    values::{AccountId, BillingMode, indian_day},
    web::{
        filters::{day_text, money_text},
        parts::{Choice, Field},
        views::account::MinuteCard,
    },
};

/// What is chosen to look at; what is empty, or unknown, is as the agent has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Chosen {
    llm: String,
    transcriber: String,
    voice: String,
}

impl Chosen {
    /// What speaks then. A model that takes speech needs neither transcriber nor voice.
    fn instead_of(&self, saved: &Speaking) -> Speaking {
        let or = |chosen: &str, is_known: bool, saved: &Option<String>| {
            if is_known { Some(chosen.to_owned()) } else { saved.clone() }
        };
        let llm = or(&self.llm, llms::find(&self.llm).is_some(), &saved.llm);
        let known = llm.as_deref().and_then(llms::find);
        let hears_text = match known {
            Some(llm) => llm.kind == LlmKind::Text,
            None => saved.transcriber.is_some(),
        };
        let part = |chosen: &str, is_known: bool, saved: &Option<String>| {
            hears_text.then(|| or(chosen, is_known, saved).unwrap_or_default())
        };
        Speaking {
            transcriber: part(
                &self.transcriber,
                transcribers::find(&self.transcriber).is_some(),
                &saved.transcriber,
            ),
            voice: part(&self.voice, voices::find(&self.voice).is_some(), &saved.voice),
            llm,
        }
    }
}

/// What is known of a minute from a moment on.
struct Known {
    cost: Breakdown,
    price: Option<i64>,
}

/// What a reader is told of it.
#[derive(Clone, Copy)]
enum Told {
    /// What it costs, and what that is made of: to whoever pays it, and to the parent.
    Cost,
    /// What the account is charged, and nothing of what is behind it: to its own people.
    Charge(BillingMode),
    /// Nothing.
    Nothing,
}

impl Told {
    fn to(scope: &Scope<View>) -> Self {
        let asker = scope.asker();
        let is_above = asker.standing == Standing::ParentAdministrator;
        if is_above || matches!(asker.account.id, AccountId::Organization(_)) {
            return if is_above || scope.holds::<ViewBilling>() { Self::Cost } else { Self::Nothing };
        }
        Self::Charge(if asker.account.pays_itself() {
            BillingMode::Isolated
        } else {
            BillingMode::Consolidated
        })
    }

    /// What a minute comes to for the reader, in minor units. Where its organization pays, the price is
    /// what an account is told, and nothing where there is none.
    fn minor(self, known: &Known) -> Option<i64> {
        match self {
            Self::Cost => Some(known.cost.total),
            Self::Charge(BillingMode::Consolidated) if known.price.is_none() => None,
            Self::Charge(payer) => Some(rates::charged(payer, known.cost.total, known.price)),
            Self::Nothing => None,
        }
    }
}

/// What is known now, and from which days on something else is, of a minute with `speaking`.
async fn known(
    scope: &Scope<View>,
    speaking: &Speaking,
) -> Result<(Known, Vec<(Date, Known)>, String), Error> {
    let now = OffsetDateTime::now_utc();
    let (outlook, currency) =
        scope.read(move |tx| Ok((rates::outlook(tx, now)?, ledger::balance(tx)?.currency))).await?;
    let at = |moment| Known { cost: outlook.card(moment).cost(speaking), price: outlook.price(moment) };
    let mut later: Vec<(Date, Known)> = Vec::new();
    for moment in outlook.changes(now).into_iter().take(MOST_CHANGES) {
        let day = indian_day(moment);
        // Of those that begin on one day, the last counts.
        later.retain(|(before, _)| *before != day);
        later.push((day, at(moment)));
    }
    Ok((at(now), later, currency))
}

/// Changes to come that are looked at.
const MOST_CHANGES: usize = 12;

/// The card of what a minute costs at `href`, as far as the reader may know it; nothing where they may
/// know nothing.
pub(super) async fn card(
    scope: &Scope<View>,
    href: &str,
    saved: &Speaking,
    chosen: &Chosen,
) -> Result<Option<MinuteCard>, Error> {
    let told = Told::to(scope);
    if matches!(told, Told::Nothing) {
        return Ok(None);
    }
    let speaking = chosen.instead_of(saved);
    let (first, later, currency) = known(scope, &speaking).await?;
    let money = |minor| money_text(minor, &currency);
    let mut before = told.minor(&first);
    let mut changes = Vec::new();
    for (day, known) in later {
        let after = told.minor(&known);
        if after != before {
            let text = after.map_or("no price of its own".to_owned(), money);
            changes.push(format!("From {}: {text}", day_text(day)));
        }
        before = after;
    }
    let Some(now) = told.minor(&first) else {
        // A price that begins later is told as soon as it is one.
        return Ok(None);
    };
    let parts = match told {
        Told::Cost => {
            let lines = first.cost.lines.iter();
            lines.map(|(part, minor)| (part.label().to_owned(), money(*minor))).collect()
        }
        Told::Charge(_) | Told::Nothing => Vec::new(),
    };
    Ok(Some(MinuteCard {
        sum: money(now),
        parts,
        changes,
        is_as_saved: speaking == *saved,
        action: href.to_owned(),
        fields: fields(saved, &speaking),
    }))
}

fn fields(saved: &Speaking, speaking: &Speaking) -> Vec<Field> {
    let choice =
        |name: &str, label: &str, all: Vec<(&str, &str)>, saved: &Option<String>, now: &Option<String>| {
            let now = now.clone().or_else(|| saved.clone()).unwrap_or_default();
            let mut options: Vec<_> = all.into_iter().map(|(id, name)| Choice::new(id, name, "")).collect();
            // One that the agent leaves open, or that is in no catalogue any more.
            if options.iter().all(|option| option.value != now) {
                options.insert(0, Choice::new(&now, "As it is", ""));
            }
            Field::new(name, label).value(&now).options(options)
        };
    let llms = LLMS.iter().map(|llm| (llm.id, llm.name)).collect();
    let transcribers = TRANSCRIBERS.iter().map(|one| (one.id, one.name)).collect();
    let model = speaking.llm.as_deref().and_then(llms::find);
    let voices = VOICES.iter().filter(|voice| model.is_none_or(|model| voice.goes_with(model)));
    let voices = voices.map(|voice| (voice.id, voice.name)).collect();
    let mut fields = vec![choice("llm", "Language model", llms, &saved.llm, &speaking.llm)];
    // Between people and a model that takes speech stands nothing.
    if speaking.transcriber.is_some() {
        fields.push(choice(
            "transcriber",
            "Transcriber",
            transcribers,
            &saved.transcriber,
            &speaking.transcriber,
        ));
        fields.push(choice("voice", "Voice", voices, &saved.voice, &speaking.voice));
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speaking(llm: &str, transcriber: Option<&str>, voice: Option<&str>) -> Speaking {
        let text = |part: Option<&str>| part.map(str::to_owned);
        Speaking { llm: Some(llm.to_owned()), transcriber: text(transcriber), voice: text(voice) }
    }

    fn chosen(llm: &str, transcriber: &str, voice: &str) -> Chosen {
        Chosen { llm: llm.into(), transcriber: transcriber.into(), voice: voice.into() }
    }

    #[test]
    fn what_is_not_chosen_is_as_the_agent_has_it() {
        let saved = speaking("llm_gpt_4o", Some("trs_soniox"), Some(""));
        assert_eq!(Chosen::default().instead_of(&saved), saved);
        assert_eq!(chosen("llm_nonsense", "trs_nonsense", "x").instead_of(&saved), saved);
        let other = chosen("llm_gpt_4_1", "trs_deepgram_nova_3", "");
        let expected = speaking("llm_gpt_4_1", Some("trs_deepgram_nova_3"), Some(""));
        assert_eq!(other.instead_of(&saved), expected);
    }

    #[test]
    fn a_model_that_takes_speech_needs_nobody_else() {
        let saved = speaking("llm_gpt_4o", Some("trs_soniox"), Some(""));
        let speech = chosen("llm_gpt_realtime", "trs_soniox", "").instead_of(&saved);
        assert_eq!(speech, speaking("llm_gpt_realtime", None, None));
        let back = chosen("llm_gpt_4o", "", "").instead_of(&speech);
        assert_eq!(back, speaking("llm_gpt_4o", Some(""), Some("")));
        assert_eq!(fields(&speech, &speech).len(), 1);
        assert_eq!(fields(&speech, &back).len(), 3);
    }
}
