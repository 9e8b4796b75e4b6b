//! `/v1/gateway/groups`.

mod parse;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;

use super::body::Object;
use super::cursor::List;
use super::plane::Plane;
use super::query::Query;
use super::reply::{Segment, at_revision, page};
use crate::api::{GroupId, Usage};
use crate::gateway::planes::error::ApiError;
use crate::gateway::store::Origin;
use crate::gateway::store::keyfile::random_letters;

/// The length of a new group's id.
const ID_CHARS: usize = 11;

pub(super) async fn list(State(plane): State<Arc<Plane>>, query: Query) -> Result<Response, ApiError> {
    let (after, limit) = query.page(List::Groups)?;
    let external_entity_id = query.get("external_entity_id")?.map(str::to_owned);
    let seen = plane.store.groups_page(external_entity_id, after, limit).await?;
    Ok(at_revision(seen.revision, page(List::Groups, seen.value)))
}

pub(super) async fn create(
    State(plane): State<Arc<Plane>>,
    origin: Origin,
    body: Object,
) -> Result<Response, ApiError> {
    let new = parse::create(body, GroupId::new(random_letters(ID_CHARS)?))?;
    let access = Arc::clone(&plane.shared.access);
    let written = plane.store.create_group(new, origin, move |group| access.upsert_group(group.clone())).await?;
    Ok(at_revision(written.revision, written.value))
}

pub(super) async fn read(State(plane): State<Arc<Plane>>, Segment(id): Segment) -> Result<Response, ApiError> {
    let seen = plane.store.group(GroupId::new(id)).await?;
    Ok(at_revision(seen.revision, seen.value))
}

pub(super) async fn update(
    State(plane): State<Arc<Plane>>,
    Segment(id): Segment,
    origin: Origin,
    body: Object,
) -> Result<Response, ApiError> {
    let id = GroupId::new(id);
    // Whether there is such a group is told first, whatever the body holds.
    plane.store.group(id.clone()).await?;
    let patch = parse::update(body)?;
    let access = Arc::clone(&plane.shared.access);
    let written = plane.store.update_group(id, patch, origin, move |group| access.upsert_group(group.clone())).await?;
    Ok(at_revision(written.revision, written.value))
}

pub(super) async fn delete(
    State(plane): State<Arc<Plane>>,
    Segment(id): Segment,
    origin: Origin,
) -> Result<Response, ApiError> {
    let access = Arc::clone(&plane.shared.access);
    let after = move |gone: &crate::api::GroupTombstone| access.remove_subtree(&gone.id);
    let written = plane.store.delete_group(GroupId::new(id), origin, after).await?;
    Ok(at_revision(written.revision, written.value))
}

pub(super) async fn usage(State(plane): State<Arc<Plane>>, Segment(id): Segment) -> Result<Json<Usage>, ApiError> {
    let usage = plane.shared.access.usage(&GroupId::from(id.as_str()), plane.shared.clock.moment());
    usage.map(Json).ok_or_else(|| ApiError::NotFound(format!("group {id} does not exist")))
}
