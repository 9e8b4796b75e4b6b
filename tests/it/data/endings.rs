//! How streams end: as what they were.

use serde_json::json;

use super::caller::{Answer, Caller, chat, chat_stream, post};
use super::plane::{GLM, KEY, Plane, settings};
use super::script::{EVENTS, Script, json_answer};

fn stream(events: &str) -> String {
    if events.is_empty() {
        return format!("{EVENTS}0\r\n\r\n");
    }
    format!("{EVENTS}{:x}\r\n{events}\r\n0\r\n\r\n", events.len())
}

/// The answer, its outcome, and what was charged for it.
async fn ended(request: &str, answer: String) -> (Answer, &'static str, (u64, u64)) {
    let upstream = Script::start().await.always(move |_| answer.clone());
    let plane = Plane::start(upstream).await;
    let answer = Caller::connect(plane.address).await.call(request).await;
    let record = &plane.recorded(1).await[0];
    let tokens = (record.tokens.input_tokens, record.tokens.output_tokens);
    let outcome = record.outcome;
    let errors = plane.shared.metrics.counted.errors.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(errors, u64::from(outcome != "complete"), "{outcome}");
    let text = plane.shared.metrics.text(repoint::gateway::records::metrics::Reading::default());
    assert!(text.contains(&format!("outcome=\"{outcome}\"")), "{text}");
    let events = plane.stop().await;
    if let Some(event) = events.first() {
        assert_eq!(event.outcome.as_deref(), (outcome != "complete").then_some(outcome));
    }
    (answer, outcome, tokens)
}

const TEXT: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n";
const FINISH: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";

#[tokio::test]
async fn a_stream_without_its_last_word_is_whole_once_every_choice_said_why_it_ended() {
    let (answer, outcome, _) = ended(&chat_stream(GLM), stream(&format!("{TEXT}{FINISH}"))).await;
    assert_eq!(
        (answer.is_whole, answer.body.as_str(), outcome),
        (true, format!("{TEXT}{FINISH}").as_str(), "complete")
    );
    let closing =
        format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{TEXT}{FINISH}");
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    caller.send(chat_stream(GLM)).await;
    let (_, connection) = upstream.answer_once(&closing).await;
    drop(connection);
    assert!(caller.answer().await.is_whole);
    // Of two choices, one alone did.
    let request =
        post("/v1/chat/completions", &json!({"model": GLM, "messages": [], "stream": true, "n": 2}).to_string());
    let (answer, outcome, _) = ended(&request, stream(&format!("{TEXT}{FINISH}"))).await;
    assert_eq!((answer.is_whole, outcome), (true, "upstream_error"));
}

