//! What is charged, whatever an upstream tells and however it tells it.

use std::io::Write as _;

use repoint::api::{EventTokens, Provider, Target, Time};
use repoint::gateway::clock::Clock;
use serde_json::{Value, json};

use super::caller::{Answer, Caller, chat, chat_stream, post};
use super::plane::{GLM, Plane, settings};
use super::script::{Arrived, EVENTS, Script, json_answer};

/// One request and its answer: what the caller saw, and what was charged of what.
struct Charged {
    answer: Answer,
    tokens: (u64, u64, u64),
    is_estimated: bool,
    outcome: &'static str,
}

fn parts(tokens: EventTokens) -> (u64, u64, u64) {
    (tokens.input_tokens, tokens.output_tokens, tokens.cached_input_tokens)
}

async fn charged(request: &str, answer: impl Fn(&Arrived) -> String + Send + Sync + 'static) -> Charged {
    let upstream = Script::start().await.always(answer);
    let plane = Plane::start(upstream).await;
    if request.starts_with("POST /v1/messages") {
        plane.serve(2, &[(GLM, Target::external(Provider::Anthropic, "s", "claude"))]);
    }
    let answer = Caller::connect(plane.address).await.call(request).await;
    let record = &plane.recorded(1).await[0];
    let told = (parts(record.tokens), record.tokens_are_estimated);
    let outcome = record.outcome;
    for event in plane.stop().await {
        // The event, the list of requests and the limits say the same.
        assert_eq!((parts(event.tokens), event.tokens_are_estimated), told);
        assert_eq!(event.outcome.as_deref(), (outcome != "complete").then_some(outcome));
    }
    Charged { answer, tokens: told.0, is_estimated: told.1, outcome }
}

fn stream(events: &str) -> String {
    format!("{EVENTS}{:x}\r\n{events}\r\n0\r\n\r\n", events.len())
}

fn ask(members: &Value) -> String {
    let mut body = json!({"model": GLM});
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    post("/v1/chat/completions", &body.to_string())
}

