//! What the gateway says: the last lines of its log, of a level and with words that are looked for.

use std::borrow::Cow;
use std::collections::VecDeque;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::api::Time;
use crate::tui::form::Field;
use crate::tui::keymap::Action;
use crate::tui::layout;
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::theme::Role;

/// How many lines are kept.
pub const LOG_LINES_MAX: usize = 500;

/// How much of the log is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Level {
    /// Everything.
    #[default]
    All,
    /// Warnings and errors.
    Warnings,
    /// Errors alone.
    Errors,
}

impl Level {
    fn next(self) -> Self {
        match self {
            Self::All => Self::Warnings,
            Self::Warnings => Self::Errors,
            Self::Errors => Self::All,
        }
    }

    /// The level that a line names. What names none goes with the rest.
    fn of(line: &str) -> Self {
        let names = |level: &str| line.split_whitespace().take(4).any(|word| word.trim_end_matches(':') == level);
        if names("ERROR") || names("error") {
            Self::Errors
        } else if names("WARN") || names("warning") {
            Self::Warnings
        } else {
            Self::All
        }
    }

    fn role(self) -> Role {
        match self {
            Self::All => Role::Muted,
            Self::Warnings => Role::Waiting,
            Self::Errors => Role::Danger,
        }
    }
}

/// A line whose time is told by the clock alone: nobody reads dates and microseconds here.
fn shortened(line: &str) -> Cow<'_, str> {
    match line.split_once(' ').map(|(time, rest)| (Time::parse(time), rest)) {
        Some((Ok(time), rest)) => Cow::Owned(format!("{} {}", text::clock(time), rest.trim_start())),
        _ => Cow::Borrowed(line),
    }
}

/// The last lines of a log.
#[derive(Debug, Clone, Default)]
pub struct Log {
    lines: VecDeque<String>,
    /// How many lines the end of what is shown is above the last one that passes.
    pub scrolled_back: usize,
    /// How much is shown.
    pub level: Level,
    /// Words that a line must have.
    pub filter: Field,
    /// True while the filter has the keys.
    pub is_filtering: bool,
}

impl Log {
    /// Takes a line.
    pub fn add(&mut self, line: &str) {
        if self.lines.len() == LOG_LINES_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back(line.to_owned());
        // Who reads further up keeps what they read.
        if self.scrolled_back > 0 && self.passes(line) {
            self.scrolled_back += 1;
        }
        self.scroll_to(self.scrolled_back);
    }

    fn passes(&self, line: &str) -> bool {
        let words = self.filter.trimmed().to_lowercase();
        let line_lower = line.to_lowercase();
        Level::of(line) >= self.level && words.split_whitespace().all(|word| line_lower.contains(word))
    }

    /// The lines that are shown, the newest first.
    fn shown(&self) -> impl Iterator<Item = &String> {
        self.lines.iter().rev().filter(|line| self.passes(line))
    }

    /// True where the filter line is on the screen.
    #[must_use]
    pub fn is_filter_shown(&self) -> bool {
        self.is_filtering || !self.filter.text().is_empty()
    }

    fn scroll_to(&mut self, back: usize) {
        self.scrolled_back = back.min(self.shown().count().saturating_sub(1));
    }

    /// What was typed or chosen is another thing now: its newest lines are shown.
    pub fn refilter(&mut self) {
        self.scrolled_back = 0;
    }

    /// Does what a key asks for; false where it is nothing to the log.
    pub fn act(&mut self, action: Action, page: usize) -> bool {
        let back = self.scrolled_back;
        match action {
            Action::Up => self.scroll_to(back + 1),
            Action::Down => self.scroll_to(back.saturating_sub(1)),
            Action::PageUp => self.scroll_to(back + page),
            Action::PageDown => self.scroll_to(back.saturating_sub(page)),
            Action::HalfUp => self.scroll_to(back + page / 2),
            Action::HalfDown => self.scroll_to(back.saturating_sub(page / 2)),
            Action::Top => self.scroll_to(usize::MAX),
            Action::Bottom => self.scroll_to(0),
            Action::LogLevel => {
                self.level = self.level.next();
                self.refilter();
            }
            Action::Filter => self.is_filtering = true,
            Action::Confirm => self.is_filtering = false,
            Action::Back if self.is_filter_shown() => {
                self.filter.set("");
                self.is_filtering = false;
                self.refilter();
            }
            _ => return false,
        }
        true
    }

    /// Draws the pane.
    pub fn draw(&self, shared: &Shared, area: Rect, has_focus: bool, frame: &mut Frame<'_>) {
        let shown = self.shown().count();
        let count = if shown == self.lines.len() {
            text::counted(shown, "line")
        } else {
            format!("{} of {}", text::count(shown), text::counted(self.lines.len(), "line"))
        };
        let mut title = Line::from(shared.span(Role::Strong, "Log"));
        title.push_span(shared.span(Role::Muted, format!("  {count}")));
        match self.level {
            Level::All => {}
            Level::Warnings => title.push_span(shared.span(Role::Waiting, "  warnings and errors")),
            Level::Errors => title.push_span(shared.span(Role::Danger, "  errors alone")),
        }
        let right = if self.scrolled_back == 0 {
            Line::default()
        } else {
            shared.span(Role::Waiting, format!("{} below", text::counted(self.scrolled_back, "line"))).into()
        };
        let inner = layout::pane(shared, area, has_focus, title, right, frame);
        let body = if self.is_filter_shown() {
            layout::filter_line(shared, inner, (&self.filter, self.is_filtering), "words of a line", frame)
        } else {
            inner
        };
        self.draw_lines(shared, layout::inset(body, 1), frame);
    }

    fn draw_lines(&self, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
        let visible = usize::from(area.height);
        let mut rows: Vec<Line<'static>> = Vec::new();
        for line in self.shown().skip(self.scrolled_back) {
            let role = Level::of(line).role();
            let wrapped = text::wrap(&shortened(line), usize::from(area.width));
            rows.extend(wrapped.into_iter().rev().map(|part| Line::from(shared.span(role, part))));
            if rows.len() >= visible {
                break;
            }
        }
        if rows.is_empty() {
            let said = match (self.lines.is_empty(), self.level) {
                (true, _) => "nothing was said yet",
                (false, Level::All) => "no line has these words",
                (false, Level::Warnings | Level::Errors) => "nothing of this level",
            };
            rows.push(shared.span(Role::Muted, said).into());
        }
        rows.truncate(visible);
        for (line, row) in rows.into_iter().rev().zip(layout::rows(area)) {
            frame.render_widget(line, row);
        }
    }
}
