//! Asks before everything that the local gateway keeps is thrown away. The word has to be typed.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::api::StoreStatus;
use crate::tui::effect::{Effect, Refill};
use crate::tui::form::Field;
use crate::tui::keymap::Action;
use crate::tui::layout;
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::theme::Role;

/// What has to be typed.
pub const WORD: &str = "reset";

/// The question.
#[derive(Debug, Clone, Default)]
pub struct Reset {
    /// What is there now, where the gateway has told.
    pub store: Option<StoreStatus>,
    /// What it is filled with after.
    pub refill: Refill,
    /// What was typed.
    pub typed: Field,
}

/// What a key led to.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// It stays open.
    Stay,
    /// Nothing is to be done.
    Leave,
    /// It is to be done.
    Do(Effect),
}

impl Reset {
    /// Does what a key asks for.
    pub fn act(&mut self, action: Action) -> Answer {
        match action {
            Action::Back => return Answer::Leave,
            Action::NextPane | Action::PreviousPane => self.refill = self.refill.next(),
            Action::Confirm if self.typed.trimmed() == WORD => {
                return Answer::Do(Effect::ResetGateway { refill: self.refill });
            }
            Action::Confirm => self.typed.problem = Some(format!("type {WORD}, or leave everything as it is")),
            _ => {}
        }
        Answer::Stay
    }

    /// Types into the field.
    pub fn edit(&mut self, key: &KeyEvent) {
        if self.typed.edit(key) {
            self.typed.problem = None;
        }
    }

    /// Takes what was pasted.
    pub fn paste(&mut self, pasted: &str) {
        if self.typed.paste(pasted) {
            self.typed.problem = None;
        }
    }

    /// Draws the question in the middle.
    pub fn draw(&self, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
        let columns = 84.min(area.width);
        let width = usize::from(columns.saturating_sub(4));
        let mut lines = vec![Line::default()];
        for said in self.consequences() {
            for (index, part) in text::wrap(&said, width.saturating_sub(2)).into_iter().enumerate() {
                let lead = if index == 0 { "· " } else { "  " };
                lines.push(Line::from(vec![shared.span(Role::Danger, lead), shared.span(Role::Text, part)]));
            }
        }
        lines.push(Line::default());
        lines.push(Line::from(vec![
            shared.span(Role::Muted, text::fit("Filled with", 13)),
            shared.span(Role::Accent, format!("‹ {} ›", self.refill.said())),
            shared.span(Role::Muted, "   Tab changes"),
        ]));
        lines.push(Line::default());
        let asked = lines.len();
        let rows = u16::try_from(asked + 4).unwrap_or(u16::MAX);
        let title = shared.span(Role::Strong, "Reset the local gateway");
        let place = layout::centered(area, columns, rows);
        let inner = layout::inset(layout::popup(shared, place, title.into(), Line::default(), frame), 1);
        for (line, row) in lines.into_iter().zip(layout::rows(inner)) {
            frame.render_widget(line, row);
        }
        let Some(row) = layout::rows(inner).nth(asked) else { return };
        let said = format!(" type {WORD} to throw it away ▸ ");
        let used = u16::try_from(text::width(&said)).unwrap_or(row.width).min(row.width);
        frame.render_widget(shared.span(Role::Alarm, said), row);
        let field = Rect { x: row.x + used + 1, width: row.width.saturating_sub(used + 1), ..row };
        self.typed.draw(shared, field, true, "", frame);
        if let (Some(problem), Some(row)) = (&self.typed.problem, layout::rows(inner).nth(asked + 1)) {
            frame.render_widget(shared.span(Role::Danger, format!("✗ {problem}")), row);
        }
    }

    fn consequences(&self) -> Vec<String> {
        let goes = match &self.store {
            Some(store) => {
                let counted = |count: u64, noun| text::counted(usize::try_from(count).unwrap_or(usize::MAX), noun);
                format!(
                    "{}, {}, {} and {} go, with secrets, limits used and the server's own log.",
                    counted(store.endpoints, "endpoint"),
                    counted(store.groups, "group"),
                    counted(store.keys, "key"),
                    counted(store.events, "usage event")
                )
            }
            None => "Everything that it keeps goes: endpoints, groups, keys, secrets, usage.".to_owned(),
        };
        vec![
            goes,
            "There is no way back: what the history says of it can be read, and no longer undone.".to_owned(),
            "It is stopped and started again. Its address and its management key stay.".to_owned(),
        ]
    }
}
