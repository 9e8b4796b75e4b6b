//! `repoint history` and `repoint undo`: the journal of what was written from this machine, and the way back.

use clap::Args;
use serde_json::{Value, json};

use super::Exit;
use super::output::{Format, Output, Table};
use super::select::Select;
use super::session::Session;
use super::write::{Ask, Write, WriteArgs, outcome_value, outcome_word, write};
use crate::clock;
use crate::config::{Config, Paths};
use crate::plan::history::Entry;
use crate::plan::journal::{Bounds, Journal};
use crate::plan::outcome::Outcome;
use crate::plan::{diff, survey, undo as way_back};
use crate::tui::text::ago;

/// `repoint history`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Every change made from this machine, by the dashboard and by commands, newest first.\n\nExamples:\n  repoint history\n  repoint history 1f0c9a2b\n  repoint history --limit 0 -o json | jq '.[] | select(.standing==\"not finished\")'"
)]
pub struct History {
    /// Show this entry with all its changes: its id, or the end of it
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// No more entries than this; 0 for all
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    limit: usize,
}

/// `repoint undo`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "The server is read first; if somebody else has written since, nothing is undone. An undo is an entry itself: undo it by its id to redo.\n\nExamples:\n  repoint undo --dry-run\n  repoint undo --yes --follow\n  repoint undo 1f0c9a2b"
)]
pub struct Undo {
    /// The entry to undo: its id, or the end of it; the last one on this server that was not undone
    #[arg(value_name = "ID")]
    id: Option<String>,
    #[command(flatten)]
    write: WriteArgs,
}

/// Shows it. No server is asked; a context that is named shows its own entries alone.
///
/// # Errors
/// The journal cannot be read, or has no such entry.
pub fn run(history: &History, select: &Select, out: Output) -> anyhow::Result<Exit> {
    let config = Config::load(Paths::find()?)?;
    let journal = Journal::open(&config.paths.journal, Bounds::default())?;
    let read = journal.read()?;
    if read.unreadable > 0 {
        out.say(&format!("{} lines of the journal could not be read", read.unreadable));
    }
    if let Some(id) = &history.id {
        show(one(&read.entries, id)?, out)?;
        return Ok(Exit::Done);
    }
    let named = select.named(&config)?.filter(|_| select.context.is_some() || select.local);
    let belongs = |entry: &&Entry| named.as_ref().is_none_or(|context| entry.author.context == context.name);
    let limit = if history.limit == 0 { usize::MAX } else { history.limit };
    let entries: Vec<&Entry> = read.entries.iter().rev().filter(belongs).take(limit).collect();
    let now = clock::now();
    let mut table = Table::new(&["ID", "WHEN", "WHO", "CONTEXT", "STANDING", "IN EFFECT", "WHAT"]);
    for entry in &entries {
        table.push([
            entry.id.short().to_owned(),
            ago(now, entry.at),
            entry.author.who.clone(),
            entry.author.context.clone(),
            entry.standing().as_str().to_owned(),
            entry
                .in_effect_after()
                .map_or_else(|| "-".to_owned(), |after| format!("after {}", super::follow::elapsed(after))),
            entry.title.clone(),
        ]);
    }
    let values: Vec<Value> = entries.iter().map(|entry| value(entry)).collect();
    out.list(&table, &values)?;
    if entries.is_empty() {
        out.say("nothing was changed from here yet");
    }
    if journal.interrupted()?.iter().any(|open| entries.iter().any(|entry| entry.id == open.id)) {
        out.say("what is not finished was interrupted: repoint apply --resume goes on with it");
    }
    Ok(Exit::Done)
}

