//! What the keys of the tab do.

use crossterm::event::KeyEvent;

use ratatui::layout::Rect;

use super::columns::{self, next_sort};
use super::delete::Delete;
use super::edit::Edit;
use super::repoint::Repoint;
use super::work::Work;
use super::{Endpoints, Pane, detail, list};
use crate::api::Endpoint;
use crate::plan::command;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::overlays::Overlay;
use crate::tui::overlays::copy::{self, Copy, Item};
use crate::tui::overlays::reader::Reader;
use crate::tui::session::Shared;

impl Endpoints {
    /// Does what a key asks for.
    pub fn act(&mut self, action: Action, shared: &mut Shared) -> Vec<Effect> {
        if !self.work.is_none() {
            if action == Action::CopyAsCommand {
                shared.opens = copy::elsewhere(&self.work.changes(), shared);
                return Vec::new();
            }
            if action == Action::Confirm
                && let Some(effects) = self.propose_repoint(shared)
            {
                return effects;
            }
            let area = self.work_area(self.area);
            return self.work.act(action, &self.rows, &self.workspace, area, shared);
        }
        if self.pane == Pane::Filter
            && let Some(past) = self.recall.step(action, self.list.filter.text())
        {
            self.list.filter.set(&past);
            self.with_list(shared, |list, rows, state| list.filter_changed(rows, state));
            return Vec::new();
        }
        if self.pane != Pane::Filter
            && let Some(effects) = self.act_on_marks(action, shared)
        {
            return effects;
        }
        match (self.pane, action) {
            (Pane::List | Pane::Filter, _) if self.list.act(action, &self.rows) => {
                self.detail_offset = 0;
                Vec::new()
            }
            (_, Action::Repoint) => self.open_repoint(shared),
            (_, Action::New) => self.open_new(shared),
            (_, Action::Edit) => self.open_edit(shared),
            (_, Action::Delete) => self.open_delete(shared),
            (_, Action::Copy) => self.show_copy(shared),
            (_, Action::ShowJson) => self.show_json(shared),
            (_, Action::Filter) => self.focus(Pane::Filter),
            (Pane::List, Action::Open | Action::NextPane) => self.focus(Pane::Detail),
            (Pane::Filter, Action::Confirm) => {
                self.recall.keep(self.list.filter.trimmed());
                self.focus(Pane::List)
            }
            (Pane::Detail, Action::PreviousPane | Action::NextPane | Action::Back | Action::Open) => {
                self.focus(Pane::List)
            }
            (Pane::List | Pane::Filter, Action::Back) => self.clear_filter(shared),
            (_, Action::Sort) => self.sort(next_sort(&shared.columns, self.list.sort), false, shared),
            (_, Action::SortReverse) => self.sort(self.list.sort, !self.list.is_reversed, shared),
            (Pane::Detail, _) => self.scroll_detail(action, shared),
            (Pane::List | Pane::Filter, _) => Vec::new(),
        }
    }

    /// Selects an endpoint, and shows it where the filter hides it.
    pub fn reveal(&mut self, id: &crate::api::EndpointId, shared: &Shared) {
        let is_shown = self.list.order.iter().any(|index| self.rows.get(*index).is_some_and(|row| row.id == *id));
        if !is_shown {
            self.clear_filter(shared);
        }
        self.list.select_id(id, &self.rows);
        self.detail_offset = 0;
    }

    /// Selects the row at a place in the order, as the mouse does.
    pub fn press_row(&mut self, place: usize) {
        self.pane = Pane::List;
        self.detail_offset = 0;
        self.list.move_to(place, &self.rows);
    }

    fn focus(&mut self, pane: Pane) -> Vec<Effect> {
        self.pane = pane;
        Vec::new()
    }

    fn scroll_detail(&mut self, action: Action, shared: &Shared) -> Vec<Effect> {
        let (_, area, _) = self.areas(self.area);
        let page = usize::from(area.height.saturating_sub(2));
        let columns = usize::from(area.width.saturating_sub(4));
        let lines = self.list.row(&self.rows).map_or(0, |row| detail::lines(self, shared, row, columns).len());
        let last = lines.saturating_sub(page);
        self.detail_offset = match action {
            Action::Up => self.detail_offset.saturating_sub(1),
            Action::Down => self.detail_offset + 1,
            Action::PageUp | Action::HalfUp => self.detail_offset.saturating_sub(page),
            Action::PageDown | Action::HalfDown => self.detail_offset + page,
            Action::Top => 0,
            Action::Bottom => last,
            _ => self.detail_offset,
        }
        .min(last);
        Vec::new()
    }

    /// The order of the column whose title is drawn at this position, where there is one.
    #[must_use]
    pub fn sort_at(&self, column: u16, row: u16, shared: &Shared) -> Option<list::Sort> {
        let (list, ..) = self.areas(self.area);
        let head = Rect { y: list.y + 1 + u16::from(self.is_filter_shown()), height: 1, ..list };
        let shown = columns::fitted(&shared.columns, usize::from(list.width.saturating_sub(2)), self.list.widest + 2);
        let mut left = usize::from(list.x) + 1 + columns::MARK;
        let found = shown.into_iter().find(|(_, width)| {
            let is_there = (left..left + width).contains(&usize::from(column));
            left += width + columns::GAP;
            is_there
        });
        found
            .filter(|_| head.contains((column, row).into()) && !self.list.order.is_empty())
            .map(|(shown, _)| shown.sort())
    }

