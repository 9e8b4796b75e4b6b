//! What a filter looks at, laid out so that looking at a hundred thousand endpoints is one walk through memory: the
//! slugs one after the other, with a number for each one's targets.
//!
//! Made when something is typed, in the rows' own order, as they lie in memory in that: in the list's order making it
//! takes longer than everything that is done with it. Gone when the rows change.

use super::rows::Rows;

/// The slugs in the rows' order.
#[derive(Debug, Clone, Default)]
pub struct Index {
    slugs: String,
    /// Where each slug ends in `slugs`, and the number of its targets.
    ends: Vec<(usize, u32)>,
}

impl Index {
    /// The index of these rows.
    #[must_use]
    pub fn of(rows: &Rows) -> Self {
        let count = rows.len();
        let mut index = Self { slugs: String::with_capacity(count * 24), ends: Vec::with_capacity(count) };
        for row in rows.all() {
            index.slugs.push_str(row.slug.as_str());
            index.ends.push((index.slugs.len(), row.targets.number));
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
