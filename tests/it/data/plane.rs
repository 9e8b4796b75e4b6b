//! A data plane of its own for each test: one group, one key, two endpoints.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use repoint::api::{
    DeploymentStatus, EndpointId, Event, Group, GroupId, KeyPrefix, ModelId, Provider, SecretId, Slug, Target, Time,
};
use repoint::gateway::planes::data::{self, Settings};
use repoint::gateway::records::traffic::RequestEntry;
use repoint::gateway::routing::provider::{Base, Providers, Reach};
use repoint::gateway::routing::snapshot::{Route, RoutedModel, RoutedSecret, Routes};
use repoint::gateway::rules::access::{KeyDigest, KeyRow};
use repoint::gateway::simulator;
use repoint::gateway::state::Shared;
use secrecy::SecretString;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(super) const KEY: &str = "sky_TESTTESTTEST.canary-key-that-never-travels";
pub(super) const PREFIX: &str = "sky_TESTTESTTEST";
pub(super) const SECRET: &str = "canary-secret-of-the-provider";
/// A BASETEN model without a name of its own at the upstream.
pub(super) const GLM: &str = "my-org/glm";
/// The same with one.
pub(super) const RENAMED: &str = "my-org/renamed";
pub(super) const UPSTREAM_MODEL: &str = "upstream-model";

pub(super) struct Plane {
    pub(super) address: SocketAddr,
    pub(super) shared: Arc<Shared>,
    pub(super) events: Arc<Mutex<Vec<Event>>>,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

pub(super) fn settings() -> Settings {
    Settings { workers: 2, ..Settings::default() }
}

/// Targets by slug; BASETEN model `m` and all providers lead to the upstream.
pub(super) fn routes(revision: u64, targets: &[(&str, Target)]) -> Routes {
    let mut routes = Routes::at(revision);
    for (slug, target) in targets {
        let slug = Slug::from_wire(*slug);
        let id = EndpointId::new(format!("ep-{}", slug.as_str().replace('/', "-")));
        let route = Route { id, slug, target: target.clone().into(), created_at: Time::EPOCH };
        routes.by_slug.put(Arc::new(route));
    }
    let active = || Some(DeploymentStatus::Active);
    let environments = HashMap::from([("production".to_owned(), active()), ("staging".to_owned(), active())]);
    routes.models.insert(ModelId::from("m"), RoutedModel { name: "GLM".to_owned(), environments });
    let value = SecretString::from(SECRET.to_owned());
    routes.secrets.insert(SecretId::from("s"), RoutedSecret { name: "provider".to_owned(), value, simulated: false });
    routes
}

pub(super) fn usual_targets() -> Vec<(&'static str, Target)> {
    let mut renamed = Target::baseten("m", None);
    renamed.target_model = Some(UPSTREAM_MODEL.to_owned());
    vec![(GLM, Target::baseten("m", None)), (RENAMED, renamed)]
}

pub(super) fn group(models: &serde_json::Value) -> Group {
    serde_json::from_value(json!({
        "id": "grp", "metadata": {"name": "Acme", "external_entity_id": "cust_42"}, "models": models,
        "hierarchy": {"limit_enforcement": "INDEPENDENT", "parent_group_id": null}, "created_at": "2026-06-17T12:00:00Z",
    }))
    .unwrap()
}

impl Plane {
    pub(super) async fn start(upstream: SocketAddr) -> Self {
        Self::start_with(upstream, settings(), |_| ()).await
    }

    pub(super) async fn start_with(upstream: SocketAddr, settings: Settings, change: impl FnOnce(&mut Shared)) -> Self {
        let base = Base::parse(&format!("http://{upstream}"), Reach::Anywhere).unwrap();
        let providers = Providers {
            upstreams: HashMap::from([((ModelId::from("m"), None), base.clone())]),
            bases: [Provider::OpenAi, Provider::Anthropic, Provider::XAi, Provider::BasetenModelApi]
                .into_iter()
                .map(|provider| (provider, base.clone()))
                .collect(),
            ..Providers::default()
        };
        let models = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut shared = Shared { settings, providers, ..Shared::default() };
        change(&mut shared);
        shared.providers.simulator = models.local_addr().ok();
        let shared = Arc::new(shared);
        shared.snapshots.swap(routes(1, &usual_targets()));
        shared.access.upsert_group(group(&json!([{"slug": GLM}, {"slug": RENAMED}, {"slug": "my-org/gone"}])));
        shared.access.upsert_key(KeyRow {
            digest: KeyDigest::of(KEY.as_bytes()),
            prefix: KeyPrefix::from(PREFIX),
            group: GroupId::from("grp"),
        });
        let events: Arc<Mutex<Vec<Event>>> = Arc::default();
        let kept = Arc::clone(&events);
        shared.ledger.deliver_to(Arc::new(move |batch| {
            kept.lock().unwrap().extend(batch.events());
            Box::pin(std::future::ready(Ok(())))
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let ended = CancellationToken::new();
        let simulating = tokio::spawn(simulator::serve(models, Arc::clone(&shared), ended.clone()));
        let answering = data::serve(listener, Arc::clone(&shared), stop.clone());
        let serving = tokio::spawn(async move {
            answering.await;
            ended.cancel();
            simulating.await.unwrap();
        });
        Self { address, shared, events, stop, serving }
    }

    /// Serves these targets from now on.
    pub(super) fn serve(&self, revision: u64, targets: &[(&str, Target)]) {
        self.shared.snapshots.swap(routes(revision, targets));
    }

    /// Grants these models, with their limits.
    pub(super) fn grant(&self, models: &serde_json::Value) {
        self.shared.access.upsert_group(group(models));
    }

    /// Waits until so many requests were written down, and gives them.
    pub(super) async fn recorded(&self, count: usize) -> Vec<Arc<RequestEntry>> {
        let (mut seen, mut stream) = self.shared.traffic.follow(usize::MAX);
        while seen.len() < count {
            seen.push(stream.recv().await.unwrap());
        }
        seen
    }

    pub(super) fn begin_stop(&self) {
        self.stop.cancel();
    }

    /// Drains, and gives every event.
    pub(super) async fn stop(self) -> Vec<Event> {
        self.stop.cancel();
        self.serving.await.unwrap();
        std::mem::take(&mut *self.events.lock().unwrap())
    }
}
