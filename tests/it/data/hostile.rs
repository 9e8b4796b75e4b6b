//! Callers who mean no good: nothing they send may hang, panic, or reach what it must not.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::caller::{Caller, chat, post};
use super::plane::{GLM, KEY, Plane};
use super::script::{Script, completion};

#[tokio::test]
async fn the_host_header_opens_nothing() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    for host in ["localhost", "127.0.0.1", "", "api.baseten.co", "a\tb"] {
        let mut caller = Caller::connect(plane.address).await;
        caller.send(format!("POST /v1/chat/completions HTTP/1.1\r\nhost: {host}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}")).await;
        let text = caller.rest().await;
        assert!(text.starts_with("HTTP/1.1 401") || text.starts_with("HTTP/1.1 400"), "{text}");
    }
    assert!(upstream.is_untouched());
}

#[test]
fn whatever_stands_in_the_credentials_is_refused_and_nothing_breaks() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (plane, upstream) = runtime.block_on(async {
        let upstream = Script::start().await;
        (Plane::start(upstream.address).await, upstream)
    });
    let mut runner = TestRunner::new(Config { failure_persistence: None, cases: 64, ..Config::default() });
    let header = prop::sample::select(vec!["authorization", "x-api-key", "cookie", "x-any"]);
    let value = proptest::collection::vec(
        prop::sample::select((0x20..=0xff_u8).filter(|byte| *byte != 0x7f).collect::<Vec<_>>()),
        0..80,
    );
    runner
        .run(&(header, value), |(header, value)| {
            let mut request =
                format!("POST /v1/messages HTTP/1.1\r\nhost: g\r\ncontent-length: 2\r\n{header}: ").into_bytes();
            request.extend(value);
            request.extend(b"\r\n\r\n{}");
            let answer = runtime.block_on(async {
                let mut caller = Caller::connect(plane.address).await;
                caller.send(request).await;
                caller.answer().await
            });
            prop_assert!(matches!(answer.status, 401 | 403), "{}", answer.status);
            let body = answer.json();
            prop_assert_eq!(body["type"].as_str(), Some("error"));
            Ok(())
        })
        .unwrap();
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn deep_huge_and_broken_bodies_are_answered() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    let deep = format!(r#"{{"model":"{GLM}","x":{}{}}}"#, "[".repeat(200_000), "]".repeat(200_000));
    let keys = format!(r#"{{{}"model":"{GLM}","model":"b"}}"#, r#""k":1,"#.repeat(100_000));
    for body in [deep, keys, "\u{0}".repeat(1_000), "{\"model\":\"".to_owned()] {
        let answer = caller.call(&post("/v1/chat/completions", &body)).await;
        assert_eq!((answer.status, answer.body.as_str()), (400, r#"{"error":"Invalid request body"}"#));
    }
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn what_is_no_http_is_answered_or_cut() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    for bytes in [
        "\r\n\r\n\r\n\r\nhello\r\n\r\n".to_owned(),
        "GET\r\n\r\n".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n".to_owned(),
        "\u{16}\u{3}\u{1}\u{2}".repeat(100),
        format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(100_000)),
        format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(5_000)),
        format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(600_000)),
        "POST /v1/chat/completions HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n".to_owned(),
        "GET / HTTP/1.1\r\nhost: a\r\n folded: b\r\n\r\n".to_owned(),
        "GET / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
    ] {
        let mut caller = Caller::connect(plane.address).await;
        caller.send(&bytes).await;
        caller.finish().await;
        let text = caller.rest().await;
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 4"), "{text}");
    }
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn a_key_in_a_body_or_a_path_leaves_no_trace() {
    let upstream = Script::start().await.always(|_| completion());
    let plane = Plane::start(upstream).await;
    let mut caller = Caller::connect(plane.address).await;
    assert_eq!(caller.call(&chat(GLM)).await.status, 200);
    assert_eq!(caller.call(&post(&format!("/v1/{KEY}"), "{}")).await.status, 404);
    let records = plane.recorded(2).await;
    assert!(!serde_json::to_string(&records).unwrap().contains("canary"));
    let metrics = plane.shared.metrics.text(repoint::gateway::records::metrics::Reading::default());
    assert!(
        metrics.contains("repoint_requests_total") && !metrics.contains("canary") && !metrics.contains("cust_42"),
        "{metrics}"
    );
    assert!(!format!("{:?}", plane.shared).contains("canary"));
}

#[tokio::test]
async fn a_head_that_is_not_taken_is_answered_in_the_usual_shape_and_as_often_as_it_comes() {
    let upstream = Script::start().await.always(|_| completion());
    let plane = Plane::start(upstream).await;
    for (status, head) in [
        (400, "GET / HTTP/1.1\r\nhost: a\r\n folded: b\r\n\r\n".to_owned()),
        (400, "GET / HTTP/9.1\r\nhost: a\r\n\r\n".to_owned()),
        (414, format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "a".repeat(70_000))),
        (431, format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(200))),
    ] {
        // Also behind a call that was served on the same connection.
        for calls in 0..3 {
            let mut caller = Caller::connect(plane.address).await;
            for _ in 0..calls {
                assert_eq!(caller.call(&chat(GLM)).await.status, 200);
            }
            caller.send(&head).await;
            let answer = caller.answer().await;
            assert!(answer.status == status && answer.is_whole, "{head:.60}: {}", answer.head);
            assert!(answer.json()["error"].is_string(), "{}", answer.body);
            assert_eq!(answer.header("x-baseten-request-id").map(str::len), Some(32));
            assert_eq!(answer.header("connection"), Some("close"));
        }
    }
}

#[tokio::test]
async fn an_upstreams_empty_431_passes_as_it_is() {
    let empty = "HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\n\r\n";
    let upstream = Script::start().await.always(move |_| empty.to_owned());
    let plane = Plane::start(upstream).await;
    let mut caller = Caller::connect(plane.address).await;
    for _ in 0..3 {
        let answer = caller.call(&chat(GLM)).await;
        assert_eq!((answer.status, answer.body.as_str(), answer.header("connection")), (431, "", None));
    }
}
