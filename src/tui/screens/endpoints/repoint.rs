//! The picker of a re-point: left the possible targets, right what would change.
//!
//! ```text
//! ╭ Re-point my-org/glm-5.2 ─────────────────────────────────────────────────────────────╮
//! │ Target ▸ 7mP▏                   │ my-org/glm-5.2 ─┬─╳ BASETEN 3kZ9xqd production  now │
//! │   BASETEN                       │                 └─▶ BASETEN 7mP2wqe production  new │
//! │ ▌   7mP2wqe  glm-5.2-fp4        │                                                     │
//! │     7mP2wqe  glm-5.2-fp4  stg   │ Affected    3 groups, 7 keys                        │
//! ╰─────────────────────────────────────────────────────────────────────────────────────╯
//! ```

use crossterm::event::KeyEvent;

use super::candidates::{self, Candidate};
use super::review::{Review, Stage};
use super::rows::Rows;
use super::workspace::Workspace;
use crate::api::{Endpoint, ModelId, Target};
use crate::plan::preflight::{self, Finding};
use crate::plan::{Change, Plan, bulk};
use crate::tui::effect::Effect;
use crate::tui::form::Field;
use crate::tui::keymap::{Action, Place};
use crate::tui::session::Shared;

/// What is re-pointed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Scope {
    /// One endpoint.
    #[default]
    One,
    /// All that are marked.
    Marked,
    /// All that route to this model: only the model is chosen, and each keeps its environment.
    Model(ModelId),
}

/// A re-point that is being made up.
#[derive(Debug, Clone)]
pub struct Repoint {
    /// The endpoint as it was when the picker opened: a poll changes the list, never this.
    pub before: Endpoint,
    /// What is re-pointed with it.
    pub others: Vec<Endpoint>,
    /// Why just these.
    pub scope: Scope,
    /// What was typed.
    pub typed: Field,
    /// Everything that can be chosen.
    pub all: Vec<Candidate>,
    /// What of it matches.
    pub shown: Vec<Candidate>,
    /// The place in `shown`.
    pub cursor: usize,
    /// True once a person has moved or typed: then what arrives late moves nothing.
    pub was_touched: bool,
    /// Affected, in effect, before, after.
    pub review: Review,
}

impl Repoint {
    /// Opens on the first target that differs from the current one.
    pub fn new(before: Endpoint, workspace: &Workspace, rows: &Rows, shared: &mut Shared) -> (Self, Vec<Effect>) {
        Self::of(before, Vec::new(), Scope::One, workspace, rows, shared)
    }

    /// The same for several endpoints at once.
    pub fn of(
        before: Endpoint,
        others: Vec<Endpoint>,
        scope: Scope,
        workspace: &Workspace,
        rows: &Rows,
        shared: &mut Shared,
    ) -> (Self, Vec<Effect>) {
        let slugs = std::iter::once(&before).chain(&others).map(|endpoint| endpoint.slug.clone()).collect();
        let (review, effects) = Review::new(slugs, shared);
        let mut repoint = Self {
            before,
            others,
            scope,
            typed: Field::default(),
            all: Vec::new(),
            shown: Vec::new(),
            cursor: 0,
            was_touched: false,
            review,
        };
        repoint.refresh(workspace, rows);
        (repoint, effects)
    }

    /// Takes what has become known since.
    pub fn refresh(&mut self, workspace: &Workspace, rows: &Rows) {
        let chosen = self.chosen().map(|candidate| candidate.target.clone()).filter(|_| self.was_touched);
        self.all = candidates::all(workspace, rows);
        if matches!(self.scope, Scope::Model(_)) {
            candidates::keep_models(&mut self.all);
        }
        self.sift(workspace);
        let again = chosen.and_then(|target| self.shown.iter().position(|candidate| candidate.target == target));
        self.cursor = again.unwrap_or_else(|| self.first_other(0));
    }

    fn sift(&mut self, workspace: &Workspace) {
        self.shown = candidates::matching(&self.all, self.typed.text(), workspace);
    }

    /// True for the target that all of them have now: it is shown, and cannot be chosen.
    #[must_use]
    pub fn is_current(&self, target: &Target) -> bool {
        if let Scope::Model(model) = &self.scope {
            return target.model_id.as_ref() == Some(model);
        }
        let wanted = target.clone().normalized();
        let has_it = |endpoint: &Endpoint| endpoint.target().is_some_and(|now| now.clone().normalized() == wanted);
        has_it(&self.before) && self.others.iter().all(has_it)
    }

