//! Keys, scopes, methods and the other ways to be turned away.

use std::num::NonZeroU32;

use reqwest::Method;
use serde_json::json;

use crate::support::gateway::{KEY, TestGateway, send};

const PATH: &str = "/v1/gateway/endpoints";

#[tokio::test]
async fn both_schemes_open_and_nothing_else_does() {
    let gateway = TestGateway::start().await;
    let with = |value: String| send(gateway.bare(Method::GET, PATH).header("authorization", value));
    for good in [format!("Api-Key {KEY}"), format!("Bearer {KEY}"), format!("api-key {KEY}")] {
        assert_eq!(with(good).await.status, 200);
    }
    for bad in [
        format!("Basic {KEY}"),
        KEY.to_owned(),
        format!("Api-Key {KEY}x"),
        format!("Api-Key {}", &KEY[1..]),
        "Api-Key ' OR 1=1 --".to_owned(),
        "Api-Key".to_owned(),
    ] {
        let reply = with(bad).await;
        reply.is_error(401, "UNAUTHORIZED", "API key");
        assert!(!reply.text.contains(KEY));
    }
    send(gateway.bare(Method::GET, PATH)).await.is_error(401, "UNAUTHORIZED", "");
    let host = gateway.bare(Method::GET, PATH).header("host", "localhost");
    send(host).await.is_error(401, "UNAUTHORIZED", "");
}

#[tokio::test]
async fn a_customers_key_is_another_error_than_a_wrong_one() {
    let gateway = TestGateway::start().await;
    let groups = gateway.get("/v1/gateway/groups").await.json();
    let keys = format!("/v1/gateway/groups/{}/api_keys", groups["items"][0]["id"].as_str().unwrap());
    let minted = gateway.post(&keys, &json!({})).await.json();
    let key = minted["api_key"].as_str().unwrap().to_owned();
    let with = async |key: &str, path: &str| {
        send(gateway.bare(Method::GET, path).header("authorization", format!("Bearer {key}"))).await
    };
    for path in [PATH, "/v1/models", "/repoint/v1/sync", "/nowhere"] {
        let reply = with(&key, path).await;
        reply.is_error(403, "FORBIDDEN", "inference address");
        assert!(!reply.text.contains(&key));
    }
    with(&key[..key.len() - 1], PATH).await.is_error(401, "UNAUTHORIZED", "");
    gateway.delete(&format!("{keys}/{}", minted["prefix"].as_str().unwrap())).await;
    with(&key, PATH).await.is_error(401, "UNAUTHORIZED", "");
}

#[tokio::test]
async fn without_a_key_nothing_is_told_about_what_exists() {
    let gateway = TestGateway::start().await;
    for path in ["/v1/gateway/endpoints/n8gHb0uR5xQ", "/nowhere", "/repoint/v1/sync", "/v1/models", "/v1/secrets/x"] {
        for method in [Method::GET, Method::PUT, Method::DELETE, Method::TRACE] {
            let reply = send(gateway.bare(method.clone(), path)).await;
            reply.is_error(401, "UNAUTHORIZED", "");
        }
    }
}

#[tokio::test]
async fn unknown_paths_are_404_and_unknown_methods_405() {
    let gateway = TestGateway::start().await;
    gateway.get("/v1/nothing").await.is_error(404, "NOT_FOUND", "/v1/nothing");
    for method in [Method::PUT, Method::TRACE, Method::OPTIONS, Method::from_bytes(b"BREW").unwrap()] {
        let reply = send(gateway.request(method, PATH)).await;
        reply.is_error(405, "METHOD_NOT_ALLOWED", "");
        assert!(!reply.header("allow").is_empty());
        assert!(!reply.header("date").is_empty());
    }
    assert_eq!(gateway.get(&format!("{PATH}/")).await.status, 200, "a slash at the end is let pass");
}

#[tokio::test]
async fn a_view_key_reads_and_does_not_write() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("view.key");
    std::fs::write(&file, "a-view-key-of-some-length\n").unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let gateway = TestGateway::with(|options| options.management_view_key_file = Some(file)).await;
    let request =
        |method, path: &str| gateway.bare(method, path).header("authorization", "Api-Key a-view-key-of-some-length");
    assert_eq!(send(request(Method::GET, PATH)).await.status, 200);
    let body = json!({"slug": "my-org/x", "targets": [{"provider": "BASETEN", "model_id": "3kZ9xqd"}]}).to_string();
    send(request(Method::POST, PATH).body(body)).await.is_error(403, "FORBIDDEN", "read");
    send(request(Method::DELETE, "/v1/secrets/openai_api_key")).await.is_error(403, "FORBIDDEN", "");
    send(request(Method::POST, "/repoint/v1/sync")).await.is_error(403, "FORBIDDEN", "");
}

#[tokio::test]
async fn a_workspace_that_is_not_onboarded_has_no_gateway_but_has_models() {
    let gateway = TestGateway::with(|options| options.not_onboarded = true).await;
    gateway.get(PATH).await.is_error(403, "FORBIDDEN", "onboarded");
    gateway.post(PATH, &json!({})).await.is_error(403, "FORBIDDEN", "onboarded");
    gateway.get("/v1/gateway/endpoints/e2Vq8mKd7Ra").await.is_error(403, "FORBIDDEN", "onboarded");
    assert_eq!(gateway.get("/v1/models").await.status, 200);
    assert_eq!(gateway.get("/v1/users/me").await.json()["workspace_name"], "local");
}

#[tokio::test]
async fn a_rate_limit_answers_429_in_the_shape_of_the_hosted_api() {
    let gateway = TestGateway::with(|options| options.management_rate_limit = NonZeroU32::new(2)).await;
    let mut limited = None;
    for _ in 0..20 {
        let reply = gateway.get(PATH).await;
        if reply.status == 429 {
            limited = Some(reply);
            break;
        }
    }
    let reply = limited.expect("more than two at once");
    assert_eq!(reply.json(), json!({"error": "Rate limit exceeded. Please try again later.", "retry_after": 1}));
    assert_eq!(reply.header("retry-after"), "1");
    assert_eq!(gateway.get("/v1/models").await.status, 200, "another route has its own");
}

#[tokio::test]
async fn health_needs_no_key_and_tells_no_names() {
    let gateway = TestGateway::start().await;
    let alive = send(gateway.bare(Method::GET, "/healthz")).await;
    assert_eq!((alive.status.as_u16(), alive.json()), (200, json!({"status": "ok"})));
    let ready = send(gateway.bare(Method::GET, "/readyz")).await;
    assert_eq!((ready.status.as_u16(), &ready.json()["status"]), (200, &json!("ready")));
    assert!(!ready.text.contains("my-org"));
}

#[tokio::test]
async fn the_inference_address_turns_away_who_has_no_key() {
    let gateway = TestGateway::start().await;
    let body = json!({"error": "please check the api-key you provided"});
    let none = send(gateway.inference(Method::POST, "/v1/chat/completions")).await;
    assert_eq!((none.status.as_u16(), none.json()), (401, body.clone()));
    let wrong = gateway.inference(Method::POST, "/v1/chat/completions").header("authorization", "Api-Key nonsense");
    let wrong = send(wrong).await;
    assert_eq!((wrong.status.as_u16(), wrong.json()), (403, body));
}
