//! The bottom line: what works here and now, as much of it as fits; `?` always. The mouse asks the same layout.
//!
//! ```text
//!  ↵ focus   r re-point   n new   e edit   d delete   / filter   …                                 ? help
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::tui::app::{Availability, Model, available};
use crate::tui::keymap::Action;
use crate::tui::layout::Breadth;
use crate::tui::text;
use crate::tui::theme::Role;

/// A hint, and where it stands.
#[derive(Debug, Clone)]
struct Hint {
    action: Option<Action>,
    spans: Vec<Span<'static>>,
    /// Its first column, counted from the left of the line.
    left: u16,
    width: u16,
}

impl Hint {
    fn new(action: Option<Action>, spans: Vec<Span<'static>>) -> Self {
        let width = spans.iter().map(Span::width).sum::<usize>();
        Self { action, spans, left: 0, width: u16::try_from(width).unwrap_or(u16::MAX) }
    }
}

/// Draws the line.
pub(super) fn draw(model: &Model, area: Rect, frame: &mut Frame<'_>) {
    for hint in laid(model, area.width) {
        let place = Rect { x: area.x + hint.left, width: hint.width, ..area };
        frame.render_widget(ratatui::text::Line::from(hint.spans), place.intersection(area));
    }
}

/// The action whose hint stands at this column of the line.
#[must_use]
pub fn action_at(model: &Model, columns: u16, column: u16) -> Option<Action> {
    let is_there = |hint: &Hint| (hint.left..hint.left + hint.width).contains(&column);
    laid(model, columns).into_iter().find(is_there)?.action
}

/// The hints that fit, each at its place.
fn laid(model: &Model, columns: u16) -> Vec<Hint> {
    let (mut hints, help) = hints(model);
    let gap = if Breadth::of(columns) == Breadth::Narrow { 2 } else { 3 };
    let room = columns.saturating_sub(help.as_ref().map_or(0, |help| help.width + 1) + 2);
    let mut left = 1;
    let mut fits = 0;
    let count = hints.len();
    for (index, hint) in hints.iter_mut().enumerate() {
        let more = if index + 1 < count { 2 } else { 0 };
        if left + hint.width + more > room {
            break;
        }
        hint.left = left;
        left += hint.width + gap;
        fits += 1;
    }
    if fits < count {
        hints.truncate(fits);
        let ellipsis = Span::styled(text::ELLIPSIS, model.shared.theme.style(Role::Faint));
        hints.push(Hint { left, ..Hint::new(None, vec![ellipsis]) });
    }
    hints.extend(help.map(|help| Hint { left: columns.saturating_sub(help.width + 1), ..help }));
    hints
}

/// What works here, in the order of the table, and the way to the help.
fn hints(model: &Model) -> (Vec<Hint>, Option<Hint>) {
    let shared = &model.shared;
    let mut help = None;
    let mut hints: Vec<Hint> = Vec::new();
    let place = model.place();
    for (binding, key) in shared.keymap.bindings(place) {
        // Nobody quits or looks about in the middle of a change; the keys work, and `?` names them.
        let is_out_of_place = match binding.action {
            Action::Quit => !place.is_browsing(),
            Action::Palette => place.takes_text() || place.holds_draft(),
            _ => false,
        };
        let is_known = hints.iter().any(|hint| hint.action == Some(binding.action));
        if binding.hint.is_empty() || is_known || is_out_of_place {
            continue;
        }
        let (key_role, role) = match available(model, binding.action) {
            Availability::Yes => (Role::Accent, Role::Muted),
            Availability::No(_) => (Role::Faint, Role::Faint),
            Availability::Hidden => continue,
        };
        let key = shared.span(key_role, format!("{} ", shared.keymap.label(key)));
        let hint = Hint::new(Some(binding.action), vec![key, shared.span(role, binding.hint)]);
        if binding.action == Action::Help {
            help = Some(hint);
        } else {
            hints.push(hint);
        }
    }
    (hints, help)
}
