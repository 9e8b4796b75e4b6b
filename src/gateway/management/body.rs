//! Bodies: JSON whatever the `Content-Type` says, taken apart field by field so that an error names its field.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use crate::gateway::error::ApiError;

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

/// A JSON object whose fields are taken out one by one. A null counts as absent.
#[derive(Debug, Clone, PartialEq)]
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
