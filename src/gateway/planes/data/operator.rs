//! What an operator can ask and set, under `/repoint/v1/` on the management address: recent requests, faults,
//! whether a key would be admitted, the clock; and `/metrics` for everybody.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::Stream;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;

use crate::api::{FaultList, Question, Time};
use crate::gateway::planes::error::ApiError;
use crate::gateway::records::metrics::Reading;
use crate::gateway::records::traffic::{KEPT_MAX, RequestEntry};
use crate::gateway::rules::explain::explain;
use crate::gateway::state::Shared;

/// How many recent requests are told where nobody says.
const RECENT_DEFAULT: usize = 100;
/// How often a stream without requests says that it is there.
const ALIVE: Duration = Duration::from_secs(15);

/// What stands under `/repoint/v1/` on the management address and belongs to the data plane. The management
/// plane has checked the key before a request gets here.
pub fn operator_router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/repoint/v1/requests", get(requests))
        .route("/repoint/v1/faults", get(faults).put(set_faults))
        .route("/repoint/v1/explain", post(answer_question))
        .route("/repoint/v1/clock", get(clock).put(set_clock))
        .with_state(shared)
}

/// What the data plane has at the root of the management address for everybody, without a key.
pub fn open_router(shared: Arc<Shared>) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(shared)
}

#[derive(Debug, Deserialize)]
struct RequestsQuery {
    limit: Option<usize>,
    slug: Option<String>,
}

#[derive(Debug, Serialize)]
struct Requests {
    requests: Vec<Arc<RequestEntry>>,
    /// Older ones are no longer kept, whatever their slug.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Time>,
}

async fn requests(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<RequestsQuery>,
    headers: HeaderMap,
) -> Response {
    let limit = query.limit.unwrap_or(RECENT_DEFAULT).min(KEPT_MAX);
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !accepts.contains("text/event-stream") {
        let since = shared.traffic.kept_since();
        let requests = match query.slug {
            Some(slug) => shared.traffic.recent_of(&slug, limit),
            None => shared.traffic.recent(limit),
        };
        return Json(Requests { requests, since }).into_response();
    }
    Sse::new(follow(&shared, limit)).keep_alive(KeepAlive::new().interval(ALIVE)).into_response()
}

/// The last requests and then each that ends, as `request` events. `live` stands between the two, with how many came
/// before it; `missed` says how many a slow reader lost.
fn follow(shared: &Shared, limit: usize) -> impl Stream<Item = Result<Event, Infallible>> + use<> {
    let (last, stream) = shared.traffic.follow(limit);
    let ended = shared.traffic.ended();
    let live = Event::default().event("live").data(serde_json::json!({ "replayed": last.len() }).to_string());
    let first: Vec<Event> = last.iter().map(|entry| request_event(entry)).chain([live]).collect();
    futures_util::stream::unfold((first.into_iter(), stream, ended), |(mut first, mut stream, ended)| async move {
        let event = if let Some(event) = first.next() {
            event
        } else {
            let received = tokio::select! {
                // What was recorded before the end is told before the end.
                biased;
                received = stream.recv() => received,
                () = ended.cancelled() => return None,
            };
            match received {
                Ok(entry) => request_event(&entry),
                Err(RecvError::Lagged(missed)) => {
                    Event::default().event("missed").data(serde_json::json!({ "missed": missed }).to_string())
                }
                Err(RecvError::Closed) => return None,
            }
        };
        Some((Ok(event), (first, stream, ended)))
    })
}

fn request_event(entry: &RequestEntry) -> Event {
    // An entry is plain data: it can be written.
    Event::default().event("request").data(serde_json::to_string(entry).unwrap_or_default())
}

async fn faults(State(shared): State<Arc<Shared>>) -> Json<FaultList> {
    Json(shared.faults.list(shared.clock.now()))
}

async fn set_faults(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Json<FaultList>, ApiError> {
    let now = shared.clock.now();
    shared.faults.set(read(&body)?, now).map_err(ApiError::invalid)?;
    Ok(Json(shared.faults.list(now)))
}

async fn answer_question(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Response, ApiError> {
    let question: Question = read(&body)?;
    let known = |slug: &str| shared.snapshots.enter().by_slug.get(slug).is_some();
    let answer = explain(&question, &shared.access, known, shared.clock.moment()).map_err(ApiError::invalid)?;
    Ok(Json(answer).into_response())
}

/// The body of `GET /repoint/v1/clock`.
#[derive(Debug, Serialize)]
struct ClockReport {
    now: Time,
    is_virtual: bool,
}

/// The body of `PUT /repoint/v1/clock`: one of the two.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SetClock {
    now: Option<Time>,
    advance_seconds: Option<f64>,
}

async fn clock(State(shared): State<Arc<Shared>>) -> Json<ClockReport> {
    Json(ClockReport { now: shared.clock.now(), is_virtual: shared.clock.is_virtual() })
}

async fn set_clock(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Json<ClockReport>, ApiError> {
    let before = shared.clock.now();
    let now = match read::<SetClock>(&body)? {
        SetClock { now: Some(now), advance_seconds: None } => now,
        SetClock { now: None, advance_seconds: Some(seconds) } => {
            let step = Duration::try_from_secs_f64(seconds)
                .map_err(|_| ApiError::invalid("advance_seconds must be a number that is not below 0"))?;
            before.plus(step)
        }
        SetClock { .. } => return Err(ApiError::invalid("give either now or advance_seconds")),
    };
    if now < before {
        return Err(ApiError::invalid("now must not be before the clock's time: it goes forward alone"));
    }
    if !shared.clock.set(now) {
        return Err(ApiError::invalid("the clock is the machine's; start the gateway with --virtual-clock to set it"));
    }
    Ok(Json(ClockReport { now, is_virtual: true }))
}

async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let synced = shared.sync.status().last_sync_at;
    let (lost_records, lost_events) = shared.ledger.lost();
    let text = shared.metrics.text(Reading {
        sync_age_seconds: synced.map_or(0.0, |at| shared.clock.now().since(at).as_secs_f64()),
        revision: shared.snapshots.revision(),
        lost: lost_records.saturating_add(lost_events),
    });
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    (StatusCode::OK, [(header::CONTENT_TYPE, content_type)], text).into_response()
}

/// Requests are JSON whatever their content type.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| ApiError::invalid(format!("the body is not as expected: {error}")))
}
