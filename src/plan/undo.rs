//! The way back: which plan undoes an entry of the history, or why none does.
//!
//! An undo is made on what the server has now, read afresh, and is guarded like every plan. It is refused where
//! somebody has written since, because it would take away their change. Redo is the undo of an undo.

use std::collections::{HashMap, HashSet};

use super::Plan;
use super::change::Change;
use super::content::{EndpointContent, GroupContent};
use super::history::{Entry, Item, Standing};
use super::outcome::{Done, Outcome, Record};
use crate::api::{Endpoint, EndpointId, Group, GroupId, KeyPrefix};

/// What the server has now of what an entry changed: read just before the undo is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Current {
    /// Endpoints by id. An id with `None` is gone; an id that is not here was not read.
    pub endpoints: HashMap<EndpointId, Option<Endpoint>>,
    /// Groups by id, likewise.
    pub groups: HashMap<GroupId, Option<Group>>,
}

/// What has to be read before an entry can be undone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Endpoints to read.
    pub endpoints: Vec<EndpointId>,
    /// Groups to read.
    pub groups: Vec<GroupId>,
}

/// Why an entry can't be undone: one sentence for each thing that stands against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The reasons, in the order of the entry's changes.
    pub reasons: Vec<String>,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.reasons.join("; "))
    }
}

impl std::error::Error for Refusal {}

/// The last entry of this server that wrote something, is no undo itself, and was not undone: what `u` takes back.
/// A key that was minted and revoked again, as to try a slug, is passed by: nothing of it is left.
#[must_use]
pub fn last<'a>(entries: &'a [Entry], server: &str) -> Option<&'a Entry> {
    let spent = spent_keys(entries);
    let is_it = |entry: &&Entry| entry.undoes.is_none() && is_open_to_undo(entry, server) && !is_spent(entry, &spent);
    entries.iter().rev().find(is_it)
}

/// The last undo on this server that was not undone in turn, unless something else was written since: what a redo
/// takes back.
#[must_use]
pub fn last_undo<'a>(entries: &'a [Entry], server: &str) -> Option<&'a Entry> {
    let wrote = |entry: &&Entry| entry.author.server == server && entry.items.iter().any(|item| item.done().is_some());
    // An undo and its redo lie back to back with nothing of their own left: what is over is passed by.
    let spent = spent_keys(entries);
    let is_left = |entry: &&Entry| entry.standing() != Standing::Undone && !is_spent(entry, &spent);
    let mut open = entries.iter().rev().filter(wrote).filter(is_left);
    open.find(|entry| !is_redo(entry, entries)).filter(|entry| entry.undoes.is_some())
}

/// The keys that were minted and revoked again.
fn spent_keys(entries: &[Entry]) -> HashSet<&KeyPrefix> {
    let done = || entries.iter().flat_map(|entry| &entry.items).filter(|item| item.done().is_some());
    let minted: HashSet<&KeyPrefix> = done().filter_map(|item| minted(item)).collect();
    let revoked = done().filter_map(|item| match &item.change {
        Change::RevokeKey { key, .. } => Some(&key.prefix),
        _ => None,
    });
    revoked.filter(|prefix| minted.contains(prefix)).collect()
}

fn minted(item: &Item) -> Option<&KeyPrefix> {
    match (&item.change, &item.done()?.after) {
        (Change::MintKey { .. }, Record::Key(key)) => Some(&key.prefix),
        _ => None,
    }
}

/// True where all that it did was to mint or to revoke such keys.
fn is_spent(entry: &Entry, spent: &HashSet<&KeyPrefix>) -> bool {
    let mut done = entry.items.iter().filter(|item| item.done().is_some());
    done.all(|item| match &item.change {
        Change::RevokeKey { key, .. } => spent.contains(&key.prefix),
        _ => minted(item).is_some_and(|prefix| spent.contains(prefix)),
    })
}

/// True for the undo of an undo.
fn is_redo(entry: &Entry, entries: &[Entry]) -> bool {
    let undone = entry.undoes.as_ref().and_then(|id| entries.iter().find(|other| other.id == *id));
    undone.is_some_and(|undone| undone.undoes.is_some())
}

fn is_open_to_undo(entry: &Entry, server: &str) -> bool {
    entry.author.server == server
        && entry.standing() != Standing::Undone
        && entry.items.iter().any(|item| item.done().is_some())
}

/// What must be read before [`plan`] can tell.
#[must_use]
pub fn needs(entry: &Entry) -> Needs {
    let mut needs = Needs::default();
    for item in &entry.items {
        match item.done().map(|done| &done.after) {
            Some(Record::Endpoint(endpoint)) => needs.endpoints.push(endpoint.id.clone()),
            Some(Record::Group(group)) => needs.groups.push(group.id.clone()),
            Some(Record::Key(_) | Record::Gone) | None => {}
        }
    }
    needs.endpoints.sort();
    needs.endpoints.dedup();
    needs.groups.sort();
    needs.groups.dedup();
    needs
}

