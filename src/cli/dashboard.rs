//! `repoint` without a subcommand: the dashboard.

use std::io::{self, IsTerminal};

use super::select::Select;
use super::{Exit, logging, output};
use crate::config::{Config, Context};

/// Everything that the dashboard starts with.
#[derive(Debug)]
pub struct Start {
    /// What the configuration says.
    pub config: Config,
    /// What to open at once; the welcome screen where it is absent.
    pub open: Option<Context>,
    /// How often a gateway that is started here syncs.
    pub sync_interval: Option<std::time::Duration>,
}

/// Opens the dashboard on the context that is named.
///
/// # Errors
/// The context is unknown, or the dashboard failed.
pub fn run(select: &Select, config: Config) -> anyhow::Result<Exit> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        output::talk("error: the dashboard needs a terminal");
        output::talk("hint: repoint --help lists what works without one");
        return Ok(Exit::Differs);
    }
    let open = select.named(&config)?;
    if let Err(error) = logging::to_file(&config.paths.log_file) {
        output::talk(&format!("no log is kept: {}: {error}", config.paths.log_file.display()));
    }
    let start = Start { config, open, sync_interval: select.sync_interval };
    anyhow::bail!("the dashboard is not built in yet: {} contexts", start.config.contexts.len())
}
