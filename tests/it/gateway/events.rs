//! `/v1/gateway/events`, the webhook behind it, and `/repoint/v1/dead_letters`.

use std::time::Duration;

use repoint::api::{Event, EventTokens, KeyPrefix, Page, Slug, Time};
use repoint::gateway::Options;
use repoint::gateway::records::webhook::Schedule;
use secrecy::SecretString;
use serde_json::json;
use tokio::sync::mpsc;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::support::gateway::TestGateway;

const PATH: &str = "/v1/gateway/events";
const LETTERS: &str = "/repoint/v1/dead_letters";

fn event(number: i64) -> Event {
    Event {
        kind: "API_BILLING_USAGE".to_owned(),
        idempotency_key: format!("evt_{number}"),
        timestamp: Time::from_micros(number),
        request_id: format!("request_{number}"),
        model_slug: Slug::from_wire("my-org/glm-5.2"),
        external_entity_id: format!("cust_{}", number % 2),
        api_key_prefix: KeyPrefix::new(format!("sky_{}", number % 3)),
        tokens: EventTokens { input_tokens: 3, output_tokens: 5, cached_input_tokens: 1 },
        tokens_are_estimated: false,
        outcome: None,
        unknown: serde_json::Map::new(),
    }
}

/// Events of these tests are from 1970, which is longer ago than a gateway remembers by itself.
fn remember(options: &mut Options) {
    options.retention.events.age_max = Duration::MAX;
}

async fn remembering() -> TestGateway {
    TestGateway::with(remember).await
}

async fn keep(gateway: &TestGateway, numbers: impl IntoIterator<Item = i64>) {
    let events: Vec<Event> = numbers.into_iter().map(event).collect();
    gateway.gateway().books().keep_events(events).await.unwrap();
}

fn numbers(page: &Page<Event>) -> Vec<i64> {
    page.items.iter().map(|event| event.timestamp.micros()).collect()
}

#[tokio::test]
async fn an_event_is_told_as_documented_and_once() {
    let gateway = remembering().await;
    keep(&gateway, [1]).await;
    keep(&gateway, [1]).await;
    let reply = gateway.get(&format!("{PATH}?start_time=1970-01-01T00:00:00Z")).await;
    assert_eq!(
        reply.json(),
        json!({"items": [{"type": "API_BILLING_USAGE", "idempotencyKey": "evt_1",
            "timestamp": "1970-01-01T00:00:00.000001Z", "requestId": "request_1", "modelSlug": "my-org/glm-5.2",
            "externalEntityId": "cust_1", "apiKeyPrefix": "sky_1",
            "tokens": {"inputTokens": 3, "outputTokens": 5, "cachedInputTokens": 1}}],
            "pagination": {"has_more": false, "cursor": null}})
    );
}

#[tokio::test]
async fn keeping_events_makes_no_revision() {
    let gateway = remembering().await;
    let before = gateway.get("/repoint/v1/sync").await.json()["revision"].clone();
    keep(&gateway, 0..10).await;
    assert_eq!(gateway.get("/repoint/v1/sync").await.json()["revision"], before);
}

#[tokio::test]
async fn the_start_is_inclusive_and_the_end_exclusive() {
    let gateway = remembering().await;
    keep(&gateway, 0..10).await;
    let window = "start_time=1970-01-01T00:00:00.000003Z&end_time=1970-01-01T00:00:00.000006Z";
    let page: Page<Event> = gateway.get(&format!("{PATH}?{window}")).await.body();
    assert_eq!(numbers(&page), [3, 4, 5]);
    let from_the_first: Page<Event> = gateway.get(&format!("{PATH}?start_time=1970-01-01T00:00:00Z")).await.body();
    assert_eq!(from_the_first.items.len(), 10, "events of the very first microsecond are there");
    for (bad, part) in [
        ("", "start_time is required without a cursor"),
        ("end_time=1970-01-01T00:00:00Z", "start_time is required"),
        ("start_time=yesterday", "start_time must be a time"),
        ("start_time=1970-01-01T00:00:00Z&end_time=x", "end_time"),
        ("start_time=1970-01-01T00:00:00Z&limit=0", "limit"),
        ("start_time=1970-01-01T00:00:00Z&limit=1001", "limit"),
        ("cursor=nonsense", "cursor"),
    ] {
        gateway.get(&format!("{PATH}?{bad}")).await.is_error(400, "VALIDATION_ERROR", part);
    }
}

