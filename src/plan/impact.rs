//! Whom a change touches: the groups and keys that may call a slug, and its traffic. Counted before it is confirmed.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::change::Change;
use super::content::same_models;
use crate::api::{Event, Group, GroupId, Slug, Time};

/// Whom a change touches.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Impact {
    /// The groups that may call the slugs, with the names that people know them by.
    pub groups: Vec<AffectedGroup>,
    /// How many keys these groups have. `None` where they could not be counted.
    pub keys: Option<usize>,
    /// What is called right now, where events tell.
    pub traffic: Option<Traffic>,
}

/// A group that may call a slug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AffectedGroup {
    /// Its id.
    pub id: GroupId,
    /// Its name, else its `external_entity_id`.
    pub name: String,
    /// Which of the change's slugs it may call.
    pub slugs: Vec<Slug>,
    /// How many keys it has. `None` where they could not be counted.
    pub keys: Option<usize>,
}

/// How much slugs are called.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Traffic {
    /// Requests that were seen.
    pub requests: u64,
    /// Over how long.
    pub window: Duration,
    /// How long ago the last one was. `None` where there was none.
    pub last: Option<Duration>,
}

impl Traffic {
    /// Requests a second over the window.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    pub fn per_second(&self) -> f64 {
        if self.window.is_zero() { 0.0 } else { self.requests as f64 / self.window.as_secs_f64() }
    }
}

impl Impact {
    /// Counts the groups that are affected. `keys` are the numbers of keys by group, as far as they are known.
    #[must_use]
    pub fn of(slugs: &[&Slug], groups: &[Group], keys: &HashMap<GroupId, usize>) -> Self {
        let wanted: BTreeSet<&Slug> = slugs.iter().copied().collect();
        let mut affected: Vec<AffectedGroup> = groups
            .iter()
            .map(|group| AffectedGroup {
                id: group.id.clone(),
                name: group.metadata.name.clone().unwrap_or_else(|| group.metadata.external_entity_id.clone()),
                slugs: group
                    .models
                    .iter()
                    .map(|model| &model.slug)
                    .filter(|slug| wanted.contains(slug))
                    .cloned()
                    .collect(),
                keys: keys.get(&group.id).copied(),
            })
            .collect();
        affected.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.id.cmp(&b.id)));
        let keys = affected.iter().map(|group| group.keys).sum();
        Self { groups: affected, keys, traffic: None }
    }

    /// The slugs that people call today and whose callers all notice the change. A new slug has no callers yet, and a
    /// change of a group is noticed in that group alone: see [`Impact::root`].
    #[must_use]
    pub fn slugs_in_use(change: &Change) -> Vec<&Slug> {
        match change {
            Change::UpdateEndpoint { before, .. } | Change::DeleteEndpoint { before } => vec![&before.slug],
            Change::UpdateGroup { .. }
            | Change::DeleteGroup { .. }
            | Change::CreateEndpoint { .. }
            | Change::CreateGroup { .. }
            | Change::MintKey { .. }
            | Change::RevokeKey { .. } => Vec::new(),
        }
    }

    /// The group whose callers, and those of all groups below it, notice the change. A new name is noticed by nobody.
    #[must_use]
    pub fn root(change: &Change) -> Option<&GroupId> {
        match change {
            Change::UpdateGroup { before, after } => {
                (!same_models(&before.models, &after.models)).then_some(&before.id)
            }
            Change::DeleteGroup { before } => Some(&before.id),
            Change::CreateEndpoint { .. }
            | Change::UpdateEndpoint { .. }
            | Change::DeleteEndpoint { .. }
            | Change::CreateGroup { .. }
            | Change::MintKey { .. }
            | Change::RevokeKey { .. } => None,
        }
    }

    /// Adds what the events of the last `window` tell about the slugs.
    #[must_use]
    pub fn with_events(mut self, slugs: &[&Slug], events: &[Event], window: Duration, now: Time) -> Self {
        let start = now.minus(window);
        let mut traffic = Traffic { requests: 0, window, last: None };
        for event in events.iter().filter(|event| event.timestamp >= start && slugs.contains(&&event.model_slug)) {
            traffic.requests += 1;
            let age = now.since(event.timestamp);
            traffic.last = Some(traffic.last.map_or(age, |last| last.min(age)));
        }
        self.traffic = Some(traffic);
        self
    }

    /// `3 groups, 7 keys, 12 req/s right now`, as far as it is known.
    #[must_use]
    pub fn summary(&self) -> String {
        if self.groups.is_empty() && self.traffic.is_none_or(|traffic| traffic.requests == 0) {
            return "nobody may call it yet".to_owned();
        }
        let mut parts = vec![counted(self.groups.len(), "group")];
        parts.extend(self.keys.map(|keys| counted(keys, "key")));
        if let Some(traffic) = self.traffic {
            parts.push(format!("{} req/s right now", rate_text(traffic.per_second())));
        }
        parts.join(", ")
    }
}

/// `1 group`, `3 groups`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn rate_text(rate: f64) -> String {
    if rate == 0.0 {
        "0".to_owned()
    } else if rate < 10.0 {
        format!("{rate:.1}")
    } else {
        format!("{rate:.0}")
    }
}
