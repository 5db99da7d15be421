//! Short sounds that stand for recordings: two voices that take turns as in the
//! transcript.

use std::io::Cursor;

use hound::{SampleFormat, WavSpec, WavWriter};

use crate::{
    error::Error,
    values::{Speaker, Turn},
};

/// As a telephone hears.
const RATE: u32 = 8_000;

/// The longest recording, in seconds.
const LONGEST: f32 = 7.0;

/// A voice: its pitch and the two resonances by which one tells people apart, in hertz.
struct Voice {
    pitch: f32,
    low: f32,
    high: f32,
}

const AGENT: Voice = Voice { pitch: 196.0, low: 650.0, high: 2_100.0 };
const CALLER: Voice = Voice { pitch: 112.0, low: 480.0, high: 1_450.0 };

/// How loud each harmonic of a voice is: strong near its resonances.
fn timbre(voice: &Voice) -> Vec<(f32, f32)> {
    let near = |frequency: f32, resonance: f32| (-((frequency - resonance) / 320.0).powi(2)).exp();
    (1_u8..=14)
        .map(|harmonic| voice.pitch * f32::from(harmonic))
        .filter(|frequency| *frequency < 3_600.0)
        .map(|frequency| (frequency, 0.15 + near(frequency, voice.low) + 0.6 * near(frequency, voice.high)))
        .collect()
}

/// One period of the voice, to be read at any speed.
fn period(voice: &Voice) -> Vec<f32> {
    const POINTS: usize = 512;
    let timbre = timbre(voice);
    let loudest: f32 = timbre.iter().map(|(_, amplitude)| amplitude).sum();
    (0..POINTS)
        .map(|point| {
            let turn = point as f32 / POINTS as f32 * std::f32::consts::TAU;
            let sum: f32 = timbre
                .iter()
                .map(|(frequency, amplitude)| amplitude * (turn * frequency / voice.pitch).sin())
                .sum();
            sum / loudest
        })
        .collect()
}

/// The voices, made once.
pub struct Voices {
    agent: Vec<f32>,
    caller: Vec<f32>,
}

impl Default for Voices {
    fn default() -> Self {
        Self::new()
    }
}

impl Voices {
    /// Makes the voices.
    pub fn new() -> Self {
        Self { agent: period(&AGENT), caller: period(&CALLER) }
    }

    /// The sound of a call, as a WAV file.
    ///
    /// # Errors
    /// When the file cannot be written into memory.
    pub fn speak(&self, turns: &[Turn]) -> Result<Vec<u8>, Error> {
        let spec =
            WavSpec { channels: 1, sample_rate: RATE, bits_per_sample: 8, sample_format: SampleFormat::Int };
        let mut bytes = Cursor::new(Vec::with_capacity(64 * 1024));
        let mut writer = WavWriter::new(&mut bytes, spec).map_err(Error::internal)?;
        let mut left = LONGEST;
        for turn in turns {
            let syllables = turn.text.split_whitespace().count().clamp(2, 7);
            let seconds = syllables as f32 * 0.17;
            if seconds + 0.15 > left && left < LONGEST - 3.0 {
                break;
            }
            self.say(turn, syllables, &mut writer).map_err(Error::internal)?;
            left -= seconds + 0.15;
        }
        writer.finalize().map_err(Error::internal)?;
        Ok(bytes.into_inner())
    }

    fn say(
        &self,
        turn: &Turn,
        syllables: usize,
        writer: &mut WavWriter<&mut Cursor<Vec<u8>>>,
    ) -> Result<(), hound::Error> {
        let (wave, voice) = match turn.speaker {
            Speaker::Agent => (&self.agent, &AGENT),
            Speaker::Caller => (&self.caller, &CALLER),
        };
        let letters = turn.text.as_bytes();
        let samples = (RATE as f32 * 0.17) as usize;
        let mut phase = 0.0_f32;
        for syllable in 0..syllables {
            // The words themselves make the melody, so that no two calls sound alike.
            let letter = letters.get(syllable * 5 % letters.len().max(1)).copied().unwrap_or(b'a');
            let bend = 0.9 + f32::from(letter % 16) / 80.0;
            for sample in 0..samples {
                let along = sample as f32 / samples as f32;
                let loudness = (along * std::f32::consts::PI).sin().powf(0.7) * 0.75;
                phase = (phase + voice.pitch * bend * (1.04 - 0.08 * along) / RATE as f32).fract();
                let point = wave.get((phase * wave.len() as f32) as usize).copied().unwrap_or(0.0);
                writer.write_sample((point * loudness * 120.0) as i8)?;
            }
        }
        for _ in 0..RATE * 15 / 100 {
            writer.write_sample(0_i8)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(speaker: Speaker, text: &str) -> Turn {
        Turn { speaker, at: 0, text: text.into(), language: "en".into() }
    }

    #[test]
    fn a_recording_plays_three_to_eight_seconds_and_is_not_silent() {
        let said = "we deliver it on Friday before noon, is that alright with you";
        for turns in [2, 6, 20] {
            let turns: Vec<_> = (0..turns)
                .map(|at| turn(if at % 2 == 0 { Speaker::Agent } else { Speaker::Caller }, said))
                .collect();
            let bytes = Voices::new().speak(&turns).unwrap();
            let mut reader = hound::WavReader::new(bytes.as_slice()).unwrap();
            assert_eq!((reader.spec().sample_rate, reader.spec().channels), (RATE, 1));
            assert!((2 * RATE..=8 * RATE).contains(&reader.duration()), "{} samples", reader.duration());
            let loudest = reader.samples::<i8>().map(|sample| sample.unwrap().unsigned_abs()).max();
            assert!(loudest > Some(20), "{loudest:?}");
        }
    }

    #[test]
    fn the_two_voices_differ() {
        let voices = Voices::new();
        let (one, other) = (
            voices.speak(&[turn(Speaker::Agent, "hello there")]).unwrap(),
            voices.speak(&[turn(Speaker::Caller, "hello there")]).unwrap(),
        );
        assert_ne!(one, other);
    }
}
