//! The sync: when a write reaches the data plane, and how that is told.

use std::time::Duration;

use repoint::api::{Endpoint, SyncReport};
use reqwest::Method;
use serde_json::json;

use crate::support::gateway::{TestGateway, send};

async fn report(gateway: &TestGateway) -> SyncReport {
    gateway.get("/repoint/v1/sync").await.body()
}

#[tokio::test]
async fn a_write_waits_for_the_sync_and_then_is_served() {
    let gateway = TestGateway::start().await;
    gateway.sync().await;
    let reply = gateway
        .post(
            "/v1/gateway/endpoints",
            &json!({"slug": "my-org/a", "targets": [{"provider": "BASETEN", "model_id": "3kZ9xqd"}]}),
        )
        .await;
    let written = reply.revision();
    let waiting = report(&gateway).await;
    assert_eq!(waiting.revision, written);
    assert!(waiting.applied_revision < written);
    assert!(gateway.gateway().shared().snapshots.enter().by_slug.get("my-org/a").is_none());
    gateway.sync().await;
    let live = report(&gateway).await;
    assert!(live.applied_revision >= written);
    assert!(live.last_sync_at > reply.body::<Endpoint>().updated_at);
    assert!(gateway.gateway().shared().snapshots.enter().by_slug.get("my-org/a").is_some());
}

#[tokio::test]
async fn the_demo_leaves_two_endpoints_waiting() {
    let gateway = TestGateway::start().await;
    let report = report(&gateway).await;
    assert_eq!(report.revision - report.applied_revision, 2);
    assert_eq!(gateway.gateway().shared().snapshots.len(), 12);
}

#[tokio::test]
async fn the_interval_brings_writes_over_by_itself() {
    let gateway = TestGateway::with(|options| options.sync_interval = Duration::from_millis(20)).await;
    let made = gateway.endpoint("my-org/a").await;
    // Each report is a round trip; the loop ends with the sync that the interval brings.
    let mut seen = report(&gateway).await;
    while seen.applied_revision < seen.revision {
        seen = report(&gateway).await;
    }
    assert!((seen.interval_seconds - 0.02).abs() < 1e-9);
    assert!(gateway.gateway().shared().snapshots.enter().by_slug.get(made.slug.as_str()).is_some());
}

#[tokio::test]
async fn requests_under_way_are_counted_on_the_revision_they_began_on() {
    let gateway = TestGateway::start().await;
    let held = gateway.gateway().shared().snapshots.enter();
    gateway.endpoint("my-org/a").await;
    gateway.sync().await;
    assert_eq!(report(&gateway).await.in_flight.into_iter().collect::<Vec<_>>(), [(held.revision, 1)]);
    drop(held);
    assert!(report(&gateway).await.in_flight.is_empty());
}

#[tokio::test]
async fn a_sync_without_news_moves_the_time_and_not_the_revision() {
    let gateway = TestGateway::start().await;
    gateway.sync().await;
    let first = report(&gateway).await;
    gateway.sync().await;
    let second = report(&gateway).await;
    assert_eq!(first.applied_revision, second.applied_revision);
    assert!(second.last_sync_at > first.last_sync_at);
    assert_eq!(first.next_sync_at, second.next_sync_at);
}

#[tokio::test]
async fn the_workspaces_models_and_secrets_are_in_the_snapshot() {
    let gateway = TestGateway::start().await;
    gateway.post("/v1/secrets", &json!({"name": "openai_api_key", "value": "sk-real"})).await;
    gateway.sync().await;
    let routes = gateway.gateway().shared().snapshots.enter();
    assert_eq!(routes.models["3kZ9xqd"].environments.len(), 3);
    let secret = &routes.secrets["s3cOpAi"];
    assert_eq!(secrecy::ExposeSecret::expose_secret(&secret.value), "sk-real");
    assert!(!secret.simulated && routes.secrets["s9cAnth"].simulated);
    assert!(!format!("{routes:?}").contains("sk-real"), "a snapshot that is printed tells no secret");
}

#[tokio::test]
async fn every_endpoint_is_served_with_its_own_target() {
    let gateway = TestGateway::start().await;
    gateway.endpoint("my-org/shares-a-target").await;
    gateway.sync().await;
    let page: repoint::api::Page<Endpoint> = gateway.get("/v1/gateway/endpoints").await.body();
    let routes = gateway.gateway().shared().snapshots.enter();
    assert_eq!(routes.by_slug.len(), page.items.len());
    for endpoint in page.items {
        let route = routes.by_slug.get(endpoint.slug.as_str()).unwrap();
        assert_eq!((&route.id, &*route.target), (&endpoint.id, endpoint.target().unwrap()));
    }
}

#[tokio::test]
async fn a_sync_that_fails_leaves_what_was_served_and_is_told_and_heals() {
    let gateway = TestGateway::on_disk(|_| {}).await;
    gateway.sync().await;
    let served = gateway.gateway().shared().snapshots.revision();
    let ready = async || send(gateway.bare(Method::GET, "/readyz")).await;
    assert_eq!(ready().await.json()["status"], "ready");
    let database = rusqlite::Connection::open(gateway.directory().join("repoint.db")).unwrap();
    let damage = |slug: &str| {
        let sql = format!(
            "UPDATE endpoints SET slug = '{slug}' WHERE id = 'e2Vq8mKd7Ra'; UPDATE meta SET revision = revision + 1"
        );
        database.execute_batch(&sql).unwrap();
    };
    damage("no slug");
    let failed = send(gateway.request(Method::POST, "/repoint/v1/sync")).await;
    failed.is_error(500, "INTERNAL_ERROR", "log");
    let degraded = ready().await;
    assert_eq!((degraded.status.as_u16(), &degraded.json()["status"]), (200, &json!("degraded")));
    assert!(degraded.text.contains("sync failed") && !degraded.text.contains("no slug"), "{}", degraded.text);
    let routes = gateway.gateway().shared().snapshots.enter();
    assert!(routes.revision == served && routes.by_slug.get("my-org/glm-5.2").is_some());
    damage("my-org/glm-5.2");
    gateway.sync().await;
    assert_eq!(ready().await.json()["status"], "ready");
    assert_eq!(gateway.gateway().shared().snapshots.revision(), report(&gateway).await.revision);
}
