//! `/repoint/v1/seed`: the demo's endpoints and groups as a file of `repoint export` would have them, in JSON, so that
//! `repoint plan` and `apply` read it and the dashboard can bring back what somebody deleted. It changes nothing.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::plane::Plane;
use crate::gateway::planes::error::ApiError;
use crate::gateway::store::demo;

pub(super) async fn read(State(plane): State<Arc<Plane>>) -> Result<Json<Value>, ApiError> {
    let org_prefix = plane.rules.org_prefixes.first().map_or("", String::as_str);
    let demo = demo(org_prefix).map_err(|error| {
        tracing::error!(%error, "the demo cannot be told");
        ApiError::Internal
    })?;
    Ok(Json(demo))
}
