//! A plan that is shown whole, asked about, run, and told about: an undo, one plan for all that is marked, an edited
//! file. The one way in which several changes are made from the dashboard.
//!
//! ```text
//! ╭ Re-point 3 endpoints ─────────────────────────────────────────────────────────────╮
//! │ Affected    4 groups, 9 keys                                                      │
//! │ In effect   within 60 s of the write                                              │
//! │ Before      each is read again; stops if somebody changed it                      │
//! │                                                                                   │
//! │ ✓ re-point my-org/glm-5.2                                                         │
//! │   - target.model_id: 3kZ9xqd                                                      │
//! │   + target.model_id: 7mP2wqe                                                      │
//! │ ◌ re-point my-org/glm-5.2-eu                                                      │
//! │                                                                                   │
//! │  ↵ make 3 changes   Esc leave everything as it is                                 │
//! ╰───────────────────────────────────────────────────────────────────────────────────╯
//! ```

pub mod view;

use std::collections::BTreeSet;

use crossterm::event::KeyEvent;

use super::copy;
use crate::api::Slug;
use crate::plan::diff::{self, Line};
use crate::plan::preflight::{self, Workspace};
use crate::plan::{Change, Impact, Outcome, Plan, PlanId, Progress, Report, Step};
use crate::tui::effect::{After, Effect};
use crate::tui::form::Field;
use crate::tui::keymap::{Action, Place};
use crate::tui::load::{Failure, Load, Ticket};
use crate::tui::session::Shared;

/// How far the plan is.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// It is asked about.
    Asking,
    /// It runs; true where it was told to stop.
    Running(Ticket, bool),
    /// It has run, and not all went as planned.
    Over,
}

/// A plan that is shown.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// What it is, for the frame.
    pub title: String,
    /// What the button says: `undo it`, `make 3 changes`.
    pub verb: String,
    /// Remarks over the changes.
    pub remarks: Vec<String>,
    /// What is to be done.
    pub plan: Plan,
    /// The entry of the journal that it takes back.
    pub undoes: Option<PlanId>,
    /// The changes as lines, each with the place of its change.
    pub lines: Vec<(usize, Line)>,
    /// Who is affected.
    pub impact: Load<Impact>,
    /// What speaks against it.
    pub findings: Vec<String>,
    /// How far it is.
    pub stage: Stage,
    /// Where each change stands.
    pub steps: Vec<Option<Step>>,
    /// Why the last try failed as a whole.
    pub failure: Option<Failure>,
    /// What happens once it is written.
    pub after: After,
    /// What was typed to confirm, where the context asks for it.
    pub typed: Field,
    /// The first line of the changes that is drawn.
    pub offset: usize,
}

/// What a key led to.
#[derive(Debug, Default)]
pub struct Answer {
    /// True where it is to be closed.
    pub is_over: bool,
    /// What is to be done.
    pub effects: Vec<Effect>,
}

impl Proposal {
    /// Shows a plan, and counts whom it touches.
    pub fn new(title: String, verb: String, plan: Plan, known: &Workspace, shared: &mut Shared) -> (Self, Vec<Effect>) {
        let lines = plan
            .changes()
            .iter()
            .enumerate()
            .flat_map(|(place, change)| diff::lines(change).into_iter().map(move |line| (place, line)))
            .collect();
        let findings: BTreeSet<String> = plan
            .changes()
            .iter()
            .flat_map(|change| preflight::check(change, known, []))
            .map(|finding| finding.to_string())
            .collect();
        let slugs: BTreeSet<Slug> = plan.changes().iter().flat_map(Impact::slugs_in_use).cloned().collect();
        let mut proposal = Self {
            title,
            verb,
            remarks: Vec::new(),
            steps: vec![None; plan.changes().len()],
            plan,
            undoes: None,
            lines,
            impact: Load::default(),
            findings: findings.into_iter().collect(),
            stage: Stage::Asking,
            failure: None,
            after: After::default(),
            typed: Field::default(),
            offset: 0,
        };
        let mut effects = Vec::new();
        if !slugs.is_empty() {
            let ticket = shared.ticket();
            proposal.impact.ask(ticket);
            effects.push(Effect::ReadImpact { ticket, slugs: slugs.into_iter().collect() });
        }
        (proposal, effects)
    }

    /// The same as the way back of an entry.
    #[must_use]
    pub fn undoing(mut self, entry: PlanId, remarks: Vec<String>) -> Self {
        self.undoes = Some(entry);
        self.remarks = remarks;
        self
    }

    /// What has the keys.
    #[must_use]
    pub fn place(&self, shared: &Shared) -> Place {
        match self.stage {
            Stage::Asking if shared.is_protected() => Place::TypedQuestion,
            Stage::Asking => Place::Confirm,
            Stage::Running(..) => Place::Running,
            Stage::Over => Place::PlanOver,
        }
    }

