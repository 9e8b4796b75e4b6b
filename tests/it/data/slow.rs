//! Callers and upstreams that take their time: each has an end.

use std::time::Duration;

use repoint::gateway::planes::data::Settings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::caller::{Caller, chat, chat_stream};
use super::plane::{GLM, KEY, Plane, settings};
use super::script::{Conversation, EVENTS, Script, completion, json_answer};

/// Sends pieces of a stream until nobody takes them. Each is as large as a socket likes to have it.
async fn flood(mut conversation: Conversation) {
    let piece = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n", "x".repeat(60_000));
    while conversation.try_chunk(&piece).await {}
}

#[tokio::test]
async fn a_caller_that_takes_nothing_of_its_answer_is_cut_and_its_upstream_let_go() {
    let upstream = Script::start().await;
    let settings = Settings { write_timeout: Duration::from_millis(200), ..settings() };
    let plane = Plane::start_with(upstream.address, settings, |_| ()).await;
    let mut caller = Caller::connect(plane.address).await;
    caller.send(chat_stream(GLM)).await;
    let (_, conversation) = upstream.answer_once(EVENTS).await;
    flood(conversation).await;
    assert_eq!(plane.recorded(1).await[0].outcome, "caller_gone");
    drop(caller);
}

#[tokio::test]
async fn an_upstream_that_always_has_more_is_over_time_too() {
    let upstream = Script::start().await;
    let settings = Settings { time_limit: Duration::from_millis(300), ..settings() };
    let plane = Plane::start_with(upstream.address, settings, |_| ()).await;
    let mut caller = Caller::connect(plane.address).await;
    caller.send(chat_stream(GLM)).await;
    let (_, conversation) = upstream.answer_once(EVENTS).await;
    let flooding = tokio::spawn(flood(conversation));
    assert_eq!(caller.head().await.0, 200);
    while caller.chunk().await.is_some() {}
    flooding.await.unwrap();
    assert_eq!(plane.recorded(1).await[0].outcome, "upstream_cut");
}

#[tokio::test]
async fn a_body_that_comes_byte_by_byte_has_an_end() {
    let upstream = Script::start().await;
    let settings = Settings { time_limit: Duration::from_millis(300), ..settings() };
    let plane = Plane::start_with(upstream.address, settings, |_| ()).await;
    let (mut read, mut write) = TcpStream::connect(plane.address).await.unwrap().into_split();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nauthorization: Api-Key {KEY}\r\ncontent-length: 90000000\r\n\r\n"
    );
    write.write_all(head.as_bytes()).await.unwrap();
    let dripping = tokio::spawn(async move {
        // Until the gateway closes; a byte at a time there is no end of 90 MB before that.
        while write.write_all(b" ").await.is_ok() {
            tokio::task::yield_now().await;
        }
    });
    let mut answer = [0; 12];
    read.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
    drop(read);
    dripping.await.unwrap();
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn past_the_streams_that_may_be_open_one_more_is_503_until_one_ends() {
    let upstream = Script::start().await;
    let settings = Settings { streams_max: 1, ..settings() };
    let plane = Plane::start_with(upstream.address, settings, |_| ()).await;
    let mut first = Caller::connect(plane.address).await;
    first.send(chat_stream(GLM)).await;
    let (_, mut connection) = upstream.answer_once(EVENTS).await;
    first.head().await;
    let mut second = Caller::connect(plane.address).await;
    let refused = second.call(&chat_stream(GLM)).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    // What is no stream has room.
    second.send(chat(GLM)).await;
    let (_, mut other) = upstream.answer_once(&completion()).await;
    assert_eq!(second.answer().await.status, 200);
    connection.chunk("data: [DONE]\n\n").await;
    first.chunk().await.unwrap();
    second.send(chat_stream(GLM)).await;
    other.request().await;
    other.send(EVENTS).await;
    assert_eq!(second.head().await.0, 200);
}

#[tokio::test]
async fn an_answer_that_cannot_be_held_is_a_502() {
    let settings = Settings { body_bytes_max: 1_000, ..settings() };
    let large = json_answer(&format!(r#"{{"model":"x","text":"{}"}}"#, "x".repeat(2_000)));
    let upstream = Script::start().await.always(move |_| large.clone());
    let plane = Plane::start_with(upstream, settings, |_| ()).await;
    let answer = Caller::connect(plane.address).await.call(&chat(GLM)).await;
    assert_eq!(answer.status, 502);
    assert_eq!(answer.json()["error"], "the endpoint's upstream answered more than can be held");
}
