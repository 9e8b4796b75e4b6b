//! What a filter looks at, laid out so that looking at a hundred thousand endpoints is one walk through memory: the
//! slugs one after the other in the list's order, with a number for each one's targets.
//!
//! Made when something is typed, gone when the rows or their order change.

use super::rows::Rows;

/// The slugs in the list's order.
#[derive(Debug, Clone, Default)]
pub struct Index {
    slugs: String,
    /// Where each slug ends in `slugs`, and the number of its targets.
    ends: Vec<(usize, u32)>,
}

impl Index {
    /// The index of these rows, in this order.
    #[must_use]
    pub fn of(order: &[u32], rows: &Rows) -> Self {
        let mut index = Self { slugs: String::with_capacity(order.len() * 24), ends: Vec::with_capacity(order.len()) };
        for row in order.iter().map(|place| rows.get(*place)) {
            if let Some(row) = row {
                index.slugs.push_str(row.slug.as_str());
            }
            let targets = row.map(|row| row.targets.number).unwrap_or_default();
            index.ends.push((index.slugs.len(), targets));
        }
        index
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True where there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The slug at a place, and the number of its targets.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<(&str, u32)> {
        let (end, targets) = *self.ends.get(place)?;
        let start = match place.checked_sub(1) {
            Some(before) => self.ends.get(before)?.0,
            None => 0,
        };
        Some((self.slugs.get(start..end)?, targets))
    }
}
