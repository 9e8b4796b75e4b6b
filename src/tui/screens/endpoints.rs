//! The Endpoints tab: what routes where, and the changes to it.
//!
//! ```text
//! ╭ Endpoints  12 ──────────────────────────────╮╭ my-org/glm-5.2 ─────────────────────╮
//! │ list, table                                 ││ detail                              │
//! ╰─────────────────────────────────────────────╯╰─────────────────────────────────────╯
//! ```
//!
//! [`rows`] keeps what was read, [`list`] what of it is shown and where the cursor is, [`filter`] what was typed after
//! `/`; [`table`], [`detail`] and [`recent`] draw. A change that is being made is [`work`]: [`repoint`], [`edit`],
//! [`delete`] or [`conflict`], each with its [`review`]; what became of it is in [`written`].

pub mod callers;
pub mod candidates;
pub mod columns;
pub mod conflict;
pub mod delete;
pub mod detail;
pub mod edit;
pub mod edit_view;
pub mod fields;
pub mod filter;
pub mod index;
pub mod list;
pub mod marks;
pub mod recall;
pub mod recent;
pub mod repoint;
pub mod repoint_view;
pub mod review;
pub mod rows;
pub mod sieve;
pub mod table;
pub mod work;
pub mod workspace;
pub mod written;

mod acts;
mod areas;

use std::collections::BTreeMap;

use ratatui::Frame;
use ratatui::layout::Rect;

use self::callers::Callers;
use self::list::List;
use self::marks::Marks;
use self::recall::Recall;
use self::rows::{Moved, Row, Rows};
use self::work::Work;
use self::workspace::Workspace;
use self::written::Followed;
use crate::api::EndpointId;
use crate::plan::{Impact, Progress, Report};
use crate::sync::{self, Facts, SyncState};
use crate::tui::effect::Effect;
use crate::tui::keymap::Place;
use crate::tui::load::{Failure, Ticket};
use crate::tui::message::PageRead;
use crate::tui::session::{Connection, Shared};

/// How many of the last changes are kept at hand.
const LATEST_MAX: usize = 40;

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
    /// Filters that were kept.
    pub recall: Recall,
    /// What is marked for one plan.
    pub marks: Marks,
    /// Which part has the keys.
    pub pane: Pane,
    /// How many lines the detail is scrolled.
    pub detail_offset: usize,
    /// The change that is being made.
    pub work: Work,
    /// What targets can name.
    pub workspace: Workspace,
    /// Who may call what is looked at.
    pub callers: Callers,
    /// The reading under way.
    pub reading: Option<Ticket>,
    /// The revision that the rows are of, where the server tells.
    pub revision: Option<u64>,
    /// What was written from here, by id.
    pub written: BTreeMap<EndpointId, Followed>,
    /// The body, as it was last laid out.
    area: Rect,
    /// Rows that may still wait for their sync, or were written from here; by position.
    recent: Vec<u32>,
    /// The rows that were written last, the newest first; by position.
    latest: Vec<u32>,
    was_read: bool,
    /// How many readings failed in a row.
    pub failures: u32,
    failure: Option<Failure>,
}

impl Endpoints {
    /// What has the keys.
    #[must_use]
    pub fn place(&self, shared: &Shared) -> Place {
        self.work.place(shared).unwrap_or(match self.pane {
            Pane::List => Place::List,
            Pane::Filter => Place::Filter,
            Pane::Detail => Place::Detail,
        })
    }

    /// The state of a row, now.
    #[must_use]
    pub fn state(&self, shared: &Shared, row: &Row) -> SyncState {
        sync::state(&Facts {
            now: shared.server_now(),
            reached: shared.reached,
            interval: shared.sync_interval(),
            updated_at: row.updated_at,
            written: self.written.get(&row.id).map(|followed| &followed.written),
            report: shared.sync_report(),
            probe: self.written.get(&row.id).and_then(|followed| followed.probes.last()),
        })
    }

    /// True where the row was found changed by the last reading.
    #[must_use]
    pub fn is_fresh(&self, row: &Row) -> bool {
        self.moved(row).is_some()
    }

    /// What of the row the last reading found changed, for a moment.
    #[must_use]
    pub fn moved(&self, row: &Row) -> Option<Moved> {
        self.rows.changed.get(&row.id).copied()
    }

