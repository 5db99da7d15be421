//! What is played, and against which server.

use std::{fmt, str::FromStr};

use clap::Args;
use url::Url;

use crate::values::Secret;

use super::fate::Fate;

/// The options of `dialnexa simulate`.
#[derive(Args, Debug, Clone, PartialEq, Eq)]
#[command(next_help_heading = "Simulation")]
pub struct SimulateOptions {
    /// The server to play against
    #[arg(
        long,
        env = "DIALNEXA_SIMULATE_SERVER",
        default_value = "http://127.0.0.1:8080",
        value_name = "URL",
        value_parser = server
    )]
    pub server: Url,
    /// The key of the telephony engine that is played (dnx_engine_…), as `dialnexa admin add-engine` and
    /// `dialnexa demo` print it
    #[arg(long, env = "DIALNEXA_SIMULATE_ENGINE_KEY", hide_env_values = true, value_name = "KEY")]
    #[arg(value_parser = secret)]
    pub engine_key: Secret,
    /// A live API key of the organization (or of one sub-account) whose customers and programs are played
    #[arg(long, env = "DIALNEXA_SIMULATE_API_KEY", hide_env_values = true, value_name = "KEY")]
    #[arg(value_parser = secret)]
    pub api_key: Secret,
    /// New calls per minute, on average; they come by chance, as real ones do
    #[arg(long, default_value_t = 60, value_name = "NUMBER")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=60_000))]
    pub rate: u32,
    /// Of a hundred new calls, how many come in
    #[arg(long, default_value_t = 60, value_name = "PERCENT")]
    #[arg(value_parser = clap::value_parser!(u8).range(0..=100))]
    pub inbound: u8,
    /// What becomes of the calls that go out, with their weights: answered, voicemail, did_not_pick, busy,
    /// no_answer, failed, cancelled. Of those that come in nearly all are answered
    #[arg(long, default_value_t = Mix::default(), value_name = "LIST")]
    pub mix: Mix,
    /// How long half of the conversations last at most, in seconds; few last many times as long
    #[arg(long, default_value_t = 40, value_name = "SECONDS")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub seconds: u32,
    /// For how long new calls are made, in seconds; those in progress then go on to their ends [default:
    /// until it is stopped]
    #[arg(long, value_name = "SECONDS")]
    pub duration: Option<u64>,
    /// How many calls are played at the same time at most
    #[arg(long, default_value_t = 1_000, value_name = "NUMBER")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub concurrency: u32,
}

fn server(text: &str) -> Result<Url, String> {
    let web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host() && url.path() == "/";
    Url::parse(text).ok().filter(web).ok_or_else(|| "not an address such as http://127.0.0.1:8080".to_owned())
}

fn secret(text: &str) -> Result<Secret, String> {
    // As it must stand in a header.
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("a key is one word of letters and digits".to_owned());
    }
    Ok(Secret::presented(text))
}

/// What becomes of calls, with weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mix(pub Vec<(Fate, u32)>);

impl Default for Mix {
    fn default() -> Self {
        Self(vec![
            (Fate::Answered, 64),
            (Fate::Voicemail, 3),
            (Fate::DidNotPick, 15),
            (Fate::Busy, 8),
            (Fate::NoAnswer, 5),
            (Fate::Failed, 4),
            (Fate::Cancelled, 1),
        ])
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (fate, weight)) in self.0.iter().enumerate() {
            write!(f, "{}{fate}={weight}", if at == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl FromStr for Mix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut mix = Vec::new();
        for piece in text.split(',') {
            let (name, weight) = piece.split_once('=').unwrap_or((piece, "1"));
            let fate =
                name.trim().parse().map_err(|_| format!("{name:?} is nothing that becomes of calls"))?;
            let weight: u16 =
                weight.trim().parse().map_err(|_| format!("{weight:?} is not a weight from 0 to 65535"))?;
            mix.push((fate, u32::from(weight)));
        }
        if mix.iter().all(|(_, weight)| *weight == 0) {
            return Err("something must have a weight".to_owned());
        }
        Ok(Self(mix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_is_read_as_it_is_written_and_what_is_none_is_refused() {
        let mix = Mix::default();
        assert_eq!(mix.to_string().parse(), Ok(mix));
        assert_eq!("busy".parse(), Ok(Mix(vec![(Fate::Busy, 1)])));
        for wrong in ["", "answered=0", "answered=-1", "answered=many", "lost=1", "answered=1,,busy=2"] {
            assert!(wrong.parse::<Mix>().is_err(), "{wrong:?}");
        }
    }
}
