//! Where things stand. Pure arithmetic over the size of the terminal, shared by drawing and by the mouse.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear};

use super::form::Field;
use super::keymap::Action;
use super::load::Failure;
use super::session::Shared;
use super::text;
use super::theme::Role;
use super::theme::signs::Signs;

/// The least columns that can be used.
pub const COLUMNS_MIN: u16 = 60;
/// The least rows that can be used.
pub const ROWS_MIN: u16 = 16;
/// From here on list and detail stand side by side.
pub const COLUMNS_MEDIUM: u16 = 100;
/// From here on the history stands beside them.
pub const COLUMNS_WIDE: u16 = 160;

/// How many panes stand side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breadth {
    /// The list alone; the detail opens over it.
    Narrow,
    /// List and detail.
    Medium,
    /// List, detail and timeline.
    Wide,
}

impl Breadth {
    /// The breadth of a terminal with so many columns.
    #[must_use]
    pub fn of(columns: u16) -> Self {
        match columns {
            0..COLUMNS_MEDIUM => Self::Narrow,
            COLUMNS_MEDIUM..COLUMNS_WIDE => Self::Medium,
            _ => Self::Wide,
        }
    }
}

/// The parts of the screen that are always there.
///
/// ```text
///  header   repoint   local ▸ 127.0.0.1:8787 ●            12 endpoints   read 3 s ago   next sync 41 s
///  tabs     1 Endpoints   6 Gateway
///  banner   (only while something is wrong)
///  body
///  bottom   ↵ focus   r re-point   …                                                         ? help
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Regions {
    /// One line: where we are and how fresh it is.
    pub header: Rect,
    /// One line: the tabs.
    pub tabs: Rect,
    /// One line while something is wrong, else empty.
    pub banner: Rect,
    /// The open tab.
    pub body: Rect,
    /// One line: the keys that work here.
    pub bottom: Rect,
}

/// Divides the screen.
#[must_use]
pub fn regions(area: Rect, has_banner: bool) -> Regions {
    let [header, tabs, banner, body, bottom] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(u16::from(has_banner)),
        Constraint::Min(1),
        Constraint::Length(1),
    ])
    .areas(area);
    Regions { header, tabs, banner, body, bottom }
}

/// True where there is not enough room to draw anything.
#[must_use]
pub fn is_too_small(size: (u16, u16)) -> bool {
    size.0 < COLUMNS_MIN || size.1 < ROWS_MIN
}

/// A rectangle of at most this size in the middle of another.
#[must_use]
pub fn centered(area: Rect, columns: u16, rows: u16) -> Rect {
    let (columns, rows) = (columns.min(area.width), rows.min(area.height));
    Rect::new(area.x + (area.width - columns) / 2, area.y + (area.height - rows) / 2, columns, rows)
}

/// The same rectangle without so many columns at its left and right.
#[must_use]
pub fn inset(area: Rect, columns: u16) -> Rect {
    let columns = columns.min(area.width / 2);
    Rect::new(area.x + columns, area.y, area.width - 2 * columns, area.height)
}

/// The rows of a rectangle, from top to bottom.
pub fn rows(area: Rect) -> impl Iterator<Item = Rect> {
    (area.top()..area.bottom()).map(move |y| Rect::new(area.x, y, area.width, 1))
}

/// Draws a pane's border and titles; what is left inside is returned.
pub fn pane(
    shared: &Shared,
    area: Rect,
    has_focus: bool,
    title: Line<'_>,
    right: Line<'_>,
    frame: &mut Frame<'_>,
) -> Rect {
    let role = if has_focus { Role::BorderFocused } else { Role::Border };
    let padded = |mut line: Line<'_>| {
        line.spans.insert(0, " ".into());
        line.spans.push(" ".into());
        line.spans
            .into_iter()
            .map(|span| ratatui::text::Span::styled(span.content.into_owned(), span.style))
            .collect::<Vec<_>>()
    };
    let mut block = Block::bordered().border_type(BorderType::Rounded).border_style(shared.theme.style(role));
    if !title.spans.is_empty() {
        block = block.title_top(Line::from(padded(title)));
    }
    if !right.spans.is_empty() {
        block = block.title_top(Line::from(padded(right)).right_aligned());
    }
    let inner = block.inner(area);
    frame.render_widget(block, area);
    inner
}

