//! Why a caller gets no answer of an upstream: one table from cause to status and body.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, ALLOW, CONNECTION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, UPGRADE,
    WWW_AUTHENTICATE,
};
use http::{Method, StatusCode};

use super::unpack::{self, Coding};
use crate::api::Time;
use crate::gateway::records::record::Outcome;
use crate::gateway::routing::provider::{Dialect, Unroutable};
use crate::gateway::rules::limit::Rejection;

/// The same as `Retry-After`, and exact: what the SDKs of `OpenAI` and Anthropic look at first.
const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");
/// Tells those SDKs whether to try again by themselves.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
/// The longest wait that a program is told. Some wait for whatever they are told, to the second and without a word to
/// whoever sits before them: at a day's limit Codex is silent until midnight.
const WAIT_MAX: Duration = Duration::from_mins(1);

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
    /// A websocket was asked for, which is not spoken here: its caller is to post.
    Websocket,
    /// A rule of HTTP is broken; the text says which.
    Malformed(&'static str),
    /// Header lines beyond the limit.
    HeadersTooLarge,
    /// The body is in a coding that is not taken.
    Coding,
    /// The body is not what its coding says.
    Unpacked(Coding),
    /// The body is many times larger than it came.
    TooDense,
    /// Not a JSON object with one `model`.
    BadBody,
    /// A parameter of the query cannot be; the text says which.
    BadQuery(&'static str),
    /// The body stopped coming.
    BodyTimeout,
    /// The body is beyond the limit, which is given in bytes.
    BodyTooLarge(usize),
    /// All bodies together are beyond theirs.
    Busy,
    /// The slug is not known or not granted.
    NoModel,
    /// A limit was reached.
    Limited {
        /// Which, and for how long.
        rejection: Rejection,
        /// When it opens again, where that is known.
        opens_at: Option<Time>,
    },
    /// The target cannot be called.
    Unroutable(Unroutable),
    /// The upstream was not reached.
    Unreachable(&'static str),
    /// The upstream broke off before its answer had begun.
    Broken,
    /// The upstream's answer is too large to be held.
    AnswerTooLarge,
    /// The upstream's answer is in a content coding that nobody asked for and that is not undone here.
    AnswerCoding,
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
            Self::Websocket => StatusCode::UPGRADE_REQUIRED,
            Self::Malformed(_)
            | Self::BadBody
            | Self::BadQuery(_)
            | Self::Unpacked(_)
            | Self::Unroutable(Unroutable::NoRoute { .. }) => StatusCode::BAD_REQUEST,
            Self::Coding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge(_) | Self::TooDense => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Limited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unroutable(Unroutable::NoAdapter(_)) => StatusCode::NOT_IMPLEMENTED,
            Self::Unroutable(_) | Self::Unreachable(_) | Self::Broken | Self::AnswerTooLarge | Self::AnswerCoding => {
                StatusCode::BAD_GATEWAY
            }
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
            Self::Limited { rejection, .. } => Outcome::Limited(Box::new(rejection.limit.clone())),
            Self::Unreachable(_) | Self::Broken | Self::AnswerTooLarge | Self::AnswerCoding | Self::Silent => {
                Outcome::UpstreamFailed
            }
            Self::NoKey
            | Self::BadKey
            | Self::NoRoute
            | Self::Method(_)
            | Self::Websocket
            | Self::Malformed(_)
            | Self::HeadersTooLarge
            | Self::Coding
            | Self::Unpacked(_)
            | Self::TooDense
            | Self::BadBody
            | Self::BadQuery(_)
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
            Self::Limited { rejection: Rejection { retry_after: Some(wait), .. }, .. } if *wait <= WAIT_MAX => {
                headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(*wait)));
                headers.insert(RETRY_AFTER_MS, HeaderValue::from(whole_millis(*wait)));
            }
            Self::Busy => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Self::Method(allowed) => {
                headers.insert(ALLOW, HeaderValue::from_static(allowed));
            }
            Self::NoKey => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Api-Key"));
            }
            Self::Coding => {
                headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(unpack::TAKEN));
            }
            Self::Websocket => {
                headers.insert(UPGRADE, HeaderValue::from_static("HTTP/1.1"));
                headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
            }
            _ => {}
        }
        if self.is_final() {
            headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        if self.ends_the_connection() {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        (self.status(), headers, self.body(dialect))
    }

    /// Where the same request soon would be refused again: the official SDKs, and programs built on them, would else
    /// repeat what is blocked for a day up to twenty times.
    fn is_final(&self) -> bool {
        match self {
            Self::Limited { rejection: Rejection { limit, retry_after }, .. } => {
                limit.threshold == 0 || retry_after.is_some_and(|wait| wait > WAIT_MAX)
            }
            Self::NoKey | Self::BodyTimeout => false,
            _ => self.status().is_client_error() || self.status() == StatusCode::NOT_IMPLEMENTED,
        }
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
        matches!(self, Self::Malformed(_) | Self::BodyTooLarge(_) | Self::BodyTimeout | Self::HeadersTooLarge)
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

fn whole_millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX).max(1)
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKey | Self::BadKey => formatter.write_str("please check the api-key you provided"),
            Self::NoRoute => formatter.write_str("there is no such route"),
            Self::Method(allowed) => write!(formatter, "this route takes {allowed} alone"),
            Self::Websocket => formatter.write_str("websockets are not spoken here; post the request instead"),
            Self::Malformed(rule) => formatter.write_str(rule),
            Self::Coding => {
                write!(
                    formatter,
                    "the request's Content-Encoding is not taken; hint: one of {}, or none",
                    unpack::TAKEN
                )
            }
            Self::Unpacked(coding) => {
                write!(
                    formatter,
                    "the request's body is not the whole {} that its Content-Encoding says",
                    coding.name()
                )
            }
            Self::TooDense => formatter.write_str("the request's body is too many times larger than it came"),
            Self::HeadersTooLarge => formatter.write_str("the request's header lines are too large"),
            Self::BadBody => formatter.write_str("Invalid request body"),
            Self::BadQuery(what) => formatter.write_str(what),
            Self::BodyTimeout => formatter.write_str("the request's body stopped coming"),
            Self::BodyTooLarge(max) => write!(formatter, "the request's body is larger than {max} bytes"),
            Self::Busy => formatter.write_str("too much is under way; please try again"),
            Self::NoModel => formatter.write_str("please check the model you provided"),
            Self::Limited { rejection: Rejection { limit, retry_after }, opens_at } => {
                write!(formatter, "over the limit of {limit}")?;
                match opens_at {
                    _ if limit.threshold == 0 => formatter.write_str(", which lets nothing through"),
                    // Who waits longer than that is a person, who reads a time and not a number of seconds.
                    Some(time) if retry_after.is_some_and(|wait| wait > WAIT_MAX) => {
                        write!(formatter, "; it resets at {time}")
                    }
                    _ => Ok(()),
                }
            }
            Self::Unroutable(cause) => cause.fmt(formatter),
            Self::Unreachable(cause) => write!(formatter, "the endpoint's upstream was not reached: {cause}"),
            Self::Broken => formatter.write_str("the endpoint's upstream broke off before it answered"),
            Self::AnswerTooLarge => formatter.write_str("the endpoint's upstream answered more than can be held"),
            Self::AnswerCoding => {
                formatter.write_str("the endpoint's upstream answered in a content coding that nobody asked for")
            }
            Self::Silent => formatter.write_str("the endpoint's upstream was silent past the time limit"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::GroupId;
    use crate::gateway::rules::limit::{Counted, Limit, Span};

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
        for (wait, millis) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (59_999_999, 60_000)] {
            assert_eq!(whole_millis(Duration::from_micros(wait)), millis);
        }
    }

    #[test]
    fn what_stays_refused_says_so_and_what_passes_soon_says_when() {
        let limited = |threshold, retry_after: Option<u64>| {
            let source = GroupId::from("grp");
            let limit = Limit { counted: Counted::Request, span: Span::Day, threshold, source };
            let retry_after = retry_after.map(Duration::from_secs);
            let opens_at = retry_after.map(|wait| Time::EPOCH.plus(wait));
            Refusal::Limited { rejection: Rejection { limit, retry_after }, opens_at }
        };
        let gone = Refusal::Unroutable(Unroutable::NoSimulator);
        for (refusal, wait, is_final, said) in [
            (limited(1, Some(60)), Some("60"), false, "over the limit of 1 REQUEST per DAY of group grp"),
            (
                limited(1, Some(61)),
                None,
                true,
                "over the limit of 1 REQUEST per DAY of group grp; it resets at 1970-01-01T00:01:01.000000Z",
            ),
            (
                limited(0, None),
                None,
                true,
                "over the limit of 0 REQUEST per DAY of group grp, which lets nothing through",
            ),
            // Requests under way: nobody knows when one ends, which may be at once.
            (limited(1, None), None, false, "over the limit of 1 REQUEST per DAY of group grp"),
            (Refusal::BadKey, None, true, "please check the api-key you provided"),
            (Refusal::NoModel, None, true, "please check the model you provided"),
            (Refusal::BadBody, None, true, "Invalid request body"),
            (Refusal::NoKey, None, false, "please check the api-key you provided"),
            (Refusal::Busy, Some("1"), false, "too much is under way; please try again"),
            (gone, None, false, "no simulated models run here; hint: give the model an address with --upstream"),
        ] {
            let (_, headers, body) = refusal.answer(Dialect::OpenAi);
            let header = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap());
            assert_eq!((header(RETRY_AFTER), header(SHOULD_RETRY) == Some("false")), (wait, is_final), "{refusal}");
            assert_eq!(body, serde_json::json!({ "error": said }).to_string());
        }
    }
}
