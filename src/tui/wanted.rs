//! What the tabs beside the list of endpoints ask for, and what comes back.

use crate::api::{Group, GroupId, KeyInfo, Usage};

/// Something to be read.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// All groups.
    Groups,
    /// A group's keys and how much of its limits is used.
    GroupDetail(GroupId),
    /// How many keys these groups have together.
    CountKeys(Vec<GroupId>),
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
}

/// What is read of the group that is looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupDetail {
    /// Its keys, oldest first.
    pub keys: Vec<KeyInfo>,
    /// How much of its usage limits is used. `None` where the server does not tell.
    pub usage: Option<Usage>,
}
