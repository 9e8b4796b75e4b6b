//! What became of a plan: a row a change for people, `{"plan", "changes": […]}` for programs, and the exit status.

use serde_json::{Value, json};

use crate::cli::Exit;
use crate::cli::output::{self, Format, Output, Table};
use crate::plan::guard::Conflict;
use crate::plan::outcome::{Done, Failure, Outcome, Record, Report, Sighting};
use crate::plan::{Change, Plan, diff};

/// Tells that there was nothing to do, to programs.
pub(super) fn nothing(out: &Output) -> anyhow::Result<()> {
    match out.format() {
        Format::Table => Ok(()),
        Format::Json | Format::Yaml => out.value(&json!({ "plan": null, "changes": [] })),
    }
}

/// Writes what was done, and says what was not.
pub(super) fn tell(out: &Output, plan: &Plan, report: &Report, ends: &[Option<Sighting>]) -> anyhow::Result<()> {
    match out.format() {
        Format::Table if report.keys.is_empty() => out.write(&table(plan, report).render(None))?,
        // A minted key alone, so that a shell can take it: KEY=$(repoint keys mint acme).
        Format::Table => {
            out.say("the key is shown this once");
            for (_, key) in &report.keys {
                out.write(&format!("{}\n", key.api_key))?;
            }
        }
        Format::Json | Format::Yaml => out.value(&value(plan, report, ends))?,
    }
    Ok(())
}

/// Says what was not done, and why.
pub(super) fn complain(plan: &Plan, report: &Report) {
    for (change, outcome) in plan.changes().iter().zip(&report.outcomes) {
        for line in complaint(change, outcome) {
            output::talk(&line);
        }
    }
    if let Some(failure) = &report.journal_failure {
        output::talk(&with_hint("not all of it is in the journal", failure));
    }
    let total = report.outcomes.len();
    let done = report.outcomes.iter().filter(|outcome| outcome.is_success()).count();
    if report.cancelled {
        output::talk(&format!("stopped before its end: {done} of {total} done"));
        output::talk(&format!("hint: repoint apply --resume {} goes on with it", report.id.short()));
    } else if total > 1 && done < total {
        output::talk(&format!("{done} of {total} done"));
    }
}

/// What the exit status says of it.
pub(super) fn exit(report: &Report) -> Exit {
    if report.is_success() && report.journal_failure.is_none() {
        Exit::Done
    } else if report.cancelled {
        Exit::Interrupted
    } else if report.outcomes.iter().any(|outcome| matches!(outcome, Outcome::Conflict(_))) {
        Exit::Conflict
    } else {
        Exit::Failed
    }
}

fn table(plan: &Plan, report: &Report) -> Table {
    let mut table = Table::plain(2);
    for (change, outcome) in plan.changes().iter().zip(&report.outcomes) {
        table.push([word(outcome).to_owned(), change.title()]);
    }
    table
}

fn value(plan: &Plan, report: &Report, ends: &[Option<Sighting>]) -> Value {
    let changes: Vec<Value> = plan
        .changes()
        .iter()
        .zip(&report.outcomes)
        .enumerate()
        .map(|(index, (change, outcome))| {
            let mut value = outcome_value(change, outcome);
            let key = report.keys.iter().find(|(place, _)| *place == index);
            if let (Some((_, key)), Some(fields)) = (key, value.as_object_mut()) {
                fields.insert("api_key".to_owned(), json!(key.api_key));
                fields.insert("prefix".to_owned(), json!(key.prefix));
            }
            if let (Some(Some(end)), Some(fields)) = (ends.get(index), value.as_object_mut()) {
                fields.insert("followed".to_owned(), json!(end));
            }
            value
        })
        .collect();
    json!({
        "plan": report.id,
        "cancelled": report.cancelled,
        "rolled_back": report.rolled_back,
        "changes": changes,
    })
}

/// The change as in a plan's JSON, with what became of it.
pub(in crate::cli) fn outcome_value(change: &Change, outcome: &Outcome) -> Value {
    let mut value = diff::json(change);
    let Some(fields) = value.as_object_mut() else { return value };
    fields.insert("outcome".to_owned(), json!(word(outcome)));
    match outcome {
        Outcome::Done(done) => {
            fields.insert("id".to_owned(), json!(id(done)));
            fields.insert("at".to_owned(), json!(done.at));
            fields.insert("revision".to_owned(), json!(done.revision));
        }
        Outcome::Conflict(conflict) => {
            fields.insert("message".to_owned(), json!(conflict.summary()));
            fields.insert("theirs".to_owned(), json!(conflict.theirs));
        }
        Outcome::Failed(failure) | Outcome::Unsettled(failure) => {
            fields.insert("message".to_owned(), json!(failure.message));
            fields.insert("hint".to_owned(), json!(failure.hint));
        }
        Outcome::RenameRefused { .. } | Outcome::AlreadySo | Outcome::NotTried => {}
    }
    value
}

fn id(done: &Done) -> Option<&str> {
    match &done.after {
        Record::Endpoint(endpoint) => Some(endpoint.id.as_str()),
        Record::Group(group) => Some(group.id.as_str()),
        Record::Key(key) => Some(key.prefix.as_str()),
        Record::Gone => None,
    }
}

/// The outcome in a word or two.
pub(in crate::cli) fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done(_) => "done",
        Outcome::AlreadySo => "already so",
        Outcome::Conflict(_) => "conflict",
        Outcome::RenameRefused { .. } => "rename refused",
        Outcome::Failed(_) => "failed",
        Outcome::Unsettled(_) => "in doubt",
        Outcome::NotTried => "not tried",
    }
}

fn complaint(change: &Change, outcome: &Outcome) -> Vec<String> {
    let title = change.title();
    match outcome {
        Outcome::Done(_) | Outcome::AlreadySo | Outcome::NotTried => Vec::new(),
        Outcome::Conflict(conflict) => conflict_lines(&title, conflict),
        Outcome::RenameRefused { kept, wanted } => vec![
            format!("cannot {title}: the server kept the slug {kept}"),
            format!("hint: create {wanted} with the same target, grant it to the groups, then delete {kept}"),
        ],
        Outcome::Failed(failure) => vec![with_hint(&format!("cannot {title}"), failure)],
        Outcome::Unsettled(failure) => {
            vec![with_hint(&format!("nobody knows whether this was done: {title}"), failure)]
        }
    }
}

/// The three versions of what somebody else changed, as columns.
fn conflict_lines(title: &str, conflict: &Conflict) -> Vec<String> {
    let mut table = Table::new(&["  FIELD", "WHEN READ", "ON THE SERVER", "WANTED"]);
    for row in conflict.rows().into_iter().filter(|row| row.theirs_differs() || row.mine_differs()) {
        table.push([format!("  {}", row.name), row.base, row.theirs, row.mine]);
    }
    let mut lines = vec![format!("cannot {title}: {}; nothing of it was written", conflict.summary())];
    lines.extend(table.render(None).lines().map(str::to_owned));
    lines.push("hint: read it again and decide anew".to_owned());
    lines
}

fn with_hint(what: &str, failure: &Failure) -> String {
    match &failure.hint {
        Some(hint) => format!("{what}: {}\nhint: {hint}", failure.message),
        None => format!("{what}: {}", failure.message),
    }
}