    /// What a protected context wants typed: the name of the one thing, else the context's own.
    #[must_use]
    pub fn word<'a>(&'a self, shared: &'a Shared) -> &'a str {
        match self.plan.changes() {
            [change] => change.name(),
            _ => shared.open_context().map(|context| context.name.as_str()).unwrap_or_default(),
        }
    }

    /// The changes that were not tried, where the plan has stopped.
    #[must_use]
    pub fn rest(&self) -> Vec<Change> {
        let not_tried = |step: &Option<Step>| matches!(step, Some(Step::Finished(Outcome::NotTried)));
        self.plan
            .changes()
            .iter()
            .zip(&self.steps)
            .filter(|(_, step)| not_tried(step))
            .map(|(change, _)| change.clone())
            .collect()
    }

    /// Types what a protected context asks for.
    pub fn edit(&mut self, key: &KeyEvent) {
        self.typed.edit(key);
    }

    /// Does what a key asks for.
    pub fn act(&mut self, action: Action, known: &Workspace, shared: &mut Shared) -> Answer {
        let mut answer = Answer::default();
        match (action, &self.stage) {
            (Action::Up, _) => self.offset = self.offset.saturating_sub(1),
            (Action::Down, _) => self.offset = self.offset.saturating_add(1),
            (Action::PageUp, _) => self.offset = self.offset.saturating_sub(view::PAGE),
            (Action::PageDown, _) => self.offset = self.offset.saturating_add(view::PAGE),
            (Action::NextPane, Stage::Asking) if shared.can_probe() => self.after = self.after.next(),
            (Action::CopyAsCommand, _) => shared.opens = copy::elsewhere(self.plan.changes(), shared),
            (Action::Back, Stage::Asking | Stage::Over) => answer.is_over = true,
            (Action::Back, Stage::Running(ticket, _)) => {
                answer.effects.push(Effect::Cancel(*ticket));
                self.stage = Stage::Running(*ticket, true);
            }
            (Action::Confirm, Stage::Asking) if !shared.is_protected() || self.typed.trimmed() == self.word(shared) => {
                answer.effects.push(self.run(shared));
            }
            (Action::Confirm, Stage::Over) => {
                let rest = self.rest();
                if rest.is_empty() {
                    answer.is_over = true;
                } else {
                    let plan = Plan::new(rest);
                    let title = format!("Go on: {}", plan.title());
                    let verb = verb(&plan);
                    (*self, answer.effects) = Self::new(title, verb, plan, known, shared);
                }
            }
            _ => {}
        }
        self.offset = self.offset.min(self.lines.len().saturating_sub(1));
        answer
    }

    fn run(&mut self, shared: &mut Shared) -> Effect {
        let ticket = shared.ticket();
        self.stage = Stage::Running(ticket, false);
        self.failure = None;
        shared.is_writing = true;
        Effect::Run {
            ticket,
            plan: self.plan.clone(),
            is_confirmed: shared.is_protected(),
            undoes: self.undoes.clone(),
            after: self.after,
        }
    }

    /// Its plan moved on.
    pub fn progress(&mut self, ticket: Ticket, progress: &Progress) {
        if let (Stage::Running(own, _), Progress::Item { index, step }) = (&self.stage, progress)
            && *own == ticket
            && let Some(place) = self.steps.get_mut(*index)
        {
            *place = Some(step.clone());
        }
    }

    /// True where the plan of this ticket is run from here.
    #[must_use]
    pub fn runs(&self, ticket: Ticket) -> bool {
        matches!(self.stage, Stage::Running(own, _) if own == ticket)
    }

    /// Its plan is over. True where all went as planned, and there is nothing more to show.
    pub fn finish(&mut self, answer: &Result<Report, Failure>) -> bool {
        match answer {
            Ok(report) => {
                self.steps = report.outcomes.iter().map(|outcome| Some(Step::Finished(outcome.clone()))).collect();
                self.stage = Stage::Over;
                self.offset = self.first_failure();
                report.is_success()
            }
            Err(failure) => {
                self.stage = Stage::Asking;
                self.failure = Some(failure.clone());
                false
            }
        }
    }

    fn first_failure(&self) -> usize {
        let failed = |step: &Option<Step>| matches!(step, Some(Step::Finished(outcome)) if !outcome.is_success());
        let place = self.steps.iter().position(failed);
        place.and_then(|place| self.lines.iter().position(|(own, _)| *own == place)).unwrap_or(0)
    }
}

/// What the button of a plan says.
#[must_use]
pub fn verb(plan: &Plan) -> String {
    match plan.changes().len() {
        1 => "do it".to_owned(),
        count => format!("make {}", crate::tui::text::counted(count, "change")),
    }
}
