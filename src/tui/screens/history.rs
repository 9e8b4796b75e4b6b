//! The History tab: who changed what, when, and did it take.
//!
//! ```text
//! ╭ History  31 ───────────────────────────────────────────╮╭ re-point my-org/glm-5.2 ──────────────────╮
//! │ ▌ ✓ 19 s ago   you@host      re-point my-org/glm-5.2   ││ When       2026-11-22 13:30:02Z           │
//! │   ✓ 3 h ago    you@host      create my-org/grok        ││ In effect  after 41 s                     │
//! │   · 5 h ago    key ci, curl  change my-org/claude      ││   - target.model_id: 3kZ9xqd              │
//! ╰────────────────────────────────────────────────────────╯╰───────────────────────────────────────────╯
//! ```
//!
//! The journal of this machine, merged with the server's own log ([`mod@line`]). [`view`] draws.

pub mod line;
pub mod view;

use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::layout::{Position, Rect};

use self::line::{Line, Source};
use crate::api::AuditEntry;
use crate::plan::history::Entry;
use crate::tui::effect::{Effect, Timer};
use crate::tui::form::Field;
use crate::tui::keymap::{Action, Place};
use crate::tui::layout::{self, Breadth};
use crate::tui::load::{Failure, Load, Ticket};
use crate::tui::overlays::Overlay;
use crate::tui::overlays::reader::Reader;
use crate::tui::session::Shared;
use crate::tui::wanted::{Aim, Found, Past, Wanted};

/// How often it is read again while it is looked at.
const EVERY: Duration = Duration::from_secs(15);

/// The tab.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Everything that was read.
    pub past: Load<Past>,
    /// What of it is shown, newest first.
    pub lines: Vec<Line>,
    /// What was typed after `/`.
    pub filter: Field,
    /// True while the filter has the keys.
    pub is_filtering: bool,
    /// The place of the selected line.
    pub cursor: usize,
    /// The first line that is drawn.
    pub offset: usize,
    selected: Option<String>,
    area: Rect,
}

impl History {
    /// What has the keys.
    #[must_use]
    pub fn place(&self) -> Place {
        if self.is_filtering { Place::Filter } else { Place::History }
    }

    /// The selected line.
    #[must_use]
    pub fn line(&self) -> Option<&Line> {
        self.lines.get(self.cursor)
    }

    /// The entry of the journal that is selected.
    #[must_use]
    pub fn entry(&self) -> Option<&Entry> {
        match self.line()?.source {
            Source::Here(place) => self.past.get()?.entries.get(place),
            Source::Server(_) => None,
        }
    }

    /// The row of the server's log that is selected.
    #[must_use]
    pub fn row(&self) -> Option<&AuditEntry> {
        match self.line()?.source {
            Source::Here(_) => None,
            Source::Server(place) => self.past.get()?.audit.as_ref().ok()?.get(place),
        }
    }

    /// Forgets everything of the context that was open.
    pub fn forget(&mut self) {
        *self = Self { area: self.area, ..Self::default() };
    }

    /// No reading under way will be answered.
    pub fn abandon(&mut self) {
        self.past.waiting = None;
    }

    /// The tab was opened, or it is to be read again.
    pub fn read(&mut self, shared: &mut Shared) -> Vec<Effect> {
        if self.past.waiting.is_some() {
            return Vec::new();
        }
        let ticket = shared.ticket();
        self.past.ask(ticket);
        vec![Effect::Read { ticket, wanted: Wanted::History }]
    }

    /// Takes what was read. `None` where it was not asked for from here.
    pub fn receive(&mut self, ticket: Ticket, found: &Result<Found, Failure>, shared: &Shared) -> Option<Vec<Effect>> {
        if !self.past.expects(ticket) {
            return None;
        }
        match found.clone() {
            Ok(Found::History(past)) => drop(self.past.answer(ticket, shared.now, Ok(past))),
            Ok(_) => self.past.waiting = None,
            Err(failure) => self.past.fail(failure),
        }
        self.lay();
        Some(vec![Effect::After { timer: Timer::History, delay: EVERY }])
    }

    /// Shows only what names this.
    pub fn show(&mut self, name: &str) {
        self.filter.set(name);
        self.is_filtering = false;
        self.selected = None;
        self.cursor = 0;
        self.lay();
    }

