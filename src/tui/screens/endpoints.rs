//! The Endpoints tab: what routes where, and the changes to it.
//!
//! ```text
//! ╭ Endpoints  12 ──────────────────────────────╮╭ my-org/glm-5.2 ─────────────────────╮
//! │ list::List, table                           ││ detail                              │
//! ╰─────────────────────────────────────────────╯╰─────────────────────────────────────╯
//! ```
//!
//! [`rows`] keeps what was read, [`list`] what of it is shown and where the cursor is, [`filter`] what was typed after
//! `/`; [`table`] draws the list.

pub mod filter;
pub mod list;
pub mod rows;
pub mod table;

use std::collections::BTreeMap;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use self::list::List;
use self::rows::{Row, Rows};
use crate::api::EndpointId;
use crate::sync::{self, Facts, SyncState, Written};
use crate::tui::effect::Effect;
use crate::tui::keymap::{Action, Place};
use crate::tui::layout::Breadth;
use crate::tui::load::{Failure, Ticket};
use crate::tui::message::PageRead;
use crate::tui::session::{Connection, Shared};

/// Which part of the tab has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pane {
    /// The list.
    #[default]
    List,
    /// The filter line.
    Filter,
    /// The detail.
    Detail,
}

/// The tab.
#[derive(Debug, Clone, Default)]
pub struct Endpoints {
    /// What was read.
    pub rows: Rows,
    /// What of it is shown.
    pub list: List,
    /// Which part has the keys.
    pub pane: Pane,
    /// The reading under way.
    pub reading: Option<Ticket>,
    /// The revision that the rows are of, where the server tells.
    pub revision: Option<u64>,
    /// What was written from here, by id.
    pub written: BTreeMap<EndpointId, Written>,
    /// Rows that may still wait for their sync, or were written from here; by position.
    recent: Vec<u32>,
    was_read: bool,
    failure: Option<Failure>,
}

impl Endpoints {
    /// What has the keys.
    #[must_use]
    pub fn place(&self) -> Place {
        match self.pane {
            Pane::List => Place::List,
            Pane::Filter => Place::Filter,
            Pane::Detail => Place::Detail,
        }
    }

    /// The state of a row, now.
    #[must_use]
    pub fn state(&self, shared: &Shared, row: &Row) -> SyncState {
        sync::state(&Facts {
            now: shared.server_now(),
            reached: shared.reached,
            interval: shared.sync_interval(),
            updated_at: row.updated_at,
            written: self.written.get(&row.id),
            report: shared.sync_report(),
            probe: None,
        })
    }

    /// True where the row was found changed by the last reading.
    #[must_use]
    pub fn is_fresh(&self, row: &Row) -> bool {
        self.rows.changed.contains(&row.id)
    }

    /// True where the list, and nothing over it, has the keys.
    #[must_use]
    pub fn has_list_focus(&self) -> bool {
        matches!(self.pane, Pane::List | Pane::Filter)
    }

    /// True where the filter line is on the screen.
    #[must_use]
    pub fn is_filter_shown(&self) -> bool {
        self.pane == Pane::Filter || !self.list.filter.text().is_empty()
    }

    /// True while the rows are read for the first time.
    #[must_use]
    pub fn is_first_reading(&self) -> bool {
        self.reading.is_some() && !self.was_read
    }

    /// True once the server has answered all of its endpoints.
    #[must_use]
    pub fn was_read(&self) -> bool {
        self.was_read
    }

    /// Why there is nothing to show, if it is because of a failure.
    #[must_use]
    pub fn failure<'a>(&'a self, shared: &'a Shared) -> Option<&'a Failure> {
        match &shared.connection {
            Connection::Failed(failure) => Some(failure),
            Connection::Closed | Connection::Opening | Connection::Open => self.failure.as_ref(),
        }
    }

    /// Forgets everything of the context that was open.
    pub fn forget(&mut self) {
        let visible = self.list.visible;
        *self = Self::default();
        self.list.visible = visible;
    }

    /// Starts reading all rows again, unless that is under way.
    pub fn read(&mut self, shared: &mut Shared) -> Vec<Effect> {
        if self.reading.is_some() {
            return Vec::new();
        }
        let ticket = shared.ticket();
        self.reading = Some(ticket);
        self.rows.begin();
        vec![Effect::ReadEndpoints { ticket }]
    }

    /// Takes a page. True where it ended the reading.
    pub fn receive_page(&mut self, ticket: Ticket, answer: Result<PageRead, Failure>, shared: &Shared) -> bool {
        if self.reading != Some(ticket) {
            return false;
        }
        match answer {
            Ok(page) => {
                let laid = self.rows.lay(page.endpoints, page.is_last);
                if laid.moved || laid.changed || page.is_last {
                    self.refresh(shared, laid.moved);
                }
                if page.is_last {
                    self.reading = None;
                    self.was_read = true;
                    self.failure = None;
                    self.revision = page.revision;
                }
                page.is_last
            }
            Err(failure) => {
                self.reading = None;
                self.failure = Some(failure);
                true
            }
        }
    }

