//! How a gateway of ours is (`GET /repoint/v1/status`). The hosted gateway has nothing like it.

use serde::{Deserialize, Serialize};

use super::Time;

/// Everything that tells whether a gateway is well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GatewayStatus {
    /// The program's version.
    pub version: String,
    /// When it was started.
    pub started_at: Time,
    /// What it keeps.
    pub store: StoreStatus,
    /// What is open now.
    pub open: OpenStatus,
    /// What was counted since the start.
    pub totals: Totals,
    /// How long requests took that ended within the last minute. Absent where none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<LatencyStatus>,
    /// The process's resident memory, where the system tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// What is wrong, a sentence each.
    #[serde(default)]
    pub problems: Vec<String>,
}

/// What a gateway keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreStatus {
    /// The data directory. Absent for a store in memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// What the rows take, with what is not yet merged into the database.
    pub bytes: u64,
    /// Endpoints of this workspace.
    pub endpoints: u64,
    /// Groups that live.
    pub groups: u64,
    /// Keys that open something.
    pub keys: u64,
    /// Usage events.
    pub events: u64,
    /// Deliveries that the webhook did not take.
    pub dead_letters: u64,
}

/// What is open now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenStatus {
    /// Requests under way, streams among them.
    pub requests: u64,
    /// Streams under way.
    pub streams: u64,
    /// Connections of callers.
    pub connections: u64,
}

/// What was counted since the start. Each only grows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Requests that ended.
    pub requests: u64,
    /// Those whose callers did not get what they asked for, whoever is to blame. Callers that left are not among them.
    pub errors: u64,
    /// Those that a limit refused; they are errors too.
    pub limited: u64,
    /// Tokens in and out.
    pub tokens: u64,
    /// Connections that were made to upstreams.
    pub upstream_connects: u64,
    /// Records and events that were dropped because nobody took them in time.
    pub lost: u64,
}

/// How long requests took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LatencyStatus {
    /// Half of them took no longer.
    pub p50_ms: f64,
    /// 99 of 100 took no longer.
    pub p99_ms: f64,
}
