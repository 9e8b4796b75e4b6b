//! Connections to upstreams: when an answer ends, and when a connection may be used again.

use std::time::Duration;

use repoint::gateway::planes::data::Settings;

use super::caller::{Caller, chat, post, post_with};
use super::plane::{GLM, KEY, Plane, settings};
use super::script::{Script, completion, json_answer, status_answer};

/// One worker, so that a connection that could be used again would be.
async fn plane(upstream: &Script) -> Plane {
    Plane::start_with(upstream.address, Settings { workers: 1, ..settings() }, |_| ()).await
}

#[tokio::test]
async fn an_upstream_that_answers_before_it_has_read_everything_is_heard() {
    let upstream = Script::start().await;
    let plane = plane(&upstream).await;
    // More than sockets hold between the gateway and an upstream that does not read.
    let large = post("/v1/chat/completions", &format!(r#"{{"model":"{GLM}","user":"{}"}}"#, "x".repeat(24 << 20)));
    let mut caller = Caller::connect(plane.address).await;
    caller.send(large).await;
    let mut connection = upstream.accept().await;
    connection.head().await.unwrap();
    connection.send(&status_answer("413 Content Too Large", "application/json", r#"{"error":"no"}"#)).await;
    let answer = caller.answer().await;
    assert_eq!((answer.status, answer.body.as_str()), (413, r#"{"error":"no"}"#));
    // Half a request stands on that connection: nothing else may follow it there.
    caller.send(chat(GLM)).await;
    let (_, _other) = upstream.answer_once(&completion()).await;
    assert_eq!(caller.answer().await.status, 200);
    connection.closed().await;
}

#[tokio::test]
async fn what_comes_before_an_answer_is_passed_over() {
    let upstream = Script::start().await;
    let plane = plane(&upstream).await;
    let mut caller = Caller::connect(plane.address).await;
    caller.send(chat(GLM)).await;
    let early = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n";
    upstream.answer_once(&format!("{early}{}", completion())).await;
    let answer = caller.answer().await;
    assert_eq!((answer.status, answer.header("link")), (200, None));
}

#[tokio::test]
async fn an_answer_may_come_byte_by_byte() {
    let upstream = Script::start().await;
    let plane = plane(&upstream).await;
    let mut caller = Caller::connect(plane.address).await;
    let body = r#"{"id":"c1","choices":[]}"#;
    let chunked = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{:X};x=\"y\"\r\n{body}\r\n0\r\nx-t: 1\r\n\r\n",
        body.len()
    );
    caller.send(chat(GLM)).await;
    let mut connection = upstream.accept().await;
    for text in [json_answer(body), chunked] {
        connection.request().await;
        for byte in text.chars() {
            connection.send(&byte.to_string()).await;
        }
        let answer = caller.answer().await;
        assert_eq!((answer.status, answer.body.as_str(), answer.header("x-t")), (200, body, None));
        caller.send(chat(GLM)).await;
    }
}

#[tokio::test]
async fn what_follows_an_answer_unasked_is_nobodys_answer() {
    let upstream = Script::start().await;
    let plane = plane(&upstream).await;
    let mut caller = Caller::connect(plane.address).await;
    caller.send(chat(GLM)).await;
    let smuggled = json_answer(r#"{"id":"smuggled"}"#);
    let (_, mut first) = upstream.answer_once(&format!("{}{smuggled}", completion())).await;
    assert_eq!(caller.answer().await.json()["id"], "c1");
    caller.send(chat(GLM)).await;
    let (_, _second) = upstream.answer_once(&completion()).await;
    assert_eq!(caller.answer().await.json()["id"], "c1");
    first.closed().await;
}

#[tokio::test]
async fn a_connection_is_used_again_after_chunks_and_after_a_length() {
    let upstream = Script::start().await;
    let plane = plane(&upstream).await;
    let mut caller = Caller::connect(plane.address).await;
    let chunked =
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    caller.send(chat(GLM)).await;
    let (_, mut connection) = upstream.answer_once(chunked).await;
    assert_eq!(caller.answer().await.body, "hi");
    for text in [completion(), chunked.to_owned(), completion()] {
        caller.send(chat(GLM)).await;
        connection.request().await;
        connection.send(&text).await;
        assert_eq!(caller.answer().await.status, 200);
    }
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn a_length_beside_chunks_is_believed_by_nobody() {
    let upstream = Script::start().await;
    let plane = plane(&upstream).await;
    let mut caller = Caller::connect(plane.address).await;
    caller.send(chat(GLM)).await;
    let both = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    upstream.answer_once(both).await;
    let answer = caller.answer().await;
    assert_eq!((answer.body.as_str(), answer.header("content-length"), answer.is_whole), ("hi", None, true));
}

#[tokio::test]
async fn an_answer_whose_end_is_in_doubt_is_a_502_and_ends_its_connection() {
    let upstream = Script::start().await;
    let plane = plane(&upstream).await;
    let mut caller = Caller::connect(plane.address).await;
    for lines in [
        "content-length: 2\r\ncontent-length: 3\r\n",
        "content-length: 2, 3\r\n",
        "content-length: +2\r\n",
        "transfer-encoding: gzip, chunked\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
        "content-length : 2\r\n",
        "no colon\r\n",
    ] {
        caller.send(chat(GLM)).await;
        let text = format!("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n{lines}\r\nhi");
        let (_, mut connection) = upstream.answer_once(&text).await;
        assert_eq!(caller.answer().await.status, 502, "{lines}");
        connection.closed().await;
    }
    for body in ["x\r\nhi\r\n0\r\n\r\n", "2\nhi\n0\n\n", "2\r\nhiX0\r\n\r\n", "fffffffffffffffff\r\nhi"] {
        caller = Caller::connect(plane.address).await;
        caller.send(chat(GLM)).await;
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n";
        let (_, mut connection) = upstream.answer_once(&format!("{head}{body}")).await;
        assert!(!caller.answer().await.is_whole, "{body}");
        connection.closed().await;
    }
}

#[tokio::test]
async fn many_connections_that_the_upstream_closed_together_cost_nobody_a_request() {
    let upstream = Script::start().await;
    let plane = plane(&upstream).await;
    let mut callers = Vec::new();
    let mut connections = Vec::new();
    // More than a task may read before it is asked to make room for others.
    for _ in 0..200 {
        let mut caller = Caller::connect(plane.address).await;
        caller.send(chat(GLM)).await;
        let mut connection = upstream.accept().await;
        connection.request().await;
        callers.push(caller);
        connections.push(connection);
    }
    for (caller, connection) in callers.iter_mut().zip(&mut connections) {
        connection.send(&completion()).await;
        assert_eq!(caller.answer().await.status, 200);
    }
    drop(connections);
    callers[0].send(chat(GLM)).await;
    let (_, _connection) = upstream.answer_once(&completion()).await;
    assert_eq!(callers[0].answer().await.status, 200);
}

#[tokio::test]
async fn an_upstream_that_never_pauses_is_over_time_too() {
    let upstream = Script::start().await;
    let limited = Settings { workers: 1, time_limit: Duration::from_millis(300), ..settings() };
    let plane = Plane::start_with(upstream.address, limited, |_| ()).await;
    let mut caller = Caller::connect(plane.address).await;
    caller.send(chat(GLM)).await;
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut connection = upstream.accept().await;
    connection.request().await;
    // The first pieces come with the head: the body is never waited for.
    connection.send(&format!("{head}{}", "1\r\nx\r\n".repeat(40_000))).await;
    let endless = tokio::spawn(async move { while connection.try_chunk("x").await {} });
    while caller.take_some().await {}
    endless.await.unwrap();
}

#[tokio::test]
async fn a_flood_of_heads_that_are_no_answer_is_a_502() {
    let upstream = Script::start().await;
    let plane = plane(&upstream).await;
    let mut caller = Caller::connect(plane.address).await;
    caller.send(chat(GLM)).await;
    let early = "HTTP/1.1 100 Continue\r\n\r\n".repeat(1_000);
    upstream.answer_once(&format!("{early}{}", completion())).await;
    assert_eq!(caller.answer().await.status, 502);
}

#[tokio::test]
async fn a_json_answer_that_ends_with_its_connection_is_whole_only_where_it_can_be_read() {
    let upstream = Script::start().await;
    let plane = plane(&upstream).await;
    let mut caller = Caller::connect(plane.address).await;
    for (body, status) in [(r#"{"id":"c1","model":"x"}"#, 200), (r#"{"id":"c1","mod"#, 502), ("", 502)] {
        caller.send(chat(GLM)).await;
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
        upstream.answer_once(&format!("{head}{body}")).await;
        assert_eq!(caller.answer().await.status, status, "{body}");
    }
}

#[tokio::test]
async fn an_answer_without_a_body_is_complete_and_its_connection_is_used_again() {
    let upstream = Script::start().await;
    let plane = plane(&upstream).await;
    let mut caller = Caller::connect(plane.address).await;
    caller.send(chat(GLM)).await;
    let mut connection = upstream.accept().await;
    for (head, status, length) in [
        ("HTTP/1.1 429 Too Many\r\ncontent-length: 0\r\nretry-after: 7\r\n\r\n", 429, Some("0")),
        ("HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n", 204, None),
        ("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 0\r\n\r\n", 200, Some("0")),
    ] {
        connection.request().await;
        connection.send(head).await;
        let (got, text) = caller.head().await;
        assert_eq!(got, status);
        let told = text.lines().find_map(|line| line.strip_prefix("content-length: "));
        assert_eq!(told, length, "{text}");
        caller.send(chat(GLM)).await;
    }
    let recorded = plane.recorded(3).await;
    assert!(recorded.iter().all(|request| request.outcome == "complete"), "{recorded:?}");
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn what_connection_names_stays_here_whatever_else_it_names() {
    let upstream = Script::start().await;
    let plane = plane(&upstream).await;
    let mut caller = Caller::connect(plane.address).await;
    let named = "connection: x-secret, \u{e9}\r\nx-secret: 1\r\nx-kept: 2\r\n";
    let auth = format!("authorization: Api-Key {KEY}\r\n");
    caller.send(post_with("/v1/chat/completions", &(auth + named), r#"{"model":"my-org/glm"}"#)).await;
    let (arrived, _connection) = upstream.answer_once(&completion()).await;
    assert_eq!((arrived.header("x-secret"), arrived.header("x-kept")), (None, Some("2")));
}
