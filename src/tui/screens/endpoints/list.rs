//! The list: which rows are shown, in which order, and where the cursor is.
//!
//! ```text
//!   SLUG ▴                 ROUTES TO             SYNC
//! ▌ my-org/glm-5.2         BASETEN 3kZ9xqd       ● live
//!   my-org/glm-5.2-canary  BASETEN 7mP2wqe stg   ◐ 41 s
//! ```
//!
//! The cursor follows the id of its row. Filter and order are worked out once a change, never a frame; only the
//! rows that are seen are drawn.

use std::cmp::Ordering;
use std::sync::Arc;

use super::filter::{Query, Saved};
use super::index::Index;
use super::rows::{Row, Rows};
use super::sieve::Sieve;
use crate::api::{EndpointId, Time};
use crate::tui::form::Field;
use crate::tui::keymap::Action;
use crate::tui::layout;
use crate::tui::session::Shared;
use crate::tui::text;

/// How many matching rows are compared to find the best: where more match, another letter will be typed anyway.
const SCORED_MAX: usize = 2000;

/// What the list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// The slug, by its letters.
    #[default]
    Slug,
    /// The provider, then the target.
    Target,
    /// The sync state: what waits or is wrong comes first.
    State,
    /// The last write, newest first.
    Updated,
    /// The provider's name.
    Provider,
    /// The creation, newest first.
    Created,
    /// The id, by its letters.
    Id,
}

impl Sort {
    /// The next of those that every list has.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Slug => Self::Target,
            Self::Target => Self::State,
            Self::State => Self::Updated,
            Self::Updated | Self::Provider | Self::Created | Self::Id => Self::Slug,
        }
    }

    /// What it is called in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Slug => "slug",
            Self::Target => "target",
            Self::State => "state",
            Self::Updated => "last change",
            Self::Provider => "provider",
            Self::Created => "creation",
            Self::Id => "id",
        }
    }
}

/// The view over the rows.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// What was typed after `/`.
    pub filter: Field,
    /// What it means.
    pub query: Query,
    /// The column that decides the order.
    pub sort: Sort,
    /// True where the order is turned around.
    pub is_reversed: bool,
    /// The rows that are shown, by position in `Rows`.
    pub order: Vec<u32>,
    /// The selected row's id.
    pub selected: Option<EndpointId>,
    /// Where it stands in `order`.
    pub cursor: usize,
    /// The first row that is drawn.
    pub offset: usize,
    /// How many rows can be drawn.
    pub visible: usize,
    /// The widest slug that is shown, in columns.
    pub widest: usize,
    sorted: Vec<u32>,
    /// The selected row's position in `Rows`, while rows keep their positions.
    at: Option<u32>,
    /// The widest slug of all, once it was looked for.
    widest_of_all: Option<usize>,
    /// What a filter looks at; made when one is typed.
    index: Option<Index>,
    /// The rows that passed last, in their own order.
    passed: Vec<u32>,
    now: Option<Time>,
    saved: Arc<Saved>,
}

impl List {
    /// An empty list in this order.
    #[must_use]
    pub fn sorted_by(sort: Sort) -> Self {
        Self { sort, ..Self::default() }
    }

    /// Takes over the clock, and the filters that have a name.
    pub fn look(&mut self, shared: &Shared) {
        self.now = Some(shared.server_now());
        self.saved = Arc::clone(&shared.saved_filters);
    }

