//! The groups as a tree: which rows are shown, in which order, with which lines before them.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::{Group, GroupId};
use crate::tui::draw::lines;

/// A row of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// The group, by its place among those that were read.
    pub group: usize,
    /// What stands before its name.
    pub prefix: String,
    /// How many groups stand below it, at any depth.
    pub below: usize,
}

/// What a group is called: its name, else its customer's id.
#[must_use]
pub fn name(group: &Group) -> &str {
    group.metadata.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&group.metadata.external_entity_id)
}

/// True where every word of the filter is found in the name, an id or a slug that the group may call. `slug:` asks for
/// a slug as a whole.
#[must_use]
pub fn matches(group: &Group, filter: &str) -> bool {
    filter.split_whitespace().all(|word| {
        if let Some(slug) = word.strip_prefix("slug:") {
            return slug.is_empty() || group.models.iter().any(|model| model.slug.as_str() == slug);
        }
        let word = word.to_lowercase();
        let found = |text: &str| text.to_lowercase().contains(&word);
        found(name(group))
            || found(&group.metadata.external_entity_id)
            || found(group.id.as_str())
            || group.models.iter().any(|model| found(model.slug.as_str()))
    })
}

/// The rows, parents before their children, by name. Where a filter is given, only those that match and what is above
/// them. A group whose parent was not read stands as a root.
#[must_use]
pub fn rows(groups: &[Group], filter: &str) -> Vec<Branch> {
    let places: BTreeMap<&GroupId, usize> =
        groups.iter().enumerate().map(|(place, group)| (&group.id, place)).collect();
    let parent =
        |place: usize| groups.get(place)?.hierarchy.parent_group_id.as_ref().and_then(|id| places.get(id).copied());
    let mut children: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
    for place in 0..groups.len() {
        children.entry(parent(place)).or_default().push(place);
    }
    let shown = shown(groups, filter, parent);
    for siblings in children.values_mut() {
        siblings.retain(|place| shown.contains(place));
        siblings.sort_by_key(|place| groups.get(*place).map(|group| (name(group).to_lowercase(), group.id.clone())));
    }
    let mut walk = Walk { children: &children, rows: Vec::new(), seen: BTreeSet::new() };
    walk.walk(None, &mut Vec::new());
    // Groups that are their own ancestors are nobody's: they must not vanish.
    for place in shown {
        if !walk.seen.contains(&place) {
            walk.rows.push(Branch { group: place, prefix: String::new(), below: 0 });
        }
    }
    walk.rows
}

fn shown(groups: &[Group], filter: &str, parent: impl Fn(usize) -> Option<usize>) -> BTreeSet<usize> {
    let mut shown = BTreeSet::new();
    for (place, _) in groups.iter().enumerate().filter(|(_, group)| matches(group, filter)) {
        let mut at = Some(place);
        // What is there already has brought its ancestors; that ends a circle too.
        while let Some(place) = at.filter(|place| shown.insert(*place)) {
            at = parent(place);
        }
    }
    shown
}

struct Walk<'a> {
    children: &'a BTreeMap<Option<usize>, Vec<usize>>,
    rows: Vec<Branch>,
    seen: BTreeSet<usize>,
}

impl Walk<'_> {
    fn walk(&mut self, parent: Option<usize>, goes_on: &mut Vec<bool>) -> usize {
        let Some(siblings) = self.children.get(&parent) else { return 0 };
        let mut below = 0;
        for (index, place) in siblings.iter().enumerate() {
            if !self.seen.insert(*place) {
                continue;
            }
            if parent.is_some() {
                goes_on.push(index + 1 < siblings.len());
            }
            let row = self.rows.len();
            self.rows.push(Branch { group: *place, prefix: lines::tree_prefix(goes_on), below: 0 });
            let mine = self.walk(Some(*place), goes_on);
            if let Some(branch) = self.rows.get_mut(row) {
                branch.below = mine;
            }
            if parent.is_some() {
                goes_on.pop();
            }
            below += 1 + mine;
        }
        below
    }
}

/// The group and everything below it, the group first.
#[must_use]
pub fn subtree<'a>(groups: &'a [Group], id: &GroupId) -> Vec<&'a Group> {
    let rows = rows(groups, "");
    let is_wanted = |branch: &Branch| groups.get(branch.group).is_some_and(|group| group.id == *id);
    let Some(at) = rows.iter().position(is_wanted) else { return Vec::new() };
    let below = rows.get(at).map_or(0, |branch| branch.below);
    rows.iter().skip(at).take(below + 1).filter_map(|branch| groups.get(branch.group)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{GroupMetadata, Hierarchy, LimitEnforcement, Time, Unknown};

    fn group(id: &str, parent: Option<&str>) -> Group {
        Group {
            id: GroupId::new(id),
            metadata: GroupMetadata {
                name: Some(id.to_owned()),
                external_entity_id: format!("cust-{id}"),
                unknown: Unknown::new(),
            },
            models: Vec::new(),
            effective_models: Vec::new(),
            hierarchy: Hierarchy {
                limit_enforcement: LimitEnforcement::Independent,
                parent_group_id: parent.map(GroupId::from),
            },
            created_at: Time::EPOCH,
            unknown: Unknown::new(),
        }
    }

    fn drawn(groups: &[Group], filter: &str) -> Vec<String> {
        rows(groups, filter)
            .into_iter()
            .map(|branch| format!("{}{}", branch.prefix, name(&groups[branch.group])))
            .collect()
    }

    #[test]
    fn children_stand_under_their_parents_by_name() {
        let groups =
            [group("b", None), group("z", Some("a")), group("c", Some("a")), group("a", None), group("d", Some("c"))];
        assert_eq!(drawn(&groups, ""), ["a", "├─ c", "│  ╰─ d", "╰─ z", "b"]);
        assert_eq!(subtree(&groups, &GroupId::new("a")).len(), 4);
    }

    #[test]
    fn a_match_brings_what_is_above_it() {
        let groups = [group("a", None), group("c", Some("a")), group("d", Some("c")), group("e", Some("a"))];
        assert_eq!(drawn(&groups, "CUST-D"), ["a", "╰─ c", "   ╰─ d"]);
        assert_eq!(drawn(&groups, "nothing"), Vec::<String>::new());
    }

    #[test]
    fn circles_and_lost_parents_lose_nobody() {
        let groups = [group("a", Some("b")), group("b", Some("a")), group("c", Some("gone"))];
        let mut names = drawn(&groups, "");
        names.sort();
        assert_eq!(names, ["a", "b", "c"]);
    }
}
