//! The Groups tab: who may call what, how much, and how close they are.
//!
//! ```text
//! ╭ Groups  4 ──────────────────────╮╭ Acme prod  cust_42 ────────────────────────────────────────╮
//! │ ▌ Acme                          ││ my-org/glm-5.2                                             │
//! │   ├─ Acme dev                   ││   requests / minute              100   own                 │
//! │   ╰─ Acme prod                  ││   tokens / day   ██████░░  61 %  10 000 000   from Acme    │
//! │   Globex                        ││ Keys  2                                                    │
//! ╰─────────────────────────────────╯╰────────────────────────────────────────────────────────────╯
//! ```
//!
//! [`tree`] lays the groups out, [`detail`] tells everything of the selected one, [`work`] is what is open for a change;
//! [`grant`] reads and writes a slug with its limits as a line.

pub mod ask;
pub mod detail;
pub mod form;
pub mod grant;
pub mod register;
pub mod tree;
pub mod view;
pub mod work;

use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::layout::{Position, Rect};

use self::ask::Ask;
use self::register::Register;
use self::tree::Branch;
use self::work::Work;
use crate::api::{Group, GroupId, KeyInfo};
use crate::plan::Report;
use crate::tui::effect::{Effect, Timer};
use crate::tui::form::Field;
use crate::tui::keymap::{Action, Place};
use crate::tui::layout::{self, Breadth};
use crate::tui::load::{Failure, Load, Ticket};
use crate::tui::overlays::copy;
use crate::tui::session::Shared;
use crate::tui::wanted::{Found, GroupDetail, Wanted};

/// How long the cursor rests on a group before its detail is read, so that scrolling asks for nothing.
const REST: Duration = Duration::from_millis(120);
/// How often the usage of the group that is looked at is read again.
const USAGE_EVERY: Duration = Duration::from_secs(10);

/// Which part of the tab has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pane {
    /// The tree.
    #[default]
    Tree,
    /// The filter line over it.
    Filter,
    /// The keys of the selected group.
    Keys,
}

/// The tab.
#[derive(Debug, Clone, Default)]
pub struct Groups {
    /// Everything that was read.
    pub all: Load<Vec<Group>>,
    /// What of it is shown.
    pub rows: Vec<Branch>,
    /// What was typed after `/`.
    pub filter: Field,
    /// Which part has the keys.
    pub pane: Pane,
    /// The selected group.
    pub selected: Option<GroupId>,
    /// Its place in `rows`.
    pub cursor: usize,
    /// The first row that is drawn.
    pub offset: usize,
    /// Keys and usage of the group that is looked at.
    pub detail: Load<(GroupId, GroupDetail)>,
    /// The selected key, by its place.
    pub key: usize,
    /// The first row of the detail that is drawn.
    pub detail_offset: usize,
    /// What is open for a change.
    pub work: Work,
    area: Rect,
}

impl Groups {
    /// What has the keys.
    #[must_use]
    pub fn place(&self, shared: &Shared) -> Place {
        if let Some(place) = self.work.place(shared) {
            return place;
        }
        match self.pane {
            Pane::Tree => Place::Groups,
            Pane::Filter => Place::Filter,
            Pane::Keys => Place::GroupKeys,
        }
    }

