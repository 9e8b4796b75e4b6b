//! `/v1/gateway/groups/{id}/api_keys`. A key stands in one answer and nowhere else: not in a log, an error or a row.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName};
use axum::response::Response;
use ring::rand::SystemRandom;
use secrecy::{ExposeSecret, SecretString};

use super::body::{Object, Whole};
use super::cursor::List;
use super::plane::Plane;
use super::query::Query;
use super::reply::{Segment, Segments, at_revision, page};
use crate::api::{GroupId, KeyPrefix, KeyTombstone, MintedKey, RegisteredKey};
use crate::gateway::planes::error::ApiError;
use crate::gateway::rules::federated_key::{self, RegisterError};
use crate::gateway::rules::hierarchy::NAME_CHARS_MAX;
use crate::gateway::store::{NewKey, Origin};

const SIGNATURE: HeaderName = HeaderName::from_static("x-baseten-signature");

impl From<RegisterError> for ApiError {
    fn from(error: RegisterError) -> Self {
        Self::Invalid(error.to_string())
    }
}

pub(super) async fn list(
    State(plane): State<Arc<Plane>>,
    Segment(group): Segment,
    query: Query,
) -> Result<Response, ApiError> {
    let (after, limit) = query.page(List::Keys)?;
    let seen = plane.store.keys_page(GroupId::new(group), after, limit).await?;
    Ok(at_revision(seen.revision, page(List::Keys, seen.value)))
}

pub(super) async fn read(
    State(plane): State<Arc<Plane>>,
    Segments(group, prefix): Segments,
) -> Result<Response, ApiError> {
    let seen = plane.store.key(GroupId::new(group), KeyPrefix::new(prefix)).await?;
    Ok(at_revision(seen.revision, seen.value))
}

pub(super) async fn mint(
    State(plane): State<Arc<Plane>>,
    Segment(group): Segment,
    origin: Origin,
    Whole(body): Whole,
) -> Result<Response, ApiError> {
    let group = GroupId::new(group);
    plane.store.group(group.clone()).await?;
    // Everything in it is optional, so it may be absent itself.
    let mut body = if body.is_empty() { Object::default() } else { Object::parse(&body)? };
    let name = name(&mut body)?;
    let minted = federated_key::mint(&SystemRandom::new()).map_err(|_| {
        tracing::error!("the system gives no random bytes");
        ApiError::Internal
    })?;
    let new = NewKey { group, prefix: minted.prefix.clone(), digest: minted.digest, name: name.clone() };
    let revision = keep(&plane, new, origin).await?;
    let api_key = minted.key.expose_secret().to_owned();
    Ok(at_revision(revision, MintedKey { api_key, prefix: minted.prefix, name }))
}

pub(super) async fn register(
    State(plane): State<Arc<Plane>>,
    Segment(group): Segment,
    origin: Origin,
    headers: HeaderMap,
    Whole(bytes): Whole,
) -> Result<Response, ApiError> {
    let group = GroupId::new(group);
    plane.store.group(group.clone()).await?;
    let signature = headers.get(SIGNATURE).and_then(|value| value.to_str().ok());
    federated_key::verify(plane.rules.workspace_public_key.as_ref(), &bytes, signature)?;
    let mut body = Object::parse(&bytes)?;
    let key = body.text("key")?;
    let key = SecretString::from(body.required("key", key)?);
    let name = name(&mut body)?;
    let (prefix, digest) = federated_key::register(&key)?;
    let revision = keep(&plane, NewKey { group, prefix, digest, name }, origin).await?;
    Ok(at_revision(revision, RegisteredKey { ok: true }))
}

pub(super) async fn revoke(
    State(plane): State<Arc<Plane>>,
    Segments(group, prefix): Segments,
    origin: Origin,
) -> Result<Response, ApiError> {
    let access = Arc::clone(&plane.shared.access);
    let after = move |gone: &KeyTombstone| access.revoke_key(&gone.prefix);
    let written = plane.store.revoke_key(GroupId::new(group), KeyPrefix::new(prefix), origin, after).await?;
    Ok(at_revision(written.revision, written.value))
}

async fn keep(plane: &Plane, new: NewKey, origin: Origin) -> Result<u64, ApiError> {
    let (access, row) = (Arc::clone(&plane.shared.access), new.row());
    let written = plane.store.create_key(new, origin, move |_| access.upsert_key(row)).await?;
    Ok(written.revision)
}

fn name(body: &mut Object) -> Result<Option<String>, ApiError> {
    let name = body.text("name")?;
    if name.as_ref().is_some_and(|name| name.chars().count() > NAME_CHARS_MAX) {
        return Err(ApiError::invalid(format!("name must have at most {NAME_CHARS_MAX} characters")));
    }
    Ok(name)
}
