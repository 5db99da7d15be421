//! Text as glyphs: each part in the first typeface that has it, measured, broken into lines.

use krilla::text::{Font, GlyphId, KrillaGlyph};
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use super::faces::{Face, Faces, Weight, is_unseen};

/// What stands for letters that no typeface has.
const UNKNOWN: &str = "\u{25CC}";

/// How text is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Style {
    /// How strong.
    pub weight: Weight,
    /// How large, in points.
    pub size: f32,
    /// Whether figures are of one width, to stand below each other.
    pub is_tabular: bool,
}

impl Style {
    /// Text of a size.
    pub const fn regular(size: f32) -> Self {
        Self { weight: Weight::Regular, size, is_tabular: false }
    }

    /// The same, with figures of one width.
    pub const fn tabular(self) -> Self {
        Self { is_tabular: true, ..self }
    }

    /// What is to be seen first, of a size.
    pub const fn semibold(size: f32) -> Self {
        Self { weight: Weight::Semibold, size, is_tabular: false }
    }
}

/// Glyphs of one typeface, with the text that they show.
#[derive(Debug, Clone)]
pub struct Run {
    pub font: Font,
    pub text: String,
    pub glyphs: Vec<KrillaGlyph>,
    pub width: f32,
}

/// A line of text.
#[derive(Debug, Clone)]
pub struct Line {
    pub runs: Vec<Run>,
    /// How wide it looks, in points: a blank at its end is not seen.
    pub width: f32,
    pub style: Style,
}

/// Text as it can be printed: composed, and of what controls it nothing but blanks and joiners.
fn printable(text: &str) -> String {
    let is_dropped = |c: char| {
        matches!(
            c,
            '\u{AD}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
                | '\u{FEFF}' | '\u{E0000}'..='\u{E0FFF}'
        )
    };
    let blank = |c: char| if c.is_control() || c.is_whitespace() { ' ' } else { c };
    text.nfc().filter(|c| !is_dropped(*c)).map(blank).collect()
}

/// Sets text on one line.
pub fn line(faces: &Faces, text: &str, style: Style) -> Line {
    set(faces, &printable(text), style)
}

/// Sets text on lines that are at most `width` wide: broken at blanks or, where a word is too
/// long for a line, between its letters.
pub fn lines(faces: &Faces, text: &str, style: Style, width: f32) -> Vec<Line> {
    let text = printable(text);
    let whole = set(faces, text.trim(), style);
    if whole.width <= width {
        return vec![whole];
    }
    let measured = |part: &str| set(faces, part.trim_end(), style).width;
    let mut lines = Vec::new();
    let mut current = String::new();
    for word in text.trim().split_inclusive(' ') {
        if !current.is_empty() && measured(&format!("{current}{word}")) > width {
            lines.push(std::mem::take(&mut current));
        }
        if measured(word) <= width {
            current.push_str(word);
            continue;
        }
        for letter in word.graphemes(true) {
            if !current.is_empty() && measured(&format!("{current}{letter}")) > width {
                lines.push(std::mem::take(&mut current));
            }
            current.push_str(letter);
        }
    }
    lines.push(current);
    lines.iter().map(|line| set(faces, line, style)).collect()
}

fn set(faces: &Faces, text: &str, style: Style) -> Line {
    let faces = faces.of(style.weight);
    let mut runs: Vec<Run> = Vec::new();
    let mut pending: Option<(usize, String)> = None;
    for cluster in text.graphemes(true) {
        // A blank stays with what is before it.
        let before =
            pending.as_ref().map(|(at, _)| *at).filter(|at| cluster == " " && faces[*at].covers(" "));
        let at = before.or_else(|| faces.iter().position(|face| face.covers(cluster)));
        match (at, &mut pending) {
            (Some(at), Some((current, text))) if at == *current => text.push_str(cluster),
            (at, pending) => {
                runs.extend(pending.take().map(|(at, text)| shape(&faces[at], text, style)));
                match at {
                    Some(at) => *pending = Some((at, cluster.to_owned())),
                    None => runs.extend(unknown(faces, cluster, style)),
                }
            }
        }
    }
    runs.extend(pending.map(|(at, text)| shape(&faces[at], text, style)));
    let glyphs = runs.iter().rev().flat_map(|run| run.glyphs.iter().rev().map(move |glyph| (run, glyph)));
    let blanks = glyphs.take_while(|(run, glyph)| run.text.get(glyph.text_range.clone()) == Some(" "));
    let blank: f32 = blanks.map(|(_, glyph)| glyph.x_advance * style.size).sum();
    let width = (runs.iter().map(|run| run.width).sum::<f32>() - blank).max(0.0);
    Line { runs, width, style }
}

