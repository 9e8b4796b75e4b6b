//! `GET /v1/models` and `GET /v1/models/{slug}`: what the key may call, in the shape that its caller reads.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};

use super::exchange::Exchange;
use super::headers;
use super::refusal::Refusal;
use super::relay::Answer;
use crate::gateway::routing::provider::Dialect;
use crate::gateway::routing::snapshot::{Route, Routes};
use crate::gateway::rules::access::Key;

/// How many models a page of Anthropic's list has where nobody says, and at most.
const PAGE_DEFAULT: usize = 20;
const PAGE_MAX: usize = 1_000;

/// Which page of Anthropic's list is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Page {
    limit: usize,
    after: Option<String>,
    before: Option<String>,
}

/// All that are granted, and known at this revision. In Anthropic's shape a page of them.
///
/// # Errors
/// A page that cannot be.
pub(super) fn list(exchange: &mut Exchange, query: Option<&str>) -> Result<Response<Answer>, Refusal> {
    let key = exchange.key.as_ref().ok_or(Refusal::NoKey)?;
    let routes = exchange.worker.shared.snapshots.enter();
    let known = granted(key, &routes);
    let body = match exchange.dialect {
        Dialect::OpenAi => {
            let data: Vec<Value> = known.iter().map(|route| model(route, Dialect::OpenAi)).collect();
            json!({ "object": "list", "data": data })
        }
        Dialect::Anthropic => Page::read(query.unwrap_or_default())?.of(&known),
    };
    exchange.routes = Some(routes);
    Ok(answer(exchange, &body))
}

/// One of them. What is not granted is as unknown as what does not exist.
pub(super) fn one(exchange: &mut Exchange, slug: &str) -> Result<Response<Answer>, Refusal> {
    let key = exchange.key.as_ref().ok_or(Refusal::NoKey)?;
    let routes = exchange.worker.shared.snapshots.enter();
    key.group.grant(slug).ok_or(Refusal::NoModel)?;
    let body = model(routes.by_slug.get(slug).ok_or(Refusal::NoModel)?, exchange.dialect);
    exchange.routes = Some(routes);
    Ok(answer(exchange, &body))
}

/// By their slugs.
fn granted(key: &Key, routes: &Routes) -> Vec<Arc<Route>> {
    key.group.slugs().into_iter().filter_map(|slug| routes.by_slug.get(slug.as_str()).cloned()).collect()
}

fn model(route: &Route, dialect: Dialect) -> Value {
    match dialect {
        Dialect::OpenAi => json!({
            "id": route.slug,
            "object": "model",
            "created": route.created_at.micros().div_euclid(1_000_000),
            "owned_by": route.slug.org_prefix(),
        }),
        Dialect::Anthropic => json!({
            "type": "model",
            "id": route.slug,
            "display_name": route.slug,
            "created_at": route.created_at,
        }),
    }
}

fn answer(exchange: &mut Exchange, body: &Value) -> Response<Answer> {
    exchange.status = 200;
    let mut response = Response::new(Answer::Whole(Bytes::from(body.to_string())));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(headers::REQUEST_ID, exchange.id_header());
    response
}

impl Page {
    fn read(query: &str) -> Result<Self, Refusal> {
        let mut page = Self { limit: PAGE_DEFAULT, ..Self::default() };
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=PAGE_MAX).contains(limit));
                    page.limit = limit.ok_or(Refusal::BadQuery("limit must be a whole number from 1 to 1000"))?;
                }
                "after_id" => page.after = Some(value.into_owned()),
                "before_id" => page.before = Some(value.into_owned()),
                _ => {}
            }
        }
        if page.after.is_some() && page.before.is_some() {
            return Err(Refusal::BadQuery("give after_id or before_id, not both"));
        }
        Ok(page)
    }

    /// The page of these, which are sorted. An id stands for its place, also where its model is there no longer.
    fn of(&self, all: &[Arc<Route>]) -> Value {
        let place = |id: &str, is_behind: bool| {
            all.partition_point(|route| if is_behind { route.slug.as_str() <= id } else { route.slug.as_str() < id })
        };
        let (first, last, has_more) = match (&self.after, &self.before) {
            (_, Some(id)) => {
                let last = place(id, false);
                let first = last.saturating_sub(self.limit);
                (first, last, first > 0)
            }
            (after, None) => {
                let first = after.as_ref().map_or(0, |id| place(id, true));
                let last = all.len().min(first.saturating_add(self.limit));
                (first, last, last < all.len())
            }
        };
        let page = all.get(first..last).unwrap_or_default();
        json!({
            "data": page.iter().map(|route| model(route, Dialect::Anthropic)).collect::<Vec<_>>(),
            "has_more": has_more,
            "first_id": page.first().map(|route| &route.slug),
            "last_id": page.last().map(|route| &route.slug),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{EndpointId, Slug, Target, Time};

    fn page(query: &str) -> (Vec<String>, bool) {
        let routes: Vec<Arc<Route>> = ["a/1", "a/2", "a/3", "a/4"]
            .into_iter()
            .map(|slug| {
                let target = Arc::new(Target::baseten("m", None));
                let (id, slug) = (EndpointId::new(slug), Slug::from_wire(slug));
                Arc::new(Route { id, slug, target, created_at: Time::EPOCH })
            })
            .collect();
        let page = Page::read(query).unwrap().of(&routes);
        let ids = page["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap().to_owned());
        let ids: Vec<String> = ids.collect();
        assert_eq!(page["first_id"].as_str(), ids.first().map(String::as_str));
        assert_eq!(page["last_id"].as_str(), ids.last().map(String::as_str));
        (ids, page["has_more"].as_bool().unwrap())
    }

    #[test]
    fn pages_go_forward_and_back() {
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        for (query, expected, has_more) in [
            ("", &["a/1", "a/2", "a/3", "a/4"][..], false),
            ("limit=2", &["a/1", "a/2"], true),
            ("limit=2&after_id=a%2F2", &["a/3", "a/4"], false),
            ("limit=2&before_id=a/4", &["a/2", "a/3"], true),
            ("limit=2&before_id=a/2", &["a/1"], false),
            ("after_id=a/4", &[], false),
            ("after_id=a/2x", &["a/3", "a/4"], false),
            ("beta=true", &["a/1", "a/2", "a/3", "a/4"], false),
        ] {
            assert_eq!(page(query), (ids(expected), has_more), "{query}");
        }
        for query in ["limit=0", "limit=1001", "limit=x", "limit=", "after_id=a&before_id=b"] {
            assert!(matches!(Page::read(query), Err(Refusal::BadQuery(_))), "{query}");
        }
    }
}
