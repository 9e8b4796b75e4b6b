//! What the terminal answers to the question for its background, told from keys.
//!
//! crossterm does not know the answer (`ESC ] 11 ; rgb:1010/1414/1818 BEL`): it arrives as Alt-] and plain letters, which
//! are keys of ours. While one is awaited, what begins like it is kept back; what then turns out to be something else is
//! pressed after all, in its order. Nobody ever waits: an answer that never comes changes nothing.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::tui::theme::palette::{Background, background_in};

/// The question.
pub(super) const QUESTION: &str = "\x1b]11;?\x1b\\";
const BEGIN: &str = "11;";
/// `11;rgba:` and four times four digits.
const LETTERS_MAX: usize = 32;

/// Listens for the answer among the keys.
#[derive(Debug, Default)]
pub(super) struct Ear {
    is_listening: bool,
    has_begun: bool,
    was_escape: bool,
    letters: String,
    held: Vec<KeyEvent>,
}

/// What was heard.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Keys, in their order; none while an answer may be under way.
    Keys(Vec<KeyEvent>),
    /// The answer.
    Background(Background),
}

impl Ear {
    /// The question was asked.
    pub(super) fn listen(&mut self) {
        self.is_listening = true;
    }

    /// A key came, or a piece of the answer.
    pub(super) fn hear(&mut self, key: KeyEvent) -> Heard {
        if !self.is_listening {
            return Heard::Keys(vec![key]);
        }
        if !self.has_begun {
            return self.await_begin(key);
        }
        self.held.push(key);
        let is_escape = key.code == KeyCode::Esc;
        match key.code {
            // BEL, or ESC \ in one piece or in two.
            KeyCode::Char('g') if key.modifiers == KeyModifiers::CONTROL => self.end(),
            KeyCode::Char('\\') if key.modifiers == KeyModifiers::ALT || self.was_escape => self.end(),
            KeyCode::Esc if self.letters.starts_with(BEGIN) => {
                self.was_escape = is_escape;
                Heard::Keys(Vec::new())
            }
            KeyCode::Char(letter) if !self.was_escape && self.takes(letter) => {
                self.letters.push(letter);
                Heard::Keys(Vec::new())
            }
            _ => self.give_up(),
        }
    }

    fn await_begin(&mut self, key: KeyEvent) -> Heard {
        let is_bracket = key.code == KeyCode::Char(']');
        // An escape that came in a piece of its own was pressed already: nothing is open at the start that it closes.
        self.has_begun = is_bracket && (key.modifiers == KeyModifiers::ALT || self.was_escape);
        self.was_escape = key.code == KeyCode::Esc;
        if self.has_begun {
            self.held = vec![key];
            self.letters.clear();
            return Heard::Keys(Vec::new());
        }
        Heard::Keys(vec![key])
    }

    fn takes(&self, letter: char) -> bool {
        match BEGIN.chars().nth(self.letters.chars().count()) {
            Some(expected) => letter == expected,
            None => self.letters.len() < LETTERS_MAX && (letter.is_ascii_hexdigit() || "rgba:/".contains(letter)),
        }
    }

    fn end(&mut self) -> Heard {
        let letters = std::mem::take(self).letters;
        match letters.strip_prefix(BEGIN).and_then(background_in) {
            Some(background) => Heard::Background(background),
            None => Heard::Keys(Vec::new()),
        }
    }

    /// It was no answer. What had its beginning is one that was broken off; anything else was typed.
    fn give_up(&mut self) -> Heard {
        let was_answer = self.letters.starts_with(BEGIN);
        let mut keys = std::mem::take(&mut self.held);
        self.has_begun = false;
        self.was_escape = false;
        if was_answer {
            keys.drain(..keys.len().saturating_sub(1));
        }
        Heard::Keys(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(letter: char, modifiers: KeyModifiers) -> KeyEvent {
        KeyEvent::new(KeyCode::Char(letter), modifiers)
    }

    fn answer(end: &[KeyEvent]) -> Vec<KeyEvent> {
        let mut keys = vec![letter(']', KeyModifiers::ALT)];
        keys.extend("11;rgb:ffff/fFfF/ffff".chars().map(|digit| letter(digit, KeyModifiers::NONE)));
        keys.extend(end);
        keys
    }

    fn heard(ear: &mut Ear, keys: &[KeyEvent]) -> (Vec<KeyEvent>, Option<Background>) {
        let mut pressed = Vec::new();
        let mut background = None;
        for key in keys {
            match ear.hear(*key) {
                Heard::Keys(keys) => pressed.extend(keys),
                Heard::Background(found) => background = Some(found),
            }
        }
        (pressed, background)
    }

    fn listening() -> Ear {
        let mut ear = Ear::default();
        ear.listen();
        ear
    }

    #[test]
    fn an_answer_is_heard_however_it_ends_and_presses_nothing() {
        let bel = vec![letter('g', KeyModifiers::CONTROL)];
        let st = vec![letter('\\', KeyModifiers::ALT)];
        let st_in_two = vec![KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE), letter('\\', KeyModifiers::NONE)];
        for end in [bel, st, st_in_two] {
            let mut ear = listening();
            assert_eq!(heard(&mut ear, &answer(&end)), (Vec::new(), Some(Background::Light)));
            assert!(!ear.is_listening);
        }
    }

    #[test]
    fn an_answer_whose_escape_came_alone_is_heard_too() {
        let mut keys = answer(&[letter('g', KeyModifiers::CONTROL)]);
        keys[0] = letter(']', KeyModifiers::NONE);
        let escape = KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE);
        keys.insert(0, escape);
        assert_eq!(heard(&mut listening(), &keys), (vec![escape], Some(Background::Light)));
    }

    #[test]
    fn keys_are_pressed_before_and_after_and_where_nothing_was_asked() {
        let keys = [letter('r', KeyModifiers::NONE), letter(']', KeyModifiers::NONE), letter('q', KeyModifiers::NONE)];
        assert_eq!(heard(&mut listening(), &keys), (keys.to_vec(), None));
        let all = answer(&[]);
        assert_eq!(heard(&mut Ear::default(), &all), (all, None));
        let mut ear = listening();
        heard(&mut ear, &answer(&[letter('g', KeyModifiers::CONTROL)]));
        assert_eq!(heard(&mut ear, &keys), (keys.to_vec(), None));
    }

    #[test]
    fn what_only_begins_like_it_is_pressed_after_all() {
        let keys = [letter(']', KeyModifiers::ALT), letter('1', KeyModifiers::NONE), letter('q', KeyModifiers::NONE)];
        assert_eq!(heard(&mut listening(), &keys), (keys.to_vec(), None));
    }

    #[test]
    fn an_answer_that_breaks_off_presses_nothing_but_the_next_key() {
        let mut keys = answer(&[]);
        keys.truncate(12);
        let enter = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
        keys.push(enter);
        let mut ear = listening();
        assert_eq!(heard(&mut ear, &keys), (vec![enter], None));
        let end = [letter('g', KeyModifiers::CONTROL)];
        assert_eq!(heard(&mut ear, &answer(&end)), (Vec::new(), Some(Background::Light)), "a later one still counts");
    }

    #[test]
    fn an_answer_that_never_ends_is_given_up() {
        let mut ear = listening();
        let mut keys = answer(&[]);
        keys.extend("0".repeat(100).chars().map(|digit| letter(digit, KeyModifiers::NONE)));
        assert!(heard(&mut ear, &keys).0.len() > 50);
    }
}