    fn lay(&mut self) {
        self.lines = self.past.get().map(|past| line::lines(past, self.filter.text())).unwrap_or_default();
        let again = self.selected.as_ref().and_then(|id| self.lines.iter().position(|line| line.id == *id));
        self.move_to(again.unwrap_or(self.cursor));
    }

    fn move_to(&mut self, place: usize) {
        self.cursor = place.min(self.lines.len().saturating_sub(1));
        self.offset = layout::scroll_to(self.cursor, self.offset, self.visible(), self.lines.len());
        self.selected = self.line().map(|line| line.id.clone());
    }

    fn visible(&self) -> usize {
        let (list, _) = self.areas(self.area);
        usize::from(list.height.saturating_sub(2 + u16::from(self.is_filter_shown())))
    }

    /// True where the filter line is on the screen.
    #[must_use]
    pub fn is_filter_shown(&self) -> bool {
        self.is_filtering || !self.filter.text().is_empty()
    }

    /// The body of the screen has another size.
    pub fn resize(&mut self, body: Rect) {
        self.area = body;
        self.offset = layout::scroll_to(self.cursor, self.offset, self.visible(), self.lines.len());
    }

    /// The areas of list and detail; an empty one is not shown.
    #[must_use]
    pub fn areas(&self, area: Rect) -> (Rect, Rect) {
        if Breadth::of(area.width) == Breadth::Narrow {
            return (area, Rect::default());
        }
        let left = area.width * 58 / 100;
        (Rect { width: left, ..area }, Rect { x: area.x + left, width: area.width - left, ..area })
    }

    /// Does what a key asks for.
    pub fn act(&mut self, action: Action, shared: &mut Shared) -> Vec<Effect> {
        let page = self.visible().max(1);
        match action {
            Action::Up => self.move_to(self.cursor.saturating_sub(1)),
            Action::Down => self.move_to(self.cursor + 1),
            Action::Top => self.move_to(0),
            Action::Bottom => self.move_to(usize::MAX),
            Action::PageUp => self.move_to(self.cursor.saturating_sub(page)),
            Action::PageDown => self.move_to(self.cursor + page),
            Action::HalfUp => self.move_to(self.cursor.saturating_sub(page / 2)),
            Action::HalfDown => self.move_to(self.cursor + page / 2),
            Action::Filter => self.is_filtering = true,
            Action::Confirm => self.is_filtering = false,
            Action::Back => {
                self.filter.set("");
                self.is_filtering = false;
                self.lay();
            }
            Action::Open => self.open(shared),
            Action::Copy => return self.entry().map(|entry| Effect::Copy(entry.id.to_string())).into_iter().collect(),
            _ => {}
        }
        Vec::new()
    }

    /// What `u` takes back here: the selected entry.
    #[must_use]
    pub fn aim(&self) -> Option<Aim> {
        self.entry().map(|entry| Aim::Entry(entry.id.clone()))
    }

    fn open(&self, shared: &mut Shared) {
        let Some(line) = self.line() else { return };
        let mut reader = Reader::new(&line.what, "");
        reader.lines = view::told(self, shared, usize::from(shared.size.0.saturating_sub(12)).min(110));
        shared.opens = Some(Overlay::Reader(reader));
    }

    /// The mouse pressed a line: it is selected.
    pub fn press(&mut self, at: Position) {
        let (list, _) = self.areas(self.area);
        let top = list.y + 1 + u16::from(self.is_filter_shown());
        let place = at.y.checked_sub(top).map(|row| self.offset + usize::from(row));
        let is_line = list.contains(at) && at.y + 1 < list.bottom();
        if let Some(place) = place.filter(|place| is_line && *place < self.lines.len()) {
            self.move_to(place);
        }
    }

    /// Types into the filter.
    pub fn edit(&mut self, key: &KeyEvent) {
        if self.is_filtering && self.filter.edit(key) {
            self.lay();
        }
    }

    /// Takes what was pasted into the filter.
    pub fn paste(&mut self, pasted: &str) {
        if self.is_filtering && self.filter.paste(pasted) {
            self.lay();
        }
    }
}
