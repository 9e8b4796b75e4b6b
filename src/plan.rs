//! Everything that changes a server is a plan: a list of changes, each with what it was before and what it shall be.
//!
//! One re-point is a plan of one; a bulk action, an undo, an edited file and `repoint apply` are plans too. So there
//! is one diff to show, one guard, one runner, one journal and one undo, and the dashboard and the command line can't
//! disagree.
//!
//! Start with [`Change`]. Only [`mod@run`] speaks to a server and only [`journal`] touches files; the rest is pure.

pub mod bulk;
pub mod change;
pub mod command;
pub mod content;
pub mod desired;
pub mod diff;
pub mod document;
pub mod follow;
pub mod guard;
pub mod history;
pub mod impact;
pub mod journal;
mod order;
pub mod outcome;
pub mod preflight;
pub mod run;
pub mod survey;
pub mod undo;

pub use change::{Change, Subject, Verb};
pub use content::{EndpointContent, GroupContent, ParentGroup};
pub use guard::{Conflict, ConflictRow, Verdict, Version};
pub use impact::Impact;
pub use journal::Journal;
pub use outcome::{Done, Failure, Outcome, PlanId, Progress, Proof, Record, Report, Sighting, Step};
pub use run::{resume, run};

/// A list of changes that belong together, in an order in which they can be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    changes: Vec<Change>,
}

impl Plan {
    /// A plan of these changes, without those that change nothing. What must come first does: a slug is freed before
    /// it is taken. A change of both name and target becomes two, since a rename is sent alone.
    #[must_use]
    pub fn new(changes: impl IntoIterator<Item = Change>) -> Self {
        Self { changes: order::arrange(changes) }
    }

    /// A plan of changes that were arranged before, as the journal has them: their places must stay.
    pub(crate) fn arranged(changes: Vec<Change>) -> Self {
        Self { changes }
    }

    /// What shall be done, in order.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// For each change the places of those that must be over before it begins. All others may run beside it.
    #[must_use]
    pub fn dependencies(&self) -> Vec<Vec<usize>> {
        order::dependencies(&self.changes)
    }

    /// True where there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// One line for the journal and for notices: the one change, or how many of what.
    #[must_use]
    pub fn title(&self) -> String {
        match self.changes.as_slice() {
            [] => "nothing to do".to_owned(),
            [change] => change.title(),
            [Change::UpdateEndpoint { before, .. }, Change::UpdateEndpoint { before: again, after }]
                if before.id == again.id =>
            {
                Change::UpdateEndpoint { before: before.clone(), after: after.clone() }.title()
            }
            [first, rest @ ..] => {
                let verb = first.verb();
                let kind = kind(first);
                let is_uniform = rest.iter().all(|change| change.verb() == verb && self::kind(change) == kind);
                let count = self.changes.len();
                if is_uniform { format!("{} {count} {kind}s", verb.as_str()) } else { format!("{count} changes") }
            }
        }
    }
}

impl From<Change> for Plan {
    fn from(change: Change) -> Self {
        Self::new([change])
    }
}

fn kind(change: &Change) -> &'static str {
    match change {
        Change::CreateEndpoint { .. } | Change::UpdateEndpoint { .. } | Change::DeleteEndpoint { .. } => "endpoint",
        Change::CreateGroup { .. } | Change::UpdateGroup { .. } | Change::DeleteGroup { .. } => "group",
        Change::MintKey { .. } | Change::RevokeKey { .. } => "key",
    }
}
