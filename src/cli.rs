//! The command line: what can be typed, and which part of the program does it.
//!
//! Without a subcommand `repoint` opens the dashboard. Every subcommand has a file of its own with its
//! arguments and what it does; only `output` writes to stdout. Exit codes: 0 done, 1 failed, 2 as the
//! subcommand says (and: no terminal for the dashboard), 64 a mistyped command line.

pub mod dashboard;
pub mod exit;
mod failure;
pub mod gateway;
mod logging;
pub mod output;
pub mod select;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::{Config, Paths};
pub use exit::Exit;

const EXAMPLES: &str = "\
Examples:
  repoint                          open the dashboard: the context in use, or the welcome screen
  repoint --local                  start a gateway on this machine and open it
  repoint --local --sync-interval 5s
  REPOINT_API_KEY=… repoint --url https://api.baseten.co

Exit codes:
  0 done   1 failed   2 as the subcommand says; no terminal for the dashboard   64 mistyped command line";

/// See, re-point and try the endpoints of a language-model gateway from the terminal.
#[derive(Debug, Parser)]
#[command(name = "repoint", version, after_help = EXAMPLES, max_term_width = 100)]
pub struct Cli {
    /// Which server.
    #[command(flatten)]
    pub select: select::Select,
    /// What to do; the dashboard where it is absent.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The bundled gateway
    #[command(subcommand)]
    Gateway(gateway::Command),
}

/// The whole command line, for completions and manual pages.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Does what the arguments (the program's name first) say.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let parsed = command().try_get_matches_from(arguments).and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return failure::usage(&error),
    };
    match dispatch(cli) {
        Ok(exit) => exit.into(),
        Err(error) => failure::report(&error),
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<Exit> {
    match cli.command {
        Some(Command::Gateway(command)) => {
            logging::to_stderr();
            gateway::run(command, output::json_line).map(|()| Exit::Done)
        }
        None => dashboard::run(&cli.select, &Config::load(Paths::find()?)?),
    }
}
