//! `repoint plan -f FILE`: what a file would change. Exit code 0: nothing; 2: there are changes; 1: it failed.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::Exit;
use super::session::Session;
use super::write::show;
use crate::plan::Plan;
use crate::plan::desired::{self, Server};
use crate::plan::document::{Document, FILE_BYTES_MAX};

/// Which file, and how strictly.
#[derive(Debug, Clone, Args)]
pub struct FileArgs {
    /// The file; - for standard input
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Also delete what the server has and the file does not name
    #[arg(long)]
    prune: bool,
}

/// `repoint plan`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Exits with 0 when there is nothing to do, with 2 when there are changes, with 1 when it failed.\n\nExamples:\n  repoint plan -f workspace.yaml\n  repoint plan -f workspace.yaml --prune -o json\n  repoint plan -f workspace.yaml; [ $? -eq 2 ] && repoint apply -f workspace.yaml"
)]
pub struct PlanArgs {
    #[command(flatten)]
    file: FileArgs,
}

/// Shows it.
///
/// # Errors
/// The file is wrong, or the server cannot be read.
pub async fn run(session: &Session, args: &PlanArgs) -> anyhow::Result<Exit> {
    let plan = args.file.plan(session).await?;
    show(&session.out, &plan)?;
    if plan.is_empty() {
        session.out.say("nothing to do: the server is so already");
        return Ok(Exit::Done);
    }
    session.out.say(&format!("{}; repoint apply with the same options does it", plan.title()));
    Ok(Exit::Differs)
}

impl FileArgs {
    /// True where a file was named.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.file.is_some()
    }

    /// The changes that lead from what the server has to what the file says.
    ///
    /// # Errors
    /// The file is missing or wrong, or the server cannot be read.
    pub async fn plan(&self, session: &Session) -> anyhow::Result<Plan> {
        let Some(path) = &self.file else {
            return Err(super::select::Mistyped("no file\nhint: -f FILE".to_owned()).into());
        };
        let text = read(path)?;
        let document = Document::parse(&text).with_context(|| path.display().to_string())?;
        let endpoints = session.endpoints().await?;
        let groups = match &document.groups {
            Some(_) => Some(session.groups().await?),
            None => None,
        };
        let server = Server { endpoints: &endpoints, groups: groups.as_deref() };
        desired::plan(&document, &server, self.prune).with_context(|| path.display().to_string())
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    let limit = FILE_BYTES_MAX as u64 + 1;
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().take(limit).read_to_string(&mut text).context("cannot read standard input")?;
    } else {
        std::fs::File::open(path)
            .and_then(|file| file.take(limit).read_to_string(&mut text))
            .with_context(|| format!("cannot read {}", path.display()))?;
    }
    Ok(text)
}
