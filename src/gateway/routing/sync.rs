//! The sync: at every interval the store's rows become what the data plane serves.
//!
//! Where the store fails, what was last taken serves on, and the failure shows in the report of health. Reading
//! and freeing 100,000 rows takes long; both happen on threads that may block.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::api::SyncReport;
use crate::gateway::background::run_in_background;
use crate::gateway::state::Shared;
use crate::gateway::store::{Store, StoreError};

/// Takes the store's rows over to the data plane.
#[derive(Debug)]
pub struct Syncer {
    store: Store,
    shared: Arc<Shared>,
    interval: Duration,
    // One sync at a time, so that an older picture never replaces a newer one.
    turn: Mutex<()>,
}

impl Syncer {
    /// For this store and these callers. Nothing happens before [`Syncer::now`] or [`Syncer::run`].
    #[must_use]
    pub fn new(store: Store, shared: Arc<Shared>, interval: Duration) -> Self {
        Self { store, shared, interval, turn: Mutex::new(()) }
    }

    /// Syncs at once. Does nothing but note the time where no row has moved.
    ///
    /// # Errors
    /// The store failed; what was served is served on.
    pub async fn now(&self) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        let outcome = self.take().await;
        match &outcome {
            Ok(()) => self.shared.sync.succeeded(self.shared.clock.now()),
            Err(error) => {
                tracing::error!(%error, "sync failed, the last good state serves on");
                self.shared.sync.failed(error.to_string());
            }
        }
        outcome
    }

    async fn take(&self) -> Result<(), StoreError> {
        let taken_before = self.shared.sync.status().last_sync_at.is_some();
        if taken_before && self.store.revision().await? == self.shared.snapshots.revision() {
            return Ok(());
        }
        // Nobody is served yet at the first; requests go before every further one.
        let routes = if taken_before {
            self.store.routes_after(self.shared.snapshots.served()).await?
        } else {
            self.store.routes().await?
        };
        let (revision, endpoints) = (routes.revision, routes.by_slug.len());
        let shared = Arc::clone(&self.shared);
        run_in_background(move || shared.snapshots.swap(routes))
            .await
            .ok_or(StoreError::Internal("the swap of the snapshot panicked"))?;
        tracing::info!(revision, endpoints, "synced");
        Ok(())
    }

    /// Syncs at every interval until told to stop. The first one is an interval away.
    pub async fn run(&self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(self.interval);
        // A machine that slept does not catch up.
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        ticks.tick().await;
        loop {
            self.shared.sync.next_at(self.shared.clock.now().plus(self.interval));
            tokio::select! {
                _ = ticks.tick() => {}
                () = stop.cancelled() => return,
            }
            // A failure is noted where it happens; the next tick tries again.
            let _ = self.now().await;
        }
    }

    /// How far the data plane is behind the store.
    ///
    /// # Errors
    /// The store failed.
    pub async fn report(&self) -> Result<SyncReport, StoreError> {
        let applied_revision = self.shared.snapshots.revision();
        let revision = self.store.revision().await?;
        let status = self.shared.sync.status();
        let now = self.shared.clock.now();
        Ok(SyncReport {
            interval_seconds: self.interval.as_secs_f64(),
            revision,
            applied_revision,
            last_sync_at: status.last_sync_at.unwrap_or(now),
            next_sync_at: status.next_sync_at.unwrap_or_else(|| now.plus(self.interval)),
            in_flight: self.shared.snapshots.in_flight(),
        })
    }
}
