//! The one place that writes to stdout and stderr. stdout is data, stderr is talk.

use std::io::Write;

use anyhow::Context;
use serde::Serialize;

/// Writes a value as one line of JSON, and sees to it that it is read at once.
///
/// # Errors
/// Nobody reads any longer.
pub fn json_line(value: &impl Serialize) -> anyhow::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    let mut out = std::io::stdout().lock();
    out.write_all(&line).and_then(|()| out.flush()).context("cannot write to standard output")
}

/// Says why a command failed, with its causes.
pub fn complaint(error: &anyhow::Error) {
    // Where stderr is gone there is nobody to tell.
    let _ = writeln!(std::io::stderr().lock(), "repoint: {error:#}");
}
