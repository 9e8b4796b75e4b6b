//! How a failure is told: one sentence, what to do next, and an exit code.

use std::process::ExitCode;

use clap::error::ErrorKind;

use super::exit::Exit;
use super::output;
use crate::client::ClientError;
use crate::config::ConfigError;
use crate::connect::ConnectError;

/// A command line that clap did not take, or one that asks for help.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    // Nobody to tell is no further failure.
    drop(error.print());
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done.into(),
        _ => Exit::Usage.into(),
    }
}

/// Anything else that went wrong.
pub(super) fn report(error: &anyhow::Error) -> ExitCode {
    output::talk(&format!("error: {error:#}"));
    if let Some(hint) = error.chain().find_map(hint) {
        output::talk(&format!("hint: {hint}"));
    }
    for line in error.chain().find_map(last_words).unwrap_or_default() {
        output::talk(&format!("  {line}"));
    }
    if error.is::<super::select::Mistyped>() {
        Exit::Usage.into()
    } else if error.is::<super::interrupt::Abandoned>() {
        Exit::Interrupted.into()
    } else {
        Exit::Failed.into()
    }
}

fn hint<'a>(cause: &'a (dyn std::error::Error + 'static)) -> Option<&'a str> {
    if let Some(error) = cause.downcast_ref::<ConnectError>() {
        return error.hint();
    }
    if let Some(error) = cause.downcast_ref::<ConfigError>() {
        return error.hint.as_deref();
    }
    cause.downcast_ref::<ClientError>()?.hint.as_deref()
}

/// What a gateway that could not be started said last.
fn last_words(cause: &(dyn std::error::Error + 'static)) -> Option<Vec<String>> {
    const LINES: usize = 5;
    match cause.downcast_ref::<ConnectError>()? {
        ConnectError::Gateway(crash) => {
            Some(crash.log.iter().skip(crash.log.len().saturating_sub(LINES)).cloned().collect())
        }
        ConnectError::Config(_) | ConnectError::Client(_) => None,
    }
}
