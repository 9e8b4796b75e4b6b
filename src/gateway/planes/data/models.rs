//! `GET /v1/models`: the slugs that the key may call.

use bytes::Bytes;
use http::Response;
use http::header::{CONTENT_TYPE, HeaderValue};

use super::exchange::Exchange;
use super::headers;
use super::refusal::Refusal;
use super::relay::Answer;

/// Granted, and known at this revision.
pub(super) fn list(exchange: &mut Exchange) -> Result<Response<Answer>, Refusal> {
    let key = exchange.key.as_ref().ok_or(Refusal::NoKey)?;
    let routes = exchange.worker.shared.snapshots.enter();
    let known = key.group.slugs().into_iter().filter_map(|slug| routes.by_slug.get(slug.as_str()).cloned());
    let data: Vec<serde_json::Value> = known
        .map(|route| {
            serde_json::json!({
                "id": route.slug,
                "object": "model",
                "created": route.created_at.micros().div_euclid(1_000_000),
                "owned_by": route.slug.org_prefix(),
            })
        })
        .collect();
    let body = serde_json::json!({ "object": "list", "data": data }).to_string();
    exchange.routes = Some(routes);
    exchange.status = 200;
    let mut response = Response::new(Answer::Whole(Bytes::from(body)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(headers::REQUEST_ID, exchange.id_header());
    Ok(response)
}
