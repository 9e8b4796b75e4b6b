//! The screen before any gateway: start a local one, or connect with a URL and a key.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

use crate::tui::effect::Effect;
use crate::tui::keymap::{Action, Place};
use crate::tui::session::Shared;
use crate::tui::theme::Role;

/// What was chosen and typed so far.
#[derive(Debug, Clone, Default)]
pub struct Welcome {
    /// The choice under the cursor.
    pub cursor: usize,
}

impl Welcome {
    /// What has the keys.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::Welcome
    }

    /// Does what a key asks for.
    pub fn act(&mut self, action: Action, _shared: &mut Shared) -> Vec<Effect> {
        self.cursor = match action {
            Action::Up => self.cursor.saturating_sub(1),
            Action::Down => (self.cursor + 1).min(1),
            _ => self.cursor,
        };
        Vec::new()
    }

    /// Types into the field that has the keys.
    pub fn edit(&mut self, _key: &KeyEvent) {}

    /// Takes what was pasted.
    pub fn paste(&mut self, _text: &str) {}

    /// Draws the screen.
    pub fn draw(&self, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
        frame.render_widget(shared.span(Role::Strong, "welcome"), area);
    }
}
