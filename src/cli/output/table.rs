//! Columns for people: as wide as their cells, cut where the terminal is narrower.

use crate::tui::text;

/// Between two columns.
const GAP: &str = "  ";
/// No column is cut below this.
const WIDTH_MIN: usize = 6;

/// A column's title, and how its cells stand in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// In capitals; empty where there is no head.
    pub title: &'static str,
    /// True for numbers: their last digits stand below each other.
    pub is_right: bool,
}

/// Rows of cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
    has_head: bool,
}

impl Table {
    /// A table with these titles; one that begins with `>` is a column of numbers.
    #[must_use]
    pub fn new(titles: &[&'static str]) -> Self {
        let columns = titles
            .iter()
            .map(|title| match title.strip_prefix('>') {
                Some(title) => Column { title, is_right: true },
                None => Column { title, is_right: false },
            })
            .collect();
        Self { columns, rows: Vec::new(), has_head: true }
    }

    /// A table without a head.
    #[must_use]
    pub fn plain(columns: usize) -> Self {
        Self { columns: vec![Column { title: "", is_right: false }; columns], rows: Vec::new(), has_head: false }
    }

    /// Adds a row. Missing cells are empty, surplus ones are dropped.
    pub fn push(&mut self, cells: impl IntoIterator<Item = String>) {
        let mut row: Vec<String> = cells.into_iter().map(|cell| text::clean(&cell).into_owned()).collect();
        row.resize(self.columns.len(), String::new());
        self.rows.push(row);
    }

    /// True where there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The lines, each with its line break and without blanks at its end. `width`: the most columns of a line.
    #[must_use]
    pub fn render(&self, width: Option<usize>) -> String {
        let widths = self.widths(width);
        let head = self.has_head.then(|| self.columns.iter().map(|column| column.title.to_owned()).collect::<Vec<_>>());
        let mut lines = String::new();
        for row in head.iter().chain(&self.rows) {
            let mut line = String::new();
            for (place, ((cell, column), width)) in row.iter().zip(&self.columns).zip(&widths).enumerate() {
                if place > 0 {
                    line.push_str(GAP);
                }
                if column.is_right {
                    line.push_str(&text::fit_right(cell, *width));
                } else {
                    line.push_str(&text::fit(cell, *width));
                }
            }
            lines.push_str(line.trim_end());
            lines.push('\n');
        }
        lines
    }

    /// Each column's width: its widest cell, the widest columns cut first until a line fits.
    fn widths(&self, most: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> = self.columns.iter().map(|column| text::width(column.title)).collect();
        for row in &self.rows {
            for (cell, width) in row.iter().zip(&mut widths) {
                *width = (*width).max(text::width(cell));
            }
        }
        let Some(most) = most else { return widths };
        let gaps = GAP.len() * widths.len().saturating_sub(1);
        let mut surplus = (widths.iter().sum::<usize>() + gaps).saturating_sub(most);
        while surplus > 0 {
            let Some(widest) = widths.iter().copied().max().filter(|width| *width > WIDTH_MIN) else { break };
            let second = widths.iter().copied().filter(|width| *width < widest).max().unwrap_or(0).max(WIDTH_MIN);
            let count = widths.iter().filter(|width| **width == widest).count();
            // All the widest shrink together to the next width, or as far as is needed.
            let step = (widest - second).min(surplus.div_ceil(count)).max(1);
            for width in widths.iter_mut().filter(|width| **width == widest) {
                let cut = step.min(surplus);
                *width -= cut;
                surplus -= cut;
            }
        }
        widths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["SLUG", "ROUTES TO", ">TOKENS"]);
        table.push(["my-org/glm-5.2".to_owned(), "BASETEN 3kZ9xqd".to_owned(), "7".to_owned()]);
        table.push(["my-org/日本語モデル".to_owned(), "OPENAI gpt-4o\u{1b}[31m".to_owned(), "12345".to_owned()]);
        table
    }

    #[test]
    fn columns_are_as_wide_as_what_is_seen_of_their_cells() {
        insta::assert_snapshot!(table().render(None), @r"
        SLUG                 ROUTES TO           TOKENS
        my-org/glm-5.2       BASETEN 3kZ9xqd          7
        my-org/日本語モデル  OPENAI gpt-4o�[31m   12345
        ");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in 22..60 {
            for line in table().render(Some(width)).lines() {
                assert!(text::width(line) <= width, "{line:?} at {width}");
            }
        }
    }

    #[test]
    fn a_row_is_filled_up_to_the_columns() {
        let mut table = Table::plain(3);
        table.push(["a".to_owned()]);
        assert_eq!(table.render(None), "a\n");
    }

    #[test]
    fn an_empty_first_cell_keeps_its_column() {
        let mut table = Table::new(&["A", "B"]);
        table.push([String::new(), "x".to_owned()]);
        assert_eq!(table.render(None), "A  B\n   x\n");
    }
}
