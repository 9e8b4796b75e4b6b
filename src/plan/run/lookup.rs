//! Reads what a change is about: the guard does before a write, and settling does after a doubtful one.

use super::Job;
use crate::api::{Endpoint, Group};
use crate::client::{ClientError, ErrorKind};

/// The endpoint as it is now, and whether the server is the local gateway. `None` is a 404.
pub(super) async fn endpoint(job: &Job<'_>, before: &Endpoint) -> Result<(Option<Endpoint>, bool), ClientError> {
    match job.client.endpoint(&before.id).await {
        Ok(answer) => Ok((Some(answer.body), answer.revision.is_some())),
        Err(error) if error.kind == ErrorKind::NotFound => Ok((None, false)),
        Err(error) => Err(error),
    }
}

/// A 404 as `None`.
pub(super) fn found<T>(result: Result<T, ClientError>) -> Result<Option<T>, ClientError> {
    match result {
        Ok(body) => Ok(Some(body)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The group with this `external_entity_id`, if there is one.
pub(super) async fn group_by_entity(job: &Job<'_>, entity: &str) -> Result<Option<Group>, ClientError> {
    let page = job.client.groups_page(None, 2, Some(entity)).await?.body;
    // A server that does not know the filter answers others too.
    Ok(page.items.into_iter().find(|group| group.metadata.external_entity_id == entity))
}
