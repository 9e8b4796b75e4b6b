//! `/repoint/v1/sync`: how far the data plane is behind, and sync now.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::plane::Plane;
use crate::api::SyncReport;
use crate::gateway::planes::error::ApiError;

pub(super) async fn read(State(plane): State<Arc<Plane>>) -> Result<Json<SyncReport>, ApiError> {
    Ok(Json(plane.syncer.report().await?))
}

pub(super) async fn now(State(plane): State<Arc<Plane>>) -> Result<Json<SyncReport>, ApiError> {
    plane.syncer.now().await?;
    Ok(Json(plane.syncer.report().await?))
}
