//! A short tour of the screen, a card at a time. It changes nothing, can be left at any card and called back.
//!
//! ```text
//! ╭ 2 of 5  Re-point ──────────────────────────────────────╮
//! │ r, a few letters of the target, Enter, Enter. …         │
//! ╰─────────────────────────────────────────────────────────╯
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::tui::keymap::Action;
use crate::tui::layout;
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::theme::Role;

/// How many cards there are.
const CARDS: usize = 5;

/// The tour, at a card.
#[derive(Debug, Clone, Default)]
pub struct Tour {
    card: usize,
}

impl Tour {
    /// Goes on or back; false where the tour is over.
    pub fn act(&mut self, action: Action) -> bool {
        match action {
            Action::Confirm | Action::Right => self.card += 1,
            Action::Left => self.card = self.card.saturating_sub(1),
            _ => {}
        }
        self.card < CARDS
    }

    /// The heading and the sentences of a card, with the keys as they are bound.
    fn words(&self, shared: &Shared) -> (&'static str, String) {
        let key = |action| shared.keymap.shown(action);
        match self.card {
            0 => (
                "What routes where",
                "On the first tab each row is a slug that customers call and the target that answers. SYNC says whether the last change \
                 is live: a gateway takes changes over at its next sync, so a row that was just written counts down \
                 first. The top right says how old everything from the server is."
                    .to_owned(),
            ),
            1 => (
                "Re-point",
                format!(
                    "{}, a few letters of the target, Enter, Enter. Before the second Enter you see what changes and who \
                     is affected; right before the write the endpoint is read once more, and if somebody else has \
                     changed it, nothing is written. {} takes the last change back, also tomorrow.",
                    key(Action::Repoint),
                    key(Action::Undo)
                ),
            ),
            2 => (
                "Find",
                format!(
                    "{} filters as you type; provider:openai, target:3kZ, state:waiting and age:<1h narrow it. {} sorts \
                     by the next column.",
                    key(Action::Filter),
                    key(Action::Sort)
                ),
            ),
            3 => (
                "Look from elsewhere",
                format!(
                    "{} is the board: slugs left, targets right, wires between. {} says who may call what, {} what is \
                     called right now, {} what was changed and by whom, {} is the local gateway, where faults can be \
                     tried.",
                    key(Action::Tab2),
                    key(Action::Tab3),
                    key(Action::Tab4),
                    key(Action::Tab5),
                    key(Action::Tab6)
                ),
            ),
            _ => (
                "Ask",
                format!(
                    "The bottom line shows the keys that work where you are, {} all of them, and {} runs anything by its \
                     name. {} calls this tour back.",
                    key(Action::Help),
                    key(Action::Palette),
                    key(Action::Tour)
                ),
            ),
        }
    }

    /// Draws the card low in the middle, so that what it speaks of stays in sight.
    pub fn draw(&self, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
        let (heading, said) = self.words(shared);
        let columns = area.width.saturating_sub(4).min(74);
        let lines = text::wrap(&said, usize::from(columns.saturating_sub(4)));
        let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2).min(area.height);
        let mut place = layout::centered(area, columns, rows);
        place.y = area.bottom().saturating_sub(rows + 1).max(area.y);
        let title = Line::from(vec![
            shared.span(Role::Muted, format!("{} of {CARDS}  ", self.card + 1)),
            shared.span(Role::Strong, heading),
        ]);
        let inner = layout::inset(layout::popup(shared, place, title, Line::default(), frame), 1);
        for (line, row) in lines.into_iter().zip(layout::rows(inner)) {
            frame.render_widget(shared.span(Role::Text, line), row);
        }
    }
}
