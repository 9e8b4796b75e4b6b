//! What happens while requests are under way: re-points, the end of the gateway, and callers who try tricks.

use repoint::api::Target;

use super::caller::{Caller, chat, chat_stream, post_with};
use super::plane::{GLM, KEY, Plane};
use super::script::{EVENTS, Script, completion};

#[tokio::test]
async fn a_repoint_moves_new_requests_and_leaves_those_under_way() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut old = Caller::connect(plane.address).await;
    old.send(chat_stream(GLM)).await;
    let (_, mut old_connection) = upstream.answer_once(EVENTS).await;
    let (_, head) = old.head().await;
    assert!(head.contains("x-repoint-target: ep-my-org-glm BASETEN m/production 1\r\n"), "{head}");
    plane.serve(2, &[(GLM, Target::baseten("m", Some("staging")))]);
    let mut new = Caller::connect(plane.address).await;
    new.send(chat(GLM)).await;
    let (_, _connection) = upstream.answer_once(&completion()).await;
    let answer = new.answer().await;
    assert_eq!(answer.header("x-repoint-target"), Some("ep-my-org-glm BASETEN m/staging 2"));
    assert_eq!(plane.shared.snapshots.in_flight().into_iter().collect::<Vec<_>>(), [(1, 1)]);
    old_connection.chunk("data: [DONE]\n\n").await;
    old_connection.send("0\r\n\r\n").await;
    assert_eq!((old.chunk().await.unwrap().as_str(), old.chunk().await.unwrap().as_str()), ("data: [DONE]\n\n", ""));
    assert!(plane.shared.snapshots.in_flight().is_empty());
}

#[tokio::test]
async fn streams_under_way_end_whole_when_the_gateway_is_told_to_stop() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut streams = Vec::new();
    for _ in 0..100 {
        let mut caller = Caller::connect(plane.address).await;
        caller.send(chat_stream(GLM)).await;
        let (_, connection) = upstream.answer_once(EVENTS).await;
        caller.head().await;
        streams.push((caller, connection));
    }
    let idle = Caller::connect(plane.address).await;
    plane.begin_stop();
    assert_eq!(idle.rest().await, "");
    for (caller, connection) in &mut streams {
        connection.chunk("data: {\"choices\":[{}]}\n\n").await;
        connection.chunk("data: [DONE]\n\n").await;
        connection.send("0\r\n\r\n").await;
        let mut last = String::new();
        while let Some(chunk) = caller.chunk().await.filter(|chunk| !chunk.is_empty()) {
            last = chunk;
        }
        assert!(last.ends_with("data: [DONE]\n\n"), "{last}");
    }
    assert_eq!(plane.stop().await.len(), 100);
}

#[tokio::test]
async fn nothing_is_smuggled_behind_a_request_of_two_lengths() {
    let upstream = Script::start().await.always(|_| completion());
    let plane = Plane::start(upstream).await;
    let hidden = post_with("/v1/messages", "", "{}");
    let auth = format!("authorization: Api-Key {KEY}\r\n");
    for head in [
        "content-length: 4\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 4\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n",
        "content-length: 4\r\ncontent-length: 5\r\n",
        "content-length: +4\r\n",
        "transfer-encoding: xchunked\r\n",
        "transfer-encoding: gzip, chunked\r\n",
        "transfer-encoding: chunked, chunked\r\n",
        "Content-Length: 0\r\nX: y\r\nTransfer-Encoding: chunked\r\n",
        "host: other\r\ntransfer-encoding: chunked\r\n",
    ] {
        let mut caller = Caller::connect(plane.address).await;
        caller
            .send(format!("POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\n{auth}{head}\r\n0\r\n\r\n{hidden}"))
            .await;
        let text = caller.rest().await;
        assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "{head} {text}");
        assert!(text.starts_with("HTTP/1.1 400"), "{head} {text}");
    }
}

#[tokio::test]
async fn a_host_that_is_none_or_not_one_is_400_and_ends_the_connection() {
    let upstream = Script::start().await.always(|_| completion());
    let plane = Plane::start(upstream).await;
    for host in ["", "host: a\r\nhost: a\r\n", "host: a b\r\n", "host: user@a\r\n", "host: a/b\r\n"] {
        let mut caller = Caller::connect(plane.address).await;
        caller.send(format!("GET /v1/models HTTP/1.1\r\n{host}authorization: Api-Key {KEY}\r\n\r\n")).await;
        let text = caller.rest().await;
        assert!(text.starts_with("HTTP/1.1 400") && text.contains("Host"), "{host}: {text}");
    }
    for (version, host) in [("1.1", "host:\r\n"), ("1.1", "host: [::1]:80\r\n"), ("1.0", "")] {
        let mut caller = Caller::connect(plane.address).await;
        let line = "connection: close\r\n";
        caller.send(format!("GET /v1/models HTTP/{version}\r\n{host}{line}x-api-key: {KEY}\r\n\r\n")).await;
        assert!(caller.rest().await.contains(" 200 OK\r\n"), "{version} {host}");
    }
}

#[tokio::test]
async fn both_lengths_behind_another_request_in_one_piece_are_refused_too() {
    let upstream = Script::start().await.always(|_| completion());
    let plane = Plane::start(upstream).await;
    let auth = format!("authorization: Api-Key {KEY}\r\n");
    let first = post_with("/v1/chat/completions", &auth, r#"{"model":"my-org/glm"}"#);
    let both = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\n{auth}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
    );
    let mut caller = Caller::connect(plane.address).await;
    caller.send(first.clone() + &both + &chat(GLM)).await;
    let text = caller.rest().await;
    assert_eq!((text.matches("HTTP/1.1 200").count(), text.matches("HTTP/1.1 400").count()), (1, 1), "{text}");
    // Those that tell one length are served, in one piece as well.
    let mut caller = Caller::connect(plane.address).await;
    caller.send(first.clone() + &first).await;
    assert_eq!((caller.answer().await.status, caller.answer().await.status), (200, 200));
}
