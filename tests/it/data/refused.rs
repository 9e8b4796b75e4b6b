//! Refusals reach whoever is still sending, and nobody can make the gateway read for ever.

use std::net::SocketAddr;

use repoint::gateway::planes::data::Settings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::caller::Caller;
use super::plane::{KEY, Plane, settings};
use super::script::Script;

/// Sends it all before it reads anything, as a program does whose client has no thought for an early answer.
async fn send_all(address: SocketAddr, head: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    for piece in body.chunks(64 * 1024) {
        stream.write_all(piece).await.unwrap();
    }
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

fn head(path: &str, key: &str, framing: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {key}\r\n{framing}\r\n\r\n")
}

#[tokio::test]
async fn a_refusal_reaches_who_is_still_sending() {
    let upstream = Script::start().await;
    let settings = Settings { body_bytes_max: 1 << 20, ..settings() };
    let plane = Plane::start_with(upstream.address, settings, |_| ()).await;
    let chat = "/v1/chat/completions";
    for (path, key, bytes, status) in [
        (chat, "revoked", 5 << 20, 403),
        (chat, KEY, 12 << 20, 413),
        ("/v1/nothing", KEY, 5 << 20, 404),
        ("/v1/models", KEY, 5 << 20, 405),
    ] {
        let text =
            send_all(plane.address, &head(path, key, &format!("content-length: {bytes}")), &vec![b'x'; bytes]).await;
        assert!(text.starts_with(&format!("HTTP/1.1 {status} ")) && text.ends_with('}'), "{path} {bytes}: {text}");
    }
    // In chunks, so that it is refused in the midst of it.
    let body = [format!("{:x}\r\n", 12 << 20).as_bytes(), &vec![b'x'; 12 << 20], b"\r\n0\r\n\r\n"].concat();
    let text = send_all(plane.address, &head(chat, KEY, "transfer-encoding: chunked"), &body).await;
    assert!(text.starts_with("HTTP/1.1 413 ") && text.ends_with('}'), "{text}");
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn who_finds_no_place_reads_that_there_is_none() {
    let upstream = Script::start().await;
    let settings = Settings { connections_max: 1, ..settings() };
    let plane = Plane::start_with(upstream.address, settings, |_| ()).await;
    let mut first = Caller::connect(plane.address).await;
    assert_eq!(first.call("GET /v1/models HTTP/1.1\r\nhost: g\r\n\r\n").await.status, 401);
    let bytes = 2 << 20;
    let text = send_all(plane.address, &head("/", KEY, &format!("content-length: {bytes}")), &vec![b'x'; bytes]).await;
    assert!(text.starts_with("HTTP/1.1 503 ") && text.ends_with('}'), "{text}");
}

#[tokio::test]
async fn a_small_body_that_was_refused_ends_nothing() {
    let plane = Plane::start(Script::start().await.address).await;
    let mut caller = Caller::connect(plane.address).await;
    for _ in 0..3 {
        let request = head("/v1/chat/completions", "bad", "content-length: 2") + "{}";
        assert_eq!(caller.call(&request).await.status, 403);
    }
}

#[tokio::test]
async fn what_is_read_on_has_an_end() {
    let plane = Plane::start(Script::start().await.address).await;
    let mut stream = TcpStream::connect(plane.address).await.unwrap();
    stream.write_all(head("/", "bad", "content-length: 99999999999").as_bytes()).await.unwrap();
    let piece = vec![b'x'; 1 << 20];
    let mut sent = 0_usize;
    while stream.write_all(&piece).await.is_ok() {
        sent += 1;
        assert!(sent < 512, "it reads on for ever");
    }
    assert!(sent > 12, "{sent}");
}

#[tokio::test]
async fn the_end_of_the_gateway_waits_for_nobody_who_has_nothing_to_read() {
    let plane = Plane::start(Script::start().await.address).await;
    let mut caller = Caller::connect(plane.address).await;
    let request = head("/v1/chat/completions", "bad", "content-length: 2") + "{}";
    assert_eq!(caller.call(&request).await.status, 403);
    // It ends before the caller does, who would be waited for where its body were still coming.
    plane.stop().await;
    assert_eq!(caller.rest().await, "");
}
