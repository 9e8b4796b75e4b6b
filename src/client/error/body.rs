//! Answers that are failures: JSON of several shapes, plain text, HTML or nothing, made one sentence.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use serde_json::Value;

use super::{ClientError, ErrorKind};

/// A longer sentence is cut.
const SENTENCE_CHARS_MAX: usize = 400;

/// A failed answer: all that is known of it.
pub(in crate::client) struct Refusal<'a> {
    /// Its status.
    pub(in crate::client) status: StatusCode,
    /// Its headers.
    pub(in crate::client) headers: &'a HeaderMap,
    /// Its body.
    pub(in crate::client) body: &'a [u8],
}

impl From<Refusal<'_>> for ClientError {
    fn from(refusal: Refusal<'_>) -> Self {
        let status = refusal.status.as_u16();
        let said = sentence(refusal.body);
        let message = match &said {
            Some(said) => format!("{said} ({status})"),
            None => match refusal.status.canonical_reason() {
                Some(reason) => format!("the server answered {status} {reason}"),
                None => format!("the server answered {status}"),
            },
        };
        let new = |kind| ClientError::new(kind, message.clone());
        match status {
            401 => new(ErrorKind::Unauthorized).with_hint("the server does not take this management key; give another"),
            403 => new(ErrorKind::Forbidden)
                .with_hint("the key may lack management scope, or the workspace is not onboarded to the gateway"),
            404 => new(ErrorKind::NotFound),
            // The field's own sentence stays as it is, so that a form can show it beside the field.
            400 | 422 => ClientError::new(ErrorKind::Invalid, said.unwrap_or(message)),
            412 => new(ErrorKind::PreconditionFailed).with_hint("somebody else changed it; read it again"),
            429 => {
                let retry_after = retry_after(refusal.headers, refusal.body);
                let error = new(ErrorKind::RateLimited { retry_after });
                match retry_after {
                    Some(wait) => error.with_hint(format!("try again in {} s", whole_seconds(wait))),
                    None => error,
                }
            }
            500.. => new(ErrorKind::Server(status)),
            300..=399 => {
                let hint = refusal.headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).map_or_else(
                    || "check the context's address".to_owned(),
                    |to| format!("redirects are not followed; the server points to {}", one_line(to)),
                );
                new(ErrorKind::Status(status)).with_hint(hint)
            }
            _ => new(ErrorKind::Status(status)),
        }
    }
}

fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// The sentence in a failed answer's body; `None` where it says nothing.
pub(super) fn sentence(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let said = match serde_json::from_str::<Value>(text) {
        Ok(json) => said_in(&json).or_else(|| (!is_empty(&json)).then(|| text.to_owned())),
        Err(_) if looks_like_html(text) => Some(html(text)),
        Err(_) => Some(text.to_owned()),
    };
    said.map(|said| one_line(&said)).filter(|said| !said.is_empty())
}

