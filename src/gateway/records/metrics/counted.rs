//! Sums over all slugs and providers, for whoever asks how the gateway is: four atomics instead of a walk over every
//! series.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::gateway::records::record::{Outcome, Record};

/// What has been counted since the start.
#[derive(Debug, Default)]
pub struct Counted {
    /// Requests that ended.
    pub requests: AtomicU64,
    /// Those whose callers did not get what they asked for.
    pub errors: AtomicU64,
    /// Those that a limit refused.
    pub limited: AtomicU64,
    /// Tokens in and out.
    pub tokens: AtomicU64,
}

impl Counted {
    /// Counts a request that ended.
    pub(super) fn add(&self, record: &Record) {
        let one_if = |is_so: bool| u64::from(is_so);
        let tokens = record.tokens.input_tokens.saturating_add(record.tokens.output_tokens);
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.errors.fetch_add(one_if(is_error(record)), Ordering::Relaxed);
        self.limited.fetch_add(one_if(matches!(record.outcome, Outcome::Limited(_))), Ordering::Relaxed);
        self.tokens.fetch_add(tokens, Ordering::Relaxed);
    }
}

/// A caller that went away itself was not failed by anybody.
fn is_error(record: &Record) -> bool {
    match record.outcome {
        Outcome::CallerGone => false,
        Outcome::UpstreamCut | Outcome::UpstreamError | Outcome::UpstreamFailed => true,
        Outcome::Complete | Outcome::Limited(_) | Outcome::Refused => record.status >= 400,
    }
}
