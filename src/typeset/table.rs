//! A table over as many pages as it takes, each with the head.

use krilla::tagging::{TableHeaderScope, Tag};

use super::{
    faces::Faces,
    sheet::{Branch, Ink, Sheet},
    text::{self, Line, Style},
};

const HEAD: Style = Style::semibold(7.5);
const TEXT: Style = Style::regular(9.0);
const FIGURES: Style = TEXT.tabular();
const SMALL: Style = Style::regular(7.5);
const HEAD_HEIGHT: f32 = 20.0;
/// Between the text of a cell and its edges.
pub const PADDING: f32 = 8.0;
const ABOVE: f32 = 4.5;
const LEADING: f32 = 1.4;

/// The colours of a table.
#[derive(Debug, Clone, Copy)]
pub struct Inks {
    pub text: Ink,
    pub faint: Ink,
    pub rule: Ink,
    pub head: Ink,
}

/// A column; the first is as wide as the others leave it.
#[derive(Debug, Clone)]
pub struct Column {
    pub title: &'static str,
    /// Its figures stand at its right edge.
    pub is_number: bool,
}

/// A cell: its text, and what is said beneath it in smaller letters.
#[derive(Debug, Clone)]
pub struct Cell {
    pub text: String,
    pub beneath: Option<String>,
}

impl Cell {
    /// Text alone.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), beneath: None }
    }
}

struct Row {
    cells: Vec<Vec<(Line, Ink)>>,
    height: f32,
}

/// A table whose lines are broken.
pub struct Table {
    columns: Vec<Column>,
    /// The right edges of the columns.
    edges: Vec<f32>,
    heads: Vec<Line>,
    rows: Vec<Row>,
    left: f32,
    inks: Inks,
}

fn height(lines: &[(Line, Ink)]) -> f32 {
    lines.iter().map(|(line, _)| line.style.size * LEADING).sum()
}

/// Where letters of a size stand in a line that is `height` high and begins at `top`: their
/// capitals in its middle.
pub fn baseline(top: f32, height: f32, size: f32) -> f32 {
    top + height / 2.0 + size * 0.364
}

impl Table {
    /// Breaks the lines of a table from `left` on that is `width` wide.
    pub fn new(
        faces: &Faces,
        inks: Inks,
        columns: Vec<Column>,
        rows: &[Vec<Cell>],
        left: f32,
        width: f32,
    ) -> Self {
        let heads: Vec<Line> = columns.iter().map(|column| text::line(faces, column.title, HEAD)).collect();
        let mut widths: Vec<f32> = heads.iter().map(|head| head.width).collect();
        // What stands in columns of figures is set once, on one line.
        let figures: Vec<Vec<Line>> = rows
            .iter()
            .map(|row| row.iter().skip(1).map(|cell| text::line(faces, &cell.text, FIGURES)).collect())
            .collect();
        for row in &figures {
            for (line, width) in row.iter().zip(widths.iter_mut().skip(1)) {
                *width = width.max(line.width);
            }
        }
        let others: f32 = widths.iter().skip(1).map(|width| width + 2.0 * PADDING).sum();
        let first = (width - others).max(120.0);
        let mut edges = vec![left + first];
        for width in widths.iter().skip(1) {
            edges.push(edges.last().copied().unwrap_or(left) + width + 2.0 * PADDING);
        }
        let room = first - 2.0 * PADDING;
        let rows = rows.iter().zip(figures).map(|(row, figures)| {
            let mut cells: Vec<Vec<(Line, Ink)>> = Vec::with_capacity(row.len());
            if let Some(cell) = row.first() {
                let mut lines = text::lines(faces, &cell.text, TEXT, room);
                lines.extend(cell.beneath.iter().flat_map(|more| text::lines(faces, more, SMALL, room)));
                let ink = |line: &Line| if line.style == TEXT { inks.text } else { inks.faint };
                cells.push(
                    lines
                        .into_iter()
                        .map(|line| {
                            let ink = ink(&line);
                            (line, ink)
                        })
                        .collect(),
                );
            }
            cells.extend(figures.into_iter().map(|line| vec![(line, inks.text)]));
            let tallest = cells.iter().map(|cell| height(cell)).fold(0.0, f32::max);
            Row { cells, height: tallest + 2.0 * ABOVE }
        });
        Self { rows: rows.collect(), columns, edges, heads, left, inks }
    }

