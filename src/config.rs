//! What the program is told: a file, over it the environment, over it flags. The only reader of the environment.
//!
//! A context names a server, where its key comes from and how careful to be; see [`Context`]. Keys never
//! stand in the file. The file's text is read in `file`, and changed there without losing its comments;
//! where a key comes from is in `key`, where everything lies in `paths`. Nothing here speaks to a server.

mod context;
mod environment;
mod error;
mod file;
mod hosted;
mod key;
mod paths;

use std::fs;
use std::io;

pub use context::{ACCENTS, Context, LOCAL, Server, accent};
#[cfg(debug_assertions)]
pub use environment::standing_clock;
pub use environment::{author, editor, gateway_key, variable, variable_os, webhook_secret};
pub use error::ConfigError;
pub use file::{ColumnName, KeyLine, SavedFilter, Settings, add_context, remove_context, use_context};
pub use hosted::{BASETEN_KEY, HOSTED_INFERENCE_URL, HOSTED_URL, is_hosted};
pub use key::KeySource;
pub use paths::Paths;

/// The variable that holds the key for `--url`.
pub const API_KEY: &str = "REPOINT_API_KEY";
/// The variable that holds the local gateway's key, where it is not to make its own.
pub const GATEWAY_KEY: &str = "REPOINT_GATEWAY_KEY";
/// The variable that holds what the local gateway signs its webhook deliveries with.
pub const WEBHOOK_SECRET: &str = "REPOINT_WEBHOOK_SECRET";
/// The variable that names the context, below `--context` and above the file.
pub const CONTEXT: &str = "REPOINT_CONTEXT";
/// No configuration is longer.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Everything that the file says, and where it lies.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where everything lies.
    pub paths: Paths,
    /// How the dashboard looks and behaves.
    pub settings: Settings,
    /// Which keys do what, as it is written.
    pub keys: Vec<KeyLine>,
    /// Filters of the list that have a name.
    pub filters: Vec<SavedFilter>,
    /// The context to open where none is named.
    pub current: Option<String>,
    /// Every context: `local` first, then those of the file in its order, then what the environment offers.
    pub contexts: Vec<Context>,
}

impl Config {
    /// Reads the file, if there is one.
    ///
    /// # Errors
    /// What is wrong in the file, with its line and what may have been meant.
    pub fn load(paths: Paths) -> Result<Self, ConfigError> {
        let text = match fs::metadata(&paths.config_file) {
            Ok(metadata) if metadata.len() > FILE_BYTES_MAX => {
                return Err(ConfigError::in_file(&paths.config_file, None, "it has more than 1 MiB"));
            }
            Ok(_) => fs::read_to_string(&paths.config_file)
                .map_err(|error| ConfigError::in_file(&paths.config_file, None, format!("cannot read it: {error}")))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(ConfigError::in_file(&paths.config_file, None, format!("cannot read it: {error}")));
            }
        };
        Self::parse(&text, paths)
    }

    /// The same for a text, as if it stood in the file.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str, paths: Paths) -> Result<Self, ConfigError> {
        let file = file::parse(text, &paths.config_file)?;
        let mut contexts = vec![Context::local()];
        contexts.extend(file.contexts);
        if variable(BASETEN_KEY).is_some() && !contexts.iter().any(Context::is_hosted) {
            contexts.extend(Context::hosted());
        }
        let current = variable(CONTEXT).or(file.current);
        Ok(Self { paths, settings: file.settings, keys: file.keys, filters: file.filters, current, contexts })
    }

    /// The context with this name.
    ///
    /// # Errors
    /// There is none; the error says which names are near.
    pub fn context(&self, name: &str) -> Result<&Context, ConfigError> {
        self.contexts.iter().find(|context| context.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.contexts.iter().map(|context| context.name.as_str()).collect();
            let hint = crate::near::did_you_mean(name, names.iter().copied())
                .unwrap_or_else(|| format!("there are: {}", names.join(", ")));
            ConfigError::new(format!("there is no context {name:?}")).with_hint(hint)
        })
    }
}