#[tokio::test]
async fn what_an_anthropic_stream_told_first_is_not_wiped_by_what_it_tells_later() {
    let request =
        post("/v1/messages", r#"{"model":"my-org/glm","stream":true,"messages":[{"role":"user","content":"hi"}]}"#);
    for (start, delta, wanted) in [
        (r#"{"input_tokens":25,"output_tokens":1}"#, r#"{"input_tokens":0,"output_tokens":9}"#, (25, 9, 0)),
        (
            r#"{"input_tokens":25,"cache_read_input_tokens":100,"output_tokens":1}"#,
            r#"{"input_tokens":25,"output_tokens":9}"#,
            (125, 9, 100),
        ),
    ] {
        let events = format!(
            "event: message_start\ndata: {{\"type\":\"message_start\",\"message\":{{\"model\":\"claude\",\"usage\":{start}}}}}\n\n\
             event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"delta\":{{\"type\":\"text_delta\",\"text\":\"hi\"}}}}\n\n\
             event: message_delta\ndata: {{\"type\":\"message_delta\",\"delta\":{{}},\"usage\":{delta}}}\n\n\
             event: message_stop\ndata: {{\"type\":\"message_stop\"}}\n\n"
        );
        let sent = stream(&events);
        let charged = charged(&request, move |_| sent.clone()).await;
        assert_eq!((charged.tokens, charged.is_estimated, charged.outcome), (wanted, false, "complete"));
        assert_eq!(charged.answer.body, events.replace("\"claude\"", "\"my-org/glm\""));
    }
}

#[tokio::test]
async fn a_limit_of_uncached_tokens_counts_what_anthropic_told_first() {
    let events = "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":25,\"output_tokens\":1}}}\n\n\
        data: {\"type\":\"message_delta\",\"usage\":{\"input_tokens\":0,\"output_tokens\":2}}\n\ndata: {\"type\":\"message_stop\"}\n\n";
    let upstream = Script::start().await.always(|_| stream(events));
    let plane = Plane::start_with(upstream, settings(), |shared| shared.clock = Clock::fixed(Time::EPOCH)).await;
    plane.serve(2, &[(GLM, Target::external(Provider::Anthropic, "s", "claude"))]);
    let limits = [json!({"type": "UNCACHED_INPUT_TOKEN", "unit": "MINUTE", "threshold": 30})];
    plane.grant(&json!([{"slug": GLM, "rate_limits": limits}]));
    let mut caller = Caller::connect(plane.address).await;
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(caller.call(&post("/v1/messages", r#"{"model":"my-org/glm","stream":true}"#)).await.status);
    }
    assert_eq!(statuses, [200, 200, 429, 429, 429, 429, 429, 429]);
}

#[tokio::test]
async fn usage_is_read_in_every_spelling_and_an_odd_member_costs_itself_alone() {
    for (usage, wanted) in [
        (
            r#"{"prompt_tokens":40,"completion_tokens":11,"total_tokens":121,"completion_tokens_details":{"reasoning_tokens":70}}"#,
            (40, 81, 0),
        ),
        (
            r#"{"prompt_tokens":112,"completion_tokens":5,"cache_read_input_tokens":100,"cache_creation_input_tokens":7}"#,
            (112, 5, 100),
        ),
        (
            r#"{"prompt_tokens":112,"completion_tokens":5,"prompt_cache_hit_tokens":100,"prompt_cache_miss_tokens":12}"#,
            (112, 5, 100),
        ),
        (r#"{"prompt_tokens":25,"completion_tokens":5,"prompt_tokens_details":[]}"#, (25, 5, 0)),
        (r#"{"prompt_tokens":25,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":"3"}}"#, (25, 5, 3)),
        (r#"{"prompt_tokens":100.0,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":-1}}"#, (100, 5, 0)),
        (r#"{"prompt_tokens":25,"completion_tokens":5,"total_tokens":1e30}"#, (25, 5, 0)),
        (r#"{"prompt_tokens":25,"prompt_tokens":20,"output_tokens":5}"#, (25, 5, 0)),
    ] {
        let body = format!(r#"{{"model":"x","choices":[{{"message":{{"content":"hello"}}}}],"usage":{usage}}}"#);
        let whole = charged(&chat(GLM), move |_| json_answer(&body)).await;
        assert_eq!((whole.tokens, whole.is_estimated), (wanted, false), "{usage}");
        let events = stream(&format!(
            "data: {{\"choices\":[{{\"delta\":{{\"content\":\"hello\"}}}}]}}\n\ndata: {{\"choices\":[],\"usage\":{usage}}}\n\ndata: [DONE]\n\n"
        ));
        let streamed = charged(&chat_stream(GLM), move |_| events.clone()).await;
        assert_eq!((streamed.tokens, streamed.is_estimated), (wanted, false), "{usage}");
    }
}

#[tokio::test]
async fn an_answer_that_tells_nothing_or_zeros_is_estimated_and_marked() {
    let prompt = "x".repeat(400);
    let messages = json!([{"role": "user", "content": prompt}]);
    let text = "y".repeat(80);
    for usage in ["", r#","usage":null"#, r#","usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}"#] {
        let body = format!(r#"{{"choices":[{{"message":{{"role":"assistant","content":"{text}"}}}}]{usage}}}"#);
        let whole = charged(&ask(&json!({"messages": messages})), move |_| json_answer(&body)).await;
        assert_eq!((whole.tokens, whole.is_estimated, whole.outcome), ((101, 20, 0), true, "complete"), "{usage}");
        let events = stream(&format!(
            "data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":\"stop\"}}]{usage}}}\n\ndata: [DONE]\n\n"
        ));
        let request = ask(&json!({"messages": messages, "stream": true}));
        let streamed = charged(&request, move |_| events.clone()).await;
        assert_eq!((streamed.tokens, streamed.is_estimated), ((101, 20, 0), true), "{usage}");
    }
}

#[tokio::test]
async fn an_image_of_a_megabyte_is_no_prompt_of_250_000_tokens() {
    let image = format!("data:image/png;base64,{}", "A".repeat(1_000_000));
    let content =
        json!([{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": image}}]);
    let request = ask(&json!({"messages": [{"role": "user", "content": content}]}));
    let charged = charged(&request, |_| json_answer(r#"{"choices":[{"message":{"content":"a cat"}}]}"#)).await;
    assert_eq!((charged.tokens, charged.is_estimated), ((1_005, 2, 0), true));
}

#[tokio::test]
async fn who_leaves_while_the_model_works_is_charged_the_prompt() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let prompt = "x".repeat(400);
    let created = "data: {\"type\":\"response.created\",\"response\":{\"model\":\"x\",\"usage\":null}}\n\n";
    for (streams, status) in [(false, 499), (true, 200)] {
        let mut caller = Caller::connect(plane.address).await;
        let body = json!({"model": GLM, "input": prompt, "stream": streams}).to_string();
        caller.send(post("/v1/responses", &body)).await;
        let mut connection = upstream.accept().await;
        connection.request().await;
        if streams {
            connection.send(EVENTS).await;
            connection.chunk(created).await;
            caller.head().await;
            caller.chunk().await.unwrap();
        }
        drop(caller);
        connection.closed().await;
        let count = if streams { 2 } else { 1 };
        let records = plane.recorded(count).await;
        let record = records.iter().find(|record| record.status == status).unwrap();
        assert_eq!(parts(record.tokens), (100, 0, 0));
        assert_eq!((record.outcome, record.tokens_are_estimated), ("caller_gone", true));
    }
    assert_eq!(plane.stop().await.len(), 2);
}

#[tokio::test]
async fn who_leaves_before_the_upstream_has_the_request_is_charged_nothing() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    let head = post("/v1/chat/completions", "{\"model\":\"my-org/glm\",\"messages\":[]}");
    caller.send(&head[..head.len() - 1]).await;
    drop(caller);
    let record = &plane.recorded(1).await[0];
    assert_eq!(parts(record.tokens), (0, 0, 0));
    assert!(plane.stop().await.is_empty() && upstream.is_untouched());
}

#[tokio::test]
async fn usage_of_each_choice_adds_up() {
    let chunk = |index: u64, output: u64| {
        format!(
            "data: {{\"choices\":[{{\"index\":{index},\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\n\
             data: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":10,\"completion_tokens\":{output},\"total_tokens\":{}}}}}\n\n",
            10 + output
        )
    };
    let events = stream(&format!("{}{}data: [DONE]\n\n", chunk(0, 4), chunk(1, 6)));
    for (options, usage_chunks) in [(json!({}), 0), (json!({"stream_options": {"include_usage": true}}), 2)] {
        let mut members = json!({"messages": [], "stream": true, "n": 2});
        members.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        let events = events.clone();
        let charged = charged(&ask(&members), move |_| events.clone()).await;
        assert_eq!((charged.tokens, charged.is_estimated), ((10, 10, 0), false));
        assert_eq!(charged.answer.body.matches("\"usage\"").count(), usage_chunks);
    }
}

#[tokio::test]
async fn large_split_and_marked_events_are_renamed_and_charged_like_any_other() {
    let large = "z".repeat(3 << 20);
    let usage = "\"usage\":{\"input_tokens\":3,\"output_tokens\":4}";
    for (events, renamed) in [
        (
            format!(
                "data: {{\"type\":\"response.completed\",\"response\":{{\"output\":[\"{large}\"],\"model\":\"x\",{usage}}}}}\n\n"
            ),
            true,
        ),
        (
            format!(
                "data: {{\"type\":\"response.completed\",\ndata: \"response\":{{\"model\":\ndata: \"x\",{usage}}}}}\n\n"
            ),
            false,
        ),
        (
            format!("\u{feff}data: {{\"type\":\"response.completed\",\"response\":{{\"model\":\"x\",{usage}}}}}\n\n"),
            true,
        ),
    ] {
        let request = post("/v1/responses", r#"{"model":"my-org/glm","input":"hi","stream":true}"#);
        let sent = stream(&events);
        let charged = charged(&request, move |_| sent.clone()).await;
        assert_eq!((charged.tokens, charged.is_estimated, charged.outcome), ((3, 4, 0), false, "complete"));
        let wanted = if renamed {
            events.replace("\"model\":\"x\"", "\"model\":\"my-org/glm\"")
        } else {
            events.replace("\"x\"", "\"my-org/glm\"")
        };
        assert!(charged.answer.body == wanted, "{}", &charged.answer.body[..200.min(charged.answer.body.len())]);
    }
    let marked = "\u{feff}{\"model\":\"x\",\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}";
    let charged = charged(&chat(GLM), move |_| json_answer(marked)).await;
    assert_eq!(
        (charged.tokens, charged.answer.body.as_str()),
        ((3, 4, 0), marked.replace("\"x\"", "\"my-org/glm\"").as_str())
    );
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

async fn packed(request: &str, kind: &str, coding: &str, body: &[u8]) -> (Answer, (u64, u64, u64), &'static str) {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    caller.send(request).await;
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-encoding: {coding}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let (_, mut connection) = upstream.answer_once(&head).await;
    connection.send_bytes(body).await;
    let answer = caller.answer().await;
    let record = &plane.recorded(1).await[0];
    (answer, parts(record.tokens), record.outcome)
}

#[tokio::test]
async fn an_answer_in_a_coding_that_nobody_asked_for_is_unpacked_or_a_502() {
    let json = r#"{"model":"x","usage":{"prompt_tokens":3,"completion_tokens":4}}"#;
    let events = "data: {\"model\":\"x\",\"choices\":[{\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\ndata: [DONE]\n\n";
    let renamed = |text: &str| text.replace("\"x\"", "\"my-org/glm\"");
    for coding in ["gzip", "GZIP", "x-gzip", "identity, gzip"] {
        let (answer, tokens, _) = packed(&chat(GLM), "application/json", coding, &gzip(json)).await;
        assert_eq!((answer.status, tokens), (200, (3, 4, 0)), "{coding}");
        assert_eq!(answer.header("content-encoding"), None);
        assert_eq!(answer.body, renamed(json));
    }
    let request = ask(&json!({"messages": [], "stream": true, "stream_options": {"include_usage": true}}));
    let (answer, tokens, _) = packed(&request, "text/event-stream", "gzip", &gzip(events)).await;
    assert_eq!((answer.status, tokens, answer.is_whole), (200, (3, 4, 0), true));
    assert_eq!(answer.header("content-encoding"), None);
    assert_eq!(answer.body, renamed(events));
    let (answer, tokens, _) = packed(&chat(GLM), "application/json", "Identity", json.as_bytes()).await;
    assert_eq!((answer.body, tokens), (renamed(json), (3, 4, 0)));
    for (coding, body) in [("br", json.as_bytes()), ("gzip", b"zip".as_slice()), ("gzip", &gzip(json)[..20])] {
        let (answer, tokens, outcome) = packed(&chat(GLM), "application/json", coding, body).await;
        assert_eq!((answer.status, tokens, outcome), (502, (0, 0, 0), "upstream_failed"), "{coding}");
    }
    let (answer, _, outcome) = packed(&request, "text/event-stream", "gzip", &gzip(events)[..30]).await;
    assert_eq!((answer.is_whole, outcome), (false, "upstream_cut"));
}

#[tokio::test]
async fn a_switch_that_is_no_switch_is_a_400() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    for members in [
        r#""stream":1"#,
        r#""stream":"true""#,
        r#""stream":1.0"#,
        r#""stream":true,"stream_options":7"#,
        r#""stream":true,"stream_options":[]"#,
        r#""stream":true,"stream_options":{"Include_Usage":false}"#,
        r#""stream":true,"stream_options":{"include_usage":1}"#,
    ] {
        let answer = caller.call(&post("/v1/chat/completions", &format!(r#"{{"model":"{GLM}",{members}}}"#))).await;
        assert_eq!(answer.status, 400, "{members}");
    }
    assert!(upstream.is_untouched());
    for members in
        [r#""stream":null"#, r#""stream":false,"stream_options":null"#, r#""stream":true,"stream_options":{}"#]
    {
        caller.send(post("/v1/chat/completions", &format!(r#"{{"model":"{GLM}",{members}}}"#))).await;
        let (_, _connection) = upstream
            .answer_once(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}",
            )
            .await;
        assert_eq!(caller.answer().await.status, 200, "{members}");
    }
}

#[tokio::test]
async fn an_upstream_that_refuses_the_question_for_usage_is_asked_once_more_and_then_no_longer() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let events =
        stream("data: {\"choices\":[{\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
    let refusal = r#"{"detail":[{"loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}"#;
    let refused = format!(
        "HTTP/1.1 422 Unprocessable Entity\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{refusal}",
        refusal.len()
    );
    let mut caller = Caller::connect(plane.address).await;
    caller.send(chat_stream(GLM)).await;
    let (first, mut connection) = upstream.answer_once(&refused).await;
    assert_eq!(first.json()["stream_options"]["include_usage"], true);
    let second = connection.request().await;
    assert!(second.json().get("stream_options").is_none());
    connection.send(&events).await;
    let answer = caller.answer().await;
    assert!(answer.status == 200 && answer.is_whole && answer.body.contains("hi"));
    // The next calls come on connections of their own, on which the script waits for them.
    drop(connection);
    // Whoever serves the next caller knows it too.
    for _ in 0..4 {
        let mut other = Caller::connect(plane.address).await;
        other.send(chat_stream(GLM)).await;
        let (arrived, _connection) = upstream.answer_once(&events).await;
        assert!(arrived.json().get("stream_options").is_none());
        assert_eq!(other.answer().await.status, 200);
    }
    // A refusal that is about something else is the caller's.
    plane.serve(2, &[(GLM, Target::external(Provider::OpenAi, "s", "other"))]);
    let mut caller = Caller::connect(plane.address).await;
    caller.send(chat_stream(GLM)).await;
    let about = r#"{"error":{"message":"the prompt is too long"}}"#;
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{about}",
        about.len()
    );
    let (_, _connection) = upstream.answer_once(&answer).await;
    let answer = caller.answer().await;
    assert_eq!((answer.status, answer.body.as_str()), (400, about));
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn a_json_answer_to_a_stream_keeps_its_usage() {
    let body = r#"{"model":"my-org/glm","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#;
    let charged = charged(&chat_stream(GLM), move |_| json_answer(body)).await;
    assert_eq!((charged.answer.body.as_str(), charged.tokens), (body, (3, 4, 0)));
}
