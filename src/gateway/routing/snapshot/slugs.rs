//! Routes by their slugs, in parts that pictures share.
//!
//! A picture that differs in one route from the one before copies one part and holds the others together with it:
//! what a sync costs goes by what has changed, and not by how much there is.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::Route;

/// With 100,000 routes a part has 400, which are copied in microseconds.
const PARTS: usize = 256;

/// The routes of a workspace. A clone is cheap, and shares all that is not changed in it.
#[derive(Debug, Clone)]
pub struct RoutesBySlug {
    parts: Vec<Arc<HashSet<BySlug>>>,
    len: usize,
}

/// A route that is found by its slug, so that the slug is not held twice.
#[derive(Debug, Clone)]
struct BySlug(Arc<Route>);

impl Borrow<str> for BySlug {
    fn borrow(&self) -> &str {
        self.0.slug.as_str()
    }
}

// As `Borrow` demands: like its slug, and nothing else.
impl Hash for BySlug {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.slug.as_str().hash(state);
    }
}

impl PartialEq for BySlug {
    fn eq(&self, other: &Self) -> bool {
        self.0.slug == other.0.slug
    }
}

impl Eq for BySlug {}

impl Default for RoutesBySlug {
    fn default() -> Self {
        let empty = Arc::default();
        Self { parts: vec![empty; PARTS], len: 0 }
    }
}

impl RoutesBySlug {
    /// The route of this slug.
    #[must_use]
    pub fn get(&self, slug: &str) -> Option<&Arc<Route>> {
        self.parts.get(part_of(slug))?.get(slug).map(|entry| &entry.0)
    }

    /// Serves this route under its slug, in place of another that may have it.
    pub fn put(&mut self, route: Arc<Route>) {
        let Some(part) = self.parts.get_mut(part_of(route.slug.as_str())) else { return };
        if Arc::make_mut(part).replace(BySlug(route)).is_none() {
            self.len += 1;
        }
    }

    /// Serves nothing under this slug.
    pub fn remove(&mut self, slug: &str) {
        let Some(part) = self.parts.get_mut(part_of(slug)) else { return };
        if part.contains(slug) && Arc::make_mut(part).remove(slug) {
            self.len -= 1;
        }
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.parts.iter().flat_map(|part| part.iter().map(|entry| &entry.0))
    }

    /// How many routes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// True where there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl Extend<Arc<Route>> for RoutesBySlug {
    fn extend<I: IntoIterator<Item = Arc<Route>>>(&mut self, routes: I) {
        let routes = routes.into_iter();
        let each = routes.size_hint().0 / PARTS;
        if each > 0 {
            // Some parts get more than their share; those grow once.
            self.parts.iter_mut().for_each(|part| Arc::make_mut(part).reserve(each));
        }
        routes.for_each(|route| self.put(route));
    }
}

/// FNV-1a: spreads names that differ in a digit. Whoever chose slugs to fall into one part would have a larger part.
fn part_of(slug: &str) -> usize {
    let hash = slug
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    // The lowest byte is the one that every letter moves.
    usize::from(hash.to_le_bytes()[0]) % PARTS
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::api::{EndpointId, Slug, Target, Time};

    fn route(slug: &str, id: u32) -> Arc<Route> {
        let slug = Slug::parse(slug).unwrap();
        let id = EndpointId::new(id.to_string());
        Arc::new(Route { id, slug, target: Arc::new(Target::baseten("m", None)), created_at: Time::from_micros(0) })
    }

    proptest! {
        #[test]
        fn it_is_a_map_and_a_clone_never_changes(steps in prop::collection::vec((0..40_u32, any::<bool>()), 0..80)) {
            let (mut routes, mut model) = (RoutesBySlug::default(), BTreeMap::new());
            let mut kept = Vec::new();
            for (number, (name, is_put)) in (0..).zip(steps) {
                kept.push((routes.clone(), model.clone()));
                let slug = format!("a/{name}");
                if is_put {
                    routes.put(route(&slug, number));
                    model.insert(slug, number);
                } else {
                    routes.remove(&slug);
                    model.remove(&slug);
                }
            }
            kept.push((routes, model));
            for (routes, model) in kept {
                prop_assert_eq!(routes.len(), model.len());
                for name in 0..40 {
                    let slug = format!("a/{name}");
                    let found = routes.get(&slug).map(|route| route.id.to_string());
                    prop_assert_eq!(found, model.get(&slug).map(u32::to_string));
                }
            }
        }
    }

    #[test]
    fn a_change_copies_one_part() {
        let mut before = RoutesBySlug::default();
        before.extend((0..10_000).map(|number| route(&format!("a/{number}"), number)));
        assert!(before.parts.iter().all(|part| (1..200).contains(&part.len())), "they are spread");
        let mut after = before.clone();
        after.put(route("a/77", 0));
        after.remove("a/none");
        let copied = before.parts.iter().zip(&after.parts).filter(|(before, after)| !Arc::ptr_eq(before, after));
        assert_eq!(copied.count(), 1);
    }
}
