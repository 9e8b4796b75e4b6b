//! The program `repoint`. What it does is in the library; see there.

use std::process::ExitCode;

fn main() -> ExitCode {
    repoint::cli::run(std::env::args_os())
}
