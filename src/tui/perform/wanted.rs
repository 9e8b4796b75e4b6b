//! Reads what the tabs beside the list of endpoints ask for.

use std::path::PathBuf;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::past;
use super::server::{Messages, tell};
use crate::api::{Group, GroupId, KeyInfo, PAGE_LIMIT_MAX};
use crate::client::{Client, ClientError};
use crate::tui::load::{Failure, Ticket};
use crate::tui::message::Message;
use crate::tui::wanted::{Found, GroupDetail, Rights, Wanted};

/// How many requests of one kind are under way at once.
const PARALLEL: usize = 8;

/// Reads it, and says what was found.
pub(super) async fn read(client: Client, ticket: Ticket, wanted: Wanted, journal: PathBuf, messages: Messages) {
    let found = match wanted {
        Wanted::Groups => groups(&client).await.map(Found::Groups).map_err(Failure::from),
        Wanted::GroupDetail(id) => group_detail(&client, id).await.map_err(Failure::from),
        Wanted::CountKeys(ids) => count_keys(&client, ids).await.map(Found::KeyCount).map_err(Failure::from),
        Wanted::History => past::history(&client, journal).await.map(Found::History),
        Wanted::Rights => Ok(Found::Rights(rights(&client).await)),
        Wanted::WayBack(aim) => {
            past::way_back(&client, journal, aim).await.map(|found| Found::WayBack(Box::new(found)))
        }
    };
    tell(&messages, Message::Found { ticket, found: Box::new(found) });
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

async fn groups(client: &Client) -> Result<Vec<Group>, ClientError> {
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

async fn count_keys(client: &Client, ids: Vec<GroupId>) -> Result<usize, ClientError> {
    let counts = stream::iter(ids).map(|id| async move { keys(client, &id).await.map(|keys| keys.len()) });
    counts.buffer_unordered(PARALLEL).try_fold(0, |sum, count| async move { Ok(sum + count) }).await
}

async fn group_detail(client: &Client, id: GroupId) -> Result<Found, ClientError> {
    let (keys, usage) = futures_util::join!(keys(client, &id), client.group_usage(&id));
    // Usage is documented and not in the specification: a server may not have it.
    let detail = GroupDetail { keys: keys?, usage: usage.ok().map(|answer| answer.body) };
    Ok(Found::GroupDetail(id, detail))
}
