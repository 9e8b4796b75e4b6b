//! A key with its modifiers: how it is compared, written and read.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key with its modifiers. Shift is part of a letter (`G`), not a modifier of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    /// The key.
    pub code: KeyCode,
    /// Control and Alt; Shift only with keys that are no letters.
    pub modifiers: KeyModifiers,
}

impl Chord {
    /// A letter, a digit or a sign by itself.
    #[must_use]
    pub const fn letter(letter: char) -> Self {
        Self { code: KeyCode::Char(letter), modifiers: KeyModifiers::NONE }
    }

    /// A key that has a name, by itself.
    #[must_use]
    pub const fn key(code: KeyCode) -> Self {
        Self { code, modifiers: KeyModifiers::NONE }
    }

    /// Control and a letter.
    #[must_use]
    pub const fn control(letter: char) -> Self {
        Self { code: KeyCode::Char(letter), modifiers: KeyModifiers::CONTROL }
    }

    /// What was pressed, in its one spelling.
    #[must_use]
    pub fn of(key: &KeyEvent) -> Self {
        let known = KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT;
        let mut modifiers = key.modifiers & known;
        let mut code = key.code;
        if let KeyCode::Char(letter) = code {
            if modifiers.contains(KeyModifiers::SHIFT) && letter.is_lowercase() {
                code = KeyCode::Char(letter.to_uppercase().next().unwrap_or(letter));
            }
            modifiers -= KeyModifiers::SHIFT;
        }
        if code == KeyCode::BackTab || (code == KeyCode::Tab && modifiers.contains(KeyModifiers::SHIFT)) {
            code = KeyCode::BackTab;
            modifiers -= KeyModifiers::SHIFT;
        }
        Self { code, modifiers }
    }

    /// Reads `r`, `G`, `ctrl-d`, `alt-p`, `enter`, `f2`, `space`; `None` where it is no key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        loop {
            let lower = rest.to_ascii_lowercase();
            let (modifier, length) = if lower.starts_with("ctrl-") {
                (KeyModifiers::CONTROL, 5)
            } else if lower.starts_with("alt-") {
                (KeyModifiers::ALT, 4)
            } else if lower.starts_with("shift-") {
                (KeyModifiers::SHIFT, 6)
            } else {
                break;
            };
            modifiers |= modifier;
            rest = rest.get(length..)?;
        }
        let code = named(rest)?;
        Some(Self::of(&KeyEvent::new(code, modifiers)))
    }

    /// True where a text field would write it.
    #[must_use]
    pub fn is_printable(self) -> bool {
        matches!(self.code, KeyCode::Char(_)) && self.modifiers.is_empty()
    }
}

fn named(text: &str) -> Option<KeyCode> {
    let mut letters = text.chars();
    if let (Some(letter), None) = (letters.next(), letters.next()) {
        return Some(KeyCode::Char(letter));
    }
    Some(match text.to_ascii_lowercase().as_str() {
        "enter" | "return" => KeyCode::Enter,
        "esc" | "escape" => KeyCode::Esc,
        "space" => KeyCode::Char(' '),
        "tab" => KeyCode::Tab,
        "backtab" => KeyCode::BackTab,
        "backspace" => KeyCode::Backspace,
        "delete" | "del" => KeyCode::Delete,
        "insert" => KeyCode::Insert,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "pageup" | "pgup" => KeyCode::PageUp,
        "pagedown" | "pgdn" => KeyCode::PageDown,
        other => {
            let number = other.strip_prefix('f')?.parse().ok()?;
            (1..=12).contains(&number).then_some(KeyCode::F(number))?
        }
    })
}

impl Chord {
    /// Without signs: `Enter`, `Up`.
    #[must_use]
    pub fn in_words(self) -> String {
        let shown = self.to_string();
        match self.code {
            KeyCode::Enter => shown.replace('↵', "Enter"),
            KeyCode::Up => shown.replace('↑', "Up"),
            KeyCode::Down => shown.replace('↓', "Down"),
            KeyCode::Left => shown.replace('←', "Left"),
            KeyCode::Right => shown.replace('→', "Right"),
            _ => shown,
        }
    }

    /// As the configuration writes it: `ctrl-d`, `enter`, `G`. [`Chord::parse`] reads it.
    #[must_use]
    pub fn written(self) -> String {
        let shown = match self.code {
            KeyCode::Enter => "enter".to_owned(),
            KeyCode::Up => "up".to_owned(),
            KeyCode::Down => "down".to_owned(),
            KeyCode::Left => "left".to_owned(),
            KeyCode::Right => "right".to_owned(),
            KeyCode::Char(letter) if letter != ' ' => letter.to_string(),
            _ => Self { modifiers: KeyModifiers::NONE, ..self }.to_string().to_lowercase(),
        };
        let mut text = String::new();
        for (modifier, name) in
            [(KeyModifiers::CONTROL, "ctrl-"), (KeyModifiers::ALT, "alt-"), (KeyModifiers::SHIFT, "shift-")]
        {
            if self.modifiers.contains(modifier) {
                text.push_str(name);
            }
        }
        text + &shown
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (modifier, name) in
            [(KeyModifiers::CONTROL, "Ctrl-"), (KeyModifiers::ALT, "Alt-"), (KeyModifiers::SHIFT, "Shift-")]
        {
            if self.modifiers.contains(modifier) {
                formatter.write_str(name)?;
            }
        }
        match self.code {
            KeyCode::Char(' ') => formatter.write_str("space"),
            KeyCode::Char(letter) => write!(formatter, "{letter}"),
            KeyCode::Enter => formatter.write_str("↵"),
            KeyCode::Esc => formatter.write_str("Esc"),
            KeyCode::BackTab => formatter.write_str("Shift-Tab"),
            KeyCode::Up => formatter.write_str("↑"),
            KeyCode::Down => formatter.write_str("↓"),
            KeyCode::Left => formatter.write_str("←"),
            KeyCode::Right => formatter.write_str("→"),
            KeyCode::PageUp => formatter.write_str("PgUp"),
            KeyCode::PageDown => formatter.write_str("PgDn"),
            KeyCode::F(number) => write!(formatter, "F{number}"),
            other => write!(formatter, "{other:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords_are_read_as_they_are_typed() {
        assert_eq!(Chord::parse("ctrl-d"), Some(Chord::control('d')));
        assert_eq!(Chord::parse("shift-g"), Some(Chord::letter('G')));
        assert_eq!(Chord::parse("-"), Some(Chord::letter('-')));
        assert_eq!(Chord::parse("f2"), Some(Chord::key(KeyCode::F(2))));
        assert_eq!(Chord::parse("f13"), None);
        assert_eq!(Chord::parse("hyper-x"), None);
        assert_eq!(Chord::parse(""), None);
    }

    #[test]
    fn every_key_of_the_table_is_read_as_it_is_written() {
        for chord in crate::tui::keymap::TABLE.iter().flat_map(|row| row.keys) {
            assert_eq!(Chord::parse(&chord.written()), Some(*chord), "{chord}");
        }
    }

    #[test]
    fn shift_is_part_of_the_letter() {
        let kitty = KeyEvent::new(KeyCode::Char('g'), KeyModifiers::SHIFT);
        let plain = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(Chord::of(&kitty), Chord::letter('G'));
        assert_eq!(Chord::of(&plain), Chord::letter('G'));
    }
}
