//! Deleting an endpoint: what stops working is shown before it is asked for. Cancel has the focus.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::review::{Review, Stage};
use crate::api::Endpoint;
use crate::plan::Change;
use crate::tui::effect::Effect;
use crate::tui::keymap::{Action, Place};
use crate::tui::layout;
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::theme::Role;

/// How many groups are named.
const GROUPS_SHOWN: usize = 4;

/// A deletion that is being asked about.
#[derive(Debug, Clone)]
pub struct Delete {
    /// The endpoint as it was when it was asked.
    pub before: Endpoint,
    /// True where the button that deletes has the focus.
    pub is_chosen: bool,
    /// Who is affected, and how far it is.
    pub review: Review,
}

impl Delete {
    /// Asks.
    pub fn new(before: Endpoint, shared: &mut Shared) -> (Self, Vec<Effect>) {
        let (mut review, effects) = Review::new(vec![before.slug.clone()], shared);
        review.stage = Stage::Confirming;
        (Self { before, is_chosen: false, review }, effects)
    }

    /// The change that would be made.
    #[must_use]
    pub fn change(&self) -> Change {
        Change::delete(&self.before)
    }

    /// What has the keys.
    #[must_use]
    pub fn place(&self, shared: &Shared) -> Place {
        match (self.review.is_writing(), shared.is_protected()) {
            (true, _) => Place::Nothing,
            (false, true) => Place::TypedQuestion,
            (false, false) => Place::Question,
        }
    }

    /// Types what a protected context asks for.
    pub fn edit(&mut self, key: &KeyEvent) {
        self.review.typed.edit(key);
    }

    /// Does what a key asks for; true where the question is to be closed.
    pub fn act(&mut self, action: Action, shared: &mut Shared) -> (bool, Vec<Effect>) {
        if self.review.is_writing() {
            return (false, Vec::new());
        }
        // In a protected context the typed slug is the button.
        let is_chosen = if shared.is_protected() {
            self.review.is_confirmed(shared, self.before.slug.as_str())
        } else {
            self.is_chosen
        };
        match action {
            Action::Left | Action::Right | Action::NextPane | Action::PreviousPane => {
                self.is_chosen = !self.is_chosen;
                (false, Vec::new())
            }
            Action::Confirm if is_chosen => (false, self.review.write(self.change(), shared)),
            Action::Confirm => (!shared.is_protected(), Vec::new()),
            Action::Back => (true, Vec::new()),
            _ => (false, Vec::new()),
        }
    }

    /// Draws the question in the middle.
    pub fn draw(&self, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
        let columns = area.width.saturating_sub(4).min(76);
        let lines = self.lines(shared, usize::from(columns.saturating_sub(4)));
        let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(4);
        let place = layout::centered(area, columns, rows);
        let title = Line::from(vec![
            shared.span(Role::Danger, "Delete "),
            shared.span(Role::Strong, text::cut(self.before.slug.as_str(), usize::from(columns) - 14).into_owned()),
        ]);
        let inner = layout::inset(layout::popup(shared, place, title, Line::default(), frame), 1);
        for (line, row) in lines.into_iter().zip(layout::rows(inner)) {
            frame.render_widget(line, row);
        }
        let verdict = Rect { y: inner.bottom().saturating_sub(1), height: 1.min(inner.height), ..inner };
        if self.review.is_writing() || shared.is_protected() {
            self.review.draw_verdict(shared, "delete", self.before.slug.as_str(), verdict, frame);
            return;
        }
        let buttons = Line::from(vec![
            layout::button(shared, "Cancel", !self.is_chosen),
            Span::raw("   "),
            layout::button(shared, "Delete", self.is_chosen),
        ]);
        frame.render_widget(buttons, verdict);
    }

    /// The groups that are affected, below how many they are.
    fn groups(&self, shared: &Shared, columns: usize) -> Vec<Line<'static>> {
        let groups = self.review.impact.get().map(|impact| impact.groups.as_slice()).unwrap_or_default();
        let line = |group: &crate::plan::impact::AffectedGroup| {
            let keys = group.keys.map(|keys| format!(", {}", text::counted(keys, "key"))).unwrap_or_default();
            let said = text::cut(&format!("{}{keys}", group.name), columns.saturating_sub(12)).into_owned();
            Line::from(vec![Span::raw(" ".repeat(12)), shared.span(Role::Muted, said)])
        };
        groups.iter().take(GROUPS_SHOWN).map(line).collect()
    }

    fn lines(&self, shared: &Shared, columns: usize) -> Vec<Line<'static>> {
        let routes = self.before.target().map(ToString::to_string).unwrap_or_default();
        let mut lines = vec![Line::from(vec![
            shared.span(Role::Muted, text::fit("Routes to", 12)),
            shared.span(Role::Text, text::cut(&routes, columns.saturating_sub(12)).into_owned()),
        ])];
        for line in self.review.lines(shared, &[], columns) {
            let begins = |label: &str| line.spans.first().is_some_and(|span| span.content.starts_with(label));
            // Nothing is followed after a deletion: the slug is simply gone.
            if begins("After") {
                continue;
            }
            if begins("In effect") {
                lines.extend(self.groups(shared, columns));
            }
            lines.push(line);
        }
        lines.push(Line::default());
        let stops = "Calls of this slug are answered 404 from the next sync on. Groups go on naming it; the slug itself is free again.";
        for line in text::wrap(stops, columns) {
            lines.push(shared.span(Role::Text, line).into());
        }
        for line in self.change().irreversible().iter().flat_map(|said| text::wrap(&format!("! {said}"), columns)) {
            lines.push(shared.span(Role::Waiting, line).into());
        }
        lines
    }
}
