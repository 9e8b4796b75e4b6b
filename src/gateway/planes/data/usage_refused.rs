//! Upstreams that take no question for usage.
//!
//! A stream tells its usage where `stream_options` asks for it, and some servers refuse that as a field that they do not
//! know. Nothing was generated then: the request is sent once more as the caller made it, and the target is not asked
//! again for a while.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::StatusCode;
use memchr::memmem;

/// How long a target is not asked.
const NOT_ASKED_FOR: Duration = Duration::from_mins(10);
/// The most targets that are remembered; beyond them each is asked each time.
const TARGETS_MAX: usize = 1_024;

/// The targets that are not asked for usage, for all workers.
#[derive(Debug, Default)]
pub(super) struct NotAsked {
    /// Looked at first: there are none, mostly.
    any: AtomicBool,
    until: Mutex<HashMap<String, Instant>>,
}

impl NotAsked {
    /// True while this target is not to be asked.
    pub(super) fn contains(&self, target: &str, now: Instant) -> bool {
        if !self.any.load(Ordering::Relaxed) {
            return false;
        }
        let until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.get(target).is_some_and(|until| now < *until)
    }

    /// This target has refused.
    pub(super) fn insert(&self, target: &str, now: Instant) {
        let mut targets = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        targets.retain(|_, until| now < *until);
        if targets.len() < TARGETS_MAX {
            targets.insert(target.to_owned(), now + NOT_ASKED_FOR);
            self.any.store(true, Ordering::Relaxed);
        }
    }
}

/// True where the upstream refused the request for the question that the gateway put into it.
pub(super) fn is_refusal(status: StatusCode, body: &[u8]) -> bool {
    may_be_refusal(status)
        && ["stream_options", "include_usage"].iter().any(|name| memmem::find(body, name.as_bytes()).is_some())
}

/// True where its body must be looked at to know.
pub(super) fn may_be_refusal(status: StatusCode) -> bool {
    matches!(status, StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY)
}
