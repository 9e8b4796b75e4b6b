//! A text to read, to scroll and to copy: JSON, a command, the log, past notices.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::layout;
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::theme::Role;

/// A line with its meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderLine {
    /// How it looks.
    pub role: Role,
    /// What it says.
    pub text: String,
}

/// A text on top of everything.
#[derive(Debug, Clone)]
pub struct Reader {
    /// What it is.
    pub title: String,
    /// Its lines; longer ones are wrapped.
    pub lines: Vec<ReaderLine>,
    /// The first row that is shown.
    pub offset: usize,
}

impl Reader {
    /// A text of plain lines.
    #[must_use]
    pub fn new(title: impl Into<String>, text: &str) -> Self {
        let lines = text.lines().map(|line| ReaderLine { role: Role::Text, text: line.to_owned() }).collect();
        Self { title: title.into(), lines, offset: 0 }
    }

    /// Everything that is shown, to be copied.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            text.push_str(&line.text);
            text.push('\n');
        }
        text
    }

    /// Scrolls or copies.
    pub fn act(&mut self, action: Action, shared: &Shared) -> Vec<Effect> {
        let page = usize::from(Self::place(shared.size).height.saturating_sub(2));
        let last = self.rows(shared).len().saturating_sub(page);
        self.offset = match action {
            Action::Up => self.offset.saturating_sub(1),
            Action::Down => self.offset + 1,
            Action::PageUp => self.offset.saturating_sub(page),
            Action::PageDown => self.offset + page,
            Action::HalfUp => self.offset.saturating_sub(page / 2),
            Action::HalfDown => self.offset + page / 2,
            Action::Top => 0,
            Action::Bottom => last,
            Action::Copy => return vec![Effect::Copy(self.text())],
            _ => self.offset,
        }
        .min(last);
        Vec::new()
    }

    fn place(size: (u16, u16)) -> Rect {
        let area = Rect::new(0, 2, size.0, size.1.saturating_sub(3));
        layout::centered(area, area.width.saturating_sub(8).min(110), area.height.saturating_sub(2))
    }

    fn rows(&self, shared: &Shared) -> Vec<(Role, String)> {
        let columns = usize::from(Self::place(shared.size).width.saturating_sub(4));
        self.lines
            .iter()
            .flat_map(|line| {
                let indent = line.text.len() - line.text.trim_start_matches(' ').len();
                let indent = indent.min(columns / 2);
                text::wrap(&line.text[indent..], columns - indent)
                    .into_iter()
                    .map(move |row| (line.role, format!("{}{row}", " ".repeat(indent))))
            })
            .collect()
    }

    /// Draws it in the middle.
    pub fn draw(&self, shared: &Shared, _area: Rect, frame: &mut Frame<'_>) {
        let place = Self::place(shared.size);
        let rows = self.rows(shared);
        let visible = usize::from(place.height.saturating_sub(2));
        let right = if rows.len() > visible {
            let last = (self.offset + visible).min(rows.len());
            Line::from(shared.span(Role::Muted, format!("{}–{last} of {}", self.offset + 1, rows.len())))
        } else {
            Line::default()
        };
        let title = Line::from(shared.span(Role::Strong, text::clean(&self.title).into_owned()));
        let inner = layout::popup(shared, place, title, right, frame);
        let lines: Vec<Line<'_>> = rows
            .into_iter()
            .skip(self.offset)
            .take(visible)
            .map(|(role, row)| Line::from(shared.span(role, row)))
            .collect();
        frame.render_widget(Paragraph::new(lines), layout::inset(inner, 1));
    }
}
