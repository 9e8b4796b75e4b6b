//! What `GET /metrics` tells, in Prometheus' text format.
//!
//! Counted by the ledger's task, never on the request path. Slugs and providers are labels, at most
//! [`SLUGS_MAX`] slugs: what is beyond counts as `other`, and what callers make up as `unknown`. Customers are no
//! labels unless `--metrics-names` asks for it.

mod counted;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::api::Slug;
use crate::gateway::records::record::{Outcome, Record};
use crate::gateway::routing::snapshot::Route;

pub use counted::Counted;

/// The most slugs that are labels of their own.
pub const SLUGS_MAX: usize = 500;
/// The most customers that are labels of their own, with `--metrics-names`.
pub const CUSTOMERS_MAX: usize = 1_000;

/// The most kinds of requests whose counters are at hand; beyond them all are looked up anew.
const AT_HAND_MAX: usize = 4_096;

/// Seconds; from a proxy's own overhead to the time limit.
const SECONDS: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 300.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    slug: String,
    provider: String,
    status: u16,
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    slug: String,
    provider: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TokenLabels {
    slug: String,
    provider: String,
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LimitLabels {
    slug: String,
    kind: String,
    span: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CustomerLabels {
    customer: String,
}

/// The counters of requests that are alike. Finding them by their labels costs a dozen allocations.
#[derive(Debug)]
struct AtHand {
    /// Held, so that its address stays its own.
    _route: Option<Arc<Route>>,
    requests: Counter,
    latency: Histogram,
    first_byte: Option<Histogram>,
    tokens: [Option<Counter>; 3],
}

/// The route's address, the status and the outcome.
type Alike = (usize, u16, &'static str);

/// Counters that the request path touches itself: one atomic each.
#[derive(Debug, Default)]
pub struct Open {
    /// Streams under way.
    pub streams: AtomicI64,
    /// Connections of callers.
    pub connections: AtomicI64,
    /// Connections to upstreams that were made.
    pub upstream_connects: AtomicU64,
}

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    /// What is open now.
    pub open: Open,
    /// Sums over everything.
    pub counted: Counted,
    names_customers: bool,
    slugs: Mutex<HashSet<Slug>>,
    customers: Mutex<HashSet<String>>,
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    latency: Family<RouteLabels, Histogram>,
    first_byte: Family<RouteLabels, Histogram>,
    tokens: Family<TokenLabels, Counter>,
    limited: Family<LimitLabels, Counter>,
    by_customer: Family<CustomerLabels, Counter>,
    at_hand: Mutex<HashMap<Alike, AtHand>>,
    streams: Gauge,
    connections: Gauge,
    connects: Counter,
    sync_age: Gauge<f64, AtomicU64>,
    revision: Gauge,
    lost: Counter,
}

/// What the moment of reading adds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Reading {
    /// Seconds since the last sync.
    pub sync_age_seconds: f64,
    /// The revision that is served.
    pub revision: u64,
    /// Records and events that were dropped because nobody took them.
    pub lost: u64,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new(false)
    }
}

impl Metrics {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(names_customers: bool) -> Self {
        let mut metrics = Self {
            open: Open::default(),
            counted: Counted::default(),
            names_customers,
            slugs: Mutex::default(),
            customers: Mutex::default(),
            registry: Registry::with_prefix("repoint"),
            requests: Family::default(),
            latency: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            first_byte: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            tokens: Family::default(),
            limited: Family::default(),
            by_customer: Family::default(),
            at_hand: Mutex::default(),
            streams: Gauge::default(),
            connections: Gauge::default(),
            connects: Counter::default(),
            sync_age: Gauge::default(),
            revision: Gauge::default(),
            lost: Counter::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("requests", "Requests that ended", self.requests.clone());
        registry.register("request_duration_seconds", "From a request's first byte to its end", self.latency.clone());
        registry.register("first_byte_seconds", "Until an answer's first byte", self.first_byte.clone());
        registry.register("tokens", "Tokens by kind: input, cached_input, output", self.tokens.clone());
        registry.register("limited", "Requests that a limit refused", self.limited.clone());
        if self.names_customers {
            registry.register("customer_requests", "Requests by customer", self.by_customer.clone());
        }
        registry.register("streams_open", "Streams under way", self.streams.clone());
        registry.register("connections_open", "Connections of callers", self.connections.clone());
        registry.register("upstream_connects", "Connections made to upstreams", self.connects.clone());
        registry.register("sync_age_seconds", "Since the data plane took the store's rows", self.sync_age.clone());
        registry.register("revision", "The revision that is served", self.revision.clone());
        registry.register("lost_records", "Records and events that nobody took in time", self.lost.clone());
    }

