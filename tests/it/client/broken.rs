//! Servers that are not there, break off, are late, or are something else.

use std::time::Duration;

use repoint::api::{EndpointId, UpdateEndpoint};
use repoint::client::{Client, ErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{client, options};

fn id() -> EndpointId {
    EndpointId::new("abc123")
}

/// Takes every connection, reads something, answers with these bytes, and hangs up. Counts the connections.
async fn scripted(answer: &'static [u8]) -> (String, tokio::sync::watch::Receiver<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (count, counted) = tokio::sync::watch::channel(0);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            count.send_modify(|count| *count += 1);
            let mut piece = [0; 4096];
            let _ = stream.read(&mut piece).await.unwrap();
            stream.write_all(answer).await.unwrap();
        }
    });
    (url, counted)
}

#[tokio::test]
async fn a_refused_connection_was_not_done_and_is_tried_again_also_for_writes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = Client::new(options(&url)).unwrap();
    let error = client.update_endpoint(&id(), &UpdateEndpoint::default(), None).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable { refused: true });
    assert!(error.was_not_done());
    assert_eq!(client.log().entries().len(), 3);
    assert!(error.to_string().starts_with("cannot connect to 127.0.0.1:"), "{error}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_lost_and_a_write_is_sent_once() {
    for answer in [&b""[..], b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\""] {
        let (url, count) = scripted(answer).await;
        let client = Client::new(options(&url)).unwrap();
        let error = client.update_endpoint(&id(), &UpdateEndpoint::default(), None).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Lost, "{error}");
        assert!(!error.was_not_done());
        assert_eq!(*count.borrow(), 1);
        assert!(client.endpoint(&id()).await.is_err());
        assert_eq!(*count.borrow(), 4);
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_ends_the_call() {
    let server = MockServer::start().await;
    let late = ResponseTemplate::new(200).set_delay(Duration::from_mins(5));
    Mock::given(wiremock::matchers::any()).respond_with(late).mount(&server).await;
    let mut options = options(&server.uri());
    options.call_timeout = Duration::from_millis(50);
    let error = Client::new(options).unwrap().endpoint(&id()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(!error.was_not_done());
}

#[tokio::test]
async fn a_web_page_is_no_answer() {
    let server = MockServer::start().await;
    let page = "<!DOCTYPE html><html><head><title>Corporate Login</title></head></html>";
    Mock::given(wiremock::matchers::any())
        .respond_with(ResponseTemplate::new(200).set_body_raw(page, "text/html"))
        .mount(&server)
        .await;
    let error = client(&server).endpoint(&id()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Malformed);
    assert!(error.to_string().ends_with("Corporate Login"), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_empty_or_something_else_says_so() {
    for (body, said) in [("", "is empty"), ("{\"id\": 7}", "is not what the API says")] {
        let server = MockServer::start().await;
        Mock::given(wiremock::matchers::any())
            .respond_with(ResponseTemplate::new(200).set_body_string(body))
            .mount(&server)
            .await;
        let error = client(&server).endpoint(&id()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Malformed);
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let server = MockServer::start().await;
    let elsewhere = MockServer::start().await;
    Mock::given(wiremock::matchers::any())
        .respond_with(ResponseTemplate::new(307).insert_header("location", elsewhere.uri()))
        .mount(&server)
        .await;
    let error = client(&server).endpoint(&id()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Status(307));
    assert_eq!(elsewhere.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_server_without_tls_is_told_from_one_that_is_away() {
    let (url, _) = scripted(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
    let client = Client::new(options(&url.replace("http:", "https:"))).unwrap();
    let error = client.endpoint(&id()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Tls, "{error}");
    assert!(error.to_string().contains("does not speak TLS"), "{error}");
}

#[tokio::test]
async fn a_name_that_nobody_has_is_unreachable() {
    let client = Client::new(options("https://no-such-host.invalid")).unwrap();
    let error = client.endpoint(&id()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable { refused: false }, "{error}");
    assert!(error.was_not_done());
}