/// A sign in the place of letters that no typeface has; the text that can be copied is theirs.
fn unknown(faces: &[Face], cluster: &str, style: Style) -> Option<Run> {
    if cluster.chars().all(is_unseen) {
        return None;
    }
    let face = faces.iter().find(|face| face.covers(UNKNOWN))?;
    let mut run = shape(face, UNKNOWN.to_owned(), style);
    run.text = cluster.to_owned();
    for glyph in &mut run.glyphs {
        glyph.text_range = 0..cluster.len();
    }
    Some(run)
}

fn shape(face: &Face, text: String, style: Style) -> Run {
    let shaped = face.shape(&text, style.is_tabular);
    let em = face.font.units_per_em();
    let clusters: Vec<usize> = shaped.glyph_infos().iter().map(|info| info.cluster as usize).collect();
    let glyphs: Vec<KrillaGlyph> = shaped
        .glyph_infos()
        .iter()
        .zip(shaped.glyph_positions())
        .map(|(info, position)| {
            let begin = info.cluster as usize;
            let end = clusters.iter().copied().filter(|next| *next > begin).min().unwrap_or(text.len());
            KrillaGlyph::new(
                GlyphId::new(info.glyph_id),
                position.x_advance as f32 / em,
                position.x_offset as f32 / em,
                position.y_offset as f32 / em,
                position.y_advance as f32 / em,
                begin..end,
                None,
            )
        })
        .collect();
    let width = glyphs.iter().map(|glyph| glyph.x_advance).sum::<f32>() * style.size;
    Run { font: face.font.clone(), text, glyphs, width }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faces() -> &'static Faces {
        Faces::get().unwrap()
    }

    fn text_of(line: &Line) -> String {
        line.runs.iter().map(|run| run.text.as_str()).collect()
    }

    #[test]
    fn each_part_is_set_in_a_typeface_that_has_it() {
        let line = line(faces(), "Acme ₹5 नमस्ते भारत Ltd", Style::regular(10.0));
        let parts: Vec<_> = line.runs.iter().map(|run| run.text.as_str()).collect();
        assert_eq!(parts, ["Acme ", "₹", "5 ", "नमस्ते भारत ", "Ltd"]);
        assert!(line.runs.iter().flat_map(|run| &run.glyphs).all(|glyph| glyph.glyph_id.to_u32() != 0));
    }

    #[test]
    fn what_no_typeface_has_is_marked_and_its_text_kept() {
        for text in [
            "中文 Ltd",
            "தமிழ்",
            "Łódź",
            "👩\u{200D}👩\u{200D}👧",
            "a\u{202E}b\u{0}c",
            "\u{200D}",
            "",
            "e\u{0323}\u{0309}",
        ] {
            let line = line(faces(), text, Style::semibold(10.0));
            assert!(
                line.runs.iter().flat_map(|run| &run.glyphs).all(|glyph| glyph.glyph_id.to_u32() != 0),
                "{text}"
            );
            for run in &line.runs {
                assert!(
                    run.glyphs.iter().all(|glyph| run.text.get(glyph.text_range.clone()).is_some()),
                    "{text}"
                );
            }
        }
        assert_eq!(text_of(&line(faces(), "中文 Ltd", Style::regular(10.0))), "中文 Ltd");
        assert_eq!(text_of(&line(faces(), "a\u{202E}b\u{0}c", Style::regular(10.0))), "ab c");
    }

    #[test]
    fn figures_are_of_one_width() {
        let width = |text: &str| line(faces(), text, Style::regular(10.0).tabular()).width;
        assert_eq!(width("111111"), width("888888"));
    }

    #[test]
    fn lines_are_no_wider_than_they_may_be_and_nothing_is_lost() {
        let long = "W".repeat(300);
        for text in [
            "one two three four five six seven eight nine ten",
            "श्री लक्ष्मी नारायण टेलीकॉम प्राइवेट लिमिटेड",
            &long,
            " a  b ",
            "",
        ] {
            for width in [30.0, 80.0, 400.0] {
                let set = lines(faces(), text, Style::regular(9.0), width);
                assert!(set.iter().all(|line| line.width <= width), "{text} in {width}");
                let joined: String = set.iter().map(text_of).collect();
                assert_eq!(joined, text.trim(), "in {width}");
            }
        }
    }
}
