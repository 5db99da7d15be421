//! Pages of A4, what stands on them, and the tree of tags in which it is read.

use krilla::{
    Document, SerializeSettings,
    color::rgb,
    configure::{Archival, ConfigurationBuilder},
    geom::{Path, PathBuilder, Point, Rect, Size, Transform},
    image::Image,
    metadata::{DateTime, Metadata},
    num::NormalizedF32,
    page::PageSettings,
    paint::{Fill, FillRule},
    surface::Surface,
    tagging::{Artifact, ArtifactType, ContentTag, Identifier, Node, SpanTag, TagGroup, TagKind, TagTree},
};
use time::OffsetDateTime;

use crate::error::Error;

use super::text::Line;

/// A4, in points.
pub const WIDTH: f32 = 595.276;
pub const HEIGHT: f32 = 841.89;

/// A colour: red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ink(pub u8, pub u8, pub u8);

/// A branch of the tree of tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Branch(usize);

struct Grown {
    tag: TagKind,
    leaves: Vec<Identifier>,
    branches: Vec<Branch>,
}

enum Shape {
    Text {
        line: Line,
        x: f32,
        baseline: f32,
    },
    /// Letters as a drawing: they are no text to be copied.
    Sign {
        line: Line,
        x: f32,
        baseline: f32,
    },
    Area(Path),
    Picture {
        picture: Image,
        x: f32,
        y: f32,
        size: Size,
    },
}

struct Piece {
    /// Where it is read; what is nowhere is decoration.
    at: Option<Branch>,
    ink: Ink,
    shape: Shape,
}

/// What a document says of itself.
#[derive(Debug, Clone)]
pub struct About {
    /// What it is.
    pub title: String,
    /// What it is about.
    pub subject: String,
    /// Whose it is.
    pub author: String,
    /// What made it, as its readers know it.
    pub product: String,
    /// What tells it from every other.
    pub id: String,
    /// When it was issued.
    pub at: OffsetDateTime,
}

/// A document as it grows.
pub struct Sheet {
    pages: Vec<Vec<Piece>>,
    trunk: Vec<Branch>,
    grown: Vec<Grown>,
}

impl Sheet {
    /// One empty page.
    pub fn new() -> Self {
        Self { pages: vec![Vec::new()], trunk: Vec::new(), grown: Vec::new() }
    }

    /// Goes on on a new page.
    pub fn turn(&mut self) {
        self.pages.push(Vec::new());
    }

    /// How many pages there are.
    pub fn pages(&self) -> usize {
        self.pages.len()
    }

    /// A branch of the tree, beneath another or beneath the document.
    pub fn branch(&mut self, beneath: Option<Branch>, tag: impl Into<TagKind>) -> Branch {
        let branch = Branch(self.grown.len());
        self.grown.push(Grown { tag: tag.into(), leaves: Vec::new(), branches: Vec::new() });
        match beneath {
            Some(Branch(at)) => self.grown[at].branches.push(branch),
            None => self.trunk.push(branch),
        }
        branch
    }

    /// Text on the page that was begun last, from `x` on.
    pub fn text(&mut self, line: Line, x: f32, baseline: f32, ink: Ink, at: Option<Branch>) {
        let last = self.pages.len() - 1;
        self.text_on(last, line, x, baseline, ink, at);
    }

    /// Text on a page, from `x` on.
    pub fn text_on(&mut self, page: usize, line: Line, x: f32, baseline: f32, ink: Ink, at: Option<Branch>) {
        if line.runs.is_empty() {
            return;
        }
        self.pages[page].push(Piece { at, ink, shape: Shape::Text { line, x, baseline } });
    }

    /// Letters that are a drawing, on the page that was begun last.
    pub fn sign(&mut self, line: Line, x: f32, baseline: f32, ink: Ink) {
        if let Some(page) = self.pages.last_mut() {
            page.push(Piece { at: None, ink, shape: Shape::Sign { line, x, baseline } });
        }
    }

    /// A rectangle with round corners.
    pub fn area(&mut self, x: f32, y: f32, width: f32, height: f32, radius: f32, ink: Ink) {
        let path = if radius > 0.0 {
            rounded(x, y, width, height, radius)
        } else {
            let mut path = PathBuilder::new();
            if let Some(rect) = Rect::from_xywh(x, y, width, height) {
                path.push_rect(rect);
            }
            path.finish()
        };
        if let (Some(path), Some(page)) = (path, self.pages.last_mut()) {
            page.push(Piece { at: None, ink, shape: Shape::Area(path) });
        }
    }

    /// A picture, whose left upper corner is at `x` and `y`.
    pub fn picture(&mut self, picture: Image, (x, y): (f32, f32), (width, height): (f32, f32), at: Branch) {
        if let (Some(size), Some(page)) = (Size::from_wh(width, height), self.pages.last_mut()) {
            let shape = Shape::Picture { picture, x, y, size };
            page.push(Piece { at: Some(at), ink: Ink(0, 0, 0), shape });
        }
    }

