//! Reads what impact, preflight and undo need to know. A workspace may refuse any of it: what is refused stays
//! unknown, and nothing is said of it.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, pin_mut, stream};

use super::change::Change;
use super::impact::Impact;
use super::preflight::Workspace;
use super::undo::{Current, Needs};
use crate::api::{Event, Group, GroupId, ModelId, PAGE_LIMIT_MAX, Slug, Target};
use crate::client::{Client, ClientError, ErrorKind, EventsQuery};
use crate::clock;

/// How many requests are under way at the same time.
const PARALLEL: usize = 4;
/// The keys of no more groups are counted: a person waits for the figure.
const GROUPS_COUNTED_MAX: usize = 50;
/// Traffic is what was called in this time.
const TRAFFIC_WINDOW: Duration = Duration::from_mins(1);
/// No more pages of events are read.
const EVENT_PAGES_MAX: usize = 5;

/// Whom a change touches: groups, keys, and traffic where events tell.
///
/// # Errors
/// The groups can't be read. Keys and traffic that can't be are unknown.
pub async fn impact(client: &Client, change: &Change) -> Result<Impact, ClientError> {
    impact_of_changes(client, std::slice::from_ref(change)).await
}

/// Whom changes of these slugs touch.
///
/// # Errors
/// The groups can't be read. Keys and traffic that can't be are unknown.
pub async fn impact_of(client: &Client, slugs: &[&Slug]) -> Result<Impact, ClientError> {
    touched(client, slugs, &BTreeSet::new()).await
}

/// Whom these changes touch together.
///
/// # Errors
/// The groups can't be read. Keys and traffic that can't be are unknown.
pub async fn impact_of_changes(client: &Client, changes: &[Change]) -> Result<Impact, ClientError> {
    let slugs: BTreeSet<&Slug> = changes.iter().flat_map(Impact::slugs_in_use).collect();
    let slugs: Vec<&Slug> = slugs.into_iter().collect();
    touched(client, &slugs, &changes.iter().filter_map(Impact::root).collect()).await
}

async fn touched(client: &Client, slugs: &[&Slug], roots: &BTreeSet<&GroupId>) -> Result<Impact, ClientError> {
    if slugs.is_empty() && roots.is_empty() {
        return Ok(Impact::default());
    }
    let events = async { if slugs.is_empty() { None } else { recent_events(client).await } };
    let (groups, events) = tokio::join!(groups_touched(client, slugs, roots), events);
    let groups = groups?;
    let keys = if groups.len() <= GROUPS_COUNTED_MAX { count_keys(client, &groups).await } else { HashMap::new() };
    let impact = Impact::of(slugs, &groups, &keys);
    Ok(match events {
        Some(events) => impact.with_events(slugs, &events, TRAFFIC_WINDOW, clock::now()),
        None => impact,
    })
}

/// The groups that name one of the slugs, and the roots with all groups below them.
async fn groups_touched(
    client: &Client,
    slugs: &[&Slug],
    roots: &BTreeSet<&GroupId>,
) -> Result<Vec<Group>, ClientError> {
    let wanted: BTreeSet<&Slug> = slugs.iter().copied().collect();
    let pages = client.groups(PAGE_LIMIT_MAX);
    pin_mut!(pages);
    let mut groups = Vec::new();
    // Oldest first, so that a parent is seen before its children.
    let mut below: BTreeSet<GroupId> = roots.iter().map(|root| (*root).clone()).collect();
    while let Some(page) = pages.try_next().await? {
        for group in page.body.items {
            if group.hierarchy.parent_group_id.as_ref().is_some_and(|parent| below.contains(parent)) {
                below.insert(group.id.clone());
            }
            if below.contains(&group.id) || group.models.iter().any(|model| wanted.contains(&model.slug)) {
                groups.push(group);
            }
        }
    }
    Ok(groups)
}

async fn count_keys(client: &Client, groups: &[Group]) -> HashMap<GroupId, usize> {
    // Collected first: the compiler cannot see that a borrowing iterator is `Send` here.
    let ids: Vec<GroupId> = groups.iter().map(|group| group.id.clone()).collect();
    stream::iter(ids)
        .map(|id| async move {
            let pages = client.keys(&id, PAGE_LIMIT_MAX);
            pin_mut!(pages);
            let mut count = 0;
            while let Some(page) = pages.try_next().await.ok()? {
                count += page.body.items.len();
            }
            Some((id, count))
        })
        .buffer_unordered(PARALLEL)
        .filter_map(|counted| async move { counted })
        .collect()
        .await
}

async fn recent_events(client: &Client) -> Option<Vec<Event>> {
    let mut query = EventsQuery {
        start: Some(clock::now().minus(TRAFFIC_WINDOW)),
        limit: Some(PAGE_LIMIT_MAX),
        ..EventsQuery::default()
    };
    let mut events = Vec::new();
    for _ in 0..EVENT_PAGES_MAX {
        let page = client.events(&query).await.ok()?.body;
        events.extend(page.items);
        match page.pagination.cursor.filter(|_| page.pagination.has_more) {
            Some(cursor) => query.cursor = Some(cursor),
            None => break,
        }
    }
    Some(events)
}

/// What the workspace tells of these targets.
pub async fn workspace(client: &Client, targets: &[&Target]) -> Workspace {
    let models: BTreeSet<&ModelId> = targets.iter().filter_map(|target| target.model_id.as_ref()).collect();
    let needs_secrets = targets.iter().any(|target| target.secret_id.is_some());
    let (known, secrets) = tokio::join!(
        async { if models.is_empty() { None } else { client.models().await.ok().map(|answer| answer.body.models) } },
        async { if needs_secrets { client.secrets().await.ok().map(|answer| answer.body.secrets) } else { None } },
    );
    let mut workspace = Workspace { models: known, secrets, ..Workspace::default() };
    let details: Vec<_> = stream::iter(models.into_iter().cloned())
        .map(|model| async move {
            let (environments, deployments) = tokio::join!(client.environments(&model), client.deployments(&model));
            (model, environments.ok(), deployments.ok())
        })
        .buffer_unordered(PARALLEL)
        .collect()
        .await;
    for (model, environments, deployments) in details {
        workspace.environments.extend(environments.map(|answer| (model.clone(), answer.body.environments)));
        workspace.deployments.extend(deployments.map(|answer| (model, answer.body.deployments)));
    }
    workspace
}

/// What the server has now of what an entry changed.
///
/// # Errors
/// Something that can't be read: an undo on half the truth would be a guess.
pub async fn current(client: &Client, needs: &Needs) -> Result<Current, ClientError> {
    let endpoints = stream::iter(needs.endpoints.iter().cloned())
        .map(|id| async move { present(client.endpoint(&id).await).map(|found| (id, found)) })
        .buffer_unordered(PARALLEL)
        .try_collect();
    let groups = stream::iter(needs.groups.iter().cloned())
        .map(|id| async move { present(client.group(&id).await).map(|found| (id, found)) })
        .buffer_unordered(PARALLEL)
        .try_collect();
    let (endpoints, groups) = tokio::join!(endpoints, groups);
    Ok(Current { endpoints: endpoints?, groups: groups? })
}

fn present<T>(answer: Result<crate::client::Answer<T>, ClientError>) -> Result<Option<T>, ClientError> {
    match answer {
        Ok(answer) => Ok(Some(answer.body)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
