//! The parts of the command line that run for long, read without the rest.
//!
//! Putting the whole of it together takes time at the start and a third of a megabyte that a process never gives back:
//! nothing for a command that ends, but a gateway and a dashboard are there all day, and are to be there at once.
//! Whatever is not understood here, help included, is left to the whole.

use std::ffi::OsString;

use clap::{Parser, Subcommand};

use super::logging::Log;
use super::select::Select;
use super::speak::Speak;
use super::{Cli, Command, gateway};

/// [`Cli`] with the one subcommand that stays.
#[derive(Debug, Parser)]
#[command(name = "repoint", disable_help_flag = true, disable_version_flag = true, disable_help_subcommand = true)]
struct Lean {
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    speak: Speak,
    #[command(flatten)]
    log: Log,
    #[command(subcommand)]
    command: Option<LeanCommand>,
}

#[derive(Debug, Subcommand)]
enum LeanCommand {
    #[command(subcommand)]
    Gateway(gateway::Command),
}

/// What the arguments (the program's name first) say, where it is the dashboard or a gateway. `None` is for the whole
/// command line to read, and to refuse.
pub(super) fn read(arguments: &[OsString]) -> Option<Cli> {
    let is_another_command = |first: &OsString| {
        let first = first.to_string_lossy();
        first != "gateway" && !first.starts_with('-')
    };
    if arguments.get(1).is_some_and(is_another_command) {
        return None;
    }
    let Lean { select, speak, log, command } = Lean::try_parse_from(arguments).ok()?;
    let command = command.map(|LeanCommand::Gateway(command)| Command::Gateway(command));
    Some(Cli { select, speak, log, command })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn what_it_reads_is_what_the_whole_command_line_reads() {
        for line in [
            "repoint",
            "repoint --local",
            "repoint --local --sync-interval 5s --log debug",
            "repoint --url https://api.example -q",
            "repoint gateway run --seed none --listen 127.0.0.1:0",
            "repoint --log-file x gateway run --exit-with-parent -o json",
        ] {
            let lean = read(&words(line)).map(|cli| format!("{cli:?}"));
            let whole = Cli::try_parse_from(words(line)).ok().map(|cli| format!("{cli:?}"));
            assert!(lean.is_some(), "{line}");
            assert_eq!(lean, whole, "{line}");
        }
    }

    #[test]
    fn all_else_is_left_to_the_whole_command_line() {
        for line in [
            "repoint --help",
            "repoint --version",
            "repoint help",
            "repoint gateway --help",
            "repoint gateway run --no-such-flag",
            "repoint endpoints list",
            "repoint --local endpoints list",
            "repoint --no-such-flag",
        ] {
            assert!(read(&words(line)).is_none(), "{line}");
        }
    }
}
