//! The endpoints as they were read, kept small: a hundred thousand of them have to fit and to be sorted quickly.
//!
//! Equal targets are kept once. A reading that comes page by page is laid over what is there, row by row, so that a
//! row keeps its place and its memory, and what has changed can be marked.

use std::collections::HashMap;
use std::sync::Arc;

use crate::api::{Endpoint, EndpointId, Region, Slug, Target, Time, Unknown};
use crate::tui::text;

/// What one or more endpoints route to, with what the list shows of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Targets {
    /// As the server wrote them.
    pub all: Vec<Target>,
    /// The provider of the first, cleaned.
    pub provider: String,
    /// What the first is called, cleaned; how many more there are.
    pub label: String,
    /// Tells these targets from others.
    pub number: u32,
}

/// An endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Stays for its whole life.
    pub id: EndpointId,
    /// What customers call.
    pub slug: Slug,
    /// What it routes to.
    pub targets: Arc<Targets>,
    /// When it was created.
    pub created_at: Time,
    /// When it was last written.
    pub updated_at: Time,
    region: Option<Region>,
    unknown: Option<Box<Unknown>>,
}

impl Row {
    /// The endpoint as the server wrote it.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        Endpoint {
            id: self.id.clone(),
            slug: self.slug.clone(),
            region: self.region.clone(),
            targets: self.targets.all.clone(),
            created_at: self.created_at,
            updated_at: self.updated_at,
            unknown: self.unknown.as_deref().cloned().unwrap_or_default(),
        }
    }

    /// Where it may be served, where the server tells.
    #[must_use]
    pub fn region(&self) -> Option<&Region> {
        self.region.as_ref()
    }

    /// Fields that this program does not know.
    #[must_use]
    pub fn unknown(&self) -> Option<&Unknown> {
        self.unknown.as_deref()
    }
}

/// What of a row says something else now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    /// It is called otherwise.
    pub slug: bool,
    /// It routes elsewhere.
    pub target: bool,
}

/// What a page did to the rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Laid {
    /// True where rows came, went or moved, so that positions are others now.
    pub moved: bool,
    /// True where a row says something else.
    pub changed: bool,
}

/// All endpoints that were read, in the server's order.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    all: Vec<Row>,
    pool: HashMap<Vec<Target>, Arc<Targets>>,
    /// Where the next page of the reading under way is laid.
    at: usize,
    /// What the last reading found changed.
    pub changed: HashMap<EndpointId, Moved>,
    version: u64,
    /// The number that the next targets get.
    next_number: u32,
}

impl Rows {
    /// All rows, in the server's order.
    #[must_use]
    pub fn all(&self) -> &[Row] {
        &self.all
    }

    /// The row at a position.
    #[must_use]
    pub fn get(&self, index: u32) -> Option<&Row> {
        self.all.get(usize::try_from(index).ok()?)
    }

    /// Another number whenever something changed.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// True where there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// How many rows the reading under way has confirmed so far.
    #[must_use]
    pub fn read_so_far(&self) -> usize {
        self.at
    }

    /// The row with this id. Costs a walk over all of them.
    #[must_use]
    pub fn by_id(&self, id: &EndpointId) -> Option<&Row> {
        self.all.iter().find(|row| row.id == *id)
    }

    /// The row with this slug. Costs a walk over all of them.
    #[must_use]
    pub fn by_slug(&self, slug: &str) -> Option<&Row> {
        self.all.iter().find(|row| row.slug.as_str() == slug)
    }

    /// The different targets that are used, in no order that means anything.
    pub fn targets(&self) -> impl Iterator<Item = &Arc<Targets>> {
        self.pool.values().filter(|targets| Arc::strong_count(targets) > 1)
    }

    /// A reading begins.
    pub fn begin(&mut self) {
        self.at = 0;
        self.changed.clear();
    }

    /// Lays a page over what is there. The last page cuts off what did not come again.
    pub fn lay(&mut self, page: Vec<Endpoint>, is_last: bool) -> Laid {
        let mut laid = Laid::default();
        let was_known = !self.all.is_empty();
        for endpoint in page {
            laid = self.lay_one(endpoint, laid);
        }
        if is_last {
            laid.moved |= self.at < self.all.len();
            self.all.truncate(self.at);
            self.pool.retain(|_, targets| Arc::strong_count(targets) > 1);
        }
        if !was_known {
            self.changed.clear();
        }
        self.version += u64::from(laid.moved || laid.changed);
        laid
    }

