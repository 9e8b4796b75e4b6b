//! Plans that people ask for by one word and that are several changes: a rename with the grants that go with it, what
//! does the same where a server keeps its slugs, a promotion, a whole subtree of groups.

use std::collections::HashMap;

use super::Plan;
use super::change::Change;
use super::content::{EndpointContent, GroupContent};
use crate::api::{Endpoint, Group, GroupId, ModelId, Slug, Target};

/// A rename, and the new slug for every group that may call the old one: groups go on naming the old slug when an
/// endpoint is renamed, so that its callers would be shut out. Callers still have to call the new slug themselves.
#[must_use]
pub fn rename_with_grants(before: &Endpoint, slug: &Slug, groups: &[Group]) -> Plan {
    let rename = Change::rename(before, slug.clone());
    Plan::new(std::iter::once(rename).chain(regrants(&before.slug, slug, groups)))
}

/// What does the same as a rename on a server that keeps its slugs: a new endpoint, the grants, and the old one gone.
/// Its id is another one.
#[must_use]
pub fn replace_instead_of_rename(before: &Endpoint, slug: &Slug, groups: &[Group]) -> Plan {
    let create = Change::create(EndpointContent { slug: slug.clone(), ..before.into() });
    let grants = regrants(&before.slug, slug, groups);
    Plan::new(std::iter::once(create).chain(grants).chain([Change::delete(before)]))
}

/// The groups that name the old slug with the new one in its place, limits and all.
fn regrants<'a>(old: &'a Slug, new: &'a Slug, groups: &'a [Group]) -> impl Iterator<Item = Change> + 'a {
    groups.iter().filter(move |group| group.models.iter().any(|model| model.slug == *old)).map(move |group| {
        let mut after = GroupContent::from(group);
        if after.models.iter().any(|model| model.slug == *new) {
            // It may call the new slug already, under limits of its own: those stay.
            after.models.retain(|model| model.slug != *old);
        } else {
            for model in after.models.iter_mut().filter(|model| model.slug == *old) {
                model.slug = new.clone();
            }
        }
        Change::UpdateGroup { before: Box::new(group.clone()), after }
    })
}

/// Everything that routes to one model is routed to another, each environment to the one of the same name.
#[must_use]
pub fn promote(endpoints: &[Endpoint], from: &ModelId, to: &ModelId) -> Plan {
    let changes = endpoints.iter().filter_map(|endpoint| {
        let target = endpoint.target().filter(|target| target.model_id.as_ref() == Some(from))?;
        Some(Change::repoint(endpoint, Target { model_id: Some(to.clone()), ..target.clone() }))
    });
    Plan::new(changes)
}

/// A group with all its descendants, each as a change of its own, so that undo brings the whole tree back. The server
/// would take the descendants by itself, and nobody could say afterwards what they were.
#[must_use]
pub fn delete_tree(groups: &[Group], root: &GroupId) -> Plan {
    let mut children: HashMap<&GroupId, Vec<&Group>> = HashMap::new();
    for group in groups {
        if let Some(parent) = &group.hierarchy.parent_group_id {
            children.entry(parent).or_default().push(group);
        }
    }
    let mut tree: Vec<&Group> = groups.iter().filter(|group| group.id == *root).collect();
    let mut next = 0;
    // Groups that were already taken are not taken again: a server's circle must not run for ever.
    while let Some(parent) = tree.get(next).copied() {
        tree.extend(children.remove(&parent.id).unwrap_or_default());
        next += 1;
    }
    tree.dedup_by(|a, b| a.id == b.id);
    Plan::new(tree.into_iter().map(|group| Change::DeleteGroup { before: Box::new(group.clone()) }))
}
