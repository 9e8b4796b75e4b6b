//! Why a caller gets no answer of an upstream: one table from cause to status and body.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use http::{Method, StatusCode};

use crate::gateway::records::record::Outcome;
use crate::gateway::routing::provider::{Dialect, Unroutable};
use crate::gateway::rules::limit::Rejection;

/// What a caller whose key opens nothing is told, in each dialect.
const KEY_OPENAI: &[u8] = br#"{"error":"please check the api-key you provided"}"#;
const KEY_ANTHROPIC: &[u8] =
    br#"{"type":"error","error":{"type":"permission_error","message":"please check the api-key you provided"}}"#;

/// Why the gateway answers itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No credentials.
    NoKey,
    /// Credentials that open nothing.
    BadKey,
    /// No such path.
    NoRoute,
    /// The path has other methods.
    Method(&'static str),
    /// A change of protocol was asked for.
    Upgrade,
    /// Header lines beyond the limit.
    HeadersTooLarge,
    /// Not a JSON object with one `model`.
    BadBody,
    /// The body stopped coming.
    BodyTimeout,
    /// The body is beyond the limit, which is given in bytes.
    BodyTooLarge(usize),
    /// All bodies together are beyond theirs.
    Busy,
    /// The slug is not known or not granted.
    NoModel,
    /// A limit was reached.
    Limited(Rejection),
    /// The target cannot be called.
    Unroutable(Unroutable),
    /// The upstream was not reached.
    Unreachable(&'static str),
    /// The upstream broke off before its answer had begun.
    Broken,
    /// The upstream's answer is too large to be held.
    AnswerTooLarge,
    /// The upstream was silent past the time limit.
    Silent,
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::NoKey => StatusCode::UNAUTHORIZED,
            Self::BadKey => StatusCode::FORBIDDEN,
            Self::NoRoute | Self::NoModel => StatusCode::NOT_FOUND,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::BadBody | Self::Upgrade | Self::Unroutable(Unroutable::NoRoute { .. }) => StatusCode::BAD_REQUEST,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Limited(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unroutable(Unroutable::NoAdapter(_)) => StatusCode::NOT_IMPLEMENTED,
            Self::Unroutable(_) | Self::Unreachable(_) | Self::Broken | Self::AnswerTooLarge => StatusCode::BAD_GATEWAY,
            Self::Silent => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// What Anthropic's protocol calls it.
    fn kind(&self) -> &'static str {
        match self.status() {
            StatusCode::UNAUTHORIZED => "authentication_error",
            StatusCode::FORBIDDEN => "permission_error",
            StatusCode::NOT_FOUND => "not_found_error",
            StatusCode::PAYLOAD_TOO_LARGE => "request_too_large",
            StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
            StatusCode::SERVICE_UNAVAILABLE => "overloaded_error",
            StatusCode::GATEWAY_TIMEOUT => "timeout_error",
            status if status.is_server_error() => "api_error",
            _ => "invalid_request_error",
        }
    }

    /// How the request is counted.
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::Limited(rejection) => Outcome::Limited(Box::new(rejection.limit.clone())),
            Self::Unreachable(_) | Self::Broken | Self::AnswerTooLarge | Self::Silent => Outcome::UpstreamFailed,
            Self::NoKey
            | Self::BadKey
            | Self::NoRoute
            | Self::Method(_)
            | Self::Upgrade
            | Self::HeadersTooLarge
            | Self::BadBody
            | Self::BodyTimeout
            | Self::BodyTooLarge(_)
            | Self::Busy
            | Self::NoModel
            | Self::Unroutable(_) => Outcome::Refused,
        }
    }

    /// The answer in the caller's dialect.
    pub(super) fn answer(&self, dialect: Dialect) -> (StatusCode, HeaderMap, Bytes) {
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match self {
            Self::Limited(Rejection { retry_after: Some(wait), .. }) => {
                headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(*wait)));
            }
            Self::Busy => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Self::Method(allowed) => {
                headers.insert(http::header::ALLOW, HeaderValue::from_static(allowed));
            }
            Self::NoKey => {
                let value = HeaderValue::from_static("Api-Key");
                headers.insert(http::header::WWW_AUTHENTICATE, value);
            }
            _ => {}
        }
        if self.ends_the_connection() {
            headers.insert(http::header::CONNECTION, HeaderValue::from_static("close"));
        }
        (self.status(), headers, self.body(dialect))
    }

    fn body(&self, dialect: Dialect) -> Bytes {
        // A flood of bad keys is not worth the making of a text.
        match (self, dialect) {
            (Self::NoKey | Self::BadKey, Dialect::OpenAi) => return Bytes::from_static(KEY_OPENAI),
            (Self::BadKey, Dialect::Anthropic) => return Bytes::from_static(KEY_ANTHROPIC),
            _ => {}
        }
        let message = self.to_string();
        let body = match dialect {
            Dialect::OpenAi => serde_json::json!({ "error": message }),
            Dialect::Anthropic => {
                serde_json::json!({ "type": "error", "error": { "type": self.kind(), "message": message } })
            }
        };
        Bytes::from(body.to_string())
    }

    /// Where more of the request may be on its way than is worth reading.
    fn ends_the_connection(&self) -> bool {
        matches!(self, Self::BodyTooLarge(_) | Self::BodyTimeout | Self::Upgrade | Self::HeadersTooLarge)
    }

    /// The methods of the inference address: 405 names them.
    pub(super) fn method(expected: &Method) -> Self {
        Self::Method(if *expected == Method::GET { "GET" } else { "POST" })
    }
}