/// Undoes it.
///
/// # Errors
/// There is no such entry, it cannot be undone, or the server cannot be read.
pub async fn undo(session: &Session, undo: &Undo) -> anyhow::Result<Exit> {
    let server = session.client.management_url().to_string();
    let entries = session.journal()?.read()?.entries;
    let entry = match &undo.id {
        Some(id) => one(&entries, id)?,
        None => {
            way_back::last(&entries, &server).ok_or_else(|| anyhow::anyhow!("there is nothing to undo on {server}"))?
        }
    };
    anyhow::ensure!(
        entry.author.server == server,
        "that was done on {}, in the context {}\nhint: --context {1}",
        entry.author.server,
        entry.author.context
    );
    session.out.say(&format!("undoing {}: {} ({})", entry.id.short(), entry.title, ago(clock::now(), entry.at)));
    let current = survey::current(&session.client, &way_back::needs(entry)).await?;
    let plan = way_back::plan(entry, &current).map_err(|refusal| {
        let id = entry.id.short();
        anyhow::anyhow!(
            "{id} cannot be undone: {refusal}\nhint: repoint undo ID undoes another; repoint history has them"
        )
    })?;
    let write_it = Write { undoes: Some(entry.id.clone()), ..Write::new(&plan, &undo.write, Ask::Always) };
    write(session, &write_it).await
}

/// The entry whose id is, or ends with, this text.
///
/// # Errors
/// None, or several, are called so.
pub fn one<'a>(entries: &'a [Entry], id: &str) -> anyhow::Result<&'a Entry> {
    let found: Vec<&Entry> = entries.iter().filter(|entry| !id.is_empty() && entry.id.as_str().ends_with(id)).collect();
    match found.as_slice() {
        [entry] => Ok(entry),
        [] => anyhow::bail!("the history has no entry {id:?}\nhint: repoint history shows what there is"),
        several => {
            let ids: Vec<&str> = several.iter().take(3).map(|entry| entry.id.as_str()).collect();
            anyhow::bail!("{id:?} names {} entries\nhint: say more of the id: {}", several.len(), ids.join(" or "))
        }
    }
}

fn show(entry: &Entry, out: Output) -> anyhow::Result<()> {
    if out.format() != Format::Table {
        return out.value(&value(entry));
    }
    let mut facts = Table::plain(2);
    let mut fact = |name: &str, value: String| facts.push([name.to_owned(), value]);
    fact("id", entry.id.to_string());
    fact("when", entry.at.to_string());
    fact("who", entry.author.who.clone());
    fact("context", format!("{} ({})", entry.author.context, entry.author.server));
    fact("standing", entry.standing().as_str().to_owned());
    if let Some(after) = entry.in_effect_after() {
        fact("in effect", format!("after {}", super::follow::elapsed(after)));
    }
    if let Some(undoes) = &entry.undoes {
        fact("undoes", undoes.to_string());
    }
    if let Some(by) = &entry.undone_by {
        fact("undone by", by.to_string());
    }
    for text in entry.irreversible() {
        fact("no way back", text.to_owned());
    }
    out.table(&facts)?;
    for item in &entry.items {
        out.line("")?;
        for line in diff::lines(&item.change) {
            out.line(&line.to_string())?;
        }
        out.line(&format!("    {}", item.outcome.as_ref().map_or("no outcome is known", outcome_word)))?;
    }
    Ok(())
}

fn value(entry: &Entry) -> Value {
    let changes: Vec<Value> = entry
        .items
        .iter()
        .map(|item| {
            let mut value = outcome_value(&item.change, item.outcome.as_ref().unwrap_or(&Outcome::NotTried));
            if let Some(fields) = value.as_object_mut() {
                if item.outcome.is_none() {
                    fields.insert("outcome".to_owned(), Value::Null);
                }
                fields.insert("in_doubt".to_owned(), json!(item.is_in_doubt()));
                fields.insert("followed".to_owned(), json!(item.sighting));
            }
            value
        })
        .collect();
    json!({
        "id": entry.id,
        "at": entry.at,
        "who": entry.author.who,
        "context": entry.author.context,
        "server": entry.author.server,
        "title": entry.title,
        "standing": entry.standing().as_str(),
        "undoes": entry.undoes,
        "undone_by": entry.undone_by,
        "finished": entry.finished,
        "cancelled": entry.cancelled,
        "in_effect_after_ms": entry.in_effect_after().map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX)),
        "changes": changes,
    })
}
