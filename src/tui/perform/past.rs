//! Reads what was changed: the journal of this machine and the server's own log; and makes the way back.

use std::path::{Path, PathBuf};

use crate::client::{AUDIT_LIMIT_MAX, AuditQuery, Client};
use crate::plan::history::{Entry, JournalLine};
use crate::plan::journal::{Bounds, History, Journal};
use crate::plan::{survey, undo};
use crate::tui::load::{Failure, FailureKind};
use crate::tui::wanted::{Aim, Past, WayBack};

/// What of the server's log concerns a gateway: endpoints, keys, and the secrets that targets name.
const EVENT_TYPE_GROUPS: [&str; 3] = ["GATEWAY", "API_KEYS", "SECRETS"];
/// How many entries of the journal are shown at most.
const ENTRIES_MAX: usize = 2_000;

/// What was changed on the client's server.
pub(super) async fn history(client: &Client, journal: PathBuf) -> Result<Past, Failure> {
    let query = AuditQuery {
        limit: Some(AUDIT_LIMIT_MAX),
        event_type_groups: EVENT_TYPE_GROUPS.map(str::to_owned).to_vec(),
        ..AuditQuery::default()
    };
    let own = AuditQuery { limit: Some(AUDIT_LIMIT_MAX), ..AuditQuery::default() };
    let (read, audit, own) = futures_util::join!(read(journal), client.audit_logs(&query), client.own_audit(&own));
    let History { entries, unreadable } = read?;
    let server = client.management_url().to_string();
    let ours = entries.into_iter().rev().filter(|entry| entry.author.server == server).take(ENTRIES_MAX).collect();
    let audit = audit.and_then(|answer| Ok(answer.body.items.into_iter().chain(own?.items).collect()));
    Ok(Past { entries: ours, unreadable, audit: audit.map_err(Failure::from) })
}

/// The plan that takes something back, made on what the server has now.
pub(super) async fn way_back(client: &Client, journal: PathBuf, aim: Aim) -> Result<WayBack, Failure> {
    let entries = read(journal).await?.entries;
    let entry = find(&entries, client.management_url().as_str(), &aim)?.clone();
    let current = survey::current(client, &undo::needs(&entry)).await.map_err(Failure::from)?;
    let plan = undo::plan(&entry, &current);
    Ok(WayBack { entry, plan })
}

fn find<'a>(entries: &'a [Entry], server: &str, aim: &Aim) -> Result<&'a Entry, Failure> {
    let (found, said) = match aim {
        Aim::LastChange => (undo::last(entries, server), "there is nothing to undo on this server"),
        Aim::LastUndo => (undo::last_undo(entries, server), "there is nothing to redo on this server"),
        Aim::Entry(id) => (entries.iter().find(|entry| entry.id == *id), "the journal no longer has that entry"),
    };
    found.ok_or_else(|| Failure::new(FailureKind::NotFound, said))
}

/// Notes what was seen of a plan. That it is in effect is only seen, not done: a line that cannot be written is lost
/// without a word, and the history says less.
pub(super) fn note(journal: &Path, line: &JournalLine) {
    if let Ok(journal) = Journal::open(journal, Bounds::default()) {
        drop(journal.add(line));
    }
}

async fn read(journal: PathBuf) -> Result<History, Failure> {
    let failed = |said: String| Failure::new(FailureKind::Other, said);
    tokio::task::spawn_blocking(move || Journal::open(journal, Bounds::default())?.read())
        .await
        .map_err(|_| failed("the journal could not be read".to_owned()))?
        .map_err(|error| failed(error.to_string()))
}
