//! Filters that were kept, to be taken up again.

use crate::tui::keymap::Action;

/// How many are remembered.
const PAST_MAX: usize = 50;

/// What was kept with Enter, the latest last.
#[derive(Debug, Clone, Default)]
pub struct Recall {
    past: Vec<String>,
    /// Which one stands in the field, counted from the latest; `None` while something else is typed.
    at: Option<usize>,
}

impl Recall {
    /// Remembers a filter.
    pub fn keep(&mut self, text: &str) {
        self.at = None;
        if text.is_empty() {
            return;
        }
        self.past.retain(|past| past != text);
        self.past.push(text.to_owned());
        if self.past.len() > PAST_MAX {
            self.past.remove(0);
        }
    }

    /// Something else is typed.
    pub fn leave(&mut self) {
        self.at = None;
    }

    /// The filter before or after the one that stands in the field. `None` where the key moves in the list instead:
    /// something was typed, or nothing is remembered.
    pub fn step(&mut self, action: Action, typed: &str) -> Option<String> {
        let latest = self.past.len().checked_sub(1)?;
        let at = match (action, self.at) {
            (Action::Up, None) if typed.is_empty() => Some(0),
            (Action::Up, Some(at)) => Some((at + 1).min(latest)),
            (Action::Down, Some(at)) => at.checked_sub(1),
            _ => return None,
        };
        self.at = at;
        Some(at.and_then(|at| self.past.get(latest - at)).cloned().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn up_goes_back_and_down_comes_forth_to_the_empty_field() {
        let mut recall = Recall::default();
        assert_eq!(recall.step(Action::Up, ""), None);
        recall.keep("one");
        recall.keep("two");
        recall.keep("one");
        assert_eq!(recall.step(Action::Up, "").as_deref(), Some("one"));
        assert_eq!(recall.step(Action::Up, "one").as_deref(), Some("two"));
        assert_eq!(recall.step(Action::Up, "two").as_deref(), Some("two"));
        assert_eq!(recall.step(Action::Down, "two").as_deref(), Some("one"));
        assert_eq!(recall.step(Action::Down, "one").as_deref(), Some(""));
        assert_eq!(recall.step(Action::Down, ""), None);
    }

    #[test]
    fn what_is_typed_keeps_the_arrows_for_the_list() {
        let mut recall = Recall::default();
        recall.keep("one");
        assert_eq!(recall.step(Action::Up, "typed"), None);
        recall.step(Action::Up, "");
        recall.leave();
        assert_eq!(recall.step(Action::Up, "onex"), None);
    }
}
