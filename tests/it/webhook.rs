//! Webhook delivery against a receiver that takes, refuses and fails.

use std::time::Duration;

use repoint::api::{Event, EventTokens, KeyPrefix, Slug, Time};
use repoint::gateway::records::webhook::{Delivery, Schedule, Webhook, WebhookError};
use secrecy::SecretString;
use wiremock::matchers::{header, method};
use wiremock::{Mock, MockServer, ResponseTemplate};

const QUICK: Schedule = Schedule {
    attempt: Duration::from_secs(20),
    first_wait: Duration::from_millis(1),
    wait_max: Duration::from_millis(4),
    total: Duration::from_secs(30),
};

fn event() -> Event {
    Event {
        kind: "API_BILLING_USAGE".to_owned(),
        idempotency_key: "key-1".to_owned(),
        timestamp: Time::EPOCH,
        request_id: "request-1".to_owned(),
        model_slug: Slug::from_wire("my-org/glm-5.2"),
        external_entity_id: "cust_42".to_owned(),
        api_key_prefix: KeyPrefix::new("sky_sCqhBwEy4kPd"),
        tokens: EventTokens { input_tokens: 3, output_tokens: 5, cached_input_tokens: 1 },
        tokens_are_estimated: false,
        outcome: None,
        unknown: serde_json::Map::new(),
    }
}

fn delivery() -> Delivery {
    Delivery::of(&[event()], "delivery-1").unwrap()
}

fn webhook(server: &MockServer, schedule: Schedule) -> Webhook {
    // Another test may have installed it; what counts is that there is one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Webhook::new(server.uri().parse().unwrap(), &SecretString::from("a secret"), schedule).unwrap()
}

#[tokio::test]
async fn a_delivery_is_signed_and_has_the_documented_shape() {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200)).expect(1).mount(&server).await;
    webhook(&server, QUICK).deliver(delivery()).await.unwrap();
    let request = server.received_requests().await.unwrap().remove(0);
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["type"], "API_BILLING_USAGE");
    assert_eq!(body["data"]["events"][0]["tokens"]["cachedInputTokens"], 1);
    assert!(body["data"]["events"][0]["requestMetadata"].is_object());
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"a secret");
    let sent = request.headers["x-baseten-signature"].to_str().unwrap().strip_prefix("v1=").unwrap().to_owned();
    let tag: Vec<u8> =
        (0..sent.len()).step_by(2).map(|at| u8::from_str_radix(&sent[at..at + 2], 16).unwrap()).collect();
    ring::hmac::verify(&key, &request.body, &tag).unwrap();
}

#[tokio::test]
async fn a_failure_is_tried_again_with_the_same_id_and_signature() {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(503)).up_to_n_times(2).mount(&server).await;
    let taken = Mock::given(header("x-baseten-request-id", "delivery-1"));
    taken.respond_with(ResponseTemplate::new(200)).expect(1).mount(&server).await;
    webhook(&server, QUICK).deliver(delivery()).await.unwrap();
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request.headers == requests[0].headers));
}

#[tokio::test]
async fn a_refusal_is_final_and_says_why() {
    let server = MockServer::start().await;
    let refused = ResponseTemplate::new(410).set_body_string("no longer here");
    Mock::given(method("POST")).respond_with(refused).expect(1).mount(&server).await;
    let dead = webhook(&server, QUICK).deliver(delivery()).await.unwrap_err();
    assert_eq!((dead.attempts, dead.reason.as_str()), (1, "410 Gone: no longer here"));
    assert_eq!(dead.delivery, delivery());
}

#[tokio::test]
async fn a_receiver_that_stays_down_ends_in_a_dead_letter_when_the_time_is_over() {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(500)).mount(&server).await;
    let short = Schedule { total: Duration::from_millis(300), ..QUICK };
    let dead = webhook(&server, short).deliver(delivery()).await.unwrap_err();
    assert!(dead.attempts >= 1, "it was never tried");
    assert_eq!(dead.delivery.request_id, "delivery-1");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server = MockServer::start().await;
    let elsewhere = ResponseTemplate::new(302).insert_header("location", format!("{}/elsewhere", server.uri()));
    Mock::given(method("POST")).respond_with(elsewhere).mount(&server).await;
    let short = Schedule { total: Duration::from_millis(200), ..QUICK };
    webhook(&server, short).deliver(delivery()).await.unwrap_err();
    let requests = server.received_requests().await.unwrap();
    assert!(requests.iter().all(|request| request.url.path() == "/"));
}

#[test]
fn a_webhook_without_secret_is_refused_with_a_hint() {
    let url: url::Url = "http://127.0.0.1:9".parse().unwrap();
    let error = Webhook::new(url.clone(), &SecretString::from(""), Schedule::default()).unwrap_err();
    assert!(matches!(error, WebhookError::NoSecret) && error.to_string().contains("REPOINT_WEBHOOK_SECRET"));
    let scheme = Webhook::new("ftp://x".parse().unwrap(), &SecretString::from("s"), Schedule::default()).unwrap_err();
    assert!(matches!(scheme, WebhookError::Scheme(_)));
}
