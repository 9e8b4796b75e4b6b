//! A federated key and its group, as the request path sees them.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use ring::digest;
use subtle::ConstantTimeEq;

use crate::api::{GroupId, KeyPrefix, Slug};
use crate::gateway::rules::limit::Grant;

/// The SHA-256 of a whole key: all that is known of it after it was made.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyDigest(pub(super) [u8; 32]);

/// A federated key as it is stored.
#[derive(Debug, Clone)]
pub struct KeyRow {
    /// Of the whole key.
    pub digest: KeyDigest,
    /// The public part.
    pub prefix: KeyPrefix,
    /// The group that it opens.
    pub group: GroupId,
}

/// A key that a caller presented and that is good.
#[derive(Debug)]
pub struct Key {
    pub(super) digest: KeyDigest,
    /// The public part: what may be logged.
    pub prefix: KeyPrefix,
    /// The group that it opens.
    pub group: Arc<Member>,
}

/// A group as the request path sees it.
#[derive(Debug)]
pub struct Member {
    /// The group's id.
    pub id: GroupId,
    /// The customer's id, for events.
    pub external_entity_id: String,
    pub(super) grants: ArcSwap<HashMap<Slug, Arc<Grant>>>,
}

impl KeyDigest {
    /// The digest of a key as it is presented.
    #[must_use]
    pub fn of(key: &[u8]) -> Self {
        let mut bytes = [0; 32];
        // SHA-256 has 32 bytes; `zip` copies them without a way to fail.
        for (to, from) in bytes.iter_mut().zip(digest::digest(&digest::SHA256, key).as_ref()) {
            *to = *from;
        }
        Self(bytes)
    }

    /// A digest as it was stored.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest as it is stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl KeyDigest {
    /// Whether both are of one key, in a time that tells nothing of either.
    pub(super) fn is(&self, other: &Self) -> bool {
        bool::from(self.0.ct_eq(&other.0))
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("KeyDigest(…)")
    }
}

impl Member {
    /// The right to call this slug, where the group has it.
    #[must_use]
    pub fn grant(&self, slug: &str) -> Option<Arc<Grant>> {
        self.grants.load().get(slug).map(Arc::clone)
    }

    /// Every slug that the group may call, sorted.
    #[must_use]
    pub fn slugs(&self) -> Vec<Slug> {
        let mut slugs: Vec<Slug> = self.grants.load().keys().cloned().collect();
        slugs.sort();
        slugs
    }
}