    fn first_other(&self, from: usize) -> usize {
        let other = |candidate: &Candidate| !self.is_current(&candidate.target);
        self.shown.iter().skip(from).position(other).map_or(0, |place| from + place)
    }

    /// The candidate under the cursor.
    #[must_use]
    pub fn chosen(&self) -> Option<&Candidate> {
        self.shown.get(self.cursor).filter(|candidate| !self.is_current(&candidate.target))
    }

    /// The change that would be made.
    #[must_use]
    pub fn change(&self) -> Option<Change> {
        self.chosen().map(|candidate| Change::repoint(&self.before, candidate.target.clone()))
    }

    /// The changes that would be made of all of them.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        let Some(target) = self.chosen().map(|candidate| &candidate.target) else { return Vec::new() };
        let all: Vec<Endpoint> = std::iter::once(&self.before).chain(&self.others).cloned().collect();
        let plan = match (&self.scope, &target.model_id) {
            (Scope::Model(from), Some(to)) => bulk::promote(&all, from, to),
            _ => Plan::new(all.iter().map(|endpoint| Change::repoint(endpoint, target.clone()))),
        };
        plan.changes().to_vec()
    }

    /// What speaks against it.
    #[must_use]
    pub fn findings(&self, workspace: &Workspace) -> Vec<Finding> {
        self.change().map(|change| preflight::check(&change, &workspace.known, [])).unwrap_or_default()
    }

    /// What has the keys.
    #[must_use]
    pub fn place(&self, shared: &Shared) -> Place {
        if self.review.is_writing() {
            Place::Nothing
        } else if self.review.is_editing() {
            Place::Repoint
        } else if self.review.is_confirming() && shared.is_protected() {
            Place::TypedQuestion
        } else {
            Place::Confirm
        }
    }

    /// Types into the field that has the keys.
    pub fn edit(&mut self, key: &KeyEvent, workspace: &Workspace) {
        if !self.review.is_editing() {
            self.review.typed.edit(key);
        } else if self.typed.edit(key) {
            self.typed_anew(workspace);
        }
    }

    /// Takes what was pasted.
    pub fn paste(&mut self, text: &str, workspace: &Workspace) {
        if !self.review.is_editing() {
            self.review.typed.paste(text);
        } else if self.typed.paste(text) {
            self.typed_anew(workspace);
        }
    }

    fn typed_anew(&mut self, workspace: &Workspace) {
        self.was_touched = true;
        self.sift(workspace);
        self.cursor = self.first_other(0);
    }

    /// Puts the cursor on a candidate.
    pub fn move_to(&mut self, place: usize) {
        if place < self.shown.len() {
            self.was_touched = true;
            self.cursor = place;
        }
    }

    /// Does what a key asks for; true where the pane is to be closed.
    pub fn act(&mut self, action: Action, page: usize, shared: &mut Shared) -> (bool, Vec<Effect>) {
        let none = (false, Vec::new());
        if self.review.is_writing() {
            return none;
        }
        match (action, &self.review.stage) {
            (Action::Back, Stage::Confirming) => {
                self.review.stage = Stage::Editing;
                self.review.typed.set("");
            }
            (Action::Back, _) => return (true, Vec::new()),
            (Action::Confirm, Stage::Editing) if self.chosen().is_some() => self.review.stage = Stage::Confirming,
            (Action::Confirm, Stage::Confirming) if self.review.is_confirmed(shared, self.before.slug.as_str()) => {
                if let Some(change) = self.change() {
                    return (false, self.review.write(change, shared));
                }
            }
            (Action::NextPane, _) => self.review.choose_after(shared),
            (Action::Up, Stage::Editing) => self.step(-1),
            (Action::Down, Stage::Editing) => self.step(1),
            (Action::PageUp, Stage::Editing) => self.leap(-1, page),
            (Action::PageDown, Stage::Editing) => self.leap(1, page),
            _ => {}
        }
        none
    }

    /// To the next candidate that can be chosen, over the current target.
    fn step(&mut self, by: isize) {
        self.was_touched = true;
        let mut place = self.cursor;
        while let Some(next) = place.checked_add_signed(by).filter(|next| *next < self.shown.len()) {
            place = next;
            if self.shown.get(place).is_some_and(|candidate| !self.is_current(&candidate.target)) {
                self.cursor = place;
                return;
            }
        }
    }

    fn leap(&mut self, by: isize, page: usize) {
        for _ in 0..page.max(1) {
            self.step(by);
        }
    }
}
