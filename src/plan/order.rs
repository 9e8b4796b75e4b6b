//! What must come first does: a slug is freed before it is taken, made before it is granted, a parent made before its
//! children; and what changes both name and target becomes two writes, since a rename is sent alone.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use super::change::{Change, Subject};
use super::content::{GroupContent, ParentGroup, same_targets};
use crate::api::{Endpoint, GroupModel, Slug};

/// The changes in an order in which they can be run, those that belong together split and circles of renames opened.
pub(super) fn arrange(changes: impl IntoIterator<Item = Change>) -> Vec<Change> {
    let changes = open_circles(changes.into_iter().filter(|change| !change.is_empty()).flat_map(split).collect());
    let waits_for = dependencies(&changes);
    let order = sorted(&waits_for);
    let mut slots: Vec<Option<Change>> = changes.into_iter().map(Some).collect();
    order.into_iter().filter_map(|index| slots.get_mut(index).and_then(Option::take)).collect()
}

/// A rename with a re-point as two changes, the rename first: where it does not take, nothing else was written.
fn split(change: Change) -> Vec<Change> {
    match change {
        Change::UpdateEndpoint { before, after }
            if before.slug != after.slug && !same_targets(&before.targets, &after.targets) =>
        {
            let renamed = Endpoint { slug: after.slug.clone(), ..(*before).clone() };
            vec![
                Change::rename(&before, after.slug.clone()),
                Change::UpdateEndpoint { before: Box::new(renamed), after },
            ]
        }
        other => vec![other],
    }
}

/// `a → b` with `b → a` can't be done in two writes, slugs being unique: one of them goes over a name for the moment.
fn open_circles(mut changes: Vec<Change>) -> Vec<Change> {
    let renames: HashMap<Slug, (usize, Slug)> = changes
        .iter()
        .enumerate()
        .filter_map(|(index, change)| renamed(change).map(|(from, to)| (from.clone(), (index, to.clone()))))
        .collect();
    let mut seen: HashSet<usize> = HashSet::new();
    let mut starts: Vec<&Slug> = renames.keys().collect();
    starts.sort();
    let mut opened = Vec::new();
    for start in starts {
        let mut slug = start;
        while let Some((index, to)) = renames.get(slug) {
            if !seen.insert(*index) {
                break;
            }
            if to == start {
                opened.push(*index);
                break;
            }
            slug = to;
        }
    }
    for index in opened {
        let Some(Change::UpdateEndpoint { before, after }) = changes.get(index) else { continue };
        let between = Slug::from_wire(format!("{}~moving", before.slug));
        let first = Change::rename(before, between.clone());
        let moved = Endpoint { slug: between, ..(**before).clone() };
        let second = Change::UpdateEndpoint { before: Box::new(moved), after: after.clone() };
        if let Some(slot) = changes.get_mut(index) {
            *slot = first;
            changes.push(second);
        }
    }
    changes
}

fn renamed(change: &Change) -> Option<(&Slug, &Slug)> {
    match change {
        Change::UpdateEndpoint { before, after } if before.slug != after.slug => Some((&before.slug, &after.slug)),
        Change::UpdateEndpoint { .. }
        | Change::CreateEndpoint { .. }
        | Change::DeleteEndpoint { .. }
        | Change::CreateGroup { .. }
        | Change::UpdateGroup { .. }
        | Change::DeleteGroup { .. }
        | Change::MintKey { .. }
        | Change::RevokeKey { .. } => None,
    }
}

/// For each change the others that must be over before it begins, by their places.
pub(super) fn dependencies(changes: &[Change]) -> Vec<Vec<usize>> {
    let index = Index::of(changes);
    changes
        .iter()
        .enumerate()
        .map(|(place, change)| {
            let mut waits_for = index.waits_for(place, change);
            waits_for.sort_unstable();
            waits_for.dedup();
            waits_for.retain(|other| *other != place);
            waits_for
        })
        .collect()
}

