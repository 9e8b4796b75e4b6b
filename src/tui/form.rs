//! Text fields: real ones, with a cursor, word moves, paste and checks.
//!
//! This is the one place that reads keys as text. What is an action is decided before, by the key map.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Span;
use tui_input::{Input, InputRequest};
use unicode_segmentation::UnicodeSegmentation;

use super::session::Shared;
use super::text;
use super::theme::Role;

/// The longest text that a field takes, in characters. A slug has at most 255, a key a little more.
pub const FIELD_CHARS_MAX: usize = 2000;

/// A line of text that is edited.
#[derive(Clone, Default)]
pub struct Field {
    input: Input,
    /// What is wrong with it.
    pub problem: Option<String>,
    /// True where the text is shown as dots.
    pub is_secret: bool,
}

impl fmt::Debug for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = if self.is_secret { "…" } else { self.text() };
        formatter.debug_struct("Field").field("text", &text).field("problem", &self.problem).finish_non_exhaustive()
    }
}

impl Field {
    /// A field that holds a text, the cursor at its end.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { input: Input::new(text.to_owned()), ..Self::default() }
    }

    /// An empty field whose text is shown as dots.
    #[must_use]
    pub fn secret() -> Self {
        Self { is_secret: true, ..Self::default() }
    }

    /// What it holds.
    #[must_use]
    pub fn text(&self) -> &str {
        self.input.value()
    }

    /// What it holds, without spaces around it.
    #[must_use]
    pub fn trimmed(&self) -> &str {
        self.input.value().trim()
    }

    /// Takes another text, the cursor at its end.
    pub fn set(&mut self, text: &str) {
        self.input = Input::new(text.to_owned());
    }

    /// Edits the text as a key says; true where the text is another one now.
    pub fn edit(&mut self, key: &KeyEvent) -> bool {
        let Some(request) = request(key) else { return false };
        if matches!(request, InputRequest::InsertChar(_)) && self.text().chars().count() >= FIELD_CHARS_MAX {
            return false;
        }
        self.input.handle(request).is_some_and(|changed| changed.value)
    }

    /// Inserts what was pasted, without control characters and line ends, up to the field's limit.
    pub fn paste(&mut self, pasted: &str) -> bool {
        let room = FIELD_CHARS_MAX.saturating_sub(self.text().chars().count());
        let mut changed = false;
        for letter in pasted.chars().filter(|letter| !letter.is_control()).take(room) {
            changed |= self.input.handle(InputRequest::InsertChar(letter)).is_some();
        }
        changed
    }

    /// Draws the text in one line, scrolled so that the cursor is seen, and puts the terminal's cursor there if
    /// the field has the focus.
    pub fn draw(&self, shared: &Shared, area: Rect, has_focus: bool, placeholder: &str, frame: &mut Frame<'_>) {
        if area.is_empty() {
            return;
        }
        let columns = usize::from(area.width);
        let role = if self.problem.is_some() { Role::Danger } else { Role::Text };
        if self.text().is_empty() {
            frame.render_widget(shared.span(Role::Faint, text::cut(placeholder, columns).into_owned()), area);
        }
        let (shown, before) = self.shown();
        // One column stays free for the cursor behind the last letter.
        let scroll = (before + 1).saturating_sub(columns);
        let style = shared.theme.style(role);
        frame.render_widget(Span::styled(window(&shown, scroll, columns), style), area);
        if has_focus {
            let column = u16::try_from(before - scroll).unwrap_or(0).min(area.width - 1);
            frame.set_cursor_position(Position::new(area.x + column, area.y));
        }
    }

    /// The text as it is shown, and how many columns stand before the cursor.
    fn shown(&self) -> (String, usize) {
        let before: String = self.text().chars().take(self.input.cursor()).collect();
        if self.is_secret {
            return ("•".repeat(self.text().chars().count()), before.chars().count());
        }
        (text::clean(self.text()).into_owned(), text::width(&text::clean(&before)))
    }
}

/// The columns from `scroll` on, at most `columns` of them. A wide letter that is cut at the left is left out.
fn window(shown: &str, scroll: usize, columns: usize) -> String {
    let mut at = 0;
    let mut kept = String::new();
    for grapheme in shown.graphemes(true) {
        let wide = text::width(grapheme);
        if at >= scroll && at + wide <= scroll + columns {
            kept.push_str(grapheme);
        } else if at < scroll && at + wide > scroll {
            kept.push(' ');
        }
        at += wide;
    }
    kept
}

fn request(key: &KeyEvent) -> Option<InputRequest> {
    use InputRequest as R;
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    match (key.code, control, alt) {
        (KeyCode::Char('a'), true, false) | (KeyCode::Home, ..) => Some(R::GoToStart),
        (KeyCode::Char('e'), true, false) | (KeyCode::End, ..) => Some(R::GoToEnd),
        (KeyCode::Char('b'), true, false) | (KeyCode::Left, false, false) => Some(R::GoToPrevChar),
        (KeyCode::Char('f'), true, false) | (KeyCode::Right, false, false) => Some(R::GoToNextChar),
        (KeyCode::Char('b'), false, true) | (KeyCode::Left, ..) => Some(R::GoToPrevWord),
        (KeyCode::Char('f'), false, true) | (KeyCode::Right, ..) => Some(R::GoToNextWord),
        (KeyCode::Char('w'), true, false) | (KeyCode::Backspace, true, _) | (KeyCode::Backspace, _, true) => {
            Some(R::DeletePrevWord)
        }
        (KeyCode::Char('d'), false, true) | (KeyCode::Delete, true, _) => Some(R::DeleteNextWord),
        (KeyCode::Char('h'), true, false) | (KeyCode::Backspace, ..) => Some(R::DeletePrevChar),
        (KeyCode::Char('d'), true, false) | (KeyCode::Delete, ..) => Some(R::DeleteNextChar),
        (KeyCode::Char('u'), true, false) => Some(R::DeleteFromStart),
        (KeyCode::Char('k'), true, false) => Some(R::DeleteTillEnd),
        (KeyCode::Char('y'), true, false) => Some(R::Yank),
        (KeyCode::Char(letter), ..) if super::keymap::is_printable(key) => Some(R::InsertChar(letter)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(field: &mut Field, code: KeyCode, modifiers: KeyModifiers) {
        field.edit(&KeyEvent::new(code, modifiers));
    }

    #[test]
    fn words_are_deleted_and_letters_typed() {
        let mut field = Field::new("my-org/glm canary");
        press(&mut field, KeyCode::Char('w'), KeyModifiers::CONTROL);
        press(&mut field, KeyCode::Char('q'), KeyModifiers::NONE);
        assert_eq!(field.text(), "my-org/glm q");
        press(&mut field, KeyCode::Char('u'), KeyModifiers::CONTROL);
        assert_eq!(field.text(), "");
    }

    #[test]
    fn pasted_text_loses_its_controls_and_has_a_limit() {
        let mut field = Field::default();
        field.paste("a\u{1b}[201~b\r\nc");
        assert_eq!(field.text(), "a[201~bc");
        field.paste(&"x".repeat(FIELD_CHARS_MAX * 2));
        assert_eq!(field.text().chars().count(), FIELD_CHARS_MAX);
    }

    #[test]
    fn a_long_text_is_scrolled_to_its_cursor() {
        assert_eq!(window("0123456789", 4, 4), "4567");
        assert_eq!(window("日本語", 1, 4), " 本");
    }
}
