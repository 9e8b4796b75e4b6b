//! Who may call what, as the request path sees it: keys by the digest of what a caller presents, and groups.
//!
//! The management plane calls the writing half after its commit, and the next request sees the change: keys and
//! groups do not wait for a sync. A reader takes no lock: keys are in shards that are swapped whole (a write copies
//! one shard of 256), groups are cells that are swapped in place, so a changed group touches no key. Counts survive
//! every change of a group but its removal.

mod index;
mod key;
mod shard;

use std::sync::{Arc, Mutex, PoisonError};

use crate::api::{Group, GroupId, KeyPrefix, Usage};
use crate::gateway::rules::limit::{DayUsage, Meter, Moment};
use index::Index;
pub use key::{Key, KeyDigest, KeyRow, Member};
use shard::Shards;

/// Keys and groups. Cheap to read, exact at once after a write.
#[derive(Debug, Default)]
pub struct Access {
    keys: Shards,
    index: Mutex<Index>,
    changed: Arc<Mutex<Vec<Arc<Meter>>>>,
}

impl Access {
    /// Takes all groups and keys at once, at the start: much cheaper than one by one.
    pub fn load(&self, groups: impl IntoIterator<Item = Group>, keys: impl IntoIterator<Item = KeyRow>) {
        let mut index = self.index();
        for group in groups {
            index.put_group(group, &self.changed);
        }
        index.compile_all();
        let keys: Vec<Arc<Key>> = keys.into_iter().filter_map(|row| index.put_key(row)).collect();
        self.keys.load(keys);
    }

    /// A group was made or changed. Its descendants' inherited limits change with it.
    pub fn upsert_group(&self, group: Group) {
        let mut index = self.index();
        let id = group.id.clone();
        index.put_group(group, &self.changed);
        index.compile_subtree(&id);
    }

    /// A group was removed, with all its descendants and their keys.
    pub fn remove_subtree(&self, root: &GroupId) {
        let revoked = self.index().remove_subtree(root);
        self.keys.remove(&revoked);
    }

    /// A key was made or registered. A key of a group that is not known opens nothing and is not kept.
    pub fn upsert_key(&self, row: KeyRow) {
        // The index stays locked until the shard is written, so that a removal cannot come between.
        let mut index = self.index();
        if let Some(key) = index.put_key(row) {
            self.keys.put(key);
        }
    }

    /// A key was revoked. New requests with it are refused from now on.
    pub fn revoke_key(&self, prefix: &KeyPrefix) {
        let mut index = self.index();
        let Some(digest) = index.digest_of(prefix) else { return };
        let group = self.keys.find(&digest).map(|key| key.group.id.clone());
        index.remove_key(prefix, group.as_ref());
        self.keys.remove(&[digest]);
    }

    /// The key that a caller presented, if it is good. Takes no lock.
    #[must_use]
    pub fn find(&self, presented: &[u8]) -> Option<Arc<Key>> {
        let digest = KeyDigest::of(presented);
        self.keys.find(&digest).filter(|key| key.digest.is(&digest))
    }

    /// The key with this public part, for an operator's question. Not for the request path.
    #[must_use]
    pub fn find_by_prefix(&self, prefix: &KeyPrefix) -> Option<Arc<Key>> {
        let digest = self.index().digest_of(prefix)?;
        self.keys.find(&digest)
    }

    /// The group with this id, for an operator's question. Not for the request path.
    #[must_use]
    pub fn group(&self, id: &GroupId) -> Option<Arc<Member>> {
        self.index().member(id)
    }

    /// How many keys there are.
    #[must_use]
    pub fn key_count(&self) -> usize {
        self.index().key_count()
    }

    /// What `GET /groups/{id}/usage` answers: only slugs with usage limits. `None` where there is no such group.
    #[must_use]
    pub fn usage(&self, group: &GroupId, now: Moment) -> Option<Usage> {
        let member = self.group(group)?;
        let grants = member.grants.load_full();
        let usage = grants
            .iter()
            .map(|(slug, grant)| (slug.clone(), grant.usage(now)))
            .filter(|(_, limits)| !limits.is_empty())
            .collect();
        Some(Usage { customer_id: member.external_entity_id.clone(), usage })
    }

    /// The day's counts that moved since the last call, to be stored. To be called about once a second.
    #[must_use]
    pub fn take_changed_usage(&self) -> Vec<DayUsage> {
        let meters = std::mem::take(&mut *self.changed.lock().unwrap_or_else(PoisonError::into_inner));
        meters.iter().map(|meter| meter.take_day()).collect()
    }

    /// Puts back the stored counts, after [`Access::load`] and before the first request.
    pub fn restore_usage(&self, stored: &[DayUsage]) {
        let mut index = self.index();
        for usage in stored {
            index.restore_usage(usage, &self.changed);
        }
    }

    fn index(&self) -> std::sync::MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