    fn lay_one(&mut self, endpoint: Endpoint, mut laid: Laid) -> Laid {
        let row = self.row(endpoint);
        match self.all.get_mut(self.at) {
            Some(old) if old.id == row.id => {
                if *old != row {
                    let moved = Moved { slug: old.slug != row.slug, target: old.targets != row.targets };
                    self.changed.insert(row.id.clone(), moved);
                    laid.changed = true;
                    laid.moved |= old.slug != row.slug;
                    *old = row;
                }
            }
            Some(_) => {
                laid.moved = true;
                match self.all.iter().skip(self.at).position(|old| old.id == row.id) {
                    // What stood before it has been deleted.
                    Some(gone) => {
                        self.all.drain(self.at..self.at + gone);
                        if let Some(old) = self.all.get_mut(self.at) {
                            *old = row;
                        }
                    }
                    None => self.all.insert(self.at, row),
                }
            }
            None => {
                laid.moved = true;
                self.all.push(row);
            }
        }
        self.at += 1;
        laid
    }

    /// Takes one endpoint as it was read or written: replaces its row, or adds it at the end.
    pub fn put(&mut self, endpoint: Endpoint) {
        self.version += 1;
        let row = self.row(endpoint);
        match self.all.iter_mut().find(|old| old.id == row.id) {
            Some(old) => *old = row,
            None => self.all.push(row),
        }
    }

    /// Takes an endpoint away.
    pub fn remove(&mut self, id: &EndpointId) {
        if let Some(index) = self.all.iter().position(|row| row.id == *id) {
            self.version += 1;
            self.all.remove(index);
            if index < self.at {
                self.at -= 1;
            }
        }
    }

    fn row(&mut self, endpoint: Endpoint) -> Row {
        let targets = if let Some(targets) = self.pool.get(&endpoint.targets) {
            Arc::clone(targets)
        } else {
            let targets = Arc::new(described(endpoint.targets.clone(), self.next_number));
            self.next_number = self.next_number.wrapping_add(1);
            self.pool.insert(endpoint.targets, Arc::clone(&targets));
            targets
        };
        Row {
            id: endpoint.id,
            slug: endpoint.slug,
            targets,
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
            region: endpoint.region,
            unknown: (!endpoint.unknown.is_empty()).then(|| Box::new(endpoint.unknown)),
        }
    }
}

fn described(all: Vec<Target>, number: u32) -> Targets {
    let provider = all.first().map(|target| target.provider.to_string()).unwrap_or_default();
    let mut label = all.first().map(Target::label).unwrap_or_default();
    if all.len() > 1 {
        label = format!("{label} +{}", all.len() - 1);
    }
    Targets { provider: text::clean(&provider).into_owned(), label: text::clean(&label).into_owned(), all, number }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(id: &str, slug: &str) -> Endpoint {
        Endpoint {
            id: EndpointId::new(id),
            slug: Slug::from_wire(slug),
            region: None,
            targets: vec![Target::baseten("m", None)],
            created_at: Time::EPOCH,
            updated_at: Time::EPOCH,
            unknown: Unknown::new(),
        }
    }

    fn ids(rows: &Rows) -> Vec<&str> {
        rows.all().iter().map(|row| row.id.as_str()).collect()
    }

    #[test]
    fn a_second_reading_finds_what_went_came_and_changed() {
        let mut rows = Rows::default();
        rows.begin();
        rows.lay(vec![endpoint("1", "a/1"), endpoint("2", "a/2"), endpoint("3", "a/3")], true);
        rows.begin();
        let laid = rows.lay(vec![endpoint("1", "a/1"), endpoint("3", "a/three")], false);
        assert!(laid.moved);
        rows.lay(vec![endpoint("4", "a/4")], true);
        assert_eq!(ids(&rows), ["1", "3", "4"]);
        assert_eq!(rows.by_slug("a/three").map(|row| row.id.as_str()), Some("3"));
    }

    #[test]
    fn a_reading_that_finds_the_same_changes_nothing() {
        let mut rows = Rows::default();
        rows.begin();
        rows.lay(vec![endpoint("1", "a/1")], true);
        rows.begin();
        assert_eq!(rows.lay(vec![endpoint("1", "a/1")], true), Laid::default());
    }

    #[test]
    fn rows_stay_until_the_last_page_says_that_they_are_gone() {
        let mut rows = Rows::default();
        rows.begin();
        rows.lay(vec![endpoint("1", "a/1"), endpoint("2", "a/2")], true);
        rows.begin();
        rows.lay(vec![endpoint("1", "a/1")], false);
        assert_eq!(ids(&rows), ["1", "2"]);
        rows.lay(Vec::new(), true);
        assert_eq!(ids(&rows), ["1"]);
    }

    #[test]
    fn equal_targets_are_kept_once() {
        let mut rows = Rows::default();
        rows.lay(vec![endpoint("1", "a/1"), endpoint("2", "a/2")], true);
        assert!(Arc::ptr_eq(&rows.all()[0].targets, &rows.all()[1].targets));
        assert_eq!(rows.all()[0].endpoint(), endpoint("1", "a/1"));
    }
}
