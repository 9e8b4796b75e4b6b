//! `/v1/gateway/events`: usage events, the oldest first.
//!
//! A cursor holds what was asked for, since the published API ignores other parameters beside it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::plane::Plane;
use super::query::Query;
use crate::api::{Event, PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, Page, Pagination, Time};
use crate::gateway::planes::error::ApiError;
use crate::gateway::store::{EventQuery, Sequence};

/// The most values of a filter, so that a cursor that holds them fits into a request's header.
const FILTER_VALUES_MAX: usize = 100;

/// Where a list of events goes on, and what was asked for. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    after: (i64, Sequence),
    end: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    api_keys: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    external_entity_ids: Vec<String>,
}

pub(super) async fn list(State(plane): State<Arc<Plane>>, query: Query) -> Result<Json<Page<Event>>, ApiError> {
    let asked = parse(&query, plane.shared.clock.now())?;
    let found = plane.store.events_page(asked.clone()).await?;
    let cursor = found.next.map(|(time, sequence)| {
        encode(&Cursor {
            after: (time.micros(), sequence),
            end: asked.end.micros(),
            api_keys: asked.api_keys,
            external_entity_ids: asked.external_entity_ids,
        })
    });
    Ok(Json(Page { items: found.events, pagination: Pagination { has_more: cursor.is_some(), cursor } }))
}

fn parse(query: &Query, now: Time) -> Result<EventQuery, ApiError> {
    let limit = query.limit(PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX)?;
    if let Some(text) = query.get("cursor")? {
        let cursor = decode(text).ok_or_else(|| ApiError::invalid("cursor is not one that this list gave"))?;
        let after = Time::from_micros(cursor.after.0);
        return Ok(EventQuery {
            start: after,
            after: Some((after, cursor.after.1)),
            end: Time::from_micros(cursor.end),
            limit,
            api_keys: cursor.api_keys,
            external_entity_ids: cursor.external_entity_ids,
        });
    }
    let start = query.time("start_time")?;
    Ok(EventQuery {
        start: start.ok_or_else(|| ApiError::invalid("start_time is required without a cursor"))?,
        after: None,
        end: query.time("end_time")?.unwrap_or(now),
        limit,
        api_keys: filter(query, "api_keys")?,
        external_entity_ids: filter(query, "external_entity_ids")?,
    })
}

fn filter(query: &Query, name: &str) -> Result<Vec<String>, ApiError> {
    let values = query.all(name);
    if values.len() > FILTER_VALUES_MAX {
        return Err(ApiError::invalid(format!("{name} must be given at most {FILTER_VALUES_MAX} times")));
    }
    Ok(values.into_iter().map(str::to_owned).collect())
}

fn encode(cursor: &Cursor) -> String {
    // A cursor is plain data: writing it cannot fail, and an empty text would be refused as any other.
    BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(cursor).unwrap_or_default())
}

fn decode(text: &str) -> Option<Cursor> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_it_went(after: (i64, i64), end: i64, api_key in ".{0,40}") {
            let cursor = Cursor { after, end, api_keys: vec![api_key], external_entity_ids: Vec::new() };
            let text = encode(&cursor);
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
            prop_assert_eq!(decode(&format!("{text}==")), Some(cursor));
        }

        #[test]
        fn any_other_text_never_panics(text in ".*") {
            let _ = decode(&text);
        }
    }
}
