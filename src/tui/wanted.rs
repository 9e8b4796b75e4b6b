//! What the tabs beside the list of endpoints ask for, and what comes back.

use std::collections::BTreeMap;
use std::time::Duration;

use super::load::Failure;
use super::traffic::{Since, Tally};
use crate::api::{
    AuditEntry, EndpointId, ExplainedLimit, FaultList, GatewayStatus, Group, GroupId, KeyInfo, KeyPrefix, Slug, Usage,
};
use crate::plan::history::Entry;
use crate::plan::undo::Refusal;
use crate::plan::{Plan, PlanId};

/// Something to be read.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// All groups.
    Groups,
    /// A group's keys and how much of its limits is used; of the limits of a second or a minute for these slugs.
    GroupDetail(GroupId, Vec<Slug>),
    /// How many keys these groups have together.
    CountKeys(Vec<GroupId>),
    /// What was changed on this server: the journal of this machine, and the server's own log.
    History,
    /// The plan that takes something back.
    WayBack(Aim),
    /// Whose key it is, and what it may read.
    Rights,
    /// Who may call a slug, and how much it is called.
    SlugDetail {
        /// The endpoint that is looked at.
        id: EndpointId,
        /// Its slug.
        slug: Slug,
        /// The groups whose keys are counted, where they are known; else all groups are read too.
        groups: Option<Vec<GroupId>>,
        /// The keys of no more groups are counted.
        counted_max: usize,
    },
    /// How a gateway of ours is, and what its models do wrong.
    GatewayWell,
    /// The plan that brings the demo back.
    Demo,
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
    /// Whose key it is, and what it may read.
    Rights(Rights),
    /// A key was registered; its public part.
    Registered(KeyPrefix),
    /// Who may call a slug, and how much it is called.
    SlugDetail(Box<SlugDetail>),
    /// How a gateway of ours is.
    GatewayWell(Box<GatewayWell>),
    /// What brings the demo back.
    Demo(Plan),
}

/// Who may call a slug, and how much it is called.
#[derive(Debug, Clone, PartialEq)]
pub struct SlugDetail {
    /// The endpoint.
    pub id: EndpointId,
    /// All groups, where they were asked for.
    pub groups: Option<Result<Vec<Group>, Failure>>,
    /// How many keys those have that may call it. `None` where they were not counted.
    pub keys: Option<usize>,
    /// How much it is called. `None` where the server does not tell.
    pub traffic: Option<Lately>,
}

/// What passed lately.
#[derive(Debug, Clone, PartialEq)]
pub struct Lately {
    /// What it adds up to.
    pub tally: Tally,
    /// From when on all of it is known.
    pub since: Since,
    /// Where so much passes that what is told covers but a moment: how long that is.
    pub moment: Option<Duration>,
}

/// How a gateway of ours is.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewayWell {
    /// In figures.
    pub status: GatewayStatus,
    /// What its models do wrong.
    pub faults: FaultList,
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

/// Whose key it is, and what it may read. What it may write shows with the first write: asking would be one.
#[derive(Debug, Clone, PartialEq)]
pub struct Rights {
    /// The person's address, and the workspace, where the server tells.
    pub who: Option<String>,
    /// Whether endpoints may be read.
    pub endpoints: Result<(), Failure>,
    /// Whether groups and keys may be.
    pub groups: Result<(), Failure>,
}

impl Rights {
    /// In words.
    #[must_use]
    pub fn said(&self) -> String {
        let who = self.who.as_ref().map_or_else(|| "connected".to_owned(), |who| format!("connected as {who}"));
        let may = match (&self.endpoints, &self.groups) {
            (Ok(()), Ok(())) => "the key may read endpoints and groups".to_owned(),
            (Ok(()), Err(failure)) => format!("the key may read endpoints, and no groups: {}", failure.message),
            (Err(failure), Ok(())) => format!("the key may read groups, and no endpoints: {}", failure.message),
            (Err(failure), Err(_)) => format!("the key may read neither endpoints nor groups: {}", failure.message),
        };
        format!("{who}\n{may}; what it may write shows with the first write")
    }
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
    /// How much of each limit is recorded now, by slug, where the server tells.
    pub now: BTreeMap<Slug, Vec<ExplainedLimit>>,
}
