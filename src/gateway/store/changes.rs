//! Which slugs the last writes touched, so that a sync reads those rows again and no others.
//!
//! It is noted before the commit, so that no reader sees a revision that is not noted; a commit that fails leaves
//! a slug that is read again for nothing. It lives in memory: the first sync of a start reads everything anyway.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use crate::api::Slug;

/// The most slugs that are remembered. A sync that is further behind reads everything.
const SLUGS_MAX: usize = 10_000;

/// The slugs that were written to, by revision.
#[derive(Debug)]
pub(super) struct Changes(Mutex<Journal>);

#[derive(Debug)]
struct Journal {
    /// All that was written at later revisions is known.
    after: u64,
    /// The last revision that was noted.
    until: u64,
    slugs: VecDeque<(u64, Slug)>,
}

impl Changes {
    /// Nothing was written after this revision yet.
    pub(super) fn after(revision: u64) -> Self {
        Self(Mutex::new(Journal { after: revision, until: revision, slugs: VecDeque::new() }))
    }

    /// The write that makes this revision touches these.
    pub(super) fn note(&self, revision: u64, slugs: Vec<Slug>) {
        let mut journal = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        journal.until = revision;
        journal.slugs.extend(slugs.into_iter().map(|slug| (revision, slug)));
        while journal.slugs.len() > SLUGS_MAX {
            if let Some((forgotten, _)) = journal.slugs.pop_front() {
                journal.after = forgotten;
            }
        }
    }

    /// About how many slugs were written to after this revision. `None` where that is not known.
    pub(super) fn count_after(&self, from: u64) -> Option<usize> {
        let journal = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (from >= journal.after).then(|| journal.after_revision(from).count())
    }

    /// What may differ between these two revisions. `None` where that is not known.
    pub(super) fn between(&self, from: u64, to: u64) -> Option<HashSet<Slug>> {
        let journal = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Beyond `until`, or back in time, something else than this program's writes would have moved it.
        if from < journal.after || to > journal.until || from > to {
            return None;
        }
        Some(journal.after_revision(from).cloned().collect())
    }
}

impl Journal {
    fn after_revision(&self, from: u64) -> impl Iterator<Item = &Slug> {
        // The latest are at the end, and the usual sync is behind by a few.
        self.slugs.iter().rev().take_while(move |(revision, _)| *revision > from).map(|(_, slug)| slug)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slugs(names: &[&str]) -> Vec<Slug> {
        names.iter().map(|name| Slug::from_wire(*name)).collect()
    }

    #[test]
    fn only_what_was_written_since_is_given() {
        let changes = Changes::after(7);
        assert_eq!(changes.between(7, 7), Some(HashSet::new()));
        changes.note(8, slugs(&["a/one", "a/old"]));
        changes.note(9, Vec::new());
        changes.note(10, slugs(&["a/two", "a/one"]));
        assert_eq!(changes.between(7, 10), Some(slugs(&["a/one", "a/old", "a/two"]).into_iter().collect()));
        assert_eq!(changes.between(8, 9), Some(slugs(&["a/two", "a/one"]).into_iter().collect()));
        assert_eq!(changes.between(6, 10), None, "before the start");
        assert_eq!(changes.between(8, 11), None, "nobody noted that");
        assert_eq!(changes.between(10, 9), None, "another file was put in its place");
    }

    #[test]
    fn what_is_forgotten_is_said_to_be_unknown() {
        let changes = Changes::after(0);
        for revision in 1..=SLUGS_MAX as u64 + 1 {
            changes.note(revision, slugs(&["a/b"]));
        }
        let until = SLUGS_MAX as u64 + 1;
        assert_eq!(changes.between(0, until), None);
        assert!(changes.between(1, until).is_some());
    }
}
