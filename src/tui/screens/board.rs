//! The Board tab: a patch bay. Slugs left, targets right, wires between.
//!
//! ```text
//! ╭ Slugs  4 ──────────────────╮                        ╭ Targets  4 ──────────────────────╮
//! │ ▌ my-org/glm-5.2          ●┝━━━━━━━━━━━━━━━━━━━━━━━━┥ BASETEN 3kZ9xqd                1 │
//! │   my-org/glm-5.2-canary   ◐├╌ 41 s ╌╌╌╌╌╌╌┬─────────┤ BASETEN 7mP2wqe                2 │
//! │   my-org/glm-eu           ●├──────────────╯         │                                  │
//! │   my-org/claude           ●├────────────────────────┤ ANTHROPIC claude-sonnet        1 │
//! ╰────────────────────────────╯                        │ BASETEN 9aa1bcd staging   unused │
//!                                                       ╰──────────────────────────────────╯
//! ```
//!
//! The rows are the Endpoints tab's; [`nets`] finds out which of them share a target and where it stands, [`picture`]
//! draws what is in view. `r` picks up the end of a wire ([`Carrying`]); where it is dropped, the one confirmation of a
//! re-point opens.

pub mod nets;
pub mod picture;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use self::nets::{Grouping, Nets};
use super::endpoints::Endpoints;
use super::endpoints::list::{List, Sort};
use super::endpoints::rows::Row;
use crate::api::{EndpointId, Target};
use crate::tui::keymap::{Action, Place};
use crate::tui::layout;
use crate::tui::session::Shared;

/// A wire that was picked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carrying {
    /// Whose wire it is.
    pub id: EndpointId,
    /// The target over which its end is held, by place in [`Nets::bay`].
    pub over: usize,
    /// The first target that is drawn.
    pub offset: usize,
}

/// What the board wants of the rest of the program.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    /// Go to the endpoint.
    Show(EndpointId),
    /// Ask for the confirmation of this re-point.
    Repoint(EndpointId, Box<Target>),
}

/// The tab.
#[derive(Debug, Clone)]
pub struct Board {
    /// Which slugs are shown, in which order, and where the cursor is.
    pub list: List,
    /// True while the filter line has the keys.
    pub is_filtering: bool,
    /// Which of the slugs share a target.
    pub nets: Nets,
    /// The wire that was picked up.
    pub carrying: Option<Carrying>,
    /// What the pictures of the workspace's targets are made from; they may carry no slug at all.
    pub known: Vec<Target>,
    seen: Option<u64>,
    rows: usize,
}

impl Default for Board {
    fn default() -> Self {
        Self {
            list: List::sorted_by(Sort::Target),
            is_filtering: false,
            nets: Nets::default(),
            carrying: None,
            known: Vec::new(),
            seen: None,
            rows: 0,
        }
    }
}

impl Board {
    /// What has the keys.
    #[must_use]
    pub fn place(&self) -> Place {
        match (self.is_filtering, &self.carrying) {
            (true, _) => Place::Filter,
            (false, Some(_)) => Place::BoardCarry,
            (false, None) => Place::Board,
        }
    }

    /// Forgets everything of the context that was open.
    pub fn forget(&mut self) {
        *self = Self { rows: self.rows, ..Self::default() };
    }

