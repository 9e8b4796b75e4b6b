//! What the benchmark's server has beside endpoints: groups, requests that pass, and how it is.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use repoint::api::{EndpointId, EventTokens, GroupId, KeyPrefix, RequestReport, Slug, Target};
use serde_json::{Value, json};

/// How many groups there are.
pub(crate) const GROUPS: usize = 1_000;
/// Requests are told this often.
const BEATS_PER_SECOND: u64 = 100;

/// Requests a second that pass.
pub(crate) type Rate = Arc<AtomicU64>;

/// A page of all groups: a customer each ten, with nine groups below.
pub(crate) async fn groups() -> Json<Value> {
    let group = |index: usize| {
        let parent = (!index.is_multiple_of(10)).then(|| format!("g{:04}", index / 10 * 10));
        let models: Vec<Value> = (0..3)
            .map(|more| {
                let slug = super::slug((index * 7 + more * 13) % 1_000);
                let limit = json!({"type": "REQUEST", "unit": "MINUTE", "threshold": 100});
                json!({"slug": slug, "rate_limits": [limit], "usage_limits": []})
            })
            .collect();
        json!({
            "id": format!("g{index:04}"),
            "metadata": {"name": format!("Customer {:03}, group {}", index / 10, index % 10),
                         "external_entity_id": format!("cust_{index}")},
            "models": models, "effective_models": [],
            "hierarchy": {"limit_enforcement": "INDEPENDENT", "parent_group_id": parent},
            "created_at": "2026-06-17T12:00:00Z",
        })
    };
    let items: Vec<Value> = (0..GROUPS).map(group).collect();
    Json(json!({"items": items, "pagination": {"has_more": false, "cursor": null}}))
}

/// Two keys a group.
pub(crate) async fn keys() -> Json<Value> {
    let items = json!([{"prefix": "sky_AAAAAAAAAAAA", "name": "web"}, {"prefix": "sky_BBBBBBBBBBBB", "name": "batch"}]);
    Json(json!({"items": items, "pagination": {"has_more": false, "cursor": null}}))
}

pub(crate) async fn nothing_changed() -> Json<Value> {
    Json(json!({"items": [], "pagination": {"has_more": false, "cursor": null}}))
}

pub(crate) async fn status() -> Json<Value> {
    Json(json!({
        "version": "0.1.0", "started_at": "2026-06-17T12:00:00Z",
        "store": {"bytes": 1_000_000, "endpoints": 10_000, "groups": GROUPS, "keys": 2 * GROUPS, "events": 0,
                  "dead_letters": 0},
        "open": {"requests": 0, "streams": 0, "connections": 0},
        "totals": {"requests": 0, "errors": 0, "limited": 0, "tokens": 0, "upstream_connects": 0, "lost": 0},
        "memory_bytes": 14_000_000, "problems": [],
    }))
}

pub(crate) async fn faults() -> Json<Value> {
    Json(json!({"faults": []}))
}

/// The last requests, of which there are none, or those that pass, as a gateway tells them.
pub(crate) async fn requests(State(rate): State<Rate>, headers: HeaderMap) -> Response {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !accepts.contains("text/event-stream") {
        return Json(json!({"requests": []})).into_response();
    }
    let live = Event::default().event("live").data(r#"{"replayed":0}"#);
    let passing = stream::unfold(
        (0_u64, 0_u64, tokio::time::interval(Duration::from_millis(1_000 / BEATS_PER_SECOND))),
        move |(mut told, mut due, mut beat)| {
            let rate = Arc::clone(&rate);
            async move {
                while told >= due {
                    beat.tick().await;
                    due += rate.load(Ordering::Relaxed) / BEATS_PER_SECOND;
                }
                told += 1;
                let data = serde_json::to_string(&request(told)).expect("a report is JSON");
                Some((Ok::<_, Infallible>(Event::default().event("request").data(data)), (told, due, beat)))
            }
        },
    );
    Sse::new(futures_util::StreamExt::chain(stream::iter([Ok(live)]), passing)).into_response()
}

fn request(number: u64) -> RequestReport {
    let fails = number.is_multiple_of(50);
    RequestReport {
        request_id: format!("{number:032x}"),
        time: repoint::clock::now(),
        path: "/v1/chat/completions".to_owned(),
        status: if fails { 502 } else { 200 },
        outcome: if fails { "upstream_failed" } else { "complete" }.to_owned(),
        slug: Slug::from_wire(super::slug(usize::try_from(number % 40).unwrap_or(0))),
        endpoint_id: Some(EndpointId::new("ep000001")),
        target: Some(Target::baseten("model1", None)),
        revision: 1,
        group_id: Some(GroupId::new("g0001")),
        external_entity_id: Some("cust_1".to_owned()),
        api_key_prefix: Some(KeyPrefix::new("sky_AAAAAAAAAAAA")),
        tokens: EventTokens { input_tokens: 12, output_tokens: 40, cached_input_tokens: 0 },
        tokens_are_estimated: false,
        is_stream: false,
        latency_ms: 20.0 + f64::from(u8::try_from(number % 97).unwrap_or(0)),
        upstream_ms: Some(15.0),
        first_byte_ms: Some(16.0),
        limit: None,
    }
}
