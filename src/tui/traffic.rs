//! Requests that pass, made figures: counts a second and a slug, percentiles, a window over the last minutes.
//!
//! Pure, and bounded: [`Tally`] is what one batch adds up to (`perform` makes it, so that the dashboard need not look at
//! a thousand requests a second), [`Window`] what the tab keeps of them, [`Histogram`] what percentiles are read from.

mod histogram;
mod window;

use std::collections::BTreeMap;
use std::time::Duration;

pub use histogram::Histogram;
pub use window::{CHART_SECONDS, Course, RATE_SECONDS, SLUGS_MAX, TABLE_SECONDS, Window};

use super::load::Failure;
use crate::api::{Event, EventTokens, KeyPrefix, RequestReport, Slug, Time};

/// The most slugs that one batch counts apart. Callers can make slugs up, so there must be an end.
const BATCH_SLUGS_MAX: usize = 512;

/// Outcomes that are the upstream's failure, whatever the status said before.
const FAILED: [&str; 3] = ["upstream_cut", "upstream_error", "upstream_failed"];

/// A request that has passed, as far as the server tells of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Passed {
    /// All that a gateway of ours knows.
    Report(Box<RequestReport>),
    /// What is billed of it: no status, no target, no times.
    Event(Box<Event>),
}

impl Passed {
    /// The id of the request.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Report(report) => &report.request_id,
            Self::Event(event) => &event.request_id,
        }
    }

    /// When it ended, by the server's clock.
    #[must_use]
    pub fn time(&self) -> Time {
        match self {
            Self::Report(report) => report.time,
            Self::Event(event) => event.timestamp,
        }
    }

    /// What was called.
    #[must_use]
    pub fn slug(&self) -> &Slug {
        match self {
            Self::Report(report) => &report.slug,
            Self::Event(event) => &event.model_slug,
        }
    }

    /// The same, where there is such a slug and the caller may call it.
    #[must_use]
    pub fn served_slug(&self) -> Option<&Slug> {
        match self {
            Self::Report(report) => report.endpoint_id.as_ref().map(|_| &report.slug),
            Self::Event(event) => Some(&event.model_slug),
        }
    }

    /// The customer's id of the caller's group.
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        match self {
            Self::Report(report) => report.external_entity_id.as_deref(),
            Self::Event(event) => Some(&event.external_entity_id),
        }
    }

    /// The public part of the caller's key.
    #[must_use]
    pub fn key(&self) -> Option<&KeyPrefix> {
        match self {
            Self::Report(report) => report.api_key_prefix.as_ref(),
            Self::Event(event) => Some(&event.api_key_prefix),
        }
    }

    /// Where it was sent, in short.
    #[must_use]
    pub fn target(&self) -> Option<String> {
        match self {
            Self::Report(report) => report.target.as_ref().map(ToString::to_string),
            Self::Event(_) => None,
        }
    }

    /// The answer's status.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Report(report) => Some(report.status),
            Self::Event(_) => None,
        }
    }

    /// What it used.
    #[must_use]
    pub fn tokens(&self) -> EventTokens {
        match self {
            Self::Report(report) => report.tokens,
            Self::Event(event) => event.tokens,
        }
    }

    /// From its first byte to its end.
    #[must_use]
    pub fn latency(&self) -> Option<Duration> {
        match self {
            Self::Report(report) => duration(report.latency_ms),
            Self::Event(_) => None,
        }
    }

    /// Until the first byte of the answer: of a stream, the time to the first token.
    #[must_use]
    pub fn first_byte(&self) -> Option<Duration> {
        match self {
            Self::Report(report) => report.first_byte_ms.and_then(duration),
            Self::Event(_) => None,
        }
    }

    /// True where the caller did not get what it asked for, whoever is to blame. One that went away itself is none.
    #[must_use]
    pub fn is_error(&self) -> bool {
        match self {
            Self::Report(report) => {
                report.outcome != "caller_gone" && (report.status >= 400 || FAILED.contains(&report.outcome.as_str()))
            }
            Self::Event(event) => event.outcome.as_deref().is_some_and(|outcome| FAILED.contains(&outcome)),
        }
    }

    /// True where the tokens were estimated.
    #[must_use]
    pub fn is_estimated(&self) -> bool {
        match self {
            Self::Report(report) => report.tokens_are_estimated,
            Self::Event(event) => event.tokens_are_estimated,
        }
    }
}

/// Milliseconds of the wire.
#[must_use]
pub fn duration(millis: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(millis / 1e3).ok()
}

/// What some requests add up to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counts {
    /// How many there were.
    pub requests: u64,
    /// How many of them were errors.
    pub errors: u64,
    /// Tokens in and out.
    pub tokens: u64,
    /// How long they took.
    pub latency: Histogram,
    /// How long until the answer's first byte.
    pub first_byte: Histogram,
}

impl Counts {
    /// Adds a request.
    pub fn add(&mut self, passed: &Passed) {
        let tokens = passed.tokens();
        self.requests += 1;
        self.errors += u64::from(passed.is_error());
        self.tokens = self.tokens.saturating_add(tokens.input_tokens).saturating_add(tokens.output_tokens);
        passed.latency().into_iter().for_each(|latency| self.latency.add(latency));
        passed.first_byte().into_iter().for_each(|first_byte| self.first_byte.add(first_byte));
    }

    /// Adds what others add up to.
    pub fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.errors += other.errors;
        self.tokens = self.tokens.saturating_add(other.tokens);
        self.latency.merge(&other.latency);
        self.first_byte.merge(&other.first_byte);
    }
}