#[tokio::test]
async fn filters_stay_with_the_cursor() {
    let gateway = remembering().await;
    keep(&gateway, 0..30).await;
    let start = "start_time=1970-01-01T00:00:00Z";
    let first: Page<Event> = gateway
        .get(&format!("{PATH}?{start}&api_keys=sky_0&api_keys=sky_2&external_entity_ids=cust_0&limit=4"))
        .await
        .body();
    assert_eq!(numbers(&first), [0, 2, 6, 8]);
    let cursor = first.pagination.cursor.unwrap();
    // As the published API says, other parameters are ignored beside a cursor.
    let second: Page<Event> =
        gateway.get(&format!("{PATH}?cursor={cursor}&external_entity_ids=cust_1&limit=4")).await.body();
    assert_eq!(numbers(&second), [12, 14, 18, 20]);
    // What comes in after the first page is behind it, as long as its time is.
    keep(&gateway, [900, 32]).await;
    let rest: Page<Event> = gateway.get(&format!("{PATH}?cursor={}", second.pagination.cursor.unwrap())).await.body();
    assert_eq!(numbers(&rest), [24, 26, 30, 32, 900].iter().copied().filter(|n| *n != 30).collect::<Vec<_>>());
    assert!(!rest.pagination.has_more);
}

/// A receiver that answers as it is told and passes on what it gets.
async fn receiver(template: ResponseTemplate) -> (MockServer, mpsc::UnboundedReceiver<Request>) {
    let server = MockServer::start().await;
    let (sender, requests) = mpsc::unbounded_channel();
    let answer = move |request: &Request| {
        let _ = sender.send(request.clone());
        template.clone()
    };
    Mock::given(wiremock::matchers::any()).respond_with(answer).mount(&server).await;
    (server, requests)
}

/// Tries quickly, and for longer than any test takes.
fn deliver_to(options: &mut Options, server: &MockServer) {
    remember(options);
    options.webhook_url = Some(server.uri().parse().unwrap());
    options.webhook_secret = Some(SecretString::from("a webhook secret"));
    options.webhook_schedule = Schedule {
        attempt: Duration::from_secs(20),
        first_wait: Duration::from_millis(1),
        wait_max: Duration::from_millis(5),
        total: Duration::from_mins(10),
    };
}

