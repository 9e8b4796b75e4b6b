//! Upstreams that are slow, silent, broken, too large, or answer what nobody expects; and what each provider gets.

use std::time::Duration;

use repoint::api::{Provider, Target};
use repoint::gateway::planes::data::Settings;
use repoint::gateway::routing::provider::Providers;

use super::caller::{Caller, chat, chat_stream, post, post_with};
use super::plane::{GLM, KEY, Plane, SECRET, settings};
use super::script::{EVENTS, Script, completion, json_answer, status_answer};

#[tokio::test]
async fn an_upstream_that_refuses_is_502() {
    let gone = Script::start().await.address;
    let plane = Plane::start(gone).await;
    let answer = Caller::connect(plane.address).await.call(&chat(GLM)).await;
    assert_eq!(answer.status, 502);
    assert_eq!(answer.json()["error"], "the endpoint's upstream was not reached: the connection was refused");
    assert_eq!(plane.recorded(1).await[0].outcome, "upstream_failed");
    assert!(plane.stop().await.is_empty());
}

#[tokio::test]
async fn a_request_that_was_written_is_never_sent_again() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    caller.send(chat(GLM)).await;
    let mut connection = upstream.accept().await;
    connection.request().await;
    drop(connection);
    assert_eq!(caller.answer().await.status, 502);
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn an_idle_connection_that_the_upstream_closed_costs_nobody_a_request() {
    let upstream = Script::start().await;
    let plane = Plane::start_with(upstream.address, Settings { workers: 1, ..settings() }, |_| ()).await;
    let mut caller = Caller::connect(plane.address).await;
    for _ in 0..20 {
        caller.send(chat(GLM)).await;
        let (_, connection) = upstream.answer_once(&completion()).await;
        assert_eq!(caller.answer().await.status, 200);
        drop(connection);
    }
}

#[tokio::test]
async fn silence_past_the_time_limit_is_504_and_in_a_stream_the_end_of_the_body() {
    let upstream = Script::start().await;
    let settings = Settings { time_limit: Duration::from_millis(300), ..settings() };
    let plane = Plane::start_with(upstream.address, settings, |_| ()).await;
    let mut caller = Caller::connect(plane.address).await;
    caller.send(chat(GLM)).await;
    let mut silent = upstream.accept().await;
    assert_eq!(caller.answer().await.status, 504);
    silent.request().await;
    silent.closed().await;
    caller.send(chat_stream(GLM)).await;
    let (_, mut stalled) = upstream.answer_once(EVENTS).await;
    assert_eq!(caller.head().await.0, 200);
    assert_eq!(caller.chunk().await, None);
    stalled.closed().await;
}

#[tokio::test]
async fn an_upstreams_own_errors_and_redirects_pass_as_they_are() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    let body = r#"{"error":{"message":"upstream-model is busy","model":"x"}}"#;
    let mut connection = None;
    for (status, more) in
        [("500 Oops", ""), ("429 Slow", "retry-after: 7\r\n"), ("302 Found", "location: http://127.0.0.1:1/\r\n")]
    {
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{more}content-length: {}\r\n\r\n{body}",
            body.len()
        );
        caller.send(chat(GLM)).await;
        let connection = match &mut connection {
            Some(connection) => connection,
            none => none.insert(upstream.accept().await),
        };
        connection.request().await;
        connection.send(&answer).await;
        let passed = caller.answer().await;
        assert_eq!((passed.status.to_string().as_str(), passed.body.as_str()), (&status[..3], body));
    }
    assert!(plane.stop().await.is_empty());
}

#[tokio::test]
async fn what_is_no_json_passes_unrewritten_and_what_is_no_answer_uncounted() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    let mut connection = None;
    let answers = [
        (status_answer("200 OK", "text/plain", "model: x"), "model: x"),
        (status_answer("200 OK", "application/json", "{\"model\":"), "{\"model\":"),
    ];
    for (answer, body) in answers {
        caller.send(chat(GLM)).await;
        let connection = match &mut connection {
            Some(connection) => connection,
            none => none.insert(upstream.accept().await),
        };
        connection.request().await;
        connection.send(&answer).await;
        let passed = caller.answer().await;
        assert_eq!((passed.status, passed.body.as_str()), (200, body));
    }
    // What shall be JSON answers the prompt, though it says nothing of it.
    let events = plane.stop().await;
    let charged: Vec<_> = events.iter().map(|event| (event.tokens.input_tokens, event.tokens_are_estimated)).collect();
    assert_eq!(charged, [(0, false), (3, true)]);
}

