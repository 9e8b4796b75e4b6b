//! Has somebody else written since a change was made? The comparison itself; reading is `run`'s.
//!
//! Neither API has a transaction: between this read and the write somebody may still write. On the local
//! gateway `If-Match` closes that gap; on the hosted one it stays, and the confirmation says so.

use serde::{Deserialize, Serialize};

use super::change::Change;
use super::content::{EndpointContent, GroupContent, same_models, same_targets};
use super::diff::{endpoint_fields, group_fields};
use crate::api::{Endpoint, Group, Time};

/// What a fresh read says about a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody wrote: go on. The time is what `If-Match` takes.
    Clear {
        /// The endpoint's `updated_at`, as read.
        if_match: Option<Time>,
    },
    /// The server already is what the change wants: nothing to write.
    AlreadySo,
    /// Somebody else wrote.
    Conflict(Box<Conflict>),
}

/// A subject as a server has it: `None` is one that is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Version {
    /// There is none.
    Absent,
    /// An endpoint.
    Endpoint {
        /// What it says.
        content: EndpointContent,
        /// When it was written, where it is on the server.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        updated_at: Option<Time>,
    },
    /// A group.
    Group {
        /// What it says.
        content: GroupContent,
    },
}

/// Three versions of one subject: nothing is written until one is chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// As it was when the change was made.
    pub base: Version,
    /// As it is on the server now.
    pub theirs: Version,
    /// As the change wants it.
    pub mine: Version,
    /// What "write mine" does: the same wish, made on what the server has now. `None` where that cannot be,
    /// because the subject is gone.
    pub write_mine: Option<Box<Change>>,
}

/// One row of the three columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConflictRow {
    /// The field.
    pub name: String,
    /// When the change was made.
    pub base: String,
    /// On the server now.
    pub theirs: String,
    /// What the change wants.
    pub mine: String,
}

impl ConflictRow {
    /// True where somebody else changed this field.
    #[must_use]
    pub fn theirs_differs(&self) -> bool {
        self.theirs != self.base
    }

    /// True where the change is about this field.
    #[must_use]
    pub fn mine_differs(&self) -> bool {
        self.mine != self.base
    }
}

