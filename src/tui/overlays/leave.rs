//! Asks before a form that somebody has typed into is lost. Staying has the focus.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::tui::keymap::Action;
use crate::tui::layout;
use crate::tui::session::Shared;
use crate::tui::theme::Role;

/// The question.
#[derive(Debug, Clone, Default)]
pub struct Leave {
    /// True where the button that quits has the focus.
    pub is_chosen: bool,
}

impl Leave {
    /// Moves the focus.
    pub fn act(&mut self, action: Action) {
        if matches!(action, Action::Left | Action::Right | Action::NextPane | Action::PreviousPane) {
            self.is_chosen = !self.is_chosen;
        }
    }

    /// Draws it in the middle.
    pub fn draw(&self, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
        let place = layout::centered(area, 60, 6);
        let title = shared.span(Role::Strong, "Quit?").into();
        let inner = layout::inset(layout::popup(shared, place, title, Line::default(), frame), 1);
        let lines = [
            Line::default(),
            shared.span(Role::Text, "What you have typed is not sent yet, and would be lost.").into(),
            Line::default(),
            Line::from(vec![
                layout::button(shared, "Stay", !self.is_chosen),
                Span::raw("   "),
                layout::button(shared, "Quit", self.is_chosen),
            ]),
        ];
        for (line, row) in lines.into_iter().zip(layout::rows(inner)) {
            frame.render_widget(line, row);
        }
    }
}
