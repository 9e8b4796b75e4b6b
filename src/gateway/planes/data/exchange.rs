//! One request on its way through the phases, and what is settled when it ends, however it ends.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use http::HeaderValue;

use super::budget::Share;
use super::heard::Heard;
use super::refusal::Refusal;
use super::worker::{Callee, Worker};
use crate::clock;
use crate::gateway::records::record::{CALLER_GONE, Outcome, Record, RequestId};
use crate::gateway::routing::provider::Dialect;
use crate::gateway::routing::snapshot::{InFlight, Route};
use crate::gateway::rules::access::Key;
use crate::gateway::rules::limit::{Grant, Moment};
use crate::gateway::usage::Charge;

/// One request. Dropping it settles it, as one whose caller has gone unless it was said otherwise before.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own, and no two of them exclude each other")]
pub(super) struct Exchange {
    pub(super) worker: Arc<Worker>,
    pub(super) started: Instant,
    pub(super) id: RequestId,
    pub(super) path: &'static str,
    pub(super) dialect: Dialect,
    pub(super) key: Option<Arc<Key>>,
    pub(super) callee: Option<Arc<Callee>>,
    pub(super) route: Option<Arc<Route>>,
    pub(super) routes: Option<InFlight>,
    pub(super) model: String,
    pub(super) status: u16,
    /// What the answer told while it passed.
    pub(super) heard: Heard,
    /// About how many tokens the prompt is.
    pub(super) prompt_tokens: u64,
    /// True once the upstream has the whole request: from there on it works, whether or not its answer is waited for.
    pub(super) upstream_has_it: bool,
    /// True where the answer is of a kind that is not counted.
    pub(super) is_uncounted: bool,
    pub(super) upstream_at: Option<Instant>,
    pub(super) first_byte_at: Option<Instant>,
    /// Of the streams that may be open.
    place: Option<Share>,
    is_stream: bool,
    admitted: Option<Arc<Grant>>,
    is_settled: bool,
}

impl Exchange {
    pub(super) fn begin(worker: Arc<Worker>) -> Self {
        let id = worker.request_id(worker.shared.clock.now());
        Self {
            worker,
            started: clock::instant(),
            id,
            path: "-",
            dialect: Dialect::OpenAi,
            key: None,
            callee: None,
            route: None,
            routes: None,
            model: String::new(),
            status: CALLER_GONE,
            heard: Heard::default(),
            prompt_tokens: 0,
            upstream_has_it: false,
            is_uncounted: false,
            upstream_at: None,
            first_byte_at: None,
            place: None,
            is_stream: false,
            admitted: None,
            is_settled: false,
        }
    }

    /// Checks the limits and counts the request.
    pub(super) fn admit(&mut self, grant: Arc<Grant>, now: Moment) -> Result<(), Refusal> {
        grant.admit(now).map_err(|rejection| {
            let opens_at = rejection.retry_after.map(|wait| now.wall.plus(wait));
            Refusal::Limited { rejection, opens_at }
        })?;
        self.admitted = Some(grant);
        Ok(())
    }

    /// Takes a place among the streams.
    pub(super) fn take_place(&mut self) -> Result<(), Refusal> {
        let mut place = self.worker.streams.share();
        if !place.grow(1) {
            return Err(Refusal::Busy);
        }
        self.place = Some(place);
        Ok(())
    }

    /// The answer is a stream from here on.
    pub(super) fn begin_stream(&mut self) {
        self.is_stream = true;
        self.worker.shared.metrics.open.streams.fetch_add(1, Ordering::Relaxed);
    }

    /// The first byte of the answer's body goes to the caller.
    pub(super) fn note_first_byte(&mut self) {
        self.first_byte_at.get_or_insert_with(clock::instant);
    }

    /// `X-Baseten-Request-Id`.
    pub(super) fn id_header(&self) -> HeaderValue {
        let mut buffer = uuid::Uuid::encode_buffer();
        let text = self.id.0.simple().encode_lower(&mut buffer);
        HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("-"))
    }

    /// Charges what was used and writes the request down. Only the first call does anything.
    pub(super) fn settle(&mut self, outcome: Outcome) {
        if std::mem::replace(&mut self.is_settled, true) {
            return;
        }
        let now = self.worker.shared.clock.moment();
        let ended = clock::instant();
        let Charge { tokens, is_estimated: tokens_are_estimated } = self.charge(&outcome);
        if let Some(grant) = self.admitted.take() {
            grant.settle(tokens, now);
        }
        if self.is_stream {
            self.worker.shared.metrics.open.streams.fetch_sub(1, Ordering::Relaxed);
        }
        let since = |at: Instant| at.saturating_duration_since(self.started);
        self.worker.shared.ledger.push(Record {
            id: self.id,
            ended_at: now.wall,
            path: self.path,
            status: self.status,
            outcome,
            model: std::mem::take(&mut self.model),
            route: self.route.take(),
            revision: self.routes.as_ref().map_or(0, |routes| routes.revision),
            key: self.key.take(),
            upstream_has_it: self.upstream_has_it,
            tokens,
            tokens_are_estimated,
            is_stream: self.is_stream,
            latency: since(ended),
            upstream: self.upstream_at.map(since),
            first_byte: self.first_byte_at.map(since),
        });
        self.place = None;
        // The request no longer runs on its revision.
        self.routes = None;
    }

    /// How an answer that came to its end is counted.
    pub(super) fn ended(&self) -> Outcome {
        if self.heard.has_failed() { Outcome::UpstreamError } else { Outcome::Complete }
    }

    /// What is charged.
    ///
    /// An answer that came to its end: what it told, or the estimate. One that was left: the prompt at least, once the
    /// upstream has it, since it works from there on. One that the upstream broke off: what came of it.
    fn charge(&self, outcome: &Outcome) -> Charge {
        if self.is_uncounted || !outcome.was_served(self.status, self.upstream_has_it) {
            return Charge::default();
        }
        match outcome {
            Outcome::Complete => self.heard.charge(self.prompt_tokens, true),
            Outcome::CallerGone => self.heard.charge(self.prompt_tokens, false),
            Outcome::UpstreamCut | Outcome::UpstreamError if self.heard.has_answer() => {
                self.heard.charge(self.prompt_tokens, false)
            }
            Outcome::UpstreamCut
            | Outcome::UpstreamError
            | Outcome::UpstreamFailed
            | Outcome::Limited(_)
            | Outcome::Refused => Charge::default(),
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.settle(Outcome::CallerGone);
    }
}