    /// The rows that may still wait for their sync, or were written from here.
    pub fn recent(&self) -> impl Iterator<Item = &Row> {
        self.recent.iter().filter_map(|index| self.rows.get(*index))
    }

    fn find_recent(&mut self, shared: &Shared) {
        // Twice the interval: a gateway may sync late.
        let since = shared.server_now().minus(shared.sync_interval().saturating_mul(2));
        let is_recent = |row: &Row| row.updated_at > since || self.written.contains_key(&row.id);
        self.recent = (0..).zip(self.rows.all()).filter(|(_, row)| is_recent(row)).map(|(index, _)| index).collect();
    }

    /// Works out anew what is shown, after rows or their states have changed.
    pub fn refresh(&mut self, shared: &Shared, has_moved: bool) {
        self.find_recent(shared);
        self.with_list(shared, |list, rows, state| list.refresh(rows, has_moved, state));
    }

    /// Calls with the list, the rows, and a function from row to rank and word of its state.
    fn with_list(
        &mut self,
        shared: &Shared,
        change: impl FnOnce(&mut List, &Rows, &dyn Fn(&Row) -> (u8, &'static str)),
    ) {
        let mut list = std::mem::take(&mut self.list);
        let state = |row: &Row| self.rank_and_word(shared, row);
        change(&mut list, &self.rows, &state);
        self.list = list;
    }

    /// Where a row's state stands among the states, and its word.
    #[must_use]
    pub fn rank_and_word(&self, shared: &Shared, row: &Row) -> (u8, &'static str) {
        let state = self.state(shared, row);
        (rank(&state), state.word())
    }

    /// Does what a key asks for.
    pub fn act(&mut self, action: Action, shared: &mut Shared) -> Vec<Effect> {
        match (self.pane, action) {
            (Pane::List | Pane::Filter, _) if self.list.act(action, &self.rows) => Vec::new(),
            (Pane::Filter | Pane::List, Action::Back) => self.clear_filter(shared),
            (_, Action::Filter) => self.focus(Pane::Filter),
            (Pane::List, Action::Open | Action::NextPane) => self.focus(Pane::Detail),
            (Pane::Filter, Action::Confirm)
            | (Pane::Detail, Action::PreviousPane | Action::NextPane | Action::Back) => self.focus(Pane::List),
            (_, Action::Sort) => self.sort(self.list.sort.next(), false, shared),
            (_, Action::SortReverse) => self.sort(self.list.sort, !self.list.is_reversed, shared),
            (Pane::List | Pane::Filter | Pane::Detail, _) => Vec::new(),
        }
    }

    fn focus(&mut self, pane: Pane) -> Vec<Effect> {
        self.pane = pane;
        Vec::new()
    }

    fn sort(&mut self, sort: list::Sort, is_reversed: bool, shared: &Shared) -> Vec<Effect> {
        self.with_list(shared, |list, rows, state| list.sort_by(sort, is_reversed, rows, state));
        Vec::new()
    }

    fn clear_filter(&mut self, shared: &Shared) -> Vec<Effect> {
        self.list.filter.set("");
        self.with_list(shared, |list, rows, state| list.filter_changed(rows, state));
        self.focus(Pane::List)
    }

    /// Types into the field that has the keys.
    pub fn edit(&mut self, key: &KeyEvent, shared: &Shared) -> Vec<Effect> {
        if self.pane == Pane::Filter && self.list.filter.edit(key) {
            self.with_list(shared, |list, rows, state| list.filter_changed(rows, state));
        }
        Vec::new()
    }

    /// Takes what was pasted into the field that has the keys.
    pub fn paste(&mut self, text: &str, shared: &Shared) {
        if self.pane == Pane::Filter && self.list.filter.paste(text) {
            self.with_list(shared, |list, rows, state| list.filter_changed(rows, state));
        }
    }

    /// The areas of list and detail; an empty one is not shown.
    #[must_use]
    pub fn areas(&self, area: Rect) -> (Rect, Rect) {
        match Breadth::of(area.width) {
            Breadth::Narrow if self.pane == Pane::Detail => (Rect::default(), area),
            Breadth::Narrow => (area, Rect::default()),
            Breadth::Medium | Breadth::Wide => {
                let [list, detail] = Layout::horizontal([Constraint::Percentage(54), Constraint::Min(40)]).areas(area);
                (list, detail)
            }
        }
    }

    /// The body of the screen has another size.
    pub fn resize(&mut self, body: Rect) {
        let (list, _) = self.areas(body);
        let filter = u16::from(self.is_filter_shown());
        self.list.resize(usize::from(list.height.saturating_sub(3 + filter)));
    }

    /// Draws the tab.
    pub fn draw(&self, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
        let (list, _detail) = self.areas(area);
        if !list.is_empty() {
            table::draw(self, shared, list, frame);
        }
    }
}

/// What waits or is wrong comes first.
fn rank(state: &SyncState) -> u8 {
    match state {
        SyncState::NotServing { .. } => 0,
        SyncState::Drifted => 1,
        SyncState::Waiting { .. } => 2,
        SyncState::Unknown => 3,
        SyncState::Verified => 4,
        SyncState::Live => 5,
    }
}