impl Conflict {
    /// The three columns, a field a row, unchanged fields too.
    #[must_use]
    pub fn rows(&self) -> Vec<ConflictRow> {
        let columns = [&self.base, &self.theirs, &self.mine].map(version_fields);
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in columns.iter().flatten() {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        let cell = |column: &[(String, String)], name: &str| {
            column.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let [base, theirs, mine] = &columns;
        names
            .into_iter()
            .map(|name| ConflictRow {
                name: name.to_owned(),
                base: cell(base, name),
                theirs: cell(theirs, name),
                mine: cell(mine, name),
            })
            .collect()
    }

    /// One sentence for a line: what somebody else did.
    #[must_use]
    pub fn summary(&self) -> String {
        if self.theirs == Version::Absent {
            return "somebody else deleted it meanwhile".to_owned();
        }
        let changed: Vec<String> =
            self.rows().into_iter().filter(ConflictRow::theirs_differs).map(|row| row.name).collect();
        format!("somebody else changed it meanwhile ({})", changed.join(", "))
    }
}

/// Compares the endpoint that a change was made on with a fresh read of it. `None` is a 404.
///
/// Only for changes of an endpoint that exists; every other change is clear.
#[must_use]
pub fn compare_endpoint(change: &Change, current: Option<&Endpoint>) -> Verdict {
    let (before, after) = match change {
        Change::UpdateEndpoint { before, after } => (before, Some(after)),
        Change::DeleteEndpoint { before } => (before, None),
        Change::CreateEndpoint { .. }
        | Change::CreateGroup { .. }
        | Change::UpdateGroup { .. }
        | Change::DeleteGroup { .. }
        | Change::MintKey { .. }
        | Change::RevokeKey { .. } => return Verdict::Clear { if_match: None },
    };
    let Some(current) = current else {
        return match after {
            None => Verdict::AlreadySo,
            Some(after) => Verdict::Conflict(Box::new(Conflict {
                base: Version::of_endpoint(before),
                theirs: Version::Absent,
                mine: Version::Endpoint { content: after.clone(), updated_at: None },
                write_mine: Some(Box::new(Change::CreateEndpoint { after: after.clone() })),
            })),
        };
    };
    if after.is_some_and(|after| EndpointContent::from(current).is_same_as(after)) {
        return Verdict::AlreadySo;
    }
    if current.updated_at == before.updated_at && has_content_of(current, before) {
        return Verdict::Clear { if_match: Some(current.updated_at) };
    }
    Verdict::Conflict(Box::new(endpoint_conflict(before, current, after)))
}

fn has_content_of(current: &Endpoint, before: &Endpoint) -> bool {
    current.slug == before.slug && same_targets(&current.targets, &before.targets)
}

fn endpoint_conflict(before: &Endpoint, current: &Endpoint, after: Option<&EndpointContent>) -> Conflict {
    let write_mine = match after {
        None => Change::delete(current),
        Some(after) => {
            let mut wanted = EndpointContent::from(current);
            if after.slug != before.slug {
                wanted.slug = after.slug.clone();
            }
            if !same_targets(&after.targets, &before.targets) {
                wanted.targets.clone_from(&after.targets);
            }
            Change::UpdateEndpoint { before: Box::new(current.clone()), after: wanted }
        }
    };
    Conflict {
        base: Version::of_endpoint(before),
        theirs: Version::of_endpoint(current),
        mine: after.map_or(Version::Absent, |after| Version::Endpoint { content: after.clone(), updated_at: None }),
        write_mine: Some(Box::new(write_mine)),
    }
}

/// Compares the group that a change was made on with a fresh read of it. `None` is a 404.
///
/// Only for changes of a group that exists; every other change is clear.
#[must_use]
pub fn compare_group(change: &Change, current: Option<&Group>) -> Verdict {
    let (before, after) = match change {
        Change::UpdateGroup { before, after } => (before, Some(after)),
        Change::DeleteGroup { before } => (before, None),
        Change::CreateEndpoint { .. }
        | Change::UpdateEndpoint { .. }
        | Change::DeleteEndpoint { .. }
        | Change::CreateGroup { .. }
        | Change::MintKey { .. }
        | Change::RevokeKey { .. } => return Verdict::Clear { if_match: None },
    };
    let mine = after.map_or(Version::Absent, |after| Version::Group { content: after.clone() });
    let Some(current) = current else {
        return match after {
            None => Verdict::AlreadySo,
            Some(after) => Verdict::Conflict(Box::new(Conflict {
                base: Version::of_group(before),
                theirs: Version::Absent,
                mine,
                write_mine: Some(Box::new(Change::CreateGroup { after: after.clone() })),
            })),
        };
    };
    let content = GroupContent::from(current);
    if after.is_some_and(|after| content.is_same_as(after)) {
        return Verdict::AlreadySo;
    }
    if content.is_same_as(&GroupContent::from(before.as_ref())) {
        return Verdict::Clear { if_match: None };
    }
    let write_mine = match after {
        None => Change::DeleteGroup { before: Box::new(current.clone()) },
        Some(after) => {
            let mut wanted = content;
            if after.name != before.metadata.name {
                wanted.name.clone_from(&after.name);
            }
            if !same_models(&after.models, &before.models) {
                wanted.models.clone_from(&after.models);
            }
            Change::UpdateGroup { before: Box::new(current.clone()), after: wanted }
        }
    };
    Verdict::Conflict(Box::new(Conflict {
        base: Version::of_group(before),
        theirs: Version::of_group(current),
        mine,
        write_mine: Some(Box::new(write_mine)),
    }))
}

/// A version's fields, for the columns of a conflict.
fn version_fields(version: &Version) -> Vec<(String, String)> {
    match version {
        Version::Absent => Vec::new(),
        Version::Endpoint { content, updated_at } => {
            let mut fields = endpoint_fields(content);
            fields.extend(updated_at.map(|time| ("updated_at".to_owned(), time.to_string())));
            fields
        }
        Version::Group { content } => group_fields(content),
    }
}

impl Version {
    /// An endpoint as a server has it.
    #[must_use]
    pub fn of_endpoint(endpoint: &Endpoint) -> Self {
        Self::Endpoint { content: endpoint.into(), updated_at: Some(endpoint.updated_at) }
    }

    /// A group as a server has it.
    #[must_use]
    pub fn of_group(group: &Group) -> Self {
        Self::Group { content: group.into() }
    }
}
