//! Bodies: JSON whatever the `Content-Type` says, taken apart field by field so that an error names its field.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use crate::gateway::planes::error::ApiError;

/// The largest body that is read: a group with thousands of slugs fits.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How long a body may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

async fn read(body: Body) -> Result<Bytes, ApiError> {
    let collected = tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, BODY_BYTES_MAX).collect());
    match collected.await {
        Err(_) => Err(ApiError::Slow),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ApiError::TooLarge),
        Ok(Err(_)) => Err(ApiError::invalid("the body could not be read to its end")),
    }
}

/// A whole body, byte for byte: what a signature was made over.
pub(super) struct Whole(pub(super) Bytes);

impl<S: Sync> FromRequest<S> for Whole {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        read(request.into_body()).await.map(Self)
    }
}

/// A JSON object whose fields are taken out one by one. A null counts as absent.
#[derive(Clone, PartialEq, Default)]
pub(super) struct Object {
    fields: Map<String, Value>,
    /// What stands before a field's name in errors: empty, or a path with a dot at its end.
    path: String,
}

impl<S: Sync> FromRequest<S> for Object {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        Self::parse(&read(request.into_body()).await?)
    }
}

impl Object {
    /// The object in a whole body.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ApiError> {
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(fields)) => Ok(Self { fields, path: String::new() }),
            Ok(_) => Err(ApiError::invalid("the body must be a JSON object")),
            Err(error) => Err(ApiError::invalid(format!("the body is not JSON: {error}"))),
        }
    }

    /// The object in a field's value.
    pub(super) fn of_value(value: Value, path: &str) -> Result<Self, ApiError> {
        match value {
            Value::Object(fields) => Ok(Self { fields, path: format!("{path}.") }),
            _ => Err(ApiError::invalid(format!("{path} must be an object"))),
        }
    }

    /// The field's name as errors give it.
    pub(super) fn name(&self, field: &str) -> String {
        format!("{}{field}", self.path)
    }

    /// True where the field is there, also as a null.
    pub(super) fn has(&self, field: &str) -> bool {
        self.fields.contains_key(field)
    }

    /// A field of any kind.
    pub(super) fn value(&mut self, field: &str) -> Option<Value> {
        self.fields.shift_remove(field).filter(|value| !value.is_null())
    }

    /// A field that holds a text.
    pub(super) fn text(&mut self, field: &str) -> Result<Option<String>, ApiError> {
        match self.value(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ApiError::invalid(format!("{} must be a string", self.name(field)))),
        }
    }

    /// A field that holds a count. `100.0` is one too.
    pub(super) fn whole_number(&mut self, field: &str) -> Result<Option<u64>, ApiError> {
        let Some(value) = self.value(field) else { return Ok(None) };
        let wrong = || ApiError::invalid(format!("{} must be a whole number of at least 0", self.name(field)));
        value.as_u64().or_else(|| value.as_f64().and_then(whole)).map(Some).ok_or_else(wrong)
    }

    /// A field that holds an object.
    pub(super) fn object(&mut self, field: &str) -> Result<Option<Self>, ApiError> {
        let path = self.name(field);
        self.value(field).map(|value| Self::of_value(value, &path)).transpose()
    }

    /// A field that holds a list.
    pub(super) fn list(&mut self, field: &str) -> Result<Option<Vec<Value>>, ApiError> {
        match self.value(field) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(ApiError::invalid(format!("{} must be a list", self.name(field)))),
        }
    }

    /// A field that must be there.
    pub(super) fn required<T>(&self, field: &str, value: Option<T>) -> Result<T, ApiError> {
        value.ok_or_else(|| ApiError::invalid(format!("{} is required", self.name(field))))
    }

    /// Fails where a field is left that nobody has asked for.
    pub(super) fn nothing_left(&self) -> Result<(), ApiError> {
        match self.fields.iter().find(|(_, value)| !value.is_null()) {
            Some((field, _)) => Err(ApiError::invalid(format!("{} is not a known field", self.name(field)))),
            None => Ok(()),
        }
    }
}

/// Values of bodies may be secrets.
impl std::fmt::Debug for Object {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Object").field("path", &self.path).finish_non_exhaustive()
    }
}

/// A float without a fraction, where it is exact.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "its range and fraction are checked")]
fn whole(number: f64) -> Option<u64> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let is_whole = (0.0..=EXACT_MAX).contains(&number) && number.fract() == 0.0;
    is_whole.then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(error: ApiError) -> String {
        match error {
            ApiError::Invalid(message) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_error_names_the_field_with_its_path() {
        let mut body = Object::parse(br#"{"metadata":{"name":5},"targets":{}}"#).unwrap();
        let mut metadata = body.object("metadata").unwrap().unwrap();
        assert_eq!(message(metadata.text("name").unwrap_err()), "metadata.name must be a string");
        assert_eq!(message(body.list("targets").unwrap_err()), "targets must be a list");
        assert_eq!(message(body.required::<()>("slug", None).unwrap_err()), "slug is required");
    }

    #[test]
    fn a_null_is_absent() {
        let mut body = Object::parse(br#"{"slug":null}"#).unwrap();
        assert_eq!(body.text("slug").unwrap(), None);
        assert!(body.nothing_left().is_ok());
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in ["", "[]", "5", "{", "{\"a\":1}x", "\u{feff}{}"] {
            assert!(matches!(Object::parse(text.as_bytes()), Err(ApiError::Invalid(_))), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(Object::parse(format!("{{\"a\":{deep}").as_bytes()).is_err());
    }
}
