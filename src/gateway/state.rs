//! What both planes hold: the clock, the snapshots, and whether the gateway is well.
//!
//! The data plane gets only this. It never sees the store: what it needs of it is in the snapshot, what it gives
//! to it goes through queues.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::api::Time;
use crate::gateway::clock::Clock;
use crate::gateway::planes::data::settings::Settings;
use crate::gateway::records::ledger::Ledger;
use crate::gateway::records::metrics::Metrics;
use crate::gateway::records::traffic::Traffic;
use crate::gateway::routing::provider::Providers;
use crate::gateway::routing::snapshot::Snapshots;
use crate::gateway::rules::access::Access;
use crate::gateway::simulator::fault::Faults;

/// Shared by everything that runs in one gateway; held in an `Arc`.
#[derive(Debug, Default)]
pub struct Shared {
    /// Where the time comes from.
    pub clock: Clock,
    /// What is served.
    pub snapshots: Snapshots,
    /// How the sync goes.
    pub sync: SyncNotes,
    /// Who may call what; written by the management plane after each commit.
    pub access: Arc<Access>,
    /// What requests leave behind, on its way to the three below and to the store's events.
    pub ledger: Ledger,
    /// What is counted.
    pub metrics: Metrics,
    /// Recent requests.
    pub traffic: Traffic,
    /// What the data plane may use.
    pub settings: Settings,
    /// Where targets go.
    pub providers: Providers,
    /// What simulated models do wrong.
    pub faults: Faults,
}

/// How the sync goes, as it is noted down.
#[derive(Debug, Default)]
pub struct SyncNotes(Mutex<SyncStatus>);

/// How the sync goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SyncStatus {
    /// The last sync that succeeded.
    pub last_sync_at: Option<Time>,
    /// The next one.
    pub next_sync_at: Option<Time>,
    /// Why the last one failed, where it did.
    pub error: Option<String>,
    /// What the full check of the database found, where it found damage.
    pub damage: Option<String>,
}

impl SyncNotes {
    /// What is noted now.
    #[must_use]
    pub fn status(&self) -> SyncStatus {
        self.lock().clone()
    }

    /// A sync has succeeded.
    pub(crate) fn succeeded(&self, now: Time) {
        let mut status = self.lock();
        status.last_sync_at = Some(now);
        status.error = None;
    }

    /// A sync has failed.
    pub(crate) fn failed(&self, error: String) {
        self.lock().error = Some(error);
    }

    /// When the next one will be.
    pub(crate) fn next_at(&self, time: Time) {
        self.lock().next_sync_at = Some(time);
    }

    /// The database is damaged.
    pub(crate) fn damaged(&self, damage: String) {
        self.lock().damage = Some(damage);
    }

    fn lock(&self) -> MutexGuard<'_, SyncStatus> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
