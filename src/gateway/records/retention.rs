//! How long the gateway remembers: usage events, the audit log, dead letters and deleted groups.
//!
//! Each has a number and an age; what is beyond either goes, the oldest first, in small pieces so that no write
//! waits long behind it. What routes and limits depend on (endpoints, groups, keys, the day's usage) never goes.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::gateway::state::Shared;
use crate::gateway::store::{Kept, Store, StoreError};

/// How often is looked for what may go.
const INTERVAL: Duration = Duration::from_mins(1);

/// How much of one kind is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// The newest so many, counted by the numbers that rows get when they are written.
    pub rows_max: u64,
    /// None that is older.
    pub age_max: Duration,
}

/// How much is kept of everything that grows with use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Usage events.
    pub events: Bound,
    /// The audit log.
    pub audit: Bound,
    /// Deliveries that nobody took.
    pub dead_letters: Bound,
}

impl Default for Retention {
    fn default() -> Self {
        let days = |days: u64| Duration::from_hours(24 * days);
        Self {
            events: Bound { rows_max: 1_000_000, age_max: days(30) },
            audit: Bound { rows_max: 100_000, age_max: days(365) },
            dead_letters: Bound { rows_max: 10_000, age_max: days(30) },
        }
    }
}

/// Drops what is beyond its bounds, at once and then every minute, until told to stop.
pub(crate) async fn run(store: Store, shared: Arc<Shared>, retention: Retention, stop: CancellationToken) {
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = trim(&store, &shared, &retention).await {
            tracing::error!(%error, "old rows cannot be dropped, it is tried again in a minute");
        }
    }
}

async fn trim(store: &Store, shared: &Shared, retention: &Retention) -> Result<(), StoreError> {
    let now = shared.clock.now();
    let kinds =
        [(Kept::Events, retention.events), (Kept::Audit, retention.audit), (Kept::DeadLetters, retention.dead_letters)];
    for (kind, bound) in kinds {
        let gone = store.trim(kind, bound.rows_max, now.minus(bound.age_max)).await?;
        if gone > 0 {
            tracing::info!(?kind, rows = gone, "dropped what was beyond its bounds");
        }
    }
    // A deleted group is told of by its events, and is forgotten with them.
    store.forget_groups(now.minus(retention.events.age_max)).await
}
