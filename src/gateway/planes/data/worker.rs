//! What the requests of one thread share: connections to upstreams, and targets made ready to be called.
//!
//! Each worker has its own, so that no request waits for another thread's lock.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue};
use ring::rand::{SecureRandom, SystemRandom};
use uuid::Builder;

use super::budget::Budget;
use super::link::Pool;
use super::refusal::Refusal;
use super::settings::Settings;
use super::usage_refused::NotAsked;
use crate::api::Time;
use crate::gateway::json;
use crate::gateway::records::record::RequestId;
use crate::gateway::routing::provider::{Base, Operation, Providers, Unroutable, Upstream};
use crate::gateway::routing::snapshot::{Route, Routes};
use crate::gateway::state::Shared;

/// How many targets of an older revision a request frees: all of 10,000 at once would take milliseconds.
const FREED_AT_ONCE: usize = 8;

/// What the requests of one thread share.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) shared: Arc<Shared>,
    pub(super) settings: Arc<Settings>,
    /// Bytes of bodies.
    pub(super) budget: Arc<Budget>,
    /// Streams.
    pub(super) streams: Arc<Budget>,
    pub(super) not_asked: Arc<NotAsked>,
    providers: Arc<Providers>,
    pools: Mutex<HashMap<Base, Arc<Pool>>>,
    ready: Mutex<Ready>,
    seed: u64,
    count: AtomicU64,
}

/// Targets made ready at one revision.
#[derive(Debug, Default)]
struct Ready {
    revision: Option<u64>,
    calls: Calls,
    /// Those of older revisions, on their way out.
    old: Vec<<Calls as IntoIterator>::IntoIter>,
}

/// By the route's address, which stays its own for as long as it is held here.
type Calls = HashMap<(usize, Operation), (Arc<Route>, Arc<Callee>)>;

impl Ready {
    /// Begins anew at this revision. Requests of an older one may still come; they only make theirs ready again.
    fn move_to(&mut self, revision: u64) {
        if self.revision == Some(revision) {
            return;
        }
        let room = HashMap::with_capacity(self.calls.len());
        self.old.push(std::mem::replace(&mut self.calls, room).into_iter());
        self.revision = Some(revision);
    }

    /// Frees a few of those of older revisions.
    fn free_some(&mut self) {
        let Some(oldest) = self.old.first_mut() else { return };
        if oldest.by_ref().take(FREED_AT_ONCE).count() < FREED_AT_ONCE {
            self.old.remove(0);
        }
    }
}

/// A target made ready for calls of one operation.
#[derive(Debug)]
pub(super) struct Callee {
    pub(super) operation: Operation,
    /// What `model` is replaced with on the way up.
    pub(super) model: Option<String>,
    pub(super) credentials: Option<(HeaderName, HeaderValue)>,
    pub(super) path: PathAndQuery,
    pub(super) host: HeaderValue,
    /// `X-Repoint-Target`.
    pub(super) label: HeaderValue,
    /// The slug as a JSON string.
    pub(super) slug_json: Vec<u8>,
    pub(super) pool: Arc<Pool>,
    /// The server and the model there: endpoints that lead to the same target share what is known of it.
    pub(super) target: String,
}

impl Worker {
    pub(super) fn new(
        shared: Arc<Shared>,
        settings: Arc<Settings>,
        [budget, streams]: [Arc<Budget>; 2],
        not_asked: Arc<NotAsked>,
        providers: Arc<Providers>,
    ) -> Self {
        let mut seed = [0; 8];
        // Ids need to differ, not to be secret: without a generator the thread's own address would do.
        let _ = SystemRandom::new().fill(&mut seed);
        Self {
            shared,
            settings,
            budget,
            streams,
            not_asked,
            providers,
            pools: Mutex::default(),
            ready: Mutex::default(),
            seed: u64::from_le_bytes(seed),
            count: AtomicU64::new(0),
        }
    }

    /// A new request's id: it sorts by time, and no other request of any gateway has it.
    pub(super) fn request_id(&self, now: Time) -> RequestId {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let (high, low) = (mix(self.seed.wrapping_add(count)), mix(self.seed ^ count.rotate_left(32)));
        let mut random = [0; 10];
        for (to, from) in random.iter_mut().zip(high.to_le_bytes().into_iter().chain(low.to_le_bytes())) {
            *to = from;
        }
        let millis = u64::try_from(now.micros() / 1000).unwrap_or_default();
        RequestId(Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// The target of this slug, ready to be called.
    pub(super) fn callee(
        &self,
        routes: &Routes,
        route: &Arc<Route>,
        operation: Operation,
    ) -> Result<Arc<Callee>, Refusal> {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        ready.move_to(routes.revision);
        ready.free_some();
        let key = (Arc::as_ptr(route).addr(), operation);
        if let Some((_, callee)) = ready.calls.get(&key) {
            return Ok(Arc::clone(callee));
        }
        let upstream = self.providers.upstream(&route.target, operation, routes).map_err(Refusal::Unroutable)?;
        let callee = Arc::new(self.make_ready(route, operation, upstream, routes.revision)?);
        ready.calls.insert(key, (Arc::clone(route), Arc::clone(&callee)));
        Ok(callee)
    }

    /// Closes upstream connections that have been idle for too long.
    pub(super) fn sweep(&self, now: Instant) {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools.retain(|_, pool| {
            pool.sweep(now);
            Arc::strong_count(pool) > 1 || !pool.is_empty()
        });
    }

    fn make_ready(
        &self,
        route: &Arc<Route>,
        operation: Operation,
        upstream: Upstream,
        revision: u64,
    ) -> Result<Callee, Refusal> {
        let unusable = |what| Refusal::Unroutable(Unroutable::Incomplete(what));
        let path = PathAndQuery::try_from(format!("{}{}", upstream.base.path, operation.path()));
        let credentials = upstream.credentials(operation).map(|(name, value)| (name, value.clone()));
        Ok(Callee {
            operation,
            credentials,
            path: path.map_err(|_| unusable("its path cannot be sent"))?,
            host: HeaderValue::from_str(&upstream.base.authority).map_err(|_| unusable("its host cannot be sent"))?,
            label: label(route, revision),
            slug_json: json::quoted(route.slug.as_str()),
            target: format!("{} {} {:?}", upstream.base.authority, upstream.base.path, upstream.model),
            pool: self.pool(upstream.base),
            model: upstream.model,
        })
    }

    fn pool(&self, base: Base) -> Arc<Pool> {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let settings = &self.settings;
        let made = pools.entry(base).or_insert_with_key(|base| Arc::new(Pool::new(base.clone(), settings)));
        Arc::clone(made)
    }
}

/// `<endpoint id> <provider> <model>/<environment>` or `<target model>`, and the revision.
fn label(route: &Route, revision: u64) -> HeaderValue {
    let target = &route.target;
    let name = match (&target.model_id, &target.target_model) {
        (Some(model), _) => format!("{model}/{}", target.environment().unwrap_or_default()),
        (None, Some(name)) => name.clone(),
        (None, None) => "-".to_owned(),
    };
    let text = format!("{} {} {name} {revision}", route.id, target.provider);
    let visible: String = text.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' }).collect();
    HeaderValue::from_str(&visible).unwrap_or_else(|_| HeaderValue::from_static("?"))
}

/// `SplitMix64`: spreads a counter over all bits.
fn mix(count: u64) -> u64 {
    let mut mixed = count.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
