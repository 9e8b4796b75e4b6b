//! What both planes hold: the clock, the snapshots, and whether the gateway is well.
//!
//! The data plane gets only this. It never sees the store: what it needs of it is in the snapshot, what it gives
//! to it goes through queues.

use crate::gateway::clock::Clock;
use crate::gateway::snapshot::Snapshots;

/// Shared by everything that runs in one gateway; held in an `Arc`.
#[derive(Debug, Default)]
pub struct Shared {
    /// Where the time comes from.
    pub clock: Clock,
    /// What is served.
    pub snapshots: Snapshots,
}
