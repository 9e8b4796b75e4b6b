//! The Traffic tab: what is happening, now.
//!
//! ```text
//! ╭ Traffic  requests a second ─────────────────────╮╭ Slugs  4 ─────────────────────────────────────────╮
//! │  20 ┤          ▂▄▆█▆▄                           ││ my-org/glm-5.2  ▁▂▃▅▇  12.3 req/s  0.1 %  84 ms   │
//! │   0 ┼──────────────────────────                 ││ my-org/claude   ▁▁▂▁▁   0.4 req/s  0 %    1.2 s   │
//! ╰─────────────────────────────────────────────────╯╰───────────────────────────────────────────────────╯
//! ╭ Requests  12 345 ────────────────────────────────────────────────────────────────────────────────────╮
//! │ ▌ 13:30:21  my-org/glm-5.2  BASETEN 3kZ9xqd  cust_42  sky_sCqh…  ✓ 200  12 → 48   84 ms   40 ms       │
//! ╰──────────────────────────────────────────────────────────────────────────────────────────────────────╯
//! ```
//!
//! It is told of requests while it is looked at, and of nothing else ([`Traffic::follow`]). [`filter`] reads what is
//! typed, [`view`] and [`table`] draw, [`journey`] tells of one request.

pub mod filter;
pub mod journey;
pub mod table;
pub mod view;

use std::collections::VecDeque;
use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::layout::{Position, Rect};

use self::filter::Filter;
use crate::api::Time;
use crate::tui::effect::Effect;
use crate::tui::form::Field;
use crate::tui::keymap::{Action, Place};
use crate::tui::layout::{self, Breadth};
use crate::tui::load::{Failure, Ticket};
use crate::tui::overlays::Overlay;
use crate::tui::session::Shared;
use crate::tui::traffic::{Batch, News, Passed, Since, Source, Tally, Window};

/// How many requests are kept.
pub const KEPT_MAX: usize = 2_000;

/// What the upper part shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Panel {
    /// Requests and errors a second.
    #[default]
    Rate,
    /// How long they take.
    Latency,
    /// Tokens a second.
    Tokens,
    /// The slugs; where there is room they stand beside the chart anyway.
    Slugs,
}

/// The tab.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    /// The watcher that is listened to.
    pub watch: Option<Ticket>,
    /// Where the news comes from, once it does.
    pub source: Option<Source>,
    /// When news came last.
    pub heard_at: Option<Time>,
    /// Why no news comes, while none does.
    pub failure: Option<Failure>,
    /// When it is tried again.
    pub next_try: Option<Time>,
    /// What the figures are made of.
    pub window: Window,
    /// The same of what is kept and passes the filter, where the filter asks for more than slugs.
    pub narrowed: Option<Window>,
    /// How many requests have passed since the tab was opened, with those that were told at first.
    pub seen: u64,
    /// How many the server left out.
    pub missed: u64,
    /// Of how many requests each one in the list stands for, lately.
    pub stride: u64,
    /// What the list shows, newest first.
    pub rows: Vec<Arc<Passed>>,
    /// How many have passed since the list was paused.
    pub newer: u64,
    /// What was typed after `/`.
    pub filter: Field,
    /// True while the filter has the keys.
    pub is_filtering: bool,
    /// What the upper part shows.
    pub panel: Panel,
    /// The place of the selected row.
    pub cursor: usize,
    /// The first row that is drawn.
    pub offset: usize,
    terms: Filter,
    /// Oldest first.
    kept: VecDeque<Arc<Passed>>,
    /// What was kept when the list was paused.
    held: Option<VecDeque<Arc<Passed>>>,
    selected: Option<String>,
    area: Rect,
}

impl Traffic {
    /// What has the keys.
    #[must_use]
    pub fn place(&self) -> Place {
        if self.is_filtering { Place::Filter } else { Place::Traffic }
    }