    fn right(&self) -> f32 {
        self.edges.last().copied().unwrap_or(self.left)
    }

    /// Prints it from `top` on, no lower than `bottom`, and turns the page where there is no room:
    /// `turn` says where a new page begins. The last row stays on one page with what comes after it,
    /// which is `after` high. Gives where the table ends.
    pub fn print(
        self,
        sheet: &mut Sheet,
        top: f32,
        bottom: f32,
        after: f32,
        turn: impl Fn(&mut Sheet) -> f32,
    ) -> f32 {
        let table = sheet.branch(None, Tag::Table);
        let mut y = top;
        let first = self.rows.first().map_or(0.0, |row| row.height);
        let beneath = if self.rows.len() == 1 { after } else { 0.0 };
        if y + HEAD_HEIGHT + first + beneath > bottom {
            sheet.turn();
            y = turn(sheet);
        }
        let head = sheet.branch(Some(table), Tag::THead);
        y = self.print_head(sheet, y, Some(head));
        let body = sheet.branch(Some(table), Tag::TBody);
        let last = self.rows.len().saturating_sub(1);
        for (at, row) in self.rows.iter().enumerate() {
            let needed = row.height + if at == last { after } else { 0.0 };
            if at > 0 && y + needed > bottom {
                sheet.turn();
                y = turn(sheet);
                y = self.print_head(sheet, y, None);
            }
            self.print_row(sheet, row, y, body);
            y += row.height;
            sheet.area(self.left, y - 0.25, self.right() - self.left, 0.5, 0.0, self.inks.rule);
        }
        y
    }

    /// The head: read once, and seen on every page.
    fn print_head(&self, sheet: &mut Sheet, top: f32, beneath: Option<Branch>) -> f32 {
        sheet.area(self.left, top, self.right() - self.left, HEAD_HEIGHT, 4.0, self.inks.head);
        let row = beneath.map(|head| sheet.branch(Some(head), Tag::TR));
        for (at, head) in self.heads.iter().enumerate() {
            let cell = row.map(|row| sheet.branch(Some(row), Tag::TH(TableHeaderScope::Column)));
            let x = self.x_of(at, head);
            sheet.text(head.clone(), x, baseline(top, HEAD_HEIGHT, HEAD.size), self.inks.faint, cell);
        }
        top + HEAD_HEIGHT
    }

    fn print_row(&self, sheet: &mut Sheet, row: &Row, top: f32, body: Branch) {
        let tag = sheet.branch(Some(body), Tag::TR);
        for (at, cell) in row.cells.iter().enumerate() {
            let tag = if at == 0 {
                sheet.branch(Some(tag), Tag::TH(TableHeaderScope::Row))
            } else {
                sheet.branch(Some(tag), Tag::TD)
            };
            let mut y = top + ABOVE;
            for (line, ink) in cell {
                let (size, height) = (line.style.size, line.style.size * LEADING);
                sheet.text(line.clone(), self.x_of(at, line), baseline(y, height, size), *ink, Some(tag));
                y += height;
            }
        }
    }

    /// Where a line begins in a column.
    fn x_of(&self, column: usize, line: &Line) -> f32 {
        if self.columns.get(column).is_some_and(|column| column.is_number) {
            self.edges[column] - PADDING - line.width
        } else {
            let left = if column == 0 { self.left } else { self.edges[column - 1] };
            left + PADDING
        }
    }
}
