//! The typefaces of paper: Inter, behind it its rupee sign, behind that Noto Sans Devanagari.

use std::sync::LazyLock;

use harfrust::{
    Direction, Feature, FontRef, GlyphBuffer, Script, ShapeOptions, ShapePlan, ShaperData, Tag,
    UnicodeBuffer, script,
};
use krilla::text::Font;
use skrifa::{MetadataProvider, charmap::Charmap};
use unicode_normalization::UnicodeNormalization;

use crate::error::Error;

/// How strong letters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Text.
    Regular,
    /// Headings and what matters most.
    Semibold,
}

/// One file of letters.
pub struct Face {
    /// For the document.
    pub font: Font,
    parsed: FontRef<'static>,
    charmap: Charmap<'static>,
    script: Script,
    // What shaping with it needs again and again: with figures as they are, and of one width.
    shaping: ShaperData,
    plans: [ShapePlan; 2],
}

/// How figures are drawn: as they are, or of one width.
static FIGURES: [[Feature; 1]; 2] = [figures(0), figures(1)];

const fn figures(value: u32) -> [Feature; 1] {
    [Feature { tag: Tag::new(b"tnum"), value, start: 0, end: u32::MAX }]
}

impl Face {
    fn load(bytes: &'static [u8], script: Script) -> Option<Self> {
        let parsed = FontRef::new(bytes).ok()?;
        let shaping = ShaperData::new(&parsed);
        let plans = {
            let shaper = shaping.shaper(&parsed).build();
            FIGURES
                .map(|figures| ShapePlan::new(&shaper, Direction::LeftToRight, Some(script), None, &figures))
        };
        let (font, charmap) = (Font::new(bytes.into(), 0)?, parsed.charmap());
        Some(Self { font, charmap, script, plans, shaping, parsed })
    }

    /// Shapes text that it [covers](Self::covers).
    pub fn shape(&self, text: &str, has_tabular_figures: bool) -> GlyphBuffer {
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.set_direction(Direction::LeftToRight);
        buffer.set_script(self.script);
        let at = usize::from(has_tabular_figures);
        let options = ShapeOptions::new().plan(Some(&self.plans[at])).features(&FIGURES[at]);
        self.shaping.shaper(&self.parsed).build().shape(buffer, options)
    }

    /// Whether it has letters for all of `cluster`, whole or taken apart into letter and marks.
    pub fn covers(&self, cluster: &str) -> bool {
        let has = |c: char| is_unseen(c) || self.charmap.map(c).is_some();
        cluster.chars().all(has) || cluster.nfd().all(has)
    }
}

/// Joiners and selectors, which shape their neighbours and have no letter of their own.
pub fn is_unseen(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}')
}

/// The faces of each weight, the first choice first.
pub struct Faces {
    regular: Vec<Face>,
    semibold: Vec<Face>,
}

static FACES: LazyLock<Option<Faces>> = LazyLock::new(|| {
    let scripts = [script::LATIN, script::LATIN, script::DEVANAGARI];
    let load = |files: [&'static [u8]; 3]| {
        files
            .into_iter()
            .zip(scripts)
            .map(|(file, script)| Face::load(file, script))
            .collect::<Option<Vec<_>>>()
    };
    Some(Faces {
        regular: load([
            include_bytes!("../../fonts/inter-regular.ttf"),
            include_bytes!("../../fonts/inter-rupee-regular.ttf"),
            include_bytes!("../../fonts/noto-sans-devanagari-regular.ttf"),
        ])?,
        semibold: load([
            include_bytes!("../../fonts/inter-semibold.ttf"),
            include_bytes!("../../fonts/inter-rupee-semibold.ttf"),
            include_bytes!("../../fonts/noto-sans-devanagari-semibold.ttf"),
        ])?,
    })
});

impl Faces {
    /// All of them, read once.
    ///
    /// # Errors
    /// [`Error::Internal`] when one of them is no font.
    pub fn get() -> Result<&'static Self, Error> {
        FACES.as_ref().ok_or_else(|| Error::internal("a typeface cannot be read"))
    }

    /// Those of a weight, the first choice first.
    pub fn of(&self, weight: Weight) -> &[Face] {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Semibold => &self.semibold,
        }
    }
}
