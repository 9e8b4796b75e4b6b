//! The environment. Nobody else reads it.

use std::ffi::OsString;

use secrecy::SecretString;

use super::{ConfigError, GATEWAY_KEY, WEBHOOK_SECRET};

/// A variable's text; `None` where it is unset, empty, or no text.
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    variable_os(name)?.into_string().ok()
}

/// A variable as it is; `None` where it is unset or empty.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub fn variable_os(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Where the clock shall stand: `REPOINT_CLOCK`, in builds for tests alone. Pictures are the same each time by it.
#[cfg(debug_assertions)]
#[must_use]
pub fn standing_clock() -> Option<crate::api::Time> {
    crate::api::Time::parse(&variable("REPOINT_CLOCK")?).ok()
}

/// The command of the person's editor: `$VISUAL`, else `$EDITOR`, else what the system always has.
#[must_use]
pub fn editor() -> String {
    let usual = if cfg!(windows) { "notepad" } else { "vi" };
    ["VISUAL", "EDITOR"]
        .into_iter()
        .filter_map(variable)
        .find(|value| !value.trim().is_empty())
        .unwrap_or_else(|| usual.to_owned())
}

/// Who sits here, for the journal: `user@host`.
#[must_use]
pub fn author() -> String {
    let user = variable("USER").or_else(|| variable("LOGNAME")).unwrap_or_else(|| "somebody".to_owned());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{user}@{host}")
}

/// The management key of a gateway that runs here.
///
/// # Errors
/// It is not a text.
pub fn gateway_key() -> Result<Option<SecretString>, ConfigError> {
    secret(GATEWAY_KEY)
}

/// What a gateway that runs here signs its webhook deliveries with.
///
/// # Errors
/// It is not a text.
pub fn webhook_secret() -> Result<Option<SecretString>, ConfigError> {
    secret(WEBHOOK_SECRET)
}

fn secret(name: &str) -> Result<Option<SecretString>, ConfigError> {
    let Some(value) = variable_os(name) else { return Ok(None) };
    // The value is not shown: it is a key.
    let value = value.into_string().map_err(|_| ConfigError::new(format!("{name} is not a text in UTF-8")))?;
    Ok(Some(SecretString::from(value)))
}
