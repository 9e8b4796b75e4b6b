//! The command line: what is typed after `repoint`, a file a subcommand.

pub mod gateway;
pub mod output;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::config;

/// See, re-point and try the endpoints of a language-model gateway from the terminal.
#[derive(Debug, Parser)]
#[command(name = "repoint", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The bundled gateway
    #[command(subcommand)]
    Gateway(gateway::Command),
}

/// Parses the command line, does what it says, and gives the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // It fails only where nobody reads any longer.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 64 } else { 0 });
        }
    };
    let outcome = match cli.command {
        Command::Gateway(command) => log_to_stderr().and_then(|()| gateway::run(command, output::json_line)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complaint(&error);
            ExitCode::FAILURE
        }
    }
}

fn log_to_stderr() -> anyhow::Result<()> {
    let filter = config::log_filter()?.unwrap_or_else(|| "info".to_owned());
    let filter = EnvFilter::try_new(filter)?;
    let colour = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    log.with_target(false).with_ansi(colour).init();
    Ok(())
}
