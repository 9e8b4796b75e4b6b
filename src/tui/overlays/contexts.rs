//! The contexts to switch to (`c`).

use ratatui::Frame;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::text::Line;

use crate::tui::keymap::Action;
use crate::tui::layout;
use crate::tui::session::{ContextKind, Shared};
use crate::tui::text;
use crate::tui::theme::Role;

/// The list, and where its cursor is.
#[derive(Debug, Clone, Default)]
pub struct Contexts {
    /// The selected context; one past the last is "connect to another".
    pub cursor: usize,
}

impl Contexts {
    /// Opens on the context that is open.
    #[must_use]
    pub fn new(shared: &Shared) -> Self {
        Self { cursor: shared.context.unwrap_or(0) }
    }

    /// Moves the cursor.
    pub fn act(&mut self, action: Action, shared: &Shared) {
        let last = shared.contexts.len();
        self.cursor = match action {
            Action::Up => self.cursor.saturating_sub(1),
            Action::Down => (self.cursor + 1).min(last),
            Action::Top => 0,
            Action::Bottom => last,
            _ => self.cursor,
        };
    }

    fn place(shared: &Shared, area: Rect) -> Rect {
        layout::centered(area, 76, u16::try_from(shared.contexts.len() + 3).unwrap_or(u16::MAX))
    }

    fn offset(&self, shared: &Shared, visible: usize) -> usize {
        layout::scroll_to(self.cursor, 0, visible, shared.contexts.len() + 1)
    }

    /// The mouse pressed there: that context is selected. False where there is none.
    pub fn press(&mut self, shared: &Shared, area: Rect, at: Position) -> bool {
        let inner = Self::place(shared, area).inner(Margin::new(1, 1));
        let offset = self.offset(shared, usize::from(inner.height));
        let row = inner.contains(at).then(|| offset + usize::from(at.y - inner.y));
        let found = row.filter(|row| *row <= shared.contexts.len());
        self.cursor = found.unwrap_or(self.cursor);
        found.is_some()
    }

    /// Draws it in the middle.
    pub fn draw(&self, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
        let place = Self::place(shared, area);
        let inner = layout::popup(shared, place, shared.span(Role::Strong, "Switch to").into(), Line::default(), frame);
        let visible = usize::from(inner.height);
        let offset = self.offset(shared, visible);
        for (index, row) in (offset..=shared.contexts.len()).zip(layout::rows(inner)) {
            let is_selected = index == self.cursor;
            let mark = if is_selected { "▌ " } else { "  " };
            let mut line = Line::from(vec![shared.span(Role::Accent, mark)]);
            if let Some(context) = shared.contexts.get(index) {
                let is_open = shared.context == Some(index);
                line.push_span(
                    shared.span(if is_open { Role::Ok } else { Role::Faint }, if is_open { "● " } else { "○ " }),
                );
                line.push_span(shared.span(Role::Strong, text::fit(&context.name, 24)));
                line.push_span(shared.span(Role::Muted, text::fit(&context.address, 30)));
                let word = match (context.is_protected, context.is_read_only, context.kind) {
                    (_, true, _) => ("read-only", Role::Waiting),
                    (true, ..) => ("protected", Role::Danger),
                    (_, _, ContextKind::Local) => ("this machine", Role::Muted),
                    (_, _, ContextKind::Remote | ContextKind::Hosted) => ("", Role::Muted),
                };
                line.push_span(shared.span(word.1, word.0));
            } else {
                line.push_span(shared.span(Role::Accent, "+ connect with a URL and a key …"));
            }
            if is_selected {
                line = line.style(shared.theme.selection(true));
                frame.buffer_mut().set_style(row, shared.theme.selection(true));
            }
            frame.render_widget(line, row);
        }
    }
}
