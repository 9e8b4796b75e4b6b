//! What the environment says: the only reader of it.

use std::path::PathBuf;

use anyhow::bail;
use directories::ProjectDirs;
use secrecy::SecretString;

/// The management key of a gateway that runs here (`REPOINT_GATEWAY_KEY`). An empty one counts as absent.
///
/// # Errors
/// It is not a text.
pub fn gateway_key() -> anyhow::Result<Option<SecretString>> {
    text("REPOINT_GATEWAY_KEY").map(|key| key.map(SecretString::from))
}

/// The level of the log on stderr (`REPOINT_LOG`), such as `info` or `repoint=debug`.
///
/// # Errors
/// It is not a text.
pub fn log_filter() -> anyhow::Result<Option<String>> {
    text("REPOINT_LOG")
}

/// Where the gateway's rows are where nothing is said. `None` where there is no home directory.
#[must_use]
pub fn gateway_data_directory() -> Option<PathBuf> {
    ProjectDirs::from("", "", "repoint").map(|directories| directories.data_dir().join("gateway"))
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
fn text(name: &str) -> anyhow::Result<Option<String>> {
    match std::env::var(name) {
        Ok(text) if text.is_empty() => Ok(None),
        Ok(text) => Ok(Some(text)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        // The value is not shown: it may be a key.
        Err(std::env::VarError::NotUnicode(_)) => bail!("{name} is not a text in UTF-8; hint: set it again"),
    }
}