    /// The selected row.
    #[must_use]
    pub fn row<'a>(&self, rows: &'a Rows) -> Option<&'a Row> {
        rows.get(*self.order.get(self.cursor)?)
    }

    /// Works the order out anew after rows came, went or changed.
    pub fn refresh(&mut self, rows: &Rows, has_moved: bool, state: &dyn Fn(&Row) -> (u8, &'static str)) {
        if has_moved || self.sorted.len() != rows.len() {
            self.renumber(rows);
        }
        self.sort_rows(rows, state);
        self.at = None;
        self.index = None;
        self.widest_of_all = None;
        self.sieve(None, rows, state);
    }

    /// Applies what was typed into the filter.
    pub fn filter_changed(&mut self, rows: &Rows, state: &dyn Fn(&Row) -> (u8, &'static str)) {
        let query = Query::parse(self.filter.text(), &self.saved);
        self.filter.problem.clone_from(&query.problem);
        if query == self.query {
            return;
        }
        let before = std::mem::replace(&mut self.query, query);
        self.sieve(Some(&before), rows, state);
        self.jump_to_best(rows, state);
    }

    /// Sorts by another column or the other way around.
    pub fn sort_by(&mut self, sort: Sort, is_reversed: bool, rows: &Rows, state: &dyn Fn(&Row) -> (u8, &'static str)) {
        self.sort = sort;
        self.is_reversed = is_reversed;
        self.refresh(rows, false, state);
    }

    fn renumber(&mut self, rows: &Rows) {
        let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let known = u32::try_from(self.sorted.len()).unwrap_or(u32::MAX);
        if known <= count {
            // The old order is nearly the new one, and sorting what is nearly sorted is cheap.
            self.sorted.extend(known..count);
        } else {
            self.sorted.retain(|index| *index < count);
        }
    }

    fn sort_rows(&mut self, rows: &Rows, state: &dyn Fn(&Row) -> (u8, &'static str)) {
        let (sort, is_reversed) = (self.sort, self.is_reversed);
        self.sorted.sort_by(|left, right| {
            let (Some(left), Some(right)) = (rows.get(*left), rows.get(*right)) else { return Ordering::Equal };
            let by_column = match sort {
                Sort::Slug => Ordering::Equal,
                Sort::Target => {
                    (&left.targets.provider, &left.targets.label).cmp(&(&right.targets.provider, &right.targets.label))
                }
                Sort::State => state(left).0.cmp(&state(right).0),
                Sort::Updated => right.updated_at.cmp(&left.updated_at),
                Sort::Provider => left.targets.provider.cmp(&right.targets.provider),
                Sort::Created => right.created_at.cmp(&left.created_at),
                Sort::Id => left.id.cmp(&right.id),
            };
            let order = by_column.then_with(|| left.slug.cmp(&right.slug));
            if is_reversed { order.reverse() } else { order }
        });
    }

    /// Works out what is shown. `before` is the query that was there, where rows and order are still the same.
    fn sieve(&mut self, before: Option<&Query>, rows: &Rows, state: &dyn Fn(&Row) -> (u8, &'static str)) {
        if self.query.is_empty() {
            self.order.clone_from(&self.sorted);
            self.passed = Vec::new();
            let widest = || rows.all().iter().map(|row| text::width(row.slug.as_str())).max().unwrap_or(0);
            self.widest = *self.widest_of_all.get_or_insert_with(widest);
        } else {
            self.pass(before, rows, state);
        }
        self.find_cursor(rows);
    }

    fn pass(&mut self, before: Option<&Query>, rows: &Rows, state: &dyn Fn(&Row) -> (u8, &'static str)) {
        let index = self.index.get_or_insert_with(|| Index::of(rows));
        let mut sieve = Sieve::new(&self.query, self.now.unwrap_or(Time::EPOCH));
        let mut widest = 0;
        let mut passes = |place: u32| {
            let at = usize::try_from(place).unwrap_or(usize::MAX);
            let Some((slug, number)) = index.get(at) else { return false };
            let row = || rows.get(place);
            let is_found = sieve.passes(slug, number, row, |row| state(row).1);
            if is_found {
                widest = text::width(slug).max(widest);
            }
            is_found
        };
        // A letter more can only take rows away.
        if before.is_some_and(|before| self.query.narrows(before)) {
            self.passed.retain(|place| passes(*place));
        } else {
            let all = u32::try_from(index.len()).unwrap_or(u32::MAX);
            self.passed = (0..all).filter(|place| passes(*place)).collect();
        }
        self.widest = widest;
        let mut has_passed = vec![false; index.len()];
        for place in &self.passed {
            if let Some(place) = usize::try_from(*place).ok().and_then(|place| has_passed.get_mut(place)) {
                *place = true;
            }
        }
        let is_shown = |place: &u32| usize::try_from(*place).is_ok_and(|place| has_passed.get(place) == Some(&true));
        self.order = self.sorted.iter().copied().filter(is_shown).collect();
    }

    /// Puts the cursor on its row again, or on the nearest one where its row is gone.
    fn find_cursor(&mut self, rows: &Rows) {
        let is_selected = |index: &u32| match self.at {
            Some(at) => *index == at,
            None => rows.get(*index).is_some_and(|row| Some(&row.id) == self.selected.as_ref()),
        };
        let stays = self.order.get(self.cursor).is_some_and(is_selected);
        if !stays && let Some(found) = self.order.iter().position(is_selected) {
            // The row keeps its place on the screen.
            let on_screen = self.cursor.saturating_sub(self.offset);
            self.cursor = found;
            self.offset = found.saturating_sub(on_screen);
        }
        self.cursor = self.cursor.min(self.order.len().saturating_sub(1));
        self.select(rows);
    }

    fn jump_to_best(&mut self, rows: &Rows, state: &dyn Fn(&Row) -> (u8, &'static str)) {
        if self.query.is_empty() {
            return;
        }
        let mut sieve = Sieve::new(&self.query, self.now.unwrap_or(Time::EPOCH));
        let best = self
            .order
            .iter()
            .take(SCORED_MAX)
            .enumerate()
            .filter_map(|(place, index)| {
                let score = sieve.score(rows.get(*index)?, |row| state(row).1)?;
                Some((score, std::cmp::Reverse(place)))
            })
            .max();
        if let Some((_, std::cmp::Reverse(place))) = best {
            self.move_to(place, rows);
        }
    }

    fn select(&mut self, rows: &Rows) {
        if !self.order.is_empty() {
            self.selected = self.row(rows).map(|row| row.id.clone());
            self.at = self.order.get(self.cursor).copied();
        }
        self.offset = layout::scroll_to(self.cursor, self.offset, self.visible, self.order.len());
    }

    /// Puts the cursor on a place in the order.
    pub fn move_to(&mut self, place: usize, rows: &Rows) {
        self.cursor = place.min(self.order.len().saturating_sub(1));
        self.select(rows);
    }

    /// Selects a row by its id, where it is shown.
    pub fn select_id(&mut self, id: &EndpointId, rows: &Rows) {
        if let Some(place) = self.order.iter().position(|index| rows.get(*index).is_some_and(|row| row.id == *id)) {
            self.move_to(place, rows);
        }
    }

    /// Moves the cursor; false where the action is no movement.
    pub fn act(&mut self, action: Action, rows: &Rows) -> bool {
        let page = self.visible.max(1);
        let to = match action {
            Action::Up => self.cursor.saturating_sub(1),
            Action::Down => self.cursor.saturating_add(1),
            Action::Top => 0,
            Action::Bottom => usize::MAX,
            Action::PageUp => self.cursor.saturating_sub(page),
            Action::PageDown => self.cursor.saturating_add(page),
            Action::HalfUp => self.cursor.saturating_sub(page / 2),
            Action::HalfDown => self.cursor.saturating_add(page / 2),
            _ => return false,
        };
        self.move_to(to, rows);
        true
    }

    /// The list can be drawn over so many rows now.
    pub fn resize(&mut self, visible: usize) {
        self.visible = visible;
        self.offset = layout::scroll_to(self.cursor, self.offset, visible, self.order.len());
    }
}
