//! The screen before any gateway: start a local one, or connect with a URL and a key.
//!
//! ```text
//!          ●───┬─╳
//!              └─▶   repoint
//!
//!   ▌ Start a local gateway        nothing else is needed; its data stays here
//!     Connect with a URL and a key
//! ```

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use secrecy::SecretString;

use crate::tui::effect::{Effect, TypedKey};
use crate::tui::form::Field;
use crate::tui::keymap::{Action, Place};
use crate::tui::layout;
use crate::tui::session::{Connection, ContextKind, Shared};
use crate::tui::text;
use crate::tui::theme::Role;

/// The rows of the sign over the choices.
const HEAD_ROWS: u16 = 3;

/// What can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// One of the contexts that are known, by its place; the local gateway among them.
    Context(usize),
    /// A URL and a key are typed.
    Connect,
}

/// Which field of the form has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// Something is chosen, nothing is typed.
    Choices,
    /// The address.
    Url,
    /// The key.
    Key,
}

/// What was chosen and typed so far.
#[derive(Debug, Clone)]
pub struct Welcome {
    /// The choice under the cursor.
    pub cursor: usize,
    /// What has the keys.
    pub focus: Focus,
    /// The address.
    pub url: Field,
    /// The key, shown as dots.
    pub key: Field,
}

impl Default for Welcome {
    fn default() -> Self {
        Self { cursor: 0, focus: Focus::Choices, url: Field::default(), key: Field::secret() }
    }
}

/// What can be chosen, in its order: the local gateway, another address, then the contexts of the configuration.
#[must_use]
pub fn choices(shared: &Shared) -> Vec<Choice> {
    let contexts = |wanted: fn(ContextKind) -> bool| {
        let all = shared.contexts.iter().enumerate();
        all.filter(move |(_, context)| wanted(context.kind)).map(|(index, _)| Choice::Context(index))
    };
    let local = contexts(|kind| kind == ContextKind::Local);
    let others = contexts(|kind| kind != ContextKind::Local);
    local.chain([Choice::Connect]).chain(others).collect()
}

impl Welcome {
    /// The form, ready for an address.
    #[must_use]
    pub fn form() -> Self {
        Self { focus: Focus::Url, cursor: 1, ..Self::default() }
    }

    /// What has the keys.
    #[must_use]
    pub fn place(&self) -> Place {
        if self.focus == Focus::Choices { Place::Welcome } else { Place::WelcomeForm }
    }

    /// What the cursor stands on.
    #[must_use]
    pub fn chosen(&self, shared: &Shared) -> Option<Choice> {
        choices(shared).get(self.cursor).copied()
    }

    /// Does what a key asks for.
    pub fn act(&mut self, action: Action, shared: &mut Shared) -> Vec<Effect> {
        let last = choices(shared).len().saturating_sub(1);
        match (self.focus, action) {
            (Focus::Choices, Action::Up) => self.cursor = self.cursor.saturating_sub(1),
            (Focus::Choices, Action::Down) => self.cursor = (self.cursor + 1).min(last),
            (Focus::Choices, Action::Confirm) if self.chosen(shared) == Some(Choice::Connect) => {
                self.focus = Focus::Url;
            }
            (Focus::Url | Focus::Key, Action::Back) => self.focus = Focus::Choices,
            (Focus::Url, Action::Confirm | Action::NextPane | Action::PreviousPane | Action::Down) => {
                self.check();
                if self.url.problem.is_none() || action != Action::Confirm {
                    self.focus = Focus::Key;
                }
            }
            (Focus::Key, Action::NextPane | Action::PreviousPane | Action::Up) => self.focus = Focus::Url,
            (Focus::Key, Action::Confirm) => return self.connect(shared),
            _ => {}
        }
        Vec::new()
    }

    fn connect(&mut self, shared: &mut Shared) -> Vec<Effect> {
        self.check();
        if self.url.problem.is_some() {
            self.focus = Focus::Url;
            return Vec::new();
        }
        if self.key.trimmed().is_empty() {
            self.key.problem = Some("a key is needed".to_owned());
            return Vec::new();
        }
        let ticket = shared.ticket();
        shared.opening = Some(ticket);
        shared.connection = Connection::Opening;
        let key = TypedKey(SecretString::from(self.key.trimmed()));
        vec![Effect::OpenTyped { ticket, url: self.url.trimmed().to_owned(), key }]
    }

    fn check(&mut self) {
        self.url.problem = match url::Url::parse(self.url.trimmed()) {
            Ok(url) if matches!(url.scheme(), "https" | "http") && url.has_host() => None,
            Ok(_) => Some("the address must start with https://".to_owned()),
            Err(_) => Some("this is no address; it looks like https://gateway.example.com".to_owned()),
        };
    }

    /// Types into the field that has the keys.
    pub fn edit(&mut self, key: &KeyEvent) {
        if let Some(field) = self.field()
            && field.edit(key)
        {
            field.problem = None;
        }
    }

    /// Takes what was pasted.
    pub fn paste(&mut self, text: &str) {
        if let Some(field) = self.field()
            && field.paste(text.trim())
        {
            field.problem = None;
        }
    }

    fn field(&mut self) -> Option<&mut Field> {
        match self.focus {
            Focus::Choices => None,
            Focus::Url => Some(&mut self.url),
            Focus::Key => Some(&mut self.key),
        }
    }

    fn rect(shared: &Shared, area: Rect) -> Rect {
        let rows = u16::try_from(choices(shared).len()).unwrap_or(u16::MAX).saturating_add(15);
        layout::centered(area, area.width.saturating_sub(4).min(84), rows.min(area.height))
    }

