//! What a running plan has written itself, so that its own writes are not taken for somebody else's.

use std::collections::HashMap;

use crate::api::{Endpoint, EndpointId, Group, GroupId};
use crate::plan::change::Change;
use crate::plan::outcome::{Outcome, Record};

/// The last answers to this plan's own writes.
#[derive(Debug, Default)]
pub(super) struct Wrote {
    endpoints: HashMap<EndpointId, Endpoint>,
    groups: HashMap<GroupId, Group>,
    groups_by_entity: HashMap<String, GroupId>,
}

impl Wrote {
    /// Learns from a change that is over.
    pub(super) fn remember(&mut self, change: &Change, outcome: &Outcome) {
        let Outcome::Done(done) = outcome else { return };
        match &done.after {
            Record::Endpoint(endpoint) => {
                self.endpoints.insert(endpoint.id.clone(), endpoint.as_ref().clone());
            }
            Record::Group(group) => self.remember_group(change, group),
            Record::Key(_) | Record::Gone => {}
        }
    }

    /// Learns what an endpoint that already was as wanted looks like.
    pub(super) fn saw_endpoint(&mut self, endpoint: &Endpoint) {
        self.endpoints.insert(endpoint.id.clone(), endpoint.clone());
    }

    /// Learns what a group that already was as wanted looks like.
    pub(super) fn saw_group(&mut self, group: &Group) {
        self.groups.insert(group.id.clone(), group.clone());
        self.groups_by_entity.insert(group.metadata.external_entity_id.clone(), group.id.clone());
    }

    fn remember_group(&mut self, change: &Change, group: &Group) {
        // Only what this plan creates is looked up by name; another program's group may take the name later.
        if let Change::CreateGroup { after } = change {
            self.groups_by_entity.insert(after.external_entity_id.clone(), group.id.clone());
        }
        self.groups.insert(group.id.clone(), group.clone());
    }

    /// The id of a group that this plan created.
    pub(super) fn group_id(&self, external_entity_id: &str) -> Option<GroupId> {
        self.groups_by_entity.get(external_entity_id).cloned()
    }

    /// The change with what this plan wrote in the place of what it was made on.
    pub(super) fn on_top(&self, change: &Change) -> Change {
        let endpoint = |before: &Endpoint| self.endpoints.get(&before.id).unwrap_or(before).clone();
        let group = |before: &Group| self.groups.get(&before.id).unwrap_or(before).clone();
        match change {
            Change::UpdateEndpoint { before, after } => {
                Change::UpdateEndpoint { before: Box::new(endpoint(before)), after: after.clone() }
            }
            Change::DeleteEndpoint { before } => Change::DeleteEndpoint { before: Box::new(endpoint(before)) },
            Change::UpdateGroup { before, after } => {
                Change::UpdateGroup { before: Box::new(group(before)), after: after.clone() }
            }
            Change::DeleteGroup { before } => Change::DeleteGroup { before: Box::new(group(before)) },
            Change::CreateEndpoint { .. }
            | Change::CreateGroup { .. }
            | Change::MintKey { .. }
            | Change::RevokeKey { .. } => change.clone(),
        }
    }
}
