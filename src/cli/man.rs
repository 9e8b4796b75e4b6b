//! `repoint man`: the manual, made from the same table as the help.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::select::Mistyped;
use super::{Exit, output};

/// `repoint man`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  repoint man | man -l -\n  repoint man endpoints repoint | man -l -\n  repoint man --dir ~/.local/share/man/man1"
)]
pub struct Man {
    /// The command whose page is printed; repoint's own where none is named
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
    /// Write all pages into this folder instead
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    dir: Option<PathBuf>,
}

/// Prints a page, or writes all of them.
///
/// # Errors
/// There is no such command, or a file cannot be written.
pub fn run(man: &Man) -> anyhow::Result<Exit> {
    let mut root = super::command();
    root.build();
    if let Some(dir) = &man.dir {
        write_all(&root, dir)?;
        return Ok(Exit::Done);
    }
    let mut command = &root;
    for word in &man.command {
        command = command.find_subcommand(word).ok_or_else(|| {
            let names = command.get_subcommands().map(clap::Command::get_name);
            let hint = crate::near::did_you_mean(word, names).unwrap_or_else(|| "repoint --help lists them".to_owned());
            Mistyped(format!("there is no command {word:?}\nhint: {hint}"))
        })?;
    }
    output::data(&page(command)?).context("cannot write to standard output")?;
    Ok(Exit::Done)
}

/// The page of a command, in roff.
///
/// # Errors
/// It is no text.
pub fn page(command: &clap::Command) -> anyhow::Result<String> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).date("").render(&mut page)?;
    String::from_utf8(page).context("the page is no text")
}

fn write_all(command: &clap::Command, dir: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let mut open = vec![command];
    while let Some(command) = open.pop() {
        // `repoint endpoints repoint` is called repoint-endpoints-repoint(1).
        let name = command.get_display_name().unwrap_or(command.get_name());
        let path = dir.join(format!("{name}.1"));
        std::fs::write(&path, page(command)?).with_context(|| format!("cannot write {}", path.display()))?;
        open.extend(command.get_subcommands().filter(|command| command.get_name() != "help"));
    }
    Ok(())
}
