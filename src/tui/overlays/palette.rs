//! Every action by its name (`:`), found by typing.
//!
//! ```text
//! ╭ Run ────────────────────────────────────────── 2 actions ╮
//! │ : repoint                                                │
//! │                                                          │
//! │ ▌ re-point      Re-point: choose another target        r │
//! │   gateway-stop  Stop the local gateway    the Gateway tab │
//! ╰──────────────────────────────────────────────────────────╯
//! ```
//!
//! What can be run is found out once, when it opens, by `app`; what is run is looked at once more there.

use crossterm::event::KeyEvent;
use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;

use crate::tui::form::Field;
use crate::tui::keymap::{Action, Section};
use crate::tui::layout;
use crate::tui::session::Shared;
use crate::tui::text;
use crate::tui::theme::Role;

/// How many rows are shown at most, so that what is beneath stays in sight.
const ROWS_MAX: u16 = 18;
const COLUMNS_MAX: u16 = 96;
/// A match in the name is worth so much more than one in the sentence.
const NAME_BONUS: u32 = 256;

/// An action that has a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it does.
    pub action: Action,
    /// What it is called.
    pub name: &'static str,
    /// What it does, as a sentence.
    pub help: &'static str,
    /// Where it stands in the help.
    pub section: Section,
    /// Its keys.
    pub keys: String,
    /// Why it cannot be run here and now.
    pub reason: Option<String>,
}

/// The palette over a place.
#[derive(Debug, Clone)]
pub struct Palette {
    /// What was typed.
    pub typed: Field,
    entries: Vec<Entry>,
    /// What is shown, the best first; by place in `entries`.
    shown: Vec<usize>,
    cursor: usize,
    offset: usize,
}

impl Palette {
    /// A palette of these actions. What was run before comes first, the latest at the top.
    #[must_use]
    pub fn new(mut entries: Vec<Entry>, recent: &[&'static str]) -> Self {
        let last = |entry: &Entry| match entry.section {
            Section::Moving => 1,
            Section::Endpoints
            | Section::Board
            | Section::Groups
            | Section::Traffic
            | Section::History
            | Section::Panes
            | Section::Gateway
            | Section::Everywhere => 0,
        };
        let place = |entry: &Entry| recent.iter().position(|name| *name == entry.name).unwrap_or(usize::MAX);
        entries.sort_by_key(|entry| (entry.reason.is_some(), place(entry), last(entry)));
        let mut palette = Self { typed: Field::default(), entries, shown: Vec::new(), cursor: 0, offset: 0 };
        palette.find();
        palette
    }

    /// The selected action.
    #[must_use]
    pub fn chosen(&self) -> Option<&Entry> {
        self.entries.get(*self.shown.get(self.cursor)?)
    }

    /// The names that are shown, the best first.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.shown.iter().filter_map(|index| self.entries.get(*index)).map(|entry| entry.name)
    }

    /// Moves the cursor, or completes the name.
    pub fn act(&mut self, action: Action, shared: &Shared) {
        if action == Action::Complete {
            if let Some(name) = self.chosen().map(|entry| entry.name) {
                self.typed.set(name);
                self.find();
            }
            return;
        }
        let page = Self::visible(shared);
        let last = self.shown.len().saturating_sub(1);
        self.cursor = match action {
            Action::Up => self.cursor.checked_sub(1).unwrap_or(last),
            Action::Down => {
                if self.cursor < last {
                    self.cursor + 1
                } else {
                    0
                }
            }
            Action::PageUp => self.cursor.saturating_sub(page),
            Action::PageDown => (self.cursor + page).min(last),
            _ => self.cursor,
        };
        self.offset = layout::scroll_to(self.cursor, self.offset, page, self.shown.len());
    }

    /// The mouse pressed there: the action of that row is selected. False where there is none.
    pub fn press(&mut self, shared: &Shared, at: Position) -> bool {
        let area = Self::area(shared);
        let row = at.y.checked_sub(area.y + 3).map(|row| self.offset + usize::from(row));
        let found = row.filter(|row| area.contains(at) && at.y + 1 < area.bottom() && *row < self.shown.len());
        self.cursor = found.unwrap_or(self.cursor);
        found.is_some()
    }

    /// Types into the field.
    pub fn edit(&mut self, key: &KeyEvent) {
        if self.typed.edit(key) {
            self.find();
        }
    }

    /// Takes what was pasted.
    pub fn paste(&mut self, pasted: &str) {
        if self.typed.paste(pasted) {
            self.find();
        }
    }

    fn find(&mut self) {
        self.cursor = 0;
        self.offset = 0;
        let words: Vec<Atom> = self.words();
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut rated: Vec<((bool, bool, u32), usize)> = self
            .entries
            .iter()
            .enumerate()
            .filter_map(|(index, entry)| {
                let bonus = match entry.name.strip_prefix(self.typed.trimmed()) {
                    Some("") => 2 * NAME_BONUS,
                    Some(_) if !words.is_empty() => NAME_BONUS,
                    Some(_) | None => 0,
                };
                let rate: Option<u32> = words.iter().map(|word| rate(word, entry, &mut matcher)).sum();
                // What is called so comes first, also where it cannot be done: its reason is the answer then.
                Some(((bonus > 0, entry.reason.is_none(), rate? + bonus), index))
            })
            .collect();
        rated.sort_by_key(|(rate, index)| (std::cmp::Reverse(*rate), *index));
        self.shown = rated.into_iter().map(|(_, index)| index).collect();
    }

