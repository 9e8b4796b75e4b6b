//! What became of a change: plain values, for the screen, the command line and the journal alike.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::guard::Conflict;
use crate::api::{Endpoint, Group, KeyInfo, MintedKey, Slug, Time};

/// Names a plan that was started: a UUID of version 7, so that later ones sort after earlier ones.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlanId(String);

impl PlanId {
    /// Takes the text as it is.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The whole id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What tells it from others in a table: its last eight characters.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.len().checked_sub(8).and_then(|start| self.0.get(start..)).unwrap_or(&self.0)
    }
}

impl std::fmt::Display for PlanId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(&self.0)
    }
}

/// What a subject is on the server after a write. Never a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// An endpoint as the server answered it.
    Endpoint(Box<Endpoint>),
    /// A group as the server answered it.
    Group(Box<Group>),
    /// A key's public part.
    Key(KeyInfo),
    /// It is gone.
    Gone,
}

/// A write that is on the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// What the server has now.
    pub after: Record,
    /// When it was written, by the server's clock where it told it.
    pub at: Time,
    /// The `X-Repoint-Revision` of the answer: what the data plane must have applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// True where the answer to the write was lost and reading showed that it had been done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub settled_by_reading: bool,
}

/// Why something failed, in words for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// One sentence: what failed, and on what.
    pub message: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// What became of one item of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Written.
    Done(Done),
    /// The server already was what the change wants: nothing was written.
    AlreadySo,
    /// Somebody else wrote since the plan was made: nothing was written.
    Conflict(Box<Conflict>),
    /// The server answered the rename and kept the old slug.
    RenameRefused {
        /// The slug that the endpoint still has.
        kept: Slug,
        /// The slug that was wanted.
        wanted: Slug,
    },
    /// The server refused it, or it could not be reached: nothing was written.
    Failed(Failure),
    /// The answer was lost, and reading could not tell whether it was written.
    Unsettled(Failure),
    /// Not tried, because something before it failed, or the plan was cancelled.
    NotTried,
}

impl Outcome {
    /// True where the server is now what the change wants.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Done(_) | Self::AlreadySo)
    }

    /// True where the server may have been changed.
    #[must_use]
    pub fn may_have_written(&self) -> bool {
        matches!(self, Self::Done(_) | Self::Unsettled(_))
    }
}

/// Where one item of a running plan stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It is read again, right before the write.
    Checking,
    /// The write is under way.
    Writing,
    /// The server asked to wait (429) before it is sent again.
    Waiting(Duration),
    /// The answer was lost: it is read to see whether it was written.
    Settling,
    /// It is over.
    Finished(Outcome),
}

/// What a running plan tells while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// It is in the journal under this id and begins.
    Started(PlanId),
    /// An item moved on.
    Item {
        /// Its place in the plan.
        index: usize,
        /// Where it stands.
        step: Step,
    },
    /// A change that was followed: what was seen last.
    Followed {
        /// Its place in the plan.
        index: usize,
        /// What was seen.
        sighting: Sighting,
    },
}

/// What following a change has seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "seen", rename_all = "snake_case")]
pub enum Sighting {
    /// Still waiting for the gateway's sync.
    Waiting {
        /// How long at most, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remaining_seconds: Option<u64>,
    },
    /// A probe was answered by the old target.
    StillOld {
        /// Who answered.
        target: String,
    },
    /// A probe failed.
    ProbeFailed {
        /// Why.
        reason: String,
    },
    /// It is in effect.
    InEffect {
        /// Since the write.
        after_ms: u64,
        /// How that is known.
        proof: Proof,
    },
    /// It was given up after the time that was set.
    GaveUp {
        /// Since the write.
        after_ms: u64,
    },
}

/// How it is known that a change is in effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// The gateway's own sync report (section 8).
    SyncReport,
    /// A call through the data plane was answered by the new target.
    Probe,
    /// The sync interval has passed since the write.
    Interval,
}

/// What became of a plan that has run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its name in the journal.
    pub id: PlanId,
    /// One an item, in the plan's order.
    pub outcomes: Vec<Outcome>,
    /// True where it was stopped by its caller.
    pub cancelled: bool,
    /// The keys that were minted, with the place of their change. They are nowhere else.
    pub keys: Vec<(usize, MintedKey)>,
    /// Why what was done is not all in the journal.
    pub journal_failure: Option<Failure>,
    /// True where the targets that did not answer were replaced by the old ones again.
    pub rolled_back: bool,
}

impl Report {
    /// True where the server is now what the whole plan wants.
    #[must_use]
    pub fn is_success(&self) -> bool {
        !self.rolled_back && self.outcomes.iter().all(Outcome::is_success)
    }

    /// How many items were written.
    #[must_use]
    pub fn written(&self) -> usize {
        self.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Done(_))).count()
    }
}
