//! The program's own log: in a file where the terminal belongs to the dashboard, on stderr for the gateway.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

/// A longer log is put aside as `….old` at the start; one such is kept.
const LOG_BYTES_MAX: u64 = 5 << 20;
/// The variable that says what is logged, as `tracing` reads it.
const LEVEL: &str = "REPOINT_LOG";

/// Writes what is logged to this file from now on.
///
/// # Errors
/// The file cannot be written.
pub(super) fn to_file(path: &Path) -> io::Result<()> {
    let file = open(path)?;
    let filter = filter("repoint=info,warn");
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(Mutex::new(file)).finish();
    // Another subscriber is there only in tests, and is then the one that is wanted.
    drop(tracing::subscriber::set_global_default(subscriber));
    Ok(())
}

/// Writes what is logged to stderr from now on.
pub(super) fn to_stderr() {
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter("info"))
        .with_writer(io::stderr)
        .with_target(false)
        .with_ansi(io::stderr().is_terminal())
        .finish();
    drop(tracing::subscriber::set_global_default(subscriber));
}

/// What the environment asks for. A text that cannot be read is no reason not to start.
fn filter(usual: &str) -> EnvFilter {
    let wanted = crate::config::variable(LEVEL).and_then(|wanted| EnvFilter::try_new(wanted).ok());
    wanted.unwrap_or_else(|| EnvFilter::new(usual))
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    if fs::metadata(path).is_ok_and(|metadata| metadata.len() > LOG_BYTES_MAX) {
        fs::rename(path, path.with_extension("log.old"))?;
    }
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}