    fn words(&self) -> Vec<Atom> {
        let atom = |word| Atom::new(word, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy, false);
        self.typed.text().split_whitespace().map(atom).collect()
    }

    /// What is missing of the name, where what was typed is its beginning.
    fn ghost(&self) -> &'static str {
        let typed = self.typed.text();
        let missing = self.chosen().and_then(|entry| entry.name.strip_prefix(typed));
        missing.filter(|_| !typed.is_empty()).unwrap_or_default()
    }

    fn area(shared: &Shared) -> Rect {
        let body = Rect::new(0, 2, shared.size.0, shared.size.1.saturating_sub(3));
        let rows = body.height.saturating_sub(2).min(ROWS_MAX + 4);
        let mut area = layout::centered(body, body.width.saturating_sub(4).min(COLUMNS_MAX), rows);
        // In the upper part: the list below keeps its place while it grows shorter.
        area.y = body.y + (body.height - rows).min(2) / 2;
        area
    }

    fn visible(shared: &Shared) -> usize {
        usize::from(Self::area(shared).height.saturating_sub(4))
    }

    /// Draws it in the upper middle.
    pub fn draw(&self, shared: &Shared, _area: Rect, frame: &mut Frame<'_>) {
        let title = Line::from(shared.span(Role::Strong, "Run"));
        let count = text::counted(self.shown.len(), "action");
        let right = Line::from(shared.span(Role::Muted, count));
        let inner = layout::inset(layout::popup(shared, Self::area(shared), title, right, frame), 1);
        let mut rows = layout::rows(inner);
        if let Some(row) = rows.next() {
            self.draw_field(shared, row, frame);
        }
        rows.next();
        if self.shown.is_empty() {
            if let Some(row) = rows.next() {
                frame.render_widget(shared.span(Role::Muted, "no action is called so"), row);
            }
            return;
        }
        let names = self.shown.iter().filter_map(|index| self.entries.get(*index));
        let widest = names.map(|entry| entry.name.len()).max().unwrap_or(0);
        let words = self.words();
        for (place, row) in (self.offset..self.shown.len()).zip(rows) {
            let Some(entry) = self.shown.get(place).and_then(|index| self.entries.get(*index)) else { continue };
            let is_selected = place == self.cursor;
            frame.render_widget(line(shared, entry, &words, widest, usize::from(row.width), is_selected), row);
            if is_selected {
                frame.buffer_mut().set_style(row, shared.theme.selection(true));
            }
        }
    }

    fn draw_field(&self, shared: &Shared, row: Rect, frame: &mut Frame<'_>) {
        frame.render_widget(shared.span(Role::Accent, ": "), row);
        let field = Rect { x: row.x + 2, width: row.width.saturating_sub(2), ..row };
        self.typed.draw(shared, field, true, "type the name of an action", frame);
        let used = u16::try_from(text::width(self.typed.text())).unwrap_or(u16::MAX);
        let ghost = Rect { x: field.x.saturating_add(used), width: field.width.saturating_sub(used), ..field };
        frame.render_widget(shared.span(Role::Faint, self.ghost()), ghost.intersection(field));
    }
}

/// How well a word fits: in the name fuzzily, in the sentence as it is.
fn rate(word: &Atom, entry: &Entry, matcher: &mut Matcher) -> Option<u32> {
    let mut letters = Vec::new();
    let in_name = word.score(Utf32Str::new(entry.name, &mut letters), matcher);
    in_name.map(|score| u32::from(score) + NAME_BONUS).or_else(|| {
        let typed: String = word.needle_text().chars().collect();
        // Two letters stand in half of all sentences; they say nothing.
        let is_said = typed.chars().count() > 2 && entry.help.to_lowercase().contains(&typed.to_lowercase());
        is_said.then_some(1)
    })
}

fn line(
    shared: &Shared,
    entry: &Entry,
    words: &[Atom],
    widest: usize,
    width: usize,
    is_selected: bool,
) -> Line<'static> {
    let is_there = entry.reason.is_none();
    let right = entry.reason.clone().unwrap_or_else(|| entry.keys.clone());
    let room = width.saturating_sub(widest + 6);
    let right = text::cut(&right, room).into_owned();
    let help = text::fit(entry.help, room.saturating_sub(text::width(&right)));
    let mut line = Line::from(shared.span(Role::Accent, if is_selected { "▌ " } else { "  " }));
    let mut found = Vec::new();
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut letters = Vec::new();
    for word in words {
        word.indices(Utf32Str::new(entry.name, &mut letters), &mut matcher, &mut found);
    }
    let plain = if is_there { Role::Strong } else { Role::Muted };
    for (index, letter) in (0..).zip(entry.name.chars()) {
        line.push_span(shared.span(if found.contains(&index) { Role::Match } else { plain }, letter.to_string()));
    }
    line.push_span(" ".repeat(widest.saturating_sub(entry.name.len()) + 2));
    line.push_span(shared.span(if is_there { Role::Text } else { Role::Muted }, help));
    line.push_span("  ");
    line.push_span(shared.span(if is_there { Role::Accent } else { Role::Muted }, right));
    line
}
