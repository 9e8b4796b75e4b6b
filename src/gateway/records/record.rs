//! What one request was.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::api::{Event, EventTokens, Time, Unknown};
use crate::gateway::routing::snapshot::Route;
use crate::gateway::rules::access::Key;
use crate::gateway::rules::limit::Limit;

/// What is noted as the status of a caller who went before there was one.
pub(crate) const CALLER_GONE: u16 = 499;

/// The id of a request, on its answer, in its event and in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(pub uuid::Uuid);

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(formatter)
    }
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The upstream's answer went to the caller whole, whatever its status.
    Complete,
    /// The caller went away.
    CallerGone,
    /// The upstream broke off after the answer had begun.
    UpstreamCut,
    /// The upstream told of an error within its answer, or ended it before it was over.
    UpstreamError,
    /// The upstream did not answer.
    UpstreamFailed,
    /// A limit was reached.
    Limited(Box<Limit>),
    /// The gateway refused it before the upstream was asked.
    Refused,
}

impl Outcome {
    /// The word for it in metrics, in the log and in `GET /repoint/v1/requests`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::CallerGone => "caller_gone",
            Self::UpstreamCut => "upstream_cut",
            Self::UpstreamError => "upstream_error",
            Self::UpstreamFailed => "upstream_failed",
            Self::Limited(_) => "limited",
            Self::Refused => "refused",
        }
    }

    /// True where an upstream served the request, with this status: what is charged and has an event. Who went before
    /// there was an answer is served too once the upstream has the request.
    #[must_use]
    pub fn was_served(&self, status: u16, upstream_has_it: bool) -> bool {
        let is_success = (200..300).contains(&status);
        match self {
            Self::Complete | Self::UpstreamCut | Self::UpstreamError => is_success,
            Self::CallerGone => is_success || status == CALLER_GONE && upstream_has_it,
            Self::UpstreamFailed | Self::Limited(_) | Self::Refused => false,
        }
    }
}

/// What one request was. Made once, when it ends.
#[derive(Debug)]
pub struct Record {
    /// Of its answer's `X-Baseten-Request-Id`.
    pub id: RequestId,
    /// When it ended.
    pub ended_at: Time,
    /// The path that was called.
    pub path: &'static str,
    /// The answer's status; 499 where the caller went before there was one.
    pub status: u16,
    /// How it ended.
    pub outcome: Outcome,
    /// What the caller named in `model`, where it got so far.
    pub model: String,
    /// The endpoint, where there is one.
    pub route: Option<Arc<Route>>,
    /// The revision that served it.
    pub revision: u64,
    /// The caller's key, where it was good.
    pub key: Option<Arc<Key>>,
    /// True once the upstream had the whole request.
    pub upstream_has_it: bool,
    /// What it used.
    pub tokens: EventTokens,
    /// True where the upstream did not tell its usage and it was estimated.
    pub tokens_are_estimated: bool,
    /// True for a stream.
    pub is_stream: bool,
    /// From the first byte of the request to the end.
    pub latency: Duration,
    /// Until the upstream's answer began.
    pub upstream: Option<Duration>,
    /// Until the first byte of the answer's body.
    pub first_byte: Option<Duration>,
}

impl Record {
    /// True where an upstream served it: only then it has an event. The list of models asks no upstream.
    #[must_use]
    pub fn was_served(&self) -> bool {
        let was_served = self.outcome.was_served(self.status, self.upstream_has_it);
        was_served && self.key.is_some() && self.route.is_some()
    }

    /// The usage event. Only what an upstream served has one.
    #[must_use]
    pub fn event(&self) -> Option<Event> {
        let (key, route) = (self.key.as_ref()?, self.route.as_ref()?);
        if !self.was_served() {
            return None;
        }
        let request_id = self.id.to_string();
        Some(Event {
            kind: crate::gateway::records::webhook::DELIVERY_TYPE.to_owned(),
            idempotency_key: format!("evt_{request_id}"),
            timestamp: self.ended_at,
            request_id,
            model_slug: route.slug.clone(),
            external_entity_id: key.group.external_entity_id.clone(),
            api_key_prefix: key.prefix.clone(),
            tokens: self.tokens,
            tokens_are_estimated: self.tokens_are_estimated,
            outcome: (self.outcome != Outcome::Complete).then(|| self.outcome.as_str().to_owned()),
            unknown: Unknown::new(),
        })
    }

    /// One line of the log: never bodies, never keys.
    pub(super) fn log(&self) {
        if !tracing::enabled!(tracing::Level::INFO) {
            return;
        }
        let target = self.route.as_ref().map(|route| tracing::field::display(&route.target));
        tracing::info!(
            request_id = %self.id,
            path = self.path,
            status = self.status,
            outcome = self.outcome.as_str(),
            slug = self.route.as_ref().map(|route| route.slug.as_str()),
            target,
            key = self.key.as_ref().map(|key| key.prefix.as_str()),
            input_tokens = self.tokens.input_tokens,
            output_tokens = self.tokens.output_tokens,
            estimated = self.tokens_are_estimated.then_some(true),
            latency_ms = millis(self.latency),
            first_byte_ms = self.first_byte.map(millis),
            "request"
        );
    }
}

/// Milliseconds with their fraction.
pub(crate) fn millis(duration: Duration) -> f64 {
    // To the microsecond: what is finer is noise, and is written out with all of it.
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
