//! All keys, made from the key map, filtered by typing.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::tui::form::Field;
use crate::tui::keymap::{Action, Place, Section};
use crate::tui::layout;
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::theme::Role;

/// The help over a place.
#[derive(Debug, Clone)]
pub struct Help {
    /// Where it was asked for: what works there comes first.
    pub place: Place,
    /// What was typed.
    pub filter: Field,
    /// The first row that is shown.
    pub offset: usize,
}

impl Help {
    /// The help for a place.
    #[must_use]
    pub fn new(place: Place) -> Self {
        Self { place, filter: Field::default(), offset: 0 }
    }

    /// Scrolls.
    pub fn act(&mut self, action: Action, shared: &Shared) {
        let page = usize::from(Self::area(shared).height.saturating_sub(4));
        let last = self.lines(shared).len().saturating_sub(page);
        self.offset = match action {
            Action::Up => self.offset.saturating_sub(1),
            Action::Down => self.offset + 1,
            Action::PageUp => self.offset.saturating_sub(page),
            Action::PageDown => self.offset + page,
            _ => self.offset,
        }
        .min(last);
    }

    /// Types into the filter.
    pub fn edit(&mut self, key: &KeyEvent) {
        if self.filter.edit(key) {
            self.offset = 0;
        }
    }

    fn area(shared: &Shared) -> Rect {
        let area = Rect::new(0, 1, shared.size.0, shared.size.1.saturating_sub(2));
        layout::centered(area, 84, area.height.saturating_sub(2))
    }

    fn lines(&self, shared: &Shared) -> Vec<Line<'static>> {
        let mut lines = Vec::new();
        let here = |section: Option<Section>| {
            let mut rows: Vec<(String, &'static str)> = Vec::new();
            for (binding, place, keys) in shared.keymap.all() {
                let own = shared.keymap.keys_in(binding.name, self.place);
                let is_here = !binding.places.is_empty() && binding.works_in(self.place);
                if place.is_some() || (is_here && own.is_empty()) {
                    continue;
                }
                let keys = if binding.works_in(self.place) { own.as_slice() } else { keys };
                let wanted = section.map_or(is_here, |section| !is_here && binding.section == section);
                let keys = keys.iter().map(|key| shared.keymap.label(*key)).collect::<Vec<_>>().join(" ");
                let wanted =
                    wanted && matches(self.filter.trimmed(), &keys, &format!("{} {}", binding.help, binding.name));
                if wanted && !rows.iter().any(|(_, help)| *help == binding.help) {
                    rows.push((keys, binding.help));
                }
            }
            rows
        };
        let parts = std::iter::once((None, "Here")).chain(Section::ALL.map(|section| (Some(section), section.title())));
        for (section, title) in parts {
            let rows = here(section);
            if rows.is_empty() {
                continue;
            }
            if !lines.is_empty() {
                lines.push(Line::default());
            }
            lines.push(Line::from(shared.span(Role::Strong, title)));
            for (keys, help) in rows {
                lines.push(Line::from(vec![
                    shared.span(Role::Accent, format!("  {}", text::fit(&keys, 18))),
                    shared.span(Role::Text, help),
                ]));
            }
        }
        lines
    }

    /// Draws it in the middle.
    pub fn draw(&self, shared: &Shared, _area: Rect, frame: &mut Frame<'_>) {
        let place = Self::area(shared);
        let title = Line::from(shared.span(Role::Strong, "Keys"));
        let right = Line::from(shared.span(Role::Muted, concat!("repoint ", env!("CARGO_PKG_VERSION"))));
        let inner = layout::inset(layout::popup(shared, place, title, right, frame), 1);
        let mut rows = layout::rows(inner);
        if let Some(row) = rows.next() {
            frame.render_widget(shared.span(Role::Accent, "/ "), row);
            let field = Rect::new(row.x + 2, row.y, row.width.saturating_sub(2), 1);
            self.filter.draw(shared, field, true, "type to find a key", frame);
        }
        rows.next();
        let lines = self.lines(shared);
        if lines.is_empty() {
            if let Some(row) = rows.next() {
                frame.render_widget(shared.span(Role::Muted, "no key does that"), row);
            }
            return;
        }
        for (line, row) in lines.into_iter().skip(self.offset).zip(rows) {
            frame.render_widget(line, row);
        }
    }
}

fn matches(filter: &str, keys: &str, help: &str) -> bool {
    let help = help.to_lowercase();
    filter.split_whitespace().all(|word| help.contains(&word.to_lowercase()) || keys.split(' ').any(|key| key == word))
}
