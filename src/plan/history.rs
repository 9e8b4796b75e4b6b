//! What was done: the lines of the journal, and the entries that they add up to. Files are `journal`'s.
//!
//! A plan is a line of its own, then one line a change, so that all of it is known before the first write; then a
//! line before and one after each write. So a journal that ends anywhere tells what was done, what was not, and
//! which single writes are in doubt.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Plan;
use super::change::Change;
use super::outcome::{Done, Outcome, PlanId, Sighting};
use crate::api::Time;

/// The version of the lines. A higher one was written by a newer program.
pub const VERSION: u32 = 1;

/// Who runs a plan, and against what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// The person, as the machine knows them: `user@host`.
    pub who: String,
    /// The context's name.
    pub context: String,
    /// The server's management URL.
    pub server: String,
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub enum JournalLine {
    /// A plan begins; its changes follow.
    Plan {
        /// The version of the lines.
        version: u32,
        /// Its name.
        plan: PlanId,
        /// When.
        at: Time,
        /// Who, and against what.
        #[serde(flatten)]
        author: Author,
        /// One line for people.
        title: String,
        /// How many changes follow.
        changes: usize,
        /// The plan that it undoes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undoes: Option<PlanId>,
    },
    /// A change of it.
    Change {
        /// The plan.
        plan: PlanId,
        /// Its place.
        index: usize,
        /// What it was and what it shall be.
        #[serde(flatten)]
        change: Box<Change>,
    },
    /// The next thing is the write itself.
    Writing {
        /// The plan.
        plan: PlanId,
        /// The change's place.
        index: usize,
        /// When.
        at: Time,
    },
    /// A change is over.
    Outcome {
        /// The plan.
        plan: PlanId,
        /// The change's place.
        index: usize,
        /// When.
        at: Time,
        /// What became of it. In a place of its own: both tell a time.
        result: Outcome,
    },
    /// Following a change came to an end.
    Seen {
        /// The plan.
        plan: PlanId,
        /// The change's place.
        index: usize,
        /// When.
        at: Time,
        /// What was seen.
        #[serde(flatten)]
        sighting: Sighting,
    },
    /// A plan is over: nothing more of it will be written, unless it is taken up again.
    Finished {
        /// The plan.
        plan: PlanId,
        /// When.
        at: Time,
        /// True where it was stopped by its caller.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        cancelled: bool,
    },
}

impl JournalLine {
    /// The plan that it belongs to.
    #[must_use]
    pub fn plan(&self) -> &PlanId {
        match self {
            Self::Plan { plan, .. }
            | Self::Change { plan, .. }
            | Self::Writing { plan, .. }
            | Self::Outcome { plan, .. }
            | Self::Seen { plan, .. }
            | Self::Finished { plan, .. } => plan,
        }
    }
}

/// One plan as the journal has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub id: PlanId,
    /// When it began.
    pub at: Time,
    /// Who ran it, and against what.
    pub author: Author,
    /// One line for people.
    pub title: String,
    /// The plan that it undid.
    pub undoes: Option<PlanId>,
    /// The plan that undid it, where that was not undone in turn.
    pub undone_by: Option<PlanId>,
    /// Its changes, in the plan's order. Fewer than planned where the program died while it noted them.
    pub items: Vec<Item>,
    /// How many changes the plan has.
    pub planned: usize,
    /// When it was over. `None`: it runs, or its program died.
    pub finished: Option<Time>,
    /// True where it was stopped by its caller.
    pub cancelled: bool,
}

/// One change of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it was and what it shall be.
    pub change: Change,
    /// When its write was about to be sent. With no outcome it is in doubt.
    pub writing: Option<Time>,
    /// What became of it.
    pub outcome: Option<Outcome>,
    /// How following it ended.
    pub sighting: Option<Sighting>,
}

impl Item {
    /// The write, where it was done.
    #[must_use]
    pub fn done(&self) -> Option<&Done> {
        match &self.outcome {
            Some(Outcome::Done(done)) => Some(done),
            Some(
                Outcome::AlreadySo
                | Outcome::Conflict(_)
                | Outcome::RenameRefused { .. }
                | Outcome::Failed(_)
                | Outcome::Unsettled(_)
                | Outcome::NotTried,
            )
            | None => None,
        }
    }

    /// True where a write may have been sent and nobody knows what became of it.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        match &self.outcome {
            Some(Outcome::Unsettled(_)) => true,
            Some(_) => false,
            None => self.writing.is_some(),
        }
    }
}

/// How an entry stands, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Everything is as planned.
    Done,
    /// Some of it was written.
    Partly,
    /// Nothing was written.
    NotDone,
    /// It has no end: it runs, or its program died.
    Open,
    /// It was undone.
    Undone,
}

