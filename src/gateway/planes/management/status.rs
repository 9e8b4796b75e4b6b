//! `/repoint/v1/status`: whether the gateway is well, in figures.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Json;
use axum::extract::State;

use super::health;
use super::plane::Plane;
use crate::api::{GatewayStatus, OpenStatus, StoreStatus, Totals};
use crate::gateway::planes::error::ApiError;
use crate::gateway::state::Shared;

/// Latencies are those of this time.
const LATELY: Duration = Duration::from_mins(1);

pub(super) async fn read(State(plane): State<Arc<Plane>>) -> Result<Json<GatewayStatus>, ApiError> {
    let shared = &plane.shared;
    let directory = plane.directory.as_ref().map(|path| path.display().to_string());
    let store = StoreStatus { directory, ..plane.store.sizes().await? };
    Ok(Json(GatewayStatus {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: plane.started_at,
        store,
        open: open(shared),
        totals: totals(shared),
        latency: shared.traffic.latency(shared.clock.now().minus(LATELY)),
        memory_bytes: memory_bytes(),
        problems: health::problems(&plane).await.into_iter().map(str::to_owned).collect(),
    }))
}

fn open(shared: &Shared) -> OpenStatus {
    let open = &shared.metrics.open;
    let now = |count: i64| u64::try_from(count).unwrap_or(0);
    OpenStatus {
        requests: shared.snapshots.in_flight().values().sum(),
        streams: now(open.streams.load(Ordering::Relaxed)),
        connections: now(open.connections.load(Ordering::Relaxed)),
    }
}

fn totals(shared: &Shared) -> Totals {
    let counted = &shared.metrics.counted;
    let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let (lost_records, lost_events) = shared.ledger.lost();
    Totals {
        requests: of(&counted.requests),
        errors: of(&counted.errors),
        limited: of(&counted.limited),
        tokens: of(&counted.tokens),
        upstream_connects: of(&shared.metrics.open.upstream_connects),
        lost: lost_records.saturating_add(lost_events),
    }
}

/// Only Linux says so in a file.
fn memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
