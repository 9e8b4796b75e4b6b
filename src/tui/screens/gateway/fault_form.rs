//! How much of a fault, for which share of the requests, for how long.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::switchboard::percent;
use crate::api::Fault;
use crate::tui::faults::{self, EVERY_MODEL, EXPIRES_MAX, Kind, Switch};
use crate::tui::form::Field;
use crate::tui::keymap::Action;
use crate::tui::layout;
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::theme::Role;

const LABEL: u16 = 15;

/// What a line of the form is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Amount { least: u64, most: u64 },
    Share,
    Seconds,
}

/// A line of the form.
#[derive(Debug, Clone)]
struct Entry {
    what: What,
    label: &'static str,
    hint: &'static str,
    field: Field,
}

/// The form.
#[derive(Debug, Clone)]
pub struct FaultForm {
    model: String,
    kind: Kind,
    entries: Vec<Entry>,
    focus: usize,
}

impl FaultForm {
    /// For the switch of a kind at a model, as it is now.
    #[must_use]
    pub fn new(model: &str, kind: Kind, now: Option<&Fault>) -> Self {
        let amount = now.map_or_else(|| faults::amount_of(kind.usual()), |fault| faults::amount_of(fault.kind));
        let share = now.map_or(1.0, |fault| fault.share);
        let entry = |what, label, hint, text: &str| Entry { what, label, hint, field: Field::new(text) };
        let mut entries = Vec::new();
        if let Some((label, least, most)) = kind.amount() {
            entries.push(entry(What::Amount { least, most }, label, "", &amount.to_string()));
        }
        entries.push(entry(What::Share, "Share in %", "100", percent(share).trim_end_matches(" %")));
        entries.push(entry(What::Seconds, "Ends after s", "stays on until it is switched off", ""));
        Self { model: model.to_owned(), kind, entries, focus: 0 }
    }

    /// Does what a key asks for. The switch to press, where it was the last Enter and nothing is wrong.
    pub fn act(&mut self, action: Action) -> Option<Switch> {
        let last = self.entries.len() - 1;
        match action {
            Action::Up | Action::PreviousPane => self.focus = self.focus.checked_sub(1).unwrap_or(last),
            Action::Down | Action::NextPane => self.focus = if self.focus == last { 0 } else { self.focus + 1 },
            Action::Confirm if self.focus < last => self.focus += 1,
            Action::Confirm => return self.switch(),
            _ => {}
        }
        None
    }

    /// What is typed, as a switch that is on. What is wrong is marked.
    pub fn switch(&mut self) -> Option<Switch> {
        let mut fault = faults::always(&self.model, self.kind.usual());
        for (place, entry) in self.entries.iter_mut().enumerate() {
            let typed = entry.field.trimmed().to_owned();
            let taken = match entry.what {
                What::Amount { least, most } => whole(&typed, least, most).map(|amount| {
                    fault.kind = self.kind.with(amount);
                }),
                What::Share => share(&typed).map(|share| fault.share = share),
                What::Seconds if typed.is_empty() => Ok(()),
                What::Seconds => whole(&typed, 1, EXPIRES_MAX).map(|seconds| fault.expires_in_seconds = Some(seconds)),
            };
            entry.field.problem = taken.err();
            if entry.field.problem.is_some() {
                self.focus = place;
                return None;
            }
        }
        Some(Switch::Set { model: self.model.clone(), kind: self.kind, fault: Some(Box::new(fault)) })
    }

    fn field(&mut self) -> Option<&mut Field> {
        self.entries.get_mut(self.focus).map(|entry| &mut entry.field)
    }

    /// Types into the line that has the keys.
    pub fn edit(&mut self, key: &KeyEvent) {
        if let Some(field) = self.field()
            && field.edit(key)
        {
            field.problem = None;
        }
    }

    /// Takes what was pasted into it.
    pub fn paste(&mut self, pasted: &str) {
        if let Some(field) = self.field()
            && field.paste(pasted)
        {
            field.problem = None;
        }
    }

    /// Draws the form in the middle.
    pub fn draw(&self, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
        let rows = u16::try_from(self.entries.len()).unwrap_or(3) + 6;
        let place = layout::centered(area, 64, rows);
        let of = if self.model == EVERY_MODEL { "every model" } else { self.model.as_str() };
        let title = format!("Fault “{}” of {}", self.kind.heading(), text::cut(of, 36));
        let title = shared.span(Role::Strong, title);
        let inner = layout::inset(layout::popup(shared, place, title.into(), Line::default(), frame), 1);
        for ((index, entry), row) in self.entries.iter().enumerate().zip(layout::rows(inner).skip(1)) {
            let has_focus = index == self.focus;
            frame.render_widget(shared.span(if has_focus { Role::Accent } else { Role::Muted }, entry.label), row);
            let input = Rect { x: row.x + LABEL, width: row.width.saturating_sub(LABEL), ..row };
            entry.field.draw(shared, input, has_focus, entry.hint, frame);
        }
        let problem = self.entries.iter().find_map(|entry| entry.field.problem.as_ref());
        let (role, said) = match problem {
            Some(problem) => (Role::Danger, format!("✗ {problem}")),
            None => (Role::Muted, format!("usually {}, at every request", faults::effect(self.kind.usual()))),
        };
        let row = layout::rows(inner).nth(self.entries.len() + 2);
        if let Some(row) = row {
            frame.render_widget(shared.span(role, text::cut(&said, usize::from(row.width)).into_owned()), row);
        }
    }
}

fn whole(typed: &str, least: u64, most: u64) -> Result<u64, String> {
    let number = typed.parse::<u64>().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("a whole number from {least} to {most}"))
}

fn share(typed: &str) -> Result<f64, String> {
    let number = typed.trim_end_matches('%').trim().parse::<f64>().ok();
    let number = number.filter(|number| *number > 0.0 && *number <= 100.0);
    number.map(|number| number / 100.0).ok_or_else(|| "a share above 0 and at most 100 %".to_owned())
}