    /// The mouse pressed there: that choice is selected. False where there is none.
    pub fn press(&mut self, shared: &Shared, area: Rect, at: Position) -> bool {
        let place = Self::rect(shared, area);
        let row = at.y.checked_sub(place.y + HEAD_ROWS).map(usize::from);
        let found = row.filter(|row| place.contains(at) && *row < choices(shared).len());
        if let Some(row) = found {
            self.cursor = row;
            self.focus = Focus::Choices;
        }
        found.is_some()
    }

    /// Draws the screen.
    pub fn draw(&self, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
        let choices = choices(shared);
        let place = Self::rect(shared, area);
        let mut rows = layout::rows(place);
        let mut put = |line: Line<'static>, frame: &mut Frame<'_>| {
            if let Some(row) = rows.next() {
                frame.render_widget(line, row);
            }
        };
        put(Line::from(vec![shared.span(Role::Accent, "  ●───┬"), shared.span(Role::Danger, "─╳")]), frame);
        put(
            Line::from(vec![
                shared.span(Role::Accent, "      └─▶   re"),
                shared.span(Role::Strong, "point"),
                shared.span(Role::Muted, "   see, re-point and try the endpoints of a gateway"),
            ]),
            frame,
        );
        put(Line::default(), frame);
        for (index, choice) in choices.iter().enumerate() {
            let is_selected = index == self.cursor;
            if let Some(row) = rows.next() {
                frame.render_widget(choice_line(shared, *choice, is_selected), row);
                if is_selected {
                    frame.buffer_mut().set_style(row, shared.theme.selection(self.focus == Focus::Choices));
                }
            }
        }
        let top = rows.next().map_or(place.bottom(), |row| row.y + 1);
        let rest = Rect { y: top, height: place.bottom().saturating_sub(top), ..place };
        if let Some(row) = layout::rows(rest).last().filter(|_| self.focus == Focus::Choices) {
            let tour = format!("  {} shows you around", shared.keymap.shown(Action::Tour));
            frame.render_widget(shared.span(Role::Muted, tour), row);
        }
        if self.focus != Focus::Choices {
            self.draw_form(shared, rest, frame);
        } else if let Connection::Failed(failure) = &shared.connection {
            draw_failure(shared, failure, rest, frame);
        }
    }

    fn draw_form(&self, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
        let mut rows = layout::rows(area);
        for (label, field, focus, placeholder) in [
            ("Address", &self.url, Focus::Url, "https://api.baseten.co"),
            ("Key", &self.key, Focus::Key, "a workspace key with management scope"),
        ] {
            let Some(row) = rows.next() else { return };
            let has_focus = self.focus == focus;
            let mark = if has_focus { "▸ " } else { "  " };
            let role = if has_focus { Role::Accent } else { Role::Muted };
            let lead = Line::from(vec![shared.span(Role::Accent, mark), shared.span(role, label)]);
            frame.render_widget(lead, row);
            let value = Rect { x: row.x + 12, width: row.width.saturating_sub(12), ..row };
            field.draw(shared, value, has_focus, placeholder, frame);
            if let Some(problem) = &field.problem {
                let Some(row) = rows.next() else { return };
                let row = Rect { x: row.x + 12, width: row.width.saturating_sub(12), ..row };
                frame.render_widget(shared.span(Role::Danger, format!("✗ {problem}")), row);
            }
        }
        rows.next();
        let Some(row) = rows.next() else { return };
        let said = "The key stays in memory. Nothing is sent before you confirm.";
        frame.render_widget(shared.span(Role::Muted, said), Rect { x: row.x + 2, ..row });
        rows.next();
        if let (Connection::Failed(failure), Some(row)) = (&shared.connection, rows.next()) {
            draw_failure(shared, failure, Rect { height: area.bottom().saturating_sub(row.y), ..row }, frame);
        }
    }
}

fn draw_failure(shared: &Shared, failure: &crate::tui::load::Failure, area: Rect, frame: &mut Frame<'_>) {
    let columns = usize::from(area.width.saturating_sub(4));
    let mut lines: Vec<(Role, String)> = Vec::new();
    lines.extend(text::wrap(&format!("✗ {}", failure.message), columns).into_iter().map(|line| (Role::Danger, line)));
    if let Some(hint) = &failure.hint {
        lines.extend(text::wrap(&format!("hint: {hint}"), columns).into_iter().map(|line| (Role::Muted, line)));
    }
    for ((role, line), row) in lines.into_iter().zip(layout::rows(layout::inset(area, 2))) {
        frame.render_widget(shared.span(role, line), row);
    }
}

fn choice_line(shared: &Shared, choice: Choice, is_selected: bool) -> Line<'static> {
    let (name, said) = match choice {
        Choice::Connect => ("Connect with a URL and a key".to_owned(), "Baseten's, or any of the same API".to_owned()),
        Choice::Context(index) => match shared.contexts.get(index) {
            Some(context) if context.kind == ContextKind::Local => {
                ("Start a local gateway".to_owned(), "needs nothing else; its data stays here".to_owned())
            }
            Some(context) => {
                let note = if context.is_protected { ", protected" } else { "" };
                (format!("Open {}", context.name), format!("{}{note}", context.address))
            }
            None => (String::new(), String::new()),
        },
    };
    Line::from(vec![
        shared.span(Role::Accent, if is_selected { "▌ " } else { "  " }),
        shared.span(if is_selected { Role::Strong } else { Role::Text }, text::fit(&name, 32)),
        Span::raw(" "),
        shared.span(Role::Muted, text::cut(&said, 46).into_owned()),
    ])
}
