//! Recent requests, for `GET /repoint/v1/requests`: a ring of the last ones, and a stream of those that come.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::api::{EndpointId, EventTokens, GroupId, KeyPrefix, LatencyStatus, Slug, Target, Time};
use crate::gateway::records::record::{Outcome, Record, millis};

/// How many requests are kept.
pub const KEPT_MAX: usize = 1_000;
/// How many a slow reader of the stream may be behind before it misses some, and is told so.
const BEHIND_MAX: usize = 4_096;
/// The longest text of a caller's that is kept, in characters.
const MODEL_CHARS_MAX: usize = 255;

/// One request, as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RequestEntry {
    /// Of `X-Baseten-Request-Id`.
    pub request_id: String,
    /// When it ended.
    pub time: Time,
    /// The path that was called.
    pub path: &'static str,
    /// The answer's status; 499 where the caller went before there was one.
    pub status: u16,
    /// `complete`, `caller_gone`, `upstream_cut`, `upstream_error`, `upstream_failed`, `limited` or `refused`.
    pub outcome: &'static str,
    /// What the caller named.
    pub slug: Slug,
    /// The endpoint that it reached.
    pub endpoint_id: Option<EndpointId>,
    /// Where it was sent.
    pub target: Option<Arc<Target>>,
    /// The revision that served it.
    pub revision: u64,
    /// The caller's group.
    pub group_id: Option<GroupId>,
    /// The customer's id of that group.
    pub external_entity_id: Option<String>,
    /// The public part of the caller's key.
    pub api_key_prefix: Option<KeyPrefix>,
    /// What it used.
    pub tokens: EventTokens,
    /// True where the upstream did not tell its usage, or not all of it.
    pub tokens_are_estimated: bool,
    /// True for a stream.
    pub is_stream: bool,
    /// From the first byte of the request to the end.
    pub latency_ms: f64,
    /// Until the upstream's answer began.
    pub upstream_ms: Option<f64>,
    /// Until the first byte of the answer's body.
    pub first_byte_ms: Option<f64>,
    /// The limit that was reached, such as `TOKEN per MINUTE of grp1`.
    pub limit: Option<String>,
}

/// The last requests, and a stream of new ones.
#[derive(Debug)]
pub struct Traffic {
    /// As they were, and not as they are shown: most are never looked at.
    recent: Mutex<VecDeque<Arc<Record>>>,
    stream: broadcast::Sender<Arc<RequestEntry>>,
    end: CancellationToken,
}

impl Default for Traffic {
    fn default() -> Self {
        Self { recent: Mutex::default(), stream: broadcast::Sender::new(BEHIND_MAX), end: CancellationToken::new() }
    }
}

impl Traffic {
    /// Adds requests, in the order in which they ended.
    pub fn extend(&self, records: Vec<Arc<Record>>) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        // Sent under the lock, so that `follow` misses and doubles nothing.
        if self.stream.receiver_count() > 0 {
            for record in &records {
                // A reader that has just gone is no failure.
                let _ = self.stream.send(Arc::new(RequestEntry::from(&**record)));
            }
        }
        let surplus = records.len().saturating_sub(KEPT_MAX);
        let room = KEPT_MAX.saturating_sub(records.len());
        let gone = recent.len().saturating_sub(room);
        recent.drain(..gone);
        recent.extend(records.into_iter().skip(surplus));
    }

    /// The gateway stops: whoever follows shall go.
    pub fn end(&self) {
        self.end.cancel();
    }

    /// Cancelled when the gateway stops.
    #[must_use]
    pub fn ended(&self) -> CancellationToken {
        self.end.clone()
    }

    /// The last requests, oldest first, at most this many.
    #[must_use]
    pub fn recent(&self, limit: usize) -> Vec<Arc<RequestEntry>> {
        entries(&self.recent.lock().unwrap_or_else(PoisonError::into_inner), limit)
    }

    /// The last requests to one slug, oldest first, at most this many.
    #[must_use]
    pub fn recent_of(&self, slug: &str, limit: usize) -> Vec<Arc<RequestEntry>> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let named =
            |record: &Record| record.route.as_ref().map_or(record.model == slug, |route| route.slug.as_str() == slug);
        let last = recent.iter().rev().filter(|record| named(record)).take(limit);
        let mut found: Vec<_> = last.map(|record| Arc::new(RequestEntry::from(&**record))).collect();
        found.reverse();
        found
    }

    /// When the oldest ended of those that are kept, where older ones had to go; `None` where all since the start are.
    #[must_use]
    pub fn kept_since(&self) -> Option<Time> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.front().filter(|_| recent.len() == KEPT_MAX).map(|oldest| oldest.ended_at)
    }

    /// How long those took that ended since then, of the requests that are kept. `None` where none did.
    #[must_use]
    pub fn latency(&self, since: Time) -> Option<LatencyStatus> {
        let mut took: Vec<f64> = {
            let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
            let lately = recent.iter().rev().take_while(|record| record.ended_at >= since);
            lately.map(|record| millis(record.latency)).collect()
        };
        took.sort_by(f64::total_cmp);
        let at = |of_hundred: usize| took.get((took.len() * of_hundred).div_ceil(100).saturating_sub(1)).copied();
        Some(LatencyStatus { p50_ms: at(50)?, p99_ms: at(99)? })
    }

    /// The last requests and a stream that goes on exactly behind them.
    #[must_use]
    pub fn follow(&self, limit: usize) -> (Vec<Arc<RequestEntry>>, broadcast::Receiver<Arc<RequestEntry>>) {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        (entries(&recent, limit), self.stream.subscribe())
    }
}

/// The last of them, oldest first.
fn entries(recent: &VecDeque<Arc<Record>>, limit: usize) -> Vec<Arc<RequestEntry>> {
    let last = recent.iter().skip(recent.len().saturating_sub(limit));
    last.map(|record| Arc::new(RequestEntry::from(&**record))).collect()
}

impl From<&Record> for RequestEntry {
    fn from(record: &Record) -> Self {
        let route = record.route.as_ref();
        let key = record.key.as_ref();
        let named = || Slug::from_wire(record.model.chars().take(MODEL_CHARS_MAX).collect::<String>());
        Self {
            request_id: record.id.to_string(),
            time: record.ended_at,
            path: record.path,
            status: record.status,
            outcome: record.outcome.as_str(),
            slug: route.map_or_else(named, |route| route.slug.clone()),
            endpoint_id: route.map(|route| route.id.clone()),
            target: route.map(|route| route.target.clone()),
            revision: record.revision,
            group_id: key.map(|key| key.group.id.clone()),
            external_entity_id: key.map(|key| key.group.external_entity_id.clone()),
            api_key_prefix: key.map(|key| key.prefix.clone()),
            tokens: record.tokens,
            tokens_are_estimated: record.tokens_are_estimated,
            is_stream: record.is_stream,
            latency_ms: millis(record.latency),
            upstream_ms: record.upstream.map(millis),
            first_byte_ms: record.first_byte.map(millis),
            limit: match &record.outcome {
                Outcome::Limited(limit) => Some(limit.to_string()),
                Outcome::Complete
                | Outcome::CallerGone
                | Outcome::UpstreamCut
                | Outcome::UpstreamError
                | Outcome::UpstreamFailed
                | Outcome::Refused => None,
            },
        }
    }
}
