//! An invoice or a credit note on paper (rule 46 and 53 of the CGST Rules).

use std::num::NonZeroU16;

use krilla::{
    image::Image,
    tagging::{TableHeaderScope, Tag},
};
use num_format::{Locale, ToFormattedString};
use time::{Date, macros::format_description};

use crate::{
    domain::billing::invoices::{Document, Kind, Line as Charged, Party, gst::state_text, list::Issued},
    error::Error,
    values::{Logo, Money, first_letter},
};

use super::{
    faces::Faces,
    sheet::{About, Branch, HEIGHT, Ink, Sheet, WIDTH},
    table::{Cell, Column, Inks, PADDING, Table, baseline},
    text::{self, Line, Style},
};

// The dashboard's colours, on paper (`static/css/tokens.css`).
const INK: Ink = Ink(0x15, 0x19, 0x23);
const INK_2: Ink = Ink(0x4a, 0x52, 0x63);
const INK_3: Ink = Ink(0x62, 0x6a, 0x7b);
const LINE: Ink = Ink(0xe5, 0xe8, 0xee);
const SUNKEN: Ink = Ink(0xf4, 0xf5, 0xf8);
const ACCENT: Ink = Ink(0x46, 0x43, 0xd3);
const ON_ACCENT: Ink = Ink(0xff, 0xff, 0xff);

const MARGIN: f32 = 48.0;
const INNER: f32 = WIDTH - 2.0 * MARGIN;
const RIGHT: f32 = WIDTH - MARGIN;
/// A logo is at most so wide and so high.
const LOGO: (f32, f32) = (200.0, 40.0);
/// Nothing but the foot of a page is lower.
const BOTTOM: f32 = HEIGHT - 62.0;
const GUTTER: f32 = 24.0;

/// Sets what was issued on paper, beneath the logo of whoever issued it.
///
/// # Errors
/// [`Error::Internal`] when it cannot be written.
pub fn invoice(issued: &Issued, logo: Option<Logo>) -> Result<Vec<u8>, Error> {
    let document = &issued.document;
    let mut paper = Paper {
        faces: Faces::get()?,
        sheet: Sheet::new(),
        y: MARGIN,
        document,
        recipient: issued.recipient.as_ref(),
    };
    paper.letterhead(logo)?;
    paper.sides();
    paper.facts();
    paper.lines();
    paper.totals();
    paper.feet();
    let supplier = &document.supplier;
    paper.sheet.finish(&About {
        title: format!("{} {}", document.title(), document.number),
        subject: document.period(),
        author: supplier.formal_name().to_owned(),
        product: supplier.name.clone(),
        id: issued.id.to_string(),
        at: issued.issued_at,
    })
}

fn day(date: Date) -> String {
    date.format(format_description!("[day padding:none] [month repr:short] [year]")).unwrap_or_default()
}

fn number(value: i64) -> String {
    value.to_formatted_string(&Locale::en_IN)
}

struct Paper<'a> {
    faces: &'static Faces,
    sheet: Sheet,
    y: f32,
    document: &'a Document,
    recipient: Option<&'a Party>,
}

/// A heading's level.
fn level(level: u16) -> NonZeroU16 {
    NonZeroU16::new(level).unwrap_or(NonZeroU16::MIN)
}

