//! Who may do what on the management plane: every request but health checks passes here first.
//!
//! Keys are compared by their SHA-256 digests in constant time; the keys themselves are not kept.

use std::fmt;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::api::{AuditActor, Time};
use crate::gateway::error::ApiError;
use crate::gateway::management::Plane;

/// The shortest key that is accepted as a management key, in characters.
pub const KEY_CHARS_MIN: usize = 16;

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    /// Everything.
    Manage,
    /// Reading.
    View,
}

/// A management key that is known.
pub(crate) struct KnownKey {
    digest: [u8; 32],
    scope: Scope,
    actor: AuditActor,
}

impl fmt::Debug for KnownKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("KnownKey").field("scope", &self.scope).finish_non_exhaustive()
    }
}

impl KnownKey {
    pub(crate) fn new(key: &SecretString, scope: Scope) -> Self {
        let text = key.expose_secret();
        let name = match scope {
            Scope::Manage => "management key",
            Scope::View => "view key",
        };
        let actor = AuditActor {
            kind: "API_KEY".to_owned(),
            email: None,
            api_key_prefix: public_part(text),
            api_key_name: Some(name.to_owned()),
        };
        Self { digest: sha256(text.as_bytes()), scope, actor }
    }
}

/// What stands before the first dot, where enough secret follows it.
fn public_part(key: &str) -> Option<String> {
    let (prefix, secret) = key.split_once('.')?;
    (prefix.len() <= 24 && secret.len() >= 2 * KEY_CHARS_MIN).then(|| prefix.to_owned())
}

/// The SHA-256 digest of these bytes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut array = [0; 32];
    array.copy_from_slice(digest(&SHA256, bytes).as_ref());
    array
}

/// The key in `Authorization: Bearer K` or `Authorization: Api-Key K`.
pub(crate) fn credential(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, key) = value.trim().split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("api-key");
    known.then(|| key.trim()).filter(|key| !key.is_empty())
}

/// Checks key, scope, onboarding and rate, and hands the caller on to what follows.
pub(crate) async fn check(State(plane): State<Arc<Plane>>, mut request: Request, next: Next) -> Response {
    let mut response = match admit(&plane, &request) {
        Ok(actor) => {
            request.extensions_mut().insert(actor);
            next.run(request).await
        }
        Err(error) => error.into_response(),
    };
    // The server below would tell the machine's time, and who counts down by it would be far off.
    if plane.shared.clock.is_own()
        && let Some(date) = http_date(plane.shared.clock.now())
    {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

fn http_date(time: Time) -> Option<HeaderValue> {
    let text = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&time.timestamp()).ok()?;
    HeaderValue::from_str(&text).ok()
}

fn admit(plane: &Plane, request: &Request) -> Result<AuditActor, ApiError> {
    let text = credential(request.headers()).ok_or(ApiError::Unauthorized)?;
    let digest = sha256(text.as_bytes());
    // Every known key is compared, so that the time tells nothing.
    let found = plane.keys.iter().fold(None, |found, key| {
        let same = bool::from(key.digest.ct_eq(&digest));
        if same { Some(key) } else { found }
    });
    let key = found.ok_or(ApiError::Unauthorized)?;
    let path = request.uri().path();
    if plane.not_onboarded && (path == "/v1/gateway" || path.starts_with("/v1/gateway/")) {
        return Err(ApiError::Forbidden("this workspace is not onboarded to the gateway".to_owned()));
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if key.scope == Scope::View && !reads {
        return Err(ApiError::Forbidden("this key may read, but not write".to_owned()));
    }
    if let Some(rate) = &plane.rate {
        let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
        rate.take(key.scope, request.method(), route, crate::clock::instant()).map_err(ApiError::RateLimited)?;
    }
    Ok(key.actor.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn both_schemes_are_read_and_others_are_not() {
        assert_eq!(credential(&headers(&["Bearer k"])), Some("k"));
        assert_eq!(credential(&headers(&["api-key  k "])), Some("k"));
        for bad in [&["Basic k"][..], &["k"], &["Bearer "], &["Bearer a", "Bearer a"], &[]] {
            assert_eq!(credential(&headers(bad)), None, "{bad:?}");
        }
    }

    #[test]
    fn only_a_key_with_a_long_secret_has_a_public_part() {
        let key = format!("mgmt_abc.{}", "x".repeat(43));
        assert_eq!(public_part(&key).as_deref(), Some("mgmt_abc"));
        assert_eq!(public_part("short.secret"), None);
        assert_eq!(public_part("0123456789abcdef"), None);
    }
}