    /// True while the list stands still.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.held.is_some()
    }

    /// The selected request.
    #[must_use]
    pub fn request(&self) -> Option<&Passed> {
        self.rows.get(self.cursor).map(Arc::as_ref)
    }

    /// True while a figure would change by itself.
    #[must_use]
    pub fn is_moving(&self, shared: &Shared) -> bool {
        self.watch.is_some() && (self.next_try.is_some() || self.window.is_moving(shared.server_now()))
    }

    /// What the figures are made of: everything, or what passes the filter.
    #[must_use]
    pub fn figures(&self) -> &Window {
        self.narrowed.as_ref().unwrap_or(&self.window)
    }

    /// What is asked for.
    #[must_use]
    pub fn terms(&self) -> &Filter {
        &self.terms
    }

    /// Forgets everything of the context that was open, but how it is looked at.
    pub fn forget(&mut self) {
        *self = Self { area: self.area, panel: self.panel, watch: self.watch, ..Self::default() };
    }

    /// The watcher has ended with the context that it watched.
    pub fn abandon(&mut self) {
        self.watch = None;
    }

    /// Begins to watch or ends it, as the tab is looked at or not.
    pub fn follow(&mut self, is_looked_at: bool, shared: &mut Shared) -> Vec<Effect> {
        match (self.watch, is_looked_at) {
            (None, true) => {
                let ticket = shared.ticket();
                self.watch = Some(ticket);
                vec![Effect::WatchTraffic { ticket }]
            }
            (Some(ticket), false) => {
                self.watch = None;
                self.next_try = None;
                vec![Effect::Cancel(ticket)]
            }
            _ => Vec::new(),
        }
    }

    /// Watches anew.
    pub fn read(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let mut effects = self.follow(false, shared);
        effects.extend(self.follow(true, shared));
        effects
    }

    /// Takes what the watcher says.
    pub fn receive(&mut self, ticket: Ticket, news: News, shared: &Shared) {
        if self.watch != Some(ticket) {
            return;
        }
        match news {
            News::Begun { source, since } => {
                self.source = Some(source);
                self.window = Window::since(since, shared.server_now());
                self.window.is_late = matches!(source, Source::Polled { .. });
                if since != Since::Now {
                    // It is told again what is kept.
                    self.kept.clear();
                    (self.seen, self.missed, self.newer) = (0, 0, 0);
                }
            }
            News::Passed(batch) => self.take(*batch, shared),
            News::Broken { failure, again_in } => {
                self.failure = Some(failure);
                self.next_try = Some(shared.now.plus(again_in));
                return;
            }
        }
        self.failure = None;
        self.next_try = None;
        self.heard_at = Some(shared.now);
    }

    fn take(&mut self, batch: Batch, shared: &Shared) {
        self.window.add(&batch.tally);
        self.seen += batch.seen;
        self.missed += batch.missed;
        if self.is_paused() {
            self.newer += batch.seen;
        }
        if batch.seen > 0 {
            self.stride = batch.stride;
        }
        self.kept.extend(batch.kept.into_iter().map(Arc::new));
        self.kept.drain(..self.kept.len().saturating_sub(KEPT_MAX));
        self.lay(shared);
    }

    /// Shows only what this filter admits.
    pub fn show(&mut self, typed: &str, shared: &Shared) {
        self.filter.set(typed);
        self.is_filtering = false;
        self.resume(shared);
        self.refilter(shared);
    }

    fn refilter(&mut self, shared: &Shared) {
        self.terms = Filter::new(self.filter.text());
        self.lay(shared);
    }

    /// Makes the rows, and the figures of a filter, from what is kept.
    fn lay(&mut self, shared: &Shared) {
        self.narrowed = (!self.terms.is_of_slugs()).then(|| {
            let mut tally = Tally::default();
            let admitted = self.kept.iter().filter(|passed| self.terms.admits(passed));
            admitted.for_each(|passed| tally.add(passed));
            // Older requests than the oldest that is kept may have passed the filter.
            let is_full = self.kept.len() == KEPT_MAX;
            let since = self.kept.front().filter(|_| is_full).map_or(Since::Start, |first| Since::Time(first.time()));
            let mut window = Window::since(since, shared.server_now());
            window.known_from = window.known_from.max(self.window.known_from);
            window.is_late = self.window.is_late;
            window.add(&tally);
            window
        });
        let shown = self.held.as_ref().unwrap_or(&self.kept);
        self.rows = shown.iter().rev().filter(|passed| self.terms.admits(passed)).cloned().collect();
        let again = match &self.selected {
            Some(id) if self.is_paused() => self.rows.iter().position(|row| row.id() == id),
            _ => Some(0),
        };
        self.move_to(again.unwrap_or(self.cursor));
    }

    fn move_to(&mut self, place: usize) {
        self.cursor = place.min(self.rows.len().saturating_sub(1));
        self.offset = layout::scroll_to(self.cursor, self.offset, self.visible(), self.rows.len());
        self.selected = self.request().map(|row| row.id().to_owned());
    }

    /// Who looks at a row further down does not want it to move away.
    fn walk_to(&mut self, place: usize) {
        if place > 0 && self.rows.len() > 1 {
            self.pause();
        }
        self.move_to(place);
    }

    fn pause(&mut self) {
        if self.held.is_none() {
            self.held = Some(self.kept.clone());
            self.newer = 0;
        }
    }

    fn resume(&mut self, shared: &Shared) {
        self.held = None;
        self.newer = 0;
        self.lay(shared);
    }

    fn visible(&self) -> usize {
        let rows = self.areas(self.area).requests.height;
        usize::from(rows.saturating_sub(3 + u16::from(self.is_filter_shown())))
    }

    /// True where the filter line is on the screen.
    #[must_use]
    pub fn is_filter_shown(&self) -> bool {
        self.is_filtering || !self.filter.text().is_empty()
    }

    /// The body of the screen has another size.
    pub fn resize(&mut self, body: Rect) {
        self.area = body;
        self.offset = layout::scroll_to(self.cursor, self.offset, self.visible(), self.rows.len());
    }

    /// The areas of the parts; an empty one is not shown.
    #[must_use]
    pub fn areas(&self, area: Rect) -> Areas {
        let is_narrow = Breadth::of(area.width) == Breadth::Narrow;
        let above = if is_narrow { (area.height / 3).clamp(5, 8) } else { (area.height / 3).clamp(7, 16) };
        let above = above.min(area.height);
        let upper = Rect { height: above, ..area };
        let requests = Rect { y: area.y + above, height: area.height - above, ..area };
        if is_narrow {
            let (chart, slugs) =
                if self.panel == Panel::Slugs { (Rect::default(), upper) } else { (upper, Rect::default()) };
            return Areas { chart, slugs, requests };
        }
        let left = area.width * 42 / 100;
        let slugs = Rect { x: upper.x + left, width: upper.width - left, ..upper };
        Areas { chart: Rect { width: left, ..upper }, slugs, requests }
    }

    /// Does what a key asks for.
    pub fn act(&mut self, action: Action, shared: &mut Shared) -> Vec<Effect> {
        let page = self.visible().max(1);
        match action {
            Action::Up => self.walk_to(self.cursor.saturating_sub(1)),
            Action::Down => self.walk_to(self.cursor + 1),
            Action::Bottom => self.walk_to(usize::MAX),
            Action::PageUp => self.walk_to(self.cursor.saturating_sub(page)),
            Action::PageDown => self.walk_to(self.cursor + page),
            Action::HalfUp => self.walk_to(self.cursor.saturating_sub(page / 2)),
            Action::HalfDown => self.walk_to(self.cursor + page / 2),
            Action::Filter => self.is_filtering = true,
            Action::Confirm => self.is_filtering = false,
            Action::Back if self.is_filter_shown() => {
                self.filter.set("");
                self.is_filtering = false;
                self.refilter(shared);
            }
            Action::Back | Action::Top => self.resume(shared),
            Action::Pause if self.is_paused() => self.resume(shared),
            Action::Pause => self.pause(),
            Action::Chart => self.panel = self.next_panel(),
            Action::Open => {
                self.pause();
                shared.opens = self.request().map(|passed| Overlay::Reader(journey::reader(passed)));
            }
            Action::Copy => {
                return self.request().map(|passed| Effect::Copy(passed.id().to_owned())).into_iter().collect();
            }
            _ => {}
        }
        Vec::new()
    }

    fn next_panel(&self) -> Panel {
        let is_narrow = Breadth::of(self.area.width) == Breadth::Narrow;
        match self.panel {
            Panel::Rate => Panel::Latency,
            Panel::Latency => Panel::Tokens,
            Panel::Tokens if is_narrow => Panel::Slugs,
            Panel::Tokens | Panel::Slugs => Panel::Rate,
        }
    }

    /// The mouse pressed a row: it is selected.
    pub fn press(&mut self, at: Position) {
        let area = self.areas(self.area).requests;
        let top = area.y + 2 + u16::from(self.is_filter_shown());
        let place = at.y.checked_sub(top).map(|row| self.offset + usize::from(row));
        if let Some(place) =
            place.filter(|place| area.contains(at) && at.y + 1 < area.bottom() && *place < self.rows.len())
        {
            self.is_filtering = false;
            self.pause();
            self.move_to(place);
        }
    }

    /// Types into the filter.
    pub fn edit(&mut self, key: &KeyEvent, shared: &Shared) {
        if self.filter.edit(key) {
            self.refilter(shared);
        }
    }

    /// Takes what was pasted into the filter.
    pub fn paste(&mut self, pasted: &str, shared: &Shared) {
        if self.filter.paste(pasted) {
            self.refilter(shared);
        }
    }
}

/// Where the parts stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Areas {
    /// The chart.
    pub chart: Rect,
    /// The slugs with their figures.
    pub slugs: Rect,
    /// The requests.
    pub requests: Rect,
}