#[tokio::test]
async fn an_error_within_a_stream_passes_and_is_counted_as_one() {
    let responses = post("/v1/responses", r#"{"model":"my-org/glm","input":"hi","stream":true}"#);
    let messages = post("/v1/messages", r#"{"model":"my-org/glm","messages":[],"stream":true}"#);
    let chat = chat_stream(GLM);
    for (request, events) in [
        (&chat, format!("{TEXT}data: {{\"error\":{{\"message\":\"out of memory\"}}}}\n\n")),
        (&chat, format!("{TEXT}data: {{\"error\":\"out of memory\"}}\n\ndata: [DONE]\n\n")),
        (&chat, "event: error\ndata: out of memory\n\n".to_owned()),
        (&chat, format!("{TEXT}data: {{\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"error\"}}]}}\n\ndata: [DONE]\n\n")),
        (&chat, TEXT.to_owned()),
        (&responses, "data: {\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"server_error\"}}}\n\n".to_owned()),
        (
            &responses,
            "data: {\"type\":\"response.incomplete\",\"response\":{\"incomplete_details\":{\"reason\":\"server_error\"}}}\n\n".to_owned(),
        ),
        (&responses, "data: {\"type\":\"error\",\"message\":\"x\"}\n\n".to_owned()),
        (&messages, "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}\n\n".to_owned()),
        (&messages, "data: {\"type\":\"message_start\",\"message\":{}}\n\n".to_owned()),
    ] {
        let (answer, outcome, _) = ended(request, stream(&events)).await;
        assert_eq!((answer.status, answer.is_whole, outcome), (200, true, "upstream_error"), "{events}");
        assert_eq!(answer.body, events);
    }
    let limited = "data: {\"type\":\"response.incomplete\",\"response\":{\"incomplete_details\":{\"reason\":\"max_output_tokens\"}}}\n\n";
    assert_eq!(ended(&responses, stream(limited)).await.1, "complete");
}

#[tokio::test]
async fn an_error_in_place_of_an_answer_is_an_error_whatever_the_status() {
    let body = r#"{"error":{"message":"out of memory"}}"#;
    let (answer, outcome, tokens) = ended(&chat(GLM), json_answer(body)).await;
    assert_eq!((answer.status, answer.body.as_str(), outcome, tokens), (200, body, "upstream_error", (0, 0)));
}

#[tokio::test]
async fn what_passed_before_an_error_is_charged_and_an_error_alone_is_not() {
    let prompt = "x".repeat(400);
    let request = post(
        "/v1/chat/completions",
        &json!({"model": GLM, "stream": true, "messages": [{"content": prompt}]}).to_string(),
    );
    let error = "data: {\"error\":{\"message\":\"x\"}}\n\n";
    assert_eq!(ended(&request, stream(error)).await.2, (0, 0));
    assert_eq!(ended(&request, stream(&format!("{TEXT}{TEXT}{error}"))).await.2, (100, 2));
    let told = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":0}}\n\n";
    assert_eq!(ended(&request, stream(&format!("{told}{error}"))).await.2, (7, 0));
}

#[tokio::test]
async fn a_stream_without_any_event_is_never_a_success() {
    for events in ["", ": ping\n\n: ping\n\n"] {
        let (answer, outcome, tokens) = ended(&chat_stream(GLM), stream(events)).await;
        assert_eq!((answer.is_whole, outcome, tokens), (false, "upstream_error", (0, 0)), "{events:?}");
    }
    let nothing = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 0\r\n\r\n";
    let (answer, outcome, _) = ended(&chat_stream(GLM), nothing.to_owned()).await;
    assert_eq!((answer.status, outcome), (502, "upstream_failed"));
}

#[tokio::test]
async fn a_caller_of_http_1_0_sees_a_reset_where_the_upstream_was_cut() {
    let upstream = Script::start().await;
    let plane = Plane::start_with(upstream.address, settings(), |_| ()).await;
    let body = r#"{"model":"my-org/glm","messages":[],"stream":true}"#;
    for is_cut in [true, false] {
        let mut caller = Caller::connect(plane.address).await;
        caller
            .send(format!(
                "POST /v1/chat/completions HTTP/1.0\r\nhost: g\r\nauthorization: Api-Key {KEY}\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            ))
            .await;
        let (_, mut connection) = upstream.answer_once(EVENTS).await;
        connection.chunk(TEXT).await;
        let (status, head) = caller.head().await;
        assert!(status == 200 && !head.contains("transfer-encoding"), "{head}");
        if is_cut {
            connection.reset();
        } else {
            connection.chunk("data: [DONE]\n\n").await;
            connection.send("0\r\n\r\n").await;
        }
        assert_eq!(caller.end().await.is_err(), is_cut);
    }
}

#[tokio::test]
async fn the_gateways_own_asking_for_usage_leaves_no_trace() {
    let usage = "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}";
    let done = "data: [DONE]\n\n";
    for (sent, seen) in [
        // LiteLLM: a choice with an empty delta beside usage.
        (
            format!("{TEXT}{FINISH}data: {{\"choices\":[{{\"index\":0,\"delta\":{{}}}}],{usage}}}\n\n{done}"),
            format!("{TEXT}{FINISH}{done}"),
        ),
        // Lines that belong to the chunk that is left out.
        (
            format!("id: 1\n{TEXT}{FINISH}id: 2\nevent: chunk\ndata: {{\"choices\":[],{usage}}}\n\n{done}"),
            format!("id: 1\n{TEXT}{FINISH}{done}"),
        ),
        // llama.cpp: what would have come with the last chunk.
        (
            format!(
                "{TEXT}{FINISH}data: {{\"choices\":[],{usage},\"timings\":{{\"prompt_n\":3}},\"system_fingerprint\":\"b1\"}}\n\n{done}"
            ),
            format!(
                "{TEXT}{}{done}",
                FINISH.replace("}\n\n", ",\"timings\":{\"prompt_n\":3},\"system_fingerprint\":\"b1\"}\n\n")
            ),
        ),
    ] {
        let (answer, outcome, tokens) = ended(&chat_stream(GLM), stream(&sent)).await;
        assert_eq!((answer.body, outcome, tokens), (seen, "complete", (3, 1)));
        let asked = json!({"model": GLM, "messages": [], "stream": true, "stream_options": {"include_usage": true}});
        let (answer, _, _) = ended(&post("/v1/chat/completions", &asked.to_string()), stream(&sent)).await;
        assert_eq!(answer.body, sent);
    }
}

#[tokio::test]
async fn a_last_chunk_does_not_wait_for_usage_that_is_late() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    caller.send(chat_stream(GLM)).await;
    let (_, mut connection) = upstream.answer_once(EVENTS).await;
    caller.head().await;
    for chunk in [TEXT, FINISH] {
        connection.chunk(chunk).await;
        assert_eq!(caller.chunk().await.unwrap(), chunk);
    }
    connection.chunk("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3}}\n\n").await;
    connection.chunk("data: [DONE]\n\n").await;
    connection.send("0\r\n\r\n").await;
    assert_eq!(caller.chunk().await.unwrap(), "data: [DONE]\n\n");
}