/// Rounded up, so that a caller who waits so long gets through.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKey | Self::BadKey => formatter.write_str("please check the api-key you provided"),
            Self::NoRoute => formatter.write_str("there is no such route"),
            Self::Method(allowed) => write!(formatter, "this route takes {allowed} alone"),
            Self::Upgrade => formatter.write_str("other protocols are not spoken here"),
            Self::HeadersTooLarge => formatter.write_str("the request's header lines are too large"),
            Self::BadBody => formatter.write_str("Invalid request body"),
            Self::BodyTimeout => formatter.write_str("the request's body stopped coming"),
            Self::BodyTooLarge(max) => write!(formatter, "the request's body is larger than {max} bytes"),
            Self::Busy => formatter.write_str("too much is under way; please try again"),
            Self::NoModel => formatter.write_str("please check the model you provided"),
            Self::Limited(rejection) => write!(formatter, "over the limit of {}", rejection.limit),
            Self::Unroutable(cause) => cause.fmt(formatter),
            Self::Unreachable(cause) => write!(formatter, "the endpoint's upstream was not reached: {cause}"),
            Self::Broken => formatter.write_str("the endpoint's upstream broke off before it answered"),
            Self::AnswerTooLarge => formatter.write_str("the endpoint's upstream answered more than can be held"),
            Self::Silent => formatter.write_str("the endpoint's upstream was silent past the time limit"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_has_its_shape() {
        let (status, _, body) = Refusal::NoKey.answer(Dialect::OpenAi);
        assert_eq!(
            (status.as_u16(), body.as_ref()),
            (401, br#"{"error":"please check the api-key you provided"}"#.as_slice())
        );
        let (_, _, body) = Refusal::BadKey.answer(Dialect::Anthropic);
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["error"]["type"], Refusal::BadKey.kind());
        assert_eq!(body["error"]["message"], Refusal::BadKey.to_string());
        let (_, _, body) = Refusal::NoModel.answer(Dialect::Anthropic);
        let expected =
            r#"{"type":"error","error":{"type":"not_found_error","message":"please check the model you provided"}}"#;
        assert_eq!(body, expected);
    }

    #[test]
    fn a_wait_is_rounded_up() {
        for (wait, seconds) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (60_000, 60)] {
            assert_eq!(whole_seconds(Duration::from_millis(wait)), seconds);
        }
    }
}
