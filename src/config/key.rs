//! Where a key comes from. Keys never stand in the configuration, and never in an error.

use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use secrecy::SecretString;
use tokio::process::Command;
use tokio::time::timeout;
use url::Url;

use super::environment::variable_os;
use super::error::ConfigError;
use super::hosted::{BASETEN_KEY, is_hosted};

/// How long a password manager may take: it may ask its owner to unlock it.
const COMMAND_LIMIT: Duration = Duration::from_mins(1);
/// No key is longer.
const KEY_BYTES_MAX: usize = 16 << 10;

/// Where a key comes from.
#[derive(Clone)]
pub enum KeySource {
    /// A variable of the environment.
    Variable(String),
    /// What a command prints: a password manager's, for instance. It is not run through a shell.
    Command(Vec<String>),
    /// The system's keyring: the entry of service `repoint` with this name.
    Keyring(String),
    /// A file that nobody else can read.
    File(PathBuf),
    /// Typed, or handed over. It stays in memory.
    Given(SecretString),
    /// The local gateway's own, beside its rows.
    Kept,
}

impl fmt::Debug for KeySource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.to_string())
    }
}

impl fmt::Display for KeySource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(formatter, "variable {name}"),
            // Arguments may name an account; the program is enough to find the line.
            Self::Command(words) => write!(formatter, "command {}", words.first().map_or("", String::as_str)),
            Self::Keyring(name) => write!(formatter, "keyring entry {name}"),
            Self::File(path) => write!(formatter, "file {}", path.display()),
            Self::Given(_) => formatter.write_str("given"),
            Self::Kept => formatter.write_str("the local gateway's own"),
        }
    }
}

impl KeySource {
    /// Refuses to send the hosted API's key anywhere else.
    ///
    /// # Errors
    /// The key is `BASETEN_API_KEY` and `url` is not the hosted API.
    pub fn may_go_to(&self, url: &Url) -> Result<(), ConfigError> {
        match self {
            Self::Variable(name) if name == BASETEN_KEY && !is_hosted(url) => {
                let host = url.host_str().unwrap_or_default();
                Err(ConfigError::new(format!("{BASETEN_KEY} goes only to https://api.baseten.co, not to {host}"))
                    .with_hint("name another variable for this server's key, such as REPOINT_API_KEY"))
            }
            Self::Variable(_) | Self::Command(_) | Self::Keyring(_) | Self::File(_) | Self::Given(_) | Self::Kept => {
                Ok(())
            }
        }
    }

    /// The key. Commands are given a minute.
    ///
    /// # Errors
    /// It is not there, or others could read it.
    pub async fn read(&self) -> Result<SecretString, ConfigError> {
        let text = match self {
            Self::Variable(name) => of_variable(name)?,
            Self::Command(words) => of_command(words, "the key's command").await?,
            Self::Keyring(name) => of_command(&keyring_command(name), "the keyring").await?,
            Self::File(path) => of_file(path)?,
            Self::Given(key) => return Ok(key.clone()),
            Self::Kept => return Err(ConfigError::new("only the local gateway has a key of its own")),
        };
        let key = text.trim();
        if key.is_empty() {
            return Err(ConfigError::new(format!("{self} holds no key")));
        }
        Ok(SecretString::from(key))
    }
}

fn of_variable(name: &str) -> Result<String, ConfigError> {
    let value = variable_os(name).ok_or_else(|| {
        ConfigError::new(format!("there is no key: variable {name} is not set")).with_hint(format!("export {name}=…"))
    })?;
    value.into_string().map_err(|_| ConfigError::new(format!("variable {name} is no text")))
}

fn of_file(path: &Path) -> Result<String, ConfigError> {
    let metadata = fs::metadata(path)
        .map_err(|error| ConfigError::in_file(path, None, format!("cannot read the key: {error}")))?;
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(ConfigError::in_file(path, None, format!("others can read this key (mode {mode:04o})"))
            .with_hint(format!("chmod 600 {}", path.display())));
    }
    if metadata.len() > KEY_BYTES_MAX as u64 {
        return Err(ConfigError::in_file(path, None, "this is no key: it is too long"));
    }
    fs::read_to_string(path).map_err(|error| ConfigError::in_file(path, None, format!("cannot read the key: {error}")))
}

/// What the system's own tool is asked. A library for keyrings costs more to build than the rest of the program.
fn keyring_command(name: &str) -> Vec<String> {
    let words: &[&str] = if cfg!(target_os = "macos") {
        &["security", "find-generic-password", "-w", "-s", "repoint", "-a", name]
    } else {
        &["secret-tool", "lookup", "service", "repoint", "context", name]
    };
    words.iter().map(|word| (*word).to_owned()).collect()
}

async fn of_command(words: &[String], what: &str) -> Result<String, ConfigError> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(ConfigError::new(format!("{what} is empty")));
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let run = command.output();
    let output = match timeout(COMMAND_LIMIT, run).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(ConfigError::new(format!("{what} {program:?} cannot be run: {error}"))),
        Err(_) => {
            return Err(ConfigError::new(format!("{what} {program:?} took more than {} s", COMMAND_LIMIT.as_secs())));
        }
    };
    if !output.status.success() {
        return Err(ConfigError::new(format!("{what} {program:?} failed ({})", output.status))
            .with_hint("run it yourself to see why"));
    }
    if output.stdout.len() > KEY_BYTES_MAX {
        return Err(ConfigError::new(format!("{what} {program:?} printed more than a key")));
    }
    String::from_utf8(output.stdout).map_err(|_| ConfigError::new(format!("{what} {program:?} printed no text")))
}