    /// Counts a request that ended.
    pub fn count(&self, record: &Record) {
        self.counted.add(record);
        let alike = (
            record.route.as_ref().map_or(0, |route| Arc::as_ptr(route).addr()),
            record.status,
            record.outcome.as_str(),
        );
        {
            let mut at_hand = self.at_hand.lock().unwrap_or_else(PoisonError::into_inner);
            if at_hand.len() >= AT_HAND_MAX && !at_hand.contains_key(&alike) {
                at_hand.clear();
            }
            let counters = at_hand.entry(alike).or_insert_with(|| self.find(record));
            self.count_alike(record, counters);
        }
        if let Outcome::Limited(limit) = &record.outcome {
            let (slug, _) = self.route(record);
            let labels = LimitLabels { slug, kind: limit.counted.kind().to_string(), span: limit.span.as_str() };
            self.limited.get_or_create(&labels).inc();
        }
        self.count_customer(record);
    }

    fn find(&self, record: &Record) -> AtHand {
        let (slug, provider) = self.route(record);
        let route = RouteLabels { slug: slug.clone(), provider: provider.clone() };
        let outcome = record.outcome.as_str().to_owned();
        let labels = RequestLabels { slug, provider, status: record.status, outcome };
        AtHand {
            _route: record.route.clone(),
            requests: self.requests.get_or_create_owned(&labels),
            latency: self.latency.get_or_create_owned(&route),
            first_byte: None,
            tokens: [None, None, None],
        }
    }

    /// Series that nothing was counted in are not shown: the rest is looked up when it is needed.
    fn count_alike(&self, record: &Record, counters: &mut AtHand) {
        counters.requests.inc();
        counters.latency.observe(record.latency.as_secs_f64());
        if let Some(first_byte) = record.first_byte {
            let histogram = counters.first_byte.get_or_insert_with(|| {
                let (slug, provider) = self.route(record);
                self.first_byte.get_or_create_owned(&RouteLabels { slug, provider })
            });
            histogram.observe(first_byte.as_secs_f64());
        }
        let tokens = record.tokens;
        let kinds = [
            ("input", tokens.input_tokens),
            ("cached_input", tokens.cached_input_tokens),
            ("output", tokens.output_tokens),
        ];
        for ((kind, amount), counter) in kinds.into_iter().zip(&mut counters.tokens) {
            if amount > 0 {
                let counter = counter.get_or_insert_with(|| {
                    let (slug, provider) = self.route(record);
                    self.tokens.get_or_create_owned(&TokenLabels { slug, provider, kind })
                });
                counter.inc_by(amount);
            }
        }
    }

    /// Everything, in Prometheus' text format.
    #[must_use]
    pub fn text(&self, reading: Reading) -> String {
        self.streams.set(self.open.streams.load(Ordering::Relaxed));
        self.connections.set(self.open.connections.load(Ordering::Relaxed));
        raise(&self.connects, self.open.upstream_connects.load(Ordering::Relaxed));
        raise(&self.lost, reading.lost);
        self.sync_age.set(reading.sync_age_seconds);
        self.revision.set(i64::try_from(reading.revision).unwrap_or(i64::MAX));
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }

    fn route(&self, record: &Record) -> (String, String) {
        let Some(route) = &record.route else { return ("unknown".to_owned(), "none".to_owned()) };
        let provider = if route.target.provider.is_known() { route.target.provider.as_str() } else { "other" };
        let mut slugs = self.slugs.lock().unwrap_or_else(PoisonError::into_inner);
        let has_label = slugs.contains(&route.slug) || slugs.len() < SLUGS_MAX && slugs.insert(route.slug.clone());
        let slug = if has_label { route.slug.as_str() } else { "other" };
        (slug.to_owned(), provider.to_owned())
    }

    fn count_customer(&self, record: &Record) {
        let Some(key) = record.key.as_ref().filter(|_| self.names_customers) else { return };
        let name = &key.group.external_entity_id;
        let mut customers = self.customers.lock().unwrap_or_else(PoisonError::into_inner);
        let has_label = customers.contains(name) || customers.len() < CUSTOMERS_MAX && customers.insert(name.clone());
        let customer = if has_label { name.clone() } else { "other".to_owned() };
        self.by_customer.get_or_create(&CustomerLabels { customer }).inc();
    }
}

/// Brings a counter to a total that is kept elsewhere.
fn raise(counter: &Counter, total: u64) {
    counter.inc_by(total.saturating_sub(counter.get()));
}