/// A button. It looks pressable with and without the focus, and without colours too.
#[must_use]
pub fn button(shared: &Shared, label: &str, has_focus: bool) -> Span<'static> {
    let (role, label) =
        if has_focus { (Role::Button, format!("▸ {label}  ")) } else { (Role::ButtonIdle, format!("  {label}  ")) };
    shared.span(role, label)
}

/// Like [`pane`], over whatever is drawn there.
pub fn popup(shared: &Shared, area: Rect, title: Line<'_>, right: Line<'_>, frame: &mut Frame<'_>) -> Rect {
    // Without its frame a popup could not be told from what lies beneath.
    let cleared = if shared.theme.signs == Signs::Words { frame.area() } else { area };
    frame.render_widget(Clear, cleared);
    pane(shared, area, true, title, right, frame)
}

/// The filter line at the top of a pane; what is left beneath is returned.
pub fn filter_line(
    shared: &Shared,
    inner: Rect,
    (field, is_filtering): (&Field, bool),
    hint: &str,
    frame: &mut Frame<'_>,
) -> Rect {
    let row = Rect { height: 1.min(inner.height), ..inner };
    frame.render_widget(shared.span(Role::Accent, "/ "), row);
    let area = Rect { x: row.x + 2, width: row.width.saturating_sub(2), ..row };
    field.draw(shared, area, is_filtering, hint, frame);
    Rect { y: inner.y + row.height, height: inner.height - row.height, ..inner }
}

/// On the lower border of a pane: how much there is that it does not show.
pub fn more_below(shared: &Shared, area: Rect, more: usize, frame: &mut Frame<'_>) {
    if more == 0 || area.height == 0 {
        return;
    }
    let said = format!(" {} more ▾ ", text::count(more));
    let width = u16::try_from(text::width(&said)).unwrap_or(0).min(area.width);
    let place = Rect::new(area.right().saturating_sub(width + 2), area.bottom() - 1, width, 1);
    frame.render_widget(shared.span(Role::Muted, said), place);
}

/// Why something could not be read, and what to press: what stands where it would be.
#[must_use]
pub fn failed(shared: &Shared, what: &str, failure: &Failure) -> Vec<(Role, String)> {
    let mut said = vec![(Role::Danger, what.to_owned()), (Role::Text, failure.message.clone())];
    said.extend(failure.hint.iter().map(|hint| (Role::Muted, format!("hint: {hint}"))));
    said.push((Role::Muted, format!("{} tries again now", shared.keymap.shown(Action::ReadAgain))));
    said
}

/// Sentences in the upper middle of a pane that has nothing else to show.
pub fn sentences(shared: &Shared, said: Vec<(Role, String)>, area: Rect, frame: &mut Frame<'_>) {
    let width = usize::from(area.width.saturating_sub(4));
    let lines: Vec<Line<'_>> = said
        .into_iter()
        .flat_map(|(role, sentence)| text::wrap(&sentence, width).into_iter().map(move |line| (role, line)))
        .map(|(role, line)| Line::from(shared.span(role, line)).centered())
        .collect();
    let top = area.height.saturating_sub(u16::try_from(lines.len()).unwrap_or(0)) / 3;
    for (line, row) in lines.into_iter().zip(rows(inset(area, 2)).skip(usize::from(top))) {
        frame.render_widget(line, row);
    }
}

/// The first row to draw so that the selected one is seen, moving as little as possible.
#[must_use]
pub fn scroll_to(selected: usize, offset: usize, visible: usize, total: usize) -> usize {
    let last = total.saturating_sub(visible);
    if selected < offset {
        selected
    } else if visible > 0 && selected >= offset + visible {
        selected + 1 - visible
    } else {
        offset
    }
    .min(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scrolling_moves_as_little_as_possible() {
        assert_eq!(scroll_to(5, 0, 10, 100), 0);
        assert_eq!(scroll_to(10, 0, 10, 100), 1);
        assert_eq!(scroll_to(3, 7, 10, 100), 3);
        assert_eq!(scroll_to(99, 95, 10, 100), 90);
        assert_eq!(scroll_to(0, 50, 10, 5), 0);
        assert_eq!(scroll_to(3, 0, 0, 10), 0);
    }

    #[test]
    fn a_popup_never_leaves_its_area() {
        let area = Rect::new(3, 2, 20, 10);
        assert_eq!(centered(area, 100, 100), area);
        assert_eq!(centered(area, 10, 4), Rect::new(8, 5, 10, 4));
    }
}
