//! Which slugs share a target, and where each target would stand if everything were in view.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::api::Target;
use crate::tui::screens::endpoints::rows::{Rows, Targets};

/// What the right side shows a row for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Grouping {
    /// Every target.
    #[default]
    Target,
    /// Every provider.
    Provider,
}

impl Grouping {
    /// The other one.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Target => Self::Provider,
            Self::Provider => Self::Target,
        }
    }
}

/// Something at the right side that wires can lead to.
#[derive(Debug, Clone, PartialEq)]
pub struct Net {
    /// The provider's name.
    pub provider: String,
    /// What the target is called; empty for a provider.
    pub label: String,
    /// How many slugs lead there, hidden ones too.
    pub slugs: usize,
    /// What a wire that is dropped here routes to. `None` for a provider and for a server's odd answers.
    pub target: Option<Target>,
    /// The middle of the rows that lead here, among those that are shown.
    pub home: usize,
}

/// Everything at the right side.
#[derive(Debug, Clone, Default)]
pub struct Nets {
    /// What a row stands for.
    pub grouping: Grouping,
    /// What wires lead to; a wire names it by its place.
    pub nets: Vec<Net>,
    /// Every target that a wire can be carried to, used or not, by provider and name.
    pub bay: Vec<Net>,
    of_targets: HashMap<Key, usize>,
    bay_places: HashMap<Key, usize>,
}

/// Equal targets are kept once by `Rows`, so their address tells them apart at no cost.
type Key = usize;

fn key(targets: &Arc<Targets>) -> Key {
    Arc::as_ptr(targets).addr()
}

/// What decides the order of the right side, and what is one there.
type Name<'a> = (&'a str, &'a str, Key);

fn name(targets: &Arc<Targets>, grouping: Grouping) -> Name<'_> {
    match grouping {
        Grouping::Target => (&targets.provider, &targets.label, key(targets)),
        Grouping::Provider => (&targets.provider, "", 0),
    }
}

impl Nets {
    /// Finds out who shares what. `order` are the rows that are shown; `known` the workspace's own targets.
    #[must_use]
    pub fn of(rows: &Rows, order: &[u32], grouping: Grouping, known: &[Target]) -> Self {
        let mut slugs: BTreeMap<Name<'_>, (usize, Vec<usize>)> = BTreeMap::new();
        for row in rows.all() {
            slugs.entry(name(&row.targets, grouping)).or_default().0 += 1;
        }
        for (place, row) in order.iter().enumerate().filter_map(|(place, index)| Some((place, rows.get(*index)?))) {
            if let Some((_, places)) = slugs.get_mut(&name(&row.targets, grouping)) {
                places.push(place);
            }
        }
        let numbers: HashMap<Name<'_>, usize> =
            slugs.keys().enumerate().map(|(number, name)| (*name, number)).collect();
        let number = |targets| numbers.get(&name(targets, grouping)).map(|number| (key(targets), *number));
        let of_targets = rows.all().iter().filter_map(|row| number(&row.targets)).collect();
        let nets = slugs.into_iter().map(|((provider, label, _), (slugs, places))| Net {
            provider: provider.to_owned(),
            label: label.to_owned(),
            slugs,
            target: None,
            home: places.get(places.len() / 2).copied().unwrap_or(0),
        });
        let nets = nets.collect();
        let (bay, bay_places) = bay(rows, known);
        Self { grouping, nets, bay, of_targets, bay_places }
    }

    /// Where the wire of an endpoint with these targets leads.
    #[must_use]
    pub fn net(&self, targets: &Arc<Targets>) -> Option<usize> {
        self.of_targets.get(&key(targets)).copied()
    }

    /// The place of these targets in the bay.
    #[must_use]
    pub fn bay_place(&self, targets: &Arc<Targets>) -> Option<usize> {
        self.bay_places.get(&key(targets)).copied()
    }

    /// The targets that no slug leads to.
    pub fn unused(&self) -> impl Iterator<Item = &Net> {
        self.bay.iter().filter(|net| net.slugs == 0)
    }
}

/// All targets by provider and name, the used ones and the workspace's own.
fn bay(rows: &Rows, known: &[Target]) -> (Vec<Net>, HashMap<Key, usize>) {
    let mut by_name: BTreeMap<(String, String, Key), Net> = BTreeMap::new();
    for row in rows.all() {
        let (provider, label, key) = name(&row.targets, Grouping::Target);
        let net = by_name.entry((provider.to_owned(), label.to_owned(), key)).or_insert_with(|| {
            let target = if let [only] = row.targets.all.as_slice() { Some(only.clone()) } else { None };
            Net { provider: provider.to_owned(), label: label.to_owned(), slugs: 0, target, home: 0 }
        });
        net.slugs += 1;
    }
    let used: HashSet<Target> = by_name.values().filter_map(|net| Some(net.target.clone()?.normalized())).collect();
    // Addresses are never so small, so these keys are free.
    for (number, target) in
        known.iter().enumerate().filter(|(_, target)| !used.contains(&(*target).clone().normalized()))
    {
        let (provider, label) = (target.provider.to_string(), crate::tui::text::clean(&target.label()).into_owned());
        let net = Net { provider, label, slugs: 0, target: Some(target.clone()), home: 0 };
        by_name.entry((net.provider.clone(), net.label.clone(), number)).or_insert(net);
    }
    let places = by_name.keys().enumerate().map(|(place, (_, _, key))| (*key, place)).collect();
    (by_name.into_values().collect(), places)
}