/// Where in a plan things are made, freed and named.
#[derive(Default)]
struct Index<'a> {
    makes: HashMap<&'a Slug, usize>,
    frees: HashMap<&'a Slug, usize>,
    /// Group changes that go on naming a slug.
    names: HashMap<&'a Slug, Vec<usize>>,
    /// Group changes that name a slug no longer.
    drops: HashMap<&'a Slug, Vec<usize>>,
    groups_made: HashMap<&'a str, usize>,
    groups_freed: HashMap<&'a str, usize>,
    /// Changes of groups that exist, by their id.
    groups: HashMap<&'a str, usize>,
    /// Deletes of groups, by the parent's id.
    child_deletes: HashMap<&'a str, Vec<usize>>,
    /// The change of the same subject before this one.
    earlier: HashMap<usize, usize>,
    /// Updates of groups, by the group's id: what it grants, and what it shall.
    updates: HashMap<&'a str, (usize, &'a [GroupModel], &'a GroupContent)>,
    /// Updates of groups, by the parent's id.
    child_updates: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Index<'a> {
    fn of(changes: &'a [Change]) -> Self {
        let mut index = Self::default();
        let mut last: HashMap<Subject, usize> = HashMap::new();
        for (place, change) in changes.iter().enumerate() {
            index.earlier.extend(last.insert(change.subject(), place).map(|earlier| (place, earlier)));
            index.add(place, change);
        }
        index
    }

    fn add(&mut self, place: usize, change: &'a Change) {
        match change {
            Change::CreateEndpoint { after } => {
                self.makes.insert(&after.slug, place);
            }
            Change::UpdateEndpoint { before, after } => {
                if before.slug != after.slug {
                    self.makes.insert(&after.slug, place);
                    self.frees.insert(&before.slug, place);
                }
            }
            Change::DeleteEndpoint { before } => {
                self.frees.insert(&before.slug, place);
            }
            Change::CreateGroup { after } => {
                self.groups_made.insert(&after.external_entity_id, place);
                self.add_names(place, &after.models);
            }
            Change::UpdateGroup { before, after } => {
                self.groups.insert(before.id.as_str(), place);
                self.updates.insert(before.id.as_str(), (place, &before.models, after));
                if let Some(parent) = &before.hierarchy.parent_group_id {
                    self.child_updates.entry(parent.as_str()).or_default().push(place);
                }
                self.add_names(place, &after.models);
                for model in &before.models {
                    self.drops.entry(&model.slug).or_default().push(place);
                }
            }
            Change::DeleteGroup { before } => {
                self.groups.insert(before.id.as_str(), place);
                self.groups_freed.insert(&before.metadata.external_entity_id, place);
                if let Some(parent) = &before.hierarchy.parent_group_id {
                    self.child_deletes.entry(parent.as_str()).or_default().push(place);
                }
            }
            Change::MintKey { .. } | Change::RevokeKey { .. } => {}
        }
    }

    fn add_names(&mut self, place: usize, models: &'a [GroupModel]) {
        for model in models {
            self.names.entry(&model.slug).or_default().push(place);
        }
    }

    fn waits_for(&self, place: usize, change: &Change) -> Vec<usize> {
        let mut waits: Vec<usize> = self.earlier.get(&place).copied().into_iter().collect();
        match change {
            Change::CreateEndpoint { after } => waits.extend(self.frees.get(&after.slug)),
            Change::UpdateEndpoint { before, after } => {
                if before.slug != after.slug {
                    // A name for the moment is freed by what comes next for the same endpoint.
                    let freed = self.frees.get(&after.slug);
                    waits.extend(freed.filter(|other| self.earlier.get(other) != Some(&place)));
                    waits.extend(self.still_named(&before.slug));
                }
            }
            Change::DeleteEndpoint { before } => {
                waits.extend(self.still_named(&before.slug));
                if !self.makes.contains_key(&before.slug) {
                    // Callers move to what replaces it before it goes.
                    waits.extend(self.drops.get(&before.slug).into_iter().flatten());
                }
            }
            Change::CreateGroup { after } => {
                waits.extend(self.groups_freed.get(after.external_entity_id.as_str()));
                waits.extend(self.made(&after.models));
                if let Some(ParentGroup::ExternalEntityId(parent)) = &after.parent {
                    waits.extend(self.groups_made.get(parent.as_str()));
                }
                if let Some(ParentGroup::Id(parent)) = &after.parent {
                    waits.extend(self.groups.get(parent.as_str()));
                }
            }
            Change::UpdateGroup { before, after } => {
                waits.extend(self.made(&after.models));
                waits.extend(self.relatives(before.id.as_str(), after));
            }
            Change::DeleteGroup { before } => {
                waits.extend(self.child_deletes.get(before.id.as_str()).into_iter().flatten());
            }
            Change::MintKey { .. } | Change::RevokeKey { .. } => {}
        }
        waits
    }

    /// The changes that make slugs which a group shall be granted.
    fn made<'b>(&'b self, models: &'b [GroupModel]) -> impl Iterator<Item = &'b usize> {
        models.iter().filter_map(|model| self.makes.get(&model.slug))
    }

    /// Group changes that go on naming a slug which is about to go: a group must not name what does not exist.
    fn still_named(&self, slug: &Slug) -> Vec<usize> {
        if self.makes.contains_key(slug) {
            return Vec::new();
        }
        self.names.get(slug).cloned().unwrap_or_default()
    }

    /// A child must not be above its parent at any moment: a parent that is lowered comes after its children, one
    /// that is not comes before them.
    fn relatives(&self, id: &str, after: &GroupContent) -> Vec<usize> {
        let mut waits = Vec::new();
        if let Some(ParentGroup::Id(parent)) = &after.parent
            && let Some((place, before, wanted)) = self.updates.get(parent.as_str())
            && !lowers(before, &wanted.models)
        {
            waits.push(*place);
        }
        if let Some((_, before, wanted)) = self.updates.get(id)
            && lowers(before, &wanted.models)
        {
            waits.extend(self.child_updates.get(id).into_iter().flatten());
        }
        waits
    }
}

