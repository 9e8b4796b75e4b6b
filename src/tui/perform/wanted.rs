//! Reads what the tabs beside the list of endpoints ask for.

use std::collections::BTreeMap;
use std::path::PathBuf;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::callers;
use super::past;
use super::server::{Messages, tell};
use crate::api::{Endpoint, ExplainedLimit, Group, GroupId, KeyInfo, PAGE_LIMIT_MAX, Question, Slug};
use crate::client::{Client, ClientError};
use crate::plan::Plan;
use crate::plan::desired::{self, Server};
use crate::plan::document::Document;
use crate::tui::faults::Switch;
use crate::tui::load::{Failure, FailureKind, Ticket};
use crate::tui::message::Message;
use crate::tui::wanted::{Found, GatewayWell, GroupDetail, Rights, Wanted};

/// Of no more slugs it is asked how much of their limits is used now.
const EXPLAINED_MAX: usize = 20;
/// How many requests of one kind are under way at once.
const PARALLEL: usize = 8;

/// Reads it, and says what was found.
pub(super) async fn read(client: Client, ticket: Ticket, wanted: Wanted, journal: PathBuf, messages: Messages) {
    let found = match wanted {
        Wanted::Groups => groups(&client).await.map(Found::Groups).map_err(Failure::from),
        Wanted::GroupDetail(id, slugs) => group_detail(&client, id, slugs).await.map_err(Failure::from),
        Wanted::CountKeys(ids) => count_keys(&client, ids).await.map(Found::KeyCount).map_err(Failure::from),
        Wanted::History => past::history(&client, journal).await.map(Found::History),
        Wanted::Rights => Ok(Found::Rights(rights(&client).await)),
        Wanted::SlugDetail { id, slug, groups, counted_max } => {
            let detail = callers::read(&client, id, slug, groups, counted_max).await;
            Ok(Found::SlugDetail(Box::new(detail)))
        }
        Wanted::GatewayWell => well(&client).await.map_err(Failure::from),
        Wanted::Demo => demo(&client).await.map(Found::Demo),
        Wanted::WayBack(aim) => {
            past::way_back(&client, journal, aim).await.map(|found| Found::WayBack(Box::new(found)))
        }
    };
    tell(&messages, Message::Found { ticket, found: Box::new(found) });
}

async fn well(client: &Client) -> Result<Found, ClientError> {
    let (status, faults) = futures_util::try_join!(client.gateway_status(), client.faults())?;
    Ok(Found::GatewayWell(Box::new(GatewayWell { status: status.body, faults: faults.body })))
}

/// What is missing of the demo, or is not as it was.
async fn demo(client: &Client) -> Result<Plan, Failure> {
    let (wanted, endpoints, groups) =
        futures_util::try_join!(client.demo(), all_endpoints(client), groups(client)).map_err(Failure::from)?;
    let other = |problem: String| Failure::new(FailureKind::Server, problem);
    let document: Document = serde_json::from_value(wanted.body)
        .map_err(|error| other(format!("the demo that the gateway tells is no file: {error}")))?;
    let server = Server { endpoints: &endpoints, groups: Some(&groups) };
    desired::plan(&document, &server, false).map_err(|problems| other(problems.to_string()))
}

async fn all_endpoints(client: &Client) -> Result<Vec<Endpoint>, ClientError> {
    let mut pages = std::pin::pin!(client.endpoints(PAGE_LIMIT_MAX));
    let mut endpoints = Vec::new();
    while let Some(page) = pages.try_next().await? {
        endpoints.extend(page.body.items);
    }
    Ok(endpoints)
}

/// Presses a switch on the list that is there now.
pub(super) async fn switch(client: Client, ticket: Ticket, switch: Switch, messages: Messages) {
    let answer = async {
        let list = switch.apply(client.faults().await?.body);
        Ok(client.set_faults(&list).await?.body)
    };
    let answer = answer.await.map_err(|error: ClientError| Failure::from(error));
    tell(&messages, Message::Switched { ticket, answer });
}

/// One row of each is enough to know whether it may be read.
async fn rights(client: &Client) -> Rights {
    let (me, endpoints, groups) = futures_util::join!(client.me(), client.endpoints_page(None, 1), async {
        std::pin::pin!(client.groups(1)).try_next().await
    });
    let who = me.ok().and_then(|answer| {
        let person = answer.body.email.or(answer.body.name);
        match (person, answer.body.workspace_name) {
            (Some(person), Some(workspace)) => Some(format!("{person}, workspace {workspace}")),
            (person, workspace) => person.or(workspace),
        }
    });
    Rights { who, endpoints: endpoints.map(drop).map_err(Into::into), groups: groups.map(drop).map_err(Into::into) }
}

/// All groups.
pub(super) async fn groups(client: &Client) -> Result<Vec<Group>, ClientError> {
    let mut pages = std::pin::pin!(client.groups(PAGE_LIMIT_MAX));
    let mut groups = Vec::new();
    while let Some(page) = pages.try_next().await? {
        groups.extend(page.body.items);
    }
    Ok(groups)
}

async fn keys(client: &Client, id: &GroupId) -> Result<Vec<KeyInfo>, ClientError> {
    let mut pages = std::pin::pin!(client.keys(id, PAGE_LIMIT_MAX));
    let mut keys = Vec::new();
    while let Some(page) = pages.try_next().await? {
        keys.extend(page.body.items);
    }
    Ok(keys)
}

/// How many keys these groups have together.
pub(super) async fn count_keys(client: &Client, ids: Vec<GroupId>) -> Result<usize, ClientError> {
    let counts = stream::iter(ids).map(|id| async move { keys(client, &id).await.map(|keys| keys.len()) });
    counts.buffer_unordered(PARALLEL).try_fold(0, |sum, count| async move { Ok(sum + count) }).await
}

async fn group_detail(client: &Client, id: GroupId, slugs: Vec<Slug>) -> Result<Found, ClientError> {
    let (keys, usage, now) =
        futures_util::join!(keys(client, &id), client.group_usage(&id), explained(client, &id, slugs));
    // Usage is documented and not in the specification: a server may not have it.
    let detail = GroupDetail { keys: keys?, usage: usage.ok().map(|answer| answer.body), now };
    Ok(Found::GroupDetail(id, detail))
}

/// How much of each limit is recorded now. Only a gateway of ours tells.
async fn explained(client: &Client, id: &GroupId, slugs: Vec<Slug>) -> BTreeMap<Slug, Vec<ExplainedLimit>> {
    if client.is_local_gateway() != Some(true) {
        return BTreeMap::new();
    }
    let asked = stream::iter(slugs.into_iter().take(EXPLAINED_MAX)).map(|slug| async move {
        let question = Question { api_key_prefix: None, group_id: Some(id.clone()), slug: slug.clone(), tokens: 0 };
        client.explain(&question).await.ok().map(|answer| (slug, answer.body.limits))
    });
    asked.buffer_unordered(PARALLEL).filter_map(|explained| async move { explained }).collect().await
}