impl Paper<'_> {
    fn money(&self, minor: i64) -> String {
        Money::new(minor, self.document.currency.clone()).text()
    }

    fn line(&self, text: &str, style: Style) -> Line {
        text::line(self.faces, text, style)
    }

    /// Lines from `x` on, from `top` downwards; gives where they end.
    fn block(
        &mut self,
        text: &str,
        style: Style,
        (x, width): (f32, f32),
        top: f32,
        ink: Ink,
        at: Option<Branch>,
    ) -> f32 {
        let leading = style.size * 1.45;
        let mut y = top;
        for line in text::lines(self.faces, text, style, width) {
            self.sheet.text(line, x, baseline(y, leading, style.size), ink, at);
            y += leading;
        }
        y
    }

    /// A line that ends at the right margin.
    fn at_right(&mut self, text: &str, style: Style, base: f32, ink: Ink, at: Option<Branch>) -> f32 {
        let line = self.line(text, style);
        let x = RIGHT - line.width;
        self.sheet.text(line, x, base, ink, at);
        x
    }

    /// The mark that stands before the brand's name in the dashboard.
    fn mark(&mut self, x: f32, top: f32, side: f32) {
        self.sheet.area(x, top, side, side, side * 0.27, ACCENT);
        let style = Style::semibold(side * 0.5);
        let letter = self.line(&first_letter(&self.document.supplier.name), style);
        let left = x + (side - letter.width) / 2.0;
        self.sheet.sign(letter, left, baseline(top, side, style.size), ON_ACCENT);
    }

    fn letterhead(&mut self, logo: Option<Logo>) -> Result<(), Error> {
        let document = self.document;
        let title = self.sheet.branch(None, Tag::Hn(level(1), Some(document.title().to_owned())));
        let top = self.y;
        let left = self.at_right(document.title(), Style::semibold(20.0), top + 15.5, INK, Some(title));
        let numbered = self.sheet.branch(None, Tag::P);
        let numbered_as = format!("No. {}", document.number);
        let under = self.at_right(&numbered_as, Style::regular(10.0), top + 32.0, INK_2, Some(numbered));
        let room = left.min(under) - GUTTER - MARGIN;
        let end = match logo {
            Some(logo) => self.logo(logo, (MARGIN, top), (room.min(LOGO.0), LOGO.1))?,
            None => self.brand((MARGIN, top), room),
        };
        self.y = end.max(top + 38.0) + 14.0;
        self.rule(self.y);
        self.y += 20.0;
        Ok(())
    }

    /// A brand's logo, as large as there is room for it; gives where it ends.
    fn logo(&mut self, logo: Logo, (x, y): (f32, f32), (width, height): (f32, f32)) -> Result<f32, Error> {
        let picture = Image::from_png(logo.png.into(), false).map_err(Error::internal)?;
        let (wide, high) = (logo.width as f32, logo.height as f32);
        let scale = (width / wide).min(height / high);
        let name = format!("Logo of {}", self.document.supplier.name);
        let at = self.sheet.branch(None, Tag::Figure(Some(name)));
        self.sheet.picture(picture, (x, y), (wide * scale, high * scale), at);
        Ok(y + high * scale)
    }

    /// The mark and the name of a brand without a logo; gives where they end.
    fn brand(&mut self, (x, top): (f32, f32), room: f32) -> f32 {
        const MARK: f32 = 30.0;
        self.mark(x, top, MARK);
        let at = self.sheet.branch(None, Tag::P);
        let beside = MARK + 10.0;
        let name = &self.document.supplier.name;
        let name = text::lines(self.faces, name, Style::semibold(13.0), room - beside);
        let leading = 17.0;
        let mut y = if name.len() == 1 { top + (MARK - leading) / 2.0 } else { top };
        for line in name {
            self.sheet.text(line, x + beside, baseline(y, leading, 13.0), INK, Some(at));
            y += leading;
        }
        y
    }

    fn rule(&mut self, y: f32) {
        self.sheet.area(MARGIN, y - 0.375, INNER, 0.75, 0.0, LINE);
    }

    fn sides(&mut self) {
        let document = self.document;
        let width = (INNER - GUTTER) / 2.0;
        let from = self.side("From", &document.supplier, (MARGIN, width));
        let to = self.recipient.map(|party| self.side("To", party, (MARGIN + width + GUTTER, width)));
        self.y = from.max(to.unwrap_or_default()) + 16.0;
        self.rule(self.y);
        self.y += 16.0;
    }

    fn side(&mut self, title: &str, party: &Party, place: (f32, f32)) -> f32 {
        let section = self.sheet.branch(None, Tag::Section);
        let head = self.sheet.branch(Some(section), Tag::Hn(level(2), Some(title.to_owned())));
        let mut y = self.block(title, Style::regular(8.0), place, self.y, INK_3, Some(head)) + 3.0;
        let name = party.formal_name();
        let at = self.sheet.branch(Some(section), Tag::P);
        y = self.block(name, Style::semibold(10.0), place, y, INK, Some(at)) + 1.0;
        let mut more = Vec::new();
        // Who invoices is called by the brand above.
        if party.name != name && title == "To" {
            more.push(party.name.clone());
        }
        more.extend(party.address.lines().map(str::to_owned));
        more.extend(state_text(&party.state));
        more.extend(party.gstin.iter().map(|gstin| format!("GSTIN {gstin}")));
        for text in more {
            let at = self.sheet.branch(Some(section), Tag::P);
            y = self.block(&text, Style::regular(9.0), place, y, INK_2, Some(at));
        }
        y
    }

    fn facts(&mut self) {
        let document = self.document;
        let mut facts = vec![("Date", day(document.issued_on)), ("Period", document.period())];
        facts.extend(state_text(&document.place_of_supply).map(|name| ("Place of supply", name)));
        facts.push(("SAC", document.sac.clone()));
        facts.push(("Tax on reverse charge", "No".to_owned()));
        facts.push(("Currency", document.currency.clone()));
        if let Some(credited) = &document.credited {
            facts.push(("For invoice", credited.number.clone()));
            facts.push(("Of", day(credited.issued_on)));
        }
        let table = self.sheet.branch(None, Tag::Table);
        let body = self.sheet.branch(Some(table), Tag::TBody);
        let columns = 3;
        let width = (INNER - GUTTER * (columns - 1) as f32) / columns as f32;
        for row in facts.chunks(columns) {
            let mut end = self.y;
            for (column, (term, value)) in row.iter().enumerate() {
                let place = (MARGIN + (width + GUTTER) * column as f32, width);
                end = end.max(self.fact(body, term, value, place));
            }
            self.y = end + 10.0;
        }
        self.y += 8.0;
    }

    fn fact(&mut self, body: Branch, term: &str, value: &str, place: (f32, f32)) -> f32 {
        let row = self.sheet.branch(Some(body), Tag::TR);
        let head = self.sheet.branch(Some(row), Tag::TH(TableHeaderScope::Row));
        let y = self.block(term, Style::regular(8.0), place, self.y, INK_3, Some(head)) + 1.0;
        let cell = self.sheet.branch(Some(row), Tag::TD);
        self.block(value, Style::regular(9.5), place, y, INK, Some(cell))
    }

    fn lines(&mut self) {
        let document = self.document;
        // Money that is given back is for no calls of its own.
        let has_calls = document.kind == Kind::Invoice;
        let has_tax = self.has_tax();
        let mut figures: Vec<&'static str> = Vec::new();
        if has_calls {
            figures.extend_from_slice(&["Calls", "Minutes"]);
        }
        figures.extend_from_slice(if has_tax { &["Taxable value", "With tax"] } else { &["Amount"] });
        let mut columns = vec![Column { title: "For", is_number: false }];
        columns.extend(figures.into_iter().map(|title| Column { title, is_number: true }));
        let row = |line: &Charged| {
            let beneath = match line.postings {
                (0, _) => None,
                (first, last) if first == last => Some(format!("Entry {} of the statement", number(first))),
                (first, last) => {
                    Some(format!("Entries {} to {} of the statement", number(first), number(last)))
                }
            };
            let mut cells = vec![Cell { text: line.text.clone(), beneath }];
            if has_calls {
                cells.extend([Cell::new(number(line.calls)), Cell::new(number(line.minutes))]);
            }
            if has_tax {
                cells.push(Cell::new(self.money(line.taxable)));
            }
            cells.push(Cell::new(self.money(line.amount)));
            cells
        };
        let rows: Vec<Vec<Cell>> = document.lines.iter().map(row).collect();
        let inks = Inks { text: INK, faint: INK_3, rule: LINE, head: SUNKEN };
        let table = Table::new(self.faces, inks, columns, &rows, MARGIN, INNER);
        let after = self.totals_height();
        let heading =
            self.line(&format!("{} {}, continued", document.title(), document.number), Style::regular(8.0));
        let turn = |sheet: &mut Sheet| {
            sheet.text(heading.clone(), MARGIN, MARGIN + 6.0, INK_3, None);
            MARGIN + 18.0
        };
        self.y = table.print(&mut self.sheet, self.y, BOTTOM, after, turn);
    }

    fn has_tax(&self) -> bool {
        self.document.split.taxable != self.document.total
    }

    /// What the total is made of.
    fn parts(&self) -> Vec<(String, i64)> {
        if !self.has_tax() {
            return Vec::new();
        }
        let mut parts = vec![("Taxable value".to_owned(), self.document.split.taxable)];
        parts.extend(self.document.taxes());
        parts
    }

    fn totals_height(&self) -> f32 {
        14.0 + 17.0 * self.parts().len() as f32 + 8.0 + 30.0
    }

    fn totals(&mut self) {
        let document = self.document;
        let mut y = self.y + 14.0;
        let left = MARGIN + INNER * 0.5;
        let table = self.sheet.branch(None, Tag::Table);
        let body = self.sheet.branch(Some(table), Tag::TBody);
        let top = y;
        for (name, minor) in self.parts() {
            self.total(body, (&name, minor), (Style::regular(9.0), INK_2), (left, y, 17.0));
            y += 17.0;
        }
        y += if self.has_tax() { 8.0 } else { 0.0 };
        self.sheet.area(left, y, RIGHT - left, 30.0, 5.0, SUNKEN);
        self.total(body, ("Total", document.total), (Style::semibold(12.0), INK), (left, y, 30.0));
        self.y = y + 30.0;

        let note = match document.kind {
            Kind::Invoice => "Paid from the prepaid wallet.",
            Kind::CreditNote => "Paid back into the prepaid wallet.",
        };
        let at = self.sheet.branch(None, Tag::P);
        let place = (MARGIN + PADDING, INNER * 0.5 - 2.0 * PADDING);
        let end = self.block(note, Style::semibold(9.0), place, top + 2.0, INK, Some(at));
        let more = "Issued electronically, without a signature.";
        let at = self.sheet.branch(None, Tag::P);
        self.block(more, Style::regular(8.0), place, end + 2.0, INK_3, Some(at));
    }

    fn total(
        &mut self,
        body: Branch,
        (name, minor): (&str, i64),
        (style, ink): (Style, Ink),
        (left, top, height): (f32, f32, f32),
    ) {
        let row = self.sheet.branch(Some(body), Tag::TR);
        let head = self.sheet.branch(Some(row), Tag::TH(TableHeaderScope::Row));
        let base = baseline(top, height, style.size);
        let name = self.line(name, style);
        self.sheet.text(name, left + PADDING, base, ink, Some(head));
        let cell = self.sheet.branch(Some(row), Tag::TD);
        let amount = self.line(&self.money(minor), style.tabular());
        let x = RIGHT - PADDING - amount.width;
        self.sheet.text(amount, x, base, INK, Some(cell));
    }

    /// The feet of all pages, once their number is known.
    fn feet(&mut self) {
        let pages = self.sheet.pages();
        let supplier = &self.document.supplier;
        let base = HEIGHT - 34.0;
        for page in 0..pages {
            let style = Style::regular(8.0);
            let left = self.line(&format!("{}  ·  {}", supplier.name, self.document.number), style);
            self.sheet.text_on(page, left, MARGIN, base, INK_3, None);
            let right = self.line(&format!("Page {} of {pages}", page + 1), style);
            let x = RIGHT - right.width;
            self.sheet.text_on(page, right, x, base, INK_3, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colours_are_the_dashboards() {
        let tokens = include_str!("../../static/css/tokens.css");
        for (name, Ink(red, green, blue)) in [
            ("ink", INK),
            ("ink-2", INK_2),
            ("ink-3", INK_3),
            ("line", LINE),
            ("sunken", SUNKEN),
            ("accent", ACCENT),
            ("on-accent", ON_ACCENT),
        ] {
            let token = format!("--{name}: #{red:02x}{green:02x}{blue:02x};");
            assert!(tokens.contains(&token), "{token}");
        }
    }
}
