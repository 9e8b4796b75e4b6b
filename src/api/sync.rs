//! The sync report of the local gateway (`/repoint/v1/sync`). The hosted gateway has nothing like it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Time;

/// How far the data plane is behind the store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SyncReport {
    /// Seconds between two syncs.
    pub interval_seconds: f64,
    /// What is stored; moves with every write.
    pub revision: u64,
    /// What the data plane serves. A change is in effect when this is at least the
    /// `X-Repoint-Revision` of the answer to its write.
    pub applied_revision: u64,
    /// When the data plane last took the store's rows.
    pub last_sync_at: Time,
    /// When it will next.
    pub next_sync_at: Time,
    /// Requests still running on each revision.
    #[serde(default)]
    pub in_flight: BTreeMap<u64, u64>,
}