/// True where some limit becomes smaller, or is new.
fn lowers(before: &[GroupModel], after: &[GroupModel]) -> bool {
    let tuples = |models: &[GroupModel]| -> HashMap<(Slug, String), u64> {
        models
            .iter()
            .flat_map(|model| {
                let rate =
                    model.rate_limits.iter().map(|limit| (format!("{}/{}", limit.kind, limit.unit), limit.threshold));
                let usage =
                    model.usage_limits.iter().map(|limit| (format!("{}/{}", limit.kind, limit.unit), limit.threshold));
                rate.chain(usage).map(|(name, threshold)| ((model.slug.clone(), name), threshold)).collect::<Vec<_>>()
            })
            .collect()
    };
    let old = tuples(before);
    tuples(after).iter().any(|(name, threshold)| old.get(name).is_none_or(|old| threshold < old))
}

/// The places in an order in which each comes after what it waits for, else as they stand. What waits in a circle
/// keeps its place at the end: the server will say what it thinks of it.
fn sorted(waits_for: &[Vec<usize>]) -> Vec<usize> {
    let mut open: Vec<usize> = waits_for.iter().map(Vec::len).collect();
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); waits_for.len()];
    for (place, waits) in waits_for.iter().enumerate() {
        for other in waits {
            if let Some(list) = followers.get_mut(*other) {
                list.push(place);
            }
        }
    }
    let mut ready: BinaryHeap<Reverse<usize>> =
        open.iter().enumerate().filter(|(_, count)| **count == 0).map(|(place, _)| Reverse(place)).collect();
    let mut order = Vec::with_capacity(waits_for.len());
    while let Some(Reverse(place)) = ready.pop() {
        order.push(place);
        for follower in followers.get(place).into_iter().flatten() {
            if let Some(count) = open.get_mut(*follower) {
                *count -= 1;
                if *count == 0 {
                    ready.push(Reverse(*follower));
                }
            }
        }
    }
    let done: HashSet<usize> = order.iter().copied().collect();
    order.extend((0..waits_for.len()).filter(|place| !done.contains(place)));
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{EndpointId, GroupId, GroupMetadata, Hierarchy, LimitEnforcement, LimitType, RateLimit, RateUnit};
    use crate::api::{Group, Target, Time, Unknown};

    fn endpoint(name: &str) -> Endpoint {
        Endpoint {
            id: EndpointId::new(format!("id-{name}")),
            slug: slug(name),
            region: None,
            targets: vec![Target::baseten("old", None)],
            created_at: Time::EPOCH,
            updated_at: Time::EPOCH,
            unknown: Unknown::new(),
        }
    }

    fn slug(name: &str) -> Slug {
        Slug::from_wire(format!("o/{name}"))
    }

    fn model(name: &str, threshold: u64) -> GroupModel {
        let limit = RateLimit { kind: LimitType::Request, unit: RateUnit::Minute, threshold, unknown: Unknown::new() };
        GroupModel { slug: slug(name), rate_limits: vec![limit], usage_limits: Vec::new(), unknown: Unknown::new() }
    }

    fn group(name: &str, parent: Option<&str>, threshold: u64) -> Group {
        Group {
            id: GroupId::new(name),
            metadata: GroupMetadata { name: None, external_entity_id: name.to_owned(), unknown: Unknown::new() },
            models: vec![model("a", threshold)],
            effective_models: Vec::new(),
            hierarchy: Hierarchy {
                limit_enforcement: LimitEnforcement::Cascading,
                parent_group_id: parent.map(GroupId::new),
            },
            created_at: Time::EPOCH,
            unknown: Unknown::new(),
        }
    }

    fn limit(group: &Group, threshold: u64) -> Change {
        let after = GroupContent { models: vec![model("a", threshold)], ..group.into() };
        Change::UpdateGroup { before: Box::new(group.clone()), after }
    }

    fn titles(changes: impl IntoIterator<Item = Change>) -> Vec<String> {
        arrange(changes).iter().map(Change::title).collect()
    }

    #[test]
    fn a_slug_is_freed_before_it_is_taken() {
        let titles = titles([
            Change::create(super::super::EndpointContent::new(slug("a"), Target::baseten("m", None))),
            Change::rename(&endpoint("b"), slug("c")),
            Change::delete(&endpoint("a")),
            Change::rename(&endpoint("d"), slug("b")),
        ]);
        assert_eq!(titles, ["rename o/b to o/c", "delete o/a", "create o/a routed to BASETEN m", "rename o/d to o/b"]);
    }

    #[test]
    fn renames_in_a_circle_go_over_a_name_for_the_moment() {
        let swap = [Change::rename(&endpoint("a"), slug("b")), Change::rename(&endpoint("b"), slug("a"))];
        assert_eq!(titles(swap), ["rename o/b to o/b~moving", "rename o/a to o/b", "rename o/b~moving to o/a"]);
    }

    #[test]
    fn a_parent_is_lowered_after_its_child_and_raised_before_it() {
        let (parent, child) = (group("p", None, 10), group("c", Some("p"), 10));
        let names = |changes: [Change; 2]| -> Vec<String> {
            arrange(changes).iter().map(|change| change.name().to_owned()).collect()
        };
        assert_eq!(names([limit(&parent, 5), limit(&child, 5)]), ["c", "p"]);
        assert_eq!(names([limit(&child, 20), limit(&parent, 20)]), ["p", "c"]);
    }

    #[test]
    fn children_go_before_their_parent_and_grants_come_after_what_they_grant() {
        let (parent, child) = (group("p", None, 10), group("c", Some("p"), 10));
        let delete = |group: &Group| Change::DeleteGroup { before: Box::new(group.clone()) };
        let grant = |name: &str| {
            let before = group("g", None, 10);
            let after = GroupContent { models: vec![model(name, 10)], ..(&before).into() };
            Change::UpdateGroup { before: Box::new(before), after }
        };
        assert_eq!(
            titles([grant("new"), delete(&parent), delete(&child), Change::rename(&endpoint("a"), slug("new"))]),
            ["delete c", "delete p", "rename o/a to o/new", "update g"]
        );
        assert_eq!(
            titles([Change::delete(&endpoint("a")), limit(&group("g", None, 10), 5)]),
            ["update g", "delete o/a"],
            "a group must not name what is gone"
        );
    }
}
