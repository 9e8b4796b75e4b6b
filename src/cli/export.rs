//! `repoint export`: the workspace's endpoints and groups as one file, in a stable order.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::Exit;
use super::output::Format;
use super::session::Session;
use crate::client::ErrorKind;
use crate::plan::document::Document;

/// `repoint export`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "The file is written afresh each time, so that its differences are readable. Keys and secrets are not in it.\n\nExamples:\n  repoint export --file workspace.yaml\n  repoint export | diff - workspace.yaml\n  repoint export -c staging | repoint plan -c prod -f -"
)]
pub struct Export {
    /// Write it to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Writes it.
///
/// # Errors
/// The server cannot be read, or the file cannot be written.
pub async fn run(session: &Session, export: &Export) -> anyhow::Result<Exit> {
    let endpoints = session.endpoints().await?;
    let groups = match session.groups().await {
        Ok(groups) => Some(groups),
        Err(error) if matches!(error.kind, ErrorKind::Forbidden | ErrorKind::NotFound) => {
            session.out.say(&format!("the groups cannot be read ({error}); the file says nothing about them"));
            None
        }
        Err(error) => return Err(error.into()),
    };
    let document = Document::export(&endpoints, groups.as_deref());
    match (&export.file, session.out.format()) {
        (None, Format::Json) => session.out.value(&document)?,
        (None, Format::Table | Format::Yaml) => session.out.write(&document.to_yaml()?)?,
        (Some(path), _) => {
            replace(path, &document.to_yaml()?)?;
            let groups = groups.as_ref().map_or(0, Vec::len);
            session.out.say(&format!("wrote {} endpoints and {groups} groups to {}", endpoints.len(), path.display()));
        }
    }
    Ok(Exit::Done)
}

/// Whole or not at all: a crash leaves the old file.
fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    let cannot = || format!("cannot write {}", path.display());
    let name = path.file_name().with_context(cannot)?.to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = std::fs::File::create(&beside)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        // What could not be written must not be left behind either.
        drop(std::fs::remove_file(&beside));
    }
    written.with_context(cannot)
}