    /// The groups that were read.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        self.all.get().map(Vec::as_slice).unwrap_or_default()
    }

    /// The selected group.
    #[must_use]
    pub fn group(&self) -> Option<&Group> {
        let branch = self.rows.get(self.cursor)?;
        self.groups().get(branch.group)
    }

    /// What is known of the selected group's keys and usage.
    #[must_use]
    pub fn detail_of_selected(&self) -> Option<&GroupDetail> {
        let (id, detail) = self.detail.get()?;
        (Some(id) == self.selected.as_ref()).then_some(detail)
    }

    /// The selected key.
    #[must_use]
    pub fn selected_key(&self) -> Option<&KeyInfo> {
        self.detail_of_selected()?.keys.get(self.key)
    }

    /// Forgets everything of the context that was open.
    pub fn forget(&mut self) {
        *self = Self { area: self.area, ..Self::default() };
    }

    /// The tab was opened, or everything is to be read again.
    pub fn read(&mut self, shared: &mut Shared) -> Vec<Effect> {
        if self.all.waiting.is_some() {
            return Vec::new();
        }
        let ticket = shared.ticket();
        self.all.ask(ticket);
        let mut effects = vec![Effect::Read { ticket, wanted: Wanted::Groups }];
        effects.extend(self.rest());
        effects
    }

    /// No reading under way will be answered.
    pub fn abandon(&mut self) {
        self.all.waiting = None;
        self.detail.waiting = None;
    }

    fn rest(&self) -> Option<Effect> {
        self.selected.is_some().then_some(Effect::After { timer: Timer::GroupDetail, delay: REST })
    }

    /// The cursor has rested, or usage is old.
    pub fn read_detail(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let Some(id) = self.selected.clone() else { return Vec::new() };
        let mut effects: Vec<Effect> = self.detail.waiting.take().map(Effect::Cancel).into_iter().collect();
        let ticket = shared.ticket();
        self.detail.ask(ticket);
        let slugs = self.group().map(|group| group.models.iter().map(|model| model.slug.clone()).collect());
        effects.push(Effect::Read { ticket, wanted: Wanted::GroupDetail(id, slugs.unwrap_or_default()) });
        effects
    }

    /// Takes what was read. `None` where it was not asked for from here.
    pub fn receive(
        &mut self,
        ticket: Ticket,
        found: &Result<Found, Failure>,
        shared: &mut Shared,
    ) -> Option<Vec<Effect>> {
        if self.all.expects(ticket) {
            let answer = found.clone().map(|found| if let Found::Groups(groups) = found { groups } else { Vec::new() });
            self.all.answer(ticket, shared.now, answer);
            self.lay();
            return Some(self.rest().into_iter().collect());
        }
        if self.detail.expects(ticket) {
            match found.clone() {
                Ok(Found::GroupDetail(id, detail)) => {
                    self.key = self.key.min(detail.keys.len().saturating_sub(1));
                    self.detail.answer(ticket, shared.now, Ok((id, detail)));
                }
                Ok(_) => self.detail.waiting = None,
                Err(failure) => self.detail.fail(failure),
            }
            return Some(vec![Effect::After { timer: Timer::GroupDetail, delay: USAGE_EVERY }]);
        }
        let was_registering = matches!(self.work, Work::Register(_));
        let is_ours = self.work.receive(ticket, found, shared);
        let effects = if is_ours && was_registering && found.is_ok() { self.read_detail(shared) } else { Vec::new() };
        is_ours.then_some(effects)
    }

    /// A plan has ended. `None` where it was not run from here.
    pub fn report(
        &mut self,
        ticket: Ticket,
        answer: &Result<Report, Failure>,
        shared: &mut Shared,
    ) -> Option<Vec<Effect>> {
        let is_over = self.work.report(ticket, answer, shared)?;
        if is_over {
            self.all.waiting = None;
            let mut effects = self.read(shared);
            effects.extend(self.read_detail(shared));
            return Some(effects);
        }
        Some(Vec::new())
    }

    /// Shows only the groups that may call this slug.
    pub fn show_slug(&mut self, slug: &str) {
        self.show(&format!("slug:{slug}"));
    }

    /// Shows only what this filter admits.
    pub fn show(&mut self, typed: &str) {
        self.filter.set(typed);
        self.pane = Pane::Tree;
        self.lay();
    }

    /// Selects a group, where it is shown.
    pub fn select(&mut self, id: &GroupId) {
        self.selected = Some(id.clone());
        self.lay();
    }

    fn lay(&mut self) {
        self.rows = tree::rows(self.groups(), self.filter.text());
        let groups = self.groups();
        let wanted = self.selected.as_ref();
        let found = self.rows.iter().position(|branch| groups.get(branch.group).map(|group| &group.id) == wanted);
        let place = found.unwrap_or(self.cursor);
        self.move_to(place);
    }

    fn move_to(&mut self, place: usize) {
        self.cursor = place.min(self.rows.len().saturating_sub(1));
        self.offset = layout::scroll_to(self.cursor, self.offset, self.visible(), self.rows.len());
        let now = self.group().map(|group| group.id.clone());
        if now.is_some() && now != self.selected {
            self.selected = now;
            self.key = 0;
            self.detail_offset = 0;
        }
    }

    fn visible(&self) -> usize {
        let (tree, _) = self.areas(self.area);
        usize::from(tree.height.saturating_sub(2 + u16::from(self.is_filter_shown())))
    }

    /// True where the filter line is on the screen.
    #[must_use]
    pub fn is_filter_shown(&self) -> bool {
        self.pane == Pane::Filter || !self.filter.text().is_empty()
    }

    /// The body of the screen has another size.
    pub fn resize(&mut self, body: Rect) {
        self.area = body;
        self.offset = layout::scroll_to(self.cursor, self.offset, self.visible(), self.rows.len());
    }

    /// The areas of tree and detail; an empty one is not shown.
    #[must_use]
    pub fn areas(&self, area: Rect) -> (Rect, Rect) {
        if Breadth::of(area.width) == Breadth::Narrow {
            return if self.pane == Pane::Keys { (Rect::default(), area) } else { (area, Rect::default()) };
        }
        let left = area.width * 36 / 100;
        (Rect { width: left, ..area }, Rect { x: area.x + left, width: area.width - left, ..area })
    }

    /// Does what a key asks for.
    pub fn act(&mut self, action: Action, shared: &mut Shared) -> Vec<Effect> {
        if !self.work.is_none() {
            if action == Action::CopyAsCommand {
                let planned = self.work.planned();
                shared.opens = copy::elsewhere(&planned, shared);
                return Vec::new();
            }
            return self.work.act(action, shared);
        }
        if self.pane == Pane::Keys {
            return self.act_on_keys(action, shared);
        }
        let before = self.selected.clone();
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
            Action::Filter => self.pane = Pane::Filter,
            Action::Confirm => self.pane = Pane::Tree,
            Action::Back => {
                self.filter.set("");
                self.pane = Pane::Tree;
                self.lay();
            }
            Action::Open | Action::NextPane if self.group().is_some() => self.pane = Pane::Keys,
            _ => return self.change(action, shared),
        }
        if before == self.selected { Vec::new() } else { self.rest().into_iter().collect() }
    }

    /// The mouse pressed a row of the tree: it is selected.
    pub fn press(&mut self, at: Position) -> Vec<Effect> {
        let (tree, _) = self.areas(self.area);
        let top = tree.y + 1 + u16::from(self.is_filter_shown());
        let place = at.y.checked_sub(top).map(|row| self.offset + usize::from(row));
        let is_row = tree.contains(at) && at.y + 1 < tree.bottom();
        let Some(place) = place.filter(|place| is_row && self.work.is_none() && *place < self.rows.len()) else {
            return Vec::new();
        };
        self.pane = Pane::Tree;
        self.move_to(place);
        self.rest().into_iter().collect()
    }

    fn act_on_keys(&mut self, action: Action, shared: &mut Shared) -> Vec<Effect> {
        let last = self.detail_of_selected().map_or(0, |detail| detail.keys.len()).saturating_sub(1);
        match action {
            Action::Up => self.key = self.key.saturating_sub(1),
            Action::Down => self.key = (self.key + 1).min(last),
            Action::Top => self.key = 0,
            Action::Bottom => self.key = last,
            Action::PageUp => self.detail_offset = self.detail_offset.saturating_sub(self.visible() / 2),
            Action::PageDown => self.detail_offset += self.visible() / 2,
            Action::Back | Action::PreviousPane | Action::NextPane => self.pane = Pane::Tree,
            Action::Copy => {
                let prefix = self.selected_key().map(|key| Effect::Copy(key.prefix.to_string()));
                return prefix.into_iter().collect();
            }
            _ => return self.change(action, shared),
        }
        let lines = self.detail_lines(shared).len();
        self.detail_offset = self.detail_offset.min(lines.saturating_sub(self.visible()));
        Vec::new()
    }

    fn detail_lines(&self, shared: &Shared) -> Vec<ratatui::text::Line<'static>> {
        let (_, area) = self.areas(self.area);
        self.group().map(|group| detail::lines(self, group, shared, usize::from(area.width))).unwrap_or_default()
    }

    fn change(&mut self, action: Action, shared: &mut Shared) -> Vec<Effect> {
        let group = self.group().cloned();
        match (action, group) {
            (Action::New, _) => self.work = Work::create(None),
            (Action::NewChild, Some(parent)) => self.work = Work::create(Some(parent)),
            (Action::Edit, Some(group)) => self.work = Work::change(group),
            (Action::MintKey, Some(group)) => self.work = Work::name_key(group),
            (Action::RegisterKey, Some(group)) => self.work = Work::Register(Box::new(Register::new(group))),
            (Action::RevokeKey, Some(group)) => {
                if let Some(key) = self.selected_key().cloned() {
                    self.work = Work::Ask(Box::new(Ask::revoke(&group, key)));
                }
            }
            (Action::Delete, Some(group)) => {
                let all: Vec<Group> = tree::subtree(self.groups(), &group.id).into_iter().cloned().collect();
                let (ask, effects) = Ask::delete(&group, &all, shared);
                self.work = Work::Ask(Box::new(ask));
                return effects;
            }
            _ => {}
        }
        Vec::new()
    }

    /// Types into the field that has the keys.
    pub fn edit(&mut self, key: &KeyEvent) {
        if !self.work.is_none() {
            self.work.edit(key);
        } else if self.pane == Pane::Filter && self.filter.edit(key) {
            self.lay();
        }
    }

    /// Takes what was pasted into the field that has the keys.
    pub fn paste(&mut self, pasted: &str) {
        if !self.work.is_none() {
            self.work.paste(pasted);
        } else if self.pane == Pane::Filter && self.filter.paste(pasted) {
            self.lay();
        }
    }
}
