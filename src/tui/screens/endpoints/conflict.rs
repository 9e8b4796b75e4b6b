//! Somebody else wrote: three columns, and nothing is written until one is chosen.
//!
//! ```text
//!               WHEN YOU OPENED IT   NOW ON THE SERVER    WHAT YOU WANT
//! slug          my-org/glm           my-org/glm           my-org/glm
//! model_id      3kZ9xqd            ≠ 9aa1bcd            ≠ 7mP2wqe
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::review::Review;
use crate::plan::{Change, Conflict};
use crate::tui::effect::Effect;
use crate::tui::keymap::{Action, Place};
use crate::tui::layout;
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::theme::Role;

/// A conflict that waits for a decision.
#[derive(Debug, Clone)]
pub struct Conflicted {
    /// The three versions.
    pub conflict: Conflict,
    /// The change that was stopped.
    pub change: Change,
    /// How far the second try is.
    pub review: Review,
}

impl Conflicted {
    /// What has the keys.
    #[must_use]
    pub fn place(&self) -> Place {
        if self.review.is_writing() { Place::Nothing } else { Place::Conflict }
    }

    /// Does what a key asks for; true where the pane is to be closed.
    pub fn act(&mut self, action: Action, shared: &mut Shared) -> (bool, Vec<Effect>) {
        if self.review.is_writing() {
            return (false, Vec::new());
        }
        match action {
            Action::Back | Action::TakeTheirs => (true, Vec::new()),
            Action::WriteMine => match self.conflict.write_mine.as_deref() {
                Some(change) => {
                    self.change = change.clone();
                    (false, self.review.write(change.clone(), shared))
                }
                None => (false, Vec::new()),
            },
            _ => (false, Vec::new()),
        }
    }

    /// Draws the columns over the body.
    pub fn draw(&self, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
        let rows = self.conflict.rows();
        let height = u16::try_from(rows.len() + 8).unwrap_or(u16::MAX);
        let place = layout::centered(area, area.width.saturating_sub(4).min(130), height);
        let title = Line::from(vec![
            shared.span(Role::Danger, "≠ Somebody else changed "),
            shared.span(Role::Strong, text::cut(self.change.name(), usize::from(place.width) / 2).into_owned()),
        ]);
        let inner = layout::inset(layout::popup(shared, place, title, Line::default(), frame), 1);
        let label = (usize::from(inner.width) / 6).clamp(10, 20);
        let column = usize::from(inner.width).saturating_sub(label) / 3;
        let mut lines = vec![Line::from(shared.span(Role::Text, "Nothing was written.")), Line::default()];
        lines.push(Line::from(vec![
            text::fit("", label).into(),
            shared.span(Role::Muted, text::fit("  WHEN YOU OPENED IT", column)),
            shared.span(Role::Drifted, text::fit("  NOW ON THE SERVER", column)),
            shared.span(Role::Accent, text::fit("  WHAT YOU WANT", column)),
        ]));
        for row in rows {
            let cell = |differs: bool, role: Role, value: &str| {
                let sign = if differs { "≠ " } else { "  " };
                shared.span(
                    if differs { role } else { Role::Text },
                    text::fit(&format!("{sign}{}", text::cut(value, column.saturating_sub(3))), column),
                )
            };
            lines.push(Line::from(vec![
                shared.span(Role::Muted, text::fit(row.name.trim_start_matches("target."), label)),
                cell(false, Role::Text, &row.base),
                cell(row.theirs_differs(), Role::Drifted, &row.theirs),
                cell(row.mine_differs() && !row.mine.is_empty(), Role::Accent, &row.mine),
            ]));
        }
        lines.push(Line::default());
        if self.conflict.write_mine.is_none() {
            lines.push(
                shared.span(Role::Muted, "It is gone from the server: what you want cannot be written over it.").into(),
            );
        }
        for (line, row) in lines.into_iter().zip(layout::rows(inner)) {
            frame.render_widget(line, row);
        }
        let verdict = Rect { y: inner.bottom().saturating_sub(1), height: 1.min(inner.height), ..inner };
        self.review.draw_verdict(shared, "write mine", self.change.name(), verdict, frame);
    }
}
