//! The history as lines: what was done from this machine, and what the server says that others did.
//!
//! A change from here stands in the server's log too. Such a row is left out: the entry of the journal tells more.

use std::time::Duration;

use crate::api::{AuditActor, AuditEntry, Time};
use crate::plan::history::{Entry, Standing};
use crate::plan::{Change, Record};
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::wanted::Past;

/// How far apart a write and its row in the server's log may be. Both are the server's clock; a deletion alone has
/// only the second that the answer's date tells.
const APART_MAX: Duration = Duration::from_secs(2);

/// Where a line comes from, by its place in what was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// An entry of the journal.
    Here(usize),
    /// A row of the server's log.
    Server(usize),
}

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it comes from.
    pub source: Source,
    /// Which it is, so that the cursor stays on it when it is read again.
    pub id: String,
    /// When.
    pub at: Time,
    /// How it stands, as a sign with its meaning's role and in a word.
    pub sign: (&'static str, Role, &'static str),
    /// Who.
    pub who: String,
    /// What.
    pub what: String,
    /// How long until it was in effect, where that is known.
    pub in_effect: Option<String>,
}

/// The lines, newest first, of which these words are all in `who` or `what`.
#[must_use]
pub fn lines(past: &Past, filter: &str) -> Vec<Line> {
    let words: Vec<String> = filter.split_whitespace().map(str::to_lowercase).collect();
    let mut lines: Vec<Line> = past.entries.iter().enumerate().map(|(place, entry)| here(place, entry)).collect();
    let known = written(&past.entries);
    let rows = past.audit.as_deref().unwrap_or_default();
    lines.extend(
        rows.iter().enumerate().filter(|(_, row)| !is_ours(row, &known)).map(|(place, row)| server(place, row)),
    );
    lines.retain(|line| {
        let text = format!("{} {} {}", line.who, line.what, line.sign.2).to_lowercase();
        words.iter().all(|word| text.contains(word.as_str()))
    });
    lines.sort_by_key(|line| std::cmp::Reverse(line.at));
    lines
}

/// How an entry stands: a sign, its meaning's role, and the word.
#[must_use]
pub fn sign(standing: Standing) -> (&'static str, Role, &'static str) {
    let (sign, role) = match standing {
        Standing::Done => ("✓", Role::Ok),
        Standing::Partly => ("≠", Role::Drifted),
        Standing::NotDone => ("✗", Role::Danger),
        Standing::Open => ("◌", Role::Waiting),
        Standing::Undone => ("↶", Role::Muted),
    };
    (sign, role, standing.as_str())
}

fn here(place: usize, entry: &Entry) -> Line {
    let what = if entry.undoes.is_some() { format!("undo: {}", entry.title) } else { entry.title.clone() };
    Line {
        source: Source::Here(place),
        id: entry.id.to_string(),
        at: entry.at,
        sign: sign(entry.standing()),
        who: entry.author.who.clone(),
        what,
        in_effect: entry.in_effect_after().map(text::span),
    }
}

fn server(place: usize, row: &AuditEntry) -> Line {
    Line {
        source: Source::Server(place),
        id: row.id.clone(),
        at: row.created,
        sign: ("·", Role::Muted, "by the server's log"),
        who: who(&row.actor, row),
        what: what(row),
        in_effect: None,
    }
}

/// Who did it, in as few words as tell it.
fn who(actor: &AuditActor, row: &AuditEntry) -> String {
    let key = || match (&actor.api_key_name, &actor.api_key_prefix) {
        (Some(name), _) => Some(format!("key {name}")),
        (None, Some(prefix)) => Some(format!("key {prefix}…")),
        (None, None) => None,
    };
    let person = actor.email.clone().or_else(key).unwrap_or_else(|| match actor.kind.as_str() {
        "BASETEN_SYSTEM" => "the gateway".to_owned(),
        "BASETEN_USER" => "Baseten".to_owned(),
        "TOMBSTONE_USER" => "somebody who left".to_owned(),
        "API_KEY" => "a key".to_owned(),
        other => other.to_lowercase(),
    });
    match &row.client_name {
        Some(program) => format!("{person}, {program}"),
        None => person,
    }
}

/// `GATEWAY_ENDPOINT_UPDATED` of a slug as `update endpoint my-org/glm-5.2`.
fn what(row: &AuditEntry) -> String {
    let kind = row.event_type.trim_start_matches("GATEWAY_").to_lowercase();
    let (thing, verb) = kind.rsplit_once('_').unwrap_or((&kind, ""));
    let verb = match verb {
        "created" => "create",
        "updated" => "change",
        "deleted" => "delete",
        "revoked" => "revoke",
        "minted" => "mint",
        other => other,
    };
    let thing = thing.replace('_', " ");
    let data = &row.event_data;
    let named = |name: &str| data.unknown.get(name).and_then(serde_json::Value::as_str);
    let name = data
        .slug
        .as_deref()
        .or_else(|| named("name"))
        .or_else(|| named("external_entity_id"))
        .or_else(|| named("secret_name"))
        .or_else(|| named("prefix"))
        .or_else(|| named("api_key_prefix"))
        .unwrap_or_default();
    match named("previous_slug").filter(|previous| Some(*previous) != data.slug.as_deref()) {
        Some(previous) => format!("rename {previous} to {name}"),
        None if thing == "endpoint" => format!("{verb} {name}"),
        None => format!("{verb} {thing} {name}").trim_end().to_owned(),
    }
}

/// What was written from here: the ids of endpoints and groups and keys' prefixes, each with its time.
fn written(entries: &[Entry]) -> Vec<(String, Time)> {
    let mut known = Vec::new();
    for item in entries.iter().flat_map(|entry| &entry.items) {
        let Some(done) = item.done() else { continue };
        match (&done.after, &item.change) {
            (Record::Endpoint(endpoint), _) => known.push((endpoint.id.to_string(), endpoint.updated_at)),
            (Record::Group(group), _) => known.push((group.id.to_string(), done.at)),
            (Record::Key(key), _) | (Record::Gone, Change::RevokeKey { key, .. }) => {
                known.push((key.prefix.to_string(), done.at));
            }
            (Record::Gone, Change::DeleteEndpoint { before }) => known.push((before.id.to_string(), done.at)),
            (Record::Gone, Change::DeleteGroup { before }) => known.push((before.id.to_string(), done.at)),
            (Record::Gone, _) => {}
        }
    }
    known
}

fn is_ours(row: &AuditEntry, known: &[(String, Time)]) -> bool {
    let data = &row.event_data;
    let names = |id: &str| {
        data.gateway_endpoint_id.as_deref() == Some(id) || data.unknown.values().any(|value| value.as_str() == Some(id))
    };
    known.iter().any(|(id, at)| {
        let apart = row.created.since(*at).max(at.since(row.created));
        apart <= APART_MAX && names(id)
    })
}
