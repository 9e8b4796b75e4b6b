//! Everything that changes a server is a plan: a list of changes, each with what it was before and what it shall be.
//!
//! One re-point is a plan of one; a bulk action, an undo, an edited file and `repoint apply` are plans too. So there
//! is one diff to show, one guard, one runner, one journal and one undo, and the dashboard and the command line can't
//! disagree.
//!
//! Start with [`Change`]. Pure: [`change`], [`diff`], [`guard`], [`impact`], [`preflight`], [`outcome`].

pub mod change;
pub mod content;
pub mod diff;
pub mod guard;
pub mod impact;
pub mod outcome;
pub mod preflight;

pub use change::{Change, Subject, Verb};
pub use content::{EndpointContent, GroupContent, ParentGroup};
pub use guard::{Conflict, ConflictRow, Verdict, Version};
pub use impact::Impact;
pub use outcome::{Done, Failure, Outcome, PlanId, Progress, Proof, Record, Report, Sighting, Step};

/// A list of changes that belong together, in the order in which they were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// What shall be done.
    pub changes: Vec<Change>,
}

impl Plan {
    /// A plan of these changes, without those that change nothing.
    #[must_use]
    pub fn new(changes: impl IntoIterator<Item = Change>) -> Self {
        Self { changes: changes.into_iter().filter(|change| !change.is_empty()).collect() }
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
