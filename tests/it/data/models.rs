//! The list of models, simulated ones with their faults, and what operators ask.

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use repoint::api::{Provider, SecretId, Target, Time};
use repoint::gateway::clock::Clock;
use repoint::gateway::planes::data::{open_router, operator_router};
use repoint::gateway::routing::provider::Providers;
use repoint::gateway::routing::snapshot::RoutedSecret;
use secrecy::SecretString;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::caller::{Caller, chat, chat_stream, post, post_with};
use super::plane::{GLM, KEY, PREFIX, Plane, RENAMED, routes, settings};
use super::script::{Script, completion};

/// A plane whose targets are all simulated.
async fn simulated(targets: &[(&str, Target)]) -> Plane {
    let nobody = Script::start().await.address;
    let plane = Plane::start_with(nobody, settings(), |shared| {
        shared.providers = Providers::default();
        shared.clock = Clock::fixed(Time::EPOCH);
    })
    .await;
    let mut routes = routes(2, targets);
    let value = SecretString::from("none".to_owned());
    routes.secrets.insert(SecretId::from("demo"), RoutedSecret { name: "demo".to_owned(), value, simulated: true });
    plane.shared.snapshots.swap(routes);
    plane
}

async fn operate(plane: &Plane, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let request = Request::builder().method(method).uri(path).body(Body::from(body.to_string())).unwrap();
    let answer = operator_router(plane.shared.clone()).oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap())
}

async fn set_fault(plane: &Plane, fault: Value) {
    assert_eq!(operate(plane, "PUT", "/repoint/v1/faults", &json!({"faults": [fault]})).await.0, 200);
}

#[tokio::test]
async fn the_list_of_models_is_what_the_key_may_call_and_what_exists() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let request = format!("GET /v1/models HTTP/1.1\r\nhost: g\r\nauthorization: Bearer {KEY}\r\n\r\n");
    let answer = Caller::connect(plane.address).await.call(&request).await;
    let models = answer.json();
    let ids: Vec<_> = models["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert_eq!((answer.status, ids), (200, vec![GLM, RENAMED]));
    assert_eq!(
        (models["data"][0]["owned_by"].as_str(), models["data"][0]["created"].as_u64()),
        (Some("my-org"), Some(0))
    );
    // No upstream was asked: nothing is billed.
    assert_eq!(plane.recorded(1).await[0].path, "/v1/models");
    assert!(plane.stop().await.is_empty());
}

#[tokio::test]
async fn a_simulated_model_answers_and_is_counted() {
    let targets =
        [(GLM, Target::baseten("m", None)), (RENAMED, Target::external(Provider::Anthropic, "demo", "claude"))];
    let plane = simulated(&targets).await;
    let mut caller = Caller::connect(plane.address).await;
    let answer = caller.call(&chat(GLM)).await;
    assert_eq!((answer.status, answer.json()["model"].as_str()), (200, Some(GLM)));
    let text = answer.json()["choices"][0]["message"]["content"].as_str().unwrap().to_owned();
    assert!(text.contains("GLM (m, production)"), "{text}");
    let body = format!(
        r#"{{"model":"{RENAMED}","max_tokens":500,"stream":true,"messages":[{{"role":"user","content":"hello"}}]}}"#
    );
    let answer = caller.call(&post_with("/v1/messages", &format!("x-api-key: {KEY}\r\n"), &body)).await;
    assert!(
        answer.is_whole
            && answer.body.contains("event: message_stop")
            && answer.body.contains(&format!("\"model\":\"{RENAMED}\""))
    );
    let answer = caller.call(&chat_stream(GLM)).await;
    assert!(answer.is_whole && answer.body.ends_with("data: [DONE]\n\n") && !answer.body.contains("usage"));
    let events = plane.stop().await;
    assert_eq!(events.len(), 3);
    assert!(events.iter().all(|event| event.tokens.output_tokens > 10), "{events:?}");
}

#[tokio::test]
async fn faults_are_what_callers_meet() {
    let plane = simulated(&[(GLM, Target::baseten("m", None))]).await;
    let mut caller = Caller::connect(plane.address).await;
    set_fault(&plane, json!({"model": "m", "kind": "status", "status": 503})).await;
    assert_eq!(caller.call(&chat(GLM)).await.status, 503);
    set_fault(&plane, json!({"model": "m/production", "kind": "rate_limited", "retry_after_seconds": 9})).await;
    let answer = caller.call(&chat(GLM)).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("9")));
    set_fault(&plane, json!({"model": "m", "kind": "down"})).await;
    assert_eq!(caller.call(&chat(GLM)).await.status, 502);
    set_fault(&plane, json!({"model": "m", "kind": "garbage"})).await;
    assert!(caller.call(&chat(GLM)).await.body.contains("not json"));
    set_fault(&plane, json!({"model": "m", "kind": "cut", "after_tokens": 2})).await;
    let mut cut = Caller::connect(plane.address).await;
    let answer = cut.call(&chat_stream(GLM)).await;
    assert!(!answer.is_whole && answer.body.matches("data: ").count() == 2, "{}", answer.body);
    set_fault(&plane, json!({"model": "m", "kind": "stall", "after_tokens": 1})).await;
    let mut stalled = Caller::connect(plane.address).await;
    stalled.send(chat_stream(GLM)).await;
    assert_eq!(stalled.head().await.0, 200);
    assert!(stalled.chunk().await.is_some());
    drop(stalled);
    set_fault(&plane, json!({"model": "other", "kind": "down"})).await;
    assert_eq!(caller.call(&chat(GLM)).await.status, 200);
    let (status, answer) = operate(
        &plane,
        "PUT",
        "/repoint/v1/faults",
        &json!({"faults": [{"model": "m", "kind": "status", "status": 200}]}),
    )
    .await;
    assert_eq!((status, answer["message"].as_str()), (400, Some("faults[0].status must be between 400 and 599")));
}

