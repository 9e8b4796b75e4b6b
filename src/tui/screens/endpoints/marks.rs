//! Endpoints that are marked, and the one plan that is made of all of them.

use std::collections::BTreeSet;

use super::Endpoints;
use super::repoint::{Repoint, Scope};
use super::work::Work;
use crate::api::{Endpoint, EndpointId};
use crate::plan::{Change, Plan};
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::overlays::Overlay;
use crate::tui::overlays::notices::Tone;
use crate::tui::overlays::proposal::{self, Proposal};
use crate::tui::session::Shared;
use crate::tui::text;

/// The marked endpoints, by id: filters, sorting and a new reading leave them marked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks(BTreeSet<EndpointId>);

impl Marks {
    /// True where this one is marked.
    #[must_use]
    pub fn has(&self, id: &EndpointId) -> bool {
        self.0.contains(id)
    }

    /// How many are marked.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// True where nothing is marked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Marks nothing any more.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl Endpoints {
    /// The endpoints that are marked and still there, by slug.
    #[must_use]
    pub fn marked(&self) -> Vec<Endpoint> {
        let is_marked = |row: &&super::rows::Row| self.marks.has(&row.id);
        let mut marked: Vec<Endpoint> =
            self.rows.all().iter().filter(is_marked).map(super::rows::Row::endpoint).collect();
        marked.sort_by(|a, b| a.slug.cmp(&b.slug));
        marked
    }

    /// What an action is about: all that is marked, else the selected one.
    #[must_use]
    pub fn subjects(&self) -> Vec<Endpoint> {
        if self.marks.is_empty() { self.selected().into_iter().collect() } else { self.marked() }
    }

    /// Does what a key asks for, where it is about marks. `None` where it is not.
    pub(super) fn act_on_marks(&mut self, action: Action, shared: &mut Shared) -> Option<Vec<Effect>> {
        match action {
            Action::Mark => self.toggle(),
            Action::MarkAll => self.mark_shown(),
            Action::Back if !self.marks.is_empty() => self.marks.clear(),
            Action::Repoint if self.marks.count() > 1 => return Some(self.open_repoint_of(Scope::Marked, shared)),
            Action::Promote => return Some(self.open_promotion(shared)),
            Action::Delete if self.marks.count() > 1 => return Some(self.propose_deletion(shared)),
            _ => return None,
        }
        Some(Vec::new())
    }

    /// Marks the selected row or takes its mark away, and goes on to the next.
    fn toggle(&mut self) {
        let Some(id) = self.list.row(&self.rows).map(|row| row.id.clone()) else { return };
        if !self.marks.0.remove(&id) {
            self.marks.0.insert(id);
        }
        self.list.act(Action::Down, &self.rows);
    }

    /// Marks all that the filter shows; where all of them are marked, none of them.
    fn mark_shown(&mut self) {
        let shown: Vec<EndpointId> =
            self.list.order.iter().filter_map(|index| self.rows.get(*index)).map(|row| row.id.clone()).collect();
        if shown.iter().all(|id| self.marks.0.contains(id)) {
            for id in &shown {
                self.marks.0.remove(id);
            }
        } else {
            self.marks.0.extend(shown);
        }
    }

    fn open_repoint_of(&mut self, scope: Scope, shared: &mut Shared) -> Vec<Effect> {
        let mut marked = self.marked().into_iter();
        let Some(before) = marked.next() else { return Vec::new() };
        self.open_picker(before, marked.collect(), scope, shared)
    }

    /// Everything that routes to the model of the selected endpoint is to be routed to another.
    fn open_promotion(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let Some(before) = self.selected() else { return Vec::new() };
        let Some(model) = before.target().and_then(|target| target.model_id.clone()) else {
            let said = "only what routes to a model of the workspace can be promoted";
            shared.notices.say(shared.now, Tone::Plain, said);
            return Vec::new();
        };
        let is_there = |row: &&super::rows::Row| {
            row.id != before.id
                && row.targets.all.first().is_some_and(|target| target.model_id.as_ref() == Some(&model))
        };
        let others = self.rows.all().iter().filter(is_there).map(super::rows::Row::endpoint).collect();
        self.open_picker(before, others, Scope::Model(model), shared)
    }

    fn open_picker(
        &mut self,
        before: Endpoint,
        others: Vec<Endpoint>,
        scope: Scope,
        shared: &mut Shared,
    ) -> Vec<Effect> {
        let mut effects = self.read_workspace(shared);
        let (repoint, more) = Repoint::of(before, others, scope, &self.workspace, &self.rows, shared);
        self.work = Work::Repoint(Box::new(repoint));
        effects.extend(more);
        effects
    }

    /// The picker of several has chosen: the plan is shown whole before it is made.
    pub(super) fn propose_repoint(&mut self, shared: &mut Shared) -> Option<Vec<Effect>> {
        let Work::Repoint(repoint) = &self.work else { return None };
        if repoint.others.is_empty() || !repoint.review.is_editing() {
            return None;
        }
        let to = match &repoint.scope {
            Scope::Model(_) => repoint.chosen()?.main.clone(),
            Scope::One | Scope::Marked => repoint.chosen()?.target.to_string(),
        };
        let plan = Plan::new(repoint.changes());
        self.work = Work::None;
        let title = format!("Re-point {} to {to}", text::counted(plan.changes().len(), "endpoint"));
        Some(self.propose(title, plan, shared))
    }

    fn propose_deletion(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let marked = self.marked();
        let title = format!("Delete {}", text::counted(marked.len(), "endpoint"));
        self.propose(title, Plan::new(marked.iter().map(Change::delete)), shared)
    }

    /// Shows a plan whole; nothing is written before it is confirmed.
    pub fn propose(&self, title: String, plan: Plan, shared: &mut Shared) -> Vec<Effect> {
        if plan.is_empty() {
            shared.notices.say(shared.now, Tone::Plain, "nothing to do: everything is so already");
            return Vec::new();
        }
        let verb = proposal::verb(&plan);
        let (proposal, effects) = Proposal::new(title, verb, plan, &self.workspace.known, shared);
        shared.opens = Some(Overlay::Proposal(Box::new(proposal)));
        effects
    }
}