/// The plan that brings back what was before the entry.
///
/// # Errors
/// Every reason why it can't: it is not over, it was undone already, somebody has written since, or it can't be
/// brought back at all.
pub fn plan(entry: &Entry, current: &Current) -> Result<Plan, Refusal> {
    let mut reasons = Vec::new();
    if let Some(by) = &entry.undone_by {
        reasons.push(format!("it was undone already, by {}", by.short()));
    }
    if entry.items.iter().any(Item::is_in_doubt) {
        reasons.push("a write of it is in doubt; finish it first".to_owned());
    }
    if reasons.is_empty() && entry.items.iter().all(|item| item.done().is_none()) {
        reasons.push("nothing of it was written".to_owned());
    }
    let mut state = current.clone();
    let mut changes = Vec::new();
    for item in entry.items.iter().rev() {
        if let Some(Outcome::Done(done)) = &item.outcome {
            match inverse(&item.change, done, &mut state) {
                Ok(change) => changes.push(change),
                Err(reason) => reasons.push(format!("{}: {reason}", item.change.title())),
            }
        }
    }
    if reasons.is_empty() { Ok(Plan::new(changes)) } else { Err(Refusal { reasons }) }
}

fn inverse(change: &Change, done: &Done, state: &mut Current) -> Result<Change, String> {
    match (change, &done.after) {
        (Change::CreateEndpoint { .. }, Record::Endpoint(written)) => {
            let now = endpoint_now(state, written)?.clone();
            state.endpoints.insert(now.id.clone(), None);
            Ok(Change::delete(&now))
        }
        (Change::UpdateEndpoint { before, .. }, Record::Endpoint(written)) => {
            let now = endpoint_now(state, written)?.clone();
            let after = EndpointContent::from(before.as_ref());
            let restored = Endpoint { slug: after.slug.clone(), targets: after.targets.clone(), ..now.clone() };
            state.endpoints.insert(now.id.clone(), Some(restored));
            Ok(Change::UpdateEndpoint { before: Box::new(now), after })
        }
        (Change::DeleteEndpoint { before }, _) => Ok(Change::create(before.as_ref().into())),
        (Change::CreateGroup { .. }, Record::Group(written)) => {
            let now = group_now(state, written)?.clone();
            state.groups.insert(now.id.clone(), None);
            Ok(Change::DeleteGroup { before: Box::new(now) })
        }
        (Change::UpdateGroup { before, .. }, Record::Group(written)) => {
            let now = group_now(state, written)?.clone();
            let after = GroupContent::from(before.as_ref());
            let restored = Group {
                metadata: before.metadata.clone(),
                models: before.models.clone(),
                effective_models: Vec::new(),
                ..now.clone()
            };
            state.groups.insert(now.id.clone(), Some(restored));
            Ok(Change::UpdateGroup { before: Box::new(now), after })
        }
        (Change::DeleteGroup { before }, _) => Ok(Change::CreateGroup { after: before.as_ref().into() }),
        (Change::MintKey { group, .. }, Record::Key(key)) => {
            Ok(Change::RevokeKey { group: group.clone(), key: key.clone() })
        }
        (Change::RevokeKey { .. }, _) => Err("a revoked key cannot be brought back".to_owned()),
        (
            Change::CreateEndpoint { .. }
            | Change::UpdateEndpoint { .. }
            | Change::CreateGroup { .. }
            | Change::UpdateGroup { .. }
            | Change::MintKey { .. },
            _,
        ) => Err("the journal does not tell what was written".to_owned()),
    }
}

fn endpoint_now<'a>(state: &'a Current, written: &Endpoint) -> Result<&'a Endpoint, String> {
    match state.endpoints.get(&written.id) {
        None => Err("the server was not read".to_owned()),
        Some(None) => Err("the endpoint is gone since".to_owned()),
        Some(Some(now)) if EndpointContent::from(now).is_same_as(&written.into()) => Ok(now),
        Some(Some(now)) => Err(format!("somebody changed the endpoint since, at {}", now.updated_at)),
    }
}

fn group_now<'a>(state: &'a Current, written: &Group) -> Result<&'a Group, String> {
    match state.groups.get(&written.id) {
        None => Err("the server was not read".to_owned()),
        Some(None) => Err("the group is gone since".to_owned()),
        Some(Some(now)) if GroupContent::from(now).is_same_as(&written.into()) => Ok(now),
        Some(Some(_)) => Err("somebody changed the group since".to_owned()),
    }
}
