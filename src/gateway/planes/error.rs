//! The one table that turns what went wrong on the management plane into a status and a body.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::api::ErrorBody;
use crate::gateway::store::StoreError;
use crate::gateway::store::keyfile::KeyFileError;

/// Why a request to the management plane was not served. Texts are for the caller and hold no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiError {
    /// The request breaks a rule; the text names the field.
    Invalid(String),
    /// There is no key, or not the right one.
    Unauthorized,
    /// The key may not do this.
    Forbidden(String),
    /// There is nothing at this path, or no row of this id.
    NotFound(String),
    /// The path does not know the method.
    MethodNotAllowed,
    /// The body did not arrive in time.
    Slow,
    /// `If-Match` does not hold any longer.
    PreconditionFailed(String),
    /// The body is larger than is read.
    TooLarge,
    /// Too many requests; come back after so many seconds.
    RateLimited(u64),
    /// Something is wrong with the gateway; the log says what.
    Internal,
    /// The gateway is shutting down.
    Unavailable,
}

impl ApiError {
    /// A rule that was broken.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    fn table(self) -> (StatusCode, &'static str, String) {
        match self {
            Self::Invalid(message) => (StatusCode::BAD_REQUEST, "VALIDATION_ERROR", message),
            Self::Unauthorized => {
                let message = "the API key is missing or wrong; send it as Authorization: Api-Key KEY";
                (StatusCode::UNAUTHORIZED, "UNAUTHORIZED", message.to_owned())
            }
            Self::Forbidden(message) => (StatusCode::FORBIDDEN, "FORBIDDEN", message),
            Self::NotFound(message) => (StatusCode::NOT_FOUND, "NOT_FOUND", message),
            Self::MethodNotAllowed => {
                let message = "this path does not have that method";
                (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message.to_owned())
            }
            Self::Slow => {
                (StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT", "the body did not arrive in time".to_owned())
            }
            Self::PreconditionFailed(message) => (StatusCode::PRECONDITION_FAILED, "PRECONDITION_FAILED", message),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", "the body is too large".to_owned()),
            Self::RateLimited(_) => {
                let message = "Rate limit exceeded. Please try again later.";
                (StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", message.to_owned())
            }
            Self::Internal => {
                let message = "the gateway failed; its log says why";
                (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", message.to_owned())
            }
            Self::Unavailable => {
                let message = "the gateway is shutting down";
                (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message.to_owned())
            }
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Invalid(message) => Self::Invalid(message),
            StoreError::NotFound(message) => Self::NotFound(message),
            StoreError::Forbidden(message) => Self::Forbidden(message),
            StoreError::Moved { .. } => Self::PreconditionFailed(error.to_string()),
            StoreError::Closed => Self::Unavailable,
            StoreError::Database(_) | StoreError::Damaged(_) | StoreError::Internal(_) => {
                tracing::error!(%error, "a request failed in the store");
                Self::Internal
            }
        }
    }
}

impl From<KeyFileError> for ApiError {
    fn from(error: KeyFileError) -> Self {
        tracing::error!(%error, "a request failed");
        Self::Internal
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        // The hosted API answers this one in a shape of its own.
        if let Self::RateLimited(seconds) = self {
            let (status, _, message) = self.table();
            let headers = [(header::RETRY_AFTER, HeaderValue::from(seconds))];
            return (status, headers, Json(json!({"error": message, "retry_after": seconds}))).into_response();
        }
        let (status, code, message) = self.table();
        (status, Json(ErrorBody { code: code.to_owned(), message })).into_response()
    }
}
