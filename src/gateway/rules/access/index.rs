//! The writing half: the tree of groups, what each declares, and which keys it has.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;

use super::key::{Key, KeyDigest, KeyRow, Member};
use crate::api::{EffectiveModel, Group, GroupId, KeyPrefix, LimitEnforcement, Slug};
use crate::gateway::rules::limit::{Counted, DayUsage, Grant, Limit, Meter, Part, Span, effective_models};

/// Deeper trees than the API allows are cut here, and so would be a cycle.
const DEPTH_MAX: usize = 16;

/// Where meters list themselves when a day's count moves.
pub(super) type Changed = Arc<Mutex<Vec<Arc<Meter>>>>;

#[derive(Debug, Default)]
pub(super) struct Index {
    groups: HashMap<GroupId, Node>,
    keys: HashMap<KeyPrefix, KeyDigest>,
}

#[derive(Debug)]
struct Node {
    row: Group,
    member: Arc<Member>,
    children: Vec<GroupId>,
    keys: HashSet<KeyPrefix>,
    meters: HashMap<Slug, Arc<Meter>>,
}

impl Index {
    pub(super) fn put_group(&mut self, row: Group, changed: &Changed) {
        let id = row.id.clone();
        if let Some(parent) = row.hierarchy.parent_group_id.as_ref().and_then(|parent| self.groups.get_mut(parent))
            && !parent.children.contains(&id)
        {
            parent.children.push(id.clone());
        }
        let meter = |slug: &Slug| Arc::new(Meter::new(id.clone(), slug.clone(), Arc::downgrade(changed)));
        if let Some(node) = self.groups.get_mut(&id) {
            for model in &row.models {
                node.meters.entry(model.slug.clone()).or_insert_with_key(meter);
            }
            node.row = row;
            return;
        }
        let meters = row.models.iter().map(|model| (model.slug.clone(), meter(&model.slug))).collect();
        let external_entity_id = row.metadata.external_entity_id.clone();
        let member = Arc::new(Member { id: id.clone(), external_entity_id, grants: ArcSwap::default() });
        self.groups.insert(id, Node { row, member, children: Vec::new(), keys: HashSet::new(), meters });
    }

    /// Makes every group's grants, after all of them were put in whatever order.
    pub(super) fn compile_all(&mut self) {
        let parents: Vec<(GroupId, GroupId)> = self
            .groups
            .iter()
            .filter_map(|(id, node)| Some((node.row.hierarchy.parent_group_id.clone()?, id.clone())))
            .collect();
        for (parent, child) in parents {
            if let Some(node) = self.groups.get_mut(&parent)
                && !node.children.contains(&child)
            {
                node.children.push(child);
            }
        }
        for id in self.groups.keys() {
            self.compile(id);
        }
    }

    /// Makes the grants of a group and of all below it.
    pub(super) fn compile_subtree(&self, root: &GroupId) {
        for id in self.subtree(root) {
            self.compile(&id);
        }
    }

    pub(super) fn remove_subtree(&mut self, root: &GroupId) -> Vec<KeyDigest> {
        let mut revoked = Vec::new();
        let parent = self.groups.get(root).and_then(|node| node.row.hierarchy.parent_group_id.clone());
        if let Some(node) = parent.and_then(|parent| self.groups.get_mut(&parent)) {
            node.children.retain(|child| child != root);
        }
        for id in self.subtree(root) {
            let Some(node) = self.groups.remove(&id) else { continue };
            // A request that has found its key already finds nothing granted.
            node.member.grants.store(Arc::default());
            revoked.extend(node.keys.iter().filter_map(|prefix| self.keys.remove(prefix)));
        }
        revoked
    }

    pub(super) fn put_key(&mut self, row: KeyRow) -> Option<Arc<Key>> {
        let node = self.groups.get_mut(&row.group)?;
        self.keys.insert(row.prefix.clone(), row.digest);
        node.keys.insert(row.prefix.clone());
        Some(Arc::new(Key { digest: row.digest, prefix: row.prefix, group: Arc::clone(&node.member) }))
    }

