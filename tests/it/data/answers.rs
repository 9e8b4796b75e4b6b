//! What goes up and what comes back.

use std::collections::BTreeSet;

use super::caller::{Caller, chat, chat_stream, post, post_with};
use super::plane::{GLM, KEY, Plane, RENAMED, UPSTREAM_MODEL};
use super::script::{EVENTS, Script, completion};

#[tokio::test]
async fn the_slug_becomes_the_targets_model_and_comes_back() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    let body = r#"{ "n": 1.0, "model":"my-org/renamed", "x":[1e2, "é"] }"#;
    caller.send(post("/v1/chat/completions", body)).await;
    let (arrived, _upstream_connection) = upstream.answer_once(&completion()).await;
    assert_eq!(arrived.line(), "POST /v1/chat/completions HTTP/1.1");
    assert_eq!(arrived.body, body.replace(RENAMED, UPSTREAM_MODEL).as_bytes());
    let answer = caller.answer().await;
    assert_eq!(answer.status, 200);
    let sent = completion().split_once("\r\n\r\n").unwrap().1.to_owned();
    assert_eq!(answer.body, sent.replace(UPSTREAM_MODEL, RENAMED));
    assert_eq!(answer.header("x-repoint-target"), Some("ep-my-org-renamed BASETEN m/production 1"));
    let record = &plane.recorded(1).await[0];
    assert_eq!((record.status, record.outcome, record.tokens.input_tokens), (200, "complete", 11));
    let events = plane.stop().await;
    assert_eq!(events.len(), 1);
    assert_eq!(Some(events[0].request_id.as_str()), answer.header("x-baseten-request-id"));
    assert_eq!((events[0].tokens.output_tokens, events[0].tokens.cached_input_tokens), (7, 4));
    assert_eq!((events[0].model_slug.as_str(), events[0].external_entity_id.as_str()), (RENAMED, "cust_42"));
}

#[tokio::test]
async fn credentials_cookies_and_forwarding_headers_stay_here_and_others_pass() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    let headers = format!(
        "authorization: Bearer {KEY}\r\nx-api-key: {KEY}\r\ncookie: a=b\r\nx-forwarded-for: 1.2.3.4\r\nforwarded: for=1\r\n\
         via: x\r\nx-real-ip: 1.2.3.4\r\nconnection: keep-alive, x-secret\r\nx-secret: 1\r\nkeep-alive: 5\r\nte: trailers\r\n\
         accept-encoding: gzip\r\nx-custom: kept\r\nopenai-organization: org\r\nuser-agent: sdk/1\r\n"
    );
    caller.send(post_with("/v1/chat/completions?beta=true", &headers, r#"{"model":"my-org/glm"}"#)).await;
    let (arrived, _connection) = upstream.answer_once(&completion()).await;
    assert_eq!(arrived.line(), "POST /v1/chat/completions?beta=true HTTP/1.1");
    for name in [
        "authorization",
        "x-api-key",
        "cookie",
        "x-forwarded-for",
        "forwarded",
        "via",
        "x-real-ip",
        "connection",
        "x-secret",
        "keep-alive",
        "te",
    ] {
        assert_eq!(arrived.header(name), None, "{name}");
    }
    for (name, value) in
        [("accept-encoding", "identity"), ("x-custom", "kept"), ("openai-organization", "org"), ("user-agent", "sdk/1")]
    {
        assert_eq!(arrived.header(name), Some(value));
    }
    assert_eq!(arrived.header("host"), Some(upstream.address.to_string().as_str()));
    assert!(!arrived.head.contains("canary"));
}

#[tokio::test]
async fn a_stream_passes_chunk_by_chunk_with_the_slug_and_without_hidden_usage() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    caller.send(chat_stream(GLM)).await;
    let (arrived, mut connection) = upstream.answer_once(EVENTS).await;
    assert_eq!(arrived.json()["stream_options"]["include_usage"], true);
    assert_eq!(caller.head().await.0, 200);
    for word in ["one", "two"] {
        // Each is seen before the next is sent.
        connection
            .chunk(&format!(
                "data: {{\"model\":\"x\",\"choices\":[{{\"delta\":{{\"content\":\"{word}\"}}}}],\"usage\":null}}\n\n"
            ))
            .await;
        let expected =
            format!("data: {{\"model\":\"my-org/glm\",\"choices\":[{{\"delta\":{{\"content\":\"{word}\"}}}}]}}\n\n");
        assert_eq!(caller.chunk().await.unwrap(), expected);
    }
    connection
        .chunk("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n")
        .await;
    connection.send("0\r\n\r\n").await;
    assert_eq!(caller.chunk().await.unwrap(), "data: [DONE]\n\n");
    assert_eq!(caller.chunk().await.unwrap(), "");
    let events = plane.stop().await;
    assert_eq!((events.len(), events[0].tokens.input_tokens, events[0].tokens.output_tokens), (1, 9, 2));
}

#[tokio::test]
async fn a_stream_that_the_upstream_cuts_is_visibly_broken_and_still_counted() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    caller.send(chat_stream(GLM)).await;
    let (_, mut connection) = upstream.answer_once(EVENTS).await;
    connection.chunk("data: {\"choices\":[{}]}\n\n").await;
    assert_eq!(caller.head().await.0, 200);
    assert!(caller.chunk().await.is_some());
    connection.reset();
    assert_eq!(caller.chunk().await, None);
    let record = &plane.recorded(1).await[0];
    assert_eq!((record.outcome, record.tokens.output_tokens, record.tokens_are_estimated), ("upstream_cut", 1, true));
    assert_eq!(plane.stop().await.len(), 1);
}

#[tokio::test]
async fn a_caller_who_goes_takes_the_upstream_call_along() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    for streams in [false, true] {
        let mut caller = Caller::connect(plane.address).await;
        caller.send(if streams { chat_stream(GLM) } else { chat(GLM) }).await;
        let mut connection = upstream.accept().await;
        connection.request().await;
        if streams {
            connection.send(EVENTS).await;
            connection.chunk("data: {\"choices\":[{}]}\n\n").await;
            caller.head().await;
            caller.chunk().await.unwrap();
        }
        drop(caller);
        connection.closed().await;
    }
    let records = plane.recorded(2).await;
    // Two threads wrote them down, in no order.
    let ends: BTreeSet<_> = records.iter().map(|record| (record.status, record.outcome)).collect();
    assert_eq!(ends, BTreeSet::from([(499, "caller_gone"), (200, "caller_gone")]));
    // Both models had the prompt by then.
    assert_eq!(plane.stop().await.len(), 2);
}

#[tokio::test]
async fn connections_to_the_upstream_are_kept() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    caller.send(chat(GLM)).await;
    let (_, mut connection) = upstream.answer_once(&completion()).await;
    assert_eq!(caller.answer().await.status, 200);
    caller.send(chat(GLM)).await;
    connection.request().await;
    connection.send(&completion()).await;
    assert_eq!(caller.answer().await.status, 200);
    assert!(upstream.is_untouched());
}