impl Standing {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Partly => "partly done",
            Self::NotDone => "not done",
            Self::Open => "not finished",
            Self::Undone => "undone",
        }
    }
}

impl Entry {
    /// How it stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        if self.undone_by.is_some() {
            return Standing::Undone;
        }
        if self.is_torn() {
            return Standing::NotDone;
        }
        if self.finished.is_none() {
            return Standing::Open;
        }
        let succeeded = self.items.iter().filter(|item| item.outcome.as_ref().is_some_and(Outcome::is_success)).count();
        let written =
            self.items.iter().filter(|item| item.outcome.as_ref().is_some_and(Outcome::may_have_written)).count();
        if succeeded == self.planned {
            Standing::Done
        } else if written > 0 {
            Standing::Partly
        } else {
            Standing::NotDone
        }
    }

    /// True where the program died while it noted the plan: nothing of it was sent, and it can't be taken up.
    #[must_use]
    pub fn is_torn(&self) -> bool {
        self.items.len() < self.planned
    }

    /// The plan again, for going on with it.
    #[must_use]
    pub fn plan(&self) -> Plan {
        Plan::arranged(self.items.iter().map(|item| item.change.clone()).collect())
    }

    /// How long it took until all that was written was in effect. `None` where that was not seen.
    #[must_use]
    pub fn in_effect_after(&self) -> Option<Duration> {
        let times: Option<Vec<u64>> = self
            .items
            .iter()
            .filter(|item| item.done().is_some())
            .map(|item| match &item.sighting {
                Some(Sighting::InEffect { after_ms, .. }) => Some(*after_ms),
                Some(
                    Sighting::Waiting { .. }
                    | Sighting::StillOld { .. }
                    | Sighting::ProbeFailed { .. }
                    | Sighting::GaveUp { .. },
                )
                | None => None,
            })
            .collect();
        times?.into_iter().max().map(Duration::from_millis)
    }

    /// What of it no undo brings back.
    #[must_use]
    pub fn irreversible(&self) -> Vec<&'static str> {
        let mut texts: Vec<&'static str> = self.items.iter().filter_map(|item| item.change.irreversible()).collect();
        texts.dedup();
        texts
    }
}

/// The entries that these lines add up to, oldest first. Lines of plans that rotation has taken away are left out.
#[must_use]
pub fn entries(lines: impl IntoIterator<Item = JournalLine>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut places: HashMap<PlanId, usize> = HashMap::new();
    for line in lines {
        if let JournalLine::Plan { plan, at, author, title, changes, undoes, version: _ } = line {
            places.insert(plan.clone(), entries.len());
            entries.push(Entry {
                id: plan,
                at,
                author,
                title,
                undoes,
                undone_by: None,
                items: Vec::new(),
                planned: changes,
                finished: None,
                cancelled: false,
            });
        } else if let Some(entry) = places.get(line.plan()).and_then(|place| entries.get_mut(*place)) {
            add(entry, line);
        }
    }
    mark_undone(&mut entries, &places);
    entries
}

fn add(entry: &mut Entry, line: JournalLine) {
    match line {
        JournalLine::Plan { .. } => {}
        JournalLine::Change { change, index, .. } => {
            // A line that repeats or skips a place is not ours; the places must stay true.
            if index == entry.items.len() {
                entry.items.push(Item { change: *change, writing: None, outcome: None, sighting: None });
            }
        }
        JournalLine::Writing { index, at, .. } => {
            if let Some(item) = entry.items.get_mut(index) {
                item.writing = Some(at);
                item.outcome = None;
            }
            entry.finished = None;
        }
        JournalLine::Outcome { index, result, .. } => {
            if let Some(item) = entry.items.get_mut(index) {
                item.outcome = Some(result);
            }
        }
        JournalLine::Seen { index, sighting, .. } => {
            if let Some(item) = entry.items.get_mut(index) {
                item.sighting = Some(sighting);
            }
        }
        JournalLine::Finished { at, cancelled, .. } => {
            entry.finished = Some(at);
            entry.cancelled = cancelled;
        }
    }
}

/// Newest first, so that an undo which was itself undone takes nothing back.
fn mark_undone(entries: &mut [Entry], places: &HashMap<PlanId, usize>) {
    for place in (0..entries.len()).rev() {
        let Some(entry) = entries.get(place) else { continue };
        let took = entry.undone_by.is_none() && entry.items.iter().any(|item| item.done().is_some());
        let Some(undone) = entry.undoes.clone().filter(|_| took) else { continue };
        let by = entry.id.clone();
        if let Some(target) = places.get(&undone).and_then(|place| entries.get_mut(*place)) {
            target.undone_by.get_or_insert(by);
        }
    }
}
