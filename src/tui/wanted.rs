//! What the tabs beside the list of endpoints ask for, and what comes back.

use super::load::Failure;
use crate::api::{AuditEntry, Group, GroupId, KeyInfo, KeyPrefix, Usage};
use crate::plan::history::Entry;
use crate::plan::undo::Refusal;
use crate::plan::{Plan, PlanId};

/// Something to be read.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// All groups.
    Groups,
    /// A group's keys and how much of its limits is used.
    GroupDetail(GroupId),
    /// How many keys these groups have together.
    CountKeys(Vec<GroupId>),
    /// What was changed on this server: the journal of this machine, and the server's own log.
    History,
    /// The plan that takes something back.
    WayBack(Aim),
}

/// What is to be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aim {
    /// The last change from here.
    LastChange,
    /// The last undo: redo.
    LastUndo,
    /// This entry of the journal.
    Entry(PlanId),
}

/// What was read.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// All groups.
    Groups(Vec<Group>),
    /// A group's keys and how much of its limits is used.
    GroupDetail(GroupId, GroupDetail),
    /// How many keys the groups have together.
    KeyCount(usize),
    /// What was changed on this server.
    History(Past),
    /// What takes an entry back.
    WayBack(Box<WayBack>),
    /// A key was registered; its public part.
    Registered(KeyPrefix),
}

/// What was changed on a server, as far back as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// What was done from this machine, newest first.
    pub entries: Vec<Entry>,
    /// Lines of the journal that could not be read.
    pub unreadable: usize,
    /// What the server says was done, newest first, by whomever.
    pub audit: Result<Vec<AuditEntry>, Failure>,
}

/// What takes an entry back, made on what the server has now.
#[derive(Debug, Clone, PartialEq)]
pub struct WayBack {
    /// The entry.
    pub entry: Entry,
    /// The plan, or why there is none.
    pub plan: Result<Plan, Refusal>,
}

/// What is read of the group that is looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupDetail {
    /// Its keys, oldest first.
    pub keys: Vec<KeyInfo>,
    /// How much of its usage limits is used. `None` where the server does not tell.
    pub usage: Option<Usage>,
}
