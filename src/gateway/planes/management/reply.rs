//! What answers and requests have in common: the revision header, whole lists, who asked.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::cursor::{self, List};
use super::plane::Plane;
use crate::api::{AuditActor, Page, Pagination};
use crate::gateway::planes::error::ApiError;
use crate::gateway::store::{Origin, Rows};

const REVISION: HeaderName = HeaderName::from_static("x-repoint-revision");
/// The longest name or version of a client that the audit log keeps, in characters.
const CLIENT_CHARS_MAX: usize = 64;

/// A body and the revision that it was read or written at.
pub(super) fn at_revision(revision: u64, body: impl Serialize) -> Response {
    ([(REVISION, HeaderValue::from(revision))], Json(body)).into_response()
}

/// A page as it is answered.
pub(super) fn page<T>(list: List, rows: Rows<T>) -> Page<T> {
    let cursor = rows.next.map(|sequence| cursor::encode(list, sequence));
    Page { items: rows.rows, pagination: Pagination { has_more: cursor.is_some(), cursor } }
}

/// The one variable part of a path.
pub(super) struct Segment(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(text)| Self(text)).map_err(|_| ApiError::NotFound("the path is not valid".to_owned()))
    }
}

/// The two variable parts of a path.
pub(super) struct Segments(pub(super) String, pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Segments {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        path.map(|Path((one, two))| Self(one, two)).map_err(|_| ApiError::NotFound("the path is not valid".to_owned()))
    }
}

impl FromRequestParts<Arc<Plane>> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, plane: &Arc<Plane>) -> Result<Self, Infallible> {
        let now = plane.shared.clock.now();
        let mut origin = Self::system(now);
        if let Some(actor) = parts.extensions.get::<AuditActor>() {
            origin.actor = actor.clone();
            origin.source = "API";
        }
        let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or("");
        let (name, version) = product(agent);
        origin.client_name = name;
        origin.client_version = version;
        Ok(origin)
    }
}

/// Name and version of the first product in a `User-Agent`.
fn product(agent: &str) -> (Option<String>, Option<String>) {
    let cut =
        |text: &str| Some(text.chars().take(CLIENT_CHARS_MAX).collect::<String>()).filter(|text| !text.is_empty());
    let first = agent.split_whitespace().next().unwrap_or("");
    match first.split_once('/') {
        Some((name, version)) => (cut(name), cut(version)),
        None => (cut(first), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_product_names_the_client() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(product("repoint/0.1.0 (linux)"), (some("repoint"), some("0.1.0")));
        assert_eq!(product("curl"), (some("curl"), None));
        assert_eq!(product(""), (None, None));
    }
}