    /// The group forgets the key too: another may register it later, and is not to lose it with this group.
    pub(super) fn remove_key(&mut self, prefix: &KeyPrefix, group: Option<&GroupId>) {
        self.keys.remove(prefix);
        if let Some(node) = group.and_then(|group| self.groups.get_mut(group)) {
            node.keys.remove(prefix);
        }
    }

    pub(super) fn digest_of(&self, prefix: &KeyPrefix) -> Option<KeyDigest> {
        self.keys.get(prefix).copied()
    }

    pub(super) fn member(&self, id: &GroupId) -> Option<Arc<Member>> {
        self.groups.get(id).map(|node| Arc::clone(&node.member))
    }

    pub(super) fn key_count(&self) -> usize {
        self.keys.len()
    }

    /// Also for a slug that the group does not have now: it may get it back today.
    pub(super) fn restore_usage(&mut self, stored: &DayUsage, changed: &Changed) {
        if let Some(node) = self.groups.get_mut(&stored.group) {
            let meter = |slug: &Slug| Arc::new(Meter::new(stored.group.clone(), slug.clone(), Arc::downgrade(changed)));
            node.meters.entry(stored.slug.clone()).or_insert_with_key(meter).restore_day(stored);
        }
    }

    fn compile(&self, id: &GroupId) {
        let chain = self.chain(id);
        let Some(node) = chain.first() else { return };
        let rows: Vec<&Group> = chain.iter().map(|node| &node.row).collect();
        let grants = effective_models(&rows).into_iter().filter_map(|model| {
            let grant = grant(&chain, &model)?;
            Some((model.slug, Arc::new(grant)))
        });
        node.member.grants.store(Arc::new(grants.collect()));
    }

    /// The group, its parent, and so on to the root.
    fn chain(&self, id: &GroupId) -> Vec<&Node> {
        let mut chain = Vec::new();
        let mut next = Some(id);
        while let Some(node) = next.and_then(|id| self.groups.get(id))
            && chain.len() < DEPTH_MAX
        {
            chain.push(node);
            next = node.row.hierarchy.parent_group_id.as_ref();
        }
        chain
    }

    fn subtree(&self, root: &GroupId) -> Vec<GroupId> {
        let mut found = vec![root.clone()];
        let mut at = 0;
        while let Some(id) = found.get(at) {
            let children = self.groups.get(id).map(|node| node.children.clone()).unwrap_or_default();
            found.extend(children);
            at += 1;
        }
        found
    }
}

/// The meters that a call of this slug is counted on, root first, each with the limits that are checked on it.
fn grant(chain: &[&Node], model: &EffectiveModel) -> Option<Grant> {
    let own = chain.first()?;
    let is_cascading = own.row.hierarchy.limit_enforcement == LimitEnforcement::Cascading;
    let limits = limits(model);
    let parts = if is_cascading {
        let counting = chain.iter().rev().filter_map(|node| Some((node, node.meters.get(&model.slug)?)));
        counting
            .map(|(node, meter)| {
                let own_limits = limits.iter().filter(|limit| limit.source == node.row.id).cloned().collect();
                Part { meter: Arc::clone(meter), limits: own_limits }
            })
            .collect()
    } else {
        vec![Part { meter: Arc::clone(own.meters.get(&model.slug)?), limits }]
    };
    Some(Grant::new(model.slug.clone(), parts))
}

fn limits(model: &EffectiveModel) -> Vec<Limit> {
    let rates = model.rate_limits.iter().filter_map(|limit| {
        let (counted, span) = (Counted::of(&limit.kind)?, Span::of_rate(&limit.unit)?);
        Some(Limit { counted, span, threshold: limit.threshold, source: limit.source_group.clone()? })
    });
    let usages = model.usage_limits.iter().filter_map(|limit| {
        let (counted, span) = (Counted::of(&limit.kind)?, Span::of_usage(&limit.unit)?);
        Some(Limit { counted, span, threshold: limit.threshold, source: limit.source_group.clone()? })
    });
    rates.chain(usages).collect()
}