#[tokio::test]
async fn cookies_and_hop_by_hop_headers_of_an_upstream_stay_here() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    caller.send(chat(GLM)).await;
    let body = r#"{"model":"x"}"#;
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nset-cookie: a=b\r\nconnection: x-hop\r\nx-hop: 1\r\nkeep-alive: 5\r\n\
         x-repoint-target: lie\r\nx-baseten-request-id: lie\r\nopenai-processing-ms: 5\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let (_, _connection) = upstream.answer_once(&answer).await;
    let passed = caller.answer().await;
    for name in ["set-cookie", "connection", "x-hop", "keep-alive"] {
        assert_eq!(passed.header(name), None, "{name}");
    }
    assert_eq!(passed.header("openai-processing-ms"), Some("5"));
    assert!(!passed.head.contains("lie"));
}

#[tokio::test]
async fn a_body_that_ends_with_the_connection_is_whole_only_where_it_says_so() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    for (tail, is_whole) in [("data: [DONE]\n\n", true), ("", false)] {
        let mut caller = Caller::connect(plane.address).await;
        caller.send(chat_stream(GLM)).await;
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        let (_, mut connection) = upstream.answer_once(head).await;
        connection.send(&format!("data: {{\"choices\":[{{}}]}}\n\n{tail}")).await;
        drop(connection);
        assert_eq!(caller.answer().await.is_whole, is_whole);
    }
}

#[tokio::test]
async fn a_json_answer_that_breaks_off_is_a_502() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    caller.send(chat(GLM)).await;
    let (_, connection) = upstream
        .answer_once("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"model\":")
        .await;
    drop(connection);
    assert_eq!(caller.answer().await.status, 502);
}

