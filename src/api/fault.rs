//! What simulated models of a gateway of ours can be told to do wrong (`/repoint/v1/faults`).

use serde::{Deserialize, Serialize};

use super::Time;

/// The most faults that are on at the same time.
pub const FAULTS_MAX: usize = 1_000;
/// The longest delay, in milliseconds.
pub const DELAY_MS_MAX: u64 = 3_600_000;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// The answer begins later.
    Latency {
        /// By this much.
        delay_ms: u64,
    },
    /// Tokens come at this pace.
    Pace {
        /// Between two tokens.
        token_delay_ms: u64,
    },
    /// The answer is an error.
    Status {
        /// 400 to 599.
        status: u16,
    },
    /// The answer is 429.
    RateLimited {
        /// `Retry-After`.
        retry_after_seconds: u64,
    },
    /// Nothing more comes.
    Stall {
        /// After this many pieces of a stream; 0 answers nothing at all.
        #[serde(default)]
        after_tokens: u64,
    },
    /// The connection breaks.
    Cut {
        /// After this many pieces of a stream.
        #[serde(default)]
        after_tokens: u64,
    },
    /// The answer is no JSON.
    Garbage,
    /// Connections end without an answer.
    Down,
}

/// A fault that is on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// A model's id, `id/environment`, a provider's name for a model, or `*` for all.
    pub model: String,
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// For which share of the requests, above 0 and at most 1.
    #[serde(default = "always")]
    pub share: f64,
    /// Until when. Absent: until it is taken away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// The same counted from when it is set; only in what is sent.
    #[serde(default, skip_serializing)]
    pub expires_in_seconds: Option<u64>,
    /// How many requests it has hit; what is sent says nothing about it.
    #[serde(default)]
    pub hits: u64,
}

/// All faults: the body of `GET` and `PUT /repoint/v1/faults`. A `PUT` replaces them all.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultList {
    /// Those that are on.
    pub faults: Vec<Fault>,
}

fn always() -> f64 {
    1.0
}
