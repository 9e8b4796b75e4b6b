//! The data plane: what callers with federated keys reach.

mod ask;
mod json;
mod reply;
mod sse;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::gateway::serve::{self, ServeLimits};
use crate::gateway::state::Shared;

/// Serves the inference address until `stop` is cancelled and what was under way has ended.
pub async fn serve(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) {
    serve::serve(listener, router(shared), ServeLimits::default(), stop).await;
}

/// The inference address: every path on it.
pub fn router(_shared: Arc<Shared>) -> Router {
    Router::new().fallback(|headers: HeaderMap| async move {
        let has_key = headers.contains_key(header::AUTHORIZATION) || headers.contains_key("x-api-key");
        let status = if has_key { StatusCode::FORBIDDEN } else { StatusCode::UNAUTHORIZED };
        let body = r#"{"error":"please check the api-key you provided"}"#;
        (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
    })
}

/// What stands under `/repoint/v1/` on the management address and belongs to the data plane. The management
/// plane has checked the key before a request gets here.
pub fn operator_router(_shared: Arc<Shared>) -> Router {
    Router::new()
}

/// What the data plane has at the root of the management address for everybody, without a key.
pub fn open_router(_shared: Arc<Shared>) -> Router {
    Router::new()
}
