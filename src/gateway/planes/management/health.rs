//! `/healthz` and `/readyz`: for whoever watches the process. They take no key and tell no names.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::plane::Plane;

/// The process answers.
pub(super) async fn alive() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// Whether callers are served, and what is wrong beside. A store that fails does not make the gateway unready: what
/// was synced before is served on, and taking it out of rotation would turn a small outage into a whole one.
pub(super) async fn ready(State(plane): State<Arc<Plane>>) -> (StatusCode, Json<Value>) {
    let status = plane.shared.sync.status();
    let problems = problems(&plane).await;
    let (code, word) = match (status.last_sync_at, problems.is_empty()) {
        (None, _) => (StatusCode::SERVICE_UNAVAILABLE, "starting"),
        (Some(_), true) => (StatusCode::OK, "ready"),
        (Some(_), false) => (StatusCode::OK, "degraded"),
    };
    let body = json!({
        "status": word,
        "problems": problems,
        "applied_revision": plane.shared.snapshots.revision(),
        "last_sync_at": status.last_sync_at,
    });
    (code, Json(body))
}

/// What is wrong, while callers are served all the same.
pub(super) async fn problems(plane: &Plane) -> Vec<&'static str> {
    let status = plane.shared.sync.status();
    let mut problems = Vec::new();
    if let Err(error) = plane.store.revision().await {
        tracing::error!(%error, "the store cannot be read");
        problems.push("the store cannot be read");
    }
    if status.error.is_some() {
        problems.push("the last sync failed; what was synced before is served on");
    }
    if status.damage.is_some() {
        problems.push("the database is damaged");
    }
    problems
}
