//! Where everything lies.

use std::path::PathBuf;

use directories::ProjectDirs;

use super::ConfigError;

/// The files and folders of this program, for this user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// This program.
    pub program: PathBuf,
    /// What the user has set.
    pub config_file: PathBuf,
    /// The local gateway's rows.
    pub gateway_data: PathBuf,
    /// What was done, for undo and history.
    pub journal: PathBuf,
    /// What the program has to say while it owns the terminal.
    pub log_file: PathBuf,
}

impl Paths {
    /// Where this machine keeps such files (`directories`); `REPOINT_CONFIG` names another configuration.
    ///
    /// # Errors
    /// The user has no home.
    pub fn find() -> Result<Self, ConfigError> {
        let Some(home) = ProjectDirs::from("", "", "repoint") else {
            return Err(ConfigError::new("there is no home directory to keep settings in").with_hint("set HOME"));
        };
        let program = std::env::current_exe()
            .map_err(|error| ConfigError::new(format!("this program cannot find its own file: {error}")))?;
        let state = home.state_dir().unwrap_or_else(|| home.data_local_dir());
        let config_file =
            super::variable_os("REPOINT_CONFIG").map_or_else(|| home.config_dir().join("config.toml"), PathBuf::from);
        Ok(Self {
            program,
            config_file,
            gateway_data: home.data_local_dir().join("gateway"),
            journal: state.join("journal"),
            log_file: state.join("repoint.log"),
        })
    }
}
