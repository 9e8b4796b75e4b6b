//! Connections to the management address: refusals are read, and what is no HTTP is refused.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::gateway::{KEY, TestGateway};

async fn send(gateway: &TestGateway, request: &[u8]) -> String {
    let address = gateway.management_url().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn a_refusal_reaches_who_is_still_sending() {
    let gateway = TestGateway::start().await;
    for (key, bytes, status) in [("wrong", 5 << 20, 401), (KEY, 12 << 20, 413)] {
        let head = format!(
            "POST /v1/gateway/endpoints HTTP/1.1\r\nhost: g\r\nauthorization: Api-Key {key}\r\nconnection: close\r\n\
             content-length: {bytes}\r\n\r\n"
        );
        let text = send(&gateway, &[head.as_bytes(), &vec![b'x'; bytes]].concat()).await;
        assert!(text.starts_with(&format!("HTTP/1.1 {status} ")) && text.ends_with('}'), "{text}");
    }
}

#[tokio::test]
async fn what_two_readers_could_read_in_two_ways_is_refused() {
    let gateway = TestGateway::start().await;
    for lines in [
        "host: g\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n",
        "host: g\r\ntransfer-encoding: chunked\r\ncontent-length: 2\r\n",
        "host: g\r\ntransfer-encoding: gzip, chunked\r\n",
        "host: g\r\nhost: g\r\n",
        "host: a b\r\n",
        "",
    ] {
        let head =
            format!("POST /v1/gateway/endpoints HTTP/1.1\r\nauthorization: Api-Key {KEY}\r\n{lines}\r\n0\r\n\r\n");
        let text = send(&gateway, head.as_bytes()).await;
        assert!(text.starts_with("HTTP/1.1 400 ") && text.contains("VALIDATION_ERROR"), "{lines}: {text}");
        assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "{lines}: {text}");
    }
}
