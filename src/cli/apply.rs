//! `repoint apply -f FILE`: makes the server what a file says; `--resume` goes on where a program died.

use clap::Args;

use super::plan::FileArgs;
use super::select::Mistyped;
use super::session::Session;
use super::write::{self, Ask, Write, WriteArgs};
use super::{Exit, history};
use crate::plan::history::Entry;

/// `repoint apply`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Every item is read again right before its write; one that somebody else changed stops the rest (exit code 3). Ctrl-C stops after what is under way, a second one at once. A plan that was not done to its end, for that or because the program was killed, goes on with --resume, or by applying the file again: what is done stays done.\n\nExamples:\n  repoint apply -f workspace.yaml --dry-run\n  repoint apply -f workspace.yaml --yes --follow --rollback-on-failure\n  repoint apply --resume"
)]
pub struct Apply {
    #[command(flatten)]
    file: FileArgs,
    /// Go on with a plan that was not done to its end: its id, or the only one that was interrupted
    #[arg(long, value_name = "ID", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["file", "prune"])]
    resume: Option<String>,
    /// Do what does not depend on a failed change all the same
    #[arg(long)]
    keep_going: bool,
    /// Put the old targets back where the new ones do not answer; waits until that is seen
    #[arg(long)]
    rollback_on_failure: bool,
    #[command(flatten)]
    write: WriteArgs,
}

/// Applies it.
///
/// # Errors
/// The file is wrong, the server cannot be read, or nobody is there to confirm.
pub async fn run(session: &Session, apply: &Apply) -> anyhow::Result<Exit> {
    if let Some(id) = &apply.resume {
        return resume(session, apply, id).await;
    }
    if !apply.file.is_given() {
        return Err(Mistyped("nothing to apply\nhint: -f FILE, or --resume".to_owned()).into());
    }
    for open in interrupted(session)? {
        session.out.say(&format!(
            "{} was interrupted: {}; repoint apply --resume {0} goes on with it",
            open.id.short(),
            open.title
        ));
    }
    let plan = apply.file.plan(session).await?;
    let exit = write::write(session, &apply.how(&plan)).await?;
    let is_partial = matches!(exit, Exit::Failed | Exit::Conflict);
    if is_partial && plan.changes().len() > 1 && !apply.write.dry_run {
        session.out.say("hint: correct what was refused and apply the file again; what is done stays done");
    }
    Ok(exit)
}

/// What was not done to its end on this server, and was not undone since.
fn unfinished(session: &Session) -> anyhow::Result<Vec<Entry>> {
    let server = session.client.management_url().to_string();
    let mut entries = session.journal()?.read()?.entries;
    entries.retain(|entry| {
        let has_rest = entry.items.iter().any(|item| item.outcome.as_ref().is_none_or(|it| !it.is_success()));
        has_rest && entry.author.server == server && entry.undone_by.is_none() && !entry.is_torn()
    });
    Ok(entries)
}

/// What other runs on this server left unfinished because their programs died.
fn interrupted(session: &Session) -> anyhow::Result<Vec<Entry>> {
    let server = session.client.management_url().to_string();
    let mut open: Vec<Entry> = session.journal()?.interrupted()?;
    open.retain(|entry| entry.author.server == server);
    Ok(open)
}

impl Apply {
    fn how<'a>(&'a self, plan: &'a crate::plan::Plan) -> Write<'a> {
        Write {
            keeps_going: self.keep_going,
            rolls_back: self.rollback_on_failure,
            ..Write::new(plan, &self.write, Ask::Always)
        }
    }
}

async fn resume(session: &Session, apply: &Apply, id: &str) -> anyhow::Result<Exit> {
    let open = if id.is_empty() { interrupted(session)? } else { unfinished(session)? };
    let entry = match (id, open.as_slice()) {
        ("", []) => anyhow::bail!(
            "no plan on {} was interrupted\nhint: one that was stopped in order, or refused in part, is named by its id",
            session.client.management_url()
        ),
        ("", [only]) => only,
        ("", several) => {
            let ids: Vec<String> = several.iter().map(|it| format!("{} ({})", it.id.short(), it.title)).collect();
            anyhow::bail!("several plans were interrupted\nhint: --resume with one of {}", ids.join(", "))
        }
        (id, open) => history::one(open, id)?,
    };
    let plan = entry.plan();
    write::resume(session, entry, &apply.how(&plan)).await
}
