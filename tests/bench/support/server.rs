//! A server with as many endpoints as asked, which answers from memory: what is measured is the dashboard.

#[path = "workspace.rs"]
pub(crate) mod workspace;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use repoint::api::{Endpoint, EndpointId, Page, Pagination, Region, Slug, SyncReport, Target, Time};
use workspace::Rate;

/// The slug that stands first in the list.
pub(crate) const FIRST_SLUG: &str = "bench/claude-000001";

/// A running server; it ends with the process.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    endpoints: Mutex<Vec<Endpoint>>,
    revision: AtomicU64,
    change_every_ms: AtomicU64,
    requests_per_second: Rate,
}

#[derive(serde::Deserialize)]
struct PageQuery {
    limit: Option<usize>,
    cursor: Option<usize>,
}

impl Server {
    pub(crate) fn start(count: usize) -> Self {
        let shared = Arc::new(Shared {
            endpoints: Mutex::new((0..count).map(endpoint).collect()),
            revision: AtomicU64::new(1),
            change_every_ms: AtomicU64::new(0),
            requests_per_second: Rate::default(),
        });
        let (sender, receiver) = std::sync::mpsc::channel();
        let state = Arc::clone(&shared);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(serve(state, &sender));
        });
        Self { address: receiver.recv().expect("the server listens"), shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on one endpoint changes this often, so that the dashboard reads the list again.
    pub(crate) fn change_every(&self, interval: Duration) {
        self.shared.change_every_ms.store(u64::try_from(interval.as_millis()).unwrap_or(0), Ordering::SeqCst);
    }

    /// From now on so many requests a second pass.
    pub(crate) fn pass(&self, requests_per_second: u64) {
        self.shared.requests_per_second.store(requests_per_second, Ordering::SeqCst);
    }

    pub(crate) fn stop_changing(&self) {
        self.shared.change_every_ms.store(0, Ordering::SeqCst);
    }
}

async fn serve(shared: Arc<Shared>, ready: &std::sync::mpsc::Sender<SocketAddr>) {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    ready.send(listener.local_addr().expect("an address")).expect("somebody waits for the address");
    tokio::spawn(change(Arc::clone(&shared)));
    let router = Router::new()
        .route("/v1/gateway/endpoints", get(list))
        .route("/repoint/v1/sync", get(sync))
        .route("/v1/users/me", get(|| async { json(r#"{"user_id":"bench"}"#.to_owned()) }))
        .route("/v1/models", get(|| async { json(r#"{"models":[]}"#.to_owned()) }))
        .route("/v1/secrets", get(|| async { json(r#"{"secrets":[]}"#.to_owned()) }))
        .route("/v1/gateway/groups", get(workspace::groups))
        .route("/v1/gateway/groups/{id}/api_keys", get(workspace::keys))
        .route("/v1/audit_logs", get(workspace::nothing_changed))
        .route("/repoint/v1/status", get(workspace::status))
        .route("/repoint/v1/faults", get(workspace::faults))
        .route("/repoint/v1/requests", get(workspace::requests).with_state(Arc::clone(&shared.requests_per_second)))
        .with_state(shared);
    axum::serve(listener, router).await.expect("the server serves");
}

async fn change(shared: Arc<Shared>) {
    let mut beat = tokio::time::interval(Duration::from_millis(100));
    let mut waited = 0;
    loop {
        beat.tick().await;
        let interval = shared.change_every_ms.load(Ordering::SeqCst);
        waited += 100;
        if interval > 0 && waited >= interval {
            waited = 0;
            let mut endpoints = shared.endpoints.lock().expect("no thread panics with the lock");
            let revision = shared.revision.fetch_add(1, Ordering::SeqCst);
            let count = endpoints.len();
            if let Some(endpoint) = endpoints.get_mut(usize::try_from(revision * 7919).unwrap_or(0) % count.max(1)) {
                endpoint.updated_at = endpoint.updated_at.plus(Duration::from_secs(1));
                endpoint.targets = vec![Target::baseten(format!("m{revision}"), None)];
            }
        }
    }
}

async fn list(State(shared): State<Arc<Shared>>, Query(query): Query<PageQuery>) -> impl IntoResponse {
    let endpoints = shared.endpoints.lock().expect("no thread panics with the lock");
    let from = query.cursor.unwrap_or(0).min(endpoints.len());
    let to = (from + query.limit.unwrap_or(100).min(1000)).min(endpoints.len());
    let has_more = to < endpoints.len();
    let page = Page {
        items: endpoints.get(from..to).unwrap_or_default().iter().collect::<Vec<_>>(),
        pagination: Pagination { has_more, cursor: has_more.then(|| to.to_string()) },
    };
    let revision = shared.revision.load(Ordering::SeqCst).to_string();
    ([("x-repoint-revision", revision)], json(serde_json::to_string(&page).expect("a page is JSON")))
}

async fn sync(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let revision = shared.revision.load(Ordering::SeqCst);
    let now = repoint::clock::now();
    let report = SyncReport {
        interval_seconds: 60.0,
        revision,
        applied_revision: revision,
        last_sync_at: now.minus(Duration::from_secs(5)),
        next_sync_at: now.plus(Duration::from_secs(55)),
        in_flight: std::collections::BTreeMap::new(),
    };
    json(serde_json::to_string(&report).expect("a report is JSON"))
}

fn json(body: String) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], body)
}

/// The slug of an endpoint.
pub(crate) fn slug(index: usize) -> String {
    let family = ["glm", "claude", "gpt", "qwen", "llama"][index % 5];
    format!("bench/{family}-{index:06}")
}

fn endpoint(index: usize) -> Endpoint {
    let created = Time::from_micros(1_780_000_000_000_000).plus(Duration::from_secs(index as u64));
    Endpoint {
        id: EndpointId::new(format!("ep{index:06}")),
        slug: Slug::from_wire(slug(index)),
        region: Some(Region::Unrestricted),
        targets: vec![Target::baseten(format!("model{}", index % 97), [None, Some("staging")][index % 2])],
        created_at: created,
        updated_at: created,
        unknown: serde_json::Map::new(),
    }
}
