//! Who may do what on the management plane: every request but health checks passes here first.
//!
//! Keys are compared by their SHA-256 digests in constant time; the keys themselves are not kept.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use super::known_key::{Scope, sha256};
use super::plane::Plane;
use crate::api::{AuditActor, Time};
use crate::gateway::planes::error::ApiError;

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
    let key = found.ok_or_else(|| unknown(plane, text))?;
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

/// A customer's key is a good key, and at the wrong address: that is another error than a wrong one.
fn unknown(plane: &Plane, key: &str) -> ApiError {
    match plane.shared.access.find(key.as_bytes()) {
        Some(_) => ApiError::Forbidden(
            "this is a federated key, which calls models at the inference address; hint: give a workspace API key"
                .to_owned(),
        ),
        None => ApiError::Unauthorized,
    }
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
}
