//! The one place that writes to stdout and stderr. stdout is data, stderr is talk.

use std::io::{self, Write};

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

/// Says something to the person. Where nobody can hear it, nothing can be done about it.
pub fn talk(text: &str) {
    let mut err = io::stderr().lock();
    drop(writeln!(err, "{text}"));
}