    /// The document, as PDF/A-2b with tags: it can be kept for as long as the law asks, and read
    /// aloud.
    ///
    /// # Errors
    /// [`Error::Internal`] when it cannot be written.
    pub fn finish(mut self, about: &About) -> Result<Vec<u8>, Error> {
        let configuration = ConfigurationBuilder::new()
            .with_archival_validator(Archival::A2_B)
            .finish()
            .map_err(|error| Error::internal(format!("{error:?}")))?;
        let mut document =
            Document::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
        document.set_metadata(metadata(about));
        for page in std::mem::take(&mut self.pages) {
            let size = PageSettings::from_wh(WIDTH, HEIGHT).ok_or_else(|| Error::internal("no page"))?;
            let mut sheet = document.start_page_with(size);
            let mut surface = sheet.surface();
            for piece in page {
                let tag = match piece.at {
                    Some(_) => ContentTag::Span(SpanTag::empty()),
                    None => ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)),
                };
                let identifier = surface.start_tagged(tag);
                draw(&mut surface, &piece);
                surface.end_tagged();
                if let Some(Branch(at)) = piece.at {
                    self.grown[at].leaves.push(identifier);
                }
            }
            surface.finish();
            sheet.finish();
        }
        let mut tree = TagTree::new().with_lang(Some(LANGUAGE.to_owned()));
        for branch in &self.trunk {
            tree.push(self.group(*branch));
        }
        document.set_tag_tree(tree);
        document.finish().map_err(|error| Error::internal(format!("a document cannot be written: {error:?}")))
    }

    fn group(&self, Branch(at): Branch) -> Node {
        let Grown { tag, leaves, branches } = &self.grown[at];
        let leaves = leaves.iter().copied().map(Node::from);
        let children = leaves.chain(branches.iter().map(|branch| self.group(*branch))).collect();
        TagGroup::with_children(tag.clone(), children).into()
    }
}

const LANGUAGE: &str = "en-IN";

fn metadata(about: &About) -> Metadata {
    let at = about.at.to_offset(time::UtcOffset::UTC);
    let moment = DateTime::new(u16::try_from(at.year()).unwrap_or_default())
        .month(at.month().into())
        .day(at.day())
        .hour(at.hour())
        .minute(at.minute())
        .second(at.second())
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    Metadata::new()
        .title(about.title.clone())
        .description(about.subject.clone())
        .authors(vec![about.author.clone()])
        .creator(about.product.clone())
        .language(LANGUAGE.to_owned())
        .document_id(about.id.clone())
        .creation_date(moment)
}

fn draw(surface: &mut Surface<'_>, piece: &Piece) {
    let Ink(red, green, blue) = piece.ink;
    surface.set_fill(Some(Fill {
        paint: rgb::Color::new(red, green, blue).into(),
        opacity: NormalizedF32::ONE,
        rule: FillRule::default(),
    }));
    let (line, mut x, baseline) = match &piece.shape {
        Shape::Area(path) => return surface.draw_path(path),
        Shape::Picture { picture, x, y, size } => {
            surface.push_transform(&Transform::from_translate(*x, *y));
            surface.draw_image(picture.clone(), *size);
            return surface.pop();
        }
        Shape::Text { line, x, baseline } | Shape::Sign { line, x, baseline } => (line, *x, *baseline),
    };
    let is_drawing = matches!(piece.shape, Shape::Sign { .. });
    for run in &line.runs {
        let start = Point::from_xy(x, baseline);
        surface.draw_glyphs(start, &run.glyphs, run.font.clone(), &run.text, line.style.size, is_drawing);
        x += run.width;
    }
}

/// A rectangle whose corners are quarters of circles.
fn rounded(x: f32, y: f32, width: f32, height: f32, radius: f32) -> Option<Path> {
    // How far the handles of a curve are from its ends, to look like a circle.
    let handle = radius * (1.0 - 0.552_284_8);
    let (right, bottom) = (x + width, y + height);
    let mut path = PathBuilder::new();
    path.move_to(x + radius, y);
    path.line_to(right - radius, y);
    path.cubic_to(right - handle, y, right, y + handle, right, y + radius);
    path.line_to(right, bottom - radius);
    path.cubic_to(right, bottom - handle, right - handle, bottom, right - radius, bottom);
    path.line_to(x + radius, bottom);
    path.cubic_to(x + handle, bottom, x, bottom - handle, x, bottom - radius);
    path.line_to(x, y + radius);
    path.cubic_to(x, y + handle, x + handle, y, x + radius, y);
    path.close();
    path.finish()
}
