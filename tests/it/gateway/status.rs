//! How the gateway is, the demo as a file, and beginning anew.

use repoint::api::{Endpoint, GatewayStatus, MintedKey};
use repoint::gateway::Seed;
use repoint::plan::document::Document;
use reqwest::Method;
use serde_json::json;

use crate::support::gateway::{TestGateway, send};

async fn status(gateway: &TestGateway) -> GatewayStatus {
    gateway.get("/repoint/v1/status").await.body()
}

async fn mint(gateway: &TestGateway, group: &str) -> String {
    let path = format!("/v1/gateway/groups/{group}/api_keys");
    gateway.post(&path, &json!({"name": "test"})).await.body::<MintedKey>().api_key
}

/// The status of an answer to a small call.
async fn call(gateway: &TestGateway, key: &str, slug: &str) -> u16 {
    let body = json!({"model": slug, "messages": [{"role": "user", "content": "hello"}]}).to_string();
    let request = gateway.inference(Method::POST, "/v1/chat/completions");
    send(request.header("authorization", format!("Api-Key {key}")).body(body)).await.status.as_u16()
}

/// Reads until it is so: requests are counted a moment after their answers.
async fn until(gateway: &TestGateway, is_so: impl Fn(&GatewayStatus) -> bool) -> GatewayStatus {
    loop {
        let status = status(gateway).await;
        if is_so(&status) {
            return status;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_is_kept_and_counted_is_told() {
    let gateway = TestGateway::on_disk(|_| {}).await;
    let before = status(&gateway).await;
    assert_eq!((before.store.endpoints, before.store.groups, before.store.events), (14, 7, 0));
    assert_eq!(before.store.directory, Some(gateway.directory().display().to_string()));
    assert!(before.store.bytes > 50_000 && before.problems.is_empty(), "{before:?}");
    assert_eq!((before.totals.requests, before.latency), (0, None));
    let key = mint(&gateway, "g4Acm8kQz1W").await;
    assert_eq!(call(&gateway, &key, "my-org/glm-5.2").await, 200);
    assert_eq!(call(&gateway, &key, "my-org/nope").await, 404);
    let after = until(&gateway, |status| status.totals.requests == 2 && status.store.events == 1).await;
    assert_eq!((after.totals.errors, after.totals.limited), (1, 0));
    assert_eq!(after.store.keys, before.store.keys + 1);
    let latency = after.latency.expect("two requests have ended");
    assert!(after.totals.tokens > 0 && latency.p50_ms <= latency.p99_ms && latency.p99_ms > 0.0, "{after:?}");
    assert!(after.open.connections >= 1 && after.open.requests == 0, "{after:?}");
}

#[tokio::test]
async fn what_a_limit_refuses_is_counted_apart() {
    let gateway = TestGateway::start().await;
    // Its only slug has a limit of 0 requests.
    let key = mint(&gateway, "g8Hoo1tZv4C").await;
    assert_eq!(call(&gateway, &key, "my-org/grok-5").await, 429);
    let totals = until(&gateway, |status| status.totals.requests == 1).await.totals;
    assert_eq!((totals.limited, totals.errors, totals.tokens), (1, 1, 0));
}

#[tokio::test]
async fn the_demo_is_told_as_a_file_that_changes_nothing_on_a_fresh_store() {
    let gateway = TestGateway::with(|options| options.org_prefixes = vec!["acme".to_owned()]).await;
    let document = Document::parse(&gateway.get("/repoint/v1/seed").await.text).expect("a file");
    let endpoints = document.endpoints.expect("endpoints");
    assert!(endpoints.len() == 14 && endpoints.iter().all(|part| part.slug.as_str().starts_with("acme/")));
    let groups = document.groups.expect("groups");
    let production = groups.iter().find(|group| group.external_entity_id == "cust_acme_prod").expect("a child");
    assert_eq!(production.parent.as_deref(), Some("cust_acme"));
}

#[tokio::test]
async fn a_fresh_start_throws_rows_away_and_keeps_the_key_and_foreign_files() {
    let mut gateway = TestGateway::on_disk(|_| {}).await;
    let key = gateway.key();
    let made: Endpoint = gateway.endpoint("my-org/mine").await;
    let foreign = gateway.directory().join("notes.txt");
    std::fs::write(&foreign, "mine").unwrap();
    gateway.restart().await;
    assert_eq!(gateway.get(&format!("/v1/gateway/endpoints/{}", made.id)).await.status, 200);
    gateway.restart_with(|options| options.is_fresh = true).await;
    assert_eq!(gateway.key(), key);
    assert_eq!(gateway.get(&format!("/v1/gateway/endpoints/{}", made.id)).await.status, 404);
    assert_eq!(status(&gateway).await.store.endpoints, 14);
    assert_eq!(std::fs::read_to_string(&foreign).unwrap(), "mine");
    gateway.restart_with(|options| options.seed = Seed::None).await;
    assert_eq!(status(&gateway).await.store.endpoints, 0);
}

#[tokio::test]
async fn neither_is_told_without_a_key() {
    let gateway = TestGateway::start().await;
    for path in ["/repoint/v1/status", "/repoint/v1/seed"] {
        assert_eq!(send(gateway.bare(Method::GET, path)).await.status, 401, "{path}");
    }
}