#[tokio::test]
async fn each_provider_gets_its_credentials_and_never_the_callers() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    let mut connection = None;
    for (provider, path, header, value) in [
        (Provider::OpenAi, "/v1/responses", "authorization", format!("Bearer {SECRET}")),
        (Provider::XAi, "/v1/chat/completions", "authorization", format!("Bearer {SECRET}")),
        (Provider::Anthropic, "/v1/chat/completions", "authorization", format!("Bearer {SECRET}")),
        (Provider::Anthropic, "/v1/messages", "x-api-key", SECRET.to_owned()),
    ] {
        plane.serve(2, &[(GLM, Target::external(provider, "s", "their-model"))]);
        caller.send(post(path, r#"{"model":"my-org/glm","messages":[]}"#)).await;
        let connection = match &mut connection {
            Some(connection) => connection,
            none => none.insert(upstream.accept().await),
        };
        let arrived = connection.request().await;
        connection.send(&completion()).await;
        assert_eq!(arrived.line(), format!("POST {path} HTTP/1.1"));
        assert_eq!(
            (arrived.header(header), arrived.json()["model"].as_str()),
            (Some(value.as_str()), Some("their-model"))
        );
        assert!(!arrived.head.contains(KEY));
        let version = arrived.header("anthropic-version");
        assert_eq!(version.is_some(), path == "/v1/messages");
        assert_eq!(caller.answer().await.status, 200);
    }
}

#[tokio::test]
async fn what_a_target_lacks_is_named_in_the_callers_dialect() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    let chat_path = "/v1/chat/completions";
    for (target, path, status, text) in [
        (Target::baseten("gone", None), chat_path, 502, "model gone"),
        (Target::baseten("m", Some("qa")), chat_path, 502, "environment qa of model m"),
        (Target::external(Provider::OpenAi, "deleted", "x"), chat_path, 502, "secret deleted"),
        (Target::external(Provider::Vertex, "s", "x"), chat_path, 501, "VERTEX"),
        (Target::external(Provider::OpenAi, "s", "x"), "/v1/messages", 400, "OPENAI has no /v1/messages"),
        (Target::external(Provider::Anthropic, "s", "x"), "/v1/embeddings", 400, "ANTHROPIC has no /v1/embeddings"),
    ] {
        plane.serve(2, &[(GLM, target)]);
        let answer = caller.call(&post(path, r#"{"model":"my-org/glm"}"#)).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        let json = answer.json();
        let message = if path == "/v1/messages" { &json["error"]["message"] } else { &json["error"] };
        assert!(message.as_str().unwrap().contains(text), "{message}");
    }
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn a_base_url_of_the_api_reaches_no_private_address() {
    let upstream = Script::start().await;
    let plane = Plane::start_with(upstream.address, settings(), |shared| shared.providers = Providers::default()).await;
    let mut caller = Caller::connect(plane.address).await;
    for host in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "169.254.169.254",
        "10.0.0.1",
        "[::ffff:127.0.0.1]",
        "0x7f000001",
        "2130706433",
    ] {
        let mut target = Target::external(Provider::OpenAiCompatible, "s", "x");
        target.base_url = Some(format!("https://{host}/v1"));
        plane.serve(2, &[(GLM, target)]);
        let answer = caller.call(&chat(GLM)).await;
        assert_eq!(answer.status, 502);
        assert!(answer.body.contains("not a public one"), "{host}: {}", answer.body);
    }
}

#[tokio::test]
async fn bodies_heads_and_connections_have_limits_with_a_status_each() {
    let upstream = Script::start().await;
    let limited = Settings {
        body_bytes_max: 1_000,
        bodies_bytes_max: 1_500,
        header_bytes_max: 2_000,
        connections_max: 3,
        body_timeout: Duration::from_millis(200),
        ..settings()
    };
    let plane = Plane::start_with(upstream.address, limited, |_| ()).await;
    let large = format!(r#"{{"model":"{GLM}","x":"{}"}}"#, "x".repeat(1_000));
    assert_eq!(Caller::connect(plane.address).await.call(&post("/v1/chat/completions", &large)).await.status, 413);
    let auth = format!("authorization: Api-Key {KEY}\r\n");
    let mut chunked = Caller::connect(plane.address).await;
    let size = format!("{:x}", large.len());
    chunked.send(format!("POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\n{auth}transfer-encoding: chunked\r\n\r\n{size}\r\n{large}\r\n0\r\n\r\n")).await;
    assert_eq!(chunked.answer().await.status, 413);
    let headers = format!("{auth}x-long: {}\r\n", "x".repeat(3_000));
    assert_eq!(
        Caller::connect(plane.address).await.call(&post_with("/v1/chat/completions", &headers, "{}")).await.status,
        431
    );
    let mut slow = Caller::connect(plane.address).await;
    slow.send(format!("POST /v1/messages HTTP/1.1\r\nhost: g\r\n{auth}content-length: 900\r\n\r\n{{")).await;
    let answer = slow.answer().await;
    assert_eq!((answer.status, answer.json()["type"].as_str()), (408, Some("error")));
}

#[tokio::test]
async fn past_all_bodies_and_connections_callers_get_503() {
    let upstream = Script::start().await;
    let limited = Settings { workers: 1, bodies_bytes_max: 1_500, connections_max: 2, ..settings() };
    let plane = Plane::start_with(upstream.address, limited, |_| ()).await;
    let body = format!(r#"{{"model":"{GLM}","x":"{}"}}"#, "x".repeat(900));
    let mut first = Caller::connect(plane.address).await;
    first.send(post("/v1/chat/completions", &body)).await;
    let mut connection = upstream.accept().await;
    connection.request().await;
    let mut second = Caller::connect(plane.address).await;
    assert_eq!(second.call(&post("/v1/chat/completions", &body)).await.status, 503);
    let mut third = Caller::connect(plane.address).await;
    let turned_away = third.answer().await;
    assert_eq!(turned_away.status, 503);
    assert_eq!(turned_away.header("x-baseten-request-id").map(str::len), Some(32));
    assert!(turned_away.json()["error"].is_string());
    connection.send(&json_answer(r#"{"model":"x"}"#)).await;
    assert_eq!(first.answer().await.status, 200);
    second.send(post("/v1/chat/completions", &body)).await;
    connection.request().await;
    connection.send(&completion()).await;
    assert_eq!(second.answer().await.status, 200);
}
