//! What is tried again, how often, and what the log tells of it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use repoint::api::{EndpointId, UpdateEndpoint};
use repoint::client::{Client, ErrorKind};
use serde_json::json;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{ENDPOINT, KEY, client, options};

fn id() -> EndpointId {
    EndpointId::new("abc123")
}

async fn answer_with(server: &MockServer, template: ResponseTemplate, times: u64) {
    Mock::given(wiremock::matchers::any()).respond_with(template).up_to_n_times(times).mount(server).await;
}

async fn requests(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

#[tokio::test]
async fn a_read_is_tried_again_until_it_is_answered() {
    let server = MockServer::start().await;
    answer_with(&server, ResponseTemplate::new(503).set_body_string("out for lunch"), 2).await;
    answer_with(&server, ResponseTemplate::new(200).set_body_raw(ENDPOINT, "application/json"), 1).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut options = options(&server.uri());
    let noted = Arc::clone(&seen);
    options.observer = Some(Arc::new(move |entry| noted.lock().unwrap().push((entry.attempt, entry.status))));
    let client = Client::new(options).unwrap();
    assert_eq!(client.endpoint(&id()).await.unwrap().body.id, id());
    assert_eq!(*seen.lock().unwrap(), [(1, Some(503)), (2, Some(503)), (3, Some(200))]);
    let log = client.log().entries();
    assert_eq!(log[0].error.as_deref(), Some("out for lunch (503)"));
    assert!(log[0].again_in.is_some() && log[2].again_in.is_none());
}

#[tokio::test]
async fn a_read_is_not_tried_for_ever() {
    let server = MockServer::start().await;
    answer_with(&server, ResponseTemplate::new(502), 100).await;
    let error = client(&server).endpoint(&id()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Server(502));
    assert_eq!(requests(&server).await, 3);
}

#[tokio::test]
async fn a_write_that_may_have_been_done_is_not_sent_again() {
    let server = MockServer::start().await;
    answer_with(&server, ResponseTemplate::new(500), 100).await;
    let error = client(&server).update_endpoint(&id(), &UpdateEndpoint::default(), None).await.unwrap_err();
    assert!(!error.was_not_done());
    assert_eq!(requests(&server).await, 1);
}

#[tokio::test]
async fn a_429_is_waited_out_by_reads_and_writes_alike() {
    let server = MockServer::start().await;
    let busy = json!({"error": "Rate limit exceeded. Please try again later.", "retry_after": 0.05});
    answer_with(&server, ResponseTemplate::new(429).set_body_json(busy), 1).await;
    answer_with(&server, ResponseTemplate::new(200).set_body_raw(ENDPOINT, "application/json"), 1).await;
    let client = client(&server);
    client.update_endpoint(&id(), &UpdateEndpoint::default(), None).await.unwrap();
    assert_eq!(client.log().entries()[0].again_in, Some(Duration::from_millis(50)));
    assert_eq!(requests(&server).await, 2);
}

#[tokio::test]
async fn a_429_that_asks_for_too_long_a_wait_is_handed_on() {
    let server = MockServer::start().await;
    let busy = json!({"error": "Rate limit exceeded.", "retry_after": 3700});
    answer_with(&server, ResponseTemplate::new(429).set_body_json(busy), 100).await;
    let error = client(&server).endpoint(&id()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::RateLimited { retry_after: Some(Duration::from_secs(3700)) });
    assert!(error.was_not_done());
    assert_eq!(requests(&server).await, 1);
}

#[tokio::test]
async fn what_the_server_refuses_is_not_tried_again() {
    for status in [400, 401, 403, 404, 405, 412] {
        let server = MockServer::start().await;
        answer_with(&server, ResponseTemplate::new(status).set_body_json(json!({"message": "no"})), 100).await;
        let error = client(&server).endpoint(&id()).await.unwrap_err();
        assert!(error.was_not_done(), "{status}");
        assert_eq!(error.status(), Some(status));
        assert_eq!(requests(&server).await, 1, "{status}");
    }
}

#[tokio::test]
async fn neither_log_nor_errors_ever_hold_the_key() {
    let server = MockServer::start().await;
    let told = json!({"message": format!("the key {KEY} is wrong")});
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(401).set_body_json(told)).mount(&server).await;
    let client = client(&server);
    let error = client.endpoint(&id()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unauthorized);
    let shown = format!("{error} {error:?} {client:?} {:?} {:?}", client.log(), options("http://127.0.0.1:1"));
    assert!(!shown.contains(KEY), "{shown}");
    assert!(error.to_string().contains("(the key)"), "{error}");
}
