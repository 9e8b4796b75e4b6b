//! `repoint completions SHELL`: a script for the shell, which asks this program for what stands on a server.
//!
//! The script sets [`VARIABLE`] and hands over the words that were typed; [`answer`] completes them. So subcommands and
//! flags always fit the program that is installed, and slugs, groups and contexts are those of the moment.

pub mod candidates;

use std::ffi::OsString;

use anyhow::Context;
use clap::Args;
use clap::builder::PossibleValuesParser;
use clap_complete::env::Shells;

use super::{Exit, output};

/// The variable in which the script says which shell asks.
pub const VARIABLE: &str = "REPOINT_COMPLETE";
/// The name of the program in the scripts.
const PROGRAM: &str = "repoint";

/// `repoint completions`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Slugs, groups and contexts are completed too, read from the server of the moment.\n\nExamples:\n  source <(repoint completions bash)\n  repoint completions zsh > ~/.zfunc/_repoint\n  repoint completions fish > ~/.config/fish/completions/repoint.fish"
)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL", value_parser = shells())]
    shell: String,
}

fn shells() -> PossibleValuesParser {
    PossibleValuesParser::new(Shells::builtins().names().collect::<Vec<_>>())
}

/// Prints the script.
///
/// # Errors
/// Standard output cannot be written.
pub fn run(completions: &Completions) -> anyhow::Result<Exit> {
    output::data(&script(&completions.shell)?).context("cannot write to standard output")?;
    Ok(Exit::Done)
}

/// The script for a shell.
///
/// # Errors
/// There is none for it.
pub fn script(shell: &str) -> anyhow::Result<String> {
    let shells = Shells::builtins();
    let completer = shells.completer(shell).with_context(|| format!("there are no completions for {shell}"))?;
    let mut script = Vec::new();
    completer.write_registration(VARIABLE, PROGRAM, PROGRAM, PROGRAM, &mut script)?;
    String::from_utf8(script).context("the script is no text")
}

/// Completes the words of a command line for the shell that asks. Failures are silent: the person is typing.
///
/// # Errors
/// The shell is unknown, or standard output cannot be written.
pub fn answer(shell: &str, arguments: impl IntoIterator<Item = OsString>) -> anyhow::Result<Exit> {
    let shells = Shells::builtins();
    let completer = shells.completer(shell).with_context(|| format!("there are no completions for {shell}"))?;
    // The script says: repoint -- repoint endpoints get …
    let words: Vec<OsString> = arguments.into_iter().skip_while(|word| word != "--").skip(1).collect();
    candidates::remember(&words);
    let mut text = Vec::new();
    let folder = std::env::current_dir().ok();
    completer.write_complete(&mut super::command(), words, folder.as_deref(), &mut text)?;
    output::data(&String::from_utf8_lossy(&text)).context("cannot write to standard output")?;
    Ok(Exit::Done)
}