    /// Sorts by a column; the other way around where that is the order already.
    pub fn sort_by(&mut self, sort: list::Sort, shared: &Shared) -> Vec<Effect> {
        self.sort(sort, self.list.sort == sort && !self.list.is_reversed, shared)
    }

    fn sort(&mut self, sort: list::Sort, is_reversed: bool, shared: &Shared) -> Vec<Effect> {
        self.with_list(shared, |list, rows, state| list.sort_by(sort, is_reversed, rows, state));
        Vec::new()
    }

    fn clear_filter(&mut self, shared: &Shared) -> Vec<Effect> {
        self.recall.leave();
        self.list.filter.set("");
        self.with_list(shared, |list, rows, state| list.filter_changed(rows, state));
        self.focus(Pane::List)
    }

    /// Types into the field that has the keys.
    pub fn edit(&mut self, key: &KeyEvent, shared: &Shared) -> Vec<Effect> {
        if !self.work.is_none() {
            self.work.edit(key, &self.rows, &self.workspace);
        } else if self.pane == Pane::Filter && self.list.filter.edit(key) {
            self.recall.leave();
            self.with_list(shared, |list, rows, state| list.filter_changed(rows, state));
        }
        Vec::new()
    }

    /// Takes what was pasted into the field that has the keys.
    pub fn paste(&mut self, text: &str, shared: &Shared) {
        if !self.work.is_none() {
            self.work.paste(text, &self.rows, &self.workspace);
        } else if self.pane == Pane::Filter && self.list.filter.paste(text) {
            self.with_list(shared, |list, rows, state| list.filter_changed(rows, state));
        }
    }

    pub(super) fn selected(&self) -> Option<Endpoint> {
        self.list.row(&self.rows).map(super::rows::Row::endpoint)
    }

    /// Asks once what the models and secrets are called that targets name.
    pub fn name_targets(&mut self, shared: &mut Shared) -> Vec<Effect> {
        if self.workspace.is_whole || self.rows.is_empty() { Vec::new() } else { self.read_workspace(shared) }
    }

    pub(super) fn read_workspace(&mut self, shared: &mut Shared) -> Vec<Effect> {
        if self.workspace.reading.is_some() {
            return Vec::new();
        }
        let ticket = shared.ticket();
        self.workspace.reading = Some(ticket);
        vec![Effect::ReadWorkspace { ticket }]
    }

    fn open_repoint(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let Some(before) = self.selected() else { return Vec::new() };
        let mut effects = self.read_workspace(shared);
        let (repoint, more) = Repoint::new(before, &self.workspace, &self.rows, shared);
        self.work = Work::Repoint(Box::new(repoint));
        effects.extend(more);
        effects
    }

    fn open_new(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let organisation = self.list.row(&self.rows).and_then(|row| row.slug.as_str().split_once('/'));
        let (edit, more) = Edit::create(organisation.map(|(organisation, _)| organisation), shared);
        self.work = Work::Edit(Box::new(edit));
        let mut effects = self.read_workspace(shared);
        effects.extend(more);
        effects
    }

    fn open_edit(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let Some(before) = self.selected() else { return Vec::new() };
        let mut effects = self.read_workspace(shared);
        let (edit, more) = Edit::change(before, shared);
        self.work = Work::Edit(Box::new(edit));
        effects.extend(more);
        effects
    }

    fn open_delete(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let Some(before) = self.selected() else { return Vec::new() };
        let (delete, effects) = Delete::new(before, shared);
        self.work = Work::Delete(Box::new(delete));
        effects
    }

    fn show_json(&self, shared: &mut Shared) -> Vec<Effect> {
        if let Some(endpoint) = self.selected() {
            let json = serde_json::to_string_pretty(&endpoint).unwrap_or_default();
            shared.opens = Some(Overlay::Reader(Reader::new(endpoint.slug.as_str(), &json)));
        }
        Vec::new()
    }

    fn show_copy(&self, shared: &mut Shared) -> Vec<Effect> {
        let Some(endpoint) = self.selected() else { return Vec::new() };
        let address = shared.open_context().and_then(|context| url::Url::parse(&context.address).ok());
        let slug = endpoint.slug.as_str();
        let items = vec![
            Item::new("slug", slug),
            Item::new("id", endpoint.id.as_str()),
            Item::new("target", &endpoint.target().map(ToString::to_string).unwrap_or_default()),
            Item::new("command", &command::read(&endpoint)),
            Item::new("curl", &address.map(|url| command::read_curl(&endpoint, &url)).unwrap_or_default()),
            Item::new("JSON", &serde_json::to_string_pretty(&endpoint).unwrap_or_default()),
        ];
        shared.opens = Some(Overlay::Copy(Copy::new(format!("Copy {slug}"), items)));
        Vec::new()
    }
}