#[tokio::test]
async fn an_explanation_spends_nothing_and_agrees_with_what_happens() {
    let plane = simulated(&[(GLM, Target::baseten("m", None))]).await;
    plane.grant(&json!([{"slug": GLM, "rate_limits": [{"type": "REQUEST", "unit": "MINUTE", "threshold": 1}]}]));
    let question = json!({"api_key_prefix": PREFIX, "slug": GLM, "tokens": 5});
    for _ in 0..3 {
        let (_, answer) = operate(&plane, "POST", "/repoint/v1/explain", &question).await;
        assert_eq!((&answer["admitted"], &answer["limits"][0]["left"]), (&json!(true), &json!(1)));
    }
    let mut caller = Caller::connect(plane.address).await;
    assert_eq!(caller.call(&chat(GLM)).await.status, 200);
    let (_, answer) = operate(&plane, "POST", "/repoint/v1/explain", &question).await;
    assert_eq!((&answer["admitted"], &answer["retry_after_seconds"]), (&json!(false), &json!(60.0)));
    assert_eq!(answer["limits"][0]["source_group"], "grp");
    assert_eq!(caller.call(&chat(GLM)).await.header("retry-after"), Some("60"));
    for (question, reason) in [
        (json!({"api_key_prefix": "sky_nobody", "slug": GLM}), "the key does not exist"),
        (json!({"group_id": "grp", "slug": "my-org/x"}), "group grp may not call my-org/x"),
    ] {
        let (_, answer) = operate(&plane, "POST", "/repoint/v1/explain", &question).await;
        assert_eq!(answer["reason"], reason);
    }
    assert_eq!(operate(&plane, "POST", "/repoint/v1/explain", &json!({"slug": GLM})).await.0, 400);
}

#[tokio::test]
async fn the_clock_goes_forward_alone_and_only_where_it_is_virtual() {
    let plane = simulated(&[]).await;
    let (status, answer) = operate(&plane, "PUT", "/repoint/v1/clock", &json!({"advance_seconds": 86_400})).await;
    assert_eq!((status, &answer["now"]), (200, &json!("1970-01-02T00:00:00.000000Z")));
    for body in [json!({"now": "1970-01-01T00:00:00Z"}), json!({}), json!({"advance_seconds": -1})] {
        assert_eq!(operate(&plane, "PUT", "/repoint/v1/clock", &body).await.0, 400);
    }
    let real = Plane::start(Script::start().await.address).await;
    assert_eq!(operate(&real, "PUT", "/repoint/v1/clock", &json!({"advance_seconds": 1})).await.0, 400);
    assert_eq!(operate(&real, "GET", "/repoint/v1/clock", &Value::Null).await.1["is_virtual"], false);
}

#[tokio::test]
async fn requests_are_listed_and_streamed_and_the_stream_ends_with_the_gateway() {
    let upstream = Script::start().await.always(|_| completion());
    let plane = Plane::start(upstream).await;
    let mut caller = Caller::connect(plane.address).await;
    assert_eq!(caller.call(&chat(GLM)).await.status, 200);
    plane.recorded(1).await;
    let (_, listed) = operate(&plane, "GET", "/repoint/v1/requests?limit=5", &Value::Null).await;
    assert_eq!((&listed["requests"][0]["slug"], &listed["requests"][0]["status"]), (&json!(GLM), &json!(200)));
    let request = Request::builder()
        .uri("/repoint/v1/requests")
        .header("accept", "text/event-stream")
        .body(Body::empty())
        .unwrap();
    let stream = operator_router(plane.shared.clone()).oneshot(request).await.unwrap().into_body();
    assert_eq!(caller.call(&post("/v1/chat/completions", "[]")).await.status, 400);
    plane.recorded(2).await;
    plane.stop().await;
    let text = stream.collect().await.unwrap().to_bytes();
    let text = String::from_utf8_lossy(&text);
    assert_eq!(text.matches("event: request\n").count(), 2, "{text}");
}

#[tokio::test]
async fn metrics_are_open_and_name_no_customers() {
    let upstream = Script::start().await.always(|_| completion());
    let plane = Plane::start(upstream).await;
    assert_eq!(Caller::connect(plane.address).await.call(&chat(GLM)).await.status, 200);
    plane.recorded(1).await;
    let request = Request::builder().uri("/metrics").body(Body::empty()).unwrap();
    let answer = open_router(plane.shared.clone()).oneshot(request).await.unwrap();
    let text = String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap();
    assert!(
        text.contains(
            r#"repoint_requests_total{slug="my-org/glm",provider="BASETEN",status="200",outcome="complete"} 1"#
        ),
        "{text}"
    );
    assert!(text.contains(r#"repoint_tokens_total{slug="my-org/glm",provider="BASETEN",kind="output"} 7"#), "{text}");
    assert!(!text.contains("cust_42") && !text.contains(PREFIX));
}