fn keys_of(request: &Request) -> Vec<String> {
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    let events = body["data"]["events"].as_array().unwrap();
    events.iter().map(|event| event["idempotencyKey"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn events_are_delivered_as_they_are_stored() {
    let (server, mut requests) = receiver(ResponseTemplate::new(200)).await;
    let gateway = TestGateway::with(|options| deliver_to(options, &server)).await;
    keep(&gateway, 1..=3).await;
    let mut seen = Vec::new();
    while seen.len() < 3 {
        seen.extend(keys_of(&requests.recv().await.unwrap()));
    }
    assert_eq!(seen, ["evt_1", "evt_2", "evt_3"]);
    keep(&gateway, [3, 4]).await;
    assert_eq!(keys_of(&requests.recv().await.unwrap()), ["evt_4"], "what was kept already is not sent again");
}

#[tokio::test]
async fn what_was_not_delivered_comes_after_a_restart_and_what_was_does_not() {
    let (server, mut requests) = receiver(ResponseTemplate::new(503)).await;
    let mut gateway = TestGateway::on_disk(|options| deliver_to(options, &server)).await;
    keep(&gateway, [1]).await;
    requests.recv().await.unwrap();
    gateway.stop().await;
    server.reset().await;
    while requests.try_recv().is_ok() {}
    let (sender, mut taken) = mpsc::unbounded_channel();
    let answer = move |request: &Request| {
        let _ = sender.send(request.clone());
        ResponseTemplate::new(200)
    };
    Mock::given(wiremock::matchers::any()).respond_with(answer).mount(&server).await;
    gateway.restart().await;
    assert_eq!(keys_of(&taken.recv().await.unwrap()), ["evt_1"]);
    keep(&gateway, [2]).await;
    assert_eq!(keys_of(&taken.recv().await.unwrap()), ["evt_2"]);
    gateway.stop().await;
    assert!(taken.try_recv().is_err());
}

#[tokio::test]
async fn whoever_sets_up_a_webhook_does_not_get_the_past() {
    let (server, mut requests) = receiver(ResponseTemplate::new(200)).await;
    let mut gateway = TestGateway::on_disk(remember).await;
    keep(&gateway, 1..=5).await;
    gateway.restart_with(|options| deliver_to(options, &server)).await;
    keep(&gateway, [6]).await;
    assert_eq!(keys_of(&requests.recv().await.unwrap()), ["evt_6"]);
}

#[tokio::test]
async fn what_is_refused_is_a_dead_letter_that_can_be_sent_again() {
    let (server, mut requests) = receiver(ResponseTemplate::new(410).set_body_string("no longer here")).await;
    let gateway = TestGateway::with(|options| deliver_to(options, &server)).await;
    keep(&gateway, [1, 2]).await;
    let first = requests.recv().await.unwrap();
    // The next delivery starts after the letter of the one before it is stored.
    keep(&gateway, [3]).await;
    requests.recv().await.unwrap();
    let list = gateway.get(LETTERS).await.json();
    let letter = &list["items"][0];
    let id = first.headers["x-baseten-request-id"].to_str().unwrap();
    assert_eq!((letter["id"].as_str(), letter["event_count"].as_u64()), (Some(id), Some(2)));
    assert_eq!((letter["attempts"].as_u64(), letter["reason"].as_str()), (Some(1), Some("410 Gone: no longer here")));
    let whole = gateway.get(&format!("{LETTERS}/{id}")).await.json();
    assert_eq!(whole["body"], serde_json::from_slice::<serde_json::Value>(&first.body).unwrap());
    let in_vain = gateway.post(&format!("{LETTERS}/{id}/send"), &json!({})).await.json();
    assert_eq!(in_vain, json!({"id": id, "delivered": false, "reason": "410 Gone: no longer here"}));
    assert_eq!(gateway.get(&format!("{LETTERS}/{id}")).await.json()["attempts"], 2);
    server.reset().await;
    Mock::given(wiremock::matchers::any()).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let sent = gateway.post(&format!("{LETTERS}/{id}/send"), &json!({})).await.json();
    assert_eq!(sent, json!({"id": id, "delivered": true, "reason": null}));
    let again = server.received_requests().await.unwrap().pop().unwrap();
    assert_eq!((again.headers["x-baseten-request-id"].to_str().unwrap(), &again.body), (id, &first.body));
    gateway.get(&format!("{LETTERS}/{id}")).await.is_error(404, "NOT_FOUND", id);
    gateway.post(&format!("{LETTERS}/{id}/send"), &json!({})).await.is_error(404, "NOT_FOUND", id);
}

#[tokio::test]
async fn all_letters_are_sent_again_or_one_is_dropped() {
    let (server, mut requests) = receiver(ResponseTemplate::new(400)).await;
    let gateway = TestGateway::with(|options| deliver_to(options, &server)).await;
    for number in 1..=4 {
        keep(&gateway, [number]).await;
        requests.recv().await.unwrap();
    }
    let first: serde_json::Value = gateway.get(&format!("{LETTERS}?limit=2")).await.json();
    assert_eq!(first["pagination"]["has_more"], true);
    let in_vain = gateway.post(&format!("{LETTERS}/send"), &json!({})).await.json();
    assert_eq!(in_vain["delivered"], 0);
    let id = first["items"][1]["id"].as_str().unwrap();
    assert_eq!(gateway.delete(&format!("{LETTERS}/{id}")).await.json(), json!({"id": id}));
    gateway.delete(&format!("{LETTERS}/{id}")).await.is_error(404, "NOT_FOUND", id);
    server.reset().await;
    Mock::given(wiremock::matchers::any()).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let sent = gateway.post(&format!("{LETTERS}/send"), &json!({})).await.json();
    assert!(sent["delivered"].as_u64() >= Some(2), "{sent}");
    assert_eq!(sent["remaining"], 0);
}

#[tokio::test]
async fn letters_are_behind_the_key_and_sending_needs_a_webhook() {
    let gateway = remembering().await;
    let bare = crate::support::gateway::send(gateway.bare(reqwest::Method::GET, LETTERS)).await;
    bare.is_error(401, "UNAUTHORIZED", "");
    gateway.post(&format!("{LETTERS}/send"), &json!({})).await.is_error(400, "VALIDATION_ERROR", "--webhook-url");
    assert_eq!(gateway.get(LETTERS).await.json()["items"], json!([]));
    gateway.get(&format!("{LETTERS}/none")).await.is_error(404, "NOT_FOUND", "none");
}