fn is_empty(json: &Value) -> bool {
    match json {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::String(text) => text.trim().is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn said_in(json: &Value) -> Option<String> {
    let full = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    match json {
        Value::String(text) => full(text),
        Value::Object(fields) => ["message", "error", "detail"].iter().find_map(|name| match fields.get(*name)? {
            Value::String(text) => full(text),
            Value::Object(inner) => inner.get("message").and_then(Value::as_str).and_then(full),
            Value::Array(problems) => {
                let said: Vec<String> = problems.iter().filter_map(problem).collect();
                Some(said.join("; ")).filter(|said| !said.is_empty())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => None,
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

/// One of several problems: a text, or pydantic's `{"loc": ["body", "slug"], "msg": "…"}`.
fn problem(json: &Value) -> Option<String> {
    if let Some(text) = json.as_str() {
        return Some(text.to_owned());
    }
    let message = json.get("msg").or_else(|| json.get("message"))?.as_str()?;
    let place: Vec<String> = json
        .get("loc")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|part| part.as_str() != Some("body"))
        .map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned))
        .collect();
    Some(if place.is_empty() { message.to_owned() } else { format!("{}: {message}", place.join(".")) })
}

fn looks_like_html(text: &str) -> bool {
    let start: String = text.chars().take(200).collect::<String>().to_ascii_lowercase();
    start.starts_with("<!doctype") || start.starts_with("<html") || start.contains("<head") || start.contains("<body")
}

/// What a page of HTML is about. It comes from a proxy or a login page, hardly ever from the API.
pub(super) fn html(text: &str) -> String {
    // ASCII lower case keeps every byte's place, so that places found in it are right in `text`.
    let lower = text.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|open| {
        let start = open + lower.get(open..)?.find('>')? + 1;
        let end = start + lower.get(start..)?.find("</title")?;
        text.get(start..end)
    });
    match title.map(one_line).filter(|title| !title.is_empty()) {
        Some(title) => format!("a web page came instead of an answer of the API: {title}"),
        None => "a web page came instead of an answer of the API".to_owned(),
    }
}

/// True where a body is a web page and no answer of the API.
pub(in crate::client) fn web_page(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    looks_like_html(text).then(|| html(text))
}

/// Control characters and runs of blanks become one blank; what is too long is cut.
fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SENTENCE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// How long a 429 asks to wait: in the body, or in `Retry-After` (seconds). The longer of the two counts.
fn retry_after(headers: &HeaderMap, body: &[u8]) -> Option<Duration> {
    let told = headers
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.trim().parse::<f64>().ok());
    let body = serde_json::from_slice::<Value>(body).ok();
    let written = body.as_ref().and_then(|json| json.get("retry_after")).and_then(|value| match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    });
    [told, written]
        .into_iter()
        .flatten()
        .filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0)
        .reduce(f64::max)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> ClientError {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let status = StatusCode::from_u16(status).unwrap();
        ClientError::from(Refusal { status, headers: &map, body: body.as_bytes() })
    }

    #[test]
    fn every_shape_of_body_becomes_one_sentence() {
        for (body, said) in [
            (r#"{"code":"NOT_FOUND","message":"no endpoint abc"}"#, "no endpoint abc (404)"),
            (r#"{"error":"no endpoint abc"}"#, "no endpoint abc (404)"),
            (r#"{"error":{"type":"x","message":"no endpoint abc"}}"#, "no endpoint abc (404)"),
            (r#"{"message":"","detail":"no endpoint abc"}"#, "no endpoint abc (404)"),
            (r#"{"detail":[{"loc":["body","targets",0],"msg":"wrong"},{"msg":"bad"}]}"#, "targets.0: wrong; bad (404)"),
            (r#""no endpoint abc""#, "no endpoint abc (404)"),
            ("no endpoint\r\n\x1b[31m  abc", "no endpoint [31m abc (404)"),
            ("{}", "the server answered 404 Not Found"),
            (" ", "the server answered 404 Not Found"),
            (r#"{"odd":1}"#, r#"{"odd":1} (404)"#),
            (
                "<html><head><TITLE>Sign\nin</TITLE></head></html>",
                "a web page came instead of an answer of the API: Sign in (404)",
            ),
        ] {
            assert_eq!(error(404, &[], body).message, said, "{body}");
        }
    }

    #[test]
    fn a_sentence_about_a_field_stays_as_the_server_wrote_it() {
        let error = error(400, &[], r#"{"code":"VALIDATION_ERROR","message":"slug is taken"}"#);
        assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Invalid, "slug is taken"));
    }

    #[test]
    fn a_long_text_is_cut() {
        let error = error(500, &[], &"é".repeat(10_000));
        assert!(error.message.chars().count() < SENTENCE_CHARS_MAX + 10);
    }

    #[test]
    fn a_429_says_how_long_to_wait() {
        let wait = |headers: &[(&'static str, &'static str)], body: &str| match error(429, headers, body).kind {
            ErrorKind::RateLimited { retry_after } => retry_after,
            other => panic!("{other:?}"),
        };
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(wait(&[], r#"{"error":"slow down","retry_after":37}"#), seconds(37));
        assert_eq!(wait(&[("retry-after", "5")], "slow down"), seconds(5));
        assert_eq!(wait(&[("retry-after", "5")], r#"{"retry_after":"7"}"#), seconds(7));
        assert_eq!(wait(&[("retry-after", "-1")], "{}"), None);
        assert_eq!(wait(&[("retry-after", "inf")], r#"{"retry_after":1e400}"#), None);
    }

    #[test]
    fn a_redirect_says_where_to() {
        let error = error(302, &[("location", "https://login.example/")], "");
        assert_eq!(error.kind, ErrorKind::Status(302));
        assert!(!error.was_not_done());
        assert!(error.hint.unwrap().contains("https://login.example/"));
    }
}