/// What a batch of requests adds up to, by the second in which they ended and by slug.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tally {
    /// By second since 1970.
    pub seconds: BTreeMap<i64, Counts>,
    /// The same of each slug. Made-up slugs are not among them.
    pub slugs: BTreeMap<Slug, BTreeMap<i64, Counts>>,
}

impl Tally {
    /// Adds a request.
    pub fn add(&mut self, passed: &Passed) {
        let second = second(passed.time());
        self.seconds.entry(second).or_default().add(passed);
        let Some(slug) = passed.served_slug() else { return };
        if let Some(known) = self.slugs.get_mut(slug) {
            known.entry(second).or_default().add(passed);
        } else if self.slugs.len() < BATCH_SLUGS_MAX {
            self.slugs.entry(slug.clone()).or_default().entry(second).or_default().add(passed);
        }
    }

    /// True where nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seconds.is_empty()
    }
}

/// The second since 1970 in which a time lies.
#[must_use]
pub fn second(time: Time) -> i64 {
    time.micros().div_euclid(1_000_000)
}

/// Where the news comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Each request as it ends.
    Live,
    /// The usage events, asked for again and again: served requests alone, and late.
    Polled {
        /// How often.
        every: Duration,
    },
}

/// From when on everything is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// From the server's start.
    Start,
    /// From then.
    Time(Time),
    /// From now on: what came before has been missed.
    Now,
}

/// Requests that came together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// Those that are shown, oldest first: all, or one of every `stride`.
    pub kept: Vec<Passed>,
    /// Of how many each that was kept stands for.
    pub stride: u64,
    /// What all of them add up to.
    pub tally: Tally,
    /// How many there were.
    pub seen: u64,
    /// How many the server left out, because this reader was too slow. They are in no figure.
    pub missed: u64,
}

/// What the watcher of requests says.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// It has begun.
    Begun {
        /// To do what.
        source: Source,
        /// From when on everything is known.
        since: Since,
    },
    /// Requests have passed; none may have.
    Passed(Box<Batch>),
    /// It failed, and tries again.
    Broken {
        /// Why.
        failure: Failure,
        /// When.
        again_in: Duration,
    },
}

/// Collects requests for a [`Batch`]: all add up, and of more than `KEPT_MAX` every second one is let go, again and
/// again, so that those that stay are spread evenly.
#[derive(Debug)]
pub struct Collector {
    batch: Batch,
}

impl Default for Collector {
    fn default() -> Self {
        Self { batch: Batch { stride: 1, ..Batch::default() } }
    }
}

impl Collector {
    /// The most requests of a batch that are shown.
    pub const KEPT_MAX: usize = 250;

    /// Takes a request.
    pub fn add(&mut self, passed: Passed) {
        self.batch.tally.add(&passed);
        if self.batch.seen.is_multiple_of(self.batch.stride) {
            if self.batch.kept.len() == Self::KEPT_MAX {
                let mut place = 0;
                self.batch.kept.retain(|_| {
                    place += 1;
                    place % 2 == 1
                });
                self.batch.stride *= 2;
            }
            if self.batch.seen.is_multiple_of(self.batch.stride) {
                self.batch.kept.push(passed);
            }
        }
        self.batch.seen += 1;
    }

    /// Takes that the server left some out.
    pub fn miss(&mut self, missed: u64) {
        self.batch.missed += missed;
    }

    /// How many were taken since the last batch.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.batch.seen
    }

    /// When the oldest request of the batch ended.
    #[must_use]
    pub fn oldest(&self) -> Option<Time> {
        self.batch.kept.first().map(Passed::time)
    }

    /// True where there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batch.seen == 0 && self.batch.missed == 0
    }

    /// What was collected; the next batch begins.
    pub fn take(&mut self) -> Batch {
        std::mem::take(self).batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Unknown;

    fn event(number: u64) -> Passed {
        Passed::Event(Box::new(Event {
            kind: "API_BILLING_USAGE".to_owned(),
            idempotency_key: format!("evt_{number}"),
            timestamp: Time::from_micros(i64::try_from(number).unwrap() * 1_000),
            request_id: number.to_string(),
            model_slug: Slug::from_wire(format!("my-org/{}", number % 1_000)),
            external_entity_id: "cust".to_owned(),
            api_key_prefix: KeyPrefix::new("sky_x"),
            tokens: EventTokens { input_tokens: 2, output_tokens: 1, cached_input_tokens: 0 },
            tokens_are_estimated: false,
            outcome: None,
            unknown: Unknown::new(),
        }))
    }

    #[test]
    fn many_requests_are_sampled_evenly_and_counted_whole() {
        for count in [0, 1, 249, 250, 251, 500, 501, 10_000] {
            let mut collector = Collector::default();
            (0..count).for_each(|number| collector.add(event(number)));
            let batch = collector.take();
            assert_eq!(batch.seen, count);
            assert!(batch.kept.len() <= Collector::KEPT_MAX);
            let kept: Vec<u64> = batch.kept.iter().map(|passed| passed.id().parse().unwrap()).collect();
            let wanted: Vec<u64> = (0..count).filter(|number| number.is_multiple_of(batch.stride)).collect();
            assert_eq!(kept, wanted, "of {count}, one of {}", batch.stride);
            assert_eq!(batch.tally.seconds.values().map(|counts| counts.requests).sum::<u64>(), count);
            assert_eq!(batch.tally.seconds.values().map(|counts| counts.tokens).sum::<u64>(), count * 3);
            assert!(batch.tally.slugs.len() <= BATCH_SLUGS_MAX);
        }
    }
}
