//! What the pickers ask for: `/v1/models`, `/v1/secrets`, `/v1/users/me`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use secrecy::SecretString;

use super::body::Object;
use super::plane::Plane;
use super::query::Query;
use super::reply::{Segment, at_revision};
use crate::api::{Deployments, Environments, Model, ModelId, Models, SecretId, Secrets, Unknown, User};
use crate::gateway::planes::error::ApiError;
use crate::gateway::store::keyfile::random_letters;
use crate::gateway::store::{Origin, SECRET_ID_CHARS};

/// The longest name of a secret, in characters.
const NAME_CHARS_MAX: usize = 255;
/// The longest value of a secret, in bytes: a service account's file fits.
const VALUE_BYTES_MAX: usize = 64 * 1024;

pub(super) async fn models(State(plane): State<Arc<Plane>>, query: Query) -> Result<Json<Models>, ApiError> {
    let mut models = plane.store.models().await?;
    if let Some(name) = query.get("name")? {
        models.retain(|model| model.name == name);
    }
    Ok(Json(Models { models }))
}

pub(super) async fn model(State(plane): State<Arc<Plane>>, Segment(id): Segment) -> Result<Json<Model>, ApiError> {
    Ok(Json(plane.store.model(ModelId::new(id)).await?))
}

pub(super) async fn environments(
    State(plane): State<Arc<Plane>>,
    Segment(id): Segment,
) -> Result<Json<Environments>, ApiError> {
    Ok(Json(Environments { environments: plane.store.environments(ModelId::new(id)).await? }))
}

pub(super) async fn deployments(
    State(plane): State<Arc<Plane>>,
    Segment(id): Segment,
    query: Query,
) -> Result<Json<Deployments>, ApiError> {
    let mut deployments = plane.store.deployments(ModelId::new(id)).await?;
    if let Some(name) = query.get("name")? {
        deployments.retain(|deployment| deployment.name == name);
    }
    Ok(Json(Deployments { deployments }))
}

pub(super) async fn secrets(State(plane): State<Arc<Plane>>) -> Result<Json<Secrets>, ApiError> {
    Ok(Json(Secrets { secrets: plane.store.secrets().await? }))
}

pub(super) async fn upsert_secret(
    State(plane): State<Arc<Plane>>,
    origin: Origin,
    mut body: Object,
) -> Result<Response, ApiError> {
    let name = body.text("name")?;
    let name = body.required("name", name)?;
    let value = body.text("value")?;
    let value = SecretString::from(body.required("value", value)?);
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        let message = format!("name must have 1 to {NAME_CHARS_MAX} characters and no control characters");
        return Err(ApiError::Invalid(message));
    }
    if !(1..=VALUE_BYTES_MAX).contains(&secrecy::ExposeSecret::expose_secret(&value).len()) {
        return Err(ApiError::invalid(format!("value must have 1 to {VALUE_BYTES_MAX} bytes")));
    }
    let id = SecretId::new(random_letters(SECRET_ID_CHARS)?);
    let written = plane.store.upsert_secret(id, name, value, origin).await?;
    Ok(at_revision(written.revision, written.value))
}

pub(super) async fn delete_secret(
    State(plane): State<Arc<Plane>>,
    Segment(name): Segment,
    origin: Origin,
) -> Result<Response, ApiError> {
    let written = plane.store.delete_secret(name, origin).await?;
    Ok(at_revision(written.revision, written.value))
}

pub(super) async fn me() -> impl IntoResponse {
    Json(User {
        user_id: "local".to_owned(),
        email: None,
        name: Some("local operator".to_owned()),
        workspace_name: Some("local".to_owned()),
        unknown: Unknown::new(),
    })
}
