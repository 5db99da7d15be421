//! The typefaces of paper: Inter, behind it its rupee sign, behind that Noto Sans Devanagari.

use std::sync::LazyLock;

use harfrust::{FontRef, ShaperData};
use krilla::text::Font;
use skrifa::MetadataProvider;
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
    /// For shaping.
    pub parsed: FontRef<'static>,
    /// What shaping with it needs again and again.
    pub shaping: ShaperData,
}

impl Face {
    fn load(bytes: &'static [u8]) -> Option<Self> {
        let parsed = FontRef::new(bytes).ok()?;
        Some(Self { font: Font::new(bytes.into(), 0)?, shaping: ShaperData::new(&parsed), parsed })
    }

    /// Whether it has letters for all of `cluster`, whole or taken apart into letter and marks.
    pub fn covers(&self, cluster: &str) -> bool {
        let charmap = self.parsed.charmap();
        let has = |c: char| is_unseen(c) || charmap.map(c).is_some();
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
    let load = |files: [&'static [u8]; 3]| files.into_iter().map(Face::load).collect::<Option<Vec<_>>>();
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
