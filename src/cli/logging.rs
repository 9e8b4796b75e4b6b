//! The program's own log: in a file where the terminal belongs to the dashboard, on stderr for the gateway.

mod lines;

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Context as _;
use clap::Args;
use tracing_subscriber::EnvFilter;

/// A longer log is put aside as `….old` at the start; one such is kept.
const LOG_BYTES_MAX: u64 = 5 << 20;
/// The variable that says what is logged, as `tracing` reads it.
const LEVEL: &str = "REPOINT_LOG";

/// What is logged, and where.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct Log {
    /// Log what is of this level: error, warn, info, debug or trace
    #[arg(long, global = true, value_name = "LEVEL", value_parser = level)]
    pub log: Option<String>,
    /// Log to this file, not to stderr
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
}

fn level(text: &str) -> Result<String, String> {
    let levels = ["error", "warn", "info", "debug", "trace", "off"];
    let known = levels.iter().any(|known| text.eq_ignore_ascii_case(known));
    if known {
        return Ok(format!("repoint={},warn", text.to_lowercase()));
    }
    let is_plain = text.chars().all(|letter| letter.is_ascii_alphanumeric());
    if is_plain {
        let meant = crate::near::did_you_mean(text, levels);
        return Err(meant.unwrap_or_else(|| format!("give one of {}", levels.join(", "))));
    }
    EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

impl Log {
    /// Logs what a command does, where somebody wants to know.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn start(&self) -> anyhow::Result<()> {
        match (&self.log, &self.log_file) {
            (None, None) => Ok(()),
            (_, Some(path)) => self.to_file(path).with_context(|| format!("cannot write the log {}", path.display())),
            (Some(_), None) => {
                self.to_stderr();
                Ok(())
            }
        }
    }

    /// Writes what is logged to this file from now on, or to the one that was named.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn to_file(&self, path: &Path) -> io::Result<()> {
        to_file(self.log_file.as_deref().unwrap_or(path), self.filter("repoint=info,warn"))
    }

    /// Writes what is logged to stderr from now on, or to the file that was named.
    pub(super) fn to_stderr(&self) {
        to_stderr(self.filter("info"));
    }

    /// What was asked for here, else by the environment. A text there that cannot be read is no reason not to start.
    fn filter(&self, usual: &str) -> EnvFilter {
        let wanted = self.log.clone().or_else(|| crate::config::variable(LEVEL));
        wanted.and_then(|wanted| EnvFilter::try_new(wanted).ok()).unwrap_or_else(|| EnvFilter::new(usual))
    }
}

fn to_file(path: &Path, filter: EnvFilter) -> io::Result<()> {
    let file = open(path)?;
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(Mutex::new(file)).finish();
    // Another subscriber is there only in tests, and is then the one that is wanted.
    drop(tracing::subscriber::set_global_default(subscriber));
    Ok(())
}

fn to_stderr(filter: EnvFilter) {
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_target(false).with_ansi(io::stderr().is_terminal());
    // Another subscriber is there only in tests, and is then the one that is wanted.
    drop(match lines::start() {
        Ok(lines) => tracing::subscriber::set_global_default(subscriber.with_writer(lines).finish()),
        Err(_) => tracing::subscriber::set_global_default(subscriber.with_writer(io::stderr).finish()),
    });
}

/// Waits until what was logged is written, before something else is said or the program ends.
pub(super) fn flush() {
    lines::flush();
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
