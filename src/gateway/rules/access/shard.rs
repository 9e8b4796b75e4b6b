//! The keys in shards, each an immutable sorted list that is swapped whole.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::key::{Key, KeyDigest};

const SHARDS: usize = 256;

/// A sorted list of what a digest begins with and its key: a reader stays within a few cache lines.
type Shard = Vec<(u64, Arc<Key>)>;

#[derive(Debug)]
pub(super) struct Shards(Vec<ArcSwap<Shard>>);

impl Default for Shards {
    fn default() -> Self {
        let empty = Arc::new(Shard::new());
        Self((0..SHARDS).map(|_| ArcSwap::new(Arc::clone(&empty))).collect())
    }
}

impl Shards {
    pub(super) fn find(&self, digest: &KeyDigest) -> Option<Arc<Key>> {
        let (shard, lead) = (self.shard(digest)?.load(), lead(digest));
        let start = shard.partition_point(|(other, _)| *other < lead);
        let same_lead = shard.get(start..)?.iter().take_while(|(other, _)| *other == lead);
        same_lead.map(|(_, key)| key).find(|key| key.digest == *digest).map(Arc::clone)
    }

    /// Writers are kept apart by the index's lock.
    pub(super) fn put(&self, key: Arc<Key>) {
        let Some(cell) = self.shard(&key.digest) else { return };
        let mut shard = Shard::clone(&cell.load());
        put_sorted(&mut shard, key);
        cell.store(Arc::new(shard));
    }

    pub(super) fn remove(&self, digests: &[KeyDigest]) {
        let mut by_shard: HashMap<u8, HashSet<&KeyDigest>> = HashMap::new();
        for digest in digests {
            by_shard.entry(digest.0[0]).or_default().insert(digest);
        }
        for (number, digests) in by_shard {
            let Some(cell) = self.0.get(usize::from(number)) else { continue };
            let kept = cell.load().iter().filter(|(_, key)| !digests.contains(&key.digest)).cloned().collect();
            cell.store(Arc::new(kept));
        }
    }

    /// Adds many keys with one copy of each shard.
    pub(super) fn load(&self, keys: Vec<Arc<Key>>) {
        let mut shards: Vec<Shard> = self.0.iter().map(|cell| Shard::clone(&cell.load())).collect();
        for key in keys {
            if let Some(shard) = shards.get_mut(usize::from(key.digest.0[0])) {
                shard.push((lead(&key.digest), key));
            }
        }
        for (cell, mut shard) in self.0.iter().zip(shards) {
            shard.sort_by_key(|(lead, _)| *lead);
            cell.store(Arc::new(shard));
        }
    }

    fn shard(&self, digest: &KeyDigest) -> Option<&ArcSwap<Shard>> {
        self.0.get(usize::from(digest.0[0]))
    }
}

fn put_sorted(shard: &mut Shard, key: Arc<Key>) {
    shard.retain(|(_, other)| other.digest != key.digest);
    let lead = lead(&key.digest);
    let at = shard.partition_point(|(other, _)| *other < lead);
    shard.insert(at, (lead, key));
}

/// Eight bytes of the digest after the one that chooses the shard.
fn lead(digest: &KeyDigest) -> u64 {
    digest.0[1..9].iter().fold(0, |lead, byte| (lead << 8) | u64::from(*byte))
}
