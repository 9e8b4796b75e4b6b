//! What the data plane may use, and how long things may take.

use std::time::Duration;

/// Every limit of the inference address. Past them callers get a status, never a hang.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Threads that serve; each has its own connections to the upstreams.
    pub workers: usize,
    /// Connections of callers at the same time (503).
    pub connections_max: usize,
    /// Streams under way at the same time (503).
    pub streams_max: usize,
    /// Usage events that wait for the store, where it is slow or down; past them the oldest are dropped and counted.
    pub events_waiting_max: usize,
    /// Bytes of one request body, and of one answer that must be held whole (413, 502).
    pub body_bytes_max: usize,
    /// Bytes of all bodies that are held at the same time (503).
    pub bodies_bytes_max: usize,
    /// Bytes of a request's header lines (431).
    pub header_bytes_max: usize,
    /// How long a request's header may take, and how long a connection may be idle.
    pub header_timeout: Duration,
    /// How long a request's body may be silent (408).
    pub body_timeout: Duration,
    /// How long a caller may take nothing of its answer (cut).
    pub write_timeout: Duration,
    /// How long connecting to an upstream may take (502).
    pub connect_timeout: Duration,
    /// How long a whole request may take (504, or the end of the stream).
    pub time_limit: Duration,
    /// How long an idle connection to an upstream is kept, in the clear: shorter than the 5 s of common servers, so
    /// that they never close it under a request.
    pub upstream_idle: Duration,
    /// The same with TLS, where a new connection costs more and servers keep theirs longer.
    pub upstream_idle_tls: Duration,
    /// Idle connections that are kept for each upstream and worker.
    pub upstream_idle_max: usize,
    /// How long requests under way may take to finish after the end was asked for.
    pub drain_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workers: std::thread::available_parallelism().map_or(1, usize::from).min(16),
            connections_max: 10_000,
            streams_max: 10_000,
            events_waiting_max: 100_000,
            body_bytes_max: 100_000_000,
            bodies_bytes_max: 1_000_000_000,
            header_bytes_max: 32 * 1024,
            header_timeout: Duration::from_mins(1),
            body_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_mins(1),
            connect_timeout: Duration::from_secs(10),
            time_limit: Duration::from_mins(20),
            upstream_idle: Duration::from_secs(4),
            upstream_idle_tls: Duration::from_secs(55),
            upstream_idle_max: 256,
            drain_timeout: Duration::from_secs(30),
        }
    }
}
