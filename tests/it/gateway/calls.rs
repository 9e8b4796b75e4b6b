//! From a call to its event: groups, keys, limits and events as callers and their owner see them together.

use repoint::api::{Event, Group, MintedKey, Page};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::groups::PATH;
use crate::support::gateway::{Reply, TestGateway, send};

async fn call(gateway: &TestGateway, key: &str, model: &str) -> Reply {
    let body = json!({"model": model, "messages": [{"role": "user", "content": "Say a word"}]}).to_string();
    let request = gateway.inference(Method::POST, "/v1/chat/completions");
    send(request.header("authorization", format!("Api-Key {key}")).body(body)).await
}

/// Asks until there are so many: events are stored a moment after the answer.
async fn events(gateway: &TestGateway, count: usize) -> Vec<Event> {
    loop {
        let page: Page<Event> = gateway.get("/v1/gateway/events?start_time=2020-01-01T00:00:00Z").await.body();
        if page.items.len() >= count {
            return page.items;
        }
    }
}

async fn limited(gateway: &TestGateway, external_entity_id: &str, requests_a_day: u64) -> (Group, MintedKey) {
    let limits = json!([{"type": "REQUEST", "unit": "DAY", "threshold": requests_a_day}]);
    let models = json!([{"slug": "my-org/glm-5.2", "usage_limits": limits}]);
    let group = gateway.group(external_entity_id, models, json!({})).await;
    let minted = gateway.post(&format!("{PATH}/{}/api_keys", group.id), &json!({})).await.body();
    (group, minted)
}

#[tokio::test]
async fn a_call_leaves_one_event_and_counts_for_the_day() {
    let gateway = TestGateway::start().await;
    let (group, minted) = limited(&gateway, "cust_42", 2).await;
    let answer = call(&gateway, &minted.api_key, "my-org/glm-5.2").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let told = &events(&gateway, 1).await[0];
    assert_eq!(told.request_id, answer.header("x-baseten-request-id"));
    assert_eq!((told.model_slug.as_str(), told.external_entity_id.as_str()), ("my-org/glm-5.2", "cust_42"));
    assert_eq!(told.api_key_prefix, minted.prefix);
    let usage = &answer.json()["usage"];
    assert_eq!(json!(told.tokens.input_tokens), usage["prompt_tokens"]);
    assert_eq!(json!(told.tokens.output_tokens), usage["completion_tokens"]);
    let used = gateway.get(&format!("{PATH}/{}/usage", group.id)).await.json();
    assert_eq!(used["usage"]["my-org/glm-5.2"][0]["current_usage"], 1);
    assert_eq!(call(&gateway, &minted.api_key, "my-org/glm-5.2").await.status, 200);
    let over = call(&gateway, &minted.api_key, "my-org/glm-5.2").await;
    assert_eq!(over.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(over.json()["error"].as_str().unwrap().starts_with("over the limit of 2 REQUEST per DAY"), "{}", over.text);
    assert_eq!(events(&gateway, 2).await.len(), 2, "what was not served has no event");
}

#[tokio::test]
async fn every_write_is_in_effect_for_the_next_call() {
    let gateway = TestGateway::start().await;
    let (group, minted) = limited(&gateway, "cust", 1000).await;
    let path = format!("{PATH}/{}", group.id);
    let status = async |model: &str| call(&gateway, &minted.api_key, model).await.status.as_u16();
    assert_eq!((status("my-org/glm-5.2").await, status("my-org/glm-5.2-air").await), (200, 404));
    gateway.patch(&path, &json!({"models": [{"slug": "my-org/glm-5.2-air"}]})).await;
    assert_eq!((status("my-org/glm-5.2").await, status("my-org/glm-5.2-air").await), (404, 200));
    let blocked = json!([{"type": "REQUEST", "unit": "SECOND", "threshold": 0}]);
    gateway.patch(&path, &json!({"models": [{"slug": "my-org/glm-5.2-air", "rate_limits": blocked}]})).await;
    assert_eq!(status("my-org/glm-5.2-air").await, 429);
    gateway.delete(&format!("{path}/api_keys/{}", minted.prefix)).await;
    assert_eq!(status("my-org/glm-5.2-air").await, 403);
    let second: MintedKey = gateway.post(&format!("{path}/api_keys"), &json!({})).await.body();
    assert_eq!(call(&gateway, &second.api_key, "my-org/glm-5.2-air").await.status, 429);
    gateway.delete(&path).await;
    assert_eq!(call(&gateway, &second.api_key, "my-org/glm-5.2-air").await.status, 403);
}

#[tokio::test]
async fn events_of_calls_right_before_the_end_are_there_afterwards() {
    let mut gateway = TestGateway::on_disk(|_| {}).await;
    let (_, minted) = limited(&gateway, "cust", 1000).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(call(&gateway, &minted.api_key, "my-org/glm-5.2").await.header("x-baseten-request-id").to_owned());
    }
    gateway.restart().await;
    let page: Page<Event> = gateway.get("/v1/gateway/events?start_time=2020-01-01T00:00:00Z").await.body();
    let mut told: Vec<_> = page.items.into_iter().map(|event| event.request_id).collect();
    told.sort();
    ids.sort();
    assert_eq!(told, ids);
}

#[tokio::test]
async fn a_demo_s_keys_open_nothing_that_anybody_knows() {
    let gateway = TestGateway::start().await;
    let groups: Page<Group> = gateway.get(PATH).await.body();
    assert_eq!(groups.items.len(), 7);
    let mut keys = 0;
    for group in &groups.items {
        assert!(!group.effective_models.is_empty());
        let list: Page<Value> = gateway.get(&format!("{PATH}/{}/api_keys", group.id)).await.body();
        for key in &list.items {
            let prefix = key["prefix"].as_str().unwrap();
            assert_eq!(call(&gateway, prefix, "my-org/glm-5.2").await.status, StatusCode::FORBIDDEN);
        }
        keys += list.items.len();
    }
    assert_eq!(keys, 8);
}
