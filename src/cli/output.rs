//! The one place that writes to stdout and stderr. stdout is data, stderr is talk.

use std::io::{self, Write};

use anyhow::Context;
use serde::Serialize;

/// Writes data. A reader that has gone away (`| head`) is no failure.
///
/// # Errors
/// stdout cannot be written to.
pub fn data(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes a value as one line of JSON, and sees to it that it is read at once.
///
/// # Errors
/// Nobody reads any longer.
pub fn json_line(value: &impl Serialize) -> anyhow::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line).and_then(|()| out.flush()).context("cannot write to standard output")
}

/// Says something to the person. Where nobody can hear it, nothing can be done about it.
pub fn talk(text: &str) {
    let mut err = io::stderr().lock();
    drop(writeln!(err, "{text}"));
}
