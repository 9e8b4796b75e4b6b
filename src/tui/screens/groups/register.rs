//! Registering a key that the customer made. The key and the workspace's private key are files: neither is ever typed
//! or shown.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::tree;
use super::view::{draw_verdict, line_at};
use crate::api::Group;
use crate::tui::effect::{Effect, KeyFiles};
use crate::tui::form::Field;
use crate::tui::keymap::Action;
use crate::tui::layout;
use crate::tui::load::{Failure, Ticket};
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::theme::Role;

const LABEL: u16 = 14;
const FIELDS: [(&str, &str); 3] = [
    ("Key file", "a file with the key that the customer made"),
    ("Signed with", "the workspace's private key: Ed25519, PKCS #8"),
    ("Name", "who or what holds it; may stay empty"),
];

/// A key that is about to be registered.
#[derive(Debug, Clone)]
pub struct Register {
    /// Whose key.
    pub group: Group,
    /// Key file, private key's file, name.
    pub fields: [Field; 3],
    /// Which of them has the keys.
    pub focus: usize,
    /// The write under way.
    pub writing: Option<Ticket>,
    /// Why the last try failed.
    pub failure: Option<Failure>,
}

impl Register {
    /// Asks for the files.
    #[must_use]
    pub fn new(group: Group) -> Self {
        Self { group, fields: Default::default(), focus: 0, writing: None, failure: None }
    }

    /// Does what a key asks for. The effect registers the key.
    pub fn act(&mut self, action: Action, shared: &mut Shared) -> Option<Effect> {
        let last = self.fields.len() - 1;
        match action {
            Action::Up | Action::PreviousPane => self.focus = self.focus.checked_sub(1).unwrap_or(last),
            Action::Down | Action::NextPane => self.focus = (self.focus + 1) % (last + 1),
            Action::Confirm if self.focus < last => self.focus += 1,
            Action::Confirm => return self.write(shared),
            _ => {}
        }
        None
    }

    fn write(&mut self, shared: &mut Shared) -> Option<Effect> {
        let [key_file, sign_with, name] = self.fields.each_ref().map(|field| field.trimmed().to_owned());
        if let Some(empty) = [&key_file, &sign_with].iter().position(|path| path.is_empty()) {
            self.focus = empty;
            return None;
        }
        let ticket = shared.ticket();
        self.writing = Some(ticket);
        self.failure = None;
        shared.is_writing = true;
        let name = Some(name).filter(|name| !name.is_empty());
        let files = KeyFiles { key_file: key_file.into(), sign_with: sign_with.into(), name };
        Some(Effect::RegisterKey { ticket, group: self.group.id.clone(), files, is_confirmed: shared.is_protected() })
    }

    /// Types into the field that has the keys.
    pub fn edit(&mut self, key: &KeyEvent) {
        if let Some(field) = self.fields.get_mut(self.focus) {
            field.edit(key);
        }
    }

    /// Takes what was pasted into the field that has the keys.
    pub fn paste(&mut self, pasted: &str) {
        if let Some(field) = self.fields.get_mut(self.focus) {
            field.paste(pasted);
        }
    }

    /// Draws the form in the middle.
    pub fn draw(&self, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
        let place = layout::centered(area, 84, 11);
        let title = format!("Register a key of {}", text::cut(tree::name(&self.group), 40));
        let title = shared.span(Role::Strong, title);
        let inner = layout::inset(layout::popup(shared, place, title.into(), Line::default(), frame), 1);
        for (index, ((label, hint), field)) in (1..).zip(FIELDS.iter().zip(&self.fields)) {
            let row = line_at(inner, index);
            let has_focus = usize::from(index) == self.focus + 1;
            frame.render_widget(shared.span(if has_focus { Role::Accent } else { Role::Muted }, *label), row);
            let input = Rect { x: row.x + LABEL, width: row.width.saturating_sub(LABEL), ..row };
            field.draw(shared, input, has_focus, hint, frame);
        }
        let said = "The key itself is not shown. What is registered here is not in the journal.";
        frame.render_widget(shared.span(Role::Muted, said), line_at(inner, 5));
        draw_verdict(None, self.failure.as_ref(), self.writing.is_some(), shared, line_at(inner, 7), frame);
    }
}
