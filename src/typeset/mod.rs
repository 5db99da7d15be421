//! Paper: what the product prints, as PDF.
//!
//! - [`invoice`]: an invoice or a credit note, from letterhead to totals.
//! - `table`: rows over pages, each with the head.
//! - `sheet`: pages, and the tree of tags by which a document is read aloud.
//! - `text`: shaping, measuring, breaking of lines.
//! - `faces`: the typefaces.
//!
//! The same document makes the same bytes: nothing here asks for the time, or for chance. It takes
//! processor time, so that whoever serves others does it beside them.

mod faces;
mod invoice;
mod sheet;
mod table;
mod text;

pub use invoice::invoice;