    /// True where the list, and nothing over it, has the keys.
    #[must_use]
    pub fn has_list_focus(&self) -> bool {
        matches!(self.pane, Pane::List | Pane::Filter) && self.work.is_none()
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
        let (visible, area, recall) = (self.list.visible, self.area, std::mem::take(&mut self.recall));
        let (sort, is_reversed) = (self.list.sort, self.list.is_reversed);
        *self = Self { recall, area, ..Self::default() };
        self.list = List::sorted_by(sort);
        self.list.is_reversed = is_reversed;
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

    /// No reading under way will be answered.
    pub fn abandon(&mut self) {
        self.reading = None;
        self.workspace.reading = None;
        self.callers.abandon();
    }

    /// Who may call the endpoint that is looked at is asked for once the cursor rests; the timer for that.
    pub fn follow_callers(&mut self, is_seen: bool, shared: &Shared) -> Option<Effect> {
        let (_, detail, _) = self.areas(self.area);
        let is_shown = is_seen && !detail.is_empty() && self.work.is_none();
        let looked_at = self.list.row(&self.rows).filter(|_| is_shown).map(|row| row.id.clone());
        self.callers.follow(looked_at.as_ref(), shared)
    }

    /// The cursor has rested.
    pub fn read_callers(&mut self, is_seen: bool, shared: &mut Shared) -> Vec<Effect> {
        let slug = self.list.row(&self.rows).map(|row| row.slug.clone());
        if let Some(slug) = slug.filter(|_| is_seen && shared.connection == Connection::Open) {
            return self.callers.read(&slug, shared);
        }
        self.callers.rest();
        Vec::new()
    }

    /// Takes a page. True where it ended the reading.
    pub fn receive_page(&mut self, ticket: Ticket, answer: Result<PageRead, Failure>, shared: &Shared) -> bool {
        if self.reading != Some(ticket) {
            return false;
        }
        match answer {
            Ok(page) => {
                let laid = self.rows.lay(page.endpoints, page.is_last);
                if page.is_last {
                    self.reading = None;
                    self.was_read = true;
                    self.failure = None;
                    self.revision = page.revision;
                }
                if laid.moved || laid.changed || page.is_last {
                    self.refresh(shared, laid.moved);
                    self.work.refresh(&self.rows, &self.workspace);
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

    /// The workspace has told what it has.
    pub fn receive_workspace(&mut self, ticket: Ticket, known: crate::plan::preflight::Workspace, is_whole: bool) {
        if self.workspace.reading != Some(ticket) {
            return;
        }
        self.workspace.known = known;
        self.workspace.is_whole = is_whole;
        if is_whole {
            self.workspace.reading = None;
        }
        self.work.refresh(&self.rows, &self.workspace);
    }

    /// It was counted who is affected.
    pub fn receive_impact(&mut self, ticket: Ticket, answer: Result<Impact, Failure>, shared: &Shared) {
        if let Some(review) = self.work.review_mut() {
            review.impact.answer(ticket, shared.now, answer);
        }
    }

    /// A plan moved on.
    pub fn receive_progress(&mut self, ticket: Ticket, progress: &Progress) {
        if let Progress::Item { step, .. } = progress {
            self.work.progress(ticket, step);
        }
    }

    /// A plan is over.
    pub fn receive_finished(&mut self, answer: Result<Report, Failure>, shared: &mut Shared) -> Vec<Effect> {
        match self.work.change() {
            Some(change) => self.receive_report(&change, answer, shared),
            None => Vec::new(),
        }
    }

    /// The rows that may still wait for their sync, or were written from here.
    pub fn recent(&self) -> impl Iterator<Item = &Row> {
        self.recent.iter().filter_map(|index| self.rows.get(*index))
    }

    /// The rows that were written last, the newest first.
    pub fn latest(&self) -> impl Iterator<Item = &Row> {
        self.latest.iter().filter_map(|index| self.rows.get(*index))
    }

    fn find_recent(&mut self, shared: &Shared) {
        // Twice the interval: a gateway may sync late.
        let since = shared.server_now().minus(shared.sync_interval().saturating_mul(2));
        let mut latest: Vec<(crate::api::Time, u32)> = Vec::new();
        self.recent.clear();
        for (index, row) in (0..).zip(self.rows.all()) {
            if row.updated_at > since || self.written.contains_key(&row.id) {
                self.recent.push(index);
            }
            if latest.len() < LATEST_MAX || latest.last().is_some_and(|(oldest, _)| row.updated_at > *oldest) {
                let place = latest.partition_point(|(time, _)| *time >= row.updated_at);
                latest.insert(place, (row.updated_at, index));
                latest.truncate(LATEST_MAX);
            }
        }
        self.latest = latest.into_iter().map(|(_, index)| index).collect();
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
        list.look(shared);
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

    /// Draws the tab.
    pub fn draw(&self, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
        let (list, detail, recent) = self.areas(area);
        if !list.is_empty() {
            table::draw(self, shared, list, frame);
        }
        if !detail.is_empty() {
            detail::draw(self, shared, detail, frame);
        }
        if !recent.is_empty() {
            recent::draw(self, shared, recent, frame);
        }
        self.work.draw(&self.workspace, shared, self.work_area(area), frame);
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
