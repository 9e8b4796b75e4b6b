//! `/v1/gateway/endpoints`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::Response;

use super::body::Object;
use super::cursor::List;
use super::plane::{Plane, Rules};
use super::query::Query;
use super::reply::{Segment, at_revision, page};
use super::target;
use crate::api::{EndpointId, Region, Slug, Time};
use crate::gateway::planes::error::ApiError;
use crate::gateway::store::keyfile::random_letters;
use crate::gateway::store::{Change, NewEndpoint, Origin, Patch};

/// The length of a new endpoint's id.
const ID_CHARS: usize = 11;

pub(super) async fn list(State(plane): State<Arc<Plane>>, query: Query) -> Result<Response, ApiError> {
    let (after, limit) = query.page(List::Endpoints)?;
    let seen = plane.store.endpoints_page(after, limit).await?;
    Ok(at_revision(seen.revision, page(List::Endpoints, seen.value)))
}

pub(super) async fn create(
    State(plane): State<Arc<Plane>>,
    origin: Origin,
    mut body: Object,
) -> Result<Response, ApiError> {
    let text = body.text("slug")?;
    let new = NewEndpoint {
        id: EndpointId::new(random_letters(ID_CHARS)?),
        slug: slug(&body.required("slug", text)?, &plane.rules)?,
        region: region(&mut body)?.unwrap_or(Region::Unrestricted),
        target: {
            let targets = body.list("targets")?;
            target::parse(body.required("targets", targets)?, &plane.rules)?
        },
    };
    let written = plane.store.create_endpoint(new, origin).await?;
    Ok(at_revision(written.revision, written.value))
}

pub(super) async fn read(State(plane): State<Arc<Plane>>, Segment(id): Segment) -> Result<Response, ApiError> {
    let seen = plane.store.endpoint(EndpointId::new(id)).await?;
    Ok(at_revision(seen.revision, seen.value))
}

pub(super) async fn update(
    State(plane): State<Arc<Plane>>,
    Segment(id): Segment,
    origin: Origin,
    headers: HeaderMap,
    mut body: Object,
) -> Result<Response, ApiError> {
    let id = EndpointId::new(id);
    // Whoever may not see the endpoint learns that first, whatever the body holds.
    plane.store.endpoint(id.clone()).await?;
    let if_match = if_match(&headers)?;
    let slug = body.text("slug")?.map(|text| slug(&text, &plane.rules)).transpose()?;
    let target = body.list("targets")?.map(|targets| target::parse(targets, &plane.rules)).transpose()?;
    if slug.is_none() && target.is_none() {
        return Err(ApiError::invalid("the body must have slug or targets"));
    }
    let change = Change { slug, target, region: region(&mut body)? };
    let written = plane.store.update_endpoint(id, Patch { change, if_match }, origin).await?;
    Ok(at_revision(written.revision, written.value))
}

pub(super) async fn delete(
    State(plane): State<Arc<Plane>>,
    Segment(id): Segment,
    origin: Origin,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let written = plane.store.delete_endpoint(EndpointId::new(id), if_match(&headers)?, origin).await?;
    Ok(at_revision(written.revision, written.value))
}

fn slug(text: &str, rules: &Rules) -> Result<Slug, ApiError> {
    let slug = Slug::parse(text).map_err(|error| ApiError::invalid(error.to_string()))?;
    if rules.org_prefixes.iter().any(|prefix| prefix == slug.org_prefix()) {
        return Ok(slug);
    }
    let owned: Vec<_> = rules.org_prefixes.iter().map(|prefix| format!("{prefix}/")).collect();
    Err(ApiError::invalid(format!("slug must begin with a prefix of this organisation: {}", owned.join(" or "))))
}

fn region(body: &mut Object) -> Result<Option<Region>, ApiError> {
    let Some(text) = body.text("region")? else { return Ok(None) };
    let region = Region::from(text.as_str());
    if region.is_known() { Ok(Some(region)) } else { Err(ApiError::invalid("region must be UNRESTRICTED or EU")) }
}

/// The `updated_at` that the caller has read, with or without quotes; `*` is any.
fn if_match(headers: &HeaderMap) -> Result<Option<Time>, ApiError> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or("").trim();
    if text == "*" {
        return Ok(None);
    }
    let malformed = |_| ApiError::invalid("If-Match must be the endpoint's updated_at");
    Time::parse(text.trim_matches('"')).map(Some).map_err(malformed)
}
