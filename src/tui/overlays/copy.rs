//! What can be copied of something (`y`): each thing with its name, the selected one shown whole.

use ratatui::Frame;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::text::Line;

use super::Overlay;
use crate::plan::{Change, command};
use crate::tui::keymap::Action;
use crate::tui::layout;
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::theme::Role;

/// How many lines of a long text are shown.
const PREVIEW_ROWS: u16 = 7;

/// A text that can be copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub name: String,
    /// The text itself.
    pub text: String,
}

impl Item {
    /// A text with its name.
    #[must_use]
    pub fn new(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), text: text.to_owned() }
    }
}

/// The same changes elsewhere: as `repoint` commands and as `curl`. `None` where there are none.
#[must_use]
pub fn elsewhere(changes: &[Change], shared: &Shared) -> Option<Overlay> {
    if changes.is_empty() {
        return None;
    }
    let address = shared.open_context().map(|context| context.address.as_str()).unwrap_or_default();
    let url = url::Url::parse(address).ok();
    let each = |text: &dyn Fn(&Change) -> String| changes.iter().map(text).collect::<Vec<_>>().join("\n");
    let curl = |change: &Change| url.as_ref().map(|url| command::curl(change, url)).unwrap_or_default();
    menu(vec![Item::new("command", &each(&command::repoint)), Item::new("curl", &each(&curl))])
}

/// What is about to be done, in other words. `None` where there are none.
#[must_use]
pub fn menu(items: Vec<Item>) -> Option<Overlay> {
    (!items.is_empty()).then(|| Overlay::Copy(Copy::new("The same change elsewhere", items)))
}

/// The menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// Of what.
    pub title: String,
    /// What can be copied.
    pub items: Vec<Item>,
    /// The selected one.
    pub cursor: usize,
}

impl Copy {
    /// A menu on its first item.
    pub fn new(title: impl Into<String>, items: Vec<Item>) -> Self {
        Self { title: title.into(), items, cursor: 0 }
    }

    /// The selected item.
    #[must_use]
    pub fn chosen(&self) -> Option<&Item> {
        self.items.get(self.cursor)
    }

    /// Moves the cursor.
    pub fn act(&mut self, action: Action) {
        let last = self.items.len().saturating_sub(1);
        self.cursor = match action {
            Action::Up => self.cursor.saturating_sub(1),
            Action::Down => (self.cursor + 1).min(last),
            Action::Top => 0,
            Action::Bottom => last,
            _ => self.cursor,
        };
    }

    fn place(&self, area: Rect) -> Rect {
        let count = u16::try_from(self.items.len()).unwrap_or(u16::MAX);
        layout::centered(area, area.width.saturating_sub(4).min(90), count.saturating_add(PREVIEW_ROWS + 3))
    }

    /// The mouse pressed there: that item is selected. False where there is none.
    pub fn press(&mut self, area: Rect, at: Position) -> bool {
        let inner = self.place(area).inner(Margin::new(1, 1));
        let row = inner.contains(at).then(|| usize::from(at.y - inner.y));
        let found = row.filter(|row| *row < self.items.len());
        self.cursor = found.unwrap_or(self.cursor);
        found.is_some()
    }

    /// Draws it in the middle.
    pub fn draw(&self, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
        let place = self.place(area);
        let title = text::cut(&self.title, usize::from(place.width).saturating_sub(6)).into_owned();
        let inner = layout::inset(
            layout::popup(shared, place, shared.span(Role::Strong, title).into(), Line::default(), frame),
            1,
        );
        let mut rows = layout::rows(inner);
        for (index, (item, row)) in self.items.iter().zip(rows.by_ref()).enumerate() {
            let is_selected = index == self.cursor;
            let first = item.text.lines().next().unwrap_or_default();
            let line = Line::from(vec![
                shared.span(Role::Accent, if is_selected { "▌ " } else { "  " }),
                shared.span(if is_selected { Role::Strong } else { Role::Text }, text::fit(&item.name, 10)),
                shared.span(Role::Muted, text::cut(first, usize::from(row.width).saturating_sub(12)).into_owned()),
            ]);
            frame.render_widget(line, row);
            if is_selected {
                frame.buffer_mut().set_style(row, shared.theme.selection(true));
            }
        }
        let Some(rule) = rows.next() else { return };
        frame.render_widget(shared.span(Role::Border, "─".repeat(usize::from(rule.width))), rule);
        let wrapped = self.chosen().map(|item| text::wrap(&item.text, usize::from(inner.width))).unwrap_or_default();
        for (line, row) in wrapped.into_iter().zip(rows) {
            frame.render_widget(shared.span(Role::Text, line), row);
        }
    }
}