    /// The selected row.
    #[must_use]
    pub fn selected<'a>(&self, endpoints: &'a Endpoints) -> Option<&'a Row> {
        self.list.row(&endpoints.rows)
    }

    /// Takes over what the Endpoints tab has read since. Costs nothing where that is nothing.
    pub fn follow(&mut self, endpoints: &Endpoints, shared: &Shared) {
        let version = endpoints.rows.version();
        if self.seen == Some(version) {
            return;
        }
        self.list.look(shared);
        self.list.refresh(&endpoints.rows, true, &|row| endpoints.rank_and_word(shared, row));
        if self.seen.is_none()
            && let Some(id) = &endpoints.list.selected
        {
            self.list.select_id(id, &endpoints.rows);
        }
        self.seen = Some(version);
        self.wire(endpoints);
    }

    /// Selects an endpoint, where it is shown.
    pub fn select(&mut self, id: &EndpointId, endpoints: &Endpoints) {
        self.list.select_id(id, &endpoints.rows);
    }

    /// The workspace's targets were read.
    pub fn know(&mut self, known: Vec<Target>, endpoints: &Endpoints) {
        self.known = known;
        self.wire(endpoints);
    }

    fn wire(&mut self, endpoints: &Endpoints) {
        let over = self.carrying.as_ref().and_then(|carrying| self.nets.bay.get(carrying.over)?.target.clone());
        self.nets = Nets::of(&endpoints.rows, &self.list.order, self.nets.grouping, &self.known);
        if let Some(carrying) = &mut self.carrying {
            // The end stays over its target, wherever that stands now: nobody shall plug into another than was seen.
            let place = over.and_then(|over| self.nets.bay.iter().position(|bay| bay.target.as_ref() == Some(&over)));
            let last = self.nets.bay.len().saturating_sub(1);
            carrying.over = place.unwrap_or(carrying.over).min(last);
        }
    }

    /// Does what a key asks for.
    pub fn act(&mut self, action: Action, endpoints: &Endpoints, shared: &Shared) -> Option<Wish> {
        if self.carrying.is_some() {
            return self.act_carrying(action, endpoints);
        }
        if self.list.act(action, &endpoints.rows) {
            return None;
        }
        match action {
            Action::Confirm if self.is_filtering => self.is_filtering = false,
            Action::Filter => self.is_filtering = true,
            Action::Back => {
                self.is_filtering = false;
                self.list.filter.set("");
                self.filter_changed(endpoints, shared);
            }
            Action::Sort => self.sort(self.list.sort.next(), false, endpoints, shared),
            Action::SortReverse => self.sort(self.list.sort, !self.list.is_reversed, endpoints, shared),
            Action::Group => {
                self.nets.grouping = self.nets.grouping.next();
                self.wire(endpoints);
            }
            Action::Repoint => self.pick_up(endpoints),
            Action::Open => return self.selected(endpoints).map(|row| Wish::Show(row.id.clone())),
            _ => {}
        }
        None
    }

    fn sort(&mut self, sort: Sort, is_reversed: bool, endpoints: &Endpoints, shared: &Shared) {
        let state = |row: &Row| endpoints.rank_and_word(shared, row);
        self.list.sort_by(sort, is_reversed, &endpoints.rows, &state);
        self.wire(endpoints);
    }

    fn filter_changed(&mut self, endpoints: &Endpoints, shared: &Shared) {
        self.list.look(shared);
        self.list.filter_changed(&endpoints.rows, &|row| endpoints.rank_and_word(shared, row));
        self.wire(endpoints);
    }

    /// Picks up the selected slug's wire, held over the first target that it does not have.
    fn pick_up(&mut self, endpoints: &Endpoints) {
        let Some(row) = self.selected(endpoints) else { return };
        let old = self.nets.bay_place(&row.targets);
        let over = match old {
            Some(0) => 1,
            Some(place) if place + 1 < self.nets.bay.len() => place + 1,
            Some(place) => place.saturating_sub(1),
            None => 0,
        };
        if over >= self.nets.bay.len() || Some(over) == old {
            return;
        }
        let offset = layout::scroll_to(over, 0, self.rows, self.nets.bay.len());
        self.carrying = Some(Carrying { id: row.id.clone(), over, offset });
    }

    fn act_carrying(&mut self, action: Action, endpoints: &Endpoints) -> Option<Wish> {
        let carrying = self.carrying.as_mut()?;
        let (page, last) = (self.rows.max(1), self.nets.bay.len().saturating_sub(1));
        carrying.over = match action {
            Action::Up => carrying.over.saturating_sub(1),
            Action::Down => carrying.over + 1,
            Action::Top => 0,
            Action::Bottom => last,
            Action::PageUp => carrying.over.saturating_sub(page),
            Action::PageDown => carrying.over + page,
            Action::HalfUp => carrying.over.saturating_sub(page / 2),
            Action::HalfDown => carrying.over + page / 2,
            Action::Back => {
                self.carrying = None;
                return None;
            }
            Action::Confirm => return self.drop_here(endpoints),
            _ => carrying.over,
        }
        .min(last);
        carrying.offset = layout::scroll_to(carrying.over, carrying.offset, page, last + 1);
        None
    }

    /// Where the wire is dropped over its own target, nothing is to be changed.
    fn drop_here(&mut self, endpoints: &Endpoints) -> Option<Wish> {
        let carrying = self.carrying.take()?;
        let target = self.nets.bay.get(carrying.over)?.target.clone()?;
        let row = endpoints.rows.by_id(&carrying.id)?;
        (row.targets.all.first() != Some(&target)).then_some(Wish::Repoint(carrying.id, Box::new(target)))
    }

    /// The mouse pressed a row: it is selected, or the wire that is carried is held over it.
    pub fn press(&mut self, body: Rect, at: Position, endpoints: &Endpoints) {
        let areas = picture::Areas::of(body);
        let top = body.y + 1 + u16::from(self.is_filter_shown());
        let Some(row) = at.y.checked_sub(top).filter(|_| at.y + 1 < body.bottom()).map(usize::from) else { return };
        if let Some(carrying) = &mut self.carrying {
            let over = carrying.offset + row;
            if areas.targets.contains(at) && over < self.nets.bay.len() {
                carrying.over = over;
            }
        } else if areas.slugs.contains(at) && self.list.offset + row < self.list.order.len() {
            self.list.move_to(self.list.offset + row, &endpoints.rows);
        }
    }

    /// Types into the filter.
    pub fn edit(&mut self, key: &KeyEvent, endpoints: &Endpoints, shared: &Shared) {
        if self.is_filtering && self.list.filter.edit(key) {
            self.filter_changed(endpoints, shared);
        }
    }

    /// Takes what was pasted into the filter.
    pub fn paste(&mut self, pasted: &str, endpoints: &Endpoints, shared: &Shared) {
        if self.is_filtering && self.list.filter.paste(pasted) {
            self.filter_changed(endpoints, shared);
        }
    }

    /// True where the filter line is on the screen.
    #[must_use]
    pub fn is_filter_shown(&self) -> bool {
        self.is_filtering || !self.list.filter.text().is_empty()
    }

    /// The body of the screen has another size.
    pub fn resize(&mut self, body: Rect) {
        self.rows = usize::from(body.height.saturating_sub(2));
        self.list.resize(self.rows.saturating_sub(usize::from(self.is_filter_shown())));
        let rows = self.rows;
        if let Some(carrying) = &mut self.carrying {
            carrying.offset = layout::scroll_to(carrying.over, carrying.offset, rows, self.nets.bay.len());
        }
    }

    /// What the right side shows a row for.
    #[must_use]
    pub fn grouping(&self) -> Grouping {
        self.nets.grouping
    }

    /// Draws the tab.
    pub fn draw(&self, endpoints: &Endpoints, shared: &Shared, area: Rect, frame: &mut Frame<'_>) {
        picture::draw(self, endpoints, shared, area, frame);
    }
}
