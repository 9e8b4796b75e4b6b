//! The error body of the management plane.

use serde::{Deserialize, Serialize};

/// `{"code": "VALIDATION_ERROR", "message": "…"}`, as the management plane answers every failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// `VALIDATION_ERROR`, `UNAUTHORIZED`, `FORBIDDEN`, `NOT_FOUND` or `INTERNAL_ERROR`.
    pub code: String,
    /// A sentence; it names the field that is wrong.
    pub message: String,
}
