//! The management plane: the table of its routes, and what they all hold.
//!
//! A file a resource. Every request has passed [`auth`] before it gets to one, but for the health
//! checks at the root.

mod audit;
pub(crate) mod auth;
mod body;
mod cursor;
mod dead_letters;
mod endpoints;
mod events;
mod groups;
mod health;
mod keys;
pub(crate) mod known_key;
pub(crate) mod plane;
mod query;
mod rate;
mod reply;
mod seed;
mod status;
mod sync;
mod target;
mod workspace;

use std::sync::Arc;

use axum::Router;
use axum::http::Uri;
use axum::middleware;
use axum::routing::{delete, get, post};

use crate::gateway::planes::error::ApiError;
use plane::Plane;

/// Everything on the management address. `operator` is what the data plane has there, behind the same key;
/// `open` is what it has there for everybody.
pub(crate) fn router(plane: &Arc<Plane>, operator: Router, open: Router) -> Router {
    let closed = Router::new()
        .route("/v1/gateway/endpoints", get(endpoints::list).post(endpoints::create))
        .route("/v1/gateway/endpoints/{id}", get(endpoints::read).patch(endpoints::update).delete(endpoints::delete))
        .route("/v1/gateway/groups", get(groups::list).post(groups::create))
        .route("/v1/gateway/groups/{id}", get(groups::read).patch(groups::update).delete(groups::delete))
        .route("/v1/gateway/groups/{id}/usage", get(groups::usage))
        .route("/v1/gateway/groups/{id}/api_keys", get(keys::list).post(keys::mint))
        .route("/v1/gateway/groups/{id}/api_keys/register", post(keys::register))
        .route("/v1/gateway/groups/{id}/api_keys/{prefix}", get(keys::read).delete(keys::revoke))
        .route("/v1/gateway/events", get(events::list))
        .route("/v1/audit_logs", get(audit::list))
        .route("/v1/models", get(workspace::models))
        .route("/v1/models/{id}", get(workspace::model))
        .route("/v1/models/{id}/environments", get(workspace::environments))
        .route("/v1/models/{id}/deployments", get(workspace::deployments))
        .route("/v1/secrets", get(workspace::secrets).post(workspace::upsert_secret))
        .route("/v1/secrets/{name}", delete(workspace::delete_secret))
        .route("/v1/users/me", get(workspace::me))
        .route("/repoint/v1/audit", get(audit::own))
        .route("/repoint/v1/dead_letters", get(dead_letters::list))
        .route("/repoint/v1/dead_letters/send", post(dead_letters::send_all))
        .route("/repoint/v1/dead_letters/{id}", get(dead_letters::read).delete(dead_letters::delete))
        .route("/repoint/v1/dead_letters/{id}/send", post(dead_letters::send))
        .route("/repoint/v1/sync", get(sync::read).post(sync::now))
        .route("/repoint/v1/status", get(status::read))
        .route("/repoint/v1/seed", get(seed::read))
        .with_state(Arc::clone(plane))
        .merge(operator)
        .fallback(|uri: Uri| async move { ApiError::NotFound(format!("there is nothing at {}", uri.path())) })
        .method_not_allowed_fallback(|| async { ApiError::MethodNotAllowed })
        .layer(middleware::from_fn_with_state(Arc::clone(plane), auth::check));
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .with_state(Arc::clone(plane))
        .merge(open)
        .merge(closed)
}

/// The same request without a slash at the end of its path: the contract writes `POST /` for the resource itself.
pub(crate) fn without_trailing_slash<B>(mut request: axum::http::Request<B>) -> axum::http::Request<B> {
    let path = request.uri().path();
    let trimmed = path.trim_end_matches('/');
    if trimmed.len() == path.len() || trimmed.is_empty() {
        return request;
    }
    let path_and_query = match request.uri().query() {
        Some(query) => format!("{trimmed}?{query}"),
        None => trimmed.to_owned(),
    };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = path_and_query.parse().ok();
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    request
}
